"""States only move forward, and a recipient's own receipt is never too late."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Conflict
from gateway.forms.findings import LANGUAGES
from gateway.lifecycle import (
    ENDED,
    FINAL,
    NEEDS_A_PERSON,
    REACHED,
    REMARKS,
    SUBMISSION_TRANSITIONS,
    UNDER_WAY,
    Fact,
    Patience,
    RetryPolicy,
    SubmissionFact,
    advance,
    advance_submission,
    can_advance,
    is_final,
    outcome_of,
)
from gateway.model import (
    DeliveryState,
    Event,
    SubmissionState,
)
from gateway.statewords import WORDS
from tests.deliveries import NOW, a_delivery

S: TypeAlias = DeliveryState
E: TypeAlias = Event
ORDER = list(DeliveryState)
PAPER = {S.ESCALATED, S.PAPER_QUEUED, S.PAPER_DEPOSITED, S.PAPER_RETURNED}
UNREACHED = {S.CONSIGNED, S.SUSPENDED, S.EXPIRED}
SETS_BACK = {Fact.RETRIED, Fact.LEFT_IN_MAILBOX, Fact.ESCALATED, Fact.PAPER_FAILED}
"""The facts after which a copy takes a way that it has gone before."""

# The table once more, by what may happen: from where, to where, with which evidence.
ALLOWED: dict[Fact, tuple[set[S], S | None, E]] = {
    Fact.RECEIPT_ACCEPTED: (UNREACHED | PAPER | {S.PAPER_DELIVERED, S.CLOSED}, S.HANDED_OVER, E.CONTENT_HANDOVER),
    Fact.RECEIPT_REFUSED: (UNREACHED | PAPER | {S.CLOSED}, S.DECLINED, E.CONSIGNMENT_REJECTION),
    Fact.RECEIPT_PROCESSED: ({S.HANDED_OVER}, S.ACKNOWLEDGED, E.CONTENT_ACCESS_TRACKING),
    Fact.RECEIPT_FOR_OTHER_BYTES: ({S.CONSIGNED}, S.SUSPENDED, E.CONTENT_HANDOVER_FAILURE),
    Fact.REFUSED_BY_ENDPOINT: ({S.CONSIGNED}, S.SUSPENDED, E.CONTENT_HANDOVER_FAILURE),
    Fact.GIVEN_UP: ({S.CONSIGNED}, S.EXPIRED, E.CONTENT_HANDOVER_FAILURE),
    Fact.SENDER_WARNED: (UNREACHED | PAPER, None, E.SENDER_WARNED),
    Fact.DEADLINE_MISSED: (UNREACHED | PAPER, None, E.DEADLINE_MISSED),
    Fact.RETRIED: (UNREACHED | {S.PAPER_RETURNED}, S.CONSIGNED, E.OPERATOR_ACT),
    Fact.LEFT_IN_MAILBOX: (UNREACHED | {S.ESCALATED, S.PAPER_RETURNED}, S.CONSIGNED, E.OPERATOR_ACT),
    Fact.ESCALATED: (UNREACHED | {S.PAPER_RETURNED}, S.ESCALATED, E.OPERATOR_ACT),
    Fact.ENDED: (UNREACHED | PAPER, S.CLOSED, E.OPERATOR_ACT),
    Fact.PAPER_DUE: (UNREACHED, S.ESCALATED, E.PAPER_ORDERED),
    Fact.PRINT_JOB_TAKEN: ({S.ESCALATED}, S.PAPER_QUEUED, E.PRINT_JOB_TAKEN),
    Fact.DEPOSITED: ({S.PAPER_QUEUED}, S.PAPER_DEPOSITED, E.RELAY_TO_NON_ERDS),
    Fact.PAPER_FAILED: ({S.PAPER_QUEUED, S.PAPER_DEPOSITED}, S.SUSPENDED, E.RELAY_TO_NON_ERDS_FAILURE),
    Fact.DELIVERED_BY_POST: (UNREACHED | PAPER | {S.CLOSED}, S.PAPER_DELIVERED, E.RECEIVED_FROM_NON_ERDS),
    Fact.RETURNED_BY_POST: ({S.PAPER_DEPOSITED}, S.PAPER_RETURNED, E.RECEIVED_FROM_NON_ERDS),
    Fact.DEPOSIT_LEARNT: (set(S) - {S.PAPER_QUEUED}, None, E.RELAY_TO_NON_ERDS),
    Fact.SLIP_LEARNT: (set(S), None, E.RECEIVED_FROM_NON_ERDS),
    Fact.NOTICE_GIVEN: (UNREACHED, None, E.CONSIGNMENT_NOTIFICATION),
    Fact.NOTICE_FAILED: (UNREACHED, None, E.CONSIGNMENT_NOTIFICATION_FAILURE),
}


@pytest.mark.parametrize(("state", "fact"), list(product(DeliveryState, Fact)), ids=str)
def test_every_pair_moves_as_written_or_is_refused(state: DeliveryState, fact: Fact) -> None:
    sources, target, event = ALLOWED[fact]
    assert can_advance(state, fact) == (state in sources)
    if state in sources:
        assert advance(state, fact) == (target or state, event)
    else:
        with pytest.raises(Conflict) as refused:
            advance(state, fact)
        assert refused.value.code == "transition-not-allowed"
        assert refused.value.members == {"state": state}


@given(st.lists(st.sampled_from(list(Fact)), max_size=30))
def test_any_course_of_events_goes_forward_but_for_what_sets_back(facts: list[Fact]) -> None:
    state = S.CONSIGNED
    for fact in facts:
        if not can_advance(state, fact):
            continue
        after, _ = advance(state, fact)
        if fact in REMARKS:
            assert after is state
        elif fact not in SETS_BACK:
            assert ORDER.index(after) > ORDER.index(state)
        if is_final(state):
            assert is_final(after), "a recipient's receipt is never taken back"
        state = after


@pytest.mark.parametrize(("state", "fact"), list(product(DeliveryState, [Fact.DEPOSIT_LEARNT, Fact.SLIP_LEARNT])))
def test_what_the_post_proves_is_kept_in_every_state(state: DeliveryState, fact: Fact) -> None:
    assert can_advance(state, fact) or (state, fact) == (S.PAPER_QUEUED, Fact.DEPOSIT_LEARNT), "there it moves the copy"


@pytest.mark.parametrize("state", [state for state in DeliveryState if state not in FINAL])
def test_a_late_receipt_is_always_accepted(state: DeliveryState) -> None:
    assert advance(state, Fact.RECEIPT_ACCEPTED) == (DeliveryState.HANDED_OVER, Event.CONTENT_HANDOVER)


def test_every_state_has_words_of_its_own_in_four_languages() -> None:
    assert set(WORDS) == set(DeliveryState)
    for language in LANGUAGES:
        assert len({words[language] for words in WORDS.values()}) == len(DeliveryState)


def test_every_state_is_under_way_or_in_somebodys_hands_or_ended() -> None:
    assert UNDER_WAY | NEEDS_A_PERSON | {S.PAPER_DEPOSITED} | ENDED == set(DeliveryState)
    assert not NEEDS_A_PERSON & ENDED
    assert FINAL < ENDED
    assert REACHED < ENDED


@pytest.mark.parametrize(("state", "fact"), list(product(SubmissionState, SubmissionFact)), ids=str)
def test_a_submission_moves_as_written_or_not_at_all(state: SubmissionState, fact: SubmissionFact) -> None:
    allowed = {
        ("received", "found-acceptable"): ("accepted", Event.SUBMISSION_ACCEPTANCE),
        ("received", "found-wanting"): ("rejected", Event.SUBMISSION_REJECTION),
        ("accepted", "all-reached"): ("closed", None),
        ("accepted", "all-ended"): ("closed-with-exceptions", None),
        ("closed-with-exceptions", "all-reached"): ("closed", None),
    }
    assert len(SUBMISSION_TRANSITIONS) == len(allowed)
    if (state, fact) in allowed:
        assert advance_submission(state, fact) == allowed[state, fact]
    else:
        with pytest.raises(Conflict):
            advance_submission(state, fact)


@pytest.mark.parametrize(
    ("copies", "fact"),
    [
        ([S.HANDED_OVER, S.ACKNOWLEDGED, S.PAPER_DELIVERED], SubmissionFact.ALL_REACHED),
        ([S.HANDED_OVER, S.DECLINED], SubmissionFact.ALL_ENDED),
        ([S.HANDED_OVER, S.CLOSED], SubmissionFact.ALL_ENDED),
        ([S.HANDED_OVER, S.EXPIRED], None),
        ([S.HANDED_OVER, S.PAPER_DEPOSITED], None),
    ],
)
def test_a_submission_is_what_became_of_its_copies(copies: list[DeliveryState], fact: SubmissionFact | None) -> None:
    assert outcome_of(copies) is fact


@given(attempts=st.integers(1, 60), age_s=st.floats(0, 71 * 3600))
def test_the_next_attempt_lies_ahead_and_within_the_time_for_trying(attempts: int, age_s: float) -> None:
    consigned = NOW - timedelta(seconds=age_s)
    due = RetryPolicy().next_attempt(attempts=attempts, now=NOW, consigned_at=consigned)
    assert due is not None
    assert NOW < due <= consigned + timedelta(hours=72)


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
    assert now == NOW + timedelta(hours=72), "the last try is made when the time is over"
    assert len(waits) < 30


def test_trying_ends_at_the_last_lawful_moment_where_that_comes_first() -> None:
    policy, lawful = RetryPolicy(), NOW + timedelta(hours=30)
    assert policy.give_up_at(NOW, lawful) == lawful
    assert policy.give_up_at(NOW, NOW + timedelta(hours=100)) == NOW + timedelta(hours=72)
    assert policy.give_up_at(NOW, NOW - timedelta(hours=1)) == NOW + timedelta(hours=72), "missed already: go on trying"
    due = policy.next_attempt(attempts=9, now=lawful - timedelta(hours=1), consigned_at=NOW, lawful_until=lawful)
    assert due == lawful
    assert policy.next_attempt(attempts=9, now=lawful, consigned_at=NOW, lawful_until=lawful) is None


@given(
    state=st.sampled_from(list(DeliveryState)),
    after_h=st.floats(0, 1000),
    lawful_h=st.none() | st.floats(-10, 500),
    paper_h=st.none() | st.floats(-10, 500),
)
def test_what_is_not_ended_always_has_a_next_look_ahead(
    state: DeliveryState, after_h: float, lawful_h: float | None, paper_h: float | None
) -> None:
    lawful, paper = (hours if hours is None else NOW + timedelta(hours=hours) for hours in (lawful_h, paper_h))
    delivery = a_delivery(due_at=None, lawful_until=lawful, paper_by=paper)
    after = NOW + timedelta(hours=after_h)
    look = Patience(retry=RetryPolicy()).next_look(delivery, state, after=after)
    if state in ENDED:
        assert look is None
    else:
        assert look is not None
        assert after < look <= after + timedelta(hours=24)


def test_the_watch_comes_at_every_moment_that_matters() -> None:
    delivery = a_delivery(due_at=None, lawful_until=NOW + timedelta(hours=60), paper_by=NOW + timedelta(hours=20))
    patience, looks, after = Patience(retry=RetryPolicy()), [], NOW
    while after < NOW + timedelta(hours=60):
        look = patience.next_look(delivery, S.CONSIGNED, after=after)
        assert look is not None
        looks.append((look - NOW) / timedelta(hours=1))
        after = look
    assert looks == [12, 20, 44, 60]
