"""The processes of a store have one clock, whatever is done to the machine's while some of them run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.config import Config
from gateway.stores.clock import StoreClock
from tests.conftest import Counter

SET_BY = timedelta(minutes=10)
A_MOMENT = timedelta(minutes=1)
TELL = "import sys; from pathlib import Path; from gateway.stores.clock import StoreClock; "
TELL += "print(StoreClock(Path(sys.argv[1])).now().isoformat())"


def set_ahead() -> datetime:
    """What a clock shows that somebody sets right later."""
    return datetime.now(UTC) + SET_BY


def told_by_another_process(store: Path) -> datetime:
    ran = subprocess.run([sys.executable, "-c", TELL, store], capture_output=True, text=True, check=True)
    return datetime.fromisoformat(ran.stdout.strip())


def test_a_process_that_starts_after_the_clock_was_set_goes_by_the_clock_of_the_others(tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite3"
    first = StoreClock(store, wall=set_ahead)
    second = StoreClock(store)
    third = told_by_another_process(store)
    before = first.now()
    assert before <= second.now() <= first.now()
    assert abs(third - before) < A_MOMENT
    first.close()  # the one that read the machine's clock has ended, and another one still runs
    assert abs(told_by_another_process(store) - second.now()) < A_MOMENT
    second.close()
    assert abs(told_by_another_process(store) - datetime.now(UTC)) < A_MOMENT


def test_a_gateway_goes_by_the_clock_of_its_store(open_counter: Callable[..., Counter], config: Config) -> None:
    other = StoreClock(config.store_path, wall=set_ahead)
    assert abs(open_counter().gateway.clock.now() - other.now()) < A_MOMENT
    other.close()
