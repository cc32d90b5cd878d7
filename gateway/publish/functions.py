"""The functions of rules as other engines call them, made from the named templates of schemas/common/functions.xsl.

One implementation, three shapes: named templates (XSLT 1.0), func:function around them (EXSLT, for the `xslt` binding)
and xsl:function (for the `xslt2` binding, where Schematron compilers pass on functions but no templates). Calendars,
code lists and texts of law go in as data, as far as the rules at hand need them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from lxml import etree
from lxml.builder import ElementMaker

from gateway.deadlines import Calendar
from gateway.errors import CatalogueError
from gateway.forms.codelists import CodeList
from gateway.forms.functions import Excerpt, ReferenceData
from gateway.forms.screening import DIAGNOSIS, Screening
from gateway.forms.sources import FUNCTIONS_NAMESPACE
from gateway.publish.xpath import Node

XSL = "http://www.w3.org/1999/XSL/Transform"
FUNC = "http://exslt.org/functions"
_X = f"{{{XSL}}}"
_RETURNS, _AS = f"{{{FUNCTIONS_NAMESPACE}}}returns", f"{{{FUNCTIONS_NAMESPACE}}}as"
_PIECE = 1000  # terms of the screening in one text
_YEARS = range(2000, 2101)  # holidays for terms that begin then

_SPACES = re.compile(r"('[^']*'|\"[^\"]*\")|\s+")  # outside of literals, what is left of our file's line ends

_make = ElementMaker(namespace=XSL, nsmap={"xsl": XSL, "sp": FUNCTIONS_NAMESPACE})
_make_exslt = ElementMaker(namespace=FUNC, nsmap={"func": FUNC})


@dataclass(frozen=True, kw_only=True)
class Function:
    """One named template. `optional`: the parameters that callers may leave out, with what they then are."""

    name: str
    template: etree._Element
    returns: str | None
    parameters: tuple[str, ...]
    optional: Mapping[str, str]
    nodes: frozenset[str]

    @cached_property
    def calls(self) -> tuple[str, ...]:
        """The templates that this one calls."""
        return tuple(dict.fromkeys(str(call.get("name")) for call in self.template.iter(f"{_X}call-template")))

    def argument(self, parameter: str, value: str) -> str:
        """An argument of a rule's call as the template takes it."""
        return value if parameter in self.nodes else f"normalize-space(string({value}))"

    def result(self, value: str) -> str:
        """The expression for the function's result, of the right type, from the variable that holds its text."""
        return {"boolean": f"{value} = 'true'", "number": f"number({value})"}.get(
            self.returns or "", f"string({value})"
        )


class Library:
    """All functions, over the reference data of an installation and the calendar of a country."""

    def __init__(self, source: etree._Element, reference: ReferenceData, calendar: Calendar) -> None:
        self._reference = reference
        self._calendar = calendar
        self.functions = {function.name: function for function in map(_function, source.iterchildren(f"{_X}template"))}

    @property
    def callable(self) -> Mapping[str, Function]:
        """The functions that rules may call."""
        return {name: function for name, function in self.functions.items() if function.returns}

    def templates(self, calls: Iterable[Node], literals: Iterable[str]) -> list[etree._Element]:
        """The named templates that calls of these functions need, with their data.

        literals: the texts that stand in the calls; only code lists named among them are put in.
        """
        return [_plain(function.template) for function in self._needed(calls, literals)]

    def exslt(self, calls: Iterable[Node], literals: Iterable[str]) -> etree._Element:
        """A stylesheet that gives these functions to an engine with EXSLT's func:function."""
        sheet = etree.Element(
            f"{_X}stylesheet",
            {"version": "1.0", "extension-element-prefixes": "func"},
            nsmap={"xsl": XSL, "func": FUNC, "sp": FUNCTIONS_NAMESPACE, "c": "urn:sealpost:common:1"},
        )
        needed = self._needed(calls, literals)
        sheet.extend(_exslt_function(function) for function in needed if function.returns)
        sheet.extend(_plain(function.template) for function in needed)
        return sheet

    def xslt2(self, calls: Iterable[Node], literals: Iterable[str]) -> Iterator[etree._Element]:
        """These functions as xsl:function, one for each number of arguments."""
        needed = {function.name: function for function in self._needed(calls, literals)}
        for function in needed.values():
            if function.returns:
                for count in range(len(function.parameters) - len(function.optional), len(function.parameters) + 1):
                    yield _xslt2_function(function, count)
        for function in needed.values():
            yield _xslt2_implementation(function, needed)

    def _needed(self, calls: Iterable[Node], literals: Iterable[str]) -> list[Function]:
        data = {function.name: function for function in map(_function, self._data(frozenset(literals)))}
        known, waiting, found = self.functions | data, [call.name for call in calls], dict[str, Function]()
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            if name not in known:
                raise CatalogueError("catalogue-function", f"{name}: has no template in schemas/common/functions.xsl")
            found[name] = known[name]
            waiting += known[name].calls
        return [found[name] for name in sorted(found)]

    def _data(self, literals: frozenset[str]) -> Iterator[etree._Element]:
        lists = [item for name, item in sorted(self._reference.code_lists.items()) if name in literals]
        yield _template("sp:holidays", ["year"], _holidays(self._calendar))
        yield _template("sp:days-off", ["reading"], _days_off(self._calendar))
        yield _template("sp:codes", ["list", "edition"], _codes(lists))
        yield _template("sp:values", ["list", "code", "key"], _values(lists))
        yield _template("sp:editions", ["list", "day"], _editions(lists))
        yield _screened(self._reference.screening)
        yield _template("sp:excerpt", ["profile", "language", "day"], _excerpts(self._reference.excerpts), every=True)


