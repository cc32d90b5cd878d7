"""The terms of a form, and what its case keeps of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from gateway.model.ids import CaseId, DeliveryId, PartyId, Role, SubmissionId


@dataclass(frozen=True, kw_only=True)
class Term:
    """A legal term of a submission. Dates are None until its event has happened.

    act: language -> what must be done. verdict: InTime | InTimeOnReadingC | Late, for a term that this form itself
    had to keep.
    starts_on: `Event:Role` for a term that an event starts, else None. bound: whether a party or an authority must keep
    it. binds: whether this form had to keep it, or it asks for an answer. done_by: kinds whose acceptance in the case
    is the act. reason: language -> what day zero is. law: the legal act that `article` is of; empty for a term that was
    kept without it.
    """

    id: str
    article: str
    act: Mapping[str, str]
    length: int
    unit: str
    starts_on: str | None
    day_zero: date | None = None
    last_day: date | None = None
    last_day_other_reading: date | None = None
    verdict: str | None = None
    bound: str = "party"
    binds: str = "answer"
    done_by: tuple[str, ...] = ()
    reason: Mapping[str, str] = field(default_factory=dict)
    law: str = ""


@dataclass(frozen=True, kw_only=True)
class FiledCopy:
    """When one recipient's copy of a filed form was dispatched, and when it was handed over.

    posted_on, delivered_on: the days on which the post took it on paper, and handed it over. on_paper: the print
    station or the post has it, and what became of it is not known yet.
    """

    id: DeliveryId
    role: Role
    party: PartyId
    consigned_at: datetime
    handed_over_at: datetime | None
    posted_on: tuple[date, ...] = ()
    delivered_on: tuple[date, ...] = ()
    on_paper: bool = False


@dataclass(frozen=True, kw_only=True)
class Filed:
    """An accepted form in its case.

    sealed_facts: what is remembered of it, readable with the gateway's own key; nothing when it was erased.
    """

    case_id: CaseId
    submission_id: SubmissionId
    kind: str
    document_id: str
    digest: str
    sender: PartyId
    accepted_at: datetime
    sealed_facts: bytes
    copies: tuple[FiledCopy, ...]
