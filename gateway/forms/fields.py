"""The fields of a form kind as a tree, for `sealpost forms` and the field guide.

The `xmlschema` library supplies the model, from our own schema files only and only when asked: it never sees a
document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gateway.forms.citing import Legal
from gateway.forms.sources import COMMON_NAMESPACE

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from xmlschema import XsdElement
    from xmlschema.validators import XsdType

    from gateway.forms.citing import Acts
    from gateway.forms.kinds import FormKind

_XS = "{http://www.w3.org/2001/XMLSchema}"
_DOCUMENTATION = f"{_XS}annotation/{_XS}documentation"
_SOURCE = "{urn:sealpost:annotation:1}source"
_ENUMERATION = f"{_XS}enumeration"
_PATTERN = f"{_XS}pattern"
_RESTRICTION = f"{_XS}restriction"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
SHARED = "shared"  # the provenance of what forms of a country share with those whose law it comes from


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One element of a form.

    most: None for no limit. one_of: it stands in a choice. documentation: language -> text, as the schema has it.
    facets: (name, value) of what limits its text, from its own type and those beneath. meanings: of coded values, by
    language. note: why it is there, where no article says so.
    """

    name: str
    least: int
    most: int | None
    type: str | None
    one_of: bool = False
    documentation: dict[str, str] = field(default_factory=dict)
    article: str | None = None
    provenance: str | None = None
    note: str | None = None
    namespace: str = ""
    facets: tuple[tuple[str, str], ...] = ()
    values: tuple[str, ...] = ()
    meanings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    attributes: tuple[str, ...] = ()
    children: tuple[Field, ...] = ()

    def legal(self, kind: FormKind, acts: Acts) -> tuple[Legal, ...]:
        """Where the law asks for it, in a form of `kind`."""
        if self.article is None:
            return ()
        return (Legal(act=acts.of_types if self.namespace == COMMON_NAMESPACE else kind.act, article=self.article),)

    def in_country(self, country: str, acts: Acts) -> Field:
        """The field in forms of a country: types of the forms of all are documented with the law of one."""
        children = tuple(child.in_country(country, acts) for child in self.children)
        if self.namespace != COMMON_NAMESPACE or acts.country_of_types == country:
            return replace(self, children=children)
        return replace(self, children=children, article=None, note=None, provenance=self.provenance and SHARED)

    def walk(self, depth: int = 0) -> Iterator[tuple[int, Field]]:
        """This field and all below it, with their depth."""
        yield depth, self
        for child in self.children:
            yield from child.walk(depth + 1)


def fields_of(location: str) -> Field:
    """The tree of the one root element of a schema file."""
    from xmlschema import XMLSchema10

    # Not checked once more against the schema of schemas, which takes seconds: libxml2 compiled it.
    schema = XMLSchema10(location, validation="skip", defuse="never", allow="local", loglevel=None)
    root = next(iter(schema.elements.values()))
    return _field(root)


def _field(element: XsdElement) -> Field:
    kind = element.type
    documentation, source = _annotated(element.elem)
    attributes = tuple(name for name in element.attributes if name)
    return Field(
        name=element.local_name,
        least=element.min_occurs,
        most=element.max_occurs,
        type=kind.local_name,
        one_of=getattr(element.parent, "model", None) == "choice",
        documentation=documentation,
        article=source.get("article"),
        provenance=source.get("provenance"),
        note=source.get("note"),
        namespace=element.target_namespace,
        facets=tuple(_facets(kind)),
        meanings={
            str(node.get("value")): _annotated(node)[0] for node in _restrictions(kind) if node.tag == _ENUMERATION
        },
        values=tuple(str(value) for value in getattr(kind, "enumeration", None) or ()),
        attributes=attributes,
        children=tuple(_field(child) for child in _children(element)),
    )


def _children(element: XsdElement) -> Iterator[XsdElement]:
    from xmlschema import XsdElement as Element

    content = element.type.model_group
    if content is not None:
        yield from (child for child in content.iter_elements() if isinstance(child, Element))


def _facets(kind: XsdType) -> Iterator[tuple[str, str]]:
    """Every pattern, of all else the nearest, which is the narrowest."""
    seen = {_ENUMERATION}
    for node in _restrictions(kind):
        if node.tag not in seen:
            yield str(node.tag).removeprefix(_XS), str(node.get("value"))
        if node.tag != _PATTERN:
            seen.add(str(node.tag))


def _restrictions(kind: XsdType) -> Iterator[Element]:
    """What restricts the text of a type, its own restrictions before those of the types beneath."""
    current: XsdType | None = kind
    while current is not None and current.target_namespace != _XS[1:-1]:
        # The model keeps a simple type under its restriction, a complex one under itself.
        holder = current.elem if current.elem.tag == _RESTRICTION else current.elem.find(f".//{_RESTRICTION}")
        if holder is not None:
            yield from holder.iterfind("*[@value]")
        content = getattr(current, "content", None) if current.has_simple_content() else None
        current = current.base_type if content is None or content is current else content


def _annotated(node: Element) -> tuple[dict[str, str], Mapping[str, str]]:
    """Documentation by language, and what is said of its source."""
    documentation = {
        str(text.get(_LANG, "en")): " ".join("".join(text.itertext()).split()) for text in node.iterfind(_DOCUMENTATION)
    }
    source = node.find(f"{_XS}annotation/{_XS}appinfo/{_SOURCE}")
    return documentation, {} if source is None else source.attrib
