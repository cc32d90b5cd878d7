"""Accept a submission: parse, schema, signature, rules, signatory, sender, routing, terms, seal, commit, answer.

The numbers in the code are the steps. Everything after step 3 reads the bytes that
were signed and no others. Until the one transaction of step 8 nothing is stored and nothing leaves; the answer is
signed before it, stored in it, and released after it. Clear text never rests: after intake the form exists only sealed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from lxml import etree

from gateway.envelope import Consignment, build_envelope
from gateway.errors import Conflict
from gateway.evidence import Reason, Witness
from gateway.forms.findings import Finding, Phase, Severity, XmlRejected
from gateway.forms.kinds import FormKind
from gateway.forms.parsing import ABSOLUTE_LIMITS, parse_untrusted
from gateway.forms.report import Outcome, Report, finding_to_json
from gateway.forms.sources import COMMON_NAMESPACE
from gateway.forms.validation import Identified, Validator
from gateway.model import (
    Delivery,
    DeliveryId,
    DeliveryState,
    EndpointKind,
    Event,
    Evidence,
    EvidenceId,
    Party,
    PartyId,
    Submission,
    SubmissionId,
    SubmissionState,
    Term,
    new_id,
)
from gateway.ports import Clock, Reading, Store, Transaction
from gateway.routing import Addressee, Router
from gateway.signatories import SignatoryCheck, acting_for, signature_finding
from gateway.status import submission_view
from gateway.terms import terms_of
from signing import TrustPolicy, VerificationFailed, sha256, verify_xml

_EVIDENCE_PATH = re.compile(r"/[A-Za-z0-9_:*@/\[\]()\-.]{0,499}")


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """The form is in: `answer` is what the sender was told first. repeated: it was handed in before."""

    submission_id: SubmissionId
    answer: bytes
    repeated: bool = False


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """The form is refused, with a signed SubmissionRejection; nothing went to anybody."""

    submission_id: SubmissionId
    evidence_id: EvidenceId
    report: Report


@dataclass(frozen=True, kw_only=True)
class Cleared:
    """A form against which nothing stands. content: the bytes that were signed, parsed again."""

    kind: FormKind
    content: etree._Element
    document_id: str
    addressees: Sequence[Addressee]
    acting_for: PartyId | None


@dataclass(frozen=True, kw_only=True)
class _Copy:
    delivery: Delivery
    envelope: bytes
    consigned: Evidence


@dataclass(frozen=True, kw_only=True)
class Intake:
    """The counter's window."""

    store: Store
    validator: Validator
    trust: TrustPolicy
    witness: Witness
    router: Router
    signatories: SignatoryCheck
    clock: Clock

    def accept(self, raw: bytes, *, sender: Party, idempotency_key: str | None, language: str) -> Accepted | Rejected:
        """Judge `raw` and take it in, or say why not.

        idempotency_key: the sender's name for this handing in; without one the digest of the bytes serves.
        language: of the words in the answer.
        Raises Conflict when the key was used for other bytes; EngineFault, StoreUnavailable: try again.
        """
        at = self.clock.now()
        digest = sha256(raw)
        key = idempotency_key or digest
        # 1. The same again gets the first answer again.
        known = self.store.read(lambda view: _handed_in_before(view, sender, key, digest))
        if known is not None:
            return known
        # 2. Parse and schema. 3. Signature. 4. Rules. 5. Signatory, sender. 6. Routing.
        try:
            identified = self.validator.identify(raw)
        except XmlRejected as rejection:
            report = self.validator.rejected(raw, rejection, received_on=at)
            return self._reject(report, digest, sender, at)
        cleared, findings = self._clear(identified, digest, sender, at)
        report = self._report(identified, findings, at)
        if cleared is None or not report.acceptable:
            return self._reject(report, digest, sender, at)
        return self._take_in(cleared, report, raw, digest, key, sender, at, language)

    def _clear(
        self, identified: Identified, digest: str, sender: Party, at: datetime
    ) -> tuple[Cleared | None, tuple[Finding, ...]]:
        """Steps 3 to 6: all that stands against the form; no Cleared where it could not be judged to the end."""
        kind = identified.kind
        received_on = kind.calendar.date_of(at)
        if identified.findings:
            return None, identified.findings
        try:
            verified = verify_xml(identified.document.raw, trust=self.trust, at=at)
        except VerificationFailed as failure:
            rules = self.validator.rules(kind, identified.content, received_on=received_on)
            return None, (signature_finding(kind, failure), *rules)
        content = parse_untrusted(verified.content, limits=ABSOLUTE_LIMITS).root
        rules = self.validator.rules(kind, content, received_on=received_on, identified=identified)
        document_id = content.findtext(f"{{*}}Header/{{{COMMON_NAMESPACE}}}DocumentId", "")
        standing, routing, first = self.store.read(
            lambda view: (
                self.signatories.check(kind, content, verified.signatures, view),
                self.router.route(kind, content, view),
                view.submission_by_document(document_id),
            )
        )
        principal = acting_for(sender, kind, standing.principals)
        against = list(standing.findings)
        if any(kind.calendar.date_of(signature.signing_time) > received_on for signature in verified.signatures):
            against.append(kind.finding("GEN-18", Phase.SIGNATURE, path=f"/f:{kind.root}/f:Signatures"))
        if principal is None:  # and who may not hand it in learns nothing of the register or of earlier documents
            if not standing.findings:
                against.append(kind.finding("GW-SENDER-NOT-PERMITTED", Phase.RECORDS))
            return None, (*rules, *against)
        if first is not None and (first.digest, first.sender) != (digest, sender.id):
            place = f"/f:{kind.root}/f:Content/f:Header/c:DocumentId"
            against.append(kind.finding("GEN-02", Phase.RECORDS, path=place))
        cleared = Cleared(
            kind=kind,
            content=content,
            document_id=document_id,
            addressees=routing.addressees,
            acting_for=None if principal == sender.id else principal,
        )
        return cleared, (*rules, *against, *routing.findings)

    def _report(self, identified: Identified, findings: tuple[Finding, ...], at: datetime) -> Report:
        """The report of the whole way, with the phases that only intake has."""
        failed = Phase.SCHEMA if identified.findings else None
        received_on = identified.kind.calendar.date_of(at)
        report = self.validator.report(identified, findings, failed=failed, received_on=received_on)
        if failed is not None:
            return report
        faulty = {finding.phase for finding in findings if finding.severity is Severity.ERROR}
        judged = (Phase.RULES, Phase.SIGNATURE, Phase.RECORDS)
        outcomes = {phase: Outcome.FAILED if phase in faulty else Outcome.PASSED for phase in judged}
        return replace(report, phases={**report.phases, **outcomes})

    def _take_in(
        self,
        cleared: Cleared,
        report: Report,
        raw: bytes,
        digest: str,
        key: str,
        sender: Party,
        at: datetime,
        language: str,
    ) -> Accepted:
        """7. Seal a copy for each recipient and sign what will be said. 8. One transaction. 9. Only then the answer."""
        submission = Submission(
            id=SubmissionId(new_id()),
            sender=sender.id,
            idempotency_key=key,
            digest=digest,
            kind=cleared.kind.id,
            document_id=cleared.document_id,
            state=SubmissionState.ACCEPTED,
            accepted_at=at,
            acting_for=cleared.acting_for,
            answer=b"",
        )
        copies = [self._copy(submission, addressee, raw) for addressee in cleared.addressees]
        deliveries = [copy.delivery for copy in copies]
        terms = terms_of(cleared.kind, cleared.content, accepted_at=at, copies=deliveries)
        acceptance = self.witness.state(
            Event.SUBMISSION_ACCEPTANCE,
            at=at,
            submission_id=submission.id,
            sender=sender.id,
            acting_for=submission.acting_for,
            kind=submission.kind,
            document_id=submission.document_id,
            document_digest=digest,
            terms=terms,
        )
        warnings = [finding_to_json(finding, report.messages, language) for finding in report.findings]
        view = submission_view(
            submission,
            proof=acceptance.id,
            deliveries=deliveries,
            terms=terms,
            language=language,
            warnings=warnings,
        )
        answered = replace(submission, answer=json.dumps(view, ensure_ascii=False).encode())
        return self.store.write(lambda unit: _store(unit, answered, sender, acceptance, copies, terms))

    def _copy(self, submission: Submission, addressee: Addressee, raw: bytes) -> _Copy:
        """One recipient's sealed copy with the evidence that it lies ready."""
        route, party, at = addressee.route, addressee.party, submission.accepted_at
        if party.sealing_certificate is None:
            raise ValueError("the router lets no party without a sealing certificate pass")
        delivery_id = DeliveryId(new_id())
        consignment = Consignment(
            delivery_id=delivery_id,
            submission_id=submission.id,
            kind=submission.kind,
            route=route.id,
            article=route.article,
            role=route.role,
            party=party.id,
            copy=route.copy,
            of=route.of,
            document_id=submission.document_id,
            document_digest=submission.digest,
            sender=submission.sender,
            accepted_at=at,
        )
        envelope = build_envelope(consignment, raw, recipient=party.sealing_certificate, identity=self.witness.identity)
        delivery = Delivery(
            id=delivery_id,
            submission_id=submission.id,
            kind=submission.kind,
            route=route.id,
            article=route.article,
            role=route.role,
            party=party.id,
            copy=route.copy,
            of=route.of,
            state=DeliveryState.CONSIGNED,
            transport=party.endpoint.kind,
            attempts=0,
            consigned_at=at,
            handed_over_at=None,
            due_at=at if party.endpoint.kind is EndpointKind.PUSH else None,
            envelope_digest=sha256(envelope),
            document_digest=submission.digest,
            size_bytes=len(envelope),
            last_problem=None,
        )
        consigned = self.witness.state(
            Event.CONTENT_CONSIGNMENT,
            at=at,
            submission_id=submission.id,
            document_id=submission.document_id,
            delivery=delivery,
        )
        return _Copy(delivery=delivery, envelope=envelope, consigned=consigned)

    def _reject(self, report: Report, digest: str, sender: Party, at: datetime) -> Rejected:
        """Keep a signed refusal: ids, codes and places only. The idempotency key stays free for the corrected form."""
        submission_id = SubmissionId(new_id())
        document = report.document
        errors = [finding for finding in report.findings if finding.severity is Severity.ERROR]
        rejection = self.witness.state(
            Event.SUBMISSION_REJECTION,
            at=at,
            submission_id=submission_id,
            sender=sender.id,
            kind=document.kind,
            document_id=document.document_id,
            document_digest=digest,
            reasons=[_reason(finding) for finding in errors],
        )
        submission = Submission(
            id=submission_id,
            sender=sender.id,
            idempotency_key="",
            digest=digest,
            kind=document.kind or "",
            document_id=document.document_id or "",
            state=SubmissionState.REJECTED,
            accepted_at=at,
            acting_for=None,
            answer=b"",
        )

        def work(unit: Transaction) -> None:
            unit.add_submission(submission)
            unit.add_evidence(rejection)

        self.store.write(work)
        return Rejected(submission_id=submission_id, evidence_id=rejection.id, report=report)


