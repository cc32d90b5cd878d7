"""One answer of HTTP/1.1 as it comes off a connection: status, header, as much of the body as is wanted.

The grammar is httptools' (the parser of Node.js); here it is held to limits, and to one answer for one request.
Source: RFC 9110, 15.2 (interim answers); RFC 9112, 6 and 9.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

MAX_HEAD_BYTES = 64 * 1024

Wanted = Callable[[int, Mapping[bytes, str]], int]
"""Status and header (names in lower case) -> how many bytes of the body are wanted, 0 for none of it."""


class BadAnswer(Exception):
    """What came is not an answer of HTTP/1.1, or breaks off in the middle."""


class AnswerTooLarge(Exception):
    """The body is longer than wanted."""


class Answer:
    """Grows as bytes are fed. status, headers: known once `is_read`."""

    def __init__(self, wanted: Wanted) -> None:
        self.status = 0
        self.headers: dict[bytes, str] = {}
        self.is_read = False
        self._wanted = wanted
        self._limit_bytes: int | None = None
        self._body = bytearray()
        self._head_bytes = 0
        self._is_whole = False
        self._is_last = False
        self._parser = HttpResponseParser(self)

    @property
    def body(self) -> bytes:
        """The body, as far as it was wanted."""
        return bytes(self._body)

    @property
    def may_be_followed(self) -> bool:
        """Whether the connection can carry another exchange: all of this answer came, nothing else did."""
        return self._is_whole and not self._is_last

    def feed(self, data: bytes) -> None:
        """The next bytes; none at the end of the connection. Raises BadAnswer, AnswerTooLarge."""
        if not data:
            self._end()
            return
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self.is_read, self._is_last = True, True
        except HttpParserError as error:
            if not self._is_whole:
                raise BadAnswer("not an answer of HTTP/1.1") from error
            self._is_last = True
        if self._limit_bytes is None:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                raise BadAnswer("a header without end")
        elif self._limit_bytes and len(self._body) > self._limit_bytes:
            raise AnswerTooLarge

    def _end(self) -> None:
        """The connection is over: so is a body whose length was not told."""
        if self._limit_bytes is None or not {b"content-length", b"transfer-encoding"}.isdisjoint(self.headers):
            raise BadAnswer("the answer breaks off")
        self.is_read, self._is_last = True, True

    # what the parser calls

    def on_message_begin(self) -> None:
        self._is_last = self._is_whole  # nobody asked for a second one

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._is_whole:
            self.headers[name.lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self._is_whole:
            return
        self.status = self._parser.get_status_code()
        if self._is_interim():
            self.headers.clear()
            return
        self._limit_bytes = self._wanted(self.status, self.headers)
        self.is_read = not self._limit_bytes

    def on_body(self, body: bytes) -> None:
        if self._limit_bytes and not self._is_whole:
            self._body += body

    def on_message_complete(self) -> None:
        if not self._is_whole and not self._is_interim():
            self._is_last = not self._parser.should_keep_alive()  # known at this moment only
            self.is_read = self._is_whole = True

    def _is_interim(self) -> bool:
        return 100 <= self.status < 200 and self.status != 101
