"""The way on paper: what the print station may take, and what it says of the post.

When paper is configured, a second copy of each form for somebody whom paper may reach is sealed for the print station
at acceptance and kept apart. It is given out only when the delivery is escalated; nobody else can open it, the gateway
neither. What the post proves (deposit, return slip) becomes evidence with the day that the proof states; the proof
itself shows an address, so it is kept sealed, for the print station and the sender. A proof that comes when the copy
has long gone on is kept and evidenced as well, without setting the copy back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from gateway.deadlines import Calendars
from gateway.errors import Conflict, NotFound, TooLarge
from gateway.evidence import Post, Reason, Witness
from gateway.lifecycle import ENDED, REMARKS, Fact, advance, can_advance
from gateway.model import (
    Delivery,
    DeliveryId,
    DeliveryState,
    Event,
    Evidence,
    PaperProof,
    Party,
    PartyId,
    PostFact,
    Postmark,
)
from gateway.ports import Clock, Reading, Store, Transaction
from gateway.steps import Step, evidence_on, take, tell
from gateway.terms import start_terms
from signing import seal, sha256

MAX_PROOF_BYTES = 1024 * 1024
BY_POST, RETURNED = "handed-over-by-post", "returned-by-post"
TOO_LATE = "last-lawful-moment-passed"
AT_THE_STATION = (DeliveryState.ESCALATED, DeliveryState.PAPER_QUEUED, DeliveryState.PAPER_DEPOSITED)


@dataclass(frozen=True, kw_only=True)
class Proof:
    """A scan or file of the post, as it was handed in."""

    raw: bytes
    media_type: str

    @cached_property
    def digest(self) -> str:
        """`sha256:<hex>` of it."""
        return sha256(self.raw)


@dataclass(frozen=True, kw_only=True)
class PrintJob:
    """A copy that is to be printed or is with the post. taken_at: when the print station first took it to print."""

    delivery: Delivery
    taken_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Print:
    """The copy that is sealed for the print station. repeated: it was given out before."""

    delivery: Delivery
    envelope: bytes
    repeated: bool


@dataclass(frozen=True, kw_only=True)
class Noted:
    """What the station said is noted, and the delivery as it is now. repeated: it had been said before."""

    delivery: Delivery
    repeated: bool = False


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """A delivery, what the post did with it so far, and when the station took it to print."""

    delivery: Delivery
    marks: Sequence[Postmark]
    taken: Sequence[datetime]
    missed: bool

    @property
    def letters(self) -> list[Postmark]:
        """The letters that the post took, oldest first."""
        return [mark for mark in self.marks if mark.fact is PostFact.DEPOSITED]

    def says_already(self, fact: PostFact, on: date, number: str, digest: str) -> bool:
        """Whether exactly that was said before."""
        return (fact, on, number, digest) in [(mark.fact, mark.on, mark.number, mark.digest) for mark in self.marks]


@dataclass(frozen=True, kw_only=True)
class Paper:
    """The print station's side. station: the one party that may use it; None when paper is not configured."""

    store: Store
    witness: Witness
    clock: Clock
    calendars: Calendars
    station: PartyId | None

    def jobs(self, caller: Party, *, after: tuple[int, int], limit: int) -> Sequence[PrintJob]:
        """What is to be printed or is with the post, the next lawful moment first. Raises NotFound."""
        self._admit(caller)

        def look(view: Reading) -> list[PrintJob]:
            found = view.in_hand(AT_THE_STATION, after=after, limit=limit)
            return [
                PrintJob(delivery=each, taken_at=max(_taken(evidence_on(view, each)), default=None)) for each in found
            ]

        return self.store.read(look)

    def take_job(self, caller: Party, delivery_id: DeliveryId) -> Print:
        """The sealed copy to print; the same bytes again until it is with the post.

        Raises NotFound; Conflict("not-to-be-printed") when the delivery is not escalated.
        """
        seen = self._seen(caller, delivery_id).delivery
        sealed = self.store.read(lambda view: view.print_job(delivery_id))
        if sealed is None or seen.state not in (DeliveryState.ESCALATED, DeliveryState.PAPER_QUEUED):
            raise Conflict(
                "not-to-be-printed", "this delivery is not to go on paper, or is with the post", state=seen.state
            )
        if seen.state is DeliveryState.PAPER_QUEUED:
            return Print(delivery=seen, envelope=sealed, repeated=True)
        return Print(delivery=self._step(seen, Fact.PRINT_JOB_TAKEN), envelope=sealed, repeated=False)

    def deposited(self, caller: Party, delivery_id: DeliveryId, *, number: str, on: date, proof: Proof) -> Noted:
        """The post took the letter: its number, the day on its proof. Evidence: RelayToNonERDS.

        A copy that went on meanwhile stays where it is. Raises Conflict: not-possible-now when no print of it can be
        with the post; number-taken; day-not-possible.
        """
        seen = self._seen(caller, delivery_id)
        if seen.says_already(PostFact.DEPOSITED, on, number, proof.digest):
            return Noted(delivery=seen.delivery, repeated=True)
        delivery = seen.delivery
        if len(seen.letters) >= len(seen.taken):
            raise _not_now(delivery)
        self._check_number(delivery, number, on)
        fact = Fact.DEPOSITED if can_advance(delivery.state, Fact.DEPOSITED) else Fact.DEPOSIT_LEARNT
        calendar = self.calendars[delivery.country]
        back = [mark.on for mark in seen.marks if mark.fact is PostFact.RETURNED and fact is Fact.DEPOSITED]
        self._check(delivery, on, proof, since=max([calendar.date_of(min(seen.taken)), *back]))
        mark = _Mark(fact=PostFact.DEPOSITED, on=on, number=number, proof=proof)
        return Noted(delivery=self._step(delivery, fact, mark=mark, marks=len(seen.marks)))

    def failed(self, caller: Party, delivery_id: DeliveryId, *, reason: str) -> Delivery:
        """It could not be printed or posted, or the post lost it, for a reason in kebab-case. Evidence:
        RelayToNonERDSFailure."""
        return self._step(self._seen(caller, delivery_id).delivery, Fact.PAPER_FAILED, reason=reason)

    def answered(
        self, caller: Party, delivery_id: DeliveryId, *, delivered: bool, on: date, proof: Proof, number: str | None
    ) -> Noted:
        """The slip of the post came back: delivered or not, on the day that it states. Evidence: ReceivedFromNonERDS.

        number: of the letter; the last one when not given. What the post handed over against signature is handed over,
        whatever became of the copy meanwhile: terms that wait for that start on that day. A letter that came back moves
        a copy only while it is the one that is with the post. Raises Conflict: not-deposited; day-not-possible.
        """
        seen = self._seen(caller, delivery_id)
        delivery = seen.delivery
        letter = next((each for each in reversed(seen.letters) if number in (None, each.number)), None)
        if letter is None:
            raise Conflict("not-deposited", "state first that the post took that letter", state=delivery.state)
        said = PostFact.DELIVERED if delivered else PostFact.RETURNED
        if seen.says_already(said, on, letter.number, proof.digest):
            return Noted(delivery=delivery, repeated=True)
        self._check(delivery, on, proof, since=letter.on)
        fact = Fact.DELIVERED_BY_POST if delivered else Fact.RETURNED_BY_POST
        if not can_advance(delivery.state, fact) or not (delivered or letter is seen.letters[-1]):
            fact = Fact.SLIP_LEARNT
        mark = _Mark(fact=said, on=on, number=letter.number, proof=proof)
        until, end = delivery.lawful_until, self.calendars[delivery.country].end_of(on)
        late = delivered and not seen.missed and until is not None and until < end
        reason = BY_POST if delivered else RETURNED
        after = self._step(delivery, fact, reason=reason, mark=mark, marks=len(seen.marks), too_late=late)
        return Noted(delivery=after)

    def _admit(self, caller: Party) -> PartyId:
        if caller.id != self.station:
            raise NotFound("no-print-station", "this is for the print station")
        return caller.id

    def _seen(self, caller: Party, delivery_id: DeliveryId) -> _Seen:
        """The delivery, as far as there is, or was before its form was erased, a copy of it for the print station."""
        self._admit(caller)

        def look(view: Reading) -> _Seen | None:
            delivery = view.delivery(delivery_id)
            if delivery is None:
                return None
            own = evidence_on(view, delivery)
            taken = _taken(own)
            if not taken and view.print_job(delivery_id) is None:
                return None
            missed = any(each.event is Event.DEADLINE_MISSED for each in own)
            return _Seen(delivery=delivery, marks=view.postmarks(delivery_id), taken=taken, missed=missed)

        found = self.store.read(look)
        if found is None:
            raise NotFound("delivery-not-found", "no such print job")
        return found

    def _check(self, delivery: Delivery, on: date, proof: Proof, *, since: date) -> None:
        """Raises TooLarge; Conflict for a day on which the post cannot have done it."""
        if len(proof.raw) > MAX_PROOF_BYTES:
            raise TooLarge("proof-too-large", f"at most {MAX_PROOF_BYTES} bytes of proof are kept")
        today = self.calendars[delivery.country].date_of(self.clock.now())
        if not since <= on <= today:
            raise Conflict(
                "day-not-possible",
                f"the day must lie between {since}, before which it cannot have been, and {today}",
                state=delivery.state,
            )

    def _check_number(self, delivery: Delivery, number: str, on: date) -> None:
        """One letter may hold several copies for one recipient; anything else under its number is a mistake."""

        def look(view: Reading) -> bool:
            others = [(view.delivery(mark.delivery_id), mark.on) for mark in view.letters(number)]
            return all(
                other is not None and other.id != delivery.id and (other.party, day) == (delivery.party, on)
                for other, day in others
            )

        if not self.store.read(look):
            raise Conflict("number-taken", "another letter has that number; see what the post's proof says")

    def _step(
        self,
        seen: Delivery,
        fact: Fact,
        *,
        reason: str | None = None,
        mark: _Mark | None = None,
        marks: int = 0,
        too_late: bool = False,
    ) -> Delivery:
        """Take a step with its evidence. marks: how many there were. too_late: state first that the last lawful moment
        passed before it."""
        if not can_advance(seen.state, fact):
            raise _not_now(seen)
        state, event = advance(seen.state, fact)
        at = self.clock.now()

        def stated(event: Event, reason: str | None, post: Post | None) -> Evidence:
            reasons = () if reason is None else (Reason(code=reason),)
            submission = seen.submission_id
            return self.witness.state(event, at=at, submission_id=submission, delivery=seen, reasons=reasons, post=post)

        missed = None
        if too_late and can_advance(seen.state, Fact.DEADLINE_MISSED):
            missed = stated(Event.DEADLINE_MISSED, TOO_LATE, None)
        evidence = stated(event, reason, None if mark is None else mark.post)
        sealed = None if mark is None else self._sealed(seen, evidence, mark.proof)

        def work(unit: Transaction) -> tuple[list[Step], Delivery]:
            delivery = unit.delivery(seen.id)
            if delivery is None or delivery.state is not seen.state:
                raise Conflict("not-possible-now", "the delivery moved on meanwhile; look again", state=seen.state)
            if mark is not None and len(unit.postmarks(seen.id)) != marks:
                raise Conflict("not-possible-now", "somebody said something meanwhile; look again", state=seen.state)
            steps = []
            if missed is not None:
                steps.append(take(unit, delivery, Fact.DEADLINE_MISSED, proof=missed, watch_at=delivery.watch_at))
            look = delivery.watch_at if fact in REMARKS else None if state in ENDED else at
            steps.append(take(unit, delivery, fact, proof=evidence, problem=reason, watch_at=look))
            if mark is not None:
                unit.add_postmark(mark.of(delivery, evidence))
                if sealed is not None and unit.is_kept(delivery.submission_id):
                    unit.add_paper_proof(sealed)
                if mark.fact is PostFact.DELIVERED:
                    calendar = self.calendars[delivery.country]
                    start_terms(unit, delivery, Event.CONTENT_HANDOVER, mark.on, calendar)
            after = unit.delivery(seen.id)
            return steps, after or delivery

        steps, after = self.store.write(work)
        for step in steps:
            tell(step.began, step.ended)
        return after

    def _sealed(self, delivery: Delivery, evidence: Evidence, proof: Proof) -> PaperProof:
        """The proof, sealed for the print station and for the sender of the form."""

        def look(view: Reading) -> list[Party | None]:
            submission = view.submission(delivery.submission_id)
            sender = None if submission is None else view.party(submission.sender)
            return [sender, None if self.station is None else view.party(self.station)]

        readers = [party.sealing_certificate for party in self.store.read(look) if party is not None]
        return PaperProof(
            evidence_id=evidence.id,
            delivery_id=delivery.id,
            digest=proof.digest,
            media_type=proof.media_type,
            sealed=seal(proof.raw, recipients=[each for each in readers if each is not None]),
        )


@dataclass(frozen=True, kw_only=True)
class _Mark:
    """What the station says that the post did, with its proof."""

    fact: PostFact
    on: date
    number: str
    proof: Proof

    @property
    def post(self) -> Post:
        """As evidence states it."""
        return Post(on=self.on, number=self.number, proof_digest=self.proof.digest)

    def of(self, delivery: Delivery, evidence: Evidence) -> Postmark:
        """As it is kept beside the evidence."""
        return Postmark(
            evidence_id=evidence.id,
            delivery_id=delivery.id,
            fact=self.fact,
            on=self.on,
            number=self.number,
            digest=self.proof.digest,
        )


def _taken(own: Sequence[Evidence]) -> list[datetime]:
    """When the station took a copy to print, each time that it was to go on paper. own: the evidence of the copy."""
    return [each.at for each in own if each.event is Event.PRINT_JOB_TAKEN]


def _not_now(delivery: Delivery) -> Conflict:
    return Conflict(
        "not-possible-now", f"that cannot be said of a delivery that is {delivery.state}", state=delivery.state
    )
