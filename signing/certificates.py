"""One X.509 certificate as this package needs it: read once, with all that is asked of it, and remembered.

Whether it is trusted is not decided here.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import Certificate
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, ExtensionOID

from signing.errors import refusal
from signing.model import PublicKey, SubjectIdentity, subject_of

MAX_CERTIFICATE_BYTES: Final = 16 * 1024
NO_REVOCATION_AVAILABLE: Final = x509.ObjectIdentifier("2.5.29.56")

_SIGNING: Final = frozenset(
    {
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
        x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36"),  # documents (RFC 9336)
        x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.12"),  # documents, as Microsoft named it before
    }
)
_STAMPING: Final = frozenset({ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE, ExtendedKeyUsageOID.TIME_STAMPING})
# Purposes that are certainly not a person's or an organisation's signature under a document.
_OTHERWISE: Final = frozenset(
    {
        ExtendedKeyUsageOID.SERVER_AUTH,
        ExtendedKeyUsageOID.CODE_SIGNING,
        ExtendedKeyUsageOID.TIME_STAMPING,
        ExtendedKeyUsageOID.OCSP_SIGNING,
    }
)

UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What cryptography raises, at once or on first use, for a certificate that is not well formed."""


class Purpose(Enum):
    """What a path is looked for: the authorities in it may have limited themselves to other purposes."""

    SIGNING = auto()
    STAMPING = auto()


@dataclass(frozen=True, kw_only=True)
class SignerCertificate:
    """A certificate whose parts that matter for a signature were found well formed.

    may_sign: content may be signed with it: no key usage is stated, or non-repudiation is among them, and no extended
        one, or not for something else (RFC 5280, 4.2.1.12). A key that only authenticates (the other certificate of an
        eID card) signs whatever a server asks it to, so it never counts.
    is_authority: it may issue certificates.
    is_never_revoked: it says that nobody will ever tell of its revocation, and may say so: it is no authority's and
        names no place where one could ask (RFC 9608, 2 and 3).
    may_stamp: it is meant for time stamps and for nothing else: extended key usage critical and alone (RFC 3161, 2.3).
    """

    der: bytes
    certificate: Certificate
    key: PublicKey
    subject: SubjectIdentity
    valid_from: datetime
    valid_until: datetime
    may_sign: bool
    may_stamp: bool
    is_authority: bool
    is_never_revoked: bool


@lru_cache(maxsize=1024)
def read_certificate(der: bytes) -> SignerCertificate:
    """Read a DER certificate. The last thousand are remembered: senders come back.

    Raises VerificationFailed (certificate-unreadable; algorithm-not-allowed for a kind of key that is not known here).
    """
    if len(der) > MAX_CERTIFICATE_BYTES:
        raise refusal("limit-exceeded", "a certificate larger than 16 KiB")
    try:
        certificate = x509.load_der_x509_certificate(der)
        key = certificate.public_key()
        subject = subject_of(certificate)
        may_sign = _may_sign(certificate)
        may_stamp = _may_stamp(certificate)
        is_authority, is_never_revoked = _is_authority(certificate), _is_never_revoked(certificate)
    except UNREADABLE:
        raise refusal("certificate-unreadable", "a certificate that cannot be read") from None
    if not isinstance(key, EllipticCurvePublicKey | RSAPublicKey):
        raise refusal("algorithm-not-allowed", "a certificate whose key is neither RSA nor on an elliptic curve")
    return SignerCertificate(
        der=der,
        certificate=certificate,
        key=key,
        subject=subject,
        valid_from=certificate.not_valid_before_utc,
        valid_until=certificate.not_valid_after_utc,
        may_sign=may_sign,
        may_stamp=may_stamp,
        is_authority=is_authority,
        is_never_revoked=is_never_revoked,
    )


def key_usage(certificate: Certificate) -> x509.KeyUsage | None:
    """The key usage that the certificate states, if it states one.

    Raises ValueError and kin if the extensions of the certificate are not well formed.
    """
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None


def _may_sign(certificate: Certificate) -> bool:
    usage = key_usage(certificate)
    if usage is not None and not usage.content_commitment:
        return False
    stated = _extended_key_usage(certificate)
    if stated is None or not _SIGNING.isdisjoint(stated.value):
        return True
    return not stated.critical and not _OTHERWISE.issuperset(stated.value)


def _may_stamp(certificate: Certificate) -> bool:
    stated = _extended_key_usage(certificate)
    if stated is None:
        return False
    usage = key_usage(certificate)
    signs = usage is None or usage.digital_signature or usage.content_commitment
    return signs and stated.critical and list(stated.value) == [ExtendedKeyUsageOID.TIME_STAMPING]


def _extended_key_usage(certificate: Certificate) -> x509.Extension[x509.ExtendedKeyUsage] | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return None


def _is_authority(certificate: Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def may_issue(certificate: Certificate) -> bool:
    """Whether other certificates may be made with its key (RFC 5280, 6.1.4 k and n); one of the first version, as old
    roots are, cannot say so. Raises ValueError and kin as `key_usage` does."""
    if certificate.version is x509.Version.v1:
        return True
    usage = key_usage(certificate)
    return _is_authority(certificate) and (usage is None or usage.key_cert_sign)


def issues_for(certificate: Certificate, purpose: Purpose) -> bool:
    """Whether an authority that states extended purposes leaves room for this one below it; stating none, it does.

    RFC 5280 (4.2.1.12) does not say what they mean in the certificate of an authority. Those who issue and those who
    verify take them as a limit: an authority of TLS servers makes no signatory. Of OCSP answers nothing is asked, since
    an authority may answer, and appoint who answers, for all that it issued. Raises ValueError and kin as `key_usage`.
    """
    stated = _extended_key_usage(certificate)
    if stated is None:
        return True
    if purpose is Purpose.STAMPING:
        return not _STAMPING.isdisjoint(stated.value)
    return not _SIGNING.isdisjoint(stated.value) or _OTHERWISE.isdisjoint(stated.value)


def _is_never_revoked(certificate: Certificate) -> bool:
    stated = {extension.oid for extension in certificate.extensions}
    asked_about = stated & {ExtensionOID.CRL_DISTRIBUTION_POINTS, ExtensionOID.FRESHEST_CRL}
    return NO_REVOCATION_AVAILABLE in stated and not (
        asked_about or _is_authority(certificate) or _names_responder(certificate)
    )


def _names_responder(certificate: Certificate) -> bool:
    try:
        named = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return False
    return any(each.access_method == AuthorityInformationAccessOID.OCSP for each in named)
