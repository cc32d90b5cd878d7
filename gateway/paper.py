"""The way on paper: what the print station may take, and what it says of the post.

When paper is configured, a second copy of each form for somebody whom paper may reach is sealed for the print station
at acceptance and kept apart. It is given out only when the delivery is escalated; nobody else can open it, the gateway
neither. What the post proves (deposit, return slip) becomes evidence with the day that the proof states; the proof
itself shows an address, so it is kept sealed, for the print station and the sender.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from gateway.deadlines import Calendar
from gateway.errors import Conflict, NotFound, TooLarge
from gateway.evidence import Post, Reason, Witness
from gateway.lifecycle import Fact, Patience, advance, can_advance
from gateway.model import Delivery, DeliveryId, DeliveryState, Event, Evidence, PaperProof, Party, PartyId
from gateway.ports import Clock, Reading, Store, Transaction
from gateway.steps import Step, take, tell
from gateway.terms import start_terms
from signing import seal, sha256

MAX_PROOF_BYTES = 1024 * 1024
BY_POST, RETURNED = "handed-over-by-post", "returned-by-post"
AT_THE_STATION = (DeliveryState.ESCALATED, DeliveryState.PAPER_QUEUED, DeliveryState.PAPER_DEPOSITED)


@dataclass(frozen=True, kw_only=True)
class Proof:
    """A scan or file of the post, as it was handed in."""

    raw: bytes
    media_type: str


@dataclass(frozen=True, kw_only=True)
class PrintJob:
    """The copy that is sealed for the print station. repeated: it was given out before."""

    delivery: Delivery
    envelope: bytes
    repeated: bool


@dataclass(frozen=True, kw_only=True)
class Paper:
    """The print station's side. station: the one party that may use it; None when paper is not configured."""

    store: Store
    witness: Witness
    patience: Patience
    clock: Clock
    calendars: Mapping[str, Calendar]
    station: PartyId | None

    def jobs(self, caller: Party, *, after: tuple[int, int], limit: int) -> Sequence[Delivery]:
        """What is to be printed or is with the post, the next lawful moment first. Raises NotFound."""
        self._admit(caller)
        return self.store.read(lambda view: view.in_hand(AT_THE_STATION, after=after, limit=limit))

    def take_job(self, caller: Party, delivery_id: DeliveryId) -> PrintJob:
        """The sealed copy to print; the same bytes again until it is with the post.

        Raises NotFound; Conflict("not-to-be-printed") when the delivery is not escalated.
        """
        seen = self._seen(caller, delivery_id)
        sealed = self.store.read(lambda view: view.print_job(delivery_id))
        if sealed is None or seen.state not in (DeliveryState.ESCALATED, DeliveryState.PAPER_QUEUED):
            raise Conflict(
                "not-to-be-printed", "this delivery is not to go on paper, or is with the post", state=seen.state
            )
        if seen.state is DeliveryState.PAPER_QUEUED:
            return PrintJob(delivery=seen, envelope=sealed, repeated=True)
        taken = self._step(seen, Fact.PRINT_JOB_TAKEN)
        return PrintJob(delivery=taken, envelope=sealed, repeated=False)

    def deposited(self, caller: Party, delivery_id: DeliveryId, *, number: str, on: date, proof: Proof) -> Delivery:
        """The post took the letter: its number, the day on its proof. Evidence: RelayToNonERDS."""
        seen = self._seen(caller, delivery_id)
        self._check(seen, on, proof)
        post = Post(on=on, number=number, proof_digest=sha256(proof.raw))
        return self._step(seen, Fact.DEPOSITED, post=post, proof=proof)

    def failed(self, caller: Party, delivery_id: DeliveryId, *, reason: str) -> Delivery:
        """It could not be printed or posted, for a reason in kebab-case. Evidence: RelayToNonERDSFailure."""
        return self._step(self._seen(caller, delivery_id), Fact.PAPER_FAILED, reason=reason)

    def answered(self, caller: Party, delivery_id: DeliveryId, *, delivered: bool, on: date, proof: Proof) -> Delivery:
        """The slip of the post came back: delivered or not, on the day that it states. Evidence: ReceivedFromNonERDS.

        What the post handed over against signature is handed over: terms that wait for that start on that day.
        """
        seen = self._seen(caller, delivery_id)
        self._check(seen, on, proof)
        fact = Fact.DELIVERED_BY_POST if delivered else Fact.RETURNED_BY_POST
        post = Post(on=on, proof_digest=sha256(proof.raw))
        return self._step(seen, fact, reason=BY_POST if delivered else RETURNED, post=post, proof=proof)

    def _admit(self, caller: Party) -> PartyId:
        if caller.id != self.station:
            raise NotFound("no-print-station", "this is for the print station")
        return caller.id

    def _seen(self, caller: Party, delivery_id: DeliveryId) -> Delivery:
        """The delivery, as far as there is a copy of it for the print station."""
        self._admit(caller)

        def look(view: Reading) -> Delivery | None:
            return None if view.print_job(delivery_id) is None else view.delivery(delivery_id)

        found = self.store.read(look)
        if found is None:
            raise NotFound("delivery-not-found", "no such print job")
        return found

    def _check(self, delivery: Delivery, on: date, proof: Proof) -> None:
        """Raises TooLarge; Conflict for a day on which the post cannot have had it."""
        if len(proof.raw) > MAX_PROOF_BYTES:
            raise TooLarge("proof-too-large", f"at most {MAX_PROOF_BYTES} bytes of proof are kept")
        calendar = self.calendars[delivery.country]
        if not calendar.date_of(delivery.consigned_at) <= on <= calendar.date_of(self.clock.now()):
            raise Conflict("day-not-possible", "the day must lie between the acceptance of the form and today")

    def _step(
        self,
        seen: Delivery,
        fact: Fact,
        *,
        reason: str | None = None,
        post: Post | None = None,
        proof: Proof | None = None,
    ) -> Delivery:
        if not can_advance(seen.state, fact):
            raise Conflict(
                "not-possible-now", f"that cannot be said of a delivery that is {seen.state}", state=seen.state
            )
        state, event = advance(seen.state, fact)
        at = self.clock.now()
        evidence = self.witness.state(
            event,
            at=at,
            submission_id=seen.submission_id,
            delivery=seen,
            reasons=() if reason is None else (Reason(code=reason),),
            post=post,
        )
        kept = None if proof is None or post is None else self._sealed(seen, evidence, proof)

        def work(unit: Transaction) -> tuple[Step, Delivery]:
            delivery = _unchanged(unit, seen)
            look = self.patience.next_look(delivery, state, after=at)
            step = take(unit, delivery, fact, proof=evidence, problem=reason, watch_at=look)
            if kept is not None:
                unit.add_paper_proof(kept)
            if fact is Fact.DELIVERED_BY_POST and post is not None:
                calendar = self.calendars[delivery.country]
                start_terms(unit, delivery, Event.CONTENT_HANDOVER, post.on, calendar)
            return step, replace(delivery, state=step.state)

        step, after = self.store.write(work)
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
            digest=sha256(proof.raw),
            media_type=proof.media_type,
            sealed=seal(proof.raw, recipients=[each for each in readers if each is not None]),
        )


def _unchanged(unit: Transaction, seen: Delivery) -> Delivery:
    delivery = unit.delivery(seen.id)
    if delivery is None or delivery.state is not seen.state:
        raise Conflict("not-possible-now", "the delivery moved on meanwhile; look again", state=seen.state)
    return delivery
