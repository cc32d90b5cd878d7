"""How much may go on at once in one process: places at the counter, the bytes of their bodies, and threads.

Who gets no place is told so before its body is read: 429 when it holds as much as one may hold, 503 when the counter is
full. So memory has a bound whatever is sent, and one sender leaves room for the others.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Annotated, ParamSpec, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from fastapi import Depends, Request

from gateway.api.judges import Judges
from gateway.errors import StoreUnavailable, TooMuch
from gateway.lockstep import Stages
from gateway.model import PartyId
from gateway.ports import Pending

PLACES, PLACES_OF_ONE = 256, 128
VISITORS = 16  # who come without a token, all of them together
BODIES_BYTES, BODIES_OF_ONE_BYTES = 64 * 2**20, 32 * 2**20
# Judging is bound to the interpreter's lock: a second thread would make both slower. It waits for nobody, neither for a
# commit nor for who is asked about a certificate; but it does for a key in a token.
JUDGES, JUDGES_AT_A_TOKEN = 1, 3
ASKERS = 32
WORKERS = 2  # threads for all other work that takes long
CLERKS = 2  # threads that see who is calling
PRINTERS = 1  # there is one typesetter in a process, and a long form holds it for a second

P = ParamSpec("P")
T = TypeVar("T")


class Desk:
    """The places of one process. To be used on its event loop only."""

    def __init__(self, *, judges: int = JUDGES) -> None:
        self._places: Counter[PartyId] = Counter()
        self._bytes: Counter[PartyId] = Counter()
        self._judges = Judges(judges)
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

    async def judge(self, judging: Stages[Pending[T]], *, size_bytes: int) -> T:
        """What comes of what is handed in once it is committed, see `Judges`."""
        return await self._judges.judge(judging, size_bytes=size_bytes)

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
        self._judges.close()
        for threads in (self._askers, self._workers, self._clerks):
            threads.shutdown()

    async def print(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `call` in the thread for prints: whoever has long forms printed holds up only prints."""
        return await anyio.to_thread.run_sync(partial(call, *args, **kwargs), limiter=self._printers)


async def desk_of(request: Request) -> Desk:
    """The desk of the process. (`async`, since it waits for nothing: anything else, FastAPI sends through a thread.)"""
    return desk_at(request)


def desk_at(request: Request) -> Desk:
    """The same, for who asks it directly."""
    desk: Desk = request.app.state.desk
    return desk


TheDesk = Annotated[Desk, Depends(desk_of)]
