"""What an audit asks of the tables as a whole: rows that hang in the air, queues that nobody will look at, damage.

Everything else an audit reads through the same look-ups as everybody. Codes are those of `gateway.audit`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby
from operator import itemgetter

from gateway.inquiries import SCHEDULE
from gateway.model import CaseId, PartyId, SubmissionId
from gateway.partyrecord import party_of, party_record
from gateway.ports import LooseEnd
from gateway.stores import inquiries
from gateway.stores.cases import LINKS
from gateway.stores.engine import sqlite

MILLISECOND = timedelta(milliseconds=1)
CLOCKS_APART = timedelta(hours=1)  # that of an audit may be behind the one by which something was put off
MOMENT_MS = 5_000  # a lane that is full, or being claimed, is looked at again within a moment
_NO_SUBMISSION = "NOT EXISTS (SELECT 1 FROM submission WHERE submission.id = submission_id)"
_NO_DELIVERY = "NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.id = delivery_id)"
_NO_ENTRY = "NOT EXISTS (SELECT 1 FROM journal WHERE journal.id = {0}.id AND journal.kind = '{0}')"
_OF_NO_FORM = "(about LIKE 'seal %' OR about LIKE 'authority %')"
# The newest entry about a token says who has it, since when.
_GIVEN = """
SELECT 1 FROM (SELECT of, at, code FROM journal WHERE journal.id = hash AND journal.kind = 'access'
    ORDER BY position DESC LIMIT 1) WHERE of = party AND at = created_at AND code = 'given'
"""
# Who has a token according to the journal, and has it not; from whom one was taken that nobody had been given.
_ACCESS_TO_NOTHING = """
SELECT of FROM journal AS entry WHERE kind = 'access' AND code = 'given'
AND NOT EXISTS (SELECT 1 FROM token WHERE hash = entry.id) AND NOT EXISTS (
    SELECT 1 FROM journal AS later WHERE later.kind = 'access' AND later.id = entry.id
    AND later.position > entry.position)
UNION SELECT of FROM journal AS entry WHERE kind = 'access' AND code = 'taken' AND NOT EXISTS (
    SELECT 1 FROM journal AS earlier WHERE earlier.kind = 'access' AND earlier.id = entry.id
    AND earlier.position < entry.position AND earlier.code = 'given')
