"""An audit finds nothing in a working store, and every sort of damage by its own code."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.assembly import Gateway
from gateway.demo.pki import DemoFolder
from gateway.evidence import Witness
from gateway.flaws import FLAWS
from gateway.journal import entry_of_token
from gateway.keyring import Keyring
from gateway.model import PartyId
from gateway.stores.engine import sqlite
from tests.cli.command import sealpost
from tests.faults.world import Running, World

NewWorld = Callable[[], World]


@pytest.fixture(scope="module")
def story(assembled: Gateway, cast: DemoFolder, registered: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A store in which everything has happened: taken, refused and awaited copies, a rejected form, running terms."""
    world = World(assembled, cast, tmp_path_factory.mktemp("story"))
    world.clock.step(-3600)  # it runs ahead, and must not pass the machine's, by which a command audits the story
    shutil.copy(registered, world.file)
    running = world.start()
    world.refuses("inspectorate")
    world.hand_in(running, *world.form())  # the fund takes it, the inspectorate does not, the dossier collects it
    running.work(2)
    world.clients["dossier"].collect(running, running.party("dossier"))
    world.recipients.inboxes["inspectorate"] = world._inbox("inspectorate")
    kind = "be/appeal"
    world.hand_in(running, *world.form(kind), kind=kind)  # its hand-over starts the term of the inspector
    running.work(2)
    world.recipients.down.add("fund")
    world.hand_in(running, *world.form())
    running.work(1)
    close_journal(running)
    spoiled = world.form()[1].replace(b"<c:DocumentId>", b"<c:DocumentId>x", 1)
    running.gateway.intake.accept(spoiled, sender=running.party("service"), idempotency_key=None, language="en")
    close_journal(running)
    assert running.audit() == []
    running.gateway.store.close()
    return world


def close_journal(running: Running) -> None:
    running.clock.step(2)
    assert running.gateway.journal.batches.close_due() == 1
    assert running.gateway.journal.batches.stamp_due() == 1


@pytest.fixture
def damaged(story: World, assembled: Gateway, cast: DemoFolder, tmp_path: Path) -> Callable[[str], set[str]]:
    """Applies SQL to a copy of the story's file and gives the codes that an audit then finds."""

    def damage(sql: str) -> set[str]:
        world = World(assembled, cast, tmp_path / "damaged", clock=story.clock)
        shutil.copy(story.file, world.file)
        connection = sqlite.connect(str(world.file))
        done = connection.executescript("PRAGMA foreign_keys = OFF;" + sql)
        assert connection.total_changes > 0, "nothing was damaged"
        done.close()
        connection.commit()
        connection.close()
        running = world.start()
        try:
            return {flaw.code for flaw in running.audit()}
        finally:
            running.gateway.store.close()

    return damage


