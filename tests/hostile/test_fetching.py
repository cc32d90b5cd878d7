"""Fetching for signatures: a server on loopback that answers well, badly, too much, too slowly, or elsewhere."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network

import pytest

from gateway.addresses import Reach
from gateway.transports.fetching import Fetching
from signing import NotFetched
from signing.errors import FETCH_CODES
from tests.patience import PATIENCE_S

LOOPBACK = Reach(allowed=(ip_network("127.0.0.0/8"),))


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/list")
            self.end_headers()
            return
        body = {"/large": b"x" * 2000, "/list": b"list"}.get(self.path, b"")
        self.send_response(200 if body or self.path == "/slow" else 404)
        self.end_headers()
        for _ in range(50 if self.path == "/slow" else 0):
            try:
                self.wfile.write(b".")
                self.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)
        self.wfile.write(body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.headers["Content-Type"].encode() + b":" + body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_address[1]}"
        served.shutdown()


def refused(url: str, *, reach: Reach = LOOPBACK, total_s: float = PATIENCE_S) -> str:
    fetch = Fetching(reach, total_s=total_s)
    try:
        with pytest.raises(NotFetched) as failed:
            fetch(url, max_bytes=1000)
    finally:
        fetch.close()
    assert failed.value.code in FETCH_CODES
    return failed.value.code


def test_answers_come_back_whole(server: str) -> None:
    fetch = Fetching(LOOPBACK)
    assert fetch(f"{server}/list", max_bytes=4) == b"list"
    assert fetch(f"{server}/", body=b"ask", content_type="a/b", max_bytes=7) == b"a/b:ask"
    fetch.close()


def test_a_large_answer_is_not_read_to_the_end(server: str) -> None:
    assert refused(f"{server}/large") == "answer-too-large"


@pytest.mark.parametrize("path", ["/nothing", "/moved"])
def test_what_is_no_answer(server: str, path: str) -> None:
    assert refused(f"{server}{path}") == "answer-refused"


def test_one_byte_now_and_then(server: str) -> None:
    assert refused(f"{server}/slow", total_s=0.3) == "not-reachable"


def test_an_address_of_this_machine_only_where_it_is_allowed(server: str) -> None:
    assert refused(f"{server}/list", reach=Reach()) == "not-reachable"


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ldap://127.0.0.1/cn=a", "", "http://", "http://a b/"])
def test_addresses_that_are_none(url: str) -> None:
    assert refused(url) in {"answer-refused", "not-reachable"}


def test_nobody_listens() -> None:
    assert refused("http://127.0.0.1:9/") == "not-reachable"
