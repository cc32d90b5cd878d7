"""Connections on one socket are shared by those who accept on it."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable

import pytest

from gateway.api import accepting
from gateway.api.accepting import Acceptor, Shares
from tests.patience import PATIENCE_S


class Opened(set[asyncio.BaseTransport]):
    """The connections of one who accepts, all of which it keeps open."""

    def protocol(self) -> asyncio.Protocol:
        opened = self

        class Kept(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                opened.add(transport)

        return Kept()


class Counters:
    """Two who accept on one socket, as two processes do."""

    def __init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.shares = Shares(2)
        self.opened = (Opened(), Opened())
        self.acceptors = [
            Acceptor(
                listening=socket.socket(fileno=os.dup(self.listening.fileno())),
                share=self.shares.of(number),
                protocol=opened.protocol,
                opened=opened.__len__,
            )
            for number, opened in enumerate(self.opened)
        ]
        self.clients: list[socket.socket] = []

    def connect(self, count: int) -> None:
        self.clients += [socket.create_connection(self.listening.getsockname()) for _ in range(count)]

    async def until(self, so: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not so():
                await asyncio.sleep(0.001)

    async def end(self) -> None:
        for acceptor in self.acceptors:
            acceptor.stop()
            acceptor.listening.close()
        for transport in self.opened[0] | self.opened[1]:
            transport.close()
        for client in (*self.clients, self.listening):
            client.close()
        await asyncio.sleep(0)


def run(play: Callable[[Counters], Awaitable[None]]) -> None:
    async def whole() -> None:
        counters = Counters()
        try:
            await play(counters)
        finally:
            await counters.end()

    asyncio.run(whole())


def test_what_comes_at_once_is_shared() -> None:
    async def play(two: Counters) -> None:
        two.connect(40)
        for acceptor in two.acceptors:
            acceptor.start()
        await two.until(lambda: sum(map(len, two.opened)) == 40)
        assert min(map(len, two.opened)) >= 10

    run(play)


def test_who_has_more_lets_the_other_one_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepting, "GRACE_S", 3600.0)

    async def play(two: Counters) -> None:
        first, second = two.acceptors
        first.start()
        two.connect(1)
        await two.until(lambda: len(two.opened[0]) == 1)
        two.connect(2)
        await asyncio.sleep(0.02)
        assert list(map(len, two.opened)) == [1, 0], "the other one has fewer"
        second.start()
        await two.until(lambda: len(two.opened[1]) == 2)

    run(play)


def test_what_nobody_else_takes_is_taken_by_who_has_more() -> None:
    async def play(two: Counters) -> None:
        two.acceptors[0].start()  # the other one never begins
        two.connect(10)
        await two.until(lambda: len(two.opened[0]) == 10)

    run(play)


def test_who_stops_while_it_waits_takes_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepting, "GRACE_S", 3600.0)

    async def play(two: Counters) -> None:
        first, _ = two.acceptors
        first.start()
        two.shares.of(0).tell(7)
        two.connect(1)
        await two.until(lambda: first._timer is not None)
        waits = first._timer
        first.stop()
        assert waits is not None
        assert waits.cancelled()
        two.connect(1)
        await asyncio.sleep(0.02)
        assert list(map(len, two.opened)) == [0, 0]

    run(play)
