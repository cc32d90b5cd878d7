"""Cases in SQLite: forms that share a link belong together; whoever sent or received one of them sees its case."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date
from itertools import groupby
from typing import Any

from gateway.errors import EngineFault
from gateway.filing import OnFile
from gateway.model import CaseId, DeliveryId, DeliveryState, Filed, FiledCopy, PartyId, PostFact, SubmissionId, new_id
from gateway.ports import MAX_CASE, MAX_NAMING
from gateway.stores import rows
from gateway.stores.at_rest import open_facts
from gateway.stores.engine import Runner, sqlite
from gateway.stores.rows import Row, from_ms, maybe_at
from signing import sha256

_FILED = (
    "filed.case_id, submission.id, submission.kind, submission.document_id, submission.digest, submission.sender, "
    "submission.accepted_at, filed.facts, body_key.key, delivery.id, delivery.role, delivery.party, "
    "delivery.consigned_at, delivery.handed_over_at, delivery.state, (SELECT group_concat(act) FROM "
    "(SELECT fact || ' ' || on_day AS act FROM postmark WHERE postmark.delivery_id = delivery.id ORDER BY seq))"
)
_FORMS = (
    f"SELECT {_FILED} FROM filed JOIN submission ON submission.id = filed.submission_id "
    "LEFT JOIN body_key ON body_key.submission_id = submission.id "
    "LEFT JOIN delivery ON delivery.submission_id = submission.id "
    "WHERE filed.seq IN ({chosen}) ORDER BY filed.seq, delivery.seq"
)
_NEWEST = f"SELECT seq FROM (SELECT seq FROM filed WHERE {{among}} ORDER BY seq DESC LIMIT {MAX_CASE})"
_BY_NUMBER = (
    "SELECT filed.seq FROM submission JOIN filed ON filed.submission_id = submission.id "
    "WHERE document_id IN ({named}) AND state <> 'rejected' AND {among}"
)
_KINDS = """
WITH RECURSIVE held (case_id, kind) AS (
    SELECT DISTINCT case_id, '' FROM case_link WHERE link IN ({links})
    UNION ALL
    SELECT case_id, (SELECT min(kind) FROM filed WHERE filed.case_id = held.case_id AND filed.kind > held.kind)
    FROM held WHERE kind IS NOT NULL)
SELECT case_id, kind FROM held WHERE kind > ''
"""
_OF_KIND = f"SELECT seq FROM filed WHERE case_id = ?1 AND kind = ?2 ORDER BY seq DESC LIMIT {MAX_CASE}"
_NAMING = f"""
SELECT seq FROM (SELECT seq, links FROM filed WHERE case_id = ?1 AND kind = ?2 ORDER BY seq DESC LIMIT {MAX_NAMING})
WHERE instr(links, ?3) ORDER BY seq DESC LIMIT {MAX_CASE}
"""
_OF_PARTY = (
    "case_id = ?1 AND (EXISTS (SELECT 1 FROM submission WHERE submission.id = submission_id AND sender = ?2) "
    "OR EXISTS (SELECT 1 FROM delivery WHERE delivery.submission_id = filed.submission_id AND party = ?2))"
)
LINKS = "json_each(CASE WHEN json_valid(filed.links) THEN filed.links ELSE '[]' END)"
"""The links that a form brought, as rows; none where they cannot be read, which the audit names like any change."""
_ON_FILE = f"""
SELECT filed.digest, facts, body_key.key, answer, (SELECT json_group_array(link) FROM {LINKS}
    JOIN case_link ON link = value WHERE case_link.case_id = filed.case_id)
