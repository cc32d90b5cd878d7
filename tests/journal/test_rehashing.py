"""Hash-tree renewal of the journal (RFC 4998, 5.3): a new chain with a stronger digest, over everything."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from hashlib import sha256, sha512
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from gateway.batches import MOST_STAMPED
from gateway.errors import Conflict
from gateway.journal import read_entry
from gateway.model import EvidenceId
from gateway.proofs import EntryProof
from gateway.stamped import stamped_data
from gateway.stores.engine import sqlite
from signing import (
    Identity,
    TimestampUnavailable,
    VerificationFailed,
    build_package,
    issue,
    issue_authority,
    read_package,
    read_record,
    verify_record,
)
from signing.records.verifying import is_shared
from tests.deliveries import NOW
from tests.journal.conftest import YEAR, Keys, Log
from tests.journal.test_batches import proves
from tests.signing.test_interop import run
from tests.signing.test_records_interop import BOUNCY_CASTLE, JAVA_PROGRAM, millis


def entered(log: Log, number: int) -> list[str]:
    """Entries that are closed and stamped together."""
    things = log.enter(number)
    log.close()
    log.batches.stamp_due()
    return things


def chains(proof: EntryProof) -> list[list[str]]:
    """The digests of each chain of an entry's record, one for each time stamp."""
    assert proof.record is not None
    return [[each.digest_name for each in chain] for chain in read_record(proof.record).chains]


def test_everything_is_covered_anew_renewed_and_covered_anew_again(log: Log, keys: Keys) -> None:
    things = entered(log, 3) + entered(log, 1) + entered(log, 2)
    ends = log.proofs.backlog().ends_at
    assert ends is not None
    log.clock.step(YEAR)
    log.authorities.down.add("short")
    assert log.batches.renew(before=ends + timedelta(days=1)) == 3
    assert (log.batches.rehash(digest_name="sha384"), log.batches.rehash(digest_name="sha384")) == (3, 0)
    assert log.flaws() == []
    for thing in things:
        proves(log, keys, thing)
        assert chains(log.proof(thing)) == [["sha256", "sha256"], ["sha384"]]
    later = entered(log, 2)
    log.clock.step(YEAR)
    log.authorities.down.add("long")
    beyond = log.clock.now() + 28 * YEAR
    assert log.batches.renew(before=beyond) == 2, "the stamp that covers anew, and the newest; no other is needed"
    assert log.batches.rehash(digest_name="sha512") == 2
    log.clock.step(27 * YEAR)  # the certificates of all but the last authority have ended
    assert log.flaws() == []
    for thing in (*things, *later):
        proves(log, keys, thing)
    assert chains(log.proof(things[0])) == [["sha256", "sha256"], ["sha384", "sha384"], ["sha512"]]
    assert chains(log.proof(later[0])) == [["sha256", "sha256"], ["sha512"]]


def test_no_step_from_the_new_stamp_to_the_thing_itself_needs_the_old_digest(log: Log) -> None:
    """What is renewed covers the entry; the entry binds its thing by the digest that is left."""
    (thing,) = entered(log, 1)
    log.batches.rehash(digest_name="sha512")
    proof = log.proof(thing)
    assert proof.record is not None
    newest = read_record(proof.record).chains[-1]
    assert {each.digest_name for each in newest} == {"sha512"}
    entry = read_entry(proof.entry)
    evidence = log.store.read(lambda view: view.evidence(EvidenceId(thing)))
    assert evidence is not None
    assert (entry.digest_name, entry.digest) == ("sha512", sha512(evidence.raw).digest())


def test_an_entry_of_before_that_binds_by_the_old_digest_is_still_proven(log: Log, keys: Keys, tmp_path: Path) -> None:
    (thing,) = log.enter(1)
    with closing(sqlite.connect(str(tmp_path / "store"), isolation_level=None)) as connection:
        (raw,) = connection.execute("SELECT raw FROM evidence").fetchone()
        connection.execute("UPDATE journal SET digest = ?", (sha256(raw).digest(),))
    log.close()
    log.batches.stamp_due()
    assert log.flaws() == []
    proves(log, keys, thing)
    assert b"\ndigest sha256:" in log.proof(thing).entry


def test_a_weaker_digest_covers_nothing_anew(log: Log) -> None:
    entered(log, 2)
    assert (log.batches.rehash(digest_name="sha512"), log.batches.rehash(digest_name="sha384")) == (1, 0)


