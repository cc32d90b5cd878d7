"""An identity whose key is in a token: the key is looked up, its certificate found, and both are tried out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pkcs11
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import Certificate
from pkcs11 import Attribute, ObjectClass, exceptions

from signing.errors import KeyUnavailable
from signing.keys.addresses import TokenAddress
from signing.keys.sessions import Lent, login
from signing.keys.tokenkeys import Handle, TokenEllipticKey, TokenRsaKey
from signing.model import Identity, PrivateKey

MAX_CHAIN: Final = 8
_UNREADABLE: Final = (ValueError, TypeError, UnsupportedAlgorithm)


def load_token_identity(address: TokenAddress, *, pin: bytes | None = None) -> Identity:
    """The identity at `address`. pin: where the address names no file that holds it.

    The key makes one signature, or one agreement, so that a wrong PIN, a certificate of another key and a token that
    cannot do what is wanted of it are found here. Raises KeyUnavailable.
    """
    logged_in = login(address, pin_of(address, pin))
    certificates = _from_file(address)
    id_, purposes, asks_again, held = logged_in.run(lambda lent: _look(lent, address, certificates is None))
    own, chain = _sorted(certificates if certificates is not None else held)
    handle = Handle(login=logged_in, label=address.label, id=address.id or id_, asks_again=asks_again)
    key = _key(handle, own)
    _try(key, purposes)
    return Identity(key=key, certificate=own, chain=chain)


def pin_of(address: TokenAddress, pin: bytes | None) -> str:
    """The PIN from its file, else the one given. Raises KeyUnavailable: pin-missing."""
    if address.pin_source is not None:
        try:
            pin = address.pin_source.read_bytes().rstrip(b"\r\n")
        except OSError:
            raise KeyUnavailable("pin-missing", "the file that pin-source names cannot be read") from None
    if not pin:
        raise KeyUnavailable("pin-missing", "the PIN of the token is needed: pin-source names the file that holds it")
    try:
        return pin.decode()
    except UnicodeDecodeError:
        raise KeyUnavailable("pin-missing", "the PIN is not UTF-8") from None


_Purposes = tuple[bool, bool]  # signs, agrees or opens


def _look(
    lent: Lent, address: TokenAddress, with_certificates: bool
) -> tuple[bytes, _Purposes, bool, list[Certificate]]:
    key = lent.key(address.label, address.id)
    id_ = _optional(key, Attribute.ID) or b""
    opens = bool(_optional(key, Attribute.DERIVE) or _optional(key, Attribute.DECRYPT))
    purposes = bool(_optional(key, Attribute.SIGN)), opens
    asks_again = bool(_optional(key, Attribute.ALWAYS_AUTHENTICATE))
    return id_, purposes, asks_again, _held(lent, id_) if with_certificates else []


def _optional(key: pkcs11.Object, attribute: Attribute) -> Any:
    try:
        return key[attribute]
    except (exceptions.AttributeTypeInvalid, exceptions.AttributeSensitive):
        return None  # not every token keeps every attribute


def _held(lent: Lent, id_: bytes) -> list[Certificate]:
    """The certificates in the token: first the one that has the key's id."""
    own: list[Certificate] = []
    others: list[Certificate] = []
    for each in lent.find({Attribute.CLASS: ObjectClass.CERTIFICATE}):
        try:
            certificate = x509.load_der_x509_certificate(each[Attribute.VALUE])
        except _UNREADABLE:
            continue  # a token may hold certificates of other kinds and other people's
        (own if id_ and each[Attribute.ID] == id_ else others).append(certificate)
    if len(own) != 1:
        raise KeyUnavailable(
            "certificate-missing",
            "the token must hold one certificate with the id of the key, or x-certificates name it",
        )
    return [*own, *others]


def _from_file(address: TokenAddress) -> list[Certificate] | None:
    if address.certificates is None:
        return None
    try:
        found = x509.load_pem_x509_certificates(address.certificates.read_bytes())
    except (OSError, ValueError):
        raise KeyUnavailable("certificate-missing", "x-certificates cannot be read as certificates in PEM") from None
    return list(found)


def _sorted(certificates: Sequence[Certificate]) -> tuple[Certificate, tuple[Certificate, ...]]:
    """The first certificate, and of the others those that lead on from it."""
    own, *others = certificates
    chain: list[Certificate] = []
    last = own
    while last.issuer != last.subject and len(chain) < MAX_CHAIN:
        issuer = next((each for each in others if each not in chain and _issued(each, last)), None)
        if issuer is None:
            break
        chain.append(issuer)
        last = issuer
    return own, tuple(chain)


def _issued(issuer: Certificate, certificate: Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, *_UNREADABLE):
        return False
    return True


def _key(handle: Handle, certificate: Certificate) -> PrivateKey:
    try:
        public = certificate.public_key()
    except _UNREADABLE:
        raise KeyUnavailable("certificate-missing", "the certificate of the key cannot be read") from None
    match public:
        case ec.EllipticCurvePublicKey():
            return TokenEllipticKey(handle, public)
        case rsa.RSAPublicKey():
            return TokenRsaKey(handle, public)
        case _:
            raise KeyUnavailable("key-not-allowed", "only RSA keys and keys on an elliptic curve are used here")


def _try(key: PrivateKey, purposes: _Purposes) -> None:
    """Raises KeyUnavailable (certificate-missing) if the certificate is of another key."""
    signs, opens = purposes
    sample = b"Is this the key of this certificate?"
    try:
        if isinstance(key, rsa.RSAPrivateKey):
            if signs:
                value = key.sign(sample, padding.PKCS1v15(), hashes.SHA256())
                key.public_key().verify(value, sample, padding.PKCS1v15(), hashes.SHA256())
        elif signs:
            digest = hashes.SHA256()
            key.public_key().verify(key.sign(sample, ec.ECDSA(digest)), sample, ec.ECDSA(digest))
        elif opens:
            ephemeral = ec.generate_private_key(key.curve)
            secret = ephemeral.exchange(ec.ECDH(), key.public_key())
            _expect(key.exchange(ec.ECDH(), ephemeral.public_key()) == secret)
        else:
            raise KeyUnavailable("token-cannot", "the token lets the key neither sign nor open")
    except InvalidSignature:
        raise KeyUnavailable("certificate-missing", "the certificate is not of this private key") from None


def _expect(same: bool) -> None:
    if not same:
        raise InvalidSignature
