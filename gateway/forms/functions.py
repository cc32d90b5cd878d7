"""Functions that rules may call in their XPath, in the namespace `urn:sealpost:functions:1` (prefix `sp`).

All are pure: they see their arguments and the reference data the catalogue loaded, never a clock or a register. An
argument is a node-set, a string, a number or a boolean; of a node-set the first node counts, an empty one is the
empty string. A date that is none yields NaN or an empty string, so that one fault is not reported twice.

    ssin-valid(x)  ssin-birthdate-agrees(ssin, date)  enterprise-number-valid(x)  establishment-number-valid(x)
    nihdi-valid(x)  nihdi-modulus(x)  cas-valid(x)  ec-valid(x)
    days-between(a, b)  add-period(date, period)  working-days-verdict(dayzero, n, act-date)
    in-codelist(list, code[, edition])  codelist-value(list, code, key)  edition-on(list, date)
    excerpt-valid(node, profile, language, date)
    health-code(text)  health-word(text, language)  health-state(text, language, excused): see screening.py
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from types import MappingProxyType

from lxml import etree

from gateway import identifiers
from gateway.deadlines import Calendar, Unit, add_period, verdict
from gateway.forms.codelists import CodeList
from gateway.forms.screening import Screening
from gateway.forms.sources import COMMON_NAMESPACE, FUNCTIONS_NAMESPACE

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOST_SPELLINGS = 32
_TEXTS = etree.XPath("descendant::text()", regexp=False, smart_strings=False)
_COMMON = f"{{{COMMON_NAMESPACE}}}"

# What they answer about a text of which `Screening.is_clean` says that nothing is in it, whatever else they are asked.
ANSWERS_IF_CLEAN: Mapping[str, str] = {"health-code": "false()", "health-word": "false()", "health-state": "''"}

Argument = str | float | bool | list[etree._Element | str]
Function = Callable[..., str | float | bool]
Written = tuple[list[str], list[tuple[str | None, int]]]


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """A fixed text of law in one language, valid for forms of one legal profile issued within its dates."""

    act: str
    profile: str
    language: str
    start: date | None
    end: date | None
    articles: tuple[tuple[str, tuple[str, ...]], ...]

    def in_force(self, day: date) -> bool:
        """Whether it is the text for forms issued on that day."""
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over each article's number and paragraphs, white space collapsed, a line feed after each."""
        text = "".join(f"{line}\n" for number, paragraphs in self.articles for line in (number, *paragraphs))
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReferenceData:
    """What the functions look up: code lists by name, fixed texts of law, what free texts are screened with."""

    code_lists: Mapping[str, CodeList] = field(default_factory=dict)
    excerpts: tuple[Excerpt, ...] = ()
    screening: Screening | None = None

    def excerpts_for(self, profile: str, language: str, day: date) -> Iterator[Excerpt]:
        """The fixed texts for a profile and language on that day."""
        for excerpt in self.excerpts:
            if excerpt.language == language and excerpt.profile == profile and excerpt.in_force(day):
                yield excerpt


def collapse(text: str) -> str:
    """`text` with white space as XML Schema collapses it: only that of ASCII, so a no-break space stays."""
    if text.isalnum():
        return text  # an identifier or a code: most of what is asked for
    return b" ".join(text.encode().split()).decode()


