"""`journal-store`: what an entry of the journal costs through the store: written, closed into a batch, proven.

Processor time of the whole process. Held against bare SHA-256 of what cannot be left out: the raw bytes that an entry
binds; an entry and one node; the nodes of a path.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.result import Result, compared
from gateway.batches import Batches, Rhythm
from gateway.journal import EntryKind, entry_of_evidence
from gateway.model import Event, Evidence, EvidenceId, SubmissionId, new_id
from gateway.ports import Clock, Reading, Store, Transaction
from gateway.proofs import Proofs
from gateway.stamped import StampedTrees
from gateway.stores.clock import StoreClock
from gateway.stores.sqlite import SqliteStore
from signing import new_note_key, note_signer_from_pem

ENTRIES: Final = 10_000
IN_ONE: Final = 500  # entries in one transaction: what is measured is the row, not the disk
PROVEN: Final = 500
RAW_BYTES: Final = 3_500


def run() -> list[Result]:
    """Microseconds of processor time for an entry."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "store"
        store = SqliteStore(path)
        try:
            return _measured(store, StoreClock(path))
        finally:
            store.close()


def _measured(store: Store, clock: Clock) -> list[Result]:
    signer = note_signer_from_pem(new_note_key(), name="benchmark/journal")
    rhythm = Rhythm(close_after_s=0, close_at=ENTRIES)
    batches = Batches(store=store, signer=signer, clock=clock, holder="benchmark", rhythm=rhythm)
    proofs = Proofs(store=store, trees=StampedTrees(), log=signer.verifier)
    raw, node, entry = bytes(RAW_BYTES), bytes(65), bytes(300)
    things = [_evidence(raw) for _ in range(ENTRIES)]
    written = _each(lambda: _write(store, things), ENTRIES)
    closed = _each(lambda: _close(batches), ENTRIES)
    proven = _each(lambda: store.read(lambda view: _prove(view, proofs, things)), PROVEN)
    levels = ENTRIES.bit_length()
    return [
        _result("journal-store write", written, "bare SHA-256 of the raw bytes", [raw]),
        _result("journal-store close", closed, "bare SHA-256 of entry and node", [entry, node]),
        _result("journal-store prove", proven, "bare SHA-256 of a path", [entry, *[node] * levels]),
    ]


def _result(name: str, us: float, against: str, hashed: list[bytes]) -> Result:
    floor = _each(lambda: [hashlib.sha256(each).digest() for _ in range(2_000) for each in hashed], 2_000)
    return compared(name, us, "µs an entry", against=against, floor=floor)


def _each(work: Callable[[], object], times: int) -> float:
    """Microseconds for each of the `times` things that `work` does."""
    began = time.process_time()
    work()
    return (time.process_time() - began) / times * 1e6


def _evidence(raw: bytes) -> Evidence:
    at, event = datetime.now(UTC), Event.CONTENT_CONSIGNMENT
    submission = SubmissionId(new_id())
    return Evidence(id=EvidenceId(new_id()), event=event, at=at, submission_id=submission, delivery_id=None, raw=raw)


def _write(store: Store, things: list[Evidence]) -> None:
    for first in range(0, len(things), IN_ONE):
        part = things[first : first + IN_ONE]

        def enter(unit: Transaction, part: list[Evidence] = part) -> None:
            for each in part:
                unit.enter(entry_of_evidence(each))

        store.write(enter)


def _close(batches: Batches) -> None:
    if batches.close_due() != 1:
        raise RuntimeError("everything waits for one batch")


def _prove(view: Reading, proofs: Proofs, things: list[Evidence]) -> None:
    for thing in things[:: ENTRIES // PROVEN]:
        proofs.entry_in(view, EntryKind.EVIDENCE, thing.id)
