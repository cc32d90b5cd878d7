"""`term`: a legal term from a given day, with all that explains its last days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from gateway.cli.options import AsJson, Lang, Language
from gateway.cli.output import answering, headings, out, print_json, print_table, said, usage_error
from gateway.cli.termwords import UNITS, WEEKDAYS, verdict_shown
from gateway.deadlines import Calendar, Reading, Span, TermDates

if TYPE_CHECKING:
    from gateway.forms.citing import Acts
    from gateway.forms.countries import Country, LegalTerm
    from gateway.forms.reckoning import Reckoned


def term(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A term: appeal, or T5. Without it: all.")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", help="Day zero, or an instant: 2026-03-03, 2026-03-03T17:00+01:00."),
    ] = None,
    profile: Annotated[
        str | None, typer.Option("--profile", help="The legal text, such as BE-CODE-I4. By default the oldest we know.")
    ] = None,
    act: Annotated[
        str | None, typer.Option("--act", metavar="DATE", help="Day or instant of the act, to be judged.")
    ] = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
) -> None:
    """Tell the last day of a legal term, under both readings of a working day.

    With --act, whether an act of that day is in time. Without a name, all terms.
    """
    from gateway.forms.catalogue import load_acts, load_countries
    from gateway.forms.reckoning import reckon

    with answering(as_json=as_json):
        countries, acts = load_countries(), load_acts()
        if profile is not None:
            countries = _of_profile(countries, profile)
        if name is None:
            if act is not None:
                raise usage_error("--act needs the name of a term")
            _list(countries, acts, profile, start, lang, as_json=as_json)
            return
        country, found = _named(countries, name)
        if start is None:
            raise usage_error("give day zero: --from 2026-03-03")
        day_zero = _day(start, "--from", country.calendar)
        act_day = None if act is None else _day(act, "--act", country.calendar)
        span = found.version(profile, day=day_zero).span
        if act_day is not None and span.at_least:
            raise usage_error(f"{found.id} is a least duration: no act can miss it, so leave out --act")
        if act_day is not None and act_day < day_zero and not span.before:
            raise usage_error(f"--act: lies before day zero, when {found.id} does not run yet")
        with _within_the_calendar():
            answer = reckon(country, found, day_zero, profile=profile, act=act_day, language=lang)
        if as_json:
            print_json(_facts(country, answer, acts, lang))
            return
        for line in _lines(country, answer, act_day, acts, lang):
            out().print(line)


@contextmanager
def _within_the_calendar() -> Iterator[None]:
    try:
        yield
    except OverflowError as exc:
        raise usage_error("--from: a term from that day leaves the years 1 to 9999") from exc


def _of_profile(countries: Mapping[str, Country], profile: str) -> Mapping[str, Country]:
    found = {code: country for code, country in countries.items() if profile in country.profiles}
    if not found:
        known = ", ".join(each for country in countries.values() for each in country.profiles)
        raise usage_error(f"--profile: no such legal text; known are {known}")
    return found


def _named(countries: Mapping[str, Country], name: str) -> tuple[Country, LegalTerm]:
    found = [(country, hit) for country in countries.values() if (hit := country.term(name)) is not None]
    if not found:
        known = ", ".join(
            alias for country in countries.values() for each in country.terms.values() for alias in each.aliases
        )
        raise usage_error(f"no such term; `sealpost term` lists them; names are {known}")
    if len(found) > 1:
        raise usage_error("terms of several countries have that name; say which legal text with --profile")
    return found[0]


def _day(text: str, option: str, calendar: Calendar) -> date:
    """A day, or the day that an instant has in the country of the term."""
    try:
        if len(text) <= len("2026-03-03"):
            return date.fromisoformat(text)
        instant = datetime.fromisoformat(text)
    except ValueError as exc:
        raise usage_error(f"{option}: a day such as 2026-03-03, or an instant, is expected") from exc
    if instant.tzinfo is None:
        raise usage_error(f"{option}: an instant needs its offset, such as 2026-03-03T17:00+01:00")
    return calendar.date_of(instant)


def _list(
    countries: Mapping[str, Country],
    acts: Acts,
    profile: str | None,
    start: str | None,
    lang: Language,
    *,
    as_json: bool,
) -> None:
    from gateway.forms.reckoning import reckon

    rows: list[tuple[Country, LegalTerm, Reckoned | None]] = []
    for country in countries.values():
        day_zero = None if start is None else _day(start, "--from", country.calendar)
        for each in country.terms.values():
            with _within_the_calendar():
                answer = None if day_zero is None else reckon(country, each, day_zero, profile=profile, language=lang)
            rows.append((country, each, answer))
    if as_json:
        print_json(
            {
                "items": [
                    _term_facts(country, each, profile, acts, lang)
                    if answer is None
                    else _facts(country, answer, acts, lang)
                    for country, each, answer in rows
                ]
            }
        )
        return
    last = () if start is None else headings("last day", "on the other reading")
    print_table(
        ("", *headings("name", "law", "term"), *last, *headings("what must happen")),
        [
            (
                each.id,
                ", ".join(each.aliases),
                acts.cite([law.legal], lang),
                _length(law.span, lang),
                *(
                    []
                    if answer is None
                    else [_shown(answer.dates.reading_l, lang), _shown(answer.dates.reading_c, lang)]
                ),
                each.act[lang],
            )
            for country, each, answer in rows
            for law in [each.version(profile) if answer is None else answer.law]
        ],
    )


def _lines(country: Country, answer: Reckoned, act: date | None, acts: Acts, lang: Language) -> Iterator[Text]:
    law, found = answer.law, answer.term
    yield Text(f"{found.id}  {acts.cite([law.legal], lang)} ({law.profile}{_variant(answer)})", style="bold")
    rows = [
        (said("term"), _length(law.span, lang)),
        (said("day zero"), f"{_shown(answer.dates.day_zero, lang)}: {found.day_zero[lang]}"),
        (said("what must happen"), found.act[lang]),
        *_last_days(country.calendar, answer, lang),
    ]
    if answer.holidays is not None:
        inside = ", ".join(f"{_shown(day, lang)} {name}" for day, name in answer.holidays)
        rows.append((said("holidays inside"), inside or said("none")))
    if answer.verdict is not None and act is not None:
        rows.append((said("act of {day}", day=_shown(act, lang)), verdict_shown(answer.verdict)))
    for other in answer.others:
        last = "; ".join(days for _, days in _last_days(country.calendar, other, lang)[:1])
        cited = acts.cite([other.law.legal], lang)
        rows.append(
            (
                said("another legal text"),
                f"{cited} ({other.law.profile}{_variant(other)}): {_length(other.law.span, lang)}, {last}",
            )
        )
    width = max(len(label) for label, _ in rows)
    for label, text in rows:
        yield Text(f"  {label:{width}}  {text}")


def _last_days(calendar: Calendar, answer: Reckoned, lang: Language) -> list[tuple[str, str]]:
    dates, span = answer.dates, answer.law.span
    label = said("at least until") if span.at_least else said("last day")
    if dates.reading_l != dates.reading_c:
        return [
            (label, f"{_shown(dates.reading_l, lang)} ({_week(calendar, Reading.L, lang)})"),
            (said("on the other reading"), f"{_shown(dates.reading_c, lang)} ({_week(calendar, Reading.C, lang)})"),
        ]
    rows = [(label, _shown(dates.reading_l, lang))]
    later = {day for day in answer.next_working_days.values() if day != dates.reading_l}
    if later and not span.at_least:
        days = [
            f"{_shown(day, lang)} ({_week(calendar, reading, lang)})"
            for reading, day in answer.next_working_days.items()
            if day != dates.reading_l
        ]
        alike = len(days) == len(Reading) and len(later) == 1
        rows.append((said("next working day"), _shown(later.pop(), lang) if alike else ", ".join(days)))
    return rows


def _week(calendar: Calendar, reading: Reading, lang: Language) -> str:
    """`Monday to Saturday count`."""
    days = [day for day in range(7) if day not in calendar.days_off[reading]]
    return said("{first} to {last} count", first=WEEKDAYS[lang][days[0]], last=WEEKDAYS[lang][days[-1]])


def _shown(day: date, lang: Language) -> str:
    return f"{WEEKDAYS[lang][day.weekday()]} {day.isoformat()}"


def _length(span: Span, lang: Language) -> str:
    one, many = UNITS[lang][span.unit]
    length = f"{span.length} {one if span.length == 1 else many}"
    if span.without_delay:
        return said("without delay; a remark after {length}", length=length)
    if span.at_least:
        return said("at least {length}", length=length)
    return said("{length} in advance", length=length) if span.before else length


def _variant(answer: Reckoned) -> str:
    return "" if answer.law.variant is None else f", {answer.law.variant}"


def _term_facts(
    country: Country, found: LegalTerm, profile: str | None, acts: Acts, lang: Language
) -> dict[str, object]:
    law = found.version(profile)
    return {
        "id": found.id,
        "aliases": list(found.aliases),
        "country": country.code,
        "profile": law.profile,
        **acts.shown([law.legal], lang),
        "binds": found.bound,
        **_span(law.span),
        "event": found.day_zero[lang],
        "act": found.act[lang],
    }


def _facts(country: Country, answer: Reckoned, acts: Acts, lang: Language) -> dict[str, object]:
    found = answer.term
    return {
        "id": found.id,
        "aliases": list(found.aliases),
        "country": country.code,
        "binds": found.bound,
        "event": found.day_zero[lang],
        "act": found.act[lang],
        **_reckoned(answer, acts, lang),
        "otherTexts": [_reckoned(other, acts, lang) for other in answer.others],
    }


def _reckoned(answer: Reckoned, acts: Acts, lang: Language) -> dict[str, object]:
    law = answer.law
    facts: dict[str, object] = {"profile": law.profile}
    if law.variant is not None:
        facts["variant"] = law.variant
    facts |= {**acts.shown([law.legal], lang), "provenance": law.provenance, **_span(law.span), **_dates(answer.dates)}
    if answer.next_working_days:
        facts["nextWorkingDay"] = answer.next_working_days[Reading.L].isoformat()
        facts["nextWorkingDayOtherReading"] = answer.next_working_days[Reading.C].isoformat()
    if answer.holidays is not None:
        facts["holidays"] = [{"date": day.isoformat(), "name": name} for day, name in answer.holidays]
    if answer.verdict is not None:
        facts["verdict"] = answer.verdict
    return facts


def _span(span: Span) -> dict[str, object]:
    marks = {"withoutDelay": span.without_delay, "atLeast": span.at_least, "before": span.before}
    return {"length": span.length, "unit": span.unit, **{name: True for name, holds in marks.items() if holds}}


def _dates(dates: TermDates) -> dict[str, str]:
    return {
        "dayZero": dates.day_zero.isoformat(),
        "lastDay": dates.reading_l.isoformat(),
        "lastDayOtherReading": dates.reading_c.isoformat(),
    }
