"""Connections that have an end: strangers may open them, and need no token for it.

uvicorn waits for a head as long as the client likes, and what it limits is requests that have come. Here a connection
has a short life, whatever it does or leaves undone, and of too many the eldest makes way: a checkpoint comes and is
answered in milliseconds, so who holds connections open crowds out himself and not the logs.
"""

from __future__ import annotations

import asyncio
import time

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Connection(HttpToolsProtocol):
    """One client's connection. life_s: from its beginning to its end. most: of all that are open at once."""

    life_s = 30.0
    most = 200

    _opened_at = 0.0
    _end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._opened_at = time.monotonic()  # the loop's own clock is coarse
        self._end = self.loop.call_later(self.life_s, transport.abort)
        still_open = [each for each in self.connections if isinstance(each, Connection) and not each.is_ending]
        if len(still_open) > self.most:
            min(still_open, key=lambda each: each._opened_at).transport.abort()

    @property
    def is_ending(self) -> bool:
        """Whether nothing more will be read from it."""
        return self.transport.is_closing()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._end is not None:
            self._end.cancel()
        super().connection_lost(exc)
