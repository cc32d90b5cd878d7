"""What a legal term comes to on given dates, for whoever asks outside a case: both last days and all that explains
them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from gateway.deadlines import Calendar, Reading, Span, TermDates, Unit, Verdict, verdict
from gateway.forms.countries import Country, LegalTerm, TermVersion

_LONG = (Unit.MONTHS, Unit.YEARS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reckoned:
    """A term under one legal text, from one day zero.

    next_working_days: of a term in calendar time that runs forward, by reading; the last day itself where that is one.
    holidays: those inside; None for a term in months or years, for which nobody looks. verdict: on the act that was
    asked about.
    others: the same term under the other texts and cases that were law on day zero and say something else.
    """

    term: LegalTerm
    law: TermVersion
    dates: TermDates
    next_working_days: Mapping[Reading, date]
    holidays: tuple[tuple[date, str], ...] | None
    verdict: Verdict | None = None
    others: tuple[Reckoned, ...] = ()


def reckon(
    country: Country,
    term: LegalTerm,
    day_zero: date,
    *,
    profile: str | None = None,
    act: date | None = None,
    language: str = "en",
) -> Reckoned:
    """The term from `day_zero` under the text `profile`, by default the country's first.

    act: the day of the act, to be judged; of a least duration it is not. language: of the names of holidays.
    Raises OverflowError past the calendar.
    """
    law = term.version(profile, day=day_zero)
    others: dict[tuple[str, Span], TermVersion] = {}
    for row in term.versions:
        if row.in_force(day_zero) and country.profiles[row.profile].in_force(day_zero):
            others.setdefault((row.profile, row.span), row)
    others.pop((law.profile, law.span), None)
    return _reckoned(
        country.calendar,
        term,
        law,
        day_zero,
        act=act,
        language=language,
        others=tuple(
            _reckoned(country.calendar, term, other, day_zero, act=act, language=language) for other in others.values()
        ),
    )


def _reckoned(
    calendar: Calendar,
    term: LegalTerm,
    law: TermVersion,
    day_zero: date,
    *,
    act: date | None,
    language: str,
    others: tuple[Reckoned, ...] = (),
) -> Reckoned:
    dates = calendar.dates(day_zero, law.span)
    shifts_nothing = law.span.unit is not Unit.WORKING_DAYS and not law.span.before
    return Reckoned(
        term=term,
        law=law,
        dates=dates,
        next_working_days={
            reading: calendar.next_working_day(last, reading)
            for reading, last in dates.readings.items()
            if shifts_nothing
        },
        holidays=None if law.span.unit in _LONG else tuple(calendar.holidays_within(dates, language)),
        verdict=None if act is None or law.span.at_least else verdict(dates, act, bound=term.bound, span=law.span),
        others=others,
    )
