"""What a country's law says about time, as frozen data: its calendar, its legal texts and its terms.

Read from `schemas/<country>/calendar.yaml` and `terms.yaml`, whose heads say how they read; nothing here opens a file
or names a country.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.deadlines import Bound, Calendar, Reading, Span, Unit
from gateway.errors import CatalogueError
from gateway.forms.citing import Legal
from gateway.forms.findings import four_languages
from gateway.forms.sources import Entry

PROVENANCES = ("seed", "found", "known", "reconstructed")
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ID = re.compile(r"[A-Z]{1,2}[0-9]{1,2}")
_ALIAS = re.compile(r"[a-z]+(?:-[a-z]+)*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """A legal text that forms follow. act: its name in the rules. start, end: first and last day in force."""

    id: str
    act: str
    start: date | None
    end: date | None

    def in_force(self, day: date) -> bool:
        """Whether the text was law on `day`."""
        return _holds(self.start, self.end, day)


@dataclass(frozen=True, kw_only=True, slots=True)
class TermVersion:
    """What one legal text says of a term from `start` to `end`. variant: the case in which it says so."""

    profile: str
    legal: Legal
    span: Span
    provenance: str
    variant: str | None = None
    start: date | None = None
    end: date | None = None

    @property
    def article(self) -> str:
        """Where the text says so, as our data write it."""
        return self.legal.article

    def in_force(self, day: date) -> bool:
        """Whether the text says so on `day`."""
        return _holds(self.start, self.end, day)


@dataclass(frozen=True, kw_only=True, slots=True)
class LegalTerm:
    """A term of the law. day_zero, act: language -> the event it runs from, and what must happen by its end."""

    id: str
    aliases: tuple[str, ...]
    bound: Bound
    day_zero: Mapping[str, str]
    act: Mapping[str, str]
    versions: tuple[TermVersion, ...]
    default_profile: str

    def version(
        self, profile: str | None = None, *, day: date | None = None, variant: str | None = None
    ) -> TermVersion:
        """What the text `profile` says of the term on `day`; without `day` the latest.

        A variant that the text does not know on that day falls under its main version, a text without the term under
        the first profile, a day before all versions under the oldest.
        """
        special = [row for row in self._rows(profile, variant) if day is None or row.in_force(day)]
        rows = special or self._rows(profile, None) or self._rows(self.default_profile, None)
        if day is None:
            return rows[-1]
        return next((row for row in reversed(rows) if row.in_force(day)), rows[0])

    def _rows(self, profile: str | None, variant: str | None) -> Sequence[TermVersion]:
        wanted = (profile or self.default_profile, variant)
        return [row for row in self.versions if (row.profile, row.variant) == wanted]


@dataclass(frozen=True, kw_only=True)
class Country:
    """The law of one country about time."""

    code: str
    calendar: Calendar
    profiles: Mapping[str, Profile]
    terms: Mapping[str, LegalTerm]

    def cited_under(self, profile: str | None, legal: tuple[Legal, ...]) -> tuple[Legal, ...]:
        """Provisions as a form that follows the text `profile` cites them.

        One that is cited for a term: where that text sets the term. Which others answer to each other our data do not
        know: those stay, with the act that they are of.
        """
        if profile not in self._counterparts or not any(each.term for each in legal):
            return legal
        return tuple(self.counterpart(profile, each) if each.term else each for each in legal)

    def counterpart(self, profile: str | None, legal: Legal) -> Legal:
        """Where the text `profile` sets the term that this provision of the country's first text sets; else itself."""
        return self._counterparts.get(profile or "", {}).get((legal.act, _bare(legal.article)), legal)

    @cached_property
    def _counterparts(self) -> Mapping[str, Mapping[tuple[str, str], Legal]]:
        """By profile: the act and article in which the first text sets a term -> where that of the profile sets it."""
        found: dict[str, dict[tuple[str, str], Legal]] = {}
        for term in self.terms.values():
            first = term.version().legal
            for row in term.versions:
                if row.variant is None and row.legal.act != first.act:
                    found.setdefault(row.profile, {})[first.act, _bare(first.article)] = row.legal
        return found

    def term(self, name: str) -> LegalTerm | None:
        """The term with that id or alias, whatever the case of the letters."""
        wanted = name.casefold()
        return next(
            (term for term in self.terms.values() if wanted == term.id.casefold() or wanted in term.aliases), None
        )


def _bare(article: str) -> str:
    """An article as rules write it, without the word that terms have before it."""
    return article.removeprefix("Art. ")


def read_country(code: str, calendar: object, terms: object) -> Country:
    """The country `code` from its calendar.yaml and terms.yaml. Raises CatalogueError naming file and key."""
    source = f"{code}/terms.yaml"
    entry = Entry(terms, where=source, required=["country", "profiles", "terms"])
    _same_country(entry, code)
    profiles = {name: _profile(name, item, source) for name, item in entry.mapping("profiles").items()}
    if not profiles:
        raise entry.wrong("profiles", "at least one legal text is expected")
    read: dict[str, LegalTerm] = {}
    for number, item in enumerate(entry.items("terms"), start=1):
        named = item.get("id", number) if isinstance(item, dict) else number
        term = _term(item, f"{source}: {named}", profiles)
        names = {name for each in read.values() for name in (each.id, *each.aliases)}
        if names & {term.id, *term.aliases}:
            raise entry.wrong("terms", f"{term.id}: an id or alias is there twice")
        read[term.id] = term
    return Country(code=code, calendar=_calendar(code, calendar), profiles=profiles, terms=read)


