"""Connections to checked addresses only, with one deadline over a whole exchange, kept for a moment for the next one.

A name is looked up once, all its addresses are checked, and exactly those are connected to: who answers differently at
a second look is never asked a second time. The name stays the one that the certificate must carry.

Sockets and httptools instead of an HTTP library: a push is one request of one shape, and the library's generality cost
more than everything else in a delivery together.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from gateway.addresses import Reach
from gateway.transports.answers import Answer, Wanted
from gateway.transports.names import Names, Resolve

MAX_ADDRESSES = 4  # so many of a host are tried
CONNECT_S, WAIT_S = 5.0, 10.0  # for a name, or a connection; for the next bytes
KEPT_FOR_S, SWEEP_S = 4.0, 1.0  # many servers hang up after five seconds: not in the same moment
CHUNK_BYTES = 64 * 1024
_PORTS = {"http": 80, "https": 443}


class AddressRefused(Exception):
    """The name leads, or also leads, where a push may not go."""


class TlsFailed(Exception):
    """The two sides did not agree on TLS: a certificate that one of them refuses, too old a version."""


@dataclass(frozen=True)
class Place:
    """Where a request goes. named: as the Host field says it. target: as the request line says it."""

    scheme: str
    host: str
    port: int
    named: str
    target: str


@lru_cache(maxsize=1024)
def place_of(url: str) -> Place:
    """The place of an http(s) address. Raises ValueError for what is none, or cannot be spelled in a request."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    if parts.scheme not in _PORTS or not host:
        raise ValueError("not an http(s) address")
    named = f"[{host}]" if ":" in host else host
    if port is not None and port != _PORTS[parts.scheme]:
        named = f"{named}:{port}"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not all("!" <= letter <= "~" for letter in named + target):
        raise ValueError("a character that cannot stand in a request")
    return Place(scheme=parts.scheme, host=host, port=port or _PORTS[parts.scheme], named=named, target=target)


class _Deadline:
    """The end of one exchange. A socket's own time-out begins anew with every byte that comes, so that a server that
    sends one byte a second would hold a pusher for days."""

    def __init__(self, total_s: float) -> None:
        self._at_s = time.monotonic() + total_s

    def hold(self, connection: socket.socket, longest_s: float) -> None:
        """Let the next wait of the connection end in time."""
        connection.settimeout(self.cap(longest_s))

    def cap(self, longest_s: float) -> float:
        """What is left, at most `longest_s`. Raises TimeoutError when nothing is."""
        left = self._at_s - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for the whole exchange is over")
        return min(left, longest_s)


