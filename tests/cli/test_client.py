"""The SDK: answers as they come, problems as errors, and nothing that hides a gateway that is not there."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from starlette.types import Receive, Scope, Send

from gateway.api.app import create_app
from gateway.client import Client, ClientError
from gateway.demo.processes import LOOPBACK, free_ports
from gateway.views import EndpointRecord
from tests.conftest import Counter, served

Scripted = dict[str, tuple[int, dict[str, str], bytes]]
PROBLEM = {"Content-Type": "application/problem+json"}
JSON = {"Content-Type": "application/json"}
MAILBOX: EndpointRecord = {"kind": "mailbox"}


@contextmanager
def _answering(answers: Scripted) -> Iterator[str]:
    """A server on loopback that gives one fixed answer for each path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answers[self.path]
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _problem(status: int, **members: object) -> bytes:
    return json.dumps({"type": "urn:x", "title": "No", "status": status, "code": "no-code", **members}).encode()


def _failure(answers: Scripted) -> ClientError:
    with _answering(answers) as url, Client(url) as client, pytest.raises(ClientError) as failure:
        client.health()
    return failure.value


def test_a_gateway_that_is_not_there_is_temporary() -> None:
    (port,) = free_ports(1)
    with Client(f"http://{LOOPBACK}:{port}") as client, pytest.raises(ClientError) as failure:
        client.health()
    assert failure.value.is_temporary
    assert (failure.value.status, failure.value.code) == (None, "unreachable")
    assert f"{LOOPBACK}:{port}" in failure.value.detail


def test_a_password_in_the_address_is_not_repeated() -> None:
    (port,) = free_ports(1)
    with Client(f"http://somebody:secret@{LOOPBACK}:{port}") as client, pytest.raises(ClientError) as failure:
        client.health()
    assert "secret" not in failure.value.detail


CALLS: Sequence[Callable[[Client], object]] = (
    lambda client: client.health(),
    lambda client: client.forms(),
    lambda client: client.form("be/appeal"),
    lambda client: client.validate(b"<f/>"),
    lambda client: client.as_json(b"<f/>"),
    lambda client: client.as_xml({}),
    lambda client: client.submit(b"<f/>"),
    lambda client: list(client.submissions()),
    lambda client: client.submission("x"),
    lambda client: client.deliveries("x"),
    lambda client: client.evidence_of("x"),
    lambda client: client.evidence("x"),
    lambda client: client.receipt("x"),
    lambda client: client.post_proof("x"),
    lambda client: client.render(b"<f/>"),
    lambda client: client.check_receipt("x", "x"),
    lambda client: client.evidence_package("x"),
    lambda client: list(client.cases()),
    lambda client: client.case("x"),
    lambda client: list(client.mailbox()),
    lambda client: client.await_mail(seconds=0),
    lambda client: client.lease("x"),
    lambda client: client.release("x", "y"),
    lambda client: client.acknowledge("x", b"<r/>"),
    lambda client: client.parties(),
    lambda client: client.party("x"),
    lambda client: client.put_party(
        {"id": "x", "name": "x", "roles": [], "identifiers": {}, "signingCertificates": [], "endpoint": MAILBOX}
    ),
    lambda client: client.issue_token("x"),
    lambda client: client.revoke_tokens("x"),
    lambda client: list(client.operations()),
    lambda client: list(client.erasable(before="2011-01-31")),
    lambda client: client.erase("s", reason="retention-ended", by="desk-2"),
    lambda client: client.operation("x"),
    lambda client: client.operation_evidence("x"),
    lambda client: client.operation_receipt("x"),
    lambda client: list(client.odd_receipts()),
    lambda client: client.act("x", "retry", reason="other", by="desk-2"),
    lambda client: list(client.alerts()),
    lambda client: client.journal_backlog(),
    lambda client: client.inquiries(),
    lambda client: client.renew_stamps(before="2030-01-01"),
    lambda client: client.rehash_stamps(digest="sha512"),
    lambda client: client.journal(),
    lambda client: client.checkpoint(),
    lambda client: client.checkpoint(1),
    lambda client: client.consistency(1, 2),
    lambda client: client.journal_proof("x"),
    lambda client: client.journal_proof("x", of_receipt=True),
    lambda client: list(client.print_jobs()),
    lambda client: client.take_print_job("x"),
    lambda client: client.deposit("x", number="1", on="2026-06-01", proof=b"x", proof_type="application/pdf"),
    lambda client: client.paper_failed("x", reason="other"),
    lambda client: client.slip("x", outcome="delivered", on="2026-06-01", proof=b"x", proof_type="application/pdf"),
    lambda client: client.open_hosted("x"),
    lambda client: client.openings("x"),
    lambda client: client.keys(),
)


