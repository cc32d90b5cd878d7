"""Flip any byte of what the journal is made of, and an audit finds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.flaws import Flaw
from gateway.journal import Cosignature
from gateway.model import DeliveryId, KeptReceipt, new_id
from gateway.stores.engine import sqlite
from signing import NoteSigner, cosign, new_note_key, note_signer_from_pem
from tests.journal.conftest import YEAR, Log

TABLES = {
    "journal": ("position", "kind", "id", "of", "at", "code", "digest", "salt"),
    "journal_node": ("level", "place", "hash"),
    "journal_batch": ("size", "checkpoint"),
    "journal_stamp": (
        "number",
        "first",
        "size",
        "stamped_at",
        "ends_at",
        "token",
        "renewed_by",
        "digest",
        "anew_from",
        "rehashed_by",
    ),
    "journal_cosignature": ("size", "witness", "line"),
    "evidence": ("id", "event", "at", "submission_id", "raw"),
    "receipt": ("id", "delivery_id", "digest", "received_at", "outcome", "raw"),
}


@pytest.fixture
def cosigner() -> NoteSigner:
    return note_signer_from_pem(new_note_key(), name="witness.example/w1")


@pytest.fixture
def kept(open_log: Callable[..., Log], cosigner: NoteSigner) -> Log:
    """A journal with everything that a journal can have."""
    log = open_log()
    for number in range(3):
        log.enter(3)
        log.store.write(lambda unit, number=number: unit.add_receipt(_receipt(number, log)))  # type: ignore[misc]
        log.close()
        log.batches.stamp_due()
    note = log.proofs.checkpoint()
    line = cosign(note, signer=cosigner, at=log.clock.now()).decode()
    log.store.write(lambda unit: unit.add_cosignature(Cosignature(size=12, witness=cosigner.name, line=line)))
    log.clock.step(YEAR)
    log.authorities.down.add("short")
    assert log.batches.renew(before=log.clock.now() + 2 * YEAR) == 3
    assert log.batches.rehash(digest_name="sha512") == 3
    log.enter(2)
    assert log.close() == 1  # signed, not stamped; what is in no batch yet, nobody has signed
    return log


def _receipt(number: int, log: Log) -> KeptReceipt:
    raw = b"receipt %d" % number
    digest = "sha256:" + sha256(raw).hexdigest()
    return KeptReceipt(
        id=new_id(),
        delivery_id=DeliveryId(f"d{number}"),
        digest=digest,
        received_at=log.clock.now() + timedelta(milliseconds=number),
        outcome="receipt-by-a-stranger",
        evidence_id=None,
        raw=raw,
    )


def found(log: Log, cosigner: NoteSigner) -> list[Flaw | str]:
    """What an audit says of the journal, and of what belongs into it."""
    loose = log.store.read(lambda view: view.loose_ends(now=log.clock.now()))
    entries = [end.code for end in loose if "entry" in end.code or "cosignature" in end.code]
    return [*log.flaws(witnesses=(cosigner.cosigner,)), *entries]


def flipped(value: object) -> Iterator[object]:
    """The value with one bit changed: at its beginning, in its middle, at its end."""
    match value:
        case int():
            yield value ^ 1 << 40
            yield value ^ 1 << 20
        case str() if value:
            for at in {0, len(value) // 2, len(value) - 1}:
                yield value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]
        case bytes() if value:
            for at in {0, len(value) // 2, len(value) - 1}:
                yield value[:at] + bytes((value[at] ^ 1,)) + value[at + 1 :]
        case _:
            yield 77  # where nothing stood


def test_a_flipped_byte_is_found_wherever_it_is(kept: Log, cosigner: NoteSigner, tmp_path: Path) -> None:
    assert found(kept, cosigner) == []
    unseen, tried = [], 0
    with closing(sqlite.connect(str(tmp_path / "store"), isolation_level=None)) as connection:
        for table, columns in TABLES.items():
            names = ", ".join(columns)
            rows = list(connection.execute(f"SELECT {names} FROM {table} ORDER BY 1, 2"))
            key = columns[: 2 if table in ("journal_node", "journal_cosignature") else 1]
            where = " AND ".join(f"{name} = ?" for name in key)
            for row in {0: rows[0], 1: rows[len(rows) // 2], 2: rows[-1]}.values():
                for number, column in enumerate(columns):
                    for value in flipped(row[number]):
                        changed = [*row[:number], value, *row[number + 1 :]]
                        change = f"UPDATE {table} SET {column} = ? WHERE {where}"
                        connection.execute(change, (value, *row[: len(key)]))
                        tried += 1
                        if not found(kept, cosigner):
                            unseen.append((table, row[0], column, value))
                        connection.execute(change, (row[number], *changed[: len(key)]))
    assert found(kept, cosigner) == []
    assert tried > 200
    assert "\n".join(str(each)[:90] for each in unseen) == ""


@pytest.mark.parametrize("table", [name for name in TABLES if name != "journal_cosignature"])
def test_a_row_that_is_gone_is_found(kept: Log, cosigner: NoteSigner, tmp_path: Path, table: str) -> None:
    """A cosignature that is gone cannot be missed: the witness has it."""
    with closing(sqlite.connect(str(tmp_path / "store"), isolation_level=None)) as connection:
        key = TABLES[table][0]
        connection.execute(f"DELETE FROM {table} WHERE {key} = (SELECT min({key}) FROM {table})")
    assert found(kept, cosigner) != []


def test_two_entries_that_changed_places_are_found(kept: Log, cosigner: NoteSigner, tmp_path: Path) -> None:
    with closing(sqlite.connect(str(tmp_path / "store"), isolation_level=None)) as connection:
        for change in ("-1 WHERE position = 2", "2 WHERE position = 5", "5 WHERE position = -1"):
            connection.execute(f"UPDATE journal SET position = {change}")
    assert {flaw.code for flaw in kept.flaws(witnesses=(cosigner.cosigner,))} >= {"node-differs", "checkpoint-differs"}
