"""The fields of a form kind with the rules that touch them and a value from a sample, for the field guide."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lxml import etree

from gateway.forms.cases import sample_file
from gateway.forms.fields import Field
from gateway.forms.kinds import CONTENT, FormKind
from gateway.forms.rules import Rule
from gateway.forms.sources import COMMON_NAMESPACE
from gateway.publish.checks import Check
from gateway.publish.xpath import Expression, Node

Place = tuple[str, ...]  # `("f:HealthAssessmentForm", "f:Content", "f:Worker")`

# The fullest first: a guide shows a value wherever some sample has one.
_SAMPLES = ("valid-full", "valid-typical", "valid-minimal")
_NAMED = re.compile(r"[fc]:[\w.-]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class GuideRow:
    """A field at its place. rules: ids of those that look at it, in order."""

    field: Field
    place: Place
    depth: int
    rules: tuple[str, ...]
    sample: str | None


def guide_of(kind: FormKind, root: Field, checks: Iterable[Check], rules: Iterable[Rule]) -> list[GuideRow]:
    """The rows of the guide: every field at every place, in the order of the form.

    checks: the tested rules. rules: all rules of the kind, for those that the schema enforces.
    """
    places = dict(_places(root, kind, ()))
    touched: dict[Place, dict[str, None]] = {place: {} for place in places}
    for check in checks:
        for place in _touched_by_test(kind, check, list(places)):
            touched[place][check.rule.id] = None
    for rule in rules:
        for selector in rule.selectors:
            for place in places:
                if selector.within and place[-len(selector.within) :] == selector.within:
                    touched[place][rule.id] = None
    samples = _samples(kind, places)
    return [
        GuideRow(
            field=field,
            place=place,
            depth=len(place) - 1,
            rules=tuple(sorted(touched[place])),
            sample=None if field.children else samples.get(place),
        )
        for place, field in places.items()
    ]


def _places(field: Field, kind: FormKind, above: Place) -> Iterator[tuple[Place, Field]]:
    place = (*above, f"{'f' if field.namespace == kind.namespace else 'c'}:{field.name}")
    yield place, field
    for child in field.children:
        yield from _places(child, kind, place)


def _touched_by_test(kind: FormKind, check: Check, places: list[Place]) -> Iterator[Place]:
    contexts = [] if check.rule.test is None else check.rule.test.contexts(kind.schema.index.places)
    tails = [tuple(context.split("/")) for context in contexts]
    here = [place for place in places if any(place[-len(tail) :] == tail for tail in tails)]
    yield from here
    for expression in check.expressions:
        yield from _named_in(expression, expression.root, here, places)


def _named_in(expression: Expression, node: Node, here: list[Place], places: list[Place]) -> Iterator[Place]:
    """The places that an expression names, seen from the places in `here`."""
    for child in node.children:
        yield from _named_in(expression, child, here, places)
    if node.kind == "path":
        yield from _reached(_bare(expression, node, node.end), here, places)
    for predicate in node.predicates:
        inner = list(_reached(_bare(expression, node, predicate.start), here, places)) if node.kind == "path" else here
        yield from _named_in(expression, predicate, inner, places)


def _bare(expression: Expression, path: Node, end: int) -> str:
    """The text of a path up to `end`, without its predicates."""
    text, position = "", path.start
    for predicate in path.predicates:
        if predicate.end < end:
            text += expression.text[position : predicate.start].rstrip().rstrip("[")
            position = expression.text.index("]", predicate.end) + 1
    return (text + expression.text[position:end]).rstrip().rstrip("[")


def _reached(path: str, here: list[Place], places: list[Place]) -> list[Place]:
    reached = list(here)
    for step in path.replace("//", "/descendant::").split("/"):
        name = step.strip().rpartition("::")[2]
        if step.strip() in ("", ".") or name.startswith("@"):
            continue
        if step.strip() == "..":
            reached = [place[:-1] for place in reached]
        elif step.strip().startswith("ancestor"):
            reached = [place[: place.index(name) + 1] for place in reached if name in place]
        else:
            deep = step.strip().startswith("descendant")
            reached = [
                place
                for place in places
                for start in reached
                if place[: len(start)] == start
                and (len(place) > len(start) if deep else len(place) == len(start) + 1)
                and (place[-1] == name or _NAMED.fullmatch(name) is None)
            ]
    return [place for place in dict.fromkeys(reached) if place in places]


def _samples(kind: FormKind, places: Iterable[Place]) -> dict[Place, str]:
    found: dict[Place, str] = {}
    names = {"f": kind.namespace, "c": COMMON_NAMESPACE}
    for name in _SAMPLES:
        file = sample_file(kind, name)
        if not file.is_file():
            continue
        root = etree.parse(file)
        for place in places:
            if place not in found and place[1:2] == (f"f:{CONTENT}",):
                values = root.xpath(f"string((/{'/'.join(place)})[1])", namespaces=names)
                if str(values).strip():
                    found[place] = " ".join(str(values).split())
    return found
