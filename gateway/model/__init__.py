"""The nouns of the counter: parties, submissions, deliveries, evidence, receipts, terms, and their ids.

Plain frozen data; no behaviour beyond reading itself. Instants are aware UTC datetimes (`*_at`), digests
`sha256:<hex>`. Ids of submissions, deliveries and evidence are UUIDv7: they sort by time of birth.
"""

from gateway.model.cases import Filed, FiledCopy, Term
from gateway.model.deliveries import Alert, Delivery, DeliveryState, Try
from gateway.model.evidence import PROVEN_BY_POST, Event, Evidence, KeptReceipt
from gateway.model.ids import CaseId, DeliveryId, EvidenceId, PartyId, Role, SubmissionId, new_id
from gateway.model.instants import day_counted, instant_text, rest_of_day_s
from gateway.model.paper import PaperProof, PostFact, Postmark
from gateway.model.parties import HOSTED, Endpoint, EndpointKind, HostedKey, Mandate, Party
from gateway.model.submissions import FurtherKey, Submission, SubmissionState
from gateway.model.validations import (
    FORM,
    PASSED,
    UNKNOWN,
    Inquiry,
    RevocationPolicy,
    Unanswered,
    ValidationItem,
    ValidationRecord,
)

__all__ = [
    "FORM",
    "HOSTED",
    "PASSED",
    "PROVEN_BY_POST",
    "UNKNOWN",
    "Alert",
    "CaseId",
    "Delivery",
    "DeliveryId",
    "DeliveryState",
    "Endpoint",
    "EndpointKind",
    "Event",
    "Evidence",
    "EvidenceId",
    "Filed",
    "FiledCopy",
    "FurtherKey",
    "HostedKey",
    "Inquiry",
    "KeptReceipt",
    "Mandate",
    "PaperProof",
    "Party",
    "PartyId",
    "PostFact",
    "Postmark",
    "RevocationPolicy",
    "Role",
    "Submission",
    "SubmissionId",
    "SubmissionState",
    "Term",
    "Try",
    "Unanswered",
    "ValidationItem",
    "ValidationRecord",
    "day_counted",
    "instant_text",
    "new_id",
    "rest_of_day_s",
]
