"""The server of one intake process: answers HTTP on a socket that it shares with others, until it is told to stop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import uvicorn

from gateway.api.accepting import Acceptor, Share
from gateway.api.app import create_app
from gateway.api.connections import Connection
from gateway.assembly import Gateway

FINISH_S = 25  # for requests that run when the gateway stops; the supervisor waits a little longer
ANSWER_S = 1.0  # to tell those that were cut off


class Server(uvicorn.Server):
    """A server over an assembled gateway. on_ready: called once, when it answers."""

    def __init__(
        self, gateway: Gateway, *, listening: socket.socket, share: Share, on_ready: Callable[[], None]
    ) -> None:
        self._app = create_app(gateway)
        super().__init__(
            uvicorn.Config(
                self._app,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=FINISH_S,
            )
        )
        self._timeout_s = gateway.config.request_timeout_s
        self._on_ready = on_ready
        self._acceptor = Acceptor(
            listening=listening,
            share=share,
            protocol=self._connection,
            opened=lambda: len(self.server_state.connections),
        )

    def _connection(self) -> Connection:
        return Connection(
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
            timeout_s=self._timeout_s,
            on_end=self._acceptor.tell,
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """uvicorn listens on nothing itself."""
        await super().startup([])
        self._acceptor.start()
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept nothing more, then finish what is under way."""
        self._acceptor.stop()
        self._acceptor.listening.close()
        self._app.state.waiting.end()  # who waits for a mailbox would hold up the end
        await self._acceptor.settle()  # else it would be answered on and on, and cut off in the end
        await super().shutdown([])
        if cut_off := self.server_state.tasks:
            await asyncio.wait(cut_off, timeout=ANSWER_S)  # they are answered, before the threads are waited for
        self._app.state.desk.close()
