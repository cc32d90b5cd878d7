"""Long poll: requests that wait until something lies in a mailbox.

All that wait in this process are looked after together, by one task that asks the store for every one of them in one
read, a few times a second: none holds a thread or a connection to the store, and none waits for a word that another
process would have to send.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.concurrency import run_in_threadpool

from gateway.errors import GatewayError
from gateway.mailboxes import Look
from gateway.model import Delivery

MOST = 256  # requests of one process that wait at once
MOST_EACH = 8  # of one party
PAUSE_S = 0.25


class Crowded(Exception):
    """Too many requests wait already. all_parties: those of everybody, not those of this party alone."""

    def __init__(self, *, all_parties: bool) -> None:
        super().__init__()
        self.all_parties = all_parties


@dataclass(eq=False)
class _Waiter:
    look: Look
    answer: asyncio.Future[Sequence[Delivery]]


@dataclass(eq=False)
class Waiting:
    """Those who wait in one process. look: what lies there for each of several, in one read."""

    look: Callable[[Sequence[Look]], Sequence[Sequence[Delivery]]]
    _waiters: list[_Waiter] = field(default_factory=list)
    _rounds: asyncio.Task[None] | None = None
    _ended: bool = False

    async def wait(
        self, look: Look, *, seconds: float, until_hung_up: Callable[[], Awaitable[None]]
    ) -> Sequence[Delivery]:
        """What comes within so many seconds; nothing when none does, the caller hangs up, or the process stops.

        Raises Crowded; StoreUnavailable.
        """
        if self._ended:
            return ()
        own = sum(waiter.look.party == look.party for waiter in self._waiters)
        if own >= MOST_EACH or len(self._waiters) >= MOST:
            raise Crowded(all_parties=own < MOST_EACH)
        waiter = _Waiter(look, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        if self._rounds is None:
            self._rounds = asyncio.create_task(self._go_round())
        leaving = asyncio.ensure_future(until_hung_up())
        either: set[asyncio.Future[Any]] = {waiter.answer, leaving}
        try:
            await asyncio.wait(either, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            return waiter.answer.result() if waiter.answer.done() else ()
        finally:
            self._waiters.remove(waiter)
            waiter.answer.cancel()
            leaving.cancel()

    def end(self) -> None:
        """The process stops: everybody who waits is told that nothing came, and nobody waits any more."""
        self._ended = True
        for waiter in self._waiters:
            if not waiter.answer.done():
                waiter.answer.set_result(())

    async def _go_round(self) -> None:
        """Look for all of them, again and again, for as long as somebody waits."""
        try:
            while waiters := [waiter for waiter in self._waiters if not waiter.answer.done()]:
                await asyncio.sleep(PAUSE_S)
                try:
                    found = await run_in_threadpool(self.look, [waiter.look for waiter in waiters])
                except GatewayError as error:
                    _answer_all(waiters, error)
                    continue
                for waiter, deliveries in zip(waiters, found, strict=True):
                    if deliveries and not waiter.answer.done():
                        waiter.answer.set_result(deliveries)
        finally:
            self._rounds = None


def _answer_all(waiters: Sequence[_Waiter], error: GatewayError) -> None:
    for waiter in waiters:
        if not waiter.answer.done():
            waiter.answer.set_exception(error)
