"""States only move forward, and a recipient's own receipt is never too late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Conflict
from gateway.lifecycle import FINAL, TRANSITIONS, Fact, RetryPolicy, advance, can_advance
from gateway.model import DeliveryState, Event

NOW = datetime(2026, 5, 4, 8, tzinfo=UTC)
ORDER = [
    DeliveryState.CONSIGNED,
    DeliveryState.SUSPENDED,
    DeliveryState.EXPIRED,
    DeliveryState.HANDED_OVER,
    DeliveryState.DECLINED,
]


def test_every_move_goes_forward() -> None:
    for (state, _), (after, _) in TRANSITIONS.items():
        assert ORDER.index(after) > ORDER.index(state)


@pytest.mark.parametrize("state", [state for state in DeliveryState if state not in FINAL])
def test_a_late_receipt_is_always_accepted(state: DeliveryState) -> None:
    assert advance(state, Fact.RECEIPT_ACCEPTED) == (DeliveryState.HANDED_OVER, Event.CONTENT_HANDOVER)


@pytest.mark.parametrize("state", sorted(FINAL))
@pytest.mark.parametrize("fact", list(Fact))
def test_nothing_moves_a_settled_delivery(state: DeliveryState, fact: Fact) -> None:
    assert not can_advance(state, fact)
    with pytest.raises(Conflict) as refused:
        advance(state, fact)
    assert refused.value.code == "transition-not-allowed"


@given(attempts=st.integers(1, 60), age_s=st.floats(0, 71 * 3600))
def test_the_next_attempt_lies_ahead_and_within_the_time_for_trying(attempts: int, age_s: float) -> None:
    consigned = NOW - timedelta(seconds=age_s)
    due = RetryPolicy().next_attempt(attempts=attempts, now=NOW, consigned_at=consigned)
    assert due is None or NOW < due <= consigned + timedelta(hours=72)


def test_waits_grow_as_the_design_says_and_end_after_72_hours() -> None:
    policy = RetryPolicy()
    waits = []
    now = NOW
    for attempt in range(1, 40):
        due = policy.next_attempt(attempts=attempt, now=now, consigned_at=NOW)
        if due is None:
            break
        waits.append((due - now).total_seconds())
        now = due
    assert waits[:6] == [60, 300, 900, 3600, 10800, 10800]
    assert now <= NOW + timedelta(hours=72)
    assert len(waits) < 30
