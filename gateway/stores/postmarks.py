"""What the post did with copies on paper: a row for each proof of it, with its day and the number of its letter.

The proofs themselves lie sealed beside (`paper_proof`) and go when their form is erased; what stands here stays, as the
evidence does.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from lxml import etree

from gateway.exchange import EVIDENCE
from gateway.model import DeliveryId, EvidenceId, PostFact, Postmark
from gateway.stores.engine import sqlite
from gateway.stores.rows import Row

_POSTMARK = "evidence_id, delivery_id, fact, on_day, number, digest"
_ADD = f"INSERT INTO postmark ({_POSTMARK}) VALUES (?, ?, ?, ?, ?, ?)"
_OF_POST = "SELECT id, delivery_id, event, raw FROM evidence WHERE event IN ('RelayToNonERDS', 'ReceivedFromNonERDS')"


def add(connection: sqlite.Connection, mark: Postmark) -> None:
    """See `ports.Transaction.add_postmark`."""
    connection.execute(_ADD, _row(mark))


def of_delivery(connection: sqlite.Connection, delivery_id: DeliveryId) -> list[Postmark]:
    """See `ports.Reading.postmarks`."""
    sql = f"SELECT {_POSTMARK} FROM postmark WHERE delivery_id = ? ORDER BY seq"
    return [_postmark_of(row) for row in connection.execute(sql, (delivery_id,))]


def numbered(connection: sqlite.Connection, number: str) -> list[Postmark]:
    """See `ports.Reading.letters`."""
    sql = f"SELECT {_POSTMARK} FROM postmark WHERE number = ? AND fact = 'deposited' ORDER BY seq"
    return [_postmark_of(row) for row in connection.execute(sql, (number,))]


def _postmark_of(row: Row) -> Postmark:
    """From the columns of _POSTMARK."""
    return Postmark(
        evidence_id=EvidenceId(row[0]),
        delivery_id=DeliveryId(row[1]),
        fact=PostFact(row[2]),
        on=date.fromisoformat(row[3]),
        number=row[4],
        digest=row[5],
    )


def _row(mark: Postmark) -> Row:
    """To the columns of _POSTMARK."""
    return (mark.evidence_id, mark.delivery_id, mark.fact, mark.on.isoformat(), mark.number, mark.digest)


def enter_all(connection: Any) -> None:
    """Read the days and numbers of a file from before there were postmarks off its evidence.

    What cannot be read is left out: a damaged row must not keep the file from being opened, and the audit names it.
    """
    numbers: dict[str, str] = {}
    for evidence_id, delivery_id, event, raw in connection.execute(f"{_OF_POST} ORDER BY seq").fetchall():
        try:
            told = _told(raw)
            on, digest = told["On"][0], told["ProofDigest"][0]
        except (etree.XMLSyntaxError, IndexError):
            continue
        fact = PostFact.DEPOSITED
        if event == "ReceivedFromNonERDS":
            fact = PostFact.DELIVERED if "handed-over-by-post" in told["Code"] else PostFact.RETURNED
        number = numbers[delivery_id] = next(iter(told["Number"]), numbers.get(delivery_id, ""))
        connection.execute(_ADD, (evidence_id, delivery_id, fact, on, number, digest))


def _told(raw: bytes) -> dict[str, Sequence[str]]:
    """What evidence of ours says of the post, by the names of its elements."""
    root = etree.fromstring(raw)
    names = ("Code", "Number", "On", "ProofDigest")
    return {name: [node.text or "" for node in root.iter(f"{{{EVIDENCE.namespace}}}{name}")] for name in names}
