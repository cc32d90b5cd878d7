"""The tested rules of a form kind as plain steps, grouped by element, for the generators of Schematron and XSLT.

Engines take one rule of Schematron, one template of XSLT for an element. So elements that a rule speaks about together
(`f:Text | f:Proposal`) stand together, with all rules on any of them. Names of variables are made unlike between rules
(`HA-28.value`), because they share a scope there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from gateway.errors import CatalogueError
from gateway.forms.kinds import FormKind
from gateway.forms.rules import GIVEN, Rule
from gateway.forms.rules import Test as RuleTest
from gateway.publish.functions import Library
from gateway.publish.portable import Types, faults, is_too_large, one_node_each, separable
from gateway.publish.xpath import Expression, Node

ISSUED = "issued-number"  # the day of issue as a number such as 20260416, given beside those of every rule


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One variable: an expression, or one call of a template with its arguments by name."""

    name: str
    value: str
    call: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Check:
    """A rule at its elements. guard: what must hold for it to apply, None if nothing.

    variables: let variables in order, under their new names. test: what must hold then.
    """

    rule: Rule
    guard: str | None
    variables: tuple[tuple[str, Expression], ...]
    test: Expression
    library: Library

    @cached_property
    def types(self) -> Types:
        """The types of everything that the expressions name."""
        functions = {name: function.returns or "" for name, function in self.library.callable.items()}
        known = {**dict.fromkeys(GIVEN, "string"), ISSUED: "number"}
        for name, expression in self.variables:
            known[name] = Types(functions=functions, variables=known).of(expression.root)
        return Types(functions=functions, variables=known)

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """All expressions, in the order in which they are evaluated."""
        return (*(expression for _, expression in self.variables), self.test)

    @property
    def faults(self) -> tuple[str, ...]:
        """What is not portable in it."""
        return tuple(fault for expression in self.expressions for fault in faults(expression, self.types))

    def asserted(self, test: str) -> str:
        """The whole condition: where the rule does not apply, it is obeyed."""
        return test if self.guard is None else f"not({self.guard}) or {test}"

    def for_functions(self) -> tuple[tuple[tuple[str, str], ...], str]:
        """Variables and test for an engine with functions and XPath 1.0."""
        return tuple((name, item.text.strip()) for name, item in self.variables), self.asserted(self.test.text.strip())

    def for_xpath2(self) -> tuple[tuple[tuple[str, str], ...], str]:
        """Variables and test for an engine with functions and XPath 2.0."""
        variables = tuple((name, one_node_each(item, self.types)) for name, item in self.variables)
        return variables, self.asserted(one_node_each(self.test, self.types))

    def for_templates(self, made: dict[Step, str]) -> tuple[tuple[Step, ...], str]:
        """Steps and bare test for an engine with templates only: calls, and parts too large, are variables.

        made: calls that were made before on the same elements, with their variables; new ones are added.
        """
        separation = Separation(self.rule.id, self.library, made)
        for name, expression in self.variables:
            separation.add(name, expression)
        test = separation.simplified(self.test)
        return tuple(separation.steps), test


