"""HTTP around the memory: logs post their checkpoints to `/add-checkpoint`, and get a line that says what was seen.

The order of the checks is that of C2SP tlog-witness: 404 for a log that is not known here, 403 for a checkpoint that it
did not sign, 409 with the size that is remembered here for a proof that begins elsewhere, 422 for one that proves
nothing. Only then is the checkpoint remembered, and only then signed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from signing import (
    NoteKey,
    NoteSigner,
    SignedCheckpoint,
    VerificationFailed,
    cosign,
    read_checkpoint,
    verify_consistency,
)
from witness.memory import Memory
from witness.requests import MAX_BODY_BYTES, AddCheckpoint, Malformed, parse_request

logger = logging.getLogger("witness")

SIZE = "text/x.tlog.size"
BODY_S = 10.0


class Refused(Exception):
    """What is not cosigned, with the status that says why. size: what is remembered here, where that is the reason."""

    def __init__(self, status: int, reason: str, size: int | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.size = size


class Witness:
    """Signs for the logs that it knows. signer: on Ed25519; its name is the witness's."""

    def __init__(
        self,
        *,
        signer: NoteSigner,
        logs: Mapping[str, NoteKey],
        memory: Memory,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._signer = signer
        self._logs = logs
        self._memory = memory
        self._clock = clock

    def add_checkpoint(self, body: bytes) -> bytes:
        """The line by which this witness cosigns. Raises Refused; OSError when it could not be remembered."""
        try:
            asked = parse_request(body)
        except Malformed:
            raise Refused(400, "not a request of this protocol") from None
        log = self._logs.get(asked.origin)
        if log is None:
            raise Refused(404, "a log that is not known here")
        signed = _signed(asked, log)
        if asked.old > signed.checkpoint.size:
            raise Refused(400, "an old size above the new one")
        with self._memory.turn():
            self._extends(asked, log, signed)
            self._memory.remember(log, asked.note)
        logger.info("%s %d", log.name, signed.checkpoint.size)
        return cosign(asked.note, signer=self._signer, at=self._clock())

    def _extends(self, asked: AddCheckpoint, log: NoteKey, signed: SignedCheckpoint) -> None:
        """Check that the checkpoint extends the last one that was signed here. Raises Refused."""
        try:
            last = self._memory.last(log)
        except VerificationFailed as failure:
            reason = f"what is remembered of this log cannot be used ({failure.code})"
            raise Refused(500, reason) from failure
        new = signed.checkpoint
        if asked.old != last.size or (new.size == last.size and new.root != last.root):
            raise Refused(409, "another size, or root, is remembered here", last.size)
        try:
            verify_consistency(last.size, last.root, new.size, new.root, asked.proof)
        except VerificationFailed:
            logger.warning("%s: %d does not extend %d", log.name, new.size, last.size)
            raise Refused(422, "the proof does not show that this extends what was signed before") from None


def _signed(asked: AddCheckpoint, log: NoteKey) -> SignedCheckpoint:
    try:
        return read_checkpoint(asked.note, log=log)
    except VerificationFailed as failure:
        status = 400 if failure.code == "checkpoint-unreadable" else 403
        raise Refused(status, "not a checkpoint that this log has signed") from None


def create_app(witness: Witness, *, body_s: float = BODY_S) -> Starlette:
    """The witness as an ASGI application. body_s: how long a request may take to come; strangers may send them."""

    async def add_checkpoint(request: Request) -> Response:
        try:
            async with asyncio.timeout(body_s):
                body = await _body(request)
        except TimeoutError:
            return PlainTextResponse("too slow\n", status_code=408, headers={"Connection": "close"})
        if body is None:
            return PlainTextResponse("too large\n", status_code=413)
        try:
            line = await run_in_threadpool(witness.add_checkpoint, body)
        except Refused as refused:
            if refused.status == 500:
                logger.exception("nothing is signed")
            if refused.size is not None:
                return Response(f"{refused.size}\n", status_code=refused.status, headers={"Content-Type": SIZE})
            return PlainTextResponse(f"{refused.reason}\n", status_code=refused.status)
        except OSError:
            logger.exception("the memory failed; nothing is signed")
            return PlainTextResponse("try again\n", status_code=503)
        return PlainTextResponse(line)

    return Starlette(routes=[Route("/add-checkpoint", add_checkpoint, methods=["POST"])])


async def _body(request: Request) -> bytes | None:
    """The whole body, or None as soon as it is over the limit."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return None
    return bytes(body)
