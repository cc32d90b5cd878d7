"""What the elements of a form kind and their coded values are called, for whoever shows a form to people.

Names come from labels.yaml, the meanings of coded values from the documentation in the schema. Nothing here sees a
document.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from lxml import etree

from gateway.forms.labels import Label, Labels

_XS = "{http://www.w3.org/2001/XMLSchema}"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

Words = Mapping[str, str]


class Vocabulary:
    """The names of one form kind. Types are Clark names, as `Labels` gives them."""

    def __init__(self, documents: Sequence[etree._Element], labels: Labels) -> None:
        self._labels = labels
        self._elements: dict[tuple[str, str], Label] = {}
        self._bases: dict[str, tuple[str, ...]] = {}
        self._lineages: dict[str, tuple[str, ...]] = {}
        self._own_meanings: dict[str, Mapping[str, Words]] = {}
        self._meanings: dict[str, Mapping[str, Words]] = {}
        for document in documents:
            namespace = document.get("targetNamespace", "")
            for node in document.iterchildren(f"{_XS}simpleType", f"{_XS}complexType"):
                name = f"{{{namespace}}}{node.get('name')}"
                self._bases[name] = tuple(_bases(node))
                self._own_meanings[name] = {
                    value.get("value", ""): _said(value) for value in node.iter(f"{_XS}enumeration")
                }

    def element(self, owner: str, tag: str) -> Label:
        """What an element (by Clark name) of the type `owner` (empty for a root) is called, and its own type."""
        known = self._elements.get((owner, tag))
        if known is None:
            known = self._elements.setdefault((owner, tag), self._labels.element(owner, tag))
        return known

    def place(self, path: str, language: str) -> str:
        """A path of ours in the names of the elements that it leads through."""
        return self._labels.place(path, language)

    def lineage(self, name: str) -> tuple[str, ...]:
        """The local names of a type and of all that it restricts or joins, the nearest first."""
        known = self._lineages.get(name)
        if known is None:
            above = [step for base in self._bases.get(name, ()) for step in self.lineage(base)]
            known = self._lineages.setdefault(name, (name.rpartition("}")[2], *above))
        return known

    def meaning(self, name: str, value: str) -> Words | None:
        """What a coded value of a type means, by language; None for a text."""
        return self._meanings_of(name).get(value)

    def _meanings_of(self, name: str) -> Mapping[str, Words]:
        """Of a type and of all that it restricts or joins, its own before theirs."""
        known = self._meanings.get(name)
        if known is None:
            merged: dict[str, Words] = {}
            for base in reversed(self._bases.get(name, ())):
                merged |= self._meanings_of(base)
            merged |= self._own_meanings.get(name, {})
            known = self._meanings.setdefault(name, merged)
        return known


def _bases(node: etree._Element) -> Iterator[str]:
    """The types that a type restricts, extends or joins."""
    for child in node.iter(f"{_XS}restriction", f"{_XS}extension", f"{_XS}union"):
        for written in (child.get("base") or child.get("memberTypes") or "").split():
            prefix, _, local = written.rpartition(":")
            yield f"{{{child.nsmap.get(prefix or None, '')}}}{local}"


def _said(node: etree._Element) -> Words:
    texts: Iterable[etree._Element] = node.iterfind(f"{_XS}annotation/{_XS}documentation")
    return {
        str(text.get(_LANG, "en")): " ".join("".join(str(part) for part in text.itertext()).split()).removesuffix(".")
        for text in texts
    }