HANDED = "(SELECT id FROM delivery WHERE state = 'handed-over' LIMIT 1)"
DECLINED = "(SELECT id FROM delivery WHERE state = 'declined')"
WAITING = "(SELECT id FROM delivery WHERE state = 'consigned' AND transport = 'push' LIMIT 1)"
CLOSED = "(SELECT id FROM submission WHERE state = 'closed' LIMIT 1)"
OPEN = "(SELECT submission_id FROM delivery WHERE id = " + WAITING + ")"
REFUSED = "(SELECT id FROM submission WHERE state = 'rejected')"
OF_HANDED = f"delivery_id = {HANDED}"
DAMAGE = {
    "row-unreadable": f"UPDATE delivery SET state = 'gone' WHERE id = {WAITING}",
    "postmark-without-delivery": "INSERT INTO postmark VALUES (NULL, 'e', 'nobody', 'deposited', '2026-01-05', '', '')",
    "postmark-differs": "INSERT INTO postmark SELECT NULL, id, delivery_id, 'deposited', '2026-01-05', 'n', 'd' "
    "FROM evidence WHERE delivery_id IS NOT NULL LIMIT 1",
    "delivery-without-submission": f"UPDATE delivery SET submission_id = 'x' WHERE id = {WAITING}",
    "envelope-without-delivery": "INSERT INTO envelope VALUES ('x', x'00')",
    "attempt-without-delivery": "INSERT INTO attempt (delivery_id, at, outcome) VALUES ('x', 0, 'x')",
    "evidence-without-submission": f"DELETE FROM submission WHERE id = {REFUSED}",
    "evidence-without-delivery": f"DELETE FROM delivery WHERE id = {WAITING}",
    "receipt-without-delivery": "INSERT INTO receipt (id, delivery_id, digest, received_at, outcome, raw) "
    "VALUES ('x', 'x', 'x', 0, 'x', x'00')",
    "term-without-submission": "UPDATE term SET submission_id = 'x' WHERE seq = (SELECT min(seq) FROM term)",
    "filing-without-submission": "INSERT INTO filed (case_id, submission_id, facts) VALUES ('x', 'x', x'00')",
    "further-key-without-entry": f"INSERT INTO further_key VALUES ('service', 'x', {CLOSED}, 'x', x'')",
    "viewer-without-form": "INSERT INTO case_party SELECT NULL, 'nobody', case_id FROM filed LIMIT 1",
    "link-without-case": "INSERT INTO case_link VALUES ('x', 'x')",
    "lane-asleep": "UPDATE lane SET next_at = next_at + 86400000 WHERE party = 'fund'",
    "delivery-waits-for-nothing": f"UPDATE delivery SET turn = NULL, due_at = NULL WHERE id = {WAITING}",
    "delivery-out-of-case": f"UPDATE delivery SET case_id = 'x' WHERE id = {WAITING}",
    "evidence-invalid": "UPDATE evidence SET raw = "
    "CAST(replace(CAST(raw AS TEXT), 'EventTime>2', 'EventTime>3') AS BLOB) "
    f"WHERE event = 'ContentHandover' AND {OF_HANDED}",
    "evidence-differs": "UPDATE evidence SET at = at + 1 WHERE event = 'ContentConsignment'",
    "evidence-for-other-bytes": f"UPDATE delivery SET envelope_digest = 'sha256:{'0' * 64}' WHERE id = {WAITING}",
    "evidence-without-state": f"UPDATE delivery SET state = 'consigned', due_at = 1 WHERE id = {HANDED}",
    "evidence-out-of-order": f"UPDATE evidence SET seq = -1 WHERE event = 'ContentHandover' AND {OF_HANDED}",
    "evidence-without-receipt": f"DELETE FROM receipt WHERE {OF_HANDED}",
    "state-without-evidence": f"UPDATE delivery SET state = 'handed-over' WHERE id = {WAITING}",
    "submission-without-evidence": f"DELETE FROM evidence WHERE submission_id = {REFUSED}",
    "submission-closed-early": f"UPDATE submission SET state = 'closed' WHERE id = {OPEN}",
    "submission-left-open": f"UPDATE submission SET state = 'accepted' WHERE id = {CLOSED}",
    "rejected-with-deliveries": f"UPDATE delivery SET submission_id = {REFUSED} WHERE id = {WAITING}",
    "answer-missing": f"UPDATE submission SET answer = x'' WHERE id = {OPEN}",
    "answer-differs": "UPDATE submission SET answer = (SELECT answer FROM submission AS other WHERE other.id "
    f"= {CLOSED}) WHERE id = {OPEN}",
    "delivery-missing": f"DELETE FROM delivery WHERE id = {HANDED}",
    "erased-yet-kept": f"UPDATE evidence SET event = 'erasure' WHERE event = 'ContentHandover' AND {OF_HANDED}",
    "gone-without-erasure": f"DELETE FROM body_key WHERE submission_id = {OPEN}",
    "envelope-missing": f"DELETE FROM envelope WHERE delivery_id = {WAITING}",
    "envelope-differs": f"UPDATE envelope SET raw = CAST(raw || x'00' AS BLOB) WHERE delivery_id = {WAITING}",
    "delivery-document-differs": f"UPDATE delivery SET document_digest = 'sha256:{'0' * 64}' WHERE id = {WAITING}",
    "delivery-without-time": f"UPDATE delivery SET due_at = NULL WHERE id = {WAITING}",
    "delivery-unwatched": f"UPDATE delivery SET watch_at = NULL WHERE id = {WAITING}",
    "settled-but-due": f"UPDATE delivery SET due_at = 1 WHERE id = {HANDED}",
    "handover-without-receipt": "UPDATE evidence SET receipt_id = NULL "
    f"WHERE event = 'ContentHandover' AND {OF_HANDED}",
    "receipt-changed": f"UPDATE receipt SET raw = CAST(raw || x'20' AS BLOB) WHERE {OF_HANDED}",
    "receipt-invalid": "UPDATE receipt SET raw = (SELECT raw FROM receipt AS other WHERE other.delivery_id = "
    f"{DECLINED}), digest = (SELECT digest FROM receipt AS other WHERE other.delivery_id = {DECLINED}) "
    f"WHERE {OF_HANDED}",
    "receipt-without-evidence": f"DELETE FROM evidence WHERE event = 'ContentHandover' AND {OF_HANDED}",
    "evidence-without-entry": "DELETE FROM journal WHERE kind = 'evidence' AND id = (SELECT id FROM evidence LIMIT 1)",
    "receipt-without-entry": "DELETE FROM journal WHERE kind = 'receipt'",
    "validation-without-entry": "DELETE FROM journal WHERE kind = 'validation'",
    "entry-without-validation": "DELETE FROM validation",
    "entry-missing": "DELETE FROM journal WHERE position = 2",
    "entry-twice": "INSERT INTO journal SELECT (SELECT max(position) + 1 FROM journal), kind, id, of, at, code, "
    "digest, salt FROM journal WHERE kind = 'evidence' LIMIT 1",
    "entry-without-party": "DELETE FROM party WHERE id = 'worker'",
    "party-without-entry": "INSERT INTO party SELECT 'somebody', record FROM party WHERE id = 'worker'",
    "register-differs": "UPDATE party_certificate SET party = 'employer' WHERE party = 'worker'",
    "entry-differs": "UPDATE journal SET digest = zeroblob(32) WHERE kind = 'evidence'",
    "entry-without-evidence": f"DELETE FROM evidence WHERE submission_id = {REFUSED}",
    "entry-without-receipt": f"DELETE FROM receipt WHERE {OF_HANDED}",
    "node-differs": "UPDATE journal_node SET hash = zeroblob(32) WHERE level = 1 AND place = 1",
    "checkpoint-invalid": "UPDATE journal_batch SET checkpoint = CAST(replace(CAST(checkpoint AS TEXT), "
    "'journal', 'another') AS BLOB)",
    "checkpoint-differs": "UPDATE journal SET salt = zeroblob(16) WHERE position = 1",
    "cosignature-invalid": "INSERT INTO journal_cosignature SELECT size, 'w', 'x' || char(10) FROM journal_batch",
    "stamp-invalid": "UPDATE journal SET salt = zeroblob(16) WHERE position = 1",
    "stamp-differs": "UPDATE journal_stamp SET ends_at = ends_at + 1",
    "journal-truncated": "DELETE FROM journal WHERE position > 5",
    "terms-differ": "UPDATE term SET last_day = date(last_day, '+1 day') WHERE day_zero IS NOT NULL",
    "term-not-started": "UPDATE term SET day_zero = NULL, last_day = NULL, last_day_other_reading = NULL "
    "WHERE starts_on LIKE 'ContentHandover:%'",
    "term-without-evidence": "UPDATE term SET starts_on = 'ContentHandover:Nobody' "
    "WHERE starts_on LIKE 'ContentHandover:%' AND day_zero IS NOT NULL",
    "validation-without-submission": "INSERT INTO validation VALUES ('x', CAST('{}' AS BLOB))",
    "validation-differs": 'UPDATE validation SET record = CAST(replace(CAST(record AS TEXT), \'"at":"2\', \'"at":"3\') '
    "AS BLOB)",
    "validation-missing": "DELETE FROM validation_item",
    "validation-changed": "UPDATE validation_item SET raw = CAST(raw || x'00' AS BLOB)",
    "filing-without-entry": "DELETE FROM journal WHERE kind = 'filing'",
    "filing-differs": "UPDATE filed SET kind = 'be/appeal-notice'",
    "filing-out-of-order": "UPDATE delivery SET seq = -seq WHERE seq = (SELECT max(seq) FROM delivery)",
    "entry-without-filing": f"DELETE FROM filed WHERE submission_id = {OPEN}",
    "hosted-key-without-entry": "INSERT INTO hosted_key VALUES ('worker', 'x', x'00', 'x', 0)",
    "token-without-entry": "INSERT INTO token SELECT 'x', party, created_at FROM token WHERE party = 'worker'",
    "entry-without-token": "DELETE FROM token WHERE party = 'worker'",
    "print-job-without-delivery": "INSERT INTO print_job VALUES ('x', x'00')",
    "turn-differs": "UPDATE lane SET turns = 0",
    "inquiry-lost": "INSERT INTO inquiry SELECT NULL, submission_id, 'form', x'00', 0, 0, 0, 0 FROM body_key",
    "hosted-key-without-party": "INSERT INTO hosted_key VALUES ('x', 'x', x'00', 'x', 0)",
    "submission-without-case": f"DELETE FROM filed WHERE submission_id = {OPEN}",
    "case-without-party": "DELETE FROM case_party WHERE party = 'inspectorate'",
}
_ENTRY = "(SELECT id FROM evidence WHERE event = '{}' AND " + OF_HANDED + ")"
HANDED_OVER_FIRST = {
    "by its rows": DAMAGE["evidence-out-of-order"],
    "by the journal": "CREATE TEMP TABLE swap AS SELECT min(position) + max(position) AS both FROM journal WHERE id IN "
    f"({_ENTRY.format('ContentConsignment')}, {_ENTRY.format('ContentHandover')}); "
    "CREATE TEMP TABLE moved AS SELECT (SELECT both FROM swap) - position AS position, kind, id, of, at, code, digest, "
    f"salt FROM journal WHERE id IN ({_ENTRY.format('ContentConsignment')}, {_ENTRY.format('ContentHandover')}); "
    "DELETE FROM journal WHERE id IN (SELECT id FROM moved); INSERT INTO journal SELECT * FROM moved",
}
TOLD = {
    "submission sender": "UPDATE submission SET sender = 'fund' WHERE id = " + CLOSED,
    "submission kind": "UPDATE submission SET kind = 'be/appeal' WHERE id = " + REFUSED,
    "submission document": "UPDATE submission SET document_id = 'x' WHERE id = " + REFUSED,
    "submission acting for": "UPDATE submission SET acting_for = 'fund' WHERE id = " + OPEN,
    "submission time": "UPDATE submission SET accepted_at = accepted_at + 1 WHERE id = " + OPEN,
    "route": f"UPDATE delivery SET route = 'R99' WHERE id = {WAITING}",
    "article": f"UPDATE delivery SET article = 'Art. 1' WHERE id = {WAITING}",
    "kind": f"UPDATE delivery SET kind = 'be/appeal' WHERE id = {WAITING}",
    "consigned at": f"UPDATE delivery SET consigned_at = consigned_at + 1 WHERE id = {WAITING}",
    "copy": f"UPDATE delivery SET copy = copy + 1 WHERE id = {WAITING}",
    "handed over at": f"UPDATE delivery SET handed_over_at = handed_over_at + 1 WHERE id = {HANDED}",
}
REGISTERED = {
    "name": "UPDATE party SET record = replace(record, 'Voorbeeld', 'Ander') WHERE id = 'worker'",
    "certificates": "UPDATE party SET record = json_set(record, '$.sealing', "
    "(SELECT record ->> '$.sealing' FROM party WHERE id = 'employer')) WHERE id = 'worker'",
    "mandates": "UPDATE party SET record = json_set(record, '$.mandates', json('[[\"service\", [\"be/appeal\"]]]')) "
    "WHERE id = 'employer'",
}
FOUND_BY = {
    "identifier": "UPDATE party_identifier SET party = 'employer' WHERE party = 'worker'",
    "another identifier": "INSERT INTO party_identifier VALUES ('insz', 'x', 'worker')",
    "role": "DELETE FROM party_role WHERE party = 'fund'",
    "certificate": "INSERT INTO party_certificate VALUES ('sha256:x', 'worker')",
}
ON_FILE = {
    "a term's length": "UPDATE term SET length = length + 1",
    "what a term says": "UPDATE term SET law = replace(law, 'authority', 'party')",
    "of which act a term is": "UPDATE term SET law = json_set(law, '$.act', 'x')",
    "whom a term waits for": "UPDATE term SET starts_on = starts_on || 'x' WHERE starts_on LIKE 'ContentHandover:%'",
    "sealed facts": "UPDATE filed SET facts = CAST(facts || x'00' AS BLOB)",
    "facts of another form": "UPDATE filed SET facts = (SELECT facts FROM filed AS other "
    "WHERE other.seq <> filed.seq LIMIT 1)",
    "the link to its case": "UPDATE case_link SET link = link || 'x'",
    "links that cannot be read": "UPDATE filed SET links = 'x'",
    "by when a copy must be there": "UPDATE delivery SET lawful_until = 1",
    "the first answer": "UPDATE submission SET answer = CAST(answer || x'20' AS BLOB) WHERE state <> 'rejected'",
}
STRAY_LINKS = {
    "that no form brought": "INSERT INTO case_link SELECT 'x', case_id FROM filed LIMIT 1",
    "that a form of another case brought": "INSERT INTO case_link SELECT 'x', max(case_id) FROM filed; UPDATE filed "
    "SET links = json_insert(links, '$[#]', 'x') WHERE case_id = (SELECT min(case_id) FROM filed)",
    "beside a form that brought nothing": "INSERT INTO case_link SELECT 'x', case_id FROM filed LIMIT 1; UPDATE filed "
    "SET links = json_insert(links, '$[#]', NULL)",
}
TOKENS = {
    "of another party": "UPDATE token SET party = 'employer' WHERE party = 'worker'",
    "that was taken": "DELETE FROM token WHERE party = 'worker'; INSERT INTO journal SELECT "
    "(SELECT max(position) + 1 FROM journal), kind, id, of, at, 'taken', digest, salt FROM journal "
    "WHERE kind = 'access' AND of = 'worker'; INSERT INTO token SELECT id, of, at FROM journal WHERE kind = 'access' "
    "AND of = 'worker' AND code = 'given'",
}
UNREADABLE = {
    "published key": "INSERT INTO published_key VALUES (1, 'serwice', 'sha256:x', 0, 0, 'x')",
    "party": "UPDATE party SET record = replace(record, '\"id\"', '\"it\"') WHERE id = 'fund'",
    "digest": f"UPDATE delivery SET envelope_digest = 'sha256:xx' WHERE id = {WAITING}",
    "length": "UPDATE term SET length = 1 << 40",
    "unit": "UPDATE term SET unit = 'moons'",
}
ELSEWHERE = {
    "store-damaged",
    "store-unreadable",
    "evidence-by-a-stranger",
    "journal-rewritten",
    "known-checkpoint-invalid",
    "evidence-out-of-time",  # tests/journey/test_rotation.py, with the two of keys
    "proof-missing",  # tests/journey/test_paper.py
    "entry-without-key",
    "entry-without-hosted-key",  # tests/journey/test_hosted_mailboxes.py
    "cases-joined",  # tests/journey/test_rows_by_hand.py, with the next one
    "entry-without-further-key",
    "key-without-entry",
    "party-under-our-name",  # tests/journey/test_renaming.py
    "post-out-of-order",  # tests/journey/test_post.py
}


