"""How the content key of an envelope reaches one recipient: RecipientInfo values, written and read as fixed DER.

The payload and the structure around it are in sealing.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import Certificate

from signing import der
from signing.certificates import UNREADABLE, key_usage
from signing.errors import SealingFailed
from signing.model import PrivateKey, PublicKey, remembered

CONTENT_KEY_BYTES: Final = 32

_AES256_WRAP: Final = der.encode(der.SEQUENCE, der.oid("2.16.840.1.101.3.4.1.45"))
_EC_PUBLIC_KEY: Final = der.oid("1.2.840.10045.2.1")
_OAEP_PADDING: Final = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)


def _oaep(sha256_parameters: bytes) -> bytes:
    """The algorithm identifier of OAEP with SHA-256 twice; SHA-256 has NULL parameters or none (RFC 4055, 2.1)."""
    sha256 = der.encode(der.SEQUENCE, der.oid("2.16.840.1.101.3.4.2.1"), sha256_parameters)
    mgf1 = der.encode(der.SEQUENCE, der.oid("1.2.840.113549.1.1.8"), sha256)
    parameters = der.encode(der.SEQUENCE, der.encode(der.context(0), sha256), der.encode(der.context(1), mgf1))
    return der.encode(der.SEQUENCE, der.oid("1.2.840.113549.1.1.7"), parameters)


_OAEP: Final = _oaep(der.NULL)
_OAEP_SPELLINGS: Final = (_OAEP, _oaep(b""))
_KEY_AGREEMENT: Final = der.context(1)  # the CHOICE of RecipientInfo
_VERSION_0: Final = der.integer(0)
_VERSION_3: Final = der.integer(3)
# ECC-CMS-SharedInfo: the wrap algorithm, and the size in bits of the key that wraps. Source: RFC 5753, 7.2.
_SHARED_INFO: Final = der.encode(
    der.SEQUENCE,
    _AES256_WRAP,
    der.encode(der.context(2), der.encode(der.OCTET_STRING, (8 * CONTENT_KEY_BYTES).to_bytes(4, "big"))),
)


@dataclass(frozen=True, kw_only=True)
class _Agreement:
    """The key agreement that belongs to one curve."""

    curve: ec.EllipticCurve
    curve_oid: bytes
    digest: hashes.HashAlgorithm
    algorithm: bytes

    def wrapping_key(self, secret: bytes) -> bytes:
        return X963KDF(self.digest, CONTENT_KEY_BYTES, _SHARED_INFO).derive(secret)


_AGREEMENTS: Final[Mapping[str, _Agreement]] = MappingProxyType(
    {
        agreement.curve.name: agreement
        for agreement in (
            _Agreement(
                curve=ec.SECP256R1(),
                curve_oid=der.oid("1.2.840.10045.3.1.7"),
                digest=hashes.SHA256(),
                algorithm=der.encode(der.SEQUENCE, der.oid("1.3.132.1.11.1"), _AES256_WRAP),
            ),
            _Agreement(
                curve=ec.SECP384R1(),
                curve_oid=der.oid("1.3.132.0.34"),
                digest=hashes.SHA384(),
                algorithm=der.encode(der.SEQUENCE, der.oid("1.3.132.1.11.2"), _AES256_WRAP),
            ),
        )
    }
)


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """A recipient named in an envelope: by issuer and serial number, with the way to its content key.

    unwrap: raises ValueError, InvalidUnwrap or SealingFailed if the key is another one or the bytes were altered.
    """

    issuer_and_serial: bytes
    unwrap: Callable[[PrivateKey], bytes]


def issuer_and_serial(certificate: Certificate) -> bytes:
    """IssuerAndSerialNumber, with the very bytes that the certificate has for its issuer."""
    fields = der.Reader(certificate.tbs_certificate_bytes).enter(der.SEQUENCE)
    if fields.peek() == der.context(0):
        fields.take(der.context(0))
    serial = fields.take_whole(der.INTEGER)
    fields.take(der.SEQUENCE)
    return der.encode(der.SEQUENCE, fields.take_whole(der.SEQUENCE), serial)


def build_recipient(certificate: Certificate, content_key: bytes) -> bytes:
    """The RecipientInfo by which the holder of the certificate's key gets `content_key`.

    Raises SealingFailed (recipient-not-allowed).
    """
    addressee = _addressee(certificate)
    if isinstance(addressee.key, rsa.RSAPublicKey):
        wrapped = der.encode(der.OCTET_STRING, addressee.key.encrypt(content_key, _OAEP_PADDING))
        return der.encode(der.SEQUENCE, _VERSION_0, addressee.name, _OAEP, wrapped)
    return _build_agreement(_AGREEMENTS[addressee.key.curve.name], addressee.key, addressee.name, content_key)


@dataclass(frozen=True, kw_only=True)
class _Addressee:
    """A certificate for which an envelope may be sealed: its key, of a kind that is allowed, and its name."""

    key: PublicKey
    name: bytes


@remembered
def _addressee(certificate: Certificate) -> _Addressee:
    """What sealing asks of a certificate. It is remembered: recipients come back."""
    try:
        key, usage, name = certificate.public_key(), key_usage(certificate), issuer_and_serial(certificate)
    except (*UNREADABLE, der.DerError):
        raise SealingFailed("recipient-not-allowed", "the certificate of a recipient cannot be read") from None
    if isinstance(key, rsa.RSAPublicKey) and 2048 <= key.key_size <= 8192:
        if usage is not None and not usage.key_encipherment:
            raise SealingFailed("recipient-not-allowed", "the certificate of a recipient is not for key encipherment")
        return _Addressee(key=key, name=name)
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _AGREEMENTS:
        if usage is not None and not usage.key_agreement:
            raise SealingFailed("recipient-not-allowed", "the certificate of a recipient is not for key agreement")
        return _Addressee(key=key, name=name)
    raise SealingFailed(
        "recipient-not-allowed", "the key of a recipient is not P-256, P-384 or RSA of 2048 bits or more"
    )


def read_recipient(infos: der.Reader) -> Recipient:
    """The next RecipientInfo.

    Raises DerError for what the profile does not have.
    """
    if infos.peek() == _KEY_AGREEMENT:
        return _read_agreement(infos.enter(_KEY_AGREEMENT))
    fields = infos.enter(der.SEQUENCE)
    fields.expect(_VERSION_0)
    name = fields.take_whole(der.SEQUENCE)
    if fields.take_whole(der.SEQUENCE) not in _OAEP_SPELLINGS:
        raise der.DerError("another key transport than the profile has")
    wrapped = fields.take(der.OCTET_STRING)
    fields.finish()

    def unwrap(key: PrivateKey) -> bytes:
        if not isinstance(key, rsa.RSAPrivateKey):
            raise SealingFailed("cannot-open", "the envelope was sealed for another kind of key")
        return key.decrypt(wrapped, _OAEP_PADDING)

    return Recipient(issuer_and_serial=name, unwrap=unwrap)


def _build_agreement(agreement: _Agreement, key: ec.EllipticCurvePublicKey, name: bytes, content_key: bytes) -> bytes:
    ephemeral = ec.generate_private_key(agreement.curve)
    wrapped = aes_key_wrap(agreement.wrapping_key(ephemeral.exchange(ec.ECDH(), key)), content_key)
    point = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    start, middle = _around(agreement.curve.name, name)
    return b"".join((start, point, middle, wrapped))


@lru_cache(maxsize=1024)
def _around(curve: str, name: bytes) -> tuple[bytes, bytes]:
    """What stands before the ephemeral point, and between it and the wrapped key at the end: of equal length for every
    envelope to one recipient, and so the same."""
    agreement = _AGREEMENTS[curve]
    point, wrapped = bytes(1 + agreement.curve.key_size // 8 * 2), bytes(CONTENT_KEY_BYTES + 8)  # RFC 3394, 2.2.1
    originator = der.encode(
        der.context(1), der.encode(der.SEQUENCE, _EC_PUBLIC_KEY), der.encode(der.BIT_STRING, b"\x00", point)
    )
    encrypted_key = der.encode(der.SEQUENCE, name, der.encode(der.OCTET_STRING, wrapped))
    rest = agreement.algorithm + der.encode(der.SEQUENCE, encrypted_key)
    whole = der.encode(_KEY_AGREEMENT, _VERSION_3, der.encode(der.context(0), originator), rest)
    return whole[: -len(point + rest)], rest[: -len(wrapped)]


def _read_agreement(fields: der.Reader) -> Recipient:
    fields.expect(_VERSION_3)
    choice = fields.enter(der.context(0))
    originator = choice.enter(der.context(1))
    choice.finish()
    key_algorithm = originator.take_whole(der.SEQUENCE)
    point = originator.take(der.BIT_STRING)
    originator.finish()
    algorithm = fields.take_whole(der.SEQUENCE)
    keys = fields.enter(der.SEQUENCE)
    fields.finish()
    encrypted_key = keys.enter(der.SEQUENCE)
    keys.finish()
    name = encrypted_key.take_whole(der.SEQUENCE)
    wrapped = encrypted_key.take(der.OCTET_STRING)
    encrypted_key.finish()
    agreement = _agreement_of(algorithm)
    # The curve may be named or left out (RFC 5753, 3.1.1); if it is named, it is the recipient's.
    named = der.encode(der.SEQUENCE, _EC_PUBLIC_KEY, agreement.curve_oid)
    if key_algorithm not in (der.encode(der.SEQUENCE, _EC_PUBLIC_KEY), named):
        raise der.DerError("the ephemeral key is described in another way than the profile has")
    if not point.startswith(b"\x00\x04"):
        raise der.DerError("the ephemeral key is not an uncompressed point")

    def unwrap(key: PrivateKey) -> bytes:
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != agreement.curve.name:
            raise SealingFailed("cannot-open", "the envelope was sealed for another kind of key")
        ephemeral = ec.EllipticCurvePublicKey.from_encoded_point(agreement.curve, point[1:])
        return aes_key_unwrap(agreement.wrapping_key(key.exchange(ec.ECDH(), ephemeral)), wrapped)

    return Recipient(issuer_and_serial=name, unwrap=unwrap)


def _agreement_of(algorithm: bytes) -> _Agreement:
    for agreement in _AGREEMENTS.values():
        if algorithm == agreement.algorithm:
            return agreement
    raise der.DerError("another key agreement than the profile has")
