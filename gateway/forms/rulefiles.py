"""rules.yaml read strictly: keys known, expressions compiled and tried, every fault named with file and rule."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from gateway.errors import CatalogueError
from gateway.forms.citing import read_legal
from gateway.forms.findings import Message, Severity, four_languages
from gateway.forms.functions import ANSWERS_IF_CLEAN, Function
from gateway.forms.rules import (
    EVALUATION_FAULTS,
    GIVEN,
    Rule,
    Selector,
    Test,
    Where,
)
from gateway.forms.schema import SCHEMA_CODES
from gateway.forms.sources import (
    Entry,
    compile_xpath,
    in_predicates,
    inlined,
    variables_of,
    with_expressions,
    xpath_namespaces,
)

_ID = re.compile(r"[A-Z]{2,4}-[0-9]{2,3}")
_NAMES = re.compile(r"[fc]:[A-Za-z][\w.-]*(?:/[fc]:[A-Za-z][\w.-]*)*")
_LET = re.compile(r"[a-z][a-z0-9-]*")
_PART = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_PROOF = re.compile(r"tests/[a-z0-9_/]+\.py::test_[a-z0-9_]+")
_CASE_KEYS = ("remove", "set", "replace", "add", "after")
_ELSEWHERE = (Where.SIGNATURE, Where.RECORDS, Where.ORGANISATIONAL)
# A question about the text of the context element, and what may be left of a test that asks nothing else.
_SCREENING = re.compile(rf"sp:(?P<name>{'|'.join(ANSWERS_IF_CLEAN)})(?P<opened>\()\s*(?:string\(\.\)|\.)\s*[,)]")
_CALL_ALONE = re.compile(r"sp:(?P<name>[\w-]+)\(\.\)")
_CONSTANT = re.compile(r"(?:''|\b(?:not|true|false|and|or)\b|[()=\s])+")
_LITERAL_OR_PARENTHESIS = re.compile(r"'[^']*'|\"[^\"]*\"|[()]")
_OF_THE_FORM = re.compile(r"(?<![\w.-])f:")


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenTest:
    """The test of a rule as it is written: its expressions, for every form kind that takes the rule."""

    entry: Entry

    @property
    def names_the_form(self) -> bool:
        """Whether it names elements of the form itself, so that it reads otherwise for each form kind."""
        written = (self.entry.data["context"], self.entry.data["test"], *self.entry.data.get("let", {}).values())
        return any(_OF_THE_FORM.search(str(each)) for each in written)

    def compiled(self, namespace: str, functions: Mapping[tuple[str, str], Function]) -> Test:
        """The test for the form kind of that namespace. Raises CatalogueError naming file, rule and key."""
        return _test(self.entry, xpath_namespaces(namespace), functions)


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleFile:
    """A rules.yaml: the name of its rules, the rules as yet without their tests, and the tests by rule."""

    source: str
    name: str
    rules: tuple[Rule, ...]
    tests: Mapping[str, WrittenTest]


def read_rules(data: object, *, source: str, expressions: Mapping[str, str]) -> RuleFile:
    """The rules of one rules.yaml, for every form kind that takes them. Raises CatalogueError naming file and rule.

    expressions: those that its country shares, by name; `$name` in a let or a test stands for one.
    """
    entry = Entry(data, where=source, required=["ruleset", "rules"])
    rules, tests = list[Rule](), dict[str, WrittenTest]()
    for number, item in enumerate(entry.items("rules"), start=1):
        named = item.get("id", number) if isinstance(item, dict) else number
        rule, written = _rule(item, where=f"{source}: {named}", expressions=expressions)
        rules.append(rule)
        if written is not None:
            tests[rule.id] = written
    return RuleFile(source=source, name=entry.text("ruleset"), rules=tuple(rules), tests=tests)


def read_country_rules(data: object, *, source: str) -> tuple[Rule, ...]:
    """The rules of a country that belong to no one form: all of them checked elsewhere than in a document.

    Raises CatalogueError naming file and rule.
    """
    rules = read_rules(data, source=source, expressions={}).rules
    tested = next((rule for rule in rules if rule.where is Where.DOCUMENT), None)
    if tested is not None:
        raise CatalogueError("catalogue-rules", f"{source}: {tested.id}: a rule on a document stands with its form")
    return rules


def _rule(data: object, *, where: str, expressions: Mapping[str, str]) -> tuple[Rule, WrittenTest | None]:
    entry = Entry(
        data,
        where=where,
        required=["id", "severity", "legal", "note", "message", "fix"],
        optional=["effective", "context", "let", "test", "schema", "checked", "by", "kinds", "cases"],
    )
    rule_id = entry.text("id")
    if _ID.fullmatch(rule_id) is None:
        raise entry.wrong("id", "an id such as HA-07 is expected")
    legal = read_legal(entry.items("legal"), where=f"{where}.legal")
    if not legal:
        raise entry.wrong("legal", "at least one place in the law, or the reason, is expected")
    kinds = [key for key in ("test", "schema", "checked") if key in entry.data]
    if (
        kinds not in (["test"], ["schema"], ["test", "schema"], ["checked"])
        or ("test" in kinds) is not ("context" in entry.data)
        or ("let" in entry.data and "test" not in kinds)
    ):
        raise CatalogueError("catalogue-rules", f"{where}: needs context and test (and let), schema, or checked")
    where_checked = Where(entry.one_of("checked", _ELSEWHERE)) if kinds == ["checked"] else Where.DOCUMENT
    effective = Entry(
        entry.data.get("effective", {}), where=f"{where}.effective", required=[], optional=["from", "until"]
    )
    severity = Severity(entry.one_of("severity", list(Severity)))
    if "schema" in kinds and severity is not Severity.ERROR:
        raise entry.wrong("severity", "what the schema refuses is always an error")
    note, message, fix = (four_languages(entry.data[key], where=f"{where}.{key}") for key in ("note", "message", "fix"))
    if "{" in "".join((*note.values(), *message.values(), *fix.values())):
        raise CatalogueError("catalogue-placeholders", f"{where}: a rule's words have no placeholders")
    rule = Rule(
        id=rule_id,
        severity=severity,
        legal=legal,
        words=Message(
            severity=severity,
            message=message,
            fix=fix,
            legal=legal,
        ),
        note=note,
        where=where_checked,
        by=_part(entry, where_checked),
        start=effective.day("from"),
        end=effective.day("until"),
        selectors=_selectors(entry) if "schema" in kinds else (),
        cases=tuple(_case(item, where=f"{where}.cases") for item in entry.items("cases")),
        kinds=entry.texts("kinds") if "kinds" in entry.data else None,
    )
    return rule, _written(entry, expressions) if "test" in kinds else None


def _written(entry: Entry, expressions: Mapping[str, str]) -> WrittenTest:
    """A test with the expressions that its country shares written out."""
    taken = sorted(entry.mapping("let").keys() & expressions.keys())
    if taken:
        raise entry.wrong("let", f"{taken[0]}: an expression that the country shares has that name")
    for key in ("let", "test"):
        if key in entry.data:
            entry.data = {**entry.data, key: with_expressions(entry.data[key], expressions)}
    return WrittenTest(entry=entry)


def _part(entry: Entry, where: Where) -> str | None:
    """The part of the gateway that checks the rule: named for rules checked elsewhere, evident for the others."""
    if (where in (Where.SIGNATURE, Where.RECORDS)) is not ("by" in entry.data):
        raise CatalogueError(
            "catalogue-rules", f"{entry.where}: needs `by` if checked in signature or records, and only then"
        )
    if where is Where.ORGANISATIONAL:
        return None
    if where is Where.DOCUMENT:
        return " and ".join(name for name, key in (("schema", "schema"), ("rules", "test")) if key in entry.data)
    if _PART.fullmatch(entry.text("by")) is None:
        raise entry.wrong("by", "the name of a part such as routing is expected")
    return entry.text("by")


def _test(entry: Entry, namespaces: Mapping[str, str], functions: Mapping[tuple[str, str], Function]) -> Test:
    context = entry.text("context")
    places: dict[str, tuple[str, ...]] = {}
    for place in context.split(" | "):
        if _NAMES.fullmatch(place) is None:
            raise entry.wrong("context", "element names such as f:ItemC/f:Value, without predicates, are expected")
        *above, tag = [f"{{{namespaces[step[0]]}}}{step[2:]}" for step in place.split("/")]
        if tag in places:
            raise entry.wrong("context", "each alternative needs another last name")
        places[tag] = tuple(reversed(above))
    known = list(GIVEN)
    lets = []
    meanings: dict[str, str] = {}
    for name, expression in entry.mapping("let").items():
        if _LET.fullmatch(name) is None or name in known or not isinstance(expression, str):
            raise entry.wrong("let", f"{name}: a new lower-case name and an expression are expected")
        compiled = compile_xpath(
            expression,
            where=f"{entry.where}.let.{name}",
            namespaces=namespaces,
            extensions=functions,
            variables=known,
        )
        lets.append((name, compiled, variables_of(expression)))
        meanings[name] = inlined(expression, meanings)
        known.append(name)
    expression = entry.text("test")
    test = Test(
        places=places,
        lets=tuple(lets),
        test=compile_xpath(
            f"boolean({expression})",
            where=f"{entry.where}.test",
            namespaces=namespaces,
            extensions=functions,
            variables=known,
        ),
        variables=variables_of(expression),
        whole=_whole(
            expression, entry.mapping("let"), meanings, context=dict(zip(places, context.split(" | "), strict=True))
        ),
        holds_if_clean=holds_if_clean(inlined(expression, meanings)),
        asks=functions[namespaces["sp"], call["name"]] if (call := _CALL_ALONE.fullmatch(expression)) else None,
    )
    # Some faults (wrong number or kind of arguments, an unknown code list) show only when an expression runs.
    try:
        test.obeyed(etree.Element(tag), dict.fromkeys(GIVEN, "2000-01-01"))
    except EVALUATION_FAULTS as exc:
        raise entry.wrong("test", f"does not run: {exc}") from exc
    return test


def _whole(
    expression: str, lets: Mapping[str, str], meanings: Mapping[str, str], *, context: Mapping[str, str]
) -> Mapping[str, str]:
    """The test in one expression for each context; none if that would mean something else.

    A let stands for what it is at the context element; written out inside a predicate it would start from another one.
    """
    if any(in_predicates(each) & lets.keys() for each in (expression, *lets.values())):
        return {}
    whole = inlined(expression, meanings)
    guards = {
        tag: "/".join(f"parent::{step}" for step in reversed(place.split("/")[:-1])) for tag, place in context.items()
    }
    return {tag: f"not({above}) or ({whole})" if above else whole for tag, above in guards.items()}


def holds_if_clean(expression: str) -> bool:
    """Whether a test asks nothing but what is in the text of its element, and holds if nothing is."""
    while (call := _SCREENING.search(expression)) is not None:
        end = _closing(expression, call.end("opened"))
        expression = f"{expression[: call.start()]}{ANSWERS_IF_CLEAN[call['name']]}{expression[end + 1 :]}"
    return _CONSTANT.fullmatch(expression) is not None and bool(
        etree.Element("nothing").xpath(f"boolean({expression})")
    )


def _closing(expression: str, inside: int) -> int:
    """Where the parenthesis that was opened before `inside` is closed."""
    depth = 1
    for match in _LITERAL_OR_PARENTHESIS.finditer(expression, inside):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if depth == 0:
            return match.start()
    return len(expression)


def _selectors(entry: Entry) -> tuple[Selector, ...]:
    data = entry.data["schema"]
    return tuple(
        _selector(item, where=f"{entry.where}.schema") for item in (data if isinstance(data, list) else [data])
    )


def _selector(data: object, *, where: str) -> Selector:
    entry = Entry(data, where=where, required=[], optional=["within", "codes", "names", "expected", "unknown"])
    within = entry.optional_text("within")
    if within is not None and _NAMES.fullmatch(within) is None:
        raise entry.wrong("within", "element names such as f:Worker/c:Ssin are expected")
    codes = frozenset(entry.texts("codes"))
    if codes - SCHEMA_CODES:
        raise entry.wrong("codes", f"{', '.join(sorted(codes - SCHEMA_CODES))}: no such code")
    names = entry.optional_text("names")
    unknown = entry.data.get("unknown")
    if unknown is not None and not isinstance(unknown, bool):
        raise entry.wrong("unknown", "true or false is expected")
    try:
        pattern = re.compile(names) if names else None
    except re.error as exc:
        raise entry.wrong("names", f"not a pattern: {exc}") from exc
    return Selector(
        within=tuple(within.split("/")) if within else (),
        codes=codes,
        names=pattern,
        expected=entry.optional_text("expected"),
        unknown=unknown,
    )


def _case(data: object, *, where: str) -> Mapping[str, Any]:
    """One case, as the tests read it: `pass`, `fail` or `silent`, each a base sample and changes, or a proof.

    only: with fail, the rules that the document breaks; with silent, those that answer for it in place of this one.
    """
    entry = Entry(data, where=where, required=[], optional=["pass", "fail", "silent", "only"])
    outcomes = [key for key in ("pass", "fail", "silent") if key in entry.data]
    if len(outcomes) != 1:
        raise CatalogueError("catalogue-rules", f"{where}: needs one of pass, fail, silent")
    outcome, inside = outcomes[0], f"{where}.{outcomes[0]}"
    change = entry.data[outcome]
    proven = isinstance(change, dict) and "proof" in change
    if ("only" in entry.data) is not (outcome == "fail" and not proven) and (outcome != "silent" or proven):
        raise CatalogueError(
            "catalogue-rules", f"{where}: needs `only` with fail, may have it with silent, unless a test proves it"
        )
    if proven:
        proof = Entry(change, where=inside, required=["proof"])
        if _PROOF.fullmatch(proof.text("proof")) is None:
            raise proof.wrong("proof", "a test such as tests/unit/test_routing.py::test_name is expected")
        return entry.data
    changed = Entry(change, where=inside, required=["base"], optional=[*_CASE_KEYS, "received_on", "earlier"])
    changed.text("base")
    for number, item in enumerate(changed.items("earlier"), start=1):
        required, optional = ["kind", "base"], [*_CASE_KEYS, "at"]
        Entry(item, where=f"{inside}.earlier {number}", required=required, optional=optional).text("kind")
    return entry.data
