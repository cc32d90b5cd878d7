"""The schema of a form kind: run by libxml2, its faults put into our own codes.

libxml2 decides and nobody else. Its messages quote the document, so nothing of them is passed on: only what our own
schemas say (names, patterns, limits, values of a list) is shown, and only after it was found again in the index of
those schemas. One `XMLSchema` for each thread: its error log belongs to the object, and a shared one would show one
sender another's values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from lxml import etree

from gateway.errors import EngineFault
from gateway.forms.places import Places, locate, tag_of
from gateway.libxml import OnePerThread

_XS = "{http://www.w3.org/2001/XMLSchema}"
_DS_SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
_BOUNDS = ("minInclusive", "maxInclusive", "minExclusive", "maxExclusive")
_LISTED_VALUES = 12

_EXPECTED = re.compile(r"Expected is(?: one of)? \( ([^()]*) \)\.\s*$")
_LIMIT = re.compile(r"'([0-9]{1,9})'\)?\.\s*$")
_BOUND = re.compile(r"\('([^'()]*)'\)\.\s*$")
_TYPE = re.compile(r"type '([^']*)'\.\s*$")
_KEY_FAULT = re.compile(r"Element '[^']*': (Duplicate|No match|Not all)")

# libxml2's type codes (xmlerror.h, SCHEMAV_CVC_...) -> ours. ELEMENT_CONTENT and COMPLEX_TYPE_2_1 stand for two
# faults each.
_CODES: Mapping[str, str] = {
    "SCHEMAV_ELEMENT_CONTENT": "XSD-CHILD-UNEXPECTED",
    "SCHEMAV_CVC_ELT_1": "XSD-CHILD-UNEXPECTED",
    "SCHEMAV_CVC_WILDCARD": "XSD-CHILD-UNEXPECTED",
    "SCHEMAV_CVC_TYPE_3_1_2": "XSD-CHILD-UNEXPECTED",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_1": "XSD-CHILD-UNEXPECTED",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_2": "XSD-CHILD-UNEXPECTED",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_3": "XSD-TEXT",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_4": "XSD-CHILD-UNEXPECTED",
    "SCHEMAV_CVC_TYPE_3_1_1": "XSD-ATTR-UNEXPECTED",
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": "XSD-ATTR-UNEXPECTED",
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_2": "XSD-ATTR-UNEXPECTED",
    "SCHEMAV_CVC_COMPLEX_TYPE_4": "XSD-ATTR-MISSING",
    "SCHEMAV_CVC_PATTERN_VALID": "XSD-PATTERN",
    "SCHEMAV_CVC_ENUMERATION_VALID": "XSD-ENUM",
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_1": "XSD-TYPE",
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_2": "XSD-TYPE",
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_3": "XSD-TYPE",
    "SCHEMAV_CVC_TYPE_3_1_3": "XSD-TYPE",
    "SCHEMAV_CVC_FACET_VALID": "XSD-TYPE",
    "SCHEMAV_CVC_LENGTH_VALID": "XSD-LENGTH",
    "SCHEMAV_CVC_MINLENGTH_VALID": "XSD-LENGTH",
    "SCHEMAV_CVC_MAXLENGTH_VALID": "XSD-LENGTH",
    "SCHEMAV_CVC_MININCLUSIVE_VALID": "XSD-RANGE",
    "SCHEMAV_CVC_MAXINCLUSIVE_VALID": "XSD-RANGE",
    "SCHEMAV_CVC_MINEXCLUSIVE_VALID": "XSD-RANGE",
    "SCHEMAV_CVC_MAXEXCLUSIVE_VALID": "XSD-RANGE",
    "SCHEMAV_CVC_TOTALDIGITS_VALID": "XSD-RANGE",
    "SCHEMAV_CVC_FRACTIONDIGITS_VALID": "XSD-RANGE",
    "SCHEMAV_CVC_IDC": "XSD-KEY-INCOMPLETE",
}
_FACETS: Mapping[str, str] = {
    f"SCHEMAV_CVC_{facet.upper()}_VALID": facet
    for facet in ("length", "minLength", "maxLength", *_BOUNDS, "totalDigits", "fractionDigits")
}
_KEY_CODES: Mapping[str, str] = {
    "Duplicate": "XSD-KEY-DUPLICATE",
    "No match": "XSD-KEY-UNKNOWN",
    "Not all": "XSD-KEY-INCOMPLETE",
}
_OTHER = "XSD-OTHER"
SCHEMA_CODES = frozenset(_CODES.values()) | frozenset(_KEY_CODES.values()) | {"XSD-CHILD-MISSING", _OTHER}


@dataclass(frozen=True, kw_only=True, slots=True)
class SchemaFault:
    """One fault of the schema, before it is tied to a rule.

    names: our names (`f:Worker`) from the root to the place, for the rules' selectors.
    offender: local name of an element or attribute that is out of place. It comes from the document: match it, never
    show it.
    known: whether the offender's name is one of our schemas'.
    """

    code: str
    path: str | None
    line: int | None
    names: tuple[str, ...]
    params: tuple[tuple[str, str], ...] = ()
    offender: str | None = None
    known: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class SchemaIndex:
    """What our schemas know and may therefore be shown."""

    places: Places
    patterns: frozenset[str]
    enumerations: Mapping[str, tuple[str, ...]]
    bounds: frozenset[str]
    types: frozenset[str]

    @classmethod
    def from_documents(cls, documents: Iterable[etree._Element], prefixes: Mapping[str, str]) -> SchemaIndex:
        """Read the schema documents (root elements) of one kind."""
        elements, attributes, patterns, bounds, types = {_DS_SIGNATURE}, set[str](), set[str](), set[str](), set[str]()
        enumerations: dict[str, tuple[str, ...]] = {}
        for document in documents:
            namespace = document.get("targetNamespace", "")
            elements |= {
                f"{{{namespace}}}{node.get('name')}" for node in document.iter(f"{_XS}element") if node.get("name")
            }
            attributes |= {node.get("name", "") for node in document.iter(f"{_XS}attribute") if node.get("name")}
            patterns |= {node.get("value", "") for node in document.iter(f"{_XS}pattern")}
            bounds |= {node.get("value", "") for facet in _BOUNDS for node in document.iter(_XS + facet)}
            types |= {
                f"{{{namespace}}}{node.get('name')}" for node in document.iter(f"{_XS}simpleType") if node.get("name")
            }
            for restriction in document.iter(f"{_XS}restriction"):
                values = tuple(node.get("value", "") for node in restriction.iterchildren(f"{_XS}enumeration"))
                if values:
                    enumerations[", ".join(f"'{value}'" for value in values)] = values
        return cls(
            places=Places(prefixes=prefixes, elements=frozenset(elements), attributes=frozenset(attributes)),
            patterns=frozenset(patterns),
            enumerations=enumerations,
            bounds=frozenset(bounds),
            types=frozenset(types),
        )


class CompiledSchema:
    """The schema of a form kind, to run."""

    def __init__(self, engine: OnePerThread[etree.XMLSchema], index: SchemaIndex) -> None:
        self._engine = engine
        self.index = index
        engine.get()

    def faults(self, root: etree._Element, *, limit: int) -> tuple[SchemaFault, ...]:
        """The faults of a parsed document in the order of its lines, at most the first `limit` that libxml2 met.

        Raises EngineFault when libxml2 gives up: then nothing is known about the document.
        """
        schema = self._engine.get()
        if self._is_valid(schema, root):
            return ()
        entries = islice(filter(_is_fault, schema.error_log), limit)
        faults = [_translate(entry, root, self.index) for entry in entries]
        if not faults:
            raise EngineFault("XSD-900", "the schema engine refused a document without saying why")
        return tuple(sorted(faults, key=lambda fault: fault.line or 0))

    @staticmethod
    def _is_valid(schema: etree.XMLSchema, root: etree._Element) -> bool:
        try:
            return schema.validate(root)
        except etree.XMLSchemaValidateError:
            broken = "the schema engine could not finish"
        # libxml2's text may quote the document, so it does not become the context of our exception.
        raise EngineFault("XSD-900", broken)


def _is_fault(entry: etree._LogEntry) -> bool:
    """Whether an entry of the log is a fault; libxml2 logs a remark of its own at the level of errors."""
    return entry.level >= etree.ErrorLevels.ERROR and "No precomputed value" not in entry.message[:200]


def _translate(entry: etree._LogEntry, root: etree._Element, index: SchemaIndex) -> SchemaFault:
    """One entry of libxml2's log in our words."""
    code = _code(entry)
    places = index.places
    node = locate(root, entry.path)
    if node is None:
        return SchemaFault(code=code, path=None, line=entry.line or None, names=())
    message = entry.message
    offender: str | None = None
    known = True
    if code == "XSD-CHILD-UNEXPECTED":
        if entry.type_name not in ("SCHEMAV_ELEMENT_CONTENT", "SCHEMAV_CVC_ELT_1", "SCHEMAV_CVC_WILDCARD"):
            node = next(iter(node.iterchildren("*")), node)
        offender, known = etree.QName(node).localname, node.tag in places.elements
    path = places.path(node)
    attribute = _attribute(code, message, node, places)
    if attribute is not None:
        path += "/" + places.attribute(attribute)
    if code == "XSD-ATTR-UNEXPECTED":
        offender, known = (attribute or "").rpartition("}")[2], attribute in places.attributes
    return SchemaFault(
        code=code,
        path=path,
        line=node.sourceline,
        names=tuple(places.name(tag_of(step)) for step in reversed([node, *node.iterancestors()])),
        params=_params(code, entry, index),
        offender=offender,
        known=known,
    )


