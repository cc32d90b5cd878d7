"""The hash trees below the journal's time stamps, and the RFC 4998 evidence records that are read off them.

Nothing of a tree is stored: it is built again from the entries when it is asked for, and the last ones are kept, since
what they are made of never changes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import sha256
from threading import Lock

from gateway.journal import Batch, Stamp, entry_bytes
from gateway.ports import Reading
from signing import HashTree, build_batch, build_record, renew, stamp_leaf

KEPT = 8  # trees; one of ten thousand entries takes about two megabytes


def batches_within(view: Reading, first: int, size: int) -> list[Batch]:
    """The batches that end after position `first` and not after `size`."""
    return [batch for batch in view.batches(after=first, limit=size - first) if batch.size <= size]


def stamped_leaves(view: Reading, first: int, size: int) -> list[bytes]:
    """What a time stamp over the entries from `first` up to `size` covers: their digests, then those of checkpoints."""
    entries = view.journal_entries(first=first, limit=size - first)
    return [
        *(sha256(entry_bytes(entry)).digest() for entry in entries),
        *(sha256(batch.checkpoint).digest() for batch in batches_within(view, first, size)),
    ]


def renewing_leaves(renewed: Sequence[Stamp]) -> list[bytes]:
    """What a time stamp that renews others covers."""
    return [stamp_leaf(stamp.token) for stamp in renewed]


class StampedTrees:
    """Gives evidence records; keeps the trees that were used last. May be shared by threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, tuple[HashTree, tuple[int, ...]]] = OrderedDict()
        self._lock = Lock()

    def record_of_entry(self, view: Reading, position: int) -> bytes | None:
        """The evidence record over an entry's canonical bytes; None while no time stamp covers it."""
        stamp = view.stamp_over(position)
        if stamp is None or stamp.covers is None:
            return None
        return self._record(view, stamp, position - stamp.covers[0])

    def record_of_checkpoint(self, view: Reading, size: int) -> bytes | None:
        """The evidence record over the checkpoint of that size as the service signed it; None as above."""
        stamp = view.stamp_over(size - 1)
        if stamp is None or stamp.covers is None:
            return None
        first, end = stamp.covers
        sizes = [batch.size for batch in batches_within(view, first, end)]
        return self._record(view, stamp, end - first + sizes.index(size))

    def _record(self, view: Reading, stamp: Stamp, index: int) -> bytes:
        tree, _ = self._tree(view, stamp)
        record = build_record(tree.path(index), stamp.token)
        while stamp.renewed_by is not None:
            later = view.stamp(stamp.renewed_by)
            if later is None:
                raise LookupError(f"time stamp {stamp.renewed_by} of the journal is gone")
            tree, renewed = self._tree(view, later)
            record = renew(record, tree.path(renewed.index(stamp.number)), later.token)
            stamp = later
        return record

    def _tree(self, view: Reading, stamp: Stamp) -> tuple[HashTree, tuple[int, ...]]:
        """The tree below a stamp, and the numbers of the stamps that it renews."""
        with self._lock:
            if stamp.number in self._kept:
                self._kept.move_to_end(stamp.number)
                return self._kept[stamp.number]
        renewed = () if stamp.covers is not None else tuple(view.stamps_renewed_by(stamp.number))
        leaves = renewing_leaves(renewed) if stamp.covers is None else stamped_leaves(view, *stamp.covers)
        made = build_batch(leaves), tuple(each.number for each in renewed)
        with self._lock:
            self._kept[stamp.number] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made
