"""The fields of a form kind as a tree, for `sealpost forms` and the field guide.

The `xmlschema` library supplies the model, from our own schema files only and only when asked: it never sees a
document.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xmlschema import XsdElement

_XS = "{http://www.w3.org/2001/XMLSchema}"
_DOCUMENTATION = f"{_XS}annotation/{_XS}documentation"
_SOURCE = "{urn:sealpost:annotation:1}source"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One element of a form.

    most: None for no limit. one_of: it stands in a choice. documentation: language -> text, as the schema has it.
    """

    name: str
    least: int
    most: int | None
    type: str | None
    one_of: bool = False
    documentation: dict[str, str] = field(default_factory=dict)
    article: str | None = None
    provenance: str | None = None
    values: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    children: tuple[Field, ...] = ()

    def walk(self, depth: int = 0) -> Iterator[tuple[int, Field]]:
        """This field and all below it, with their depth."""
        yield depth, self
        for child in self.children:
            yield from child.walk(depth + 1)


def fields_of(location: str) -> Field:
    """The tree of the one root element of a schema file."""
    from xmlschema import XMLSchema10

    schema = XMLSchema10(location, defuse="never", allow="local", loglevel=None)
    root = next(iter(schema.elements.values()))
    return _field(root)


def _field(element: XsdElement) -> Field:
    kind = element.type
    documentation, article, provenance = _annotated(element)
    attributes = tuple(name for name in element.attributes if name)
    return Field(
        name=element.local_name,
        least=element.min_occurs,
        most=element.max_occurs,
        type=kind.local_name,
        one_of=getattr(element.parent, "model", None) == "choice",
        documentation=documentation,
        article=article,
        provenance=provenance,
        values=tuple(str(value) for value in getattr(kind, "enumeration", None) or ()),
        attributes=attributes,
        children=tuple(_field(child) for child in _children(element)),
    )


def _children(element: XsdElement) -> Iterator[XsdElement]:
    from xmlschema import XsdElement as Element

    content = element.type.model_group
    if content is not None:
        yield from (child for child in content.iter_elements() if isinstance(child, Element))


def _annotated(element: XsdElement) -> tuple[dict[str, str], str | None, str | None]:
    """Documentation by language, article and provenance of an element."""
    node = element.elem
    documentation = {
        str(text.get(_LANG, "en")): " ".join("".join(text.itertext()).split()) for text in node.iterfind(_DOCUMENTATION)
    }
    source = node.find(f"{_XS}annotation/{_XS}appinfo/{_SOURCE}")
    return (
        documentation,
        None if source is None else source.get("article"),
        None if source is None else source.get("provenance"),
    )
