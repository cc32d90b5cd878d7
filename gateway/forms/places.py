"""Readable places in a document: `/f:HealthAssessmentForm/f:Content/f:Worker/c:Ssin`.

Names are shown with our own prefixes and only if our schemas know them; anything else is `*[n]`, because a name in a
document can be a value in disguise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from lxml import etree

_STEP = re.compile(r"(?:(?P<prefix>[^:/\[\]]+):)?(?P<name>[^:/\[\]]+)(?:\[(?P<position>[0-9]+)\])?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """Writes places for one form kind.

    prefixes: namespace -> prefix. elements: Clark names that may be shown. attributes: likewise.
    root: the path of the element that holds Content, used where Content was cut out of its document.
    """

    prefixes: Mapping[str, str]
    elements: frozenset[str]
    attributes: frozenset[str]

    def name(self, clark: str) -> str:
        """`f:Worker` for a name our schemas know, else `*`."""
        if clark not in self.elements:
            return "*"
        namespace, _, local = clark[1:].rpartition("}")
        return f"{self.prefixes[namespace]}:{local}"

    def attribute(self, clark: str) -> str:
        """`@Id` for an attribute our schemas know, else `@*`."""
        return f"@{clark}" if clark in self.attributes else "@*"

    def path(self, node: etree._Element, *, above: str = "") -> str:
        """The path of an element; positions only where a name is repeated, always for unknown names."""
        steps = []
        current: etree._Element | None = node
        while current is not None:
            steps.append(self._step(current))
            current = current.getparent()
        return above + "/" + "/".join(reversed(steps))

    def _step(self, node: etree._Element) -> str:
        tag, parent = tag_of(node), node.getparent()
        name = self.name(tag)
        if parent is None:
            return name
        if name == "*":
            return f"*[{parent.index(node) + 1}]"
        # Looks no further than one step ahead: a document may hold thousands of siblings after a fault.
        alike = parent.iterchildren(tag)
        position = next(number for number, sibling in enumerate(alike, start=1) if sibling is node)
        return name if position == 1 and next(alike, None) is None else f"{name}[{position}]"


def tag_of(node: etree._Element) -> str:
    """The Clark name of an element; our parser leaves nothing but elements in a tree."""
    return str(node.tag)


def text_of(node: etree._Element) -> str:
    """All text in an element; of one without children at once."""
    return (node.text or "") if len(node) == 0 else "".join(node.itertext())


def locate(root: etree._Element, native_path: str | None) -> etree._Element | None:
    """The element that libxml2 means by a path such as `/*/*[2]/q:Name[3]`, or None.

    libxml2 writes the document's own prefixes, which may be bound anew at each level, so its path is no XPath of ours.
    """
    if not native_path:
        return None
    current: etree._Element | None = None
    for step in native_path.strip("/").split("/"):
        match = _STEP.fullmatch(step)
        if match is None:
            return current
        position = int(match["position"] or 1) - 1
        siblings = iter([root]) if current is None else current.iterchildren(f"{{*}}{match['name']}")
        if match["name"] != "*":
            siblings = (node for node in siblings if node.prefix == match["prefix"])
        found = next(islice(siblings, position, None), None)
        if found is None:
            return current
        current = found
    return current


def same_place(node: etree._Element, top: etree._Element, other_top: etree._Element) -> etree._Element | None:
    """The element that stands below `other_top` where `node` stands below `top`, for two readings of one document."""
    steps: list[int] = []
    current = node
    while current is not top:
        parent = current.getparent()
        if parent is None:
            return None
        steps.append(parent.index(current))
        current = parent
    found = other_top
    for position in reversed(steps):
        if position >= len(found):
            return None
        found = found[position]
    return found
