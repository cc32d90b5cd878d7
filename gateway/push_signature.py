"""The HTTP message signature of a push (RFC 9421) with the digest of its body (RFC 9530): made here, checked here.

It proves to whoever runs the recipient's front door, before a body is read or a key is touched, that the gateway sends
this, to this address, now. What the components and parameters are is fixed: a signature over less is none. Receipts
that come by call-back are signed in the same way, over other components: see `call_signature.py`.

Making one is writing eight lines, done by hand in a tenth of the time. Checking one is reading what a stranger
wrote, and left to http-message-signatures.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509 import Certificate
from http_message_signatures import (
    ContentDigest,
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    MappingKeyResolver,
    VerifyResult,
)
from http_message_signatures.algorithms import ECDSA_P256_SHA256

from gateway.errors import ConfigError, GatewayError, NotAuthenticated
from gateway.keyring import Keyring
from signing import Identity, fingerprint

TAG = "sealpost-push"
ALGORITHM = "ecdsa-p256-sha256"
LABEL = "sealpost"
COMPONENTS = (
    "@method",
    "@target-uri",
    "content-digest",
    "content-type",
    "sealpost-delivery-id",
    "sealpost-submission-id",
    "sealpost-envelope-digest",
    "sealpost-attempt",
)
LIFETIME_S = 120
SKEW_S = 60  # how far the two clocks may be apart
PARAMETERS = frozenset({"created", "expires", "keyid", "alg", "nonce", "tag"})
_DEFAULT_PORTS = {"http": 80, "https": 443}


@lru_cache(maxsize=1024)
def target_uri(url: str) -> str:
    """The address as it is signed: scheme and host in lower case, no default port, at least a path. Raises ValueError.

    Source: RFC 9421, 2.2.2; RFC 9110, 4.2.3.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}{parts.path or '/'}{'?' + parts.query if parts.query else ''}"


@dataclass(frozen=True)
class Agreed:
    """What a signature must cover, in this order, and the tag that says what it is for."""

    tag: str
    components: tuple[str, ...]

    @cached_property
    def covered(self) -> str:
        """The components as they stand in Signature-Input."""
        return " ".join(f'"{name}"' for name in self.components)


PUSH = Agreed(TAG, COMPONENTS)
NOTICE = Agreed("sealpost-notice", ("@method", "@target-uri", "content-digest", "content-type"))


@dataclass(frozen=True)
class RequestSigner:
    """Signs requests with the key whose time it is. Raises ConfigError("push-identity") for a key of another kind than
    P-256."""

    keys: Keyring
    agreed: Agreed = PUSH

    def __post_init__(self) -> None:
        for key in self.keys.keys:
            _private_key(key.identity)

    def sign(self, *, method: str, url: str, fields: Mapping[str, str], body: bytes, at: datetime) -> dict[str, str]:
        """The three fields to add to a request that has `fields`. Raises KeyError when a component is not among them,
        ValueError when `url` cannot be taken apart."""
        digest = f"sha-256=:{_base64(hashlib.sha256(body).digest())}:"
        values = {name.lower(): value for name, value in fields.items()}
        identity = self.keys.at(at)
        uri = target_uri(url)
        parts = urlsplit(uri)
        values |= {"@method": method, "@target-uri": uri, "@authority": parts.netloc, "@path": parts.path}
        values["content-digest"] = digest
        created = int(at.timestamp())
        parameters = (
            f"({self.agreed.covered});created={created};expires={created + LIFETIME_S}"
            f';keyid="{identity.fingerprint}";alg="{ALGORITHM}";nonce="{secrets.token_urlsafe(16)}";tag="{self.agreed.tag}"'
        )
        lines = [f'"{name}": {values[name]}' for name in self.agreed.components]
        base = "\n".join([*lines, f'"@signature-params": {parameters}']).encode("ascii")
        return {
            "Content-Digest": digest,
            "Signature-Input": f"{LABEL}={parameters}",
            "Signature": f"{LABEL}=:{_base64(_raw(base, _private_key(identity)))}:",
        }


