"""Keys that are kept for others: made here, at rest only sealed for a key of ours, unsealed for one use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from cryptography.x509 import Certificate, Name, NameAttribute
from cryptography.x509.oid import NameOID

from signing.errors import KeyUnavailable
from signing.model import Identity
from signing.sealing import open_sealed, seal

LIFETIME: Final = timedelta(days=20 * 365)
_SKEW: Final = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class WrappedKey:
    """A private key as it rests. certificate: its own, self-signed: for envelopes, and for nothing else."""

    certificate: Certificate
    wrapped: bytes


def make_wrapped_key(common_name: str, *, wrapped_for: Certificate, at: datetime) -> WrappedKey:
    """A new key (P-256) for envelopes, wrapped for the holder of `wrapped_for`.

    common_name: stands in the certificate, which whoever gets an envelope can read; no name of a person.
    Raises SealingFailed (recipient-not-allowed).
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = Name([NameAttribute(NameOID.COMMON_NAME, common_name)])
    agreement = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=True,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), at - _SKEW, at + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(agreement, critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return WrappedKey(certificate=certificate, wrapped=seal(plain, recipients=[wrapped_for]))


def unwrap_key(key: WrappedKey, *, identity: Identity) -> Identity:
    """The identity of a wrapped key, for one use. identity: that for which it was wrapped.

    Raises SealingFailed; KeyUnavailable (certificate-missing) for a key that is not the certificate's.
    """
    return _unwrapped(key, identity)[0]


def rewrap_key(key: WrappedKey, *, identity: Identity, wrapped_for: Certificate) -> WrappedKey:
    """The same key, wrapped for another. Raises as `unwrap_key` does."""
    _, plain = _unwrapped(key, identity)
    return WrappedKey(certificate=key.certificate, wrapped=seal(plain, recipients=[wrapped_for]))


def _unwrapped(key: WrappedKey, identity: Identity) -> tuple[Identity, bytes]:
    """The identity, and the private key as it was wrapped."""
    plain = open_sealed(key.wrapped, identity=identity)
    try:
        private = load_der_private_key(plain, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyUnavailable("key-unreadable", "what was wrapped is not a private key") from None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or private.public_key() != key.certificate.public_key():
        raise KeyUnavailable("certificate-missing", "the wrapped key is not that of the certificate")
    return Identity(private, key.certificate), plain
