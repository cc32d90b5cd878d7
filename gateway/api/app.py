"""Puts the HTTP face together."""

from __future__ import annotations

import uuid

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.api import mailboxes, parties, problems, submissions
from gateway.assembly import Gateway
from gateway.version import VERSION


class _ResponseHeaders:
    """Every answer carries a trace id of our own and is kept in no cache."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    (b"belgov-trace-id", str(uuid.uuid4()).encode()),
                    (b"cache-control", b"no-store"),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        await self._app(scope, receive, send_with_headers)


def create_app(gateway: Gateway) -> FastAPI:
    """The ASGI application over an assembled gateway. It opens and closes nothing."""
    app = FastAPI(title="Sealpost", version=VERSION, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.gateway = gateway
    problems.install(app)
    for router in (submissions.router, mailboxes.router, parties.router, parties.public):
        app.include_router(router)
    app.add_middleware(_ResponseHeaders)
    return app
