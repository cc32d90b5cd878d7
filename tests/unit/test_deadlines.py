"""Terms, against tables of holidays and last days that were computed by hand, apart from the code."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.deadlines import (
    Calendars,
    Reading,
    TermDates,
    Unit,
    Verdict,
    add_period,
    verdict,
)
from gateway.errors import EngineFault
from gateway.exchange import FOLDER as EXCHANGE
from gateway.forms.catalogue import load_countries

XS = "http://www.w3.org/2001/XMLSchema"
LAW = load_countries()["be"]
BELGIUM = LAW.calendar

DAYS = st.dates(min_value=date(1990, 1, 1), max_value=date(2090, 12, 31))

HOLIDAYS = {
    2024: "01-01 04-01 05-01 05-09 05-20 07-21 08-15 11-01 11-11 12-25",
    2025: "01-01 04-21 05-01 05-29 06-09 07-21 08-15 11-01 11-11 12-25",
    2026: "01-01 04-06 05-01 05-14 05-25 07-21 08-15 11-01 11-11 12-25",
    2027: "01-01 03-29 05-01 05-06 05-17 07-21 08-15 11-01 11-11 12-25",
}

# term, legal text, day zero, last day under reading L, under reading C; then the holidays inside, Sundays left out
WORKING_DAY_TERMS = """
T5 BE-RD2003 2024-03-27 2024-04-05 2024-04-08 04-01
T5 BE-RD2003 2024-05-06 2024-05-15 2024-05-16 05-09
T5 BE-RD2003 2024-10-30 2024-11-08 2024-11-12 11-01 11-11
T5 BE-RD2003 2024-12-20 2024-12-30 2025-01-02 12-25 01-01
T5 BE-RD2003 2025-04-17 2025-04-26 2025-04-29 04-21
T5 BE-RD2003 2025-05-26 2025-06-04 2025-06-05 05-29
T5 BE-RD2003 2025-07-17 2025-07-26 2025-07-29 07-21
T5 BE-RD2003 2025-10-28 2025-11-06 2025-11-06 11-01
T5 BE-RD2003 2026-03-03 2026-03-11 2026-03-12
T5 BE-RD2003 2026-04-01 2026-04-10 2026-04-13 04-06
T5 BE-RD2003 2026-05-11 2026-05-20 2026-05-21 05-14
T5 BE-RD2003 2026-12-21 2026-12-30 2026-12-31 12-25
T5 BE-RD2003 2027-03-24 2027-04-02 2027-04-05 03-29
T5 BE-RD2003 2027-05-03 2027-05-12 2027-05-13 05-06
T5 BE-RD2003 2027-07-15 2027-07-24 2027-07-27 07-21
T5 BE-RD2003 2027-11-05 2027-11-15 2027-11-17 11-11
T4 BE-RD2003 2024-04-25 2024-05-14 2024-05-17 05-01 05-09
T4 BE-RD2003 2025-04-14 2025-05-02 2025-05-06 04-21 05-01
T4 BE-RD2003 2026-05-05 2026-05-22 2026-05-27 05-14 05-25
T4 BE-RD2003 2027-10-25 2027-11-12 2027-11-16 11-01 11-11
T6 BE-RD2003 2024-04-15 2024-05-11 2024-05-16 05-01 05-09
T6 BE-RD2003 2025-04-07 2025-05-03 2025-05-08 04-21 05-01
T6 BE-RD2003 2026-06-29 2026-07-24 2026-07-29 07-21
T6 BE-RD2003 2027-12-06 2027-12-31 2028-01-04 12-25 01-01
T7 BE-RD2003 2024-04-15 2024-05-24 2024-05-31 05-01 05-09 05-20
T7 BE-RD2003 2025-07-01 2025-08-07 2025-08-14 07-21
T7 BE-RD2003 2026-10-12 2026-11-18 2026-11-25 11-11
T7 BE-RD2003 2027-03-15 2027-04-21 2027-04-28 03-29
T1 BE-RD2003 2024-05-02 2024-05-13 2024-05-15 05-09
T1 BE-RD2003 2025-12-22 2026-01-02 2026-01-05 12-25 01-01
T1 BE-RD2003 2026-05-18 2026-05-28 2026-05-29 05-25
T1 BE-RD2003 2027-07-19 2027-07-29 2027-07-30 07-21
T1 BE-CODE-I4 2024-05-02 2024-05-15 2024-05-17 05-09
T1 BE-CODE-I4 2025-12-22 2026-01-05 2026-01-07 12-25 01-01
T1 BE-CODE-I4 2026-05-18 2026-05-30 2026-06-02 05-25
T1 BE-CODE-I4 2027-07-19 2027-07-31 2027-08-03 07-21
"""

# term, day zero, last day, next working day under reading L, under reading C
CALENDAR_TERMS = """
T3 2024-05-06 2024-05-11 2024-05-11 2024-05-13
T3 2025-04-17 2025-04-22 2025-04-22 2025-04-22
T3 2026-07-17 2026-07-22 2026-07-22 2026-07-22
T3 2027-05-10 2027-05-15 2027-05-15 2027-05-18
T2 2024-10-28 2024-11-05 2024-11-05 2024-11-05
T2 2025-12-17 2025-12-25 2025-12-26 2025-12-26
T2 2026-03-30 2026-04-07 2026-04-07 2026-04-07
T2 2027-07-13 2027-07-21 2027-07-22 2027-07-22
T8 2024-01-31 2024-03-02 2024-03-02 2024-03-04
T8 2025-03-20 2025-04-20 2025-04-22 2025-04-22
T8 2026-11-24 2026-12-25 2026-12-26 2026-12-28
T8 2027-07-22 2027-08-22 2027-08-23 2027-08-23
"""


FIXED_HOLIDAYS = ((1, 1), (5, 1), (7, 21), (8, 15), (11, 1), (11, 11), (12, 25))


def _easter(year: int) -> date:
    """Easter Sunday by the Gregorian rule (Meeus/Jones/Butcher), apart from the library that is on trial."""
    century, rest = divmod(year, 100)
    golden = year % 19
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    to_sunday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    correction = (golden + 11 * epact + 22 * to_sunday) // 451
    month, day = divmod(epact + to_sunday - 7 * correction + 114, 31)
    return date(year, month, day + 1)


def _last_sunday(year: int, month: int) -> datetime:
    """One o'clock UTC on the last Sunday of a month, when summer time begins (March) and ends (October)."""
    last = date(year, month, 31)
    return datetime.combine(last - timedelta(days=(last.weekday() + 1) % 7), time(1), tzinfo=UTC)


