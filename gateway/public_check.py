"""The public check: whether the counter stands behind a document or a statement, for anybody who holds it.

Who asks must know the number of a record and the digest of what it is about, so nobody learns here of a document that
they do not have. The answer is yes or no; a number that nobody has and a digest of something else get the same no, as
soon: what costs time, the proof, is only asked for a digest that is the right one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlencode

from gateway.errors import Unreadable
from gateway.model import Event, Evidence, EvidenceId, SubmissionId
from gateway.ports import Reading, Store
from gateway.statement import read_statement
from signing import SigningError, TrustPolicy, sha256

PATH = "/receipts"
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
# A refusal names the digest of the document too, but does not stand behind it.
_STANDS_BEHIND = frozenset({Event.SUBMISSION_ACCEPTANCE, Event.CONTENT_CONSIGNMENT, Event.CONTENT_HANDOVER})


class Confirmed(StrEnum):
    """What the digest is of."""

    DOCUMENT = "document"
    EVIDENCE = "evidence"


@dataclass(frozen=True, kw_only=True)
class PublicCheck:
    """Answers strangers. trust: what the service's own signature is judged by."""

    store: Store
    trust: TrustPolicy

    def confirm(self, record: str, digest: str) -> Confirmed | None:
        """What the record and the digest confirm together, as people may have typed them; None for anything else.

        record: number of a piece of evidence, or of a submission for its acceptance. digest: SHA-256 of the evidence as
        it was handed out, or of the form as it was handed in.
        """
        number = "".join(record.split()).lower()
        wanted = _DIGEST.fullmatch("".join(digest.split()).lower())
        if _ID.fullmatch(number) is None or wanted is None:
            return None
        sought = f"sha256:{wanted[1]}"
        for evidence in self.store.read(lambda view: _records(view, number, sought)):
            confirmed = self._by(evidence, sought)
            if confirmed is not None:
                return confirmed
        return None

    def _by(self, evidence: Evidence, digest: str) -> Confirmed | None:
        try:
            statement = read_statement(evidence.raw, trust=self.trust, at=evidence.at)
        except (SigningError, Unreadable):
            return None  # what does not prove itself confirms nothing; the audit names it
        if sha256(evidence.raw) == digest:
            return Confirmed.EVIDENCE
        document = statement.document
        stands = statement.event in {event.uri for event in _STANDS_BEHIND}
        return Confirmed.DOCUMENT if stands and document is not None and document.is_of(digest) else None


def check_url(base: str, record: str, digest: str) -> str:
    """Where the check of a document is. base: public address of the gateway; digest: `sha256:<hex>`."""
    query = urlencode({"record": record, "digest": digest.removeprefix("sha256:")})
    return f"{base.rstrip('/')}{PATH}?{query}"


def _records(view: Reading, number: str, digest: str) -> Sequence[Evidence]:
    """The evidence of that number, or what accepted the submission of that number, if the digest can be of it."""
    evidence = view.evidence(EvidenceId(number))
    found = (evidence,) if evidence is not None else view.evidence_of(SubmissionId(number))
    return [
        each
        for each in found
        if (evidence is not None or each.event is Event.SUBMISSION_ACCEPTANCE) and digest in _digests(view, each)
    ]


def _digests(view: Reading, evidence: Evidence) -> tuple[str, ...]:
    """Of the statement, and of the form that it is about."""
    submission = view.submission(evidence.submission_id)
    return (sha256(evidence.raw), *(() if submission is None else (submission.digest,)))
