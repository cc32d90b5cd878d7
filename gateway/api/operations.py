"""What needs a person, and what the operator does about it. The administrator's token is the credential."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from gateway.api.access import Language, TheGateway, administrator
from gateway.api.wire import (
    ActRequest,
    Alerts,
    Erasable,
    ErasureRequest,
    NoQuery,
    Page,
    Queue,
    RehashingRequest,
    RenewalRequest,
)
from gateway.model import DeliveryId, DeliveryState, EvidenceId, SubmissionId, instant_text
from gateway.proofs import backlog_view
from gateway.resources import OPERATIONS, without_nulls

router = APIRouter(prefix=OPERATIONS, dependencies=[Depends(administrator)])


@router.get("/deliveries", operation_id="listOperations")
def index(gateway: TheGateway, lang: Language, query: Annotated[Queue, Query()]) -> dict[str, Any]:
    """Deliveries that do not get on by themselves: the next lawful moment first."""
    states = () if query.state is None else (DeliveryState(query.state),)
    items, cursor = gateway.oversight.queue(states, after=query.cursor, limit=query.limit, language=lang)
    body: dict[str, Any] = {"items": items}
    if cursor is not None:
        only = "" if query.state is None else f"state={query.state}&"
        body["next"] = f"/v1/operations/deliveries?{only}after={cursor[0]}-{cursor[1]}&limit={query.limit}"
    return body


@router.get("/deliveries/{delivery_id}", operation_id="getOperation")
def read(delivery_id: str, gateway: TheGateway, lang: Language, _: Annotated[NoQuery, Query()]) -> dict[str, Any]:
    """One delivery, whatever its state, with its evidence and the acts that are possible."""
    return gateway.oversight.delivery(DeliveryId(delivery_id), language=lang)


@router.post("/deliveries/{delivery_id}/acts", status_code=201, operation_id="createAct")
def act(
    delivery_id: str, body: ActRequest, gateway: TheGateway, lang: Language, _: Annotated[NoQuery, Query()]
) -> dict[str, Any]:
    """Do something about a delivery: evidenced, with the operator's label and a reason of the closed list."""
    return gateway.oversight.act(DeliveryId(delivery_id), body.act, reason=body.reason, by=body.by, language=lang)


@router.get("/evidence/{evidence_id}", operation_id="getOperationEvidence", response_class=Response)
def evidence(evidence_id: str, gateway: TheGateway, _: Annotated[NoQuery, Query()]) -> Response:
    """One signed statement of the service, whoever it concerns."""
    return Response(gateway.oversight.evidence(EvidenceId(evidence_id)).raw, media_type="application/xml")


@router.get("/receipts", operation_id="listOddReceipts")
def odd_receipts(gateway: TheGateway, page: Annotated[Page, Query()]) -> dict[str, Any]:
    """What came as a receipt and moved nothing, with its code, of all deliveries, oldest first."""
    items, cursor = gateway.oversight.odd_receipts(after=int(page.after), limit=page.limit)
    return page.of(items, cursor, f"{OPERATIONS}/receipts")


@router.get("/receipts/{receipt_id}", operation_id="getOperationReceipt", response_class=Response)
def receipt(receipt_id: str, gateway: TheGateway, _: Annotated[NoQuery, Query()]) -> Response:
    """What came as a receipt, byte for byte. What moved nothing may be anything: nobody should open it as what it
    says that it is."""
    return Response(gateway.oversight.receipt(receipt_id).raw, media_type="application/octet-stream")


@router.get("/journal", operation_id="getJournalBacklog")
def journal(gateway: TheGateway, _: Annotated[NoQuery, Query()]) -> dict[str, Any]:
    """How far the journal has come: what waits for a batch, a time stamp, a witness, and since when."""
    return backlog_view(gateway.journal.proofs.backlog())


@router.get("/inquiries", operation_id="getInquiries")
def inquiries(gateway: TheGateway, _: Annotated[NoQuery, Query()]) -> dict[str, Any]:
    """How many certificates an answer is waited for about, that were used without one, and since when the oldest is;
    they rest while nobody is to be asked (`revocation.policy` is `off`)."""
    waiting, since = gateway.inquiries.backlog()
    told = {"waiting": waiting, "waitingSince": since and instant_text(since)}
    return without_nulls(told | {"resting": gateway.inquiries.is_resting})


@router.post("/journal/renewals", status_code=201, operation_id="createRenewal")
def renew(body: RenewalRequest, gateway: TheGateway, _: Annotated[NoQuery, Query()]) -> dict[str, int]:
    """Have every time stamp of the journal that ends before a day covered by a new one (RFC 4998, 5.2)."""
    return {"renewed": gateway.journal.batches.renew(before=datetime.combine(body.before, time(), UTC))}


@router.post("/journal/rehashings", status_code=201, operation_id="createRehashing")
def rehash(body: RehashingRequest, gateway: TheGateway, _: Annotated[NoQuery, Query()]) -> dict[str, int]:
    """Have everything in the journal whose hash trees have a weaker digest covered anew (RFC 4998, 5.3)."""
    return {"rehashed": gateway.journal.batches.rehash(digest_name=body.digest)}


@router.get("/submissions", operation_id="listErasable")
def erasable(gateway: TheGateway, query: Annotated[Erasable, Query()]) -> dict[str, Any]:
    """Forms accepted before a day that are kept and of which nothing is under way, oldest first: what can be erased."""
    items, cursor = gateway.erasure.erasable(before=query.before, after=int(query.after), limit=query.limit)
    body: dict[str, Any] = {"items": items}
    if cursor is not None:
        body["next"] = f"/v1/operations/submissions?before={query.before}&after={cursor}&limit={query.limit}"
    return body


@router.post("/submissions/{submission_id}/erasures", status_code=201, operation_id="createErasure")
def erase(
    submission_id: str, body: ErasureRequest, gateway: TheGateway, _: Annotated[NoQuery, Query()]
) -> dict[str, Any]:
    """Destroy what makes a form readable, for ever; its evidence stays, and gets one more."""
    return gateway.erasure.erase(SubmissionId(submission_id), reason=body.reason, by=body.by)


@router.get("/alerts", operation_id="listAlerts")
def alerts(gateway: TheGateway, query: Annotated[Alerts, Query()]) -> dict[str, Any]:
    """What is wrong now, oldest first; with `all`, also what is over."""
    items, cursor = gateway.oversight.alerts(open_only=not query.all, after=int(query.after), limit=query.limit)
    body: dict[str, Any] = {"items": items}
    if cursor is not None:
        body["next"] = f"/v1/operations/alerts?all={str(query.all).lower()}&after={cursor}&limit={query.limit}"
    return body
