"""Fetching time stamps, revocation data, cosignatures: one bounded exchange, only to addresses that a push may go to.

The addresses of revocation data stand in certificates, so whoever wrote a certificate chose them.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable

from gateway.addresses import Reach
from gateway.transports.answers import AnswerTooLarge, BadAnswer
from gateway.transports.connections import AddressRefused, Connections, TlsFailed
from gateway.transports.names import Resolve, system_addresses
from gateway.version import VERSION
from signing import NotFetched

TOTAL_S = 10.0


class Fetching:
    """`signing.Fetch` over HTTP(S); redirects are refused. total_s: how long one exchange may take."""

    def __init__(self, reach: Reach, *, total_s: float = TOTAL_S, resolve: Resolve = system_addresses) -> None:
        self._total_s = total_s
        self._connections = Connections(reach=reach, resolve=resolve, tls=_tls)

    def __call__(
        self,
        url: str,
        *,
        body: bytes | None = None,
        content_type: str | None = None,
        max_bytes: int,
        within_s: float | None = None,
    ) -> bytes:
        """The body of the answer 200. within_s: for this exchange, where it is to be shorter. Raises NotFetched."""
        total_s = self._total_s if within_s is None else min(within_s, self._total_s)
        status, answer = self._exchange(
            url, body, content_type, lambda status: max_bytes if status == 200 else 0, total_s=total_s
        )
        if status != 200:
            raise NotFetched("answer-refused", f"status {status}")
        return answer

    def ask(self, url: str, body: bytes, *, max_bytes: int) -> tuple[int, bytes]:
        """Status and body of the answer to a POST of plain text, whatever the status. Raises NotFetched."""
        return self._exchange(url, body, "text/plain; charset=utf-8", lambda _: max_bytes, total_s=self._total_s)

    def _exchange(
        self, url: str, body: bytes | None, content_type: str | None, wanted: Callable[[int], int], *, total_s: float
    ) -> tuple[int, bytes]:
        fields = {"User-Agent": f"sealpost/{VERSION}", "Accept-Encoding": "identity"}
        if content_type is not None:
            fields["Content-Type"] = content_type
        try:
            answer = self._connections.exchange(
                url, fields, body, authority=None, total_s=total_s, wanted=lambda status, _: wanted(status)
            )
        except (AddressRefused, TlsFailed):
            raise NotFetched("not-reachable", "no address that may be connected to") from None
        except AnswerTooLarge:
            raise NotFetched("answer-too-large", "more bytes than are wanted") from None
        except (BadAnswer, OSError):
            raise NotFetched("not-reachable", "no answer in time") from None
        except ValueError:
            raise NotFetched("answer-refused", "an address that is none") from None
        return answer.status, answer.body

    def close(self) -> None:
        """Close the connections that are kept."""
        self._connections.close()


def _tls(authority: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
