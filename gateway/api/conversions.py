"""Forms as JSON and back: a draft in JSON becomes XML to be signed, a form in XML shows as JSON. Nothing is kept."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from gateway.api.access import JSON_TYPE, Caller, Language, TheGateway, announced_bytes, read_draft
from gateway.api.load import TheDesk
from gateway.api.problems import problem
from gateway.api.wire import NoQuery
from gateway.forms.findings import Rejected
from gateway.forms.parsing import ABSOLUTE_LIMITS
from gateway.forms.report import finding_to_json
from gateway.forms.validation import Validator

router = APIRouter(prefix="/v1")


@router.post("/conversions", operation_id="convert", response_class=Response)
async def convert(
    request: Request, gateway: TheGateway, desk: TheDesk, party: Caller, lang: Language, _: Annotated[NoQuery, Query()]
) -> Response:
    """JSON view to XML draft, or XML to JSON view, by the media type of the body.

    The view has no signatures, and a draft made from it is a new document.
    """
    try:
        with desk.place(party.id, announced_bytes(request, limit=ABSOLUTE_LIMITS.max_bytes)):
            media_type, raw = await read_draft(request, limit=ABSOLUTE_LIMITS.max_bytes)
            return await desk.work(_to_xml if media_type == JSON_TYPE else _to_json, gateway.validator, raw)
    except Rejected as rejection:
        words = rejection.messages or gateway.validator.catalogue.messages
        issues = [finding_to_json(finding, words, lang) for finding in rejection.findings]
        detail = "Correct what the issues name and send it again."
        return problem(422, "not-convertible", "The document cannot be converted", detail, issues=issues)


def _to_xml(validator: Validator, raw: bytes) -> Response:
    _, document = validator.xml_of(raw)
    return Response(document, media_type="application/xml")


def _to_json(validator: Validator, raw: bytes) -> Response:
    _, view = validator.json_of(raw)
    return JSONResponse(view)
