"""Brings the signature of a PDF to a higher level, with what its authorities say at that moment."""

from dataclasses import replace
from datetime import datetime

from signing.formats.level import Level
from signing.formats.pades.signing import archive_pdf, extend_pdf
from signing.formats.pades.validation import validate_pdf
from signing.formats.validation import Collect, ValidationPolicy
from signing.revocation.judging import RevocationRule, ValidationData
from signing.timestamps.requesting import Timestamper


def raise_pdf(
    raw: bytes, *, level: Level, policy: ValidationPolicy, timestamper: Timestamper, collect: Collect, at: datetime
) -> bytes:
    """The PDF with its signature at `level`, or at a higher one that it has already.

    policy: whose signatures and time stamps count: nothing is added to what would not pass.
    collect: what is said now of the certificates of a path. at: now.
    Raises NotSignable; TimestampUnavailable; VerificationFailed, also (revocation-unknown) where nobody says whether a
    certificate was revoked.
    """
    if level is Level.B_B:
        return raw
    found = validate_pdf(raw, policy=replace(policy, revocation=RevocationRule()), validation_time=at).signature
    if not found.timestamps and not found.archive:
        raw = archive_pdf(raw, timestamper=timestamper, at=at)
    if level is Level.B_T:
        return raw
    lasting = _completed(raw, policy, collect, at)
    if level is Level.B_LT:
        return lasting
    archived = archive_pdf(lasting, timestamper=timestamper, at=at)
    return _completed(archived, policy, collect, at)  # with what judges the last time stamp, for the next one


def _completed(raw: bytes, policy: ValidationPolicy, collect: Collect, at: datetime) -> bytes:
    """The PDF with what is needed to judge it without a network, unless it has that."""
    found = validate_pdf(raw, policy=replace(policy, revocation=RevocationRule()), validation_time=at).signature
    if all(status.source is not None for status in found.statuses):
        return raw
    extended = extend_pdf(raw, data=ValidationData.joined(collect(path) for path in found.paths))
    validate_pdf(extended, policy=replace(policy, revocation=RevocationRule(required=True)), validation_time=at)
    return extended
