"""Make ready what was found in order: sealed copies, evidence, terms, notes for the case, for one transaction.

The numbers go on with those of intake. Until the one transaction of step 8 nothing is stored and nothing leaves; the
answer is signed before it, stored in it, and released after it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from cryptography.x509 import Certificate
from lxml import etree

from gateway.cases import Cases, Filing
from gateway.envelope import Consignment, build_envelope, build_envelopes
from gateway.evidence import Reason, Witness
from gateway.filing import OnFile
from gateway.forms.findings import Finding
from gateway.forms.kinds import FormKind
from gateway.forms.report import finding_to_json
from gateway.idempotency import Accepted, HandedIn, handed_in_before, same_document
from gateway.journal import Entry, entry_of_filing
from gateway.lifecycle import Patience
from gateway.lockstep import Stages
from gateway.model import (
    Delivery,
    DeliveryId,
    DeliveryState,
    EndpointKind,
    Event,
    Evidence,
    Party,
    PartyId,
    Role,
    Submission,
    SubmissionId,
    SubmissionState,
    Term,
    ValidationRecord,
    new_id,
)
from gateway.notices import Notice
from gateway.notifying import first_notice
from gateway.ports import Transaction
from gateway.resources import encoded, submission_view
from gateway.routing import Addressee
from gateway.terms import last_day_for, terms_of
from signing import sha256

_EVIDENCE_PATH = re.compile(r"/[A-Za-z0-9_:*@/\[\]()\-.]{0,499}")


@dataclass(frozen=True, kw_only=True)
class Cleared:
    """A form against which nothing stands. content: the bytes that were signed, parsed again. links: of its case.
    notices: those that the gateway makes because of it. validation: what was known of its signatures."""

    kind: FormKind
    content: etree._Element
    filing: Filing
    links: tuple[str, ...]
    addressees: Sequence[Addressee]
    acting_for: PartyId | None
    validation: ValidationRecord
    notices: Sequence[Notice] = ()


@dataclass(frozen=True, kw_only=True)
class _Copy:
    delivery: Delivery
    envelope: bytes
    consigned: Evidence
    print_job: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """All that is stored of one form."""

    submission: Submission
    proofs: Sequence[Evidence]
    copies: Sequence[_Copy]
    terms: Sequence[Term]
    links: Sequence[str]
    sealed_facts: bytes
    validation: ValidationRecord | None = None

    @property
    def filed(self) -> Entry:
        """What the journal knows of all that is no evidence."""
        on_file = OnFile(
            submission_id=self.submission.id,
            answer=self.submission.answer,
            links=self.links,
            facts=sha256(self.sealed_facts),
            terms=self.terms,
            deliveries=[copy.delivery for copy in self.copies],
        )
        return entry_of_filing(on_file, at=self.submission.accepted_at)


@dataclass(frozen=True, kw_only=True)
class PaperRule:
    """To whom paper may go, and who prints it.

    station: looks the print station up. lead_working_days: before the last lawful day, for the post.
    """

    roles: frozenset[Role]
    station: Callable[[], Party | None]
    lead_working_days: int


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """Makes cleared forms ready to be taken in.

    kept_per_day: see `idempotency.count_kept`. actors: kind of form -> the roles that sign it.
    """

    witness: Witness
    cases: Cases
    kept_per_day: int
    patience: Patience
    actors: Mapping[str, frozenset[Role]]
    paper: PaperRule | None = None

    def prepare(
        self, handed_in: HandedIn, cleared: Cleared, flags: Sequence[Finding]
    ) -> Stages[Callable[[Transaction], Accepted]]:
        """7. Seal a copy for each recipient and sign what will be said. What is given back is the work of step 8.

        flags: what was found that does not stand against it.
        That work raises Conflict when a twin with other bytes was faster.
        """
        submission = Submission(
            id=SubmissionId(new_id()),
            sender=handed_in.sender.id,
            idempotency_key=handed_in.key,
            digest=handed_in.digest,
            kind=cleared.kind.id,
            document_id=cleared.filing.document_id,
            state=SubmissionState.ACCEPTED,
            accepted_at=handed_in.at,
            acting_for=cleared.acting_for,
            answer=b"",
        )
        entry = yield from self._entry(submission, cleared, handed_in.raw)
        notices = []
        for notice in cleared.notices:
            notices.append((yield from self._notice(notice, handed_in.at)))
        deliveries = [copy.delivery for copy in entry.copies]
        acceptance = self.witness.state(
            Event.SUBMISSION_ACCEPTANCE,
            at=handed_in.at,
            submission_id=submission.id,
            sender=submission.sender,
            acting_for=submission.acting_for,
            kind=submission.kind,
            document_id=submission.document_id,
            document_digest=submission.digest,
            reasons=[reason_of(finding) for finding in flags],
            terms=entry.terms,
            consigned=deliveries,
        )
        yield
        messages = cleared.kind.messages
        view = submission_view(
            submission,
            proof=acceptance.id,
            deliveries=deliveries,
            terms=entry.terms,
            acts=messages.acts,
            language=handed_in.language,
            warnings=[finding_to_json(finding, messages, handed_in.language) for finding in flags],
        )
        answered = replace(submission, answer=encoded(view))
        main = replace(entry, submission=answered, proofs=[acceptance], validation=cleared.validation)
        yield
        stored = [(each, each.filed) for each in (main, *notices)]
        yield
        return lambda unit: self._store(unit, stored, handed_in)

    def _store(self, unit: Transaction, stored: Sequence[tuple[_Entry, Entry]], handed_in: HandedIn) -> Accepted:
        """Everything of one submission, in the caller's transaction; a twin that was faster has the say."""
        submission = stored[0][0].submission
        known = handed_in_before(unit, handed_in) or same_document(
            unit, handed_in, submission.document_id, most=self.kept_per_day
        )
        if known is not None:
            return known
        for entry, filed in stored:
            _add(unit, entry, filed)
        return Accepted(submission_id=submission.id, answer=submission.answer)

    def _notice(self, notice: Notice, at: datetime) -> Stages[_Entry]:
        """A notice as it is stored. Whom it does not reach stands in evidence, for the operator."""
        submission = Submission(
            id=SubmissionId(new_id()),
            sender=PartyId(self.witness.issuer),
            idempotency_key=notice.filing.document_id,
            digest=sha256(notice.raw),
            kind=notice.kind.id,
            document_id=notice.filing.document_id,
            state=SubmissionState.ACCEPTED,
            accepted_at=at,
            acting_for=None,
            answer=b"",
        )
        failures = [
            self.witness.state(
                Event.CONTENT_CONSIGNMENT_FAILURE,
                at=at,
                submission_id=submission.id,
                kind=submission.kind,
                document_id=submission.document_id,
                document_digest=submission.digest,
                reasons=[reason_of(finding)],
            )
            for finding in notice.unreached
        ]
        entry = yield from self._entry(submission, notice, notice.raw)
        return replace(entry, proofs=failures)

    def _entry(self, submission: Submission, cleared: Cleared | Notice, raw: bytes) -> Stages[_Entry]:
        yield
        recipients = [addressee.route.role for addressee in cleared.addressees]
        terms = terms_of(cleared.kind, cleared.content, accepted_at=submission.accepted_at, recipients=recipients)
        yield
        copies = yield from self._copies(submission, cleared, terms, raw)
        return _Entry(
            submission=submission,
            proofs=(),
            copies=copies,
            terms=terms,
            links=cleared.links,
            sealed_facts=self.cases.sealed(cleared.filing, submission.id),
        )

    def _copies(
        self, submission: Submission, cleared: Cleared | Notice, terms: Sequence[Term], raw: bytes
    ) -> Stages[list[_Copy]]:
        """The recipients' sealed copies, each with the evidence that it lies ready; made side by side too."""
        at, kind, addressees = submission.accepted_at, cleared.kind, cleared.addressees
        identity = self.witness.keys.at(at)
        printed = self._printed_for([addressee.route.role for addressee in addressees])
        notes = [_note(submission, each, station=printed.get(each.route.role)) for each in addressees]
        yield
        envelopes = yield from build_envelopes(
            [(note, _holder(each.party)) for note, each in zip(notes, addressees, strict=True)], raw, identity=identity
        )
        jobs = {
            note.delivery_id: build_envelope(
                replace(note, party=station.id, paper_for=note.party, also_sealed_for=None),
                raw,
                recipient=_holder(station),
                identity=identity,
            )
            for note in notes
            if (station := printed.get(note.role)) is not None
        }
        yield
        deliveries = [
            self._delivery(note, each.party, envelope, last_day_for(note.role, terms, self.actors), kind)
            for note, each, envelope in zip(notes, addressees, envelopes, strict=True)
        ]
        yield
        consigned = [
            self.witness.state(
                Event.CONTENT_CONSIGNMENT,
                at=at,
                submission_id=submission.id,
                document_id=submission.document_id,
                delivery=delivery,
            )
            for delivery in deliveries
        ]
        yield
        return [
            _Copy(delivery=delivery, envelope=envelope, consigned=proof, print_job=jobs.get(delivery.id))
            for delivery, envelope, proof in zip(deliveries, envelopes, consigned, strict=True)
        ]

    def _delivery(
        self, note: Consignment, party: Party, envelope: bytes, last_day: date | None, kind: FormKind
    ) -> Delivery:
        """One recipient's copy on its way. last_day: to act on it."""
        at, state = note.accepted_at, DeliveryState.CONSIGNED
        lawful_until = None if last_day is None else kind.calendar.end_of(last_day)
        paper_by = None if note.also_sealed_for is None else self._paper_by(last_day, kind, at)
        looks = (
            first_notice(party, at=at, calendar=kind.calendar),
            self.patience.look_at(state, after=at, trying_since=at, lawful_until=lawful_until, paper_by=paper_by),
        )
        return Delivery(
            id=note.delivery_id,
            submission_id=note.submission_id,
            kind=note.kind,
            route=note.route,
            article=note.article,
            role=note.role,
            party=note.party,
            copy=note.copy,
            of=note.of,
            state=state,
            transport=party.endpoint.kind,
            attempts=0,
            consigned_at=at,
            handed_over_at=None,
            due_at=at if party.endpoint.kind is EndpointKind.PUSH else None,
            envelope_digest=sha256(envelope),
            document_digest=note.document_digest,
            size_bytes=len(envelope),
            last_problem=None,
            lawful_until=lawful_until,
            paper_by=paper_by,
            watch_at=min(look for look in looks if look is not None),
        )

    def _printed_for(self, recipients: Sequence[Role]) -> Mapping[Role, Party]:
        """The print station beside each of the roles for which it may print."""
        if self.paper is None:
            return {}
        reached = self.paper.roles.intersection(recipients)
        station = self.paper.station() if reached else None
        if station is None or station.sealing_certificate is None:
            return {}
        return dict.fromkeys(reached, station)

    def _paper_by(self, last_day: date | None, kind: FormKind, at: datetime) -> datetime | None:
        """When a copy must go on paper to be there in time; not before its recipient had a while to collect it."""
        if last_day is None or self.paper is None:
            return None
        day = kind.calendar.working_days_before(last_day, self.paper.lead_working_days) - timedelta(days=1)
        return max(kind.calendar.end_of(day), at + timedelta(seconds=self.patience.warn_after_s))


