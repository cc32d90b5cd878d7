"""A signed document brought to a baseline level in one go: stamped, completed with what judges it, stamped again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from signing.errors import VerificationFailed
from signing.formats.level import Level
from signing.formats.validation import Collect, ValidationPolicy
from signing.formats.xades.augmentation import archive_xml, extend_xml, stamp_xml
from signing.formats.xades.validation import validate_xml
from signing.revocation.judging import RevocationRule, ValidationData
from signing.timestamps.requesting import Timestamper


def raise_xml(
    raw: bytes, *, level: Level, policy: ValidationPolicy, timestamper: Timestamper, collect: Collect, at: datetime
) -> bytes:
    """The document with every signature at `level`, or at a higher one that it has already.

    policy: whose signatures and time stamps count: from B-LT on nothing is added to what would not pass.
    collect: what is said now of the certificates of a path. at: now.
    Raises NotSignable; TimestampUnavailable; VerificationFailed, also (revocation-unknown) where nobody says whether a
    certificate was revoked.
    """
    if level is Level.B_B:
        return raw
    stamped = stamp_xml(raw, timestamper=timestamper, at=at)
    if level is Level.B_T:
        return stamped
    lasting = _completed(stamped, policy, collect, at)
    if level is Level.B_LT:
        return lasting
    archived = archive_xml(lasting, timestamper=timestamper, at=at)
    return _completed(archived, policy, collect, at)  # with what judges the archive time stamp, for the next one


def _completed(raw: bytes, policy: ValidationPolicy, collect: Collect, at: datetime) -> bytes:
    """The document with what is needed to judge it without a network, unless it has that."""
    strict = replace(policy, revocation=RevocationRule(required=True))
    try:
        validate_xml(raw, policy=strict, validation_time=at)
    except VerificationFailed as exc:
        if exc.code != "revocation-unknown":
            raise
    else:
        return raw
    said: list[ValidationData] = []

    def collecting(path: Sequence[bytes]) -> ValidationData:
        said.append(collect(path))
        return said[-1]

    validate_xml(raw, policy=strict, validation_time=at, collect=collecting)
    return extend_xml(raw, data=ValidationData.joined(said))
