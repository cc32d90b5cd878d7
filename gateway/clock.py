"""The machine's clocks. What dates evidence goes by both: wall time at a start, and the time that has passed since.

A wall clock that is set back would hold every delivery until the old time came again. What passes while the machine
sleeps counts: evidence must not be dated before its event.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime


def wall_clock() -> datetime:
    """What the machine's clock shows, which somebody may set at any moment: not to date anything by."""
    return datetime.now(UTC)


def since_boot_s() -> float:
    """Seconds since the machine started, its sleep included; never set back. (The plain monotonic clock sleeps too.)"""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
