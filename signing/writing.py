"""Small documents of our own, written as text that is its own canonical form, so that signing them parses nothing.

Only what such a document needs exists here: one namespace, elements with plain attributes, and text. Everything else is
a fault of the caller.
Source: W3C Exclusive C14N 1.0; Canonical XML 1.0, 2.3 (how text and attributes are written).
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*", re.ASCII)
_NOT_A_CHARACTER: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_RESERVED: Final = ("id", "xmlns")


class Field(NamedTuple):
    """One element: text, or children; without either it is left out."""

    name: str
    text: str | None = None
    attributes: Mapping[str, str] | None = None
    children: tuple["Field", ...] = ()


def canonical_fields(fields: Iterable[Field]) -> str:
    """The elements in canonical form, as they stand inside an element of the same default namespace.

    Raises ValueError for a name that is not a plain one, an identifier (the content has the only one), and a character
    that XML does not have.
    """
    parts: list[str] = []
    _write(fields, parts)
    written = "".join(parts)
    if not (written.isascii() and written.isprintable()) and _NOT_A_CHARACTER.search(written):
        raise ValueError("a character that XML does not have")
    return written


def _write(fields: Iterable[Field], parts: list[str]) -> None:
    for name, text, attributes, children in fields:
        if text is None and not children:
            continue
        start, end = _tags(name)
        parts.append(start)
        if attributes:
            parts += (f' {_attribute(key)}="{_attribute_value(value)}"' for key, value in sorted(attributes.items()))
        parts.append(">")
        if text:
            parts.append(_text(text))
        if children:
            _write(children, parts)
        parts.append(end)


def _text(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")


def _attribute_value(value: str) -> str:
    escaped = value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return escaped.replace("\t", "&#x9;").replace("\n", "&#xA;").replace("\r", "&#xD;")


@lru_cache(maxsize=1024)
def _tags(name: str) -> tuple[str, str]:
    if not _NAME.fullmatch(name):
        raise ValueError("a name that is not plain")
    return f"<{name}", f"</{name}>"


@lru_cache(maxsize=1024)
def _attribute(name: str) -> str:
    if not _NAME.fullmatch(name) or name.lower() in _RESERVED:
        raise ValueError("a name that no attribute may have here")
    return name