class Separation:
    """Makes variables of what an expression may not hold; `made` as in `Check.for_templates`."""

    def __init__(self, rule_id: str, library: Library, made: dict[Step, str]) -> None:
        self.steps: list[Step] = []
        self._rule_id = rule_id
        self._library = library
        self._calls = made
        self._made = 0

    def add(self, name: str, expression: Expression) -> None:
        self.steps.append(Step(name=name, value=self.simplified(expression)))

    def simplified(self, expression: Expression) -> str:
        text = self._without_calls(expression, expression.root)
        expression = Expression.parse(text)
        if not is_too_large(expression):
            return text
        replaced = {}
        for part in separable(expression):
            inner = part.children[0] if part.kind == "group" else part
            name = self._name()
            self.add(name, Expression.parse(expression.source(inner)))
            replaced[part] = f"${name}"
        if not replaced:
            raise CatalogueError("catalogue-xpath", f"{self._rule_id}: too large for some engines: {text}")
        return expression.source(expression.root, replaced)

    def _without_calls(self, expression: Expression, node: Node) -> str:
        replaced = {part: self._without_calls(expression, part) for part in node.children}
        if node.kind != "call" or not node.name.startswith("sp:"):
            return expression.source(node, replaced)
        function = self._library.callable[node.name]
        given = dict(zip(function.parameters, node.children, strict=False))
        arguments = tuple((name, function.argument(name, replaced[part])) for name, part in given.items())
        call = Step(name="", value=function.name, call=arguments)
        if call not in self._calls:
            result, name = self._name(), self._name()
            self.steps.append(replace(call, name=result))
            self.steps.append(Step(name=name, value=function.result(f"${result}")))
            self._calls[call] = f"${name}"
        return self._calls[call]

    def _name(self) -> str:
        self._made += 1
        return f"{self._rule_id}.{self._made}"


def checks_of(kind: FormKind, library: Library) -> Mapping[str, list[Check]]:
    """The tested rules of a kind, by element or elements (`f:Decision`), in the order of the rule files.

    Raises CatalogueError for a rule that other engines would not run alike.
    """
    tested = [(rule, rule.test) for rule in kind.rules.rules if rule.test is not None]
    found: dict[str, list[Check]] = {}
    for rule, test in tested:
        together = _together(_name(kind, next(iter(test.places))), kind, [test for _, test in tested])
        check = _check(kind, rule, test, library, elements=len(together))
        if check.faults:
            raise CatalogueError("catalogue-xpath", f"{rule.id}: not portable: {'; '.join(check.faults)}")
        found.setdefault(" | ".join(together), []).append(check)
    return found


def _together(name: str, kind: FormKind, tests: list[RuleTest]) -> list[str]:
    """The elements that rules speak about together with this one."""
    sets = [{_name(kind, tag) for tag in test.places} for test in tests]
    together, size = {name}, 0
    while size < len(together):
        size = len(together)
        together = together.union(*(names for names in sets if names & together))
    return sorted(together)


def _check(kind: FormKind, rule: Rule, test: RuleTest, library: Library, *, elements: int) -> Check:
    names = {name: f"{rule.id}.{name}" for name, *_ in test.lets}
    variables = tuple((names[name], _renamed(compiled.path, names)) for name, compiled, _ in test.lets)
    return Check(
        rule=rule,
        guard=" and ".join([*_at(kind, test, elements), *_dated(rule)]) or None,
        variables=variables,
        test=_renamed(test.test.path, names),
        library=library,
    )


def _renamed(text: str, names: Mapping[str, str]) -> Expression:
    expression = Expression.parse(text)
    replaced = {
        node: f"${names.get(node.name, node.name)}" for node in expression.root.walk() if node.kind == "variable"
    }
    return Expression.parse(expression.source(expression.root, replaced))


def _at(kind: FormKind, test: RuleTest, elements: int) -> Iterator[str]:
    """The condition that this is one of the rule's elements, with the right ones above."""
    ways = []
    for tag, above in test.places.items():
        condition = ""
        for name in reversed(above):
            condition = f"parent::{_name(kind, name)}{condition and f'[{condition}]'}"
        ways.append(" and ".join(filter(None, [f"self::{_name(kind, tag)}" if elements > 1 else "", condition])))
    if any(ways) and not (len(test.places) == elements and not any(test.places.values())):
        yield ways[0] if len(ways) == 1 else f"({' or '.join(ways)})"


def _dated(rule: Rule) -> Iterator[str]:
    """The conditions that the rule was in force when the form was issued."""
    if rule.start:
        yield f"not(${ISSUED} < {rule.start:%Y%m%d})"
    if rule.end:
        yield f"not(${ISSUED} > {rule.end:%Y%m%d})"


def _name(kind: FormKind, tag: str) -> str:
    namespace, _, local = tag[1:].rpartition("}")
    return f"{'f' if namespace == kind.namespace else 'c'}:{local}"
