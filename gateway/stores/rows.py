"""Rows of the tables to the nouns of the model and back: how a noun is laid out on disk is known here, or, for a table
that one module alone reads and writes, there (`cases`, `journal`, `postmarks`, `stamps`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Any

from cryptography import x509

from gateway.journal import EntryKind
from gateway.keyring import PublishedKey, Purpose
from gateway.lifecycle import ENDED, FINAL, NEEDS_A_PERSON, REACHED, WARNS_SENDER
from gateway.model import (
    Alert,
    Delivery,
    DeliveryId,
    DeliveryState,
    EndpointKind,
    Event,
    Evidence,
    EvidenceId,
    FurtherKey,
    HostedKey,
    KeptReceipt,
    PaperProof,
    PartyId,
    Submission,
    SubmissionId,
    SubmissionState,
    Term,
    ValidationItem,
)
from gateway.partyrecord import pem_of
from gateway.stores.engine import sqlite

Row = Sequence[Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

for closed_set in (SubmissionState, DeliveryState, EndpointKind, Event, EntryKind):
    sqlite.register_adapter(closed_set, str)  # see `engine`


def to_ms(at: datetime) -> int:
    """Milliseconds since 1970 UTC."""
    return (at - _EPOCH) // _MILLISECOND


def from_ms(ms: int) -> datetime:
    """The instant of `to_ms`."""
    return _EPOCH + ms * _MILLISECOND


def maybe_ms(at: datetime | None) -> int | None:
    """`to_ms`, of nothing nothing."""
    return None if at is None else to_ms(at)


def maybe_at(ms: int | None) -> datetime | None:
    """`from_ms`, of nothing nothing."""
    return None if ms is None else from_ms(ms)


def _maybe_date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


FURTHER_KEY = "sender, idempotency_key, submission_id, id, salt"


def further_key_row(key: FurtherKey) -> tuple[Any, ...]:
    return key.sender, key.idempotency_key, key.submission_id, key.id, key.salt


def further_key_of(row: Row) -> FurtherKey:
    return FurtherKey(
        sender=PartyId(row[0]),
        idempotency_key=row[1],
        submission_id=SubmissionId(row[2]),
        id=row[3],
        salt=bytes(row[4]),
    )


SUBMISSION = "id, sender, idempotency_key, digest, kind, document_id, state, accepted_at, acting_for, answer"


def submission_of(row: Row) -> Submission:
    """From the columns of SUBMISSION."""
    return Submission(
        id=SubmissionId(row[0]),
        sender=PartyId(row[1]),
        idempotency_key=row[2] or "",
        digest=row[3],
        kind=row[4],
        document_id=row[5] or "",
        state=SubmissionState(row[6]),
        accepted_at=from_ms(row[7]),
        acting_for=row[8] and PartyId(row[8]),
        answer=bytes(row[9]),
    )


def submission_row(submission: Submission) -> Row:
    """To the columns of SUBMISSION."""
    return (
        submission.id,
        submission.sender,
        submission.idempotency_key or None,
        submission.digest,
        submission.kind,
        submission.document_id or None,
        submission.state,
        to_ms(submission.accepted_at),
        submission.acting_for,
        submission.answer,
    )


_DELIVERY_COLUMNS = tuple(field.name for field in fields(Delivery) if field.name != "position")
_DELIVERY_FIELDS = (*_DELIVERY_COLUMNS, "position")
DELIVERY = ", ".join((*_DELIVERY_COLUMNS, "seq"))
_DELIVERIES_OF = f"SELECT {DELIVERY} FROM delivery WHERE submission_id = ? ORDER BY seq"
_values_of = attrgetter(*_DELIVERY_COLUMNS)
_INSTANTS = ("handed_over_at", "due_at", "lease_until", "tried_since", "lawful_until", "paper_by", "watch_at")


def _listed(states: Iterable[DeliveryState]) -> str:
    return ", ".join(f"'{state}'" for state in sorted(states))


NOT_FINAL = f"state NOT IN ({_listed(FINAL)})"
"""Without the recipient's receipt, as a condition; the index of mailboxes is over the same words."""

