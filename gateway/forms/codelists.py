"""Code lists: dated lists of codes that change without a new schema, read strictly.

    list, title                      its name, which is that of its file, and what people call it
    article, provenance              where it comes from; note, act: what else to know
    complete, demonstration          false: a code that is missing says nothing; true: invented, to be replaced
    editions                         {"2025": {act, from, until, count}}: each begins the day after the last one ended
    pattern, check                   what every code looks like, and its check digit (`cas`, `ec`)
    values                           further keys of an entry: {ec: {check: ec}, european: {list: european-schedule}}
    statuses                         what the `status` of an entry may be
    ranges: true                     codes are numbers or ranges of numbers, "1300-1499"; no number lies in two ranges
    codes                            {code, en, nl, fr, de, editions, selectable, status, from, until, ...values}

An installation may have lists of its own (`extends: true` adds editions or codes to a list of ours, else one replaces
ours). None may take a code away from an edition: forms that name it would be judged otherwise than when they were made.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from gateway.errors import CatalogueError, CodeListRefused
from gateway.forms.citing import Legal
from gateway.forms.findings import LANGUAGES
from gateway.forms.sources import Entry
from gateway.identifiers import cas_is_valid, ec_is_valid

CHECKS: Mapping[str, Callable[[str], bool]] = {"cas": cas_is_valid, "ec": ec_is_valid}
_OPTIONAL = (
    "act",
    "article",
    "provenance",
    "note",
    "complete",
    "demonstration",
    "editions",
    "pattern",
    "check",
    "values",
)
_ENTRY = ("en", "nl", "fr", "de", "editions", "selectable", "status", "from", "until", "demonstration")
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_RANGE = re.compile(r"([0-9]+)(?:-([0-9]+))?")
_DAY = timedelta(days=1)
_WHOLE = "the list"

Dates = tuple[date | None, date | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedCode:
    """One entry: its titles by language, the editions that hold it, and its further values."""

    code: str
    titles: Mapping[str, str] = field(default_factory=dict)
    editions: frozenset[str] = frozenset()
    selectable: bool = True
    status: str | None = None
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeList:
    """A dated list of codes.

    codes: code -> the editions that hold it; empty where the list has no editions. Headers that nobody may choose are
    left out. editions: edition -> first and last day of its validity. entries: all rows, headers too. ranges: first and
    last number of a range, and the code of its entry.
    """

    name: str
    codes: Mapping[str, frozenset[str]]
    editions: Mapping[str, Dates] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    legal: tuple[Legal, ...] = ()
    provenance: str | None = None
    complete: bool = True
    demonstration: bool = False
    entries: Mapping[str, ListedCode] = field(default_factory=dict)
    ranges: tuple[tuple[str, str, str], ...] = ()
    references: Mapping[str, str] = field(default_factory=dict)

    def holds(self, code: str, edition: str | None = None) -> bool:
        """Whether the code may be chosen, in that edition if one is named."""
        editions = self.codes.get(code)
        return editions is not None and (edition is None or edition in editions)

    def edition_on(self, day: date) -> str | None:
        """The edition in force on `day`."""
        return next((name for name, (start, end) in self.editions.items() if _in_force(start, end, day)), None)

    def value(self, code: str, key: str) -> str:
        """A further value of a code, or of the range that a number lies in; several stand with a space between."""
        return " ".join(entry.values.get(key, ())) if (entry := self.entry(code)) is not None else ""

    def entry(self, code: str) -> ListedCode | None:
        """The row of a code; a row of its own comes before the range that a number lies in."""
        if code in self.entries:
            return self.entries[code]
        if not (code.isascii() and code.isdigit()):
            return None
        within = (row for first, last, row in self.ranges if len(code) == len(first) and first <= code <= last)
        return self.entries.get(next(within, ""))


def read_code_list(data: object, *, source: str, ours: CodeList | None = None) -> CodeList:
    """The code list of a file; `ours` is the list of that name that it extends or replaces.

    Raises CodeListRefused naming file, entries and reasons; CatalogueError for what is no code list at all.
    """
    entry = Entry(data, where=source, required=["list", "codes"], optional=[*_OPTIONAL, "title", *_MORE])
    name = entry.text("list")
    if _NAME.fullmatch(name) is None:
        raise entry.wrong("list", "lower-case words with hyphens are expected")
    faults: list[tuple[str, str]] = []
    reading = _Reading(entry, faults)
    extends = reading.flag("extends", default=False)
    if extends and ours is None:
        faults.append((_WHOLE, f"there is no list {name} to extend"))
    read = reading.code_list(name)
    if extends and ours is not None:
        read = _extended(ours, read, faults)
    elif ours is not None:
        faults += _losses(ours, read)
    faults += _counts(read, entry.mapping("editions"))
    faults += _overlaps(read)
    if faults:
        raise CodeListRefused(source, tuple(faults))
    return read


def check_references(lists: Mapping[str, CodeList]) -> None:
    """Whether every value that is a code of another list is in that list. Raises CodeListRefused."""
    for each in lists.values():
        faults = [
            (entry.code, f"{key}: {value} is not in the list {other}")
            for key, other in each.references.items()
            for entry in each.entries.values()
            for value in entry.values.get(key, ())
            if other not in lists or not lists[other].holds(value)
        ]
        if faults:
            raise CodeListRefused(each.name, tuple(faults))


_MORE = ("statuses", "ranges", "extends")


class _Reading:
    """One file while it is read: every fault is noted, so that its author sees all of them at once."""

    def __init__(self, entry: Entry, faults: list[tuple[str, str]]) -> None:
        self.entry = entry
        self.faults = faults
        self.values = entry.mapping("values")
        self.statuses = entry.mapping("statuses")
        self.rule = _Rule.of({key: entry.data[key] for key in ("pattern", "check") if key in entry.data}, entry.where)
        self.rules = {key: _Rule.of(rule, f"{entry.where}.values.{key}") for key, rule in self.values.items()}

    def flag(self, key: str, *, default: bool) -> bool:
        value = self.entry.data.get(key, default)
        if not isinstance(value, bool):
            raise self.entry.wrong(key, "true or false is expected")
        return value

    def code_list(self, name: str) -> CodeList:
        editions = self._editions()
        entries: dict[str, ListedCode] = {}
        for number, item in enumerate(self.entry.items("codes"), start=1):
            named = item.get("code", f"entry {number}") if isinstance(item, dict) else f"entry {number}"
            try:
                row = self._code(item, where=str(named), editions=editions)
            except CatalogueError as exc:
                self.faults.append((str(named), exc.detail.removeprefix(f"{named}: ").removeprefix(f"{named}.")))
                continue
            if row.code in entries:
                self.faults.append((row.code, "is there twice"))
            entries[row.code] = row
        return _assembled(
            CodeList(
                name=name,
                codes={},
                editions=editions,
                titles=_titles(self.entry, "title"),
                legal=self._legal(),
                provenance=self.entry.optional_text("provenance"),
                complete=self.flag("complete", default=True),
                demonstration=self.flag("demonstration", default=False),
                references={key: rule.other for key, rule in self.rules.items() if rule.other is not None},
            ),
            entries,
            with_ranges=self.flag("ranges", default=False),
        )

    def _legal(self) -> tuple[Legal, ...]:
        article = self.entry.optional_text("article")
        return () if article is None else (Legal(act=self.entry.optional_text("act") or "", article=article),)

    def _editions(self) -> dict[str, Dates]:
        editions: dict[str, Dates] = {}
        for name, item in self.entry.mapping("editions").items():
            where = f"edition {name}"
            try:
                edition = Entry(item, where=where, required=["from"], optional=["act", "until", "count"])
                start, end = edition.day("from"), edition.day("until")
            except CatalogueError as exc:
                self.faults.append((where, exc.detail.removeprefix(f"{where}: ").removeprefix(f"{where}.")))
                continue
            if start is not None and end is not None and end < start:
                self.faults.append((where, "ends before it begins"))
            editions[name] = (start, end)
        self.faults += _seams(editions)
        return editions

    def _code(self, item: object, *, where: str, editions: Mapping[str, Dates]) -> ListedCode:
        row = Entry(item, where=where, required=["code"], optional=[*_ENTRY, *self.values])
        code = row.text("code")
        self.rule.ask(row, "code", code)
        held = frozenset(row.texts("editions")) if "editions" in row.data else frozenset(editions)
        unknown = sorted(held - editions.keys())
        if unknown:
            raise row.wrong("editions", f"unknown edition {', '.join(unknown)}")
        selectable = row.data.get("selectable", True)
        if not isinstance(selectable, bool):
            raise row.wrong("selectable", "true or false is expected")
        status = row.optional_text("status")
        if status is not None and status not in self.statuses:
            raise row.wrong("status", f"unknown status {status}")
        start, end = row.day("from"), row.day("until")
        if start is not None and end is not None and end < start:
            raise row.wrong("until", "lies before from")
        given = {key: _texts(row, key) for key in self.values if key in row.data}
        for key, texts in given.items():
            for text in texts:
                self.rules[key].ask(row, key, text)
        return ListedCode(
            code=code, titles=_titles(row), editions=held, selectable=selectable, status=status, values=given
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rule:
    """What a value looks like: its pattern, its check digit, the list that it is a code of."""

    pattern: re.Pattern[str] | None = None
    check: str | None = None
    other: str | None = None

    @classmethod
    def of(cls, data: object, where: str) -> _Rule:
        entry = Entry(data, where=where, required=[], optional=["pattern", "check", "list"])
        pattern = entry.optional_text("pattern")
        try:
            compiled = None if pattern is None else re.compile(pattern)
        except re.error as exc:
            raise entry.wrong("pattern", f"not a pattern: {exc}") from exc
        check = None if "check" not in entry.data else entry.one_of("check", list(CHECKS))
        return cls(pattern=compiled, check=check, other=entry.optional_text("list"))

    def ask(self, row: Entry, key: str, text: str) -> None:
        """Raises CatalogueError if `text` is not such a value."""
        if self.pattern is not None and self.pattern.fullmatch(text) is None:
            raise row.wrong(key, f"{text} is not of the pattern {self.pattern.pattern}")
        if self.check is not None and not CHECKS[self.check](text):
            raise row.wrong(key, f"the check digit of {text} is wrong ({self.check})")


def _assembled(blank: CodeList, entries: Mapping[str, ListedCode], *, with_ranges: bool) -> CodeList:
    codes = {row.code: row.editions for row in entries.values() if row.selectable}
    ranges = tuple(_range(code) for code in entries) if with_ranges else ()
    return replace(blank, codes=codes, entries=dict(entries), ranges=ranges)


def _range(code: str) -> tuple[str, str, str]:
    found = _RANGE.fullmatch(code)
    return (found[1], found[2] or found[1], code) if found else (code, code, code)


def _extended(ours: CodeList, own: CodeList, faults: list[tuple[str, str]]) -> CodeList:
    """Our list with the editions and codes of `own`: our open edition ends the day before the first of them begins."""
    faults += [
        (f"edition {name}", "is an edition of the list already") for name in own.editions if name in ours.editions
    ]
    first = min((start for start, _ in own.editions.values() if start is not None), default=None)
    editions = {
        name: (start, first - _DAY if end is None and first is not None else end)
        for name, (start, end) in ours.editions.items()
    } | dict(own.editions)
    faults += _seams(editions)
    entries = dict(ours.entries)
    for code, row in own.entries.items():
        known = entries.get(code)
        if known is not None and not own.editions:
            faults.append((code, "is a code of the list already"))
        titles = row.titles if known is None else {**known.titles, **row.titles}
        before = frozenset() if known is None else known.editions
        values = row.values if known is None else {**known.values, **row.values}
        entries[code] = replace(row, titles=titles, editions=before | row.editions, values=values)
    return _assembled(replace(ours, editions=editions), entries, with_ranges=bool(ours.ranges))


def _losses(ours: CodeList, new: CodeList) -> Iterator[tuple[str, str]]:
    """What a list that replaces ours would take away. Demonstration data are there to be taken away."""
    if ours.demonstration:
        return
    for name, (start, end) in ours.editions.items():
        if name not in new.editions:
            yield f"edition {name}", "would be taken away"
        elif new.editions[name][0] != start or (end is not None and new.editions[name][1] != end):
            yield f"edition {name}", "would get other dates than it has"
    for code, held in ours.codes.items():
        lost = sorted(held - new.codes[code]) if code in new.codes else sorted(held) or [_WHOLE]
        if lost:
            yield code, f"would be taken away from {', '.join(lost)}"


def _seams(editions: Mapping[str, Dates]) -> Iterator[tuple[str, str]]:
    """Each edition begins the day after the one before it ended."""
    dated = sorted((start, end, name) for name, (start, end) in _closed(editions).items())
    for (_, end, name), (start, _, following) in pairwise(dated):
        if end >= start:
            yield f"edition {following}", f"overlaps edition {name}"
        elif end + _DAY < start:
            yield f"edition {following}", f"leaves a gap after edition {name}"


def _closed(editions: Mapping[str, Dates]) -> dict[str, tuple[date, date]]:
    return {name: (start, end or date.max) for name, (start, end) in editions.items() if start is not None}


def _counts(read: CodeList, editions: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    rows = Counter(edition for row in read.entries.values() for edition in row.editions)
    for name, item in editions.items():
        count = item.get("count") if isinstance(item, dict) else None
        if count is not None and count != rows[name]:
            yield f"edition {name}", f"{rows[name]} rows, {count} are announced"


def _overlaps(read: CodeList) -> Iterator[tuple[str, str]]:
    """A number may have a row of its own inside a range, but lie in no two ranges."""
    for code in (code for *_, code in read.ranges if _RANGE.fullmatch(code) is None):
        yield code, "is neither a number nor a range of numbers"
    spans = sorted(each for each in read.ranges if "-" in each[2])
    for first, last, code in spans:
        if len(first) != len(last) or first > last:
            yield code, "is not a range from a lower to a higher number of equal length"
    for (_, last, code), (first, _, following) in pairwise(spans):
        if first <= last:
            yield following, f"overlaps {code}"


def _titles(entry: Entry, key: str | None = None) -> dict[str, str]:
    if key is None:
        return {language: entry.text(language) for language in LANGUAGES if language in entry.data}
    if key not in entry.data:
        return {}
    titles = Entry(entry.data[key], where=f"{entry.where}.{key}", required=list(LANGUAGES))
    return {language: titles.text(language) for language in LANGUAGES}


def _texts(row: Entry, key: str) -> tuple[str, ...]:
    return row.texts(key) if isinstance(row.data[key], list) else (row.text(key),)


def _in_force(start: date | None, end: date | None, day: date) -> bool:
    return (start is None or start <= day) and (end is None or day <= end)
