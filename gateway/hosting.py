"""Mailboxes of those who have no sealing key of their own: a worker, a small employer.

Copies are sealed for a key that the gateway made for the party and keeps wrapped by the mailbox sealing key. A copy is
opened only when its owner asks for it, and every opening is evidence (ContentAccessTracking) before the content leaves.
The gateway can read such a copy; that is what the party agrees to, and why each opening shows: to the owner, and to the
operator. When somebody reads its mail is nobody else's business, so the sender does not see it (`status.visible_to`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.envelope import FORM, NOTE, OpenedEnvelope, open_envelope
from gateway.errors import Conflict, NotFound, TooMuch, Unreadable
from gateway.evidence import Reason, Witness
from gateway.keyring import Keyring
from gateway.mailboxes import held, is_held
from gateway.model import Delivery, DeliveryId, Event, Evidence, HostedKey, Party, PartyId, day_counted, rest_of_day_s
from gateway.ports import Clock, Reading, Store, Transaction
from gateway.steps import evidence_on
from signing import (
    Identity,
    KeyUnavailable,
    TrustPolicy,
    WrappedKey,
    build_container,
    make_wrapped_key,
    rewrap_key,
    unwrap_key,
)

OPENED = "opened-in-hosted-mailbox"


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A copy that was opened for its owner. container: ASiC-E with the form and its consignment note."""

    delivery: Delivery
    container: bytes
    proof: Evidence


@dataclass(frozen=True, kw_only=True)
class Hosting:
    """Keeps keys for parties. keys: the mailbox sealing key and its successors. trust: of consignment notes.

    kept_per_day: how many openings are kept of one party, with all else that is kept of it though nothing was taken in.
    """

    store: Store
    keys: Keyring
    witness: Witness
    trust: TrustPolicy
    clock: Clock
    kept_per_day: int

    def make(self, party_id: PartyId) -> HostedKey:
        """A new key for a party; it is kept by whoever keeps the party, in one transaction."""
        now = self.clock.now()
        wrapping = self.keys.at(now)
        made = make_wrapped_key(f"Hosted mailbox {party_id}", wrapped_for=wrapping.certificate, at=now)
        return HostedKey(
            party=party_id,
            certificate=made.certificate,
            wrapped=made.wrapped,
            wrapped_for=wrapping.fingerprint,
            made_at=now,
        )

    def open(self, party: Party, delivery_id: DeliveryId, *, lease_id: str | None = None) -> Opened:
        """Open a copy of `party` for it. The evidence is stored before anything is given out.

        lease_id: of the lease by which the caller has it in hand, if it has.
        Raises NotFound when it is not one of the party's, or its key is not kept here; Conflict("delivery-waits")
        before an earlier copy of its case has made way; Conflict("delivery-leased", until=…) while somebody else has it
        in hand; TooMuch("too-many-openings") until the next day (UTC), before anything is decrypted, or for who was
        overtaken by openings of the same moment after; signing.KeyUnavailable, signing.SealingFailed.
        """
        asked_at = self.clock.now()

        def look(view: Reading) -> tuple[Delivery, HostedKey, bytes]:
            delivery = _own(view, party, delivery_id)
            if view.kept_count(party.id, day_counted(asked_at)) >= self.kept_per_day:
                raise self._too_many(asked_at)
            key = view.hosted_key(party.id)
            if key is None:
                raise NotFound("mailbox-not-hosted", "no key is kept here for this party: open the copy with your own")
            return delivery, key, view.envelope(delivery_id)

        delivery, key, sealed = self.store.read(look)
        if delivery.turn is None:
            raise Conflict("delivery-waits", "an earlier copy of the same case goes first; sign for that one")
        _not_in_other_hands(delivery, lease_id, asked_at)
        opened = self._opened(delivery, key, sealed)
        at = self.clock.now()
        proof = self.witness.state(
            Event.CONTENT_ACCESS_TRACKING,
            at=at,
            submission_id=delivery.submission_id,
            delivery=delivery,
            reasons=(Reason(code=OPENED),),
        )

        def work(unit: Transaction) -> None:
            _not_in_other_hands(_own(unit, party, delivery_id), lease_id, proof.at)
            unit.envelope(delivery_id)  # not if it was erased meanwhile
            if not unit.count_kept(party.id, day_counted(at), most=self.kept_per_day):
                raise self._too_many(at)
            unit.add_evidence(proof)

        self.store.write(work)
        container = build_container({FORM: opened.form, NOTE: opened.raw_consignment})
        return Opened(delivery=delivery, container=container, proof=proof)

    def openings(self, party: Party, delivery_id: DeliveryId) -> Sequence[Evidence]:
        """When a copy of `party` was opened, the first time first. Raises NotFound."""

        def look(view: Reading) -> list[Evidence]:
            delivery = _own(view, party, delivery_id)
            return [each for each in evidence_on(view, delivery) if each.is_opening]

        return self.store.read(look)

    def rewrap(self) -> int:
        """Wrap every key anew that is wrapped for a key before the present one; how many there were.

        Then the former mailbox sealing key is not needed any more. Raises StoreUnavailable, signing.KeyUnavailable.
        """
        now = self.clock.now()
        wrapping, count = self.keys.at(now), 0
        for key in self.store.read(lambda view: view.hosted_keys()):
            if key.wrapped_for == wrapping.fingerprint:
                continue
            anew = rewrap_key(_wrapped(key), identity=self._wrapping(key), wrapped_for=wrapping.certificate)
            kept = HostedKey(
                party=key.party,
                certificate=key.certificate,
                wrapped=anew.wrapped,
                wrapped_for=wrapping.fingerprint,
                made_at=key.made_at,
            )
            self.store.write(lambda unit, kept=kept: unit.put_hosted_key(kept, at=now))  # type: ignore[misc]
            count += 1
        return count

    def _too_many(self, at: datetime) -> TooMuch:
        return TooMuch(
            "too-many-openings",
            f"more than {self.kept_per_day} copies were opened today, and the evidence of each is kept for ever. Keep "
            "what you opened, or open it again tomorrow",
            retry_after_s=rest_of_day_s(at),
        )

    def _opened(self, delivery: Delivery, key: HostedKey, sealed: bytes) -> OpenedEnvelope:
        identity = unwrap_key(_wrapped(key), identity=self._wrapping(key))
        opened = open_envelope(sealed, identity=identity, trust=self.trust, at=delivery.consigned_at)
        note = opened.consignment
        if (note.delivery_id, note.party) != (delivery.id, delivery.party):  # whoever can write rows may swap them
            raise Unreadable("another-copy", "the envelope holds another copy than the one asked for")
        return opened

    def _wrapping(self, key: HostedKey) -> Identity:
        for each in self.keys.keys:
            if each.identity.fingerprint == key.wrapped_for:
                return each.identity
        raise KeyUnavailable("key-missing", "the mailbox sealing key for which this key is wrapped is not configured")


def _wrapped(key: HostedKey) -> WrappedKey:
    return WrappedKey(certificate=key.certificate, wrapped=key.wrapped)


def _not_in_other_hands(delivery: Delivery, lease_id: str | None, now: datetime) -> None:
    if is_held(delivery, now) and delivery.lease_id != lease_id:
        raise held(delivery, now)


def _own(view: Reading, party: Party, delivery_id: DeliveryId) -> Delivery:
    delivery = view.delivery(delivery_id)
    if delivery is None or delivery.party != party.id:
        raise NotFound("delivery-not-found", "no such delivery in this mailbox")
    return delivery
