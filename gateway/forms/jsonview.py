"""A form as JSON and back, by its shape: to write a draft in JSON, or to read a form with JSON tools.

    {"$form": "be/appeal", "$version": "1.0", "Content": {"Header": {...}, "Worker": {...}, ...}}

A key is an element's local name, or `@name` for an attribute; what may stand more than once is an array; yes and no are
true and false; a text with attributes is `{"value": ..., "@edition": ...}`; an element without content is `{}`; what is
absent has no key, and nothing is ever null. The view keeps every value, not the bytes: namespaces, comments and white
space around values are gone, and so are signatures. A form that is signed travels as the bytes that were signed and in
no other way.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Any

from lxml import etree

from gateway.forms.findings import Finding, JsonRejected, Phase, Severity
from gateway.forms.functions import collapse
from gateway.forms.kinds import SIGNATURES, FormKind
from gateway.forms.parsing import FORM_LIMITS, Limits
from gateway.forms.places import tag_of
from gateway.forms.report import MAX_FINDINGS
from gateway.forms.shapes import Attribute, Member, Record, Shapes, Text
from gateway.forms.sources import COMMON_NAMESPACE

Json = dict[str, Any]

FORM = "$form"
VERSION = "$version"
VALUE = "value"
NO_VIEW = "the JSON is not the view of a form"

# What XML 1.0 cannot hold at all (its production 2), surrogates included.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STEP = re.compile(r"(?:[fc]:)?(?P<name>@?[\w.-]+)(?:\[(?P<position>[0-9]+)\])?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """The head of a JSON view: of which kind it says it is, and the rest of it."""

    form: str
    version: str
    body: Json


def looks_like_json(raw: bytes) -> bool:
    """Whether bytes can only be JSON, of a form or not: no XML document begins with a brace, bracket or quote."""
    text = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    return text.startswith((b"{", b"[", b'"')) or text[:8].rstrip() in (b"null", b"true", b"false")


def read_json(raw: bytes, *, limits: Limits = FORM_LIMITS) -> Draft:
    """Read bytes from outside as a JSON view, without looking at the form kind.

    Strict: UTF-8, one object, no key twice, no NaN, no number of absurd length, no depth that exhausts the reader.
    Raises JsonRejected (JSON-001 to JSON-003).
    """
    if len(raw) > limits.max_bytes:
        raise _rejected("JSON-001", (("limit", str(limits.max_bytes // 1024)),))
    data, code = _loads(raw)
    if code is not None or not isinstance(data, dict):
        raise _rejected(code or "JSON-002")
    form, version = data.pop(FORM, None), data.pop(VERSION, None)
    if not isinstance(form, str) or not isinstance(version, str):
        raise _rejected("JSON-004")
    return Draft(form=form, version=version, body=data)


def _loads(raw: bytes) -> tuple[object, str | None]:
    """The data, or the code of what is wrong. The reader's own error quotes the text, so nothing of it is kept."""
    try:
        return json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_object, parse_constant=_no_constant), None
    except _KeyTwiceError:
        return None, "JSON-003"
    except (ValueError, RecursionError):
        return None, "JSON-002"


def to_json(kind: FormKind, shapes: Shapes, root: etree._Element) -> Json:
    """The view of a document that is valid against the schema of its kind."""
    content = {
        name: value
        for name, value in _record(shapes, shapes.record(shapes.root.type), root).items()
        if name != SIGNATURES
    }
    return {FORM: kind.id, VERSION: kind.version, **content}


def _record(shapes: Shapes, record: Record, node: etree._Element) -> Json:
    shown: Json = {}
    for attribute in record.attributes:
        written = node.get(attribute.name)
        if written is not None:
            shown[f"@{attribute.name}"] = _value(shapes.text(attribute.type), written)
    if record.text is not None:
        shown[VALUE] = _value(shapes.text(record.text), node.text or "")
    for child in node.iterchildren("{*}*"):
        member = record.members.get(tag_of(child).rpartition("}")[2])
        if member is None:
            continue  # a signature: only the one type that holds them has children without a shape
        kind = shapes.types[member.type]
        value = _value(kind, child.text or "") if isinstance(kind, Text) else _record(shapes, kind, child)
        if member.repeated:
            shown.setdefault(member.name, []).append(value)
        else:
            shown[member.name] = value
    return shown


def _value(text: Text, written: str) -> str | bool:
    value = collapse(written) if text.collapse else written
    return value == "true" if text.is_truth else value


def to_xml(kind: FormKind, shapes: Shapes, draft: Draft) -> bytes:
    """The draft as an XML document without signatures, in UTF-8 and indented for readers.

    Whether it is a valid form is for the validator: this says what has no place in XML at all, all of it at once.
    Raises JsonRejected (JSON-005 to JSON-008).
    """
    writer = _Writer(kind, shapes)
    root = etree.Element(shapes.root.qname, nsmap={"f": kind.namespace, "c": COMMON_NAMESPACE})
    writer.record(root, shapes.record(shapes.root.type), draft.body, f"/f:{kind.root}")
    if writer.findings:
        raise JsonRejected(NO_VIEW, writer.findings[:MAX_FINDINGS], kind.messages)
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


