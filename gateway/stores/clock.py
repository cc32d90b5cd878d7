"""One clock for all processes of a store: they agree on when the machine started, in a file beside it.

Each would else read the machine's clock when it starts, and one that starts after that was set would go by another for
as long as it runs: a copy handed over before it was consigned, a lease that is taken for ended.
"""

from __future__ import annotations

import fcntl
import os
import weakref
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.clock import since_boot_s, wall_clock
from gateway.errors import ConfigError
from gateway.stores.group_commit import locked

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK, _DIGITS = timedelta(microseconds=1), 20


class StoreClock:
    """`Clock` of every process that works on the store in `path`. wall: what the machine's clock shows.

    Who is alone with the store reads the machine's clock; who comes while others are there takes what they have. It is
    held by a lock of the kernel, which ends with the process, however that ends. Raises ConfigError.
    """

    def __init__(self, path: Path, *, wall: Callable[[], datetime] = wall_clock) -> None:
        try:
            self._file = os.open(path.with_name(path.name + ".clock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._end = weakref.finalize(self, os.close, self._file)
            with path.with_name(path.name + ".lock").open("ab") as gate, locked(gate.fileno()):  # one after the other
                self._started = self._agreed(wall)
        except OSError as fault:
            raise ConfigError("store-unusable", f"store.path: {fault.strerror}") from fault

    def _agreed(self, wall: Callable[[], datetime]) -> datetime:
        """When the machine started, as all say who are there."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        else:
            started = wall() - _EPOCH - timedelta(seconds=since_boot_s())
            os.pwrite(self._file, f"{started // _TICK:0{_DIGITS}}".encode(), 0)
        fcntl.flock(self._file, fcntl.LOCK_SH)
        return _EPOCH + int(os.pread(self._file, _DIGITS, 0)) * _TICK

    def now(self) -> datetime:
        """The present instant; never earlier than an instant told before by any process of the store."""
        return self._started + timedelta(seconds=since_boot_s())

    def close(self) -> None:
        """Be no longer of those who must agree."""
        self._end()
