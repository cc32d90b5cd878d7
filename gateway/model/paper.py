"""What the post does with copies on paper, and what proves it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from gateway.model.ids import DeliveryId, EvidenceId


@dataclass(frozen=True, kw_only=True)
class PaperProof:
    """What proves a step of the post, as the print station gave it, sealed for it and the sender. digest: of the bytes
    before sealing."""

    evidence_id: EvidenceId
    delivery_id: DeliveryId
    digest: str
    media_type: str
    sealed: bytes


class PostFact(StrEnum):
    """What the post can prove of a letter: it took it, handed it over against signature, brought it back."""

    DEPOSITED = "deposited"
    DELIVERED = "delivered"
    RETURNED = "returned"


@dataclass(frozen=True, kw_only=True)
class Postmark:
    """What the post did with a copy on paper. on: the day that its proof states. number: of the registered letter.
    digest: of the proof."""

    evidence_id: EvidenceId
    delivery_id: DeliveryId
    fact: PostFact
    on: date
    number: str
    digest: str
