"""Small documents of our own, written as text that is its own canonical form, so that signing them parses nothing.

Only what such a document needs exists here: one namespace, elements with plain attributes, and text. Everything else is
a fault of the caller.
Source: W3C Exclusive C14N 1.0; Canonical XML 1.0, 2.3 (how text and attributes are written).
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*", re.ASCII)
_NOT_A_CHARACTER: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_RESERVED: Final = ("id", "xmlns")
_ESCAPED: Final = ("&", "<", ">", "\r")


class Marked(NamedTuple):
    """The text of an element that has attributes."""

    text: str
    attributes: Mapping[str, str]


Field: TypeAlias = "tuple[str, str | Marked | tuple[Field, ...] | None]"
"""One element: its name, and its text or the elements in it; without either it is left out."""


def canonical_fields(fields: Iterable[Field]) -> str:
    """The elements in canonical form, as they stand inside an element of the same default namespace.

    Raises ValueError for a name that is not a plain one, an identifier (the content has the only one), and a character
    that XML does not have.
    """
    parts: list[str] = []
    _write(fields, parts)
    texts = "".join(parts[1::3])
    if any(map(texts.__contains__, _ESCAPED)):
        parts[1::3] = map(_text, parts[1::3])
    written = "".join(parts)
    if not (written.isascii() and written.isprintable()) and _NOT_A_CHARACTER.search(written):
        raise ValueError("a character that XML does not have")
    return written


def _write(fields: Iterable[Field], parts: list[str]) -> None:
    """Three parts at a time: what stands before a text, the text as it was given, what stands behind it."""
    for name, value in fields:
        if not value and not isinstance(value, str):
            continue
        start, end = _tags(name)
        if isinstance(value, str):
            parts += (start, value, end)
        elif isinstance(value, Marked):
            marks = [f' {_attribute(key)}="{_attribute_value(each)}"' for key, each in sorted(value.attributes.items())]
            parts += (f"{start[:-1]}{''.join(marks)}>", value.text, end)
        else:
            parts += (start, "", "")
            _write(value, parts)
            parts += ("", "", end)


def _text(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")


def _attribute_value(value: str) -> str:
    escaped = value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return escaped.replace("\t", "&#x9;").replace("\n", "&#xA;").replace("\r", "&#xD;")


@lru_cache(maxsize=1024)
def _tags(name: str) -> tuple[str, str]:
    if not _NAME.fullmatch(name):
        raise ValueError("a name that is not plain")
    return f"<{name}>", f"</{name}>"


@lru_cache(maxsize=1024)
def _attribute(name: str) -> str:
    if not _NAME.fullmatch(name) or name.lower() in _RESERVED:
        raise ValueError("a name that no attribute may have here")
    return name
