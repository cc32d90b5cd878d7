"""Processor time of one thread, measured in turns, so that a busy machine burdens ours and the floor alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

ROUNDS = 15


def side_by_side(ours: Callable[[], object], floor: Callable[[], object]) -> tuple[float, float]:
    """Median seconds of one call of each, measured in turns."""
    pairs = [(time_of(ours, rounds=1), time_of(floor, rounds=1)) for _ in range(ROUNDS)]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def in_traffic(
    ours: Callable[[bytes], object], floor: Callable[[bytes], object], documents: Sequence[bytes]
) -> tuple[float, float]:
    """Median seconds for one document of each, as documents come to a counter: one after the other, each another one.

    The same bytes a hundred times in a row make libxml2 up to three times faster than they are in traffic, since the
    processor learns them by heart.
    """
    rounds = []
    for _ in range(1 + 10 * ROUNDS):
        spent = [0.0, 0.0]
        for raw in documents:
            for side, work in enumerate((ours, floor)):
                spent[side] += once(lambda work=work, raw=raw: work(raw))  # type: ignore[misc]
        rounds.append([side / len(documents) for side in spent])
    first, second = zip(*rounds[1:], strict=True)  # the first warms up
    return statistics.median(first), statistics.median(second)


def time_of(work: Callable[[], object], *, rounds: int = 5, seconds: float = 0.06) -> float:
    """Median seconds of one call, over rounds of at least `seconds`."""
    work()
    times = max(1, int(seconds / max(once(work), 1e-6)))
    return statistics.median(_many(work, times) / times for _ in range(rounds))


def _many(work: Callable[[], object], times: int) -> float:
    begun = time.process_time()
    for _ in range(times):
        work()
    return time.process_time() - begun


def once(work: Callable[[], object]) -> float:
    """Seconds of one call."""
    return _many(work, 1)