@pytest.mark.parametrize("code", DAMAGE)
def test_damage_is_found_by_its_own_code(damaged: Callable[[str], set[str]], code: str) -> None:
    assert code in damaged(DAMAGE[code])


@pytest.mark.parametrize("what", HANDED_OVER_FIRST)
def test_a_hand_over_that_is_recorded_before_its_consignment_is_found(
    damaged: Callable[[str], set[str]], what: str
) -> None:
    """States and signatures all hold; in the journal, checkpoints and time stamps cover the order as well."""
    journal = {"node-differs", "checkpoint-differs", "stamp-invalid"} if what == "by the journal" else set()
    assert damaged(HANDED_OVER_FIRST[what]) == {"evidence-out-of-order", *journal}


@pytest.mark.parametrize("what", TOLD)
def test_a_row_that_says_another_thing_than_its_evidence_is_found(
    damaged: Callable[[str], set[str]], what: str
) -> None:
    assert "evidence-differs" in damaged(TOLD[what])


@pytest.mark.parametrize("what", REGISTERED)
def test_a_party_that_was_changed_behind_the_desk_is_found(damaged: Callable[[str], set[str]], what: str) -> None:
    """The next copies would be sealed for another key, or reach another."""
    assert "entry-differs" in damaged(REGISTERED[what])


