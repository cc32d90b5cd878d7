"""The power goes at any moment: what was acknowledged is there, and the file is sound. The two controls must fail.

In short here, at length by `python -m benchmarks power-cut`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from benchmarks.disk import Acknowledged, Medium, Synced, Written, keep_all, lose_all, tear
from benchmarks.power_cut import Cuts, cuts, recorded, told
from tests.faults.world import World, a_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_world(tmp_path_factory.mktemp("power")) as world:
        yield world


def cut(world: World, control: str, number: int, submissions: int = 7) -> Cuts:
    start = world.file.read_bytes()
    try:
        steps = recorded(world, control=control, submissions=submissions)
    finally:
        world.file.write_bytes(start)
    assert told(steps) >= submissions
    return cuts(world, start, steps, number, random.Random(7))


def test_nothing_that_was_acknowledged_is_lost_in_a_power_cut(world: World) -> None:
    assert cut(world, "", 250) == Cuts(images=250, lost=0, unsound=0)


@pytest.mark.parametrize("control", ["normal", "early"])
def test_a_store_that_answers_too_early_is_caught(world: World, control: str) -> None:
    found = cut(world, control, 30)
    assert found.lost > 0
    assert found.unsound == 0


def test_the_medium_keeps_what_was_synced_and_gambles_with_the_rest() -> None:
    medium = Medium({"file": b"a" * 1024})
    medium.take(Written("file", 0, b"b" * 1024))
    assert medium.after_cut(lose_all) == {"file": b"a" * 1024}
    assert medium.after_cut(keep_all) == {"file": b"b" * 1024}
    chance = random.Random(1)
    torn = {medium.after_cut(tear(chance))["file"] for _ in range(200)}
    assert torn == {first * 512 + second * 512 for first in (b"a", b"b") for second in (b"a", b"b")}
    medium.take(Synced("file"))
    medium.take(Acknowledged("it"))
    medium.take(Written("file", 512, None))
    assert medium.after_cut(lose_all) == {"file": b"b" * 1024}
    assert medium.after_cut(keep_all) == {"file": b"b" * 512}
    assert medium.acknowledged == ["it"]
