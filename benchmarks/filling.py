"""Rows by the hundred thousand, written straight into the store's tables: what a large store looks like, in seconds.

They are copies of rows that the gateway wrote itself. No body is behind them; what is measured over them reads none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from gateway.stores.engine import sqlite

STEP = 50_000
_NUMBERS = "WITH RECURSIVE number(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM number WHERE n < {last})"
# What must differ from copy to copy; expressions over the number `n` of the copy.
_SUBMISSION_ID = "printf('{tag}-%012d', n)"
_SUBMISSION = {
    "id": _SUBMISSION_ID,
    "idempotency_key": _SUBMISSION_ID,
    "document_id": _SUBMISSION_ID,
}
_DELIVERY = {
    "id": "printf('{tag}-%012d', n)",
    "submission_id": _SUBMISSION_ID,
    "case_id": _SUBMISSION_ID,
    "turn": "1000000000 + n",
}
_ARM = "INSERT INTO lane (party, next_at, failures, paused_until) VALUES (?, 0, 0, 0) ON CONFLICT DO NOTHING"


def pile_up(store: Path, count: int, *, parties: Sequence[str]) -> None:
    """Let `count` more copies wait to be pushed, for `parties` in turn. There must be a copy that waits."""
    names = ", ".join(f"({number}, '{party}')" for number, party in enumerate(parties))
    party = f"(SELECT column2 FROM (VALUES {names}) WHERE column1 = n % {len(parties)})"
    with closing(_connect(store)) as connection:
        _copy(connection, "delivery", count, _DELIVERY | {"party": party}, tag="pending", where="due_at IS NOT NULL")
        connection.executemany(_ARM, [(each,) for each in parties])


def grow(store: Path, submissions: int) -> None:
    """Let the store hold `submissions` more, each with its copies as the first one has them."""
    with closing(_connect(store)) as connection:
        _copy(connection, "submission", submissions, _SUBMISSION, tag="stored", where="true")
        for (seq,) in connection.execute("SELECT seq FROM delivery ORDER BY seq").fetchall():
            numbered = _DELIVERY | {"id": f"printf('{{tag}}-%012d-{seq}', n)"}
            _copy(connection, "delivery", submissions, numbered, tag="stored", where=f"seq = {seq}")


def _copy(
    connection: sqlite.Connection, table: str, count: int, different: Mapping[str, str], *, tag: str, where: str
) -> None:
    """Copies of the first row of `table` that is so, numbered from 0."""
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] != "seq"]
    values = ", ".join(different.get(column, column).format(tag=tag) for column in columns)
    source = f"(SELECT * FROM {table} WHERE {where} ORDER BY seq LIMIT 1)"
    for first in range(0, count, STEP):
        numbers = _NUMBERS.format(first=first, last=min(first + STEP, count) - 1)
        connection.execute(
            f"{numbers} INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {source}, number"
        )


def _connect(store: Path) -> sqlite.Connection:
    connection = sqlite.connect(str(store), isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")  # if the power fails, the benchmark is over too
    return connection
