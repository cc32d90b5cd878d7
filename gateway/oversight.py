"""What an operator sees of deliveries that do not get on by themselves, and what it may do about them.

Each act is one compare-and-set with its own signed evidence (the act, the operator's label, a reason from a closed
list). An act for which the table has no move is refused and says what can be done instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from gateway.errors import Conflict, NotFound
from gateway.evidence import Act, Reason, Witness
from gateway.forms.citing import Acts
from gateway.lifecycle import ENDED, NEEDS_A_PERSON, Fact, advance, can_advance
from gateway.model import (
    Alert,
    Delivery,
    DeliveryId,
    DeliveryState,
    EndpointKind,
    Evidence,
    EvidenceId,
    KeptReceipt,
    instant_text,
)
from gateway.ports import Clock, Reading, Store, Transaction
from gateway.resources import OPERATIONS, Json, delivery_view, operators_evidence_item, receipt_href, without_nulls
from gateway.steps import ENDPOINT_DOWN, Step, evidence_on, take, tell


class ActCode(StrEnum):
    """What an operator may do: push now, push no more, send on paper, state that paper did not work out (a print or a
    letter is lost, the address wrong), do nothing more."""

    RETRY = "retry"
    MAILBOX = "mailbox"
    PAPER = "paper"
    PAPER_FAILED = "paper-failed"
    CLOSE = "close"


ACTS: Mapping[ActCode, Fact] = {
    ActCode.RETRY: Fact.RETRIED,
    ActCode.MAILBOX: Fact.LEFT_IN_MAILBOX,
    ActCode.PAPER: Fact.ESCALATED,
    ActCode.PAPER_FAILED: Fact.PAPER_FAILED,
    ActCode.CLOSE: Fact.ENDED,
}


class ReasonCode(StrEnum):
    """Why an operator acts. A closed list: evidence is for ever, and free text would sooner or later name a person."""

    ENDPOINT_REPAIRED = "endpoint-repaired"
    RECIPIENT_ASKED = "recipient-asked"
    NO_SERVER_ANY_MORE = "no-server-any-more"
    NOT_COLLECTED = "not-collected"
    LEGAL_MOMENT_NEAR = "legal-moment-near"
    PRINT_LOST = "print-lost"
    LETTER_LOST = "letter-lost"
    ADDRESS_WRONG = "address-wrong"
    POST_RETURNED_IT = "post-returned-it"
    RECIPIENT_IS_GONE = "recipient-is-gone"
    SENT_ANOTHER_WAY = "sent-another-way"
    SENDER_ASKED = "sender-asked"
    DUPLICATE = "duplicate"
    MISTAKE = "mistake"
    OTHER = "other"


IN_HAND = (*sorted(NEEDS_A_PERSON), DeliveryState.PAPER_DEPOSITED)
NO_MOMENT = 2**62


@dataclass(frozen=True, kw_only=True)
class Oversight:
    """The operator's side."""

    store: Store
    witness: Witness
    clock: Clock
    acts: Acts

    def act(self, delivery_id: DeliveryId, act: ActCode, *, reason: ReasonCode, by: str, language: str) -> Json:
        """Do `act` in the name of `by` (a label, no person); the delivery as it is then.

        Raises NotFound; Conflict("act-not-possible", state=…, possible=…) when the delivery is where that cannot be
        done, Conflict("nothing-to-push-to") and Conflict("no-print-job") when there is no such way to the recipient.
        """
        fact = ACTS[act]
        seen = self.store.read(lambda view: _found(view, delivery_id))
        if not can_advance(seen.state, fact):
            raise self.store.read(lambda view: _not_possible(view, act, seen))
        state, event = advance(seen.state, fact)
        at = self.clock.now()
        proof = self.witness.state(
            event,
            at=at,
            submission_id=seen.submission_id,
            delivery=seen,
            reasons=(Reason(code=reason),),
            act=Act(code=act, by=by),
        )

        def work(unit: Transaction) -> Step:
            delivery = _found(unit, delivery_id)
            if not can_advance(delivery.state, fact):
                raise _not_possible(unit, act, delivery)
            step = take(
                unit,
                delivery,
                fact,
                proof=proof,
                problem=_problem(act, reason, delivery),
                due_at=at if fact is Fact.RETRIED else None,
                tried_since=at if state is DeliveryState.CONSIGNED else delivery.tried_since,
                watch_at=None if state in ENDED else at,
                transport=_transport(unit, delivery, fact),
            )
            if fact is Fact.RETRIED and unit.reset_lane(delivery.party):
                up_again = unit.close_alerts(delivery.party, at=at, kinds=(ENDPOINT_DOWN,))
                return replace(step, ended=(*step.ended, *up_again))
            return step

        step = self.store.write(work)
        tell(step.began, step.ended)
        return self.delivery(delivery_id, language=language)

    def delivery(self, delivery_id: DeliveryId, *, language: str) -> Json:
        """One delivery with all evidence of it, and all that came as a receipt. Raises NotFound."""

        def look(view: Reading) -> Json:
            delivery = _found(view, delivery_id)
            return {
                **self._view(view, delivery, language),
                "tries": [{"at": instant_text(each.at), "code": each.code} for each in view.tries_of(delivery.id)],
                "evidence": [operators_evidence_item(each) for each in evidence_on(view, delivery)],
                "receipts": [_receipt_view(each) for each in view.receipts_of(delivery.id)],
            }

        return self.store.read(look)

    def evidence(self, evidence_id: EvidenceId) -> Evidence:
        """One piece of evidence, whoever it concerns. Raises NotFound."""
        found = self.store.read(lambda view: view.evidence(evidence_id))
        if found is None:
            raise NotFound("evidence-not-found", "no such evidence")
        return found

    def odd_receipts(self, *, after: int, limit: int) -> tuple[list[Json], int | None]:
        """What came as a receipt and moved nothing, whatever became of its copy, oldest first; and the next cursor."""
        found = self.store.read(lambda view: view.receipts_without_effect(after=after, limit=limit))
        items = [{**_receipt_view(each), "deliveryId": each.delivery_id} for _, each in found]
        return items, found[-1][0] if len(found) == limit else None

    def receipt(self, receipt_id: str) -> KeptReceipt:
        """What came as a receipt, as it came: it may be anything. Raises NotFound."""
        found = self.store.read(lambda view: view.receipt(receipt_id))
        if found is None:
            raise NotFound("receipt-not-found", "no such receipt")
        return found

    def queue(
        self, states: Sequence[DeliveryState], *, after: tuple[int, int], limit: int, language: str
    ) -> tuple[list[Json], tuple[int, int] | None]:
        """Deliveries that need a person or are with the post, the next lawful moment first; and the next cursor."""

        def look(view: Reading) -> tuple[Sequence[Delivery], list[Json]]:
            found = view.in_hand(states or IN_HAND, after=after, limit=limit)
            return found, [self._view(view, each, language) for each in found]

        found, items = self.store.read(look)
        return items, cursor_of(found[-1]) if len(found) == limit else None

    def alerts(self, *, open_only: bool, after: int, limit: int) -> tuple[list[Json], int | None]:
        """Alerts, oldest first, and the next cursor."""
        found = self.store.read(lambda view: view.alerts(open_only=open_only, after=after, limit=limit))
        return [_alert_view(alert) for alert in found], found[-1].position if len(found) == limit else None

    def _view(self, view: Reading, delivery: Delivery, language: str) -> Json:
        form = view.submission(delivery.submission_id)
        moments = {
            "lawfulUntil": delivery.lawful_until,
            "paperBy": delivery.paper_by,
            "dueAt": delivery.due_at,
            "nextLookAt": delivery.watch_at,
        }
        shown = {name: moment and instant_text(moment) for name, moment in moments.items()}
        return without_nulls(
            {
                **delivery_view(delivery, self.acts, language, view.postmarks(delivery.id), root=OPERATIONS),
                "kind": delivery.kind,
                "sender": form and form.sender,
                "documentId": form and form.document_id,
                **shown,
                "acts": list(_possible_acts(view, delivery)),
            }
        )


