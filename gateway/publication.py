"""Making the gateway's keys known, to the store once and for ever and to whoever asks; and its name, to the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.journal import EntryKind, entry_of_name
from gateway.keyring import Keyring, PublishedKey, Purpose, published
from gateway.ports import Clock, Reading, Store, Transaction

ANNOUNCED, IN_USE, FORMER = "announced", "in-use", "former"


@dataclass(frozen=True, kw_only=True)
class KnownKey:
    """A published key, and where it stands. until: when the next one of its purpose takes over, if one is known."""

    key: PublishedKey
    until: datetime | None
    state: str


@dataclass(frozen=True, kw_only=True)
class Publication:
    """The keys that are published. rings: by purpose, those that this gateway uses. name: under which it issues."""

    store: Store
    clock: Clock
    name: str
    rings: Mapping[Purpose, Keyring]

    def publish(self) -> Sequence[PublishedKey]:
        """Make known whatever is in use and was not known yet, each with its entry in the journal; what was added.

        Raises StoreUnavailable.
        """
        now = self.clock.now()
        if not self.store.read(self._has_name):
            self.store.write(lambda unit: self._has_name(unit) or unit.enter(entry_of_name(self.name, at=now)))
        ours = [published(purpose, key, at=now) for purpose, ring in self.rings.items() for key in ring.keys]

        def missing(view: Reading) -> list[PublishedKey]:
            known = {(each.purpose, each.fingerprint, each.since) for each in view.published_keys()}
            return [each for each in ours if (each.purpose, each.fingerprint, each.since) not in known]

        def work(unit: Transaction) -> list[PublishedKey]:
            added = missing(unit)
            for each in added:
                unit.publish_key(each)
            return added

        return self.store.write(work) if self.store.read(missing) else []

    def _has_name(self, view: Reading) -> bool:
        return view.journal_entry(EntryKind.NAME, self.name) is not None

    def known(self) -> Sequence[KnownKey]:
        """Every key that was ever made known, and those that are about to be: by purpose, the oldest first."""
        now = self.clock.now()
        kept = self.store.read(lambda view: view.published_keys())
        found = {(each.purpose, each.fingerprint, each.since): each for each in kept}
        for purpose, ring in self.rings.items():
            for key in ring.keys:
                ours = published(purpose, key, at=now)
                found.setdefault((ours.purpose, ours.fingerprint, ours.since), ours)
        known: list[KnownKey] = []
        for purpose in Purpose:
            own = sorted((each for each in found.values() if each.purpose is purpose), key=lambda each: each.since)
            ends = [*(each.since for each in own[1:]), None]
            known += [_known(each, until, now) for each, until in zip(own, ends, strict=False)]
        return known


def _known(key: PublishedKey, until: datetime | None, now: datetime) -> KnownKey:
    state = ANNOUNCED if now < key.since else FORMER if until is not None and until <= now else IN_USE
    return KnownKey(key=key, until=until, state=state)
