"""Every call to a port fails once, and once kills the process: in the end everything is as if nothing had happened."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.injected import Plan
from tests.faults.scenario import KINDS, Lived, NewWorld, Papers, lived
from tests.faults.world import World

LEAST = {"read": 15, "write": 8, "statement": 40, "committed": 8, "send": 2, "sent": 2, "signature": 9}


@pytest.fixture(scope="module")
def papers(assembled: Any, cast: Any, tmp_path_factory: pytest.TempPathFactory) -> Papers:
    """The same papers for every run."""
    return Papers.of(World(assembled, cast, tmp_path_factory.mktemp("forms")))


@pytest.fixture
def undisturbed(new_world: NewWorld, papers: Papers) -> tuple[Plan, Lived]:
    counted = Plan()
    life = lived(new_world, papers, counted)
    assert all(counted.counts[kind] >= least for kind, least in LEAST.items()), counted.counts
    assert {copy[1:3] for copy in life.facts["stored"] if len(copy) == 4} == {
        ("fund", "handed-over"),
        ("inspectorate", "declined"),
        ("dossier", "handed-over"),
    }
    return counted, life


@pytest.mark.parametrize("crash", [True, False], ids=["the-process-dies", "the-call-fails"])
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_fails_the_facts_are_the_same_in_the_end(
    new_world: NewWorld, papers: Papers, undisturbed: tuple[Plan, Lived], kind: str, crash: bool
) -> None:
    if kind == "committed" and not crash:
        return  # a store that committed does not say that it did not
    counted, life = undisturbed
    step = 2 if kind == "statement" and not crash else 1  # an undone transaction is undone wherever it broke off
    for at in range(1, counted.counts[kind] + 1, step):
        disturbed = lived(new_world, papers, Plan(kind, at, crash))
        assert disturbed.died == crash, "the fault was not met"
        assert disturbed.is_like(life.facts), (kind, at, disturbed)
