"""The gateway and its witnesses, over HTTP: what grows is signed, what was cut off or written anew is noticed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response

from gateway.addresses import Reach, network
from gateway.proofs import Missing
from gateway.transports.fetching import Fetching
from gateway.witnessing import CONTRADICTED, NOT_COSIGNED, WitnessAddress, Witnessing
from signing import (
    NoteSigner,
    VerificationFailed,
    cosign,
    new_note_key,
    note_signer_from_pem,
    read_checkpoint,
    verify_log_proof,
)
from tests.conftest import served
from tests.deliveries import NOW
from tests.journal.conftest import Keys, Log, ManualClock
from tests.journal.test_batches import open_alerts
from witness.app import Witness, create_app
from witness.memory import Memory

NAME = "witness.example/w1"


@pytest.fixture(scope="module")
def cosigner() -> NoteSigner:
    return note_signer_from_pem(new_note_key(), name=NAME)


@pytest.fixture
def clock() -> ManualClock:
    """That of the log, and of its witness."""
    return ManualClock()


@pytest.fixture
def log(open_log: Callable[..., Log], clock: ManualClock) -> Log:
    return open_log(clock=clock)


@pytest.fixture
def url(cosigner: NoteSigner, keys: Keys, tmp_path: Path, clock: ManualClock) -> Iterator[str]:
    """Where the witness is."""
    folder = tmp_path / "memory"
    folder.mkdir()
    memory = Memory(folder)
    log = keys.signer.verifier
    witness = Witness(signer=cosigner, logs={log.name: log}, memory=memory, clock=clock.now)
    with served(create_app(witness)) as address:
        yield address
    memory.close()


Asking = Callable[..., Witnessing]


@pytest.fixture
def asking(keys: Keys, cosigner: NoteSigner) -> Iterator[Asking]:
    """Makes who asks the witness at an address on behalf of a log."""
    fetching = Fetching(Reach(allowed=(network("127.0.0.0/8"),)), total_s=5)

    def make(log: Log, url: str) -> Witnessing:
        return Witnessing(
            store=log.store,
            log=keys.signer.verifier,
            known=(WitnessAddress(key=cosigner.cosigner, url=url),),
            ask=fetching.ask,
            clock=log.clock,
            holder=log.batches.holder,
            late_after_s=3600,
        )

    yield make
    fetching.close()


def test_what_a_witness_signed_stands_below_the_checkpoint(
    log: Log, keys: Keys, cosigner: NoteSigner, url: str, asking: Asking
) -> None:
    asks = asking(log, url)
    assert asks.cosign_due() is True
    things = log.enter(3)
    for _ in range(3):
        log.close()
        log.batches.stamp_due()
        assert asks.cosign_due() is True
        things += log.enter(2)
    for thing in things[:7]:
        proof = log.proof(thing)
        assert proof.missing == ()
        assert proof.log_proof is not None
        signed = verify_log_proof(
            proof.log_proof, proof.entry, log=keys.signer.verifier, witnesses=[cosigner.cosigner], quorum=1
        )
        assert set(signed.cosigned) == {NAME}
    assert log.flaws(witnesses=(cosigner.cosigner,)) == []
    assert {flaw.code for flaw in log.flaws()} == {"cosignature-invalid"}  # nobody knows this witness


def test_a_proof_leads_to_a_checkpoint_that_was_signed_if_there_is_one(
    log: Log, keys: Keys, cosigner: NoteSigner, url: str, asking: Asking
) -> None:
    asks = asking(log, url)
    (first,) = log.enter()
    log.close()
    assert log.proof(first).missing == (Missing.COSIGNATURE, Missing.TIME_STAMP)
    log.enter(2)
    log.close()
    log.batches.stamp_due()
    assert asks.cosign_due() is True  # the newest one only
    proof = log.proof(first)
    assert proof.missing == ()
    assert proof.signed_checkpoint == log.store.read(lambda view: view.batches(after=1, limit=1))[0].checkpoint


def test_an_answer_that_was_lost_is_asked_for_again(
    log: Log, keys: Keys, cosigner: NoteSigner, url: str, asking: Asking
) -> None:
    asks = asking(log, url)
    log.enter(2)
    log.close()
    with pytest.raises(KeyboardInterrupt):
        replace(asks, ask=_then_dies(asks)).cosign_due()
    assert log.store.read(lambda view: view.cosigned_size(NAME)) == 0
    log.enter(3)
    log.close()
    assert asks.cosign_due() is True  # it was told how far the witness is
    assert log.store.read(lambda view: view.cosigned_size(NAME)) == 5


def _then_dies(asks: Witnessing) -> Any:
    def ask(url: str, body: bytes, *, max_bytes: int) -> tuple[int, bytes]:
        asks.ask(url, body, max_bytes=max_bytes)
        raise KeyboardInterrupt

    return ask


@pytest.mark.parametrize("later", [1, 3, 9])
def test_a_store_that_fell_back_to_a_copy_is_contradicted(
    log: Log,
    open_log: Callable[..., Log],
    keys: Keys,
    cosigner: NoteSigner,
    url: str,
    tmp_path: Path,
    later: int,
    asking: Asking,
) -> None:
    asks = asking(log, url)
    log.enter(2)
    log.close()
    assert asks.cosign_due() is True
    _copy(tmp_path / "store", tmp_path / "copy")
    log.enter(3)
    log.close()
    assert asks.cosign_due() is True
    fallen = open_log(path=tmp_path / "copy", clock=log.clock)
    fallen.clock.step(timedelta(hours=1))
    fallen.enter(later)
    fallen.close()
    assert fallen.flaws(witnesses=(cosigner.cosigner,)) == []  # in itself nothing is wrong with it
    assert asking(fallen, url).cosign_due() is False
    assert open_alerts(fallen) == [(CONTRADICTED, NAME)]
    assert fallen.store.read(lambda view: view.cosigned_size(NAME)) == 2
    kept = log.proofs.checkpoint()
    codes = {flaw.code for flaw in fallen.flaws(witnesses=(cosigner.cosigner,), known=[kept])}
    assert codes == {"journal-truncated" if later < 3 else "journal-rewritten"}
    assert log.flaws(witnesses=(cosigner.cosigner,), known=[kept]) == []
    other = note_signer_from_pem(new_note_key(), name=keys.signer.name)
    forged = [flaw.code for flaw in log.flaws(logs=(other.verifier,), known=[kept])]
    assert forged.count("known-checkpoint-invalid") == 1
    assert log.flaws(logs=(other.verifier, keys.signer.verifier), witnesses=(cosigner.cosigner,), known=[kept]) == []


def _copy(store: Path, to: Path) -> None:
    for suffix in ("", "-wal"):
        if (file := store.with_name(store.name + suffix)).exists():
            shutil.copy(file, to.with_name(to.name + suffix))


def test_a_witness_that_is_down_holds_nothing_up_and_is_told_of_late(
    log: Log, keys: Keys, cosigner: NoteSigner, url: str, asking: Asking
) -> None:
    (thing,) = log.enter()
    log.close()
    down = asking(log, "http://127.0.0.1:9")
    assert down.cosign_due() is False
    assert open_alerts(log) == []
    log.clock.step(timedelta(hours=2))
    assert (down.cosign_due(), down.cosign_due()) == (False, False)
    assert open_alerts(log) == [(NOT_COSIGNED, NAME)]
    assert log.batches.stamp_due() == 1
    assert log.proof(thing).missing == (Missing.COSIGNATURE,)
    assert asking(log, url).cosign_due() is True
    assert open_alerts(log) == []


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """A witness that always says the same."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await Response(body, status_code=status)(scope, receive, send)

    with served(app) as address:
        yield address


