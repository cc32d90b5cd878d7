"""Collect copies and hand in receipts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from gateway.api.access import Caller, HandedIn, Language, TheGateway
from gateway.api.problems import problem
from gateway.api.waiting import Crowded, Waiting
from gateway.api.wire import LeaseRequest, MailboxPage, NoQuery, OpeningRequest
from gateway.assembly import Gateway
from gateway.errors import Conflict, NotFound
from gateway.hosting import Hosting
from gateway.mailboxes import Look
from gateway.model import DeliveryId, instant_text
from gateway.receipts import Acknowledged, Declined, Disregarded, HandedOver
from gateway.resources import evidence_href, evidence_item, mailbox_item
from gateway.transports.push import ENVELOPE_TYPE
from signing import CONTAINER_MEDIA_TYPE

RETRY_AFTER_S = 5

PROVES_NOTHING = (
    "The receipt proves nothing about this copy",
    "It was kept and moved nothing. Sign the digests of this very copy with the registered key.",
)
OUT_OF_TURN = (
    "The receipt is yours, and cannot follow what was said of this copy before",
    "It was kept and moved nothing. Sign that you have a copy before you sign that it was processed; what you signed "
    "first stands, and if that was a mistake, tell the operator of the counter.",
)

router = APIRouter(prefix="/v1/mailbox")


@router.get("", operation_id="listMailbox", response_model=None)
async def index(
    request: Request, gateway: TheGateway, party: Caller, lang: Language, page: Annotated[MailboxPage, Query()]
) -> dict[str, Any] | JSONResponse:
    """Copies that wait for the caller's receipt, as they became available. Nothing shifts while it is paged.

    With `waitS`, an empty page is held back until a copy comes, or so many seconds have passed.
    """
    look = Look(party=party.id, after=int(page.after), limit=page.limit, free=page.leased == "false")
    (found,) = await run_in_threadpool(gateway.mailboxes.look, [look])
    if not found and page.wait_s:
        waiting: Waiting = request.app.state.waiting
        try:
            found = await waiting.wait(look, seconds=page.wait_s, until_hung_up=lambda: _hung_up(request))
        except Crowded as crowded:
            return _crowded(all_parties=crowded.all_parties)
    body: dict[str, Any] = {"items": [mailbox_item(delivery, gateway.catalogue.acts, lang) for delivery in found]}
    if len(found) == page.limit:
        free = "" if page.leased is None else f"&leased={page.leased}"
        body["next"] = f"/v1/mailbox?after={found[-1].turn}&limit={page.limit}{free}"
    return body


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _crowded(*, all_parties: bool) -> JSONResponse:
    who = "The counter has" if all_parties else "You have"
    return problem(
        503 if all_parties else 429,
        "too-many-waiting",
        "Too many requests wait",
        f"{who} as many requests waiting for a mailbox as may wait at once. Ask again later, or without waitS.",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


@router.post("/{delivery_id}/leases", status_code=201, operation_id="leaseDelivery", response_class=Response)
def lease(
    delivery_id: str, gateway: TheGateway, party: Caller, body: LeaseRequest, _: Annotated[NoQuery, Query()]
) -> Response:
    """Take a copy in hand: the sealed envelope, held for this client until the lease ends."""
    try:
        leased = gateway.mailboxes.lease(party, DeliveryId(delivery_id), seconds=body.seconds)
    except Conflict as conflict:
        return _not_now(conflict, gateway)
    headers = {
        "Sealpost-Delivery-Id": leased.delivery.id,
        "Sealpost-Submission-Id": leased.delivery.submission_id,
        "Sealpost-Envelope-Digest": leased.delivery.envelope_digest,
        "Sealpost-Lease-Id": leased.lease_id,
        "Sealpost-Lease-Until": instant_text(leased.until),
    }
    return Response(leased.envelope, status_code=201, media_type=ENVELOPE_TYPE, headers=headers)


@router.post("/{delivery_id}/openings", status_code=201, operation_id="openDelivery", response_class=Response)
def open_copy(
    delivery_id: str,
    gateway: TheGateway,
    party: Caller,
    _: Annotated[NoQuery, Query()],
    body: OpeningRequest | None = None,
) -> Response:
    """Open a copy whose key is kept here for the caller: the form and its consignment note, as an ASiC-E container.

    Evidence of the opening is stored before, and shows to the caller ever after. What another client has leased is not
    opened.
    """
    lease_id = None if body is None else body.lease
    try:
        opened = hosting_of(gateway).open(party, DeliveryId(delivery_id), lease_id=lease_id)
    except Conflict as conflict:
        return _not_now(conflict, gateway)
    headers = {
        "Sealpost-Delivery-Id": opened.delivery.id,
        "Sealpost-Submission-Id": opened.delivery.submission_id,
        "Sealpost-Envelope-Digest": opened.delivery.envelope_digest,
        "Sealpost-Evidence-Id": opened.proof.id,
        "Location": evidence_href(opened.proof.id),
    }
    return Response(opened.container, status_code=201, media_type=CONTAINER_MEDIA_TYPE, headers=headers)


def _not_now(conflict: Conflict, gateway: Gateway) -> JSONResponse:
    """That a copy is not to be had at this moment, and when it may be."""
    members: dict[str, Any] = dict(conflict.members)
    until = members.get("until")
    wait = datetime.fromisoformat(until) - gateway.clock.now() if until else None
    headers = {} if wait is None else {"Retry-After": str(max(1, round(wait.total_seconds())))}
    return problem(409, conflict.code, "Not available now", conflict.detail, headers=headers, **members)


@router.get("/{delivery_id}/openings", operation_id="listOpenings")
def openings(delivery_id: str, gateway: TheGateway, party: Caller, _: Annotated[NoQuery, Query()]) -> dict[str, Any]:
    """When a copy of the caller was opened here, the first time first."""
    found = hosting_of(gateway).openings(party, DeliveryId(delivery_id))
    return {"items": [evidence_item(each) for each in found]}


def hosting_of(gateway: Gateway) -> Hosting:
    """The keys that are kept for parties. Raises NotFound where none are."""
    if gateway.hosting is None:
        raise NotFound("mailbox-not-hosted", "no keys are kept here for parties")
    return gateway.hosting


@router.delete("/{delivery_id}/leases/{lease_id}", status_code=204, operation_id="releaseDelivery")
def release(
    delivery_id: str, lease_id: str, gateway: TheGateway, party: Caller, _: Annotated[NoQuery, Query()]
) -> Response:
    """Give a copy back before its lease ends, for another client to take."""
    gateway.mailboxes.release(party, DeliveryId(delivery_id), lease_id)
    return Response(status_code=204)


@router.post("/{delivery_id}/receipts", status_code=201, operation_id="createReceipt")
async def receive(
    delivery_id: str, gateway: TheGateway, came: HandedIn, _: Annotated[NoQuery, Query()]
) -> JSONResponse:
    """Hand in the signed receipt for a copy. 201 the first time, 200 for the same receipt again.

    With your token, or with a signature over the call itself (RFC 9421) by your registered signing certificate.
    """
    taken = await run_in_threadpool(
        gateway.receipts.take, came.raw, delivery_id=DeliveryId(delivery_id), party=came.party
    )
    match taken:
        case Disregarded(code=code, out_of_turn=out_of_turn):
            title, detail = OUT_OF_TURN if out_of_turn else PROVES_NOTHING
            return problem(422, code, title, detail)
        case HandedOver(evidence_id=evidence_id, repeated=repeated):
            outcome = "handed-over"
        case Declined(evidence_id=evidence_id, repeated=repeated):
            outcome = "declined"
        case Acknowledged(evidence_id=evidence_id, repeated=repeated):
            outcome = "acknowledged"
    body = {"outcome": outcome, "evidenceId": evidence_id, "href": evidence_href(evidence_id)}
    return JSONResponse(body, status_code=200 if repeated else 201)
