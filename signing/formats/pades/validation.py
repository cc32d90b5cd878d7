"""Validation of a signed PDF, with time: what its signature proves as of a moment long after it was made.

The steps, in order; each raises VerificationFailed:

1. the file is a PDF that every reader reads alike (reading.py): not encrypted, its signatures where they say;
2. one signature of a person or organisation, certain to cover the whole file as it was then, which was written in one
   piece before: what was prepared in it to be uncovered later (a shadow) has no place; then document time stamps;
3. the digest of the bytes that the signature covers; what came after it only keeps it provable (revisions.py);
4. the document time stamps, from the newest to the oldest: each must be good as of the time at which the one after it
   proves it to have existed, the newest as of the time asked about; then the time stamps over the signature value;
5. basic verification (cades.py) as of the best signature time;
6. no certificate was revoked before it was used; the document security store counts as of when the first document time
   stamp over it proves it to have existed.

Everything that is returned comes from the bytes that the signature covers.
Source: ETSI EN 319 102-1, 5.3, 5.5, 5.6; ETSI EN 319 142-1, 6.
"""

import base64
from dataclasses import dataclass
from datetime import datetime

from signing.cms import SignedData, names
from signing.errors import Indication, VerificationFailed, refusal
from signing.formats.assessment import DocumentAssessment, SignatureAssessment, failed_assessment
from signing.formats.cades import read_cades, verify_signed_data
from signing.formats.pades.reading import Attachment, Document, SignatureEntry
from signing.formats.pades.revisions import check_later_revisions
from signing.formats.validation import ValidatedSignature, ValidationPolicy, level_of
from signing.revocation.judging import CLOCK_TOLERANCE, KnownData, ValidationData, check_path
from signing.timestamps.revoked import check_authority
from signing.timestamps.token import TimeStamp, TimestampTrust, verify_timestamp


@dataclass(frozen=True, kw_only=True)
class ValidatedPdf:
    """What the signature of a PDF proves.

    signed: the file as it was when it was signed. attachments: the files in it, read from those bytes.
    source: the one that the PDF was made from (AFRelationship Source); None if there is none.
    """

    signature: ValidatedSignature
    signed: bytes
    attachments: tuple[Attachment, ...]
    source: bytes | None


def validate_pdf(
    raw: bytes, *, policy: ValidationPolicy, validation_time: datetime, kept: ValidationData | None = None
) -> ValidatedPdf:
    """Validate the signature of a PDF, with its time stamps, as of `validation_time`.

    kept: what was collected and kept elsewhere than in the document.
    Raises VerificationFailed(indication, subindication, code, detail); codes in errors.py.
    """
    if validation_time.tzinfo is None:
        raise ValueError("`validation_time` must be aware")
    # 1.
    document = Document(raw)
    return _validate(document, _read(document), policy, validation_time, kept or ValidationData())


def assess_pdf(
    raw: bytes, *, policy: ValidationPolicy, validation_time: datetime, kept: ValidationData | None = None
) -> DocumentAssessment:
    """What `validate_pdf` finds, as a value of which `build_report` makes a report. Raises nothing of that."""
    if validation_time.tzinfo is None:
        raise ValueError("`validation_time` must be aware")
    covered: bytes | None = None
    value: str | None = None
    try:
        document = Document(raw)
        parts = _read(document)
        covered, value = parts.cms.signed, base64.b64encode(parts.cms.value).decode("ascii")
        validated = _validate(document, parts, policy, validation_time, kept or ValidationData())
    except VerificationFailed as exc:
        found = failed_assessment(exc, signed_info=covered, value=value)
    else:
        found = SignatureAssessment(
            indication=Indication.TOTAL_PASSED,
            passed=validated.signature,
            content=validated.source,
            signed_info=covered,
            value=value,
        )
    return DocumentAssessment(validation_time=validation_time, signatures=(found,))


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """The signature of a document with its CMS taken apart, and the document time stamps after it."""

    entry: SignatureEntry
    cms: SignedData
    stamps: tuple[SignatureEntry, ...]


