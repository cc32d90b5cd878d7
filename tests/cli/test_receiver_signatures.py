"""The reference receiver behind real HTTP: it takes what the gateway signed for its address, now, and nothing else."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.addresses import Reach, network
from gateway.clock import wall_clock
from gateway.demo.pki import DemoFolder, toml_text
from gateway.demo.processes import free_ports
from gateway.envelope import open_envelope
from gateway.keyring import Keyring
from gateway.model import Delivery, DeliveryId, Endpoint, EndpointKind, Party, PartyId
from gateway.ports import Answered, Deferred, Outcome, Refused
from gateway.push_signature import LIFETIME_S, SKEW_S, RequestSigner
from gateway.transports.push import Push, PushSettings
from receiver.app import create_app
from receiver.config import ReceiverConfig, ReceiverConfigError, load_config
from signing import load_identity, sha256, sign_xml, trust_from_pem
from tests.cli.test_receiver import DRAFT, _envelope, _settings
from tests.conftest import served
from tests.deliveries import a_delivery
from tests.patience import http_client

Lines = list[tuple[str, str]]
NOW = datetime.now(UTC)


@dataclass
class Tap:
    """Passes everything on, and keeps what came and what went."""

    app: ASGIApp
    heads: list[Lines] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.heads.append([(name.decode(), value.decode()) for name, value in scope["headers"]])
        self.bodies.append(b"")
        self.answers.append(b"")

        async def received() -> Message:
            message = await receive()
            self.bodies[-1] += message.get("body", b"")
            return message

        async def sent(message: Message) -> None:
            self.answers[-1] += message.get("body", b"")
            await send(message)

        await self.app(scope, received, sent)


@dataclass
class Door:
    """A receiver that is running. at: its clock."""

    tap: Tap
    config: ReceiverConfig
    url: str
    at: list[datetime]

    def post(self, lines: Lines, body: bytes, *, url: str | None = None) -> httpx2.Response:
        kept = [(name, value) for name, value in lines if name != "content-length"]
        with http_client() as client:
            return client.post(url or self.url, headers=kept, content=body)

    def kept(self) -> list[Path]:
        return list(self.config.store.iterdir()) if self.config.store.exists() else []


@contextmanager
def opened(folder: DemoFolder, place: Path, *, is_signed: bool = True) -> Iterator[Door]:
    """A receiver of the Fund, at the address it was told is its own."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}/deliveries"
    settings = _settings(folder)
    if is_signed:
        settings["trust"]["pushes"] = str(folder.gateway_certificate)
        settings["server"] = {"url": url, "port": port}
    file = place / f"receiver-{port}.toml"
    file.write_text(toml_text(settings))
    config = replace(load_config(file), store=place / f"received-{port}")
    at = [datetime.now(UTC)]
    tap = Tap(create_app(config, clock=lambda: at[0]))
    with served(tap, port=port):
        yield Door(tap=tap, config=config, url=url, at=at)