def _found(view: Reading, delivery_id: DeliveryId) -> Delivery:
    delivery = view.delivery(delivery_id)
    if delivery is None:
        raise NotFound("delivery-not-found", "no such delivery")
    return delivery


def _problem(act: ActCode, reason: ReasonCode, delivery: Delivery) -> str | None:
    """What stands in the way of the copy after an act."""
    if act is ActCode.RETRY:
        return None
    return reason if act is ActCode.PAPER_FAILED else delivery.last_problem


def _transport(unit: Transaction, delivery: Delivery, fact: Fact) -> EndpointKind | None:
    """How the copy goes on from here. Raises Conflict where there is no such way."""
    if fact is Fact.LEFT_IN_MAILBOX:
        return EndpointKind.MAILBOX
    if fact is Fact.RETRIED:
        party = unit.party(delivery.party)
        if party is None or party.endpoint.kind is not EndpointKind.PUSH:
            raise Conflict(
                "nothing-to-push-to",
                "the recipient collects from its mailbox, where the copy lies ready; choose mailbox, paper or close",
            )
        return EndpointKind.PUSH
    if fact is Fact.ESCALATED and unit.print_job(delivery.id) is None:
        raise Conflict(
            "no-print-job",
            "no copy was sealed for a print station when the form was accepted, and nobody else can open it: have the "
            "sender send it on paper and close the delivery (sent-another-way); for forms to come [paper] must name "
            "its role, and the print station must be registered with a sealing certificate",
        )
    return None


