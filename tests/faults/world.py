"""A counter with its senders and recipients in one process, made to be broken: every port can be wrapped, the clock
moves when told, and the process can die and come back over the same file.

Recipients are the reference receiver's own inboxes and careful mailbox clients. They keep what they processed: that,
and not the gateway's tables, says what was handed over.
"""

from __future__ import annotations

import dataclasses
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from lxml import etree

from gateway.assembly import Gateway, auditing, build
from gateway.config import load_config
from gateway.demo.papers import draw_up
from gateway.demo.pki import DemoFolder, create_demo_folder
from gateway.demo.register import register_cast
from gateway.dispatch import Dispatch
from gateway.envelope import open_envelope
from gateway.errors import Conflict
from gateway.evidence import Witness
from gateway.flaws import Flaw
from gateway.idempotency import Accepted
from gateway.keyring import Keyring
from gateway.lifecycle import Breaker, Patience, RetryPolicy, is_final
from gateway.mailboxes import Look
from gateway.model import Delivery, EndpointKind, Party, PartyId
from gateway.ports import Answered, Clock, Deferred, Outcome, Store, Transport
from gateway.receipt import build_receipt
from gateway.slots import Slots
from gateway.stores.sqlite import SqliteStore
from gateway.views import EndpointRecord
from receiver.config import ReceiverConfig
from receiver.inbox import Answered as Kept
from receiver.inbox import Inbox
from signing import Identity, load_identity, sign_xml
from tests.conftest import SIGNERS

T = TypeVar("T")
REPORT = "be/occupational-disease-report"
PUSHED = {party: EndpointRecord(kind="push", url=f"http://127.0.0.1:9/{party}") for party in ("fund", "inspectorate")}
LEASE_S = 60.0
loaded = cache(load_identity)  # reading an RSA key costs more than a whole scenario


class SteppingClock:
    """A clock that stands still until it is moved; `step` goes either way, as an operator's hand does."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC).replace(microsecond=0)

    def now(self) -> datetime:
        """A millisecond later at each look, so that order shows."""
        self.at += timedelta(milliseconds=1)
        return self.at

    def step(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Inline(Executor):
    """Runs what is submitted at once, in the caller's thread: the n-th call is the same call in every run."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        done: Future[T] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


@dataclass
class Recipients(Transport):
    """The servers of all who are pushed to, each with its own inbox on disk. down: who does not answer."""

    inboxes: dict[str, Inbox]
    down: set[str] = field(default_factory=set)

    def send(self, delivery: Delivery, envelope: bytes, recipient: Party) -> Outcome:
        if recipient.id in self.down:
            return Deferred(code="endpoint-unreachable")
        kept = self.inboxes[recipient.id].take(envelope, announced=delivery.id)
        if not isinstance(kept, Kept):
            return Deferred(code=kept.code)
        return Answered(raw_receipt=kept.receipt)

    def close(self) -> None: ...


@dataclass
class MailboxClient:
    """A party that collects: whatever waits for it is leased, opened, kept once, and signed for."""

    sealing: Identity
    signing: Identity
    kept: dict[str, tuple[str, bytes]] = field(default_factory=dict)  # delivery id -> document id, its one receipt

    def collect(self, running: Running, party: Party) -> None:
        (waiting,) = running.gateway.mailboxes.look([Look(party=party.id, after=0, limit=100)])
        for item in waiting:
            try:
                leased = running.gateway.mailboxes.lease(party, item.id, seconds=30)
            except Conflict as refused:
                assert refused.code == "delivery-leased"  # noqa: PT017 -- the one before us died with it
                running.clock.step(31)
                leased = running.gateway.mailboxes.lease(party, item.id, seconds=30)
            if item.id not in self.kept:
                opened = open_envelope(
                    leased.envelope, identity=self.sealing, trust=running.trust, at=running.clock.now()
                )
                receipt = build_receipt(
                    opened.consignment,
                    envelope_digest=opened.envelope_digest,
                    identity=self.signing,
                    at=running.clock.now(),
                )
                self.kept[item.id] = (document_of(opened.form), receipt)
            running.gateway.receipts.take(self.kept[item.id][1], delivery_id=item.id, party=party)


