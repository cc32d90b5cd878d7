"""The one place where a delivery moves: compare and set, evidence, alerts and the end of its submission, in one
transaction.

Whoever has a fact (a receipt, an endpoint, an operator, the watch, the print station) signs the evidence beforehand and
takes the step here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.errors import Conflict
from gateway.lifecycle import ENDED, NEEDS_A_PERSON, REMARKS, TOLD, Fact, advance, advance_submission, outcome_of
from gateway.model import Alert, Delivery, DeliveryState, EndpointKind, Event, Evidence, SubmissionId
from gateway.ports import Reading, Store, Transaction

log = logging.getLogger("sealpost.alerts")

ENDPOINT_DOWN, PAPER_DUE, RECEIPT_ODD = "endpoint-down", "paper-due", "receipt-odd"
POST_SILENT, STATION_MISSING, COUNTRY_GONE = "post-silent", "print-station-missing", "country-gone"
"""Alerts beside those that are called like a remark (`sender-warned`, `deadline-missed`) or a state that needs a person
(`delivery-suspended`)."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step that was taken. began, ended: alerts."""

    state: DeliveryState
    began: tuple[Alert, ...] = ()
    ended: tuple[Alert, ...] = ()


def take(
    unit: Transaction,
    delivery: Delivery,
    fact: Fact,
    *,
    proof: Evidence,
    problem: str | None = None,
    due_at: datetime | None = None,
    tried_since: datetime | None = None,
    watch_at: datetime | None = None,
    transport: EndpointKind | None = None,
) -> Step:
    """Move `delivery` (as this transaction read it) by `fact`.

    proof: the signed evidence of the event that the table asks for. due_at: when it is pushed next, where the step has
    it tried again, by `transport`. watch_at: when the watch looks at it next; only what is ended needs none (I6).
    Raises Conflict("transition-not-allowed").
    """
    state, event = advance(delivery.state, fact)
    if proof.event is not event or proof.delivery_id != delivery.id:
        raise ValueError("a step needs its own evidence")
    if watch_at is None and state not in ENDED:
        raise ValueError("a delivery that is not ended needs a next look")
    unit.add_evidence(proof)
    if fact in REMARKS:
        unit.watch_again(delivery.id, watch_at)
        began = opened_alert(unit, fact.value, delivery.id, at=proof.at) if fact in TOLD else ()
        return Step(state=state, began=began)
    moved = unit.move_delivery(
        delivery.id,
        expected=delivery.state,
        to=state,
        at=proof.at,
        problem=problem,
        due_at=due_at,
        tried_since=tried_since or delivery.tried_since,
        watch_at=watch_at,
        transport=transport,
    )
    if not moved:
        raise Conflict("transition-not-allowed", f"somebody was faster than {fact}", state=delivery.state)
    outlived = None if state in ENDED else tuple(_outlived(delivery.state, fact))
    ended = tuple(unit.close_alerts(delivery.id, at=proof.at, kinds=outlived))
    began = opened_alert(unit, f"delivery-{state}", delivery.id, at=proof.at) if state in NEEDS_A_PERSON else ()
    if state in ENDED:
        _close_submission(unit, delivery.submission_id)
    return Step(state=state, began=began, ended=ended)


def tell(began: Iterable[Alert], ended: Iterable[Alert]) -> None:
    """Log alerts, once at the start and once at the end; to be called after the commit."""
    for alert in began:
        log.warning("%s %s", alert.kind, alert.subject)
    for alert in ended:
        log.warning("%s %s is over", alert.kind, alert.subject)


def opened_alert(unit: Transaction, kind: str, subject: str, *, at: datetime) -> tuple[Alert, ...]:
    """The alert, if it begins now; it is told after the commit."""
    alert = Alert(kind=kind, subject=subject, opened_at=at)
    return (alert,) if unit.open_alert(alert) else ()


def begin_alert(store: Store, kind: str, subject: str, *, at: datetime) -> None:
    """Begin an alert with which nothing else is stored, and tell it; nothing when it has begun. Raises
    StoreUnavailable."""
    tell(store.write(lambda unit: opened_alert(unit, kind, subject, at=at)), ())


def end_alerts(store: Store, subject: str, *, at: datetime, kinds: Sequence[str] | None = None) -> None:
    """End the alerts of a subject, of these kinds if any are named, and tell it. Raises StoreUnavailable."""
    tell((), store.write(lambda unit: unit.close_alerts(subject, at=at, kinds=kinds)))


def evidence_on(view: Reading, delivery: Delivery) -> list[Evidence]:
    """What is stated of one copy, oldest first."""
    return [each for each in view.evidence_of(delivery.submission_id) if each.delivery_id == delivery.id]


def _outlived(before: DeliveryState, fact: Fact) -> Iterator[str]:
    """The alerts of a copy that end when it moves and is not ended; what its sender was told of goes on."""
    yield f"delivery-{before}"
    yield POST_SILENT
    _, event = advance(before, fact)
    if event in (Event.OPERATOR_ACT, Event.PAPER_ORDERED):  # it was decided what becomes of it
        yield PAPER_DUE
        yield RECEIPT_ODD


def _close_submission(unit: Transaction, submission_id: SubmissionId) -> None:
    """Close the submission when this was the last of its copies; one closed with exceptions may yet come right."""
    fact = outcome_of(unit.states_of(submission_id))
    submission = None if fact is None else unit.submission(submission_id)
    if fact is None or submission is None:
        return
    try:
        state, _ = advance_submission(submission.state, fact)
    except Conflict:
        return  # it is closed as it should be
    unit.move_submission(submission_id, expected=submission.state, to=state)
