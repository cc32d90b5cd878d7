"""Certificates for demonstrations and tests: an authority, and what it issues. Never for a running service.

There is no serial register and no protection of the authority's key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from types import MappingProxyType
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import CertificateBuilder, KeyUsage, Name, NameAttribute
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from signing.certificates import NO_REVOCATION_AVAILABLE
from signing.model import Identity, PrivateKey, PublicKey

KeyKind = Literal["p256", "p384", "rsa2048", "rsa3072"]
Use = Literal["sign", "seal", "stamp", "answer", "tls-server"]


@dataclass(frozen=True, kw_only=True)
class RevocationAddresses:
    """Where an authority tells what it revoked. Several authorities may not share one list."""

    responder: str
    list: str


_CLOCK_SKEW: Final = timedelta(hours=1)
# Says in the certificate what is true of it: nobody will ever tell that it was revoked. Source: RFC 9608.
_NEVER_REVOKED: Final = x509.UnrecognizedExtension(NO_REVOCATION_AVAILABLE, b"\x05\x00")
_NOTHING: Final[Mapping[str, bool]] = MappingProxyType(
    dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
)


def issue_authority(common_name: str, *, key: KeyKind = "p256", at: datetime, years: int = 10) -> Identity:
    """A self-signed demonstration authority, valid from an hour before `at`."""
    private = _new_key(key)
    name = Name([NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = _builder(name, name, private.public_key(), private.public_key(), at, timedelta(days=365 * years))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
    builder = builder.add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
    return Identity(key=private, certificate=builder.sign(private, _digest(private)))


def issue(
    authority: Identity,
    common_name: str,
    *,
    use: Use = "sign",
    key: KeyKind = "p256",
    serial_number: str | None = None,
    organization: str | None = None,
    organization_identifier: str | None = None,
    told_at: RevocationAddresses | None = None,
    at: datetime,
    days: int = 730,
    holder_key: PrivateKey | None = None,
) -> Identity:
    """A demonstration identity below `authority`, valid from an hour before `at`.

    use: `sign` makes signatures; `seal` receives sealed envelopes; `stamp` is a time-stamping unit;
        `answer` answers for what the authority revoked; `tls-server` is for `common_name` and loopback.
    told_at: addresses of an OCSP responder and of a list; None: the certificate says that it is never revoked.
    holder_key: certify this key, and make none.
    """
    private = holder_key or _new_key(key)
    named = (
        (NameOID.COMMON_NAME, common_name),
        (NameOID.SERIAL_NUMBER, serial_number),
        (NameOID.ORGANIZATION_NAME, organization),
        (NameOID.ORGANIZATION_IDENTIFIER, organization_identifier),
    )
    subject = Name([NameAttribute(oid, value) for oid, value in named if value is not None])
    issuer_key = authority.key.public_key()
    builder = _builder(
        subject, authority.certificate.subject, private.public_key(), issuer_key, at, timedelta(days=days)
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    if use != "answer":
        builder = _tell_revocation(builder, told_at)
    match use:
        case "sign":
            builder = builder.add_extension(_usage("digital_signature", "content_commitment"), critical=True)
        case "seal":
            agreement = "key_agreement" if isinstance(private, ec.EllipticCurvePrivateKey) else "key_encipherment"
            builder = builder.add_extension(_usage(agreement), critical=True)
        case "stamp":
            builder = builder.add_extension(_usage("digital_signature"), critical=True)
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        case "answer":
            builder = builder.add_extension(_usage("digital_signature"), critical=True)
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
            builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
        case "tls-server":
            loopback = [x509.IPAddress(ip_address("127.0.0.1")), x509.IPAddress(ip_address("::1"))]
            hosts = [x509.DNSName(host) for host in dict.fromkeys((common_name, "localhost"))]
            builder = builder.add_extension(_usage("digital_signature"), critical=True)
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            builder = builder.add_extension(x509.SubjectAlternativeName([*hosts, *loopback]), critical=False)
    return Identity(key=private, certificate=builder.sign(authority.key, _digest(authority.key)))


def _tell_revocation(builder: CertificateBuilder, told_at: RevocationAddresses | None) -> CertificateBuilder:
    if told_at is None:
        return builder.add_extension(_NEVER_REVOKED, critical=False)
    responder = x509.AccessDescription(
        AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(told_at.responder)
    )
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(told_at.list)], None, None, None)
    builder = builder.add_extension(x509.AuthorityInformationAccess([responder]), critical=False)
    return builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)


def _builder(
    subject: Name, issuer: Name, key: PublicKey, issuer_key: PublicKey, at: datetime, lifetime: timedelta
) -> CertificateBuilder:
    return (
        CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _CLOCK_SKEW)
        .not_valid_after(at + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _usage(*purposes: str) -> KeyUsage:
    return KeyUsage(**{**_NOTHING, **dict.fromkeys(purposes, True)})


def _new_key(kind: KeyKind) -> PrivateKey:
    match kind:
        case "p256":
            return ec.generate_private_key(ec.SECP256R1())
        case "p384":
            return ec.generate_private_key(ec.SECP384R1())
        case "rsa2048":
            return rsa.generate_private_key(public_exponent=65537, key_size=2048)
        case "rsa3072":
            return rsa.generate_private_key(public_exponent=65537, key_size=3072)


def _digest(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384:
    is_p384 = isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.key_size == 384
    return hashes.SHA384() if is_p384 else hashes.SHA256()
