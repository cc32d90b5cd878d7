"""Takes CMS SignedData with one signer and signed attributes apart. Nothing of it is believed here."""

import hmac
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509

from signing import der
from signing.algorithms import DIGESTS, AlgorithmPolicy, SignatureAlgorithm, verify_bytes
from signing.certificates import SignerCertificate
from signing.cms import names
from signing.cms.algorithms import UnknownAlgorithm, read_digest_identifier, read_signature_identifier
from signing.recipients import issuer_and_serial

MAX_CERTIFICATES: Final = 8  # in one SignedData
MAX_ATTRIBUTES: Final = 32

_KEY_IDENTIFIER: Final = 0x80  # [0] IMPLICIT OCTET STRING
_READ_HERE: Final = (
    names.CONTENT_TYPE,
    names.MESSAGE_DIGEST,
    names.SIGNING_CERTIFICATE_V2,
    names.SIGNING_TIME,
)


@dataclass(frozen=True, kw_only=True)
class SignedData:
    """A SignedData that was taken apart; nothing in it is verified.

    content: None where it is elsewhere.
    certificates: DER, in the order of the set.
    signer: IssuerAndSerialNumber in DER, or the subject key identifier, as the tag says.
    signed: what the signature value is over: the signed attributes as a SET.
    certificate_digest: of the signer's certificate, as the signer states it: name in hashlib, value.
    stated: object identifiers of all signed attributes; signing_time: what the signer claims.
    time_stamps: tokens over the signature value; unsigned: object identifiers of all unsigned attributes.
    """

    content: bytes | None
    certificates: tuple[bytes, ...]
    signer: tuple[int, bytes]
    signed: bytes
    content_digest: tuple[str, bytes]
    certificate_digest: tuple[str, bytes] | None
    algorithm: SignatureAlgorithm
    value: bytes
    stated: frozenset[str] = frozenset()
    signing_time: datetime | None = None
    time_stamps: tuple[bytes, ...] = ()
    unsigned: frozenset[str] = frozenset()

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

    def content_is_signed(self, elsewhere: bytes = b"") -> bool:
        """Whether the digest among the signed attributes is that of the content, or of what stands elsewhere."""
        name, digest = self.content_digest
        covered = elsewhere if self.content is None else self.content
        return hmac.compare_digest(DIGESTS[name](covered).digest(), digest)

    def verify(self, signer: SignerCertificate, *, policy: AlgorithmPolicy, at: datetime) -> None:
        """Check the signature value. Raises VerificationFailed as `verify_bytes` does."""
        verify_bytes(
            self.value, self.signed, key=signer.key, algorithm=self.algorithm, policy=policy, at=at, in_cms=True
        )


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


def read_signed_data(raw: bytes, *, content_type: str, is_detached: bool = False) -> SignedData:
    """Take a SignedData apart. is_detached: the content must be elsewhere; else it must be inside.

    Raises DerError for what is not DER, not of this content type, not signed by exactly one, or lacks an attribute;
    UnknownAlgorithm.
    """
    data = enter_content_info(raw, der.oid(names.SIGNED_DATA))
    versions = (1, 3, 4, 5) if content_type == names.DATA else (3, 4, 5)
    if data.take_integer() not in versions:
        raise der.DerError("a version of SignedData that does not exist, or not for this content")
    hinted = _read_digest_names(data.enter(der.SET))
    encapsulated = data.enter(der.SEQUENCE)
    encapsulated.expect(der.oid(content_type))
    content = None if is_detached else _read_content(encapsulated.enter(der.context(0)))
    encapsulated.finish()
    certificates = _read_certificates(data.optional(der.context(0)))
    data.optional(der.context(1))  # revocation data that no attribute covers
    signers = data.enter(der.SET)
    data.finish()
    signer = signers.enter(der.SEQUENCE)
    signers.finish()
    read = _read_signer(signer, content, certificates, content_type)
    if read.content_digest[0] not in hinted:  # a hint for whoever reads in one pass, which others go by
        raise der.DerError("a digest algorithm that is not among those that are announced")
    return read


def _read_digest_names(reader: der.Reader) -> set[str]:
    """Those that are known here; a signature may have others, for signers of another kind."""
    found = set()
    while reader.peek() is not None:
        with suppress(UnknownAlgorithm):
            found.add(read_digest_identifier(reader))
    return found


