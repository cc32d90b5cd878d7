"""Cases in SQLite: forms that share a link belong together; whoever sent or received one of them sees its case."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.model import CaseId, Filed, PartyId, SubmissionId, new_id
from gateway.ports import MAX_CASE
from gateway.stores import rows
from gateway.stores.engine import sqlite

_NEWEST = (
    f"SELECT {rows.FILED} FROM (SELECT * FROM filed WHERE case_id IN ({{cases}}) ORDER BY seq DESC LIMIT {MAX_CASE}) "
    "AS filed JOIN submission ON submission.id = filed.submission_id "
    "LEFT JOIN body_key ON body_key.submission_id = submission.id "
    "LEFT JOIN delivery ON delivery.submission_id = submission.id ORDER BY filed.seq, delivery.seq"
)


def filed_under(connection: sqlite.Connection, links: Sequence[str]) -> list[Filed]:
    """See `ports.Reading.filed_under`."""
    sql = _NEWEST.format(cases=f"SELECT case_id FROM case_link WHERE link IN ({_marks(links)})")
    return rows.filed_of(connection.execute(sql, tuple(links)))


def case(connection: sqlite.Connection, case_id: CaseId) -> list[Filed]:
    """See `ports.Reading.case`."""
    return rows.filed_of(connection.execute(_NEWEST.format(cases="?"), (case_id,)))


def cases_of(connection: sqlite.Connection, party: PartyId, *, after: int, limit: int) -> list[tuple[int, CaseId]]:
    """See `ports.Reading.cases_of`."""
    sql = "SELECT seq, case_id FROM case_party WHERE party = ? AND seq > ? ORDER BY seq LIMIT ?"
    return [(seq, CaseId(case_id)) for seq, case_id in connection.execute(sql, (party, after, limit))]


def file(
    connection: sqlite.Connection, submission_id: SubmissionId, *, links: Sequence[str], sealed_facts: bytes
) -> CaseId:
    """See `ports.Transaction.file`."""
    known = connection.execute(
        f"SELECT DISTINCT case_id FROM case_link WHERE link IN ({_marks(links)}) ORDER BY case_id", tuple(links)
    ).fetchall()
    case_id = CaseId(known[0][0] if known else new_id())
    for (other,) in known[1:]:
        _join(connection, other, case_id)
    connection.executemany(
        "INSERT INTO case_link (link, case_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
        [(link, case_id) for link in links],
    )
    connection.execute(
        "INSERT INTO filed (case_id, submission_id, facts) VALUES (?, ?, ?)", (case_id, submission_id, sealed_facts)
    )
    (sender,) = connection.execute("SELECT sender FROM submission WHERE id = ?", (submission_id,)).fetchone()
    concern(connection, case_id, sender)
    return case_id


def concern(connection: sqlite.Connection, case_id: CaseId, party: str) -> None:
    """Let the party see the case: it has sent or received a form of it."""
    connection.execute("INSERT INTO case_party (party, case_id) VALUES (?, ?) ON CONFLICT DO NOTHING", (party, case_id))


def _join(connection: sqlite.Connection, other: str, case_id: CaseId) -> None:
    connection.execute(
        "UPDATE delivery SET case_id = ? WHERE submission_id IN (SELECT submission_id FROM filed WHERE case_id = ?)",
        (case_id, other),
    )
    connection.execute("UPDATE filed SET case_id = ? WHERE case_id = ?", (case_id, other))
    connection.execute("UPDATE case_link SET case_id = ? WHERE case_id = ?", (case_id, other))
    connection.execute("UPDATE OR IGNORE case_party SET case_id = ? WHERE case_id = ?", (case_id, other))
    connection.execute("DELETE FROM case_party WHERE case_id = ?", (other,))


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))
