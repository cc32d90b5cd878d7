"""The tables of states of submissions and deliveries, what moves them, and when to try again or stop.

States only move forward, with three exceptions that each have evidence of their own: an operator has a copy tried again
or left in the mailbox, or paper did not work out. A late positive fact (the recipient's own valid receipt, a slip of
the post) is always accepted, also after paper, and never erases earlier evidence. Every move is made by `steps.take`,
in the transaction that also writes its evidence.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.errors import Conflict
from gateway.model import Delivery, DeliveryState, Event, SubmissionState


class SubmissionFact(StrEnum):
    """What can happen to a submission."""

    FOUND_ACCEPTABLE = "found-acceptable"
    FOUND_WANTING = "found-wanting"
    ALL_REACHED = "all-reached"
    ALL_ENDED = "all-ended"


_B = SubmissionState
SUBMISSION_TRANSITIONS: dict[tuple[SubmissionState, SubmissionFact], tuple[SubmissionState, Event | None]] = {
    (_B.RECEIVED, SubmissionFact.FOUND_ACCEPTABLE): (_B.ACCEPTED, Event.SUBMISSION_ACCEPTANCE),
    (_B.RECEIVED, SubmissionFact.FOUND_WANTING): (_B.REJECTED, Event.SUBMISSION_REJECTION),
    # Closing says nothing that the evidence of the last copy does not say: it is written in that transaction.
    (_B.ACCEPTED, SubmissionFact.ALL_REACHED): (_B.CLOSED, None),
    (_B.ACCEPTED, SubmissionFact.ALL_ENDED): (_B.CLOSED_WITH_EXCEPTIONS, None),
    (_B.CLOSED_WITH_EXCEPTIONS, SubmissionFact.ALL_REACHED): (_B.CLOSED, None),  # a receipt came after all
}


class Fact(StrEnum):
    """What can happen to a delivery. Those of an operator are its acts."""

    RECEIPT_ACCEPTED = "receipt-accepted"
    RECEIPT_REFUSED = "receipt-refused"
    RECEIPT_PROCESSED = "receipt-processed"
    RECEIPT_FOR_OTHER_BYTES = "receipt-for-other-bytes"
    REFUSED_BY_ENDPOINT = "refused-by-endpoint"
    GIVEN_UP = "given-up"
    SENDER_WARNED = "sender-warned"
    DEADLINE_MISSED = "deadline-missed"
    RETRIED = "retried"
    LEFT_IN_MAILBOX = "left-in-mailbox"
    ESCALATED = "escalated"
    ENDED = "ended"
    PAPER_DUE = "paper-due"
    PRINT_JOB_TAKEN = "print-job-taken"
    PAPER_FAILED = "paper-failed"
    DEPOSITED = "deposited"
    DELIVERED_BY_POST = "delivered-by-post"
    RETURNED_BY_POST = "returned-by-post"
    DEPOSIT_LEARNT = "deposit-learnt"
    SLIP_LEARNT = "slip-learnt"
    NOTICE_GIVEN = "notice-given"
    NOTICE_FAILED = "notice-failed"


_S = DeliveryState
_UNREACHED = (_S.CONSIGNED, _S.SUSPENDED, _S.EXPIRED)  # no receipt, no paper, not ended
_ON_PAPER = (_S.ESCALATED, _S.PAPER_QUEUED, _S.PAPER_DEPOSITED, _S.PAPER_RETURNED)
_WITHOUT_RECEIPT = tuple(state for state in _S if state not in (_S.HANDED_OVER, _S.ACKNOWLEDGED, _S.DECLINED))
TRANSITIONS: dict[tuple[DeliveryState, Fact], tuple[DeliveryState, Event]] = {
    **{(state, Fact.RECEIPT_ACCEPTED): (_S.HANDED_OVER, Event.CONTENT_HANDOVER) for state in _WITHOUT_RECEIPT},
    **{
        (state, Fact.RECEIPT_REFUSED): (_S.DECLINED, Event.CONSIGNMENT_REJECTION)
        for state in _WITHOUT_RECEIPT
        if state is not _S.PAPER_DELIVERED  # it has it, whatever it says now
    },
    (_S.HANDED_OVER, Fact.RECEIPT_PROCESSED): (_S.ACKNOWLEDGED, Event.CONTENT_ACCESS_TRACKING),
    # Trying, and its end.
    (_S.CONSIGNED, Fact.REFUSED_BY_ENDPOINT): (_S.SUSPENDED, Event.CONTENT_HANDOVER_FAILURE),
    (_S.CONSIGNED, Fact.RECEIPT_FOR_OTHER_BYTES): (_S.SUSPENDED, Event.CONTENT_HANDOVER_FAILURE),
    (_S.CONSIGNED, Fact.GIVEN_UP): (_S.EXPIRED, Event.CONTENT_HANDOVER_FAILURE),
    **{(state, Fact.SENDER_WARNED): (state, Event.SENDER_WARNED) for state in (*_UNREACHED, *_ON_PAPER)},
    **{(state, Fact.DEADLINE_MISSED): (state, Event.DEADLINE_MISSED) for state in (*_UNREACHED, *_ON_PAPER)},
    **{(state, Fact.NOTICE_GIVEN): (state, Event.CONSIGNMENT_NOTIFICATION) for state in _UNREACHED},
    **{(state, Fact.NOTICE_FAILED): (state, Event.CONSIGNMENT_NOTIFICATION_FAILURE) for state in _UNREACHED},
    # What an operator may do.
    **{(state, Fact.RETRIED): (_S.CONSIGNED, Event.OPERATOR_ACT) for state in (*_UNREACHED, _S.PAPER_RETURNED)},
    **{
        (state, Fact.LEFT_IN_MAILBOX): (_S.CONSIGNED, Event.OPERATOR_ACT)
        for state in (*_UNREACHED, _S.ESCALATED, _S.PAPER_RETURNED)
    },
    **{(state, Fact.ESCALATED): (_S.ESCALATED, Event.OPERATOR_ACT) for state in (*_UNREACHED, _S.PAPER_RETURNED)},
    **{(state, Fact.ENDED): (_S.CLOSED, Event.OPERATOR_ACT) for state in (*_UNREACHED, *_ON_PAPER)},
    # Paper.
    **{(state, Fact.PAPER_DUE): (_S.ESCALATED, Event.PAPER_ORDERED) for state in _UNREACHED},
    (_S.ESCALATED, Fact.PRINT_JOB_TAKEN): (_S.PAPER_QUEUED, Event.PRINT_JOB_TAKEN),
    (_S.PAPER_QUEUED, Fact.DEPOSITED): (_S.PAPER_DEPOSITED, Event.RELAY_TO_NON_ERDS),
    **{
        (state, Fact.PAPER_FAILED): (_S.SUSPENDED, Event.RELAY_TO_NON_ERDS_FAILURE)
        for state in (_S.PAPER_QUEUED, _S.PAPER_DEPOSITED)
    },
    **{
        (state, Fact.DELIVERED_BY_POST): (_S.PAPER_DELIVERED, Event.RECEIVED_FROM_NON_ERDS)
        for state in _WITHOUT_RECEIPT
        if state is not _S.PAPER_DELIVERED
    },
    (_S.PAPER_DEPOSITED, Fact.RETURNED_BY_POST): (_S.PAPER_RETURNED, Event.RECEIVED_FROM_NON_ERDS),
    # What the post proves is kept whenever it comes, also when it moves nothing any more.
    **{(state, Fact.DEPOSIT_LEARNT): (state, Event.RELAY_TO_NON_ERDS) for state in _S if state is not _S.PAPER_QUEUED},
    **{(state, Fact.SLIP_LEARNT): (state, Event.RECEIVED_FROM_NON_ERDS) for state in _S},
}
MOVING = frozenset(event for _, event in TRANSITIONS.values())
"""The events by which a delivery moves, or is remarked upon."""

TOLD = frozenset({Fact.SENDER_WARNED, Fact.DEADLINE_MISSED})
"""The remarks that begin an alert, which lasts until the copy is ended."""

REMARKS = TOLD | {Fact.DEPOSIT_LEARNT, Fact.SLIP_LEARNT, Fact.NOTICE_GIVEN, Fact.NOTICE_FAILED}
"""The facts that are evidenced and leave the copy as it is, a try under way included."""

FINAL = frozenset({_S.HANDED_OVER, _S.ACKNOWLEDGED, _S.DECLINED})
"""The recipient's own receipt is here: the copy leaves its mailbox, no attempt and no operator moves it any more."""

