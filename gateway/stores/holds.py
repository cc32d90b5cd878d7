"""Who works on what on this machine: names held by a thread of a process, for as long as both live.

A name is one byte range of a file, locked by the kernel for the process and in memory for the thread: it costs no
commit, leaves nothing on the disk, and ends with the process, however that ends.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FileHolds:
    """`Holds` over a file of no content. Nothing else may open it: to close it anywhere lets go of everything."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        weakref.finalize(self, os.close, self._file)
        self._names: set[int] = set()
        self._guard = threading.Lock()

    @contextmanager
    def hold(self, name: str) -> Iterator[bool]:
        """Hold `name` within the context: True, or False while somebody else holds it. Never waits."""
        place = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) >> 2  # a file may be that long
        held = self._take(place)
        try:
            yield held
        finally:
            if held:
                self._let_go(place)

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
