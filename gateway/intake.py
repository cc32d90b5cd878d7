"""Judge a submission: parse, schema, signature, rules, signatory, sender, routing, records; take it in or refuse it.

The numbers in the code are the steps, those of `acceptance.py` included. Everything after step 3 reads the bytes that
were signed and no others. Clear text never rests: after intake the form exists only sealed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

from gateway.acceptance import Acceptance, Cleared, reason_of
from gateway.cases import Case, Cases
from gateway.evidence import Witness
from gateway.forms.findings import Finding, Phase, Severity, XmlRejected
from gateway.forms.parsing import ABSOLUTE_LIMITS, parse_untrusted
from gateway.forms.report import MAX_FINDINGS, Outcome, Report
from gateway.forms.validation import Identified, Validator
from gateway.idempotency import Accepted, HandedIn, count_kept, handed_in_before, under_further_key
from gateway.lockstep import Stages, alone
from gateway.model import Event, EvidenceId, Party, Submission, SubmissionId, SubmissionState, ValidationRecord, new_id
from gateway.notices import DrawnUp, Notices
from gateway.ports import Clock, Collected, Holds, Pending, Reading, Store, Transaction
from gateway.records import check
from gateway.routing import Router, Routing
from gateway.signatories import SignatoryCheck, Standing, acting_for, signature_finding
from gateway.vouching import Answers, Unasked, Vouched, Vouching
from signing import sha256


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """The form is refused, with a signed SubmissionRejection; nothing went to anybody."""

    submission_id: SubmissionId
    evidence_id: EvidenceId
    report: Report


@dataclass(frozen=True, kw_only=True)
class StillRunning:
    """What was handed in under this key is being judged at this moment.

    digest: of these bytes, where it is others that are judged. first_digest: of those, as far as it is known.
    """

    key: str
    digest: str | None = None
    first_digest: str | None = None


Decision = Accepted | Rejected | StillRunning


@dataclass(frozen=True, kw_only=True)
class _Records:
    """What the store says of a form, read at one moment."""

    standing: Standing
    routing: Routing
    first: Submission | None
    case: Case


@dataclass(frozen=True, kw_only=True)
class Intake:
    """The counter's window."""

    store: Store
    validator: Validator
    vouching: Vouching
    witness: Witness
    router: Router
    signatories: SignatoryCheck
    cases: Cases
    notices: Notices
    acceptance: Acceptance
    holds: Holds
    clock: Clock

    def accept(self, raw: bytes, *, sender: Party, idempotency_key: str | None, language: str) -> Decision:
        """Judge `raw` and take it in, or say why not; see `judge`."""
        judging = self.judge(raw, sender=lambda: sender, idempotency_key=idempotency_key, language=language)
        return alone(judging).result()

    def judge(
        self,
        raw: bytes,
        *,
        sender: Callable[[], Party],
        idempotency_key: str | None,
        language: str,
        answers: Answers | None = None,
    ) -> Stages[Pending[Decision]]:
        """Judge `raw`; what comes of it once it is committed. Until then its key and its bytes are held.

        idempotency_key: the sender's name for this handing in; without one the digest of the bytes serves.
        language: of the words in the answer. answers: see `Vouching.validate`.
        Raises Conflict when the key was used for other bytes; TooMuch; Unasked; EngineFault, StoreUnavailable: try
        again, as if it had never been handed in.
        """
        digest = sha256(raw)
        handed_in = HandedIn(
            raw=raw,
            digest=digest,
            key=idempotency_key or digest,
            sender=sender(),
            at=self.clock.now(),
            language=language,
        )
        # 1. The same again gets the first answer again; one of two twins is judged.
        known = self.store.read(lambda view: handed_in_before(view, handed_in))
        if known is not None:
            return Pending.of(known)
        under_key = _under_key(handed_in.sender, handed_in.key)
        with ExitStack() as held:
            if not held.enter_context(self.holds.hold(f"{under_key} {digest}")):
                return Pending.of(StillRunning(key=handed_in.key))
            if not held.enter_context(self.holds.hold(under_key, note=digest)):
                first_digest = self.holds.note_of(under_key)
                return Pending.of(StillRunning(key=handed_in.key, digest=digest, first_digest=first_digest))
            try:
                decided = yield from self._judge(handed_in, answers=answers)
            except Unasked as first:
                raise Unasked(first.path, partial(self._ask, first.ask, handed_in)) from None
            until_committed = held.pop_all()
        decided.done.add_done_callback(lambda _: until_committed.close())
        return decided

    def is_running(self, sender: Party, key: str) -> bool:
        """Whether something of the sender's is being judged under the key at this moment."""
        with self.holds.hold(_under_key(sender, key)) as free:
            return not free

    def _ask(self, ask: Callable[[], Collected], handed_in: HandedIn) -> Collected:
        """Ask about a certificate of what is handed in, which counts as being judged meanwhile."""
        under_key, digest = _under_key(handed_in.sender, handed_in.key), handed_in.digest
        with self.holds.hold(f"{under_key} {digest}"), self.holds.hold(under_key, note=digest):
            return ask()

    def _judge(self, handed_in: HandedIn, *, answers: Answers | None) -> Stages[Pending[Decision]]:
        raw = handed_in.raw
        yield
        # 2. Parse and schema. 3. Signature. 4. Rules. 5. Signatory, sender. 6. Routing, records.
        try:
            document = self.validator.parse(raw)
            yield
            identified = self.validator.identify(document)
        except XmlRejected as rejection:
            report = self.validator.rejected(raw, rejection, received_on=handed_in.at)
            return self._reject(report, handed_in)
        if identified.findings:
            return self._reject(self._report(identified, identified.findings, handed_in), handed_in)
        yield
        vouched = yield from self.vouching.validate(document, at=handed_in.at, answers=answers)
        yield
        cleared, findings = yield from self._clear(identified, vouched, handed_in)
        if cleared is None or any(finding.severity is Severity.ERROR for finding in findings):
            return self._reject(self._report(identified, findings, handed_in), handed_in, vouched.record)
        work = yield from self.acceptance.prepare(handed_in, cleared, findings[:MAX_FINDINGS])
        yield  # the writer takes what it finds: who is judged together is to be committed together
        # 8. One transaction. 9. Only then the answer.
        return self.store.queue(work)

    def _clear(
        self, identified: Identified, vouched: Vouched, handed_in: HandedIn
    ) -> Stages[tuple[Cleared | None, tuple[Finding, ...]]]:
        """Steps 4 to 6: all that stands against the form; no Cleared where it could not be judged to the end."""
        kind, sender = identified.kind, handed_in.sender
        received_on = kind.calendar.date_of(handed_in.at)
        if vouched.failure is not None:
            rules = self.validator.rules(kind, identified.content, received_on=received_on)
            return None, (signature_finding(kind, vouched.failure), *rules)
        content = parse_untrusted(vouched.content, limits=ABSOLUTE_LIMITS).root
        yield
        rules = self.validator.rules(kind, content, received_on=received_on, identified=identified)
        yield
        filing = self.cases.filing(kind, content, received_on=received_on, flags=rules)
        yield
        links = self.cases.links(filing, content, sender=sender.id)

        def look(view: Reading) -> _Records:
            return _Records(
                standing=self.signatories.check(kind, content, vouched.signatures, view),
                routing=self.router.route(kind, content, view),
                first=view.submission_by_document(filing.document_id),
                case=self.cases.case(filing, links, view),
            )

        yield
        records = self.store.read(look)
        yield
        principal = acting_for(sender, kind, records.standing.principals)
        against = list(records.standing.findings)
        if vouched.unknown:
            against.append(kind.finding("SIG-REVOCATION-UNKNOWN", Phase.SIGNATURE, path=f"/f:{kind.root}/f:Signatures"))
        if any(kind.calendar.date_of(signature.signing_time) > received_on for signature in vouched.signatures):
            against.append(kind.finding("GEN-18", Phase.SIGNATURE, path=f"/f:{kind.root}/f:Signatures"))
        if (
            principal is None or kind.is_own
        ):  # and who may not hand it in learns nothing of the register or of earlier documents
            if not records.standing.findings:
                against.append(kind.finding("GW-SENDER-NOT-PERMITTED", Phase.RECORDS))
            return None, (*rules, *against)
        if records.first is not None and (records.first.digest, records.first.sender) != (handed_in.digest, sender.id):
            place = f"/f:{kind.root}/f:Content/f:Header/c:DocumentId"
            against.append(kind.finding("GEN-02", Phase.RECORDS, path=place))
        yield
        against += [*records.routing.findings, *check(filing, records.case)]
        drawn_up = DrawnUp()
        if kind.notices and not any(finding.severity is Severity.ERROR for finding in (*rules, *against)):
            drawn_up = self.store.read(
                lambda view: self.notices.draw_up(filing, content, records.case, view, at=handed_in.at)
            )
        cleared = Cleared(
            kind=kind,
            content=content,
            filing=filing,
            links=links,
            addressees=records.routing.addressees,
            acting_for=None if principal == sender.id else principal,
            notices=drawn_up.notices,
            validation=vouched.record,
        )
        return cleared, (*rules, *against, *drawn_up.flags)

    def _report(self, identified: Identified, findings: tuple[Finding, ...], handed_in: HandedIn) -> Report:
        """The report of the whole way, with the phases that only intake has."""
        failed = Phase.SCHEMA if identified.findings else None
        received_on = identified.kind.calendar.date_of(handed_in.at)
        report = self.validator.report(identified, findings, failed=failed, received_on=received_on)
        if failed is not None:
            return report
        faulty = {finding.phase for finding in findings if finding.severity is Severity.ERROR}
        judged = (Phase.RULES, Phase.SIGNATURE, Phase.RECORDS)
        outcomes = {phase: Outcome.FAILED if phase in faulty else Outcome.PASSED for phase in judged}
        return replace(report, phases={**report.phases, **outcomes})

    def _reject(
        self, report: Report, handed_in: HandedIn, validation: ValidationRecord | None = None
    ) -> Pending[Decision]:
        """Keep a signed refusal: ids, codes and places only. The idempotency key stays free for the corrected form.

        What was taken in once is not refused because time has passed since: it gets the first answer.
        """
        submission_id = SubmissionId(new_id())
        document = report.document
        errors = [finding for finding in report.findings if finding.severity is Severity.ERROR]
        rejection = self.witness.state(
            Event.SUBMISSION_REJECTION,
            at=handed_in.at,
            submission_id=submission_id,
            sender=handed_in.sender.id,
            kind=document.kind,
            document_id=document.document_id,
            document_digest=handed_in.digest,
            reasons=[reason_of(finding) for finding in errors],
        )
        submission = Submission(
            id=submission_id,
            sender=handed_in.sender.id,
            idempotency_key="",
            digest=handed_in.digest,
            kind=document.kind or "",
            document_id=document.document_id or "",
            state=SubmissionState.REJECTED,
            accepted_at=handed_in.at,
            acting_for=None,
            answer=b"",
        )

        def work(unit: Transaction) -> Rejected | Accepted:
            first = unit.submission_by_document(submission.document_id)
            if first is not None and (first.digest, first.sender) == (submission.digest, submission.sender):
                return under_further_key(unit, handed_in, first, most=self.acceptance.kept_per_day)
            count_kept(unit, handed_in, self.acceptance.kept_per_day)
            unit.add_submission(submission)
            unit.add_evidence(rejection)
            if validation is not None:
                unit.add_validation(submission_id, replace(validation, unanswered=()))
            return Rejected(submission_id=submission_id, evidence_id=rejection.id, report=report)

        return self.store.queue(work)


def _under_key(sender: Party, key: str) -> str:
    return f"{sender.id} {key}"  # neither has a space in it
