"""How much may go on at once in one process: places at the counter, the bytes of their bodies, and threads.

Who gets no place is told so before its body is read: 429 when it holds as much as one may hold, 503 when the counter is
full. So memory has a bound whatever is sent, and one sender leaves room for the others.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import Annotated, Generic, ParamSpec, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from fastapi import Depends, Request

from gateway.errors import StoreUnavailable, TooMuch
from gateway.model import PartyId
from gateway.ports import Pending

PLACES, PLACES_OF_ONE = 256, 128
VISITORS = 16  # who come without a token, all of them together
BODIES_BYTES, BODIES_OF_ONE_BYTES = 64 * 2**20, 32 * 2**20
# Judging is bound to the interpreter's lock: a second thread would make both slower. It waits for nobody, neither for a
# commit nor for who is asked about a certificate.
JUDGES = 1
ASKERS = 32
WORKERS = 2  # threads for all other work that takes long
CLERKS = 2  # threads that see who is calling
LOOK_S = 1.0  # from one look after what waits for its commit to the next
PRINTERS = 1  # there is one typesetter in a process, and a long form holds it for a second

P = ParamSpec("P")
T = TypeVar("T")


class Desk:
    """The places of one process. To be used on its event loop only."""

    def __init__(self) -> None:
        self._places: Counter[PartyId] = Counter()
        self._bytes: Counter[PartyId] = Counter()
        self._judges = ThreadPoolExecutor(JUDGES, thread_name_prefix="judge")
        self._askers = ThreadPoolExecutor(ASKERS, thread_name_prefix="asker")
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="worker")
        self._clerks = ThreadPoolExecutor(CLERKS, thread_name_prefix="clerk")
        self._printers = CapacityLimiter(PRINTERS)
        self._visitors = 0

    @contextmanager
    def place(self, party: PartyId, size_bytes: int) -> Iterator[None]:
        """A place for a request with a body of at most that size. Raises TooMuch, StoreUnavailable("counter-full")."""
        if self._places[party] >= PLACES_OF_ONE or self._bytes[party] + size_bytes > BODIES_OF_ONE_BYTES:
            raise TooMuch("too-many-at-once", "wait for the answers to what you have sent before you send more")
        if self._places.total() >= PLACES or self._bytes.total() + size_bytes > BODIES_BYTES:
            raise StoreUnavailable("counter-full", "too much is handed in at this moment")
        self._places[party] += 1
        self._bytes[party] += size_bytes
        try:
            yield
        finally:
            for held, share in ((self._places, 1), (self._bytes, size_bytes)):
                held[party] -= share
                if not held[party]:
                    del held[party]

    @contextmanager
    def visit(self) -> Iterator[None]:
        """A place for somebody unknown. Raises TooMuch."""
        if self._visitors >= VISITORS:
            raise TooMuch("too-many-at-once", "many are asking at this moment; ask again")
        self._visitors += 1
        try:
            yield
        finally:
            self._visitors -= 1

    async def judge(self, call: Callable[[], Pending[T]]) -> T:
        """What comes of `call` in the thread that judges what is handed in, once it is committed. Raises like
        `Pending.result`."""
        judging = _Judging(call, asyncio.get_running_loop())
        job = self._judges.submit(judging.run)
        try:
            return await judging.outcome()
        finally:
            job.cancel()  # nobody waits for it any more, and it may not have begun

    async def ask(self, call: Callable[[], T]) -> T:
        """The result of `call` in a thread that waits for an answer from elsewhere."""
        return await asyncio.get_running_loop().run_in_executor(self._askers, call)

    async def work(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `call` in a thread for other work that takes long."""
        return await asyncio.get_running_loop().run_in_executor(self._workers, partial(call, *args, **kwargs))

    async def look(self, call: Callable[[], T]) -> T:
        """The result of `call` in a thread for short looks into the store; the way there is shorter than FastAPI's."""
        return await asyncio.get_running_loop().run_in_executor(self._clerks, call)

    def close(self) -> None:
        """Wait for the threads to end; nobody may need them any more."""
        for threads in (self._judges, self._askers, self._workers, self._clerks):
            threads.shutdown()

    async def print(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `call` in the thread for prints: whoever has long forms printed holds up only prints."""
        return await anyio.to_thread.run_sync(partial(call, *args, **kwargs), limiter=self._printers)


class _Judging(Generic[T]):
    """A call on its way through the thread that judges and through its commit. No thread waits with it, and the event
    loop is woken once, in the end."""

    def __init__(self, call: Callable[[], Pending[T]], loop: asyncio.AbstractEventLoop) -> None:
        self._call = call
        self._loop = loop
        self._told: asyncio.Future[Future[T]] = loop.create_future()
        self._queued: tuple[Pending[T], float] | None = None

    def run(self) -> None:
        """Judge; in the thread for that."""
        try:
            pending = self._call()
        except BaseException as error:  # noqa: BLE001 -- handed to who waits for it
            failed: Future[T] = Future()
            failed.set_exception(error)
            self._tell(failed)
        else:
            self._queued = pending, self._loop.time()
            pending.done.add_done_callback(self._tell)

    async def outcome(self) -> T:
        """What comes of it. Raises like `Pending.result`."""
        self._timer = self._loop.call_later(LOOK_S, self._look)
        try:
            return (await self._told).result()
        finally:
            self._timer.cancel()

    def _tell(self, done: Future[T]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(self._take, done)

    def _take(self, done: Future[T]) -> None:
        if not self._told.done():
            self._told.set_result(done)

    def _look(self) -> None:
        """Take it back when its turn to be committed does not come."""
        if self._told.done():
            return
        pending, since = self._queued or (None, 0.0)
        if pending is None or self._loop.time() < since + pending.patience_s:
            self._timer = self._loop.call_later(LOOK_S, self._look)
            return
        try:
            pending.give_up()
        except StoreUnavailable as busy:
            self._told.set_exception(busy)


async def desk_of(request: Request) -> Desk:
    """The desk of the process. (`async`, since it waits for nothing: anything else, FastAPI sends through a thread.)"""
    return desk_at(request)


def desk_at(request: Request) -> Desk:
    """The same, for who asks it directly."""
    desk: Desk = request.app.state.desk
    return desk


TheDesk = Annotated[Desk, Depends(desk_of)]
