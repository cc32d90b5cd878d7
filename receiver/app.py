"""HTTP around the inbox: the gateway posts sealed envelopes to `/deliveries`.

What the gateway does with our status: 200 and a signed receipt ends the delivery; 202 makes it wait for our receipt,
and push again until that has come; 4xx (except 408, 425, 429) suspends it until a person looks; everything else is
tried again. So a full disk is a 503, and bytes that can never be opened are a 422. A signature that is not fresh is a
425, since the next try brings another; one that is not the gateway's is a 403, and its body is not even read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import assert_never

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from gateway.errors import NotAuthenticated
from gateway.push_signature import SignedPush
from receiver.config import ReceiverConfig
from receiver.inbox import Answered, Inbox, NotAnEnvelope

logger = logging.getLogger("receiver")

ENVELOPE = "application/pkcs7-mime"


def create_app(
    config: ReceiverConfig,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    later: Callable[[str], None] | None = None,
) -> FastAPI:
    """The receiver as an ASGI application.

    later: told the id of each delivery that was kept, to post its receipt; the push itself is then answered with 202.
    """
    inbox = Inbox(config=config, clock=clock)
    app = FastAPI(title="Sealpost reference receiver", openapi_url=None)

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "UP"}

    @app.post("/deliveries")
    async def deliver(request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != ENVELOPE:
            return _problem(415, "not-an-envelope", f"The body must be {ENVELOPE}")
        try:
            signed = _signed(config, request, clock())
        except NotAuthenticated as exc:
            logger.warning("refused: %s", exc.code)
            return _problem(425 if exc.code == "push-signature-not-fresh" else 403, exc.code, exc.detail)
        raw_envelope = await _body(request, limit_bytes=config.max_envelope_bytes)
        if raw_envelope is None:
            return _problem(413, "too-large", f"An envelope has at most {config.max_envelope_bytes} bytes")
        try:
            if signed is not None:
                signed.check_body(raw_envelope)
            announced = signed.delivery_id if signed is not None else None
            answer = await run_in_threadpool(inbox.take, raw_envelope, announced=announced)
        except NotAuthenticated as exc:
            logger.warning("refused: %s", exc.code)
            return _problem(403, exc.code, exc.detail)
        except OSError:  # nothing was kept for sure, so nothing is acknowledged
            logger.exception("the store failed")
            return _problem(503, "store-unavailable", "The copy could not be kept; please send it again")
        match answer:
            case Answered():
                logger.info("%s %s%s", answer.delivery_id, answer.outcome, " (again)" if answer.is_repeat else "")
                if later is not None:
                    later(answer.delivery_id)
                    return Response(status_code=202)
                return Response(answer.receipt, media_type="application/xml")
            case NotAnEnvelope():
                logger.warning("refused: %s", answer.code)
                return _problem(409 if answer.code == "delivery-id-reused" else 422, answer.code, answer.detail)
            case _:
                assert_never(answer)

    return app


def _signed(config: ReceiverConfig, request: Request, at: datetime) -> SignedPush | None:
    """The push as its signature describes it; None when this receiver does not ask for one. Raises NotAuthenticated."""
    if config.pushes is None:
        return None
    fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
    if request.url.query:
        raise NotAuthenticated("push-signature-invalid", "the address carries a query that nobody signed")
    return config.pushes.check(method=request.method, fields=fields, at=at)


async def _body(request: Request, *, limit_bytes: int) -> bytes | None:
    """The whole body, or None as soon as it is over the limit."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit_bytes:
            return None
    return bytes(body)


def _problem(status: int, code: str, detail: str) -> Response:
    problem = {"type": f"urn:problem-type:receiver:{code}", "title": detail, "status": status, "code": code}
    return JSONResponse(problem, status_code=status, media_type="application/problem+json")