def _read_content(holder: der.Reader) -> bytes:
    content = holder.take(der.OCTET_STRING)
    holder.finish()
    return content


def _read_certificates(body: bytes | None) -> tuple[bytes, ...]:
    found = []
    reader = der.Reader(body or b"")
    while reader.peek() is not None:
        found.append(reader.take_whole(der.SEQUENCE))
    if len(found) > MAX_CERTIFICATES:
        raise der.DerError(f"more than {MAX_CERTIFICATES} certificates")
    return tuple(found)


def _read_signer(
    signer: der.Reader, content: bytes | None, certificates: tuple[bytes, ...], content_type: str
) -> SignedData:
    version, tag = signer.take_integer(), signer.peek()
    if version != (1 if tag == der.SEQUENCE else 3):
        raise der.DerError("a version of SignerInfo that does not exist, or not for this name of the signer")
    if tag == der.SEQUENCE:
        name = der.SEQUENCE, signer.take_whole(der.SEQUENCE)
    else:
        name = _KEY_IDENTIFIER, signer.take(_KEY_IDENTIFIER)
    digest_name = read_digest_identifier(signer)
    attributes = signer.take(der.context(0))
    algorithm = read_signature_identifier(signer, digest_name)
    value = signer.take(der.OCTET_STRING)
    time_stamps, unsigned = _read_unsigned(signer.optional(der.context(1)))
    signer.finish()
    stated = _read_attributes(der.Reader(attributes))
    if stated.get(names.CONTENT_TYPE) != der.oid(content_type):
        raise der.DerError("the content is signed as something else, or as nothing")
    if names.MESSAGE_DIGEST not in stated:
        raise der.DerError("no digest of the content is signed")
    digest = der.Reader(stated[names.MESSAGE_DIGEST])
    content_digest = digest.take(der.OCTET_STRING)
    digest.finish()
    bound, time = stated.get(names.SIGNING_CERTIFICATE_V2), stated.get(names.SIGNING_TIME)
    return SignedData(
        content=content,
        certificates=certificates,
        signer=name,
        signed=der.encode(der.SET, attributes),
        content_digest=(digest_name, content_digest),
        certificate_digest=None if bound is None else _read_signing_certificate(bound),
        algorithm=algorithm,
        value=value,
        stated=frozenset(stated),
        signing_time=None if time is None else der.Reader(time).take_utc_or_generalized_time(),
        time_stamps=time_stamps,
        unsigned=unsigned,
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
        if len(stated) == MAX_ATTRIBUTES:
            raise der.DerError(f"more than {MAX_ATTRIBUTES} signed attributes")
        inner = der.Reader(values)
        tag = inner.peek()
        if tag is None:
            raise der.DerError("a signed attribute without a value")
        inner.take(tag)
        if oid in _READ_HERE:
            inner.finish()
        stated[oid] = values
    return stated


def _read_unsigned(body: bytes | None) -> tuple[tuple[bytes, ...], frozenset[str]]:
    """The time-stamp tokens over the signature value, and the object identifiers of all unsigned attributes."""
    tokens: list[bytes] = []
    found: set[str] = set()
    reader = der.Reader(body or b"")
    while reader.peek() is not None:
        attribute = reader.enter(der.SEQUENCE)
        oid = attribute.take_oid()
        values = attribute.enter(der.SET)
        attribute.finish()
        found.add(oid)
        while oid == names.SIGNATURE_TIME_STAMP and values.peek() is not None:
            tokens.append(values.take_whole(der.SEQUENCE))
        if max(len(tokens), len(found)) > MAX_ATTRIBUTES:
            raise der.DerError(f"more than {MAX_ATTRIBUTES} unsigned attributes")
    return tuple(tokens), frozenset(found)


def _read_signing_certificate(value: bytes) -> tuple[str, bytes]:
    """The first certificate is the signer's; issuer and serial number beside the digest are a hint."""
    outer = der.Reader(value)
    attribute = outer.enter(der.SEQUENCE)
    outer.finish()
    first = attribute.enter(der.SEQUENCE).enter(der.SEQUENCE)
    name = read_digest_identifier(first) if first.peek() == der.SEQUENCE else "sha256"
    return name, first.take(der.OCTET_STRING)