HOSTILE: dict[str, tuple[int, Callable[[bytes, NoteSigner], bytes]]] = {
    "nothing": (200, lambda note, own: b""),
    "no line": (200, lambda note, own: b"\xff\x00 what\n"),
    "of a time before its entries": (200, lambda note, own: cosign(note, signer=own, at=NOW - timedelta(days=1))),
    "of a time that has not come": (200, lambda note, own: cosign(note, signer=own, at=NOW + timedelta(days=365))),
    "by another key": (200, lambda note, own: _line(note, note_signer_from_pem(new_note_key(), name=NAME))),
    "of another name": (200, lambda note, own: _line(note, replace(own, name="witness.example/w2"))),
    "over another checkpoint": (200, lambda note, own: _line(note.replace(b"\n2\n", b"\n3\n"), own)),
    "too many lines": (200, lambda note, own: b"x\n" * 9000),
    "a size that is none": (409, lambda note, own: b"many\n"),
    "a size with a sign": (409, lambda note, own: b"-1\n"),
    "a long size": (409, lambda note, own: b"9" * 5000 + b"\n"),
    "a refusal": (403, lambda note, own: b"no\n"),
    "a move": (302, lambda note, own: b""),
}


def _line(note: bytes, signer: NoteSigner) -> bytes:
    return cosign(note, signer=signer, at=NOW)


@pytest.mark.parametrize("what", HOSTILE)
def test_nothing_but_a_cosignature_of_this_checkpoint_is_kept(
    log: Log, keys: Keys, cosigner: NoteSigner, what: str, asking: Asking
) -> None:
    log.enter(2)
    log.close()
    note = log.proofs.checkpoint()
    status, said = HOSTILE[what]
    with answering(status, said(note, cosigner)) as url:
        assert asking(log, url).cosign_due() is False
    assert log.proofs.checkpoint() == note
    assert open_alerts(log) == []


def test_the_right_line_is_found_among_others(log: Log, keys: Keys, cosigner: NoteSigner, asking: Asking) -> None:
    log.enter(2)
    log.close()
    note = log.proofs.checkpoint()
    other = note_signer_from_pem(new_note_key(), name="witness.example/w2")
    with answering(200, _line(note, other) + _line(note, cosigner)) as url:
        assert asking(log, url).cosign_due() is True
    signed = read_checkpoint(
        log.proofs.checkpoint(), log=keys.signer.verifier, witnesses=[cosigner.cosigner, other.cosigner]
    )
    assert set(signed.cosigned) == {NAME}
    with pytest.raises(VerificationFailed, match="needed"):
        read_checkpoint(note, log=keys.signer.verifier, witnesses=[cosigner.cosigner], quorum=1)
