"""Which algorithms may sign, which are accepted and until when; the mathematics of making and checking a signature.

What is not in these tables does not exist here: no HMAC, no DSA, no SHA-1, no MD5.
Source: ETSI TS 119 312 v1.5.1, with the dates that the default policy of EU DSS gives to it; RFC 9231 for the URIs.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cached_property
from types import MappingProxyType
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from signing.errors import KeyUnavailable, refusal
from signing.model import PrivateKey, PublicKey


class Scheme(Enum):
    """The mathematics of a signature, apart from its digest."""

    ECDSA = "ecdsa"
    RSA_PKCS1 = "rsa-pkcs1"
    RSA_PSS = "rsa-pss"


@dataclass(frozen=True, kw_only=True)
class SignatureAlgorithm:
    """One row of the signature table."""

    name: str
    uri: str
    scheme: Scheme
    digest: hashes.HashAlgorithm

    @cached_property
    def ecdsa(self) -> ec.ECDSA:
        """The algorithm as cryptography wants it."""
        return ec.ECDSA(self.digest)


_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_MORE_2007 = "http://www.w3.org/2007/05/xmldsig-more#"
_SHA2: tuple[hashes.HashAlgorithm, ...] = (hashes.SHA256(), hashes.SHA384(), hashes.SHA512())

SIGNATURE_ALGORITHMS: Final[Mapping[str, SignatureAlgorithm]] = MappingProxyType(
    {
        uri: SignatureAlgorithm(name=f"{scheme.value}-{digest.name}", uri=uri, scheme=scheme, digest=digest)
        for digest in _SHA2
        for scheme, uri in (
            (Scheme.ECDSA, f"{_MORE}ecdsa-{digest.name}"),
            (Scheme.RSA_PKCS1, f"{_MORE}rsa-{digest.name}"),
            (Scheme.RSA_PSS, f"{_MORE_2007}{digest.name}-rsa-MGF1"),
        )
    }
)

SHA256_URI: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
"""The digest that our own XML writes."""

DIGEST_ALGORITHMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        SHA256_URI: "sha256",
        "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
        "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
    }
)
"""URI of a digest in XML signatures -> its name in hashlib."""

DIGESTS: Final = MappingProxyType({"sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512})


@dataclass(frozen=True, kw_only=True)
class KeyRule:
    """Keys of one kind and size, whether they may sign, and until when their signatures are accepted.

    kind: `rsa`, or the name of the curve.
    """

    kind: str
    minimum_bits: int
    maximum_bits: int
    may_sign: bool
    accepted_until: datetime | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class AlgorithmPolicy:
    """The dated table by which keys and digests are judged. What no rule names is refused.

    digests: name in hashlib -> until when signatures over it are accepted; None: no end is set.
    """

    keys: tuple[KeyRule, ...]
    digests: Mapping[str, datetime | None]

    def accepts_key(self, kind: str, bits: int, *, at: datetime) -> bool:
        """Whether a signature by such a key counts at that time."""
        rule = self._rule(kind, bits)
        return rule is not None and (rule.accepted_until is None or at < rule.accepted_until)

    def accepts_digest(self, name: str, *, at: datetime) -> bool:
        """Whether a signature over such a digest counts at that time."""
        if name not in self.digests:
            return False
        until = self.digests[name]
        return until is None or at < until

    def may_sign(self, kind: str, bits: int) -> bool:
        """Whether such a key may make new signatures."""
        rule = self._rule(kind, bits)
        return rule is not None and rule.may_sign

    def _rule(self, kind: str, bits: int) -> KeyRule | None:
        for rule in self.keys:
            if rule.kind == kind and rule.minimum_bits <= bits <= rule.maximum_bits:
                return rule
        return None


ALGORITHMS: Final = AlgorithmPolicy(
    keys=(
        KeyRule(kind="secp256r1", minimum_bits=256, maximum_bits=256, may_sign=True),
        KeyRule(kind="secp384r1", minimum_bits=384, maximum_bits=384, may_sign=True),
        KeyRule(kind="secp521r1", minimum_bits=521, maximum_bits=521, may_sign=False),
        KeyRule(
            kind="rsa",
            minimum_bits=2048,
            maximum_bits=2999,
            may_sign=False,
            accepted_until=datetime(2029, 1, 1, tzinfo=UTC),
        ),
        KeyRule(kind="rsa", minimum_bits=3000, maximum_bits=3071, may_sign=False),
        KeyRule(kind="rsa", minimum_bits=3072, maximum_bits=8192, may_sign=True),
    ),
    # SHA-224 signs certificates only: no signature of ours or of a document names it (DIGEST_ALGORITHMS).
    digests=MappingProxyType(
        {"sha224": datetime(2029, 1, 1, tzinfo=UTC), "sha256": None, "sha384": None, "sha512": None}
    ),
)


def describe_key(key: PublicKey) -> tuple[str, int]:
    """The kind (`rsa` or the name of the curve) and the size in bits by which a KeyRule is found."""
    if isinstance(key, rsa.RSAPublicKey):
        return "rsa", key.key_size
    curve = key.curve
    return curve.name, curve.key_size


def algorithm_for(key: PrivateKey, policy: AlgorithmPolicy = ALGORITHMS) -> SignatureAlgorithm:
    """The algorithm with which this key signs: the digest is as strong as the key.

    Raises KeyUnavailable if the policy does not let the key sign.
    """
    kind, bits = describe_key(key.public_key())
    if not policy.may_sign(kind, bits):
        raise KeyUnavailable("key-not-allowed", f"a key of kind {kind} with {bits} bits may not sign")
    if kind == "rsa":
        return SIGNATURE_ALGORITHMS[f"{_MORE}rsa-sha256"]
    return SIGNATURE_ALGORITHMS[f"{_MORE}ecdsa-sha{'384' if bits == 384 else '256'}"]


def sign_bytes(data: bytes, *, key: PrivateKey, algorithm: SignatureAlgorithm, in_cms: bool = False) -> bytes:
    """A signature value. In XML signatures ECDSA has r and s side by side, in CMS as a DER sequence.

    Source: RFC 4050, 3.3; RFC 9231, 2.3.6; RFC 5753, 7.2.
    """
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), algorithm.digest)
    value = key.sign(data, algorithm.ecdsa)
    if in_cms:
        return value
    r, s = decode_dss_signature(value)
    width = _width(key.curve)
    return r.to_bytes(width, "big") + s.to_bytes(width, "big")


def verify_bytes(
    signature: bytes,
    data: bytes,
    *,
    key: PublicKey,
    algorithm: SignatureAlgorithm,
    policy: AlgorithmPolicy,
    at: datetime,
    in_cms: bool = False,
) -> None:
    """Check a signature value as it stands in an XML signature, or in CMS.

    Raises VerificationFailed: algorithm-not-allowed if key, digest and scheme do not go together or are out of
    date; signature-invalid.
    """
    kind, bits = describe_key(key)
    if not policy.accepts_key(kind, bits, at=at) or not policy.accepts_digest(algorithm.digest.name, at=at):
        raise refusal("algorithm-not-allowed", f"{algorithm.name} with a key of kind {kind} and {bits} bits")
    try:
        match key, algorithm.scheme:
            case ec.EllipticCurvePublicKey(), Scheme.ECDSA:
                value = signature if in_cms else _der_signature(signature, (bits + 7) // 8)
                key.verify(value, data, algorithm.ecdsa)
            case rsa.RSAPublicKey(), Scheme.RSA_PKCS1:
                key.verify(signature, data, padding.PKCS1v15(), algorithm.digest)
            case rsa.RSAPublicKey(), Scheme.RSA_PSS:
                # RFC 9231, 2.3.10: the salt is as long as the digest, the mask is MGF1 with the same digest.
                pss = padding.PSS(mgf=padding.MGF1(algorithm.digest), salt_length=algorithm.digest.digest_size)
                key.verify(signature, data, pss, algorithm.digest)
            case _:
                raise refusal("algorithm-not-allowed", f"{algorithm.name} does not go with a key of kind {kind}")
    except InvalidSignature:
        raise refusal(
            "signature-invalid", "the signature value does not belong to what is signed and this key"
        ) from None


def _width(curve: ec.EllipticCurve) -> int:
    return (curve.key_size + 7) // 8


def _der_signature(signature: bytes, width: int) -> bytes:
    if len(signature) != 2 * width:
        raise refusal("signature-invalid", "an ECDSA signature value of the wrong length")
    return encode_dss_signature(int.from_bytes(signature[:width], "big"), int.from_bytes(signature[width:], "big"))
