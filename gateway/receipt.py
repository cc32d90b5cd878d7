"""The recipient's receipt: its own signed statement over one copy's digests. Only this proves that a copy was handed
over.

Recipients build it (`build_receipt`), the gateway reads it (`read_receipt`). What follows from it is decided in
`receipts.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.envelope import Consignment
from gateway.exchange import RECEIPT
from gateway.model import DeliveryId, PartyId, SubmissionId, instant_text
from signing import Identity, TrustPolicy, fingerprint


class ReceiptOutcome(StrEnum):
    """What the recipient says of the copy. processed: in a second receipt, that it was read or dealt with."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    PROCESSED = "processed"


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """A receipt whose signature was verified. signer: fingerprint of the signing certificate. path: from it to the
    anchor, in DER."""

    delivery_id: DeliveryId
    submission_id: SubmissionId
    envelope_digest: str
    document_digest: str
    outcome: ReceiptOutcome
    reason: str | None
    party: PartyId
    received_at: datetime
    reference: str | None
    signer: str
    path: tuple[bytes, ...]


def build_receipt(
    consignment: Consignment,
    *,
    envelope_digest: str,
    identity: Identity,
    at: datetime,
    outcome: ReceiptOutcome | str = ReceiptOutcome.ACCEPTED,
    reason: str | None = None,
    reference: str | None = None,
) -> bytes:
    """The signed receipt for a copy that was opened and checked.

    envelope_digest: of the sealed bytes as they came.
    reason: kebab-case code, for a refusal. reference: the recipient's own file number, if it gives one.
    """
    fields = (
        ("DeliveryId", consignment.delivery_id),
        ("SubmissionId", consignment.submission_id),
        ("EnvelopeDigest", envelope_digest),
        ("DocumentDigest", consignment.document_digest),
        ("Outcome", ReceiptOutcome(outcome)),
        ("Reason", reason),
        ("Party", consignment.party),
        ("ReceivedAt", instant_text(at)),
        ("Reference", reference),
    )
    return RECEIPT.build(fields, identity=identity, at=at)


def read_receipt(raw: bytes, *, trust: TrustPolicy, at: datetime) -> Receipt:
    """The verified receipt in `raw`. Raises signing.VerificationFailed, Unreadable("not-a-receipt")."""
    reader, signature = RECEIPT.read(raw, trust=trust, at=at)
    return Receipt(
        delivery_id=DeliveryId(reader.text("DeliveryId")),
        submission_id=SubmissionId(reader.text("SubmissionId")),
        envelope_digest=reader.text("EnvelopeDigest"),
        document_digest=reader.text("DocumentDigest"),
        outcome=ReceiptOutcome(reader.text("Outcome")),
        reason=reader.optional("Reason"),
        party=PartyId(reader.text("Party")),
        received_at=reader.instant("ReceivedAt"),
        reference=reader.optional("Reference"),
        signer=fingerprint(signature.certificate),
        path=signature.path,
    )
