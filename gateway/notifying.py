"""Telling recipients that run no server that something waits for them: a notice at once, reminders after one and three
working days; and telling organisations, with a server or without, at a second address after one working day.

A notice goes to the address that a party registered for it (its own, or that of a service that turns it into a mail or
a message) and says nothing but that its mailbox here is not empty: no count, no kind, no number, no name. Each is
evidence (EN 319 522-3: ConsignmentNotification, ConsignmentNotificationFailure) of every copy that it is about; that it
went to the second address is its reason. It moves nothing and starts no term: who was told has not got it yet.

When a notice is due is read off the evidence of a copy, so a process that dies forgets none. The watch finds what is
due; threads beside it ring, since an address may be slow: at one door one of them at a time, so that a slow one delays
nobody but those behind the same door.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from threading import Lock
from urllib.parse import urlsplit

from gateway.deadlines import Calendar, Calendars
from gateway.evidence import Reason, Witness
from gateway.lifecycle import Fact, advance, can_advance
from gateway.model import Delivery, DeliveryId, Endpoint, EndpointKind, Event, Evidence, Party, PartyId
from gateway.ports import Answered, Bell, Clock, Outcome, Reading, Refused, Store, Transaction
from gateway.statement import claimed_reasons
from gateway.steps import evidence_on, take

REMINDERS = (1, 3)
"""Working days after the first notice."""
FURTHER_AFTER = 1
"""Working days without a receipt after which an organisation is told at its second address, once."""
AT_FURTHER_ADDRESS = "at-further-address"
"""The reason in evidence of a notice at the second address."""

NOTICES = frozenset({Event.CONSIGNMENT_NOTIFICATION, Event.CONSIGNMENT_NOTIFICATION_FAILURE})
AGAIN_S, FOR_S = 300.0, 3600.0  # how often, and for how long, one notice is tried


class Address(StrEnum):
    """Where a party is told: at its own address, or at the second one."""

    OWN = "own"
    FURTHER = "further"

    def of(self, party: Party) -> Endpoint | None:
        """This address of a party, if it has registered it."""
        if self is Address.FURTHER:
            return party.further_notice
        own = party.endpoint
        return own if own.kind is EndpointKind.MAILBOX and own.url is not None else None


def first_notice(party: Party, *, at: datetime, calendar: Calendar) -> datetime | None:
    """When a party is told first of a copy that is laid out for it at that moment; None for one that is not told."""
    if Address.OWN.of(party) is not None:
        return at
    return None if party.further_notice is None else _working_days_after(at, FURTHER_AFTER, calendar)


def _working_days_after(since: datetime, days: int, calendar: Calendar) -> datetime:
    first = calendar.date_of(since)
    return since + (calendar.last_day(first, days, "working-days").reading_c - first)


_Told = tuple[PartyId, Address]
_Waiting = dict[_Told, dict[DeliveryId, Delivery]]


class _Round:
    """Who is to be told at which of its addresses, in the order in which that was asked for. Safe to share between
    threads.

    At each door one rings at a time; who comes to it meanwhile waits there, and goes to the end of the round after it.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._next: _Waiting = {}
        self._at_door: dict[str, _Waiting] = {}

    def add(self, address: Address, delivery: Delivery) -> None:
        """Have the recipient of a copy told, once for all that waits."""
        with self._lock:
            self._next.setdefault((delivery.party, address), {})[delivery.id] = delivery

    def take(self) -> tuple[_Told, list[Delivery]] | None:
        """Who is to be told now, where, and of which copies; None when nobody is."""
        with self._lock:
            told = next(iter(self._next), None)
            return None if told is None else (told, list(self._next.pop(told).values()))

    def come_to(self, door: str, told: _Told, deliveries: Sequence[Delivery]) -> bool:
        """Whether one may ring at a door for copies of one party; else they wait until nobody rings there."""
        with self._lock:
            is_free = door not in self._at_door
            behind = self._at_door.setdefault(door, {})
            for each in () if is_free else deliveries:
                behind.setdefault(told, {})[each.id] = each
            return is_free

    def leave(self, door: str) -> None:
        """Nobody rings at the door any more."""
        with self._lock:
            for told, waiting in self._at_door.pop(door).items():
                self._next.setdefault(told, {}).update(waiting)


