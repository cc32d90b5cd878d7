"""The journal in SQL: entries without a gap, the nodes of their tree, batches, cosignatures. Time stamps: `stamps.py`.

There is one writer, and what a unit of work that fails had entered goes with it: so positions have no gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gateway.journal import Batch, Cosignature, Entry, EntryKind
from gateway.stores.engine import Runner, sqlite
from gateway.stores.rows import Row, from_ms, to_ms

_SIZE = "SELECT coalesce(max(position), -1) + 1 FROM journal"
_ENTRY = "position, kind, id, of, at, code, digest, salt"
_ENTER = f"INSERT INTO journal ({_ENTRY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_ENTER_NEXT = f"INSERT INTO journal ({_ENTRY}) VALUES (({_SIZE}), ?, ?, ?, ?, ?, ?, ?)"
_LATER_ENDS = """
SELECT position FROM (SELECT position, kind, at, lag(at, 1, at) OVER (ORDER BY position) AS before FROM journal)
WHERE kind NOT IN ('evidence', 'receipt') OR at < before LIMIT 1
"""


def size(connection: sqlite.Connection) -> int:
    """See `ports.Reading.journal_size`."""
    return int(connection.execute(_SIZE).fetchone()[0])


def entered_later(connection: sqlite.Connection) -> int:
    """See `ports.Reading.entered_later`. All else came when the journal was there, and a party before any evidence."""
    found = connection.execute(_LATER_ENDS).fetchone()
    return size(connection) if found is None else int(found[0])


def enter(runner: Runner, entry: Entry) -> int:
    """See `ports.Transaction.enter`."""
    added = runner.execute(_ENTER_NEXT, _entry_row(entry, 0)[1:])
    return int(added.lastrowid or 0)


def begin(connection: sqlite.Connection, first: Iterable[Entry]) -> None:
    """Enter the first entries of a journal that is empty."""
    connection.executemany(_ENTER, (_entry_row(each, position) for position, each in enumerate(first)))


def entries(connection: sqlite.Connection, *, first: int, limit: int) -> list[Entry]:
    """See `ports.Reading.journal_entries`."""
    sql = f"SELECT {_ENTRY} FROM journal WHERE position >= ? ORDER BY position LIMIT ?"
    return [_entry_of(row) for row in connection.execute(sql, (first, limit))]


def entry(connection: sqlite.Connection, kind: EntryKind, thing: str) -> Entry | None:
    """See `ports.Reading.journal_entry`."""
    sql = f"SELECT {_ENTRY} FROM journal WHERE id = ? AND kind = ? ORDER BY position DESC LIMIT 1"
    row = connection.execute(sql, (thing, kind)).fetchone()
    return row and _entry_of(row)


def _entry_of(row: Row) -> Entry:
    """From the columns of _ENTRY. Raises ValueError for a row that the gateway never wrote."""
    return Entry(
        position=row[0],
        kind=EntryKind(row[1]),
        id=row[2],
        of=row[3],
        at=from_ms(row[4]),
        code=row[5],
        digest=bytes(row[6]),
        salt=bytes(row[7]),
    )


def _entry_row(entry: Entry, position: int) -> Row:
    """To the columns of _ENTRY."""
    at = to_ms(entry.at)
    return (position, entry.kind, entry.id, entry.of, at, entry.code, entry.digest, entry.salt)


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


def _batch(row: Row) -> Batch:
    return Batch(size=row[0], checkpoint=bytes(row[1]))


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
