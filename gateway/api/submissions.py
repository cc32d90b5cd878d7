"""Hand in forms, ask how they fare, read what proves it; and validate without handing in."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, assert_never
from urllib.parse import quote

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from gateway.api.access import (
    Caller,
    Language,
    TheGateway,
    announced_bytes,
    caller,
    gateway_of,
    holder,
    language,
    read_draft,
    read_xml,
    token_of,
)
from gateway.api.load import Desk, TheDesk, desk_at
from gateway.api.negotiation import best_of, ranges
from gateway.api.problems import EXPECTED, answer_to, problem, refusal
from gateway.api.wire import KEY_SIGN, MOST_KEY_SIGNS, NoQuery, SubmissionsPage
from gateway.assembly import Gateway
from gateway.errors import Unreadable
from gateway.forms.parsing import ABSOLUTE_LIMITS
from gateway.forms.reports import FORMATS, Judged, render
from gateway.forms.reports.html import content_security_policy
from gateway.idempotency import Accepted
from gateway.intake import Decision, Rejected, StillRunning
from gateway.model import EvidenceId, Party, PartyId, SubmissionId
from gateway.ports import Collected
from gateway.resources import submission_href
from gateway.vouching import Unasked
from signing import CONTAINER_MEDIA_TYPE

router = APIRouter(prefix="/v1")

XML = "application/xml"
SEALED = "application/pkcs7-mime"
TWIN_PATIENCE_S, TWIN_PAUSE_S = 0.3, 0.02  # judging takes a few hundredths of a second; then the first has its answer
_PATH = f"{router.prefix}/submissions"
_KEY_HEADER = b"idempotency-key"
_KEY = re.compile(f"{KEY_SIGN}{{1,{MOST_KEY_SIGNS}}}")
IdempotencyKey = Annotated[str | None, Header(min_length=1, max_length=MOST_KEY_SIGNS, pattern=f"^{KEY_SIGN}+$")]


@router.post("/submissions", status_code=201, operation_id="createSubmission")
async def create(
    request: Request,
    gateway: TheGateway,
    desk: TheDesk,
    party: Caller,
    lang: Language,
    _: Annotated[NoQuery, Query()],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Hand in a signed form. 201 with the first answer; the same again gets the same answer with 200.

    202 for the same again while the first is being judged, with the place that tells how it fares.
    """
    return await _hand_in(request, gateway, desk, party.id, lambda: party, key=idempotency_key, language=lang)


async def _hand_in(
    request: Request,
    gateway: Gateway,
    desk: Desk,
    party: PartyId,
    sender: Callable[[], Party],
    *,
    key: str | None,
    language: str,
) -> Response:
    """`create`, in a place of that party. sender: finds it where the form is judged; may raise NotAuthenticated."""
    if len(set(request.headers.getlist("idempotency-key"))) > 1:
        raise Unreadable("idempotency-key-ambiguous", "one handing in has one key")
    key = None if key is None else _meant(key)
    with desk.place(party, announced_bytes(request, limit=ABSOLUTE_LIMITS.max_bytes)):
        raw = await read_xml(request, limit=ABSOLUTE_LIMITS.max_bytes)
        outcome = await _accept(desk, gateway, raw, sender=sender, key=key, language=language)
    match outcome:
        case Accepted():
            return _answer(outcome)
        case Rejected():
            return refusal(outcome, language)
        case StillRunning():
            return _still_running(outcome)
        case unreachable:
            assert_never(unreachable)