class Connections:
    """Exchanges over connections of our own. Safe to share between threads.

    tls: the context for a certificate authority (PEM; None for those of the system).
    """

    def __init__(self, *, reach: Reach, resolve: Resolve, tls: Callable[[str | None], ssl.SSLContext]) -> None:
        self._reach = reach
        self._names = Names(resolve)
        self._tls = tls
        self._contexts: dict[str | None, ssl.SSLContext] = {}
        self._idle: dict[tuple[str, str, int, str | None], list[tuple[float, socket.socket]]] = {}
        self._sweep_at = 0.0
        self._lock = threading.Lock()

    def exchange(
        self,
        url: str,
        fields: Mapping[str, str],
        body: bytes | None,
        *,
        authority: str | None,
        total_s: float,
        wanted: Wanted,
    ) -> Answer:
        """The answer to a POST, or without a body to a GET.

        fields: of the header, beside Host and Content-Length. authority: see `tls`.

        Raises AddressRefused, TlsFailed, BadAnswer, AnswerTooLarge, TimeoutError, OSError; ValueError for an address
        that cannot be asked.
        """
        deadline, place = _Deadline(total_s), place_of(url)
        lines = {"Host": place.named, **fields}
        if body is not None:
            lines["Content-Length"] = str(len(body))
        header = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        head = f"{'GET' if body is None else 'POST'} {place.target} HTTP/1.1\r\n{header}\r\n"
        key = (place.scheme, place.host, place.port, authority)
        connection = self._kept(key) or self._connected(place, authority, deadline)
        answer = Answer(wanted)
        try:
            _converse(connection, head.encode("ascii") + (body or b""), answer, deadline)
        finally:
            self._give_back(key, connection, is_good=answer.may_be_followed)
        return answer

    def close(self) -> None:
        """Close the connections that are kept."""
        with self._lock:
            for kept in self._idle.values():
                for _, connection in kept:
                    connection.close()
            self._idle.clear()

    def _kept(self, key: tuple[str, str, int, str | None]) -> socket.socket | None:
        """A connection that is still good: not too old, and nobody hung up or spoke out of turn."""
        oldest = time.monotonic() - KEPT_FOR_S
        with self._lock:
            kept = self._idle.get(key, [])
            while kept:
                since, connection = kept.pop()
                if since > oldest and not _has_something_to_read(connection):
                    return connection
                connection.close()
        return None

    def _give_back(self, key: tuple[str, str, int, str | None], connection: socket.socket, *, is_good: bool) -> None:
        now = time.monotonic()
        with self._lock:
            if is_good:
                self._idle.setdefault(key, []).append((now, connection))
            if now >= self._sweep_at:
                self._sweep_at = now + SWEEP_S
                self._sweep(now - KEPT_FOR_S)
        if not is_good:
            connection.close()

    def _sweep(self, oldest: float) -> None:
        """Close what was kept too long; the lock is held."""
        for key, kept in list(self._idle.items()):  # the oldest stand first
            while kept and kept[0][0] <= oldest:
                kept.pop(0)[1].close()
            if not kept:
                del self._idle[key]

    def _connected(self, place: Place, authority: str | None, deadline: _Deadline) -> socket.socket:
        connection = self._reached(place, deadline)
        if place.scheme == "http":
            return connection
        try:
            deadline.hold(connection, CONNECT_S)
            return self._context(authority).wrap_socket(connection, server_hostname=place.host)
        except OSError as error:
            connection.close()
            _tell_tls(error)
            raise

    def _reached(self, place: Place, deadline: _Deadline) -> socket.socket:
        addresses = self._names.addresses(place.host, place.port, within_s=deadline.cap(CONNECT_S))
        if not addresses:
            raise ConnectionError("the name has no address")
        if not all(self._reach.permits(address) for address in addresses):
            raise AddressRefused
        *others, last = addresses[:MAX_ADDRESSES]
        for address in others:
            with suppress(OSError):
                return _connect(address, place.port, deadline)
        return _connect(last, place.port, deadline)

    def _context(self, authority: str | None) -> ssl.SSLContext:
        with self._lock:
            if authority not in self._contexts:
                self._contexts[authority] = self._tls(authority)
            return self._contexts[authority]


def _has_something_to_read(connection: socket.socket) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))


def _connect(address: str, port: int, deadline: _Deadline) -> socket.socket:
    connection = socket.create_connection((address, port), deadline.cap(CONNECT_S))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _converse(connection: socket.socket, request: bytes, answer: Answer, deadline: _Deadline) -> None:
    """Send the request, read the answer as far as it is wanted."""
    try:
        deadline.hold(connection, WAIT_S)
        with suppress(BrokenPipeError, ConnectionResetError):  # a server may answer before it has read everything
            connection.sendall(request)
        while not answer.is_read:
            deadline.hold(connection, WAIT_S)
            answer.feed(connection.recv(CHUNK_BYTES))
    except ssl.SSLError as error:  # a server that speaks TLS 1.3 refuses our certificate after the handshake
        _tell_tls(error)
        raise


def _tell_tls(error: OSError) -> None:
    """Raises TlsFailed for trouble with TLS; a connection that just ended is other trouble."""
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        raise TlsFailed from error
