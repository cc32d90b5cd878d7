"""A store with a journal, and everybody around it: time authorities, a witness, keys. All of it real, all near."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gateway.batches import Batches, Rhythm
from gateway.flaws import Flaw
from gateway.journal import EntryKind
from gateway.journal_audit import JournalProver
from gateway.model import Event, Evidence, EvidenceId, SubmissionId, new_id
from gateway.ports import Clock, Store
from gateway.proofs import EntryProof, Proofs
from gateway.stamped import StampedTrees
from gateway.stores.sqlite import SqliteStore
from gateway.transports.authority import PLACE, InProcessAuthority
from signing import (
    Identity,
    NoteSigner,
    NotFetched,
    TimestampAuthority,
    Timestamper,
    TimestampSource,
    TimestampTrust,
    TrustPolicy,
    issue,
    issue_authority,
    new_note_key,
    note_signer_from_pem,
)
from tests.deliveries import NOW

YEAR = timedelta(days=365)


@dataclass
class ManualClock:
    """Stands still until it is moved."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at

    def step(self, by: timedelta) -> None:
        self.at += by


@dataclass
class Authorities:
    """Time authorities at addresses of their own, each of which may be down. asked: how often each was."""

    identities: dict[str, Identity]
    clock: Clock
    down: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def __call__(
        self, url: str, *, body: bytes | None = None, content_type: str | None = None, max_bytes: int
    ) -> bytes:
        self.asked.append(url)
        if url in self.down:
            raise NotFetched("not-reachable", "down")
        authority = TimestampAuthority(identity=self.identities[url])
        return InProcessAuthority(authority=authority, clock=self.clock)(PLACE, body=body, max_bytes=max_bytes)


@dataclass
class Log:
    """A journal over a store."""

    store: Store
    clock: ManualClock
    batches: Batches
    proofs: Proofs
    prover: JournalProver
    authorities: Authorities
    trust: TimestampTrust

    def enter(self, number: int = 1) -> list[str]:
        """Evidence, each in a transaction of its own; their ids."""
        made = [evidence(self.clock.now()) for _ in range(number)]
        for each in made:
            self.store.write(lambda unit, each=each: unit.add_evidence(each))  # type: ignore[misc]
        return [each.id for each in made]

    def close(self) -> int:
        """A minute passes and what is due is closed."""
        self.clock.step(timedelta(seconds=61))
        return self.batches.close_due()

    def proof(self, thing: str) -> EntryProof:
        return self.proofs.entry(EntryKind.EVIDENCE, thing)

    def flaws(self, **changes: object) -> list[Flaw]:
        return list(replace(self.prover, **changes).prove(self.store, clock=self.clock))  # type: ignore[arg-type]


def evidence(at: datetime) -> Evidence:
    number = new_id()
    return Evidence(
        id=EvidenceId(number),
        event=Event.CONTENT_CONSIGNMENT,
        at=at,
        submission_id=SubmissionId("s"),
        delivery_id=None,
        raw=number.encode(),
    )


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Made once."""

    signer: NoteSigner
    trust: TimestampTrust
    authorities: dict[str, Identity]


@pytest.fixture(scope="session")
def keys() -> Keys:
    """A log key; authorities whose certificates are good for two years, thirty, and thirty-eight."""
    root = issue_authority("Time Root", at=NOW, years=40)
    return Keys(
        signer=note_signer_from_pem(new_note_key(), name="log.example/journal"),
        trust=TimestampTrust(anchors=TrustPolicy((root.certificate,))),
        authorities={
            "short": issue(root, "Short Time", use="stamp", at=NOW, days=730),
            "long": issue(root, "Long Time", use="stamp", at=NOW, days=365 * 30),
            "longest": issue(root, "Longest Time", use="stamp", at=NOW, days=365 * 38),
        },
    )


@pytest.fixture
def open_log(keys: Keys, tmp_path: Path) -> Iterator[Callable[..., Log]]:
    """Opens a log; `stamped=False` for one without an authority, `path` for the file of its store."""
    stores: list[Store] = []

    def open_it(
        *, path: Path | None = None, clock: ManualClock | None = None, stamped: bool = True, close_at: int = 10_000
    ) -> Log:
        clock = clock or ManualClock()
        store = SqliteStore(path or tmp_path / "store")
        stores.append(store)
        authorities = Authorities(identities=keys.authorities, clock=clock)
        timestamper = Timestamper(
            sources=tuple(TimestampSource(url=url) for url in keys.authorities), trust=keys.trust, fetch=authorities
        )
        return Log(
            store=store,
            clock=clock,
            batches=Batches(
                store=store,
                signer=keys.signer,
                clock=clock,
                holder=f"process {len(stores)}",
                rhythm=Rhythm(close_at=close_at),
                timestamper=timestamper if stamped else None,
            ),
            proofs=Proofs(store=store, trees=StampedTrees(), log=keys.signer.verifier),
            prover=JournalProver(logs=(keys.signer.verifier,), trust=keys.trust),
            authorities=authorities,
            trust=keys.trust,
        )

    yield open_it
    for store in stores:
        store.close()


@pytest.fixture
def log(open_log: Callable[..., Log]) -> Log:
    return open_log()
