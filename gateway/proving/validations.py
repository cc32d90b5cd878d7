"""What must be shown of the certificates behind signatures, as it was known."""

from __future__ import annotations

import json
from collections.abc import Iterator

from gateway.dossier import Dossier
from gateway.flaws import Flaw
from gateway.model import FORM, PASSED, UNKNOWN, Submission, SubmissionState, ValidationRecord
from signing import sha256

KINDS_OF_ITEMS = ("certificate", "ocsp", "crl")


def prove_validations(dossier: Dossier) -> Iterator[Flaw]:
    """What was known when the form was handed in, and since."""
    if dossier.validation is not None:
        yield from _arrival(dossier.validation, dossier.submission)
    known = {FORM, *(f"receipt {receipt.digest}" for copy in dossier.copies for receipt in copy.receipts)}
    place = f"submission {dossier.submission.id}"
    for record in dossier.later:
        yield from _validation(record, place)
        if record.about not in known:
            yield Flaw(code="validation-differs", place=place, detail="about")


def _arrival(record: ValidationRecord, submission: Submission) -> Iterator[Flaw]:
    """What was known of the signatures of a form when it was handed in agrees with what became of it."""
    place = f"submission {submission.id}"
    yield from _validation(record, place)
    if record.at != submission.accepted_at:
        yield Flaw(code="validation-differs", place=place, detail="at")
    if record.outcome != PASSED and submission.state is not SubmissionState.REJECTED:
        yield Flaw(code="validation-differs", place=place, detail="outcome")


def _validation(record: ValidationRecord, place: str) -> Iterator[Flaw]:
    """What was known of signatures is all there, and says of every certificate where its status comes from."""
    try:
        told = json.loads(record.raw)
        named = set(told["kept"])
        sources = {status["source"] for each in told["signatures"] for status in each["statuses"]}
        is_judged = record.outcome == UNKNOWN or bool(told["signatures"]) is not record.is_against
    except (ValueError, LookupError, TypeError):
        yield Flaw(code="validation-differs", place=place, detail="unreadable")
        return
    if not is_judged:
        yield Flaw(code="validation-differs", place=place, detail="outcome")
    for missing in sorted(named - {item.digest for item in record.items}):
        yield Flaw(code="validation-missing", place=place, detail=missing)
    for item in record.items:
        if sha256(item.raw) != item.digest or item.kind not in KINDS_OF_ITEMS:
            yield Flaw(code="validation-changed", place=place, detail=item.digest)
    if not sources <= {None, "never", "ocsp", "crl"}:
        yield Flaw(code="validation-differs", place=place, detail="statuses")
