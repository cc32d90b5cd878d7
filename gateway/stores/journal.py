"""The journal in SQL: entries without a gap, the nodes of their tree, batches, time stamps, cosignatures.

There is one writer, and what a unit of work that fails had entered goes with it: so positions have no gap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from gateway.errors import Conflict
from gateway.journal import (
    FROM_BEFORE,
    Batch,
    Cosignature,
    Entry,
    EntryKind,
    Stamp,
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
from gateway.stores import cases, rows
from gateway.stores.engine import sqlite

UNREADABLE = (ValueError, LookupError, TypeError, OverflowError)  # of a row that the gateway never wrote
_SIZE = "SELECT coalesce(max(position), -1) + 1 FROM journal"
_ENTER = f"INSERT INTO journal ({rows.ENTRY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_ENTER_NEXT = f"INSERT INTO journal ({rows.ENTRY}) VALUES (({_SIZE}), ?, ?, ?, ?, ?, ?, ?)"
_LATER_ENDS = """
SELECT position FROM (SELECT position, kind, at, lag(at, 1, at) OVER (ORDER BY position) AS before FROM journal)
WHERE kind NOT IN ('evidence', 'receipt') OR at < before LIMIT 1
"""
_IN_ORDER = """
SELECT at, 0 AS from_receipt, seq FROM evidence UNION ALL SELECT received_at, 1, seq FROM receipt ORDER BY 1, 2, 3
"""


def size(connection: sqlite.Connection) -> int:
    """See `ports.Reading.journal_size`."""
    return int(connection.execute(_SIZE).fetchone()[0])


def entered_later(connection: sqlite.Connection) -> int:
    """See `ports.Reading.entered_later`. All else came when the journal was there, and a party before any evidence."""
    found = connection.execute(_LATER_ENDS).fetchone()
    return size(connection) if found is None else int(found[0])


def enter(connection: sqlite.Connection, entry: Entry) -> int:
    """See `ports.Transaction.enter`."""
    added = connection.execute(_ENTER_NEXT, rows.entry_row(entry, 0)[1:])
    return int(added.lastrowid or 0)


def entries(connection: sqlite.Connection, *, first: int, limit: int) -> list[Entry]:
    """See `ports.Reading.journal_entries`."""
    sql = f"SELECT {rows.ENTRY} FROM journal WHERE position >= ? ORDER BY position LIMIT ?"
    return [rows.entry_of(row) for row in connection.execute(sql, (first, limit))]


def entry(connection: sqlite.Connection, kind: EntryKind, thing: str) -> Entry | None:
    """See `ports.Reading.journal_entry`."""
    sql = f"SELECT {rows.ENTRY} FROM journal WHERE id = ? AND kind = ? ORDER BY position DESC LIMIT 1"
    row = connection.execute(sql, (thing, kind)).fetchone()
    return row and rows.entry_of(row)


# the tree over them


def nodes(connection: sqlite.Connection, places: Sequence[tuple[int, int]]) -> list[bytes]:
    """See `ports.Reading.journal_nodes`."""
    sql = "SELECT hash FROM journal_node WHERE level = ? AND place = ?"
    return [bytes(connection.execute(sql, each).fetchone()[0]) for each in places]


def nodes_of_level(connection: sqlite.Connection, level: int, *, first: int, limit: int) -> dict[int, bytes]:
    """See `ports.Reading.nodes_of_level`."""
    sql = "SELECT place, hash FROM journal_node WHERE level = ? AND place BETWEEN ? AND ?"
    return {place: bytes(digest) for place, digest in connection.execute(sql, (level, first, first + limit - 1))}


def node_count(connection: sqlite.Connection) -> int:
    """See `ports.Reading.node_count`."""
    return int(connection.execute("SELECT count(*) FROM journal_node").fetchone()[0])


def newest_batch(connection: sqlite.Connection) -> Batch | None:
    """See `ports.Reading.newest_batch`."""
    row = connection.execute("SELECT size, checkpoint FROM journal_batch ORDER BY size DESC LIMIT 1").fetchone()
    return row and _batch(row)


def batches(connection: sqlite.Connection, *, after: int, limit: int) -> list[Batch]:
    """See `ports.Reading.batches`."""
    sql = "SELECT size, checkpoint FROM journal_batch WHERE size > ? ORDER BY size LIMIT ?"
    return [_batch(row) for row in connection.execute(sql, (after, limit))]


def add_batch(
    connection: sqlite.Connection, batch: Batch, *, after: int, grown: Sequence[tuple[int, int, bytes]]
) -> bool:
    """See `ports.Transaction.add_batch`."""
    newest = newest_batch(connection)
    if (newest.size if newest else 0) != after:
        return False
    connection.executemany("INSERT INTO journal_node (level, place, hash) VALUES (?, ?, ?)", grown)
    connection.execute("INSERT INTO journal_batch (size, checkpoint) VALUES (?, ?)", (batch.size, batch.checkpoint))
    return True


def _batch(row: rows.Row) -> Batch:
    return Batch(size=row[0], checkpoint=bytes(row[1]))


# time stamps


def stamped_size(connection: sqlite.Connection) -> int:
    """See `ports.Reading.stamped_size`."""
    return int(connection.execute("SELECT coalesce(max(size), 0) FROM journal_stamp").fetchone()[0])


def stamp_over(connection: sqlite.Connection, position: int) -> Stamp | None:
    """See `ports.Reading.stamp_over`."""
    return _one(connection, "size > ? ORDER BY size LIMIT 1", position)


def stamp(connection: sqlite.Connection, number: int) -> Stamp | None:
    """See `ports.Reading.stamp`."""
    return _one(connection, "number = ?", number)


def stamps(connection: sqlite.Connection, *, after: int, limit: int) -> list[Stamp]:
    """See `ports.Reading.stamps`."""
    return _stamps(connection, "number > ? ORDER BY number LIMIT ?", after, limit)


def stamps_renewed_by(connection: sqlite.Connection, number: int) -> list[Stamp]:
    """See `ports.Reading.stamps_renewed_by`."""
    return _stamps(connection, "renewed_by = ? ORDER BY number", number)


def stamps_to_renew(connection: sqlite.Connection, *, after: int, before: int, limit: int) -> list[Stamp]:
    """See `ports.Reading.stamps_to_renew`."""
    chosen = (
        "SELECT number FROM journal_stamp WHERE renewed_by IS NULL AND ends_at > ? AND ends_at < ? "
        "ORDER BY ends_at LIMIT ?"
    )
    return _stamps(connection, f"number IN ({chosen}) ORDER BY number", after, before, limit)


def stamps_rehashed_by(connection: sqlite.Connection, number: int) -> list[Stamp]:
    """See `ports.Reading.stamps_rehashed_by`."""
    return _stamps(connection, "rehashed_by = ? ORDER BY coalesce(first, anew_from)", number)


def stamps_to_rehash(connection: sqlite.Connection, *, digests: Sequence[str], limit: int) -> list[Stamp]:
    """See `ports.Reading.stamps_to_rehash`."""
    weak = ", ".join("?" * len(digests))
    condition = f"rehashed_by IS NULL AND coalesce(first, anew_from) IS NOT NULL AND digest IN ({weak})"
    return _stamps(connection, f"{condition} ORDER BY coalesce(first, anew_from) LIMIT ?", *digests, limit)


def newest_stamp(connection: sqlite.Connection) -> int:
    """See `ports.Reading.newest_stamp`."""
    return int(connection.execute("SELECT coalesce(max(number), 0) FROM journal_stamp").fetchone()[0])


def first_stamp_end(connection: sqlite.Connection) -> int | None:
    """See `ports.Reading.first_stamp_end`."""
    sql = "SELECT min(ends_at) FROM journal_stamp WHERE renewed_by IS NULL"
    return connection.execute(sql).fetchone()[0]  # type: ignore[no-any-return]


def add_stamp(connection: sqlite.Connection, new: Stamp, *, renews: Sequence[int]) -> int | None:
    """See `ports.Transaction.add_stamp`."""
    if new.covers is not None and new.covers[0] != stamped_size(connection):
        return None
    number = newest_stamp(connection) + 1
    renew = "UPDATE journal_stamp SET renewed_by = ? WHERE number = ? AND renewed_by IS NULL"
    for each in renews:
        if not connection.execute(renew, (number, each)).rowcount:
            raise Conflict("renewal-overtaken", "one of the time stamps was renewed meanwhile; do it again")
    _insert(connection, new, number)
    return number


_LAST = """
WITH RECURSIVE later(number) AS (
    SELECT ?1 UNION SELECT renewed_by FROM journal_stamp JOIN later USING (number) WHERE renewed_by IS NOT NULL)