@dataclass
class Running:
    """One life of the gateway's process."""

    gateway: Gateway
    dispatch: Dispatch
    clock: SteppingClock
    trust: Any

    def party(self, party_id: str) -> Party:
        found = self.gateway.store.read(lambda view: view.party(PartyId(party_id)))
        assert found is not None
        return found

    def work(self, times: int = 1) -> None:
        """Let the worker look for due copies, time passing between two looks."""
        for _ in range(times):
            self.dispatch.deliver_due()
            self.clock.step(LEASE_S + 1)

    def audit(self) -> list[Flaw]:
        return audited(self.gateway, self.gateway.store, self.clock)


@dataclass
class World:
    """Everybody outside the gateway's process, and the file it works on."""

    base: Gateway
    folder: DemoFolder
    place: Path
    clock: SteppingClock = field(default_factory=SteppingClock)
    lives: int = 0

    def __post_init__(self) -> None:
        self.place.mkdir(parents=True, exist_ok=True)
        self.recipients = Recipients({party: self._inbox(party) for party in PUSHED})
        self.clients = {"dossier": MailboxClient(self.key("dossier", "sealing"), self.key("dossier"))}
        self.answers: dict[str, set[bytes]] = {}  # document id -> what the sender was told, each time

    def key(self, party: str, use: str = "signing") -> Identity:
        return loaded(self.folder.signing(party) if use == "signing" else self.folder.sealing(party))

    def _inbox(self, party: str, accepts: Iterable[str] = ()) -> Inbox:
        config = ReceiverConfig(
            party=party,
            store=self.place / "received" / party,
            accepts=frozenset(accepts),
            sealing=self.key(party, "sealing"),
            signing=self.key(party),
            gateway=self.base.trust,
            signatories=self.base.trust,
            call_back=None,
            pushes=None,
            host="",
            port=0,
            tls=None,
            max_envelope_bytes=1 << 20,
        )
        return Inbox(config=config, clock=lambda: self.clock.now())

    def refuses(self, party: str) -> None:
        """From now on the party takes forms of another kind only."""
        self.recipients.inboxes[party] = self._inbox(party, ["be/appeal"])

    @property
    def file(self) -> Path:
        return self.place / "store.sqlite3"

    def start(
        self,
        *,
        wrap: Callable[[Store], Store] = lambda store: store,
        transport: Callable[[Transport], Transport] = lambda transport: transport,
        identity: Callable[[Identity], Identity] = lambda identity: identity,
        opens: Callable[..., Store] = SqliteStore,
        **options: Any,
    ) -> Running:
        """A new process over the same file. opens: makes the store; options: of its group committer."""
        self.lives += 1
        store = wrap(opens(self.file, **options))
        base = self.base.witness
        witness = Witness(keys=Keyring.single(identity(base.keys.keys[0].identity)), issuer=base.issuer)
        gateway = rewired(self.base, {"store": store, "clock": self.clock, "witness": witness})
        dispatch = Dispatch(
            store=store,
            transports={EndpointKind.PUSH: transport(self.recipients)},
            receipts=gateway.receipts,
            witness=witness,
            clock=self.clock,
            workers=Inline(),
            slots=Slots(4),
            holder=f"life {self.lives}",
            patience=Patience(retry=RetryPolicy(schedule_s=(1,))),
            breaker=Breaker(failures=1000),
            lease_s=LEASE_S,
        )
        return Running(gateway=gateway, dispatch=dispatch, clock=self.clock, trust=self.base.trust)

    def register(self, running: Running) -> None:
        register_cast(running.gateway, self.folder, endpoints=PUSHED)

    def form(self, kind: str = REPORT, **changes: Any) -> tuple[str, bytes]:
        """A fresh form: its number, and its bytes signed by whom it must be."""
        paper = draw_up(kind, now=self.clock.now(), **changes)
        return paper.document_id, sign_xml(paper.raw, identity=self.key(SIGNERS[kind][0]), at=self.clock.now())

    def hand_in(self, running: Running, document_id: str, raw: bytes, *, kind: str = REPORT) -> Accepted:
        """What a sender does, and what it was told."""
        told = running.gateway.intake.accept(
            raw, sender=running.party(SIGNERS[kind][1]), idempotency_key=document_id, language="en"
        )
        assert isinstance(told, Accepted)
        self.answers.setdefault(document_id, set()).add(told.answer)
        return told

    def held(self) -> dict[str, Tally[str]]:
        """How often each recipient holds each document, by its own records."""
        servers = {
            party: Tally(
                document_of((place.parent / "form.xml").read_bytes())
                for place in inbox.config.store.glob("[!.]*/form.xml")
            )
            for party, inbox in self.recipients.inboxes.items()
        }
        return {**servers, **{p: Tally(each for each, _ in c.kept.values()) for p, c in self.clients.items()}}

    def audit_of(self, store: Store) -> list[Flaw]:
        """What is wrong in a store that is not the one of a running gateway."""
        return audited(self.base, store, self.clock)

    def facts(self, running: Running) -> dict[str, Any]:
        """What is so in the end, without ids, times and numbers of attempts."""

        def read(view: Any) -> set[tuple[Any, ...]]:
            facts: set[tuple[Any, ...]] = set()
            for _, each in view.submission_ids(after=0, limit=10_000):
                submission = view.submission(each)
                proofs = view.evidence_of(each)
                about = Tally(proof.event for proof in proofs if proof.delivery_id is None)
                facts.add((submission.document_id, submission.state, frozenset(about.items())))
                for copy in view.deliveries_of(each):
                    events = Tally(proof.event for proof in proofs if proof.delivery_id == copy.id)
                    facts.add((submission.document_id, copy.party, copy.state, frozenset(events.items())))
            return facts

        return {"stored": running.gateway.store.read(read), "held": self.held()}