NOT_ENDED = f"state NOT IN ({_listed(ENDED)})"
"""Something is still to be done, as a condition."""

NOT_REACHED = f"state NOT IN ({_listed(REACHED)})"
"""Neither the recipient nor the post proves that it has it, as a condition."""

WARNING = ", ".join(f"'{event}'" for event in sorted(WARNS_SENDER))
"""The events of which the sender is warned, as a list."""

IN_HAND = f"state IN ({_listed({*NEEDS_A_PERSON, DeliveryState.PAPER_DEPOSITED})})"
"""In the hands of people, as a condition; the index of the operator's queue is over the same words."""


def delivery_of(row: Row) -> Delivery:
    """From the columns of DELIVERY."""
    values = dict(zip(_DELIVERY_FIELDS, row, strict=True))
    values["state"] = DeliveryState(values["state"])
    values["transport"] = EndpointKind(values["transport"])
    values["consigned_at"] = from_ms(values["consigned_at"])
    for name in _INSTANTS:
        if values[name] is not None:
            values[name] = from_ms(values[name])
    return Delivery(**values)


def deliveries_of(connection: sqlite.Connection, submission_id: str) -> list[Delivery]:
    """All copies of a submission, in their order."""
    return [delivery_of(row) for row in connection.execute(_DELIVERIES_OF, (submission_id,))]


def delivery_row(delivery: Delivery) -> dict[str, Any]:
    """Column name -> value, for insertion."""
    values = zip(_DELIVERY_COLUMNS, _values_of(delivery), strict=True)
    return {name: to_ms(value) if isinstance(value, datetime) else value for name, value in values}


EVIDENCE = "id, event, at, submission_id, delivery_id, receipt_id, raw"


def evidence_of(row: Row) -> Evidence:
    """From the columns of EVIDENCE."""
    return Evidence(
        id=EvidenceId(row[0]),
        event=Event(row[1]),
        at=from_ms(row[2]),
        submission_id=SubmissionId(row[3]),
        delivery_id=row[4] and DeliveryId(row[4]),
        receipt_id=row[5],
        raw=bytes(row[6]),
    )


def evidence_row(evidence: Evidence) -> Row:
    """To the columns of EVIDENCE."""
    return (
        evidence.id,
        evidence.event,
        to_ms(evidence.at),
        evidence.submission_id,
        evidence.delivery_id,
        evidence.receipt_id,
        evidence.raw,
    )


RECEIPT = "id, delivery_id, digest, received_at, outcome, evidence_id, raw, sent_by"


def receipt_of(row: Row) -> KeptReceipt:
    """From the columns of RECEIPT."""
    return KeptReceipt(
        id=row[0],
        delivery_id=DeliveryId(row[1]),
        digest=row[2],
        received_at=from_ms(row[3]),
        outcome=row[4],
        evidence_id=row[5] and EvidenceId(row[5]),
        raw=bytes(row[6]),
        sent_by=row[7] and PartyId(row[7]),
    )


def receipt_row(receipt: KeptReceipt) -> Row:
    """To the columns of RECEIPT."""
    return (
        receipt.id,
        receipt.delivery_id,
        receipt.digest,
        to_ms(receipt.received_at),
        receipt.outcome,
        receipt.evidence_id,
        receipt.raw,
        receipt.sent_by,
    )


ALERT = "kind, subject, opened_at, closed_at, seq"


def alert_of(row: Row) -> Alert:
    """From the columns of ALERT."""
    return Alert(kind=row[0], subject=row[1], opened_at=from_ms(row[2]), closed_at=maybe_at(row[3]), position=row[4])


PAPER_PROOF = "evidence_id, delivery_id, digest, media_type, sealed"


