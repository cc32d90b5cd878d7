"""Terms in working days and in calendar time, as a pure calendar.

A law seldom says what a working day is. Reading L (labour law in Belgium) counts Monday to Saturday, reading C (civil
law) Monday to Friday, both without the public holidays; where a country knows no doubt, both readings are the same. A
party is told the earlier last day and nothing is held against it before the later one. Day zero, the day of the event,
never counts. No clock here and no country: every date comes in, and a `Calendar` is data.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from gateway.errors import EngineFault

_PERIOD = re.compile(r"P(?=[0-9])(?:([0-9]{1,3})Y)?(?:([0-9]{1,4})M)?(?:([0-9]{1,4})W)?(?:([0-9]{1,5})D)?")
_ONE_DAY = timedelta(days=1)


class Unit(StrEnum):
    """What a term is counted in."""

    WORKING_DAYS = "working-days"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    YEARS = "years"


class Reading(StrEnum):
    """A reading of "working day": what a party is told, and what is held against it."""

    L = "L"
    C = "C"


class Bound(StrEnum):
    """Whom a term binds: a party, whose act can be late, or an authority or physician, whose act stands all the
    same."""

    PARTY = "party"
    AUTHORITY = "authority"


class Verdict(StrEnum):
    """How an act stands to its term. The last three never speak against an act: it was due, and done after all."""

    IN_TIME = "InTime"
    IN_TIME_ON_READING_C = "InTimeOnReadingC"
    LATE = "Late"
    DUE = "Due"
    OVERDUE = "Overdue"
    DELAYED = "Delayed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """The length of a term.

    before: it is counted back from day zero. at_least: a least duration, after which something is allowed.
    without_delay: the law names no number, and this one is when the gateway remarks.
    """

    length: int
    unit: Unit
    before: bool = False
    at_least: bool = False
    without_delay: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class TermDates:
    """The last day of a term under both readings; equal for calendar time. `reading_l` is never the later one."""

    day_zero: date
    reading_l: date
    reading_c: date

    @property
    def readings(self) -> Mapping[Reading, date]:
        """The last day by reading."""
        return {Reading.L: self.reading_l, Reading.C: self.reading_c}


@dataclass(frozen=True, kw_only=True, eq=False)
class Calendar:
    """The days of a country. Equal to itself only: what it said of a span is remembered.

    holidays_of, categories: what the `holidays` library calls it. days_off: by reading, days of the week, Monday is 0.
    extended: unit -> longest term of that unit that runs on to the next working day when it ends on a day off.
    """

    country: str
    holidays_of: str
    categories: tuple[str, ...]
    zone: ZoneInfo
    days_off: Mapping[Reading, frozenset[int]]
    extended: Mapping[Unit, int] = field(default_factory=dict)

    def public_holidays(self, year: int, language: str = "en") -> Mapping[date, str]:
        """The public holidays of a year with their names, among them some that fall on Sundays anyway.

        language: of the names, as far as the country has names in it; else English.
        """
        return _holidays(self.holidays_of, self.categories, year, language)

    def is_working_day(self, day: date, reading: Reading) -> bool:
        """Whether `day` counts as a working day; bridge and replacement days of an undertaking do."""
        return day.weekday() not in self.days_off[reading] and day not in self.public_holidays(day.year)

    def next_working_day(self, day: date, reading: Reading) -> date:
        """`day` itself, or the first working day after it."""
        while not self.is_working_day(day, reading):
            day += _ONE_DAY
        return day

    def date_of(self, instant: datetime) -> date:
        """The date that an aware instant has in the country; a day lasts until 24:00 there."""
        if instant.tzinfo is None:
            raise ValueError("an instant without time zone has no date")
        return instant.astimezone(self.zone).date()

    def end_of(self, day: date) -> datetime:
        """The instant at which a day ends in the country, in UTC."""
        return datetime.combine(day + _ONE_DAY, time(), self.zone).astimezone(UTC)

    def working_days_before(self, day: date, length: int) -> date:
        """The day that lies `length` working days before `day`, by the reading that counts fewer of them."""
        while length:
            day -= _ONE_DAY
            length -= self.is_working_day(day, Reading.C)
        return day

    def last_day(self, day_zero: date, length: int, unit: Unit | str, *, before: bool = False) -> TermDates:
        """The last day on which an act is in time. Raises OverflowError past the calendar."""
        if length < 1:
            raise ValueError("a term has at least one day")
        unit = Unit(unit)
        if unit is Unit.WORKING_DAYS:
            if before:
                raise ValueError("a term in working days is counted forward")
            ends = {reading: self._after_working_days(day_zero, length, reading) for reading in Reading}
        else:
            end = _add(day_zero, -length if before else length, unit)
            runs_on = not before and length <= self.extended.get(unit, 0)
            ends = {reading: self.next_working_day(end, reading) if runs_on else end for reading in Reading}
        return TermDates(day_zero=day_zero, reading_l=ends[Reading.L], reading_c=ends[Reading.C])

    def dates(self, day_zero: date, span: Span) -> TermDates:
        """`last_day` of a span."""
        return _dates(self, day_zero, span)

    def holidays_within(self, dates: TermDates, language: str = "en") -> Iterator[tuple[date, str]]:
        """The public holidays that a term passes over under one of its readings, Sundays left out."""
        first, last = sorted((dates.day_zero, dates.reading_c))
        always_off = frozenset.intersection(*self.days_off.values())
        for year in range(first.year, last.year + 1):
            for day, name in sorted(self.public_holidays(year, language).items()):
                if first < day <= last and day.weekday() not in always_off:
                    yield day, name

    def _after_working_days(self, day: date, length: int, reading: Reading) -> date:
        while length:
            day += _ONE_DAY
            length -= self.is_working_day(day, reading)
        return day


class Calendars(dict[str, Calendar]):
    """The calendar of each country whose days count. Asked for one that is not there: EngineFault."""

    def __missing__(self, country: str) -> Calendar:
        raise EngineFault(
            "country-gone", f"the schemas do not hold the country {country} any more, whose days count for this form"
        )


@lru_cache(maxsize=1024)
def _dates(calendar: Calendar, day_zero: date, span: Span) -> TermDates:
    """What is handed in on one day has terms of the same few lengths."""
    return calendar.last_day(day_zero, span.length, span.unit, before=span.before)


def verdict(dates: TermDates, act: date, *, bound: Bound | str = Bound.PARTY, span: Span | None = None) -> Verdict:
    """How an act of day `act` stands to the term; for an act not yet done, of today."""
    if span is not None and span.at_least:
        raise ValueError("a least duration has no last day to miss")
    if act <= dates.reading_l:
        return Verdict.IN_TIME
    if span is not None and span.without_delay:
        return Verdict.DELAYED
    in_doubt = act <= dates.reading_c
    if Bound(bound) is Bound.AUTHORITY:
        return Verdict.DUE if in_doubt else Verdict.OVERDUE
    return Verdict.IN_TIME_ON_READING_C if in_doubt else Verdict.LATE


def add_period(day: date, period: str) -> date:
    """`day` plus an ISO 8601 period of years, months, weeks and days.

    Months and years end on the same day number, or on the last day of a month that lacks it.
    Raises ValueError for any other text, OverflowError past the year 9999.
    """
    match = _PERIOD.fullmatch(period)
    if match is None:
        raise ValueError("not an ISO 8601 period of whole days")
    years, months, weeks, days = (int(part or 0) for part in match.groups())
    return _add_months(day, years * 12 + months) + timedelta(days=7 * weeks + days)


def _add(day: date, length: int, unit: Unit) -> date:
    match unit:
        case Unit.MONTHS:
            return _add_months(day, length)
        case Unit.YEARS:
            return _add_months(day, 12 * length)
        case Unit.WEEKS:
            return day + timedelta(weeks=length)
        case _:
            return day + timedelta(days=length)


def _add_months(day: date, months: int) -> date:
    count = day.year * 12 + day.month - 1 + months
    year, month = count // 12, count % 12 + 1
    if not date.min.year <= year <= date.max.year:
        raise OverflowError("past the calendar")
    return date(year, month, min(day.day, monthrange(year, month)[1]))


@lru_cache(maxsize=1024)
def _holidays(country: str, categories: tuple[str, ...], year: int, language: str) -> Mapping[date, str]:
    from holidays import country_holidays  # here: it is slow to come, and most commands need no calendar

    spoken = country_holidays(country).supported_languages
    return dict(
        country_holidays(
            country, years=year, categories=categories, language=language if language in spoken else "en_US"
        )
    )
