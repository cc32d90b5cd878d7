"""The cases of a party: which forms belong together, which terms run."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from gateway.api.access import Caller, Language, TheGateway
from gateway.api.wire import NoQuery, Page
from gateway.model import CaseId

router = APIRouter(prefix="/v1")


@router.get("/cases", operation_id="listCases")
def index(gateway: TheGateway, party: Caller, page: Annotated[Page, Query()]) -> dict[str, Any]:
    """The cases in which the caller sent or received a form, in the order in which they came to it."""
    items, cursor = gateway.case_status.cases(party, after=int(page.after), limit=page.limit)
    return page.of(items, cursor, "/v1/cases")


@router.get("/cases/{case_id}", operation_id="getCase")
def read(
    case_id: str, gateway: TheGateway, party: Caller, lang: Language, _: Annotated[NoQuery, Query()]
) -> dict[str, Any]:
    """A case as the caller may see it today: its own forms and copies, and their terms."""
    return gateway.case_status.case(party, CaseId(case_id), language=lang)
