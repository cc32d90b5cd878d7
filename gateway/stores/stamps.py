"""Time stamps over the journal in SQL: each covers entries, or others, or anew what others cover."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.errors import Conflict
from gateway.journal import Stamp
from gateway.stores.engine import sqlite
from gateway.stores.rows import Row, from_ms, to_ms

_DIGESTS = ("sha256", "sha384", "sha512")
_STAMP = "number, first, size, stamped_at, ends_at, token, renewed_by, digest, anew_from, rehashed_by"


def covered_size(connection: sqlite.Connection) -> int:
    """See `ports.Reading.stamped_size`."""
    return int(connection.execute("SELECT coalesce(max(size), 0) FROM journal_stamp").fetchone()[0])


def over(connection: sqlite.Connection, position: int) -> Stamp | None:
    """See `ports.Reading.stamp_over`."""
    return _one(connection, "size > ? ORDER BY size LIMIT 1", position)


def numbered(connection: sqlite.Connection, number: int) -> Stamp | None:
    """See `ports.Reading.stamp`."""
    return _one(connection, "number = ?", number)


def after(connection: sqlite.Connection, *, after: int, limit: int) -> list[Stamp]:
    """See `ports.Reading.stamps`."""
    return _stamps(connection, "number > ? ORDER BY number LIMIT ?", after, limit)


def renewed_by(connection: sqlite.Connection, number: int) -> list[Stamp]:
    """See `ports.Reading.stamps_renewed_by`."""
    return _stamps(connection, "renewed_by = ? ORDER BY number", number)


def to_renew(connection: sqlite.Connection, *, after: int, before: int, limit: int) -> list[Stamp]:
    """See `ports.Reading.stamps_to_renew`."""
    chosen = (
        "SELECT number FROM journal_stamp WHERE renewed_by IS NULL AND ends_at > ? AND ends_at < ? "
        "ORDER BY ends_at LIMIT ?"
    )
    return _stamps(connection, f"number IN ({chosen}) ORDER BY number", after, before, limit)


def rehashed_by(connection: sqlite.Connection, number: int) -> list[Stamp]:
    """See `ports.Reading.stamps_rehashed_by`."""
    return _stamps(connection, "rehashed_by = ? ORDER BY coalesce(first, anew_from)", number)


def to_rehash(connection: sqlite.Connection, *, digests: Sequence[str], limit: int) -> list[Stamp]:
    """See `ports.Reading.stamps_to_rehash`."""
    weak = ", ".join("?" * len(digests))
    condition = f"rehashed_by IS NULL AND coalesce(first, anew_from) IS NOT NULL AND digest IN ({weak})"
    return _stamps(connection, f"{condition} ORDER BY coalesce(first, anew_from) LIMIT ?", *digests, limit)


def newest(connection: sqlite.Connection) -> int:
    """See `ports.Reading.newest_stamp`."""
    return int(connection.execute("SELECT coalesce(max(number), 0) FROM journal_stamp").fetchone()[0])


def first_end(connection: sqlite.Connection) -> int | None:
    """See `ports.Reading.first_stamp_end`."""
    sql = "SELECT min(ends_at) FROM journal_stamp WHERE renewed_by IS NULL"
    return connection.execute(sql).fetchone()[0]  # type: ignore[no-any-return]


def add(connection: sqlite.Connection, new: Stamp, *, renews: Sequence[int]) -> int | None:
    """See `ports.Transaction.add_stamp`."""
    if new.covers is not None and new.covers[0] != covered_size(connection):
        return None
    number = newest(connection) + 1
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
    number = newest(connection) + 1
    _insert(connection, new, number)
    lasts = [connection.execute(_LAST, (each,)).fetchone()[0] for each in rehashes]
    rehash = "UPDATE journal_stamp SET rehashed_by = ? WHERE number = ?"
    connection.executemany(rehash, [(number, each) for each in rehashes])
    for last in dict.fromkeys(lasts):
        if connection.execute(_LEFT, (last,)).fetchone() is None:
            connection.execute("UPDATE journal_stamp SET renewed_by = ? WHERE number = ?", (number, last))
    return number


def _insert(connection: sqlite.Connection, new: Stamp, number: int) -> None:
    row = _stamp_row(new, number)
    marks = ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO journal_stamp ({_STAMP}) VALUES ({marks})", row)


def _one(connection: sqlite.Connection, condition: str, *values: int) -> Stamp | None:
    found = _stamps(connection, condition, *values)
    return found[0] if found else None


def _stamps(connection: sqlite.Connection, condition: str, *values: int | str) -> list[Stamp]:
    found = connection.execute(f"SELECT {_STAMP} FROM journal_stamp WHERE {condition}", values)
    return [_stamp_of(row) for row in found]


def _stamp_of(row: Row) -> Stamp:
    """From the columns of _STAMP. Raises ValueError for a row that the gateway never wrote."""
    if (row[1] is None) != (row[2] is None):
        raise ValueError("a time stamp covers from one position to another, or none")
    if row[7] not in _DIGESTS:
        raise ValueError("a hash tree has a digest that is known")
    return Stamp(
        number=row[0],
        covers=None if row[1] is None else (row[1], row[2]),
        stamped_at=from_ms(row[3]),
        ends_at=from_ms(row[4]),
        token=bytes(row[5]),
        renewed_by=row[6],
        digest_name=row[7],
        anew_from=row[8],
        rehashed_by=row[9],
    )


def _stamp_row(stamp: Stamp, number: int) -> Row:
    """To the columns of _STAMP."""
    first, size = stamp.covers or (None, None)
    at, ends = to_ms(stamp.stamped_at), to_ms(stamp.ends_at)
    anew = (stamp.digest_name, stamp.anew_from, stamp.rehashed_by)
    return (number, first, size, at, ends, stamp.token, stamp.renewed_by, *anew)
