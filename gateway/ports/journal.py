"""The journal, its tree, and what is said of it from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from gateway.journal import Batch, Cosignature, Entry, EntryKind, Stamp


class JournalReading(Protocol):
    """Entries, batches, time stamps and cosignatures, as they are."""

    def journal_size(self) -> int:
        """How many entries the journal has."""
        ...

    def entered_later(self) -> int:
        """How many entries the journal begins with that were made of what a file without a journal held, or may have
        been: evidence and receipts by their times, and not in the order in which they came."""
        ...

    def journal_entries(self, *, first: int, limit: int) -> Sequence[Entry]:
        """Entries from position `first` on, in their order."""
        ...

    def journal_entry(self, kind: EntryKind, thing: str) -> Entry | None:
        """The newest entry of that kind about the thing with that id."""
        ...

    def own_names(self) -> Sequence[str]:
        """The names under which the gateway issues evidence, or did."""
        ...

    def journal_nodes(self, places: Sequence[tuple[int, int]]) -> Sequence[bytes]:
        """Nodes of the tree over the entries that are in batches, by (level, index): see `signing.Nodes`."""
        ...

    def nodes_of_level(self, level: int, *, first: int, limit: int) -> Mapping[int, bytes]:
        """Nodes of one level by index, from index `first` on."""
        ...

    def node_count(self) -> int:
        """How many nodes of the tree are stored."""
        ...

    def newest_batch(self) -> Batch | None: ...

    def batches(self, *, after: int, limit: int) -> Sequence[Batch]:
        """Batches in their order, from the first whose size is above `after`: that is the one of position `after`."""
        ...

    def stamped_size(self) -> int:
        """How many entries are covered by a time stamp; they are covered in their order."""
        ...

    def stamp_over(self, position: int) -> Stamp | None:
        """The time stamp that covers the entry at a position."""
        ...

    def stamp(self, number: int) -> Stamp | None: ...

    def stamps(self, *, after: int, limit: int) -> Sequence[Stamp]:
        """Time stamps in their order, from the first whose number is above `after`."""
        ...

    def stamps_renewed_by(self, number: int) -> Sequence[Stamp]:
        """The time stamps that a later one covers, in their order."""
        ...

    def stamps_to_renew(self, *, after: datetime, before: datetime, limit: int) -> Sequence[Stamp]:
        """Time stamps that end between two moments and that none covers yet; those that end first, in their order."""
        ...

    def stamps_rehashed_by(self, number: int) -> Sequence[Stamp]:
        """The time stamps whose entries a later one covers anew, in the order of their entries."""
        ...

    def stamps_to_rehash(self, *, digests: Sequence[str], limit: int) -> Sequence[Stamp]:
        """Time stamps over entries, by hash trees of one of the digests, whose entries none covers anew yet; in the
        order of their entries."""
        ...

    def newest_stamp(self) -> int:
        """The number of the newest time stamp; 0 for none."""
        ...

    def first_stamp_end(self) -> datetime | None:
        """When the first of the time stamps ends that none covers."""
        ...

    def cosignatures(self, size: int) -> Sequence[Cosignature]:
        """What witnesses signed of the checkpoint of that size."""
        ...

    def cosigned_size(self, witness: str) -> int:
        """The size of the newest checkpoint that a witness signed; 0 for none."""
        ...

    def cosigned_after(self, position: int) -> int | None:
        """The size of the oldest checkpoint over the entry at a position that any witness signed."""
        ...


class JournalWriting(Protocol):
    """Entries, batches, time stamps and cosignatures, as they come."""

    def enter(self, entry: Entry) -> int:
        """Add an entry to the journal, behind all others; its position. Evidence and receipts enter by themselves."""
        ...

    def add_batch(self, batch: Batch, *, after: int, grown: Sequence[tuple[int, int, bytes]]) -> bool:
        """Close a batch behind the one of size `after`; False when another one was closed meanwhile.

        grown: (level, index, hash) of the nodes that the tree has more.
        """
        ...

    def add_stamp(self, stamp: Stamp, *, renews: Sequence[int] = ()) -> int | None:
        """Keep a time stamp; its number, or None when another one covers the same entries.

        renews: numbers of the stamps that it covers. Raises Conflict when one of them is renewed already.
        """
        ...

    def add_rehashing(self, stamp: Stamp, *, rehashes: Sequence[int], after: int) -> int:
        """Keep a time stamp that covers anew what others cover; its number.

        after: the newest time stamp when it was asked for. Raises Conflict when one was renewed or covered anew since.
        """
        ...

    def add_cosignature(self, cosignature: Cosignature) -> None:
        """Keep what a witness signed of a checkpoint; its first signature stays."""
        ...
