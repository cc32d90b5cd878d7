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
from itertools import groupby

from lxml import etree
from lxml.builder import ElementMaker

from gateway.deadlines import Calendar
from gateway.errors import CatalogueError
from gateway.forms.codelists import CodeList
from gateway.forms.functions import Excerpt, ReferenceData
from gateway.forms.screening import DIAGNOSIS, SHORTEST_ENDING, Screening, Vocabulary
from gateway.forms.sources import FUNCTIONS_NAMESPACE
from gateway.publish.xpath import Node

XSL = "http://www.w3.org/1999/XSL/Transform"
FUNC = "http://exslt.org/functions"
_X = f"{{{XSL}}}"
_RETURNS, _AS = f"{{{FUNCTIONS_NAMESPACE}}}returns", f"{{{FUNCTIONS_NAMESPACE}}}as"
_KEY = 2  # letters of the key of a term that is no ending
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
        yield _template("sp:screened", ["what"], _screened(self._reference.screening))
        yield _keyed(self._reference.screening)
        yield _excusing(self._reference.screening)
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


def _screened(screening: Screening | None) -> Iterator[tuple[str, str]]:
    """What texts are screened with beside the terms. `states` and `allowed` words: in their order, a bar after each."""
    if screening is None:
        return
    vocabulary = next(iter(screening.vocabularies.values()))
    shared = {
        "from": screening.alphabet.source,
        "to": screening.alphabet.target,
        "beside": _listed(screening.beside),
        "names": _listed(screening.names),
        "languages": _listed(screening.vocabularies),
        "states": "".join(f"{name}|" for name in vocabulary.matters if name != DIAGNOSIS),
        "allowed": "".join(f"{pattern}|" for pattern in vocabulary.allowed.words),
    }
    for what, text in shared.items():
        yield f"$what = '{what}'", text


def _keyed(screening: Screening | None) -> etree._Element:
    """The terms by key: a word is compared with those few that begin or end as it does."""
    template = _template("sp:keyed", ["language", "key"], ())
    if screening is None:
        return template
    terms: dict[str, dict[str, str]] = {}
    for language, vocabulary in sorted(screening.vocabularies.items()):
        for key, text in _terms_by_key(vocabulary).items():
            terms.setdefault(key, {})[language] = text
    template.append(_branches(terms, sorted(terms), 1, languages=len(screening.vocabularies)))
    return template


def _excusing(screening: Screening | None) -> etree._Element:
    """The allowed phrases by their first two letters, those of all languages."""
    template = _template("sp:excusing", ["key"], ())
    if screening is None:
        return template
    vocabulary = next(iter(screening.vocabularies.values()))
    found: dict[str, list[str]] = {}
    for key, term in map(_key_and_term, vocabulary.allowed.phrases):
        found.setdefault(key, []).append(term)
    terms = {key: {"": _listed(phrases)} for key, phrases in found.items()}
    template.append(_branches(terms, sorted(terms), 1, languages=1))
    return template


def _branches(
    terms: Mapping[str, Mapping[str, str]], keys: Iterable[str], length: int, *, languages: int
) -> etree._Element:
    """The terms of the key, by its first letter and then the next: engines ask one condition after the other."""
    node = _make("choose")
    for start, alike in groupby(keys, lambda key: key[:length]):
        found = list(alike)
        if found == [start]:
            told = terms[start]
            shared = len(told) == languages and len(set(told.values())) == 1
            texts = list(told.values())[:1] if shared else list(_of_one_language(told))
            node.append(_make("when", *texts, test=f"$key = '{start}'"))
        else:
            inner = _branches(terms, found, length + 1, languages=languages)
            node.append(_make("when", inner, test=f"starts-with($key, '{start}')"))
    return node


def _of_one_language(texts: Mapping[str, str]) -> Iterator[etree._Element]:
    return (_make("if", text, test=f"$language = '{language}'") for language, text in texts.items())


def _terms_by_key(vocabulary: Vocabulary) -> Mapping[str, str]:
    """`#matter|term|term|` of each matter, by the first two letters of a term, or a hyphen and the last three."""
    found: dict[str, dict[str, list[str]]] = {}
    for matter, terms in vocabulary.matters.items():
        for pattern in terms.patterns:
            key, term = _key_and_term(pattern)
            found.setdefault(key, {}).setdefault(matter, []).append(term)
    return {
        key: "".join(f"#{matter}{_listed(terms)}" for matter, terms in matters.items())
        for key, matters in found.items()
    }


def _key_and_term(pattern: str) -> tuple[str, str]:
    """Of ` word `, ` a phrase `, ` beginning` (`beginning-` in the published lists) or `ending `."""
    words = pattern.split()
    if not pattern.startswith(" "):
        return f"-{words[0][-SHORTEST_ENDING:]}", words[0]
    return words[0][:_KEY], " ".join(words) if pattern.endswith(" ") else f"{words[0]}-"


def _listed(codes: Iterable[str]) -> str:
    """Texts with a bar before and after each, so that one is found as a whole."""
    return f"|{'|'.join(sorted(codes))}|"


def _within(start: date | None, end: date | None) -> str:
    """The rest of a condition on `$day`, a Julian day number."""
    after = f" and $day >= {_day_number(start)}" if start else ""
    return after + (f" and $day <= {_day_number(end)}" if end else "")


def _day_number(day: date) -> int:
    return day.toordinal() + 1_721_425