def _rows(table: str) -> list[list[str]]:
    return [line.split() for line in table.strip().splitlines()]


@pytest.mark.parametrize("year", HOLIDAYS)
def test_the_calendar_has_the_ten_statutory_holidays(year: int) -> None:
    table = {date.fromisoformat(f"{year}-{day}") for day in HOLIDAYS[year].split()}
    assert len(table) == 10
    known = set(BELGIUM.public_holidays(year))
    assert table <= known
    assert all(day.weekday() == 6 for day in known - table), "what the library adds may only fall on Sundays"


@given(st.integers(1990, 2100))
def test_the_holidays_of_a_year_are_the_fixed_ones_and_those_that_move_with_easter(year: int) -> None:
    easter = _easter(year)
    fixed = {date(year, month, day) for month, day in FIXED_HOLIDAYS}
    ten = fixed | {easter + timedelta(days=days) for days in (1, 39, 50)}
    known = set(BELGIUM.public_holidays(year))
    assert {day for day in known if day.weekday() != 6} == {day for day in ten if day.weekday() != 6}


@pytest.mark.parametrize(("year", "day"), [(2024, "03-31"), (2025, "04-20"), (2026, "04-05"), (2027, "03-28")])
def test_the_rule_for_easter_gives_the_table(year: int, day: str) -> None:
    assert f"{_easter(year):%m-%d}" == day


