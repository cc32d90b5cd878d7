"""CMS: ContentInfo, and SignedData with one signer and signed attributes, as time stamps are.

Written as DER, read as nothing else.

Reading takes the structure apart; whose certificate it is and whether it counts is decided elsewhere.
Source: RFC 5652, 3 and 5; RFC 5035 (ESSCertIDv2); RFC 5754, RFC 5753, RFC 4056 (algorithm identifiers).
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from signing import der
from signing.algorithms import (
    DIGESTS,
    SIGNATURE_ALGORITHMS,
    AlgorithmPolicy,
    Scheme,
    SignatureAlgorithm,
    algorithm_for,
    sign_bytes,
    verify_bytes,
)
from signing.certificates import SignerCertificate
from signing.model import Identity
from signing.recipients import issuer_and_serial

MAX_CERTIFICATES: Final = 8  # in one SignedData

_SIGNED_DATA: Final = der.oid("1.2.840.113549.1.7.2")
_CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE_V2: Final = "1.2.840.113549.1.9.16.2.47"
_SHA256: Final = "2.16.840.1.101.3.4.2.1"
_MGF1: Final = "1.2.840.113549.1.1.8"
_RSA_ENCRYPTION: Final = "1.2.840.113549.1.1.1"
_RSA_PSS: Final = "1.2.840.113549.1.1.10"
_KEY_IDENTIFIER: Final = 0x80  # [0] IMPLICIT OCTET STRING

DIGEST_OIDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        _SHA256: "sha256",
        "2.16.840.1.101.3.4.2.2": "sha384",
        "2.16.840.1.101.3.4.2.3": "sha512",
    }
)
"""Object identifier of a digest -> its name in hashlib."""

_OIDS_OF_DIGESTS: Final = MappingProxyType({name: oid for oid, name in DIGEST_OIDS.items()})
_SIGNATURE_OIDS: Final[Mapping[str, tuple[Scheme, str]]] = MappingProxyType(
    {
        "1.2.840.10045.4.3.2": (Scheme.ECDSA, "sha256"),
        "1.2.840.10045.4.3.3": (Scheme.ECDSA, "sha384"),
        "1.2.840.10045.4.3.4": (Scheme.ECDSA, "sha512"),
        "1.2.840.113549.1.1.11": (Scheme.RSA_PKCS1, "sha256"),
        "1.2.840.113549.1.1.12": (Scheme.RSA_PKCS1, "sha384"),
        "1.2.840.113549.1.1.13": (Scheme.RSA_PKCS1, "sha512"),
    }
)
_ALGORITHMS: Final[Mapping[tuple[Scheme, str], SignatureAlgorithm]] = MappingProxyType(
    {(found.scheme, found.digest.name): found for found in SIGNATURE_ALGORITHMS.values()}
)
_OIDS_OF_SIGNATURES: Final = MappingProxyType({pair: oid for oid, pair in _SIGNATURE_OIDS.items()})


class UnknownAlgorithm(Exception):
    """An algorithm that is not in our table. Never leaves this package."""


@dataclass(frozen=True, kw_only=True)
class SignedData:
    """A SignedData that was taken apart; nothing in it is verified.

    certificates: DER, in the order of the set.
    signer: IssuerAndSerialNumber in DER, or the subject key identifier, as the tag says.
    signed: what the signature value is over: the signed attributes as a SET.
    certificate_digest: of the signer's certificate, as the signer states it: name in hashlib, value.
    """

    content: bytes
    certificates: tuple[bytes, ...]
    signer: tuple[int, bytes]
    signed: bytes
    content_digest: tuple[str, bytes]
    certificate_digest: tuple[str, bytes] | None
    algorithm: SignatureAlgorithm
    value: bytes

    def is_signer(self, certificate: x509.Certificate) -> bool:
        """Whether the signer is named by what this certificate says of itself. Raises ValueError and kin."""
        tag, name = self.signer
        if tag == der.SEQUENCE:
            return hmac.compare_digest(name, issuer_and_serial(certificate))
        try:
            stated = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        except x509.ExtensionNotFound:
            return False
        return hmac.compare_digest(name, stated)

    def content_is_signed(self) -> bool:
        """Whether the digest among the signed attributes is that of the content."""
        name, digest = self.content_digest
        return hmac.compare_digest(DIGESTS[name](self.content).digest(), digest)

    def verify(self, signer: SignerCertificate, *, policy: AlgorithmPolicy, at: datetime) -> None:
        """Check the signature value. Raises VerificationFailed as `verify_bytes` does."""
        verify_bytes(
            self.value, self.signed, key=signer.key, algorithm=self.algorithm, policy=policy, at=at, in_cms=True
        )


def content_info(kind: bytes, content: bytes) -> bytes:
    """ContentInfo around `content`. kind: its OBJECT IDENTIFIER, in DER."""
    return der.encode(der.SEQUENCE, kind, der.encode(der.context(0), content))


def enter_content_info(raw: bytes, kind: bytes) -> der.Reader:
    """A reader inside the SEQUENCE that a ContentInfo of that kind holds, and nothing else. Raises DerError."""
    outer = der.Reader(raw)
    info = outer.enter(der.SEQUENCE)
    outer.finish()
    info.expect(kind)
    explicit = info.enter(der.context(0))
    info.finish()
    content = explicit.enter(der.SEQUENCE)
    explicit.finish()
    return content


def build_signed_data(
    content: bytes, *, content_type: str, identity: Identity, with_certificates: bool = True
) -> bytes:
    """ContentInfo with SignedData over `content`, signed now by `identity`.

    Raises KeyUnavailable if the algorithm policy does not let the key sign.
    """
    algorithm = algorithm_for(identity.key)
    digest = algorithm.digest.name
    own = identity.certificate.public_bytes(Encoding.DER)
    attributes = sorted(
        (
            _attribute(_CONTENT_TYPE, der.oid(content_type)),
            _attribute(_MESSAGE_DIGEST, der.encode(der.OCTET_STRING, DIGESTS[digest](content).digest())),
            _attribute(_SIGNING_CERTIFICATE_V2, _signing_certificate(own)),
        )
    )
    value = sign_bytes(der.encode(der.SET, *attributes), key=identity.key, algorithm=algorithm, in_cms=True)
    parameters = der.NULL if algorithm.scheme is Scheme.RSA_PKCS1 else b""
    digest_algorithm = digest_identifier(digest)
    certificates = sorted((own, *(each.public_bytes(Encoding.DER) for each in identity.chain)))
    signed_data = der.encode(
        der.SEQUENCE,
        der.integer(3),
        der.encode(der.SET, digest_algorithm),
        der.encode(
            der.SEQUENCE, der.oid(content_type), der.encode(der.context(0), der.encode(der.OCTET_STRING, content))
        ),
        der.encode(der.context(0), *certificates) if with_certificates else b"",
        der.encode(
            der.SET,
            der.encode(
                der.SEQUENCE,
                der.integer(1),
                issuer_and_serial(identity.certificate),
                digest_algorithm,
                der.encode(der.context(0), *attributes),
                der.encode(der.SEQUENCE, der.oid(_OIDS_OF_SIGNATURES[algorithm.scheme, digest]), parameters),
                der.encode(der.OCTET_STRING, value),
            ),
        ),
    )
    return content_info(_SIGNED_DATA, signed_data)


def read_signed_data(raw: bytes, *, content_type: str) -> SignedData:
    """Take a SignedData apart.

    Raises DerError for what is not DER, not of this content type, not signed by exactly one, or lacks an attribute;
    UnknownAlgorithm.
    """
    data = enter_content_info(raw, _SIGNED_DATA)
    if data.take_integer() not in (1, 3, 4, 5):
        raise der.DerError("a version of SignedData that does not exist")
    data.take(der.SET)  # digest algorithms: a hint for whoever reads in one pass
    encapsulated = data.enter(der.SEQUENCE)
    encapsulated.expect(der.oid(content_type))
    content_holder = encapsulated.enter(der.context(0))
    encapsulated.finish()
    content = content_holder.take(der.OCTET_STRING)
    content_holder.finish()
    certificates = _read_certificates(data.optional(der.context(0)))
    data.optional(der.context(1))  # revocation data that no attribute covers
    signers = data.enter(der.SET)
    data.finish()
    signer = signers.enter(der.SEQUENCE)
    signers.finish()
    return _read_signer(signer, content, certificates, content_type)


def digest_identifier(name: str) -> bytes:
    """AlgorithmIdentifier of a digest, without parameters (RFC 5754, 2)."""
    return der.encode(der.SEQUENCE, der.oid(_OIDS_OF_DIGESTS[name]))


def read_digest_identifier(reader: der.Reader) -> str:
    """The name in hashlib of the digest whose AlgorithmIdentifier comes next. Raises DerError, UnknownAlgorithm."""
    identifier = reader.enter(der.SEQUENCE)
    oid = identifier.take_oid()
    _skip_null(identifier)
    if oid not in DIGEST_OIDS:
        raise UnknownAlgorithm("a digest that is not in the table")
    return DIGEST_OIDS[oid]


def _attribute(oid: str, value: bytes) -> bytes:
    return der.encode(der.SEQUENCE, der.oid(oid), der.encode(der.SET, value))


def _signing_certificate(certificate: bytes) -> bytes:
    """SigningCertificateV2 with one certificate by its SHA-256, which is the default and so not named."""
    digest = der.encode(der.OCTET_STRING, hashlib.sha256(certificate).digest())
    return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, digest)))


def _read_certificates(body: bytes | None) -> tuple[bytes, ...]:
    found = []
    reader = der.Reader(body or b"")
    while reader.peek() is not None:
        found.append(reader.take_whole(der.SEQUENCE))
    if len(found) > MAX_CERTIFICATES:
        raise der.DerError(f"more than {MAX_CERTIFICATES} certificates")
    return tuple(found)


def _read_signer(signer: der.Reader, content: bytes, certificates: tuple[bytes, ...], content_type: str) -> SignedData:
    if signer.take_integer() not in (1, 3):
        raise der.DerError("a version of SignerInfo that does not exist")
    tag = signer.peek()
    if tag == der.SEQUENCE:
        name = der.SEQUENCE, signer.take_whole(der.SEQUENCE)
    else:
        name = _KEY_IDENTIFIER, signer.take(_KEY_IDENTIFIER)
    digest_name = read_digest_identifier(signer)
    attributes = signer.take(der.context(0))
    algorithm = _read_signature_algorithm(signer, digest_name)
    value = signer.take(der.OCTET_STRING)
    signer.optional(der.context(1))  # unsigned attributes
    signer.finish()
    stated = _read_attributes(der.Reader(attributes))
    if stated.get(_CONTENT_TYPE) != der.oid(content_type):
        raise der.DerError("the content is signed as something else, or as nothing")
    if _MESSAGE_DIGEST not in stated:
        raise der.DerError("no digest of the content is signed")
    digest = der.Reader(stated[_MESSAGE_DIGEST])
    content_digest = digest.take(der.OCTET_STRING)
    digest.finish()
    bound = stated.get(_SIGNING_CERTIFICATE_V2)
    return SignedData(
        content=content,
        certificates=certificates,
        signer=name,
        signed=der.encode(der.SET, attributes),
        content_digest=(digest_name, content_digest),
        certificate_digest=None if bound is None else _read_signing_certificate(bound),
        algorithm=algorithm,
        value=value,
    )


def _read_attributes(reader: der.Reader) -> dict[str, bytes]:
    """Object identifier of each attribute -> its only value. An attribute twice, or with two values, is refused."""
    stated: dict[str, bytes] = {}
    while reader.peek() is not None:
        attribute = reader.enter(der.SEQUENCE)
        oid = attribute.take_oid()
        values = attribute.take(der.SET)
        attribute.finish()
        if oid in stated:
            raise der.DerError("a signed attribute that stands twice")
        inner = der.Reader(values)
        tag = inner.peek()
        if tag is None:
            raise der.DerError("a signed attribute without a value")
        inner.take(tag)
        if oid in (_CONTENT_TYPE, _MESSAGE_DIGEST, _SIGNING_CERTIFICATE_V2):
            inner.finish()
        stated[oid] = values
    return stated


def _read_signing_certificate(value: bytes) -> tuple[str, bytes]:
    """The first certificate is the signer's; issuer and serial number beside the digest are a hint."""
    outer = der.Reader(value)
    attribute = outer.enter(der.SEQUENCE)
    outer.finish()
    first = attribute.enter(der.SEQUENCE).enter(der.SEQUENCE)
    name = read_digest_identifier(first) if first.peek() == der.SEQUENCE else "sha256"
    return name, first.take(der.OCTET_STRING)


