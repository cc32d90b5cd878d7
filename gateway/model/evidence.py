"""Events, the gateway's own statements of them, and the receipts of recipients."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from gateway.model.ids import DeliveryId, EvidenceId, PartyId, SubmissionId


class Event(StrEnum):
    """Evidence events. ETSI EN 319 522-3 names; what ETSI lacks has a name of our own, in kebab-case."""

    SUBMISSION_ACCEPTANCE = "SubmissionAcceptance"
    SUBMISSION_REJECTION = "SubmissionRejection"
    CONTENT_CONSIGNMENT = "ContentConsignment"
    CONTENT_CONSIGNMENT_FAILURE = "ContentConsignmentFailure"
    CONTENT_HANDOVER = "ContentHandover"
    CONTENT_HANDOVER_FAILURE = "ContentHandoverFailure"
    CONTENT_ACCESS_TRACKING = "ContentAccessTracking"
    CONSIGNMENT_NOTIFICATION = "ConsignmentNotification"
    CONSIGNMENT_NOTIFICATION_FAILURE = "ConsignmentNotificationFailure"
    CONSIGNMENT_REJECTION = "ConsignmentRejection"
    RELAY_TO_NON_ERDS = "RelayToNonERDS"
    RELAY_TO_NON_ERDS_FAILURE = "RelayToNonERDSFailure"
    RECEIVED_FROM_NON_ERDS = "ReceivedFromNonERDS"
    OPERATOR_ACT = "operator-act"
    SENDER_WARNED = "sender-warned"
    DEADLINE_MISSED = "deadline-missed"
    PAPER_ORDERED = "paper-ordered"
    PRINT_JOB_TAKEN = "print-job-taken"
    ERASURE = "erasure"

    @cached_property
    def uri(self) -> str:
        """The event's URI: EN 319 522-3, table 2, or ours."""
        if self.value[0].isupper():
            return f"http://uri.etsi.org/19522/Event/{self.value}"
        return f"urn:sealpost:event:{self.value}"


PROVEN_BY_POST = frozenset({Event.RELAY_TO_NON_ERDS, Event.RECEIVED_FROM_NON_ERDS})
"""Evidence of these rests on a proof of the post."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The gateway's own signed statement of an event. `raw` is the signed XML."""

    id: EvidenceId
    event: Event
    at: datetime
    submission_id: SubmissionId
    delivery_id: DeliveryId | None
    raw: bytes
    receipt_id: str | None = None

    @property
    def is_opening(self) -> bool:
        """Whether a copy was opened in a hosted mailbox: a recipient's own tracking rests on its receipt."""
        return self.event is Event.CONTENT_ACCESS_TRACKING and self.receipt_id is None


@dataclass(frozen=True, kw_only=True)
class KeptReceipt:
    """What came as a receipt, kept as it came, with what became of it (`outcome`, a kebab-case code).

    sent_by: the party that handed it in; None for what was kept before that was noted.
    """

    id: str
    delivery_id: DeliveryId
    digest: str
    received_at: datetime
    outcome: str
    evidence_id: EvidenceId | None
    raw: bytes
    sent_by: PartyId | None = None