@pytest.mark.parametrize("row", _rows(WORKING_DAY_TERMS), ids="-".join)
def test_a_term_in_working_days_ends_where_the_table_says(row: list[str]) -> None:
    term, profile, zero, in_l, in_c, *holidays = row
    span = LAW.terms[term].version(profile).span
    assert span.unit is Unit.WORKING_DAYS
    dates = BELGIUM.dates(date.fromisoformat(zero), span)
    assert (dates.reading_l.isoformat(), dates.reading_c.isoformat()) == (in_l, in_c)
    assert [f"{day:%m-%d}" for day, _ in BELGIUM.holidays_within(dates)] == holidays


@pytest.mark.parametrize("row", _rows(CALENDAR_TERMS), ids="-".join)
def test_a_term_in_days_ends_where_the_table_says(row: list[str]) -> None:
    term, zero, last, *next_working_days = row
    span = LAW.terms[term].version("BE-RD2003").span
    assert span.unit is Unit.DAYS
    dates = BELGIUM.dates(date.fromisoformat(zero), span)
    assert dates.reading_l == dates.reading_c == date.fromisoformat(last)
    found = [BELGIUM.next_working_day(day, reading).isoformat() for reading, day in dates.readings.items()]
    assert found == next_working_days


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
        ("2028-01-31", "P1M", "2028-02-29"),
        ("2024-02-29", "P4Y", "2028-02-29"),
        ("2026-03-31", "P1M", "2026-04-30"),
        ("2026-05-31", "P2M", "2026-07-31"),
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


@given(st.integers(0, 41 * 366 * 24 * 60))
def test_the_date_of_an_instant_follows_summer_time(minutes: int) -> None:
    instant = datetime(1997, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    summer = _last_sunday(instant.year, 3) <= instant < _last_sunday(instant.year, 10)
    assert BELGIUM.date_of(instant) == (instant + timedelta(hours=2 if summer else 1)).date()


@given(st.integers(1997, 2037), st.sampled_from([3, 10]), st.integers(-1, 1), st.integers(0, 24 * 3600 - 1))
def test_around_a_change_of_the_clock_no_instant_falls_on_another_day(
    year: int, month: int, beside: int, second: int
) -> None:
    change = _last_sunday(year, month).date() + timedelta(days=beside)
    shown = datetime.combine(change, time(), tzinfo=BELGIUM.zone) + timedelta(seconds=second)
    for fold in (0, 1):
        assert BELGIUM.date_of(shown.replace(fold=fold).astimezone(UTC)) == change


@given(st.integers(1990, 2099), st.integers(1, 31), st.integers(1, 60), st.sampled_from(Reading))
def test_a_term_over_the_end_of_a_year_is_the_sum_of_its_parts(
    year: int, day: int, length: int, reading: Reading
) -> None:
    zero = date(year, 12, day)
    whole = BELGIUM.last_day(zero, length, Unit.WORKING_DAYS).readings[reading]
    for part in range(1, length):
        stop = BELGIUM.last_day(zero, part, Unit.WORKING_DAYS).readings[reading]
        assert BELGIUM.last_day(stop, length - part, Unit.WORKING_DAYS).readings[reading] == whole
    assert whole != date(year + 1, 1, 1)
    assert whole.day != 25 or whole.month != 12


@given(DAYS, DAYS, st.integers(1, 60), st.sampled_from(Unit))
def test_a_later_day_zero_never_gives_an_earlier_last_day(one: date, other: date, length: int, unit: Unit) -> None:
    first, second = (BELGIUM.last_day(day, length, unit) for day in sorted((one, other)))
    assert first.reading_l <= second.reading_l
    assert first.reading_c <= second.reading_c


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


def test_evidence_can_state_every_verdict() -> None:
    """A verdict that its schema does not have would make evidence that nobody can read."""
    schema = etree.parse(EXCHANGE / "evidence.xsd")
    allowed = schema.xpath("//xs:simpleType[@name='VerdictType']//xs:enumeration/@value", namespaces={"xs": XS})
    assert set(allowed) == set(Verdict)


def test_a_country_that_the_schemas_lack_is_named() -> None:
    calendars = Calendars({"be": BELGIUM})
    assert calendars["be"] is BELGIUM
    with pytest.raises(EngineFault, match="country-gone: the schemas do not hold the country nl any more"):
        calendars["nl"]
    assert calendars.get("nl") is None
