"""Natural group commit: one writer thread commits whatever queued up while the previous commit ran.

No waiting window: a lone caller pays one commit, sixty-four callers share it. A caller gets its result only after the
commit. Several processes on one file take turns by a blocking lock on a side file, because SQLite's own busy handler
sleeps and polls.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from gateway.errors import StoreUnavailable
from gateway.ports import Pending
from gateway.stores.engine import sqlite

T = TypeVar("T")
log = logging.getLogger("sealpost.store")

MAX_GROUP = 64
MAX_QUEUE = 1024
PATIENCE_S = 5.0
EXIT_CANNOT_SYNC = 70


@dataclass(frozen=True)
class _Job:
    work: Callable[[sqlite.Connection], Any]
    done: Future[Any]


_Outcome = tuple[Any, Exception | None]
"""What a work gave, or what it raised."""


class GroupCommitter:
    """Runs units of work on one connection, in groups, each group one durable transaction.

    Work may run twice: when one of its group fails that had changed something, all is undone, and each runs again under
    a savepoint of its own.
    on_fatal: called when a commit fails in a way that leaves the file's state unknown (a failed fsync may lie when
    repeated): by default the process ends at once, without answering anybody.
    patience_s: how long a caller waits for its turn while somebody else holds the file, see `Pending`.
    """

    def __init__(
        self,
        connect: Callable[[], sqlite.Connection],
        lock_path: Path,
        *,
        on_fatal: Callable[[int], Any] = os._exit,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._connection = connect()
        self._lock_path = lock_path
        self._on_fatal = on_fatal
        self._patience_s = patience_s
        self._is_stuck = False
        self._jobs: queue.Queue[_Job | None] = queue.Queue(MAX_QUEUE)
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def queue(self, work: Callable[[sqlite.Connection], T]) -> Pending[T]:
        """Queue `work` for the next group. Raises StoreUnavailable."""
        if self._closed:
            raise StoreUnavailable("store-closed", "the store is closing")
        if self._is_stuck:  # do not let every caller find out by waiting
            raise StoreUnavailable("store-busy", "somebody else holds the store")
        done: Future[T] = Future()
        try:
            self._jobs.put_nowait(_Job(work, done))
        except queue.Full:
            raise StoreUnavailable("store-busy", "too many submissions wait for the disk") from None
        return Pending(done=done, patience_s=self._patience_s, is_stuck=self._say_stuck)

    def _say_stuck(self, is_stuck: bool) -> None:
        self._is_stuck = is_stuck

    def close(self) -> None:
        """Commit what is queued, then stop."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
            self._thread.join()

    def _run(self) -> None:
        connection = self._connection
        with self._lock_path.open("ab") as lock, contextlib.closing(connection):
            while group := self._next_group():
                self._commit(connection, lock.fileno(), group)

    def _next_group(self) -> list[_Job]:
        """The next jobs, at least one; empty when closing."""
        group: list[_Job] = []
        job = self._jobs.get()
        while job is not None:
            group.append(job)
            if len(group) == MAX_GROUP:
                return group
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return group
        if group:  # the closing mark came behind real work: do that first
            self._jobs.put(None)
        return group

    def _commit(self, connection: sqlite.Connection, lock: int, group: list[_Job]) -> None:
        try:
            with locked(lock):
                connection.execute("BEGIN IMMEDIATE")
                group = [job for job in group if job.done.set_running_or_notify_cancel()]
                self._is_stuck = False  # after the marks: who gave up before them said so before them
                try:
                    outcomes = _together(connection, group)
                    if outcomes is None:
                        connection.execute("ROLLBACK")
                        connection.execute("BEGIN IMMEDIATE")
                        outcomes = [_by_itself(connection, job) for job in group]
                    connection.execute("COMMIT")
                except sqlite.Error:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
        except (sqlite.Error, OSError) as fault:
            self._fail(group, fault)
            return
        for job, (result, error) in zip(group, outcomes, strict=True):
            if error is None:
                job.done.set_result(result)
            else:
                job.done.set_exception(error)

    def _fail(self, group: list[_Job], fault: sqlite.Error | OSError) -> None:
        code = getattr(fault, "sqlite_errorcode", None)
        log.error("store: a group of %d could not be committed (%s)", len(group), code or type(fault).__name__)
        if code is not None and code & 0xFF == sqlite.SQLITE_IOERR:
            self._on_fatal(EXIT_CANNOT_SYNC)
        for job in group:
            if job.done.running() or job.done.set_running_or_notify_cancel():
                job.done.set_exception(
                    StoreUnavailable("store-unavailable", "the store could not commit; nothing was stored")
                )
        self._is_stuck = False


def _together(connection: sqlite.Connection, group: list[_Job]) -> list[_Outcome] | None:
    """What comes of each; None when one has failed that had changed something, which must not stay.

    Without a savepoint for each: under one, SQLite keeps every page as it was before its first change.
    """
    outcomes: list[_Outcome] = []
    for job in group:
        before = connection.total_changes
        outcome = _run(connection, job)
        if outcome[1] is not None and connection.total_changes != before:
            return None
        outcomes.append(outcome)
    return outcomes


def _by_itself(connection: sqlite.Connection, job: _Job) -> _Outcome:
    """What comes of it; nothing of it is left when it fails."""
    connection.execute("SAVEPOINT work")
    outcome = _run(connection, job)
    if outcome[1] is not None:
        connection.execute("ROLLBACK TO work")
    connection.execute("RELEASE work")
    return outcome


def _run(connection: sqlite.Connection, job: _Job) -> _Outcome:
    """Raises sqlite.Error when the engine itself is in trouble: the whole group fails."""
    try:
        return job.work(connection), None
    except sqlite.IntegrityError as error:
        return None, error
    except sqlite.Error:
        raise
    except Exception as error:  # noqa: BLE001 -- handed to the caller as it is
        return None, error


@contextlib.contextmanager
def locked(descriptor: int) -> Iterator[None]:
    """Hold the store's file lock; waits in the kernel, so that nobody polls and nobody starves."""
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
