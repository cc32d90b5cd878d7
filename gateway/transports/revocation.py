"""Asking who issued a certificate whether it was revoked, so that nobody who hands in a form waits for it long.

An answer is used for minutes, whoever the form is from; one path is asked about once at a time, all paths together
within a deadline, only so many at once; who does not answer is left alone for a while. What cannot be had in this
frame is missing from what is collected, and said to be.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from gateway.ports import Clock, Collected
from signing import AlgorithmPolicy, NotFetched, ValidationData, collect_revocation

K = TypeVar("K")
V = TypeVar("V")
MAX_PATHS, MAX_LISTS = 4096, 8  # remembered; a list may have megabytes
MOST = 32  # paths that are being asked about at once


class BoundedFetch(Protocol):
    """`signing.Fetch` with an end to each exchange."""

    def __call__(
        self,
        url: str,
        *,
        body: bytes | None = None,
        content_type: str | None = None,
        max_bytes: int,
        within_s: float | None = None,
    ) -> bytes:
        """Raises NotFetched."""
        ...


class RevocationSources:
    """`ports.RevocationSource` over the addresses that certificates name. Safe to share between threads.

    within_s: for all that is asked about one path. kept_for_s: how long an answer is used; within it, nobody notices
    that a certificate was revoked. pause_s: how long who did not answer is not asked again.
    """

    def __init__(
        self,
        fetch: BoundedFetch,
        *,
        algorithms: AlgorithmPolicy,
        clock: Clock,
        within_s: float,
        kept_for_s: float,
        pause_s: float,
        most: int = MOST,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._algorithms = algorithms
        self._clock = clock
        self._within_s, self._kept_for_s, self._pause_s = within_s, kept_for_s, pause_s
        self._most = most
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[bytes, ...], tuple[float, Collected]] = OrderedDict()
        self._lists: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._silent_until: dict[str, float] = {}
        self._under_way: dict[tuple[bytes, ...], Future[Collected]] = {}

    def known(self, path: Sequence[bytes]) -> Collected | None:
        """See `ports.RevocationSource`."""
        until, collected = self._known.get(tuple(path), (0.0, None))
        return collected if self._monotonic() < until else None

    def collect(self, path: Sequence[bytes]) -> Collected:
        """See `ports.RevocationSource`."""
        key = tuple(path)
        with self._lock:
            known = self.known(path)
            if known is not None:
                return known
            answer = self._under_way.get(key)
            is_mine = answer is None
            if answer is None:
                if len(self._under_way) >= self._most:
                    return Collected(data=ValidationData(), is_unreachable=True)
                answer = self._under_way[key] = Future()
        if is_mine:
            self._ask(key, answer)
        try:
            return answer.result(2 * self._within_s)
        except FutureTimeout:
            return Collected(data=ValidationData(), is_unreachable=True)

    def _ask(self, path: tuple[bytes, ...], answer: Future[Collected]) -> None:
        asking = _Asking(self, self._monotonic() + self._within_s)
        try:
            data = collect_revocation(path, fetch=asking, at=self._clock.now(), algorithms=self._algorithms)
            collected = Collected(data=data, is_unreachable=asking.is_unreachable)
            with self._lock:
                used_for_s = self._pause_s if collected.is_unreachable else self._kept_for_s
                _remember(self._known, path, (self._monotonic() + used_for_s, collected), MAX_PATHS)
            answer.set_result(collected)
        except BaseException as error:
            answer.set_exception(error)
            raise
        finally:
            with self._lock:
                self._under_way.pop(path, None)

    def fetch(self, url: str, body: bytes | None, content_type: str | None, max_bytes: int, ends_at: float) -> bytes:
        """One exchange, unless who is asked was silent a moment ago, or a list is at hand. Raises NotFetched."""
        try:
            place = urlsplit(url).netloc
        except ValueError:
            raise NotFetched("answer-refused", "an address that is none") from None
        with self._lock:
            now = self._monotonic()
            if body is None and (found := self._lists.get(url)) is not None and now < found[0]:
                return found[1]
            is_silent = now < self._silent_until.get(place, now)
        if is_silent or now >= ends_at:
            raise NotFetched("not-reachable", "not asked again so soon")
        try:
            answer = self._fetch(url, body=body, content_type=content_type, max_bytes=max_bytes, within_s=ends_at - now)
        except NotFetched as error:
            if error.code == "not-reachable":
                with self._lock:
                    self._silent_until = {each: until for each, until in self._silent_until.items() if until > now}
                    self._silent_until[place] = self._monotonic() + self._pause_s
            raise
        if body is None:
            with self._lock:
                _remember(self._lists, url, (self._monotonic() + self._kept_for_s, answer), MAX_LISTS)
        return answer


@dataclass
class _Asking:
    """The exchanges about one path, up to one end."""

    sources: RevocationSources
    ends_at: float
    is_unreachable: bool = field(default=False)

    def __call__(
        self, url: str, *, body: bytes | None = None, content_type: str | None = None, max_bytes: int
    ) -> bytes:
        try:
            return self.sources.fetch(url, body, content_type, max_bytes, self.ends_at)
        except NotFetched:
            self.is_unreachable = True
            raise


def _remember(known: OrderedDict[K, V], key: K, value: V, most: int) -> None:
    known[key] = value
    known.move_to_end(key)
    if len(known) > most:
        known.popitem(last=False)
