"""`every-call`: each call to the store, a transport, a key or the disk fails once, and where it can, kills the process.

A short and whole scenario (`tests/faults/scenario.py`) is lived once for each of these calls; then the next process
brings it to its end. Every fact must be as if nothing had failed, an audit must find nothing, and nobody may have been
told two things. The tests live a part of these lives.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.disk import SQLITE_FULL, SQLITE_IOERR_FSYNC, SQLITE_IOERR_WRITE, Disk
from tests.faults.injected import Plan
from tests.faults.scenario import KINDS, Lived, NewWorld, Papers, failing, lived, lived_on
from tests.faults.world import World, a_world

# A store that committed does not say that it did not.
PORTS: Mapping[str, tuple[str, bool]] = {
    f"{kind} {'dies' if crash else 'fails'}": (kind, crash)
    for kind, crash in itertools.product(KINDS, (True, False))
    if crash or kind != "committed"
}
"""The faults of ports: which call, and whether the process dies of it."""
DISK: Mapping[str, tuple[str, int]] = {
    "disk sync fails": ("sync", SQLITE_IOERR_FSYNC),
    "disk write fails": ("write", SQLITE_IOERR_WRITE),
    "disk is full": ("write", SQLITE_FULL),
    "disk truncation fails": ("truncate", SQLITE_IOERR_WRITE),
}
"""The faults of the disk: which call, and the code that the engine gets."""


@dataclass(frozen=True, kw_only=True)
class Lives:
    """The lives with one sort of fault. calls: how many can fail. lived: how many lives there were, in each of which
    one failed. ended: of how many the process died, or had to end itself. wrong: the numbers of the calls after which
    something was not as it should be, or that a process should have died of and did not."""

    calls: int
    lived: int
    ended: int
    wrong: list[int]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of all of them, by the sort of the fault."""

    lives: Mapping[str, Lives]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether every call was failed and nothing was wrong after any."""
        return all(each.calls and not each.wrong for each in self.lives.values())

    def to_json(self) -> dict[str, Any]:
        told = {sort: each.__dict__ for sort, each in self.lives.items()}
        return {"name": "every-call", "passed": self.passed, "lives": told, "seconds": self.seconds}


def options(parser: argparse.ArgumentParser) -> None:
    """What may be said on the command line."""
    sorts = [*PORTS, *DISK]
    parser.add_argument("--only", nargs="+", choices=sorts, metavar="SORT", help=f"some of: {', '.join(sorts)}")
    parser.add_argument("--every", type=int, default=1, help="each so many-th call only (default %(default)s)")


def run(chosen: argparse.Namespace) -> Outcome:
    """All lives, with keys and files of their own."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, a_world(Path(folder)) as first:
        trial = _Trial(new_world=_worlds(first, Path(folder) / "lives"), papers=Papers.of(first))
        lives = {sort: trial.of(sort, every=chosen.every) for sort in chosen.only or (*PORTS, *DISK)}
    return Outcome(lives=lives, seconds=round(time.monotonic() - begun, 1))


class _Trial:
    """Lives the scenario undisturbed first: what is so in the end, and how many calls there are to fail."""

    def __init__(self, *, new_world: NewWorld, papers: Papers) -> None:
        self._new_world, self._papers, self._counted = new_world, papers, Plan()
        self._facts = lived(new_world, papers, self._counted).facts
        on_disk = lived_on(new_world, papers, Disk())
        if not on_disk.is_like(self._facts):
            raise AssertionError("the scenario is not the same twice")
        self._disk_counts = on_disk.counts

    def of(self, sort: str, *, every: int) -> Lives:
        """All lives with one sort of fault."""
        calls = self._disk_counts[DISK[sort][0]] if sort in DISK else self._counted.counts[PORTS[sort][0]]
        ended, wrong = 0, []
        for at in range(1, calls + 1, every):
            try:
                life = self._live(sort, at)
            except AssertionError as error:  # it never came to its end, or somebody was told something wrong
                print(f"  {sort} {at}: {error}", file=sys.stderr, flush=True)
                wrong.append(at)
                continue
            ended += life.died or bool(life.ends)
            if not life.is_like(self._facts) or (sort in PORTS and life.died != PORTS[sort][1]):
                print(f"  {sort} {at}: {life}", file=sys.stderr, flush=True)
                wrong.append(at)
        found = Lives(calls=calls, lived=len(range(1, calls + 1, every)), ended=ended, wrong=wrong)
        print(f"{sort}: {found}", file=sys.stderr, flush=True)
        return found

    def _live(self, sort: str, at: int) -> Lived:
        if sort in DISK:
            return lived_on(self._new_world, self._papers, failing(*DISK[sort], at))
        kind, crash = PORTS[sort]
        return lived(self._new_world, self._papers, Plan(kind, at, crash))


def _worlds(first: World, place: Path) -> NewWorld:
    """Worlds with the same cast, which is registered already; of each only the file stays, until the next one."""
    registered = place / "registered.sqlite3"
    place.mkdir()
    shutil.copy(first.file, registered)

    def new_world() -> World:
        home = place / "world"
        shutil.rmtree(home, ignore_errors=True)
        world = World(first.base, first.folder, home)
        shutil.copy(registered, world.file)
        return world

    return new_world