"""
# Forms are filed, and their copies stand in line, in the order of their entries.
_FILED_IN_ORDER = """
SELECT id, position AS entered, lag(position) OVER (ORDER BY submission.seq) AS before
FROM submission JOIN journal USING (id) WHERE journal.kind = 'filing'
UNION ALL SELECT submission_id, position, lag(position) OVER (ORDER BY filed.seq)
FROM filed JOIN journal ON journal.id = submission_id AND journal.kind = 'filing'
UNION ALL SELECT submission_id, position, lag(position) OVER (ORDER BY delivery.seq)
FROM delivery JOIN journal ON journal.id = submission_id AND journal.kind = 'filing'
"""
LOOSE = {
    "evidence-without-entry": f"SELECT id FROM evidence WHERE {_NO_ENTRY.format('evidence')}",
    "receipt-without-entry": f"SELECT id FROM receipt WHERE {_NO_ENTRY.format('receipt')}",
    "party-without-entry": f"SELECT id FROM party WHERE {_NO_ENTRY.format('party')}",
    "validation-without-entry": "SELECT id FROM (SELECT submission_id AS id FROM validation UNION ALL "
    "SELECT id FROM later_validation) AS kept WHERE NOT EXISTS ("
    "SELECT 1 FROM journal WHERE journal.id = kept.id AND journal.kind = 'validation')",
    "validation-differs": f"SELECT id FROM later_validation WHERE {_OF_NO_FORM} "
    "AND substr(about, instr(about, ' ') + 1) <> of",
    "validation-missing": f"SELECT id FROM later_validation WHERE {_OF_NO_FORM} AND EXISTS ("
    "SELECT 1 FROM json_each(CASE WHEN json_valid(CAST(record AS TEXT)) THEN CAST(record AS TEXT) ELSE '{}' END, "
    "'$.kept') WHERE value NOT IN (SELECT digest FROM validation_item))",
    "cosignature-invalid": "SELECT DISTINCT witness FROM journal_cosignature "
    "WHERE size NOT IN (SELECT size FROM journal_batch)",
    "entry-twice": "SELECT id FROM journal WHERE kind IN ('evidence', 'validation', 'filing', 'key') "
    "GROUP BY kind, id HAVING count(*) > 1",
    "delivery-without-submission": f"SELECT id FROM delivery WHERE {_NO_SUBMISSION}",
    "envelope-without-delivery": f"SELECT delivery_id FROM envelope WHERE {_NO_DELIVERY}",
    "attempt-without-delivery": f"SELECT DISTINCT delivery_id FROM attempt WHERE {_NO_DELIVERY}",
    "postmark-without-delivery": f"SELECT evidence_id FROM postmark WHERE {_NO_DELIVERY}",
    "evidence-without-submission": f"SELECT id FROM evidence WHERE {_NO_SUBMISSION}",
    "evidence-without-delivery": f"SELECT id FROM evidence WHERE delivery_id IS NOT NULL AND {_NO_DELIVERY}",
    "receipt-without-delivery": f"SELECT id FROM receipt WHERE {_NO_DELIVERY}",
    "term-without-submission": f"SELECT DISTINCT submission_id FROM term WHERE {_NO_SUBMISSION}",
    "validation-without-submission": f"SELECT submission_id FROM validation WHERE {_NO_SUBMISSION} UNION ALL "
    f"SELECT id FROM later_validation WHERE NOT {_OF_NO_FORM} AND of NOT IN (SELECT id FROM submission)",
    "filing-without-submission": f"SELECT submission_id FROM filed WHERE {_NO_SUBMISSION}",
    "delivery-waits-for-nothing": "SELECT id FROM delivery WHERE state = 'consigned' AND turn IS NULL AND NOT EXISTS ("
    "SELECT 1 FROM delivery AS older WHERE older.case_id = delivery.case_id AND older.party = delivery.party "
    "AND older.state = 'consigned' AND older.seq < delivery.seq AND older.submission_id <> delivery.submission_id)",
    "delivery-out-of-case": "SELECT id FROM delivery JOIN filed USING (submission_id) "
    "WHERE delivery.case_id IS NOT filed.case_id",
    "filing-without-entry": "SELECT submission_id FROM filed WHERE NOT EXISTS ("
    "SELECT 1 FROM journal WHERE journal.id = submission_id AND journal.kind = 'filing')",
    "filing-differs": "SELECT submission_id FROM filed JOIN submission ON submission.id = submission_id "
    "WHERE filed.kind <> submission.kind",
    "filing-out-of-order": f"SELECT id FROM ({_FILED_IN_ORDER}) WHERE entered < before",
    "hosted-key-without-entry": "SELECT party FROM hosted_key WHERE NOT EXISTS ("
    "SELECT 1 FROM journal WHERE journal.id = party AND journal.kind = 'hosted-key')",
    "token-without-entry": f"SELECT DISTINCT party FROM token WHERE NOT EXISTS ({_GIVEN})",
    "entry-without-token": _ACCESS_TO_NOTHING,
    "further-key-without-entry": "SELECT submission_id FROM further_key WHERE NOT EXISTS (SELECT 1 FROM journal "
    "WHERE journal.id = further_key.id AND kind = 'further-key' AND of = sender)",
    "party-under-our-name": "SELECT id FROM party WHERE EXISTS ("
    "SELECT 1 FROM journal WHERE journal.id = party.id AND kind = 'name')",
    "viewer-without-form": "SELECT case_id FROM (SELECT case_id, party FROM case_party "
    "EXCEPT SELECT case_id, party FROM delivery "
    "EXCEPT SELECT filed.case_id, sender FROM filed JOIN submission ON submission.id = submission_id)",
    "print-job-without-delivery": f"SELECT delivery_id FROM print_job WHERE {_NO_DELIVERY}",
    "turn-differs": "SELECT delivery.id FROM delivery LEFT JOIN lane USING (party) WHERE turn > coalesce(turns, 0) "
    "UNION SELECT id FROM delivery WHERE turn IS NOT NULL GROUP BY party, turn HAVING count(*) > 1",
    "hosted-key-without-party": "SELECT party FROM hosted_key WHERE NOT EXISTS "
    "(SELECT 1 FROM party WHERE party.id = hosted_key.party)",
    "link-without-case": "SELECT DISTINCT case_id FROM case_link WHERE case_id NOT IN (SELECT case_id FROM filed) "
    "UNION SELECT case_id FROM case_party WHERE case_id NOT IN (SELECT case_id FROM filed) "
    "UNION SELECT case_id FROM case_link WHERE (link, case_id) NOT IN ("
    f"SELECT value, filed.case_id FROM filed, {LINKS} WHERE value IS NOT NULL)",
}
"""What hangs in the air, by code: the ids of it."""
_LOOKED_UP = (
    "SELECT party, scheme, key FROM party_identifier UNION ALL SELECT party, 'role', role FROM party_role "
    "UNION ALL SELECT party, 'certificate', fingerprint FROM party_certificate"
)
_BROUGHT = f"SELECT filed.case_id, seq, value FROM filed, {LINKS} WHERE value IS NOT NULL ORDER BY filed.case_id, seq"
_ASLEEP = """
SELECT due.party FROM (SELECT party, min(due_at) AS due_at FROM delivery WHERE due_at IS NOT NULL GROUP BY party) AS due
LEFT JOIN lane ON lane.party = due.party
WHERE lane.party IS NULL OR lane.next_at > max(due.due_at, lane.paused_until, :now) + :moment
"""


def loose_ends(connection: sqlite.Connection, *, now: int) -> list[LooseEnd]:
    """See `ports.Reading.loose_ends`."""
    found = [LooseEnd(code=code, id=row[0]) for code, sql in LOOSE.items() for row in connection.execute(sql)]
    asleep = connection.execute(_ASLEEP, {"now": now, "moment": MOMENT_MS})
    found += [LooseEnd(code="lane-asleep", id=row[0]) for row in asleep]
    found += [LooseEnd(code="cases-joined", id=each) for each in _joined(connection)]
    unasked = inquiries.damaged(connection, latest=now + (SCHEDULE[-1] + CLOCKS_APART) // MILLISECOND)
    return [*found, *(LooseEnd(code="inquiry-lost", id=each) for each in unasked)]


def _joined(connection: sqlite.Connection) -> Iterator[str]:
    """Cases with forms that no link connects. Forms of which nobody kept what they brought connect nothing, and are in
    the case of the first one, which has it all (`schema.m017_holdings`)."""
    rows = connection.execute(_BROUGHT)
    for case_id, forms in groupby(rows, key=itemgetter(0)):
        parts: list[set[str]] = []
        for _, brought in groupby(forms, key=itemgetter(1)):
            links = {link for _, _, link in brought}
            parts = [
                links.union(*(part for part in parts if part & links)),
                *(part for part in parts if not part & links),
            ]
        if len(parts) > 1:
            yield case_id


def differing_parties(connection: sqlite.Connection) -> list[LooseEnd]:
    """See `ports.Reading.differing_parties`."""
    said: set[tuple[str, ...]] = set()
    unreadable: set[str] = set()
    for party_id, record in connection.execute("SELECT id, record FROM party"):
        try:
            party = party_of(record)
        except (ValueError, LookupError, TypeError):
            unreadable.add(party_id)
            continue
        said |= {(party_id, "record")} if (party.id, party_record(party)) != (party_id, record) else set()
        said |= {(party_id, scheme, key) for scheme, key in party.identifiers.items()}
        said |= {(party_id, "role", role) for role in party.roles}
        said |= {(party_id, "certificate", each) for each in party.fingerprints}
    found = {tuple(row) for row in connection.execute(_LOOKED_UP)}
    differing = {party_id for party_id, *_ in said ^ found} - unreadable
    return [
        *(LooseEnd(code="row-unreadable", id=each) for each in sorted(unreadable)),
        *(LooseEnd(code="register-differs", id=each) for each in sorted(differing)),
    ]


def damage(connection: sqlite.Connection) -> list[str]:
    """See `ports.Reading.damage`."""
    try:
        said = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
    except sqlite.DatabaseError as fault:  # damaged beyond telling where
        if getattr(fault, "sqlite_errorcode", 0) & 0xFF != sqlite.SQLITE_CORRUPT:
            raise
        return ["the check itself cannot read the file"]
    return [] if said == ["ok"] else said


def submission_ids(connection: sqlite.Connection, *, after: int, limit: int) -> list[tuple[int, SubmissionId]]:
    """See `ports.Reading.submission_ids`."""
    sql = "SELECT seq, id FROM submission WHERE seq > ? ORDER BY seq LIMIT ?"
    return [(seq, SubmissionId(each)) for seq, each in connection.execute(sql, (after, limit))]


def case_of(connection: sqlite.Connection, submission_id: SubmissionId) -> tuple[CaseId, Sequence[PartyId]] | None:
    """See `ports.Reading.case_of`."""
    found = connection.execute("SELECT case_id FROM filed WHERE submission_id = ?", (submission_id,)).fetchone()
    if found is None:
        return None
    seen_by = connection.execute("SELECT party FROM case_party WHERE case_id = ?", found)
    return CaseId(found[0]), [PartyId(row[0]) for row in seen_by]
