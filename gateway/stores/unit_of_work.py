"""What can be written to the SQLite store, all of it or nothing: `Transaction` in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from gateway.journal import (
    Batch,
    Cosignature,
    Entry,
    Stamp,
    entry_of_evidence,
    entry_of_further_key,
    entry_of_hosted_key,
    entry_of_key,
    entry_of_party,
    entry_of_receipt,
    entry_of_token,
    entry_of_validation,
)
from gateway.keyring import PublishedKey
from gateway.lifecycle import UNDER_WAY, is_final
from gateway.model import (
    Alert,
    CaseId,
    Delivery,
    DeliveryId,
    DeliveryState,
    EndpointKind,
    Evidence,
    FurtherKey,
    HostedKey,
    KeptReceipt,
    PaperProof,
    Party,
    PartyId,
    Postmark,
    Submission,
    SubmissionId,
    SubmissionState,
    Term,
    ValidationRecord,
)
from gateway.partyrecord import party_record
from gateway.stores import bodies, cases, inquiries, journal, leases, postmarks, rows, stamps, turns
from gateway.stores.bodies import BodyKeys
from gateway.stores.engine import sqlite
from gateway.stores.lanes import bring_forward, claim_due, mark_lane, next_turn, rearm_lane, reset_lane, settle
from gateway.stores.rows import maybe_ms, to_ms
from gateway.stores.snapshot import Snapshot
from signing import sha256

_COUNT_KEPT = """
INSERT INTO kept_of_sender VALUES (?1, ?2, 1)
ON CONFLICT (sender) DO UPDATE SET count = CASE WHEN day = excluded.day THEN count + 1 ELSE 1 END, day = excluded.day
WHERE day <> excluded.day OR count < ?3 RETURNING 1
"""


@cache
def _insertion(table: str, columns: str, count: int) -> str:
    return f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * count)})"


class UnitOfWork(Snapshot):
    """`Transaction`: a part of the group's transaction."""

    def __init__(self, connection: sqlite.Connection) -> None:
        super().__init__(connection)
        self._cursor = connection.cursor()
        self._body_keys = BodyKeys(self._cursor)
        self.has_erased = False

    def _insert(self, table: str, columns: str, values: Sequence[Any]) -> None:
        self._cursor.execute(_insertion(table, columns, len(values)), values)

    def put_party(self, party: Party, *, at: datetime) -> None:
        self.enter(entry_of_party(party, at=at))
        put = self._connection.execute
        put(
            "INSERT INTO party (id, record) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record",
            (party.id, party_record(party)),
        )
        for table in ("party_identifier", "party_role", "party_certificate"):
            put(f"DELETE FROM {table} WHERE party = ?", (party.id,))
        many = self._connection.executemany
        many("INSERT INTO party_identifier VALUES (?, ?, ?)", [(s, k, party.id) for s, k in party.identifiers.items()])
        many("INSERT INTO party_role VALUES (?, ?)", [(role, party.id) for role in party.roles])
        many("INSERT INTO party_certificate VALUES (?, ?)", [(each, party.id) for each in party.fingerprints])

    def put_token(self, token_hash: str, party: PartyId, *, at: datetime) -> None:
        self._insert("token", "hash, party, created_at", (token_hash, party, to_ms(at)))
        self.enter(entry_of_token(token_hash, party, given=True, at=at))

    def drop_tokens(self, party: PartyId, *, at: datetime) -> None:
        for (token_hash,) in self._rows("DELETE FROM token WHERE party = ? RETURNING hash", party):
            self.enter(entry_of_token(token_hash, party, given=False, at=at))

    def add_submission(self, submission: Submission) -> None:
        self._insert("submission", rows.SUBMISSION, rows.submission_row(submission))

    def move_submission(self, submission_id: SubmissionId, *, expected: SubmissionState, to: SubmissionState) -> bool:
        moved = self._connection.execute(
            "UPDATE submission SET state = ? WHERE id = ? AND state = ?", (to, submission_id, expected)
        )
        return bool(moved.rowcount)

    def add_key(self, key: FurtherKey, *, at: datetime) -> None:
        self._insert("further_key", rows.FURTHER_KEY, rows.further_key_row(key))
        self.enter(entry_of_further_key(key, at=at))

    def count_kept(self, sender: PartyId, day: date, *, most: int) -> bool:
        return self._row(_COUNT_KEPT, sender, day.isoformat(), most) is not None

    def add_delivery(self, delivery: Delivery, envelope: bytes, *, case_id: CaseId | None = None) -> None:
        row = rows.delivery_row(delivery) | {"case_id": case_id}
        if case_id is not None:
            cases.concern(self._cursor, case_id, delivery.party)
        if case_id is not None and turns.must_wait(self._cursor, case_id, delivery):
            row |= {"due_at": None, "turn": None}
        else:
            row["turn"] = next_turn(self._cursor, delivery.party, row["due_at"])
        self._insert("delivery", ", ".join(row), tuple(row.values()))
        kept = self._body_keys.keep(envelope, submission_id=delivery.submission_id, of=f"envelope {delivery.id}")
        self._insert("envelope", "delivery_id, raw", (delivery.id, kept))

    def move_delivery(
        self,
        delivery_id: DeliveryId,
        *,
        expected: DeliveryState,
        to: DeliveryState,
        at: datetime,
        problem: str | None,
        due_at: datetime | None = None,
        tried_since: datetime | None = None,
        watch_at: datetime | None = None,
        transport: EndpointKind | None = None,
    ) -> bool:
        handed_over_at = to_ms(at) if to is DeliveryState.HANDED_OVER else None
        due = maybe_ms(due_at)
        # Who has it in hand keeps it until the recipient's receipt is here: then nobody has any use of it.
        hands = "holder = NULL, lease_id = NULL, lease_until = NULL, " if is_final(to) else ""
        moved = self._connection.execute(
            f"UPDATE delivery SET state = ?, handed_over_at = coalesce(?, handed_over_at), {hands}"
            f"due_at = CASE WHEN {leases.FREE} THEN ? ELSE max(?, lease_until) END, last_problem = ?, tried_since = ?, "
            "watch_at = ?, transport = coalesce(?, transport) "
            "WHERE id = ? AND state = ? RETURNING seq, case_id, party, turn",
            (
                to,
                handed_over_at,
                *leases.moments(at),
                due,
                due,
                problem,
                maybe_ms(tried_since),
                maybe_ms(watch_at),
                transport,
                delivery_id,
                expected,
            ),
        ).fetchone()
        if moved is None:
            return False
        seq, case_id, party, turn = moved
        if turn is None:
            turns.lay_out(self._connection, seq, party, due)
        elif due is not None:
            rearm_lane(self._connection, party, due)
        if expected in UNDER_WAY and to not in UNDER_WAY:
            turns.make_way(self._connection, case_id, party, at=to_ms(at))
        return True

    def leave_in_mailbox(self, party: PartyId) -> None:
        self._connection.execute(
            f"UPDATE delivery SET transport = ?, due_at = NULL WHERE party = ? AND transport = ? AND {rows.NOT_FINAL}",
            (EndpointKind.MAILBOX, party, EndpointKind.PUSH),
        )

    def watch_soon(self, party: PartyId, *, at: datetime) -> None:
        self._connection.execute(
            "UPDATE delivery SET watch_at = ?1 WHERE party = ?2 AND watch_at > ?1", (to_ms(at), party)
        )

    def watch_again(self, delivery_id: DeliveryId, watch_at: datetime | None) -> None:
        self._connection.execute("UPDATE delivery SET watch_at = ? WHERE id = ?", (maybe_ms(watch_at), delivery_id))

    def hold_duty(self, duty: str, *, holder: str, now: datetime, until: datetime) -> bool:
        held = self._connection.execute(
            "INSERT INTO duty (name, holder, until) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE "
            "SET holder = excluded.holder, until = excluded.until "
            "WHERE duty.holder = excluded.holder OR duty.until <= ?4 OR duty.until > excluded.until RETURNING 1",
            (duty, holder, to_ms(until), to_ms(now)),
        ).fetchone()
        return held is not None

    def open_alert(self, alert: Alert) -> bool:
        opened = self._connection.execute(
            "INSERT INTO alert (kind, subject, opened_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1",
            (alert.kind, alert.subject, to_ms(alert.opened_at)),
        ).fetchone()
        return opened is not None

    def close_alerts(self, subject: str, *, at: datetime, kinds: Collection[str] | None = None) -> Sequence[Alert]:
        if self._row("SELECT 1 FROM alert WHERE subject = ? AND closed_at IS NULL", subject) is None:
            return []  # as nearly always; asking costs less than writing nothing
        these = "" if kinds is None else f"AND kind IN ({', '.join('?' * len(kinds))})"
        sql = f"UPDATE alert SET closed_at = ? WHERE subject = ? AND closed_at IS NULL {these} RETURNING {rows.ALERT}"
        return [rows.alert_of(row) for row in self._rows(sql, to_ms(at), subject, *(kinds or ()))]

    def add_print_job(self, delivery_id: DeliveryId, envelope: bytes) -> None:
        kept = self._body_keys.keep(envelope, submission_id=self._form_of(delivery_id), of=f"print-job {delivery_id}")
        self._insert("print_job", "delivery_id, raw", (delivery_id, kept))

    def add_paper_proof(self, proof: PaperProof) -> None:
        form = self._form_of(proof.delivery_id)
        kept = self._body_keys.keep(proof.sealed, submission_id=form, of=f"proof {proof.evidence_id}")
        values = (proof.evidence_id, proof.delivery_id, proof.digest, proof.media_type, kept)
        self._insert("paper_proof", rows.PAPER_PROOF, values)

    def add_postmark(self, mark: Postmark) -> None:
        postmarks.add(self._connection, mark)

    def _form_of(self, delivery_id: DeliveryId) -> SubmissionId:
        (submission_id,) = self._row("SELECT submission_id FROM delivery WHERE id = ?", delivery_id)
        return SubmissionId(submission_id)

    def erase(self, submission_id: SubmissionId) -> None:
        bodies.erase(self._connection, submission_id)
        self.has_erased = True

    def claim_due(self, *, now: datetime, holder: str, lease_s: float, limit: int) -> Sequence[Delivery]:
        until = now + timedelta(seconds=lease_s)
        claimed = claim_due(self._connection, now=to_ms(now), until=to_ms(until), holder=holder, limit=limit)
        return [rows.delivery_of(row) for row in claimed]

    def bring_forward(
        self, *, now: datetime, latest: datetime, leased_by: datetime, paused_by: datetime, watched_by: datetime
    ) -> None:
        bring_forward(
            self._connection,
            now=to_ms(now),
            latest=to_ms(latest),
            leased_by=to_ms(leased_by),
            paused_by=to_ms(paused_by),
            watched_by=to_ms(watched_by),
        )

    def settle_attempt(self, delivery: Delivery, *, at: datetime, due_at: datetime | None, outcome: str) -> bool:
        self._insert("attempt", "delivery_id, at, outcome", (delivery.id, to_ms(at), outcome))
        return settle(self._connection, delivery, at=to_ms(at), due_at=maybe_ms(due_at), outcome=outcome)

    def mark_lane(self, party: PartyId, *, failed: bool, threshold: int, paused_until: datetime) -> bool:
        return mark_lane(self._connection, party, failed=failed, threshold=threshold, paused_until=to_ms(paused_until))

    def reset_lane(self, party: PartyId) -> bool:
        return reset_lane(self._connection, party)

    def lease(self, delivery_id: DeliveryId, *, lease_id: str, now: datetime, until: datetime) -> bool:
        return leases.take(self._connection, delivery_id, lease_id=lease_id, now=now, until=until)

    def release(self, delivery_id: DeliveryId, *, lease_id: str, now: datetime) -> bool:
        return leases.release(self._connection, delivery_id, lease_id=lease_id, now=now)

    def add_evidence(self, evidence: Evidence) -> None:
        self._insert("evidence", rows.EVIDENCE, rows.evidence_row(evidence))
        self.enter(entry_of_evidence(evidence))

    def add_receipt(self, receipt: KeptReceipt) -> None:
        marks = ", ".join("?" * len(rows.receipt_row(receipt)))
        kept = self._row(
            f"INSERT INTO receipt ({rows.RECEIPT}) VALUES ({marks}) ON CONFLICT (delivery_id, digest) DO UPDATE SET "
            "id = excluded.id, received_at = excluded.received_at, outcome = excluded.outcome, "
            "evidence_id = excluded.evidence_id, sent_by = excluded.sent_by "
            "WHERE outcome <> excluded.outcome RETURNING 1",
            *rows.receipt_row(receipt),
        )
        if kept is not None:
            self.enter(entry_of_receipt(receipt))

    def enter(self, entry: Entry) -> int:
        return journal.enter(self._cursor, entry)

    def put_hosted_key(self, key: HostedKey, *, at: datetime) -> None:
        self._connection.execute(
            f"INSERT INTO hosted_key ({rows.HOSTED_KEY}) VALUES (?, ?, ?, ?, ?) ON CONFLICT (party) DO UPDATE SET "
            "certificate = excluded.certificate, wrapped = excluded.wrapped, wrapped_for = excluded.wrapped_for, "
            "made_at = excluded.made_at",
            rows.hosted_key_row(key),
        )
        self.enter(entry_of_hosted_key(key, at=at))

    def publish_key(self, key: PublishedKey) -> None:
        self._insert("published_key", rows.PUBLISHED_KEY, rows.published_key_row(key))
        self.enter(entry_of_key(key))

    def add_validation(self, submission_id: SubmissionId, record: ValidationRecord) -> None:
        self._insert("validation", "submission_id, record", (submission_id, record.raw))
        self.enter(entry_of_validation(submission_id, record))
        inquiries.keep_items(self._connection, record.items)
        inquiries.inquire(self._connection, self._body_keys, submission_id, record)

    def add_later_validation(self, of: str, record: ValidationRecord) -> None:
        inquiries.keep_later(self._connection, of, record)
        self.enter(entry_of_validation(of, record))
        if self.is_kept(SubmissionId(of)):  # a form that was erased gets no new key, nor is a certificate kept for it
            inquiries.inquire(self._connection, self._body_keys, SubmissionId(of), record)

    def ask_again(self, number: int, *, at: datetime) -> None:
        inquiries.ask_again(self._connection, number, at=at)

    def end_inquiry(self, number: int) -> None:
        self._connection.execute("DELETE FROM inquiry WHERE seq = ?", (number,))

    def add_batch(self, batch: Batch, *, after: int, grown: Sequence[tuple[int, int, bytes]]) -> bool:
        return journal.add_batch(self._connection, batch, after=after, grown=grown)

    def add_stamp(self, stamp: Stamp, *, renews: Sequence[int] = ()) -> int | None:
        return stamps.add(self._connection, stamp, renews=renews)

    def add_rehashing(self, stamp: Stamp, *, rehashes: Sequence[int], after: int) -> int:
        return stamps.add_rehashing(self._connection, stamp, rehashes=rehashes, after=after)

    def add_cosignature(self, cosignature: Cosignature) -> None:
        journal.add_cosignature(self._connection, cosignature)

    def add_terms(self, submission_id: SubmissionId, terms: Sequence[Term]) -> None:
        for term in terms:
            self._insert("term", f"submission_id, {rows.TERM}", (submission_id, *rows.term_row(term)))

    def start_term(self, submission_id: SubmissionId, term: Term) -> None:
        days = (term.day_zero, term.last_day, term.last_day_other_reading)
        self._connection.execute(
            "UPDATE term SET day_zero = ?, last_day = ?, last_day_other_reading = ? "
            "WHERE submission_id = ? AND id = ? AND day_zero IS NULL",
            (*(day and day.isoformat() for day in days), submission_id, term.id),
        )

    def file(self, submission_id: SubmissionId, *, links: Sequence[str], sealed_facts: bytes) -> CaseId:
        kept = self._body_keys.keep(sealed_facts, submission_id=submission_id, of=f"facts {submission_id}")
        digest = sha256(sealed_facts)
        return cases.file(self._connection, submission_id, links=links, sealed_facts=kept, digest=digest)
