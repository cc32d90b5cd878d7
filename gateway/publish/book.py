"""The rules of a form kind as a rule book tells them: where each is checked, by what, and with which examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.forms.cases import Case, NotApplicable, cases_of, example
from gateway.forms.catalogue import Catalogue
from gateway.forms.kinds import FormKind
from gateway.forms.rules import Rule, Selector, Where


@dataclass(frozen=True, kw_only=True, slots=True)
class ToldCase:
    """One case in a few words. changes: what is done (`set`, `remove`), where, and to which value."""

    outcome: str
    base: str
    changes: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ToldRule:
    """One rule. by: key of the words for what checks it. faults: what of the schema it answers for.

    context, variables, test: as rules.yaml has them, for readers who know XPath.
    """

    rule: Rule
    by: str
    faults: tuple[str, ...]
    context: str | None
    variables: tuple[tuple[str, str], ...]
    test: str | None
    cases: tuple[ToldCase, ...]


def rules_of(catalogue: Catalogue, kind: FormKind) -> list[Rule]:
    """Every rule that speaks about a kind, those of its country too, in the order of their ids."""
    return [
        kind.rules[item.rule.id] if item.rule.id in kind.rules else item.rule  # noqa: SIM401 - no mapping
        for item in catalogue.rules()
        if kind.id in item.kinds
    ]


def told(kind: FormKind, rule: Rule) -> ToldRule:
    """A rule for the book of a kind, with the cases that its samples allow."""
    test = rule.test
    return ToldRule(
        rule=rule,
        by=by_of(rule),
        faults=tuple(map(_fault, rule.selectors)),
        context=None if test is None else " | ".join(test.contexts(kind.schema.index.places)),
        variables=() if test is None else tuple((name, compiled.path) for name, compiled, _ in test.lets),
        test=None if test is None else test.test.path.removeprefix("boolean(").removesuffix(")").strip(),
        cases=tuple(_case(case) for case in cases_of(rule) if _is_here(kind, case)),
    )


def by_of(rule: Rule) -> str:
    """The key of the words that say what checks a rule."""
    if rule.where is Where.ORGANISATIONAL:
        return "by-nobody"
    if rule.where is not Where.DOCUMENT:
        return "by-gateway"
    if rule.test is not None:
        return "by-both" if rule.selectors else "by-rules"
    return "by-schema"


def _is_here(kind: FormKind, case: Case) -> bool:
    if case.proof is not None:
        return True
    try:
        example(kind, case.change)
    except NotApplicable:
        return False
    return True


def _case(case: Case) -> ToldCase:
    if case.proof is not None:
        return ToldCase(outcome=case.outcome, base="", changes=(("proof", case.proof, ""),))
    return ToldCase(outcome=case.outcome, base=case.change["base"], changes=tuple(_changes(case.change)))


def _changes(change: Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
    for key, value in change.items():
        if isinstance(value, Mapping):
            yield from ((key, str(place), str(text)) for place, text in value.items())
        elif key == "remove" and isinstance(value, list):
            yield from ((key, str(place), "") for place in value)
        elif key == "earlier":
            yield key, "", ""
        elif key != "base":
            yield key, str(value), ""


def _fault(selector: Selector) -> str:
    """What a selector takes, as rules.yaml has it: `f:Term: XSD-CHILD-MISSING`."""
    named = [", ".join(sorted(selector.codes))] if selector.codes else []
    named += [selector.names.pattern] if selector.names else []
    named += [selector.expected] if selector.expected else []
    return ": ".join(filter(None, ["/".join(selector.within), "; ".join(named)]))
