"""Names of digests and signature algorithms in CMS, and what each stands for in our tables.

Source: RFC 5754, RFC 5753, RFC 4056 (algorithm identifiers); RFC 4055, 3.1 (RSASSA-PSS).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from signing import der
from signing.algorithms import DIGESTS, SIGNATURE_ALGORITHMS, Scheme, SignatureAlgorithm

_MGF1: Final = "1.2.840.113549.1.1.8"
_RSA_ENCRYPTION: Final = "1.2.840.113549.1.1.1"
_RSA_PSS: Final = "1.2.840.113549.1.1.10"

DIGEST_OIDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "2.16.840.1.101.3.4.2.1": "sha256",
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


def signature_identifier(algorithm: SignatureAlgorithm) -> bytes:
    """AlgorithmIdentifier of a signature: NULL parameters with RSA, none with ECDSA (RFC 5754, 3)."""
    parameters = der.NULL if algorithm.scheme is Scheme.RSA_PKCS1 else b""
    return der.encode(der.SEQUENCE, der.oid(_OIDS_OF_SIGNATURES[algorithm.scheme, algorithm.digest.name]), parameters)


def read_signature_identifier(reader: der.Reader, digest_name: str) -> SignatureAlgorithm:
    """The algorithm whose AlgorithmIdentifier comes next. Raises DerError, UnknownAlgorithm."""
    identifier = reader.enter(der.SEQUENCE)
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
