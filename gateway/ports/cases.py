"""The cases that forms belong to, and the terms that run for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gateway.filing import OnFile
from gateway.model import CaseId, Filed, PartyId, SubmissionId, Term

MAX_CASE = 200  # forms of a case that are looked at; only a sender who wants to slow us down makes more
MAX_NAMING = 10_000  # forms of one kind in a case among which those are looked for that name another one


class CasesReading(Protocol):
    """Cases and terms, as they are."""

    def filed_under(
        self, links: Sequence[str], *, named: Sequence[str] = (), own: str | None = None
    ) -> Sequence[Filed]:
        """The newest forms (at most `MAX_CASE`) of the cases that have one of the links, oldest first; and those of
        them with a number that is `named`, however many came since.

        own: the link of a form's own number. In cases with more forms, the newest (at most `MAX_CASE`) of each kind are
        among them then, and of each kind the newest (at most `MAX_CASE`, among the newest `MAX_NAMING`) that name this
        number.
        """
        ...

    def case(self, case_id: CaseId, *, party: PartyId | None = None) -> Sequence[Filed]:
        """The newest forms (at most `MAX_CASE`) of a case, oldest first; none for a case that is not there.

        party: the newest that it sent or received (at most `MAX_CASE`) are among them, however many came since.
        """
        ...

    def cases_of(self, party: PartyId, *, after: int, limit: int) -> Sequence[tuple[int, CaseId]]:
        """The cases in which a party has sent or received a form, in the order in which it came to them."""
        ...

    def case_of(self, submission_id: SubmissionId) -> tuple[CaseId, Sequence[PartyId]] | None:
        """The case that a form was put into, and who sees that case."""
        ...

    def on_file(self, submission_id: SubmissionId) -> OnFile | None:
        """What was filed of a form beside its evidence, as it stands; None when it is in no case."""
        ...

    def terms_of(self, submission_id: SubmissionId) -> Sequence[Term]: ...

    def terms_started_by(self, submission_id: SubmissionId, what: str) -> Sequence[Term]:
        """Those of its terms that do not run yet and that `what` (see `terms.starter`) starts."""
        ...


class CasesWriting(Protocol):
    """Cases and terms, as they become."""

    def file(self, submission_id: SubmissionId, *, links: Sequence[str], sealed_facts: bytes) -> CaseId:
        """Put an accepted form into the case that its links lead to, before its deliveries are added to it.

        Cases that it shows to be one are joined under the oldest id; without any, a new case begins. What was available
        before two cases became one stays available; everything else waits for all that was accepted before it in
        either.
        """
        ...

    def add_terms(self, submission_id: SubmissionId, terms: Sequence[Term]) -> None: ...

    def start_term(self, submission_id: SubmissionId, term: Term) -> None:
        """Give the term its dates, unless it runs already."""
        ...
