"""Erasing a form with proof: what makes it readable is destroyed, what proves its course stays.

Destroyed are the key of its bodies and the bodies: the sealed copies, those for the print station, proofs of the post,
and the facts of its case. Kept are rows that say nothing of a person (ids, states, times, digests), the evidence, the
recipients' receipts and the journal, which bind salted digests and not bodies: all of it is proven as before. The
erasure is evidence itself, with who did it and why. What recipients received is theirs and is not touched.

A form can be erased when nothing of it is under way any more; after a backup was put back, again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum

from gateway.errors import Conflict, NotFound
from gateway.evidence import Act, Reason, Witness
from gateway.lifecycle import ENDED
from gateway.model import Alert, Event, Submission, SubmissionId, SubmissionState, instant_text
from gateway.ports import Clock, Reading, Store, Transaction
from gateway.resources import Json, operators_evidence_item
from gateway.steps import tell

ERASE = "erase"


class ErasureReason(StrEnum):
    """Why a form is erased. A closed list: evidence is for ever, and free text would sooner or later name a person."""

    RETENTION_ENDED = "retention-ended"
    DATA_SUBJECT_ASKED = "data-subject-asked"
    AUTHORITY_ORDERED = "authority-ordered"
    HANDED_IN_BY_MISTAKE = "handed-in-by-mistake"


@dataclass(frozen=True, kw_only=True)
class Erasure:
    """The operator's act that cannot be undone."""

    store: Store
    witness: Witness
    clock: Clock

    def erasable(self, *, before: date, after: int, limit: int) -> tuple[list[Json], int | None]:
        """Forms accepted before that day (UTC) that are kept and can be erased, oldest first; and the next cursor."""
        moment = datetime.combine(before, time(), UTC)
        found = self.store.read(lambda view: view.erasable(before=moment, after=after, limit=limit))
        items = [
            {
                "submissionId": each.id,
                "kind": each.kind,
                "state": each.state,
                "acceptedAt": instant_text(each.accepted_at),
            }
            for _, each in found
        ]
        return items, found[-1][0] if len(found) == limit else None

    def erase(self, submission_id: SubmissionId, *, reason: ErasureReason, by: str) -> Json:
        """Erase a form in the name of `by` (a label, no person); the evidence of it.

        Raises NotFound; Conflict: nothing-to-erase for a form that was rejected, deliveries-open with how many are
        under way, erased-already with the evidence.
        """
        submission = self.store.read(lambda view: _erasable(view, submission_id))
        proof = self.witness.state(
            Event.ERASURE,
            at=self.clock.now(),
            submission_id=submission.id,
            sender=submission.sender,
            kind=submission.kind,
            document_id=submission.document_id,
            document_digest=submission.digest,
            reasons=(Reason(code=reason),),
            act=Act(code=ERASE, by=by),
        )

        def work(unit: Transaction) -> Sequence[Alert]:
            _erasable(unit, submission_id)
            unit.add_evidence(proof)
            unit.erase(submission_id)
            return unit.close_alerts(submission_id, at=proof.at)

        tell((), self.store.write(work))
        return operators_evidence_item(proof)


def _erasable(view: Reading, submission_id: SubmissionId) -> Submission:
    submission = view.submission(submission_id)
    if submission is None:
        raise NotFound("submission-not-found", "no such submission")
    if submission.state is SubmissionState.REJECTED:
        raise Conflict("nothing-to-erase", "the form was rejected, so nothing of it was kept")
    if not view.is_kept(submission_id):
        proofs = [each for each in view.evidence_of(submission_id) if each.event is Event.ERASURE]
        raise Conflict("erased-already", "the form was erased before", evidenceId=proofs[-1].id if proofs else "")
    waiting = [each for each in view.deliveries_of(submission_id) if each.state not in ENDED]
    if waiting:
        raise Conflict(
            "deliveries-open",
            "copies of the form are still under way: see them to their end, or close them, and then erase it",
            open=str(len(waiting)),
        )
    return submission
