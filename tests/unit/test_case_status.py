"""Where a term stands on a day (TM-03, TM-04)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from gateway.case_status import TermState, term_state
from gateway.model import Term

RUNNING = Term(
    id="T5",
    article="Art. 65",
    act={"en": "x"},
    length=7,
    unit="working-days",
    starts_on=None,
    day_zero=date(2026, 3, 3),
    last_day=date(2026, 3, 11),
    last_day_other_reading=date(2026, 3, 12),
)
WAITING = Term(id="T6", article="Art. 67", act={"en": "x"}, length=21, unit="working-days", starts_on="E:R")


@pytest.mark.parametrize(
    ("bound", "day", "state"),
    [
        ("party", 3, TermState.RUNNING),
        ("party", 11, TermState.RUNNING),
        ("party", 12, TermState.DUE),
        ("party", 13, TermState.PASSED),
        ("authority", 11, TermState.RUNNING),
        ("authority", 12, TermState.DUE),
        ("authority", 13, TermState.OVERDUE),
    ],
)
def test_nothing_is_held_against_anybody_before_the_later_last_day(bound: str, day: int, state: TermState) -> None:
    assert term_state(replace(RUNNING, bound=bound), date(2026, 3, day)) is state


def test_a_term_waits_for_its_event_and_what_was_done_is_done() -> None:
    assert term_state(WAITING, date(2026, 3, 13)) is TermState.WAITING
    assert term_state(RUNNING, date(2026, 5, 1), fulfilled=True) is TermState.FULFILLED