def _handed_in_before(view: Reading, sender: Party, key: str, digest: str) -> Accepted | None:
    """The first answer to the same bytes under the same key. Raises Conflict for other bytes."""
    known = view.submission_by_key(sender.id, key)
    if known is None:
        return None
    if known.digest != digest:
        raise Conflict(
            "idempotency-key-reused",
            "this key was used for other bytes; hand other bytes in under another key",
            firstDigest=known.digest,
            digest=digest,
            submissionId=known.id,
        )
    return Accepted(submission_id=known.id, answer=known.answer, repeated=True)


def _store(
    unit: Transaction,
    submission: Submission,
    sender: Party,
    acceptance: Evidence,
    copies: Sequence[_Copy],
    terms: Sequence[Term],
) -> Accepted:
    """Everything of one submission, in the caller's transaction; a twin that was faster has the say."""
    known = _handed_in_before(unit, sender, submission.idempotency_key, submission.digest)
    if known is not None:
        return known
    first = unit.submission_by_document(submission.document_id)
    if first is not None:
        if (first.digest, first.sender) == (submission.digest, submission.sender):
            return Accepted(submission_id=first.id, answer=first.answer, repeated=True)
        raise Conflict("document-id-reused", "a document with this DocumentId and other bytes was handed in (GEN-02)")
    unit.add_submission(submission)
    unit.add_evidence(acceptance)
    for copy in copies:
        unit.add_delivery(copy.delivery, copy.envelope)
        unit.add_evidence(copy.consigned)
    unit.add_terms(submission.id, terms)
    return Accepted(submission_id=submission.id, answer=submission.answer)


def _reason(finding: Finding) -> Reason:
    path = finding.path if finding.path and _EVIDENCE_PATH.fullmatch(finding.path) else None
    return Reason(code=finding.rule or finding.code, article=finding.article, path=path)
