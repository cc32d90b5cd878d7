"""Connections to checked addresses only, with one deadline over a whole exchange.

A timeout of the HTTP library begins anew with every byte that comes, so that a server that sends one byte a second
would hold a pusher for days.

A name is looked up once, all its addresses are checked, and exactly those are connected to: who answers differently at
a second look is never asked a second time. The name stays the one that the certificate must carry.
"""

from __future__ import annotations

import math
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpcore2

from gateway.addresses import Reach

Resolve = Callable[[str, int], Sequence[str]]  # host and port -> addresses; raises OSError
MAX_ADDRESSES = 4  # so many of a host are tried


class AddressRefused(Exception):
    """The name leads, or also leads, where a push may not go."""


class TlsFailed(httpcore2.NetworkError):
    """The two sides did not agree on TLS: a certificate that one of them refuses, too old a version."""


def system_addresses(host: str, port: int) -> Sequence[str]:
    """The addresses of a host as this machine finds them, each once. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


class Deadline(threading.local):
    """The end of the exchange that this thread is having, in monotonic seconds."""

    at_s = math.inf

    def begin(self, total_s: float) -> None:
        """From now on this thread has `total_s` seconds."""
        self.at_s = time.monotonic() + total_s

    def cap(self, timeout: float | None) -> float:
        """What is left of `timeout`. Raises httpcore2.ReadTimeout when nothing is."""
        left = self.at_s - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout("the time for the whole exchange is over")
        return left if timeout is None else min(left, timeout)


class DeadlineBackend(httpcore2.NetworkBackend):
    """Connections whose every wait ends at the deadline, to addresses within reach."""

    def __init__(self, deadline: Deadline, reach: Reach, resolve: Resolve) -> None:
        self._deadline = deadline
        self._reach = reach
        self._resolve = resolve
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        addresses = self._resolve(host, port)
        if not addresses:
            raise httpcore2.ConnectError("the name has no address")
        if not all(self._reach.permits(address) for address in addresses):
            raise AddressRefused
        *others, last = addresses[:MAX_ADDRESSES]
        for address in others:
            try:
                return self._connect(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return self._connect(last, port, timeout, local_address, socket_options)

    def _connect(
        self,
        address: str,
        port: int,
        timeout: float | None,
        local_address: str | None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None,
    ) -> httpcore2.NetworkStream:
        stream = self._sockets.connect_tcp(address, port, self._deadline.cap(timeout), local_address, socket_options)
        return _DeadlineStream(stream, self._deadline)


class _DeadlineStream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _tls_told():  # a server that speaks TLS 1.3 refuses our certificate after the handshake
            return self._stream.read(max_bytes, self._deadline.cap(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.cap(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        with _tls_told():
            stream = self._stream.start_tls(ssl_context, server_hostname, self._deadline.cap(timeout))
        return _DeadlineStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


@contextmanager
def _tls_told() -> Iterator[None]:
    """Tells TlsFailed from other trouble; a connection that just ended is other trouble."""
    try:
        yield
    except httpcore2.NetworkError as error:
        cause = error.__cause__
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            raise TlsFailed from cause
        raise