@dataclass(frozen=True, kw_only=True)
class Notifying:
    """Gives notices. bell: rings at a party's address."""

    store: Store
    witness: Witness
    clock: Clock
    calendars: Calendars
    bell: Bell
    _wanted: _Round = field(default_factory=_Round)
    _failed_since: dict[tuple[DeliveryId, Address], datetime] = field(default_factory=dict)

    def next_notice(self, delivery: Delivery, own: Sequence[Evidence], party: Party | None) -> datetime | None:
        """When its recipient is told next that the copy waits; None for one that is not told, or not any more.

        own: the evidence of the delivery. Each time that an operator has it tried anew it is told anew.
        """
        moments = (self._moment(delivery, own, party, address) for address in Address)
        return min((each for each in moments if each is not None), default=None)

    def _moment(
        self, delivery: Delivery, own: Sequence[Evidence], party: Party | None, address: Address
    ) -> datetime | None:
        """When its recipient is told next at one of its addresses."""
        if party is None or address.of(party) is None or delivery.turn is None:
            return None
        if not can_advance(delivery.state, Fact.NOTICE_GIVEN):
            return None
        calendar, since = self.calendars[delivery.country], delivery.trying_since
        given = [each.at for each in own if each.event in NOTICES and each.at >= since and _address_in(each) is address]
        if address is Address.FURTHER:
            return None if given else _working_days_after(since, FURTHER_AFTER, calendar)
        if len(given) > len(REMINDERS):
            return None
        return _working_days_after(given[0], REMINDERS[len(given) - 1], calendar) if given else since

    def want(self, delivery: Delivery) -> None:
        """Have the recipient of a copy told; it is asked for again until evidence says that it was."""
        for address in Address:
            self._wanted.add(address, delivery)

    def give_wanted(
        self,
        is_over: Callable[[], bool] = lambda: False,
        asking: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> int:
        """Tell everybody who is to be told and at whose door nobody rings, each once for all that waits; how many
        notices were heard. Several threads may do this at once. Raises StoreUnavailable.

        is_over: whether to stop before the next one, since each may take long; the watch asks again for the others.
        asking: entered for as long as a door is waited for, see `Slots`.
        """
        heard = 0
        while not is_over() and (wanted := self._wanted.take()):
            (party_id, address), deliveries = wanted
            party = self.store.read(lambda view, party_id=party_id: view.party(party_id))  # type: ignore[misc]
            place = None if party is None else address.of(party)
            if place is None:
                continue
            door = urlsplit(place.url or "").netloc
            if not self._wanted.come_to(door, (party_id, address), deliveries):
                continue
            try:
                heard += self._tell(address, place, deliveries, asking)
            finally:
                self._wanted.leave(door)
        return heard

    def _tell(
        self,
        address: Address,
        place: Endpoint,
        deliveries: Sequence[Delivery],
        asking: Callable[[], AbstractContextManager[None]],
    ) -> bool:
        """Ring for what is still due of a party's copies; whether it was heard."""
        due = [each for each in deliveries if self.store.read(lambda view, d=each: self._due(view, d, address))]  # type: ignore[misc]
        if not due:
            return False
        with asking():
            outcome = self.bell.ring(place)
        for delivery in due:
            self._note(delivery, address, outcome)
        return isinstance(outcome, Answered)

    def _due(self, view: Reading, seen: Delivery, address: Address) -> datetime | None:
        """Since when the recipient is to be told at an address, if it still is."""
        delivery = view.delivery(seen.id)
        if delivery is None:
            return None
        moment = self._moment(delivery, evidence_on(view, delivery), view.party(delivery.party), address)
        return moment if moment is not None and moment <= self.clock.now() else None

    def _note(self, seen: Delivery, address: Address, outcome: Outcome) -> None:
        """Evidence that a recipient was told, or could not be; while that may pass, nothing."""
        at, name = self.clock.now(), (seen.id, address)
        is_heard = isinstance(outcome, Answered)
        due = self.store.read(lambda view: self._due(view, seen, address))
        if due is None:
            self._failed_since.pop(name, None)
            return
        if not is_heard and not isinstance(outcome, Refused):
            # From the first try on, which comes late where the gateway was away, or the address came later.
            since = self._failed_since.setdefault(name, at)
            if at < max(due, since) + timedelta(seconds=FOR_S):
                return
        self._failed_since.pop(name, None)
        fact = Fact.NOTICE_GIVEN if is_heard else Fact.NOTICE_FAILED
        codes = [AT_FURTHER_ADDRESS] if address is Address.FURTHER else []
        codes += [] if isinstance(outcome, Answered) else [outcome.code]
        proof = self.witness.state(
            advance(seen.state, fact)[1],
            at=at,
            submission_id=seen.submission_id,
            delivery=seen,
            reasons=[Reason(code=code) for code in codes],
        )

        def work(unit: Transaction) -> None:
            delivery = unit.delivery(seen.id)
            if delivery is not None and self._due(unit, delivery, address) is not None:
                take(unit, delivery, fact, proof=proof, watch_at=delivery.watch_at)

        self.store.write(work)


def _address_in(notice: Evidence) -> Address:
    """At which address a notice was given. Its bytes are this gateway's own: nothing of them is verified here."""
    return Address.FURTHER if AT_FURTHER_ADDRESS in claimed_reasons(notice.raw) else Address.OWN
