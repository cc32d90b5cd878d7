"""Terms in working days and in calendar days, as a pure calendar.

The decree does not say what a working day is. Reading L (labour law) counts Monday to Saturday, reading C (civil law)
Monday to Friday, both without the ten statutory holidays. A party is told the earlier last day and nothing is held
against it before the later one. Day zero, the day of the event, never counts. No clock here: every date comes in.
Source: Art. 35, 36bis, 65 and 67 of the decree; for the holidays the Act of 4 January 1974.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from holidays import country_holidays

_COUNTRY = "BE"
_BRUSSELS = ZoneInfo("Europe/Brussels")
_PERIOD = re.compile(r"P(?=[0-9])(?:([0-9]{1,3})Y)?(?:([0-9]{1,4})M)?(?:([0-9]{1,4})W)?(?:([0-9]{1,5})D)?")
_ONE_DAY = timedelta(days=1)
_SATURDAY = 5


# The library loads a country when it is first asked for; that is not to happen in the middle of a request.
country_holidays(_COUNTRY)


class Unit(StrEnum):
    """What a term is counted in."""

    WORKING_DAYS = "working-days"
    DAYS = "days"


class Reading(StrEnum):
    """A reading of "working day": L counts Saturday, C does not."""

    L = "L"
    C = "C"


class Verdict(StrEnum):
    """How an act stands to its term."""

    IN_TIME = "InTime"
    IN_TIME_ON_READING_C = "InTimeOnReadingC"
    LATE = "Late"


@dataclass(frozen=True, kw_only=True, slots=True)
class TermDates:
    """The last day of a term under both readings; equal for calendar days. `reading_l` is never the later one."""

    day_zero: date
    reading_l: date
    reading_c: date


def last_day(day_zero: date, length: int, unit: Unit | str) -> TermDates:
    """The last day on which an act is in time.

    A term in calendar days is not extended when it ends on a day off.
    """
    if length < 1:
        raise ValueError("a term has at least one day")
    match Unit(unit):
        case Unit.DAYS:
            end = day_zero + timedelta(days=length)
            return TermDates(day_zero=day_zero, reading_l=end, reading_c=end)
        case Unit.WORKING_DAYS:
            return TermDates(
                day_zero=day_zero,
                reading_l=_after_working_days(day_zero, length, Reading.L),
                reading_c=_after_working_days(day_zero, length, Reading.C),
            )


def verdict(dates: TermDates, act: date) -> Verdict:
    """How an act of day `act` stands to the term."""
    if act <= dates.reading_l:
        return Verdict.IN_TIME
    return Verdict.IN_TIME_ON_READING_C if act <= dates.reading_c else Verdict.LATE


def is_working_day(day: date, reading: Reading) -> bool:
    """Whether `day` counts as a working day; bridge and replacement days of an undertaking do."""
    first_day_off = _SATURDAY + 1 if reading is Reading.L else _SATURDAY
    return day.weekday() < first_day_off and day not in public_holidays(day.year)


@lru_cache(maxsize=256)
def public_holidays(year: int) -> frozenset[date]:
    """The statutory public holidays of Belgium in `year` (and Easter Sunday and Whit Sunday, Sundays anyway)."""
    return frozenset(country_holidays(_COUNTRY, years=year))


def to_brussels_date(instant: datetime) -> date:
    """The date that an aware instant has in Belgium; a day lasts until 24:00 there."""
    if instant.tzinfo is None:
        raise ValueError("an instant without time zone has no date")
    return instant.astimezone(_BRUSSELS).date()


def add_period(day: date, period: str) -> date:
    """`day` plus an ISO 8601 period of years, months, weeks and days.

    Months and years end on the same day number, or on the last day of a month that lacks it.
    Raises ValueError for any other text, OverflowError past the year 9999.
    """
    match = _PERIOD.fullmatch(period)
    if match is None:
        raise ValueError("not an ISO 8601 period of whole days")
    years, months, weeks, days = (int(part or 0) for part in match.groups())
    count = day.year * 12 + day.month - 1 + years * 12 + months
    year, month = count // 12, count % 12 + 1
    if year > date.max.year:
        raise OverflowError("past the year 9999")
    shifted = date(year, month, min(day.day, monthrange(year, month)[1]))
    return shifted + timedelta(days=7 * weeks + days)


def _after_working_days(day: date, length: int, reading: Reading) -> date:
    while length:
        day += _ONE_DAY
        length -= is_working_day(day, reading)
    return day
