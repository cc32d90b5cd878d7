"""What an intake process does with its connections when it stops: nobody is kept, and nobody is told nothing."""

from __future__ import annotations

import fcntl
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from queue import Queue

import pytest

from gateway.api import server as serving
from gateway.api.accepting import Shares
from gateway.api.server import Server
from signing import sha256
from tests.conftest import Counter
from tests.patience import http_client

HEALTH = b"GET /health HTTP/1.1\r\nHost: counter\r\n\r\n"


@contextmanager
def running(server: Server) -> Iterator[None]:
    """The server in a thread of its own, from when it answers until it has stopped."""
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


def a_server(counter: Counter, listening: socket.socket, made: type[Server] = Server) -> tuple[Server, threading.Event]:
    ready = threading.Event()
    listens_itself = socket.socket(fileno=listening.detach())
    return made(counter.gateway, listening=listens_itself, share=Shares(1).of(0), on_ready=ready.set), ready


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with closing(socket.create_server(("127.0.0.1", 0))) as opened:
        yield opened


def test_who_is_accepted_at_the_last_moment_is_let_go_as_everybody(counter: Counter, listening: socket.socket) -> None:
    """Else it is answered for as long as it keeps asking, by a process that then ends in the midst of an answer."""
    place, came = listening.getsockname(), Queue[socket.socket]()

    class Stopping(Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            came.put(socket.create_connection(place))
            self._acceptor._accept()
            await super().shutdown(sockets)

    server, ready = a_server(counter, listening, Stopping)
    answered = 0
    with running(server):
        assert ready.wait(30)
        server.should_exit = True
        with closing(came.get(timeout=30)) as client, suppress(ConnectionError):
            client.settimeout(30)
            while answered < 20:
                client.sendall(HEALTH)
                if not client.recv(1000):
                    break
                answered += 1
    assert answered <= 1, "what it had asked by then is answered, and nothing after it"


def test_what_is_cut_off_at_the_end_is_told_to_come_back(
    counter: Counter, listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time for what runs is over while a form waits for its commit: its sender asks again, as after any 503."""
    monkeypatch.setattr(serving, "FINISH_S", 0.1)
    host, port = listening.getsockname()
    server, ready = a_server(counter, listening)
    store, form = counter.gateway.config.store_path, counter.form("be/appeal")
    headers = {"Authorization": f"Bearer {counter.tokens['worker']}", "Content-Type": "application/xml"}
    sender = http_client(f"http://{host}:{port}", headers)
    with ThreadPoolExecutor(1) as pool, sender, running(server):
        assert ready.wait(30)
        with store.with_name(f"{store.name}.lock").open("ab") as lock:
            fcntl.flock(lock.fileno(), fcntl.LOCK_EX)  # no commit comes to its end now
            answer = pool.submit(sender.post, "/v1/submissions", content=form)
            while not sender.get("/v1/submissions", params={"idempotencyKey": sha256(form)}).json()["running"]:
                pass
            server.should_exit = True
            told = answer.result()
    assert (told.status_code, told.json()["code"]) == (503, "counter-closes")
    assert int(told.headers["Retry-After"]) > 0