def check_holidays(countries: Iterable[Country]) -> None:
    """Ask for the holidays of countries: so that each calendar.yaml is known to be right, and that no request waits for
    the library, which is slow when it is first asked. Raises CatalogueError naming the key."""
    for country in countries:
        said = f"{country.code}/calendar.yaml.holidays"
        try:
            country.calendar.public_holidays(2000)
        except NotImplementedError as exc:
            raise CatalogueError("catalogue-value", f"{said}.country: the holidays library does not know it") from exc
        except ValueError as exc:
            said = f"{said}.categories: the holidays library does not know them"
            raise CatalogueError("catalogue-value", said) from exc


def _calendar(code: str, data: object) -> Calendar:
    source = f"{code}/calendar.yaml"
    entry = Entry(data, where=source, required=["country", "time_zone", "holidays", "readings", "extended"])
    _same_country(entry, code)
    try:
        zone = ZoneInfo(entry.text("time_zone"))
    except (ZoneInfoNotFoundError, ValueError) as exc:
        raise entry.wrong("time_zone", "no such time zone") from exc
    library = Entry(entry.data["holidays"], where=f"{source}.holidays", required=["country", "categories"])
    readings = Entry(entry.data["readings"], where=f"{source}.readings", required=list(Reading))
    days_off = {
        reading: frozenset(_weekday(readings, reading, name) for name in readings.texts(reading)) for reading in Reading
    }
    if not days_off[Reading.L] <= days_off[Reading.C]:
        raise readings.wrong(Reading.L, "a day off here is one under C too: L is never the later reading")
    extended = Entry(entry.data["extended"], where=f"{source}.extended", required=[], optional=list(Unit))
    return Calendar(
        country=code,
        holidays_of=library.text("country"),
        categories=library.texts("categories"),
        zone=zone,
        days_off=days_off,
        extended={Unit(unit): extended.number(unit) for unit in extended.data},
    )


def _weekday(entry: Entry, reading: str, name: str) -> int:
    if name not in _WEEK:
        raise entry.wrong(reading, "days of the week are expected")
    return _WEEK.index(name)


def _profile(name: str, data: object, source: str) -> Profile:
    entry = Entry(data, where=f"{source}.profiles.{name}", required=["act"], optional=["from", "until"])
    return Profile(id=name, act=entry.text("act"), start=entry.day("from"), end=entry.day("until"))


def _term(data: object, where: str, texts: Mapping[str, Profile]) -> LegalTerm:
    entry = Entry(data, where=where, required=["id", "aliases", "bound", "day_zero", "act", "versions"])
    aliases = entry.texts("aliases")
    if _ID.fullmatch(entry.text("id")) is None:
        raise entry.wrong("id", "an id such as T5 is expected")
    if any(_ALIAS.fullmatch(alias) is None for alias in aliases):
        raise entry.wrong("aliases", "lower-case words are expected")
    versions, profiles = tuple(_versions(entry, texts)), tuple(texts)
    if not any(version.profile == profiles[0] and version.variant is None for version in versions):
        raise entry.wrong("versions", f"one of {profiles[0]} is expected")
    return LegalTerm(
        id=entry.text("id"),
        aliases=aliases,
        bound=Bound(entry.one_of("bound", list(Bound))),
        day_zero=four_languages(entry.data["day_zero"], where=f"{where}.day_zero"),
        act=four_languages(entry.data["act"], where=f"{where}.act"),
        versions=versions,
        default_profile=profiles[0],
    )


def _versions(entry: Entry, texts: Mapping[str, Profile]) -> Iterator[TermVersion]:
    for number, item in enumerate(entry.items("versions"), start=1):
        version = Entry(
            item,
            where=f"{entry.where}: version {number}",
            required=["profile", "article", "length", "unit", "provenance"],
            optional=["variant", "from", "until", "before", "at_least", "without_delay"],
        )
        unit = Unit(version.one_of("unit", list(Unit)))
        if unit is Unit.WORKING_DAYS and version.data.get("before"):
            raise version.wrong("before", "a term in working days is counted forward")
        profile = version.one_of("profile", tuple(texts))
        yield TermVersion(
            profile=profile,
            variant=version.optional_text("variant"),
            legal=Legal(act=texts[profile].act, article=version.text("article")),
            span=Span(
                length=version.number("length"),
                unit=unit,
                before=_flag(version, "before"),
                at_least=_flag(version, "at_least"),
                without_delay=_flag(version, "without_delay"),
            ),
            provenance=version.one_of("provenance", PROVENANCES),
            start=version.day("from"),
            end=version.day("until"),
        )


def _flag(entry: Entry, key: str) -> bool:
    value = entry.data.get(key, False)
    if not isinstance(value, bool):
        raise entry.wrong(key, "true or false is expected")
    return value


def _same_country(entry: Entry, code: str) -> None:
    if entry.text("country") != code:
        raise entry.wrong("country", "is not that of its folder")


def _holds(start: date | None, end: date | None, day: date) -> bool:
    return (start is None or start <= day) and (end is None or day <= end)
