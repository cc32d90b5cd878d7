"""Terms, against tables of holidays and last days that were computed by hand, apart from the code."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.deadlines import (
    Reading,
    TermDates,
    Unit,
    Verdict,
    add_period,
    verdict,
)
from gateway.forms.catalogue import load_countries

BELGIUM = load_countries()["be"].calendar

DAYS = st.dates(min_value=date(1990, 1, 1), max_value=date(2090, 12, 31))

HOLIDAYS = {
    2024: "01-01 04-01 05-01 05-09 05-20 07-21 08-15 11-01 11-11 12-25",
    2025: "01-01 04-21 05-01 05-29 06-09 07-21 08-15 11-01 11-11 12-25",
    2026: "01-01 04-06 05-01 05-14 05-25 07-21 08-15 11-01 11-11 12-25",
    2027: "01-01 03-29 05-01 05-06 05-17 07-21 08-15 11-01 11-11 12-25",
}

# length, day zero, last day under reading L, last day under reading C
WORKING_DAY_TERMS = """
 7 2024-03-27 2024-04-05 2024-04-08
 7 2024-05-06 2024-05-15 2024-05-16
 7 2024-10-30 2024-11-08 2024-11-12
 7 2024-12-20 2024-12-30 2025-01-02
 7 2025-04-17 2025-04-26 2025-04-29
 7 2025-05-26 2025-06-04 2025-06-05
 7 2025-07-17 2025-07-26 2025-07-29
 7 2025-10-28 2025-11-06 2025-11-06
 7 2026-03-03 2026-03-11 2026-03-12
 7 2026-04-01 2026-04-10 2026-04-13
 7 2026-05-11 2026-05-20 2026-05-21
 7 2026-12-21 2026-12-30 2026-12-31
 7 2027-03-24 2027-04-02 2027-04-05
 7 2027-05-03 2027-05-12 2027-05-13
 7 2027-07-15 2027-07-24 2027-07-27
 7 2027-11-05 2027-11-15 2027-11-17
14 2024-04-25 2024-05-14 2024-05-17
14 2025-04-14 2025-05-02 2025-05-06
14 2026-05-05 2026-05-22 2026-05-27
14 2027-10-25 2027-11-12 2027-11-16
21 2024-04-15 2024-05-11 2024-05-16
21 2025-04-07 2025-05-03 2025-05-08
21 2026-06-29 2026-07-24 2026-07-29
21 2027-12-06 2027-12-31 2028-01-04
31 2024-04-15 2024-05-24 2024-05-31
31 2025-07-01 2025-08-07 2025-08-14
31 2026-10-12 2026-11-18 2026-11-25
31 2027-03-15 2027-04-21 2027-04-28
 8 2024-05-02 2024-05-13 2024-05-15
 8 2025-12-22 2026-01-02 2026-01-05
 8 2026-05-18 2026-05-28 2026-05-29
 8 2027-07-19 2027-07-29 2027-07-30
10 2024-05-02 2024-05-15 2024-05-17
10 2025-12-22 2026-01-05 2026-01-07
10 2026-05-18 2026-05-30 2026-06-02
10 2027-07-19 2027-07-31 2027-08-03
"""

# length, day zero, last day
CALENDAR_TERMS = """
 5 2024-05-06 2024-05-11
 5 2025-04-17 2025-04-22
 5 2026-07-17 2026-07-22
 5 2027-05-10 2027-05-15
 8 2024-10-28 2024-11-05
 8 2025-12-17 2025-12-25
 8 2026-03-30 2026-04-07
 8 2027-07-13 2027-07-21
