"""A key with its certificate and chain, from PEM or PKCS#12, and back to PEM."""

from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509 import Certificate

from signing.errors import KeyUnavailable
from signing.model import Identity, PrivateKey


def load_file(path: Path, *, password: bytes | None = None) -> Identity:
    """The identity in a file, PEM or PKCS#12, told apart by content.

    Raises KeyUnavailable.
    """
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise KeyUnavailable("key-unreadable", "the key file cannot be read") from exc
    if b"-----BEGIN " in data:
        return identity_from_pem(data, password=password)
    return identity_from_pkcs12(data, password=password)


def identity_from_pem(data: bytes, *, password: bytes | None = None) -> Identity:
    """The identity in one PEM text: a private key, its certificate and, in any order, the chain.

    Raises KeyUnavailable.
    """
    try:
        key = load_pem_private_key(data, password)
        certificates = x509.load_pem_x509_certificates(data)
    except TypeError:  # cryptography: a password is missing, or was given for a key that has none
        raise KeyUnavailable(
            "password-wrong", "the key is encrypted and no password came with it, or the other way round"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        code = "key-unreadable" if password is None else "password-wrong"
        raise KeyUnavailable(code, "no key and certificate can be read from this PEM text") from None
    return _identity(key, certificates)


def identity_from_pkcs12(data: bytes, *, password: bytes | None) -> Identity:
    """The identity in a PKCS#12 file.

    Raises KeyUnavailable.
    """
    try:
        store = pkcs12.load_pkcs12(data, password)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyUnavailable("key-unreadable", "not a PKCS#12 file, or the password is another one") from None
    if store.key is None:
        raise KeyUnavailable("key-missing", "the PKCS#12 file holds no private key")
    found = [store.cert, *store.additional_certs]
    return _identity(store.key, [entry.certificate for entry in found if entry is not None])


def identity_to_pem(identity: Identity, *, password: bytes | None = None) -> bytes:
    """Key (PKCS#8), certificate and chain as one PEM text; the key encrypted if a password is given."""
    protection: KeySerializationEncryption = BestAvailableEncryption(password) if password else NoEncryption()
    parts = [identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)]
    parts += [certificate.public_bytes(Encoding.PEM) for certificate in (identity.certificate, *identity.chain)]
    return b"".join(parts)


def _identity(key: object, certificates: Iterable[Certificate]) -> Identity:
    if not isinstance(key, EllipticCurvePrivateKey | RSAPrivateKey):
        raise KeyUnavailable("key-not-allowed", "only RSA keys and keys on an elliptic curve are used here")
    own: Certificate | None = None
    chain: list[Certificate] = []
    for certificate in certificates:
        if own is None and _belongs(key, certificate):
            own = certificate
        else:
            chain.append(certificate)
    if own is None:
        raise KeyUnavailable("certificate-missing", "no certificate belongs to the private key")
    return Identity(key=key, certificate=own, chain=tuple(chain))


def _belongs(key: PrivateKey, certificate: Certificate) -> bool:
    try:
        return certificate.public_key() == key.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
