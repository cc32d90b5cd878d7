"""The read side: where a submission is and what proves it, as the plain data that goes over the wire (camelCase, no
nulls).

A party sees its own: the sender its submissions, a recipient the copies that are addressed to it. Everything else is
not found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gateway.errors import NotFound
from gateway.forms.citing import Acts, Legal
from gateway.forms.findings import Finding, MessageCatalogue, Phase
from gateway.forms.report import finding_to_json
from gateway.lifecycle import REACHED
from gateway.model import (
    PROVEN_BY_POST,
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
    Term,
    ValidationRecord,
    instant_text,
)
from gateway.ports import Reading, Store
from gateway.statewords import WORDS

Json = dict[str, Any]
WARNINGS = {
    Event.SENDER_WARNED: "GW-COPY-NOT-REACHED",
    Event.CONTENT_HANDOVER_FAILURE: "GW-COPY-NOT-HANDED-OVER",
    Event.RELAY_TO_NON_ERDS_FAILURE: "GW-COPY-NOT-POSTED",
    Event.DEADLINE_MISSED: "GW-COPY-TOO-LATE",
    Event.CONSIGNMENT_REJECTION: "GW-COPY-DECLINED",
}
"""What evidence of a copy its sender is warned of, and by which code."""

ROOT, OPERATIONS = "/v1", "/v1/operations"
"""Where a party finds its own, and where the operator finds what it sees to."""


def without_nulls(values: Mapping[str, Any]) -> Json:
    """The mapping without the keys that have nothing to say."""
    return {name: value for name, value in values.items() if value is not None}


def submission_href(submission_id: str) -> str:
    """Where a submission is found."""
    return f"{ROOT}/submissions/{submission_id}"


def evidence_href(evidence_id: str, root: str = ROOT) -> str:
    """Where a piece of evidence is found."""
    return f"{root}/evidence/{evidence_id}"


def receipt_href(receipt_id: str) -> str:
    """Where the operator finds what came as a receipt."""
    return f"{OPERATIONS}/receipts/{receipt_id}"


def submission_view(
    submission: Submission,
    *,
    proof: EvidenceId,
    deliveries: Sequence[Delivery],
    marks: Mapping[DeliveryId, Sequence[Postmark]] | None = None,
    terms: Sequence[Term],
    acts: Acts,
    language: str,
    warnings: Sequence[Json] = (),
    checks: Sequence[ValidationRecord] = (),
) -> Json:
    """A submission with its deliveries and terms. proof: its SubmissionAcceptance or SubmissionRejection."""
    proof_name = "rejection" if submission.state is SubmissionState.REJECTED else "acceptance"
    return without_nulls(
        {
            "submissionId": submission.id,
            "href": submission_href(submission.id),
            "state": submission.state,
            "kind": submission.kind or None,
            "documentId": submission.document_id or None,
            "documentDigest": submission.digest,
            "sender": submission.sender,
            "actingFor": submission.acting_for,
            _decided_at(submission): instant_text(submission.accepted_at),
            proof_name: {"evidenceId": proof, "href": evidence_href(proof)},
            "deliveries": [delivery_view(each, acts, language, (marks or {}).get(each.id, ())) for each in deliveries],
            "terms": [term_view(term, acts, language) for term in terms],
            "warnings": list(warnings) or None,
            "certificateChecks": [_check_view(each) for each in checks] or None,
        }
    )


def _check_view(record: ValidationRecord) -> Json:
    return {"about": record.about, "at": instant_text(record.at), "outcome": record.outcome}


def _decided_at(submission: Submission) -> str:
    return "rejectedAt" if submission.state is SubmissionState.REJECTED else "acceptedAt"


def delivery_view(
    delivery: Delivery, acts: Acts, language: str, marks: Sequence[Postmark] = (), *, root: str = ROOT
) -> Json:
    """One copy's way. marks: what the post did with it. root: where its reader finds evidence."""
    handed_over = delivery.handed_over_at
    return without_nulls(
        {
            "deliveryId": delivery.id,
            "submissionId": delivery.submission_id,
            "route": delivery.route,
            **acts.shown(acts.of_form(delivery.kind, delivery.article), language),
            "role": delivery.role,
            "party": delivery.party,
            "copy": delivery.copy,
            "of": delivery.of,
            "state": delivery.state,
            "transport": delivery.transport,
            "attempts": delivery.attempts,
            "consignedAt": instant_text(delivery.consigned_at),
            "handedOverAt": None if handed_over is None else instant_text(handed_over),
            "envelopeDigest": delivery.envelope_digest,
            "sizeBytes": delivery.size_bytes,
            "lastProblem": None if handed_over is not None else delivery.last_problem,
            "post": [postmark_view(mark, root) for mark in marks] or None,
        }
    )


