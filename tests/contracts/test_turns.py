"""Copies of one case come to one recipient in the order of acceptance, and nothing else waits: every store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.lifecycle import FINAL
from gateway.model import DeliveryId, DeliveryState, EndpointKind, PartyId, new_id
from gateway.ports import Store, Transaction
from gateway.stores import STORES
from tests.contracts.test_store import SECOND, a_submission, claim
from tests.deliveries import NOW, a_delivery

PUSH, MAILBOX = EndpointKind.PUSH, EndpointKind.MAILBOX


@pytest.fixture(params=sorted(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    store = STORES[request.param](tmp_path / "store")
    yield store
    store.close()


def accept(store: Store, *links: str, to: Sequence[str] = ("fund",), pushed: bool = True) -> list[DeliveryId]:
    """The copies of a form that is accepted into the case of its links."""
    submission = a_submission()
    about = {"due_at": NOW, "transport": PUSH} if pushed else {"due_at": None, "transport": MAILBOX}
    copies = [replace(a_delivery(party, submission=submission.id), **about) for party in to]

    def work(unit: Transaction) -> None:
        unit.add_submission(submission)
        case_id = unit.file(submission.id, links=links, sealed_facts=b"")
        for copy in copies:
            unit.add_delivery(copy, b"abc", case_id=case_id)

    store.write(work)
    return [copy.id for copy in copies]


def one(store: Store, *links: str, to: str = "fund", pushed: bool = True) -> DeliveryId:
    (copy,) = accept(store, *links, to=(to,), pushed=pushed)
    return copy


def leave(store: Store, delivery: DeliveryId, to: DeliveryState = DeliveryState.HANDED_OVER) -> None:
    def work(unit: Transaction) -> bool:
        return unit.move_delivery(delivery, expected=DeliveryState.CONSIGNED, to=to, at=NOW, problem=None)

    assert store.write(work)


def shown(store: Store, party: str = "fund", after: int = 0) -> list[str]:
    return [each.id for each in store.read(lambda view: view.mailbox(PartyId(party), after=after, limit=50))]


def turn(store: Store, delivery: DeliveryId) -> int | None:
    found = store.read(lambda view: view.delivery(delivery))
    assert found is not None
    return found.turn


def test_an_appeal_comes_after_the_assessment_that_it_attacks(store: Store) -> None:
    assessment, appeal, decision = (one(store, "case") for _ in range(3))
    assert shown(store) == claim(store) == [assessment]
    assert claim(store, now=NOW + SECOND) == []
    leave(store, assessment)
    assert shown(store) == claim(store, now=NOW + SECOND) == [appeal]
    leave(store, appeal)
    assert shown(store) == claim(store, now=NOW + 2 * SECOND) == [decision]


@pytest.mark.parametrize("state", [state for state in DeliveryState if state is not DeliveryState.CONSIGNED])
def test_whatever_leaves_makes_way(store: Store, state: DeliveryState) -> None:
    head, following, last = (one(store, "case") for _ in range(3))
    leave(store, head, state)
    assert shown(store) == ([following] if state in FINAL else [head, following])
    assert claim(store) == [following]
    assert turn(store, last) is None


def test_the_time_for_trying_begins_with_the_turn(store: Store) -> None:
    head, following, last = (one(store, "case") for _ in range(3))
    later = NOW + 9 * SECOND
    store.write(
        lambda unit: unit.move_delivery(
            head, expected=DeliveryState.CONSIGNED, to=DeliveryState.CLOSED, at=later, problem=None
        )
    )
    tried = {each: store.read(lambda view, each=each: view.delivery(each)) for each in (following, last)}  # type: ignore[misc]
    assert [found and found.trying_since for found in tried.values()] == [later, NOW]


def test_a_copy_that_waits_holds_up_neither_another_case_nor_another_recipient(store: Store) -> None:
    one(store, "case", to="fund")
    waiting = one(store, "case", to="fund")
    free = [one(store, "other", to="fund"), one(store, to="fund"), one(store, to="fund"), one(store, "case", to="b")]
    assert set(free) <= set(claim(store))
    assert set(shown(store)) | set(shown(store, "b")) >= set(free)
    assert waiting not in shown(store)


def test_the_copies_of_one_form_for_one_recipient_do_not_wait_for_each_other(store: Store) -> None:
    first = accept(store, "case", to=("fund", "fund"))
    second = accept(store, "case", to=("fund", "fund"))
    assert shown(store) == first
    leave(store, first[0])
    assert shown(store) == first[1:]
    leave(store, first[1])
    assert shown(store) == second == claim(store)


def test_what_is_collected_waits_as_what_is_pushed(store: Store) -> None:
    first, second = one(store, "case", pushed=False), one(store, "case", pushed=False)
    assert shown(store) == [first]
    leave(store, first)
    assert shown(store) == [second]
    assert claim(store) == []  # it became available, not due


def test_one_that_waits_is_not_leased(store: Store) -> None:
    one(store, "case")
    waiting = one(store, "case")
    lease_id = new_id()
    assert not store.write(lambda unit: unit.lease(waiting, lease_id=lease_id, now=NOW, until=NOW + SECOND))


def test_one_that_is_set_aside_while_it_waits_can_be_collected(store: Store) -> None:
    head, waiting, last = (one(store, "case") for _ in range(3))
    leave(store, waiting, DeliveryState.EXPIRED)
    assert shown(store) == [head, waiting]
    leave(store, head)
    assert shown(store) == [waiting, last]


def test_a_receipt_for_one_that_waits_is_no_reason_to_let_the_others_pass(store: Store) -> None:
    head, waiting, last = (one(store, "case") for _ in range(3))
    leave(store, waiting)
    assert shown(store) == claim(store) == [head]
    leave(store, head)
    assert shown(store) == [last]


def test_when_two_cases_turn_out_to_be_one_what_was_available_stays_so_and_the_rest_falls_in_line(store: Store) -> None:
    first, second = one(store, "a"), one(store, "b")
    third, fourth = one(store, "b"), one(store, "a")
    last = one(store, "a", "b")
    assert shown(store) == claim(store) == [first, second]
    for leaving, then in ((first, [second]), (second, [third]), (third, [fourth]), (fourth, [last])):
        leave(store, leaving)
        assert shown(store) == then


def test_one_that_came_out_of_line_by_a_join_still_waits_for_what_is_older(store: Store) -> None:
    old = one(store, "a")
    young, behind = one(store, "b"), one(store, "b")
    one(store, "a", "b")
    leave(store, young)
    assert shown(store) == [old]
    leave(store, old)
    assert shown(store) == [behind]


def test_a_cursor_never_passes_by_what_becomes_available_later(store: Store) -> None:
    head = one(store, "case")
    waiting = one(store, "case")
    later = one(store, "other")
    assert shown(store) == [head, later]
    cursor = turn(store, later) or 0
    assert shown(store, after=cursor) == []
    leave(store, head)
    assert shown(store, after=cursor) == [waiting]
