"""The SQLite store: raw SQL on the hot path, sqlite-utils for schema and migrations, one writer, many readers.

WAL with synchronous=FULL: NORMAL loses acknowledged data in power cuts. Readers are one connection per
thread, query-only; each read runs in one deferred transaction, so that it sees one moment (`snapshot.py`). What is
written stands in `unit_of_work.py`.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TypeVar

from sqlite_utils import Database

from gateway.errors import ConfigError, StoreUnavailable
from gateway.ports import Pending, Reading, Transaction
from gateway.stores.engine import sqlite
from gateway.stores.group_commit import GroupCommitter, locked
from gateway.stores.known_parties import KnownParties
from gateway.stores.schema import check_build, migrations
from gateway.stores.snapshot import Snapshot
from gateway.stores.unit_of_work import UnitOfWork

T = TypeVar("T")
log = logging.getLogger("sealpost.store")

SCRUB_PATIENCE_MS = 2000


class SqliteStore:
    """`Store` over one SQLite file, shared by any number of threads and processes of one machine."""

    def __init__(self, path: Path, **committer_options: Any) -> None:
        check_build()
        self._path = path
        self._local = threading.local()
        self._lock_path = lock_path = path.with_name(path.name + ".lock")
        try:
            # Under the lock: another process may start at this very moment.
            with lock_path.open("ab") as lock, locked(lock.fileno()):
                _make_private(path)
                with closing(self._connect()) as connection:
                    migrations.apply(Database(connection))
            self._committer = GroupCommitter(self._connect, lock_path, **committer_options)
        except sqlite.Error as fault:
            if getattr(fault, "sqlite_errorcode", 0) & 0xFF == sqlite.SQLITE_BUSY:
                raise StoreUnavailable("store-busy", "somebody else holds the store") from fault
            raise ConfigError("store-unusable", f"store.path: {fault}") from fault
        except OSError as fault:
            raise ConfigError("store-unusable", f"store.path: {fault.strerror}") from fault

    def read(self, work: Callable[[Reading], T]) -> T:
        """Run `work` in one deferred read transaction of this thread's own connection."""
        try:
            connection = self._reader()
            connection.execute("BEGIN")
            try:
                return work(Snapshot(connection, self._local.parties))
            finally:
                connection.execute("ROLLBACK")
        except sqlite.Error as fault:  # also when no further file can be opened
            raise StoreUnavailable("store-unavailable", "the store cannot be read now") from fault

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in the next group commit; returns after the commit."""

        def run(connection: sqlite.Connection) -> tuple[T, bool]:
            unit = UnitOfWork(connection)
            return work(unit), unit.has_erased

        result, has_erased = self._committer.queue(run).result()
        if has_erased:
            self._scrub()
        return result

    def queue(self, work: Callable[[Transaction], T]) -> Pending[T]:
        """Run `work`, which erases nothing, in the next group commit."""
        return self._committer.queue(lambda connection: work(UnitOfWork(connection)))

    def _scrub(self) -> None:
        """Move what was committed into the file itself and empty the log beside it, where old pages still stood."""
        try:
            with self._lock_path.open("ab") as lock, locked(lock.fileno()), closing(self._connect()) as connection:
                connection.execute(f"PRAGMA busy_timeout = {SCRUB_PATIENCE_MS}")
                readers_in_the_way, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except (sqlite.Error, OSError) as fault:
            log.warning("store: erased, and old pages stay in the log for now (%s)", type(fault).__name__)
            return
        if readers_in_the_way:
            log.warning("store: erased, and old pages stay in the log until it is written anew (readers)")

    def close(self) -> None:
        """Commit what is queued."""
        self._committer.close()

    def _reader(self) -> sqlite.Connection:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._connect()
            connection.execute("PRAGMA query_only = ON")
            self._local.connection, self._local.parties = connection, KnownParties()
        return connection

    def _connect(self) -> sqlite.Connection:
        connection = sqlite.connect(str(self._path), timeout=30, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
        # From the first row on: switched on for an erasure alone, it leaves the copies that SQLite makes of a row when
        # it splits a page (seen for one key in seven).
        connection.execute("PRAGMA secure_delete = ON")
        return connection


def _make_private(path: Path) -> None:
    """A new store is its owner's alone; the files that SQLite puts beside it get the same rights.

    One that exists is not opened here: closing it would let go of the locks that this process has on it.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
