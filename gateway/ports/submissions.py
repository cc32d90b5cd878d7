"""What was handed in, and what the gateway states of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Protocol

from gateway.model import Evidence, EvidenceId, FurtherKey, PartyId, Submission, SubmissionId, SubmissionState


class SubmissionsReading(Protocol):
    """Submissions and evidence, as they are."""

    def submission(self, submission_id: SubmissionId) -> Submission | None: ...

    def submission_by_key(self, sender: PartyId, idempotency_key: str) -> Submission | None:
        """What the sender first handed in under the key, or what it handed in again under it (`add_key`)."""
        ...

    def further_key(self, sender: PartyId, key_id: str) -> FurtherKey | None:
        """The further key of a sender with that id, if it has that one."""
        ...

    def submission_by_document(self, document_id: str) -> Submission | None: ...

    def submissions_of(self, sender: PartyId, *, after: int, limit: int) -> Sequence[tuple[int, Submission]]: ...

    def submission_ids(self, *, after: int, limit: int) -> Sequence[tuple[int, SubmissionId]]:
        """Everything that was ever handed in, in its order, each with its position."""
        ...

    def is_kept(self, submission_id: SubmissionId) -> bool:
        """Whether bodies of a form are kept: not of one that was rejected, or erased since."""
        ...

    def erasable(self, *, before: datetime, after: int, limit: int) -> Sequence[tuple[int, Submission]]:
        """Forms that are kept, were accepted before that moment, and of which nothing is under way; oldest first, each
        with its position."""
        ...

    def kept_count(self, sender: PartyId, day: date) -> int:
        """How much was kept of a sender on this day though no form was taken in: see `Transaction.count_kept`."""
        ...

    def warned(self, submissions: Sequence[SubmissionId]) -> Collection[SubmissionId]:
        """Those of the submissions of which a copy did not get to its recipient as it should have, and has not yet."""
        ...

    def evidence(self, evidence_id: EvidenceId) -> Evidence | None: ...

    def evidence_of(self, submission_id: SubmissionId) -> Sequence[Evidence]: ...

    def newest_evidence_at(self) -> datetime | None:
        """How the evidence with the newest id is dated."""
        ...


class SubmissionsWriting(Protocol):
    """Submissions and evidence, as they become."""

    def add_submission(self, submission: Submission) -> None: ...

    def add_key(self, key: FurtherKey, *, at: datetime) -> None:
        """Remember a further key under which the sender handed in the same bytes, with its entry in the journal."""
        ...

    def count_kept(self, sender: PartyId, day: date, *, most: int) -> bool:
        """Count one more thing that is kept of a sender though no form was taken in; False, and nothing is changed,
        once there were `most` on this day."""
        ...

    def move_submission(self, submission_id: SubmissionId, *, expected: SubmissionState, to: SubmissionState) -> bool:
        """Compare-and-set of the state; False when it was no longer `expected`."""
        ...

    def erase(self, submission_id: SubmissionId) -> None:
        """Destroy the key of a form's bodies and the bodies themselves: its copies, those for the print station,
        proofs of the post, the facts of its case. What nobody has signed for leaves its mailbox."""
        ...

    def add_evidence(self, evidence: Evidence) -> None:
        """Keep evidence, and enter it in the journal."""
        ...
