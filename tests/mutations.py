"""Damage that knows the structure: values of DER and elements of XML dropped, doubled, moved, exchanged for those of
another, their algorithms, names and references changed, and lengths and tags written right again."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from hypothesis import strategies as st
from lxml import etree

from signing import der
from signing.algorithms import DIGEST_ALGORITHMS, SIGNATURE_ALGORITHMS
from signing.formats.xades.profile import DS

RANDOMS = st.integers(0, 2**32 - 1).map(Random)
"""Evenly spread, which `st.randoms()` is not."""

_CONSTRUCTED = 0x20
_STRINGS = (der.OCTET_STRING, der.BIT_STRING, 0x80)
_TIMES = (
    b"20260305083000Z",
    b"20260101000000Z",
    b"99991231235959Z",
    b"260305090000Z",
    b"20260305090000.5Z",
    b"260101000000Z",
)
_SCRAPS = (b"", b"\0", b"\xff" * 8, b"\x30\x80", b"\x7f" * 20)
_TRANSFORMS = (
    "http://www.w3.org/2001/10/xml-exc-c14n#",
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    f"{DS}enveloped-signature",
    f"{DS}base64",
    "http://www.w3.org/2002/06/xmldsig-filter2",
    "http://www.w3.org/TR/1999/REC-xslt-19991116",
)
_ALGORITHMS = (*DIGEST_ALGORITHMS, *SIGNATURE_ALGORITHMS, *_TRANSFORMS, f"{DS}sha1", f"{DS}hmac-sha1", "")
_URIS = ("", "#content", "#xpointer(/)", "#xpointer(id('content'))", "file:///etc/passwd", "content")
_IDENTIFIERS = ("Id", "ID", "id", "{http://www.w3.org/XML/1998/namespace}id")


@dataclass
class _Value:
    """parts: of what is constructed, or of a string that holds DER; then `body` is what stands before them."""

    tag: int
    body: bytes
    parts: list[_Value] | None

    def encode(self) -> bytes:
        return der.encode(self.tag, self.body, *(part.encode() for part in self.parts or ()))

    def all(self) -> Iterator[_Value]:
        yield self
        for part in self.parts or ():
            yield from part.all()


def _read(raw: bytes) -> list[_Value] | None:
    """None for what is not DER."""
    reader, found = der.Reader(raw), list[_Value]()
    try:
        while (tag := reader.peek()) is not None:
            found.append(_value(tag, reader.take(tag)))
    except der.DerError:
        return None
    return found


def _value(tag: int, body: bytes) -> _Value:
    before, inner = (body[:1], body[1:]) if tag == der.BIT_STRING else (b"", body)
    parts = _read(inner) if tag & _CONSTRUCTED or (tag in _STRINGS and len(inner) > 1) else None
    return _Value(tag, body if parts is None else before, parts)


def mutate_der(raw: bytes, random: Random, donors: Sequence[bytes] = ()) -> bytes:
    """DER of another structure or with other values; `donors`: of which values may be taken."""
    whole = _Value(der.SEQUENCE, b"", _read(raw))
    foreign = [value for donor in donors for part in _read(donor) or () for value in part.all()]
    for _ in range(random.randint(1, 3)):
        if whole.parts:
            _change_value(whole, random, foreign)
    return b"".join(part.encode() for part in whole.parts or ())


def _change_value(whole: _Value, random: Random, foreign: Sequence[_Value]) -> None:
    values = list(whole.all())
    parts = random.choice([each.parts for each in values if each.parts])
    place = random.randrange(len(parts))
    value, other = parts[place], copy.deepcopy(random.choice([*values[1:], *foreign]))
    match random.randrange(10):
        case 0:
            del parts[place]
        case 1:
            parts.insert(place, copy.deepcopy(value))
        case 2:
            parts.insert(place, other)
        case 3:
            parts[place] = other
        case 4:
            alike = [each for each in (*values[1:], *foreign) if each.tag == value.tag]
            parts[place] = copy.deepcopy(random.choice(alike))
        case 5:
            random.shuffle(parts)
        case 6:
            value.tag = random.choice([other.tag, value.tag ^ 0x20, value.tag ^ 0x80])
        case 7:
            parts[place] = _Value(value.tag, random.choice(_SCRAPS), None)
        case 8:
            parts[place] = _Value(value.tag, value.body[:-1], value.parts)
        case 9:
            times = [each for each in values if each.tag in (der.GENERALIZED_TIME, der.UTC_TIME)] or [value]
            random.choice(times).body = random.choice(_TIMES)


def mutate_xml(raw: bytes, random: Random, donors: Sequence[bytes] = ()) -> bytes:
    """A document of another structure or with other values; `donors`: of which elements may be taken."""
    root = etree.fromstring(raw)
    foreign = [element for donor in donors for element in etree.fromstring(donor).iter("*")]
    for _ in range(random.randint(1, 4)):
        _change_element(list(root.iter("*")), random, foreign)
    return etree.tostring(root)


def _change_element(elements: Sequence[etree._Element], random: Random, foreign: Sequence[etree._Element]) -> None:
    element, other = random.choice(elements), random.choice(elements)
    parent, names = element.getparent(), [each.get("Id") or "other" for each in elements]
    match random.randrange(12):
        case 0 if parent is not None:
            parent.remove(element)
        case 1 if parent is not None:
            element.addnext(copy.deepcopy(element))
        case 2 if element is not other and element not in other.iterancestors():
            other.insert(0, element)
        case 3:
            other.insert(random.randint(0, len(other)), copy.deepcopy(random.choice([*elements, *foreign])))
        case 4 if parent is not None:
            alike = [each for each in (*elements, *foreign) if each.tag == element.tag]
            parent.replace(element, copy.deepcopy(random.choice(alike)))
        case 5:
            element[:] = random.sample(list(element), len(element))
        case 6:
            certificates = [each for each in elements if str(each.tag).endswith("X509Certificate")] or [element]
            certificates[0].text, element.text = certificates[-1].text, certificates[0].text
        case 7:
            element.set(random.choice(_IDENTIFIERS), random.choice(names))
        case 8:
            referring = [each for each in elements if each.get("URI") is not None] or [element]
            random.choice(referring).set("URI", random.choice([*_URIS, *(f"#{name}" for name in names)]))
        case 9:
            stating = [each for each in elements if each.get("Algorithm")] or [element]
            random.choice(stating).set("Algorithm", random.choice(_ALGORITHMS))
        case 10:
            element.text = other.text
        case _:
            element.tag = other.tag
