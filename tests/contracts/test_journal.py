"""What every store must do about the journal, run over every entry of STORES."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256, sha512
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from gateway.errors import Unreadable
from gateway.journal import Entry, EntryKind, entry_bytes, entry_of_filing, read_entry
from gateway.model import DeliveryId, Event, Evidence, EvidenceId, KeptReceipt, SubmissionId, new_id
from gateway.partyrecord import pem_of
from gateway.ports import Reading, Store, Transaction
from gateway.stores import STORES
from gateway.stores.at_rest import seal_body
from gateway.stores.engine import sqlite
from gateway.stores.schema import migrations
from signing import issue_authority
from tests.deliveries import NOW

WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
ENTRIES = st.builds(
    Entry,
    kind=st.sampled_from(EntryKind),
    id=WORDS,
    of=WORDS,
    at=st.integers(0, 10**12).map(lambda ms: NOW + timedelta(milliseconds=ms)),
    code=WORDS,
    digest=st.sampled_from((32, 64)).flatmap(lambda size: st.binary(min_size=size, max_size=size)),
    salt=st.binary(min_size=16, max_size=16),
)


def some_evidence(raw: bytes = b"<Evidence/>") -> Evidence:
    return Evidence(
        id=EvidenceId(new_id()),
        event=Event.CONTENT_CONSIGNMENT,
        at=NOW,
        submission_id=SubmissionId(new_id()),
        delivery_id=None,
        raw=raw,
    )


def some_receipt(outcome: str = "receipt-for-other-bytes", **changes: object) -> KeptReceipt:
    raw = b"<Receipt/>"
    kept = KeptReceipt(
        id=new_id(),
        delivery_id=DeliveryId("d"),
        digest="sha256:" + sha256(raw).hexdigest(),
        received_at=NOW,
        outcome=outcome,
        evidence_id=None,
        raw=raw,
    )
    return replace(kept, **changes)  # type: ignore[arg-type]


def all_entries(store: Store) -> list[Entry]:
    return list(store.read(lambda view: view.journal_entries(first=0, limit=1000)))


def test_evidence_and_receipts_enter_with_what_they_are(store: Store) -> None:
    evidence, receipt = some_evidence(), some_receipt()

    def work(unit: Transaction) -> None:
        unit.add_evidence(evidence)
        unit.add_receipt(receipt)

    store.write(work)
    first, second = all_entries(store)
    assert (first.position, first.kind, first.id, first.of) == (0, "evidence", evidence.id, evidence.submission_id)
    assert (first.at, first.code, first.digest) == (NOW, "ContentConsignment", sha512(evidence.raw).digest())
    assert (second.position, second.kind, second.id, second.of) == (1, "receipt", receipt.id, "d")
    assert (second.code, second.digest) == ("receipt-for-other-bytes", sha512(receipt.raw).digest())
    assert first.salt != second.salt
    found = store.read(lambda view: view.journal_entry(EntryKind.RECEIPT, receipt.id))
    assert found == second
    assert store.read(lambda view: view.journal_entry(EntryKind.EVIDENCE, receipt.id)) is None
    assert store.read(lambda view: view.journal_size()) == 2


def test_a_receipt_enters_again_only_when_something_else_became_of_it(store: Store) -> None:
    for outcome in ("receipt-by-a-stranger", "receipt-by-a-stranger", "handed-over", "handed-over"):
        store.write(lambda unit, outcome=outcome: unit.add_receipt(some_receipt(outcome)))  # type: ignore[misc]
    entered = all_entries(store)
    assert [each.code for each in entered] == ["receipt-by-a-stranger", "handed-over"]
    (kept,) = store.read(lambda view: view.receipts_of(DeliveryId("d")))
    assert (kept.id, kept.outcome) == (entered[1].id, "handed-over")


def test_what_fails_leaves_no_gap(store: Store) -> None:
    def fails(unit: Transaction) -> None:
        unit.add_evidence(some_evidence())
        raise LookupError

    def store_one(number: int) -> None:
        if number % 3:
            store.write(lambda unit: unit.add_evidence(some_evidence()))
            return
        with pytest.raises(LookupError):
            store.write(fails)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(store_one, range(60)))
    assert [each.position for each in all_entries(store)] == list(range(40))


def test_two_processes_count_on_from_each_other(opened: Callable[[], Store]) -> None:
    one, other = opened(), opened()
    for store in (one, other, one, other):
        store.write(lambda unit: unit.add_evidence(some_evidence()))
    assert [each.position for each in all_entries(one)] == [0, 1, 2, 3]


def test_what_an_older_file_holds_is_entered_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "store"
    with closing(sqlite.connect(str(path), isolation_level=None)) as connection:
        migrations.apply(Database(connection), stop_before="m007_journal")
        for number, (table, at) in enumerate([("e", 5), ("e", 3), ("r", 3), ("e", 3), ("r", 9)]):
            values: tuple[object, ...]
            if table == "e":
                values = (f"e{number}", "ContentHandover", at, "s", None, None, b"raw%d" % number)
                connection.execute("INSERT INTO evidence VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)", values)
            else:
                values = (f"r{number}", "d", f"sha256:{number}", at, "handed-over", None, b"raw%d" % number)
                connection.execute("INSERT INTO receipt VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)", values)
    store = STORES["sqlite"](path)
    store.write(lambda unit: unit.add_evidence(some_evidence()))

    def entered(view: Reading) -> list[str]:
        return [each.id for each in view.journal_entries(first=0, limit=10)]

    assert store.read(entered)[:5] == ["e1", "e3", "r2", "e0", "r4"]
    assert [each.position for each in all_entries(store)] == list(range(6))
    assert all_entries(store)[2].digest == sha512(b"raw2").digest()
    store.close()
    again = STORES["sqlite"](path)
    assert again.read(lambda view: view.journal_size()) == 6
    again.close()


def test_an_older_file_in_which_something_is_damaged_is_opened_for_the_audit_to_name_it(tmp_path: Path) -> None:
    path = tmp_path / "store"
    with closing(sqlite.connect(str(path), isolation_level=None)) as connection:
        migrations.apply(Database(connection), stop_before="m014_postmarks")
        for number, raw in enumerate([b"<", b"<Evidence/>"]):
            values = (f"e{number}", "RelayToNonERDS", 1, "s", "d", None, raw)
            connection.execute("INSERT INTO evidence VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)", values)
        connection.executemany("INSERT INTO party VALUES (?, ?)", [("one", "{"), ("two", "{}"), ("three", "[]")])
    with closing(STORES["sqlite"](path)) as store:
        loose = store.read(lambda view: view.loose_ends(now=datetime.now(UTC)))
    unknown = {each.id for each in loose if each.code == "party-without-entry"}
    assert unknown == {"one", "two", "three"}


def test_a_file_of_before_the_journal_knew_what_is_on_file_is_opened_with_all_that_it_holds(tmp_path: Path) -> None:
    """Its tables are as they were then: what reads them at that moment must not ask for what came later."""
    path, keys = tmp_path / "store", {"kept": b"k" * 32, "erased": None, "unsealed": b""}
    with closing(sqlite.connect(str(path), isolation_level=None)) as connection:
        migrations.apply(Database(connection), stop_before="m017_holdings")
        for name, key in keys.items():
            facts = b"" if key is None else seal_body(key, b"facts", of=f"facts {name}")
            for statement in _A_FORM_THEN.split(";"):
                connection.execute(statement, {"id": name, "facts": facts, "key": key})
        asked = seal_body(b"k" * 32, b'["ZGVy"]', of="inquiry kept form")
        connection.execute("INSERT INTO inquiry VALUES (NULL, 'kept', 'form', ?, 5, 6, 1, 7)", (asked,))
        connection.execute("INSERT INTO case_link VALUES ('link', 'case')")
        pem = pem_of(issue_authority("Mailbox", at=NOW).certificate)
        connection.execute("INSERT INTO hosted_key VALUES ('worker', ?, x'00', 'sha256:0', 5)", (pem,))
        connection.execute("INSERT INTO party VALUES ('worker', '{}')")
        connection.execute("INSERT INTO token VALUES ('hash', 'worker', 5)")
    with closing(STORES["sqlite"](path)) as store:
        entered = {(each.kind, each.id): each for each in all_entries(store)}
        on_file = {name: store.read(lambda view, name=name: view.on_file(SubmissionId(name))) for name in keys}  # type: ignore[misc]
        (waiting,) = store.read(lambda view: view.inquiries_due(now=NOW, limit=9))
        loose = {each.code for each in store.read(lambda view: view.loose_ends(now=NOW))}
    assert {(EntryKind.HOSTED_KEY, "worker"), (EntryKind.ACCESS, "hash")} < entered.keys()
    for name, filed in on_file.items():
        assert filed is not None
        known = entered[EntryKind.FILING, name]
        assert entry_of_filing(filed, at=known.at).digest == known.digest
        assert (len(filed.terms), len(filed.deliveries)) == (1, 1)
    assert [filed and filed.facts for filed in on_file.values()] == [DIGEST_OF_FACTS, "", DIGEST_OF_FACTS]
    assert [filed and list(filed.links) for filed in on_file.values()] == [["link"], [], []], "the first has them all"
    assert waiting.unanswered.path == (b"der",)
    unbound = {
        "filing-without-entry",
        "filing-differs",
        "filing-out-of-order",
        "hosted-key-without-entry",
        "token-without-entry",
    }
    assert not loose & {*unbound, "link-without-case", "inquiry-lost"}


DIGEST_OF_FACTS = f"sha256:{sha256(b'facts').hexdigest()}"
_A_FORM_THEN = """
INSERT INTO submission VALUES (NULL, :id, 'service', NULL, 'sha256:0', 'be/appeal', :id, 'closed', 5, NULL, x'7b7d');
INSERT INTO filed VALUES (NULL, 'case', :id, :facts);
INSERT INTO body_key SELECT :id, :key WHERE :key IS NOT NULL;
INSERT INTO term (submission_id, id, article, act, length, unit) VALUES (:id, 'T1', '1', '{}', 7, 'days');
INSERT INTO delivery (id, submission_id, kind, route, article, role, party, copy, of, state, transport, attempts,
    consigned_at, envelope_digest, document_digest, size_bytes, case_id)
    VALUES (:id || '-copy', :id, 'be/appeal', 'R1', '1', 'Worker', 'worker', 1, 1, 'declined', 'mailbox', 0,
    5, 'sha256:0', 'sha256:0', 1, 'case')
