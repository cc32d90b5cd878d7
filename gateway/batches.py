"""Entries of the journal become batches: nodes of the tree, a signed checkpoint, and then a time stamp.

What is stamped is kept good by the operator: `renew` before a certificate ends, `rehash` before a digest falls.

A batch is closed when its oldest entry has waited long enough or enough entries wait. That needs nobody outside, so it
is never late. Time stamps come from others: while none can be had, batches wait, traffic does not, and the first stamp
that comes covers all that waited (up to `MOST_STAMPED` entries). One process does this at a time, by a duty that runs
out by itself; what another one did meanwhile is seen when it is to be stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.errors import Conflict
from gateway.journal import Batch, Stamp, entry_bytes
from gateway.ports import Clock, JournalReading, Store, Transaction
from gateway.proofs import StoredNodes, recorded_at
from gateway.stamped import StampedTrees, count_covered, renewing_leaves, stamped_leaves
from gateway.steps import begin_alert, end_alerts
from signing import (
    Checkpoint,
    NoteSigner,
    Timestamper,
    TimestampUnavailable,
    Tree,
    build_batch,
    leaf_hash,
    sign_checkpoint,
)

DUTY = "journal"
DUTY_S = 120  # longer than asking every authority takes
MOST_STAMPED = 10_000  # entries below one time stamp: whoever asks for a record waits for their tree
MOST_RENEWED = 10_000
STRENGTH = ("sha256", "sha384", "sha512")
"""Digests of hash trees, each stronger than those before."""
NOT_STAMPED = "journal-not-stamped"
STAMPS = "journal-stamps"


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """When a batch is closed: its oldest entry has waited so long, or so many wait. late_after_s: see `NOT_STAMPED`."""

    close_after_s: float = 60
    close_at: int = 10_000
    late_after_s: float = 3600


@dataclass(frozen=True, kw_only=True)
class _Plan:
    batch: Batch
    after: int
    grown: list[tuple[int, int, bytes]]


@dataclass(frozen=True, kw_only=True)
class Batches:
    """Closes, stamps and renews. signer: of checkpoints; its name is the origin of the log. timestamper: None where
    the installation has no time authority. holder: this process's name on the duty."""

    store: Store
    signer: NoteSigner
    clock: Clock
    holder: str
    rhythm: Rhythm
    timestamper: Timestamper | None = None

    def close_due(self) -> int:
        """Close every batch that is due; how many. Raises StoreUnavailable."""
        closed = 0
        while (plan := self.store.read(self._due)) is not None:
            if not self.store.write(lambda unit, plan=plan: self._close(unit, plan)):  # type: ignore[misc]
                break
            closed += 1
        return closed

    def _due(self, view: JournalReading) -> _Plan | None:
        newest = view.newest_batch()
        after = 0 if newest is None else newest.size
        waiting = view.journal_size() - after
        since = recorded_at(view, after)
        if since is None:
            return None
        is_old = since <= self.clock.now() - timedelta(seconds=self.rhythm.close_after_s)
        if not is_old and waiting < self.rhythm.close_at:
            return None
        nodes = StoredNodes(view)
        tree = Tree(nodes, after)
        entries = view.journal_entries(first=after, limit=self.rhythm.close_at)
        size = tree.append([leaf_hash(entry_bytes(entry)) for entry in entries])
        checkpoint = Checkpoint(origin=self.signer.name, size=size, root=tree.root())
        note = sign_checkpoint(checkpoint, signer=self.signer)
        return _Plan(batch=Batch(size=size, checkpoint=note), after=after, grown=nodes.grown)

    def _close(self, unit: Transaction, plan: _Plan) -> bool:
        return self._on_duty(unit) and unit.add_batch(plan.batch, after=plan.after, grown=plan.grown)

    def stamp_due(self) -> int:
        """Have every closed batch stamped; how many stamps that took.

        Raises TimestampUnavailable: everything waits, and an alert begins once it has waited long; StoreUnavailable.
        """
        stamped = 0
        while self.timestamper is not None and (covers := self.store.read(_unstamped)) is not None:
            if not self.store.write(self._on_duty):
                break
            leaves = self.store.read(lambda view, covers=covers: stamped_leaves(view, *covers))  # type: ignore[misc]
            try:
                stamp = self._stamped(self.timestamper, leaves, covers=covers)
            except TimestampUnavailable:
                self._tell_if_late()
                raise
            if self.store.write(lambda unit, stamp=stamp: unit.add_stamp(stamp)) is None:  # type: ignore[misc]
                break
            stamped += 1
        if stamped:
            end_alerts(self.store, STAMPS, at=self.clock.now())
        return stamped

    def renew(self, *, before: datetime) -> int:
        """Have every time stamp that ends before a moment covered by a new one (RFC 4998, 5.2: time-stamp renewal).

        Gives how many were renewed. Those that have ended are left as they are: nothing can renew them any more.
        Raises Conflict where no authority is configured, or where its own certificates end no later;
        TimestampUnavailable; StoreUnavailable.
        """
        if self.timestamper is None:
            raise Conflict("no-time-authority", "[timestamps] names no authority to ask")
        renewed = 0
        while found := self.store.read(
            lambda view: view.stamps_to_renew(after=self.clock.now(), before=before, limit=MOST_RENEWED)
        ):
            digest_name = found[0].digest_name
            found = [each for each in found if each.digest_name == digest_name]  # within a chain there is one
            stamp = self._stamped(self.timestamper, renewing_leaves(found), covers=None, digest_name=digest_name)
            if stamp.ends_at < before:
                raise Conflict(
                    "authority-ends-too-soon", "the certificates of the authority end before that moment too"
                )
            self.store.write(
                lambda unit, stamp=stamp, found=found: unit.add_stamp(stamp, renews=[each.number for each in found])  # type: ignore[misc]
            )
            renewed += len(found)
        return renewed

    def rehash(self, *, digest_name: str) -> int:
        """Have everything whose hash trees have a weaker digest covered anew (RFC 4998, 5.3: hash-tree renewal).

        To be done before that digest is broken: each evidence record then has a new chain over its data and over all
        that was stamped before. Gives how many time stamps were taken up. Raises as `renew`.
        """
        if self.timestamper is None:
            raise Conflict("no-time-authority", "[timestamps] names no authority to ask")
        weaker = STRENGTH[: STRENGTH.index(digest_name)]
        taken_up, trees = 0, StampedTrees()
        while True:

            def look(view: JournalReading) -> tuple[int, list[Stamp], list[bytes]]:
                found = _some(view.stamps_to_rehash(digests=weaker, limit=MOST_RENEWED), view)
                return view.newest_stamp(), found, trees.anew_leaves(view, found, digest_name=digest_name)

            newest, found, leaves = self.store.read(look)
            if not found:
                return taken_up
            stamp = self._stamped(self.timestamper, leaves, covers=None, digest_name=digest_name)
            first = found[0].covers[0] if found[0].covers is not None else found[0].anew_from
            anew, numbers = replace(stamp, anew_from=first), [each.number for each in found]
            self.store.write(
                lambda unit, anew=anew, numbers=numbers, newest=newest: unit.add_rehashing(  # type: ignore[misc]
                    anew, rehashes=numbers, after=newest
                )
            )
            taken_up += len(found)

    def _stamped(
        self,
        timestamper: Timestamper,
        leaves: list[bytes],
        *,
        covers: tuple[int, int] | None,
        digest_name: str = "sha256",
    ) -> Stamp:
        root = build_batch(leaves, digest_name=digest_name).root
        given = timestamper.stamp_digest(root, digest_name=digest_name, at=self.clock.now())
        return Stamp(
            covers=covers,
            stamped_at=given.stamped_at,
            ends_at=given.path.until,
            token=given.token,
            digest_name=digest_name,
        )

    def _on_duty(self, unit: Transaction) -> bool:
        return on_duty(unit, holder=self.holder, now=self.clock.now())

    def _tell_if_late(self) -> None:
        now = self.clock.now()
        since = self.store.read(lambda view: recorded_at(view, view.stamped_size()))
        if is_late(since, now=now, after_s=self.rhythm.late_after_s):
            begin_alert(self.store, NOT_STAMPED, STAMPS, at=now)


def on_duty(unit: Transaction, *, holder: str, now: datetime) -> bool:
    """Whether this process is the one that keeps the journal now; it stays that for `DUTY_S`."""
    return unit.hold_duty(DUTY, holder=holder, now=now, until=now + timedelta(seconds=DUTY_S))


def is_late(since: datetime | None, *, now: datetime, after_s: float) -> bool:
    """Whether what waits since then, if anything does, has waited so long that somebody must know."""
    return since is not None and since <= now - timedelta(seconds=after_s)


def _some(stamps: Sequence[Stamp], view: JournalReading) -> list[Stamp]:
    """The first of these, at least one, that cover no more together than one time stamp may."""
    some, covered = list[Stamp](), 0
    for stamp in stamps:
        covered += count_covered(view, stamp)
        if some and covered > MOST_STAMPED:
            break
        some.append(stamp)
    return some


def _unstamped(view: JournalReading) -> tuple[int, int] | None:
    """The part of the journal that the next stamp covers: whole batches, at least one."""
    first = view.stamped_size()
    waiting = view.batches(after=first, limit=MOST_STAMPED)
    if not waiting:
        return None
    return first, max(batch.size for batch in waiting if batch is waiting[0] or batch.size <= first + MOST_STAMPED)