def _function(template: etree._Element) -> Function:
    parameters = list(template.iterchildren(f"{_X}param"))
    return Function(
        name=str(template.get("name")),
        template=template,
        returns=template.get(_RETURNS),
        parameters=tuple(str(item.get("name")) for item in parameters),
        optional={str(item.get("name")): str(item.get("select")) for item in parameters if item.get("select")},
        nodes=frozenset(str(item.get("name")) for item in parameters if item.get(_AS) == "nodes"),
    )


def _plain(template: etree._Element) -> etree._Element:
    """A template without our own marks, comments and the file's white space."""
    copy = deepcopy(template)
    etree.strip_tags(copy, etree.Comment)
    for node in copy.iter():
        for mark in (_RETURNS, _AS):
            node.attrib.pop(mark, None)
        for name, value in node.attrib.items():
            node.set(name, _SPACES.sub(lambda found: found[1] or " ", value).strip())
    copy.tail = None
    return copy


def _exslt_function(function: Function) -> etree._Element:
    call = _make("call-template", name=function.name)
    node = _make_exslt("function", name=function.name)
    for name in function.parameters:
        node.append(_parameter(name, function.optional.get(name)))
        call.append(_make("with-param", name=name, select=function.argument(name, f"${name}")))
    node.append(_make("variable", call, name="result"))
    node.append(_make_exslt("result", select=function.result("$result")))
    return node


def _xslt2_function(function: Function, count: int) -> etree._Element:
    node = _make("function", name=function.name)
    arguments = []
    for name in function.parameters[:count]:
        node.append(_make("param", name=name))
        arguments.append(f"${name}" if name in function.nodes else f"normalize-space(string(${name}[1]))")
    arguments += [function.optional[name] for name in function.parameters[count:]]
    called = f"{_implementation(function.name)}({', '.join(arguments)})"
    node.append(_make("variable", name="result", select=called))
    node.append(_make("sequence", select=function.result("$result")))
    return node


def _xslt2_implementation(function: Function, known: Mapping[str, Function]) -> etree._Element:
    body = _plain(function.template)
    for call in list(body.iter(f"{_X}call-template")):
        called = known[str(call.get("name"))]
        given = {str(item.get("name")): str(item.get("select")) for item in call}
        arguments = ", ".join(given.get(name) or called.optional[name] for name in called.parameters)
        value = _make("value-of", select=f"{_implementation(called.name)}({arguments})")
        value.tail = call.tail
        parent = call.getparent()
        if parent is not None:
            parent.replace(call, value)
    node = _make("function", name=_implementation(function.name))
    variable = _make("variable", name="result")
    for item in list(body):
        if item.tag == f"{_X}param":
            node.append(_make("param", name=str(item.get("name"))))
        else:
            variable.append(item)
    node.append(variable)
    node.append(_make("sequence", select="string($result)"))
    return node


def _implementation(name: str) -> str:
    return name.replace("sp:", "sp:_")


def _parameter(name: str, default: str | None) -> etree._Element:
    return _make("param", name=name) if default is None else _make("param", name=name, select=default)


def _template(
    name: str, parameters: Iterable[str], texts: Iterable[tuple[str, str]], *, every: bool = False
) -> etree._Element:
    """A template that gives the text of the first condition that holds, or of every one."""
    node = _make("template", name=name)
    node.extend(_make("param", name=parameter) for parameter in parameters)
    branches = [_make("if" if every else "when", text, test=test) for test, text in texts]
    if every:
        node.extend(branches)
    elif branches:
        node.append(_make("choose", *branches))
    return node


def _holidays(calendar: Calendar) -> Iterator[tuple[str, str]]:
    for year in _YEARS:
        yield f"$year = {year}", f"|{'|'.join(day.isoformat() for day in sorted(calendar.public_holidays(year)))}|"


def _days_off(calendar: Calendar) -> Iterator[tuple[str, str]]:
    for reading, days in calendar.days_off.items():
        yield f"$reading = '{reading}'", "".join(str(day) for day in sorted(days))


