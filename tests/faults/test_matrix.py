"""Every call to a port fails once, and once kills the process: in the end everything is as if nothing had happened.

The scenario is short and whole: a form is handed in twice, one server takes its copy, one refuses it with a signed
receipt, one party collects; a form with a fault is rejected; in the end the first one is erased. Whoever waits for an
answer asks again, as careful senders, recipients and operators do.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from gateway.erasure import ErasureReason
from gateway.errors import Conflict, StoreUnavailable
from gateway.idempotency import Accepted
from tests.faults.injected import Broken, Crash, Plan
from tests.faults.world import Running, World, everything_settled

NewWorld = Callable[[], World]
KINDS = ("read", "write", "statement", "committed", "send", "sent", "signature")
LEAST = {"read": 15, "write": 8, "statement": 40, "committed": 8, "send": 2, "sent": 2, "signature": 9}


def live(world: World, running: Running, forms: tuple[tuple[str, bytes], bytes]) -> None:
    """The scenario, from wherever it stands: what has been done already is done again without harm."""
    (document_id, raw), spoiled = forms

    def reject() -> None:
        told = running.gateway.intake.accept(
            spoiled, sender=running.party("service"), idempotency_key=None, language="en"
        )
        assert not isinstance(told, Accepted)

    def erase() -> None:
        store = running.gateway.store
        taken = store.read(lambda view: view.submission_by_document(document_id))
        with suppress(Conflict):  # what it says when it was erased before
            running.gateway.erasure.erase(taken.id, reason=ErasureReason.RETENTION_ENDED, by="desk")
        assert not store.read(lambda view: view.is_kept(taken.id))

    patiently(lambda: world.hand_in(running, document_id, raw))
    patiently(lambda: world.hand_in(running, document_id, raw))
    patiently(reject)
    patiently(running.dispatch.catch_up)
    for _ in range(8):
        if patiently(lambda: everything_settled(running)):
            patiently(erase)
            return
        patiently(running.work)
        patiently(lambda: world.clients["dossier"].collect(running, running.party("dossier")))
    raise AssertionError("it never came to an end")


def patiently(act: Callable[[], Any]) -> Any:
    """Do it again when it failed, as everybody does who was told to."""
    for _ in range(2):
        with suppress(StoreUnavailable, Broken):
            return act()
    return act()


@pytest.fixture(scope="module")
def forms(assembled: Any, cast: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Any]:
    """The same papers for every run, and the world in which they were drawn up."""
    world = World(assembled, cast, tmp_path_factory.mktemp("forms"))
    form, other = world.form(), world.form()[1]
    return world, (form, other.replace(b"<c:DocumentId>", b"<c:DocumentId>x", 1))


@pytest.fixture
def run(new_world: NewWorld, forms: tuple[World, Any]) -> Callable[[Plan], dict[str, Any]]:
    """Lives the scenario with a plan of faults, comes back from a crash, and gives what is so in the end."""
    drawn_up, papers = forms

    def live_through(plan: Plan) -> dict[str, Any]:
        world = new_world()
        world.clock.at = drawn_up.clock.at
        world.refuses("inspectorate")
        running = world.start(**plan.wraps())
        died = False
        try:
            live(world, running, papers)
        except Crash:
            died = True
        assert died == (plan.crash and plan.at > 0), "the fault was not met"
        running.gateway.store.close()
        world.clock.step(61)
        running = world.start()
        live(world, running, papers)
        assert running.audit() == []
        assert len(world.answers[papers[0][0]]) == 1, "a sender was told two things"
        facts = world.facts(running)
        running.gateway.store.close()
        return facts

    return live_through


@pytest.fixture
def undisturbed(run: Callable[[Plan], dict[str, Any]]) -> tuple[Plan, dict[str, Any]]:
    counted = Plan()
    facts = run(counted)
    assert all(counted.counts[kind] >= least for kind, least in LEAST.items()), counted.counts
    assert {copy[1:3] for copy in facts["stored"] if len(copy) == 4} == {
        ("fund", "handed-over"),
        ("inspectorate", "declined"),
        ("dossier", "handed-over"),
    }
    return counted, facts


@pytest.mark.parametrize("crash", [True, False], ids=["the-process-dies", "the-call-fails"])
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_fails_the_facts_are_the_same_in_the_end(
    run: Callable[[Plan], dict[str, Any]], undisturbed: tuple[Plan, dict[str, Any]], kind: str, crash: bool
) -> None:
    if kind == "committed" and not crash:
        return  # a store that committed does not say that it did not
    counted, facts = undisturbed
    step = 2 if kind == "statement" and not crash else 1  # an undone transaction is undone wherever it broke off
    for at in range(1, counted.counts[kind] + 1, step):
        assert run(Plan(kind, at, crash)) == facts, (kind, at)
