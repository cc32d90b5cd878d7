"""Fetching time stamps and revocation data: one bounded exchange, and only to addresses that a push may go to.

The addresses of revocation data stand in certificates, so whoever wrote a certificate chose them.
"""

from __future__ import annotations

import socket
import ssl

import httpcore2

from gateway.addresses import Reach
from gateway.transports.deadline import AddressRefused, Deadline, DeadlineBackend, Resolve, TlsFailed, system_addresses
from gateway.version import VERSION
from signing import NotFetched

TOTAL_S = 10.0
TIMEOUTS = {"connect": 3.0, "read": 5.0, "write": 5.0, "pool": 3.0}
MAX_CONNECTIONS = 8
SCHEMES = ("http://", "https://")


class Fetching:
    """`signing.Fetch` over HTTP(S); redirects are refused. total_s: how long one exchange may take."""

    def __init__(self, reach: Reach, *, total_s: float = TOTAL_S, resolve: Resolve = system_addresses) -> None:
        self._total_s = total_s
        self._deadline = Deadline()
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._pool = httpcore2.ConnectionPool(
            ssl_context=context,
            max_connections=MAX_CONNECTIONS,
            network_backend=DeadlineBackend(self._deadline, reach, resolve),
        )

    def __call__(
        self, url: str, *, body: bytes | None = None, content_type: str | None = None, max_bytes: int
    ) -> bytes:
        """The body of the answer 200. Raises NotFetched."""
        if not url.startswith(SCHEMES):
            raise NotFetched("answer-refused", "an address that is not one of HTTP")
        headers = [("User-Agent", f"sealpost/{VERSION}"), ("Accept-Encoding", "identity")]
        if content_type is not None:
            headers.append(("Content-Type", content_type))
        self._deadline.begin(self._total_s)
        try:
            with self._pool.stream(
                "GET" if body is None else "POST",
                url,
                headers=headers,
                content=body,
                extensions={"timeout": TIMEOUTS},
            ) as response:
                if response.status != 200:
                    raise NotFetched("answer-refused", f"status {response.status}")
                return _read(response, max_bytes)
        except (AddressRefused, socket.gaierror, TlsFailed):
            raise NotFetched("not-reachable", "no address that may be connected to") from None
        except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError, OSError):
            raise NotFetched("not-reachable", "no answer in time") from None
        except (httpcore2.UnsupportedProtocol, ValueError):
            raise NotFetched("answer-refused", "an address that is none") from None

    def close(self) -> None:
        """Close the connections that are kept."""
        self._pool.close()


def _read(response: httpcore2.Response, max_bytes: int) -> bytes:
    body = bytearray()
    for chunk in response.iter_stream():
        body += chunk
        if len(body) > max_bytes:
            raise NotFetched("answer-too-large", f"more than {max_bytes} bytes")
    return bytes(body)
