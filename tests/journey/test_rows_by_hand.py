"""Keys and viewers that somebody puts into the store, takes out of it or changes: the audit finds each, and a key that
leads to another sender's form opens nothing even before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.assembly import auditing
from gateway.errors import Conflict
from gateway.idempotency import Accepted
from gateway.journal import FROM_BEFORE, REMEMBERED, Entry, EntryKind, entry_bytes, entry_of_further_key
from gateway.model import FurtherKey, PartyId, SubmissionId
from gateway.stores.engine import sqlite
from gateway.stores.soundness import LOOSE
from gateway.stores.sqlite import SqliteStore
from tests.conftest import Counter
from tests.journey.test_cases import APPEAL, ASSESSMENT, appeal_against, contest


@pytest.fixture
def twice(counter: Counter) -> Accepted:
    """A form that its sender handed in under two keys, and an appeal against it."""
    raw = counter.form(ASSESSMENT)
    first: Accepted = counter.accept(raw, sender="service", key="one")
    counter.accept(raw, sender="service", key="two")
    contest(counter, first)
    return first


def found_after(counter: Counter, sql: str, *values: object) -> set[str]:
    with closing(sqlite.connect(str(counter.gateway.config.store_path), isolation_level=None)) as connection:
        assert connection.execute(sql, values).rowcount > 0
    return {flaw.code for flaw in auditing(counter.gateway).run()}


def keys(store: Any) -> list[Entry]:
    entries = store.read(lambda view: view.journal_entries(first=0, limit=10_000))
    return [each for each in entries if each.kind is EntryKind.FURTHER_KEY]


def test_a_further_key_is_in_the_journal_which_does_not_tell_it(counter: Counter, twice: Accepted) -> None:
    (entry,) = keys(counter.gateway.store)
    assert entry.code == REMEMBERED
    assert "two" not in entry_bytes(entry).decode().split()
    guess = FurtherKey(
        sender=PartyId("service"), idempotency_key="two", submission_id=twice.submission_id, id=entry.id, salt=b""
    )
    assert entry_of_further_key(guess, at=entry.at).digest != entry.digest, "who guesses the key cannot see it"
    counter.accept(counter.form(ASSESSMENT), sender="service")
    assert list(auditing(counter.gateway).run()) == []


def test_a_forged_key_is_found_and_gives_nobody_another_senders_answer(counter: Counter, twice: Accepted) -> None:
    forged = "INSERT INTO further_key VALUES ('worker', 'three', ?, 'x', x'')"
    assert found_after(counter, forged, twice.submission_id) == {"further-key-without-entry"}
    assert counter.gateway.store.read(lambda view: view.submission_by_key(PartyId("worker"), "three")) is None


@pytest.mark.parametrize(
    ("sql", "codes"),
    [
        ("DELETE FROM further_key", {"entry-without-further-key"}),
        ("UPDATE further_key SET idempotency_key = 'three'", {"entry-differs"}),
        ("UPDATE further_key SET id = 'x'", {"entry-without-further-key", "further-key-without-entry"}),
        ("UPDATE further_key SET sender = 'worker'", {"entry-without-further-key", "further-key-without-entry"}),
        (
            "UPDATE further_key SET submission_id = (SELECT id FROM submission WHERE kind = 'be/appeal')",
            {"entry-differs"},
        ),
    ],
)
def test_a_key_that_is_taken_out_or_changed_is_found(
    counter: Counter, twice: Accepted, sql: str, codes: set[str]
) -> None:
    assert found_after(counter, sql) == codes


def test_the_same_key_of_two_senders_is_two_keys(counter: Counter, twice: Accepted) -> None:
    raw = counter.form(APPEAL, **appeal_against(_document_of(counter, twice.submission_id)))
    counter.accept(raw, sender="worker", key="first")
    counter.accept(raw, sender="worker", key="two")
    assert list(auditing(counter.gateway).run()) == []
    gone = "DELETE FROM further_key WHERE sender = 'service'"
    assert found_after(counter, gone) == {"entry-without-further-key"}
    with pytest.raises(Conflict):
        counter.accept(counter.form(ASSESSMENT), sender="worker", key="two")


def _document_of(counter: Counter, of: SubmissionId) -> str:
    submission = counter.gateway.store.read(lambda view: view.submission(of))
    assert submission is not None
    return submission.document_id


def test_a_stranger_who_is_put_to_a_case_is_found(counter: Counter, twice: Accepted) -> None:
    forged = "INSERT INTO case_party (party, case_id) SELECT 'fund', case_id FROM filed LIMIT 1"
    assert found_after(counter, forged) == {"viewer-without-form"}


@pytest.mark.parametrize(
    ("sql", "codes"),
    [
        ("DELETE FROM case_party WHERE party = 'employer'", {"case-without-party"}),
        (
            "UPDATE case_party SET party = 'fund' WHERE party = 'employer'",
            {"case-without-party", "viewer-without-form"},
        ),
        ("UPDATE case_party SET case_id = 'x' WHERE party = 'employer'", {"case-without-party", "link-without-case"}),
    ],
)
def test_a_viewer_who_is_taken_out_or_changed_is_found(
    counter: Counter, twice: Accepted, sql: str, codes: set[str]
) -> None:
    assert codes <= found_after(counter, sql)


def test_two_cases_that_are_made_one_by_hand_are_found(counter: Counter, twice: Accepted) -> None:
    """Every row that tells of a case is moved, and its parties would see another's."""
    counter.accept(counter.form(ASSESSMENT), sender="service")
    with closing(sqlite.connect(str(counter.gateway.config.store_path), isolation_level=None)) as connection:
        ((kept,), (moved,)) = connection.execute("SELECT DISTINCT case_id FROM filed").fetchall()
        for table in ("filed", "delivery", "case_link", "case_party"):
            connection.execute(f"UPDATE OR REPLACE {table} SET case_id = ? WHERE case_id = ?", (kept, moved))
    assert [(flaw.code, flaw.place) for flaw in auditing(counter.gateway).run()] == [("cases-joined", f"case {kept}")]


