"""A form as the data that a template prints: every element with its name, every value as people write it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from lxml import etree

from gateway.forms.kinds import FormKind
from gateway.forms.vocabulary import Vocabulary
from gateway.rendition.values import BYTES, Values

Node = dict[str, Any]

_FREE, _DIGEST, _PLACE = "TextType", "DigestType", "PlaceType"
_NO_LIST: Mapping[str, Mapping[str, str]] = {}
_FITS = 40  # letters that the narrowest column holds, a wide one counted twice
_LONG = _FITS // 2 + 1
_LONG_WORD = re.compile(rf"\S{{{_LONG},}}")
_WIDE = re.compile(r"[A-ZÀ-ÖØ-Þmw@%]|[^\x00-\u017f]")
_BREAK = "\u200b"


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """Draws up the data of one form kind in one language. listed: names of codes that stand in lists, by type.

    named_place: the words for a path of an element of another form, as a report shows it.

    A node has `name` (of the element), `type` and `label` (with its place among several); then either `parts`, or
    `text` (for people) and `code` (as written), and `free` if somebody wrote it, in the language of the document.
    `marks` are its attributes, if it has any.
    """

    vocabulary: Vocabulary
    listed: Mapping[str, Mapping[str, Mapping[str, str]]]
    values: Values
    language: str
    named_place: Callable[[str], str]

    def draw(self, content: etree._Element, kind: FormKind) -> Node:
        """The node of a Content element, with all below it."""
        root = self.vocabulary.element("", kind.qname)
        return self._node(content, root.type, 0)

    def _node(self, element: etree._Element, owner: str, nth: int) -> Node:
        tag = str(element.tag)
        label = self.vocabulary.element(owner, tag)
        name, local = tag.rpartition("}")[2], label.type.rpartition("}")[2]
        lineage = self.vocabulary.lineage(label.type)
        children = list(element)
        called = label.words.get(self.language) or name
        node: Node = {"name": name, "type": local, "label": f"{called} {nth}" if nth else called}
        if element.attrib and BYTES not in lineage:
            node["marks"] = ", ".join(map(str, element.attrib.values()))
        if children:
            places = _places([child.tag for child in children])
            node["parts"] = [
                self._node(child, label.type, place) for child, place in zip(children, places, strict=True)
            ]
        else:
            node |= self._leaf(label.type, lineage, element.text or "")
        return node

    def _leaf(self, type_name: str, lineage: tuple[str, ...], written: str) -> Mapping[str, Any]:
        text = " ".join(written.split())
        meaning = self.vocabulary.meaning(type_name, text) or self.listed.get(lineage[0], _NO_LIST).get(text)
        if meaning is not None:
            return {"text": meaning.get(self.language) or text, "code": text}
        if _PLACE in lineage:
            return {"text": self.named_place(text), "code": text}
        shown = self.values.shown(text, lineage)
        leaf = {
            "text": shown if _DIGEST in lineage else _breakable(shown),
            "code": "" if BYTES in lineage else text,
        }
        return leaf | {"free": True} if _FREE in lineage else leaf


def _places(names: Sequence[object]) -> list[int]:
    """Of each of them 0 when there is one of that name, or its place among several."""
    if len(names) < 2 or len(set(names)) == len(names):
        return [0] * len(names)
    times, places = Counter(names), []
    seen = Counter[object]()
    for name in names:
        seen[name] += 1
        places.append(seen[name] if times[name] > 1 else 0)
    return places


def _breakable(text: str) -> str:
    """A text in which a word that may be longer than a line has places where the line may end."""
    if len(text) < _LONG or max(map(len, text.split()), default=0) < _LONG:  # sooner told than found to have none
        return text
    return _LONG_WORD.sub(_in_pieces, text)


def _in_pieces(word: re.Match[str]) -> str:
    text = word[0]
    width = len(text) + len(_WIDE.findall(text))
    if width <= _FITS:
        return text
    piece = ceil(_FITS / 2 * len(text) / width)
    return _BREAK.join(text[start : start + piece] for start in range(0, len(text), piece))
