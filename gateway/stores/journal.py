"""The journal in SQL: entries without a gap, the nodes of their tree, batches, time stamps, cosignatures.

There is one writer, and what a unit of work that fails had entered goes with it: so positions have no gap.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.journal import Entry, EntryKind, entry_of_evidence, entry_of_receipt
from gateway.stores import rows
from gateway.stores.engine import sqlite

_SIZE = "SELECT coalesce(max(position), -1) + 1 FROM journal"
_ENTER = f"INSERT INTO journal ({rows.ENTRY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_IN_ORDER = """
SELECT at, 0 AS from_receipt, seq FROM evidence UNION ALL SELECT received_at, 1, seq FROM receipt ORDER BY 1, 2, 3
"""


def size(connection: sqlite.Connection) -> int:
    """See `ports.Reading.journal_size`."""
    return int(connection.execute(_SIZE).fetchone()[0])


def enter(connection: sqlite.Connection, entry: Entry) -> int:
    """See `ports.Transaction.enter`."""
    position = size(connection)
    connection.execute(_ENTER, rows.entry_row(entry, position))
    return position


def entries(connection: sqlite.Connection, *, first: int, limit: int) -> list[Entry]:
    """See `ports.Reading.journal_entries`."""
    sql = f"SELECT {rows.ENTRY} FROM journal WHERE position >= ? ORDER BY position LIMIT ?"
    return [rows.entry_of(row) for row in connection.execute(sql, (first, limit))]


def entry(connection: sqlite.Connection, kind: EntryKind, thing: str) -> Entry | None:
    """See `ports.Reading.journal_entry`."""
    sql = f"SELECT {rows.ENTRY} FROM journal WHERE id = ? AND kind = ? ORDER BY position DESC LIMIT 1"
    row = connection.execute(sql, (thing, kind)).fetchone()
    return row and rows.entry_of(row)


def enter_all(connection: sqlite.Connection) -> None:
    """Enter everything that a file without a journal holds, by the time at which it came."""
    made = (rows.entry_row(each, position) for position, each in enumerate(_before(connection)))
    connection.executemany(_ENTER, made)


def _before(connection: sqlite.Connection) -> Iterator[Entry]:
    for _, from_receipt, seq in connection.execute(_IN_ORDER):
        table, columns = ("receipt", rows.RECEIPT) if from_receipt else ("evidence", rows.EVIDENCE)
        row = connection.execute(f"SELECT {columns} FROM {table} WHERE seq = ?", (seq,)).fetchone()
        yield entry_of_receipt(rows.receipt_of(row)) if from_receipt else entry_of_evidence(rows.evidence_of(row))
