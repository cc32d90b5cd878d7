"""Connections are kept for the next exchange as long as they are good, and never longer."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from gateway.addresses import Reach, network
from gateway.transports.connections import Connections
from gateway.transports.names import system_addresses
from tests.patience import PATIENCE_S

TAKEN = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"


class Server:
    """Answers each request with the next of `answers`; hangs up after one that is marked so. arrived: connections."""

    def __init__(self, answers: Sequence[tuple[bytes, bool]]) -> None:
        self.answers = list(answers)
        self.arrived = 0
        self.hung_up = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}/"

    def _serve(self) -> None:
        while self.answers:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.arrived += 1
            with connection:
                while self.answers and connection.recv(65536):
                    answer, hangs_up = self.answers.pop(0)
                    connection.sendall(answer)
                    if hangs_up:
                        break
            self.hung_up.set()


@contextmanager
def serving(*answers: tuple[bytes, bool]) -> Iterator[tuple[Server, Connections]]:
    server = Server(answers)
    kept = Connections(
        reach=Reach(allowed=(network("127.0.0.1/32"),)),
        resolve=system_addresses,
        tls=lambda _: ssl.create_default_context(),
    )
    server.thread.start()
    try:
        yield server, kept
    finally:
        kept.close()
        with suppress(OSError):  # who still waits for a connection that a test did not need waits no longer
            server.listener.shutdown(socket.SHUT_RDWR)
        server.thread.join(PATIENCE_S)
        server.listener.close()


def status(kept: Connections, url: str) -> int:
    answer = kept.exchange(url, {}, b"sealed", authority=None, total_s=PATIENCE_S, wanted=lambda *_: 0)
    return answer.status


def test_one_connection_carries_many_exchanges() -> None:
    with serving((TAKEN, False), (TAKEN, False), (TAKEN, False)) as (server, kept):
        assert [status(kept, server.url) for _ in range(3)] == [202, 202, 202]
    assert server.arrived == 1


def test_a_connection_that_was_hung_up_is_not_used_again() -> None:
    with serving((TAKEN, True), (TAKEN, False)) as (server, kept):
        assert status(kept, server.url) == 202
        assert server.hung_up.wait(PATIENCE_S)
        assert status(kept, server.url) == 202
    assert server.arrived == 2


def test_a_connection_on_which_more_was_said_than_asked_is_not_used_again() -> None:
    with serving((TAKEN + TAKEN, True), (TAKEN, False)) as (server, kept):
        assert [status(kept, server.url) for _ in range(2)] == [202, 202]
    assert server.arrived == 2


def test_a_body_that_was_left_unread_ends_its_connection() -> None:
    busy = b"HTTP/1.1 503 Busy\r\nContent-Length: 10\r\n\r\n"
    with serving((busy, True), (TAKEN, False)) as (server, kept):
        assert [status(kept, server.url) for _ in range(2)] == [503, 202]
    assert server.arrived == 2
