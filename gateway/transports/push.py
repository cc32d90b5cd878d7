"""Push: POST the sealed copy to the recipient's endpoint; its signed receipt is the answer, or comes later (202).

Redirects are refused: a copy goes to the registered address or nowhere, and only to public addresses and networks that
the installation allows. Answers are read up to a limit, and one deadline holds for the whole exchange. Every try is
signed anew, as of the machine's clock; who finds that stale gets it again as of the gateway's, should the two differ.
Recipients that know nothing of signatures may overlook it.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

from gateway.addresses import Reach
from gateway.clock import wall_clock
from gateway.model import Delivery, Party
from gateway.ports import Answered, Deferred, Outcome, Refused
from gateway.push_signature import RequestSigner
from gateway.receipts import MAX_RECEIPT_BYTES
from gateway.transports.answers import Answer, AnswerTooLarge, BadAnswer, Wanted
from gateway.transports.connections import AddressRefused, Connections, TlsFailed
from gateway.transports.names import NameUnanswered, Resolve, system_addresses
from gateway.version import VERSION

TOTAL_S = 30.0
NOT_FRESH = 425  # what a recipient says of a signature that was not made just now, by its clock
CLOCKS_APART = timedelta(seconds=10)
PASSING: Mapping[int, str] = {
    408: "it waited too long for our bytes",
    421: "we reached the wrong one of several servers (RFC 9110, 15.5.20)",
    NOT_FRESH: "our signature was not fresh: the next try has another",
    429: "we come too often; it may say when to come again",
}
"""Of the 4xx, those that pass by themselves, and why. Every other one needs a person: the address, the credentials or
the copy itself is not taken there, and the same bytes would not be either tomorrow."""
PERMANENT: Mapping[int, str] = {
    501: "it does not know what a POST is",
    505: "it does not speak HTTP/1.1",
}
"""Of the 5xx, those that do not pass by themselves. Every other one is trouble of the server's own."""
_NO_SUCH_NAME = frozenset({socket.EAI_NONAME, socket.EAI_NODATA})
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
    """How an installation pushes. reach: where to. certificate: shown to endpoints that ask for one. total_s: how long
    one try may take, however slowly the recipient answers. now: the time by which the gateway goes, which the machine's
    clock need not show any more."""

    signer: RequestSigner
    reach: Reach
    certificate: ClientCertificate | None = None
    total_s: float = TOTAL_S
    now: Callable[[], datetime] = wall_clock


class Push:
    """`Transport` over HTTP(S), shared by the worker's threads.

    total_s: at most that of the settings. resolve: finds the addresses of a host.
    """

    def __init__(
        self, settings: PushSettings, *, total_s: float = TOTAL_S, resolve: Resolve = system_addresses
    ) -> None:
        self._settings = settings
        self._total_s = min(total_s, settings.total_s)
        self._connections = Connections(
            reach=settings.reach, resolve=resolve, tls=lambda authority: tls_context(authority, settings.certificate)
        )

    def send(self, delivery: Delivery, envelope: bytes, recipient: Party) -> Outcome:
        """One try to hand `envelope` to the endpoint of `recipient`."""
        url = recipient.endpoint.url
        if url is None:
            return Deferred(code="endpoint-unknown")
        begun = time.monotonic()
        answer = self._asked(url, delivery, envelope, recipient, at=wall_clock(), within_s=self._total_s)
        if isinstance(answer, Answer) and answer.status == NOT_FRESH and self._clocks_differ():
            left_s = self._total_s - (time.monotonic() - begun)
            answer = self._asked(url, delivery, envelope, recipient, at=self._settings.now(), within_s=left_s)
        return outcome_of(answer) if isinstance(answer, Answer) else answer

    def _clocks_differ(self) -> bool:
        """Whether the machine's clock was set since the gateway's began: either of them may be the right one."""
        return abs(self._settings.now() - wall_clock()) > CLOCKS_APART

    def _asked(
        self, url: str, delivery: Delivery, envelope: bytes, recipient: Party, *, at: datetime, within_s: float
    ) -> Answer | Deferred | Refused:
        return exchanged(
            self._connections,
            url,
            lambda: self._headers(url, delivery, envelope, at),
            envelope,
            authority=recipient.endpoint.ca_certificate,
            total_s=within_s,
            wanted=_wanted,
        )

    def close(self) -> None:
        """Close the connections that are kept."""
        self._connections.close()

    def _headers(self, url: str, delivery: Delivery, envelope: bytes, at: datetime) -> dict[str, str]:
        fields = {
            "User-Agent": f"sealpost/{VERSION}",
            "Content-Type": ENVELOPE_TYPE,
            "Accept-Encoding": "identity",
            "Sealpost-Delivery-Id": delivery.id,
            "Sealpost-Submission-Id": delivery.submission_id,
            "Sealpost-Envelope-Digest": delivery.envelope_digest,
            "Sealpost-Attempt": str(delivery.attempts + 1),
        }
        proof = self._settings.signer.sign(method="POST", url=url, fields=fields, body=envelope, at=at)
        return fields | proof