def _codes(lists: Iterable[CodeList]) -> Iterator[tuple[str, str]]:
    for item in lists:
        for edition in (None, *item.editions):
            codes = "|".join(code for code in sorted(item.codes) if item.holds(code, edition))
            yield f"$list = '{item.name}' and $edition = '{edition or '*'}'", f"|{codes}|"


def _values(lists: Iterable[CodeList]) -> Iterator[tuple[str, str]]:
    """Rows of their own first, then ranges of numbers."""
    for item in lists:
        ranges = {row: (first, last) for first, last, row in item.ranges if first != last}
        for key in sorted({key for row in item.entries.values() for key in row.values}):
            named = f"$list = '{item.name}' and $key = '{key}'"
            alike: dict[str, list[str]] = {}
            for code in item.entries.keys() - ranges.keys():
                alike.setdefault(item.value(code, key), []).append(code)
            for value, codes in sorted(alike.items()):
                yield f"{named} and contains('|{'|'.join(sorted(codes))}|', concat('|', $code, '|'))", value
            for row, (first, last) in ranges.items():
                within = f"string-length($code) = {len(first)} and number($code) >= {first} and number($code) <= {last}"
                yield f"{named} and {within}", item.value(row, key)


def _editions(lists: Iterable[CodeList]) -> Iterator[tuple[str, str]]:
    for item in lists:
        for edition, (start, end) in item.editions.items():
            yield f"$list = '{item.name}'{_within(start, end)}", edition


def _excerpts(excerpts: Iterable[Excerpt]) -> Iterator[tuple[str, str]]:
    for item in excerpts:
        text = "".join(
            f"\t{number}\n" + "".join(f"{paragraph}\n" for paragraph in paragraphs)
            for number, paragraphs in item.articles
        )
        named = f"$profile = '{item.profile}' and $language = '{item.language}'"
        yield f"{named}{_within(item.start, item.end)}", f"\t\t{item.digest}\n{text}\t\t"


def _screened(screening: Screening | None) -> etree._Element:
    """What free texts are screened with."""
    template = _template("sp:screened", ["language", "what", "matter"], ())
    if screening is None:
        return template
    shared = {
        "from": screening.alphabet.source,
        "to": screening.alphabet.target,
        "beside": _listed(screening.beside),
        "names": _listed(screening.names),
    }
    languages = _listed(screening.vocabularies)
    template.append(
        _make(
            "choose",
            *(_make("when", text, test=f"$what = '{what}'") for what, text in shared.items()),
            _make("when", _vocabularies(screening), test=f"contains('{languages}', concat('|', $language, '|'))"),
        )
    )
    return template


def _vocabularies(screening: Screening) -> etree._Element:
    """The lists of all languages: what they share (all but the endings) once, then what is of each alone."""
    vocabularies = screening.vocabularies
    first = next(iter(vocabularies.values()))
    states = "".join(f"{name}|" for name in first.matters if name != DIAGNOSIS)
    allowed = "".join(f"{pattern}|" for pattern in first.allowed)
    node = _make(
        "choose",
        _make("when", states, test="$what = 'states'"),
        _make("when", allowed, test="$what = 'allowed'"),
    )
    for what in ("words", "phrases", "endings", "beginnings"):
        lists: list[etree._Element] = []
        for matter in first.matters:
            of_each = {
                language: {pattern for pattern in vocabulary.matters[matter].patterns if _sort(pattern) == what}
                for language, vocabulary in sorted(vocabularies.items())
            }
            shared = set.intersection(*of_each.values())
            asked = f"($matter = '' or $matter = '{matter}')"
            lists += (_make("if", text, test=asked) for text in _pieces(shared))
            lists += (
                _make("if", text, test=f"$language = '{language}' and {asked}")
                for language, patterns in of_each.items()
                for text in _pieces(patterns - shared)
            )
        node.append(_make("when", *lists, test=f"$what = '{what}'"))
    return node


def _pieces(patterns: Iterable[str]) -> Iterator[str]:
    """Lists of some of the patterns each: no Java class has a text of more than 65,535 bytes."""
    texts = sorted(map(str.strip, patterns))
    return (_listed(texts[start : start + _PIECE]) for start in range(0, len(texts), _PIECE))


def _sort(pattern: str) -> str:
    """What a pattern of the screening is: ` word `, ` a phrase `, `ending ` or ` beginning`."""
    if not pattern.startswith(" "):
        return "endings"
    if not pattern.endswith(" "):
        return "beginnings"
    return "phrases" if " " in pattern.strip() else "words"


def _listed(codes: Iterable[str]) -> str:
    """Texts with a bar before and after each, so that one is found as a whole."""
    return f"|{'|'.join(sorted(codes))}|"


def _within(start: date | None, end: date | None) -> str:
    """The rest of a condition on `$day`, a Julian day number."""
    after = f" and $day >= {_day_number(start)}" if start else ""
    return after + (f" and $day <= {_day_number(end)}" if end else "")


def _day_number(day: date) -> int:
    return day.toordinal() + 1_721_425
