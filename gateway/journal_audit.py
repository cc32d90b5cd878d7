"""Re-prove the journal: build its tree again from the stored entries, and hold against it everything that was signed.

Each entry must say what the thing says that it is about, its leaf and every node above must be the stored ones, each
checkpoint must be the root at its size and each time stamp cover its part. Checkpoints that somebody else kept
(`known`) show what nothing inside the store can show: that its end was cut off, or that all of it was written anew.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.flaws import Flaw
from gateway.journal import (
    FROM_BEFORE,
    REMEMBERED,
    Batch,
    Entry,
    EntryKind,
    Stamp,
    entry_bytes,
    entry_of_evidence,
    entry_of_filing,
    entry_of_further_key,
    entry_of_hosted_key,
    entry_of_key,
    entry_of_name,
    entry_of_party,
    entry_of_receipt,
    entry_of_token,
    entry_of_validation,
)
from gateway.model import DeliveryId, EvidenceId, KeptReceipt, PartyId, SubmissionId
from gateway.ports import Clock, JournalReading, Reading, Store
from gateway.stamped import StampedTrees
from gateway.vouching import authority_name, known_by
from signing import (
    CLOCK_TOLERANCE,
    Checkpoint,
    NoteKey,
    RevocationRule,
    SignedCheckpoint,
    TimestampTrust,
    Tree,
    VerificationFailed,
    add_cosignatures,
    build_batch,
    check_authority,
    leaf_hash,
    read_checkpoint,
    sha256,
    verify_digest_timestamp,
)

PAGE = 500
LEVELS = 63
PLACE = "journal"
_CHANGING = (EntryKind.RECEIPT, EntryKind.PARTY, EntryKind.HOSTED_KEY)  # a later entry says what became of it since
UNREADABLE = (ValueError, KeyError, TypeError, OverflowError)  # what reading a row raises that the gateway never wrote


class _Comparing:
    """`signing.Nodes` that holds each node against the stored one and keeps the right edge only.

    closed: entries that are in batches, whose nodes must be stored. differing: places found since it was emptied.
    """

    def __init__(self, store: Store, closed: int) -> None:
        self._store = store
        self._edge: dict[int, dict[int, bytes]] = {}
        self.closed = closed
        self.differing: list[tuple[int, int]] = []

    def get(self, places: Sequence[tuple[int, int]]) -> Sequence[bytes]:
        """See Nodes."""
        return [self._edge[level][index] for level, index in places]

    def put(self, level: int, first: int, hashes: Sequence[bytes]) -> None:
        """See Nodes."""
        before = {first - 1: self._edge[level][first - 1]} if first else {}
        self._edge[level] = {**before, first + len(hashes) - 1: hashes[-1]}
        stored = self._store.read(lambda view: view.nodes_of_level(level, first=first, limit=len(hashes)))
        for index, digest in enumerate(hashes, start=first):
            if (index + 1) << level <= self.closed and stored.get(index) != digest:
                self.differing.append((level, index))


@dataclass(frozen=True, kw_only=True)
class JournalProver:
    """Proves a journal. logs: keys by which its checkpoints are verified, the newest first. trust: of time stamps.
    witnesses: whose cosignatures count. known: checkpoints that were kept elsewhere."""

    logs: Sequence[NoteKey]
    trust: TimestampTrust
    witnesses: Sequence[NoteKey] = ()
    known: Sequence[bytes] = ()

    def prove(self, store: Store, *, clock: Clock) -> Iterator[Flaw]:
        """Everything that is wrong with the journal of a store. What is entered meanwhile is left to the next time."""
        newest = store.read(lambda view: view.newest_batch())
        closed = 0 if newest is None else newest.size
        kept: list[Checkpoint] = []
        for note in self.known:
            try:
                kept.append(self._verified(note).checkpoint)
            except VerificationFailed as failure:
                yield Flaw(code="known-checkpoint-invalid", place=PLACE, detail=failure.code)
        nodes = _Comparing(store, closed)
        tree = Tree(nodes)
        for size, batch, known in _boundaries(store, kept):
            yield from _grown(store, tree, size)
            yield from (Flaw(code="node-differs", place=PLACE, detail=f"{x}/{y}") for x, y in nodes.differing)
            nodes.differing.clear()
            if tree.size < size:  # there is a gap, or the end is cut off: nothing behind it can be right
                yield Flaw(code="journal-truncated", place=PLACE, detail=f"{tree.size} {size}")
                return
            if known is not None and known.root != tree.root():
                yield Flaw(code="journal-rewritten", place=PLACE, detail=str(size))
            if batch is not None:
                yield from self._batch(store, batch, tree.root())
        yield from _grown(store, tree, store.read(lambda view: view.journal_size()))
        if store.read(lambda view: view.node_count()) > sum(closed >> level for level in range(LEVELS)):
            yield Flaw(code="node-differs", place=PLACE, detail="there are more than the tree has")
        yield from self._stamps(store, closed, now=clock.now())

    def _verified(self, note: bytes) -> SignedCheckpoint:
        """A checkpoint under any of our keys. Raises VerificationFailed: what the newest key says of it."""
        newest, *retired = self.logs
        for log in retired:
            with suppress(VerificationFailed):
                return read_checkpoint(note, log=log, witnesses=self.witnesses)
        return read_checkpoint(note, log=newest, witnesses=self.witnesses)

    def _batch(self, store: Store, batch: Batch, root: bytes) -> Iterator[Flaw]:
        place = f"checkpoint {batch.size}"
        try:
            checkpoint = self._verified(batch.checkpoint).checkpoint
        except VerificationFailed as failure:
            yield Flaw(code="checkpoint-invalid", place=place, detail=failure.code)
            return
        if (checkpoint.size, checkpoint.root) != (batch.size, root):
            yield Flaw(code="checkpoint-differs", place=place)
        names = {key.name for key in self.witnesses}
        for each in store.read(lambda view: view.cosignatures(batch.size)):
            try:
                cosigned = self._verified(add_cosignatures(batch.checkpoint, each.line.encode())).cosigned
            except VerificationFailed as failure:
                yield Flaw(code="cosignature-invalid", place=place, detail=failure.code)
                continue
            if each.witness not in names or set(cosigned) != {each.witness}:
                yield Flaw(code="cosignature-invalid", place=place, detail="by no witness of this installation")

    def _stamps(self, store: Store, closed: int, *, now: datetime) -> Iterator[Flaw]:
        number = covered = 0
        trees = StampedTrees()
        while True:
            try:
                page = store.read(lambda view, after=number: view.stamps(after=after, limit=PAGE))  # type: ignore[misc]
            except UNREADABLE:
                yield Flaw(code="row-unreadable", place=f"time stamps after {number}")
                return
            if not page:
                return
            for stamp in page:
                place, number = f"time stamp {stamp.number}", stamp.number
                if stamp.covers is not None:
                    first, end = stamp.covers
                    if first != covered or not first < end <= closed or stamp.anew_from is not None:
                        yield Flaw(code="stamp-differs", place=place, detail="covers")
                        return
                    covered = end
                yield from self._stamp(store, stamp, place, now, trees)

    def _stamp(self, store: Store, stamp: Stamp, place: str, now: datetime, trees: StampedTrees) -> Iterator[Flaw]:
        """A token must hold over what is below it, when the one that renewed it was made, or else now; nobody may have
        revoked its authority, by what was heard of it last."""
        try:
            leaves, until = store.read(
                lambda view: (trees.leaves(view, stamp), _known_until(view, stamp, now + CLOCK_TOLERANCE))
            )
        except (VerificationFailed, LookupError):  # of a stamp that this one covers
            leaves, until = [], None
        if until is None or not leaves:
            yield Flaw(code="stamp-invalid", place=place, detail="nothing to hold it against")
            return
        try:
            root = build_batch(leaves, digest_name=stamp.digest_name).root
            given = verify_digest_timestamp(
                stamp.token, root, digest_name=stamp.digest_name, trust=self.trust, at=until
            )
            about = authority_name(given.path.certificates)
            heard = store.read(lambda view: [known_by(each) for each in view.newest_validations(about, limit=2)])
            check_authority(given, until, heard, trust=self.trust, rule=RevocationRule())
        except UNREADABLE:
            yield Flaw(code="row-unreadable", place=place, detail="what was heard of its authority")
            return
        except VerificationFailed as failure:
            yield Flaw(code="stamp-invalid", place=place, detail=failure.code)
            return
        if (_shown(given.stamped_at), _shown(given.path.until)) != (stamp.stamped_at, stamp.ends_at):
            yield Flaw(code="stamp-differs", place=place, detail="times")
        if not store.read(lambda view: _fits(view, stamp)):
            yield Flaw(code="stamp-differs", place=place, detail="anew")


def _boundaries(store: Store, kept: Sequence[Checkpoint]) -> Iterator[tuple[int, Batch | None, Checkpoint | None]]:
    """Where the tree is looked at: at the end of each batch and at each checkpoint that was kept elsewhere."""
    known = ((each.size, None, each) for each in sorted(kept, key=lambda each: each.size))
    yield from heapq.merge(((each.size, each, None) for each in _batches(store)), known, key=lambda each: each[0])


def _batches(store: Store) -> Iterator[Batch]:
    after = 0
    while page := store.read(lambda view, after=after: view.batches(after=after, limit=PAGE)):  # type: ignore[misc]
        yield from page
        after = page[-1].size


def _grown(store: Store, tree: Tree, size: int) -> Iterator[Flaw]:
    """Let the tree grow to a size, entry by entry. It stays smaller where entries are missing."""
    while tree.size < size:
        first, limit = tree.size, min(PAGE, size - tree.size)
        try:
            entries, flaws = store.read(lambda view, first=first, limit=limit: _page(view, first, limit))  # type: ignore[misc]
        except UNREADABLE:
            yield Flaw(code="row-unreadable", place=f"entries from {first}")
            return
        yield from flaws
        if [entry.position for entry in entries] != list(range(first, first + len(entries))):
            yield Flaw(code="entry-missing", place=f"entries from {first}")
            return
        if not entries:  # the end is cut off
            return
        tree.append([leaf_hash(entry_bytes(entry)) for entry in entries])


def _page(view: Reading, first: int, limit: int) -> tuple[Sequence[Entry], list[Flaw]]:
    entries = view.journal_entries(first=first, limit=limit)
    found = ((entry, _flaw_of(view, entry)) for entry in entries)
    return entries, [Flaw(code=code, place=f"entry {entry.position}") for entry, code in found if code is not None]


def _flaw_of(view: Reading, entry: Entry) -> str | None:
    """What is wrong with an entry: it and the thing that it is about must say the same."""
    try:
        expected = _expected(view, entry)
    except UNREADABLE:
        return "row-unreadable"
    if expected is None:
        return f"entry-without-{entry.kind}"
    if _same(entry, expected):
        return None
    if entry.kind in _CHANGING:
        newest = view.journal_entry(entry.kind, expected.id)
        if newest is not None and (newest.position or 0) > (entry.position or 0):
            return None
    return "entry-differs"


def _expected(view: Reading, entry: Entry) -> Entry | None:
    """The entry for the thing as it is stored now; None when it is gone."""
    match entry.kind:
        case EntryKind.EVIDENCE:
            evidence = view.evidence(EvidenceId(entry.id))
            return None if evidence is None else entry_of_evidence(evidence)
        case EntryKind.RECEIPT:
            receipt = _receipt(view, entry)
            return None if receipt is None else entry_of_receipt(receipt)
        case EntryKind.VALIDATION:
            at_arrival = entry.id == entry.of
            record = view.validation_of(SubmissionId(entry.id)) if at_arrival else view.later_validation(entry.id)
            return None if record is None else entry_of_validation(entry.of, record)
        case EntryKind.KEY:
            key = next((each for each in view.published_keys() if each.id == entry.id), None)
            return None if key is None else entry_of_key(key)
        case EntryKind.PARTY:
            party = view.party(PartyId(entry.id))
            return None if party is None else entry_of_party(party, at=entry.at)
        case EntryKind.FILING:
            on_file = view.on_file(SubmissionId(entry.id))
            return None if on_file is None else entry_of_filing(on_file, at=entry.at)
        case EntryKind.HOSTED_KEY:
            hosted = view.hosted_key(PartyId(entry.id))
            return None if hosted is None else entry_of_hosted_key(hosted, at=entry.at)
        case EntryKind.ACCESS:  # what is given may be taken again: each token is held against its newest entry
            return entry_of_token(entry.id, PartyId(entry.of), given=entry.code == "given", at=entry.at)
        case EntryKind.FURTHER_KEY:
            further = view.further_key(PartyId(entry.of), entry.id)
            code = FROM_BEFORE if entry.code == FROM_BEFORE else REMEMBERED
            return None if further is None else entry_of_further_key(further, at=entry.at, code=code)
        case EntryKind.NAME:
            return entry_of_name(entry.id, at=entry.at)


def _receipt(view: Reading, entry: Entry) -> KeptReceipt | None:
    """The receipt with the bytes of an entry. One that was judged anew since has another id: only then it is looked for
    among all of its copy, which may be thousands."""
    own = view.receipt(entry.id)
    kept = view.receipts_of(DeliveryId(entry.of)) if own is None else [own]
    named = (each for each in kept if sha256(each.raw) == each.digest)
    return next((each for each in named if hashlib.new(entry.digest_name, each.raw).digest() == entry.digest), None)


def _same(entry: Entry, expected: Entry) -> bool:
    """Whether two entries are the same but for what only the stored one has."""
    return entry == replace(expected.bound_by(entry.digest_name), salt=entry.salt, position=entry.position)


def _shown(at: datetime) -> datetime:
    """An instant as it is stored: with milliseconds."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _fits(view: JournalReading, stamp: Stamp) -> bool:
    """Whether what covers it anew, and what it covers anew itself, is there."""
    later = None if stamp.rehashed_by is None else view.stamp(stamp.rehashed_by)
    if stamp.rehashed_by is not None and (later is None or later.anew_from is None):
        return False
    if stamp.covers is not None or stamp.anew_from is None:
        return True
    first = view.stamps_rehashed_by(stamp.number)[0]
    return stamp.anew_from == (first.anew_from if first.covers is None else first.covers[0])


def _known_until(view: JournalReading, stamp: Stamp, now: datetime) -> datetime | None:
    """The latest time at which a token is known to have existed; None if the one that renewed it is gone."""
    if stamp.renewed_by is None:
        return now
    later = view.stamp(stamp.renewed_by)
    return None if later is None or later.number <= stamp.number else later.stamped_at
