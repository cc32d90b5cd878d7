"""The ten promises of the lifecycle, one test each; what breaks them at length stands in the neighbouring files."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar

import pytest

from benchmarks.disk import Disk, Medium, lose_all
from gateway.errors import Conflict
from gateway.lifecycle import ENDED
from gateway.mailboxes import Look
from gateway.model import Delivery, DeliveryState, Party, SubmissionId
from gateway.oversight import ActCode, ReasonCode
from gateway.ports import Outcome, Pending, Reading, Refused, Store, Transaction
from gateway.receipt import read_receipt
from gateway.receipts import Disregarded, HandedOver
from gateway.statement import read_statement
from gateway.stores.sqlite import SqliteStore
from receiver.inbox import Answered as Kept
from signing import sha256
from tests.faults.injected import Crash, Plan
from tests.faults.test_parties import wrong
from tests.faults.world import PUSHED, Recipients, Running, World

T = TypeVar("T")
NewWorld = Callable[[], World]


def copies(running: Running, submission_id: SubmissionId) -> dict[str, Delivery]:
    """The deliveries of a submission by their recipients."""
    found = running.gateway.store.read(lambda view: view.deliveries_of(submission_id))
    return {copy.party: copy for copy in found}


def events(running: Running, copy: Delivery) -> list[str]:
    """The evidence of a delivery, in the order in which it is kept and shown."""
    proofs = running.gateway.store.read(lambda view: view.evidence_of(copy.submission_id))
    return [proof.event for proof in proofs if proof.delivery_id == copy.id]


@dataclass
class AfterEachCommit:
    """A store that has everything checked after each of its commits."""

    inner: Store
    check: Callable[[Store], None]
    commits: int = 0

    def read(self, work: Callable[[Reading], T]) -> T:
        return self.inner.read(work)

    def write(self, work: Callable[[Transaction], T]) -> T:
        result = self.inner.write(work)
        self.commits += 1
        self.check(self.inner)
        return result

    def queue(self, work: Callable[[Transaction], T]) -> Pending[T]:
        return Pending.of(self.write(work))

    def close(self) -> None:
        self.inner.close()


def a_troubled_life(world: World, check: Callable[[Store], None]) -> int:
    """Most of what can happen to copies, with a check after each commit; how many there were."""
    watched: list[AfterEachCommit] = []

    def wrap(store: Store) -> Store:
        watched.append(AfterEachCommit(store, check))
        return watched[-1]

    class Forbids(Recipients):
        def send(self, delivery: Delivery, envelope: bytes, recipient: Party) -> Outcome:
            return Refused(code="endpoint-status-403")

    running = world.start(wrap=wrap)
    told = world.hand_in(running, *world.form())
    running.work(2)
    world.refuses("inspectorate")
    world.recipients.down.add("fund")
    told = world.hand_in(running, *world.form())
    running.work(2)
    oversight = running.gateway.oversight
    for act in (ActCode.RETRY, ActCode.MAILBOX):
        oversight.act(
            copies(running, told.submission_id)["fund"].id, act, reason=ReasonCode.OTHER, by="desk", language="en"
        )
    world.clients["dossier"].collect(running, running.party("dossier"))
    world.recipients = Forbids(world.recipients.inboxes)
    running.gateway.store.close()
    running = world.start(wrap=wrap)
    told = world.hand_in(running, *world.form())
    running.work(1)
    for hours in (13, 80):
        world.clock.step(hours * 3600)
        running.gateway.watch.look()
    copy = copies(running, told.submission_id)["fund"]
    oversight = running.gateway.oversight
    oversight.act(copy.id, ActCode.CLOSE, reason=ReasonCode.OTHER, by="desk", language="en")
    sealed = running.gateway.store.read(lambda view: view.envelope(copy.id))
    late = world.recipients.inboxes["fund"].take(sealed)
    assert isinstance(late, Kept)
    running.gateway.receipts.take(late.receipt, delivery_id=copy.id, party=running.party("fund"))
    assert copies(running, told.submission_id)["fund"].state is DeliveryState.HANDED_OVER
    running.gateway.store.close()
    return sum(each.commits for each in watched)


def test_i1_no_acceptance_without_durable_bytes_digest_and_report(new_world: NewWorld) -> None:
    """The power goes at the very moment at which the sender is told: all of it is on the medium."""
    world, disk = new_world(), Disk()
    start = world.file.read_bytes()
    document_id, raw = world.form()
    with disk.mounted():
        running = world.start()
        told = world.hand_in(running, document_id, raw)
        steps = list(disk.steps)
        running.gateway.store.close()
    medium = Medium({world.file.name: start})
    for step in steps:
        medium.take(step)
    image = world.place / "image"
    image.mkdir()
    for name, content in medium.after_cut(lose_all).items():
        (image / name).write_bytes(content)
    store = SqliteStore(image / world.file.name)
    kept = store.read(lambda view: view.submission_by_document(document_id))
    assert kept is not None
    assert (kept.digest, kept.answer) == (sha256(raw), told.answer)
    assert len(store.read(lambda view: view.deliveries_of(kept.id))) == 3
    assert world.audit_of(store) == []
    store.close()


def test_i2_no_state_without_its_evidence_and_no_evidence_without_its_state(new_world: NewWorld) -> None:
    world = new_world()
    found: list[Any] = []
    assert a_troubled_life(world, lambda store: found.extend(world.audit_of(store))) > 20
    assert found == []


def test_i3_one_delivery_id_never_carries_two_byte_strings(new_world: NewWorld) -> None:
    world = new_world()
    seen: dict[str, set[str]] = defaultdict(set)

    class Listening(Recipients):
        def send(self, delivery: Delivery, envelope: bytes, recipient: Party) -> Outcome:
            seen[delivery.id].add(sha256(envelope))
            return super().send(delivery, envelope, recipient)

    world.recipients = Listening(world.recipients.inboxes, down=set(PUSHED))
    running = world.start()
    told = world.hand_in(running, *world.form())
    for _ in range(3):
        running.work(2)
        running.gateway.store.close()
        running = world.start()
    for party, copy in copies(running, told.submission_id).items():
        leased = running.gateway.mailboxes.lease(running.party(party), copy.id, seconds=5)
        seen[copy.id].add(sha256(leased.envelope))
        assert seen[copy.id] == {copy.envelope_digest}
    assert {copy.attempts for party, copy in copies(running, told.submission_id).items() if party in PUSHED} == {6}
    running.gateway.store.close()


def test_i4_handed_over_means_a_kept_valid_receipt_over_the_right_digest(new_world: NewWorld) -> None:
    world = new_world()
    world.recipients.down.add("fund")
    running = world.start()
    told = world.hand_in(running, *world.form())
    copy, fund = copies(running, told.submission_id)["fund"], running.party("fund")
    sealed = running.gateway.store.read(lambda view: view.envelope(copy.id))
    lies = [wrong(world, lie, "fund", sealed) for lie in ("another's", "other-bytes", "by-a-stranger")]
    for raw in (*lies, b"<html/>", lies[0].replace(b"accepted", b"refused")):
        taken = running.gateway.receipts.take(raw, delivery_id=copy.id, party=fund)
        assert isinstance(taken, Disregarded)
        assert copies(running, told.submission_id)["fund"].state in (DeliveryState.CONSIGNED, DeliveryState.SUSPENDED)
    true = world.recipients.inboxes["fund"].take(sealed)
    assert isinstance(true, Kept)
    assert isinstance(running.gateway.receipts.take(true.receipt, delivery_id=copy.id, party=fund), HandedOver)
    kept = running.gateway.store.read(lambda view: view.receipts_of(copy.id))
    (proving,) = [receipt for receipt in kept if receipt.evidence_id is not None]
    read = read_receipt(proving.raw, trust=world.base.trust, at=world.clock.now())
    assert (read.envelope_digest, read.party, fund.signs_with(read.signer)) == (sha256(sealed), "fund", True)
    assert len(kept) == 6, "what proved nothing is kept too"
    assert running.audit() == []
    running.gateway.store.close()


def test_i5_what_a_sender_was_told_can_be_told_again_byte_for_byte(new_world: NewWorld) -> None:
    world = new_world()
    form = world.form()
    plan = Plan("committed", 1)  # stored, and the process died before anybody was told
    running = world.start(**plan.wraps())
    with pytest.raises(Crash):
        world.hand_in(running, *form)
    running.gateway.store.close()
    for _ in range(3):
        running = world.start()
        told = world.hand_in(running, *form)
        assert told.repeated
        running.work(1)
        world.clients["dossier"].collect(running, running.party("dossier"))
        running.gateway.store.close()
    assert len(world.answers[form[0]]) == 1


def test_i6_whatever_is_not_ended_has_a_time_of_its_next_action(new_world: NewWorld) -> None:
    world = new_world()
    without: list[Delivery] = []

    def check(store: Store) -> None:
        def read(view: Reading) -> list[Delivery]:
            every = [view.deliveries_of(each) for _, each in view.submission_ids(after=0, limit=1000)]
            return [copy for some in every for copy in some]

        for copy in store.read(read):
            waits = copy.watch_at is not None and (copy.due_at is not None or copy.transport != "push")
            waits = waits or (copy.watch_at is not None and copy.state is not DeliveryState.CONSIGNED)
            if copy.state not in ENDED and not waits:
                without.append(copy)

    assert a_troubled_life(world, check) > 20
    assert without == []


def test_i7_a_death_at_any_statement_leads_to_the_same_facts(new_world: NewWorld) -> None:
    """A few statements here; every one of them in test_matrix.py."""
    world = new_world()
    form, at = world.form(), world.clock.at

    def facts(plan: Plan) -> Any:
        world = new_world()
        world.clock.at = at
        died = False
        for wraps in (plan.wraps(), {}):
            running = world.start(**wraps)
            try:
                world.hand_in(running, *form)
                running.work(2)
                world.clients["dossier"].collect(running, running.party("dossier"))
            except Crash:
                died = True
                world.clock.step(61)
            running.gateway.store.close()
        assert died == (plan.at > 0)
        running = world.start()
        found = world.facts(running)
        running.gateway.store.close()
        return found

    undisturbed = facts(Plan())
    for statement in (3, 14, 20, 26):
        assert facts(Plan("statement", statement)) == undisturbed


def test_i8_two_workers_never_own_one_lease(new_world: NewWorld) -> None:
    world = new_world()
    running = world.start()
    for _ in range(12):
        world.hand_in(running, *world.form())
    stores = [SqliteStore(world.file) for _ in range(4)]
    now, together = world.clock.now(), threading.Barrier(4)

    def claim(number: int) -> list[Delivery]:
        together.wait()
        mine: list[Delivery] = []
        holder = f"worker {number}"
        for _ in range(6):
            mine += stores[number].write(lambda unit: unit.claim_due(now=now, holder=holder, lease_s=60, limit=4))
        return mine

    with ThreadPoolExecutor(4) as pool:
        claimed = list(pool.map(claim, range(4)))
    everything = [each for mine in claimed for each in mine]
    assert len(everything) == len({each.id for each in everything}) > 0
    mine = everything[0]
    anothers = replace(mine, lease_id=everything[-1].lease_id)

    def settled(copy: Delivery) -> bool:
        due = now + timedelta(seconds=5)
        return running.gateway.store.write(
            lambda unit: unit.settle_attempt(copy, at=now, due_at=due, outcome="endpoint-timeout")
        )

    assert [settled(copy) for copy in (anothers, mine, mine)] == [False, True, False]

    def lease(_: int) -> bool:
        dossier = running.party("dossier")
        ((waiting,),) = running.gateway.mailboxes.look([Look(party=dossier.id, after=0, limit=1)])
        try:
            running.gateway.mailboxes.lease(dossier, waiting.id, seconds=60)
        except Conflict as refused:
            return refused.code != "delivery-leased"
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lease, range(8))) == 1
    for store in stores:
        store.close()
    running.gateway.store.close()


def test_i9_evidence_holds_after_what_it_speaks_of_was_erased(new_world: NewWorld) -> None:
    world = new_world()
    running = world.start()
    form = world.form()
    told = world.hand_in(running, *form)
    running.work(1)
    world.clients["dossier"].collect(running, running.party("dossier"))
    digests = {copy.id: copy.envelope_digest for copy in copies(running, told.submission_id).values()}
    store = running.gateway.store
    store.write(lambda unit: unit._connection.execute("DELETE FROM envelope") and None)  # type: ignore[attr-defined]
    proofs = store.read(lambda view: view.evidence_of(told.submission_id))
    assert len(proofs) == 7
    for proof in proofs:
        said = read_statement(proof.raw, trust=world.base.trust, at=proof.at)
        assert said.document is not None
        assert said.document.is_of(sha256(form[1])), "who still has the form can show that this is it"
        assert not said.document.is_of(sha256(form[1] + b" "))
        assert said.document.shown != sha256(form[1]), "who has not cannot find it out by trying"
        if proof.delivery_id is not None:
            assert said.envelope is not None
            assert said.envelope.is_of(digests[proof.delivery_id])
    assert {flaw.code for flaw in running.audit()} == {"envelope-missing"}
    store.close()


def test_i10_a_clock_that_steps_back_reorders_no_evidence(new_world: NewWorld) -> None:
    world = new_world()
    running = world.start()
    told = world.hand_in(running, *world.form())
    running.gateway.store.close()
    world.clock.step(-7200)
    running = world.start()
    running.dispatch.catch_up()
    running.work(1)
    copy = copies(running, told.submission_id)["fund"]
    assert copy.handed_over_at is not None
    assert copy.handed_over_at < copy.consigned_at, "the clock was set back: the test means something"
    assert events(running, copy) == ["ContentConsignment", "ContentHandover"]
    assert running.audit() == []
    running.gateway.store.close()


def test_a_receipt_of_an_older_copy_says_nothing_of_this_one(new_world: NewWorld) -> None:
    world = new_world()
    running = world.start()
    first, second = world.hand_in(running, *world.form()), world.hand_in(running, *world.form())
    older, newer = (copies(running, told.submission_id)["dossier"] for told in (first, second))
    dossier = running.party("dossier")
    world.clients["dossier"].collect(running, dossier)
    raw = world.clients["dossier"].kept[older.id][1]
    assert isinstance(running.gateway.receipts.take(raw, delivery_id=newer.id, party=dossier), Disregarded)
    assert running.audit() == []
    running.gateway.store.close()
