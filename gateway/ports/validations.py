"""What was known of the certificates behind signatures, and what is asked again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from gateway.model import Inquiry, SubmissionId, ValidationRecord


class ValidationsReading(Protocol):
    """Validation records and inquiries, as they are."""

    def validation_of(self, submission_id: SubmissionId) -> ValidationRecord | None:
        """What was known of its signatures, with what of the named items is there. Of our own notices: nothing."""
        ...

    def later_validation(self, record_id: str) -> ValidationRecord | None:
        """A validation record with an id of its own."""
        ...

    def later_validations(self, of: SubmissionId) -> Sequence[ValidationRecord]:
        """What was known, of its signatures after it was handed in and of receipts for its copies, in that order."""
        ...

    def newest_validations(self, about: str, *, limit: int) -> Sequence[ValidationRecord]:
        """The newest records with ids of their own about a thing, the newest first."""
        ...

    def inquiries_due(self, *, now: datetime, limit: int) -> Sequence[Inquiry]:
        """What is to be asked again, that which waits longest first."""
        ...

    def open_inquiries(self) -> tuple[int, datetime | None]:
        """How many wait for an answer, and since when the oldest does."""
        ...


class ValidationsWriting(Protocol):
    """Validation records and inquiries, as they become."""

    def add_validation(self, submission_id: SubmissionId, record: ValidationRecord) -> None:
        """Keep what was known of the signatures of a form, and enter it in the journal.

        What is unanswered in it is to be asked again at once. An item that is there already is not kept twice.
        """
        ...

    def add_later_validation(self, of: str, record: ValidationRecord) -> None:
        """Keep what was known later, or of a receipt, and enter it in the journal. of: a submission, or a seal of ours.

        What is unanswered in it is to be asked again at once.
        """
        ...

    def ask_again(self, number: int, *, at: datetime) -> None:
        """Put an inquiry off."""
        ...

    def end_inquiry(self, number: int) -> None: ...
