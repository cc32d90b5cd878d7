"""What the elements of a form are called in four languages: `Worker › Surname` for `…/f:Worker/c:PersonName/c:Surname`.

The names come from labels.yaml beside the schema; where a name means different things they are told apart by the type
that holds the element (`RelatedDocumentType/Digest`), so a path is followed through the types of the schema.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from lxml import etree

from gateway.errors import CatalogueError
from gateway.forms.findings import four_languages

SEPARATOR = " › "
_XS = "{http://www.w3.org/2001/XMLSchema}"
_STEP = re.compile(r"(?P<name>[^\[\]]+)(?:\[(?P<position>[0-9]+)\])?")
_ABOVE_CONTENT = 2  # the root element and Content stand in every path and tell nobody anything
_UNKNOWN = {"en": "element", "nl": "element", "fr": "élément", "de": "Element"}  # `*`: one that no schema knows

_KEPT = 2048  # places remembered: findings are about a few

Texts = Mapping[str, Mapping[str, str]]  # name, or type and name -> language -> words


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """An element where it is declared: what it is called by language, and the Clark name of its type."""

    words: Mapping[str, str]
    type: str


class Labels:
    """The names of the elements of one form kind. The schema is walked when the first place is asked for."""

    def __init__(
        self, documents: Sequence[etree._Element], prefixes: Mapping[str, str], texts: Mapping[str, Texts]
    ) -> None:
        """Take the schema documents of a kind.

        prefixes: namespace -> prefix of our paths. texts: namespace -> content of its labels.yaml. An element
        without a label is called by its own name.
        """
        self._documents = documents
        self._prefixes = prefixes
        self._texts = texts
        self._placed = lru_cache(maxsize=_KEPT)(self._in_words)

    @cached_property
    def _labels(self) -> Mapping[tuple[str, str], Label]:
        """The elements by the type that holds them (empty for none) and their step in a path."""
        labels: dict[tuple[str, str], Label] = {}
        for schema in self._documents:
            namespace = schema.get("targetNamespace", "")
            words = self._texts.get(namespace, {})
            for node in schema.iter(f"{_XS}element"):
                holder = next(node.iterancestors(f"{_XS}complexType"), None)
                owner, name = "" if holder is None else holder.get("name", ""), node.get("name", "")
                step = f"{self._prefixes.get(namespace, '')}:{name}"
                labels[(f"{{{namespace}}}{owner}" if owner else "", step)] = Label(
                    words=words.get(f"{owner}/{name}") or words.get(name) or {}, type=_resolved(node)
                )
        return labels

    def element(self, owner: str, tag: str) -> Label:
        """An element by its Clark name, within the type `owner` (empty for a root).

        Raises CatalogueError when the schema has no such element.
        """
        namespace, _, name = tag[1:].rpartition("}")
        label = self._labels.get((owner, f"{self._prefixes.get(namespace, '')}:{name}"))
        if label is None:
            raise CatalogueError("catalogue-labels", f"{name}: no such element in that type")
        return label

    def place(self, path: str, language: str) -> str:
        """A path of ours for people: the labels below Content, `Measure 2` for a repeated one."""
        return self._placed(path, language)

    def _in_words(self, path: str, language: str) -> str:
        shown = []
        owner = ""
        for step in path.strip("/").split("/"):
            match = _STEP.fullmatch(step)
            name, position = (match["name"], match["position"]) if match else (step, None)
            label = self._labels.get((owner, name))
            owner = "*" if label is None else label.type
            known = label.words if label else _UNKNOWN if name == "*" else {}
            words = known.get(language) or name.rpartition(":")[2]
            shown.append(f"{words} {position}" if position else words)
        return SEPARATOR.join(shown[_ABOVE_CONTENT:] or shown[-1:])


def read_labels(data: object, *, source: str) -> Texts:
    """The content of a labels.yaml. Raises CatalogueError naming file and entry."""
    if not isinstance(data, dict):
        raise CatalogueError("catalogue-labels", f"{source}: a mapping of names is expected")
    return {str(name): four_languages(words, where=f"{source}: {name}") for name, words in data.items()}


def _resolved(node: etree._Element) -> str:
    """The Clark name of an element's type; empty for a type without a name."""
    prefix, _, local = node.get("type", "").rpartition(":")
    return f"{{{node.nsmap.get(prefix or None, '')}}}{local}" if local else ""
