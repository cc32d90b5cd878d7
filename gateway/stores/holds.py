"""Who works on what on this machine: names held by a thread of a process, for as long as both live.

A name is one byte range of a file, locked by the kernel for the process and in memory for the thread: it costs no
commit, and ends with the process, however that ends. Beside it, who holds a name may say something short of it to the
other processes: the file is a table of places for that, which names share. A place is written over and not kept: what
was said of one name is lost when another one comes to the same place.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PLACES, PLACE_BYTES = 32768, 128  # four megabytes at most, and of these only what was written to

_DIGEST_BYTES = 32


class FileHolds:
    """`Holds` over a file. Nothing else may open it: to close it anywhere lets go of everything."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        weakref.finalize(self, os.close, self._file)
        self._names: set[int] = set()
        self._guard = threading.Lock()

    @contextmanager
    def hold(self, name: str, *, note: str = "") -> Iterator[bool]:
        """Hold `name` within the context: True, or False while somebody else holds it. Never waits.

        note: what the others may know of it, at most 96 characters of ASCII.
        """
        place = _place(name)
        held = self._take(place)
        try:
            if held and note:
                self._say(place, note)
            yield held
        finally:
            if held:
                if note:
                    self._say(place, "")  # first: what is said is of somebody who holds the name
                self._let_go(place)

    def note_of(self, name: str) -> str | None:
        """What its holder says of `name`; None where it let go, or what was said is lost.

        To be asked of a name that is held: what a process said of it that died since is still there.
        """
        place = _place(name)
        raw = os.pread(self._file, PLACE_BYTES, _offset(place))
        check, note = raw[:_DIGEST_BYTES], raw[_DIGEST_BYTES:].rstrip(b"\0")
        return note.decode("ascii") if note and check == _check(place, note) else None

    def _say(self, place: int, note: str) -> None:
        raw = note.encode("ascii")
        told = _check(place, raw) + raw
        if len(told) > PLACE_BYTES:
            raise ValueError("a note is short")
        with suppress(OSError):  # a full disk: nobody learns of it, and the name is held all the same
            os.pwrite(self._file, told.ljust(PLACE_BYTES, b"\0"), _offset(place))

    def _take(self, place: int) -> bool:
        with self._guard:
            if place in self._names:
                return False
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
            except (BlockingIOError, PermissionError):  # which of them it is depends on the system
                return False
            self._names.add(place)
            return True

    def _let_go(self, place: int) -> None:
        with self._guard:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)
            self._names.discard(place)


def _place(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) >> 2  # a file may be that long


def _offset(place: int) -> int:
    return place % PLACES * PLACE_BYTES


def _check(place: int, note: bytes) -> bytes:
    """By which a note is known to be whole, and of this name."""
    return hashlib.sha256(place.to_bytes(8) + note).digest()
