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

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from signing.errors import Indication, Subindication, VerificationFailed, refusal
from signing.formats.assessment import DocumentAssessment, SignatureAssessment, failed_assessment
from signing.formats.validation import (
    Collect,
    ValidatedSignature,
    ValidationPolicy,
    level_of,
)
from signing.formats.xades.document import SignedDocument, canonical, read_document
from signing.formats.xades.imprints import archive_imprint, signature_imprint
from signing.formats.xades.profile import DS
from signing.formats.xades.structure import SignatureParts, read_signature
from signing.formats.xades.unsigned import PropertyKind, UnsignedProperty, read_unsigned
from signing.formats.xades.verifier import judge_all, verify_signature
from signing.revocation.judging import CLOCK_TOLERANCE, KnownData, ValidationData, check_path
from signing.timestamps.revoked import check_authority
from signing.timestamps.token import TimeStamp, TimestampTrust, verify_timestamp


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
    root: etree._Element | None = None,
) -> ValidatedXml:
    """Validate every signature of a document, with its time stamps, as of `validation_time`; all must pass.

    kept: what was collected and kept elsewhere than in the document.
    known: the same, each with when it is known to have existed, which may be after `validation_time`: what an issuer
        said later of a certificate says it of its use before, too.
    collect: on arrival only, when `validation_time` is now: what is said at this moment of the certificates of a path.
    root: see `parsing.parse`, for a document that is parsed already.
    Raises VerificationFailed(indication, subindication, code, detail); codes in errors.py.
    """
    if validation_time.tzinfo is None:
        raise ValueError("`validation_time` must be aware")
    document = read_document(raw, root=root)
    elsewhere = (KnownData(data=kept or ValidationData(), known_at=validation_time), *known)
    content, signatures = judge_all(
        document, lambda element: validate_signature(document, element, policy, validation_time, elsewhere, collect)
    )
    return ValidatedXml(content=content, signatures=signatures)


def assess_xml(
    raw: bytes,
    *,
    policy: ValidationPolicy,
    validation_time: datetime,
    kept: ValidationData | None = None,
    known: Sequence[KnownData] = (),
) -> DocumentAssessment:
    """What `validate_xml` finds, for each signature by itself. Raises nothing of what it finds."""
    if validation_time.tzinfo is None:
        raise ValueError("`validation_time` must be aware")
    try:
        document = read_document(raw)
    except VerificationFailed as exc:
        return DocumentAssessment(validation_time=validation_time, signatures=(failed_assessment(exc),))
    found = []
    elsewhere = (KnownData(data=kept or ValidationData(), known_at=validation_time), *known)
    for element in document.signatures:
        signed_info, value = _identify(element)
        try:
            content, passed = validate_signature(document, element, policy, validation_time, elsewhere)
        except VerificationFailed as exc:
            found.append(failed_assessment(exc, signed_info=signed_info, value=value))
        else:
            found.append(
                SignatureAssessment(
                    indication=Indication.TOTAL_PASSED,
                    passed=passed,
                    content=content,
                    signed_info=signed_info,
                    value=value,
                )
            )
    if not found:
        none = SignatureAssessment(
            indication=Indication.TOTAL_FAILED,
            subindication=Subindication.FORMAT_FAILURE,
            code="no-signature",
            detail="the document holds no signature",
        )
        found.append(none)
    return DocumentAssessment(validation_time=validation_time, signatures=tuple(found))


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
        statuses += check_authority(stamp, known, known_data, trust=policy.timestamps, rule=policy.revocation)
    stamps = tuple(stamp for stamp, _ in timestamps)
    return content, ValidatedSignature(
        signature=signature,
        level=level_of(has_stamp=bool(stamps), has_archive=bool(archive), statuses=statuses),
        best_signature_time=best,
        timestamps=stamps,
        archive=tuple(stamp for stamp, _ in archive),
        statuses=tuple(dict.fromkeys(statuses)),
    )


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


def _identify(signature: etree._Element) -> tuple[bytes | None, str | None]:
    signed_info, value = signature.find(f"{{{DS}}}SignedInfo"), signature.find(f"{{{DS}}}SignatureValue")
    try:
        covered = None if signed_info is None else canonical(signed_info)
        text = None if value is None else base64.b64encode(base64.b64decode(value.text or "", validate=False)).decode()
    except (VerificationFailed, ValueError):
        return None, None
    return covered, text