class _Writer:
    """Writes a view into a tree and keeps what it could not place."""

    def __init__(self, kind: FormKind, shapes: Shapes) -> None:
        self._kind = kind
        self._shapes = shapes
        self.findings: list[Finding] = []

    def record(self, node: etree._Element, record: Record, data: object, path: str) -> None:
        """Fill an element of a complex type."""
        if not isinstance(data, dict):
            self._fault("JSON-006", path, ("expected", "object"))
            return
        keys = dict(data)
        for attribute in record.attributes:
            self._attribute(node, attribute, keys, path)
        if record.text is not None:
            self._text(node, self._shapes.text(record.text), keys.pop(VALUE, None), path)
        for member in record.members.values():
            if member.name in keys and not self._is_signatures(member):
                self._member(node, member, keys.pop(member.name), path)
        if keys:  # their names may be values in disguise, so only how many there are is said
            self._fault("JSON-005", path, ("count", str(len(keys))))

    def _is_signatures(self, member: Member) -> bool:
        kind = self._shapes.types[member.type]
        return isinstance(kind, Record) and kind.open

    def _attribute(self, node: etree._Element, attribute: Attribute, keys: Json, path: str) -> None:
        text = self._shapes.text(attribute.type)
        name = f"@{attribute.name}"
        if name not in keys:
            if attribute.required and len(text.values) == 1:
                node.set(attribute.name, text.values[0])  # Id="content": there is nothing to choose
            return
        written = self._written(text, keys.pop(name), f"{path}/{name}")
        if written is not None:
            node.set(attribute.name, written)

    def _member(self, parent: etree._Element, member: Member, data: object, path: str) -> None:
        place = f"{path}/{self._kind.schema.index.places.name(member.qname)}"
        if not member.repeated:
            self._element(parent, member, data, place)
        elif isinstance(data, list):
            for number, item in enumerate(data, start=1):
                self._element(parent, member, item, f"{place}[{number}]" if len(data) > 1 else place)
        else:
            self._fault("JSON-006", place, ("expected", "array"))

    def _element(self, parent: etree._Element, member: Member, data: object, place: str) -> None:
        node = etree.SubElement(parent, member.qname)
        kind = self._shapes.types[member.type]
        if isinstance(kind, Text):
            self._text(node, kind, data, place)
        else:
            self.record(node, kind, data, place)

    def _text(self, node: etree._Element, text: Text, data: object, place: str) -> None:
        written = self._written(text, data, place)
        if written is not None:
            node.text = written

    def _written(self, text: Text, data: object, place: str) -> str | None:
        if text.is_truth:
            if isinstance(data, bool):
                return "true" if data else "false"
            self._fault("JSON-006", place, ("expected", "true, false"))
        elif not isinstance(data, str):
            self._fault("JSON-006", place, ("expected", "string"))
        elif _NOT_XML.search(data):
            self._fault("JSON-007", place)
        else:
            return data
        return None

    def _fault(self, code: str, path: str, *params: tuple[str, str]) -> None:
        found = self._kind.messages.finding(code, Phase.PARSE, path=path, params=params)
        self.findings.append(replace(found, pointer=pointer_of(self._shapes, path)))


def pointer_of(shapes: Shapes, path: str | None) -> str | None:
    """The JSON pointer (RFC 6901) of a finding's path: where the same place is in the JSON view.

    None for no path; a step that the shape does not know ends it, so the pointer leads to what holds the place.
    """
    if path is None:
        return None
    steps = path.strip("/").split("/")[1:]
    record: Record | None = shapes.record(shapes.root.type)
    pointer = ""
    for step in steps:
        match = _STEP.fullmatch(step)
        if match is None or record is None:
            break
        name = match["name"]
        if name.startswith("@"):
            pointer += f"/{name}"
            break
        member = record.members.get(name)
        if member is None:
            break
        pointer += f"/{name}" + (f"/{int(match['position'] or 1) - 1}" if member.repeated else "")
        kind = shapes.types[member.type]
        record = kind if isinstance(kind, Record) else None
    return pointer


class _KeyTwiceError(Exception):
    """A key stands twice in one object: two readers would see two documents."""


def _object(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _KeyTwiceError
    return found


def _no_constant(_: str) -> float:
    raise ValueError("NaN and Infinity are no JSON")


def _rejected(code: str, params: tuple[tuple[str, str], ...] = ()) -> JsonRejected:
    return JsonRejected(NO_VIEW, [Finding(code=code, severity=Severity.ERROR, phase=Phase.PARSE, params=params)])
