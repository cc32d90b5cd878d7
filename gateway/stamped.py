"""The hash trees below the journal's time stamps, and the RFC 4998 evidence records that are read off them.

Nothing of a tree is stored: it is built again from the entries when it is asked for, and the last ones are kept, since
what they are made of never changes.

Two kinds of time stamps come later. One renews others: it covers their tokens (RFC 4998, 5.2). One covers anew, with a
stronger digest, the entries of others and all the stamps that each of these has until then (5.3): its leaves are those
of the stamps that it takes up, one after the other.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import sha256
from threading import Lock

from gateway.journal import Batch, Stamp, entry_bytes
from gateway.ports import JournalReading
from signing import (
    HashTree,
    build_batch,
    build_record,
    chain_leaf,
    read_record,
    rehash,
    renew,
    stamp_leaf,
)

ENDLESS = 2**62
KEPT = 8  # trees; one of ten thousand entries takes about two megabytes


def batches_within(view: JournalReading, first: int, size: int) -> list[Batch]:
    """The batches that end after position `first` and not after `size`."""
    return [batch for batch in view.batches(after=first, limit=size - first) if batch.size <= size]


def stamped_data(view: JournalReading, first: int, size: int) -> list[bytes]:
    """What is stamped of the entries from `first` up to `size`: their canonical bytes, then the checkpoints."""
    entries = view.journal_entries(first=first, limit=size - first)
    return [*map(entry_bytes, entries), *(batch.checkpoint for batch in batches_within(view, first, size))]


def stamped_leaves(view: JournalReading, first: int, size: int) -> list[bytes]:
    """What a time stamp over the entries from `first` up to `size` covers."""
    return [sha256(data).digest() for data in stamped_data(view, first, size)]


def renewing_leaves(renewed: Sequence[Stamp]) -> list[bytes]:
    """What a time stamp that renews others covers; all of them have trees of one digest."""
    return [stamp_leaf(stamp.token, digest_name=stamp.digest_name) for stamp in renewed]


class StampedTrees:
    """Gives evidence records; keeps the trees that were used last. May be shared by threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, tuple[HashTree, dict[int, int]]] = OrderedDict()
        self._lock = Lock()

    def record_of_entry(self, view: JournalReading, position: int) -> bytes | None:
        """The evidence record over an entry's canonical bytes; None while no time stamp covers it."""
        stamp = view.stamp_over(position)
        if stamp is None or stamp.covers is None:
            return None
        return self._record(view, stamp, position - stamp.covers[0])

    def record_of_checkpoint(self, view: JournalReading, size: int) -> bytes | None:
        """The evidence record over the checkpoint of that size as the service signed it; None as above."""
        stamp = view.stamp_over(size - 1)
        if stamp is None or stamp.covers is None:
            return None
        first, end = stamp.covers
        sizes = [batch.size for batch in batches_within(view, first, end)]
        return self._record(view, stamp, end - first + sizes.index(size))

    def anew_leaves(
        self, view: JournalReading, taken_up: Sequence[Stamp], *, digest_name: str, before: int | None = None
    ) -> list[bytes]:
        """What a time stamp covers that takes up others. before: its number, once it has one."""
        return [
            chain_leaf(read_record(self._record(view, own, index, before=before)), data, digest_name=digest_name)
            for each in taken_up
            for own, index, data in _covered(view, each)
        ]

    def leaves(self, view: JournalReading, stamp: Stamp) -> list[bytes]:
        """What a stored time stamp covers."""
        if stamp.covers is not None:
            return stamped_leaves(view, *stamp.covers)
        if stamp.anew_from is None:
            return renewing_leaves(view.stamps_renewed_by(stamp.number))
        taken_up = view.stamps_rehashed_by(stamp.number)
        return self.anew_leaves(view, taken_up, digest_name=stamp.digest_name, before=stamp.number)

    def _record(self, view: JournalReading, stamp: Stamp, index: int, *, before: int | None = None) -> bytes:
        """The record of the leaf `index` of a stamp; without what the stamp `before` and those after it add."""
        record = build_record(self._tree(view, stamp)[0].path(index), stamp.token)
        while True:
            anew = stamp.rehashed_by
            newest = stamp
            while newest.renewed_by is not None and newest.renewed_by < (anew or ENDLESS):
                later = _there(view, newest.renewed_by, after=newest.number)
                tree, places = self._tree(view, later)
                record = renew(record, tree.path(places[newest.number]), later.token)
                newest = later
            if anew is None or anew == before:
                return record
            stamp, own = _there(view, anew, after=stamp.number), stamp
            tree, places = self._tree(view, stamp)
            index += places[own.number]
            record = rehash(record, tree.path(index), stamp.token, digest_name=stamp.digest_name)

    def _tree(self, view: JournalReading, stamp: Stamp) -> tuple[HashTree, dict[int, int]]:
        """The tree below a stamp, and where in it those begin that it renews or takes up, by number."""
        with self._lock:
            if stamp.number in self._kept:
                self._kept.move_to_end(stamp.number)
                return self._kept[stamp.number]
        places: dict[int, int] = {}
        if stamp.covers is None and stamp.anew_from is None:
            places = {each.number: place for place, each in enumerate(view.stamps_renewed_by(stamp.number))}
        elif stamp.covers is None:
            begin = 0
            for each in view.stamps_rehashed_by(stamp.number):
                places[each.number] = begin
                begin += len(_covered(view, each))
        made = build_batch(self.leaves(view, stamp), digest_name=stamp.digest_name), places
        with self._lock:
            self._kept[stamp.number] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made


def count_covered(view: JournalReading, stamp: Stamp) -> int:
    """How many entries a stamp covers, by itself or anew."""
    if stamp.covers is not None:
        return stamp.covers[1] - stamp.covers[0]
    return sum(count_covered(view, each) for each in view.stamps_rehashed_by(stamp.number))


def _covered(view: JournalReading, stamp: Stamp) -> list[tuple[Stamp, int, bytes]]:
    """All that a stamp over entries covers, in the order of its leaves: the stamp that covered each thing first, its
    place there, its bytes."""
    if stamp.covers is not None:
        return [(stamp, index, data) for index, data in enumerate(stamped_data(view, *stamp.covers))]
    return [found for each in view.stamps_rehashed_by(stamp.number) for found in _covered(view, each)]


def _there(view: JournalReading, number: int, *, after: int) -> Stamp:
    found = view.stamp(number)
    if found is None or number <= after:  # only a later one can cover it
        raise LookupError(f"time stamp {number} of the journal is gone")
    return found
