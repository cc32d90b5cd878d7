"""Values of this package: who signs, what a verified document is. No parsing; no cryptography beyond a digest."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import Final, TypeAlias, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate

T = TypeVar("T")
MAX_REMEMBERED: Final = 1024

PrivateKey: TypeAlias = EllipticCurvePrivateKey | RSAPrivateKey
PublicKey: TypeAlias = EllipticCurvePublicKey | RSAPublicKey


def sha256(data: bytes) -> str:
    """The digest of `data` as `sha256:<hex>`."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def remembered(asked: Callable[[Certificate], T]) -> Callable[[Certificate], T]:
    """`asked`, with its answers of a thousand certificates kept by the object: to hash one reads all of its bytes."""
    known: dict[int, tuple[Certificate, T]] = {}  # it holds the certificate, so nothing else gets its id

    @wraps(asked)
    def answer(certificate: Certificate) -> T:
        found = known.get(id(certificate))
        if found is None:
            if len(known) >= MAX_REMEMBERED:
                known.clear()
            found = known[id(certificate)] = certificate, asked(certificate)
        return found[1]

    return answer


@remembered
def fingerprint(certificate: Certificate) -> str:
    """The digest of the DER certificate as `sha256:<hex>`. Parties come back, so it is remembered."""
    return sha256(certificate.public_bytes(Encoding.DER))


@dataclass(frozen=True, eq=False)
class Identity:
    """A private key with its certificate, and the certificates between that one and an anchor.

    Equal to itself only, as private keys are.
    """

    key: PrivateKey = field(repr=False)
    certificate: Certificate
    chain: tuple[Certificate, ...] = ()

    @property
    def fingerprint(self) -> str:
        """The digest of the DER certificate as `sha256:<hex>`."""
        return fingerprint(self.certificate)


@dataclass(frozen=True, kw_only=True)
class SubjectIdentity:
    """Whom a certificate names: what a register can match. None: not stated, or stated more than once.

    serial_number: of the person (eID: the national number), not of the certificate.
    organization_identifier: e.g. `NTRBE-…` or `VATBE-…`. Source: ETSI EN 319 412-1, 5.1.
    """

    common_name: str | None
    serial_number: str | None
    organization_identifier: str | None


def subject_of(certificate: Certificate) -> SubjectIdentity:
    """Whom the certificate names. An attribute that occurs twice counts as absent: it names nobody for certain.

    Raises ValueError if the subject of the certificate is not well formed.
    """
    return SubjectIdentity(
        common_name=_only(certificate.subject, x509.NameOID.COMMON_NAME),
        serial_number=_only(certificate.subject, x509.NameOID.SERIAL_NUMBER),
        organization_identifier=_only(certificate.subject, x509.NameOID.ORGANIZATION_IDENTIFIER),
    )


def _only(name: x509.Name, oid: x509.ObjectIdentifier) -> str | None:
    values = [attribute.value for attribute in name.get_attributes_for_oid(oid)]
    return values[0] if len(values) == 1 and isinstance(values[0], str) else None


@dataclass(frozen=True, kw_only=True)
class VerifiedSignature:
    """One signature that passed.

    signing_time: what the signer claims, not proof of time.
    algorithm: name in the algorithm table, e.g. `ecdsa-sha256`.
    path: DER, from the signer's certificate to the anchor.
    """

    certificate: Certificate
    subject: SubjectIdentity
    signing_time: datetime
    algorithm: str
    path: tuple[bytes, ...]


@dataclass(frozen=True, kw_only=True)
class VerifiedXml:
    """What the signatures of a document prove.

    content: canonical bytes of the `Content` element, cut from what was signed; read these, never the raw document.
    signatures: every signature of the document, in document order.
    """

    content: bytes
    signatures: tuple[VerifiedSignature, ...]


@dataclass(frozen=True, kw_only=True)
class Path:
    """A valid path, as of one moment.

    certificates: DER, from the certificate that was judged up to the anchor.
    until: when the first of them, the anchor aside, expires.
    """

    certificates: tuple[bytes, ...]
    until: datetime
