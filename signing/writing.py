"""Small documents of our own, written as text that is its own canonical form, so that signing them parses nothing.

Only what such a document needs exists here: one namespace, elements with plain attributes, and text. Everything else is
a fault of the caller.
Source: W3C Exclusive C14N 1.0; Canonical XML 1.0, 2.3 (how text and attributes are written).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*", re.ASCII)
_NOT_A_CHARACTER: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_RESERVED: Final = ("id", "xmlns")
_AS_IT_IS: Final = bytes(code for code in range(0x20, 0x7F) if chr(code) not in '&<>"')


class Marked(NamedTuple):
    """The text of an element that has attributes."""

    text: str
    attributes: Mapping[str, str]


Field: TypeAlias = "tuple[str, str | Marked | tuple[Field, ...] | None]"
"""One element: its name, and its text or the elements in it; without either it is left out."""

_Step: TypeAlias = "str | tuple[str, tuple[str, ...] | None] | None"
"""The name of an element with text; name and attributes of one that has some; name and None: an element with elements
in it begins; None: it ends."""


@dataclass(frozen=True, kw_only=True)
class _Markup:
    """What stands around the texts of fields. pieces: one more than texts. escapes: how each text is written."""

    pieces: tuple[str, ...]
    escapes: tuple[Callable[[str], str], ...]


def canonical_fields(fields: Iterable[Field]) -> str:
    """The elements in canonical form, as they stand inside an element of the same default namespace.

    Raises ValueError for a name that is not a plain one, an identifier (the content has the only one), and a character
    that XML does not have.
    """
    steps: list[_Step] = []
    texts: list[str] = []
    _take_apart(fields, steps, texts)
    markup = _markup(tuple(steps))
    plain = "".join(texts)
    if not plain.isascii() or plain.encode().translate(None, _AS_IT_IS):
        if _NOT_A_CHARACTER.search(plain):
            raise ValueError("a character that XML does not have")
        texts = [escape(text) for escape, text in zip(markup.escapes, texts, strict=True)]
    written = [""] * (2 * len(texts) + 1)
    written[::2] = markup.pieces
    written[1::2] = texts
    return "".join(written)


def _take_apart(fields: Iterable[Field], steps: list[_Step], texts: list[str]) -> None:
    """Documents of one kind differ in their texts and seldom in their steps."""
    for name, value in fields:
        if isinstance(value, str):
            steps.append(name)
            texts.append(value)
        elif not value:
            continue
        elif isinstance(value, Marked):
            names = tuple(sorted(value.attributes))
            steps.append((name, names))
            texts += [value.attributes[each] for each in names]
            texts.append(value.text)
        else:
            steps.append((name, None))
            _take_apart(value, steps, texts)
            steps.append(None)


@lru_cache(maxsize=256)
def _markup(steps: tuple[_Step, ...]) -> _Markup:
    pieces = [""]
    escapes: list[Callable[[str], str]] = []
    within: list[str] = []
    for step in steps:
        if step is None:
            pieces[-1] += f"</{within.pop()}>"
            continue
        name, attributes = (step, ()) if isinstance(step, str) else step
        pieces[-1] += f"<{_plain(name)}"
        if attributes is None:
            pieces[-1] += ">"
            within.append(name)
            continue
        for attribute in attributes:
            pieces[-1] += f' {_not_reserved(attribute)}="'
            pieces.append('"')
            escapes.append(_attribute_value)
        pieces[-1] += ">"
        pieces.append(f"</{name}>")
        escapes.append(_text)
    return _Markup(pieces=tuple(pieces), escapes=tuple(escapes))


def _text(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")


def _attribute_value(value: str) -> str:
    escaped = value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return escaped.replace("\t", "&#x9;").replace("\n", "&#xA;").replace("\r", "&#xD;")


def _plain(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("a name that is not plain")
    return name


def _not_reserved(name: str) -> str:
    if name.lower() in _RESERVED:
        raise ValueError("a name that no attribute may have here")
    return _plain(name)
