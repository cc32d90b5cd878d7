"""What a package is about when the description of it was taken out: read off the decision on the form, which the
service signed. It tells what else should be there; that the description is missing is told beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from gateway.errors import Unreadable
from gateway.examination.grounds import Grounds
from gateway.examination.statements import EVENTS
from gateway.lifecycle import follow
from gateway.model import DeliveryState, Event, SubmissionState
from gateway.package import EVIDENCE, VALIDATION, DescribedCopy, Description
from gateway.statement import StatedCopy, Statement, claimed_time, read_statement
from signing import Package, VerificationFailed

STATES = {
    Event.SUBMISSION_ACCEPTANCE.uri: SubmissionState.ACCEPTED,
    Event.SUBMISSION_REJECTION.uri: SubmissionState.REJECTED,
}


def derive_description(package: Package, grounds: Grounds) -> Description | None:
    """What the one decision in a package says that it is about; None where there is none, or more than one.

    Whether all of the submission should be there shows in what only a whole package has.
    """
    statements = list(_statements(package, grounds))
    decisions = [each for each in statements if each.event in STATES and each.sender is not None]
    if len(decisions) != 1:
        return None
    (decision,) = decisions
    events: dict[str | None, list[Event]] = defaultdict(list)
    for each in sorted(statements, key=lambda each: (each.at, each.evidence_id)):
        if each.event in EVENTS:
            events[each.delivery_id].append(EVENTS[each.event])
    whole = VALIDATION in package.files or VALIDATION in package.missing
    return Description(
        issuer=decision.issued_by,
        made_at=grounds.at,
        made_for=decision.sender or "",
        whole=whole,
        submission_id=decision.submission_id,
        sender=decision.sender or "",
        state=STATES[decision.event],
        decided_at=decision.at,
        kind=decision.kind,
        document_id=decision.document_id,
        copies=tuple(
            _copy(each, events[each.delivery_id]) for each in decision.consigned if whole or each.delivery_id in events
        ),
    )


def _statements(package: Package, grounds: Grounds) -> Iterator[Statement]:
    """Those that were well signed by the time that they state; everything else is judged later, as in any package."""
    for name, raw in package.files.items():
        at = claimed_time(raw) if EVIDENCE.fullmatch(name) else None
        if at is not None:
            try:
                yield read_statement(raw, trust=grounds.trust, at=at)
            except (VerificationFailed, Unreadable):
                continue


def _copy(stated: StatedCopy, events: list[Event]) -> DescribedCopy:
    reached, _ = follow(events)
    state = DeliveryState.CONSIGNED if not reached or DeliveryState.CONSIGNED in reached else min(reached)
    return DescribedCopy(
        delivery_id=stated.delivery_id,
        party=stated.party,
        role=stated.role,
        article="",
        copy=stated.number,
        of=stated.of,
        state=state,
    )