"""


@given(entry=ENTRIES)
def test_an_entry_is_read_back_from_its_bytes_and_from_no_others(entry: Entry) -> None:
    raw = entry_bytes(entry)
    assert read_entry(raw) == entry
    assert len(raw) > 2 * 64  # never the size of an inner node, and never two of them
    for other in (raw + b"\n", raw[:-1], raw.replace(b"\n", b"\r\n"), b" " + raw, raw.replace(b"at 2", b"at  2")):
        with pytest.raises(Unreadable, match="not the canonical bytes"):
            read_entry(other)


@given(raw=st.binary(max_size=300))
def test_anything_else_is_no_entry(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        read_entry(raw)


@pytest.mark.parametrize("word", ["", "two words", "line\nfeed", "é", "x" * 201])
@pytest.mark.parametrize("name", ["id", "of", "code"])
def test_an_entry_of_anything_but_words_is_not_made(name: str, word: str) -> None:
    fields: dict[str, Any] = {"id": "a", "of": "b", "code": "c", name: word}
    with pytest.raises(ValueError, match="made of words"):
        Entry(kind=EntryKind.EVIDENCE, at=NOW, digest=bytes(32), **fields)


def test_the_salt_hides_what_an_entry_says() -> None:
    one, two = (Entry(kind=EntryKind.RECEIPT, id="a", of="b", at=NOW, code="c", digest=bytes(32)) for _ in range(2))
    assert entry_bytes(one) != entry_bytes(two)
