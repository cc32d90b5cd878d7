"""`intake-stages`: where the processor time of a submission goes, stage by stage, and the floor of each.

One thread takes forms in, without HTTP and without others, as many side by side as at a desk where that many wait; the
commit is made by the store's own thread. Beside it, the same with one form after the other. The floor of a stage is its
cryptography and libxml2 work by the bare libraries, measured in the same run; that of the commit is as many bytes in
one row of a bare table, durable like ours. What has no floor is ours alone.
"""

from __future__ import annotations

import gc
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.bare import BareSteps
from benchmarks.counter import SIDE_BY_SIDE, Counter, a_counter, take_in
from benchmarks.result import Result, compared
from gateway.assembly import Gateway
from gateway.lockstep import Stages
from gateway.stores.engine import sqlite

T = TypeVar("T")
FORMS, WARM = 320, 64
VALID, SIGNATURE, RULES, STORE = "parse and schema", "signature", "rules", "reading the store"
SEALED, STATED, COMMIT, REST = "sealed copies", "evidence", "commit", "facts, routing, records, the rest"


class Spent:
    """Seconds of this thread, by stage; a stage within another one counts for itself alone."""

    def __init__(self) -> None:
        self.by_stage: dict[str, float] = defaultdict(float)
        self._inner = [0.0]

    @contextmanager
    def on(self, stage: str) -> Iterator[None]:
        """What is done within the context is of that stage."""
        begun = time.thread_time()
        self._inner.append(0.0)
        try:
            yield
        finally:
            whole = time.thread_time() - begun
            self.by_stage[stage] += whole - self._inner.pop()
            self._inner[-1] += whole


class Watched:
    """Something of the gateway, some of whose calls are stages."""

    def __init__(self, inner: object, spent: Spent, stages: Mapping[str, str]) -> None:
        self._inner, self._spent, self._stages = inner, spent, stages

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._timed(found, self._stages[name]) if name in self._stages else found

    def _timed(self, call: Callable[..., Any], stage: str) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            with self._spent.on(stage):
                made = call(*args, **kwargs)
            return timed_stages(made, self._spent, stage) if isinstance(made, Generator) else made

        return timed


def timed_stages(work: Stages[T], spent: Spent, stage: str) -> Stages[T]:
    """`work`, each of whose own stages is of that stage."""
    while True:
        with spent.on(stage):
            try:
                next(work)
            except StopIteration as end:
                result: T = end.value
                return result
        yield


def run() -> list[Result]:
    """Milliseconds of a core for each stage of one submission, beside its floor."""
    with a_counter() as counter:
        gateway = counter.open()
        try:
            spent, bytes_written = _taken_in(counter, gateway, at_once=SIDE_BY_SIDE)
            one_by_one, _ = _taken_in(counter, gateway, at_once=1)
        finally:
            gateway.store.close()
        steps, form = BareSteps(counter), counter.form()
        floors = {
            VALID: steps.valid(form),
            SIGNATURE: steps.verified(form),
            SEALED: steps.sealed(form),
            STATED: steps.stated(),
            COMMIT: _bare_commit(counter.folder.root / "bare.sqlite3", bytes_written),
        }
    whole = compared(
        "intake-stages",
        sum(spent.values()) * 1e3,
        "ms of a core",
        against="the floors together",
        floor=sum(floors.values()) * 1e3,
    )
    alone = compared(
        "intake-stages one by one",
        sum(one_by_one.values()) * 1e3,
        "ms of a core",
        against=f"{SIDE_BY_SIDE} side by side",
        floor=sum(spent.values()) * 1e3,
    )
    ranked = sorted(spent.items(), key=lambda each: -each[1])
    stages = [
        compared(
            f"intake-stages {stage}",
            seconds * 1e3,
            "ms of a core",
            against="the bare libraries" if stage in floors else "no floor, ours alone",
            floor=floors.get(stage, 0.0) * 1e3,
        )
        for stage, seconds in ranked
    ]
    return [whole, alone, *stages]


def _taken_in(counter: Counter, gateway: Gateway, *, at_once: int) -> tuple[dict[str, float], int]:
    """Seconds by stage, and the bytes by which the store grew, of one submission; so many are judged side by side."""
    spent = Spent()
    intake, acceptance = gateway.intake, gateway.intake.acceptance
    stating = replace(acceptance, witness=_watched(acceptance.witness, spent, state=STATED))
    watched = replace(
        intake,
        validator=_watched(intake.validator, spent, parse=VALID, identify=VALID, rules=RULES),
        vouching=_watched(intake.vouching, spent, validate=SIGNATURE),
        store=_watched(intake.store, spent, read=STORE),
        acceptance=_watched(stating, spent, prepare=SEALED),
    )
    forms = [counter.form() for _ in range(WARM + FORMS)]
    for first in range(0, WARM + FORMS, at_once):
        if first == WARM:
            gc.collect()
            gc.freeze()  # as `serve` has it
            spent.by_stage.clear()
            size, whole_s, mine_s = _size(gateway), time.process_time(), time.thread_time()
        with spent.on(REST):
            take_in(watched, forms[first : first + at_once])
    whole_s, mine_s = time.process_time() - whole_s, time.thread_time() - mine_s
    spent.by_stage[COMMIT] = whole_s - mine_s
    return {stage: each / FORMS for stage, each in spent.by_stage.items()}, (_size(gateway) - size) // FORMS


def _watched(inner: object, spent: Spent, **stages: str) -> Any:
    return Watched(inner, spent, stages)


def _size(gateway: Gateway) -> int:
    """Bytes of the store, with what still stands in its log."""
    path = gateway.config.store_path
    with closing(sqlite.connect(str(path))) as connection:
        connection.execute("PRAGMA wal_checkpoint(FULL)")
    return path.stat().st_size


def _bare_commit(path: Path, size_bytes: int) -> float:
    """Seconds of a core to keep so many bytes in one row, durably."""
    with closing(sqlite.connect(str(path), isolation_level=None)) as connection:
        for word in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "CREATE TABLE kept (raw BLOB)"):
            connection.execute(word)
        raw = b"\0" * size_bytes
        begun = time.thread_time()
        for _ in range(FORMS):
            connection.execute("INSERT INTO kept VALUES (?)", (raw,))
        return (time.thread_time() - begun) / FORMS
