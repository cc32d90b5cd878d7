"""Revocation: OCSP answers and lists collected when a signature arrives, kept, and judged later without a network."""

from signing.revocation.authority import RevocationAuthority
from signing.revocation.collecting import collect_revocation
from signing.revocation.judging import (
    CertificateStatus,
    KnownData,
    RevocationRule,
    ValidationData,
    check_path,
)

__all__ = [
    "CertificateStatus",
    "KnownData",
    "RevocationAuthority",
    "RevocationRule",
    "ValidationData",
    "check_path",
    "collect_revocation",
]
