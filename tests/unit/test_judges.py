"""What is judged and then committed: each learns what comes of its own; who goes away takes nothing back that was
begun, and who waits in vain does."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier, Event
from typing import TypeVar

import pytest

from gateway.api.judges import MOST_SIDE_BY_SIDE, Judges
from gateway.errors import StoreUnavailable
from gateway.lockstep import Stages
from gateway.ports import Pending
from tests.patience import PATIENCE_S

T = TypeVar("T")
MARKER = "Zwangerschap"


def on_a_loop(scene: Callable[[Judges], Awaitable[T]], *, threads: int = 1) -> T:
    async def play() -> T:
        judges = Judges(threads)
        try:
            return await scene(judges)
        finally:
            judges.close()

    return asyncio.run(play())


def judging(
    done: Future[T], *, patience_s: float = 60, is_stuck: Callable[[bool], None] = lambda _: None
) -> Stages[Pending[T]]:
    yield
    return Pending(done=done, patience_s=patience_s, is_stuck=is_stuck)


async def all_before_is_judged(judges: Judges) -> None:
    def nothing() -> Stages[Pending[None]]:
        yield
        return Pending.of(None)

    await judges.judge(nothing(), size_bytes=1)


def test_each_of_a_crowd_learns_what_comes_of_its_own() -> None:
    async def crowd(judges: Judges) -> list[object]:
        done = [Future[int]() for _ in range(3 * MOST_SIDE_BY_SIDE)]
        outcomes = [judges.judge(judging(each), size_bytes=1) for each in done]
        with ThreadPoolExecutor(2) as writers:
            for number, each in enumerate(done):
                if number % 5:
                    writers.submit(each.set_result, number)
                else:
                    writers.submit(each.set_exception, LookupError(number))
        return await asyncio.gather(*outcomes, return_exceptions=True)

    for number, outcome in enumerate(on_a_loop(crowd)):
        if number % 5:
            assert outcome == number
        else:
            assert isinstance(outcome, LookupError)
            assert outcome.args == (number,)


def test_several_threads_share_what_waits() -> None:
    """Each form waits for a token, until as many wait for it as there are threads."""
    threads = 3
    token = Barrier(threads)

    def signing() -> Stages[Pending[int]]:
        yield
        return Pending.of(token.wait(PATIENCE_S))

    async def crowd(judges: Judges) -> list[int]:
        return await asyncio.gather(*(judges.judge(signing(), size_bytes=1) for _ in range(threads)))

    assert sorted(on_a_loop(crowd, threads=threads)) == [*range(threads)]


def test_what_cannot_be_judged_raises_here() -> None:
    def broken() -> Stages[Pending[None]]:
        yield
        raise LookupError

    with pytest.raises(LookupError):
        on_a_loop(lambda judges: judges.judge(broken(), size_bytes=1))


def test_a_commit_that_hangs_holds_up_nobody_who_is_judged_after_it() -> None:
    async def one_after_the_other(judges: Judges) -> bool:
        first = judges.judge(judging(Future[None]()), size_bytes=1)
        await all_before_is_judged(judges)
        return first.done()

    assert not on_a_loop(one_after_the_other)


def test_who_is_cut_off_while_its_work_waits_takes_nothing_back_and_nothing_of_it_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def cut_off(judges: Judges) -> None:
        done = Future[None]()
        outcome = judges.judge(judging(done), size_bytes=1)
        await all_before_is_judged(judges)
        outcome.cancel()
        assert done.set_running_or_notify_cancel(), "its turn comes all the same"
        done.set_exception(LookupError(MARKER))
        await all_before_is_judged(judges)

    on_a_loop(cut_off)
    gc.collect()
    assert MARKER not in caplog.text


def test_who_is_cut_off_while_its_work_is_judged_takes_nothing_back() -> None:
    async def cut_off(judges: Judges) -> None:
        begun, go_on, done = Event(), Event(), Future[None]()

        def held() -> Stages[Pending[None]]:
            begun.set()
            go_on.wait()
            return (yield from judging(done, patience_s=0))

        outcome = judges.judge(held(), size_bytes=1)
        await asyncio.to_thread(begun.wait)
        outcome.cancel()
        go_on.set()
        await all_before_is_judged(judges)
        assert done.set_running_or_notify_cancel(), "its turn comes all the same"

    on_a_loop(cut_off)


def test_who_is_cut_off_before_its_work_is_judged_is_not_judged() -> None:
    async def cut_off(judges: Judges) -> list[str]:
        go_on, judged = Event(), list[str]()

        def named(name: str) -> Stages[Pending[None]]:
            judged.append(name)
            go_on.wait()
            yield
            return Pending.of(None)

        judges.judge(named("first"), size_bytes=2**30)
        judges.judge(named("second"), size_bytes=1).cancel()
        go_on.set()
        await all_before_is_judged(judges)
        return judged

    assert on_a_loop(cut_off) == ["first"]


def test_who_waits_in_vain_takes_its_work_back() -> None:
    done, said = Future[None](), list[bool]()
    work = judging(done, patience_s=0, is_stuck=said.append)
    with pytest.raises(StoreUnavailable) as refused:
        on_a_loop(lambda judges: judges.judge(work, size_bytes=1))
    assert refused.value.code == "store-busy"
    assert not done.set_running_or_notify_cancel(), "its turn never comes"
    assert said == [True]


def test_whose_turn_has_come_waits_for_the_outcome() -> None:
    done, said = Future[str](), list[bool]()
    assert done.set_running_or_notify_cancel()

    def told(is_stuck: bool) -> None:
        said.append(is_stuck)
        if not is_stuck:  # the patience is over: only now it is done
            done.set_result("done")

    work = judging(done, patience_s=0, is_stuck=told)
    assert on_a_loop(lambda judges: judges.judge(work, size_bytes=1)) == "done"
    assert said == [True, False]
