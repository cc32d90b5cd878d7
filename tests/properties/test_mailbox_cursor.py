"""Whatever happens to the copies of a party: who reads its mailbox on by the cursor sees each of them, and in order;
and of two clients one holds a copy."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from gateway.lifecycle import is_final
from gateway.model import CaseId, Delivery, DeliveryId, DeliveryState, PartyId, new_id
from gateway.ports import Store, Transaction
from gateway.stores import STORES
from tests.contracts.test_store import a_submission
from tests.deliveries import NOW, a_delivery

CONSIGNED = DeliveryState.CONSIGNED
ELSEWHERE = [state for state in DeliveryState if state is not CONSIGNED]


@dataclass
class Reader:
    """A client that reads on where it stopped, a page at a time, and remembers what it saw."""

    cursor: int = 0
    seen: list[DeliveryId] = field(default_factory=list)


class Mailbox(RuleBasedStateMachine):
    """One party's mailbox; forms come into three cases, which may turn out to be one."""

    store: Store
    readers = Bundle("readers")

    def __init__(self) -> None:
        super().__init__()
        self.party = PartyId(new_id())
        self.world = new_id()
        self.now = NOW
        self.copies: list[DeliveryId] = []
        self.settled: set[DeliveryId] = set()
        self.available: set[DeliveryId] = set()
        self.held: dict[DeliveryId, datetime] = {}
        self.all_readers: list[Reader] = []

    @rule(cases=st.sets(st.sampled_from("abc"), min_size=1, max_size=2), copies=st.integers(1, 2))
    def accept(self, cases: set[str], copies: int) -> None:
        submission = a_submission()
        deliveries = [a_delivery(self.party, submission=submission.id) for _ in range(copies)]

        def work(unit: Transaction) -> CaseId:
            unit.add_submission(submission)
            links = [f"{self.world}-{case}" for case in cases]
            case_id = unit.file(submission.id, links=links, sealed_facts=b"")
            for delivery in deliveries:
                unit.add_delivery(delivery, b"", case_id=case_id)
            return case_id

        self.store.write(work)
        self.copies += [delivery.id for delivery in deliveries]

    @rule(choice=st.integers(0), to=st.sampled_from(ELSEWHERE))
    def leave(self, choice: int, to: DeliveryState) -> None:
        """A receipt, an expiry, an operator: something moves some copy, whose turn it may not be."""
        if not self.copies:
            return
        chosen = self.copies[choice % len(self.copies)]
        state = self.delivery(chosen).state
        if is_final(state):
            return
        assert self.store.write(
            lambda unit: unit.move_delivery(chosen, expected=state, to=to, at=self.now, problem=None)
        )
        if is_final(to):
            self.held.pop(chosen, None)
            self.settled.add(chosen)

    @rule(target=readers)
    def begin(self) -> Reader:
        self.all_readers.append(Reader())
        return self.all_readers[-1]

    @rule(reader=readers, limit=st.integers(1, 4))
    def read(self, reader: Reader, limit: int) -> None:
        page = self.store.read(lambda view: view.mailbox(self.party, after=reader.cursor, limit=limit))
        turns = [delivery.turn for delivery in page if delivery.turn is not None]
        assert len(turns) == len(page) <= limit
        assert turns == sorted(set(turns))
        assert not turns or turns[0] > reader.cursor
        assert not set(reader.seen) & {delivery.id for delivery in page}
        reader.seen += [delivery.id for delivery in page]
        reader.cursor = max([reader.cursor, *turns])

    @rule(seconds=st.integers(1, 30))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(choice=st.integers(0), seconds=st.integers(1, 30))
    def lease(self, choice: int, seconds: int) -> None:
        if not self.copies:
            return
        chosen = self.copies[choice % len(self.copies)]
        before = self.delivery(chosen)
        until = self.now + timedelta(seconds=seconds)
        taken = self.store.write(lambda unit: unit.lease(chosen, lease_id=new_id(), now=self.now, until=until))
        free = self.held.get(chosen, self.now) <= self.now
        assert taken == (free and before.turn is not None and not is_final(before.state))
        if taken:
            self.held[chosen] = until

    @invariant()
    def nobody_comes_before_his_turn(self) -> None:
        """What has just become available, and still waits to be signed for, has nothing older of its case before it."""
        deliveries = [self.delivery(copy) for copy in self.copies]
        case_of = self.store.read(
            lambda view: {
                filed.submission_id: filed.case_id
                for link in "abc"
                for filed in view.filed_under([f"{self.world}-{link}"])
            }
        )
        waiting = [delivery for delivery in deliveries if delivery.state is CONSIGNED]
        for place, delivery in enumerate(waiting):
            if delivery.turn is None or delivery.id in self.available:
                continue
            for older in waiting[:place]:
                same_form = older.submission_id == delivery.submission_id
                assert same_form or case_of[older.submission_id] != case_of[delivery.submission_id]
        self.available |= {delivery.id for delivery in deliveries if delivery.turn is not None}

    def teardown(self) -> None:
        """Everything is signed for as it comes; then every reader has seen whatever was not settled before it came."""
        for _ in range(len(self.copies) + 1):
            for reader in self.all_readers:
                self.read(reader, 1000)
            waiting = self.store.read(lambda view: view.mailbox(self.party, after=0, limit=1000))
            for delivery in waiting[:1]:
                assert self.sign_for(delivery)
        assert all(is_final(self.delivery(copy).state) for copy in self.copies), "something waits for nothing"
        for reader in self.all_readers:
            assert set(self.copies) - set(reader.seen) <= self.settled

    def sign_for(self, copy: Delivery) -> bool:
        return self.store.write(
            lambda unit: unit.move_delivery(
                copy.id, expected=copy.state, to=DeliveryState.HANDED_OVER, at=self.now, problem=None
            )
        )

    def delivery(self, delivery_id: DeliveryId) -> Delivery:
        found = self.store.read(lambda view: view.delivery(delivery_id))
        assert found is not None
        return found


@pytest.mark.parametrize("engine", sorted(STORES))
def test_who_reads_on_by_the_cursor_sees_every_copy_and_no_two_leases_overlap(engine: str, tmp_path: Path) -> None:
    store = STORES[engine](tmp_path / "store")

    class OfThisStore(Mailbox):
        pass

    OfThisStore.store = store
    try:
        run_state_machine_as_test(
            OfThisStore, settings=settings(max_examples=40, stateful_step_count=30, deadline=None)
        )
    finally:
        store.close()
