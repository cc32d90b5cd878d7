"""The watch: what must happen because time passes and nobody else does anything.

It warns the sender, ends the trying (also of a copy that nobody collects), states that a deadline was missed, says when
paper is due, and that the post is silent. What was done already is read off the evidence, so nothing is passed over
that could not be done at its moment. Every delivery that is not ended carries the time of its next look (`watch_at`,
an index), so a look costs what is due and nothing else. One process does it at a time, by a duty that runs out by
itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.evidence import Reason, Witness
from gateway.lifecycle import NEEDS_A_PERSON, REMARKS, Fact, Patience, advance, can_advance
from gateway.model import Delivery, DeliveryState, EndpointKind, Event, Evidence, PartyId
from gateway.notifying import AGAIN_S, Notifying
from gateway.paper import RETURNED, TOO_LATE
from gateway.ports import Clock, Reading, Store, Transaction
from gateway.steps import (
    COUNTRY_GONE,
    ENDPOINT_DOWN,
    PAPER_DUE,
    POST_SILENT,
    STATION_MISSING,
    Step,
    begin_alert,
    end_alerts,
    evidence_on,
    opened_alert,
    take,
    tell,
)

DUTY = "watch"
BATCH = 100


@dataclass(frozen=True, kw_only=True)
class _Due:
    """A step whose time has come, with its evidence; or an alert that begins and nothing more."""

    state: DeliveryState
    alert: str = ""
    fact: Fact | None = None
    proof: Evidence | None = None
    problem: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Course:
    """A delivery and what is known of it: its evidence, whether its recipient's endpoint is known to be down, when its
    recipient is told next that it waits, and whether the schemas lack its country, by whose days that is reckoned."""

    delivery: Delivery
    evidence: Sequence[Evidence]
    is_down: bool
    notice_at: datetime | None
    lacks_country: bool

    def last(self, *events: Event) -> datetime | None:
        """When one of the events happened last."""
        return max((each.at for each in self.evidence if each.event in events), default=None)

    def since(self, moment: datetime, *events: Event) -> bool:
        """Whether one of the events happened at a moment or later."""
        last = self.last(*events)
        return last is not None and last >= moment


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Looks after what is under way.

    holder: this process's name on the duty. duty_s: how long it has it. paper_by_itself: whether a copy goes on paper
    when it is time, without an operator. station: the party that prints, where one is configured. notifying: tells
    recipients what waits for them.
    """

    store: Store
    witness: Witness
    patience: Patience
    clock: Clock
    notifying: Notifying
    holder: str
    duty_s: float = 300
    paper_by_itself: bool = False
    station: PartyId | None = None

    def look(self) -> int:
        """Take every step that is due; how many deliveries were looked at. Raises StoreUnavailable."""
        if self.station is not None:
            self._look_for(self.station)
        self._look_for_countries()
        looked = 0
        while True:
            now = self.clock.now()
            until = now + timedelta(seconds=self.duty_s)
            due: Sequence[_Course] = self.store.read(
                lambda view, now=now: [self._course(view, each) for each in view.watch_due(now=now, limit=BATCH)]  # type: ignore[misc]
            )
            if not due:
                return looked
            planned = [(course, list(self._due(course, now))) for course in due]
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
            for course in due:
                if course.notice_at is not None and course.notice_at <= now:
                    self.notifying.want(course.delivery)
            looked += len(due)

    def _look_for(self, station: PartyId) -> None:
        """Begin an alert when there is nobody for whom copies on paper could be sealed, and end it."""
        party, told = self.store.read(lambda view: (view.party(station), view.open_alerts(station)))
        is_missing = party is None or party.sealing_certificate is None
        if is_missing == any(alert.kind == STATION_MISSING for alert in told):
            return
        if is_missing:
            begin_alert(self.store, STATION_MISSING, station, at=self.clock.now())
        else:
            end_alerts(self.store, station, at=self.clock.now(), kinds=(STATION_MISSING,))

    def _look_for_countries(self) -> None:
        """End the alerts of countries that the schemas hold again."""
        back = self.store.read(
            lambda view: [
                country
                for country in self.notifying.calendars
                if any(alert.kind == COUNTRY_GONE for alert in view.open_alerts(country))
            ]
        )
        for country in back:
            end_alerts(self.store, country, at=self.clock.now(), kinds=(COUNTRY_GONE,))

    def _course(self, view: Reading, delivery: Delivery) -> _Course:
        own = evidence_on(view, delivery)
        lacks_country = delivery.country not in self.notifying.calendars
        party = view.party(delivery.party)
        return _Course(
            delivery=delivery,
            evidence=own,
            is_down=any(alert.kind == ENDPOINT_DOWN for alert in view.open_alerts(delivery.party)),
            notice_at=None if lacks_country else self.notifying.next_notice(delivery, own, party),
            lacks_country=lacks_country,
        )

    def _due(self, course: _Course, now: datetime) -> Iterator[_Due]:
        """What is to be done by now and is not done, in the order of its moments."""
        delivery, state = course.delivery, course.delivery.state
        if state is DeliveryState.PAPER_DEPOSITED:
            if delivery.lawful_until is not None and delivery.lawful_until <= now:
                yield _Due(state=state, alert=POST_SILENT)  # the letter may have come in time all the same
            yield from self._warning(course, now)
            return
        for moment, fact in sorted(self._moments(course), key=lambda each: each[0]):
            if moment > now or not can_advance(state, fact):
                continue
            if fact is Fact.PAPER_DUE and not self.paper_by_itself:
                yield _Due(state=state, alert=PAPER_DUE)
            else:
                due = self._step(course, state, fact, now)
                yield due
                state = due.state

    def _warning(self, course: _Course, now: datetime) -> Iterator[_Due]:
        """That the post said nothing of a letter for too long."""
        deposited_at = course.last(Event.RELAY_TO_NON_ERDS)
        if deposited_at is None or course.since(deposited_at, Event.SENDER_WARNED):
            return
        if deposited_at + timedelta(seconds=self.patience.slip_after_s) <= now:
            yield _Due(state=course.delivery.state, alert=POST_SILENT)
            yield self._step(course, course.delivery.state, Fact.SENDER_WARNED, now)

    def _step(self, course: _Course, state: DeliveryState, fact: Fact, now: datetime) -> _Due:
        """The step by `fact` with its evidence."""
        after, event = advance(state, fact)
        problem = _problem(course, fact)
        proof = self.witness.state(
            event,
            at=now,
            submission_id=course.delivery.submission_id,
            delivery=course.delivery,
            reasons=(Reason(code=problem),),
        )
        return _Due(fact=fact, state=after, proof=proof, problem=problem)

    def _moments(self, course: _Course) -> Iterator[tuple[datetime, Fact]]:
        """What is not done yet, and when it is to be done. A copy that was never offered is not given up."""
        delivery = course.delivery
        if not course.since(delivery.trying_since, Event.SENDER_WARNED):
            yield self.patience.warn_at(delivery), Fact.SENDER_WARNED
        decided = (Event.OPERATOR_ACT, Event.PAPER_ORDERED, Event.RELAY_TO_NON_ERDS_FAILURE)
        if delivery.paper_by is not None and not course.since(delivery.paper_by, *decided):
            yield delivery.paper_by, Fact.PAPER_DUE
        if delivery.turn is not None:
            yield self.patience.give_up_at(delivery), Fact.GIVEN_UP
        if delivery.lawful_until is not None and course.last(Event.DEADLINE_MISSED) is None:
            yield delivery.lawful_until, Fact.DEADLINE_MISSED

    def _carry_out(
        self, unit: Transaction, planned: Sequence[tuple[_Course, Sequence[_Due]]], now: datetime
    ) -> list[Step]:
        steps: list[Step] = []
        for course, dues in planned:
            delivery = unit.delivery(course.delivery.id)
            if delivery is None or _resting_on(delivery) != _resting_on(course.delivery):
                continue  # somebody moved it meanwhile; it is looked at again if it is still due
            for due in dues:
                look = self.patience.next_look(delivery, due.state, after=now)
                if due.fact is None or due.proof is None:
                    steps += _begin(unit, due.alert, delivery, now)
                    continue
                problem = delivery.last_problem if due.fact in REMARKS else due.problem
                steps.append(take(unit, delivery, due.fact, proof=due.proof, problem=problem, watch_at=look))
                delivery = replace(delivery, state=due.state, last_problem=problem)
            looks = [self.patience.next_look(delivery, delivery.state, after=now)]
            if course.notice_at is not None:
                looks.append(max(course.notice_at, now + timedelta(seconds=AGAIN_S)))
            unit.watch_again(delivery.id, min((look for look in looks if look is not None), default=None))
            if delivery.state in NEEDS_A_PERSON:
                steps += _begin(unit, f"delivery-{delivery.state}", delivery, now)
            if course.lacks_country:
                began = opened_alert(unit, COUNTRY_GONE, delivery.country, at=now)
                steps += [Step(state=delivery.state, began=began)] if began else []
        return steps


