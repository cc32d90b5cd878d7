"""A real counter for the tests: demo keys, a SQLite file, an HTTP server on loopback."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import httpx2
import pytest
import uvicorn
from hypothesis import settings
from starlette.types import ASGIApp

from gateway.api.app import create_app
from gateway.assembly import Gateway, build
from gateway.config import Config, load_config
from gateway.demo.papers import draw_up
from gateway.demo.pki import DemoFolder, create_demo_folder
from gateway.demo.register import register_cast
from gateway.model import DeliveryId, Party, PartyId
from gateway.ports import Clock
from gateway.views import EndpointRecord
from signing import Identity, TrustPolicy, load_identity, sign_xml, trust_from_pem
from tests.hsm import Hsm, make_hsm
from tests.patience import http_client, wait_until
from tests.schemas.cases import catalogue

# A machine that has other things to do takes longer than 200 ms for an example now and then.
settings.register_profile("patient", settings.default, deadline=None)
settings.load_profile("patient")

SIGNERS = {
    "be/health-surveillance-request": ("employer", "employer"),
    "be/health-assessment": ("doctor", "service"),
    "be/appeal": ("worker", "worker"),
    "be/occupational-disease-report": ("doctor", "service"),
    "be/health-assessment-supplement": ("doctor", "service"),
    "be/deliberation-notice": ("doctor", "service"),
    "be/deliberation-reply": ("worker", "worker"),
    "be/deliberation-decision": ("doctor", "service"),
    "be/deliberation-outcome": ("doctor", "service"),
    "be/appeal-convocation": ("inspectorate", "inspectorate"),
    "be/appeal-decision-annex": ("inspectorate", "inspectorate"),
    "be/continued-surveillance-notice": ("employer", "employer"),
    "nl/expertise-advice-request": ("institute", "institute"),
    "nl/expertise-advice": ("expertise-centre", "expertise-centre"),
}


@pytest.fixture(scope="session")
def cast(tmp_path_factory: pytest.TempPathFactory) -> DemoFolder:
    """The keys of every party of the cast, made once."""
    return create_demo_folder(tmp_path_factory.mktemp("cast"), at=datetime.now(UTC) - timedelta(days=1), port=0)


@pytest.fixture(scope="session")
def hsm(tmp_path_factory: pytest.TempPathFactory) -> Hsm:
    """A token for keys, made once."""
    return make_hsm(tmp_path_factory.mktemp("hsm"))


@dataclass(frozen=True, kw_only=True)
class Counter:
    """A gateway with everybody registered, and short ways to do what its users do."""

    gateway: Gateway
    folder: DemoFolder
    tokens: dict[str, str]

    def identity(self, party: str, use: str = "signing") -> Identity:
        return load_identity(self.folder.signing(party) if use == "signing" else self.folder.sealing(party))

    def form(self, kind: str, *, signer: str | None = None, **changes: Any) -> bytes:
        """A fresh, valid form, signed by whom it must be (or by `signer`)."""
        paper = draw_up(kind, now=datetime.now(UTC), **changes)
        return self.sign(paper.raw, signer or SIGNERS[kind][0])

    def sign(self, raw: bytes, party: str) -> bytes:
        return sign_xml(raw, identity=self.identity(party), at=datetime.now(UTC))

    def party(self, party_id: str) -> Party:
        found = self.gateway.store.read(lambda view: view.party(PartyId(party_id)))
        assert found is not None
        return found

    def accept(self, raw: bytes, *, sender: str, key: str | None = None) -> Any:
        return self.gateway.intake.accept(raw, sender=self.party(sender), idempotency_key=key, language="en")

    def state(self, delivery_id: str) -> str:
        delivery = self.gateway.store.read(lambda view: view.delivery(DeliveryId(delivery_id)))
        assert delivery is not None
        return delivery.state

    @property
    def trust(self) -> TrustPolicy:
        return trust_from_pem(self.folder.anchors.read_bytes())


@pytest.fixture
def config(cast: DemoFolder, tmp_path: Path) -> Config:
    """The demo configuration with a store of its own, and no patience."""
    return replace(
        load_config(cast.config),
        store_path=tmp_path / "store.sqlite3",
        retry_schedule_s=(0.05,),
        poll_s=0.02,
        breaker_failures=1000,
    )


@pytest.fixture
def open_counter(cast: DemoFolder, config: Config) -> Iterator[Callable[..., Counter]]:
    """Opens a counter; `endpoints` for those who are pushed to."""
    gateways: list[Gateway] = []

    def open_it(
        endpoints: dict[str, EndpointRecord] | None = None, *, clock: Clock | None = None, **changes: Any
    ) -> Counter:
        assert not changes.keys() & {"schemas", "code_lists"}
        gateway = build(replace(config, **changes), clock=clock, catalogue=catalogue())
        gateways.append(gateway)
        return Counter(gateway=gateway, folder=cast, tokens=register_cast(gateway, cast, endpoints=endpoints))

    yield open_it
    for gateway in gateways:
        gateway.store.close()


@pytest.fixture
def clock() -> Clock | None:
    """What the counter goes by: the clock of the machine, where a module has no other."""
    return None


@pytest.fixture
def counter(open_counter: Callable[..., Counter], clock: Clock | None) -> Counter:
    """A counter whose parties all collect from their mailboxes."""
    return open_counter(clock=clock)


@contextmanager
def served(
    app: ASGIApp,
    *,
    port: int = 0,
    tls: Path | None = None,
    client_anchors: Path | None = None,
    http: type[asyncio.Protocol] | Literal["auto"] = "auto",
) -> Iterator[str]:
    """`app` behind a real HTTP server on loopback; gives its address.

    tls: PEM of its key and certificate. client_anchors: PEM of who must have issued the certificates of its clients.
    http: what speaks it.
    """
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=http,
                log_level="critical",
                lifespan="off",
                ssl_certfile=tls,
                ssl_keyfile=tls,
                ssl_ca_certs=None if client_anchors is None else str(client_anchors),
                ssl_cert_reqs=ssl.CERT_NONE if client_anchors is None else ssl.CERT_REQUIRED,
            )
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        wait_until(lambda: server.started, every_s=0.005)
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


@pytest.fixture
def url(counter: Counter) -> Iterator[str]:
    """The address of the counter's HTTP face."""
    with served(create_app(counter.gateway)) as address:
        yield address


@contextmanager
def callers(url: str, counter: Counter) -> Iterator[Callable[[str | None], httpx2.Client]]:
    """HTTP clients by party id; None for somebody without a token, "admin" for the administrator."""
    clients: list[httpx2.Client] = []

    def client(party: str | None) -> httpx2.Client:
        headers = {}
        if party is not None:
            token = counter.folder.admin_token.read_text().strip() if party == "admin" else counter.tokens[party]
            headers["Authorization"] = f"Bearer {token}"
        clients.append(http_client(url, headers))
        return clients[-1]

    yield client
    for each in clients:
        each.close()


@pytest.fixture
def http(url: str, counter: Counter) -> Iterator[Callable[[str | None], httpx2.Client]]:
    """The callers of the counter."""
    with callers(url, counter) as client:
        yield client
