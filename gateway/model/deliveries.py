"""Copies on their way to their recipients, and what an operator must know of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.model.ids import DeliveryId, PartyId, Role, SubmissionId
from gateway.model.parties import EndpointKind


class DeliveryState(StrEnum):
    """Where one recipient's copy stands; moves are listed in `lifecycle.py`.

    consigned: it lies ready, and is pushed where the recipient has a server. suspended: a person must see to it.
    expired: the time for trying is over. escalated: it shall go on paper. paper-queued: the print station has it.
    paper-deposited: the post has it. paper-returned: the post brought it back. paper-delivered: the post handed it
    over. closed: an operator ended it. handed-over, declined: the recipient signed so. acknowledged: the recipient
    signed that it was processed.
    """

    CONSIGNED = "consigned"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    ESCALATED = "escalated"
    PAPER_QUEUED = "paper-queued"
    PAPER_DEPOSITED = "paper-deposited"
    PAPER_RETURNED = "paper-returned"
    CLOSED = "closed"
    PAPER_DELIVERED = "paper-delivered"
    DECLINED = "declined"
    HANDED_OVER = "handed-over"
    ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One copy's way to one recipient. `id` and the sealed bytes are the same on every attempt and channel.

    due_at: when the dispatcher may try next; None when nobody pushes it. tried_since: when an operator last had it
    tried anew, or when its turn came after it had waited for an earlier form of its case. lawful_until: the end of the
    last day on which the recipient can still do what the law asks of it, where a term runs for it. paper_by: when it
    should go on paper at the latest to be there by then, where paper may reach it. watch_at: when the watch looks at it
    next. turn: its number in the order in which copies became available to this recipient; None while it waits behind
    an earlier form of its case.
    """

    id: DeliveryId
    submission_id: SubmissionId
    kind: str
    route: str
    article: str
    role: Role
    party: PartyId
    copy: int
    of: int
    state: DeliveryState
    transport: EndpointKind
    attempts: int
    consigned_at: datetime
    handed_over_at: datetime | None
    due_at: datetime | None
    envelope_digest: str
    document_digest: str
    size_bytes: int
    last_problem: str | None
    lease_id: str | None = None
    lease_until: datetime | None = None
    tried_since: datetime | None = None
    lawful_until: datetime | None = None
    paper_by: datetime | None = None
    watch_at: datetime | None = None
    turn: int | None = None
    position: int = 0

    @property
    def country(self) -> str:
        """The country of its form kind, whose days count."""
        return self.kind.partition("/")[0]

    @property
    def trying_since(self) -> datetime:
        """From when the time for trying counts."""
        return self.tried_since or self.consigned_at


@dataclass(frozen=True, kw_only=True)
class Try:
    """One try to push a copy: when it ended, and with which code."""

    at: datetime
    code: str


@dataclass(frozen=True, kw_only=True)
class Alert:
    """Something an operator must know of, from its start to its end. subject: the id of a party or a delivery."""

    kind: str
    subject: str
    opened_at: datetime
    closed_at: datetime | None = None
    position: int = 0
