"""The rules of a form kind: read from rules.yaml, compiled once, run over the Content of a form.

A rule is tested here (`context`, `let`, `test` in XPath 1.0), enforced by the schema (`schema`: faults of the schema at
those places are reported under the rule's id and article), both, or checked elsewhere (`checked`: with the signature,
against the gateway's records, or by no machine at all; listed here for its words). One walk over the tree finds the
elements that rules speak about. Dates come in from outside, so a verdict can be repeated years later.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from lxml import etree

from gateway.errors import CatalogueError, EngineFault
from gateway.forms.citing import Legal, articles_in_one_line
from gateway.forms.findings import Finding, Message, Phase, Severity
from gateway.forms.places import Places, same_place, tag_of, text_of
from gateway.forms.schema import SchemaFault
from gateway.forms.sources import COMMON_NAMESPACE, variables_of, without_absent

# Variables of every expression: the day of receipt and the day on which the form was issued.
GIVEN = ("received-on", "issued-on")
MOST_BITS = 52  # of a number in XPath
_ISSUED_ON = f"{{{COMMON_NAMESPACE}}}IssuedOn"
EVALUATION_FAULTS = (etree.XPathError, ArithmeticError, LookupError, TypeError, ValueError)

Compile = Callable[[str], etree.XPath]
XPathValue = Any  # what an XPath 1.0 evaluation gives: text, number, boolean, nodes


class Where(StrEnum):
    """What it takes to check a rule: the document alone, its signature, what the gateway knows, or people."""

    DOCUMENT = "document"
    SIGNATURE = "signature"
    RECORDS = "records"
    ORGANISATIONAL = "organisational"


@dataclass(frozen=True, kw_only=True, slots=True)
class Selector:
    """Which faults of the schema a rule answers for.

    within: names of an element that must stand at or above the fault. codes: our XSD codes, empty for all. names:
    pattern for the local name of what is out of place. expected: an element that would have been right there. unknown:
    whether the name of what is out of place must be foreign to our schemas.
    """

    within: tuple[str, ...] = ()
    codes: frozenset[str] = frozenset()
    names: re.Pattern[str] | None = None
    expected: str | None = None
    unknown: bool | None = None

    @property
    def is_last_resort(self) -> bool:
        """Whether it takes faults anywhere, so that the schema's own words say more than the rule's."""
        return not self.within and self.names is None and self.expected is None

    def takes(self, fault: SchemaFault) -> bool:
        """Whether the rule answers for `fault`."""
        if self.codes and fault.code not in self.codes:
            return False
        if self.names is not None and (fault.offender is None or self.names.search(fault.offender) is None):
            return False
        if self.expected is not None and self.expected not in dict(fault.params).get("expected", "").split(", "):
            return False
        if self.unknown is not None and fault.known is self.unknown:
            return False
        length = len(self.within)
        return not length or any(
            fault.names[start : start + length] == self.within for start in range(len(fault.names) - length + 1)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Test:
    """A compiled rule test. `places`: tag of a context element -> the tags that must stand above it, nearest first.

    whole: tag -> the same in one expression over the given variables alone, true also where others stand above; empty
    where that would mean something else.
    holds_if_clean: whether it is obeyed wherever the text of the element is clean (`Screening.is_clean`).
    asks: the function of ours that the test asks about the element (`sp:ssin-valid(.)`), if it says nothing else.
    """

    __test__ = False

    places: Mapping[str, tuple[str, ...]]
    lets: tuple[tuple[str, etree.XPath, tuple[str, ...]], ...]
    test: etree.XPath
    variables: tuple[str, ...]
    whole: Mapping[str, str]
    holds_if_clean: bool = False
    asks: Callable[[object, list[etree._Element]], Any] | None = None

    def contexts(self, places: Places) -> list[str]:
        """The elements it speaks about, as our expressions name them: `f:ItemC/f:Value`."""
        return ["/".join(map(places.name, (*reversed(above), tag))) for tag, above in self.places.items()]

    def fits(self, node: etree._Element) -> bool:
        """Whether an element with the right name also stands where the rule wants it."""
        current: etree._Element | None = node
        for tag in self.places[tag_of(node)]:
            current = None if current is None else current.getparent()
            if current is None or current.tag != tag:
                return False
        return True

    def obeyed(self, node: etree._Element, given: Mapping[str, str]) -> bool:
        """Whether the rule is obeyed at that element."""
        if not self.variables:
            return bool(self.test(node))
        known: dict[str, XPathValue] = dict(given)
        for name, expression, variables in self.lets:
            known[name] = expression(node, **{variable: known[variable] for variable in variables})
        return bool(self.test(node, **{name: known[name] for name in self.variables}))


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule with its words, its place in the law and its cases.

    where: what it takes to check it. A document rule has a test, selectors, or both; others have neither.
    by: the part of the gateway that checks it; None for a rule that no machine checks.
    note: the reason behind it, in four languages.
    cases: as rules.yaml has them; kinds: those that a rule of a whole country speaks about; None for all of them.
    """

    id: str
    severity: Severity
    legal: tuple[Legal, ...]
    words: Message
    note: Mapping[str, str]
    where: Where
    by: str | None = None
    start: date | None = None
    end: date | None = None
    test: Test | None = None
    selectors: tuple[Selector, ...] = ()
    cases: tuple[Mapping[str, Any], ...] = ()
    kinds: tuple[str, ...] | None = None

    @property
    def article(self) -> str:
        """The articles in one line, as our data write them: `Art. 48 par. 6; Art. 50`."""
        return articles_in_one_line(self.legal)

    def cited_in(self, country: str) -> Rule:
        """The rule as forms of a country cite it: only provisions of that country or the Union, if it names any."""
        own = tuple(item for item in self.legal if item.country in (country, "eu"))
        if not own or own == self.legal:
            return self
        return replace(self, legal=own, words=replace(self.words, legal=own))

    def in_force(self, issued_on: str) -> bool:
        """Whether the rule holds for a form issued on that day (YYYY-MM-DD; no day means it does)."""
        if not issued_on:
            return True
        return (self.start is None or self.start.isoformat() <= issued_on) and (
            self.end is None or issued_on <= self.end.isoformat()
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Gate:
    """All rules about one element name, asked in one evaluation.

    An evaluation costs more than the comparisons in it. together: a number with the bit of each rule that is broken;
    rules whose bit is 0 are asked one by one.
    """

    together: Callable[..., Any] | None
    variables: tuple[str, ...]
    order: tuple[tuple[int, Rule, Test], ...]
    one_by_one: bool

    def broken(self, node: etree._Element, given: Mapping[str, str]) -> Sequence[Rule]:
        """The rules that are not obeyed at that element. Raises EngineFault if one cannot be evaluated."""
        bits: int | None = 0
        if self.together is not None:
            try:
                known = {name: given[name] for name in self.variables} if self.variables else {}
                bits = int(self.together(node, **known))
            except EVALUATION_FAULTS:
                bits = None  # whichever rule it is fails again, alone and under its own name
        if bits == 0 and not self.one_by_one:
            return ()
        broken = []
        for bit, rule, test in self.order:
            if not rule.in_force(given["issued-on"]):
                continue
            if bits & bit if bits is not None and bit else test.fits(node) and not _obeyed(rule, test, node, given):
                broken.append(rule)
        return broken


def _gate(tag: str, tests: Sequence[tuple[Rule, Test]], names: Container[str], compile_expression: Compile) -> _Gate:
    order, parts = list[tuple[int, Rule, Test]](), list[str]()
    for rule, test in tests:
        bit = 1 << len(parts) if tag in test.whole and len(parts) < MOST_BITS else 0
        order.append((bit, rule, test))
        if bit:
            parts.append(f"{bit} * not({without_absent(test.whole[tag], names)})")
    expression = " + ".join(parts)
    return _Gate(
        together=_asked_alone(tag, tests) or (compile_expression(expression) if parts else None),
        variables=variables_of(expression),
        order=tuple(order),
        one_by_one=len(parts) < len(order),
    )


def _asked_alone(tag: str, tests: Sequence[tuple[Rule, Test]]) -> Callable[[etree._Element], bool] | None:
    """Whether the only rule about an element is broken, by the function that it asks: spares the whole evaluation."""
    (_, test), *others = tests
    asks = test.asks
    if others or test.places[tag] or asks is None:
        return None
    return lambda node: not asks(None, [node])


class RuleSet:
    """All rules of one form kind: its own before the common ones, in the order of their files."""

    def __init__(
        self,
        name: str,
        rules: Iterable[Rule],
        places: Places,
        compile_expression: Compile,
        is_clean: Callable[[Iterable[str]], bool],
    ) -> None:
        self.name = name
        self.rules = tuple(rules)
        self._by_id = {rule.id: rule for rule in self.rules}
        if len(self._by_id) != len(self.rules):
            twice = next(rule.id for rule in self.rules if self._by_id[rule.id] is not rule)
            raise CatalogueError("catalogue-rules", f"{name}: the rule {twice} is there twice")
        self._places = places
        names = frozenset(map(places.name, places.elements))
        tests: dict[str, list[tuple[Rule, Test]]] = {}
        for rule in self.rules:
            if rule.test is not None:
                for tag in rule.test.places:
                    tests.setdefault(tag, []).append((rule, rule.test))
        self._gates = {tag: _gate(tag, about, names, compile_expression) for tag, about in tests.items()}
        self._is_clean = is_clean
        self._screened = {tag for tag, about in tests.items() if any(test.holds_if_clean for _, test in about)}
        left = {tag: [pair for pair in tests[tag] if not pair[1].holds_if_clean] for tag in self._screened}
        asked_too = {tag: _gate(tag, about, names, compile_expression) for tag, about in left.items() if about}
        untouched = {tag: gate for tag, gate in self._gates.items() if tag not in self._screened}
        self._gates_if_clean = untouched | asked_too

    def __getitem__(self, rule_id: str) -> Rule:
        return self._by_id[rule_id]

    def __contains__(self, rule_id: str) -> bool:
        return rule_id in self._by_id

    @property
    def words(self) -> dict[str, Message]:
        """The words of every rule, by id."""
        return {rule.id: rule.words for rule in self.rules}

    def run(
        self,
        content: etree._Element,
        *,
        received_on: date,
        above: str = "",
        shown_in: etree._Element | None = None,
    ) -> list[Finding]:
        """The findings of the tested rules over a Content element, in document order.

        above: path of what stood above Content, when it was cut out of its document.
        shown_in: the same Content in the document as it came in, to give that document's lines; without it, lines are
        those of `content` itself.
        Raises EngineFault if a rule cannot be evaluated: then nothing is known about the document.
        """
        nodes = list(content.iter(_ISSUED_ON, *self._gates))
        issued_on = next((node.text or "" for node in nodes if node.tag == _ISSUED_ON), "").strip()
        given = {"received-on": received_on.isoformat(), "issued-on": issued_on}
        findings = []
        clean = self._is_clean(text_of(node) for node in nodes if node.tag in self._screened)
        gates = self._gates_if_clean if clean else self._gates
        for node in nodes:
            gate = gates.get(tag_of(node))
            for rule in gate.broken(node, given) if gate is not None else ():
                shown = node if shown_in is None else same_place(node, content, shown_in)
                findings.append(
                    self.finding(
                        rule.id,
                        Phase.RULES,
                        path=self._places.path(node, above=above),
                        line=None if shown is None else shown.sourceline,
                    )
                )
        return findings

    def finding(self, rule_id: str, phase: Phase, *, path: str | None = None, line: int | None = None) -> Finding:
        """A finding under a rule, for whoever checked it."""
        rule = self._by_id[rule_id]
        return Finding(
            code=rule.id,
            severity=rule.severity,
            phase=phase,
            path=path,
            line=line,
            rule=rule.id,
            legal=rule.legal,
        )

    @property
    def last_resorts(self) -> frozenset[str]:
        """The rules that answer for schema faults anywhere, because no other rule does."""
        return frozenset(
            rule.id for rule in self.rules if rule.selectors and all(item.is_last_resort for item in rule.selectors)
        )

    def answers_for(self, fault: SchemaFault) -> Rule | None:
        """The first rule that answers for a fault of the schema."""
        return next((rule for rule in self.rules if any(item.takes(fault) for item in rule.selectors)), None)


def _obeyed(rule: Rule, test: Test, node: etree._Element, given: Mapping[str, str]) -> bool:
    try:
        return test.obeyed(node, given)
    except EVALUATION_FAULTS as exc:
        broken = type(exc).__name__  # its text may quote the document, so it does not become the context of ours
    raise EngineFault("RUL-900", f"the rule {rule.id} could not be evaluated ({broken})")
