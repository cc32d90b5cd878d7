"""What is handed in."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.model.ids import PartyId, SubmissionId, new_id


class SubmissionState(StrEnum):
    """Where a submission stands; moves are listed in `lifecycle.py`.

    received: on the counter, nothing of it is stored yet. closed: every copy reached its recipient.
    closed-with-exceptions: nothing more is to be done, and not every copy did.
    """

    RECEIVED = "received"
    ACCEPTED = "accepted"
    CLOSED_WITH_EXCEPTIONS = "closed-with-exceptions"
    CLOSED = "closed"
    REJECTED = "rejected"


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A form that was handed in, without its text.

    digest: of the bytes handed in. answer: the first answer to the sender, byte for byte (JSON).
    """

    id: SubmissionId
    sender: PartyId
    idempotency_key: str
    digest: str
    kind: str
    document_id: str
    state: SubmissionState
    accepted_at: datetime
    acting_for: PartyId | None
    answer: bytes


@dataclass(frozen=True, kw_only=True)
class FurtherKey:
    """Another key under which a sender handed in the bytes of a submission again.

    id: how the journal calls it. salt: binds it to its entry, which thereby does not tell the key; empty for one from
    before, whose id is the key itself.
    """

    sender: PartyId
    idempotency_key: str
    submission_id: SubmissionId
    id: str = field(default_factory=new_id)
    salt: bytes = field(default_factory=lambda: secrets.token_bytes(16))