def functions(reference: ReferenceData, calendar: Calendar) -> Mapping[tuple[str, str], Function]:
    """The functions bound to reference data and the days of a country, as lxml wants them: (namespace, name) ->
    callable(context, *arguments)."""

    # Texts of the law as forms wrote them, once found right, by digest: a sender's software breaks their lines alike.
    recognised: dict[str, list[Written]] = {}

    def in_codelist(_: object, name: Argument, code: Argument, edition: Argument | None = None) -> bool:
        code_list = reference.code_lists[text_of(name)]
        return code_list.holds(text_of(code), None if edition is None else text_of(edition))

    def codelist_value(_: object, name: Argument, code: Argument, key: Argument) -> str:
        return reference.code_lists[text_of(name)].value(text_of(code), text_of(key))

    def edition_on(_: object, name: Argument, day: Argument) -> str:
        on = _date(day)
        return (on and reference.code_lists[text_of(name)].edition_on(on)) or ""

    def excerpt_valid(_: object, node: Argument, profile: Argument, language: Argument, day: Argument) -> bool:
        on = _date(day)
        information = node[0] if isinstance(node, list) and node else None
        if on is None or not isinstance(information, etree._Element):
            return False
        written = _written(information)
        for excerpt in reference.excerpts_for(text_of(profile), text_of(language), on):
            spellings = recognised.setdefault(excerpt.digest, [])
            if written in spellings:
                return True
            if (_articles(information), _child(information, "Digest")) == (excerpt.articles, excerpt.digest):
                spellings[MOST_SPELLINGS - 1 :] = [written]
                return True
        return False

    def working_days_verdict(_: object, day_zero: Argument, length: Argument, act: Argument) -> str:
        start, done = _date(day_zero), _date(act)
        if start is None or done is None:
            return ""
        return verdict(calendar.last_day(start, int(text_of(length)), Unit.WORKING_DAYS), done)

    def screened(method: Callable[..., str | bool]) -> Function:
        def function(_: object, *arguments: Argument) -> str | bool:
            if reference.screening is None:
                raise LookupError("there is nothing to screen texts with")
            return method(reference.screening, *map(text_of, arguments))

        return function

    table: dict[str, Function] = {
        "ssin-valid": _on_text(identifiers.ssin_is_valid),
        "ssin-birthdate-agrees": _on_text(identifiers.ssin_agrees_with_birth_date),
        "enterprise-number-valid": _on_text(identifiers.enterprise_number_is_valid),
        "establishment-number-valid": _on_text(identifiers.establishment_number_is_valid),
        "nihdi-valid": _on_text(identifiers.nihdi_is_valid),
        "nihdi-modulus": _on_text(lambda number: float(identifiers.nihdi_modulus(number) or 0)),
        "cas-valid": _on_text(identifiers.cas_is_valid),
        "ec-valid": _on_text(identifiers.ec_is_valid),
        "days-between": _days_between,
        "add-period": _add_period,
        "working-days-verdict": working_days_verdict,
        "in-codelist": in_codelist,
        "codelist-value": codelist_value,
        "edition-on": edition_on,
        "excerpt-valid": excerpt_valid,
        "health-code": screened(Screening.holds_code),
        "health-word": screened(Screening.holds_diagnosis),
        "health-state": screened(Screening.state_in),
    }
    return MappingProxyType({(FUNCTIONS_NAMESPACE, name): function for name, function in table.items()})


def text_of(argument: Argument) -> str:
    """An XPath argument as text: the first node of a node-set; of an element all its text."""
    if isinstance(argument, str):
        return argument
    if isinstance(argument, list):
        node = argument[0] if argument else ""
        if isinstance(node, str):
            return collapse(node)
        return collapse((node.text or "") if len(node) == 0 else "".join(node.itertext()))
    if isinstance(argument, bool):
        return "true" if argument else "false"
    return str(int(argument)) if argument.is_integer() else str(argument)


def _on_text(function: Callable[..., str | float | bool]) -> Function:
    return lambda _, *arguments: function(*map(text_of, arguments))


def _days_between(_: object, start: Argument, end: Argument) -> float:
    first, second = _date(start), _date(end)
    return float((second - first).days) if first and second else float("nan")


def _add_period(_: object, day: Argument, period: Argument) -> str:
    start = _date(day)
    if start is None:
        return ""
    try:
        return add_period(start, text_of(period)).isoformat()
    except (ValueError, OverflowError):
        return ""


def _date(argument: Argument) -> date | None:
    """The day of a date or of a date-time text; None if it is neither."""
    text = text_of(argument)[:10]
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def _written(information: etree._Element) -> Written:
    """An excerpt as it is written: its texts, and the number and length of each article; other elements have neither.

    Where the schema is obeyed, what is written alike reads alike: an article holds paragraphs only, none empty.
    Not serialised: that writes every namespace of the document, and takes the square of their number.
    """
    return _TEXTS(information), [(each.get("number"), len(each)) for each in information]


def _articles(information: etree._Element) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple(
        (
            collapse(article.get("number", "")),
            tuple(text_of([paragraph]) for paragraph in article.iterchildren(f"{_COMMON}Paragraph")),
        )
        for article in information.iterchildren(f"{_COMMON}Article")
    )


def _child(node: etree._Element, name: str) -> str:
    return collapse(node.findtext(_COMMON + name, ""))
