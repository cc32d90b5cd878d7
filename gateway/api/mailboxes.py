"""Collect copies and hand in receipts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from gateway.api.access import Caller, TheGateway, read_xml
from gateway.api.problems import problem
from gateway.api.wire import LeaseRequest, NoQuery, Page
from gateway.errors import Conflict
from gateway.model import DeliveryId, instant_text
from gateway.receipts import MAX_RECEIPT_BYTES, Acknowledged, Declined, Disregarded, HandedOver
from gateway.status import evidence_href, mailbox_item
from gateway.transports.push import ENVELOPE_TYPE

router = APIRouter(prefix="/v1/mailbox")


@router.get("", operation_id="listMailbox")
def index(gateway: TheGateway, party: Caller, page: Annotated[Page, Query()]) -> dict[str, Any]:
    """Copies that wait for the caller's receipt, oldest first. Nothing shifts while it is paged."""
    waiting = gateway.mailboxes.waiting(party, after=int(page.after), limit=page.limit)
    body: dict[str, Any] = {"items": [mailbox_item(delivery) for delivery in waiting]}
    if len(waiting) == page.limit:
        body["next"] = f"/v1/mailbox?after={waiting[-1].turn}&limit={page.limit}"
    return body


@router.post("/{delivery_id}/leases", status_code=201, operation_id="leaseDelivery", response_class=Response)
def lease(
    delivery_id: str, gateway: TheGateway, party: Caller, body: LeaseRequest, _: Annotated[NoQuery, Query()]
) -> Response:
    """Take a copy in hand: the sealed envelope, held for this client until the lease ends."""
    try:
        leased = gateway.mailboxes.lease(party, DeliveryId(delivery_id), seconds=body.seconds)
    except Conflict as conflict:
        members: dict[str, Any] = dict(conflict.members)
        until = members.get("until")
        wait = datetime.fromisoformat(until) - gateway.clock.now() if until else None
        headers = {} if wait is None else {"Retry-After": str(max(1, round(wait.total_seconds())))}
        return problem(409, conflict.code, "Not available now", conflict.detail, headers=headers, **members)
    headers = {
        "Sealpost-Delivery-Id": leased.delivery.id,
        "Sealpost-Submission-Id": leased.delivery.submission_id,
        "Sealpost-Envelope-Digest": leased.delivery.envelope_digest,
        "Sealpost-Lease-Id": leased.lease_id,
        "Sealpost-Lease-Until": instant_text(leased.until),
    }
    return Response(leased.envelope, status_code=201, media_type=ENVELOPE_TYPE, headers=headers)


@router.post("/{delivery_id}/receipts", status_code=201, operation_id="createReceipt")
async def receive(
    delivery_id: str, request: Request, gateway: TheGateway, party: Caller, _: Annotated[NoQuery, Query()]
) -> JSONResponse:
    """Hand in the signed receipt for a copy. 201 the first time, 200 for the same receipt again."""
    raw = await read_xml(request, limit=MAX_RECEIPT_BYTES)
    taken = await run_in_threadpool(gateway.receipts.take, raw, delivery_id=DeliveryId(delivery_id), party=party)
    match taken:
        case Disregarded(code=code):
            return problem(
                422,
                code,
                "The receipt proves nothing about this copy",
                "It was kept and moved nothing. Sign the digests of this very copy with the registered key.",
            )
        case HandedOver(evidence_id=evidence_id, repeated=repeated):
            outcome = "handed-over"
        case Declined(evidence_id=evidence_id, repeated=repeated):
            outcome = "declined"
        case Acknowledged(evidence_id=evidence_id, repeated=repeated):
            outcome = "acknowledged"
    body = {"outcome": outcome, "evidenceId": evidence_id, "href": evidence_href(evidence_id)}
    return JSONResponse(body, status_code=200 if repeated else 201)
