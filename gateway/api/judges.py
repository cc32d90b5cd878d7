"""The threads that judge what is handed in, and how what comes of it gets back to the event loop.

What waits is judged side by side, see `lockstep`: so many forms, or few large ones, whose trees are held meanwhile. To
wake the loop for each form costs more than what it is woken for; it is woken once for all that are judged together, and
once for all that are committed together.
"""

from __future__ import annotations

import asyncio
from asyncio import TimerHandle
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from math import ceil
from typing import Any, NamedTuple, TypeVar

from gateway.errors import StoreUnavailable
from gateway.lockstep import Stages, side_by_side
from gateway.ports import Pending

MOST_SIDE_BY_SIDE, MOST_SIDE_BY_SIDE_BYTES = 32, 2**20
COMMIT_S = 0.03  # what was judged together is committed in a third of that; a slow disk holds up nobody for longer

T = TypeVar("T")


class Calls:
    """Calls that threads want the event loop to make; it is woken once for all that came meanwhile."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()
        self._is_woken = False

    def add(self, call: Callable[[], None], loop: asyncio.AbstractEventLoop) -> None:
        """Let `loop`, always the same, make a call soon; safe in any thread."""
        self._waiting.append(call)
        if not self._is_woken:
            self._is_woken = True
            with suppress(RuntimeError):  # it is closed, and nobody waits any more
                loop.call_soon_threadsafe(self._make)

    def _make(self) -> None:
        self._is_woken = False  # first: for a call that comes from now on it is woken again
        while self._waiting:
            self._waiting.popleft()()


class _HandedIn(NamedTuple):
    judging: Stages[Pending[Any]]
    size_bytes: int
    outcome: asyncio.Future[Any]


class Judges:
    """So many threads. To be used on one event loop; what runs in a thread says so."""

    def __init__(self, number: int) -> None:
        self._threads = ThreadPoolExecutor(number, thread_name_prefix="judge")
        self._number, self._at_work, self._is_closed = number, 0, False
        self._handed_in: deque[_HandedIn] = deque()
        self._calls = Calls()
        self._uncommitted: dict[asyncio.Future[Any], tuple[Pending[Any], float]] = {}  # and how long each may wait
        self._timer: TimerHandle | None = None

    def judge(self, judging: Stages[Pending[T]], *, size_bytes: int) -> asyncio.Future[T]:
        """What comes of it once it is committed, as by `Pending.result`. Who is cut off takes nothing back that was
        judged. size_bytes: of what is judged."""
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[T] = loop.create_future()
        self._handed_in.append(_HandedIn(judging, size_bytes, outcome))
        self._begin(loop)
        return outcome

    def close(self) -> None:
        """Wait for the threads to end; nobody may need them any more."""
        self._is_closed = True
        self._threads.shutdown()

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._handed_in and self._at_work < self._number and not self._is_closed:
            self._at_work += 1
            self._threads.submit(self._judge_all, loop)

    def _end(self, loop: asyncio.AbstractEventLoop) -> None:
        self._at_work -= 1
        self._begin(loop)  # for what was handed in when the thread had found nothing more

    def _judge_all(self, loop: asyncio.AbstractEventLoop) -> None:
        """In a thread: judge until nothing waits."""
        try:
            while together := self._next_together():
                self._judge_together(together, loop)
        finally:
            self._calls.add(partial(self._end, loop), loop)

    def _next_together(self) -> Sequence[_HandedIn]:
        """In a thread: its share of what waits. Threads are several where a token signs, and one that took all would
        wait for the token again and again while the others have nothing to do."""
        together: list[_HandedIn] = []
        most, size_bytes = min(ceil(len(self._handed_in) / self._number), MOST_SIDE_BY_SIDE), 0
        while len(together) < most and size_bytes < MOST_SIDE_BY_SIDE_BYTES:
            try:
                each = self._handed_in.popleft()
            except IndexError:
                break
            if not each.outcome.cancelled():
                together.append(each)
                size_bytes += each.size_bytes
        return together

    def _judge_together(self, together: Sequence[_HandedIn], loop: asyncio.AbstractEventLoop) -> None:
        """In a thread."""
        judged = [Future[Pending[Any]]() for _ in together]
        side_by_side((each.judging, done) for each, done in zip(together, judged, strict=True))
        self._calls.add(partial(self._wait_for_commit, together, judged, loop), loop)
        self._let_commit(judged)

    def _let_commit(self, judged: Sequence[Future[Pending[Any]]]) -> None:
        """In a thread: leave the interpreter to the writer, unless enough has come meanwhile. With both at work each
        takes it from the other at every statement, and whoever was judged waits twice as long for its answer."""
        if len(self._handed_in) < MOST_SIDE_BY_SIDE:
            wait([each.result().done for each in judged if each.exception() is None], timeout=COMMIT_S)

    def _wait_for_commit(
        self,
        together: Sequence[_HandedIn],
        judged: Sequence[Future[Pending[Any]]],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        now = loop.time()
        for each, done in zip(together, judged, strict=True):
            if done.exception() is not None:
                self._tell(each.outcome, done)
                continue
            pending = done.result()
            if pending.done.done():
                self._tell(each.outcome, pending.done)
                continue
            self._uncommitted[each.outcome] = pending, now + pending.patience_s
            pending.done.add_done_callback(partial(self._committed, each.outcome))
        if self._timer is None:
            self._take_back(loop)

    def _committed(self, outcome: asyncio.Future[Any], done: Future[Any]) -> None:
        """In a thread."""
        self._calls.add(partial(self._tell, outcome, done), outcome.get_loop())

    def _tell(self, outcome: asyncio.Future[Any], done: Future[Any]) -> None:
        self._uncommitted.pop(outcome, None)
        if outcome.done():  # nobody waits any more
            return
        error = done.exception()
        if error is None:
            outcome.set_result(done.result())
        else:
            outcome.set_exception(error)

    def _take_back(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give up what has waited too long for its turn; look again when the next one has."""
        self._timer = None
        now = loop.time()
        for outcome, (pending, until) in list(self._uncommitted.items()):
            if until > now:
                continue
            del self._uncommitted[outcome]
            if not outcome.cancelled():
                try:
                    pending.give_up()
                except StoreUnavailable as error:
                    outcome.set_exception(error)
        if self._uncommitted:
            soonest = min(until for _, until in self._uncommitted.values())
            self._timer = loop.call_at(soonest, self._take_back, loop)
