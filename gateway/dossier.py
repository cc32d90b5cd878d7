"""All rows of one submission, read at one moment, for who proves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.errors import NotFound
from gateway.journal import EntryKind
from gateway.model import (
    PROVEN_BY_POST,
    CaseId,
    Delivery,
    Event,
    Evidence,
    EvidenceId,
    KeptReceipt,
    PartyId,
    Postmark,
    Submission,
    SubmissionId,
    Term,
    ValidationRecord,
)
from gateway.ports import Reading
from signing import sha256


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A delivery with what is kept for it. envelope: digest and size of the sealed bytes, None when they are gone.
    is_print_damaged: whether the copy for the print station is not as it was stored."""

    delivery: Delivery
    envelope: tuple[str, int] | None
    is_print_damaged: bool
    receipts: tuple[KeptReceipt, ...]
    marks: tuple[Postmark, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Dossier:
    """All rows of one submission, read at one moment. case: with those who see it. proofs: of the post, by the evidence
    that rests on them, as their digest; None where one is not there any more. entered: where evidence, which stands in
    the order in which it was kept, has its entry in the journal."""

    submission: Submission
    copies: tuple[Copy, ...]
    evidence: tuple[Evidence, ...]
    terms: tuple[Term, ...]
    case: tuple[CaseId, Sequence[PartyId]] | None
    validation: ValidationRecord | None
    later: tuple[ValidationRecord, ...]
    proofs: Mapping[EvidenceId, str | None]
    entered: Mapping[EvidenceId, int]
    kept: bool

    @property
    def erased(self) -> bool:
        """Whether evidence says that what makes the form readable was destroyed."""
        return any(each.event is Event.ERASURE for each in self.evidence)


def dossier_of(view: Reading, submission_id: SubmissionId) -> Dossier:
    """Read a submission. Raises ValueError and its like for a row that the gateway never wrote."""
    submission = view.submission(submission_id)
    if submission is None:
        raise ValueError("the submission went away while it was being read")
    evidence = tuple(view.evidence_of(submission_id))
    entries = ((each.id, view.journal_entry(EntryKind.EVIDENCE, each.id)) for each in evidence)
    return Dossier(
        submission=submission,
        copies=tuple(_copy(view, delivery) for delivery in view.deliveries_of(submission_id)),
        evidence=evidence,
        terms=tuple(view.terms_of(submission_id)),
        case=view.case_of(submission_id),
        validation=view.validation_of(submission_id),
        later=tuple(view.later_validations(submission_id)),
        proofs={each.id: _proof(view, each.id) for each in evidence if each.event in PROVEN_BY_POST},
        entered={name: entry.position for name, entry in entries if entry is not None and entry.position is not None},
        kept=view.is_kept(submission_id),
    )


def _copy(view: Reading, delivery: Delivery) -> Copy:
    envelope: tuple[str, int] | None
    try:
        sealed = view.envelope(delivery.id)
        envelope = (sha256(sealed), len(sealed))
    except NotFound as error:
        envelope = ("", 0) if error.code == "envelope-damaged" else None
    return Copy(
        delivery=delivery,
        envelope=envelope,
        is_print_damaged=_is_print_damaged(view, delivery),
        receipts=tuple(view.receipts_of(delivery.id)),
        marks=tuple(view.postmarks(delivery.id)),
    )


def _is_print_damaged(view: Reading, delivery: Delivery) -> bool:
    try:
        view.print_job(delivery.id)
    except NotFound:
        return True
    return False


def _proof(view: Reading, evidence_id: EvidenceId) -> str | None:
    try:
        found = view.paper_proof(evidence_id)
    except NotFound:
        return None
    return None if found is None else found.digest
