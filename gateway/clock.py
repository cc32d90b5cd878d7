"""The system's clock: wall time at start plus monotonic time since, so that a stepped wall clock freezes nothing
(design §8)."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class SystemClock:
    """`Clock` of the running process."""

    def __init__(self) -> None:
        self._start = datetime.now(UTC)
        self._monotonic = time.monotonic()

    def now(self) -> datetime:
        """The present instant; never earlier than an instant told before."""
        return self._start + timedelta(seconds=time.monotonic() - self._monotonic)
