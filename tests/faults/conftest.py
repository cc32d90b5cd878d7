"""One gateway assembled for all faults; each world gets its own file and its own life of it."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.assembly import Gateway, build
from gateway.config import load_config
from gateway.demo.pki import DemoFolder
from tests.faults.world import World
from tests.schemas.cases import catalogue


@pytest.fixture(scope="session")
def assembled(cast: DemoFolder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The parts that no fault changes: catalogue, rules, keys."""
    place = tmp_path_factory.mktemp("assembled")
    gateway = build(replace(load_config(cast.config), store_path=place / "store.sqlite3"), catalogue=catalogue())
    yield gateway
    gateway.store.close()


@pytest.fixture(scope="session")
def registered(assembled: Gateway, cast: DemoFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which everybody is registered, to be copied."""
    world = World(assembled, cast, tmp_path_factory.mktemp("registered"))
    world.clock.step(-2 * 3600)
    running = world.start()
    world.register(running)
    running.gateway.store.close()
    assert not list(world.place.glob("*-wal")), "the last to close the file leaves no log behind"
    return world.file


@pytest.fixture
def new_world(assembled: Gateway, cast: DemoFolder, registered: Path, tmp_path: Path) -> Callable[[], World]:
    """Makes worlds that have nothing in common but the cast, which is registered already."""
    numbers = itertools.count()

    def make() -> World:
        world = World(assembled, cast, tmp_path / f"world-{next(numbers)}")
        shutil.copy(registered, world.file)
        return world

    return make
