"""Push: POST the sealed copy to the recipient's endpoint; its signed receipt is the answer, or comes later (202).

Redirects are refused: a copy goes to the registered address or nowhere. Answers are read up to a limit, and one
deadline holds for the whole exchange.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Mapping

import httpcore2

from gateway.model import Delivery, Party
from gateway.ports import Answered, Deferred, Outcome, Refused
from gateway.receipts import MAX_RECEIPT_BYTES
from gateway.transports.deadline import Deadline, DeadlineBackend
from gateway.version import VERSION

TOTAL_S = 30.0
TIMEOUTS = {"connect": 5.0, "read": 10.0, "write": 10.0, "pool": 5.0}
MAX_CONNECTIONS = 100
KEPT_FOR_S = 5.0
PASSING = frozenset({408, 425, 429})
ENVELOPE_TYPE = "application/pkcs7-mime"
RECEIPT_TYPES = frozenset({"application/xml", "text/xml"})


class Push:
    """`Transport` over HTTP(S). One connection pool for each certificate authority, shared by the worker's threads.

    total_s: how long one try may take, however slowly the recipient answers.
    """

    def __init__(self, *, total_s: float = TOTAL_S) -> None:
        self._total_s = total_s
        self._deadline = Deadline()
        self._pools: dict[str | None, httpcore2.ConnectionPool] = {}
        self._lock = threading.Lock()

    def send(self, delivery: Delivery, envelope: bytes, recipient: Party) -> Outcome:
        """One try to hand `envelope` to the endpoint of `recipient`."""
        url = recipient.endpoint.url
        if url is None:
            return Deferred(code="endpoint-unknown")
        headers: dict[str | bytes, str | bytes] = {
            "User-Agent": f"sealpost/{VERSION}",
            "Content-Type": ENVELOPE_TYPE,
            "Accept-Encoding": "identity",
            "Sealpost-Delivery-Id": delivery.id,
            "Sealpost-Submission-Id": delivery.submission_id,
            "Sealpost-Envelope-Digest": delivery.envelope_digest,
            "Sealpost-Attempt": str(delivery.attempts + 1),
        }
        self._deadline.begin(self._total_s)
        try:
            pool = self._pool(recipient.endpoint.ca_certificate)
            with pool.stream(
                "POST", url, headers=headers, content=envelope, extensions={"timeout": TIMEOUTS}
            ) as response:
                return _outcome(response)
        except httpcore2.TimeoutException:
            return Deferred(code="endpoint-timeout")
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.UnsupportedProtocol, OSError):
            return Deferred(code="endpoint-unreachable")
        except ValueError:  # an address that the resolver cannot even spell
            return Refused(code="endpoint-url-invalid")

    def close(self) -> None:
        """Close the connections that are kept."""
        with self._lock:
            while self._pools:
                self._pools.popitem()[1].close()

    def _pool(self, ca_certificate: str | None) -> httpcore2.ConnectionPool:
        with self._lock:
            if ca_certificate not in self._pools:
                self._pools[ca_certificate] = httpcore2.ConnectionPool(
                    ssl_context=ssl.create_default_context(cadata=ca_certificate),
                    max_connections=MAX_CONNECTIONS,
                    keepalive_expiry=KEPT_FOR_S,
                    network_backend=DeadlineBackend(self._deadline),
                )
            return self._pools[ca_certificate]


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
