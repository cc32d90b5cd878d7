"""Slots for tries: who waits for an answer leaves its own to others, within a bound."""

from __future__ import annotations

from contextlib import ExitStack

from gateway.slots import Slots


def test_a_try_keeps_its_slot_while_its_recipient_may_answer_yet() -> None:
    slots = Slots(1)
    assert slots.take(5) == 1
    with slots.asking():
        assert slots.take(5) == 0
    slots.give_back()
    assert slots.take(5) == 1


def test_who_waits_long_leaves_its_slot_to_the_next_and_works_on_after_the_answer() -> None:
    slots = Slots(1, long_s=0)
    assert slots.take(1) == 1
    with slots.asking():
        assert slots.take(1) == 1, "another begins"
    assert slots.take(1) == 0
    slots.give_back()
    assert slots.take(1) == 0, "two were at work, one still is"
    slots.give_back()
    assert slots.take(1) == 1


def test_only_so_many_wait_beside_those_at_work() -> None:
    slots = Slots(2, waiting=3, long_s=0)
    assert slots.threads == 5
    begun = 0
    with ExitStack() as hanging:
        while slots.take(1):
            begun += 1
            hanging.enter_context(slots.asking())
        assert begun == slots.threads
    slots.give_back(begun)
    assert slots.take(9) == 2