class ShortWay:
    """The way of a form past FastAPI, whose own to `create` costs more than all else that the loop does for it."""

    def __init__(self) -> None:
        self._owners: dict[str, PartyId] = {}  # of tokens that were good

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that goes this way."""
        try:
            answer = await self._create(Request(scope, receive))
        except EXPECTED as error:
            answer = answer_to(error)
        await answer(scope, receive, send)

    async def _create(self, request: Request) -> Response:
        """`create`. A token that was good has a place at once, and is asked about where its form is judged: that spares
        a form one of two ways through a thread. It is one party's or nobody's, so the place is that of its owner."""
        gateway, desk, token = await gateway_of(request), desk_at(request), token_of(request)
        owner = self._owners.get(token) or (await caller(request)).id
        try:
            answer = await _hand_in(
                request,
                gateway,
                desk,
                owner,
                partial(holder, gateway.store, token),
                key=request.headers.get("Idempotency-Key"),
                language=await language(request),
            )
        except BaseException:
            self._owners.pop(token, None)
            raise
        self._owners[token] = owner
        return answer

    @staticmethod
    def takes(scope: Scope) -> bool:
        """Whether the request goes this way: FastAPI would have nothing to say against it. It goes on to judge, and to
        describe, the others."""
        return (
            scope["type"] == "http"
            and scope["method"] == "POST"
            and scope["path"] == _PATH
            and not scope["query_string"]
            and all(_KEY.fullmatch(value.decode("latin-1")) for name, value in scope["headers"] if name == _KEY_HEADER)
        )


async def _accept(
    desk: Desk, gateway: Gateway, raw: bytes, *, sender: Callable[[], Party], key: str | None, language: str
) -> Decision:
    """What comes of it; a twin of what is being judged waits a moment for that."""
    loop = asyncio.get_running_loop()
    patient_until = loop.time() + TWIN_PATIENCE_S
    answers: dict[tuple[bytes, ...], Collected] = {}

    while True:
        judging = gateway.intake.judge(raw, sender=sender, idempotency_key=key, language=language, answers=answers)
        try:
            outcome = await desk.judge(judging, size_bytes=len(raw))
        except Unasked as first:
            answers[first.path] = await desk.ask(first.ask)
            continue
        if not isinstance(outcome, StillRunning) or loop.time() > patient_until:
            return outcome
        await asyncio.sleep(TWIN_PAUSE_S)


def _meant(key: str) -> str:
    """A key as its sender means it: quoted like a structured string (RFC 9651, 3.3.3), or as it stands."""
    return key.strip('"')


def _answer(accepted: Accepted) -> Response:
    return Response(
        accepted.answer,
        status_code=200 if accepted.repeated else 201,
        media_type="application/json",
        headers={"Location": submission_href(accepted.submission_id)},
    )


def _still_running(running: StillRunning) -> Response:
    href = f"/v1/submissions?idempotencyKey={quote(running.key, safe='')}"
    headers = {"Location": href, "Retry-After": "1"}
    if running.digest is not None:
        detail = "other bytes are being judged under this key; hand other bytes in under another key"
        return problem(
            409,
            "idempotency-key-running",
            "In conflict with what runs",
            detail,
            headers=headers,
            firstDigest=running.first_digest,
            digest=running.digest,
            href=href,
        )
    return JSONResponse({"state": "running", "idempotencyKey": running.key, "href": href}, 202, headers=headers)


@router.get("/submissions", operation_id="listSubmissions")
def index(gateway: TheGateway, party: Caller, page: Annotated[SubmissionsPage, Query()]) -> dict[str, Any]:
    """The caller's own submissions, oldest first; or the one that was handed in under a key, and whether one is being
    judged now."""
    if page.idempotency_key is not None:
        key = _meant(page.idempotency_key)
        running = gateway.intake.is_running(party, key)  # first: it may end in between
        return {"items": gateway.status.under_key(party, key), "running": running}
    items, cursor = gateway.status.submissions(party, after=int(page.after), limit=page.limit)
    return page.of(items, cursor, "/v1/submissions")


@router.get("/submissions/{submission_id}", operation_id="getSubmission")
def read(
    submission_id: str, gateway: TheGateway, party: Caller, lang: Language, _: Annotated[NoQuery, Query()]
) -> dict[str, Any]:
    """A submission as it stands now."""
    return gateway.status.submission(party, SubmissionId(submission_id), language=lang)


@router.get("/submissions/{submission_id}/deliveries", operation_id="listDeliveries")
def deliveries(
    submission_id: str, gateway: TheGateway, party: Caller, lang: Language, _: Annotated[NoQuery, Query()]
) -> dict[str, Any]:
    """The copies of a submission: all for its sender, its own for a recipient."""
    return {"items": gateway.status.deliveries(party, SubmissionId(submission_id), language=lang)}


@router.get("/submissions/{submission_id}/evidence", operation_id="listEvidence")
def evidence_list(
    submission_id: str, gateway: TheGateway, party: Caller, _: Annotated[NoQuery, Query()]
) -> dict[str, Any]:
    """What proves the course of a submission."""
    return {"items": gateway.status.evidence_list(party, SubmissionId(submission_id))}


@router.get(
    "/submissions/{submission_id}/evidence-package",
    operation_id="getEvidencePackage",
    response_class=Response,
    responses={200: {"content": {CONTAINER_MEDIA_TYPE: {}}}},
)
def evidence_package(
    submission_id: str, gateway: TheGateway, party: Caller, _: Annotated[NoQuery, Query()]
) -> Response:
    """All that proves the course of a submission, in one file that anyone can check offline; without the form."""
    raw = gateway.packages.package_of(party, SubmissionId(submission_id))
    return Response(raw, media_type=CONTAINER_MEDIA_TYPE)


@router.get("/evidence/{evidence_id}", operation_id="getEvidence", response_class=Response)
def evidence(evidence_id: str, gateway: TheGateway, party: Caller, _: Annotated[NoQuery, Query()]) -> Response:
    """One signed statement of the service."""
    return Response(gateway.status.evidence(party, EvidenceId(evidence_id)).raw, media_type=XML)


@router.get("/evidence/{evidence_id}/receipt", operation_id="getReceipt", response_class=Response)
def receipt(evidence_id: str, gateway: TheGateway, party: Caller, _: Annotated[NoQuery, Query()]) -> Response:
    """The recipient's own signed receipt that the statement rests on."""
    return Response(gateway.status.receipt(party, EvidenceId(evidence_id)).raw, media_type=XML)


