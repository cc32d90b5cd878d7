"""The read side: where a submission is and what proves it.

A party sees its own: the sender its submissions, a recipient the copies that are addressed to it. Everything else is
not found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from gateway.errors import NotFound
from gateway.forms.findings import Finding, MessageCatalogue, Phase
from gateway.forms.report import finding_to_json
from gateway.lifecycle import REACHED
from gateway.model import (
    Delivery,
    DeliveryId,
    DeliveryState,
    Event,
    Evidence,
    EvidenceId,
    KeptReceipt,
    PaperProof,
    Party,
    PostFact,
    Postmark,
    Submission,
    SubmissionId,
    SubmissionState,
)
from gateway.ports import Reading, Store
from gateway.resources import Json, delivery_view, evidence_item, submission_summary, submission_view
from gateway.statewords import WORDS

WARNINGS = {
    Event.SENDER_WARNED: "GW-COPY-NOT-REACHED",
    Event.CONTENT_HANDOVER_FAILURE: "GW-COPY-NOT-HANDED-OVER",
    Event.RELAY_TO_NON_ERDS_FAILURE: "GW-COPY-NOT-POSTED",
    Event.DEADLINE_MISSED: "GW-COPY-TOO-LATE",
    Event.CONSIGNMENT_REJECTION: "GW-COPY-DECLINED",
}
"""What evidence of a copy its sender is warned of, and by which code."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """Answers questions about submissions to the parties concerned."""

    store: Store
    messages: MessageCatalogue

    def submission(self, party: Party, submission_id: SubmissionId, *, language: str) -> Json:
        """The submission as it stands now; only its sender sees it. Raises NotFound."""

        def look(view: Reading) -> Json:
            submission = _of_sender(view, party, submission_id)
            evidence, deliveries = view.evidence_of(submission_id), view.deliveries_of(submission_id)
            marks = {delivery.id: view.postmarks(delivery.id) for delivery in deliveries}
            return submission_view(
                submission,
                proof=evidence[0].id,
                deliveries=deliveries,
                marks=marks,
                terms=view.terms_of(submission_id),
                acts=self.messages.acts,
                language=language,
                warnings=[
                    finding_to_json(warning, self.messages, language)
                    for delivery in deliveries
                    for warning in self._warnings(delivery, evidence, marks[delivery.id], language)
                ],
                checks=view.later_validations(submission_id),
            )

        return self.store.read(look)

    def _warnings(
        self, delivery: Delivery, evidence: Sequence[Evidence], marks: Sequence[Postmark], language: str
    ) -> Iterator[Finding]:
        """What its sender must know of a copy that has not reached its recipient: a code for each thing evidenced."""
        if delivery.state in REACHED:
            return
        happened = {each.event for each in evidence if each.delivery_id == delivery.id}
        params = (("role", delivery.role), ("state", WORDS[delivery.state][language]), ("delivery", delivery.id))
        codes = [code for event, code in WARNINGS.items() if event in happened]
        if any(mark.fact is PostFact.RETURNED for mark in marks):
            codes.append("GW-COPY-RETURNED")
        if delivery.state is DeliveryState.CLOSED:
            codes.append("GW-COPY-CLOSED")
        for code in codes:
            found = self.messages.finding(code, Phase.RECORDS, params=params)
            yield replace(found, legal=self.messages.acts.of_form(delivery.kind, delivery.article))

    def submissions(self, party: Party, *, after: int, limit: int) -> tuple[list[Json], int | None]:
        """A page of the party's own submissions, oldest first, and the cursor of the next page."""

        def look(view: Reading) -> tuple[Sequence[tuple[int, Submission]], Collection[SubmissionId]]:
            page = view.submissions_of(party.id, after=after, limit=limit)
            return page, view.warned([each.id for _, each in page])

        found, warned = self.store.read(look)
        items = [submission_summary(submission, warned=submission.id in warned) for _, submission in found]
        return items, found[-1][0] if len(found) == limit else None

    def under_key(self, party: Party, idempotency_key: str) -> list[Json]:
        """What the party handed in under the key: one submission, or none."""

        def look(view: Reading) -> tuple[Submission, bool] | None:
            submission = view.submission_by_key(party.id, idempotency_key)
            return None if submission is None else (submission, bool(view.warned([submission.id])))

        found = self.store.read(look)
        return [] if found is None else [submission_summary(found[0], warned=found[1])]

    def deliveries(self, party: Party, submission_id: SubmissionId, *, language: str) -> list[Json]:
        """All copies for the sender; for a recipient only its own. Raises NotFound."""

        def look(view: Reading) -> list[Json]:
            found = _visible_deliveries(view, party, submission_id)
            acts = self.messages.acts
            return [delivery_view(delivery, acts, language, view.postmarks(delivery.id)) for delivery in found]

        return self.store.read(look)

    def evidence_list(self, party: Party, submission_id: SubmissionId) -> list[Json]:
        """What proves the course of a submission: all of it for the sender, for a recipient what concerns its own
        copies."""

        def look(view: Reading) -> list[Evidence]:
            return visible_to(view, party, submission_id)[2]

        return [evidence_item(each) for each in self.store.read(look)]

    def accepted(self, party: Party, document_id: str, digest: str) -> SubmissionId | None:
        """The submission that took in exactly that document, if the party sent it or is to get a copy of it."""

        def look(view: Reading) -> SubmissionId | None:
            found = view.submission_by_document(document_id)
            if found is None or found.digest != digest or found.state is SubmissionState.REJECTED:
                return None
            mine = found.sender == party.id or any(copy.party == party.id for copy in view.deliveries_of(found.id))
            return found.id if mine else None

        return self.store.read(look)

    def evidence(self, party: Party, evidence_id: EvidenceId) -> Evidence:
        """One piece of evidence. Raises NotFound."""
        return self.store.read(lambda view: _visible_evidence(view, party, evidence_id))

    def paper_proof(self, party: Party, evidence_id: EvidenceId) -> PaperProof:
        """The proof of the post that a piece of evidence rests on, sealed for its sender. Raises NotFound."""

        def look(view: Reading) -> PaperProof | None:
            return view.paper_proof(_visible_evidence(view, party, evidence_id).id)

        found = self.store.read(look)
        if found is None:
            raise NotFound("proof-not-found", "this evidence rests on no proof of the post")
        return found

    def receipt(self, party: Party, evidence_id: EvidenceId) -> KeptReceipt:
        """The recipient's receipt that a piece of evidence rests on. Raises NotFound."""

        def look(view: Reading) -> KeptReceipt | None:
            evidence = _visible_evidence(view, party, evidence_id)
            return evidence.receipt_id and view.receipt(evidence.receipt_id)  # type: ignore[return-value]

        found = self.store.read(look)
        if not found:
            raise NotFound("receipt-not-found", "this evidence rests on no receipt")
        return found


