"""Evidence as it is kept, read back and held against its row."""

from __future__ import annotations

from datetime import datetime

from gateway.errors import Unreadable
from gateway.flaws import Flaw
from gateway.hosting import OPENED
from gateway.keyring import Keyring
from gateway.model import Evidence
from gateway.statement import Statement, read_statement
from signing import KeyUnavailable, SigningError, TrustPolicy, fingerprint, subject_of

Said = list[tuple[Evidence, Statement | None]]
"""The evidence of a submission in its order, each with what it says, where that can be read."""


def place_of(evidence: Evidence) -> str:
    """Where a flaw of it is."""
    return f"evidence {evidence.id}"


def is_opening(evidence: Evidence, statement: Statement | None) -> bool:
    """Whether a copy was opened in a hosted mailbox: that moves nothing, and rests on no receipt."""
    return (
        evidence.is_opening
        and statement is not None
        and statement.receipt_digest is None
        and OPENED in statement.reasons
    )


class EvidenceReader:
    """Reads evidence, which must be of the gateway's own seal. trust: by which its earlier seals are believed."""

    def __init__(self, *, keys: Keyring, trust: TrustPolicy) -> None:
        certificates = tuple(key.identity.certificate for key in keys.keys)
        self._own = [subject_of(each) for each in certificates]
        self._keys = keys
        self._ours = {fingerprint(each) for each in certificates}
        self._trust = TrustPolicy((*certificates, *trust.anchors), algorithms=trust.algorithms)

    def read(self, evidence: Evidence) -> tuple[Statement | None, Flaw | None]:
        """What evidence says, and what is wrong with it."""
        place = place_of(evidence)
        try:
            statement = read_statement(evidence.raw, trust=self._trust, at=evidence.at)
        except (SigningError, Unreadable) as error:
            return None, Flaw(code="evidence-invalid", place=place, detail=str(error.code))
        if subject_of(statement.issuer) not in self._own:
            return None, Flaw(code="evidence-by-a-stranger", place=place)
        signer = fingerprint(statement.issuer)
        if signer in self._ours and signer != self._in_use(evidence.at):
            return None, Flaw(code="evidence-out-of-time", place=place)
        row = (
            evidence.id,
            evidence.event.uri,
            evidence.at,
            evidence.submission_id,
            evidence.delivery_id,
            evidence.receipt_id is not None,
        )
        names = ("id", "event", "at", "submission", "delivery", "receipt")
        told = (
            statement.evidence_id,
            statement.event,
            statement.at,
            statement.submission_id,
            statement.delivery_id,
            statement.receipt_digest is not None,
        )
        differing = [name for name, kept, signed in zip(names, row, told, strict=True) if kept != signed]
        if differing:
            return statement, Flaw(code="evidence-differs", place=place, detail=" ".join(differing))
        return statement, None

    def _in_use(self, at: datetime) -> str | None:
        try:
            return self._keys.at(at).fingerprint
        except KeyUnavailable:
            return None