def _read_signature_algorithm(signer: der.Reader, digest_name: str) -> SignatureAlgorithm:
    identifier = signer.enter(der.SEQUENCE)
    oid = identifier.take_oid()
    if oid == _RSA_PSS:
        _expect_pss(identifier, digest_name)
        return _ALGORITHMS[Scheme.RSA_PSS, digest_name]
    _skip_null(identifier)
    scheme, named = (Scheme.RSA_PKCS1, digest_name) if oid == _RSA_ENCRYPTION else _SIGNATURE_OIDS.get(oid, (None, ""))
    if scheme is None:
        raise UnknownAlgorithm("a signature algorithm that is not in the table")
    if named != digest_name:
        raise UnknownAlgorithm("content and signature are digested by different algorithms")
    return _ALGORITHMS[scheme, named]


def _expect_pss(identifier: der.Reader, digest_name: str) -> None:
    """RSASSA-PSS-params with one digest throughout and a salt of its length (RFC 4055, 3.1)."""
    parameters = identifier.enter(der.SEQUENCE)
    identifier.finish()
    digest = parameters.enter(der.context(0))
    mask = parameters.enter(der.context(1)).enter(der.SEQUENCE)
    salt = parameters.enter(der.context(2))
    if (
        read_digest_identifier(digest) != digest_name
        or mask.take_oid() != _MGF1
        or read_digest_identifier(mask) != digest_name
        or salt.take_integer() != DIGESTS[digest_name]().digest_size
    ):
        raise UnknownAlgorithm("parameters of RSASSA-PSS that are not in the table")
    parameters.optional(der.context(3))


def _skip_null(identifier: der.Reader) -> None:
    if identifier.peek() is not None:
        identifier.expect(der.NULL)
    identifier.finish()