@pytest.mark.parametrize("what", FOUND_BY)
def test_a_party_that_is_found_by_what_it_is_not_is_found(damaged: Callable[[str], set[str]], what: str) -> None:
    assert damaged(FOUND_BY[what]) == {"register-differs"}


@pytest.mark.parametrize("what", ON_FILE)
def test_what_is_on_file_of_a_form_is_bound(damaged: Callable[[str], set[str]], what: str) -> None:
    assert "entry-differs" in damaged(ON_FILE[what])


@pytest.mark.parametrize("what", STRAY_LINKS)
def test_a_link_leads_to_the_case_of_a_form_that_brought_it(damaged: Callable[[str], set[str]], what: str) -> None:
    assert damaged(STRAY_LINKS[what]) == {"link-without-case"}


@pytest.mark.parametrize("what", TOKENS)
def test_a_token_opens_nothing_that_the_journal_does_not_know_of(damaged: Callable[[str], set[str]], what: str) -> None:
    assert "token-without-entry" in damaged(TOKENS[what])


@pytest.mark.parametrize("kind", ["evidence", "validation", "filing"])
def test_what_is_entered_once_is_not_entered_again(damaged: Callable[[str], set[str]], kind: str) -> None:
    again = "INSERT INTO journal SELECT (SELECT max(position) + 1 FROM journal), kind, id, of, at, code, digest, "
    assert "entry-twice" in damaged(f"{again} randomblob(16) FROM journal WHERE kind = '{kind}' LIMIT 1")


