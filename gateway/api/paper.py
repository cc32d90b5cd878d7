"""The print station: take copies that must go on paper, say what the post did with them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response

from gateway.api.access import Caller, Language, TheGateway
from gateway.api.wire import DepositRequest, NoQuery, PaperFailure, Slip, WaitingPage
from gateway.forms.citing import Acts
from gateway.model import Delivery, DeliveryId, instant_text
from gateway.oversight import cursor_of
from gateway.paper import Noted, Proof
from gateway.resources import mailbox_item, without_nulls
from gateway.transports.push import ENVELOPE_TYPE

router = APIRouter(prefix="/v1/paper")


@router.get("", operation_id="listPrintJobs")
def index(gateway: TheGateway, party: Caller, lang: Language, page: Annotated[WaitingPage, Query()]) -> dict[str, Any]:
    """What is to be printed or is with the post, the next lawful moment first."""
    found = gateway.paper.jobs(party, after=page.cursor, limit=page.limit)
    body: dict[str, Any] = {
        "items": [_job(job.delivery, gateway.catalogue.acts, lang, taken_at=job.taken_at) for job in found]
    }
    if len(found) == page.limit:
        moment, position = cursor_of(found[-1].delivery)
        body["next"] = f"/v1/paper?after={moment}-{position}&limit={page.limit}"
    return body


@router.post("/{delivery_id}/prints", status_code=201, operation_id="takePrintJob", response_class=Response)
def prints(delivery_id: str, gateway: TheGateway, party: Caller, _: Annotated[NoQuery, Query()]) -> Response:
    """Take a copy to print: the envelope that is sealed for the print station. 200 when it was taken before."""
    job = gateway.paper.take_job(party, DeliveryId(delivery_id))
    headers = {"Sealpost-Delivery-Id": job.delivery.id, "Sealpost-Submission-Id": job.delivery.submission_id}
    status = 200 if job.repeated else 201
    return Response(job.envelope, status_code=status, media_type=ENVELOPE_TYPE, headers=headers)


@router.post("/{delivery_id}/deposits", status_code=201, operation_id="createDeposit")
def deposit(
    delivery_id: str,
    body: DepositRequest,
    gateway: TheGateway,
    party: Caller,
    lang: Language,
    _: Annotated[NoQuery, Query()],
) -> JSONResponse:
    """The post took the letter: its number, the day on the proof, and the proof. 200 when that was said before."""
    proof = Proof(raw=body.proof, media_type=body.proof_type)
    noted = gateway.paper.deposited(party, DeliveryId(delivery_id), number=body.number, on=body.on, proof=proof)
    return _answer(noted, gateway.catalogue.acts, lang)


@router.post("/{delivery_id}/failures", status_code=201, operation_id="createPaperFailure")
def failure(
    delivery_id: str,
    body: PaperFailure,
    gateway: TheGateway,
    party: Caller,
    lang: Language,
    _: Annotated[NoQuery, Query()],
) -> JSONResponse:
    """It could not be printed or posted, or the post lost it; the delivery needs an operator again."""
    noted = Noted(delivery=gateway.paper.failed(party, DeliveryId(delivery_id), reason=body.reason))
    return _answer(noted, gateway.catalogue.acts, lang)


@router.post("/{delivery_id}/slips", status_code=201, operation_id="createSlip")
def slip(
    delivery_id: str, body: Slip, gateway: TheGateway, party: Caller, lang: Language, _: Annotated[NoQuery, Query()]
) -> JSONResponse:
    """The slip of the post came back: handed over or returned, on the day that it states. 200 when that was said
    before."""
    proof = Proof(raw=body.proof, media_type=body.proof_type)
    delivered = body.outcome == "delivered"
    noted = gateway.paper.answered(
        party, DeliveryId(delivery_id), delivered=delivered, on=body.on, proof=proof, number=body.number
    )
    return _answer(noted, gateway.catalogue.acts, lang)


def _answer(noted: Noted, acts: Acts, language: str) -> JSONResponse:
    return JSONResponse(_job(noted.delivery, acts, language), status_code=200 if noted.repeated else 201)


def _job(delivery: Delivery, acts: Acts, language: str, *, taken_at: datetime | None = None) -> dict[str, Any]:
    until = delivery.lawful_until
    shown = {
        **mailbox_item(delivery, acts, language),
        "lawfulUntil": None if until is None else until.isoformat(),
        "takenAt": None if taken_at is None else instant_text(taken_at),
    }
    for about_the_other_copy in ("envelopeDigest", "sizeBytes", "cursor", "leasedUntil"):
        shown.pop(about_the_other_copy, None)
    return without_nulls(shown)
