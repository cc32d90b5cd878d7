"""Puts the HTTP face together."""

from __future__ import annotations

import uuid

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.api import cases, conversions, mailboxes, operations, paper, parties, problems, submissions
from gateway.assembly import Gateway
from gateway.version import VERSION

MAX_BODY_BYTES = 2 * 1024 * 1024  # of anything; what is read as XML has lower limits of its own


class _Boundary:
    """What holds for every exchange: a body has an end, an answer carries a trace id of our own and is kept in no
    cache, and no error goes past here.

    The server behind would log an error with its message, which may hold values.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        received, started = 0, False

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY_BYTES:
                raise HTTPException(413)
            return message

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [
                    *message["headers"],
                    (b"belgov-trace-id", str(uuid.uuid4()).encode()),
                    (b"cache-control", b"no-store"),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        try:
            await self._app(scope, receive_within_limit, send_with_headers)
        except ClientDisconnect:
            return  # nobody is there to be answered, and nothing was done
        except Exception as error:  # noqa: BLE001 -- the boundary: answered and logged without its message
            answer = problems.unknown(error)
            if not started:
                await answer(scope, receive, send_with_headers)


def create_app(gateway: Gateway) -> FastAPI:
    """The ASGI application over an assembled gateway. It opens and closes nothing."""
    app = FastAPI(title="Sealpost", version=VERSION, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.gateway = gateway
    problems.install(app)
    for router in (
        submissions.router,
        cases.router,
        conversions.router,
        mailboxes.router,
        parties.router,
        operations.router,
        paper.router,
        parties.public,
    ):
        app.include_router(router)
    app.add_middleware(_Boundary)
    return app