def _read(document: Document) -> _Parts:
    """Step 2, as far as the structure goes."""
    if not document.signatures:
        raise refusal("no-signature", "the PDF holds no signature")
    entry, *stamps = document.signatures
    if entry.is_time_stamp or not all(stamp.is_time_stamp for stamp in stamps):
        raise refusal("misplaced-signature", "other signatures than one, with document time stamps after it")
    cms = read_cades(entry.contents)
    if names.SIGNING_TIME in cms.stated or entry.claimed_at is None:
        raise refusal("signature-malformed", "the signing time is not claimed where it is in a PDF")
    return _Parts(entry=entry, cms=cms, stamps=tuple(stamps))


def _validate(
    document: Document, parts: _Parts, policy: ValidationPolicy, at: datetime, kept: ValidationData
) -> ValidatedPdf:
    # 2.
    signed = document.until(parts.entry)
    if signed.revisions > 2:
        raise refusal("shadow-revision", "the file was written to more than once before it was signed")
    # 3.
    covered = parts.entry.covered(document.raw)
    if not parts.cms.content_is_signed(covered):
        raise refusal("digest-mismatch", "what is signed has changed since")
    check_later_revisions(document, signed)
    # 4.
    stores = [*(document.until(stamp).validation_data for stamp in parts.stamps), document.validation_data]
    certificates = tuple(
        dict.fromkeys((*(each for store in stores for each in store.certificates), *kept.certificates))
    )
    newest = at + CLOCK_TOLERANCE
    archive, known_at = _validate_archive(document.raw, parts.stamps, policy.timestamps, newest, certificates)
    timestamps = [
        verify_timestamp(token, parts.cms.value, trust=policy.timestamps, at=known_at[0], others=certificates)
        for token in parts.cms.time_stamps
    ]
    best = min([at, known_at[0], *(stamp.stamped_at for stamp in timestamps)])
    claimed = parts.entry.claimed_at or best
    if claimed > best + CLOCK_TOLERANCE:
        raise refusal("timestamp-out-of-order", "the claimed signing time is after a time stamp over the signature")
    # 5.
    signature = verify_signed_data(
        parts.cms,
        covered,
        trust=policy.signers,
        at=best,
        signing_time=claimed,
        certificates=certificates,
    )
    # 6. A store counts as of the document time stamp over it, the last one as of the time asked about.
    known_data = [
        KnownData(data=data, known_at=known)
        for data, known in ((*zip(stores, [stamp.stamped_at for stamp, _ in archive] + [at], strict=True), (kept, at)))
        if data.ocsps or data.crls
    ]
    statuses = list(
        check_path(signature.path, known_data, at=best, rule=policy.revocation, algorithms=policy.signers.algorithms)
    )
    for stamp, known in (*((stamp, known_at[0]) for stamp in timestamps), *archive):
        statuses += check_authority(stamp, known, known_data, trust=policy.timestamps, rule=policy.revocation)
    stamped = tuple(stamp for stamp, _ in archive)
    return ValidatedPdf(
        signature=ValidatedSignature(
            signature=signature,
            level=level_of(
                has_stamp=bool(timestamps or stamped),
                has_archive=len(stamped) > (0 if timestamps else 1),
                statuses=statuses,
            ),
            best_signature_time=best,
            timestamps=tuple(timestamps),
            archive=stamped,
            statuses=tuple(dict.fromkeys(statuses)),
        ),
        signed=signed.raw,
        attachments=signed.attachments,
        source=signed.source,
    )


def _validate_archive(
    raw: bytes,
    entries: tuple[SignatureEntry, ...],
    trust: TimestampTrust,
    at: datetime,
    certificates: tuple[bytes, ...],
) -> tuple[list[tuple[TimeStamp, datetime]], list[datetime]]:
    """The document time stamps, from the oldest, each with the time at which it is known to have existed; then such
    times, that of the signature first."""
    stamps: list[tuple[TimeStamp, datetime]] = []
    known_at = [at]
    for entry in reversed(entries):
        covered = entry.covered(raw)
        stamp = verify_timestamp(entry.contents, covered, trust=trust, at=known_at[0], others=certificates)
        stamps.insert(0, (stamp, known_at[0]))
        known_at.insert(0, stamp.stamped_at)
    return stamps, known_at
