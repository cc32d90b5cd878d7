"""Enters into the journal what a file held before its journal knew of it; run once, when the file is opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

from gateway.journal import (
    FROM_BEFORE,
    Entry,
    entry_of_evidence,
    entry_of_filing,
    entry_of_further_key,
    entry_of_hosted_key,
    entry_of_name,
    entry_of_party,
    entry_of_receipt,
    entry_of_token,
)
from gateway.partyrecord import party_of
from gateway.statement import claimed_issuer
from gateway.stores import cases, journal, rows
from gateway.stores.engine import sqlite

_UNREADABLE = (ValueError, LookupError, TypeError, OverflowError)  # of a row that the gateway never wrote
_IN_ORDER = """
SELECT at, 0 AS from_receipt, seq FROM evidence UNION ALL SELECT received_at, 1, seq FROM receipt ORDER BY 1, 2, 3
"""
_RECEIPT_THEN = "id, delivery_id, digest, received_at, outcome, evidence_id, raw, NULL"
"""The columns of a receipt in a file without a journal."""


def enter_all(connection: sqlite.Connection) -> None:
    """Enter everything that a file without a journal holds, by the time at which it came."""
    journal.begin(connection, _before(connection))


def _before(connection: sqlite.Connection) -> Iterator[Entry]:
    for _, from_receipt, seq in connection.execute(_IN_ORDER):
        table, columns = ("receipt", _RECEIPT_THEN) if from_receipt else ("evidence", rows.EVIDENCE)
        row = connection.execute(f"SELECT {columns} FROM {table} WHERE seq = ?", (seq,)).fetchone()
        yield entry_of_receipt(rows.receipt_of(row)) if from_receipt else entry_of_evidence(rows.evidence_of(row))


def enter_register(connection: sqlite.Connection) -> None:
    """Enter every party of a file that was made before the journal knew of parties.

    One that cannot be read is left out: a damaged row must not keep the file from being opened, and the audit names it.
    """
    now = datetime.now(UTC)
    for (record,) in connection.execute("SELECT record FROM party ORDER BY id").fetchall():
        with suppress(*_UNREADABLE):
            journal.enter(connection, entry_of_party(party_of(record), at=now))


def enter_holdings(connection: sqlite.Connection) -> None:
    """Enter what is on file of forms, the keys that are kept for parties and the tokens that they have, of a file that
    was made before the journal knew of these; each as it is, as in `enter_register`."""
    now = datetime.now(UTC)
    for (of,) in connection.execute("SELECT submission_id FROM filed ORDER BY seq").fetchall():
        with suppress(*_UNREADABLE):
            on_file = cases.on_file(connection, of)
            if on_file is not None:
                journal.enter(connection, entry_of_filing(on_file, at=now))
    for row in connection.execute(f"SELECT {rows.HOSTED_KEY} FROM hosted_key ORDER BY party").fetchall():
        with suppress(*_UNREADABLE):
            journal.enter(connection, entry_of_hosted_key(rows.hosted_key_of(row), at=now))
    for token_hash, party, at in connection.execute("SELECT hash, party, created_at FROM token").fetchall():
        with suppress(*_UNREADABLE):
            journal.enter(connection, entry_of_token(token_hash, party, given=True, at=rows.from_ms(at)))


def enter_further_keys(connection: sqlite.Connection) -> None:
    """Enter the further keys of a file that was made before the journal knew of these, as in `enter_register`. Which of
    them the gateway wrote, nobody can tell."""
    now = datetime.now(UTC)
    for row in connection.execute(f"SELECT {rows.FURTHER_KEY} FROM further_key").fetchall():
        with suppress(*_UNREADABLE):
            journal.enter(connection, entry_of_further_key(rows.further_key_of(row), at=now, code=FROM_BEFORE))


def enter_names(connection: sqlite.Connection) -> None:
    """Enter the names that the gateway had by a file from before the journal knew of these: those under which it sent
    notices of its own, and those under which its first and its last evidence was issued. A party whose row is lost, of
    which the journal knows, keeps its own."""
    now = datetime.now(UTC)
    senders = connection.execute(
        "SELECT DISTINCT sender FROM submission WHERE sender NOT IN (SELECT id FROM party) "
        "AND NOT EXISTS (SELECT 1 FROM journal WHERE journal.id = sender AND kind = 'party')"
    )
    names = {sender for (sender,) in senders}
    for place in ("min", "max"):
        issued = connection.execute(f"SELECT raw FROM evidence WHERE seq = (SELECT {place}(seq) FROM evidence)")
        names |= {claimed_issuer(raw) for (raw,) in issued} - {None}
    for name in sorted(names):
        with suppress(*_UNREADABLE):
            journal.enter(connection, entry_of_name(name, at=now))
