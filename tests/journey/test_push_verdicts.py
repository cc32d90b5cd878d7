"""What becomes of a push, answer by answer: what passes by itself is tried again, what does not needs a person."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from starlette.responses import Response

from gateway.config import Config
from gateway.demo.processes import free_ports
from gateway.ports import Answered, Deferred, Outcome, Refused
from gateway.slots import Slots
from gateway.transports.names import MOST
from gateway.transports.push import Push
from tests.conftest import served
from tests.journey.test_push_network import HERE, Server, port_of, pushing, send
from tests.patience import PATIENCE_S, wait_until

PASSES = [408, 421, 425, 429, 500, 502, 503, 504, 507, 599]
NEVER_PASSES = [400, 401, 403, 404, 405, 406, 409, 410, 411, 413, 414, 415, 418, 422, 451, 501, 505]


def answer_of(answer: Response) -> Outcome:
    with served(answer) as url, pushing(HERE) as push:
        return send(push, f"{url}/deliveries")


@pytest.mark.parametrize("status", PASSES)
def test_trouble_that_passes_is_tried_again(status: int) -> None:
    assert answer_of(Response(status_code=status)) == Deferred(code=f"endpoint-status-{status}")


@pytest.mark.parametrize("status", NEVER_PASSES)
def test_trouble_that_does_not_pass_needs_a_person(status: int) -> None:
    assert answer_of(Response(status_code=status)) == Refused(code=f"endpoint-status-{status}")


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_a_redirect_to_loopback_is_not_followed(status: int) -> None:
    inside = Server()
    with served(inside) as target:
        headers = {"Location": f"{target}/inside"}
        assert answer_of(Response(status_code=status, headers=headers)) == Refused(code="endpoint-redirects")
    assert not inside.heads


@pytest.mark.parametrize("status", [201, 204, 206])
def test_a_success_that_is_no_receipt_proves_nothing(status: int) -> None:
    assert answer_of(Response(status_code=status)) == Deferred(code=f"endpoint-status-{status}")


def _asked_for(said: str) -> float:
    found = answer_of(Response(status_code=429, headers={"Retry-After": said}))
    assert isinstance(found, Deferred)
    assert found.retry_after_s is not None
    return found.retry_after_s


def test_who_asks_for_patience_gets_it() -> None:
    assert _asked_for("120") == 120


@pytest.mark.parametrize(("hours", "least", "most"), [(1, 3000, 3600), (-1, 0, 0)])
def test_who_asks_for_patience_until_a_moment_gets_it(hours: int, least: float, most: float) -> None:
    moment = datetime.now(UTC) + timedelta(hours=hours)
    assert least <= _asked_for(format_datetime(moment, usegmt=True)) <= most


@pytest.mark.parametrize("said", ["", "soon", "-5", "1.5", "Mon, 99 Foo 9999 99:99:99 GMT", "1 Jan 0001 00:00 +2359"])
def test_a_wish_that_cannot_be_read_is_no_wish(said: str) -> None:
    found = answer_of(Response(status_code=503, headers={"Retry-After": said}))
    assert isinstance(found, Deferred)
    assert found.retry_after_s in (None, 0)


def test_nobody_listens() -> None:
    (port,) = free_ports(1)
    with pushing(HERE) as push:
        assert send(push, f"http://127.0.0.1:{port}/") == Deferred(code="endpoint-unreachable")


# Names


class NameServer:
    """Says nothing about `slow.test…` until `free` is set; every other name is here. asked: what for, in order."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.free = threading.Event()

    def __call__(self, host: str, _: int) -> Sequence[str]:
        self.asked.append(host)
        if host.startswith("slow"):
            self.free.wait(PATIENCE_S)
        return ["127.0.0.1"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (socket.EAI_NONAME, "endpoint-name-unknown"),
        (socket.EAI_NODATA, "endpoint-name-unknown"),
        (socket.EAI_AGAIN, "endpoint-name-unanswered"),
        (socket.EAI_FAIL, "endpoint-name-unanswered"),
    ],
)
def test_a_name_that_is_not_there_is_told_from_a_name_server_that_is_not_there(error: int, code: str) -> None:
    def refuse(_: str, __: int) -> Sequence[str]:
        raise socket.gaierror(error, "no")

    push = Push(HERE, resolve=refuse)
    assert send(push, "http://fund.test/") == Deferred(code=code)
    push.close()


def test_a_name_server_that_says_nothing_holds_nobody_longer_than_the_deadline() -> None:
    names, recipient = NameServer(), Server()
    push = Push(HERE, total_s=0.5, resolve=names)
    with served(recipient) as url, ThreadPoolExecutor(8) as pool:
        slow = [pool.submit(send, push, f"http://slow.test:{port_of(url)}/") for _ in range(8)]
        assert {each.result() for each in slow} == {Deferred(code="endpoint-name-unanswered")}
        assert names.asked == ["slow.test"]  # one look-up hangs, not eight
        wait_until(lambda: send(push, f"http://fund.test:{port_of(url)}/") == Answered(raw_receipt=None))
        names.free.set()
        wait_until(lambda: send(push, f"http://slow.test:{port_of(url)}/") == Answered(raw_receipt=None))
    push.close()


def test_names_that_hang_however_many_tries_wait_for_them_defer_nobody_else() -> None:
    names, recipient = NameServer(), Server()
    push = Push(HERE, resolve=names)
    tries = Slots(Config.pushers).threads - 1
    with served(recipient) as url, ThreadPoolExecutor(tries) as pool:
        for n in range(tries):
            pool.submit(send, push, f"http://slow.test{n}:{port_of(url)}/")
        try:
            wait_until(lambda: len(names.asked) == tries)
            assert send(push, f"http://fund.test:{port_of(url)}/") == Answered(raw_receipt=None)
        finally:
            names.free.set()
    push.close()


def test_only_so_many_look_ups_hang_at_once_and_an_address_needs_none() -> None:
    names, recipient = NameServer(), Server()
    push = Push(HERE, total_s=0.2, resolve=names)
    with served(recipient) as url, ThreadPoolExecutor(MOST + 8) as pool:
        asking = [pool.submit(send, push, f"http://slow.test{n}:{port_of(url)}/") for n in range(MOST + 8)]
        assert {each.result() for each in asking} == {Deferred(code="endpoint-name-unanswered")}
        wait_until(lambda: len(names.asked) >= MOST)
        assert len(names.asked) == MOST
        wait_until(lambda: send(push, url) == Answered(raw_receipt=None))
        names.free.set()
    push.close()
