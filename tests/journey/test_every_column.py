"""Flip a byte in any column of the store: an audit finds it, or it stands here why nothing hangs on it.

The store is one in which everything has happened, and the test walks its schema: a column that is new fails until it
has its verdict.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import ip_network
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from gateway.api.wire import PartyRecord
from gateway.assembly import auditing, build, dispatching
from gateway.audit import Audit
from gateway.batches import Rhythm
from gateway.config import load_config
from gateway.demo.papers import draw_up
from gateway.demo.pki import DemoFolder
from gateway.demo.register import register_cast
from gateway.envelope import open_envelope
from gateway.erasure import ErasureReason
from gateway.flaws import Flaw
from gateway.model import DeliveryId, SubmissionId
from gateway.oversight import ActCode, ReasonCode
from gateway.paper import Proof
from gateway.receipt import build_receipt
from gateway.stores.at_rest import open_body, seal_body
from gateway.stores.backfill import enter_all, enter_register
from gateway.stores.engine import sqlite
from gateway.stores.sqlite import SqliteStore
from gateway.views import EndpointRecord
from signing import Identity, load_identity, sign_xml
from tests.conftest import SIGNERS, Counter
from tests.journal.test_flips import TABLES as OF_THE_JOURNAL
from tests.journal.test_flips import flipped
from tests.journey.test_hosted_mailboxes import sealing_key, worker_record
from tests.journey.test_inquiries import SILENT, card
from tests.journey.test_operations import Hands
from tests.revoking import Issuer, issuer_on_loopback
from tests.schemas.cases import catalogue

ASSESSMENT, APPEAL, REPORT = "be/health-assessment", "be/appeal", "be/occupational-disease-report"
STATION = "expert-panel"
DAY = timedelta(days=1)
_ORDER = "a place in the file, by which pages are read; the order that counts is that of the journal"
_HAND = "who has a copy in hand at this moment: it ends by itself, and one that would not is taken over"
_SHOWN = "shown to operators; what happened, evidence says"
HARMLESS = {
    "_sqlite_migrations.*": "the schema's own books: a migration that is forgotten fails at the next start",
    "alert.*": f"bells: {_SHOWN}",
    "attempt.seq": _SHOWN,
    "attempt.at": _SHOWN,
    "attempt.outcome": _SHOWN,
    "case_party.seq": _ORDER,
    "delivery.attempts": "a counter: the next try comes a little earlier or later",
    "delivery.holder": _HAND,
    "delivery.lease_id": _HAND,
    "delivery.lease_until": _HAND,
    "delivery.tried_since": "when trying began, for the next warning; by when the copy must be there is bound",
    "delivery.last_problem": _SHOWN,
    "delivery.due_at": "one that is late is found (lane-asleep) and brought forward, one that is early costs a try",
    "duty.*": f"which process does what: {_HAND}",
    "evidence.seq": _ORDER,
    "inquiry.seq": _ORDER,
    "inquiry.since": "since when an answer is waited for: the alert about it comes earlier or later",
    "inquiry.tries": "a counter: the next question comes a little earlier or later",
    "kept_of_sender.*": "a counter of one day",
    "lane.next_at": "one that is late is found (lane-asleep), one that is early costs a look",
    "lane.failures": "a counter",
    "lane.paused_until": "a breaker that is open for longer than any may is closed when a worker starts",
    "later_validation.seq": _ORDER,
    "paper_proof.media_type": "what the print station called a file whose bytes are bound",
    "published_key.seq": _ORDER,
    "receipt.seq": _ORDER,
    "receipt.sent_by": f"who handed in what moved nothing, {_SHOWN}; of what moved a copy, its signature says it",
    "submission.idempotency_key": "a key for bytes that are known by their number too",
    "term.seq": _ORDER,
}
WHERE_IT_COUNTS = {
    "submission.seq": ("only the order counts", "-seq"),
    "filed.seq": ("only the order counts", "-seq"),
    "delivery.seq": ("only the order counts", "-seq"),
    "postmark.seq": ("only the order counts", "-seq"),
    "delivery.watch_at": ("an early look finds nothing to do", "watch_at + 100000000000"),
    "inquiry.next_at": ("an early question is one more", "next_at + 100000000000"),
    "lane.turns": ("numbers may be left out, not given twice", "0"),
}
"""Why not every change matters; and one, to the last row, that does."""


@dataclass(frozen=True, kw_only=True)
class Full:
    """A store with something in every table."""

    path: Path
    audit: Audit

    def flaws(self) -> list[Flaw]:
        return list(self.audit.run())


@dataclass(frozen=True, kw_only=True)
class Life:
    """Short ways to let everything happen at a counter."""

    counter: Counter
    clock: Hands

    def accept(self, kind: str, *, signer: Identity | None = None, key: str | None = None) -> tuple[bytes, Any]:
        """The form, and what its sender was told."""
        paper, (who, sender) = draw_up(kind, now=self.clock.at), SIGNERS[kind]
        raw = sign_xml(paper.raw, identity=signer or self.counter.identity(who), at=self.clock.at)
        return raw, json.loads(self.counter.accept(raw, sender=sender, key=key).answer)

    def take(self, party: str, answer: Any) -> None:
        """The party signs for its copy."""
        delivery, gateway = _copy_of(answer, party), self.counter.gateway
        sealed = gateway.store.read(lambda view: view.envelope(delivery))
        key, at = self.counter.identity(party, "sealing"), self.clock.at
        opened = open_envelope(sealed, identity=key, trust=self.counter.trust, at=at)
        digest, signer = opened.envelope_digest, self.counter.identity(party)
        raw = build_receipt(opened.consignment, envelope_digest=digest, identity=signer, at=at)
        gateway.receipts.take(raw, delivery_id=delivery, party=self.counter.party(party))

    def ask(self, issuer: Issuer) -> None:
        """One certificate that is asked about again and answered, one that waits."""
        own, gateway = card(self.counter, issuer), self.counter.gateway
        self.accept(APPEAL, signer=own)
        issuer.down.clear()
        assert gateway.inquiries.ask_due() == 1
        issuer.down |= SILENT
        self.accept(APPEAL, signer=own)

    def host(self) -> None:
        """A hosted mailbox is opened, and a form handed in twice, once under another key."""
        self.counter.gateway.registration.put(PartyRecord.model_validate(worker_record(self.counter.folder)).draft())
        raw, answer = self.accept(ASSESSMENT, key="one")
        self.counter.accept(raw, sender="service", key="two")
        hosting = self.counter.gateway.hosting
        assert hosting is not None
        hosting.open(self.counter.party("worker"), _copy_of(answer, "worker"))
        self.take("employer", answer)
        self.counter.accept(raw.replace(b"<c:DocumentId>", b"<c:DocumentId>x", 1), sender="service")

    def post(self) -> None:
        """A copy goes on paper and is handed over."""
        gateway, station = self.counter.gateway, self.counter.party(STATION)
        mine = _copy_of(self.accept(ASSESSMENT)[1], "worker")
        gateway.oversight.act(mine, ActCode.PAPER, reason=ReasonCode.NOT_COLLECTED, by="desk", language="en")
        gateway.paper.take_job(station, mine)
        proofs = [Proof(raw=raw, media_type="application/pdf") for raw in (b"deposit", b"slip")]
        on = gateway.catalogue.countries["be"].calendar.date_of(self.clock.at)
        gateway.paper.deposited(station, mine, number="RR123456785BE", on=on, proof=proofs[0])
        gateway.paper.answered(station, mine, delivered=True, on=on, proof=proofs[1], number=None)

    def push(self) -> None:
        """A term is started by a receipt, a push fails, and a form is erased."""
        self.take("inspectorate", self.accept(APPEAL)[1])
        _, answer = self.accept(REPORT)
        with dispatching(self.counter.gateway) as dispatch:
            assert dispatch.deliver_due() == 1
        self.accept(REPORT)
        for each in answer["deliveries"]:
            self.take(each["party"], answer)
        mistaken, submission = ErasureReason.HANDED_IN_BY_MISTAKE, SubmissionId(answer["submissionId"])
        self.counter.gateway.erasure.erase(submission, reason=mistaken, by="desk")

    def end(self) -> None:
        """Time passes, everybody is told, and the journal is stamped."""
        self.clock.turn(DAY)
        self.counter.gateway.watch.look()
        batches = replace(self.counter.gateway.journal.batches, rhythm=Rhythm(close_after_s=0))
        assert (batches.close_due(), batches.stamp_due()) == (1, 1)


def _copy_of(answer: Any, party: str) -> DeliveryId:
    return next(DeliveryId(each["deliveryId"]) for each in answer["deliveries"] if each["party"] == party)


@pytest.fixture(scope="module")
def full(cast: DemoFolder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Full]:
    place, clock = tmp_path_factory.mktemp("full"), Hands()
    config = replace(
        load_config(cast.config),
        store_path=place / "store.sqlite3",
        mailbox_identity=sealing_key(cast, place / "mailbox.pem"),
        paper_party=STATION,
        paper_roles=("Worker",),
        revocation_allowed_networks=(ip_network("127.0.0.0/8"),),
        revocation_pause_s=0.001,
        revocation_kept_for_s=0.001,
    )
    gateway = build(config, clock=clock, catalogue=catalogue())
    pushed = {"fund": EndpointRecord(kind="push", url="http://127.0.0.1:9/")}
    counter = Counter(gateway=gateway, folder=cast, tokens=register_cast(gateway, cast, endpoints=pushed))
    life = Life(counter=counter, clock=clock)
    gateway.publication.publish()
    with issuer_on_loopback(load_identity(cast.authority)) as issuer:
        issuer.down |= SILENT
        life.ask(issuer)
        life.host()
        life.post()
        life.push()
        life.end()
    yield Full(path=config.store_path, audit=auditing(gateway))
    gateway.store.close()


def _columns(connection: sqlite.Connection) -> dict[str, list[str]]:
    """Every column of every table, those of its primary key first."""
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return {table: [name for name, _ in _described(connection, table)] for table in sorted(tables)}


def _described(connection: sqlite.Connection, table: str) -> list[tuple[str, bool]]:
    described = connection.execute(f"PRAGMA table_info({table})").fetchall()
    return [(row[1], row[5] > 0) for row in sorted(described, key=lambda row: (row[5] == 0, row[5]))]


def _is_judged_elsewhere(table: str, column: str) -> bool:
    own_test = table.startswith("journal") and column in OF_THE_JOURNAL[table]
    return own_test or f"{table}.*" in HARMLESS or f"{table}.{column}" in HARMLESS


def test_every_verdict_is_about_a_column_that_is_there(full: Full) -> None:
    with closing(sqlite.connect(str(full.path))) as connection:
        there = {f"{table}.{column}" for table, names in _columns(connection).items() for column in (*names, "*")}
    assert set(HARMLESS) | set(WHERE_IT_COUNTS) <= there
    assert not set(HARMLESS) & set(WHERE_IT_COUNTS)


def test_a_change_in_any_column_is_found(full: Full) -> None:
    assert full.flaws() == []
    unseen, untried = [], []
    with closing(sqlite.connect(str(full.path), isolation_level=None)) as connection:
        for table, columns in _columns(connection).items():
            for column in columns:
                if _is_judged_elsewhere(table, column):
                    continue
                found = list(_tried(full, connection, table, column))
                untried += [] if found else [f"{table}.{column}"]
                unseen += [f"{table}.{column} {value}"[:90] for value, codes in found if not codes]
    assert full.flaws() == [], "everything was put back"
    assert (unseen, untried) == ([], [])


def test_a_file_from_before_the_journal_knew_of_these_things_has_them_entered_as_they_are(
    full: Full, tmp_path: Path
) -> None:
    path = tmp_path / "older"
    with closing(sqlite.connect(str(full.path))) as whole:  # what is still in the log beside the file included
        whole.execute("VACUUM INTO ?", (str(path),))
    with closing(sqlite.connect(str(path), isolation_level=None)) as connection:
        journal_anew(connection)
        _as_before(connection)
    with closing(SqliteStore(path)) as store:
        found = {flaw.code for flaw in replace(full.audit, store=store).run()}
        assert found == {"key-without-entry", "validation-without-entry"}, "which nobody entered here"
    with closing(sqlite.connect(str(path), isolation_level=None)) as connection:
        connection.execute("UPDATE case_link SET link = link || 'x' WHERE link = (SELECT min(link) FROM case_link)")
        connection.execute("UPDATE inquiry SET used_at = used_at + 1")
    with closing(SqliteStore(path)) as store:
        found = {flaw.code for flaw in replace(full.audit, store=store).run()}
        assert {"entry-differs", "link-without-case", "inquiry-lost"} < found


def journal_anew(connection: sqlite.Connection) -> None:
    """Make the journal of a store as its migrations make it for a file that had none."""
    for table in OF_THE_JOURNAL:
        if table.startswith("journal"):
            connection.execute(f"DELETE FROM {table}")
    for column in ("digest", "links"):
        connection.execute(f"ALTER TABLE filed DROP COLUMN {column}")
    connection.execute("DELETE FROM _sqlite_migrations WHERE name LIKE 'm017_%' OR name LIKE 'm019_%'")
    enter_all(connection)
    enter_register(connection)


def _as_before(connection: sqlite.Connection) -> None:
    """Inquiries as they were sealed when no time was bound to them."""
    rows = "SELECT submission_id, about, used_at, path, key FROM inquiry JOIN body_key USING (submission_id)"
    for of, about, used_at, sealed, key in connection.execute(rows).fetchall():
        path = open_body(key, sealed, of=f"inquiry {of} {about} {used_at}")
        before = seal_body(key, path, of=f"inquiry {of} {about}")
        connection.execute("UPDATE inquiry SET path = ? WHERE path = ?", (before, sealed))


def _tried(
    full: Full, connection: sqlite.Connection, table: str, column: str
) -> Iterator[tuple[object, Sequence[str]]]:
    """Changes to a column, in the first and the last row that have something in it and in one that has nothing; and
    what an audit finds first."""
    described = _described(connection, table)
    keys = [name for name, is_key in described if is_key]
    place = ", ".join(keys)
    rows = connection.execute(f"SELECT {column}, {place} FROM {table} ORDER BY {place}").fetchall()
    filled, empty = [row for row in rows if row[0] is not None], [row for row in rows if row[0] is None]
    chosen = [*filled[-1:]] if f"{table}.{column}" in WHERE_IT_COUNTS else [*filled[:1], *filled[-1:], *empty[:1]]
    for number, (value, *key) in enumerate(dict.fromkeys(chosen)):
        for changed in _changes(connection, table, column, value, keys, key, at_most=1 if number else 2):
            where = " AND ".join(f"{name} = ?" for name in keys)
            try:
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (changed, *key))
            except sqlite.IntegrityError:  # the engine itself refuses it
                yield changed, ["refused"]
                continue
            now = [changed if name == column else old for name, old in zip(keys, key, strict=True)]
            try:
                yield changed, [flaw.code for flaw in islice(full.audit.run(), 1)]
            finally:
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (value, *now))


def _changes(
    connection: sqlite.Connection,
    table: str,
    column: str,
    value: object,
    keys: list[str],
    key: list[object],
    *,
    at_most: int,
) -> list[object]:
    if (special := WHERE_IT_COUNTS.get(f"{table}.{column}")) is None:
        return list(flipped(value))[:at_most]
    where = " AND ".join(f"{name} = ?" for name in keys)
    (changed,) = connection.execute(f"SELECT {special[1]} FROM {table} WHERE {where}", key).fetchone()
    return [changed]
