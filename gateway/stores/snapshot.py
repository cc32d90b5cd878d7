"""What can be read of the SQLite store, at one moment: `Reading` in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from gateway.filing import OnFile
from gateway.journal import Batch, Cosignature, Entry, EntryKind, Stamp
from gateway.keyring import PublishedKey
from gateway.model import (
    Alert,
    CaseId,
    Delivery,
    DeliveryId,
    DeliveryState,
    Evidence,
    EvidenceId,
    Filed,
    FurtherKey,
    HostedKey,
    Inquiry,
    KeptReceipt,
    PaperProof,
    Party,
    PartyId,
    Postmark,
    Role,
    Submission,
    SubmissionId,
    Term,
    Try,
    ValidationRecord,
)
from gateway.partyrecord import party_of
from gateway.ports import LooseEnd
from gateway.stores import bodies, cases, inquiries, journal, leases, postmarks, rows, soundness, stamps
from gateway.stores.engine import sqlite
from gateway.stores.known_parties import Answers, KnownParties
from gateway.stores.rows import to_ms
from gateway.stores.schema import NEVER

_BY_KEY = f"""
SELECT {rows.SUBMISSION} FROM submission WHERE sender = ?1 AND idempotency_key = ?2 AND state <> 'rejected'
UNION ALL SELECT {rows.SUBMISSION} FROM submission
WHERE id = (SELECT submission_id FROM further_key WHERE sender = ?1 AND idempotency_key = ?2) AND sender = ?1
"""


class Snapshot:
    """`Reading` over one open transaction. parties: as they are known; of a transaction that writes nothing."""

    def __init__(self, connection: sqlite.Connection, parties: KnownParties | None = None) -> None:
        self._connection = connection
        self._known = parties
        self._answers: Answers | None = None

    def _rows(self, sql: str, *values: Any) -> list[Any]:
        return list(self._connection.execute(sql, values).fetchall())

    def _row(self, sql: str, *values: Any) -> Any:
        return self._connection.execute(sql, values).fetchone()

    def _parties(self, sql: str, *values: str) -> tuple[Party, ...]:
        if self._known is None:
            return tuple(party_of(record) for (record,) in self._rows(sql, *values))
        if self._answers is None:
            self._answers = self._known.answers(self._connection)
        asked = (sql, *values)
        found = self._answers.get(asked)
        if found is None:
            found = self._answers[asked] = tuple(party_of(record) for (record,) in self._rows(sql, *values))
        return found

    # parties

    def party(self, party_id: PartyId) -> Party | None:
        return next(iter(self._parties("SELECT record FROM party WHERE id = ?", party_id)), None)

    def parties(self) -> Sequence[Party]:
        return [party_of(row[0]) for row in self._rows("SELECT record FROM party ORDER BY id")]

    def differing_parties(self) -> Sequence[LooseEnd]:
        return soundness.differing_parties(self._connection)

    def parties_by_identifier(self, scheme: str, key: str) -> Sequence[Party]:
        sql = (
            "SELECT record FROM party_identifier JOIN party ON party.id = party "
            "WHERE scheme = ? AND key = ? ORDER BY party.id"
        )
        return list(self._parties(sql, scheme, key))

    def parties_by_role(self, role: Role) -> Sequence[Party]:
        sql = "SELECT record FROM party_role JOIN party ON party.id = party WHERE role = ? ORDER BY party.id"
        return list(self._parties(sql, role))

    def party_by_certificate(self, fingerprint: str) -> Party | None:
        sql = "SELECT record FROM party_certificate JOIN party ON party.id = party WHERE fingerprint = ?"
        return next(iter(self._parties(sql, fingerprint)), None)

    def party_by_token(self, token_hash: str) -> Party | None:
        row = self._row("SELECT record FROM token JOIN party ON party.id = party WHERE hash = ?", token_hash)
        return row and party_of(row[0])

    # submissions and deliveries

    def submission(self, submission_id: SubmissionId) -> Submission | None:
        row = self._row(f"SELECT {rows.SUBMISSION} FROM submission WHERE id = ?", submission_id)
        return row and rows.submission_of(row)

    def submission_by_key(self, sender: PartyId, idempotency_key: str) -> Submission | None:
        row = self._row(_BY_KEY, sender, idempotency_key)
        return row and rows.submission_of(row)

    def further_key(self, sender: PartyId, key_id: str) -> FurtherKey | None:
        row = self._row(f"SELECT {rows.FURTHER_KEY} FROM further_key WHERE sender = ? AND id = ?", sender, key_id)
        return row and rows.further_key_of(row)

    def submission_by_document(self, document_id: str) -> Submission | None:
        sql = f"SELECT {rows.SUBMISSION} FROM submission WHERE document_id = ? AND state <> 'rejected'"
        row = self._row(sql, document_id)
        return row and rows.submission_of(row)

    def submissions_of(self, sender: PartyId, *, after: int, limit: int) -> Sequence[tuple[int, Submission]]:
        sql = f"SELECT seq, {rows.SUBMISSION} FROM submission WHERE sender = ? AND seq > ? ORDER BY seq LIMIT ?"
        return [(row[0], rows.submission_of(row[1:])) for row in self._rows(sql, sender, after, limit)]

    def delivery(self, delivery_id: DeliveryId) -> Delivery | None:
        row = self._row(f"SELECT {rows.DELIVERY} FROM delivery WHERE id = ?", delivery_id)
        return row and rows.delivery_of(row)

    def deliveries_of(self, submission_id: SubmissionId) -> Sequence[Delivery]:
        return rows.deliveries_of(self._connection, submission_id)

    def states_of(self, submission_id: SubmissionId) -> Sequence[DeliveryState]:
        sql = "SELECT state FROM delivery WHERE submission_id = ?"
        return [DeliveryState(row[0]) for row in self._rows(sql, submission_id)]

    def mailbox(self, party: PartyId, *, after: int, limit: int, free_at: datetime | None = None) -> Sequence[Delivery]:
        free = ""
        moment: tuple[int, ...] = ()
        if free_at is not None:
            free = f"AND {leases.FREE}"
            moment = leases.moments(free_at)
        sql = (
            f"SELECT {rows.DELIVERY} FROM delivery WHERE party = ? AND turn > ? "
            f"AND {rows.NOT_FINAL} {free} ORDER BY turn LIMIT ?"
        )
        return [rows.delivery_of(row) for row in self._rows(sql, party, after, *moment, limit)]

    def kinds_waiting(self, party: PartyId) -> frozenset[str]:
        sql = f"SELECT DISTINCT kind FROM delivery WHERE party = ? AND {rows.NOT_FINAL}"
        return frozenset(row[0] for row in self._rows(sql, party))

    def envelope(self, delivery_id: DeliveryId) -> bytes:
        return bodies.envelope(self._connection, delivery_id)

    def tries_of(self, delivery_id: DeliveryId) -> Sequence[Try]:
        sql = "SELECT at, outcome FROM attempt WHERE delivery_id = ? ORDER BY seq"
        return [Try(at=rows.from_ms(at), code=code) for at, code in self._rows(sql, delivery_id)]

    def is_kept(self, submission_id: SubmissionId) -> bool:
        return bodies.are_kept(self._connection, submission_id)

    def erasable(self, *, before: datetime, after: int, limit: int) -> Sequence[tuple[int, Submission]]:
        return bodies.erasable(self._connection, before=before, after=after, limit=limit)

    def watch_due(self, *, now: datetime, limit: int) -> Sequence[Delivery]:
        sql = f"SELECT {rows.DELIVERY} FROM delivery WHERE watch_at <= ? ORDER BY watch_at LIMIT ?"
        return [rows.delivery_of(row) for row in self._rows(sql, to_ms(now), limit)]

    def in_hand(self, states: Sequence[DeliveryState], *, after: tuple[int, int], limit: int) -> Sequence[Delivery]:
        marks = ", ".join("?" * len(states))
        sql = (
            f"SELECT {rows.DELIVERY} FROM delivery WHERE {rows.IN_HAND} AND state IN ({marks}) "
            f"AND (coalesce(lawful_until, {NEVER}), seq) > (?, ?) "
            f"ORDER BY coalesce(lawful_until, {NEVER}), seq LIMIT ?"
        )
        return [rows.delivery_of(row) for row in self._rows(sql, *states, *after, limit)]

    def print_job(self, delivery_id: DeliveryId) -> bytes | None:
        return bodies.print_job(self._connection, delivery_id)

    def warned(self, submissions: Sequence[SubmissionId]) -> Collection[SubmissionId]:
        marks = ", ".join("?" * len(submissions))
        sql = (
            f"SELECT DISTINCT submission_id FROM delivery WHERE submission_id IN ({marks}) AND {rows.NOT_REACHED} AND "
            "(state = 'closed' OR EXISTS (SELECT 1 FROM evidence WHERE evidence.delivery_id = delivery.id "
            f"AND evidence.submission_id = delivery.submission_id AND event IN ({rows.WARNING})))"
        )
        return {SubmissionId(row[0]) for row in self._rows(sql, *submissions)}

    def open_alerts(self, subject: str) -> Sequence[Alert]:
        sql = f"SELECT {rows.ALERT} FROM alert WHERE subject = ? AND closed_at IS NULL ORDER BY seq"
        return [rows.alert_of(row) for row in self._rows(sql, subject)]

    def alerts(self, *, open_only: bool, after: int, limit: int) -> Sequence[Alert]:
        wanted = "AND closed_at IS NULL" if open_only else ""
        sql = f"SELECT {rows.ALERT} FROM alert WHERE seq > ? {wanted} ORDER BY seq LIMIT ?"
        return [rows.alert_of(row) for row in self._rows(sql, after, limit)]

    # proof

    def paper_proof(self, evidence_id: EvidenceId) -> PaperProof | None:
        return bodies.paper_proof(self._connection, evidence_id)

    def postmarks(self, delivery_id: DeliveryId) -> Sequence[Postmark]:
        return postmarks.of_delivery(self._connection, delivery_id)

    def letters(self, number: str) -> Sequence[Postmark]:
        return postmarks.numbered(self._connection, number)

    def evidence(self, evidence_id: EvidenceId) -> Evidence | None:
        row = self._row(f"SELECT {rows.EVIDENCE} FROM evidence WHERE id = ?", evidence_id)
        return row and rows.evidence_of(row)

    def evidence_of(self, submission_id: SubmissionId) -> Sequence[Evidence]:
        sql = f"SELECT {rows.EVIDENCE} FROM evidence WHERE submission_id = ? ORDER BY seq"
        return [rows.evidence_of(row) for row in self._rows(sql, submission_id)]

    def newest_evidence_at(self) -> datetime | None:
        row = self._row("SELECT at FROM evidence ORDER BY id DESC LIMIT 1")
        return row and rows.from_ms(row[0])

    def receipt(self, receipt_id: str) -> KeptReceipt | None:
        row = self._row(f"SELECT {rows.RECEIPT} FROM receipt WHERE id = ?", receipt_id)
        return row and rows.receipt_of(row)

    def receipt_by_digest(self, delivery_id: DeliveryId, digest: str) -> KeptReceipt | None:
        row = self._row(f"SELECT {rows.RECEIPT} FROM receipt WHERE delivery_id = ? AND digest = ?", delivery_id, digest)
        return row and rows.receipt_of(row)

    def evidence_of_receipt(self, delivery_id: DeliveryId, *, outcome: str) -> EvidenceId | None:
        sql = "SELECT evidence_id FROM receipt WHERE delivery_id = ? AND outcome = ? AND evidence_id IS NOT NULL"
        row = self._row(sql, delivery_id, outcome)
        return row and EvidenceId(row[0])

    def receipts_of(self, delivery_id: DeliveryId) -> Sequence[KeptReceipt]:
        sql = f"SELECT {rows.RECEIPT} FROM receipt WHERE delivery_id = ? ORDER BY seq"
        return [rows.receipt_of(row) for row in self._rows(sql, delivery_id)]

    def receipts_without_effect(self, *, after: int, limit: int) -> Sequence[tuple[int, KeptReceipt]]:
        sql = f"SELECT seq, {rows.RECEIPT} FROM receipt WHERE evidence_id IS NULL AND seq > ? ORDER BY seq LIMIT ?"
        return [(row[0], rows.receipt_of(row[1:])) for row in self._rows(sql, after, limit)]

    def validation_of(self, submission_id: SubmissionId) -> ValidationRecord | None:
        row = self._row("SELECT record FROM validation WHERE submission_id = ?", submission_id)
        return row and inquiries.record_of(self._connection, row[0])

    def later_validation(self, record_id: str) -> ValidationRecord | None:
        return inquiries.later(self._connection, record_id)

    def later_validations(self, of: SubmissionId) -> Sequence[ValidationRecord]:
        return inquiries.later_of(self._connection, of)

    def newest_validations(self, about: str, *, limit: int) -> Sequence[ValidationRecord]:
        return inquiries.newest(self._connection, about, limit=limit)

    def inquiries_due(self, *, now: datetime, limit: int) -> Sequence[Inquiry]:
        return inquiries.due(self._connection, now=now, limit=limit)

    def open_inquiries(self) -> tuple[int, datetime | None]:
        return inquiries.waiting(self._connection)

    def terms_of(self, submission_id: SubmissionId) -> Sequence[Term]:
        return rows.terms_of(self._connection, submission_id)

    def terms_started_by(self, submission_id: SubmissionId, what: str) -> Sequence[Term]:
        sql = (
            f"SELECT {rows.TERM} FROM term WHERE submission_id = ? AND starts_on = ? AND day_zero IS NULL ORDER BY seq"
        )
        return [rows.term_of(row) for row in self._rows(sql, submission_id, what)]

    def kept_count(self, sender: PartyId, day: date) -> int:
        row = self._row("SELECT count FROM kept_of_sender WHERE sender = ? AND day = ?", sender, day.isoformat())
        return 0 if row is None else int(row[0])

    def hosted_key(self, party: PartyId) -> HostedKey | None:
        row = self._row(f"SELECT {rows.HOSTED_KEY} FROM hosted_key WHERE party = ?", party)
        return row and rows.hosted_key_of(row)

    def hosted_keys(self) -> Sequence[HostedKey]:
        return [rows.hosted_key_of(row) for row in self._rows(f"SELECT {rows.HOSTED_KEY} FROM hosted_key")]

    def published_keys(self) -> Sequence[PublishedKey]:
        sql = f"SELECT {rows.PUBLISHED_KEY} FROM published_key ORDER BY seq"
        return [rows.published_key_of(row) for row in self._rows(sql)]

    # the journal

    def journal_size(self) -> int:
        return journal.size(self._connection)

    def entered_later(self) -> int:
        return journal.entered_later(self._connection)

    def journal_entries(self, *, first: int, limit: int) -> Sequence[Entry]:
        return journal.entries(self._connection, first=first, limit=limit)

    def journal_entry(self, kind: EntryKind, thing: str) -> Entry | None:
        return journal.entry(self._connection, kind, thing)

    def own_names(self) -> Sequence[str]:
        return [name for (name,) in self._rows("SELECT id FROM journal WHERE kind = 'name'")]

    def journal_nodes(self, places: Sequence[tuple[int, int]]) -> Sequence[bytes]:
        return journal.nodes(self._connection, places)

    def nodes_of_level(self, level: int, *, first: int, limit: int) -> Mapping[int, bytes]:
        return journal.nodes_of_level(self._connection, level, first=first, limit=limit)

    def node_count(self) -> int:
        return journal.node_count(self._connection)

    def newest_batch(self) -> Batch | None:
        return journal.newest_batch(self._connection)

    def batches(self, *, after: int, limit: int) -> Sequence[Batch]:
        return journal.batches(self._connection, after=after, limit=limit)

    def stamped_size(self) -> int:
        return stamps.covered_size(self._connection)

    def stamp_over(self, position: int) -> Stamp | None:
        return stamps.over(self._connection, position)

    def stamp(self, number: int) -> Stamp | None:
        return stamps.numbered(self._connection, number)

    def stamps(self, *, after: int, limit: int) -> Sequence[Stamp]:
        return stamps.after(self._connection, after=after, limit=limit)

    def stamps_renewed_by(self, number: int) -> Sequence[Stamp]:
        return stamps.renewed_by(self._connection, number)

    def stamps_to_renew(self, *, after: datetime, before: datetime, limit: int) -> Sequence[Stamp]:
        return stamps.to_renew(self._connection, after=to_ms(after), before=to_ms(before), limit=limit)

    def stamps_rehashed_by(self, number: int) -> Sequence[Stamp]:
        return stamps.rehashed_by(self._connection, number)

    def stamps_to_rehash(self, *, digests: Sequence[str], limit: int) -> Sequence[Stamp]:
        return stamps.to_rehash(self._connection, digests=digests, limit=limit)

    def newest_stamp(self) -> int:
        return stamps.newest(self._connection)

    def first_stamp_end(self) -> datetime | None:
        return rows.maybe_at(stamps.first_end(self._connection))

    def cosignatures(self, size: int) -> Sequence[Cosignature]:
        return journal.cosignatures(self._connection, size)

    def cosigned_size(self, witness: str) -> int:
        return journal.cosigned_size(self._connection, witness)

    def cosigned_after(self, position: int) -> int | None:
        return journal.cosigned_after(self._connection, position)

    # cases

    def filed_under(
        self, links: Sequence[str], *, named: Sequence[str] = (), own: str | None = None
    ) -> Sequence[Filed]:
        return cases.filed_under(self._connection, links, named, own)

    def case(self, case_id: CaseId, *, party: PartyId | None = None) -> Sequence[Filed]:
        return cases.case(self._connection, case_id, party)

    def cases_of(self, party: PartyId, *, after: int, limit: int) -> Sequence[tuple[int, CaseId]]:
        return cases.cases_of(self._connection, party, after=after, limit=limit)

    # the store as a whole

    def submission_ids(self, *, after: int, limit: int) -> Sequence[tuple[int, SubmissionId]]:
        return soundness.submission_ids(self._connection, after=after, limit=limit)

    def case_of(self, submission_id: SubmissionId) -> tuple[CaseId, Sequence[PartyId]] | None:
        return soundness.case_of(self._connection, submission_id)

    def on_file(self, submission_id: SubmissionId) -> OnFile | None:
        return cases.on_file(self._connection, submission_id)

    def loose_ends(self, *, now: datetime) -> Sequence[LooseEnd]:
        return soundness.loose_ends(self._connection, now=to_ms(now))

    def damage(self) -> Sequence[str]:
        return soundness.damage(self._connection)
