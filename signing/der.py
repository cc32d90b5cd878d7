"""The little DER that sealed envelopes and time stamps need: written in one pass, read strictly.

Written by hand because the reader has to refuse every second way of writing the same thing (asn1crypto takes BER), must
raise nothing of its own on hostile bytes, and because sealing is on the hot path.
Source: ITU-T X.690, 8 to 11.
"""

import re
from datetime import UTC, datetime
from typing import Final

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
OBJECT_IDENTIFIER: Final = 0x06
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
OCTET_STRING: Final = 0x04
BIT_STRING: Final = 0x03
NULL: Final = b"\x05\x00"
SEQUENCE: Final = 0x30
SET: Final = 0x31


TRUE: Final = b"\x01\x01\xff"

MAX_OID_BYTES: Final = 64

_TIME: Final = re.compile(rb"(\d{14})(?:\.(\d{0,11}[1-9]))?Z")


class DerError(Exception):
    """The bytes are not the DER that was expected. Never leaves this package."""


def encode(tag: int, *parts: bytes) -> bytes:
    """One value: tag, length, and the parts one after the other."""
    length = sum(map(len, parts))
    if length < 0x80:
        return b"".join((bytes((tag, length)), *parts))
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return b"".join((bytes((tag, 0x80 | len(octets))), octets, *parts))


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


def time(moment: datetime) -> bytes:
    """A GeneralizedTime in UTC, to the millisecond, without trailing zeros (X.690, 11.7)."""
    moment = moment.astimezone(UTC)
    fraction = f".{moment.microsecond // 1000:03}".rstrip("0").rstrip(".")
    return encode(GENERALIZED_TIME, f"{moment:%Y%m%d%H%M%S}{fraction}Z".encode("ascii"))


def utc_or_generalized_time(moment: datetime) -> bytes:
    """A Time, to the second: UTCTime until 2049, then GeneralizedTime (RFC 5652, 11.3)."""
    moment = moment.astimezone(UTC)
    if not 1950 <= moment.year < 2050:
        return encode(GENERALIZED_TIME, f"{moment:%Y%m%d%H%M%S}Z".encode("ascii"))
    return encode(UTC_TIME, f"{moment:%y%m%d%H%M%S}Z".encode("ascii"))


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

    def optional(self, tag: int) -> bytes | None:
        """The body of the next value if it has this tag; else nothing is read."""
        return self.take(tag) if self.peek() == tag else None

    def take_integer(self) -> int:
        """The next value, an INTEGER that is not negative."""
        body = self.take(INTEGER)
        if not body or body[0] >= 0x80 or (len(body) > 1 and body[0] == 0 and body[1] < 0x80):
            raise DerError("a number that is negative or not in its shortest form")
        return int.from_bytes(body, "big")

    def take_oid(self) -> str:
        """The next value, an OBJECT IDENTIFIER, in dotted form."""
        body = self.take(OBJECT_IDENTIFIER)
        if not 1 <= len(body) <= MAX_OID_BYTES:
            raise DerError("an object identifier that is empty or too long")
        arcs, arc, starts = [], 0, True
        for octet in body:
            if starts and octet == 0x80:
                raise DerError("an object identifier that is not in its shortest form")
            arc, starts = arc << 7 | octet & 0x7F, octet < 0x80
            if starts:
                arcs.append(arc)
                arc = 0
        if not starts:
            raise DerError("an object identifier that ends too early")
        first = min(arcs[0] // 40, 2)
        return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))

    def take_time(self) -> datetime:
        """The next value, a GeneralizedTime; what is finer than a microsecond is cut off."""
        return self._time(self.take(GENERALIZED_TIME))

    def take_utc_or_generalized_time(self) -> datetime:
        """The next value, a Time: UTCTime, or GeneralizedTime for a year that UTCTime does not have."""
        if self.peek() != UTC_TIME:
            return self.take_time()
        body = self.take(UTC_TIME)
        if len(body) != len("YYMMDDHHMMSSZ"):
            raise DerError("a time that is not in UTC, or not in its shortest form")
        return self._time((b"20" if body[:2] < b"50" else b"19") + body)

    @staticmethod
    def _time(text: bytes) -> datetime:
        found = _TIME.fullmatch(text)
        if found is None:
            raise DerError("a time that is not in UTC, or not in its shortest form")
        micro = int((found[2] or b"0")[:6].ljust(6, b"0"))
        try:
            return datetime.strptime(found[1].decode("ascii"), "%Y%m%d%H%M%S").replace(microsecond=micro, tzinfo=UTC)
        except ValueError:
            raise DerError("a time that the calendar does not have") from None

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