def test_there_is_a_method_for_every_route(counter: Counter) -> None:
    called: list[tuple[str, str]] = []

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        called.append((scope["method"], scope["path"]))
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    with served(refuse) as url, Client(url) as client:
        for call in CALLS:
            with pytest.raises(ClientError):
                call(client)
    routes = create_app(counter.gateway).openapi()["paths"]
    for path, methods in routes.items():
        pattern = re.compile(re.sub(r"\{\w+\}", "[^/]+", path))
        for method in methods:
            assert any(m == method.upper() and pattern.fullmatch(p) for m, p in called), (method, path)


@pytest.mark.parametrize(
    ("status", "is_temporary"), [(503, True), (429, True), (422, False), (404, False), (409, False)]
)
def test_a_problem_becomes_an_error_with_its_parts(status: int, is_temporary: bool) -> None:
    issue = {"code": "c", "severity": "error", "message": "m", "path": "/f:Form"}
    body = _problem(status, issues=[issue], detail="the detail")
    failure = _failure({"/health": (status, PROBLEM | {"Retry-After": "7"}, body)})
    assert (failure.status, failure.code, failure.detail, failure.retry_after_s) == (status, "no-code", "the detail", 7)
    assert failure.problem["issues"] == [issue]
    assert failure.is_temporary is is_temporary


def test_a_leased_copy_is_temporary() -> None:
    failure = _failure({"/health": (409, PROBLEM, _problem(409, code="delivery-leased"))})
    assert failure.is_temporary


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (200, JSON, b"not json"),
        (200, JSON, b"[1]"),
        (404, {"Content-Type": "text/html"}, b"<h1>proxy</h1>"),
        (400, PROBLEM, b"\xff\xfe"),
        (302, {"Location": "http://127.0.0.1:1/elsewhere"}, b""),
    ],
)
def test_what_is_not_the_gateway_speaking_is_said_so(status: int, headers: dict[str, str], body: bytes) -> None:
    failure = _failure({"/health": (status, headers, body)})
    assert (failure.code, failure.status) == ("unexpected-answer", status)


def test_pages_are_followed_to_the_end() -> None:
    first = json.dumps({"items": [{"submissionId": "1"}], "next": "/v1/submissions?after=1&limit=100"}).encode()
    last = json.dumps({"items": [{"submissionId": "2"}]}).encode()
    answers: Scripted = {
        "/v1/submissions?limit=100": (200, JSON, first),
        "/v1/submissions?after=1&limit=100": (200, JSON, last),
    }
    with _answering(answers) as url, Client(url) as client:
        assert [view["submissionId"] for view in client.submissions()] == ["1", "2"]


@pytest.mark.parametrize("following", ["http://127.0.0.1:1/v1/submissions?after=1", "/v1/mailbox?after=1", "//evil/x"])
def test_a_next_page_elsewhere_is_not_followed(following: str) -> None:
    body = json.dumps({"items": [], "next": following}).encode()
    answers: Scripted = {"/v1/submissions?limit=100": (200, JSON, body)}
    with _answering(answers) as url, Client(url) as client, pytest.raises(ClientError):
        list(client.submissions())


def test_an_id_cannot_reach_another_route() -> None:
    answers: Scripted = {"/v1/submissions/..%2Fparties%2Fx%3Fa%3Db": (200, JSON, b'{"submissionId": "quoted"}')}
    with _answering(answers) as url, Client(url) as client:
        assert client.submission("../parties/x?a=b")["submissionId"] == "quoted"
