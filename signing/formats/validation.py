"""What validation with time asks and answers, whatever the format: XML and PDF are judged by the same policy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from signing.formats.level import Level
from signing.model import VerifiedSignature
from signing.revocation.judging import CertificateStatus, RevocationRule, ValidationData
from signing.timestamps.token import TimeStamp, TimestampTrust
from signing.trust import TrustPolicy

Collect: TypeAlias = Callable[[Sequence[bytes]], ValidationData]
"""Gives what is to be had of a path (DER, from its first certificate to the anchor) that was found good but for
revocation. Only paths to our own anchors are asked about."""


@dataclass(frozen=True, kw_only=True)
class ValidationPolicy:
    """Whose signatures and whose time stamps count, and what must be known of revocation."""

    signers: TrustPolicy
    timestamps: TimestampTrust
    revocation: RevocationRule = field(default_factory=RevocationRule)


@dataclass(frozen=True, kw_only=True)
class ValidatedSignature:
    """One signature that passed.

    best_signature_time: the earliest time at which it is proven to have existed; without time stamps the time that
        was asked about.
    timestamps: over the signature, in document order; archive: over all of it, from the oldest to the newest.
    statuses: what is known of each certificate that can be revoked or not, the anchors aside: the signer's path, then
        those of the time stamps.
    """

    signature: VerifiedSignature
    level: Level
    best_signature_time: datetime
    timestamps: tuple[TimeStamp, ...]
    archive: tuple[TimeStamp, ...]
    statuses: tuple[CertificateStatus, ...]

    @property
    def paths(self) -> tuple[tuple[bytes, ...], ...]:
        """Every path that was relied on, from its first certificate to the anchor, in DER; the signer's first."""
        stamps = (*self.timestamps, *self.archive)
        return (self.signature.path, *dict.fromkeys(stamp.path.certificates for stamp in stamps))


def level_of(*, has_stamp: bool, has_archive: bool, statuses: Sequence[CertificateStatus]) -> Level:
    if not has_stamp:
        return Level.B_B
    if any(status.source is None for status in statuses):
        return Level.B_T
    return Level.B_LTA if has_archive else Level.B_LT