def _raw(base: bytes, key: EllipticCurvePrivateKey) -> bytes:
    """The signature as RFC 9421, 3.3.4 wants it: both numbers in 32 bytes each."""
    r, s = decode_dss_signature(key.sign(base, ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _private_key(identity: Identity) -> EllipticCurvePrivateKey:
    key = identity.key
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise ConfigError(
            "push-identity", "push.identity, or without it service.identity, must hold a P-256 key to sign pushes"
        )
    return key


@dataclass(frozen=True, kw_only=True)
class SignedPush:
    """A push whose signature was verified; its body was not looked at yet."""

    delivery_id: str
    content_digest: str

    def check_body(self, body: bytes) -> None:
        """Raises NotAuthenticated("content-digest-mismatch") when `body` is not what was signed."""
        check_digest(self.content_digest, body)


@dataclass(frozen=True, kw_only=True)
class PushVerifier:
    """A recipient's side. certificates: of the gateway, by which pushes may be signed.

    url: our own address as the gateway has it registered. It must be known, not taken from the request: the name of a
    host in a request is its sender's word, and would let a push to somebody else be replayed here.
    """

    certificates: Sequence[Certificate]
    url: str

    def check(self, *, method: str, fields: Sequence[tuple[str, str]], at: datetime) -> SignedPush:
        """The push, if it is signed as agreed. fields: every line of the header, in order.

        Raises NotAuthenticated with "push-signature-missing", "push-signature-invalid" or "push-signature-not-fresh";
        the last may pass when the clocks agree again, and only it is worth another try.
        """
        if not any(name.lower() == "signature-input" for name, _ in fields):
            raise NotAuthenticated("push-signature-missing", "a push must carry a signature (RFC 9421)")
        keys = MappingKeyResolver(public_keys=self._keys(at), private_keys={})
        found = signature_of(PUSH, method=method, url=target_uri(self.url), fields=fields, keys=keys)
        if found is None:
            raise _invalid()
        covered, parameters = found.covered_components, found.parameters
        if tuple(covered) != (*(f'"{name}"' for name in COMPONENTS), '"@signature-params"'):
            raise _invalid()
        if parameters.keys() != PARAMETERS or parameters["alg"] != ALGORITHM:
            raise _invalid()
        created, expires, now = int(parameters["created"]), int(parameters["expires"]), at.timestamp()
        if not (created - SKEW_S <= now <= expires + SKEW_S and 0 < expires - created <= LIFETIME_S):
            raise NotAuthenticated("push-signature-not-fresh", "signed too long ago, or in the future")
        return SignedPush(delivery_id=covered['"sealpost-delivery-id"'], content_digest=covered['"content-digest"'])

    def _keys(self, at: datetime) -> dict[str, EllipticCurvePublicKey]:
        return {
            fingerprint(certificate): key
            for certificate in self.certificates
            if isinstance(key := certificate.public_key(), EllipticCurvePublicKey)
            and certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc
        }


def signature_of(
    agreed: Agreed, *, method: str, url: str, fields: Sequence[tuple[str, str]], keys: HTTPSignatureKeyResolver
) -> VerifyResult | None:
    """The one signature with the agreed tag, if it is one of `keys` over what came; None if there is none or more.

    What it covers and when it was made is still to be looked at. Raises what looking for a key raises (GatewayError).
    """
    verifier = _Verifier(signature_algorithm=ECDSA_P256_SHA256, key_resolver=keys)
    message = _Message(method=method, url=url, headers=_Fields(tuple(fields)))
    try:
        results = verifier.verify(message, max_age=None, expect_tag=agreed.tag)
    except HTTPMessageSignaturesException as error:
        if isinstance(error.__cause__, GatewayError):
            raise error.__cause__ from None
        return None
    return results[0] if len(results) == 1 else None


def check_digest(content_digest: str, body: bytes) -> None:
    """Raises NotAuthenticated("content-digest-mismatch") when `body` is not what the field says (RFC 9530)."""
    try:
        ContentDigest.verify(content_digest, body)
    except HTTPMessageSignaturesException as error:
        raise NotAuthenticated("content-digest-mismatch", "the body is not the one that was signed") from error


class _Verifier(HTTPMessageVerifier):
    """Leaves the times to its caller, who has a clock and looks at them only once they are known to be signed."""

    def validate_created_and_expires(self, sig_input: object, max_age: object = None) -> None:
        return


@dataclass(frozen=True)
class _Fields:
    """Header lines as the library reads them: none merged, none lost."""

    lines: tuple[tuple[str, str], ...]

    def items(self) -> tuple[tuple[str, str], ...]:
        return self.lines


@dataclass(frozen=True, kw_only=True)
class _Message:
    method: str
    url: str
    headers: _Fields


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _invalid() -> NotAuthenticated:
    return NotAuthenticated("push-signature-invalid", "not the counter's signature over the agreed components")
