"""What the journal proves: that it holds an entry, since when, and that it only grew. The read side of the journal.

An inclusion proof leads to the checkpoint of the entry's own batch, or to the first later one that a witness signed.
Who may see the thing that an entry is about is asked elsewhere, before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from gateway.errors import NotFound
from gateway.journal import Batch, EntryKind, entry_bytes
from gateway.model import instant_text
from gateway.ports import JournalReading, Store
from gateway.stamped import StampedTrees
from signing import NoteKey, Tree, add_cosignatures, build_log_proof


class Missing(StrEnum):
    """What a proof does not have yet."""

    CHECKPOINT = "checkpoint"
    COSIGNATURE = "cosignature"
    TIME_STAMP = "time-stamp"


@dataclass(frozen=True, kw_only=True)
class EntryProof:
    """What proves one entry, as far as it is there.

    entry: its canonical bytes. steps: the inclusion proof that leads to `checkpoint`, a signed note with its
    cosignatures. record: RFC 4998 evidence record over the entry. checkpoint_record: the same over `signed_checkpoint`,
    which is the checkpoint as the service signed it, without cosignatures.
    """

    entry: bytes
    position: int
    steps: tuple[bytes, ...] = ()
    checkpoint: bytes | None = None
    signed_checkpoint: bytes | None = None
    record: bytes | None = None
    checkpoint_record: bytes | None = None

    @property
    def log_proof(self) -> bytes | None:
        """Position, steps and checkpoint as one text (C2SP tlog-proof)."""
        return None if self.checkpoint is None else build_log_proof(self.position, self.steps, self.checkpoint)

    @property
    def missing(self) -> tuple[Missing, ...]:
        """What is not there yet."""
        found = {
            Missing.CHECKPOINT: self.checkpoint is not None,
            Missing.COSIGNATURE: self.checkpoint != self.signed_checkpoint,
            Missing.TIME_STAMP: self.record is not None and self.checkpoint_record is not None,
        }
        return tuple(each for each, is_there in found.items() if not is_there)


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """How far the journal has come, in entries: all, in batches, time-stamped, below a checkpoint that each witness
    signed.

    open_since, unstamped_since: when the oldest entry that waits was recorded; None where none waits.
    ends_at: when the first time stamp has to have been renewed.
    """

    entries: int
    closed: int
    stamped: int
    cosigned: dict[str, int]
    open_since: datetime | None
    unstamped_since: datetime | None
    ends_at: datetime | None


class StoredNodes:
    """`signing.Nodes` over the tree as it is stored. What is put is not stored, but gathered in `grown`."""

    def __init__(self, view: JournalReading) -> None:
        self._view = view
        self._new: dict[tuple[int, int], bytes] = {}

    @property
    def grown(self) -> list[tuple[int, int, bytes]]:
        """(level, index, hash) of all that was put."""
        return [(level, index, digest) for (level, index), digest in self._new.items()]

    def get(self, places: Sequence[tuple[int, int]]) -> Sequence[bytes]:
        """See Nodes."""
        if not self._new:
            return self._view.journal_nodes(places)
        return [self._new.get(place) or self._view.journal_nodes([place])[0] for place in places]

    def put(self, level: int, first: int, hashes: Sequence[bytes]) -> None:
        """See Nodes."""
        self._new |= {(level, first + number): each for number, each in enumerate(hashes)}


@dataclass(frozen=True, kw_only=True)
class Proofs:
    """Gives proofs. log: the key by which checkpoints are verified; its name is their origin. witnesses: those who are
    asked to sign them."""

    store: Store
    trees: StampedTrees
    log: NoteKey
    witnesses: tuple[NoteKey, ...] = ()

    def entry(self, kind: EntryKind, thing: str) -> EntryProof:
        """What proves the newest entry about a thing. Raises NotFound("entry-not-found")."""
        return self.store.read(lambda view: self.entry_in(view, kind, thing))

    def entry_in(self, view: JournalReading, kind: EntryKind, thing: str) -> EntryProof:
        """The same within a view."""
        entry = view.journal_entry(kind, thing)
        if entry is None or entry.position is None:
            raise NotFound("entry-not-found", "the journal has no entry about this")
        position = entry.position
        batch = _best_batch(view, position)
        if batch is None:
            return EntryProof(entry=entry_bytes(entry), position=position)
        return EntryProof(
            entry=entry_bytes(entry),
            position=position,
            steps=tuple(Tree(StoredNodes(view), batch.size).inclusion_proof(position)),
            checkpoint=_with_cosignatures(view, batch),
            signed_checkpoint=batch.checkpoint,
            record=self.trees.record_of_entry(view, position),
            checkpoint_record=self.trees.record_of_checkpoint(view, batch.size),
        )

    def checkpoint(self, size: int | None = None) -> bytes:
        """The newest checkpoint with its cosignatures, or the one of a batch by its size. Raises NotFound."""
        return self.store.read(lambda view: _with_cosignatures(view, _batch(view, size)))

    def consistency(self, old: int, size: int) -> list[bytes]:
        """The proof that the checkpoint of `size` extends that of `old`. Raises NotFound for no such checkpoints."""
        return self.store.read(lambda view: self.consistency_in(view, old, size))

    def consistency_in(self, view: JournalReading, old: int, size: int) -> list[bytes]:
        """The same within a view."""
        if old > size:
            raise NotFound("checkpoint-not-found", "the later checkpoint cannot have fewer entries")
        if old:
            _batch(view, old)
        return Tree(StoredNodes(view), _batch(view, size).size).consistency_proof(old)

    def backlog(self) -> Backlog:
        """How far the journal has come."""

        def look(view: JournalReading) -> Backlog:
            newest = view.newest_batch()
            closed, stamped = 0 if newest is None else newest.size, view.stamped_size()
            return Backlog(
                entries=view.journal_size(),
                closed=closed,
                stamped=stamped,
                cosigned={key.name: view.cosigned_size(key.name) for key in self.witnesses},
                open_since=recorded_at(view, closed),
                unstamped_since=recorded_at(view, stamped),
                ends_at=view.first_stamp_end(),
            )

        return self.store.read(look)


def backlog_view(backlog: Backlog) -> dict[str, Any]:
    """A backlog over the wire."""
    moments = {
        "openSince": backlog.open_since,
        "unstampedSince": backlog.unstamped_since,
        "stampsEndAt": backlog.ends_at,
    }
    return {
        "entries": backlog.entries,
        "open": backlog.entries - backlog.closed,
        "unstamped": backlog.entries - backlog.stamped,
        **{name: instant_text(at) for name, at in moments.items() if at is not None},
        "witnesses": [{"witness": name, "cosigned": size} for name, size in sorted(backlog.cosigned.items())],
    }


def recorded_at(view: JournalReading, position: int) -> datetime | None:
    """When the entry at a position was recorded; None if there is none."""
    return next((entry.at for entry in view.journal_entries(first=position, limit=1)), None)


def _batch(view: JournalReading, size: int | None) -> Batch:
    found = view.newest_batch() if size is None else next(iter(view.batches(after=size - 1, limit=1)), None)
    if found is None or size not in (None, found.size):
        raise NotFound("checkpoint-not-found", "there is no checkpoint of this size")
    return found


def _best_batch(view: JournalReading, position: int) -> Batch | None:
    cosigned = view.cosigned_after(position)
    if cosigned is not None:
        return _batch(view, cosigned)
    return next(iter(view.batches(after=position, limit=1)), None)


def _with_cosignatures(view: JournalReading, batch: Batch) -> bytes:
    lines = "".join(each.line for each in view.cosignatures(batch.size))
    return add_cosignatures(batch.checkpoint, lines.encode()) if lines else batch.checkpoint
