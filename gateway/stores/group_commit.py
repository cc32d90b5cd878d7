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


class GroupCommitter:
    """Runs units of work on one connection, in groups, each group one durable transaction.

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
        results: list[tuple[_Job, Any, BaseException | None]] = []
        try:
            with locked(lock):
                connection.execute("BEGIN IMMEDIATE")
                group = [job for job in group if job.done.set_running_or_notify_cancel()]
                self._is_stuck = False  # after the marks: who gave up before them said so before them
                try:
                    for job in group:
                        results.append((job, *self._run_one(connection, job, alone=len(group) == 1)))
                    connection.execute("COMMIT")
                except sqlite.Error:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
        except (sqlite.Error, OSError) as fault:
            self._fail(group, fault)
            return
        for job, result, error in results:
            if error is None:
                job.done.set_result(result)
            else:
                job.done.set_exception(error)

    @staticmethod
    def _run_one(connection: sqlite.Connection, job: _Job, *, alone: bool) -> tuple[Any, BaseException | None]:
        """What comes of the work; nothing of it is left when it fails. alone: nobody else's is in the transaction, and
        SQLite need not keep every page as it was before the work."""
        if not alone:
            connection.execute("SAVEPOINT work")
        try:
            result = job.work(connection)
        except sqlite.IntegrityError as error:
            outcome: tuple[Any, BaseException | None] = (None, error)
        except sqlite.Error:
            raise  # the engine itself is in trouble: the whole group fails
        except Exception as error:  # noqa: BLE001 -- handed to the caller as it is
            outcome = (None, error)
        else:
            if not alone:
                connection.execute("RELEASE work")
            return result, None
        for undo in ("ROLLBACK", "BEGIN") if alone else ("ROLLBACK TO work", "RELEASE work"):
            connection.execute(undo)
        return outcome

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


@contextlib.contextmanager
def locked(descriptor: int) -> Iterator[None]:
    """Hold the store's file lock; waits in the kernel, so that nobody polls and nobody starves."""
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