@pytest.mark.parametrize("code", ["given", "taken"])
def test_the_journal_knows_of_no_token_that_never_was(damaged: Callable[[str], set[str]], code: str) -> None:
    """An entry that nothing else bears out, with a digest that is right."""
    stranger = entry_of_token("ab" * 32, PartyId("worker"), given=code == "given", at=datetime(2026, 1, 1, tzinfo=UTC))
    entry = (
        f"'{stranger.kind}', '{stranger.id}', '{stranger.of}', 0, '{code}', x'{stranger.digest.hex()}', randomblob(16)"
    )
    assert damaged(f"INSERT INTO journal SELECT max(position) + 1, {entry} FROM journal") == {"entry-without-token"}


def test_a_party_that_cannot_be_read_hides_no_other(damaged: Callable[[str], set[str]]) -> None:
    found = damaged(f"{UNREADABLE['party']}; {FOUND_BY['identifier']}")
    assert {"row-unreadable", "register-differs"} <= found


@pytest.mark.parametrize("what", UNREADABLE)
def test_a_row_that_cannot_be_read_ends_no_audit(damaged: Callable[[str], set[str]], what: str) -> None:
    assert "row-unreadable" in damaged(UNREADABLE[what])


def test_every_code_is_shown_to_be_found() -> None:
    assert set(DAMAGE) | ELSEWHERE == set(FLAWS)


