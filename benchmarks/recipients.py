"""Recipients to push to: a process that answers each push with a signed receipt.

The receipts are true ones, but the envelopes are not opened: what a recipient's own software costs is none of our
figures. What it would read inside, the digest of the form, is looked up in the store.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

import uvicorn

from benchmarks.counter import RECIPIENTS, Counter
from gateway.demo.processes import LOOPBACK
from gateway.exchange import RECEIPT
from gateway.model import instant_text
from signing import Identity, load_identity

Scope = Mapping[str, Any]


class Recipients:
    """The servers of all recipients on one port, each at a path of its own; `serving` runs them."""

    def __init__(self) -> None:
        self._socket = socket.create_server((LOOPBACK, 0), backlog=1024)
        self._answered: Synchronized[int] = multiprocessing.get_context("spawn").Value("q", 0)

    def endpoints(self, parties: Sequence[str] = RECIPIENTS) -> dict[str, str]:
        """Party -> its address."""
        port = self._socket.getsockname()[1]
        return {party: f"http://{LOOPBACK}:{port}/{party}" for party in parties}

    @property
    def answered(self) -> int:
        """How many pushes were answered so far."""
        return self._answered.value

    @contextmanager
    def serving(self, counter: Counter) -> Iterator[None]:
        """Answer pushes for as long as the context lasts."""
        keys = {party: counter.folder.signing(party) for party in RECIPIENTS}
        process = multiprocessing.get_context("spawn").Process(
            target=_serve, args=(self._socket, keys, counter.folder.store, self._answered), daemon=True
        )
        process.start()
        try:
            yield
        finally:
            process.terminate()
            process.join()
            self._socket.close()

    def wait_for(self, count: int, *, patience_s: float) -> None:
        """Return when so many pushes were answered."""
        deadline = time.monotonic() + patience_s
        while self.answered < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"only {self.answered} of {count} pushes came in {patience_s:.0f} s")
            time.sleep(0.005)


def a_receipt(*, delivery: str, submission: str, envelope: str, document: str, party: str, identity: Identity) -> bytes:
    """The receipt of a recipient that took its copy. envelope, document: digests."""
    at = datetime.now(UTC)
    fields = (
        ("DeliveryId", delivery),
        ("SubmissionId", submission),
        ("EnvelopeDigest", envelope),
        ("DocumentDigest", document),
        ("Outcome", "accepted"),
        ("Party", party),
        ("ReceivedAt", instant_text(at)),
    )
    return RECEIPT.build(fields, identity=identity, at=at)


def _serve(listening: socket.socket, keys: Mapping[str, Path], store: Path, answered: Synchronized[int]) -> None:
    identities = {party: load_identity(file) for party, file in keys.items()}
    documents = sqlite3.connect(f"file:{store}?mode=ro", uri=True, check_same_thread=False)

    async def app(
        scope: Scope,
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        while (await receive()).get("more_body"):
            pass
        headers = dict(scope["headers"])
        party, submission = scope["path"].strip("/"), headers[b"sealpost-submission-id"].decode()
        (document,) = documents.execute("SELECT digest FROM submission WHERE id = ?", (submission,)).fetchone()
        raw = a_receipt(
            delivery=headers[b"sealpost-delivery-id"].decode(),
            submission=submission,
            envelope=headers[b"sealpost-envelope-digest"].decode(),
            document=document,
            party=party,
            identity=identities[party],
        )
        answered.value += 1
        length = str(len(raw)).encode()
        fields = [(b"content-type", b"application/xml"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": raw})

    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", access_log=False))
    asyncio.run(server.serve(sockets=[listening]))
