"""`claim-flat`: what claiming a due delivery costs while a thousand, and while a million wait.

Processor time of claims through the store, commit included, in turns over two stores of which only the number of
pending copies differs; what is claimed is put back at the end of its queue. Asked for: a ratio under 1.5.
"""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack
from datetime import UTC, datetime

from benchmarks.counter import RECIPIENTS, a_counter, progress
from benchmarks.filling import pile_up
from benchmarks.result import Result, compared
from gateway.demo.processes import LOOPBACK
from gateway.ports import Store, Transaction

FEW, MANY = 1_000, 1_000_000
LANES = tuple(f"lane-{number:03}" for number in range(100))
ROUNDS, WARM, BATCH = 240, 60, 16
HOLDER, LEASE_S = "benchmark", 120.0


def run(many: int = MANY) -> list[Result]:
    """Microseconds of a claimed delivery with many pending, against the same with few."""
    with ExitStack() as stack:
        stores = [_store(stack, count) for count in (FEW, many)]
        costs: list[list[float]] = [[], []]
        for _ in range(ROUNDS):
            for store, cost in zip(stores, costs, strict=True):
                cost.append(_claim(store))
    few_us, many_us = (statistics.median(cost[WARM:]) * 1e6 for cost in costs)
    against = f"the same with {FEW:,} pending"
    return [compared(f"claim-flat, {many:,} pending", many_us, "µs a delivery", against=against, floor=few_us)]


def _store(stack: ExitStack, pending: int) -> Store:
    nowhere = {party: f"http://{LOOPBACK}:9/{party}" for party in RECIPIENTS}
    counter = stack.enter_context(a_counter(endpoints=nowhere))
    gateway = counter.open()
    stack.callback(gateway.store.close)
    counter.hand_in(gateway, 1)
    progress(f"filling a store with {pending:,} pending copies")
    pile_up(counter.folder.store, pending, parties=LANES)
    return gateway.store


def _claim(store: Store) -> float:
    """Seconds of processor time a claimed delivery."""
    now = datetime.now(UTC)

    begun = time.process_time()
    claimed = store.write(lambda unit: list(unit.claim_due(now=now, holder=HOLDER, lease_s=LEASE_S, limit=BATCH)))
    taken = time.process_time() - begun
    again = datetime.now(UTC)

    def put_back(unit: Transaction) -> None:
        for delivery in claimed:
            unit.settle_attempt(delivery, at=again, due_at=again, outcome="put-back")

    store.write(put_back)
    return taken / len(claimed)