def test_evidence_of_another_seal_that_is_trusted_too_is_not_ours(story: World, tmp_path: Path) -> None:
    running = story.start()
    _, submission = running.gateway.store.read(lambda view: view.submissions_of(PartyId("service"), after=0, limit=1))[
        0
    ]
    kept = running.gateway.store.read(lambda view: view.evidence_of(submission.id))[0]
    forged = Witness(keys=Keyring.single(story.key("fund")), issuer=running.gateway.witness.issuer).state(
        kept.event, at=kept.at, submission_id=kept.submission_id, document_digest=submission.digest
    )
    running.gateway.store.close()
    world = World(story.base, story.folder, tmp_path / "forged", clock=story.clock)
    shutil.copy(story.file, world.file)
    connection = sqlite.connect(str(world.file))
    connection.execute("UPDATE evidence SET raw = ?, id = ? WHERE id = ?", (forged.raw, forged.id, kept.id))
    connection.commit()
    connection.close()
    running = world.start()
    codes = {flaw.code for flaw in running.audit()}
    running.gateway.store.close()
    assert "evidence-by-a-stranger" in codes


@pytest.mark.parametrize(
    ("page_of", "byte", "codes"),
    [("filed_case", -1, {"store-damaged"}), ("delivery", 0, {"store-damaged", "store-unreadable"})],
)
def test_a_flipped_byte_in_the_file_is_found(
    story: World, tmp_path: Path, page_of: str, byte: int, codes: set[str]
) -> None:
    world = World(story.base, story.folder, tmp_path / "flipped", clock=story.clock)
    shutil.copy(story.file, world.file)
    connection = sqlite.connect(str(world.file))
    (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (page_of,)).fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    raw = bytearray(world.file.read_bytes())
    raw[(page - 1) * size + byte % size] ^= 0xFF  # the kind of the page, or the end of what it holds
    world.file.write_bytes(raw)
    running = world.start()
    found = {flaw.code for flaw in running.audit()}
    running.gateway.store.close()
    assert found >= codes


