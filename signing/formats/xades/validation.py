"""Validation with time: what the signatures of a document prove as of a moment long after they were made.

For each signature, in order; each step raises VerificationFailed:

1. its structure, and that of its unsigned properties (structure.py, unsigned.py);
2. the archive time stamps, from the newest to the oldest: each must be good as of the time at which the one after it
   proves it to have existed, the newest as of the time asked about; each proves for all that stands before it that it
   existed at the stamped time;
3. the time stamps over the signature, as of what the archive time stamps prove; the earliest is the best signature
   time, the time asked about where there is none;
4. basic verification (verifier.py) as of the best signature time.

A time stamp that is not good is never passed over: whoever relies on it must hear of it.
Source: ETSI EN 319 102-1, 5.5 (with time), 5.6 (with archive data).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from lxml import etree

from signing.errors import refusal
from signing.formats.xades.document import SignedDocument, read_document
from signing.formats.xades.imprints import archive_imprint, signature_imprint
from signing.formats.xades.structure import SignatureParts, read_signature
from signing.formats.xades.unsigned import PropertyKind, UnsignedProperty, read_unsigned
from signing.formats.xades.verifier import only_content, verify_signature
from signing.model import VerifiedSignature
from signing.timestamps import TimeStamp, TimestampTrust, verify_timestamp
from signing.trust import TrustPolicy

CLOCK_TOLERANCE: Final = timedelta(minutes=5)  # between the clock of the signer and that of the authority


class Level(StrEnum):
    """The baseline level that a signature reaches. Source: ETSI EN 319 132-1, 6."""

    B_B = "XAdES-BASELINE-B"
    B_T = "XAdES-BASELINE-T"


@dataclass(frozen=True, kw_only=True)
class ValidationPolicy:
    """Whose signatures and whose time stamps count."""

    signers: TrustPolicy
    timestamps: TimestampTrust


@dataclass(frozen=True, kw_only=True)
class ValidatedSignature:
    """One signature that passed.

    best_signature_time: the earliest time at which it is proven to have existed; without time stamps the time that
        was asked about.
    timestamps: over the signature, in document order; archive: over all of it, from the oldest to the newest.
    """

    signature: VerifiedSignature
    level: Level
    best_signature_time: datetime
    timestamps: tuple[TimeStamp, ...]
    archive: tuple[TimeStamp, ...]


@dataclass(frozen=True, kw_only=True)
class ValidatedXml:
    """What the signatures of a document prove. content: as in VerifiedXml: read these bytes, never the raw document."""

    content: bytes
    signatures: tuple[ValidatedSignature, ...]


def validate_xml(raw: bytes, *, policy: ValidationPolicy, validation_time: datetime) -> ValidatedXml:
    """Validate every signature of a document, with its time stamps, as of `validation_time`; all must pass.

    Raises VerificationFailed(indication, subindication, code, detail); codes in errors.py.
    """
    if validation_time.tzinfo is None:
        raise ValueError("`validation_time` must be aware")
    document = read_document(raw)
    if not document.signatures:
        raise refusal("no-signature", "the document holds no signature")
    contents: set[bytes] = set()
    validated: list[ValidatedSignature] = []
    for element in document.signatures:
        content, signature = _validate_signature(document, element, policy, validation_time)
        contents.add(content)
        validated.append(signature)
    return ValidatedXml(content=only_content(contents), signatures=tuple(validated))


def _validate_signature(
    document: SignedDocument, element: etree._Element, policy: ValidationPolicy, at: datetime
) -> tuple[bytes, ValidatedSignature]:
    # 1.
    parts, unsigned = read_signature(element), read_unsigned(element)
    certificates = [der for each in unsigned for der in each.certificates]
    # 2.
    archive, known_at = _validate_archive(document, element, parts, unsigned, policy.timestamps, at)
    # 3.
    timestamps = tuple(
        verify_timestamp(each.token, signature_imprint(element), trust=policy.timestamps, at=known, others=certificates)
        for each, known in zip(unsigned, known_at[1:], strict=True)
        if each.kind is PropertyKind.SIGNATURE_TIME_STAMP
    )
    best = min([known_at[0], *(stamp.stamped_at for stamp in timestamps)])
    if parts.signing_time > best + CLOCK_TOLERANCE:
        raise refusal("timestamp-out-of-order", "the claimed signing time is after a time stamp over the signature")
    # 4.
    content, signature = verify_signature(document, element, parts, policy.signers, certificates=certificates, at=best)
    return content, ValidatedSignature(
        signature=signature,
        level=Level.B_T if timestamps else Level.B_B,
        best_signature_time=best,
        timestamps=timestamps,
        archive=archive,
    )


def _validate_archive(
    document: SignedDocument,
    element: etree._Element,
    parts: SignatureParts,
    unsigned: Sequence[UnsignedProperty],
    trust: TimestampTrust,
    at: datetime,
) -> tuple[tuple[TimeStamp, ...], list[datetime]]:
    """The archive time stamps, and when the signature and then each unsigned property is known to have existed."""
    stamps: list[TimeStamp] = []
    known, known_at = at, []
    for place in reversed(range(len(unsigned))):
        known_at.append(known)
        if unsigned[place].kind is PropertyKind.ARCHIVE_TIME_STAMP:
            covered = archive_imprint(document, element, parts, unsigned[:place])
            others = [der for each in unsigned for der in each.certificates]
            stamp = verify_timestamp(unsigned[place].token, covered, trust=trust, at=known, others=others)
            stamps.append(stamp)
            known = stamp.stamped_at
    known_at.append(known)
    return tuple(reversed(stamps)), known_at[::-1]
