"""Every store that there is, empty: what one promises is tried on all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.ports import Store
from gateway.stores import STORES


@pytest.fixture(params=sorted(STORES))
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Opens the same store, as often as wanted, as processes of one machine do."""
    stores: list[Store] = []

    def open_it() -> Store:
        stores.append(STORES[request.param](tmp_path / "store"))
        return stores[-1]

    yield open_it
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Callable[[], Store]) -> Store:
    return opened()
