"""Mailbox pull: a party lists the copies that wait for it, leases one, and gets the sealed bytes.

Every copy of a party waits here until its receipt has come, also one that is being pushed: whichever door is used
first, the delivery id is the same. A copy is shown when its turn has come: within one case the earlier form goes first.
A lease keeps two clients of one party from working on the same copy. The cursor is the turn: it only grows, nothing
shifts while it is read, and what becomes available later comes behind every cursor that was given out before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.errors import Conflict, NotFound
from gateway.lifecycle import is_final
from gateway.model import Delivery, DeliveryId, Party, instant_text, new_id
from gateway.ports import Clock, Reading, Store, Transaction

MIN_LEASE_S, MAX_LEASE_S = 1, 3600


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

    def waiting(self, party: Party, *, after: int, limit: int) -> Sequence[Delivery]:
        """Copies for `party` without its final receipt, whose turn is above `after`, in their order."""
        return self.store.read(lambda view: view.mailbox(party.id, after=after, limit=limit))

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
        running = delivery.lease_until or now
        raise Conflict("delivery-leased", "another client of this mailbox holds the copy", until=instant_text(running))


def _own(view: Reading, party: Party, delivery_id: DeliveryId) -> Delivery:
    delivery = view.delivery(delivery_id)
    if delivery is None or delivery.party != party.id:
        raise NotFound("delivery-not-found", "no such delivery in this mailbox")
    return delivery
