"""Batches close by time or count, are stamped when stamps can be had, and every entry is provable at every moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from gateway.batches import NOT_STAMPED, STAMPS
from gateway.errors import Conflict, NotFound
from gateway.journal import EntryKind
from gateway.proofs import Missing
from signing import (
    TimestampUnavailable,
    VerificationFailed,
    read_checkpoint,
    verify_consistency,
    verify_log_proof,
    verify_record,
)
from tests.journal.conftest import YEAR, Keys, Log


def open_alerts(log: Log) -> list[tuple[str, str]]:
    found = log.store.read(lambda view: view.alerts(open_only=True, after=0, limit=10))
    return [(each.kind, each.subject) for each in found]


def proves(log: Log, keys: Keys, thing: str) -> None:
    """Everything that can be proven of a thing holds, and over nothing else."""
    proof = log.proof(thing)
    assert proof.log_proof is not None
    assert proof.record is not None
    assert proof.signed_checkpoint is not None
    assert proof.checkpoint_record is not None
    at = log.clock.now()
    verify_log_proof(proof.log_proof, proof.entry, log=keys.signer.verifier)
    verify_record(proof.record, proof.entry, trust=keys.trust, at=at)
    verify_record(proof.checkpoint_record, proof.signed_checkpoint, trust=keys.trust, at=at)
    other = proof.entry.replace(b"kind evidence", b"kind receipts")
    with pytest.raises(VerificationFailed, match="inclusion"):
        verify_log_proof(proof.log_proof, other, log=keys.signer.verifier)
    with pytest.raises(VerificationFailed, match="record"):
        verify_record(proof.record, other, trust=keys.trust, at=at)


def test_a_batch_is_closed_by_time(log: Log) -> None:
    log.enter(3)
    assert log.batches.close_due() == 0
    log.clock.step(timedelta(seconds=61))
    assert (log.batches.close_due(), log.batches.close_due()) == (1, 0)
    assert log.proofs.checkpoint().startswith(b"log.example/journal\n3\n")


def test_a_batch_is_closed_by_count_and_the_rest_waits(open_log: Callable[..., Log]) -> None:
    log = open_log(close_at=4)
    log.enter(10)
    assert log.batches.close_due() == 2
    backlog = log.proofs.backlog()
    assert (backlog.entries, backlog.closed, backlog.open_since) == (10, 8, log.clock.now())


@pytest.mark.parametrize("sizes", [(1,), (2, 1), (5, 1, 7), (1, 1, 1, 1), (3, 8, 2)])
def test_every_entry_of_every_batch_is_proven(log: Log, keys: Keys, sizes: tuple[int, ...]) -> None:
    things = []
    for size in sizes:
        things += log.enter(size)
        assert log.close() == 1
        assert log.batches.stamp_due() == 1
    for thing in things:
        proves(log, keys, thing)
    assert log.flaws() == []
    notes = [log.proofs.checkpoint(sum(sizes[: n + 1])) for n in range(len(sizes))]
    checkpoints = [read_checkpoint(note, log=keys.signer.verifier).checkpoint for note in notes]
    newest = checkpoints[-1]
    for old in checkpoints:
        proof = log.proofs.consistency(old.size, newest.size)
        verify_consistency(old.size, old.root, newest.size, newest.root, proof)


def test_what_is_not_there_yet_is_named(open_log: Callable[..., Log]) -> None:
    log = open_log(stamped=False)
    (thing,) = log.enter()
    assert log.proof(thing).missing == (Missing.CHECKPOINT, Missing.COSIGNATURE, Missing.TIME_STAMP)
    log.close()
    assert log.batches.stamp_due() == 0
    assert log.proof(thing).missing == (Missing.COSIGNATURE, Missing.TIME_STAMP)
    with pytest.raises(NotFound):
        log.proofs.entry(EntryKind.RECEIPT, thing)
    for nowhere in (0, 2):
        with pytest.raises(NotFound):
            log.proofs.checkpoint(nowhere)
    with pytest.raises(NotFound):
        log.proofs.consistency(1, 2)


def test_the_spare_authority_stamps_while_the_first_is_down(log: Log, keys: Keys) -> None:
    (thing,) = log.enter()
    log.close()
    log.authorities.down.add("short")
    assert log.batches.stamp_due() == 1
    assert log.authorities.asked == ["short", "long"]
    proves(log, keys, thing)


def test_without_stamps_everything_goes_on_and_one_stamp_catches_up(log: Log, keys: Keys) -> None:
    log.authorities.down |= set(log.authorities.identities)
    things = []
    for _ in range(3):
        things += log.enter(2)
        assert log.close() == 1
        with pytest.raises(TimestampUnavailable):
            log.batches.stamp_due()
    backlog = log.proofs.backlog()
    assert (backlog.closed, backlog.stamped) == (6, 0)
    assert backlog.unstamped_since is not None
    assert open_alerts(log) == []
    log.clock.step(timedelta(hours=2))
    for _ in range(2):
        with pytest.raises(TimestampUnavailable):
            log.batches.stamp_due()
    assert open_alerts(log) == [(NOT_STAMPED, STAMPS)]
    log.authorities.down.clear()
    assert log.batches.stamp_due() == 1
    assert open_alerts(log) == []
    assert log.proofs.backlog().unstamped_since is None
    for thing in things:
        proves(log, keys, thing)
    assert log.flaws() == []


def test_two_processes_make_one_log(open_log: Callable[..., Log]) -> None:
    one = open_log()
    other = open_log(clock=one.clock)
    one.enter(3)
    assert one.close() == 1
    one.enter(2)
    one.clock.step(timedelta(seconds=61))
    assert other.batches.close_due() == 0  # the first one is still on duty
    assert other.batches.stamp_due() == 0
    one.clock.step(timedelta(seconds=121))
    assert other.batches.close_due() == 1
    assert other.batches.stamp_due() == 1
    assert one.batches.stamp_due() == 0
    assert one.authorities.asked == []
    assert one.flaws() == []


def test_a_plan_that_was_overtaken_changes_nothing(log: Log) -> None:
    log.enter(2)
    log.clock.step(timedelta(seconds=61))
    stale = log.store.read(log.batches._due)
    assert stale is not None
    assert log.batches.close_due() == 1
    assert log.store.write(lambda unit: log.batches._close(unit, stale)) is False
    assert log.flaws() == []


def test_renewal_keeps_every_proof_good_beyond_the_life_of_the_authority(log: Log, keys: Keys) -> None:
    things = []
    for _ in range(3):
        things += log.enter(2)
        log.close()
        log.batches.stamp_due()
    old = log.proof(things[0])
    ends = log.proofs.backlog().ends_at
    assert ends is not None
    log.clock.step(YEAR)
    with pytest.raises(Conflict, match="end before that moment too"):
        log.batches.renew(before=ends + YEAR)
    log.authorities.down.add("short")
    assert log.batches.renew(before=ends + timedelta(days=1)) == 3
    assert log.batches.renew(before=ends + timedelta(days=1)) == 0
    log.clock.step(2 * YEAR)
    for thing in things:
        proves(log, keys, thing)
    assert log.flaws() == []
    assert old.record is not None
    with pytest.raises(VerificationFailed, match="expired"):
        verify_record(old.record, old.entry, trust=keys.trust, at=log.clock.now())
    things += log.enter()
    log.close()
    log.batches.stamp_due()
    log.authorities.down.add("long")
    assert log.batches.renew(before=log.clock.now() + 28 * YEAR) == 2  # the renewal itself, and the newest
    assert [len(log.flaws()), log.proofs.backlog().stamped] == [0, 7]
    for thing in things:
        proves(log, keys, thing)


def test_nothing_is_renewed_without_an_authority(open_log: Callable[..., Log]) -> None:
    log = open_log(stamped=False)
    with pytest.raises(Conflict, match="names no authority"):
        log.batches.renew(before=log.clock.now())