@router.get("/evidence/{evidence_id}/proof", operation_id="getPostProof", response_class=Response)
def proof(evidence_id: str, gateway: TheGateway, party: Caller, _: Annotated[NoQuery, Query()]) -> Response:
    """The proof of the post that the statement rests on, sealed for the sender of the form."""
    return Response(gateway.status.paper_proof(party, EvidenceId(evidence_id)).sealed, media_type=SEALED)


@router.post(
    "/validations",
    operation_id="validate",
    response_class=Response,
    responses={200: {"content": {form.media_type: {} for form in FORMATS.values()}}},
)
async def validate(
    request: Request, gateway: TheGateway, desk: TheDesk, party: Caller, lang: Language, _: Annotated[NoQuery, Query()]
) -> Response:
    """Judge a form, in XML or JSON, without handing it in: 200 with the report, whatever it says. Nothing is kept.

    The report comes in the media type that Accept asks for and the language that Accept-Language asks for.
    """
    offered = {name: form.media_type for name, form in FORMATS.items()}
    wanted = best_of(offered, ranges(request.headers.getlist("Accept")))
    with desk.place(party.id, announced_bytes(request, limit=ABSOLUTE_LIMITS.max_bytes)):
        _media_type, raw = await read_draft(request, limit=ABSOLUTE_LIMITS.max_bytes)
        report = await desk.work(gateway.validator.validate, raw, received_on=gateway.clock.now())
    headers = {"Content-Language": lang, "Vary": "Accept, Accept-Language"}
    if wanted == "json":
        return JSONResponse(report.to_json(lang), headers=headers)
    if wanted == "html":
        headers["Content-Security-Policy"] = content_security_policy()
    name = report.document.document_id or report.document.form or "document"
    return Response(
        render(wanted, [Judged(name=name, report=report)], lang),
        media_type=FORMATS[wanted].media_type,
        headers=headers,
    )
