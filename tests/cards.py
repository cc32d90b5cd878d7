"""Invented identity cards of the Belgian profile: an authority below a root, two keys on a card, P-384 or RSA-2048.

Applet 1.8 signs with P-384 and SHA-384, applet 1.7 with RSA-2048 and SHA-256. The subject holds the national number in
serialNumber, without a prefix; the key that signs is for non-repudiation alone, the other one for authentication.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from signing import Identity, der, issue_authority
from tests.signing.listing import ESIGN
from tests.signing.pki import issue_authority_below

APPLETS = ("1.7", "1.8")
POLICY = "2.16.56.12.1.1.2.1"
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@cache
def citizen_authority(at: datetime) -> tuple[Identity, Identity]:
    """The root and the authority below it."""
    root, middle = issue_authority("Invented Root CA", key="p384", at=at), issue_authority("Citizen CA", at=at)
    return root, issue_authority_below(root, middle)


@cache
def _card_key(applet: str) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    if applet == "1.8":
        return ec.generate_private_key(ec.SECP384R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def card(
    authority: Identity,
    *,
    applet: str,
    number: str,
    name: str = "Jan Voorbeeld",
    responder: str = "",
    use: str = "content_commitment",
    at: datetime,
) -> Identity:
    """What signs on a card (or, for `digital_signature`, what only authenticates), with its authority in the chain."""
    given, _, surname = name.partition(" ")
    word = "Signature" if use == "content_commitment" else "Authentication"
    parts = (
        (NameOID.COUNTRY_NAME, "BE"),
        (NameOID.COMMON_NAME, f"{name} ({word})"),
        (NameOID.SURNAME, surname),
        (NameOID.GIVEN_NAME, given),
        (NameOID.SERIAL_NUMBER, number),
    )
    statements = [
        der.encode(der.SEQUENCE, der.oid("0.4.0.1862.1.1")),
        der.encode(der.SEQUENCE, der.oid("0.4.0.1862.1.4")),
    ]
    statements.append(der.encode(der.SEQUENCE, der.oid("0.4.0.1862.1.6"), der.encode(der.SEQUENCE, der.oid(ESIGN))))
    qualified = x509.UnrecognizedExtension(
        x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3"), der.encode(der.SEQUENCE, *statements)
    )
    key = _card_key(applet)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(oid, value) for oid, value in parts]))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at)
        .not_valid_after(at + timedelta(days=3650))
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
        .add_extension(
            x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(POLICY), None)]), critical=False
        )
        .add_extension(x509.KeyUsage(**{each: each == use for each in _USAGES}), critical=True)
        .add_extension(qualified, critical=False)
    )
    if responder:
        place = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(responder))
        builder = builder.add_extension(x509.AuthorityInformationAccess([place]), critical=False)
    return Identity(key, builder.sign(authority.key, hashes.SHA256()), (authority.certificate,))