def postmark_view(mark: Postmark, root: str = ROOT) -> Json:
    """What the post did with a copy on paper, on the day that its proof states."""
    href = evidence_href(mark.evidence_id, root)
    return {"fact": mark.fact, "on": mark.on.isoformat(), "number": mark.number, "href": href}


def term_view(term: Term, acts: Acts, language: str) -> Json:
    """One legal term. `lastDay` is what a party is told; nothing is held against it before `lastDayOtherReading`."""
    return without_nulls(
        {
            "id": term.id,
            **acts.shown([Legal(act=term.law, article=term.article)], language),
            "act": term.act.get(language) or term.act["en"],
            "length": term.length,
            "unit": term.unit,
            "startsOn": term.starts_on,
            "dayZero": term.day_zero and term.day_zero.isoformat(),
            "lastDay": term.last_day and term.last_day.isoformat(),
            "lastDayOtherReading": term.last_day_other_reading and term.last_day_other_reading.isoformat(),
            "verdict": term.verdict,
        }
    )


def evidence_item(evidence: Evidence) -> Json:
    """One piece of evidence in a list."""
    return without_nulls(
        {
            "evidenceId": evidence.id,
            "event": evidence.event,
            "at": instant_text(evidence.at),
            "deliveryId": evidence.delivery_id,
            "href": evidence_href(evidence.id),
            "receiptHref": evidence.receipt_id and f"{evidence_href(evidence.id)}/receipt",
            "proofHref": f"{evidence_href(evidence.id)}/proof" if evidence.event in PROVEN_BY_POST else None,
        }
    )


def operators_evidence_item(evidence: Evidence) -> Json:
    """One piece of evidence in a list for the operator, who opens it whoever it concerns. A proof of the post is sealed
    for others."""
    return without_nulls(
        {
            "evidenceId": evidence.id,
            "event": evidence.event,
            "at": instant_text(evidence.at),
            "deliveryId": evidence.delivery_id,
            "href": evidence_href(evidence.id, OPERATIONS),
            "receiptHref": evidence.receipt_id and receipt_href(evidence.receipt_id),
        }
    )


def mailbox_item(delivery: Delivery, acts: Acts, language: str) -> Json:
    """One waiting copy, as its recipient sees it before opening."""
    until = delivery.lease_until
    return without_nulls(
        {
            "deliveryId": delivery.id,
            "submissionId": delivery.submission_id,
            "kind": delivery.kind,
            "role": delivery.role,
            "route": delivery.route,
            **acts.shown(acts.of_form(delivery.kind, delivery.article), language),
            "state": delivery.state,
            "consignedAt": instant_text(delivery.consigned_at),
            "envelopeDigest": delivery.envelope_digest,
            "sizeBytes": delivery.size_bytes,
            "leasedUntil": None if until is None else instant_text(until),
            "cursor": str(delivery.turn),
        }
    )


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
        items = [_summary(submission, warned=submission.id in warned) for _, submission in found]
        return items, found[-1][0] if len(found) == limit else None

    def under_key(self, party: Party, idempotency_key: str) -> list[Json]:
        """What the party handed in under the key: one submission, or none."""

        def look(view: Reading) -> tuple[Submission, bool] | None:
            submission = view.submission_by_key(party.id, idempotency_key)
            return None if submission is None else (submission, bool(view.warned([submission.id])))

        found = self.store.read(look)
        return [] if found is None else [_summary(found[0], warned=found[1])]

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


def _summary(submission: Submission, *, warned: bool) -> Json:
    """warned: whether its sender must know something of a copy."""
    return {
        "submissionId": submission.id,
        "href": submission_href(submission.id),
        "state": submission.state,
        "documentDigest": submission.digest,
        _decided_at(submission): instant_text(submission.accepted_at),
        **({"kind": submission.kind} if submission.kind else {}),
        **({"warned": True} if warned else {}),
    }


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