def test_two_cases_that_a_form_made_one_are_nothing_odd(counter: Counter) -> None:
    """Two assessments of one worker, and an appeal against the one under the reference of the other."""
    reference = {"f:Header/c:CaseReference": "D-1"}
    counter.accept(counter.form(ASSESSMENT, fill=reference), sender="service")
    first = counter.accept(counter.form(ASSESSMENT, fill={"f:Header/c:CaseReference": "D-2"}), sender="service")
    assert cases(counter) == 2
    appeal = appeal_against(_document_of(counter, first.submission_id))
    counter.accept(counter.form(APPEAL, fill=appeal["fill"] | reference), sender="worker")
    assert cases(counter) == 1
    assert list(auditing(counter.gateway).run()) == []


def cases(counter: Counter) -> int:
    with closing(sqlite.connect(str(counter.gateway.config.store_path), isolation_level=None)) as connection:
        (count,) = connection.execute("SELECT count(DISTINCT case_id) FROM filed").fetchone()
    return int(count)


def test_a_token_that_was_taken_out_is_told_of_its_party(counter: Counter) -> None:
    with closing(sqlite.connect(str(counter.gateway.config.store_path), isolation_level=None)) as connection:
        connection.execute("DELETE FROM token WHERE party = 'worker'")
    (flaw,) = auditing(counter.gateway).run()
    assert (flaw.code, flaw.place) == ("entry-without-token", "party worker")


def test_a_store_that_grows_is_not_walked_through_again_for_each_of_its_rows(counter: Counter) -> None:
    """SQLite tells how it would look: what it walks through stands below no question about a single row."""
    with closing(sqlite.connect(str(counter.gateway.config.store_path))) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        for code, sql in LOOSE.items():
            steps = {step: (above, told) for step, above, _, told in connection.execute(f"EXPLAIN QUERY PLAN {sql}")}
            for step, (_, told) in steps.items():
                if told.startswith("SCAN") and told.split()[1] in tables:
                    assert not any("CORRELATED" in each for each in _above(steps, step)), (code, told)


