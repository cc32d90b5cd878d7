"""Connections that have an end: heads come soon and are small, answers are read soon, and who is answered early does
not send for ever.

uvicorn's own protocol waits for a head as long as the client likes, and for it to read; and it reads what comes after
an early answer.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from asyncio import TimerHandle
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MAX_CONNECTIONS = 2000  # of one process; each may keep 64 KiB waiting
MAX_HEAD_BYTES = 64 * 1024
LINGER_S = 5.0
_AT_ONCE = struct.pack("ii", 1, 0)  # what SO_LINGER takes: on, for no time
_NOTHING = b"Content-Length: 0\r\nConnection: close\r\n\r\n"
_FULL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\n" + _NOTHING
_HEAD_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\n" + _NOTHING


class _Joined:
    """A transport that sends the head of an answer with its body, in one system call and mostly one packet.

    uvicorn writes one after the other: what is written waits for what is written next, until the loop has turned.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        self._held.append(data)
        if len(self._held) == 1:
            self._loop.call_soon(self._send)
        else:
            self._send()

    def close(self) -> None:
        self._send()
        self._transport.close()

    def _send(self) -> None:
        held, self._held = self._held, []
        if held and not self._transport.is_closing():
            self._transport.writelines(held)


class Connection(HttpToolsProtocol):
    """One client's connection.

    timeout_s: from the connection, or the first byte, to the end of the head; and for the client to take in what the
    system could not send it at once. on_end: called once it is closed.
    """

    _head_bytes: int | None = 0  # of the head that is coming; None while it is not
    _head_timer: TimerHandle | None = None
    _linger_timer: TimerHandle | None = None
    _reader_timer: TimerHandle | None = None

    def __init__(self, *, timeout_s: float, on_end: Callable[[], None], **uvicorns: Any) -> None:
        super().__init__(**uvicorns)
        self._timeout_s = timeout_s
        self._on_end = on_end

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast(asyncio.Transport, _Joined(transport, self.loop)))
        transport.set_write_buffer_limits(high=0)  # to be told of whatever waits to be read
        if len(self.connections) > MAX_CONNECTIONS:
            self._end(_FULL)
        else:
            self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_has_come()
        self._stop_lingering()
        self._is_read()
        super().connection_lost(exc)
        self._on_end()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reader_timer = self.loop.call_later(self._timeout_s, self._cut_off)

    def resume_writing(self) -> None:
        self._is_read()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_bytes is None and self._is_between_requests():
            self._head_bytes = 0  # blank lines before a request line: nothing has begun for the parser
        if self._head_bytes is not None:
            self._head_bytes += len(data)
            self._wait_for_head()
            if self._head_bytes > MAX_HEAD_BYTES:
                self._end(_HEAD_TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._head_bytes is None:
            self._head_bytes = 0

    def on_headers_complete(self) -> None:
        self._head_has_come()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._stop_lingering()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Answered before the body was sent whole: it may be, for a while, so that the client reads the answer."""
        super().on_response_complete()
        if self.cycle.response_complete and self.cycle.more_body and not self.transport.is_closing():
            self._stop_lingering()
            self._linger_timer = self._later(LINGER_S)

    def _is_between_requests(self) -> bool:
        last = cast(RequestResponseCycle | None, self.cycle)  # None at first
        return last is not None and last.response_complete and not last.more_body

    def _wait_for_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self._later(self._timeout_s)

    def _head_has_come(self) -> None:
        self._head_bytes = None
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _is_read(self) -> None:
        if self._reader_timer is not None:
            self._reader_timer.cancel()
            self._reader_timer = None

    def _stop_lingering(self) -> None:
        if self._linger_timer is not None:
            self._linger_timer.cancel()
            self._linger_timer = None

    def _later(self, seconds: float) -> TimerHandle:
        return self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _cut_off(self) -> None:
        """Close the connection, and keep nothing of what the client did not read: the system would, for minutes."""
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.transport.abort()

    def _end(self, answer: bytes) -> None:
        self.transport.write(answer)
        self.transport.close()
