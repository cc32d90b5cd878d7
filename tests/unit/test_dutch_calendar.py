"""The days and terms of the Netherlands, against dates looked up by hand: the data of a second country."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.deadlines import Reading, Span, Unit, Verdict, verdict
from gateway.forms.catalogue import load_countries

LAW = load_countries()["nl"]
DAYS = LAW.calendar
ANY_DAY = st.dates(min_value=date(2000, 1, 1), max_value=date(2090, 12, 31))

# Algemene termijnenwet, Art. 3: New Year, Good Friday, Easter Monday, the King's birthday, 5 May, Ascension Day, Whit
# Monday, both days of Christmas. The birthday is kept a day earlier where 27 April is a Sunday (2025).
HOLIDAYS = {
    2025: "01-01 04-18 04-21 04-26 05-05 05-29 06-09 12-25 12-26",
    2026: "01-01 04-03 04-06 04-27 05-05 05-14 05-25 12-25 12-26",
}


@pytest.mark.parametrize("year", HOLIDAYS)
def test_the_recognised_holidays_are_those_of_the_act(year: int) -> None:
    table = {date.fromisoformat(f"{year}-{day}") for day in HOLIDAYS[year].split()}
    known = set(DAYS.public_holidays(year))
    assert table <= known
    assert all(day.weekday() == 6 for day in known - table)


def test_a_saturday_is_no_working_day_under_either_reading() -> None:
    for reading in Reading:
        assert not DAYS.is_working_day(date(2026, 3, 7), reading)
        assert DAYS.is_working_day(date(2026, 3, 6), reading)
        assert DAYS.next_working_day(date(2026, 3, 7), reading) == date(2026, 3, 9)


@given(ANY_DAY, st.integers(1, 60), st.sampled_from(Unit))
def test_there_is_one_last_day(zero: date, length: int, unit: Unit) -> None:
    dates = DAYS.last_day(zero, length, unit)
    assert dates.reading_l == dates.reading_c


@pytest.mark.parametrize(
    ("zero", "length", "unit", "last"),
    [
        ("2026-03-06", 6, "weeks", "2026-04-17"),
        ("2026-02-20", 6, "weeks", "2026-04-07"),  # Good Friday, Easter
        ("2026-02-13", 12, "weeks", "2026-05-08"),
        ("2026-02-14", 1, "months", "2026-03-16"),  # a Saturday
        ("2026-02-05", 3, "months", "2026-05-06"),  # 5 May
        ("2026-12-11", 2, "weeks", "2026-12-28"),
        ("2026-03-01", 90, "days", "2026-06-01"),
        # Art. 4: what is longer ends where it ends
        ("2026-03-01", 91, "days", "2026-05-31"),
        ("2026-02-14", 13, "weeks", "2026-05-16"),
        ("2026-01-25", 4, "months", "2026-05-25"),
        ("2025-05-16", 1, "years", "2026-05-16"),
    ],
)
def test_a_short_term_that_ends_on_a_day_off_runs_on(zero: str, length: int, unit: str, last: str) -> None:
    assert DAYS.last_day(date.fromisoformat(zero), length, unit).reading_l == date.fromisoformat(last)


def test_a_day_lasts_until_midnight_in_amsterdam() -> None:
    assert DAYS.date_of(datetime.fromisoformat("2026-07-12T21:59:59+00:00")) == date(2026, 7, 12)
    assert DAYS.date_of(datetime.fromisoformat("2026-07-12T22:00:00+00:00")) == date(2026, 7, 13)


def test_an_objection_is_late_after_six_weeks_and_a_decision_only_overdue() -> None:
    objection, decision = LAW.terms["N3"], LAW.terms["N2"]
    span = objection.version("NL-TSB").span
    assert span == Span(length=6, unit=Unit.WEEKS)
    dates = DAYS.dates(date(2026, 3, 6), span)
    assert verdict(dates, date(2026, 4, 17), bound=objection.bound) is Verdict.IN_TIME
    assert verdict(dates, date(2026, 4, 18), bound=objection.bound) is Verdict.LATE
    dates = DAYS.dates(date(2026, 3, 6), decision.version("NL-TSB").span)
    assert verdict(dates, date(2026, 5, 4), bound=decision.bound) is Verdict.OVERDUE
