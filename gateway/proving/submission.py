"""What the rows of a submission itself must show: its state, its case, its first answer."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping

from gateway.dossier import Dossier
from gateway.flaws import Flaw
from gateway.lifecycle import LAID_READY, SubmissionFact, outcome_of
from gateway.model import Delivery, Event, SubmissionState
from gateway.proving.evidence import Said, place_of
from gateway.statement import StatedCopy, Statement

CLOSED_BY = {
    None: (SubmissionState.ACCEPTED,),
    SubmissionFact.ALL_REACHED: (SubmissionState.CLOSED,),
    SubmissionFact.ALL_ENDED: (SubmissionState.CLOSED_WITH_EXCEPTIONS,),
}
"""Where a submission stands by what became of its copies."""


def prove_submission(dossier: Dossier, said: Said, *, issuer: str) -> Iterator[Flaw]:
    """The state of a submission against its evidence and its copies. issuer: the gateway's name."""
    submission, place = dossier.submission, f"submission {dossier.submission.id}"
    events = Counter(evidence.event for evidence, _ in said)
    own_notice = submission.sender in {issuer, *_names_of_ours(said)}
    rejected = submission.state is SubmissionState.REJECTED
    wanted = Event.SUBMISSION_REJECTION if rejected else Event.SUBMISSION_ACCEPTANCE
    if events[wanted] != 1 and not own_notice:
        yield Flaw(code="submission-without-evidence", place=place, detail=wanted)
    other = Event.SUBMISSION_ACCEPTANCE if rejected else Event.SUBMISSION_REJECTION
    if events[other]:
        yield Flaw(code="evidence-without-state", place=place, detail=other)
    for evidence, statement in said:
        if statement is None or evidence.delivery_id is not None or statement.document is None:
            continue
        if not statement.document.is_of(submission.digest):
            yield Flaw(code="evidence-for-other-bytes", place=place_of(evidence), detail="document")
        if evidence.event is wanted and (differing := _told_otherwise(dossier, statement)):
            yield Flaw(code="evidence-differs", place=place_of(evidence), detail=differing)
    if rejected:
        if dossier.copies:
            yield Flaw(code="rejected-with-deliveries", place=place)
        return
    if dossier.kept == dossier.erased:
        yield Flaw(code="erased-yet-kept" if dossier.kept else "gone-without-erasure", place=place)
    became = outcome_of([copy.delivery.state for copy in dossier.copies]) if dossier.copies else None
    if submission.state not in CLOSED_BY[became]:
        left_open = submission.state is SubmissionState.ACCEPTED
        yield Flaw(code="submission-left-open" if left_open else "submission-closed-early", place=place)
    if dossier.case is None:
        yield Flaw(code="submission-without-case", place=place)
    else:
        concerned = {submission.sender, *(copy.delivery.party for copy in dossier.copies)}
        for party in sorted(concerned - set(dossier.case[1])):
            yield Flaw(code="case-without-party", place=place, detail=party)
    if not own_notice:
        yield from _answer(dossier)


def _names_of_ours(said: Said) -> Iterator[str]:
    """The name that the counter had when it laid copies ready. It may have another one since."""
    for evidence, statement in said:
        if statement is not None and evidence.event in LAID_READY:
            yield statement.issued_by


def _told_otherwise(dossier: Dossier, statement: Statement) -> str:
    """Names of what evidence says of a submission in other words than its rows."""
    submission = dossier.submission
    copies = {_stated(copy.delivery) for copy in dossier.copies}
    told: Mapping[str, tuple[object, object]] = {
        "sender": (submission.sender, statement.sender),
        "acting for": (submission.acting_for, statement.acting_for),
        "kind": (submission.kind or None, statement.kind),
        "document": (" ".join(submission.document_id.split()) or None, statement.document_id),
        "time": (submission.accepted_at, statement.at),
        "copies": (copies if statement.consigned else set(), set(statement.consigned)),
    }
    return ", ".join(name for name, (kept, signed) in told.items() if kept != signed)


def _stated(delivery: Delivery) -> StatedCopy:
    return StatedCopy(
        delivery_id=delivery.id, party=delivery.party, role=delivery.role, number=delivery.copy, of=delivery.of
    )


def _answer(dossier: Dossier) -> Iterator[Flaw]:
    """The first answer to the sender can be given again and is true (it shows what was so at acceptance)."""
    submission, place = dossier.submission, f"submission {dossier.submission.id}"
    try:
        answer = json.loads(submission.answer)
        facts = (answer["submissionId"], answer["documentDigest"], answer["documentId"], answer["kind"])
        promised = {each["deliveryId"]: each["envelopeDigest"] for each in answer["deliveries"]}
        proof = answer["acceptance"]["evidenceId"]
    except (ValueError, LookupError, TypeError):
        yield Flaw(code="answer-missing", place=place)
        return
    if facts != (submission.id, submission.digest, submission.document_id, submission.kind):
        yield Flaw(code="answer-differs", place=place)
    if proof not in {evidence.id for evidence in dossier.evidence}:
        yield Flaw(code="answer-differs", place=place, detail="acceptance")
    stored = {copy.delivery.id: copy.delivery.envelope_digest for copy in dossier.copies}
    for delivery_id, digest in promised.items():
        if delivery_id not in stored:
            yield Flaw(code="delivery-missing", place=place, detail=delivery_id)
        elif stored[delivery_id] != digest:
            yield Flaw(code="answer-differs", place=place, detail=delivery_id)