SELECT number FROM later JOIN journal_stamp USING (number) WHERE renewed_by IS NULL
"""
_LEFT = """
WITH RECURSIVE below(number) AS (
    SELECT ?1 UNION SELECT journal_stamp.number FROM journal_stamp JOIN below ON renewed_by = below.number)
SELECT 1 FROM below JOIN journal_stamp USING (number) WHERE coalesce(first, anew_from) IS NOT NULL
    AND rehashed_by IS NULL
"""


def add_rehashing(connection: sqlite.Connection, new: Stamp, *, rehashes: Sequence[int], after: int) -> int:
    """See `ports.Transaction.add_rehashing`.

    What has a new chain above it is renewed by that chain: the last stamp of the old one, once nothing else needs it.
    """
    sql = "SELECT 1 FROM journal_stamp WHERE number > ? AND first IS NULL"
    if connection.execute(sql, (after,)).fetchone() is not None:
        raise Conflict("renewal-overtaken", "one of the time stamps was renewed meanwhile; do it again")
    number = newest_stamp(connection) + 1
    _insert(connection, new, number)
    lasts = [connection.execute(_LAST, (each,)).fetchone()[0] for each in rehashes]
    rehash = "UPDATE journal_stamp SET rehashed_by = ? WHERE number = ?"
    connection.executemany(rehash, [(number, each) for each in rehashes])
    for last in dict.fromkeys(lasts):
        if connection.execute(_LEFT, (last,)).fetchone() is None:
            connection.execute("UPDATE journal_stamp SET renewed_by = ? WHERE number = ?", (number, last))
    return number


def _insert(connection: sqlite.Connection, new: Stamp, number: int) -> None:
    row = rows.stamp_row(new, number)
    marks = ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO journal_stamp ({rows.STAMP}) VALUES ({marks})", row)


def _one(connection: sqlite.Connection, condition: str, *values: int) -> Stamp | None:
    found = _stamps(connection, condition, *values)
    return found[0] if found else None


def _stamps(connection: sqlite.Connection, condition: str, *values: int | str) -> list[Stamp]:
    found = connection.execute(f"SELECT {rows.STAMP} FROM journal_stamp WHERE {condition}", values)
    return [rows.stamp_of(row) for row in found]


# witnesses


def cosignatures(connection: sqlite.Connection, size: int) -> list[Cosignature]:
    """See `ports.Reading.cosignatures`."""
    sql = "SELECT size, witness, line FROM journal_cosignature WHERE size = ? ORDER BY witness"
    return [Cosignature(size=row[0], witness=row[1], line=row[2]) for row in connection.execute(sql, (size,))]


def cosigned_size(connection: sqlite.Connection, witness: str) -> int:
    """See `ports.Reading.cosigned_size`."""
    sql = "SELECT coalesce(max(size), 0) FROM journal_cosignature WHERE witness = ?"
    return int(connection.execute(sql, (witness,)).fetchone()[0])


def cosigned_after(connection: sqlite.Connection, position: int) -> int | None:
    """See `ports.Reading.cosigned_after`."""
    sql = "SELECT min(size) FROM journal_cosignature WHERE size > ?"
    return connection.execute(sql, (position,)).fetchone()[0]  # type: ignore[no-any-return]


def add_cosignature(connection: sqlite.Connection, new: Cosignature) -> None:
    """See `ports.Transaction.add_cosignature`."""
    connection.execute(
        "INSERT INTO journal_cosignature (size, witness, line) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (new.size, new.witness, new.line),
    )


# files from before there was a journal


_RECEIPT_THEN = "id, delivery_id, digest, received_at, outcome, evidence_id, raw, NULL"
"""The columns of a receipt in a file without a journal."""


def enter_all(connection: sqlite.Connection) -> None:
    """Enter everything that a file without a journal holds, by the time at which it came."""
    made = (rows.entry_row(each, position) for position, each in enumerate(_before(connection)))
    connection.executemany(_ENTER, made)


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
        with suppress(*UNREADABLE):
            enter(connection, entry_of_party(party_of(record), at=now))


def enter_holdings(connection: sqlite.Connection) -> None:
    """Enter what is on file of forms, the keys that are kept for parties and the tokens that they have, of a file that
    was made before the journal knew of these; each as it is, as in `enter_register`."""
    now = datetime.now(UTC)
    for (of,) in connection.execute("SELECT submission_id FROM filed ORDER BY seq").fetchall():
        with suppress(*UNREADABLE):
            on_file = cases.on_file(connection, of)
            if on_file is not None:
                enter(connection, entry_of_filing(on_file, at=now))
    for row in connection.execute(f"SELECT {rows.HOSTED_KEY} FROM hosted_key ORDER BY party").fetchall():
        with suppress(*UNREADABLE):
            enter(connection, entry_of_hosted_key(rows.hosted_key_of(row), at=now))
    for token_hash, party, at in connection.execute("SELECT hash, party, created_at FROM token").fetchall():
        with suppress(*UNREADABLE):
            enter(connection, entry_of_token(token_hash, party, given=True, at=rows.from_ms(at)))


def enter_further_keys(connection: sqlite.Connection) -> None:
    """Enter the further keys of a file that was made before the journal knew of these, as in `enter_register`. Which of
    them the gateway wrote, nobody can tell."""
    now = datetime.now(UTC)
    for row in connection.execute(f"SELECT {rows.FURTHER_KEY} FROM further_key").fetchall():
        with suppress(*UNREADABLE):
            enter(connection, entry_of_further_key(rows.further_key_of(row), at=now, code=FROM_BEFORE))


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
        with suppress(*UNREADABLE):
            enter(connection, entry_of_name(name, at=now))
