"""Puts the HTTP face together."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import uuid_utils
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.api import (
    cases,
    conversions,
    journal,
    keys,
    mailboxes,
    operations,
    paper,
    parties,
    problems,
    renditions,
    submissions,
)
from gateway.api.load import JUDGES, JUDGES_AT_A_TOKEN, Desk
from gateway.api.waiting import Waiting
from gateway.assembly import Gateway
from gateway.version import VERSION

MAX_REQUESTS = 1000  # at once, of any sort
MAX_BODY_BYTES = 2 * 1024 * 1024  # of anything; what is read as XML has lower limits of its own


@dataclass
class _Crowd:
    """All that are answered at this moment, on whichever way."""

    running: int = 0


class _Boundary:
    """What holds for every exchange: a body has an end and comes in time, an answer carries a trace id of our own and
    is kept in no cache, no parameter of a query counts twice, and no error goes past here.

    The server behind would log an error with its message, which may hold values.
    """

    def __init__(self, app: ASGIApp, *, crowd: _Crowd, request_timeout_s: float) -> None:
        self._app = app
        self._crowd = crowd
        self._request_timeout_s = request_timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        received, started = 0, False
        due: float | None = None
        whole = False

        async def receive_within_limit() -> Message:
            nonlocal received, due, whole
            if whole:
                return await receive()
            due = due or asyncio.get_running_loop().time() + self._request_timeout_s
            try:
                async with asyncio.timeout_at(due):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, headers={"Connection": "close"}) from None
            whole = not message.get("more_body", False)
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
                    (b"belgov-trace-id", str(uuid_utils.uuid4()).encode()),
                    (b"cache-control", b"no-store"),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        refusal = problems.full() if self._crowd.running >= MAX_REQUESTS else problems.repeated(scope["query_string"])
        if refusal is not None:
            await refusal(scope, receive, send_with_headers)
            return
        self._crowd.running += 1
        try:
            await self._app(scope, receive_within_limit, send_with_headers)
        except ClientDisconnect:
            return  # nobody is there to be answered, and nothing was done
        except asyncio.CancelledError:  # the time for what runs is over: it is not known what comes of it
            if not started:
                await problems.closing()(scope, receive, send_with_headers)
        except Exception as error:  # noqa: BLE001 -- the boundary: answered and logged without its message
            answer = problems.unknown(error)
            if not started:
                await answer(scope, receive, send_with_headers)
        finally:
            self._crowd.running -= 1


class _Api(FastAPI):
    """FastAPI, and a way past all of its layers for forms that are handed in."""

    short_way: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if submissions.ShortWay.takes(scope):
            scope["app"] = self
            await self.short_way(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(gateway: Gateway) -> FastAPI:
    """The ASGI application over an assembled gateway. It opens and closes nothing."""
    app = _Api(
        title="Sealpost",
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.gateway = gateway
    in_token = not isinstance(gateway.config.identity, Path)
    app.state.desk = Desk(judges=JUDGES_AT_A_TOKEN if in_token else JUDGES)
    app.state.waiting = Waiting(look=gateway.mailboxes.look)
    problems.install(app)
    for router in (
        submissions.router,
        cases.router,
        conversions.router,
        mailboxes.router,
        parties.router,
        operations.router,
        paper.router,
        journal.router,
        journal.public,
        parties.public,
        renditions.router,
        keys.public,
    ):
        app.include_router(router)
    boundary = partial(_Boundary, crowd=_Crowd(), request_timeout_s=gateway.config.request_timeout_s)
    app.add_middleware(boundary)
    app.short_way = boundary(submissions.ShortWay())
    return app
