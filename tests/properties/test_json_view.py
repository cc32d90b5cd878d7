"""A form and its JSON view hold the same values, for every form kind: what goes there and back is what it was."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from lxml import etree

from gateway.forms.jsonschema import json_schema
from gateway.forms.jsonview import pointer_of, read_json, to_json, to_xml
from gateway.forms.kinds import FormKind
from gateway.forms.shapes import Group, Member, Record, Shapes, Text
from tests.schemas.cases import catalogue, samples_of, validator

KINDS = catalogue().kinds
SAMPLES = [
    pytest.param(kind, path, id=f"{kind.id}/{path.stem}")
    for kind in KINDS
    for path in sorted(samples_of(kind).glob("valid-*.xml"))
]
WORDS = st.text("abcÀéß€𝄞<>&'\"]?-{} ", min_size=1, max_size=12).map(lambda text: " ".join(text.split())).filter(bool)
BLANK = etree.XMLParser(remove_blank_text=True, remove_comments=True)


def shapes_of(kind: FormKind) -> Shapes:
    return catalogue().shapes(kind)


@cache
def schema_of(kind_id: str) -> Draft202012Validator:
    kind = catalogue().by_name(kind_id)
    assert kind is not None
    schema = json_schema(kind, shapes_of(kind))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def values(root: etree._Element) -> list[tuple[str, tuple[tuple[str, str], ...], str]]:
    """Every element of a document with its attributes and text, white space collapsed, in order."""
    return [
        (
            str(node.tag),
            tuple(sorted((str(n), str(v)) for n, v in node.attrib.items())),
            " ".join((node.text or "").split()),
        )
        for node in root.iter()
    ]


def views(kind: FormKind) -> st.SearchStrategy[dict[str, Any]]:
    """JSON views that fit the shape of a kind; their values fit the lists, not every pattern."""
    shapes = shapes_of(kind)

    def of_text(text: Text) -> st.SearchStrategy[Any]:
        if text.is_truth:
            return st.booleans()
        return st.sampled_from(text.values) if text.values else WORDS

    def of_type(name: str) -> st.SearchStrategy[Any]:
        found = shapes.types[name]
        return of_text(found) if isinstance(found, Text) else st.deferred(lambda: of_record(found))

    def of_member(member: Member) -> st.SearchStrategy[dict[str, Any]]:
        one = of_type(member.type)
        if not member.repeated:
            return one.map(lambda value: {member.name: value})
        return st.lists(one, min_size=1, max_size=min(member.most, 3)).map(lambda many: {member.name: many})

    def of_group(group: Group) -> st.SearchStrategy[dict[str, Any]]:
        parts = [
            of_member(item) if isinstance(item, Member) else of_group(item)
            for item in group.items
            if not (isinstance(item, Member) and item.name == "Signatures")
        ]
        optional = [
            (isinstance(item, Group) and item.optional) or (isinstance(item, Member) and not item.least)
            for item in group.items
        ]
        if group.choice:
            return st.one_of(parts)
        maybe = [st.one_of(st.just({}), part) if free else part for part, free in zip(parts, optional, strict=False)]
        return st.tuples(*maybe).map(lambda found: {key: value for each in found for key, value in each.items()})

    def of_record(record: Record) -> st.SearchStrategy[dict[str, Any]]:
        attributes = st.fixed_dictionaries(
            {f"@{each.name}": of_type(each.type) for each in record.attributes if each.required},
            optional={f"@{each.name}": of_type(each.type) for each in record.attributes if not each.required},
        )
        if record.text is not None:
            return st.tuples(attributes, of_type(record.text)).map(lambda pair: {**pair[0], "value": pair[1]})
        return st.tuples(attributes, of_group(record.content)).map(lambda pair: {**pair[0], **pair[1]})

    head = {"$form": kind.id, "$version": kind.version}
    return of_record(shapes.record(shapes.root.type)).map(lambda body: {**head, **body})


@pytest.mark.parametrize(("kind", "path"), SAMPLES)
def test_a_sample_comes_back_with_every_value_in_its_place(kind: FormKind, path: Any) -> None:
    raw = path.read_bytes()
    _, view = validator().json_of(raw)
    assert not list(schema_of(kind.id).iter_errors(view))
    _, draft = validator().xml_of(json.dumps(view).encode())
    assert values(etree.fromstring(draft, BLANK)) == values(etree.fromstring(raw, BLANK))
    assert validator().json_of(draft)[1] == view


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
def test_any_view_comes_back_as_it_was(kind: FormKind) -> None:
    shapes = shapes_of(kind)

    @settings(max_examples=40, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(view=views(kind))
    def holds(view: dict[str, Any]) -> None:
        draft = to_xml(kind, shapes, read_json(json.dumps(view).encode()))
        root = etree.fromstring(draft)
        assert to_json(kind, shapes, root) == view
        assert to_xml(kind, shapes, read_json(json.dumps(to_json(kind, shapes, root)).encode())) == draft

    holds()


@pytest.mark.parametrize(("kind", "path"), SAMPLES)
def test_the_pointer_of_a_place_leads_to_its_value(kind: FormKind, path: Any) -> None:
    root = etree.fromstring(path.read_bytes(), BLANK)
    view = to_json(kind, shapes_of(kind), root)
    places = kind.schema.index.places
    seen = 0
    for node in root.iter():
        if len(node) or not (node.text or "").strip():
            continue
        pointer = pointer_of(shapes_of(kind), places.path(node))
        assert pointer is not None
        found: Any = view
        for step in pointer.split("/")[1:]:
            found = found[int(step)] if isinstance(found, list) else found[step]
        found = found["value"] if isinstance(found, dict) else found
        assert str(found).lower() == " ".join((node.text or "").split()).lower()
        seen += 1
    assert seen > 10


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
def test_the_json_schema_refuses_what_the_xml_schema_refuses(kind: FormKind) -> None:
    raw = (samples_of(kind) / "valid-full.xml").read_bytes()
    _, view = validator().json_of(raw)
    header = view["Content"]["Header"]
    broken: list[dict[str, Any]] = [
        {**view, "Content": {**view["Content"], "Header": {**header, "IssuedOn": "yesterday"}}},
        {**view, "Content": {**view["Content"], "Header": {**header, "Diagnosis": "x"}}},
        {**view, "Content": {**view["Content"], "Header": {key: header[key] for key in header if key != "DocumentId"}}},
        {**view, "$form": "be/another"},
    ]
    for each in broken:
        assert list(schema_of(kind.id).iter_errors(each))
        report = validator().validate(json.dumps(each).encode(), received_on=_day(header))
        assert not report.acceptable


def _day(header: dict[str, Any]) -> Any:
    return date.fromisoformat(header["IssuedOn"])
