"""What a copy must show: rows, sealed bytes, evidence and receipts that agree with each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from gateway.dossier import Copy, Dossier
from gateway.errors import Unreadable
from gateway.flaws import Flaw
from gateway.lifecycle import ENDED, TRANSITIONS, follow, is_final
from gateway.model import Delivery, DeliveryState, EndpointKind, Event, Evidence, EvidenceId, KeptReceipt
from gateway.proving.evidence import Said, is_opening, place_of
from gateway.proving.post import prove_post
from gateway.receipt import read_receipt
from gateway.receipts import FACTS
from signing import SigningError, TrustPolicy, sha256

BY_RECEIPT = frozenset(event for (_, fact), (_, event) in TRANSITIONS.items() if fact in FACTS.values())


def prove_copy(
    dossier: Dossier, copy: Copy, own: Said, *, watched_by: datetime, entered_later: int, trust: TrustPolicy
) -> Iterator[Flaw]:
    """Everything that is wrong with one copy. own: its evidence. trust: of recipients' receipts."""
    yield from _delivery(dossier, copy, watched_by)
    yield from _in_order(copy.delivery, [each for each, _ in own], dossier.entered, entered_later)
    yield from _moves(copy.delivery, [each for each, statement in own if not is_opening(each, statement)])
    yield from _bound(copy, own)
    yield from prove_post(copy, own)
    yield from _receipts(copy, own, trust)


def _delivery(dossier: Dossier, copy: Copy, watched_by: datetime) -> Iterator[Flaw]:
    delivery, place = copy.delivery, f"delivery {copy.delivery.id}"
    if copy.envelope is None:
        if dossier.kept:
            yield Flaw(code="envelope-missing", place=place)
    elif copy.envelope != (delivery.envelope_digest, delivery.size_bytes):
        yield Flaw(code="envelope-differs", place=place)
    if copy.is_print_damaged:
        yield Flaw(code="envelope-differs", place=place, detail="for the print station")
    submission = dossier.submission
    if (delivery.document_digest, delivery.kind) != (submission.digest, submission.kind):
        yield Flaw(code="delivery-document-differs", place=place)
    pushed = delivery.transport is EndpointKind.PUSH and delivery.turn is not None  # one that waits its turn is not due
    if delivery.state is DeliveryState.CONSIGNED and pushed and delivery.due_at is None:
        yield Flaw(code="delivery-without-time", place=place)
    if delivery.state not in ENDED and (delivery.watch_at is None or delivery.watch_at > watched_by):
        yield Flaw(code="delivery-unwatched", place=place)
    if is_final(delivery.state) and (delivery.due_at is not None or delivery.lease_until is not None):
        yield Flaw(code="settled-but-due", place=place)


def _moves(delivery: Delivery, own: Sequence[Evidence]) -> Iterator[Flaw]:
    """Replay the evidence of a delivery."""
    place = f"delivery {delivery.id}"
    if sum(evidence.event is Event.CONTENT_CONSIGNMENT for evidence in own) != 1:
        yield Flaw(code="state-without-evidence", place=place, detail=Event.CONTENT_CONSIGNMENT)
    reached, odd = follow(evidence.event for evidence in own)
    if odd is not None:
        yield Flaw(code="evidence-without-state", place=place, detail=odd)
        return
    if delivery.state in reached:
        return
    behind = delivery.state is DeliveryState.CONSIGNED or any(
        since is delivery.state and to in reached for (since, _), (to, _) in TRANSITIONS.items()
    )
    code = "evidence-without-state" if behind else "state-without-evidence"
    yield Flaw(code=code, place=place, detail=delivery.state)


def _in_order(
    delivery: Delivery, own: Sequence[Evidence], entered: Mapping[EvidenceId, int], entered_later: int
) -> Iterator[Flaw]:
    """The consignment of a copy comes before all else that is stated of it, and the journal has the same order.

    Not by the times stated: a clock may be set back, and what was stated later then has an earlier one. So of what was
    entered by its time, since it was there before the journal, the order among themselves tells nothing.
    """
    events = [each.event for each in own]
    if Event.CONTENT_CONSIGNMENT in events[1:]:
        yield Flaw(code="evidence-out-of-order", place=f"delivery {delivery.id}", detail=events[0])
    positions = [max(entered[each.id], entered_later) for each in own if each.id in entered]
    if positions != sorted(positions):
        yield Flaw(code="evidence-out-of-order", place=f"delivery {delivery.id}", detail="journal")


