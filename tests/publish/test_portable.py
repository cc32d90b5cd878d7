"""Rules are written so that they mean the same in every engine; what is not, is refused with its reason."""

from __future__ import annotations

import pytest

from gateway.errors import CatalogueError
from gateway.forms.kinds import FormKind
from gateway.publish.checks import checks_of
from gateway.publish.portable import MOST_GROUPS, Types, faults, groups, is_too_large, one_node_each
from gateway.publish.site import library_for
from gateway.publish.xpath import Expression
from tests.publish.documents import every_kind
from tests.schemas.cases import catalogue

TYPES = Types(
    functions={"sp:valid": "boolean", "sp:days": "number", "sp:date": "string"},
    variables={"number": "number", "text": "string", "nodes": "nodes", "truth": "boolean"},
)
KINDS = [pytest.param(kind, id=kind.id) for kind in every_kind()]


@pytest.mark.parametrize(
    "expression",
    [
        "boolean(f:Decision) != boolean(f:Kind[. = 'A' or . = 'B'])",
        "sp:days(., $text) > 0 and number(translate(., '-', '')) <= $number",
        "f:A/f:B = 'x' or @edition = sp:date($text)",
        "substring(concat(normalize-space(f:On), '-00'), 1, 10) = $text",
        "not(f:A[f:B][number(f:C) * 2 > $number]) and ancestor::f:Content/f:D",
        "count(f:A | f:B) mod 2 = -1 + 2",
    ],
)
def test_what_means_the_same_everywhere_is_allowed(expression: str) -> None:
    assert list(faults(Expression.parse(expression), TYPES)) == []


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("f:A > 5", "between other things than numbers"),
        ("f:A < f:B", "between other things than numbers"),
        ("$text <= $text", "between other things than numbers"),
        ("(f:A = 'x') + (f:B = 'y') = 1", "between other things than numbers"),
        ("$truth + 1 = 2", "between other things than numbers"),
        ("f:A = 5", "compares nodes with number"),
        ("$truth = 'true'", "compares boolean with string"),
        ("sp:valid(.) = f:A", "compares boolean with nodes"),
        ("translate($number, '-', '') = 'x'", "an argument of the wrong type"),
        ("starts-with(count(f:A), '1')", "an argument of the wrong type"),
        ("substring(f:A, '1', 2) = 'x'", "an argument of the wrong type"),
        ("concat($number, 'x') = f:A", "write numbers in different ways"),
        ("f:A[sp:valid(.)]", "inside a predicate"),
        ("not(f:A[f:B and not(sp:valid(f:C))])", "inside a predicate"),
        ("/f:Form/f:Content", "no path begins at the document"),
        ("not(//f:A)", "no path begins at the document"),
    ],
)
def test_what_engines_take_in_different_ways_is_refused(expression: str, reason: str) -> None:
    assert any(reason in fault for fault in faults(Expression.parse(expression), TYPES))


@pytest.mark.parametrize(
    ("expression", "in_xpath2"),
    [
        ("normalize-space(f:A/f:B) = 'x'", "normalize-space((f:A/f:B)[1]) = 'x'"),
        ("number(translate(., '-', ''))", "number(translate(., '-', ''))"),
        ("local-name(*)", "local-name((*)[1])"),
        ("string(f:A | f:B[string(f:C) = 'x'])", "string((f:A | f:B[string((f:C)[1]) = 'x'])[1])"),
        ("concat(@a, string($nodes))", "concat(@a, string(($nodes)[1]))"),
        ("sp:valid(f:A) and f:B = 'x'", "sp:valid(f:A) and f:B = 'x'"),
    ],
)
def test_for_xpath_2_the_first_of_several_nodes_is_asked_for(expression: str, in_xpath2: str) -> None:
    assert one_node_each(Expression.parse(expression), TYPES) == in_xpath2


@pytest.mark.parametrize("expression", ["", "f:A and", "f:A]", "(f:A", "f:A f:B", "f:A[", "$", "f:A = = 'x'", "!"])
def test_what_is_no_expression_is_refused(expression: str) -> None:
    with pytest.raises(CatalogueError):
        Expression.parse(expression)


@pytest.mark.parametrize("kind", KINDS)
def test_every_rule_is_portable_and_read_whole(kind: FormKind) -> None:
    library = library_for(catalogue(), kind)
    for checks in checks_of(kind, library).values():
        for check in checks:
            for expression in check.expressions:
                assert expression.source(expression.root) == expression.text.strip()
            steps, test = check.for_templates({})
            for text in (test, *(step.value for step in steps if not step.call)):
                simple = Expression.parse(text)
                assert not simple.calls
                assert not is_too_large(simple)
                assert groups(simple.root) <= MOST_GROUPS
