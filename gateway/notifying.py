"""Telling recipients that run no server that something waits for them: a notice at once, reminders after one and three
working days.

A notice goes to the address that a party registered for it (its own, or that of a service that turns it into a mail or
a message) and says nothing but that its mailbox here is not empty: no count, no kind, no number, no name. Each is
evidence (EN 319 522-3: ConsignmentNotification, ConsignmentNotificationFailure) of every copy that it is about. It
moves nothing and starts no term: who was told has not got it yet.

When a notice is due is read off the evidence of a copy, so a process that dies forgets none. The watch finds what is
due; a few threads beside it ring, since an address may be slow: at one door one of them at a time, so that a slow one
delays nobody but those behind the same door.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from urllib.parse import urlsplit

from gateway.deadlines import Calendar
from gateway.evidence import Reason, Witness
from gateway.lifecycle import Fact, advance, can_advance
from gateway.model import Delivery, DeliveryId, EndpointKind, Event, Evidence, Party, PartyId
from gateway.ports import Answered, Bell, Clock, Outcome, Reading, Refused, Store, Transaction
from gateway.steps import evidence_on, take

REMINDERS = (1, 3)
"""Working days after the first notice."""

NOTICES = frozenset({Event.CONSIGNMENT_NOTIFICATION, Event.CONSIGNMENT_NOTIFICATION_FAILURE})
AGAIN_S, FOR_S = 300.0, 3600.0  # how often, and for how long, one notice is tried


def is_told(party: Party) -> bool:
    """Whether a party has registered where it is told that something waits in its mailbox."""
    return party.endpoint.kind is EndpointKind.MAILBOX and party.endpoint.url is not None


class _Round:
    """Who is to be told, in the order in which that was asked for. Safe to share between threads.

    At each door one rings at a time; who comes to it meanwhile waits there, and goes to the end of the round after it.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._next: dict[PartyId, dict[DeliveryId, Delivery]] = {}
        self._at_door: dict[str, dict[PartyId, dict[DeliveryId, Delivery]]] = {}

    def add(self, deliveries: Iterable[Delivery]) -> None:
        """Have the recipients of copies told, each once for all that waits."""
        with self._lock:
            for each in deliveries:
                self._next.setdefault(each.party, {})[each.id] = each

    def take(self) -> list[Delivery]:
        """The copies of which one party is to be told now; none when nobody is."""
        with self._lock:
            party = next(iter(self._next), None)
            return [] if party is None else list(self._next.pop(party).values())

    def come_to(self, door: str, deliveries: Sequence[Delivery]) -> bool:
        """Whether one may ring at a door for copies of one party; else they wait until nobody rings there."""
        with self._lock:
            is_free = door not in self._at_door
            behind = self._at_door.setdefault(door, {})
            for each in () if is_free else deliveries:
                behind.setdefault(each.party, {})[each.id] = each
            return is_free

    def leave(self, door: str) -> None:
        """Nobody rings at the door any more."""
        with self._lock:
            for party, waiting in self._at_door.pop(door).items():
                self._next.setdefault(party, {}).update(waiting)


@dataclass(frozen=True, kw_only=True)
class Notifying:
    """Gives notices. bell: rings at a party's address."""

    store: Store
    witness: Witness
    clock: Clock
    calendars: Mapping[str, Calendar]
    bell: Bell
    _wanted: _Round = field(default_factory=_Round)
    _failed_since: dict[DeliveryId, datetime] = field(default_factory=dict)

    def next_notice(self, delivery: Delivery, own: Sequence[Evidence], party: Party | None) -> datetime | None:
        """When its recipient is told next that the copy waits; None for one that is not told, or not any more.

        own: the evidence of the delivery. Each time that an operator has it tried anew it is told anew.
        """
        if party is None or not is_told(party) or delivery.turn is None:
            return None
        given = [each.at for each in own if each.event in NOTICES and each.at >= delivery.trying_since]
        if len(given) > len(REMINDERS) or not can_advance(delivery.state, Fact.NOTICE_GIVEN):
            return None
        if not given:
            return delivery.trying_since
        calendar = self.calendars[delivery.country]
        first = calendar.date_of(given[0])
        return given[0] + (calendar.last_day(first, REMINDERS[len(given) - 1], "working-days").reading_c - first)

    def want(self, delivery: Delivery) -> None:
        """Have the recipient of a copy told; it is asked for again until evidence says that it was."""
        self._wanted.add((delivery,))

    def give_wanted(self, is_over: Callable[[], bool] = lambda: False) -> int:
        """Tell everybody who is to be told and at whose door nobody rings, each once for all that waits; how many were.
        Several threads may do this at once. Raises StoreUnavailable.

        is_over: whether to stop before the next one, since each may take long; the watch asks again for the others.
        """
        told = 0
        while not is_over() and (deliveries := self._wanted.take()):
            party = self.store.read(lambda view, d=deliveries: view.party(d[0].party))  # type: ignore[misc]
            if party is None or not is_told(party):
                continue
            door = urlsplit(party.endpoint.url or "").netloc
            if not self._wanted.come_to(door, deliveries):
                continue
            try:
                told += self._tell(party, deliveries)
            finally:
                self._wanted.leave(door)
        return told

    def _tell(self, party: Party, deliveries: Sequence[Delivery]) -> bool:
        """Ring for what is still due of a party's copies; whether it was heard."""
        due = [each for each in deliveries if self.store.read(lambda view, d=each: self._due(view, d))]  # type: ignore[misc]
        if not due:
            return False
        outcome = self.bell.ring(party)
        for delivery in due:
            self._note(delivery, outcome)
        return isinstance(outcome, Answered)

    def _due(self, view: Reading, seen: Delivery) -> datetime | None:
        """Since when the recipient is to be told, if it still is."""
        delivery = view.delivery(seen.id)
        if delivery is None:
            return None
        moment = self.next_notice(delivery, evidence_on(view, delivery), view.party(delivery.party))
        return moment if moment is not None and moment <= self.clock.now() else None

    def _note(self, seen: Delivery, outcome: Outcome) -> None:
        """Evidence that a recipient was told, or could not be; while that may pass, nothing."""
        at = self.clock.now()
        is_heard = isinstance(outcome, Answered)
        due = self.store.read(lambda view: self._due(view, seen))
        if due is None:
            self._failed_since.pop(seen.id, None)
            return
        if not is_heard and not isinstance(outcome, Refused):
            # From the first try on, which comes late where the gateway was away, or the address came later.
            since = self._failed_since.setdefault(seen.id, at)
            if at < max(due, since) + timedelta(seconds=FOR_S):
                return
        self._failed_since.pop(seen.id, None)
        fact = Fact.NOTICE_GIVEN if is_heard else Fact.NOTICE_FAILED
        proof = self.witness.state(
            advance(seen.state, fact)[1],
            at=at,
            submission_id=seen.submission_id,
            delivery=seen,
            reasons=() if isinstance(outcome, Answered) else (Reason(code=outcome.code),),
        )

        def work(unit: Transaction) -> None:
            delivery = unit.delivery(seen.id)
            if delivery is not None and self._due(unit, delivery) is not None:
                take(unit, delivery, fact, proof=proof, watch_at=delivery.watch_at)

        self.store.write(work)