def _note(submission: Submission, addressee: Addressee, *, station: Party | None) -> Consignment:
    """What travels with one recipient's copy. station: that prints it too."""
    route = addressee.route
    return Consignment(
        delivery_id=DeliveryId(new_id()),
        submission_id=submission.id,
        kind=submission.kind,
        route=route.id,
        article=route.article,
        role=route.role,
        party=addressee.party.id,
        copy=route.copy,
        of=route.of,
        document_id=submission.document_id,
        document_digest=submission.digest,
        sender=submission.sender,
        accepted_at=submission.accepted_at,
        also_sealed_for=None if station is None else station.id,
    )


def _holder(party: Party) -> Certificate:
    if party.sealing_certificate is None:
        raise ValueError("the router lets no party without a sealing certificate pass")
    return party.sealing_certificate


def reason_of(finding: Finding) -> Reason:
    """A finding as evidence states it: codes and places only."""
    path = finding.path if finding.path and _EVIDENCE_PATH.fullmatch(finding.path) else None
    return Reason(code=finding.rule or finding.code, article=finding.article, path=path)


def _add(unit: Transaction, entry: _Entry, filed: Entry) -> None:
    submission = entry.submission
    unit.add_submission(submission)
    case_id = unit.file(submission.id, links=entry.links, sealed_facts=entry.sealed_facts)
    for copy in entry.copies:
        unit.add_delivery(copy.delivery, copy.envelope, case_id=case_id)
        if copy.print_job is not None:
            unit.add_print_job(copy.delivery.id, copy.print_job)
    for proof in (*entry.proofs, *(copy.consigned for copy in entry.copies)):
        unit.add_evidence(proof)
    unit.add_terms(submission.id, entry.terms)
    unit.enter(filed)
    if entry.validation is not None:
        unit.add_validation(submission.id, entry.validation)