REACHED = frozenset({_S.HANDED_OVER, _S.ACKNOWLEDGED, _S.PAPER_DELIVERED})
ENDED = FINAL | {_S.PAPER_DELIVERED, _S.CLOSED}
"""Nothing more is to be done; what can still come is a late receipt."""

UNDER_WAY = frozenset({_S.CONSIGNED})
"""The copy is offered to its recipient in turn. Whatever has left this state holds up no later form of its case."""

NEEDS_A_PERSON = frozenset({_S.SUSPENDED, _S.EXPIRED, _S.ESCALATED, _S.PAPER_QUEUED, _S.PAPER_RETURNED})
"""Nothing happens by itself any more until somebody acts."""


LAID_READY = frozenset({Event.CONTENT_CONSIGNMENT, Event.CONTENT_CONSIGNMENT_FAILURE})
"""What is stated of each copy when a form is accepted, or of the counter's own notices, when these are drawn up."""

WARNS_SENDER = frozenset(
    {
        Event.SENDER_WARNED,
        Event.CONTENT_HANDOVER_FAILURE,
        Event.CONSIGNMENT_REJECTION,
        Event.DEADLINE_MISSED,
        Event.RELAY_TO_NON_ERDS_FAILURE,
        Event.RECEIVED_FROM_NON_ERDS,
    }
)
"""Evidence that a sender must know of, of a copy that has not reached its recipient."""


