"""Natural group commit: one durable transaction for many, and nobody pays for another's fault."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import StoreUnavailable
from gateway.stores.engine import sqlite
from gateway.stores.group_commit import EXIT_CANNOT_SYNC, GroupCommitter, locked
from tests.patience import PATIENCE_S


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with sqlite.connect(str(tmp_path / "store")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE note (text TEXT UNIQUE)")
    connection.close()
    return tmp_path / "store"


@pytest.fixture
def committer(path: Path) -> Iterator[GroupCommitter]:
    committer = GroupCommitter(lambda: _connect(path), path.with_suffix(".lock"))
    yield committer
    committer.close()


def _connect(path: Path, factory: type[sqlite.Connection] = sqlite.Connection) -> sqlite.Connection:
    return sqlite.connect(str(path), isolation_level=None, check_same_thread=False, factory=factory)


def _write(text: str) -> Any:
    return lambda connection: connection.execute("INSERT INTO note VALUES (?)", (text,)).lastrowid


def _notes(path: Path) -> set[str]:
    connection = _connect(path)
    try:
        return {row[0] for row in connection.execute("SELECT text FROM note")}
    finally:
        connection.close()


def test_what_is_answered_is_on_disk(committer: GroupCommitter, path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        for text in pool.map(lambda n: (committer.queue(_write(f"note {n}")).result(), f"note {n}")[1], range(200)):
            assert text in _notes(path)


def _in_one_group(committer: GroupCommitter, *works: Any) -> list[Any]:
    """What comes of them, exceptions as they are. Another holds the writer, so that they share one transaction."""
    begun, go_on = threading.Event(), threading.Event()

    def hold(_: Any) -> None:
        begun.set()
        go_on.wait(PATIENCE_S)

    first = committer.queue(hold)
    assert begun.wait(PATIENCE_S)
    pending = [committer.queue(work) for work in works]
    go_on.set()
    first.result()
    return [each.done.exception(PATIENCE_S) or each.done.result() for each in pending]


def _failing(connection: Any) -> None:
    _write("half done")(connection)
    raise LookupError


def test_a_failing_unit_undoes_itself_alone(committer: GroupCommitter, path: Path) -> None:
    _, error, _ = _in_one_group(committer, _write("before"), _failing, _write("after"))
    assert isinstance(error, LookupError)
    assert _notes(path) == {"before", "after"}


def test_several_failing_units_undo_themselves(committer: GroupCommitter, path: Path) -> None:
    works = [_write("one"), _failing, _write("one"), _write("two"), _failing, _write("three")]
    outcomes = _in_one_group(committer, *works)
    errors = [type(each) if isinstance(each, Exception) else None for each in outcomes]
    assert errors == [None, LookupError, sqlite.IntegrityError, None, LookupError, None]
    assert _notes(path) == {"one", "two", "three"}


def test_what_fails_before_it_has_changed_anything_costs_its_group_nothing(
    committer: GroupCommitter, path: Path
) -> None:
    """Who hands in what will be refused cannot make others' work be done twice."""
    runs = []

    def counted(connection: Any) -> None:
        runs.append("counted")
        _write("counted")(connection)

    def refused(connection: Any) -> None:
        connection.execute("SELECT * FROM note").fetchall()
        raise LookupError

    _, error, twin = _in_one_group(committer, counted, refused, _write("counted"))
    assert (type(error), type(twin)) == (LookupError, sqlite.IntegrityError)
    assert runs == ["counted"]
    assert _notes(path) == {"counted"}


def test_a_unit_sees_what_the_others_of_its_group_wrote_and_nothing_of_one_that_failed(
    committer: GroupCommitter,
) -> None:
    def seen(connection: Any) -> Any:
        return [text for (text,) in connection.execute("SELECT text FROM note")]

    assert _in_one_group(committer, _write("kept"), _failing, seen)[2] == ["kept"]


@pytest.mark.parametrize("fault", [LookupError, sqlite.IntegrityError])
def test_a_failing_unit_that_is_alone_leaves_nothing(
    committer: GroupCommitter, path: Path, fault: type[Exception]
) -> None:
    def failing(connection: Any) -> None:
        _write("half done")(connection)
        raise fault

    with pytest.raises(fault):
        committer.queue(failing).result()
    committer.queue(_write("after")).result()
    assert _notes(path) == {"after"}


def test_a_broken_constraint_is_the_callers_own(committer: GroupCommitter, path: Path) -> None:
    committer.queue(_write("once")).result()
    with pytest.raises(sqlite.IntegrityError):
        committer.queue(_write("once")).result()
    committer.queue(_write("twice")).result()
    assert _notes(path) == {"once", "twice"}


def test_an_engine_in_trouble_stores_nothing_and_says_try_later(committer: GroupCommitter, path: Path) -> None:
    with pytest.raises(StoreUnavailable) as refused:
        committer.queue(lambda connection: connection.execute("INSERT INTO no_such_table VALUES (1)")).result()
    assert refused.value.code == "store-unavailable"
    committer.queue(_write("and goes on")).result()
    assert _notes(path) == {"and goes on"}


def test_a_commit_that_cannot_reach_the_disk_ends_the_process(path: Path) -> None:
    exits: list[int] = []
    committer = GroupCommitter(lambda: _connect(path, _FailsToSync), path.with_suffix(".lock"), on_fatal=exits.append)
    with pytest.raises(StoreUnavailable):
        committer.queue(_write("never acknowledged")).result()
    committer.close()
    assert exits == [EXIT_CANNOT_SYNC]
    assert _notes(path) == set()


def test_who_waits_for_a_file_that_another_holds_gives_up_and_nothing_is_stored(path: Path) -> None:
    committer = GroupCommitter(lambda: _connect(path), path.with_suffix(".lock"), patience_s=0.1)
    with path.with_suffix(".lock").open("ab") as held, locked(held.fileno()):
        for text in ("waited", "told at once"):
            with pytest.raises(StoreUnavailable) as refused:
                committer.queue(_write(text)).result()
            assert refused.value.code == "store-busy"
    while True:  # the writer finds out that it is free
        try:
            committer.queue(_write("later")).result()
            break
        except StoreUnavailable:
            continue
    committer.close()
    assert _notes(path) == {"later"}


def test_whose_work_has_begun_waits_for_the_outcome(path: Path) -> None:
    """Its patience ends while the work runs; who comes then waits for its own turn."""
    patience_s = 1.0
    committer = GroupCommitter(lambda: _connect(path), path.with_suffix(".lock"), patience_s=patience_s)

    def slow(connection: Any) -> str:
        time.sleep(patience_s * 1.2)
        _write("slow")(connection)
        return "done"

    assert committer.queue(slow).result() == "done"
    committer.queue(_write("next")).result()
    committer.close()
    assert _notes(path) == {"slow", "next"}


def test_a_closed_store_takes_nothing(committer: GroupCommitter) -> None:
    committer.close()
    with pytest.raises(StoreUnavailable) as refused:
        committer.queue(_write("too late")).result()
    assert refused.value.code == "store-closed"


class _FailsToSync(sqlite.Connection):
    """A real connection whose COMMIT fails as SQLite reports a failing fsync."""

    def execute(self, sql: str, values: Any = (), /) -> sqlite.Cursor:
        if sql == "COMMIT":
            error = sqlite.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite.SQLITE_IOERR
            raise error
        return super().execute(sql, values)
