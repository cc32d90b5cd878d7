"""Several parties at once, in any order: a state machine over the API, with a model of what must be so.

Senders hand in, again and wrongly; servers take, refuse, stay silent, answer later or lie; a mailbox is emptied by two
clients; receipts come right, wrong, late and from strangers; an operator acts; the clock is moved; the process dies
between and inside calls. Nothing may be lost, doubled or misdirected, and an audit finds nothing in the end.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import httpx2
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from gateway.api.app import create_app
from gateway.assembly import Gateway
from gateway.demo.pki import DemoFolder
from gateway.envelope import open_envelope
from gateway.errors import Conflict
from gateway.lifecycle import is_final
from gateway.model import Delivery, DeliveryId, Party, PartyId
from gateway.oversight import ActCode, ReasonCode
from gateway.ports import Answered, Deferred, Outcome, Reading, Refused, Store
from gateway.receipt import build_receipt
from receiver.inbox import Answered as Kept
from tests.faults.injected import Crash, FailingStore, Plan
from tests.faults.world import Recipients, Running, World

RECIPIENTS = ("fund", "inspectorate", "dossier")
MOODS = ("takes", "silent", "later", "forbids", "rubbish", "another's", "other-bytes", "by-a-stranger")
XML = {"Content-Type": "application/xml"}


class Moody(Recipients):
    """Servers that behave as their mood is; whatever they answer, what they took they keep once."""

    def __init__(self, world: World) -> None:
        super().__init__(world.recipients.inboxes)
        self.world = world
        self.moods = dict.fromkeys(RECIPIENTS, "takes")

    def send(self, delivery: Delivery, envelope: bytes, recipient: Party) -> Outcome:
        match self.moods[recipient.id]:
            case "takes":
                return super().send(delivery, envelope, recipient)
            case "later":  # the receipt comes when the party collects
                assert isinstance(super().send(delivery, envelope, recipient), Answered)
                return Answered(raw_receipt=None)
            case "silent":
                return Deferred(code="endpoint-timeout")
            case "forbids":
                return Refused(code="endpoint-status-403")
            case "rubbish":
                return Answered(raw_receipt=b"<html>thank you</html>")
            case lie:
                return Answered(raw_receipt=wrong(self.world, lie, recipient.id, envelope))


def wrong(world: World, lie: str, party: str, envelope: bytes) -> bytes:
    """A receipt that proves nothing about this copy."""
    opened = open_envelope(envelope, identity=world.key(party, "sealing"), trust=world.base.trust, at=world.clock.now())
    note, digest, signer = opened.consignment, opened.envelope_digest, party
    if lie == "another's":
        note = replace(note, delivery_id=DeliveryId("01a20000-0000-7000-8000-000000000000"))
    elif lie == "other-bytes":
        digest = "sha256:" + "0" * 64
    else:
        signer = "employer"
    return build_receipt(note, envelope_digest=digest, identity=world.key(signer), at=world.clock.now())


class Parties(RuleBasedStateMachine):
    """The model: what was acknowledged, and what each copy's own recipient has signed."""

    world_of: ClassVar[Any]
    running: Running
    forms = Bundle("forms")

    @initialize()
    def open(self) -> None:
        self.world: World = type(self).world_of()
        self.moody = self.world.recipients = Moody(self.world)
        self.moody.inboxes["dossier"] = self.world._inbox("dossier")  # it has no server, and keeps things all the same
        self.acknowledged: dict[str, bytes] = {}  # document id -> the one answer
        self.signed: set[tuple[str, str]] = set()  # (document id, party) whose own final receipt was taken
        self.loop = asyncio.Runner()
        self.tokens: dict[str, str] = {}
        self.plan = Plan()
        self.live()

    def live(self, plan: Plan | None = None) -> None:
        """A new process; the old one is dead."""
        if hasattr(self, "running"):
            self.running.gateway.store.close()
        self.plan = plan or Plan()
        self.running = self.world.start(**self.plan.wraps())
        self.app = create_app(self.running.gateway)
        self.survive(lambda: self.running.dispatch.catch_up())

    def survive(self, act: Any) -> Any:
        """Do it; when the process dies of it, the next one starts. None then: nobody was told anything."""
        try:
            return act()
        except Crash:
            self.world.clock.step(1)
            self.live()
            return None

    def call(self, party: str, method: str, path: str, **parts: Any) -> httpx2.Response | None:
        """One request over the API; None when the process died of it."""
        if party not in self.tokens:
            self.tokens[party] = self.survive(lambda: self.running.gateway.registration.new_token(PartyId(party))) or ""
        if not self.tokens[party]:
            del self.tokens[party]
            return None

        async def send() -> httpx2.Response:
            transport = httpx2.ASGITransport(app=self.app)
            headers = {"Authorization": f"Bearer {self.tokens[party]}", **parts.pop("headers", {})}
            async with httpx2.AsyncClient(transport=transport, base_url="http://counter") as client:
                return await client.request(method, path, headers=headers, **parts)

        answer: httpx2.Response | None = self.survive(lambda: self.loop.run(send()))
        assert answer is None or answer.status_code < 500, answer.text
        return answer

    # Senders

    @rule(target=forms, case=st.sampled_from((None, None, "ONE", "OTHER")))
    def hand_in(self, case: str | None) -> Any:
        document_id, raw = self.world.form(case=case)
        return (document_id, raw) if self.submit(document_id, raw) else multiple()

    @rule(form=forms)
    def hand_in_again(self, form: tuple[str, bytes]) -> None:
        self.submit(*form)

    def submit(self, document_id: str, raw: bytes) -> bool:
        answer = self.call(
            "service", "POST", "/v1/submissions", content=raw, headers={**XML, "Idempotency-Key": document_id}
        )
        if answer is None:
            return document_id in self.acknowledged or self.submit(document_id, raw)  # a careful sender asks again
        assert answer.status_code in (200, 201), answer.text
        assert self.acknowledged.setdefault(document_id, answer.content) == answer.content
        return True

    @rule(form=forms)
    def hand_other_bytes_in_under_the_same_key(self, form: tuple[str, bytes]) -> None:
        _, other = self.world.form()
        answer = self.call(
            "service", "POST", "/v1/submissions", content=other, headers={**XML, "Idempotency-Key": form[0]}
        )
        assert answer is None or (answer.status_code, answer.json()["code"]) == (409, "idempotency-key-reused")

    @rule()
    def hand_a_spoiled_form_in(self) -> None:
        spoiled = self.world.form()[1].replace(b"<c:DocumentId>", b"<c:DocumentId>x", 1)
        answer = self.call("service", "POST", "/v1/submissions", content=spoiled, headers=XML)
        assert answer is None or answer.status_code == 422

    # Recipients

    @rule(party=st.sampled_from(RECIPIENTS[:2]), mood=st.sampled_from(MOODS))
    def change_mood(self, party: str, mood: str) -> None:
        self.moody.moods[party] = mood

    @rule(times=st.integers(1, 3))
    def work(self, times: int) -> None:
        for _ in range(times):
            self.survive(lambda: self.running.work())
        self.learn()

    @rule()
    def watch(self) -> None:
        self.survive(lambda: self.running.gateway.watch.look())

    @rule(party=st.sampled_from(RECIPIENTS), first=st.booleans())
    def collect(self, party: str, first: bool) -> None:
        for item in self.waiting(party)[: 1 if first else None]:
            self.take_and_sign(party, item["deliveryId"])

    def waiting(self, party: str) -> list[Any]:
        answer = self.call(party, "GET", "/v1/mailbox")
        return [] if answer is None else list(answer.json()["items"])

    def take_and_sign(self, party: str, delivery_id: str) -> None:
        leased = self.lease(party, delivery_id)
        if leased is None:
            return
        if leased.status_code == 201:
            second = self.lease(party, delivery_id)
            assert second is None or (second.status_code, second.json()["code"]) == (409, "delivery-leased")
            raw = self.kept(party, leased.content)
            told = self.call(party, "POST", f"/v1/mailbox/{delivery_id}/receipts", content=raw, headers=XML)
            assert told is None or told.status_code in (200, 201), told.text
        else:
            assert leased.json()["code"] in ("delivery-leased", "delivery-settled"), leased.text
        self.learn()

    def lease(self, party: str, delivery_id: str) -> httpx2.Response | None:
        return self.call(party, "POST", f"/v1/mailbox/{delivery_id}/leases", json={"seconds": 20})

    def kept(self, party: str, envelope: bytes) -> bytes:
        """What a recipient does with a copy, whichever way it comes: keep it once, answer with its one receipt."""
        taken = self.moody.inboxes[party].take(envelope)
        assert isinstance(taken, Kept), taken
        return taken.receipt

    @rule(party=st.sampled_from(RECIPIENTS), lie=st.sampled_from(MOODS[-3:]))
    def sign_wrongly(self, party: str, lie: str) -> None:
        for item in self.waiting(party)[:1]:
            leased = self.lease(party, item["deliveryId"])
            if leased is not None and leased.status_code == 201:
                raw = wrong(self.world, lie, party, leased.content)
                path = f"/v1/mailbox/{item['deliveryId']}/receipts"
                told = self.call(party, "POST", path, content=raw, headers=XML)
                assert told is None or told.status_code == 422, told.text

    @rule(stranger=st.sampled_from(("worker", "employer", "fund")), form=forms)
    def pry(self, stranger: str, form: tuple[str, bytes]) -> None:
        """Nobody reads what is not addressed to it, nor learns that it exists."""
        for copy in self.copies(form[0]):
            if copy.party != stranger:
                answer = self.lease(stranger, copy.id)
                assert answer is None or answer.status_code == 404
        mine = {item["deliveryId"] for item in self.waiting(stranger)}
        assert mine <= {copy.id for each in self.acknowledged for copy in self.copies(each) if copy.party == stranger}

    # Operators, clocks, death

    @rule(form=forms, act=st.sampled_from([*ActCode]), number=st.integers(0, 2))
    def operate(self, form: tuple[str, bytes], act: ActCode, number: int) -> None:
        copy = self.copies(form[0])[number]

        def do() -> None:
            with suppress(Conflict):
                self.running.gateway.oversight.act(copy.id, act, reason=ReasonCode.OTHER, by="desk", language="en")
                assert not is_final(copy.state), "an operator moved what its recipient had signed for"

        self.survive(do)

    @rule(hours=st.sampled_from((0.02, 1, 13, 80)))
    def time_passes(self, hours: float) -> None:
        self.world.clock.step(hours * 3600)

    @rule(hours=st.sampled_from((-2, -0.1, 3)))
    def the_clock_is_set_while_nothing_runs(self, hours: float) -> None:
        self.world.clock.step(hours * 3600)
        self.live()

    @rule(kind=st.sampled_from(("read", "write", "statement", "committed", "sent", "signature")), at=st.integers(1, 12))
    def the_process_will_die(self, kind: str, at: int) -> None:
        self.live(Plan(kind, at, crash=True))

    # What must be so

    def copies(self, document_id: str) -> list[Delivery]:
        def read(view: Reading) -> list[Delivery]:
            submission = view.submission_by_document(document_id)
            return [] if submission is None else list(view.deliveries_of(submission.id))

        return self.store().read(read)

    def store(self) -> Store:
        store = self.running.gateway.store
        assert isinstance(store, FailingStore)
        return store.inner

    def learn(self) -> None:
        for document_id in self.acknowledged:
            self.signed |= {(document_id, copy.party) for copy in self.copies(document_id) if is_final(copy.state)}

    @invariant()
    def nothing_acknowledged_is_lost(self) -> None:
        for document_id in self.acknowledged:
            copies = self.copies(document_id)
            assert sorted(copy.party for copy in copies) == sorted(RECIPIENTS)
            for copy in copies:
                if (document_id, copy.party) in self.signed:
                    assert is_final(copy.state), "a signed receipt was forgotten"

    @invariant()
    def a_copy_counts_as_handed_over_only_when_its_recipient_holds_it(self) -> None:
        held = self.world.held()
        for document_id in self.acknowledged:
            for copy in self.copies(document_id):
                if is_final(copy.state):
                    assert held[copy.party][document_id] == 1

    def teardown(self) -> None:
        if hasattr(self, "world"):
            try:
                self.come_to_an_end()
            finally:
                self.running.gateway.store.close()
                self.loop.close()
                shutil.rmtree(self.world.place)

    def come_to_an_end(self) -> None:
        """Everybody is well again and does what it should: then everything is where it must be, once."""
        self.moody.moods = dict.fromkeys(RECIPIENTS, "takes")
        self.world.clock.step(3600)
        self.live()
        for _ in range(len(self.acknowledged) + 2):  # those of one case come one after the other
            self.running.work()
            for party in RECIPIENTS:
                self.collect(party, first=False)
            self.world.clock.step(30)
        held = self.world.held()
        for party in RECIPIENTS:
            assert held[party] == dict.fromkeys(self.acknowledged, 1), "lost, doubled or misdirected"
        assert self.running.audit() == []


@pytest.fixture
def machine(assembled: Gateway, cast: DemoFolder, registered: Path, tmp_path: Path) -> type[Parties]:
    def world() -> World:
        made = World(assembled, cast, Path(tempfile.mkdtemp(dir=tmp_path)))
        shutil.copy(registered, made.file)
        made.clients.clear()
        return made

    return type("TheseParties", (Parties,), {"world_of": staticmethod(world)})


def test_several_parties_at_once_lose_double_and_misdirect_nothing(machine: type[Parties]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=10,
            stateful_step_count=20,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