def advance(state: DeliveryState, fact: Fact) -> tuple[DeliveryState, Event]:
    """The state after `fact` and the evidence event that must be written with the move.

    Raises Conflict("transition-not-allowed") when the table has no such move.
    """
    try:
        return TRANSITIONS[state, fact]
    except KeyError:
        raise Conflict("transition-not-allowed", f"{fact} cannot follow {state}", state=state) from None


def follow(events: Iterable[Event]) -> tuple[frozenset[DeliveryState], Event | None]:
    """The states to which the evidence of one delivery leads, in its order from consigned on; and the first event that
    cannot follow what stands before it, if there is one. Where an event can mean two moves, both are followed."""
    reached = frozenset({DeliveryState.CONSIGNED})
    for event in events:
        if event not in MOVING:
            continue
        after = {to for (since, _), (to, by) in TRANSITIONS.items() if since in reached and by is event}
        if not after:
            return reached, event
        reached = frozenset(after)
    return reached, None


def can_advance(state: DeliveryState, fact: Fact) -> bool:
    """Whether `fact` moves a delivery that is in `state`."""
    return (state, fact) in TRANSITIONS


def is_final(state: DeliveryState) -> bool:
    """Whether the recipient's own receipt is here."""
    return state in FINAL


def advance_submission(state: SubmissionState, fact: SubmissionFact) -> tuple[SubmissionState, Event | None]:
    """The state after `fact` and the evidence event of the move, if it has one of its own.

    Raises Conflict("transition-not-allowed") when the table has no such move.
    """
    try:
        return SUBMISSION_TRANSITIONS[state, fact]
    except KeyError:
        raise Conflict("transition-not-allowed", f"{fact} cannot follow {state}", state=state) from None


def outcome_of(copies: Collection[DeliveryState]) -> SubmissionFact | None:
    """What the states of all copies of a submission make of it; None while one of them is not ended."""
    if not all(state in ENDED for state in copies):
        return None
    return SubmissionFact.ALL_REACHED if all(state in REACHED for state in copies) else SubmissionFact.ALL_ENDED


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """When a push is tried again (seconds after attempt 1, 2, …; the last repeats) and when it is given up."""

    schedule_s: Sequence[float] = (60, 300, 900, 3600, 10800)
    give_up_after_s: float = 72 * 3600

    def next_attempt(
        self, *, attempts: int, now: datetime, consigned_at: datetime, lawful_until: datetime | None = None
    ) -> datetime | None:
        """When to try again after `attempts` failed tries; None when the time for trying is over."""
        wait = self.schedule_s[min(attempts, len(self.schedule_s)) - 1]
        end = self.give_up_at(consigned_at, lawful_until)
        return min(now + timedelta(seconds=wait), end) if now < end else None

    def give_up_at(self, since: datetime, lawful_until: datetime | None = None) -> datetime:
        """When trying ends: after its time, or at the last lawful moment where that comes first and is still ahead."""
        end = since + timedelta(seconds=self.give_up_after_s)
        return lawful_until if lawful_until is not None and since < lawful_until < end else end


@dataclass(frozen=True, kw_only=True)
class Patience:
    """When somebody is told that a copy is not where it should be.

    warn_after_s: the sender, after so long without a receipt. remind_after_s: how often the watch looks again at a copy
    for which nothing else is to come by itself. slip_after_s: how long the post may be silent of a letter.
    """

    retry: RetryPolicy
    warn_after_s: float = 12 * 3600
    remind_after_s: float = 24 * 3600
    slip_after_s: float = 21 * 24 * 3600

    def warn_at(self, delivery: Delivery) -> datetime:
        """When the sender is warned."""
        return self._warn_at(delivery.trying_since)

    def give_up_at(self, delivery: Delivery) -> datetime:
        """When trying ends, for a copy that is pushed as for one that waits to be collected."""
        return self.retry.give_up_at(delivery.trying_since, delivery.lawful_until)

    def next_look(self, delivery: Delivery, state: DeliveryState, *, after: datetime) -> datetime | None:
        """When the watch must look at a delivery that is in `state`; None for one that is ended, and for no other."""
        return self.look_at(
            state,
            after=after,
            trying_since=delivery.trying_since,
            lawful_until=delivery.lawful_until,
            paper_by=delivery.paper_by,
        )

    def look_at(
        self,
        state: DeliveryState,
        *,
        after: datetime,
        trying_since: datetime,
        lawful_until: datetime | None,
        paper_by: datetime | None,
    ) -> datetime | None:
        """The same, of a delivery with these moments, which need not be there yet."""
        if state in ENDED:
            return None
        moments = [lawful_until, after + timedelta(seconds=self.remind_after_s)]
        if state in _UNREACHED:
            moments += [self._warn_at(trying_since), paper_by]
        if state in UNDER_WAY:
            moments.append(self.retry.give_up_at(trying_since, lawful_until))
        return min(moment for moment in moments if moment is not None and moment > after)

    def _warn_at(self, trying_since: datetime) -> datetime:
        return trying_since + timedelta(seconds=self.warn_after_s)


@dataclass(frozen=True, kw_only=True)
class Breaker:
    """Circuit breaker of an endpoint: after `failures` in a row nothing is tried for `pause_s`, then only a few."""

    failures: int = 5
    pause_s: float = 60
