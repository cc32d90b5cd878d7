"""Pushing through a network that lies: names that lead inside, that change, and TLS on both sides. Real servers."""

from __future__ import annotations

import socket
import ssl
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.addresses import Reach, network
from gateway.keyring import Keyring
from gateway.model import Endpoint, EndpointKind, Party, PartyId
from gateway.ports import Answered, Deferred, Outcome, Refused
from gateway.push_signature import RequestSigner
from gateway.transports.push import ClientCertificate, Push, PushSettings
from signing import Identity, identity_to_pem
from signing.issuing import issue, issue_authority
from tests.conftest import served
from tests.deliveries import a_delivery

AT = datetime.now(UTC) - timedelta(minutes=1)
AUTHORITY = issue_authority("An Authority", at=AT)
SIGNER = RequestSigner(Keyring.single(issue(AUTHORITY, "The Gateway", at=AT)))
HERE = PushSettings(signer=SIGNER, reach=Reach(allowed=(network("127.0.0.1/32"),)))
NOWHERE_INSIDE = replace(HERE, reach=Reach())
TAKEN = Answered(raw_receipt=None)


@dataclass
class Server:
    """Takes everything, later; hangs up after each answer, so that each push connects anew."""

    heads: list[dict[str, str]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await request.body()
        self.heads.append(dict(request.headers))
        await Response(status_code=202, headers={"Connection": "close"})(scope, receive, send)


@dataclass
class Names:
    """A name server that gives each answer once and then repeats the last."""

    answers: list[Sequence[str]]
    asked: list[str] = field(default_factory=list)

    def __call__(self, host: str, _: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def pushing(settings: PushSettings, names: Names | None = None) -> Iterator[Push]:
    push = Push(settings) if names is None else Push(settings, resolve=names)
    try:
        yield push
    finally:
        push.close()


def send(push: Push, url: str, *, authority: Identity | None = None) -> Outcome:
    pem = None if authority is None else authority.certificate.public_bytes(Encoding.PEM).decode()
    endpoint = Endpoint(kind=EndpointKind.PUSH, url=url, ca_certificate=pem)
    recipient = Party(id=PartyId("fund"), name="The Fund", roles=frozenset(), identifiers={}, endpoint=endpoint)
    return push.send(a_delivery(), b"sealed", recipient)


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


REFUSED = Refused(code="endpoint-address-refused")


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.0.0.1", "017700000001", "0", "[::ffff:127.0.0.1]", "[::1]"],
)
def test_nobody_can_make_us_knock_at_ourselves(host: str) -> None:
    server = Server()
    with served(server) as url, pushing(NOWHERE_INSIDE) as push:
        assert send(push, f"http://{host}:{port_of(url)}/") == REFUSED
    assert not server.heads


def test_a_name_that_changes_at_the_second_look_is_not_followed() -> None:
    server, names = Server(), Names([["127.0.0.1"], ["10.0.0.1"]])
    with served(server) as url, pushing(HERE, names) as push:
        there = f"http://fund.test:{port_of(url)}/"
        assert send(push, there) == TAKEN
        assert names.asked == ["fund.test"]  # looked up once: checked and connected to is the same answer
        assert server.heads[0]["host"] == f"fund.test:{port_of(url)}"
        assert send(push, there) == REFUSED
        assert send(push, there) == REFUSED
    assert len(server.heads) == 1


@pytest.mark.parametrize(
    "answer",
    [
        ["127.0.0.2"],
        ["127.0.0.1", "10.0.0.1"],
        ["10.0.0.1", "127.0.0.1"],
        ["127.0.0.1", "::1"],
        ["127.0.0.1", "::ffff:127.0.0.1"],
        ["127.0.0.1"] * 9 + ["169.254.169.254"],
        ["64:ff9b::7f00:1"],
        ["127.0.0.1%lo"],
        ["rubbish"],
    ],
)
def test_one_address_out_of_reach_is_enough_to_refuse_a_name(answer: list[str]) -> None:
    server = Server()
    with served(server) as url, pushing(HERE, Names([answer])) as push:
        assert send(push, f"http://fund.test:{port_of(url)}/") == REFUSED
    assert not server.heads


def test_a_second_address_is_tried_when_the_first_is_dead() -> None:
    server = Server()
    settings = replace(HERE, reach=Reach(allowed=(network("127.0.0.0/8"),)))
    with served(server) as url, pushing(settings, Names([["127.0.0.9", "127.0.0.1"]])) as push:
        assert send(push, f"http://fund.test:{port_of(url)}/") == TAKEN
    assert len(server.heads) == 1


def test_a_name_without_an_address_may_have_one_later() -> None:
    def unknown(_: str, __: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    push = Push(HERE, resolve=unknown)
    assert send(push, "http://fund.test/") == Deferred(code="endpoint-name-unknown")
    push.close()
    with pushing(HERE, Names([[]])) as push:
        assert send(push, "http://fund.test/") == Deferred(code="endpoint-unreachable")


def test_an_address_that_cannot_be_spelled_is_refused_for_good() -> None:
    with pushing(HERE) as push:
        assert send(push, "http://a..b/") == Refused(code="endpoint-url-invalid")


# TLS


def pem(folder: Path, name: str, *, authority: Identity = AUTHORITY, server: bool = False) -> Path:
    file = folder / f"{name}.pem"
    identity = issue(authority, name, use="tls-server" if server else "sign", at=AT)
    file.write_bytes(identity_to_pem(identity))
    return file


def anchors(folder: Path, authority: Identity = AUTHORITY) -> Path:
    file = folder / "anchors.pem"
    file.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    return file


@pytest.mark.parametrize(
    ("name", "outcome"), [("fund.test", TAKEN), ("other.test", Deferred(code="endpoint-tls-failed"))]
)
def test_the_certificate_must_carry_the_name_not_the_address(tmp_path: Path, name: str, outcome: Outcome) -> None:
    server = Server()
    tls = pem(tmp_path, "fund.test", server=True)
    with served(server, tls=tls) as url, pushing(HERE, Names([["127.0.0.1"]])) as push:
        assert send(push, f"https://{name}:{port_of(url)}/", authority=AUTHORITY) == outcome
    assert len(server.heads) == (outcome == TAKEN)


def test_an_endpoint_that_asks_is_shown_the_gateways_certificate(tmp_path: Path) -> None:
    server, stranger = Server(), issue_authority("Another Authority", at=AT)
    tls = pem(tmp_path, "fund.test", server=True)
    shown = ClientCertificate(certificate=pem(tmp_path, "gateway"))
    wrong = ClientCertificate(certificate=pem(tmp_path, "stranger", authority=stranger))
    with served(server, tls=tls, client_anchors=anchors(tmp_path)) as url:
        for certificate in (None, wrong):
            with pushing(replace(HERE, certificate=certificate)) as push:
                found = send(push, url, authority=AUTHORITY)
                assert isinstance(found, Deferred)  # which of the two: whether its last word came before it hung up
                assert found.code in {"endpoint-tls-failed", "endpoint-unreachable"}
        with pushing(replace(HERE, certificate=shown)) as push:
            assert send(push, url, authority=AUTHORITY) == TAKEN
    assert len(server.heads) == 1


def test_tls_older_than_1_2_is_not_spoken(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(pem(tmp_path, "fund.test", server=True))
    offered: list[str | None] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                try:
                    offered.append(context.wrap_socket(connection, server_side=True).version())
                except OSError:
                    offered.append(None)

        thread = threading.Thread(target=serve)
        thread.start()
        with pushing(HERE) as push:
            found = send(push, f"https://127.0.0.1:{listener.getsockname()[1]}/", authority=AUTHORITY)
        thread.join(5)
    assert (found, offered) == (Deferred(code="endpoint-tls-failed"), [None])
