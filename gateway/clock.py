"""The system's clock: wall time at start plus the time that has passed since.

A wall clock that is set back would hold every delivery until the old time came again. What passes while the machine
sleeps counts: evidence must not be dated before its event.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class SystemClock:
    """`Clock` of the running process."""

    def __init__(self) -> None:
        self._start = datetime.now(UTC)
        self._since_s = _since_boot_s()

    def now(self) -> datetime:
        """The present instant; never earlier than an instant told before."""
        return self._start + timedelta(seconds=_since_boot_s() - self._since_s)


def wall_clock() -> datetime:
    """What the machine's clock shows, which somebody may set at any moment: not to date anything by."""
    return datetime.now(UTC)


def _since_boot_s() -> float:
    """Seconds since the machine started, its sleep included; never set back. (The plain monotonic clock sleeps too.)"""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
