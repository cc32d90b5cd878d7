"""A disk that fails: a sync, a write, no room, read-only, a file that somebody else holds, a clock that is set.

The disk stands between the real engine and the real file (`benchmarks/disk.py`). A failed sync or write leaves the file
in a state that nobody knows: the process ends at once and tells nobody anything. A full disk is another thing: nothing
is stored, and it goes on when there is room again.
"""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.disk import SQLITE_FULL, SQLITE_IOERR_FSYNC, SQLITE_IOERR_WRITE, SQLITE_OK, Disk
from gateway.errors import StoreUnavailable
from gateway.model import DeliveryState
from gateway.stores.group_commit import EXIT_CANNOT_SYNC
from tests.conftest import Counter
from tests.faults.injected import Crash
from tests.faults.scenario import NewWorld, Papers, failing, lived_on, on
from tests.faults.world import PUSHED, everything_settled


@pytest.fixture
def papers(new_world: NewWorld) -> Papers:
    return Papers.of(new_world())


@pytest.mark.parametrize(
    ("kind", "code", "every", "ends_with"),
    [
        ("sync", SQLITE_IOERR_FSYNC, 1, [EXIT_CANNOT_SYNC]),
        ("write", SQLITE_IOERR_WRITE, 7, [EXIT_CANNOT_SYNC]),
        ("write", SQLITE_FULL, 7, []),
    ],
    ids=["every-sync-fails-once", "a-write-fails", "a-write-finds-no-room"],
)
def test_whatever_the_disk_does_the_facts_are_the_same_in_the_end(
    new_world: NewWorld, papers: Papers, kind: str, code: int, every: int, ends_with: list[int]
) -> None:
    """Each sync, and some of the writes; `python -m benchmarks every-call` fails all of them."""
    undisturbed = lived_on(new_world, papers, Disk())
    assert undisturbed.ends == []
    moments = range(1, undisturbed.counts[kind] + 1, every)
    assert len(moments) >= 5
    met = 0
    for at in moments:
        life = lived_on(new_world, papers, failing(kind, code, at))
        assert life.is_like(undisturbed.facts), (kind, at, life)
        assert life.ends in ([], ends_with)
        met += life.ends == ends_with
    assert met >= len(moments) // 2


def test_what_a_counter_keeps_is_its_owners_alone(counter: Counter) -> None:
    path = counter.gateway.config.store_path
    for suffix in ("", "-wal", "-shm"):
        assert stat.S_IMODE(path.with_name(path.name + suffix).stat().st_mode) == 0o600, suffix


def test_a_full_disk_stores_nothing_reads_on_and_needs_no_restart(new_world: NewWorld) -> None:
    world, disk = new_world(), Disk()
    first, second = world.form(), world.form()
    with on(world, disk) as (running, ends):
        world.hand_in(running, *first)
        disk.fails = lambda kind, file: SQLITE_FULL if kind == "write" else SQLITE_OK
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                world.hand_in(running, *second)
            with pytest.raises(StoreUnavailable):
                running.work()
        assert running.audit() == []
        assert set(world.answers) == {first[0]}
        disk.fails = lambda kind, file: SQLITE_OK
        world.hand_in(running, *second)
        running.work(2)
        assert ends == []
        assert running.audit() == []
        assert world.held()["fund"] == {first[0]: 1, second[0]: 1}


def test_on_a_disk_that_turned_read_only_the_process_ends_and_nobody_is_told_anything(new_world: NewWorld) -> None:
    world, disk = new_world(), Disk()
    form = world.form()
    with on(world, disk) as (running, ends):
        disk.fails = lambda kind, file: SQLITE_IOERR_WRITE  # what EROFS becomes
        with pytest.raises(Crash):
            world.hand_in(running, *form)
        assert ends == [EXIT_CANNOT_SYNC]
    assert world.answers == {}
    running = world.start()
    world.hand_in(running, *form)
    assert running.audit() == []
    running.gateway.store.close()


ENDS_AT_ITS_THIRD_SYNC = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from benchmarks.disk import SQLITE_IOERR_FSYNC, Disk
from gateway.stores.sqlite import SqliteStore
disk, NOW = Disk(), datetime.now(UTC)
with disk.mounted():
    store = SqliteStore(Path(sys.argv[1]))
    since = disk.counts["sync"]
    disk.fails = lambda kind, file: SQLITE_IOERR_FSYNC if disk.counts["sync"] == since + 3 and kind == "sync" else 0
    for number in range(5):
        store.write(lambda unit: unit.hold_duty(f"duty {number}", holder="me", now=NOW, until=NOW))
        print("told", number, flush=True)
"""


def test_a_failing_sync_ends_the_real_process(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ENDS_AT_ITS_THIRD_SYNC, str(tmp_path / "store.sqlite3")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == EXIT_CANNOT_SYNC, done.stderr
    assert done.stdout.splitlines() == ["told 0"]  # the first commit syncs the head of the log too


HOLDS = """
import sys
from pysqlite3 import dbapi2 as sqlite
connection = sqlite.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


def test_while_another_process_holds_the_file_reading_goes_on_and_writing_says_try_later(new_world: NewWorld) -> None:
    world = new_world()
    first, second = world.form(), world.form()
    running = world.start(patience_s=0.2)
    world.hand_in(running, *first)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(world.file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(StoreUnavailable) as refused:
        world.hand_in(running, *second)
    assert refused.value.code == "store-busy"
    assert running.audit() == []
    holder.communicate()
    for _ in range(200):
        try:
            world.hand_in(running, *second)
            break
        except StoreUnavailable:
            running.clock.step(1)
    running.work(2)
    assert world.held()["fund"] == {first[0]: 1, second[0]: 1}
    assert running.audit() == []
    running.gateway.store.close()


@pytest.mark.parametrize("steps", [(-7200, 7200), (86400, -86400), (-60, -60, 7200), (3600, -7200, 3600)])
def test_a_clock_that_is_set_freezes_no_delivery_and_reorders_no_evidence(
    new_world: NewWorld, steps: tuple[float, ...]
) -> None:
    world = new_world()
    world.recipients.down |= PUSHED.keys()
    running = world.start()
    form = world.form()
    world.hand_in(running, *form)
    for step in steps:
        running.work()
        running.gateway.store.close()
        world.clock.step(step)  # while it does not run: a running process does not look at the wall clock
        running = world.start()
        running.dispatch.catch_up()
        running.work()
    world.recipients.down.clear()
    for _ in range(3):
        running.work()
        world.clients["dossier"].collect(running, running.party("dossier"))
    assert everything_settled(running), "a copy waits for a time that does not come"

    def events(view: Any) -> list[list[str]]:
        submission = view.submission_by_document(form[0])
        proofs = view.evidence_of(submission.id)
        copies = view.deliveries_of(submission.id)
        assert all(copy.state is DeliveryState.HANDED_OVER for copy in copies)
        return [[proof.event for proof in proofs if proof.delivery_id == copy.id] for copy in copies]

    assert running.gateway.store.read(events) == [["ContentConsignment", "ContentHandover"]] * 3
    assert running.audit() == []
    running.gateway.store.close()