def _sent_by(view: Reading, party: Party, submission_id: SubmissionId) -> bool:
    submission = view.submission(submission_id)
    return submission is not None and submission.sender == party.id


def _of_sender(view: Reading, party: Party, submission_id: SubmissionId) -> Submission:
    submission = view.submission(submission_id)
    if submission is None or submission.sender != party.id:
        raise NotFound("submission-not-found", "no such submission of this party")
    return submission


def visible_to(
    view: Reading, party: Party, submission_id: SubmissionId
) -> tuple[Submission, list[Delivery], list[Evidence]]:
    """What a party may see of a submission: all of it for the sender, for a recipient what concerns its own copies.
    When a copy was opened in a hosted mailbox, nobody sees but its recipient.

    Raises NotFound.
    """
    deliveries = _visible_deliveries(view, party, submission_id)
    submission = view.submission(submission_id)
    if submission is None:
        raise NotFound("submission-not-found", "no such submission of this party")
    seen, mine = {delivery.id: delivery.party for delivery in deliveries}, submission.sender == party.id
    evidence = [
        each
        for each in view.evidence_of(submission_id)
        if (each.delivery_id in seen or (mine and each.delivery_id is None))
        and not (each.is_opening and seen.get(each.delivery_id or DeliveryId("")) != party.id)
    ]
    return submission, deliveries, evidence


def _visible_deliveries(view: Reading, party: Party, submission_id: SubmissionId) -> list[Delivery]:
    deliveries = list(view.deliveries_of(submission_id))
    if _sent_by(view, party, submission_id):
        return deliveries
    own = [delivery for delivery in deliveries if delivery.party == party.id]
    if not own:
        raise NotFound("submission-not-found", "no such submission of this party")
    return own


def _visible_evidence(view: Reading, party: Party, evidence_id: EvidenceId) -> Evidence:
    evidence = view.evidence(evidence_id)
    if evidence is not None:
        delivery = None if evidence.delivery_id is None else view.delivery(evidence.delivery_id)
        is_own = delivery is not None and delivery.party == party.id
        if is_own or (_sent_by(view, party, evidence.submission_id) and not evidence.is_opening):
            return evidence
    raise NotFound("evidence-not-found", "no such evidence of this party")
