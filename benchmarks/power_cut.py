"""`power-cut`: the power goes at any moment; whatever was acknowledged before is there after, and the file is sound.

Real submissions, pushes, receipts and checkpoints run on a disk that records (`disk.py`). Then images are made of the
files as a cut would leave them: what no sync had confirmed is there, or lost, or there in part, sector by sector. Each
image is opened by the gateway's own store. Two controls must fail: synchronous=NORMAL, and a receipt released before
its commit.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.disk import Acknowledged, Choice, Disk, Medium, Step, keep_all, lose_all, tear
from gateway.errors import ConfigError, StoreUnavailable
from gateway.model import DeliveryId
from gateway.ports import Pending, Reading, Store, Transaction
from gateway.stores.engine import sqlite
from gateway.stores.group_commit import locked
from gateway.stores.sqlite import SqliteStore
from tests.faults.world import World, a_world

T = TypeVar("T")
SEED = 20030528
SUBMISSIONS = 12
AUDIT_EACH = 10  # so many images; the others are asked for what was acknowledged, and for rows that hang in the air


@dataclass(frozen=True, kw_only=True)
class Cuts:
    """What came of the images of one recording. lost: images in which something acknowledged is missing. unsound:
    that did not open, or were found damaged or contradicting themselves."""

    images: int
    lost: int
    unsound: int


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The gateway as it is, and the two controls that show that the detector works."""

    full: Cuts
    normal: Cuts
    early: Cuts
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether we lost nothing, and both controls lost something."""
        return self.full.lost == self.full.unsound == 0 < min(self.normal.lost, self.early.lost, self.full.images)

    def to_json(self) -> dict[str, Any]:
        cuts = {"full": self.full, "control normal": self.normal, "control early": self.early}
        told = {name: each.__dict__ for name, each in cuts.items()}
        return {"name": "power-cut", "passed": self.passed, **told, "seconds": self.seconds}


class Relaxed(SqliteStore):
    """Control: a commit does not wait for the disk."""

    def _connect(self) -> sqlite.Connection:
        connection = super()._connect()
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection


class Hasty:
    """Control: what a unit of work returns leaves the house before its commit, which waits until it has left."""

    def __init__(self, path: Path, left: threading.Event) -> None:
        self._inner, self._left = SqliteStore(path), left

    def read(self, work: Callable[[Reading], T]) -> T:
        return self._inner.read(work)

    def write(self, work: Callable[[Transaction], T]) -> T:
        early: Future[T] = Future()

        def inside(unit: Transaction) -> None:
            self._left.clear()
            early.set_result(work(unit))
            self._left.wait(5)

        threading.Thread(target=self._inner.write, args=(inside,)).start()
        return early.result()

    def queue(self, work: Callable[[Transaction], T]) -> Pending[T]:
        return Pending.of(self.write(work))

    def close(self) -> None:
        self._inner.close()


def options(parser: argparse.ArgumentParser) -> None:
    """What may be said on the command line."""
    parser.add_argument("--cuts", type=int, default=5000, help="images of the gateway (default %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="of moments and losses (default %(default)s)")


def run(chosen: argparse.Namespace) -> Outcome:
    """Record, cut and look, with keys and files of its own."""
    begun = time.monotonic()
    print(f"power-cut: {chosen.cuts} cuts, seed {chosen.seed}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as folder, a_world(Path(folder)) as world:
        start = world.file.read_bytes()

        def cut(control: str, number: int) -> Cuts:
            world.file.write_bytes(start)
            steps = recorded(world, control=control)
            found = cuts(world, start, steps, number, random.Random(chosen.seed))
            print(f"  {control or 'full'}: {len(steps)} steps, {found}", file=sys.stderr, flush=True)
            return found

        control = max(chosen.cuts // 10, 50)
        full, normal, early = cut("", chosen.cuts), cut("normal", control), cut("early", control)
    return Outcome(full=full, normal=normal, early=early, seconds=round(time.monotonic() - begun, 1))


def recorded(world: World, *, control: str = "", submissions: int = SUBMISSIONS) -> list[Step]:
    """Everything that a short day does to the disk, with the moments at which somebody was told something."""
    disk, left = Disk(), threading.Event()
    opens: Callable[[Path], Store] = SqliteStore
    if control == "normal":
        opens = Relaxed
    elif control == "early":
        opens = lambda path: Hasty(path, left)  # noqa: E731

    def tell(what: str) -> None:
        disk.acknowledge(what)
        left.set()

    with disk.mounted():
        running = world.start(opens=opens)
        for number in range(submissions):
            document_id, raw = world.form()
            world.hand_in(running, document_id, raw)
            tell(f"submission {document_id}")
            if control != "early" and number % 2:
                running.work()
                world.clients["dossier"].collect(running, running.party("dossier"))
                for delivery_id in world.clients["dossier"].kept:
                    tell(f"receipt {delivery_id}")
            if number % 5 == 4 and control != "normal":  # there, nothing would be unsynced after it
                _checkpoint(world.file)
        running.gateway.store.close()
    return disk.steps


def _checkpoint(path: Path) -> None:
    """What the writer does when its log has grown: the cut may fall into it."""
    lock_path = path.with_name(path.name + ".lock")
    with lock_path.open("ab") as lock, locked(lock.fileno()), closing(sqlite.connect(str(path))) as connection:
        connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()


def cuts(world: World, start: bytes, steps: Sequence[Step], number: int, chance: random.Random) -> Cuts:
    """Cut `number` times and look at each image."""
    moments = sorted(chance.randrange(len(steps) + 1) for _ in range(number))
    lost = unsound = 0
    place = world.place / "image"
    place.mkdir(exist_ok=True)
    for count, (medium, choice) in enumerate(_images(world.file.name, start, steps, moments, chance)):
        for old in place.iterdir():
            old.unlink()
        for name, content in medium.after_cut(choice).items():
            (place / name).write_bytes(content)
        missing, sound = _look(world, place / world.file.name, medium.acknowledged, thorough=count % AUDIT_EACH == 0)
        lost += bool(missing)
        unsound += not sound
    return Cuts(images=number, lost=lost, unsound=unsound)


def _images(
    name: str, start: bytes, steps: Sequence[Step], moments: Sequence[int], chance: random.Random
) -> Iterator[tuple[Medium, Choice]]:
    medium, done = Medium({name: start}), 0
    for count, moment in enumerate(moments):
        for step in steps[done:moment]:
            medium.take(step)
        done = moment
        yield medium, (lose_all, keep_all, tear(chance), tear(chance))[count % 4]


def _look(world: World, path: Path, acknowledged: Sequence[str], *, thorough: bool) -> tuple[set[str], bool]:
    """What of the acknowledged is missing in an image, and whether the gateway finds the rest sound."""
    try:
        store = SqliteStore(path)
    except (ConfigError, StoreUnavailable):
        return set(acknowledged), False
    try:
        missing = store.read(lambda view: {what for what in set(acknowledged) if not _is_there(view, what)})
        if thorough:
            return missing, not world.audit_of(store)
        now = world.clock.now()
        return missing, store.read(lambda view: not view.damage() and not view.loose_ends(now=now))
    except StoreUnavailable:
        return set(acknowledged), False
    finally:
        store.close()


def _is_there(view: Reading, what: str) -> bool:
    kind, _, name = what.partition(" ")
    if kind == "submission":
        found = view.submission_by_document(name)
        return found is not None and bool(found.answer) and len(view.deliveries_of(found.id)) > 0
    return any(receipt.evidence_id is not None for receipt in view.receipts_of(DeliveryId(name)))


def told(steps: Sequence[Step]) -> int:
    """How often somebody was told something."""
    return sum(isinstance(step, Acknowledged) for step in steps)
