"""Slots for tries: so many at work at once, and beside them those that only wait for who is slow to answer.

A try that has waited long gives its slot to the next one and keeps its thread, which costs nothing while it waits. So
recipients that hang, several at once too, hold up nobody else; each has but a few tries under way anyway.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

LONG_S = 1.0  # an answer takes milliseconds; who has given none after so long may give none at all
WAITING = 256  # tries beside those at work: threads that sleep, each with its copy


class Slots:
    """Safe to share between threads. at_work: how many there are. waiting: how many more tries may wait for an answer.
    long_s: how long a try keeps its slot while it waits."""

    def __init__(self, at_work: int, *, waiting: int = WAITING, long_s: float = LONG_S) -> None:
        self._slots, self._most_waiting, self._long_s = at_work, waiting, long_s
        self._taken = 0
        self._asking: dict[object, float] = {}  # tries with a slot, and since when they wait; the longest first
        self._waiting: set[object] = set()  # those that gave theirs up
        self._lock = threading.Lock()

    @property
    def threads(self) -> int:
        """How many tries may be under way."""
        return self._slots + self._most_waiting

    def take(self, most: int) -> int:
        """Take as many as are free, at most so many."""
        with self._lock:
            self._let_wait()
            taken = max(0, min(most, self._slots - self._taken))
            self._taken += taken
            return taken

    def give_back(self, number: int = 1) -> None:
        """Leave so many to others."""
        with self._lock:
            self._taken -= number

    @contextmanager
    def asking(self) -> Iterator[None]:
        """A try that has a slot waits for its recipient here. What comes after the answer is work again: a slot that
        was given up meanwhile counts as taken, and nothing new begins until as many are free."""
        this = object()
        with self._lock:
            self._asking[this] = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                if self._asking.pop(this, None) is None:
                    self._waiting.remove(this)
                    self._taken += 1

    def _let_wait(self) -> None:
        """Free the slots of those that have waited long; the lock is held."""
        since = time.monotonic() - self._long_s
        while self._asking and len(self._waiting) < self._most_waiting:
            longest, at = next(iter(self._asking.items()))
            if at > since:
                return
            del self._asking[longest]
            self._waiting.add(longest)
            self._taken -= 1