def test_a_stamp_that_many_need_is_renewed_until_none_does(
    log: Log, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than one stamp covers anew takes several; whatever stopped between two of them, every record holds."""
    monkeypatch.setattr("gateway.batches.MOST_STAMPED", 3)
    assert MOST_STAMPED > 3
    things = entered(log, 2) + entered(log, 2) + entered(log, 1)
    ends = log.proofs.backlog().ends_at
    assert ends is not None
    log.authorities.down.add("short")
    log.batches.renew(before=ends + timedelta(days=1))
    asked = len(log.authorities.asked)
    log.authorities.down |= {"long", "longest"}
    with pytest.raises(TimestampUnavailable, match="authority"):
        log.batches.rehash(digest_name="sha512")
    log.authorities.down -= {"long"}
    real, calls = log.store.write, []

    def once(work: Callable[..., object]) -> object:
        calls.append(work)
        if len(calls) > 1:
            raise Conflict("stopped", "between two")
        return real(work)

    monkeypatch.setattr(type(log.store), "write", lambda _, work: once(work))
    with pytest.raises(Conflict, match="between two"):
        log.batches.rehash(digest_name="sha512")
    monkeypatch.undo()
    assert len(log.authorities.asked) > asked
    log.authorities.down.clear()
    log.authorities.down |= {"short", "long"}
    assert log.batches.renew(before=log.clock.now() + 31 * YEAR) == 2, "the one that all had, and the new one"
    for thing in things:
        proves(log, keys, thing)
    assert log.batches.rehash(digest_name="sha512") == 2
    log.clock.step(31 * YEAR)
    for thing in things:
        proves(log, keys, thing)
    assert log.flaws() == []


def test_what_was_renewed_meanwhile_is_not_covered_by_a_tree_that_leaves_it_out(log: Log) -> None:
    entered(log, 2)
    stamp = log.store.read(lambda view: view.stamp(1))
    assert stamp is not None
    log.authorities.down.add("short")
    log.batches.renew(before=log.clock.now() + 3 * YEAR)
    with pytest.raises(Conflict, match="meanwhile"):
        log.store.write(lambda unit: unit.add_rehashing(stamp, rehashes=[1], after=1))
    assert log.flaws() == []


def test_a_record_that_was_covered_anew_is_of_its_own_entry_only(log: Log, keys: Keys) -> None:
    one, _, other = entered(log, 3)  # a neighbour in the tree shares its record
    log.batches.rehash(digest_name="sha512")
    proof, at = log.proof(one), log.clock.now()
    assert proof.record is not None
    verify_record(proof.record, proof.entry, trust=keys.trust, at=at)
    with pytest.raises(VerificationFailed, match="record"):
        verify_record(proof.record, log.proof(other).entry, trust=keys.trust, at=at)


def test_neighbours_that_part_in_a_later_tree_have_records_of_their_own(log: Log, keys: Keys) -> None:
    """Three leaves come first, so that those who stood beside each other do not in the tree that covers them anew."""
    first, (one, other) = entered(log, 2), entered(log, 2)
    shared = [log.proof(each) for each in (one, other)]
    log.batches.rehash(digest_name="sha512")
    parted = [log.proof(each) for each in (one, other)]
    assert len(log.store.read(lambda view: stamped_data(view, 0, 2))) == len(first) + 1
    for proofs, expected in ((shared, True), (parted, False)):
        (record, entry), (_, beside) = ((proof.record, proof.entry) for proof in proofs)
        assert record is not None
        assert (is_shared(read_record(record), entry), is_shared(read_record(record), beside)) == (True, expected)
        files = {"journal/3.entry": entry, "journal/4.entry": beside}
        package = read_package(build_package(files, records={"journal/3.entry": record}, identity=seal(), at=NOW))
        (covering,) = package.records
        assert ("journal/4.entry" in covering.digests) is expected


def seal() -> Identity:
    return issue(issue_authority("Example Authority", at=NOW - YEAR), "Example Counter", at=NOW - YEAR / 365)


def test_nothing_is_covered_anew_without_an_authority(open_log: Callable[..., Log]) -> None:
    with pytest.raises(Conflict, match="names no authority"):
        open_log(stamped=False).batches.rehash(digest_name="sha512")


def test_bouncy_castle_verifies_what_was_covered_anew(log: Log, keys: Keys, tmp_path: Path) -> None:
    things = entered(log, 3) + entered(log, 2)
    log.batches.rehash(digest_name="sha384")
    log.authorities.down |= {"short", "long"}
    log.batches.renew(before=log.clock.now() + 31 * YEAR)
    log.batches.rehash(digest_name="sha512")
    proofs = [log.proof(each) for each in things]
    cases: list[tuple[bytes | None, bytes | None]] = [(proof.record, proof.entry) for proof in proofs]
    cases += [(proofs[0].record, proofs[2].entry), (proofs[0].checkpoint_record, proofs[0].signed_checkpoint)]
    for number, (record, data) in enumerate(cases):
        assert record is not None
        assert data is not None
        (tmp_path / f"ours-{number}.der").write_bytes(record)
        (tmp_path / f"ours-{number}.data").write_bytes(data)
    unit = keys.authorities["longest"]
    (tmp_path / "0.data").write_bytes(b"what Bouncy Castle makes a record of")
    (tmp_path / "1.data").write_bytes(b"and another")
    secret = BestAvailableEncryption(b"secret")
    store = pkcs12.serialize_key_and_certificates(b"unit", unit.key, unit.certificate, None, secret)
    (tmp_path / "unit.p12").write_bytes(store)
    at = log.clock.now()
    moments = (millis(at - YEAR / 365), millis(at + YEAR / 365))
    done = run(
        "java", "-cp", BOUNCY_CASTLE, str(JAVA_PROGRAM), str(tmp_path / "unit.p12"), "secret", *moments, str(tmp_path)
    )
    assert done.stdout.decode().split() == ["true"] * 5 + ["false", "true"]
