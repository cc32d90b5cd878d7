"""Whether the signatures of a form count now: verified with their time stamps, their certificates asked after.

Only a path that leads to one of our own anchors is asked about, so nobody else can make us knock anywhere. What was
said is kept: who doubts the acceptance, or the refusal, years later finds here why it was right. The signatory's own
certificate is kept as its digest alone, because a card's certificate names a person; it stands in the signed form.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from gateway.errors import SourceUnavailable
from gateway.model import RevocationPolicy, ValidationItem, ValidationRecord, instant_text
from gateway.ports import Collected, RevocationSource
from signing import (
    Indication,
    QualificationLevel,
    Subindication,
    TrustedLists,
    ValidatedSignature,
    ValidationData,
    ValidationPolicy,
    VerificationFailed,
    VerifiedSignature,
    sha256,
    validate_xml,
)

RETRY_AFTER_S = 60
PASSED = "passed"
_JSON = json.JSONEncoder(separators=(",", ":"))


@dataclass(frozen=True, kw_only=True)
class Vouched:
    """What the signatures of a form prove; nothing where one of them failed.

    unknown: whether of some certificate nothing is known. record: what was asked and said, to be kept.
    """

    content: bytes = b""
    signatures: tuple[VerifiedSignature, ...] = ()
    failure: VerificationFailed | None = None
    unknown: bool = False
    record: ValidationRecord


@dataclass
class _Asked:
    """What the source said of each path, as it was asked while a document was validated."""

    source: RevocationSource
    said: dict[tuple[bytes, ...], Collected] = field(default_factory=dict)

    def collect(self, path: Sequence[bytes]) -> ValidationData:
        said = self.said[tuple(path)] = self.source.collect(path)
        return said.data

    @property
    def is_unreachable(self) -> bool:
        return any(each.is_unreachable for each in self.said.values())


@dataclass(frozen=True, kw_only=True)
class Vouching:
    """Validates what is handed in. source: tells of revocations. policy: its rule for revocation requires nothing;
    what is required is decided here, where a source that is down and one that does not know are told apart. lists: by
    which the qualification of a signature is told; it decides nothing."""

    policy: ValidationPolicy
    source: RevocationSource
    revocation: RevocationPolicy = RevocationPolicy.PREFER
    lists: TrustedLists | None = None

    def validate(self, raw: bytes, *, at: datetime) -> Vouched:
        """The signatures of a form that is handed in at this moment.

        Raises SourceUnavailable where the policy requires what cannot be had now.
        """
        asked = _Asked(self.source)
        collect = None if self.revocation is RevocationPolicy.OFF else asked.collect
        try:
            found = validate_xml(raw, policy=self.policy, validation_time=at, collect=collect)
        except VerificationFailed as failure:
            return Vouched(failure=failure, record=_record(at, asked.said, failure=failure))
        unknown = collect is not None and any(
            status.source is None for each in found.signatures for status in each.statuses
        )
        if unknown and self.revocation is RevocationPolicy.REQUIRE:
            if asked.is_unreachable:
                raise SourceUnavailable(
                    "revocation-unavailable",
                    "whether a certificate was revoked cannot be asked at this moment; nothing was kept of the form",
                    retry_after_s=RETRY_AFTER_S,
                )
            unknown_to_all = VerificationFailed(
                Indication.INDETERMINATE,
                Subindication.TRY_LATER,
                "revocation-unknown",
                "nobody says whether a certificate was revoked",
            )
            return Vouched(failure=unknown_to_all, record=_record(at, asked.said, failure=unknown_to_all))
        return Vouched(
            content=found.content,
            signatures=tuple(each.signature for each in found.signatures),
            unknown=unknown,
            record=_record(at, asked.said, signatures=[(each, self._qualification(each)) for each in found.signatures]),
        )

    def _qualification(self, found: ValidatedSignature) -> str:
        if self.lists is None:
            return QualificationLevel.UNKNOWN
        return self.lists.qualify(found.signature.path, at=found.best_signature_time).level


def _record(
    at: datetime,
    said: Mapping[tuple[bytes, ...], Collected],
    *,
    signatures: Sequence[tuple[ValidatedSignature, str]] = (),
    failure: VerificationFailed | None = None,
) -> ValidationRecord:
    """What was known, as it is kept: ids, digests and codes; the bytes that it names beside it."""
    issuers = dict.fromkeys(der for path in said for der in path[1:])
    issuers |= dict.fromkeys(der for each, _ in signatures for path in each.paths for der in path[1:])
    items = {(each := _item("certificate", der)).digest: each for der in issuers}
    for collected in said.values():
        items |= {(each := _item("crl", der)).digest: each for der in collected.data.crls}
        items |= {(each := _item.__wrapped__("ocsp", der)).digest: each for der in collected.data.ocsps}
    outcome = PASSED if failure is None else failure.code
    told = {
        "at": instant_text(at),
        "outcome": outcome,
        "kept": sorted(items),
        "signatures": [_signature(*each) for each in signatures],
    }
    return ValidationRecord(at=at, outcome=outcome, raw=_JSON.encode(told).encode(), items=tuple(items.values()))


def _signature(found: ValidatedSignature, qualification: str) -> dict[str, object]:
    return {
        "bestSignatureTime": instant_text(found.best_signature_time),
        "level": found.level,
        "path": [_digest(der) for der in found.signature.path],
        "qualification": qualification,
        "statuses": [
            {
                "certificate": _digest(status.certificate),
                "reason": status.reason,
                "revokedAt": None if status.revoked_at is None else instant_text(status.revoked_at),
                "source": status.source,
                "thisUpdate": None if status.this_update is None else instant_text(status.this_update),
            }
            for status in found.statuses
        ],
    }


@lru_cache(maxsize=32)
def _item(kind: str, der: bytes) -> ValidationItem:
    """Issuers and their lists come back, and a list has megabytes."""
    return ValidationItem(kind=kind, digest=sha256(der), raw=der)


@lru_cache(maxsize=4096)
def _digest(der: bytes) -> str:
    return sha256(der)
