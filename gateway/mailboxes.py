"""Mailbox pull: a party lists the copies that wait for it, leases one, and gets the sealed bytes.

Every copy of a party waits here until its receipt has come, also one that is being pushed: whichever door is used
first, the delivery id is the same. A copy is shown when its turn has come: within one case the earlier form goes first.
A lease keeps two clients of one party from working on the same copy, and a push from coming between. The cursor is the
turn: it only grows, nothing shifts while it is read, and what becomes available later comes behind every cursor that
was given out before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.errors import Conflict, NotFound
from gateway.lifecycle import is_final
from gateway.model import Delivery, DeliveryId, Party, PartyId, instant_text, new_id
from gateway.ports import Clock, Reading, Store, Transaction

MIN_LEASE_S, MAX_LEASE_S = 1, 3600


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a client wants to see of the mailbox of `party`: at most `limit` copies whose turn is above `after`.

    free: leave out what another client holds, or what is being pushed at this moment.
    """

    party: PartyId
    after: int
    limit: int
    free: bool = False


@dataclass(frozen=True, kw_only=True)
class Leased:
    """A copy in the hands of one client until `until`."""

    delivery: Delivery
    envelope: bytes
    lease_id: str
    until: datetime


@dataclass(frozen=True, kw_only=True)
class Mailboxes:
    """The pulling side."""

    store: Store
    clock: Clock

    def look(self, looks: Sequence[Look]) -> Sequence[Sequence[Delivery]]:
        """For each look, the copies without the final receipt of their party, in their order; all in one read."""
        now = self.clock.now()
        return self.store.read(
            lambda view: [
                view.mailbox(look.party, after=look.after, limit=look.limit, free_at=now if look.free else None)
                for look in looks
            ]
        )

    def lease(self, party: Party, delivery_id: DeliveryId, *, seconds: int) -> Leased:
        """Lease a copy and return it. seconds: from MIN_LEASE_S to MAX_LEASE_S.

        Raises NotFound when it is not one of `party`'s; Conflict("delivery-settled") when its receipt has come;
        Conflict("delivery-waits") before an earlier copy of its case has made way; Conflict("delivery-leased", until=…)
        while another lease runs.
        """
        now = self.clock.now()
        until = now + timedelta(seconds=min(max(seconds, MIN_LEASE_S), MAX_LEASE_S))
        lease_id = new_id()

        def take(unit: Transaction) -> bool:
            _own(unit, party, delivery_id)
            return unit.lease(delivery_id, lease_id=lease_id, now=now, until=until)

        taken = self.store.write(take)
        delivery, envelope = self.store.read(lambda view: (_own(view, party, delivery_id), view.envelope(delivery_id)))
        if taken:
            return Leased(delivery=delivery, envelope=envelope, lease_id=lease_id, until=until)
        if is_final(delivery.state):
            raise Conflict("delivery-settled", "the receipt for this copy has been taken already", state=delivery.state)
        if delivery.turn is None:
            raise Conflict("delivery-waits", "an earlier copy of the same case goes first; sign for that one")
        raise held(delivery, now)

    def release(self, party: Party, delivery_id: DeliveryId, lease_id: str) -> None:
        """Give a copy back before its lease ends. Raises NotFound when that lease does not run."""

        def give_back(unit: Transaction) -> bool:
            _own(unit, party, delivery_id)
            return unit.release(delivery_id, lease_id=lease_id, now=self.clock.now())

        if not self.store.write(give_back):
            raise NotFound("lease-not-found", "no such lease runs on this copy")


def is_held(delivery: Delivery, now: datetime) -> bool:
    """Whether somebody has the copy in hand. (Longer than any lease runs only one of a clock that was set back.)"""
    until = delivery.lease_until
    return until is not None and now < until <= now + timedelta(seconds=MAX_LEASE_S)


def held(delivery: Delivery, now: datetime) -> Conflict:
    """That somebody else has the copy in hand, and until when."""
    who = "another client of this mailbox, or a push to your server, has the copy in hand"
    return Conflict("delivery-leased", who, until=instant_text(delivery.lease_until or now))


def _own(view: Reading, party: Party, delivery_id: DeliveryId) -> Delivery:
    delivery = view.delivery(delivery_id)
    if delivery is None or delivery.party != party.id:
        raise NotFound("delivery-not-found", "no such delivery in this mailbox")
    return delivery