31 2024-01-31 2024-03-02
31 2025-03-20 2025-04-20
31 2026-11-24 2026-12-25
31 2027-07-22 2027-08-22
"""


def _rows(table: str) -> list[list[str]]:
    return [line.split() for line in table.strip().splitlines()]


@pytest.mark.parametrize("year", HOLIDAYS)
def test_the_calendar_has_the_ten_statutory_holidays(year: int) -> None:
    table = {date.fromisoformat(f"{year}-{day}") for day in HOLIDAYS[year].split()}
    assert len(table) == 10
    known = set(BELGIUM.public_holidays(year))
    assert table <= known
    assert all(day.weekday() == 6 for day in known - table), "what the library adds may only fall on Sundays"


@pytest.mark.parametrize(("length", "zero", "in_l", "in_c"), _rows(WORKING_DAY_TERMS))
def test_a_term_in_working_days_ends_where_the_table_says(length: str, zero: str, in_l: str, in_c: str) -> None:
    dates = BELGIUM.last_day(date.fromisoformat(zero), int(length), Unit.WORKING_DAYS)
    assert (dates.reading_l.isoformat(), dates.reading_c.isoformat()) == (in_l, in_c)


@pytest.mark.parametrize(("length", "zero", "last"), _rows(CALENDAR_TERMS))
def test_a_term_in_days_ends_where_the_table_says(length: str, zero: str, last: str) -> None:
    dates = BELGIUM.last_day(date.fromisoformat(zero), int(length), "days")
    assert dates.reading_l == dates.reading_c == date.fromisoformat(last)


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        ("2026-03-02", Verdict.IN_TIME),
        ("2026-03-11", Verdict.IN_TIME),
        ("2026-03-12", Verdict.IN_TIME_ON_READING_C),
        ("2026-03-13", Verdict.LATE),
    ],
)
def test_an_act_is_judged_under_both_readings(act: str, expected: Verdict) -> None:
    dates = BELGIUM.last_day(date(2026, 3, 3), 7, Unit.WORKING_DAYS)
    assert verdict(dates, date.fromisoformat(act)) is expected


def test_a_bridge_day_is_a_working_day() -> None:
    assert BELGIUM.is_working_day(date(2024, 5, 10), Reading.C)


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 3, 12, 22, 59, tzinfo=UTC), date(2026, 3, 12)),
        (datetime(2026, 3, 12, 23, 1, tzinfo=UTC), date(2026, 3, 13)),
        (datetime(2026, 7, 12, 21, 59, tzinfo=UTC), date(2026, 7, 12)),
        (datetime(2026, 7, 12, 22, 0, tzinfo=UTC), date(2026, 7, 13)),
    ],
)
def test_a_day_lasts_until_midnight_in_brussels(instant: datetime, day: date) -> None:
    assert BELGIUM.date_of(instant) == day


def test_an_instant_without_zone_has_no_date() -> None:
    with pytest.raises(ValueError, match="zone"):
        BELGIUM.date_of(datetime(2026, 3, 12, 22, 59))  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize(
    ("day", "period", "end"),
    [
        ("2025-08-31", "P6M", "2026-02-28"),
        ("2024-02-29", "P1Y", "2025-02-28"),
        ("2026-01-31", "P1M", "2026-02-28"),
        ("2026-01-01", "P4W", "2026-01-29"),
        ("2026-01-01", "P1Y2M10D", "2027-03-11"),
        ("2026-11-30", "P3M", "2027-02-28"),
    ],
)
def test_a_period_ends_on_the_same_day_number_or_the_last_of_the_month(day: str, period: str, end: str) -> None:
    assert add_period(date.fromisoformat(day), period).isoformat() == end


@pytest.mark.parametrize("period", ["", "P", "PT1H", "P1H", "6M", "P-1M", "P1.5M", "P１M"])
def test_what_is_no_period_of_whole_days_is_refused(period: str) -> None:
    with pytest.raises(ValueError, match="period"):
        add_period(date(2026, 1, 1), period)


def test_a_period_past_the_calendar_is_refused() -> None:
    with pytest.raises(OverflowError):
        add_period(date(9999, 12, 31), "P1M")


def test_a_term_of_no_days_is_refused() -> None:
    with pytest.raises(ValueError, match="one day"):
        BELGIUM.last_day(date(2026, 1, 1), 0, Unit.DAYS)


@given(DAYS, st.integers(1, 60))
def test_reading_l_never_ends_after_reading_c(zero: date, length: int) -> None:
    dates = BELGIUM.last_day(zero, length, Unit.WORKING_DAYS)
    assert zero < dates.reading_l <= dates.reading_c


@given(DAYS, st.integers(1, 60), st.sampled_from(Reading))
def test_a_term_counts_exactly_its_working_days(zero: date, length: int, reading: Reading) -> None:
    dates = BELGIUM.last_day(zero, length, Unit.WORKING_DAYS)
    end = dates.reading_l if reading is Reading.L else dates.reading_c
    counted = [
        day
        for day in range(zero.toordinal() + 1, end.toordinal() + 1)
        if BELGIUM.is_working_day(date.fromordinal(day), reading)
    ]
    assert len(counted) == length
    assert BELGIUM.is_working_day(end, reading)


@given(DAYS, st.integers(1, 60))
def test_a_longer_term_never_ends_earlier(zero: date, length: int) -> None:
    shorter, longer = (BELGIUM.last_day(zero, days, Unit.WORKING_DAYS) for days in (length, length + 1))
    assert isinstance(shorter, TermDates)
    assert shorter.reading_l < longer.reading_l
    assert shorter.reading_c < longer.reading_c
