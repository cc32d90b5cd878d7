"""Whether the certificates of a path were revoked, as of a moment, by the data at hand. No network, no clock.

A statement counts when it was known at a time at which its own signer's certificate had not expired (else nobody could
tell it from one made later with a leaked key), when its algorithms counted then, when the certificate it speaks of had
not expired when it was made (issuers forget expired ones), and when it is fresh for the moment asked about.
Source: ETSI EN 319 102-1, 5.2.5, 5.2.6, 5.6.2; RFC 9608 (certificates that are never revoked).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from signing.algorithms import AlgorithmPolicy
from signing.certificates import SignerCertificate, read_certificate
from signing.errors import refusal
from signing.revocation.statements import Statement, read_list, read_ocsp

CLOCK_TOLERANCE: Final = timedelta(minutes=5)  # between the clocks of who signs, stamps, answers and judges
# However soon the next one is due: a statement is asked for once and used for minutes.
LEAST_LIFETIME: Final = timedelta(minutes=15)
# Revoked for these reasons, what was signed before stays good; for others the date says nothing (RFC 3161, 4).
HARMLESS_REASONS: Final = frozenset({"affiliationChanged", "superseded", "cessationOfOperation"})


@dataclass(frozen=True, kw_only=True)
class ValidationData:
    """Certificates, OCSP answers and lists, all in DER; nothing in them is believed before it is verified."""

    certificates: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()

    @classmethod
    def joined(cls, parts: Iterable["ValidationData"]) -> "ValidationData":
        """All that is in the parts, each thing once."""
        every = tuple(parts)
        return cls(
            certificates=tuple(dict.fromkeys(der for each in every for der in each.certificates)),
            ocsps=tuple(dict.fromkeys(der for each in every for der in each.ocsps)),
            crls=tuple(dict.fromkeys(der for each in every for der in each.crls)),
        )


@dataclass(frozen=True, kw_only=True)
class KnownData:
    """Revocation data, and when it is known to have existed."""

    data: ValidationData
    known_at: datetime


@dataclass(frozen=True, kw_only=True)
class RevocationRule:
    """required: a certificate of which nothing is known does not count.

    max_age: how old a statement may be at the moment asked about; None: until the next one was due (nextUpdate), and
        for `LEAST_LIFETIME`.
    """

    required: bool = False
    max_age: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class CertificateStatus:
    """What is known of one certificate. source: `ocsp`, `crl`, or `never` for one that is never revoked; None: nothing.

    revoked_at: also when that is after the moment asked about, so that it does no harm.
    """

    certificate: bytes
    source: str | None
    this_update: datetime | None = None
    revoked_at: datetime | None = None
    reason: str | None = None


def check_path(
    path: Sequence[bytes],
    known: Iterable[KnownData],
    *,
    at: datetime,
    rule: RevocationRule,
    algorithms: AlgorithmPolicy,
    known_to_exist_at: datetime | None = None,
) -> tuple[CertificateStatus, ...]:
    """The status of each certificate of a path, the anchor aside, from the first one up.

    at: when the path was used: none may have been revoked by then.
    known_to_exist_at: for time stamps: when what was signed is known to have existed; if its certificate was revoked
        before that, the stamped time counts only if the reason is a harmless one.
    Raises VerificationFailed: certificate-revoked, issuer-revoked, revocation-unknown, revocation-expired.
    """
    known = list(known)
    certificates = [read_certificate(each) for each in path]
    statuses = []
    for place, (certificate, issuer) in enumerate(pairwise(certificates)):
        status = _status(certificate, issuer, known, at=at, rule=rule, algorithms=algorithms)
        if _harms(status, at, known_to_exist_at):
            if place:
                raise refusal("issuer-revoked", "an authority of the path was revoked before the path was used")
            raise refusal("certificate-revoked", "the certificate was revoked before it is known to have been used")
        statuses.append(status)
    return tuple(statuses)


def _harms(status: CertificateStatus, at: datetime, known_to_exist_at: datetime | None) -> bool:
    if status.revoked_at is None:
        return False
    if known_to_exist_at is None or status.reason in HARMLESS_REASONS:
        return status.revoked_at <= at
    return status.revoked_at <= known_to_exist_at


def _status(
    certificate: SignerCertificate,
    issuer: SignerCertificate,
    known: Sequence[KnownData],
    *,
    at: datetime,
    rule: RevocationRule,
    algorithms: AlgorithmPolicy,
) -> CertificateStatus:
    counting: list[Statement] = []
    has_expired = False
    for statement, known_at in _statements(certificate, issuer, known):
        if not _counts(statement, certificate, known_at, algorithms):
            continue
        if known_at > statement.signer.valid_until:
            has_expired = True
        elif statement.revoked_at is not None or _is_fresh(statement, at, rule):
            counting.append(statement)
    if counting:
        newest = max(counting, key=lambda each: each.this_update)
        return CertificateStatus(
            certificate=certificate.der,
            source=newest.source,
            this_update=newest.this_update,
            revoked_at=newest.revoked_at,
            reason=newest.reason,
        )
    if certificate.is_never_revoked:
        return CertificateStatus(certificate=certificate.der, source="never")
    if rule.required and has_expired:
        raise refusal("revocation-expired", "who signed the revocation data has expired, and nothing later covers it")
    if rule.required:
        raise refusal("revocation-unknown", "nothing at hand says whether a certificate was revoked")
    return CertificateStatus(certificate=certificate.der, source=None)


def _statements(
    certificate: SignerCertificate, issuer: SignerCertificate, known: Iterable[KnownData]
) -> Iterable[tuple[Statement, datetime]]:
    for each in known:
        for read, values in ((read_ocsp, each.data.ocsps), (read_list, each.data.crls)):
            for der in values:
                statement = read(der, certificate.der, issuer.der)
                if statement is not None:
                    yield statement, each.known_at


def _counts(
    statement: Statement, certificate: SignerCertificate, known_at: datetime, algorithms: AlgorithmPolicy
) -> bool:
    kind, bits = statement.key
    return (
        statement.signer.valid_from <= statement.this_update <= min(known_at + CLOCK_TOLERANCE, certificate.valid_until)
        and algorithms.accepts_key(kind, bits, at=known_at)
        and algorithms.accepts_digest(statement.digest, at=known_at)
    )


def _is_fresh(statement: Statement, at: datetime, rule: RevocationRule) -> bool:
    if rule.max_age is not None:
        return statement.this_update >= at - rule.max_age
    return max(statement.this_update + LEAST_LIFETIME, statement.next_update or statement.this_update) >= at
