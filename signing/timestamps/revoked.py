"""Whether a time authority was revoked, so that its time stamps prove nothing. No network, no clock."""

from collections.abc import Sequence
from datetime import datetime

from signing.errors import VerificationFailed, refusal
from signing.revocation.judging import CertificateStatus, KnownData, RevocationRule, check_path
from signing.timestamps.token import TimeStamp, TimestampTrust


def check_authority(
    stamp: TimeStamp, known_at: datetime, data: Sequence[KnownData], *, trust: TimestampTrust, rule: RevocationRule
) -> tuple[CertificateStatus, ...]:
    """That no certificate of a time authority was revoked.

    known_at: when the token is known to have existed: a leaked key could have made it until then.
    Raises VerificationFailed: timestamp-revoked, revocation-unknown, revocation-expired.
    """
    try:
        return check_path(
            stamp.path.certificates,
            data,
            at=stamp.stamped_at,
            rule=rule,
            algorithms=trust.anchors.algorithms,
            known_to_exist_at=known_at,
        )
    except VerificationFailed as exc:
        if exc.code in ("certificate-revoked", "issuer-revoked"):
            raise refusal("timestamp-revoked", "a certificate of a time authority was revoked") from None
        raise
