"""The HTTP message signature (RFC 9421) with which a party may hand in a receipt, in place of its token.

Made and checked as that of a push is, over other components: the key is one that the party has registered for signing,
and `keyid` is the fingerprint of its certificate. Within its two minutes it may come again: the same receipt has the
same answer, so nonces need not be remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from http_message_signatures import HTTPSignatureKeyResolver

from gateway.errors import NotAuthenticated
from gateway.model import Party
from gateway.push_signature import ALGORITHM, LIFETIME_S, PARAMETERS, Agreed, check_digest, signature_of
from signing import fingerprint

CALL = Agreed("sealpost-receipt", ("@method", "@authority", "@path", "content-digest", "content-type"))
FIELDS = ("signature-input", "signature", "content-digest", "content-type")
NEEDED = (
    f'one signature with tag="{CALL.tag}", over exactly {", ".join(CALL.components)}, with '
    f'{", ".join(sorted(PARAMETERS))}; alg="{ALGORITHM}"; keyid: the fingerprint of your registered signing certificate'
)


def is_signed(fields: Sequence[tuple[str, str]]) -> bool:
    """Whether a request wants to be judged by its signature."""
    return any(name.lower() in ("signature", "signature-input") for name, _ in fields)


@dataclass(frozen=True, kw_only=True)
class SignedCall:
    """A call whose signature was verified; its body was not looked at yet."""

    party: Party
    content_digest: str

    def check_body(self, body: bytes) -> None:
        """Raises NotAuthenticated("content-digest-mismatch") when `body` is not what was signed."""
        check_digest(self.content_digest, body)


def check_call(
    *,
    method: str,
    url: str,
    fields: Sequence[tuple[str, str]],
    at: datetime,
    party_by_certificate: Callable[[str], Party | None],
) -> SignedCall:
    """The call, if it is signed as agreed. url: as it came. fields: every line of the header, in order.

    Raises NotAuthenticated with "call-signature-incomplete" (naming what is missing or too much),
    "call-signature-invalid" or "call-signature-not-fresh".
    """
    names = {name.lower() for name, _ in fields}
    _refuse_unless_complete("header", FIELDS, [name for name in FIELDS if name in names])
    keys = _Registered(party_by_certificate=party_by_certificate, at=at)
    found = signature_of(CALL, method=method, url=url, fields=fields, keys=keys)
    if found is None or keys.party is None:
        raise NotAuthenticated("call-signature-invalid", f"needed is {NEEDED}")
    covered = [name.removeprefix('"').removesuffix('"') for name in found.covered_components][:-1]
    _refuse_unless_complete("signed components", CALL.components, covered)
    _refuse_unless_complete("signature parameters", sorted(PARAMETERS), sorted(found.parameters))
    created, expires = int(found.parameters["created"]), int(found.parameters["expires"])
    if abs(at.timestamp() - created) > LIFETIME_S or at.timestamp() > expires:
        raise NotAuthenticated(
            "call-signature-not-fresh", f"created must be within {LIFETIME_S} s of now, and expires not be over"
        )
    return SignedCall(party=keys.party, content_digest=found.covered_components['"content-digest"'])


def _refuse_unless_complete(what: str, wanted: Sequence[str], given: Sequence[str]) -> None:
    """Names what is missing; what is too much is the caller's own word, and not repeated."""
    missing = [name for name in wanted if name not in given]
    if missing:
        raise NotAuthenticated("call-signature-incomplete", f"missing in the {what}: {', '.join(missing)}")
    if list(given) != list(wanted):
        raise NotAuthenticated("call-signature-incomplete", f"the {what} must be exactly {', '.join(wanted)}")


@dataclass(kw_only=True)
class _Registered(HTTPSignatureKeyResolver):
    """Finds the key by the certificate that its party has registered for signing. party: whose key was asked for."""

    party_by_certificate: Callable[[str], Party | None]
    at: datetime
    party: Party | None = field(default=None, init=False)

    def resolve_public_key(self, key_id: str) -> EllipticCurvePublicKey | None:
        holder = self.party_by_certificate(key_id)
        for certificate in () if holder is None else holder.signing_certificates:
            key = certificate.public_key()
            if (
                fingerprint(certificate) == key_id
                and certificate.not_valid_before_utc <= self.at <= certificate.not_valid_after_utc
                and isinstance(key, EllipticCurvePublicKey)
                and isinstance(key.curve, SECP256R1)
            ):
                self.party = holder
                return key
        return None
