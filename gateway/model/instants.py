"""Instants as text, and the days that are counted by."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache


def day_counted(at: datetime) -> date:
    """The day (UTC) to which belongs what is counted by the day."""
    return at.astimezone(UTC).date()


def rest_of_day_s(at: datetime) -> int:
    """Seconds from `at` until the next day begins (UTC), rounded up: when what is counted by the day begins anew."""
    tomorrow = datetime.combine(day_counted(at) + timedelta(days=1), time.min, UTC)
    return math.ceil((tomorrow - at).total_seconds())


def instant_text(at: datetime) -> str:
    """`at` as ISO 8601 in UTC with milliseconds and `Z`, the one form used on paper, wire and in evidence."""
    return _text_in_utc(at.astimezone(UTC))


@lru_cache(maxsize=256)
def _text_in_utc(at: datetime) -> str:
    """What is said of one moment is said in many places, and writing it costs more than finding it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