def _not_possible(view: Reading, act: ActCode, delivery: Delivery) -> Conflict:
    possible = _possible_acts(view, delivery)
    instead = f"; possible now: {', '.join(possible)}" if possible else "; nothing is left to do"
    return Conflict(
        "act-not-possible",
        f"{act} is not possible for a delivery that is {delivery.state}{instead}",
        state=delivery.state,
        possible=" ".join(possible),
    )


def _possible_acts(view: Reading, delivery: Delivery) -> tuple[ActCode, ...]:
    """The acts for which the table has a move, and there is such a way to the recipient."""
    party = view.party(delivery.party)
    ways = {
        ActCode.RETRY: party is not None and party.endpoint.kind is EndpointKind.PUSH,
        ActCode.PAPER: view.print_job(delivery.id) is not None,
    }
    return tuple(act for act, fact in ACTS.items() if can_advance(delivery.state, fact) and ways.get(act, True))


def cursor_of(delivery: Delivery) -> tuple[int, int]:
    """Where a delivery stands in the order of lawful moments: milliseconds and position."""
    moment = delivery.lawful_until
    return (NO_MOMENT if moment is None else round(moment.timestamp() * 1000), delivery.position)


def _receipt_view(receipt: KeptReceipt) -> Json:
    """What came as a receipt and from whom, and what became of it: a state, or the code of what is wrong with it."""
    return without_nulls(
        {
            "receiptId": receipt.id,
            "href": receipt_href(receipt.id),
            "sentBy": receipt.sent_by,
            "receivedAt": instant_text(receipt.received_at),
            "outcome": receipt.outcome,
            "digest": receipt.digest,
            "evidenceId": receipt.evidence_id,
        }
    )


def _alert_view(alert: Alert) -> Json:
    closed = alert.closed_at
    return without_nulls(
        {
            "kind": alert.kind,
            "subject": alert.subject,
            "openedAt": instant_text(alert.opened_at),
            "closedAt": None if closed is None else instant_text(closed),
        }
    )