def test_the_command_says_sound_or_what_is_wrong(story: World, cast: DemoFolder, tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite3"
    config = tmp_path / "gateway.toml"
    text = cast.config.read_text()
    for name in ("service.pem", "identifier.key", "admin.token", "journal.key", "time-stamps.pem"):
        text = text.replace(f'"gateway/{name}"', f'"{cast.root}/gateway/{name}"')
    text = text.replace('"anchors.pem"', f'"{cast.root}/anchors.pem"').replace("gateway/store.sqlite3", "store.sqlite3")
    config.write_text(text)
    missing = sealpost(["audit", "--config", config])
    assert (missing.code, "no store" in missing.err) == (2, True)
    shutil.copy(story.file, store)
    sound = sealpost(["audit", "--config", config, "--json"])
    assert sound.code == 0, sound.text
    assert sound.json["sound"] is True
    assert sound.json["lookedAt"]["submissions"] == 5
    connection = sqlite.connect(str(store))
    connection.execute(DAMAGE["envelope-missing"])
    connection.commit()
    connection.close()
    broken = sealpost(["audit", "--config", config])
    assert broken.code == 1
    assert "envelope-missing  delivery " in broken.text
    assert FLAWS["envelope-missing"][1] in broken.text
    dutch = sealpost(["audit", "--config", config], environment={"SEALPOST_LANG": "nl"})
    assert "het verzegelde exemplaar van een bezorging is er niet" in dutch.text
    assert "Haal wat ontbreekt terug" in dutch.text
