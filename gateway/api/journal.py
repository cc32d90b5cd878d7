"""The journal: its checkpoints for everybody, its proofs for those who may see what they are about."""

from __future__ import annotations

import base64
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from gateway.api.access import Caller, TheGateway
from gateway.api.wire import Consistency, NoQuery
from gateway.journal import EntryKind
from gateway.model import EvidenceId
from gateway.proofs import EntryProof

router = APIRouter(prefix="/v1")
public = APIRouter(prefix="/v1/journal")

TEXT = "text/plain"


@public.get("", operation_id="getJournal")
def index(gateway: TheGateway, _: Annotated[NoQuery, Query()]) -> dict[str, Any]:
    """Which log it is, by which key its checkpoints are verified, and whose cosignatures stand below them."""
    proofs = gateway.journal.proofs
    return {
        "origin": proofs.log.name,
        "key": str(proofs.log),
        "retiredKeys": list(gateway.config.journal_retired),
        "witnesses": [str(key) for key in proofs.witnesses],
        "checkpoint": "/v1/journal/checkpoint",
    }


@public.get("/checkpoint", operation_id="getCheckpoint", response_class=Response)
def checkpoint(gateway: TheGateway, _: Annotated[NoQuery, Query()]) -> Response:
    """The newest checkpoint: a signed note (C2SP tlog-checkpoint) with the cosignatures that it has."""
    return Response(gateway.journal.proofs.checkpoint(), media_type=TEXT)


@public.get("/checkpoints/{size}", operation_id="getCheckpointOfSize", response_class=Response)
def checkpoint_of(
    size: Annotated[int, Path(ge=0, le=2**62)], gateway: TheGateway, _: Annotated[NoQuery, Query()]
) -> Response:
    """The checkpoint of a batch, by the number of entries."""
    return Response(gateway.journal.proofs.checkpoint(size), media_type=TEXT)


@public.get("/consistency", operation_id="getConsistency")
def consistency(gateway: TheGateway, query: Annotated[Consistency, Query()]) -> dict[str, Any]:
    """The proof that one checkpoint extends another (RFC 6962, 2.1.2)."""
    proof = gateway.journal.proofs.consistency(query.old, query.size)
    return {"old": query.old, "size": query.size, "proof": [_text(each) for each in proof]}


@router.get("/evidence/{evidence_id}/journal-proof", operation_id="getJournalProof")
def of_evidence(evidence_id: str, gateway: TheGateway, party: Caller, _: Annotated[NoQuery, Query()]) -> dict[str, Any]:
    """What the journal proves of one statement, as far as it is there; `missing` names what is not there yet."""
    evidence = gateway.status.evidence(party, EvidenceId(evidence_id))
    return proof_view(gateway.journal.proofs.entry(EntryKind.EVIDENCE, evidence.id))


@router.get("/evidence/{evidence_id}/receipt/journal-proof", operation_id="getReceiptJournalProof")
def of_receipt(evidence_id: str, gateway: TheGateway, party: Caller, _: Annotated[NoQuery, Query()]) -> dict[str, Any]:
    """What the journal proves of the receipt that the statement rests on."""
    receipt = gateway.status.receipt(party, EvidenceId(evidence_id))
    return proof_view(gateway.journal.proofs.entry(EntryKind.RECEIPT, receipt.id))


def proof_view(proof: EntryProof) -> dict[str, Any]:
    """A proof over the wire: texts as they are, evidence records in base64."""
    texts = {"logProof": proof.log_proof, "signedCheckpoint": proof.signed_checkpoint}
    records = {"evidenceRecord": proof.record, "checkpointEvidenceRecord": proof.checkpoint_record}
    return {
        "entry": proof.entry.decode("ascii"),
        "position": proof.position,
        **{name: text.decode() for name, text in texts.items() if text is not None},
        **{name: _text(record) for name, record in records.items() if record is not None},
        "missing": list(proof.missing),
    }


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