@pytest.fixture
def door(folder: DemoFolder, tmp_path: Path) -> Iterator[Door]:
    with opened(folder, tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def envelope(folder: DemoFolder) -> bytes:
    return _envelope(folder, sign_xml(DRAFT, identity=load_identity(folder.signing("doctor")), at=NOW))


def delivery_of(folder: DemoFolder, envelope: bytes) -> Delivery:
    trust = trust_from_pem(folder.gateway_certificate.read_bytes())
    found = open_envelope(envelope, identity=load_identity(folder.sealing("fund")), trust=trust, at=NOW)
    return replace(a_delivery(), id=found.consignment.delivery_id, envelope_digest=sha256(envelope))


def push_to(
    folder: DemoFolder,
    url: str,
    envelope: bytes,
    *,
    announced: str | None = None,
    now: Callable[[], datetime] = wall_clock,
) -> Outcome:
    """What the gateway's own transport makes of the receiver. now: what the gateway's clock says."""
    delivery = delivery_of(folder, envelope)
    if announced is not None:
        delivery = replace(delivery, id=DeliveryId(announced))
    settings = PushSettings(
        signer=RequestSigner(Keyring.single(load_identity(folder.service))),
        reach=Reach(allowed=(network("127.0.0.0/8"),)),
        now=now,
    )
    endpoint = Endpoint(kind=EndpointKind.PUSH, url=url)
    recipient = Party(id=PartyId("fund"), name="The Fund", roles=frozenset(), identifiers={}, endpoint=endpoint)
    push = Push(settings)
    try:
        return push.send(delivery, envelope, recipient)
    finally:
        push.close()


def code_of(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_signed_push_is_taken_and_a_replay_gets_the_same_receipt(
    folder: DemoFolder, door: Door, envelope: bytes
) -> None:
    first = push_to(folder, door.url, envelope)
    assert isinstance(first, Answered)
    assert first.raw_receipt == door.tap.answers[0]
    replayed = door.post(door.tap.heads[0], envelope)
    assert (replayed.status_code, replayed.content) == (200, first.raw_receipt)
    again = push_to(folder, door.url, envelope)  # the gateway itself, with another nonce
    assert again == first
    assert len(door.kept()) == 1


def test_a_replay_after_minutes_is_not_even_read(folder: DemoFolder, door: Door, envelope: bytes) -> None:
    push_to(folder, door.url, envelope)
    door.at[0] += timedelta(seconds=LIFETIME_S + SKEW_S + 5)
    assert code_of(door.post(door.tap.heads[0], envelope)) == (425, "push-signature-not-fresh")
    assert door.tap.bodies[1] == b""


def test_a_clock_that_is_wrong_is_a_passing_trouble(folder: DemoFolder, door: Door, envelope: bytes) -> None:
    right = door.at[0]
    for away in (timedelta(days=-1), timedelta(days=1)):
        door.at[0] = right + away
        assert push_to(folder, door.url, envelope) == Deferred(code="endpoint-status-425")
    assert not door.kept()
    door.at[0] = right
    assert isinstance(push_to(folder, door.url, envelope), Answered)


@pytest.mark.parametrize("set_by", [timedelta(hours=-2), timedelta(days=1)])
def test_a_machine_whose_clock_was_set_wrong_pushes_on(
    folder: DemoFolder, door: Door, envelope: bytes, set_by: timedelta
) -> None:
    """The gateway goes by the time that has passed since it started; its recipient's clock is right."""
    door.at[0] -= set_by
    assert isinstance(push_to(folder, door.url, envelope, now=lambda: door.at[0]), Answered)
    assert len(door.tap.heads) == 2
    door.at[0] += 2 * set_by  # now neither of the two is right
    assert push_to(folder, door.url, envelope, now=lambda: door.at[0] + set_by) == Deferred(code="endpoint-status-425")
    assert len(door.tap.heads) == 4, "each clock is asked once"


def test_a_push_to_somebody_else_is_not_taken_even_with_its_name_in_the_header(
    folder: DemoFolder, door: Door, envelope: bytes, tmp_path: Path
) -> None:
    with opened(folder, tmp_path, is_signed=False) as other:
        push_to(folder, other.url, envelope)
        lines = other.tap.heads[0]
    assert ("host", urlsplit(other.url).netloc) in lines
    assert code_of(door.post(lines, envelope)) == (403, "push-signature-invalid")
    assert not door.kept()


def test_what_was_changed_on_the_way_is_not_taken(
    folder: DemoFolder, door: Door, envelope: bytes, tmp_path: Path
) -> None:
    assert isinstance(push_to(folder, door.url, envelope), Answered)
    lines = door.tap.heads[0]
    with opened(folder, tmp_path) as fresh:  # a receiver that has not seen it, told the same address
        url, app = fresh.url, create_app(replace(fresh.config, pushes=door.config.pushes))
        fresh.tap.app = app
        assert code_of(fresh.post(lines, envelope + b"\0")) == (403, "content-digest-mismatch")
        assert code_of(fresh.post([*lines, ("Sealpost-Attempt", "1")], envelope)) == (403, "push-signature-invalid")
        assert code_of(fresh.post(lines, envelope, url=f"{url}?x=1")) == (403, "push-signature-invalid")
        unsigned = [line for line in lines if not line[0].startswith("signature")]
        assert code_of(fresh.post(unsigned, envelope)) == (403, "push-signature-missing")
        assert not fresh.kept()
        assert fresh.post(lines, envelope).status_code == 200


def test_an_envelope_under_another_deliverys_name_is_not_taken(folder: DemoFolder, door: Door, envelope: bytes) -> None:
    found = push_to(folder, door.url, envelope, announced="00000000-0000-4000-8000-000000000000")
    assert found == Refused(code="endpoint-status-422")
    assert b"delivery-id-differs" in door.tap.answers[0]
    assert not door.kept()


@pytest.mark.parametrize("fold", ["\r\n ", "\r\n\t", "\n "])
def test_a_folded_header_is_no_way_around(folder: DemoFolder, door: Door, envelope: bytes, fold: str) -> None:
    push_to(folder, door.url, envelope)
    lines = [
        (name, value[:10] + fold + value[10:] if name == "sealpost-delivery-id" else value)
        for name, value in door.tap.heads[0]
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in lines)
    parts = urlsplit(door.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5) as connection:
        connection.sendall(f"POST /deliveries HTTP/1.1\r\n{head}Connection: close\r\n\r\n".encode() + envelope)
        status = connection.recv(64).split()[1]
    assert status in {b"400", b"403"}


def test_a_stranger_is_answered_before_its_body_is_asked_for(door: Door) -> None:
    parts = urlsplit(door.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5) as connection:
        connection.sendall(
            b"POST /deliveries HTTP/1.1\r\nHost: x\r\nContent-Type: application/pkcs7-mime\r\n"
            b"Content-Length: 16000000\r\n\r\n"
        )
        assert connection.recv(64).split()[1] == b"403"


def test_a_receiver_that_knows_nothing_of_signatures_takes_the_same_push(
    folder: DemoFolder, envelope: bytes, tmp_path: Path
) -> None:
    with opened(folder, tmp_path, is_signed=False) as door:
        assert isinstance(push_to(folder, door.url, envelope), Answered)
        assert any(name == "signature" for name, _ in door.tap.heads[0])


@pytest.mark.parametrize(
    ("pushes", "url", "named"),
    [
        ("gateway.pem", "", "url"),
        ("missing.pem", "https://fund.example/", "missing.pem"),
        ("receiver.toml", "https://fund.example/", "receiver.toml"),
        ("gateway.pem", "https://[fund/", "url"),
    ],
)
def test_settings_that_cannot_check_a_signature_are_refused(
    folder: DemoFolder, tmp_path: Path, pushes: str, url: str, named: str
) -> None:
    (tmp_path / "gateway.pem").write_bytes(folder.gateway_certificate.read_bytes())
    settings = _settings(folder)
    settings["trust"]["pushes"] = pushes
    settings["server"] = {"url": url}
    file = tmp_path / "receiver.toml"
    file.write_text(toml_text(settings))
    with pytest.raises(ReceiverConfigError, match=named):
        load_config(file)
