"""What was handed in before: the same again gets the first answer again, other bytes under a name in use a conflict.

A name is the sender's key or the number of the document. The table of all cases is in README.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from gateway.errors import Conflict, TooMuch
from gateway.model import FurtherKey, Party, Submission, SubmissionId, day_counted, rest_of_day_s
from gateway.ports import Reading, Transaction
from gateway.resources import encoded, submission_href

_REUSED = "a document with this DocumentId and other bytes, or by another sender, was handed in"


@dataclass(frozen=True, kw_only=True)
class HandedIn:
    """What lies on the counter. key: the sender's name for it. language: of the words in the answer."""

    raw: bytes
    digest: str
    key: str
    sender: Party
    at: datetime
    language: str


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """The form is in: `answer` is what the sender was told first. repeated: it was handed in before.

    One that was handed in before under another key has that said in its answer (`duplicateOf`).
    """

    submission_id: SubmissionId
    answer: bytes
    repeated: bool = False


def handed_in_before(view: Reading, handed_in: HandedIn) -> Accepted | None:
    """The first answer to the same bytes under the same key. Raises Conflict for other bytes."""
    known = view.submission_by_key(handed_in.sender.id, handed_in.key)
    if known is None:
        return None
    if known.digest != handed_in.digest:
        raise Conflict(
            "idempotency-key-reused",
            "this key was used for other bytes; hand other bytes in under another key",
            **_compared(known, handed_in.digest),
        )
    if known.idempotency_key != handed_in.key:
        return _duplicate_of(known)
    return Accepted(submission_id=known.id, answer=known.answer, repeated=True)


def same_document(unit: Transaction, handed_in: HandedIn, document_id: str, *, most: int) -> Accepted | None:
    """The first answer to the same bytes under another key, which is remembered too; None for a new number.

    Raises Conflict for other bytes under the number, or the same of another sender: GEN-02; TooMuch, see `count_kept`.
    """
    first = unit.submission_by_document(document_id)
    if first is None:
        return None
    if first.sender != handed_in.sender.id:
        raise Conflict("document-id-reused", f"{_REUSED} (GEN-02)")
    if first.digest != handed_in.digest:
        raise Conflict("document-id-reused", f"{_REUSED} (GEN-02)", **_compared(first, handed_in.digest))
    return under_further_key(unit, handed_in, first, most=most)


def under_further_key(unit: Transaction, handed_in: HandedIn, first: Submission, *, most: int) -> Accepted:
    """The first answer to what was handed in again under another key, which is remembered. Raises TooMuch."""
    count_kept(unit, handed_in, most)
    key = FurtherKey(sender=first.sender, idempotency_key=handed_in.key, submission_id=first.id)
    unit.add_key(key, at=handed_in.at)
    return _duplicate_of(first)


def count_kept(unit: Transaction, handed_in: HandedIn, most: int) -> None:
    """Count what is kept though no form is taken in: a refusal, a further key. Else one sender could fill the disk.

    Raises TooMuch until the next day (UTC) once `most` were counted on this one.
    """
    if not unit.count_kept(handed_in.sender.id, day_counted(handed_in.at), most=most):
        raise TooMuch(
            "too-many-refusals",
            f"more than {most} forms were refused or repeated under new keys today; nothing was kept of this one. "
            "Forms in order are taken in as before; others can be judged without handing them in",
            retry_after_s=rest_of_day_s(handed_in.at),
        )


def _duplicate_of(first: Submission) -> Accepted:
    view = {**json.loads(first.answer), "duplicateOf": first.id}
    return Accepted(submission_id=first.id, answer=encoded(view), repeated=True)


def _compared(first: Submission, digest: str) -> dict[str, str]:
    """What a sender is told of the first one beside its own."""
    return {
        "firstDigest": first.digest,
        "digest": digest,
        "submissionId": first.id,
        "href": submission_href(first.id),
    }
