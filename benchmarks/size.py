"""`memory-flat` and `start-large`: what a gateway needs however much it has taken in.

`memory-flat` hands in forms (a hundred thousand with `memory-flat:100000`; the default fits in some minutes) and
watches the memory of all processes of the gateway. What counts is the slope over the second half: caches fill in
the first. Asked for: flat. 1 KiB a form would be 100 MB over a hundred thousand.

`start-large` starts `sealpost serve` over a store with a million submissions and their three million copies, a third
of which wait, until it answers; beside it the same with an empty store. Asked for: under 3 s.
"""

from __future__ import annotations

import asyncio
import statistics
import time

from benchmarks.counter import RECIPIENTS, Counter, a_counter, progress
from benchmarks.filling import grow
from benchmarks.intake import flood
from benchmarks.processes import resident_bytes
from benchmarks.result import Result, compared
from gateway.demo.processes import LOOPBACK

FORMS, STEPS, WARM = 4_000, 20, 200
MOST_BYTES_A_FORM = 1024.0
STORED, MOST_START_S = 1_000_000, 3.0
STARTS = 3


def memory(forms: int = FORMS) -> list[Result]:
    """Bytes of memory that stay behind for each form, and what is held in all."""
    step = max(1, forms // STEPS)
    with a_counter() as counter, counter.running() as gateway:
        asyncio.run(flood(counter, [counter.form() for _ in range(WARM)]))
        held = [resident_bytes(gateway.handle.pid)]
        for number in range(STEPS):
            asyncio.run(flood(counter, [counter.form() for _ in range(step)]))
            held.append(resident_bytes(gateway.handle.pid))
            progress(f"{(number + 1) * step:,} forms: {held[-1] / 2**20:.1f} MiB")
    half = held[STEPS // 2 :]
    slope, _ = statistics.linear_regression([number * step for number in range(len(half))], half)
    name = f"memory-flat, {forms:,} forms"
    return [
        compared(f"{name}: slope", slope, "bytes a form", against="what is called flat", floor=MOST_BYTES_A_FORM),
        compared(f"{name}: held", half[-1] / 2**20, "MiB", against="the same at half", floor=half[0] / 2**20),
    ]


def start(submissions: int = STORED) -> list[Result]:
    """Seconds from the command to the first answer."""
    nowhere = {party: f"http://{LOOPBACK}:9/{party}" for party in RECIPIENTS[:1]}
    with a_counter(endpoints=nowhere) as counter:
        gateway = counter.open()
        counter.hand_in(gateway, 1)
        gateway.store.close()
        empty_s = _start(counter)
        progress(f"filling the store with {submissions:,} submissions")
        grow(counter.folder.store, submissions)
        large_s = _start(counter)
    return [
        compared(f"start-large, {submissions:,}", large_s, "s", against="the same with one submission", floor=empty_s),
        compared("start-large most", large_s, "s", against="the most that is allowed", floor=MOST_START_S),
    ]


def _start(counter: Counter) -> float:
    """The best of a few: what the command takes when the machine does nothing else."""
    taken = []
    for _ in range(STARTS):
        begun = time.perf_counter()
        with counter.running():
            taken.append(time.perf_counter() - begun)
    return min(taken)
