"""What was known of certificates after a form was handed in, and what is asked of them again.

The certificate of a signatory names a person. It waits for an answer as a body of its form, encrypted under the form's
key, and goes when the answer comes or the form is erased.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from gateway.model import Inquiry, SubmissionId, Unanswered, ValidationItem, ValidationRecord
from gateway.stores import rows
from gateway.stores.at_rest import Damaged, open_body, seal_body
from gateway.stores.bodies import BodyKeys
from gateway.stores.engine import sqlite
from gateway.stores.rows import from_ms, maybe_at, to_ms

_DUE = """
SELECT seq, inquiry.submission_id, about, path, used_at, since, tries, body_key.key
FROM inquiry JOIN body_key USING (submission_id) WHERE next_at <= ? ORDER BY next_at LIMIT ?
"""
_ALL = """
SELECT inquiry.submission_id, about, next_at, tries, used_at, path, body_key.key
FROM inquiry LEFT JOIN body_key USING (submission_id)
"""
_LATER = "SELECT record, id, about FROM later_validation WHERE"


def record_of(
    connection: sqlite.Connection, raw: bytes, *, record_id: str | None = None, about: str = "form"
) -> ValidationRecord:
    """A validation record with what of the named items is there."""
    told = json.loads(raw)
    sql = f"SELECT kind, digest, raw FROM validation_item WHERE digest IN ({', '.join('?' * len(told['kept']))})"
    return ValidationRecord(
        at=datetime.fromisoformat(told["at"]),
        outcome=told["outcome"],
        raw=bytes(raw),
        items=tuple(map(rows.item_of, connection.execute(sql, told["kept"]))),
        id=record_id,
        about=about,
    )


def later(connection: sqlite.Connection, record_id: str) -> ValidationRecord | None:
    """See `ports.Reading.later_validation`."""
    return next(_found(connection, f"{_LATER} id = ?", record_id), None)


def later_of(connection: sqlite.Connection, of: str) -> Sequence[ValidationRecord]:
    """See `ports.Reading.later_validations`."""
    return list(_found(connection, f"{_LATER} of = ? ORDER BY seq", of))


def newest(connection: sqlite.Connection, about: str, *, limit: int) -> Sequence[ValidationRecord]:
    """See `ports.Reading.newest_validations`."""
    return list(_found(connection, f"{_LATER} about = ? ORDER BY seq DESC LIMIT ?", about, limit))


def _found(connection: sqlite.Connection, sql: str, *values: object) -> Iterator[ValidationRecord]:
    for raw, record_id, about in connection.execute(sql, values).fetchall():
        yield record_of(connection, raw, record_id=record_id, about=about)


def keep_items(connection: sqlite.Connection, items: Sequence[ValidationItem]) -> None:
    """Keep what issuers said, each thing once for all."""
    connection.executemany(
        "INSERT INTO validation_item (digest, kind, raw) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(item.digest, item.kind, item.raw) for item in items],
    )


def keep_later(connection: sqlite.Connection, of: str, record: ValidationRecord) -> None:
    """Keep a record that has an id of its own."""
    kept = (record.id, of, record.about, record.raw)
    connection.execute("INSERT INTO later_validation (id, of, about, record) VALUES (?, ?, ?, ?)", kept)
    keep_items(connection, record.items)


def inquire(
    connection: sqlite.Connection, keys: BodyKeys, submission_id: SubmissionId, record: ValidationRecord
) -> None:
    """Have what is unanswered asked again."""
    for each in record.unanswered:
        path = json.dumps([base64.b64encode(der).decode() for der in each.path]).encode()
        kept = keys.keep(path, submission_id=submission_id, of=_bound(submission_id, each.about, to_ms(each.used_at)))
        now = to_ms(record.at)
        connection.execute(
            "INSERT INTO inquiry (submission_id, about, path, used_at, since, tries, next_at) "
            "VALUES (?, ?, ?, ?, ?, 0, ?)",
            (submission_id, each.about, kept, to_ms(each.used_at), now, now),
        )


def due(connection: sqlite.Connection, *, now: datetime, limit: int) -> Sequence[Inquiry]:
    """See `ports.Reading.inquiries_due`. One whose path cannot be read has none."""
    found = []
    for number, of, about, kept, used_at, since, tries, key in connection.execute(_DUE, (to_ms(now), limit)):
        try:
            path = json.loads(open_body(key, kept, of=_bound(of, about, used_at)))
        except Damaged:
            path = []
        unanswered = Unanswered(about=about, path=tuple(map(base64.b64decode, path)), used_at=from_ms(used_at))
        found.append(Inquiry(number=number, submission_id=of, unanswered=unanswered, since=from_ms(since), tries=tries))
    return found


def waiting(connection: sqlite.Connection) -> tuple[int, datetime | None]:
    """See `ports.Reading.open_inquiries`."""
    count, since = connection.execute("SELECT count(*), min(since) FROM inquiry").fetchone()
    return count, maybe_at(since)


def ask_again(connection: sqlite.Connection, number: int, *, at: datetime) -> None:
    """See `ports.Transaction.ask_again`."""
    connection.execute("UPDATE inquiry SET tries = tries + 1, next_at = ? WHERE seq = ?", (to_ms(at), number))


def damaged(connection: sqlite.Connection, *, latest: int) -> list[str]:
    """The forms of which something will not be asked again: it is not as it was stored, or waits beyond `latest`."""
    return [
        of
        for of, about, next_at, tries, *sealed in connection.execute(_ALL)
        if next_at > latest or tries < 0 or not _opens(of, about, *sealed)
    ]


def _opens(of: str, about: str, used_at: int, kept: bytes, key: bytes | None) -> bool:
    try:
        return key is not None and bool(open_body(key, kept, of=_bound(of, about, used_at)))
    except Damaged:
        return False


def bind_times(connection: Any) -> None:
    """Bind the times of a file from before they were bound to what is asked again; what is damaged stays it."""
    for of, about, _, _, used_at, kept, key in connection.execute(_ALL).fetchall():
        with suppress(Damaged):
            path = open_body(key or b"", kept, of=f"inquiry {of} {about}")
            anew = seal_body(key or b"", path, of=_bound(of, about, used_at))
            connection.execute("UPDATE inquiry SET path = ? WHERE path = ?", (anew, kept))


def _bound(submission_id: str, about: str, used_at: int) -> str:
    return f"inquiry {submission_id} {about} {used_at}"
