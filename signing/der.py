"""The little DER that a sealed envelope needs: written in one pass, read strictly.

Written by hand because the reader has to refuse every second way of writing the same thing (asn1crypto takes BER), must
raise nothing of its own on hostile bytes, and because sealing is on the hot path.
Source: ITU-T X.690, 8 to 10.
"""

from typing import Final

INTEGER: Final = 0x02
OCTET_STRING: Final = 0x04
BIT_STRING: Final = 0x03
NULL: Final = b"\x05\x00"
SEQUENCE: Final = 0x30
SET: Final = 0x31


class DerError(Exception):
    """The bytes are not the DER that was expected. Never leaves this package."""


def encode(tag: int, *parts: bytes) -> bytes:
    """One value: tag, length, and the parts one after the other."""
    body = b"".join(parts)
    length = len(body)
    if length < 0x80:
        return bytes((tag, length)) + body
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + body


def integer(value: int) -> bytes:
    """A non-negative INTEGER."""
    return encode(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER, e.g. of `2.16.840.1.101.3.4.1.46`."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    body = bytearray()
    for arc in (40 * first + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(0x80 | arc & 0x7F)
        body += bytes(reversed(groups))
    return encode(0x06, bytes(body))


def context(number: int) -> int:
    """The tag of a constructed, context-specific value."""
    return 0xA0 | number


class Reader:
    """Reads the values of one level in order; every method raises DerError on anything unexpected."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, tag: int) -> bytes:
        """The body of the next value, which must have this tag."""
        return self._next(tag)[0]

    def take_whole(self, tag: int) -> bytes:
        """The next value with its tag and length."""
        return self._next(tag)[1]

    def enter(self, tag: int) -> "Reader":
        """A reader of the next value's parts."""
        return Reader(self.take(tag))

    def expect(self, value: bytes) -> None:
        """Pass over a value that must be exactly these bytes."""
        if not self._data.startswith(value, self._at):
            raise DerError("another value than the profile has here")
        self._at += len(value)

    def peek(self) -> int | None:
        """The tag of the next value; None at the end."""
        return self._data[self._at] if self._at < len(self._data) else None

    def finish(self) -> None:
        """Nothing may follow."""
        if self._at != len(self._data):
            raise DerError("more than the profile has here")

    def _next(self, tag: int) -> tuple[bytes, bytes]:
        data, start = self._data, self._at
        if start + 2 > len(data) or data[start] != tag:
            raise DerError("another type of value than the profile has here")
        length, body = data[start + 1], start + 2
        if length >= 0x80:
            octets = length - 0x80
            if not 1 <= octets <= 4 or body + octets > len(data):
                raise DerError("a length that is indefinite or too long")
            length, body = int.from_bytes(data[body : body + octets], "big"), body + octets
            if length < 0x80 or length >> (8 * (octets - 1)) == 0:
                raise DerError("a length that is not in its shortest form")
        if body + length > len(data):
            raise DerError("a value that ends too early")
        self._at = body + length
        return data[body : self._at], data[start : self._at]
