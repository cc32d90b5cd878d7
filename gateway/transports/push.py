"""Push: POST the sealed copy to the recipient's endpoint; its signed receipt is the answer, or comes later (202).

Redirects are refused: a copy goes to the registered address or nowhere, and only to public addresses and networks that
the installation allows. Answers are read up to a limit, and one deadline holds for the whole exchange. Every try is
signed anew; recipients that know nothing of signatures may overlook it.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpcore2

from gateway.addresses import Reach
from gateway.model import Delivery, Party
from gateway.ports import Answered, Deferred, Outcome, Refused
from gateway.push_signature import PushSigner
from gateway.receipts import MAX_RECEIPT_BYTES
from gateway.transports.deadline import AddressRefused, Deadline, DeadlineBackend, Resolve, TlsFailed, system_addresses
from gateway.version import VERSION

TOTAL_S = 30.0
TIMEOUTS = {"connect": 5.0, "read": 10.0, "write": 10.0, "pool": 5.0}
MAX_CONNECTIONS = 100
KEPT_FOR_S = 5.0
PASSING = frozenset({408, 425, 429})
ENVELOPE_TYPE = "application/pkcs7-mime"
RECEIPT_TYPES = frozenset({"application/xml", "text/xml"})


@dataclass(frozen=True, kw_only=True)
class ClientCertificate:
    """What the gateway shows to endpoints that ask who connects: PEM files; the key may stand in the first.

    password: of the key, empty for a key without.
    """

    certificate: Path
    key: Path | None = None
    password: bytes = b""

    def load_into(self, context: ssl.SSLContext) -> None:
        """Raises OSError (ssl.SSLError too) when the files cannot be used."""
        context.load_cert_chain(self.certificate, self.key, password=lambda: self.password)  # never asks a terminal


@dataclass(frozen=True, kw_only=True)
class PushSettings:
    """How an installation pushes. reach: where to. certificate: shown to endpoints that ask for one."""

    signer: PushSigner
    reach: Reach
    certificate: ClientCertificate | None = None


class Push:
    """`Transport` over HTTP(S). One connection pool for each certificate authority, shared by the worker's threads.

    total_s: how long one try may take, however slowly the recipient answers. resolve: finds the addresses of a host.
    """

    def __init__(
        self, settings: PushSettings, *, total_s: float = TOTAL_S, resolve: Resolve = system_addresses
    ) -> None:
        self._settings = settings
        self._total_s = total_s
        self._deadline = Deadline()
        self._network = DeadlineBackend(self._deadline, settings.reach, resolve)
        self._pools: dict[str | None, httpcore2.ConnectionPool] = {}
        self._lock = threading.Lock()

    def send(self, delivery: Delivery, envelope: bytes, recipient: Party) -> Outcome:
        """One try to hand `envelope` to the endpoint of `recipient`."""
        url = recipient.endpoint.url
        if url is None:
            return Deferred(code="endpoint-unknown")
        self._deadline.begin(self._total_s)
        try:
            headers = self._headers(url, delivery, envelope)
            pool = self._pool(recipient.endpoint.ca_certificate)
            with pool.stream(
                "POST", url, headers=headers, content=envelope, extensions={"timeout": TIMEOUTS}
            ) as response:
                return _outcome(response)
        except AddressRefused:
            return Refused(code="endpoint-address-refused")
        except httpcore2.TimeoutException:
            return Deferred(code="endpoint-timeout")
        except socket.gaierror:
            return Deferred(code="endpoint-name-unknown")
        except TlsFailed:
            return Deferred(code="endpoint-tls-failed")
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.UnsupportedProtocol, OSError):
            return Deferred(code="endpoint-unreachable")
        except ValueError:  # an address that the resolver cannot even spell
            return Refused(code="endpoint-url-invalid")

    def _headers(self, url: str, delivery: Delivery, envelope: bytes) -> list[tuple[str | bytes, str | bytes]]:
        fields = {
            "User-Agent": f"sealpost/{VERSION}",
            "Content-Type": ENVELOPE_TYPE,
            "Accept-Encoding": "identity",
            "Sealpost-Delivery-Id": delivery.id,
            "Sealpost-Submission-Id": delivery.submission_id,
            "Sealpost-Envelope-Digest": delivery.envelope_digest,
            "Sealpost-Attempt": str(delivery.attempts + 1),
        }
        now = datetime.now(UTC)
        proof = self._settings.signer.sign(method="POST", url=url, fields=fields, body=envelope, at=now)
        return list((fields | proof).items())

    def close(self) -> None:
        """Close the connections that are kept."""
        with self._lock:
            while self._pools:
                self._pools.popitem()[1].close()

    def _pool(self, ca_certificate: str | None) -> httpcore2.ConnectionPool:
        with self._lock:
            if ca_certificate not in self._pools:
                self._pools[ca_certificate] = httpcore2.ConnectionPool(
                    ssl_context=_tls(ca_certificate, self._settings.certificate),
                    max_connections=MAX_CONNECTIONS,
                    keepalive_expiry=KEPT_FOR_S,
                    network_backend=self._network,
                )
            return self._pools[ca_certificate]


def _tls(ca_certificate: str | None, shown: ClientCertificate | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=ca_certificate)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if shown is not None:
        shown.load_into(context)
    return context


def _outcome(response: httpcore2.Response) -> Outcome:
    status = response.status
    headers = {name.lower(): value.decode("latin-1") for name, value in response.headers}
    if status == 200:
        return _receipt(response, headers)
    if status == 202:
        return Answered(raw_receipt=None)
    if status in PASSING or status >= 500:
        return Deferred(code=f"endpoint-status-{status}", retry_after_s=_retry_after(headers))
    if 400 <= status < 500:
        return Refused(code=f"endpoint-status-{status}")
    return Refused(code="endpoint-redirects") if 300 <= status < 400 else Deferred(code=f"endpoint-status-{status}")


def _receipt(response: httpcore2.Response, headers: Mapping[bytes, str]) -> Outcome:
    media_type = headers.get(b"content-type", "").partition(";")[0].strip().lower()
    if media_type not in RECEIPT_TYPES or b"content-encoding" in headers:
        return Deferred(code="endpoint-answer-not-a-receipt")
    raw = bytearray()
    for chunk in response.iter_stream():
        raw += chunk
        if len(raw) > MAX_RECEIPT_BYTES:
            return Deferred(code="endpoint-answer-too-large")
    return Answered(raw_receipt=bytes(raw))


def _retry_after(headers: Mapping[bytes, str]) -> float | None:
    value = headers.get(b"retry-after", "")
    return float(value) if value.isascii() and value.isdigit() else None
