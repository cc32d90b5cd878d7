"""Work of the same kind for several, side by side: one stage for all of them, then the next one.

The code and the data of a stage stay at hand in the processor while it is done for all; whoever does all stages for
one form after the other fetches everything anew for each, which takes half as long again. Such work is a generator that
yields where its next stage begins; what it gives back is its result.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from functools import partial
from typing import TypeAlias, TypeVar

T = TypeVar("T")
Stages: TypeAlias = Generator[None, None, T]


def alone(work: Stages[T]) -> T:
    """The result of all stages of `work`. Raises what it raises."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result


def side_by_side(works: Iterable[tuple[Stages[T], Future[T]]]) -> None:
    """Do all of them, stage by stage; each future has the result of its work, or what it raised, when all are done.

    What one raises ends that one alone.
    """
    running = list(works)
    tellings: list[Callable[[], None]] = []
    while running:
        going_on = []
        for each in running:
            work, done = each
            try:
                next(work)
            except StopIteration as end:
                tellings.append(partial(done.set_result, end.value))
            except Exception as error:  # noqa: BLE001 -- handed to the caller as it is
                tellings.append(partial(done.set_exception, error))
            else:
                going_on.append(each)
        running = going_on
    for tell in tellings:
        tell()
