"""What one submission must show, with all that belongs to it; pure: a dossier in, flaws out.

States are replayed from evidence by the table of `lifecycle.py`: whatever moves that table names, now or later, a
stored state must be one to which the kept evidence leads, and no evidence may tell of another.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

from gateway.deadlines import Calendar
from gateway.dossier import Copy, Dossier
from gateway.errors import Unreadable
from gateway.evidence import Witness
from gateway.flaws import Flaw
from gateway.hosting import OPENED
from gateway.lifecycle import ENDED, LAID_READY, REACHED, TRANSITIONS, SubmissionFact, follow, is_final, outcome_of
from gateway.model import (
    FORM,
    PASSED,
    UNKNOWN,
    Delivery,
    DeliveryState,
    EndpointKind,
    Event,
    Evidence,
    EvidenceId,
    KeptReceipt,
    PostFact,
    Postmark,
    Submission,
    SubmissionState,
    Term,
    ValidationRecord,
)
from gateway.paper import BY_POST
from gateway.receipt import read_receipt
from gateway.receipts import FACTS
from gateway.statement import StatedCopy, Statement, read_statement, stated
from signing import KeyUnavailable, SigningError, TrustPolicy, fingerprint, sha256, subject_of

BY_RECEIPT = frozenset(event for (_, fact), (_, event) in TRANSITIONS.items() if fact in FACTS.values())
CLOSED_BY = {
    None: (SubmissionState.ACCEPTED,),
    SubmissionFact.ALL_REACHED: (SubmissionState.CLOSED,),
    SubmissionFact.ALL_ENDED: (SubmissionState.CLOSED_WITH_EXCEPTIONS,),
}
"""Where a submission stands by what became of its copies."""
KINDS_OF_ITEMS = ("certificate", "ocsp", "crl")
AT_ACCEPTANCE = (Event.SUBMISSION_ACCEPTANCE, Event.CONTENT_CONSIGNMENT)


_Said = list[tuple[Evidence, Statement | None]]


class Prover:
    """Proves dossiers. trust: of recipients' receipts; evidence must be of the witness's own seal."""

    def __init__(self, *, witness: Witness, trust: TrustPolicy, calendars: Mapping[str, Calendar]) -> None:
        certificates = tuple(key.identity.certificate for key in witness.keys.keys)
        self._own = [subject_of(each) for each in certificates]
        self._keys = witness.keys
        self._ours = {fingerprint(each) for each in certificates}
        self._issuer = witness.issuer
        self._trust = trust
        self._own_trust = TrustPolicy((*certificates, *trust.anchors), algorithms=trust.algorithms)
        self._calendars = calendars

    def prove(self, dossier: Dossier, *, watched_by: datetime, entered_later: int) -> Iterator[Flaw]:
        """Everything that is wrong with one submission. watched_by: when the watch looks at any copy at the latest.
        entered_later: see `ports.Reading`."""
        said: _Said = []
        for evidence in dossier.evidence:
            statement, flaw = self._statement(evidence)
            said.append((evidence, statement))
            if flaw is not None:
                yield flaw
        yield from self._submission(dossier, said)
        for copy in dossier.copies:
            own = [(each, statement) for each, statement in said if each.delivery_id == copy.delivery.id]
            yield from _delivery(dossier, copy, watched_by)
            yield from _in_order(copy.delivery, [each for each, _ in own], dossier.entered, entered_later)
            yield from _moves(copy.delivery, [each for each, said_of_it in own if not _is_opening(each, said_of_it)])
            yield from _bound(copy, own)
            yield from _posted(copy, own)
            yield from self._receipts(copy, own)
        for evidence, statement in said:
            if evidence.id in dossier.proofs and statement is not None and not dossier.erased:
                yield from _proven_by_post(evidence, statement, dossier.proofs[evidence.id])
        yield from self._terms(dossier, said)
        if dossier.validation is not None:
            yield from _arrival(dossier.validation, dossier.submission)
        known = {FORM, *(f"receipt {receipt.digest}" for copy in dossier.copies for receipt in copy.receipts)}
        for record in dossier.later:
            place = f"submission {dossier.submission.id}"
            yield from _validation(record, place)
            if record.about not in known:
                yield Flaw(code="validation-differs", place=place, detail="about")

    def _statement(self, evidence: Evidence) -> tuple[Statement | None, Flaw | None]:
        place = _at(evidence)
        try:
            statement = read_statement(evidence.raw, trust=self._own_trust, at=evidence.at)
        except (SigningError, Unreadable) as error:
            return None, Flaw(code="evidence-invalid", place=place, detail=str(error.code))
        if subject_of(statement.issuer) not in self._own:
            return None, Flaw(code="evidence-by-a-stranger", place=place)
        signer = fingerprint(statement.issuer)
        if signer in self._ours and signer != self._in_use(evidence.at):
            return None, Flaw(code="evidence-out-of-time", place=place)
        row = (
            evidence.id,
            evidence.event.uri,
            evidence.at,
            evidence.submission_id,
            evidence.delivery_id,
            evidence.receipt_id is not None,
        )
        names = ("id", "event", "at", "submission", "delivery", "receipt")
        told = (
            statement.evidence_id,
            statement.event,
            statement.at,
            statement.submission_id,
            statement.delivery_id,
            statement.receipt_digest is not None,
        )
        differing = [name for name, kept, signed in zip(names, row, told, strict=True) if kept != signed]
        if differing:
            return statement, Flaw(code="evidence-differs", place=place, detail=" ".join(differing))
        return statement, None

    def _in_use(self, at: datetime) -> str | None:
        try:
            return self._keys.at(at).fingerprint
        except KeyUnavailable:
            return None

    def _submission(self, dossier: Dossier, said: _Said) -> Iterator[Flaw]:
        submission, place = dossier.submission, f"submission {dossier.submission.id}"
        events = Counter(evidence.event for evidence, _ in said)
        own_notice = submission.sender in {self._issuer, *_names_of_ours(said)}
        rejected = submission.state is SubmissionState.REJECTED
        wanted = Event.SUBMISSION_REJECTION if rejected else Event.SUBMISSION_ACCEPTANCE
        if events[wanted] != 1 and not own_notice:
            yield Flaw(code="submission-without-evidence", place=place, detail=wanted)
        other = Event.SUBMISSION_ACCEPTANCE if rejected else Event.SUBMISSION_REJECTION
        if events[other]:
            yield Flaw(code="evidence-without-state", place=place, detail=other)
        for evidence, statement in said:
            if statement is None or evidence.delivery_id is not None or statement.document is None:
                continue
            if not statement.document.is_of(submission.digest):
                yield Flaw(code="evidence-for-other-bytes", place=_at(evidence), detail="document")
            if evidence.event is wanted and (differing := _told_otherwise(dossier, statement)):
                yield Flaw(code="evidence-differs", place=_at(evidence), detail=differing)
        if rejected:
            if dossier.copies:
                yield Flaw(code="rejected-with-deliveries", place=place)
            return
        if dossier.kept == dossier.erased:
            yield Flaw(code="erased-yet-kept" if dossier.kept else "gone-without-erasure", place=place)
        became = outcome_of([copy.delivery.state for copy in dossier.copies]) if dossier.copies else None
        if submission.state not in CLOSED_BY[became]:
            left_open = submission.state is SubmissionState.ACCEPTED
            yield Flaw(code="submission-left-open" if left_open else "submission-closed-early", place=place)
        if dossier.case is None:
            yield Flaw(code="submission-without-case", place=place)
        else:
            concerned = {submission.sender, *(copy.delivery.party for copy in dossier.copies)}
            for party in sorted(concerned - set(dossier.case[1])):
                yield Flaw(code="case-without-party", place=place, detail=party)
        if not own_notice:
            yield from _answer(dossier)

    def _receipts(self, copy: Copy, own: _Said) -> Iterator[Flaw]:
        """Receipts and the evidence that rests on them, both ways."""
        delivery, place = copy.delivery, f"delivery {copy.delivery.id}"
        kept = {receipt.id: receipt for receipt in copy.receipts}
        proofs = {evidence.id: (evidence, statement) for evidence, statement in own}
        for receipt in copy.receipts:
            if sha256(receipt.raw) != receipt.digest:
                yield Flaw(code="receipt-changed", place=f"receipt {receipt.id}")
            elif receipt.evidence_id is not None:
                if receipt.evidence_id not in proofs:
                    yield Flaw(code="receipt-without-evidence", place=f"receipt {receipt.id}")
                code = self._judged(receipt, delivery)
                if code is not None:
                    yield Flaw(code="receipt-invalid", place=f"receipt {receipt.id}", detail=code)
        for evidence, statement in own:
            if evidence.receipt_id is None:
                continue
            if evidence.receipt_id not in kept:
                yield Flaw(code="evidence-without-receipt", place=_at(evidence), detail=evidence.receipt_id)
            elif statement is not None and statement.receipt_digest != kept[evidence.receipt_id].digest:
                yield Flaw(code="evidence-for-other-bytes", place=_at(evidence), detail="receipt")
        for evidence, statement in own:
            if evidence.event in BY_RECEIPT and evidence.receipt_id is None and not _is_opening(evidence, statement):
                yield Flaw(code="handover-without-receipt", place=place)

    def _judged(self, receipt: KeptReceipt, delivery: Delivery) -> str | None:
        """What is wrong with a receipt that moved a delivery."""
        try:
            read = read_receipt(receipt.raw, trust=self._trust, at=receipt.received_at)
        except (SigningError, Unreadable) as error:
            return str(error.code)
        if (read.delivery_id, read.submission_id) != (delivery.id, delivery.submission_id):
            return "receipt-for-another-delivery"
        if (read.envelope_digest, read.document_digest) != (delivery.envelope_digest, delivery.document_digest):
            return "receipt-for-other-bytes"
        return None if read.party == delivery.party else "receipt-by-a-stranger"

    def _terms(self, dossier: Dossier, said: _Said) -> Iterator[Flaw]:
        submission, place = dossier.submission, f"submission {dossier.submission.id}"
        accepted = [each for evidence, each in said if evidence.event is Event.SUBMISSION_ACCEPTANCE and each]
        at_acceptance = [term for term in dossier.terms if _from_acceptance(term)]
        if accepted and Counter(stated(term) for term in at_acceptance if term.day_zero) != Counter(accepted[0].terms):
            yield Flaw(code="terms-differ", place=place, detail="acceptance")
        roles: dict[str | None, str] = {copy.delivery.id: copy.delivery.role for copy in dossier.copies}
        calendar = self._calendars.get(submission.kind.partition("/")[0])
        for term in dossier.terms:
            event, _, role = (term.starts_on or "").partition(":")
            if calendar is None or not event or event == Event.SUBMISSION_ACCEPTANCE:
                continue
            started = [
                day
                for evidence, statement in said
                if (not role or roles.get(evidence.delivery_id) == role)
                and (day := _starting_day(event, evidence, statement, calendar)) is not None
            ]
            if not started and term.day_zero is not None:
                yield Flaw(code="term-without-evidence", place=place, detail=term.id)
            elif started and term.day_zero is None:
                yield Flaw(code="term-not-started", place=place, detail=term.id)
            elif started and not _from_acceptance(term):
                dates = calendar.last_day(started[0], term.length, term.unit)
                due = (started[0], dates.reading_l, dates.reading_c)
                if due != (term.day_zero, term.last_day, term.last_day_other_reading):
                    yield Flaw(code="terms-differ", place=place, detail=term.id)


def _names_of_ours(said: _Said) -> Iterator[str]:
    """The name that the counter had when it laid copies ready. It may have another one since."""
    for evidence, statement in said:
        if statement is not None and evidence.event in LAID_READY:
            yield statement.issued_by


def _starting_day(event: str, evidence: Evidence, statement: Statement | None, calendar: Calendar) -> date | None:
    """The day on which evidence starts a term that waits for `event`; what the post handed over is handed over."""
    if evidence.event == event:
        return calendar.date_of(evidence.at)
    by_post = evidence.event is Event.RECEIVED_FROM_NON_ERDS and event == Event.CONTENT_HANDOVER
    if by_post and statement is not None and BY_POST in statement.reasons:
        return statement.posted_on
    return None


def _from_acceptance(term: Term) -> bool:
    return term.starts_on is None or term.starts_on.partition(":")[0] in AT_ACCEPTANCE


def _told_otherwise(dossier: Dossier, statement: Statement) -> str:
    """Names of what evidence says of a submission in other words than its rows."""
    submission = dossier.submission
    copies = {_stated(copy.delivery) for copy in dossier.copies}
    told: Mapping[str, tuple[object, object]] = {
        "sender": (submission.sender, statement.sender),
        "acting for": (submission.acting_for, statement.acting_for),
        "kind": (submission.kind or None, statement.kind),
        "document": (" ".join(submission.document_id.split()) or None, statement.document_id),
        "time": (submission.accepted_at, statement.at),
        "copies": (copies if statement.consigned else set(), set(statement.consigned)),
    }
    return ", ".join(name for name, (kept, signed) in told.items() if kept != signed)


def _proven_by_post(evidence: Evidence, statement: Statement, digest: str | None) -> Iterator[Flaw]:
    """The proof of the post that evidence rests on is there, and the one that it names."""
    if digest is None:
        yield Flaw(code="proof-missing", place=_at(evidence))
    elif digest != statement.proof_digest:
        yield Flaw(code="evidence-for-other-bytes", place=_at(evidence), detail="proof of the post")


def _stated(delivery: Delivery) -> StatedCopy:
    return StatedCopy(
        delivery_id=delivery.id, party=delivery.party, role=delivery.role, number=delivery.copy, of=delivery.of
    )


def _answer(dossier: Dossier) -> Iterator[Flaw]:
    """The first answer to the sender can be given again and is true (it shows what was so at acceptance)."""
    submission, place = dossier.submission, f"submission {dossier.submission.id}"
    try:
        answer = json.loads(submission.answer)
        facts = (answer["submissionId"], answer["documentDigest"], answer["documentId"], answer["kind"])
        promised = {each["deliveryId"]: each["envelopeDigest"] for each in answer["deliveries"]}
        proof = answer["acceptance"]["evidenceId"]
    except (ValueError, LookupError, TypeError):
        yield Flaw(code="answer-missing", place=place)
        return
    if facts != (submission.id, submission.digest, submission.document_id, submission.kind):
        yield Flaw(code="answer-differs", place=place)
    if proof not in {evidence.id for evidence in dossier.evidence}:
        yield Flaw(code="answer-differs", place=place, detail="acceptance")
    stored = {copy.delivery.id: copy.delivery.envelope_digest for copy in dossier.copies}
    for delivery_id, digest in promised.items():
        if delivery_id not in stored:
            yield Flaw(code="delivery-missing", place=place, detail=delivery_id)
        elif stored[delivery_id] != digest:
            yield Flaw(code="answer-differs", place=place, detail=delivery_id)


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


def _delivery(dossier: Dossier, copy: Copy, watched_by: datetime) -> Iterator[Flaw]:
    delivery, place = copy.delivery, f"delivery {copy.delivery.id}"
    if copy.envelope is None:
        if dossier.kept:
            yield Flaw(code="envelope-missing", place=place)
    elif copy.envelope != (delivery.envelope_digest, delivery.size_bytes):
        yield Flaw(code="envelope-differs", place=place)
    if copy.is_print_damaged:
        yield Flaw(code="envelope-differs", place=place, detail="for the print station")
    submission = dossier.submission
    if (delivery.document_digest, delivery.kind) != (submission.digest, submission.kind):
        yield Flaw(code="delivery-document-differs", place=place)
    pushed = delivery.transport is EndpointKind.PUSH and delivery.turn is not None  # one that waits its turn is not due
    if delivery.state is DeliveryState.CONSIGNED and pushed and delivery.due_at is None:
        yield Flaw(code="delivery-without-time", place=place)
    if delivery.state not in ENDED and (delivery.watch_at is None or delivery.watch_at > watched_by):
        yield Flaw(code="delivery-unwatched", place=place)
    if is_final(delivery.state) and (delivery.due_at is not None or delivery.lease_until is not None):
        yield Flaw(code="settled-but-due", place=place)


def _moves(delivery: Delivery, own: Sequence[Evidence]) -> Iterator[Flaw]:
    """Replay the evidence of a delivery."""
    place = f"delivery {delivery.id}"
    if sum(evidence.event is Event.CONTENT_CONSIGNMENT for evidence in own) != 1:
        yield Flaw(code="state-without-evidence", place=place, detail=Event.CONTENT_CONSIGNMENT)
    reached, odd = follow(evidence.event for evidence in own)
    if odd is not None:
        yield Flaw(code="evidence-without-state", place=place, detail=odd)
        return
    if delivery.state in reached:
        return
    behind = delivery.state is DeliveryState.CONSIGNED or any(
        since is delivery.state and to in reached for (since, _), (to, _) in TRANSITIONS.items()
    )
    code = "evidence-without-state" if behind else "state-without-evidence"
    yield Flaw(code=code, place=place, detail=delivery.state)


def _in_order(
    delivery: Delivery, own: Sequence[Evidence], entered: Mapping[EvidenceId, int], entered_later: int
) -> Iterator[Flaw]:
    """The consignment of a copy comes before all else that is stated of it, and the journal has the same order.

    Not by the times stated: a clock may be set back, and what was stated later then has an earlier one. So of what was
    entered by its time, since it was there before the journal, the order among themselves tells nothing.
    """
    events = [each.event for each in own]
    if Event.CONTENT_CONSIGNMENT in events[1:]:
        yield Flaw(code="evidence-out-of-order", place=f"delivery {delivery.id}", detail=events[0])
    positions = [max(entered[each.id], entered_later) for each in own if each.id in entered]
    if positions != sorted(positions):
        yield Flaw(code="evidence-out-of-order", place=f"delivery {delivery.id}", detail="journal")


def _bound(copy: Copy, own: _Said) -> Iterator[Flaw]:
    """Every piece of evidence of a delivery binds the same two byte strings, and speaks of its recipient."""
    delivery = copy.delivery
    if delivery.handed_over_at not in (None, *(evidence.at for evidence, _ in own)):
        yield Flaw(code="evidence-differs", place=f"delivery {delivery.id}", detail="time")
    for evidence, statement in own:
        if statement is None:
            continue
        if (statement.party, statement.role) not in ((None, None), (delivery.party, delivery.role)):
            yield Flaw(code="evidence-differs", place=_at(evidence), detail="recipient")
        if (statement.kind, statement.route, statement.article) != (delivery.kind, delivery.route, delivery.article):
            yield Flaw(code="evidence-differs", place=_at(evidence), detail="route")
        if (statement.copy, statement.of) not in ((None, None), (delivery.copy, delivery.of)):
            yield Flaw(code="evidence-differs", place=_at(evidence), detail="copy")
        if evidence.event is Event.CONTENT_CONSIGNMENT and statement.at != delivery.consigned_at:
            yield Flaw(code="evidence-differs", place=_at(evidence), detail="time")
        for name, shown, digest in (
            ("document", statement.document, delivery.document_digest),
            ("envelope", statement.envelope, delivery.envelope_digest),
        ):
            if shown is not None and not shown.is_of(digest):
                yield Flaw(code="evidence-for-other-bytes", place=_at(evidence), detail=name)


def _posted(copy: Copy, own: _Said) -> Iterator[Flaw]:
    """What is kept of the post's acts is what evidence says, in an order that can be; who has it by post, has it."""
    delivery, place = copy.delivery, f"delivery {copy.delivery.id}"
    kept = {mark.evidence_id: mark for mark in copy.marks}
    told = {evidence.id: statement for evidence, statement in own if statement is not None and statement.posted_on}
    for evidence_id in sorted(kept.keys() ^ told.keys()):
        yield Flaw(code="postmark-differs", place=f"evidence {evidence_id}")
    if kept.keys() == told.keys() and [*kept] != [*told]:
        yield Flaw(code="postmark-differs", place=place, detail="order")
    posted_on = min((mark.on for mark in copy.marks if mark.fact is PostFact.DEPOSITED), default=None)
    for evidence_id, statement in told.items():
        mark = kept.get(evidence_id)
        if mark is not None and not _says(mark, statement):
            yield Flaw(code="postmark-differs", place=f"evidence {evidence_id}")
        elif mark is not None and posted_on is not None and mark.on < posted_on:
            yield Flaw(code="post-out-of-order", place=f"evidence {evidence_id}")
    has_it = any(_post_fact(statement) is PostFact.DELIVERED for statement in told.values())
    if has_it and delivery.state not in REACHED | {DeliveryState.DECLINED}:
        yield Flaw(code="evidence-without-state", place=place, detail=BY_POST)
    if delivery.state is DeliveryState.PAPER_DELIVERED and not has_it:
        yield Flaw(code="state-without-evidence", place=place, detail=BY_POST)


def _says(mark: Postmark, statement: Statement) -> bool:
    kept = (mark.fact, mark.on, mark.number, mark.digest)
    letter = mark.number if statement.letter is None else statement.letter
    return kept == (_post_fact(statement), statement.posted_on, letter, statement.proof_digest)


def _post_fact(statement: Statement) -> PostFact:
    if statement.event == Event.RELAY_TO_NON_ERDS.uri:
        return PostFact.DEPOSITED
    return PostFact.DELIVERED if BY_POST in statement.reasons else PostFact.RETURNED


def _is_opening(evidence: Evidence, statement: Statement | None) -> bool:
    """Whether a copy was opened in a hosted mailbox: that moves nothing, and rests on no receipt."""
    return (
        evidence.is_opening
        and statement is not None
        and statement.receipt_digest is None
        and OPENED in statement.reasons
    )


def _at(evidence: Evidence) -> str:
    return f"evidence {evidence.id}"
