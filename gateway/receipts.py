"""What recipients send back: keep it, verify it, match it, and draw the consequences.

A receipt moves a delivery only if the recipient's registered key signed it and both digests are those of this very
copy. Whatever does not match is kept with a code for the operator, moves nothing, and is never shown to another party;
only the recipient's own signature over other bytes than these stops the trying, because a person must see to it.
That goes for a party that hands in something for a copy that is not its own, too: it learns nothing of that copy.

The certificate of a receipt that counts otherwise is asked after, and what was said is kept. A receipt never waits for
an answer, whatever the policy for forms: what its recipient signed stands, and is asked about again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.deadlines import Calendars
from gateway.errors import NotFound, TooMuch, Unreadable
from gateway.evidence import Reason, Witness
from gateway.lifecycle import TRANSITIONS, Fact, Patience, advance, can_advance, is_final
from gateway.model import (
    Alert,
    Delivery,
    DeliveryId,
    DeliveryState,
    Event,
    Evidence,
    EvidenceId,
    KeptReceipt,
    Party,
    PartyId,
    ValidationRecord,
    day_counted,
    new_id,
    rest_of_day_s,
)
from gateway.ports import Clock, Store, Transaction
from gateway.receipt import Receipt, ReceiptOutcome, read_receipt
from gateway.steps import RECEIPT_ODD, Step, opened_alert, take, tell
from gateway.terms import start_terms
from gateway.vouching import Vouching
from signing import TrustPolicy, VerificationFailed, sha256

MAX_RECEIPT_BYTES = 64 * 1024
BY_ANOTHER_PARTY = "receipt-by-another-party"
SAID_BEFORE = "receipt-said-before"
FOR_OTHER_BYTES = Fact.RECEIPT_FOR_OTHER_BYTES.value


@dataclass(frozen=True, kw_only=True)
class HandedOver:
    """The recipient provably has its copy. repeated: this same receipt was taken before."""

    evidence_id: EvidenceId
    repeated: bool = False


@dataclass(frozen=True, kw_only=True)
class Declined:
    """The recipient provably refused its copy."""

    evidence_id: EvidenceId
    repeated: bool = False


@dataclass(frozen=True, kw_only=True)
class Acknowledged:
    """The recipient says that it has processed the copy that it provably has."""

    evidence_id: EvidenceId
    repeated: bool = False


@dataclass(frozen=True, kw_only=True)
class Disregarded:
    """The receipt moves nothing; it was kept with `code`, unless too much was kept of its party already.

    out_of_turn: it is the recipient's own and about this copy, and cannot follow what was signed before.
    """

    code: str
    out_of_turn: bool = False
    is_kept: bool = True


Taken = HandedOver | Declined | Acknowledged | Disregarded


@dataclass(frozen=True, kw_only=True)
class Receipts:
    """Takes receipts, whichever way they come (answer to a push, call-back, mailbox). calendars: by country.

    kept_per_day: how much is kept of what one party hands in and moves nothing, with its refused forms.
    """

    store: Store
    calendars: Calendars
    trust: TrustPolicy
    vouching: Vouching
    witness: Witness
    clock: Clock
    patience: Patience
    kept_per_day: int

    def take(self, raw: bytes, *, delivery_id: DeliveryId, party: Party) -> Taken:
        """Judge the receipt `raw` of `party` for `delivery_id`.

        Raises NotFound when the delivery is not one of `party`'s; TooMuch when it moves nothing and as much as may be
        was kept of the party today; StoreUnavailable.
        """
        digest = sha256(raw)
        delivery, known = self.store.read(
            lambda view: (view.delivery(delivery_id), view.receipt_by_digest(delivery_id, digest))
        )
        if delivery is None or delivery.party != party.id:
            self._keep_from_another(raw, digest, delivery_id, party)
            raise NotFound("delivery-not-found", "no such delivery in this mailbox")
        if known is not None and known.evidence_id is not None:
            return _as_before(known, known.evidence_id)
        # One that proved nothing is judged again: its key may have been registered since.
        taken = self._take(raw, digest, delivery, party)
        if isinstance(taken, Disregarded) and not taken.is_kept:
            raise TooMuch(
                "too-many-receipts",
                f"more than {self.kept_per_day} receipts that move nothing came today; nothing was kept of this one "
                f"({taken.code}). Those that move a copy are taken as before",
                retry_after_s=rest_of_day_s(self.clock.now()),
            )
        return taken

    def _keep_from_another(self, raw: bytes, digest: str, delivery_id: DeliveryId, party: Party) -> None:
        """Keep what `party` says of a copy that is not its own, if there is such a copy.

        It is counted whether there is one or not, so that neither the time that it takes nor what is left of the count
        tells them apart.
        """
        at = self.clock.now()
        kept = _kept(raw, digest, delivery_id, outcome=BY_ANOTHER_PARTY, at=at, sent_by=party.id)

        def work(unit: Transaction) -> Sequence[Alert]:
            if not self._has_room(unit, party, at) or len(raw) > MAX_RECEIPT_BYTES:
                return ()
            return _keep_once(unit, kept)

        tell(self.store.write(work), ())

    def _has_room(self, unit: Transaction, party: Party, at: datetime) -> bool:
        """Count one more thing that is kept of a party though it moves nothing: else one could fill the disk."""
        return unit.count_kept(party.id, day_counted(at), most=self.kept_per_day)

    def take_answer(
        self, raw: bytes, *, delivery: Delivery, party: Party, along: Callable[[Transaction], Sequence[Alert]]
    ) -> Taken:
        """Judge the receipt `raw` with which `party` answered a push of `delivery`.

        along: what else happens when it counts, in the same transaction; gives the alerts that this ends.
        Raises StoreUnavailable.
        """
        return self._take(raw, sha256(raw), delivery, party, along=along)

    def _take(
        self,
        raw: bytes,
        digest: str,
        delivery: Delivery,
        party: Party,
        *,
        along: Callable[[Transaction], Sequence[Alert]] | None = None,
    ) -> Taken:
        at = self.clock.now()
        verified, asked = self._judge(raw, delivery, party), None
        if not isinstance(verified, str):
            asked = self.vouching.ask_about(verified.path, about=f"receipt {digest}", used_at=at, at=at)
            if asked is not None and asked.is_against:
                verified = f"receipt-signature-{asked.outcome}"
        if isinstance(verified, str):
            code = verified
            kept = _kept(raw, digest, delivery.id, outcome=code, at=at, sent_by=party.id)
            failure = self._prove_other_bytes(delivery, kept) if code == FOR_OTHER_BYTES else None
            began, is_kept = self.store.write(lambda unit: self._keep_odd(unit, party, kept, failure, asked))
            tell(began, ())
            return Disregarded(code=code, is_kept=is_kept)
        proof = self._prove(verified, delivery, digest, at)

        def work(unit: Transaction) -> tuple[Taken, Step | None, Sequence[Alert]]:
            known = unit.receipt_by_digest(delivery.id, digest)
            if known is not None and known.evidence_id is not None:
                return _as_before(known, known.evidence_id), None, () if along is None else along(unit)
            taken, step = _settle(unit, verified, proof, raw, digest, self.calendars)
            if step is None:
                kept = _kept(raw, digest, delivery.id, outcome=_odd_code(taken), at=at, sent_by=party.id)
                began, is_kept = self._keep_odd(unit, party, kept, None, None)
                if isinstance(taken, Disregarded):
                    return replace(taken, is_kept=is_kept), Step(state=delivery.state, began=tuple(began)), ()
            elif asked is not None:
                unit.add_later_validation(delivery.submission_id, replace(asked, id=new_id()))
            return taken, step, () if along is None else along(unit)

        taken, step, ended = self.store.write(work)
        tell(() if step is None else step.began, (*(() if step is None else step.ended), *ended))
        return taken

    def _prove_other_bytes(self, delivery: Delivery, kept: KeptReceipt) -> Evidence:
        """The evidence that the recipient signed for other bytes than it was given."""
        return self.witness.state(
            EVENTS[Fact.RECEIPT_FOR_OTHER_BYTES],
            at=kept.received_at,
            submission_id=delivery.submission_id,
            delivery=delivery,
            reasons=(Reason(code=kept.outcome),),
        )

    def _keep_odd(
        self,
        unit: Transaction,
        party: Party,
        kept: KeptReceipt,
        failure: Evidence | None,
        asked: ValidationRecord | None,
    ) -> tuple[Sequence[Alert], bool]:
        """Keep what moves its copy no further, and suspend that with `failure`, if there is one and it still may be.

        asked: what was said against its certificate. Gives the alerts that begin, and whether it is kept.
        """
        delivery = unit.delivery(kept.delivery_id)
        if delivery is None:
            raise NotFound("delivery-not-found", "no such delivery")
        known = unit.receipt_by_digest(delivery.id, kept.digest)
        is_new = known is None or known.outcome == BY_ANOTHER_PARTY
        suspends = failure is not None and can_advance(delivery.state, Fact.RECEIPT_FOR_OTHER_BYTES)
        if is_new and not suspends and not self._has_room(unit, party, kept.received_at):
            return (), False
        if is_new and asked is not None:
            unit.add_later_validation(delivery.submission_id, replace(asked, id=new_id()))
        began: Sequence[Alert] = ()
        if failure is not None and suspends:
            look = self.patience.next_look(delivery, DeliveryState.SUSPENDED, after=failure.at)
            fact = Fact.RECEIPT_FOR_OTHER_BYTES
            began = take(unit, delivery, fact, proof=failure, problem=kept.outcome, watch_at=look).began
        return (*began, *_keep_once(unit, kept)), True

    def _judge(self, raw: bytes, delivery: Delivery, party: Party) -> Receipt | str:
        """The verified receipt, or the code of what is wrong with it."""
        if len(raw) > MAX_RECEIPT_BYTES:
            return "receipt-too-large"
        try:
            receipt = read_receipt(raw, trust=self.trust, at=self.clock.now())
        except VerificationFailed as failure:
            return f"receipt-signature-{failure.code}"
        except Unreadable:
            return "receipt-unreadable"
        if receipt.party != party.id or not party.signs_with(receipt.signer):
            return "receipt-by-a-stranger"
        if receipt.delivery_id != delivery.id or receipt.submission_id != delivery.submission_id:
            return "receipt-for-another-delivery"
        if receipt.envelope_digest != delivery.envelope_digest or receipt.document_digest != delivery.document_digest:
            return FOR_OTHER_BYTES
        return receipt

    def _prove(self, receipt: Receipt, delivery: Delivery, digest: str, at: datetime) -> Evidence:
        """The evidence that this receipt makes possible, signed before the transaction: the writer thread has no time
        for it."""
        return self.witness.state(
            EVENTS[FACTS[receipt.outcome]],
            at=at,
            submission_id=delivery.submission_id,
            delivery=delivery,
            receipt_digest=digest,
            receipt_id=new_id(),
            reasons=() if receipt.reason is None else (Reason(code=receipt.reason),),
        )


FACTS = {
    ReceiptOutcome.ACCEPTED: Fact.RECEIPT_ACCEPTED,
    ReceiptOutcome.REFUSED: Fact.RECEIPT_REFUSED,
    ReceiptOutcome.PROCESSED: Fact.RECEIPT_PROCESSED,
}
EVENTS: Mapping[Fact, Event] = {fact: event for (_, fact), (_, event) in TRANSITIONS.items()}
"""The evidence of a fact, the same from whatever state it moves."""


def _settle(
    unit: Transaction,
    receipt: Receipt,
    proof: Evidence,
    raw: bytes,
    digest: str,
    calendars: Calendars,
) -> tuple[Taken, Step | None]:
    """Move the delivery, write its evidence, start its terms: all in one transaction. No step when it moves nothing:
    the recipient said the same before, or cannot say this now."""
    delivery = unit.delivery(receipt.delivery_id)
    if delivery is None:
        raise NotFound("delivery-not-found", "no such delivery")
    fact = FACTS[receipt.outcome]
    if not can_advance(delivery.state, fact):
        said = advance(DeliveryState.HANDED_OVER if fact is Fact.RECEIPT_PROCESSED else DeliveryState.CONSIGNED, fact)[
            0
        ]
        before = unit.evidence_of_receipt(delivery.id, outcome=said)
        if before is not None:  # in other words, the same
            return _taken(said, before, repeated=True), None
        return Disregarded(code=f"receipt-after-{delivery.state}", out_of_turn=True), None
    step = take(unit, delivery, fact, proof=proof, problem=receipt.reason)
    kept = _kept(
        raw,
        digest,
        delivery.id,
        outcome=step.state,
        at=proof.at,
        sent_by=receipt.party,
        evidence_id=proof.id,
        receipt_id=proof.receipt_id,
    )
    unit.add_receipt(kept)
    calendar = calendars[delivery.country]
    start_terms(unit, delivery, proof.event, calendar.date_of(proof.at), calendar)
    return _taken(step.state, proof.id), step


def _kept(
    raw: bytes,
    digest: str,
    delivery_id: DeliveryId,
    *,
    outcome: str,
    at: datetime,
    sent_by: PartyId,
    evidence_id: EvidenceId | None = None,
    receipt_id: str | None = None,
) -> KeptReceipt:
    return KeptReceipt(
        id=receipt_id or new_id(),
        delivery_id=delivery_id,
        digest=digest,
        received_at=at,
        outcome=outcome,
        evidence_id=evidence_id,
        raw=raw,
        sent_by=sent_by,
    )


def _odd_code(taken: Taken) -> str:
    return taken.code if isinstance(taken, Disregarded) else SAID_BEFORE


def _keep_once(unit: Transaction, receipt: KeptReceipt) -> Sequence[Alert]:
    """Keep what proves nothing; the alert that this begins while the copy still waits for a receipt.

    What the recipient itself hands in is kept with what became of it last, also where somebody else handed in the same
    before.
    """
    delivery = unit.delivery(receipt.delivery_id)
    known = unit.receipt_by_digest(receipt.delivery_id, receipt.digest)
    is_said = known is not None and (known.evidence_id is not None or known.outcome == receipt.outcome)
    if delivery is None or is_said or (known is not None and receipt.outcome == BY_ANOTHER_PARTY):
        return ()
    unit.add_receipt(receipt)
    if is_final(delivery.state):
        return ()
    return opened_alert(unit, RECEIPT_ODD, delivery.id, at=receipt.received_at)


def _as_before(known: KeptReceipt, evidence_id: EvidenceId) -> Taken:
    return _taken(DeliveryState(known.outcome), evidence_id, repeated=True)


def _taken(state: DeliveryState, evidence_id: EvidenceId, *, repeated: bool = False) -> Taken:
    match state:
        case DeliveryState.HANDED_OVER:
            return HandedOver(evidence_id=evidence_id, repeated=repeated)
        case DeliveryState.ACKNOWLEDGED:
            return Acknowledged(evidence_id=evidence_id, repeated=repeated)
        case _:
            return Declined(evidence_id=evidence_id, repeated=repeated)
