"""Push: POST the sealed copy to the recipient's endpoint; its signed receipt is the answer, or comes later (202).

Redirects are refused: a copy goes to the registered address or nowhere. Answers are read up to a limit and a deadline.
"""

from __future__ import annotations

import ssl
import threading
import time

import httpx2

from gateway.model import Delivery, Party
from gateway.ports import Answered, Deferred, Outcome, Refused
from gateway.version import VERSION

MAX_RECEIPT_BYTES = 64 * 1024
TOTAL_S = 30.0
TIMEOUT = httpx2.Timeout(connect=5.0, read=10.0, write=10.0, pool=5.0)
PASSING = frozenset({408, 425, 429})
ENVELOPE_TYPE = "application/pkcs7-mime"
RECEIPT_TYPES = frozenset({"application/xml", "text/xml"})


class Push:
    """`Transport` over HTTP(S). One connection pool for each certificate authority, shared by the worker's threads."""

    def __init__(self) -> None:
        self._clients: dict[str | None, httpx2.Client] = {}
        self._lock = threading.Lock()

    def send(self, delivery: Delivery, envelope: bytes, recipient: Party) -> Outcome:
        """One try to hand `envelope` to the endpoint of `recipient`."""
        url = recipient.endpoint.url
        if url is None:
            return Deferred(code="endpoint-unknown")
        headers = {
            "Content-Type": ENVELOPE_TYPE,
            "Accept-Encoding": "identity",
            "Sealpost-Delivery-Id": delivery.id,
            "Sealpost-Submission-Id": delivery.submission_id,
            "Sealpost-Envelope-Digest": delivery.envelope_digest,
            "Sealpost-Attempt": str(delivery.attempts + 1),
        }
        client = self._client(recipient.endpoint.ca_certificate)
        try:
            with client.stream("POST", url, content=envelope, headers=headers) as response:
                return _outcome(response)
        except httpx2.TimeoutException:
            return Deferred(code="endpoint-timeout")
        except httpx2.HTTPError:
            return Deferred(code="endpoint-unreachable")
        except httpx2.InvalidURL:
            return Refused(code="endpoint-url-invalid")

    def close(self) -> None:
        """Close the connections that are kept."""
        with self._lock:
            while self._clients:
                self._clients.popitem()[1].close()

    def _client(self, ca_certificate: str | None) -> httpx2.Client:
        with self._lock:
            if ca_certificate not in self._clients:
                self._clients[ca_certificate] = httpx2.Client(
                    timeout=TIMEOUT,
                    follow_redirects=False,
                    trust_env=False,
                    verify=ssl.create_default_context(cadata=ca_certificate),
                    headers={"User-Agent": f"sealpost/{VERSION}"},
                )
            return self._clients[ca_certificate]


def _outcome(response: httpx2.Response) -> Outcome:
    status = response.status_code
    if status == 200:
        return _receipt(response)
    if status == 202:
        return Answered(raw_receipt=None)
    if status in PASSING or status >= 500:
        return Deferred(code=f"endpoint-status-{status}", retry_after_s=_retry_after(response))
    if 400 <= status < 500:
        return Refused(code=f"endpoint-status-{status}")
    return Refused(code="endpoint-redirects") if 300 <= status < 400 else Deferred(code=f"endpoint-status-{status}")


def _receipt(response: httpx2.Response) -> Outcome:
    media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type not in RECEIPT_TYPES or "Content-Encoding" in response.headers:
        return Deferred(code="endpoint-answer-not-a-receipt")
    deadline = time.monotonic() + TOTAL_S
    raw = bytearray()
    for chunk in response.iter_raw():
        raw += chunk
        if len(raw) > MAX_RECEIPT_BYTES:
            return Deferred(code="endpoint-answer-too-large")
        if time.monotonic() > deadline:
            return Deferred(code="endpoint-timeout")
    return Answered(raw_receipt=bytes(raw))


def _retry_after(response: httpx2.Response) -> float | None:
    value = response.headers.get("Retry-After", "")
    return min(float(value), 3600.0) if value.isascii() and value.isdigit() else None
