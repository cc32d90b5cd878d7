"""Forms as PDF, and the public check that a print leads to. Nothing is kept."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from gateway.api.access import Caller, Language, TheGateway, announced_bytes, read_xml
from gateway.api.load import TheDesk
from gateway.api.negotiation import best_of, ranges
from gateway.api.pages.receipts import headers, receipts_page
from gateway.api.problems import problem
from gateway.api.wire import NoQuery, ReceiptQuery
from gateway.assembly import Gateway
from gateway.forms.findings import Rejected
from gateway.forms.parsing import ABSOLUTE_LIMITS
from gateway.forms.report import finding_to_json
from gateway.model import Party
from gateway.public_check import PATH, check_url
from gateway.rendition import render
from signing import sign_pdf

PDF = "application/pdf"
_OFFERED = {"html": "text/html", "json": "application/json"}

router = APIRouter()


@router.post(
    "/v1/renditions",
    operation_id="render",
    response_class=Response,
    responses={200: {"content": {PDF: {}}}},
)
async def create(
    request: Request, gateway: TheGateway, desk: TheDesk, party: Caller, lang: Language, _: Annotated[NoQuery, Query()]
) -> Response:
    """Print a form, signed or a draft, as PDF in the language that Accept-Language asks for.

    One that was taken in from the caller, or for it, bears the service's seal (PAdES B-B), and where the gateway says
    where it is found a code that leads to its public check. Nothing else is sealed: whoever has a token could print it.
    """
    try:
        with desk.place(party.id, announced_bytes(request, limit=ABSOLUTE_LIMITS.max_bytes)):
            raw = await read_xml(request, limit=ABSOLUTE_LIMITS.max_bytes)
            made = await desk.print(_print, gateway, party, raw, lang)
    except Rejected as rejection:
        words = rejection.messages or gateway.validator.catalogue.messages
        issues = [finding_to_json(finding, words, lang) for finding in rejection.findings]
        detail = "Correct what the issues name and send it again."
        return problem(422, "not-printable", "The document cannot be printed", detail, issues=issues)
    told = {
        "Content-Language": lang,
        "Content-Disposition": 'attachment; filename="form.pdf"',
        "Vary": "Accept-Language",
    }
    return Response(made, media_type=PDF, headers=told)


def _print(gateway: Gateway, party: Party, raw: bytes, language: str) -> bytes:
    identified = gateway.validator.identify(raw)
    digest = identified.document.sha256
    accepted = None
    if identified.document_id is not None:
        accepted = gateway.status.accepted(party, identified.document_id, digest)
    base = gateway.config.public_url
    address = None if base is None or accepted is None else check_url(base, accepted, digest)
    made = render(identified, catalogue=gateway.catalogue, language=language, check_url=address)
    if accepted is None:
        return made
    at = gateway.clock.now()
    return sign_pdf(made, identity=gateway.witness.keys.at(at), at=at)


@router.get(
    PATH,
    operation_id="checkReceipt",
    response_class=Response,
    responses={200: {"content": {media_type: {} for media_type in _OFFERED.values()}}},
)
async def check(
    request: Request, gateway: TheGateway, desk: TheDesk, lang: Language, query: Annotated[ReceiptQuery, Query()]
) -> Response:
    """Whether the counter accepted a document or issued evidence, for who knows its number and digest. No token."""
    wanted = best_of(_OFFERED, ranges(request.headers.getlist("Accept")))
    asked = bool(query.record and query.digest)
    with desk.visit():
        confirmed = await desk.work(gateway.public_check.confirm, query.record, query.digest) if asked else None
    language = query.lang or lang
    if wanted == "json":
        return JSONResponse({"confirmed": confirmed is not None, **({"what": confirmed} if confirmed else {})})
    page = receipts_page(asked=asked, confirmed=confirmed, record=query.record, digest=query.digest, language=language)
    return Response(page, media_type="text/html; charset=utf-8", headers=headers(language))