def _above(steps: Mapping[int, tuple[int, str]], step: int) -> Iterator[str]:
    while step in steps:
        step, told = steps[step]
        yield told


def older(counter: Counter, path: Path, *, knows: bool) -> None:
    """A file like that of the counter, from before the journal ceased to tell further keys.

    knows: whether the journal knew of them already.
    """
    with closing(sqlite.connect(str(counter.gateway.config.store_path), isolation_level=None)) as whole:
        whole.execute("VACUUM INTO ?", (str(path),))
    with closing(sqlite.connect(str(path), isolation_level=None)) as connection:
        run = connection.execute
        run("DROP INDEX further_key_id")
        run("ALTER TABLE further_key DROP COLUMN id")
        run("ALTER TABLE further_key DROP COLUMN salt")
        run("DELETE FROM _sqlite_migrations WHERE name LIKE 'm020_%'")
        if not knows:
            run("DELETE FROM journal WHERE kind = 'further-key' AND position = (SELECT max(position) FROM journal)")
            run("DELETE FROM _sqlite_migrations WHERE name LIKE 'm019_%'")
            return
        for sender, key, leads_to in run("SELECT * FROM further_key").fetchall():
            told = FurtherKey(
                sender=sender, idempotency_key=key, submission_id=SubmissionId(leads_to), id=key, salt=b""
            )
            digest = entry_of_further_key(told, at=counter.gateway.clock.now()).digest
            run("UPDATE journal SET id = ?, digest = ? WHERE kind = 'further-key' AND of = ?", (key, digest, sender))


def loose(counter: Counter, store: SqliteStore) -> list[str]:
    found = store.read(lambda view: view.loose_ends(now=counter.gateway.clock.now()))
    return [each.code for each in found]


def test_what_a_file_held_before_is_entered_as_from_before(counter: Counter, tmp_path: Path) -> None:
    raw = counter.form(ASSESSMENT)
    for key in ("one", "two"):
        counter.accept(raw, sender="service", key=key)
    older(counter, tmp_path / "older", knows=False)
    for _ in range(2):
        with closing(SqliteStore(tmp_path / "older")) as store:
            (entry,) = keys(store)
            assert (entry.code, entry.id == "two") == (FROM_BEFORE, False)
            assert loose(counter, store) == []


def test_what_the_journal_told_before_is_audited_as_before(counter: Counter, twice: Accepted, tmp_path: Path) -> None:
    path = tmp_path / "older"
    older(counter, path, knows=True)
    with closing(sqlite.connect(str(path), isolation_level=None)) as connection:
        connection.execute("INSERT INTO further_key VALUES ('service', 'forged', ?)", (twice.submission_id,))
    with closing(SqliteStore(path)) as store:
        (entry,) = keys(store)
        assert (entry.code, entry.id) == (REMEMBERED, "two")
        assert loose(counter, store) == ["further-key-without-entry"]
        store.write(lambda unit: unit.add_key(key_of(twice, "three"), at=counter.gateway.clock.now()))
    gateway = replace(counter.gateway, store=SqliteStore(path))
    assert [flaw.code for flaw in auditing(gateway).run()] == ["further-key-without-entry"]
    with closing(sqlite.connect(str(path), isolation_level=None)) as connection:
        connection.execute("DELETE FROM further_key WHERE idempotency_key = 'forged'")
        connection.execute("UPDATE further_key SET idempotency_key = 'forged' WHERE id = 'two'")
    assert [flaw.code for flaw in auditing(gateway).run()] == ["entry-differs"]
    gateway.store.close()


def key_of(accepted: Accepted, key: str) -> FurtherKey:
    return FurtherKey(sender=PartyId("service"), idempotency_key=key, submission_id=accepted.submission_id)