def _resting_on(delivery: Delivery) -> tuple[DeliveryState, datetime | None, datetime]:
    """What a plan for a delivery rests on."""
    return delivery.state, delivery.watch_at, delivery.trying_since


def _begin(unit: Transaction, kind: str, delivery: Delivery, at: datetime) -> list[Step]:
    began = opened_alert(unit, kind, delivery.id, at=at)
    return [Step(state=delivery.state, began=began)] if began else []


_ON_PAPER = {
    DeliveryState.ESCALATED: "goes-on-paper",
    DeliveryState.PAPER_QUEUED: "goes-on-paper",
    DeliveryState.PAPER_DEPOSITED: POST_SILENT,
    DeliveryState.PAPER_RETURNED: RETURNED,
}


def _problem(course: _Course, fact: Fact) -> str:
    """Why, as a code that says no more than what is known."""
    delivery = course.delivery
    if fact is Fact.DEADLINE_MISSED:
        return TOO_LATE
    if fact is Fact.PAPER_DUE:
        return "last-moment-for-paper"
    if delivery.state in _ON_PAPER:
        return _ON_PAPER[delivery.state]
    if delivery.turn is None:
        return "waits-for-an-earlier-copy"
    if delivery.last_problem is not None:
        return delivery.last_problem
    if delivery.transport is EndpointKind.PUSH:
        return ENDPOINT_DOWN if course.is_down else "not-tried-yet"
    return "not-collected" if delivery.lease_id is None else "not-signed-for"
