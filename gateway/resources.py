"""What the API shows: submissions, copies, terms and evidence as the plain data that goes over the wire (camelCase, no
nulls), and where each of them is found. Who may see them is decided in `status.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.forms.citing import Acts, Legal
from gateway.model import (
    PROVEN_BY_POST,
    Delivery,
    DeliveryId,
    Evidence,
    EvidenceId,
    Postmark,
    Submission,
    SubmissionState,
    Term,
    ValidationRecord,
    instant_text,
)

Json = dict[str, Any]

_AS_JSON = json.JSONEncoder(ensure_ascii=False)

ROOT, OPERATIONS = "/v1", "/v1/operations"
"""Where a party finds its own, and where the operator finds what it sees to."""


def without_nulls(values: Mapping[str, Any]) -> Json:
    """The mapping without the keys that have nothing to say."""
    return {name: value for name, value in values.items() if value is not None}


def encoded(view: Json) -> bytes:
    """A view as it is kept and sent."""
    return _AS_JSON.encode(view).encode()


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


def submission_summary(submission: Submission, *, warned: bool) -> Json:
    """A submission in a list. warned: whether its sender must know something of a copy."""
    return {
        "submissionId": submission.id,
        "href": submission_href(submission.id),
        "state": submission.state,
        "documentDigest": submission.digest,
        _decided_at(submission): instant_text(submission.accepted_at),
        **({"kind": submission.kind} if submission.kind else {}),
        **({"warned": True} if warned else {}),
    }


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
    href = evidence_href(evidence.id)
    return _evidence_item(
        evidence,
        href,
        receipt=evidence.receipt_id and f"{href}/receipt",
        proof=f"{href}/proof" if evidence.event in PROVEN_BY_POST else None,
    )


def operators_evidence_item(evidence: Evidence) -> Json:
    """One piece of evidence in a list for the operator, who opens it whoever it concerns. A proof of the post is sealed
    for others."""
    receipt = evidence.receipt_id and receipt_href(evidence.receipt_id)
    return _evidence_item(evidence, evidence_href(evidence.id, OPERATIONS), receipt=receipt)


def _evidence_item(evidence: Evidence, href: str, *, receipt: str | None, proof: str | None = None) -> Json:
    return without_nulls(
        {
            "evidenceId": evidence.id,
            "event": evidence.event,
            "at": instant_text(evidence.at),
            "deliveryId": evidence.delivery_id,
            "href": href,
            "receiptHref": receipt,
            "proofHref": proof,
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
