"""The watch: what must happen because time passes and nobody else does anything.

It warns the sender, ends the trying (also of a copy that nobody collects), states that a deadline was missed, and says
when paper is due. Every delivery that is not ended carries the time of its next look (`watch_at`, an index), so a look
costs what is due and nothing else. One process does it at a time, by a duty that runs out by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.evidence import Reason, Witness
from gateway.lifecycle import NEEDS_A_PERSON, REMARKS, Fact, Patience, advance, can_advance
from gateway.model import Alert, Delivery, DeliveryState, Evidence
from gateway.ports import Clock, Store, Transaction
from gateway.steps import PAPER_DUE, Step, take, tell

DUTY = "watch"
BATCH = 100


@dataclass(frozen=True, kw_only=True)
class _Due:
    """A step whose time has come, with its evidence; without a fact, that paper is proposed to the operator."""

    fact: Fact | None
    state: DeliveryState
    proof: Evidence | None = None
    problem: str | None = None


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Looks after what is under way.

    holder: this process's name on the duty. duty_s: how long it has it. paper_by_itself: whether a copy goes on paper
    when it is time, without an operator.
    """

    store: Store
    witness: Witness
    patience: Patience
    clock: Clock
    holder: str
    duty_s: float = 300
    paper_by_itself: bool = False

    def look(self) -> int:
        """Take every step that is due; how many deliveries were looked at. Raises StoreUnavailable."""
        looked = 0
        while True:
            now = self.clock.now()
            until = now + timedelta(seconds=self.duty_s)
            due: Sequence[Delivery] = self.store.read(lambda view, now=now: view.watch_due(now=now, limit=BATCH))  # type: ignore[misc]
            if not due:
                return looked
            planned = [(delivery, list(self._due(delivery, now))) for delivery in due]
            steps = self.store.write(
                lambda unit, planned=planned, now=now, until=until: (  # type: ignore[misc]
                    self._carry_out(unit, planned, now)
                    if unit.hold_duty(DUTY, holder=self.holder, now=now, until=until)
                    else None
                )
            )
            if steps is None:
                return looked
            for step in steps:
                tell(step.began, step.ended)
            looked += len(due)

    def _due(self, delivery: Delivery, now: datetime) -> Iterator[_Due]:
        """The steps whose moment lies between the last look and now, in the order of their moments."""
        state = delivery.state
        for moment, fact in sorted(self._moments(delivery), key=lambda each: each[0]):
            passed = delivery.watch_at is None or moment >= delivery.watch_at
            if moment > now or not (passed or fact is Fact.GIVEN_UP):
                continue
            if fact is Fact.PAPER_DUE and not self.paper_by_itself:
                if can_advance(state, fact):
                    yield _Due(fact=None, state=state)
            elif can_advance(state, fact):
                state, event = advance(state, fact)
                problem = _problem(delivery, fact)
                proof = self.witness.state(
                    event,
                    at=now,
                    submission_id=delivery.submission_id,
                    delivery=delivery,
                    reasons=(Reason(code=problem),),
                )
                yield _Due(fact=fact, state=state, proof=proof, problem=problem)

    def _moments(self, delivery: Delivery) -> Iterator[tuple[datetime, Fact]]:
        yield self.patience.warn_at(delivery), Fact.SENDER_WARNED
        if delivery.paper_by is not None:
            yield delivery.paper_by, Fact.PAPER_DUE
        yield self.patience.give_up_at(delivery), Fact.GIVEN_UP
        if delivery.lawful_until is not None:
            yield delivery.lawful_until, Fact.DEADLINE_MISSED

    def _carry_out(
        self, unit: Transaction, planned: Sequence[tuple[Delivery, Sequence[_Due]]], now: datetime
    ) -> list[Step]:
        steps: list[Step] = []
        for seen, dues in planned:
            delivery = unit.delivery(seen.id)
            if delivery is None or _resting_on(delivery) != _resting_on(seen):
                continue  # somebody moved it meanwhile; it is looked at again if it is still due
            for due in dues:
                look = self.patience.next_look(delivery, due.state, after=now)
                if due.fact is None or due.proof is None:
                    steps += _begin(unit, PAPER_DUE, delivery, now)
                    continue
                problem = delivery.last_problem if due.fact in REMARKS else due.problem
                steps.append(take(unit, delivery, due.fact, proof=due.proof, problem=problem, watch_at=look))
                delivery = replace(delivery, state=due.state, last_problem=problem)
            unit.watch_again(delivery.id, self.patience.next_look(delivery, delivery.state, after=now))
            if delivery.state in NEEDS_A_PERSON:
                steps += _begin(unit, f"delivery-{delivery.state}", delivery, now)
        return steps


def _resting_on(delivery: Delivery) -> tuple[DeliveryState, datetime | None, datetime]:
    """What a plan for a delivery rests on."""
    return delivery.state, delivery.watch_at, delivery.trying_since


def _begin(unit: Transaction, kind: str, delivery: Delivery, at: datetime) -> list[Step]:
    alert = Alert(kind=kind, subject=delivery.id, opened_at=at)
    return [Step(state=delivery.state, began=(alert,))] if unit.open_alert(alert) else []


def _problem(delivery: Delivery, fact: Fact) -> str:
    """Why, as a code: what the last try met with, or that nobody came for the copy."""
    if fact is Fact.DEADLINE_MISSED:
        return "last-lawful-moment-passed"
    if fact is Fact.PAPER_DUE:
        return "last-moment-for-paper"
    return delivery.last_problem or "not-collected"