def paper_proof_of(row: Row) -> PaperProof:
    """From the columns of PAPER_PROOF."""
    return PaperProof(
        evidence_id=EvidenceId(row[0]),
        delivery_id=DeliveryId(row[1]),
        digest=row[2],
        media_type=row[3],
        sealed=bytes(row[4]),
    )


def item_of(row: Row) -> ValidationItem:
    """From the columns kind, digest, raw."""
    return ValidationItem(kind=row[0], digest=row[1], raw=bytes(row[2]))


TERM = "id, article, act, length, unit, starts_on, day_zero, last_day, last_day_other_reading, verdict, law"
_TERMS_OF = f"SELECT {TERM} FROM term WHERE submission_id = ? ORDER BY seq"


def term_of(row: Row) -> Term:
    """From the columns of TERM."""
    law = json.loads(row[10])
    return Term(
        id=row[0],
        article=row[1],
        act=json.loads(row[2]),
        length=row[3],
        unit=row[4],
        starts_on=row[5],
        day_zero=_maybe_date(row[6]),
        last_day=_maybe_date(row[7]),
        last_day_other_reading=_maybe_date(row[8]),
        verdict=row[9],
        bound=law["bound"],
        binds=law["binds"],
        done_by=tuple(law["doneBy"]),
        reason=law["reason"],
        law=law.get("act", ""),
    )


def terms_of(connection: sqlite.Connection, submission_id: str) -> list[Term]:
    """All terms of a submission, in their order."""
    return [term_of(row) for row in connection.execute(_TERMS_OF, (submission_id,))]


def term_row(term: Term) -> Row:
    """To the columns of TERM."""
    days = (term.day_zero, term.last_day, term.last_day_other_reading)
    act, law = _words_of(
        tuple(term.act.items()), term.bound, term.binds, term.done_by, tuple(term.reason.items()), term.law
    )
    return (
        term.id,
        term.article,
        act,
        term.length,
        term.unit,
        term.starts_on,
        *(day and day.isoformat() for day in days),
        term.verdict,
        law,
    )


@lru_cache(maxsize=256)
def _words_of(
    act: tuple[tuple[str, str], ...],
    bound: str,
    binds: str,
    done_by: tuple[str, ...],
    reason: tuple[tuple[str, str], ...],
    law: str,
) -> tuple[str, str]:
    """What the law says of a term, as it is stored; the same for each form that has the term."""
    told = {"bound": bound, "binds": binds, "doneBy": done_by, "reason": dict(reason), "act": law}
    return json.dumps(dict(act), ensure_ascii=False), json.dumps(told, ensure_ascii=False)


HOSTED_KEY = "party, certificate, wrapped, wrapped_for, made_at"


def hosted_key_row(key: HostedKey) -> tuple[Any, ...]:
    return key.party, pem_of(key.certificate), key.wrapped, key.wrapped_for, to_ms(key.made_at)


def hosted_key_of(row: Row) -> HostedKey:
    """From the columns of HOSTED_KEY. Raises ValueError for a row that the gateway never wrote."""
    certificate = x509.load_pem_x509_certificate(row[1].encode())
    if pem_of(certificate) != row[1]:
        raise ValueError("a certificate is kept as it is written")
    return HostedKey(
        party=PartyId(row[0]),
        certificate=certificate,
        wrapped=bytes(row[2]),
        wrapped_for=row[3],
        made_at=from_ms(row[4]),
    )


PUBLISHED_KEY = "purpose, fingerprint, since, published_at, material"


def published_key_row(key: PublishedKey) -> tuple[Any, ...]:
    return key.purpose, key.fingerprint, to_ms(key.since), to_ms(key.published_at), key.material


def published_key_of(row: Row) -> PublishedKey:
    return PublishedKey(
        purpose=Purpose(row[0]),
        fingerprint=row[1],
        since=from_ms(row[2]),
        published_at=from_ms(row[3]),
        material=row[4],
    )