def _code(entry: etree._LogEntry) -> str:
    code = _CODES.get(entry.type_name, _OTHER)
    match entry.type_name:
        case "SCHEMAV_ELEMENT_CONTENT":
            fault = _EXPECTED.sub("", entry.message).rstrip()
            return "XSD-CHILD-MISSING" if fault.endswith("Missing child element(s).") else code
        case "SCHEMAV_CVC_COMPLEX_TYPE_2_1":
            text = entry.message.rstrip().endswith(
                ": Character content is not allowed, because the content type is empty."
            )
            return "XSD-TEXT" if text else code
        case "SCHEMAV_CVC_IDC":
            match_ = _KEY_FAULT.match(entry.message)
            return _KEY_CODES[match_[1]] if match_ else code
    return code


def _attribute(code: str, message: str, node: etree._Element, places: Places) -> str | None:
    """Clark name of the attribute that a message is about; it may be the document's own: match it, never show it."""
    start = f"Element '{tag_of(node)}', attribute '"
    text = message.rstrip()
    match code:
        case "XSD-ATTR-UNEXPECTED":
            # The name stands twice with fixed words around it; its length says where it ends, whatever is in it.
            rest = text.removeprefix(start).removesuffix("' is not allowed.")
            name = rest[: (len(rest) - len("': The attribute '")) // 2]
            return name if rest == f"{name}': The attribute '{name}" else "*"
        case "XSD-ATTR-MISSING":
            required = (
                name for name in places.attributes if text.endswith(f"attribute '{name}' is required but missing.")
            )
            return next(required, None)
        case _:
            return next((name for name in places.attributes if text.startswith(f"{start}{name}':")), None)


def _params(code: str, entry: etree._LogEntry, index: SchemaIndex) -> tuple[tuple[str, str], ...]:
    """What would be right, as far as our own schemas say it."""
    message = entry.message.rstrip()
    match code:
        case "XSD-CHILD-UNEXPECTED" | "XSD-CHILD-MISSING":
            return _expected(message, index.places)
        case "XSD-PATTERN":
            shown = (pattern for pattern in index.patterns if message.endswith(f" by the pattern '{pattern}'."))
            return tuple(("pattern", pattern) for pattern in list(shown)[:1])
        case "XSD-ENUM":
            _, _, listed = message.rpartition("is not an element of the set {")
            values = index.enumerations.get(listed.removesuffix("}."))
            if values is None:
                return ()
            shown_values = ", ".join(values[:_LISTED_VALUES]) + (", …" if len(values) > _LISTED_VALUES else "")
            return (("count", str(len(values))), ("expected", shown_values))
        case "XSD-TYPE":
            match_ = _TYPE.search(message)
            if match_ is None or not (match_[1] in index.types or match_[1].startswith("xs:")):
                return ()
            return (("type", match_[1].rpartition("}")[2]),)
        case "XSD-LENGTH":
            match_ = _LIMIT.search(message)
            return (("facet", _facet(entry)), ("limit", match_[1])) if match_ else ()
        case "XSD-RANGE":
            match_ = _BOUND.search(message)
            shown_bound = match_ is not None and (match_[1] in index.bounds or match_[1].isdigit())
            return (("facet", _facet(entry)), ("limit", match_[1])) if match_ and shown_bound else ()
    return ()


def _facet(entry: etree._LogEntry) -> str:
    """The word of XML Schema for a limit: `maxLength`."""
    return _FACETS[entry.type_name]


def _expected(message: str, places: Places) -> tuple[tuple[str, str], ...]:
    match = _EXPECTED.search(message)
    if match is None:
        return ()
    names = [places.name(name.strip()) for name in match[1].split(",")]
    shown = [name for name in names if name != "*"]
    if any("xmldsig#}*" in name for name in match[1].split(",")):
        shown.append("ds:Signature")
    return (("expected", ", ".join(shown)),) if shown else ()
