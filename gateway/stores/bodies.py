"""Bodies at rest: what was handed in, and what was made of it, each encrypted under the key of its submission.

The bodies of a submission are its sealed copies, those for the print station, proofs of the post and the sealed facts
of its case. They can be read as long as `body_key` has its row; whoever destroys the 32 bytes destroys all of them,
wherever their bytes went meanwhile. A key of no length is that of a form which came before there were keys: its bodies
are kept as they came.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from gateway.errors import NotFound
from gateway.model import DeliveryId, EvidenceId, PaperProof, Submission, SubmissionId
from gateway.stores import rows
from gateway.stores.at_rest import KEY_BYTES, Damaged, open_body, seal_body
from gateway.stores.engine import Runner, sqlite

_ENVELOPE = """
SELECT envelope.raw, body_key.key, delivery.id IS NOT NULL FROM (SELECT ? AS wanted)
LEFT JOIN envelope ON envelope.delivery_id = wanted LEFT JOIN delivery ON delivery.id = wanted
LEFT JOIN body_key ON body_key.submission_id = delivery.submission_id
"""
_PRINT_JOB = """
SELECT print_job.raw, body_key.key FROM print_job JOIN delivery ON delivery.id = delivery_id
JOIN body_key USING (submission_id) WHERE delivery_id = ?
"""
_PAPER_PROOF = f"""
SELECT {rows.PAPER_PROOF}, body_key.key FROM paper_proof JOIN delivery ON delivery.id = delivery_id
JOIN body_key USING (submission_id) WHERE evidence_id = ?
"""
_ERASABLE = f"""
SELECT seq, {rows.SUBMISSION} FROM submission WHERE accepted_at < ? AND seq > ? AND EXISTS (
    SELECT 1 FROM body_key WHERE submission_id = submission.id) AND NOT EXISTS (
    SELECT 1 FROM delivery WHERE submission_id = submission.id AND {rows.NOT_ENDED}) ORDER BY seq LIMIT ?
"""
_ERASURE = (
    "DELETE FROM body_key WHERE submission_id = ?1",
    "DELETE FROM envelope WHERE delivery_id IN (SELECT id FROM delivery WHERE submission_id = ?1)",
    "DELETE FROM print_job WHERE delivery_id IN (SELECT id FROM delivery WHERE submission_id = ?1)",
    "DELETE FROM paper_proof WHERE delivery_id IN (SELECT id FROM delivery WHERE submission_id = ?1)",
    "DELETE FROM inquiry WHERE submission_id = ?1",
    "UPDATE filed SET facts = x'' WHERE submission_id = ?1",
    # What nobody signed for still lay in its mailbox.
    "UPDATE delivery SET turn = NULL, lease_id = NULL, lease_until = NULL WHERE submission_id = ?1",
)


class BodyKeys:
    """The keys of one transaction that writes, each found once."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._keys: dict[str, bytes] = {}

    def keep(self, raw: bytes, *, submission_id: SubmissionId, of: str) -> bytes:
        """`raw` as it is stored. of: what it is, bound to it. The first body of a submission makes its key."""
        key = self._keys.get(submission_id)
        if key is None:
            sql = "INSERT INTO body_key VALUES (?, ?) ON CONFLICT DO UPDATE SET key = key RETURNING key"
            made = (submission_id, secrets.token_bytes(KEY_BYTES))
            key = self._keys[submission_id] = bytes(self._runner.execute(sql, made).fetchone()[0])
        return seal_body(key, raw, of=of)


def envelope(connection: sqlite.Connection, delivery_id: DeliveryId) -> bytes:
    """See `ports.Reading.envelope`."""
    raw, key, is_known = connection.execute(_ENVELOPE, (delivery_id,)).fetchone()
    if raw is not None and key is not None:
        try:
            return open_body(key, raw, of=f"envelope {delivery_id}")
        except Damaged:
            raise NotFound("envelope-damaged", "the sealed copy is not as it was stored") from None
    if is_known and key is None and raw is None:
        raise NotFound("form-erased", "the form was erased; what proves its course is kept")
    raise NotFound("envelope-missing", "the sealed copy is not there any more")


def print_job(connection: sqlite.Connection, delivery_id: DeliveryId) -> bytes | None:
    """See `ports.Reading.print_job`."""
    row = connection.execute(_PRINT_JOB, (delivery_id,)).fetchone()
    if row is None:
        return None
    try:
        return open_body(row[1], row[0], of=f"print-job {delivery_id}")
    except Damaged:
        raise NotFound("envelope-damaged", "the copy for the print station is not as it was stored") from None


def paper_proof(connection: sqlite.Connection, evidence_id: EvidenceId) -> PaperProof | None:
    """See `ports.Reading.paper_proof`."""
    row = connection.execute(_PAPER_PROOF, (evidence_id,)).fetchone()
    if row is None:
        return None
    *columns, sealed, key = row
    try:
        return rows.paper_proof_of((*columns, open_body(key, sealed, of=f"proof {evidence_id}")))
    except Damaged:
        raise NotFound("proof-damaged", "the proof of the post is not as it was stored") from None


def are_kept(connection: sqlite.Connection, submission_id: SubmissionId) -> bool:
    """See `ports.Reading.is_kept`."""
    sql = "SELECT 1 FROM body_key WHERE submission_id = ?"
    return connection.execute(sql, (submission_id,)).fetchone() is not None


def erasable(
    connection: sqlite.Connection, *, before: datetime, after: int, limit: int
) -> list[tuple[int, Submission]]:
    """See `ports.Reading.erasable`."""
    found = connection.execute(_ERASABLE, (rows.to_ms(before), after, limit))
    return [(row[0], rows.submission_of(row[1:])) for row in found]


def erase(connection: sqlite.Connection, submission_id: SubmissionId) -> None:
    """See `ports.Transaction.erase`. What is let go of is overwritten with zeros where it stood in the file
    (secure_delete)."""
    for statement in _ERASURE:
        connection.execute(statement, (submission_id,))
