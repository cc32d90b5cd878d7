"""The JSON Schema (2020-12) of the JSON view of a form kind, made from the shape of its XML schema.

It accepts what `jsonview` writes. What JSON Schema cannot say stays with the XML schema and the rules: the few patterns
with character classes of XML Schema alone are left out and named in a `$comment`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from gateway.forms.findings import DEFAULT_LANGUAGE
from gateway.forms.jsonview import FORM, VALUE, VERSION, Json
from gateway.forms.kinds import SIGNATURES, FormKind
from gateway.forms.shapes import Group, Member, Record, Shapes, Text

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# Character class subtraction and blocks: XML Schema part 2, appendix F; ECMA-262 has neither.
_XSD_ONLY = re.compile(r"\[[^\]]*-\[|\\[pP]\{Is|\\[iIcC]")


def json_schema(kind: FormKind, shapes: Shapes) -> Json:
    """The schema of the view of one kind, a document of its own; `$id` is the kind's namespace with `:json`."""
    root = shapes.record(shapes.root.type)
    body = _record(root, leave_out=frozenset({SIGNATURES}))
    return {
        "$schema": DIALECT,
        "$id": f"{kind.namespace}:json",
        "title": kind.title[DEFAULT_LANGUAGE],
        **body,
        "properties": {
            FORM: {"const": kind.id},
            VERSION: {"type": "string", "pattern": rf"^{kind.version.partition('.')[0]}\.[0-9]{{1,2}}$"},
            **body["properties"],
        },
        "required": [FORM, VERSION, *body["required"]],
        "$defs": {
            _key(name): _text(found) if isinstance(found, Text) else _record(found)
            for name, found in _reachable(shapes)
        },
    }


def _reachable(shapes: Shapes) -> Iterator[tuple[str, Text | Record]]:
    """Every type that the content of the form uses, each once, in the order of first use."""
    root = shapes.record(shapes.root.type)
    waiting = [member.type for member in root.members.values() if member.name != SIGNATURES]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        found = shapes.types[name]
        yield name, found
        if isinstance(found, Record):
            waiting += [attribute.type for attribute in found.attributes]
            waiting += [member.type for member in found.members.values()]
            waiting += [found.text] if found.text else []


def _record(record: Record, *, leave_out: frozenset[str] = frozenset()) -> Json:
    properties: Json = {f"@{attribute.name}": _ref(attribute.type) for attribute in record.attributes}
    required = [f"@{attribute.name}" for attribute in record.attributes if attribute.required]
    if record.text is not None:
        properties[VALUE] = _ref(record.text)
        required.append(VALUE)
    for member in record.members.values():
        if member.name not in leave_out:
            properties[member.name] = _member(member)
    found: Json = {"type": "object", "additionalProperties": False, "properties": properties}
    conditions = list(_conditions(record.content))
    required += _needed(record.content)
    return {**found, "required": required, **({"allOf": conditions} if conditions else {})}


def _member(member: Member) -> Json:
    if not member.repeated:
        return _ref(member.type)
    return {"type": "array", "minItems": max(member.least, 1), "maxItems": member.most, "items": _ref(member.type)}


def _needed(group: Group) -> list[str]:
    """The elements that must be there whenever the group is."""
    if group.choice:
        return []
    needed = []
    for item in group.items:
        if isinstance(item, Member):
            needed += [item.name] if item.least else []
        elif not item.optional:
            needed += _needed(item)
    return needed


def _conditions(group: Group) -> Iterator[Json]:
    """What holds beyond properties and required: one branch of each choice and nothing of the others."""
    if group.choice:
        names = {member.name for member in group.members()}
        branches: list[Json] = []
        for item in group.items:
            own = {item.name} if isinstance(item, Member) else {member.name for member in item.members()}
            needed = [item.name] if isinstance(item, Member) else _needed(item)
            inner = [] if isinstance(item, Member) else list(_conditions(item))
            branches.append(
                {
                    **({"required": needed} if needed else {}),
                    **({"properties": dict.fromkeys(sorted(names - own), False)} if names - own else {}),
                    **({"allOf": inner} if inner else {}),
                }
            )
        if group.optional:
            branches.append({"properties": dict.fromkeys(sorted(names), False)})
        yield {"anyOf": branches}
        return
    for item in group.items:
        if isinstance(item, Group):
            yield from _conditions(item)


def _text(text: Text) -> Json:
    if text.is_truth:
        return {"type": "boolean"}
    found: Json = {"type": "string"}
    if text.values:
        return {**found, "enum": list(text.values)}
    limits: Mapping[str, int | None] = {"minLength": text.shortest, "maxLength": text.longest}
    found |= {name: limit for name, limit in limits.items() if limit is not None}
    portable = [pattern for pattern in text.patterns if _XSD_ONLY.search(pattern) is None]
    if len(portable) == 1:
        found["pattern"] = _anchored(portable[0])
    elif portable:
        found["allOf"] = [{"pattern": _anchored(pattern)} for pattern in portable]
    if len(portable) < len(text.patterns):
        found["$comment"] = "The XML schema also has a pattern that JSON Schema cannot say."
    return found


def _anchored(pattern: str) -> str:
    """A pattern of XML Schema, which fits the whole value, for ECMA-262, which searches."""
    return f"^(?:{pattern})$"


def _ref(clark: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{_key(clark)}"}


def _key(clark: str) -> str:
    """`c.PersonNameType` for a common type, the plain name for one of the kind itself."""
    namespace, _, local = clark[1:].rpartition("}")
    return f"common.{local}" if ":common:" in namespace else local
