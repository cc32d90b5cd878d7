"""The one table of delivery states, what moves them, and when to try again or stop.

States only move forward; a late positive fact (the recipient's own valid receipt) is always accepted and never erases
earlier evidence. Every move is made by `advance`, in the transaction that also writes its evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.errors import Conflict
from gateway.model import DeliveryState, Event


class Fact(StrEnum):
    """What can happen to a delivery."""

    RECEIPT_ACCEPTED = "receipt-accepted"
    RECEIPT_REFUSED = "receipt-refused"
    REFUSED_BY_ENDPOINT = "refused-by-endpoint"
    GIVEN_UP = "given-up"


_S = DeliveryState
TRANSITIONS: dict[tuple[DeliveryState, Fact], tuple[DeliveryState, Event]] = {
    (_S.CONSIGNED, Fact.RECEIPT_ACCEPTED): (_S.HANDED_OVER, Event.CONTENT_HANDOVER),
    (_S.CONSIGNED, Fact.RECEIPT_REFUSED): (_S.DECLINED, Event.CONSIGNMENT_REJECTION),
    (_S.CONSIGNED, Fact.REFUSED_BY_ENDPOINT): (_S.SUSPENDED, Event.CONTENT_HANDOVER_FAILURE),
    (_S.CONSIGNED, Fact.GIVEN_UP): (_S.EXPIRED, Event.CONTENT_HANDOVER_FAILURE),
    (_S.SUSPENDED, Fact.RECEIPT_ACCEPTED): (_S.HANDED_OVER, Event.CONTENT_HANDOVER),
    (_S.SUSPENDED, Fact.RECEIPT_REFUSED): (_S.DECLINED, Event.CONSIGNMENT_REJECTION),
    (_S.EXPIRED, Fact.RECEIPT_ACCEPTED): (_S.HANDED_OVER, Event.CONTENT_HANDOVER),
    (_S.EXPIRED, Fact.RECEIPT_REFUSED): (_S.DECLINED, Event.CONSIGNMENT_REJECTION),
}
FINAL = frozenset({_S.HANDED_OVER, _S.DECLINED})


def advance(state: DeliveryState, fact: Fact) -> tuple[DeliveryState, Event]:
    """The state after `fact` and the evidence event that must be written with the move.

    Raises Conflict("transition-not-allowed") when the table has no such move.
    """
    try:
        return TRANSITIONS[state, fact]
    except KeyError:
        raise Conflict("transition-not-allowed", f"{fact} cannot follow {state}") from None


def can_advance(state: DeliveryState, fact: Fact) -> bool:
    """Whether `fact` moves a delivery that is in `state`."""
    return (state, fact) in TRANSITIONS


def is_final(state: DeliveryState) -> bool:
    """Whether nothing moves a delivery any more."""
    return state in FINAL


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """When a push is tried again (seconds after attempt 1, 2, …; the last repeats) and when it is given up."""

    schedule_s: Sequence[float] = (60, 300, 900, 3600, 10800)
    give_up_after_s: float = 72 * 3600

    def next_attempt(self, *, attempts: int, now: datetime, consigned_at: datetime) -> datetime | None:
        """When to try again after `attempts` failed tries; None when the time for trying is over."""
        wait = self.schedule_s[min(attempts, len(self.schedule_s)) - 1]
        due = now + timedelta(seconds=wait)
        return due if due <= consigned_at + timedelta(seconds=self.give_up_after_s) else None


@dataclass(frozen=True, kw_only=True)
class Breaker:
    """Circuit breaker of an endpoint: after `failures` in a row nothing is tried for `pause_s`, then only a few."""

    failures: int = 5
    pause_s: float = 60