def audited(gateway: Gateway, store: Store, clock: Clock) -> list[Flaw]:
    return list(replace(auditing(gateway), store=store, clock=clock).run())


@contextmanager
def a_world(place: Path) -> Iterator[World]:
    """A world with keys of its own, in which everybody is registered."""
    folder = create_demo_folder(place / "cast", at=datetime.now(UTC) - timedelta(days=1), port=0)
    gateway = build(replace(load_config(folder.config), store_path=place / "assembled" / "store.sqlite3"))
    world = World(gateway, folder, place / "world")
    running = world.start()
    world.register(running)
    running.gateway.store.close()
    yield world
    gateway.store.close()


def everything_settled(running: Running) -> bool:
    def read(view: Any) -> bool:
        ids = [each for _, each in view.submission_ids(after=0, limit=10_000)]
        return all(is_final(copy.state) for each in ids for copy in view.deliveries_of(each))

    return running.gateway.store.read(read)


def rewired(part: T, parts: dict[str, Any]) -> T:
    """`part` with every port in it, at any depth, replaced by the one of the same name."""
    assert dataclasses.is_dataclass(part)
    assert not isinstance(part, type)
    changes: dict[str, Any] = {}
    for each in dataclasses.fields(part):
        value = getattr(part, each.name)
        if each.name in parts:
            changes[each.name] = parts[each.name]
        elif dataclasses.is_dataclass(value) and not isinstance(value, type) and holds_ports(value, parts):
            changes[each.name] = rewired(value, parts)
    return replace(part, **changes)


def holds_ports(part: Any, parts: dict[str, Any]) -> bool:
    return any(
        each.name in parts
        or (dataclasses.is_dataclass(value := getattr(part, each.name)) and holds_ports(value, parts))
        for each in dataclasses.fields(part)
    )


def document_of(form: bytes) -> str:
    return etree.fromstring(form).findtext(".//{urn:sealpost:common:1}DocumentId") or ""