def _bound(copy: Copy, own: Said) -> Iterator[Flaw]:
    """Every piece of evidence of a delivery binds the same two byte strings, and speaks of its recipient."""
    delivery = copy.delivery
    if delivery.handed_over_at not in (None, *(evidence.at for evidence, _ in own)):
        yield Flaw(code="evidence-differs", place=f"delivery {delivery.id}", detail="time")
    for evidence, statement in own:
        if statement is None:
            continue
        if (statement.party, statement.role) not in ((None, None), (delivery.party, delivery.role)):
            yield Flaw(code="evidence-differs", place=place_of(evidence), detail="recipient")
        if (statement.kind, statement.route, statement.article) != (delivery.kind, delivery.route, delivery.article):
            yield Flaw(code="evidence-differs", place=place_of(evidence), detail="route")
        if (statement.copy, statement.of) not in ((None, None), (delivery.copy, delivery.of)):
            yield Flaw(code="evidence-differs", place=place_of(evidence), detail="copy")
        if evidence.event is Event.CONTENT_CONSIGNMENT and statement.at != delivery.consigned_at:
            yield Flaw(code="evidence-differs", place=place_of(evidence), detail="time")
        for name, shown, digest in (
            ("document", statement.document, delivery.document_digest),
            ("envelope", statement.envelope, delivery.envelope_digest),
        ):
            if shown is not None and not shown.is_of(digest):
                yield Flaw(code="evidence-for-other-bytes", place=place_of(evidence), detail=name)


def _receipts(copy: Copy, own: Said, trust: TrustPolicy) -> Iterator[Flaw]:
    """Receipts and the evidence that rests on them, both ways."""
    delivery, place = copy.delivery, f"delivery {copy.delivery.id}"
    kept = {receipt.id: receipt for receipt in copy.receipts}
    proofs = {evidence.id: (evidence, statement) for evidence, statement in own}
    for receipt in copy.receipts:
        if sha256(receipt.raw) != receipt.digest:
            yield Flaw(code="receipt-changed", place=f"receipt {receipt.id}")
        elif receipt.evidence_id is not None:
            if receipt.evidence_id not in proofs:
                yield Flaw(code="receipt-without-evidence", place=f"receipt {receipt.id}")
            code = _judged(receipt, delivery, trust)
            if code is not None:
                yield Flaw(code="receipt-invalid", place=f"receipt {receipt.id}", detail=code)
    for evidence, statement in own:
        if evidence.receipt_id is None:
            continue
        if evidence.receipt_id not in kept:
            yield Flaw(code="evidence-without-receipt", place=place_of(evidence), detail=evidence.receipt_id)
        elif statement is not None and statement.receipt_digest != kept[evidence.receipt_id].digest:
            yield Flaw(code="evidence-for-other-bytes", place=place_of(evidence), detail="receipt")
    for evidence, statement in own:
        if evidence.event in BY_RECEIPT and evidence.receipt_id is None and not is_opening(evidence, statement):
            yield Flaw(code="handover-without-receipt", place=place)


def _judged(receipt: KeptReceipt, delivery: Delivery, trust: TrustPolicy) -> str | None:
    """What is wrong with a receipt that moved a delivery."""
    try:
        read = read_receipt(receipt.raw, trust=trust, at=receipt.received_at)
    except (SigningError, Unreadable) as error:
        return str(error.code)
    if (read.delivery_id, read.submission_id) != (delivery.id, delivery.submission_id):
        return "receipt-for-another-delivery"
    if (read.envelope_digest, read.document_digest) != (delivery.envelope_digest, delivery.document_digest):
        return "receipt-for-other-bytes"
    return None if read.party == delivery.party else "receipt-by-a-stranger"
