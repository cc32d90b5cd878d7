"""The body of an add-checkpoint request, taken apart; nothing in it is verified here.

Source: C2SP tlog-witness, "add-checkpoint".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from signing import read_hash

MAX_BODY_BYTES = 64 * 1024
MAX_STEPS = 63

_OLD = re.compile(rb"old (0|[1-9][0-9]{0,18})")


class Malformed(Exception):
    """Not a request of this protocol."""


@dataclass(frozen=True, kw_only=True)
class AddCheckpoint:
    """What is asked. old: size of the checkpoint that the proof begins with. origin: as the note claims it."""

    old: int
    proof: tuple[bytes, ...]
    note: bytes
    origin: str


def parse_request(body: bytes) -> AddCheckpoint:
    """Raises Malformed."""
    head, mark, note = body.partition(b"\n\n")
    old, *steps = head.split(b"\n")
    number = _OLD.fullmatch(old)
    if not mark or number is None or len(steps) > MAX_STEPS:
        raise Malformed
    try:
        origin = note.partition(b"\n")[0].decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed from None
    return AddCheckpoint(old=int(number[1]), proof=tuple(map(_step, steps)), note=note, origin=origin)


def _step(line: bytes) -> bytes:
    try:
        return read_hash(line.decode("ascii"))
    except ValueError:
        raise Malformed from None
