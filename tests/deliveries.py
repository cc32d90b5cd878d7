"""A delivery for tests of what becomes of one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from gateway.model import Delivery, DeliveryId, DeliveryState, EndpointKind, PartyId, SubmissionId, new_id

NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


def a_delivery(
    party: str = "fund", *, due_at: datetime | None = NOW, submission: str | None = None, **changes: Any
) -> Delivery:
    """A copy of an appeal for `party`, consigned and due; `changes` to that."""
    delivery = Delivery(
        id=DeliveryId(new_id()),
        submission_id=SubmissionId(submission or new_id()),
        kind="be/appeal",
        route="R14",
        article="Art. 65",
        role="MedicalInspector",
        party=PartyId(party),
        copy=1,
        of=1,
        state=DeliveryState.CONSIGNED,
        transport=EndpointKind.PUSH,
        attempts=0,
        consigned_at=NOW,
        handed_over_at=None,
        due_at=due_at,
        envelope_digest="sha256:00",
        document_digest="sha256:11",
        size_bytes=3,
        last_problem=None,
    )
    return replace(delivery, **changes)
