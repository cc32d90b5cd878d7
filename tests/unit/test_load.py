"""Waiting for a commit on the event loop: who goes away takes nothing back, and who waits in vain does."""

from __future__ import annotations

import asyncio
import gc
from concurrent.futures import Future

import pytest

from gateway.api.load import committed
from gateway.errors import StoreUnavailable
from gateway.ports import Pending

MARKER = "Zwangerschap"


def test_who_is_cut_off_while_its_work_waits_takes_nothing_back_and_nothing_of_it_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def cut_off() -> None:
        done: Future[None] = Future()
        waiting = asyncio.create_task(committed(Pending(done=done, patience_s=60, is_stuck=lambda _: None)))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert done.set_running_or_notify_cancel(), "its turn comes all the same"
        done.set_exception(LookupError(MARKER))
        await asyncio.sleep(0)

    asyncio.run(cut_off())
    gc.collect()
    assert MARKER not in caplog.text


def test_who_waits_in_vain_takes_its_work_back() -> None:
    done, said = Future[None](), list[bool]()
    with pytest.raises(StoreUnavailable) as refused:
        asyncio.run(committed(Pending(done=done, patience_s=0, is_stuck=said.append)))
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

    assert asyncio.run(committed(Pending(done=done, patience_s=0, is_stuck=told))) == "done"
    assert said == [True, False]
