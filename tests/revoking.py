"""An authority on loopback that tells what it revoked: over HTTP, well, wrongly, slowly or not at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography import x509

from signing import Identity, RevocationAddresses, RevocationAuthority, TimestampAuthority, issue
from tests.patience import PATIENCE_S


def _set() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@dataclass
class Issuer:
    """What the authority does when it is asked. down: places that answer 503. hangs_s: how long it says nothing.
    speaks: whether it says anything. unit: what stamps at /stamp."""

    authority: Identity
    address: str = ""
    revoked: dict[int, tuple[datetime, x509.ReasonFlags]] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    hangs_s: float = 0
    speaks: threading.Event = field(default_factory=_set)
    asked: list[str] = field(default_factory=list)
    unit: Identity | None = None

    def issue(self, name: str, **options: Any) -> Identity:
        told_at = RevocationAddresses(responder=f"{self.address}/ocsp", list=f"{self.address}/list")
        options.setdefault("at", datetime.now(UTC) - timedelta(hours=2))
        return issue(self.authority, name, told_at=told_at, **options)

    def revoke(self, identity: Identity, at: datetime) -> None:
        self.revoked[identity.certificate.serial_number] = (at, x509.ReasonFlags.key_compromise)

    @property
    def books(self) -> RevocationAuthority:
        return RevocationAuthority(identity=self.authority, revoked=self.revoked)

    def answer(self, place: str, body: bytes) -> bytes | None:
        self.asked.append(place)
        time.sleep(self.hangs_s)
        self.speaks.wait(PATIENCE_S)
        if place in self.down:
            return None
        at = datetime.now(UTC)
        if place == "/stamp" and self.unit is not None:
            return TimestampAuthority(identity=self.unit).answer(body, at=at)
        return self.books.answer(body, at=at) if place == "/ocsp" else self.books.list_revoked(at=at)


@contextmanager
def issuer_on_loopback(authority: Identity) -> Iterator[Issuer]:
    """The authority behind a real HTTP server."""
    issuer = Issuer(authority)

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said = issuer.answer(self.path, self.rfile.read(int(self.headers.get("Content-Length", 0))))
            self.send_response(503 if said is None else 200)
            self.end_headers()
            self.wfile.write(said or b"")

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as served:
        served.daemon_threads = True
        served.handle_error = lambda *_: None  # type: ignore[method-assign]  # who asked went away
        threading.Thread(target=served.serve_forever, daemon=True).start()
        issuer.address = f"http://127.0.0.1:{served.server_address[1]}"
        yield issuer
        served.shutdown()