def exchanged(
    connections: Connections,
    url: str,
    headers: Callable[[], dict[str, str]],
    body: bytes,
    *,
    authority: str | None,
    total_s: float,
    wanted: Wanted,
) -> Answer | Deferred | Refused:
    """What the server at `url` answers to a POST, or what kept it from it."""
    try:
        return connections.exchange(url, headers(), body, authority=authority, total_s=total_s, wanted=wanted)
    except AddressRefused:
        return Refused(code="endpoint-address-refused")
    except TimeoutError:
        return Deferred(code="endpoint-timeout")
    # What follows passes: names come back, certificates are renewed, servers are started again.
    except NameUnanswered:
        return Deferred(code="endpoint-name-unanswered")
    except socket.gaierror as error:
        unknown = error.errno in _NO_SUCH_NAME
        return Deferred(code="endpoint-name-unknown" if unknown else "endpoint-name-unanswered")
    except TlsFailed:
        return Deferred(code="endpoint-tls-failed")
    except AnswerTooLarge:
        return Deferred(code="endpoint-answer-too-large")
    except (BadAnswer, OSError):
        return Deferred(code="endpoint-unreachable")
    except ValueError:  # an address that the resolver, or a request, cannot even spell
        return Refused(code="endpoint-url-invalid")


def tls_context(ca_certificate: str | None, shown: ClientCertificate | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=ca_certificate)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if shown is not None:
        shown.load_into(context)
    return context


def _wanted(status: int, headers: Mapping[bytes, str]) -> int:
    """How much of the body is read: a receipt, of anything else nothing."""
    media_type = headers.get(b"content-type", "").partition(";")[0].strip().lower()
    is_receipt = status == 200 and media_type in RECEIPT_TYPES and b"content-encoding" not in headers
    return MAX_RECEIPT_BYTES if is_receipt else 0


def outcome_of(answer: Answer) -> Outcome:
    """What an answer to a push means."""
    status = answer.status
    if status == 200:
        if not _wanted(status, answer.headers):
            return Deferred(code="endpoint-answer-not-a-receipt")
        return Answered(raw_receipt=answer.body)
    if status == 202:
        return Answered(raw_receipt=None)
    if status in PASSING or (status >= 500 and status not in PERMANENT):
        return Deferred(code=f"endpoint-status-{status}", retry_after_s=_retry_after(answer.headers))
    if status >= 400:
        return Refused(code=f"endpoint-status-{status}")
    return Refused(code="endpoint-redirects") if 300 <= status < 400 else Deferred(code=f"endpoint-status-{status}")


def _retry_after(headers: Mapping[bytes, str]) -> float | None:
    """Seconds, from now or until a date (RFC 9110, 10.2.3); None for what is neither."""
    value = headers.get(b"retry-after", "")
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        at = parsedate_to_datetime(value)
        return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
    except (ValueError, OverflowError):
        return None
