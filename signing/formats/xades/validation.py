"""Validation with time: what the signatures of a document prove as of a moment long after they were made.

For each signature, in order; each step raises VerificationFailed:

1. its structure, and that of its unsigned properties (structure.py, unsigned.py);
2. the archive time stamps, from the newest to the oldest: each must be good as of the time at which the one after it
   proves it to have existed, the newest as of the time asked about; each proves for all that stands before it that it
   existed at the stamped time;
3. the time stamps over the signature, as of what the archive time stamps prove; the earliest is the best signature
   time, the time asked about where there is none;
4. basic verification (verifier.py) as of the best signature time;
5. no certificate was revoked before it was used: those of the signer's path as of the best signature time, those of a
   time authority's as of the stamped time; revocation data counts as of when archive time stamps prove it to have
   existed, what is brought along from elsewhere as of the time asked about.

A time stamp that is not good is never passed over: whoever relies on it must hear of it.
Source: ETSI EN 319 102-1, 5.5 (with time), 5.6 (with archive data).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from lxml import etree

from signing.errors import VerificationFailed, refusal
from signing.formats.xades.document import SignedDocument, read_document
from signing.formats.xades.imprints import archive_imprint, signature_imprint
from signing.formats.xades.structure import SignatureParts, read_signature
from signing.formats.xades.unsigned import PropertyKind, UnsignedProperty, read_unsigned
from signing.formats.xades.verifier import judge_all, verify_signature
from signing.model import VerifiedSignature
from signing.revocation import CertificateStatus, KnownData, RevocationRule, ValidationData, check_path
from signing.timestamps import TimeStamp, TimestampTrust, verify_timestamp
from signing.trust import TrustPolicy

CLOCK_TOLERANCE: Final = timedelta(minutes=5)  # between the clocks of the signer, the authority and whoever judges

Collect: TypeAlias = Callable[[Sequence[bytes]], ValidationData]
"""Gives what is to be had of a path (DER, from its first certificate to the anchor) that was found good but for
revocation. Only paths to our own anchors are asked about."""


class Level(StrEnum):
    """The baseline level that a signature reaches: T is stamped, LT has all that is needed to judge it without a
    network, LTA has an archive time stamp over that. Source: ETSI EN 319 132-1, 6; EN 319 142-1, 6."""

    B_B = "B-B"
    B_T = "B-T"
    B_LT = "B-LT"
    B_LTA = "B-LTA"


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


@dataclass(frozen=True, kw_only=True)
class ValidatedXml:
    """What the signatures of a document prove. content: as in VerifiedXml: read these bytes, never the raw document."""

    content: bytes
    signatures: tuple[ValidatedSignature, ...]


def validate_xml(
    raw: bytes,
    *,
    policy: ValidationPolicy,
    validation_time: datetime,
    kept: ValidationData | None = None,
    known: Sequence[KnownData] = (),
    collect: Collect | None = None,
) -> ValidatedXml:
    """Validate every signature of a document, with its time stamps, as of `validation_time`; all must pass.

    kept: what was collected and kept elsewhere than in the document.
    known: the same, each with when it is known to have existed, which may be after `validation_time`: what an issuer
        said later of a certificate says it of its use before, too.
    collect: on arrival only, when `validation_time` is now: what is said at this moment of the certificates of a path.
    Raises VerificationFailed(indication, subindication, code, detail); codes in errors.py.
    """
    if validation_time.tzinfo is None:
        raise ValueError("`validation_time` must be aware")
    document = read_document(raw)
    elsewhere = (KnownData(data=kept or ValidationData(), known_at=validation_time), *known)
    content, signatures = judge_all(
        document, lambda element: validate_signature(document, element, policy, validation_time, elsewhere, collect)
    )
    return ValidatedXml(content=content, signatures=signatures)


def validate_signature(
    document: SignedDocument,
    element: etree._Element,
    policy: ValidationPolicy,
    at: datetime,
    elsewhere: Sequence[KnownData] = (),
    collect: Collect | None = None,
) -> tuple[bytes, ValidatedSignature]:
    """The content that one signature covers, and what the signature proves. Raises VerificationFailed."""
    # 1.
    parts, unsigned = read_signature(document, element), read_unsigned(element)
    brought = (*(each.certificates for each in unsigned), *(each.data.certificates for each in elsewhere))
    certificates = tuple(dict.fromkeys(der for each in brought for der in each))
    # 2.
    newest = at + CLOCK_TOLERANCE
    archive, known_at = _validate_archive(document, element, parts, unsigned, policy.timestamps, newest, certificates)
    # 3.
    tokens = [
        (each.token, known)
        for each, known in zip(unsigned, known_at[1:], strict=True)
        if each.kind is PropertyKind.SIGNATURE_TIME_STAMP
    ]
    covered = signature_imprint(element) if tokens else b""
    timestamps = [
        (verify_timestamp(token, covered, trust=policy.timestamps, at=known, others=certificates), known)
        for token, known in tokens
    ]
    best = min([at, known_at[0], *(stamp.stamped_at for stamp, _ in timestamps)])
    if (timestamps or archive) and parts.signing_time > best + CLOCK_TOLERANCE:
        raise refusal("timestamp-out-of-order", "the claimed signing time is after a time stamp over the signature")
    # 4.
    content, signature = verify_signature(document, element, parts, policy.signers, certificates=certificates, at=best)
    # 5.
    inside = [
        KnownData(data=ValidationData(ocsps=each.ocsps, crls=each.crls), known_at=known)
        for each, known in zip(unsigned, known_at[1:], strict=True)
        if each.ocsps or each.crls
    ]
    known_data = [*inside, *elsewhere]
    if collect is not None:
        stamped = (stamp.path.certificates for stamp, _ in (*timestamps, *archive))
        paths = dict.fromkeys((signature.path, *stamped))
        known_data += [KnownData(data=collect(path), known_at=at) for path in paths]
    statuses = list(
        check_path(signature.path, known_data, at=best, rule=policy.revocation, algorithms=policy.signers.algorithms)
    )
    for stamp, known in (*timestamps, *archive):
        statuses += check_authority(stamp, known, known_data, policy)
    stamps = tuple(stamp for stamp, _ in timestamps)
    return content, ValidatedSignature(
        signature=signature,
        level=level_of(has_stamp=bool(stamps), has_archive=bool(archive), statuses=statuses),
        best_signature_time=best,
        timestamps=stamps,
        archive=tuple(stamp for stamp, _ in archive),
        statuses=tuple(dict.fromkeys(statuses)),
    )


def check_authority(
    stamp: TimeStamp, known: datetime, data: Sequence[KnownData], policy: ValidationPolicy
) -> tuple[CertificateStatus, ...]:
    """That no certificate of a time authority was revoked. Raises VerificationFailed.

    known: when the token is known to have existed: a leaked key could have made it until then."""
    try:
        return check_path(
            stamp.path.certificates,
            data,
            at=stamp.stamped_at,
            rule=policy.revocation,
            algorithms=policy.timestamps.anchors.algorithms,
            known_to_exist_at=known,
        )
    except VerificationFailed as exc:
        if exc.code in ("certificate-revoked", "issuer-revoked"):
            raise refusal("timestamp-revoked", "a certificate of a time authority was revoked") from None
        raise


def level_of(*, has_stamp: bool, has_archive: bool, statuses: Sequence[CertificateStatus]) -> Level:
    if not has_stamp:
        return Level.B_B
    if any(status.source is None for status in statuses):
        return Level.B_T
    return Level.B_LTA if has_archive else Level.B_LT


def _validate_archive(
    document: SignedDocument,
    element: etree._Element,
    parts: SignatureParts,
    unsigned: Sequence[UnsignedProperty],
    trust: TimestampTrust,
    at: datetime,
    certificates: Sequence[bytes],
) -> tuple[list[tuple[TimeStamp, datetime]], list[datetime]]:
    """The archive time stamps, each with the time at which it is known to have existed; then such times of the
    signature and of each unsigned property."""
    stamps: list[tuple[TimeStamp, datetime]] = []
    known, known_at = at, []
    for place in reversed(range(len(unsigned))):
        known_at.append(known)
        if unsigned[place].kind is PropertyKind.ARCHIVE_TIME_STAMP:
            covered = archive_imprint(document, element, parts, unsigned[:place])
            stamp = verify_timestamp(unsigned[place].token, covered, trust=trust, at=known, others=certificates)
            stamps.append((stamp, known))
            known = stamp.stamped_at
    known_at.append(known)
    return stamps[::-1], known_at[::-1]