FROM filed JOIN submission ON submission.id = submission_id LEFT JOIN body_key USING (submission_id)
WHERE submission_id = ?
"""
_FACTS = "SELECT submission_id, facts, body_key.key FROM filed JOIN body_key USING (submission_id)"


def filed_under(
    connection: sqlite.Connection, links: Sequence[str], named: Sequence[str] = (), own: str | None = None
) -> list[Filed]:
    """See `ports.Reading.filed_under`."""
    among = f"case_id IN (SELECT case_id FROM case_link WHERE link IN ({_marks(links)}))"
    chosen, values = _NEWEST.format(among=among), tuple(links)
    if named:
        by_number = _BY_NUMBER.format(named=_marks(named), among=among)
        chosen, values = f"{chosen} UNION {by_number}", (*links, *named, *links)
    found = _filed_of(connection.execute(_FORMS.format(chosen=chosen), values))
    if own is None or len(found) < MAX_CASE:
        return found
    seqs = {seq for (seq,) in connection.execute(chosen, values)}
    for case_id, kind in connection.execute(_KINDS.format(links=_marks(links)), tuple(links)).fetchall():
        seqs.update(seq for (seq,) in connection.execute(_OF_KIND, (case_id, kind)))
        seqs.update(seq for (seq,) in connection.execute(_NAMING, (case_id, kind, json.dumps(own))))
    every = _FORMS.format(chosen="SELECT value FROM json_each(?)")
    return _filed_of(connection.execute(every, (json.dumps(sorted(seqs)),)))


def case(connection: sqlite.Connection, case_id: CaseId, party: PartyId | None = None) -> list[Filed]:
    """See `ports.Reading.case`."""
    chosen = _NEWEST.format(among="case_id = ?1")
    if party is None:
        return _filed_of(connection.execute(_FORMS.format(chosen=chosen), (case_id,)))
    chosen = f"{chosen} UNION {_NEWEST.format(among=_OF_PARTY)}"
    return _filed_of(connection.execute(_FORMS.format(chosen=chosen), (case_id, party)))


def cases_of(connection: sqlite.Connection, party: PartyId, *, after: int, limit: int) -> list[tuple[int, CaseId]]:
    """See `ports.Reading.cases_of`."""
    sql = "SELECT seq, case_id FROM case_party WHERE party = ? AND seq > ? ORDER BY seq LIMIT ?"
    return [(seq, CaseId(case_id)) for seq, case_id in connection.execute(sql, (party, after, limit))]


def on_file(connection: sqlite.Connection, submission_id: SubmissionId) -> OnFile | None:
    """See `ports.Reading.on_file`. A link that leads elsewhere is none of it, and facts that are not as they were
    sealed have no digest."""
    row = connection.execute(_ON_FILE, (submission_id,)).fetchone()
    if row is None:
        return None
    digest, facts, key, answer, links = row
    return OnFile(
        submission_id=submission_id,
        answer=bytes(answer),
        links=json.loads(links),
        facts=digest if key is None or _is(digest, facts, key, submission_id) else "",
        terms=rows.terms_of(connection, submission_id),
        deliveries=rows.deliveries_of(connection, submission_id),
    )


def bind_facts(connection: Any) -> None:
    """Keep the digests of the facts of a file that had none; of an erased form there is none to be had."""
    for of, facts, key in connection.execute(_FACTS).fetchall():
        with suppress(EngineFault):
            digest = sha256(open_facts(key, facts, submission_id=of))
            connection.execute("UPDATE filed SET digest = ? WHERE submission_id = ?", (digest, of))


def _is(digest: str, facts: bytes, key: bytes, submission_id: SubmissionId) -> bool:
    try:
        return sha256(open_facts(key, facts, submission_id=submission_id)) == digest
    except EngineFault:
        return False


def file(
    connection: sqlite.Connection,
    submission_id: SubmissionId,
    *,
    links: Sequence[str],
    sealed_facts: bytes,
    digest: str,
) -> CaseId:
    """See `ports.Transaction.file`. sealed_facts: as they are stored. digest: of what is inside."""
    known = connection.execute(
        f"SELECT DISTINCT case_id FROM case_link WHERE link IN ({_marks(links)}) ORDER BY case_id", tuple(links)
    ).fetchall()
    case_id = CaseId(known[0][0] if known else new_id())
    of_form = "SELECT sender, kind FROM submission WHERE id = ?"
    sender, kind = connection.execute(of_form, (submission_id,)).fetchone()
    for (other,) in known[1:]:
        _join(connection, other, case_id)
    connection.executemany(
        "INSERT INTO case_link (link, case_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
        [(link, case_id) for link in links],
    )
    connection.execute(
        "INSERT INTO filed (case_id, submission_id, kind, facts, digest, links) VALUES (?, ?, ?, ?, ?, ?)",
        (case_id, submission_id, kind, sealed_facts, digest, json.dumps(list(links))),
    )
    concern(connection, case_id, sender)
    return case_id


def concern(runner: Runner, case_id: CaseId, party: str) -> None:
    """Let the party see the case: it has sent or received a form of it."""
    runner.execute("INSERT INTO case_party (party, case_id) VALUES (?, ?) ON CONFLICT DO NOTHING", (party, case_id))


def _join(connection: sqlite.Connection, other: str, case_id: CaseId) -> None:
    connection.execute(
        "UPDATE delivery SET case_id = ? WHERE submission_id IN (SELECT submission_id FROM filed WHERE case_id = ?)",
        (case_id, other),
    )
    brought = f"SELECT value FROM filed, {LINKS} WHERE case_id = ?"
    connection.execute(
        f"UPDATE case_link SET case_id = ? WHERE case_id = ? AND link IN ({brought})", (case_id, other, other)
    )
    connection.execute("UPDATE filed SET case_id = ? WHERE case_id = ?", (case_id, other))
    connection.execute("UPDATE OR IGNORE case_party SET case_id = ? WHERE case_id = ?", (case_id, other))
    connection.execute("DELETE FROM case_party WHERE case_id = ?", (other,))


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))


def _filed_of(found: Iterable[Row]) -> list[Filed]:
    """From the columns of _FILED, one row per copy, those of one form together."""
    return [_filed(list(each)) for _, each in groupby(found, key=lambda row: row[1])]


def _filed(of_form: list[Row]) -> Filed:
    row = of_form[0]
    return Filed(
        case_id=CaseId(row[0]),
        submission_id=SubmissionId(row[1]),
        kind=row[2],
        document_id=row[3],
        digest=row[4],
        sender=PartyId(row[5]),
        accepted_at=from_ms(row[6]),
        sealed_facts=open_facts(row[8], row[7], submission_id=row[1]),
        copies=tuple(_filed_copy(row[9:]) for row in of_form if row[9] is not None),
    )


def _filed_copy(row: Row) -> FiledCopy:
    """posted: "deposited 2026-11-22,delivered 2026-11-24", in the order in which it became known."""
    delivery_id, role, party, consigned_at, handed_over_at, state, posted = row
    acts = [] if posted is None else [act.split(" ") for act in posted.split(",")]
    days = {fact: tuple(date.fromisoformat(day) for done, day in acts if done == fact) for fact in PostFact}
    with_the_post = bool(acts) and acts[-1][0] == PostFact.DEPOSITED
    return FiledCopy(
        id=DeliveryId(delivery_id),
        role=role,
        party=PartyId(party),
        consigned_at=from_ms(consigned_at),
        handed_over_at=maybe_at(handed_over_at),
        posted_on=days[PostFact.DEPOSITED],
        delivered_on=days[PostFact.DELIVERED],
        on_paper=with_the_post or state == DeliveryState.PAPER_QUEUED,
    )
