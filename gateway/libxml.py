"""What libxml2 cannot do in several threads at once, done in one after the other.

The first schema of a process sets up what libxml2 knows of all built-in types, without a lock: two first ones at once
leave it broken for as long as the process lives. Each compilation besides swaps a document loader that belongs to the
whole process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class OnePerThread(Generic[T]):
    """A schema of libxml2, or what holds one, made once in each thread that asks.

    make: compiles it from our own files. All that compile schemas wait for each other.
    """

    _compiling = threading.Lock()

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._own = threading.local()

    def get(self) -> T:
        """That of this thread."""
        made: T | None = getattr(self._own, "made", None)
        if made is None:
            with self._compiling:
                made = self._own.made = self._make()
        return made
