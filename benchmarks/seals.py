"""`xades-verify`, `xades-sign`, `evidence-sign`, `envelope-seal`: what the gateway signs, checks, seals.

Each is held against the libraries doing no more than the mathematics demands, in turns and in the same run: parse,
canonical form, digests, and the bare primitives with keys that are already loaded.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from lxml import etree

from benchmarks.machine import asked, speed
from benchmarks.result import Result, compared
from benchmarks.turns import side_by_side
from gateway.evidence import Witness
from gateway.keyring import Keyring
from gateway.model import Event, PartyId, SubmissionId, new_id
from signing import Identity, TrustPolicy, issue, issue_authority, seal, sha256, sign_xml, verify_xml
from signing.issuing import KeyKind
from signing.model import PrivateKey

ROOT = Path(__file__).resolve().parents[1]
ASKED_STATEMENTS: Final = 15_000.0  # a second and core
AT: Final = datetime(2026, 6, 1, 9, tzinfo=UTC)
FORM: Final = "samples/be/health-assessment/1/valid-typical.xml"
_CURVES: Final[tuple[tuple[KeyKind, str, hashes.HashAlgorithm], ...]] = (
    ("p256", "P-256", hashes.SHA256()),
    ("p384", "P-384", hashes.SHA384()),
)


@dataclass(frozen=True, kw_only=True)
class _Cast:
    """Who signs, who receives, and whom they are trusted by."""

    signer: Identity
    desk: Identity
    trust: TrustPolicy


def verify() -> list[Result]:
    """A signed form, strictly verified, against parse, the three canonical forms, their digests and bare ECDSA."""
    results = []
    for kind, name, digest in _CURVES:
        cast = _cast(kind)
        signed = sign_xml(_form(), identity=cast.signer, at=AT)
        ours, floor = side_by_side(_verifying(signed, cast.trust), _bare_verify(signed, cast.signer, digest))
        against = f"parse, C14N, digests and bare ECDSA {name}"
        results.append(compared(f"xades-verify {name}", 1 / ours, "forms/s a core", against=against, floor=1 / floor))
    return results


def sign() -> list[Result]:
    """A form signed, against parse, canonical form, two digests and bare ECDSA."""
    results = []
    for kind, name, digest in _CURVES:
        signer, raw = _cast(kind).signer, _form()
        ours, floor = side_by_side(_signing(raw, signer), _bare_sign(raw, signer, digest))
        against = f"parse, C14N, digests and bare ECDSA {name}"
        results.append(compared(f"xades-sign {name}", 1 / ours, "forms/s a core", against=against, floor=1 / floor))
    return results


def evidence() -> list[Result]:
    """An acceptance signed by the service, against nothing but its ECDSA signature."""
    signer = _cast("p256").signer
    witness = Witness(keys=Keyring.single(signer), issuer="sealpost.example")
    document = "018f0000-0003-7000-8000-000000000001"
    digest = sha256(_form())

    def state() -> None:
        witness.state(
            Event.SUBMISSION_ACCEPTANCE,
            at=AT,
            submission_id=SubmissionId(new_id()),
            sender=PartyId("service"),
            kind="be/health-assessment",
            document_id=document,
            document_digest=digest,
        )

    data, algorithm = secrets.token_bytes(1500), ec.ECDSA(hashes.SHA256())
    key = _private(signer)
    ours, floor = side_by_side(state, lambda: key.sign(data, algorithm))
    unit = "statements/s a core"
    return [
        compared("evidence-sign", 1 / ours, unit, against="bare ECDSA P-256", floor=1 / floor),
        *asked("evidence-sign", 1 / ours, unit, figure=ASKED_STATEMENTS, at=speed()),
    ]


def envelope() -> list[Result]:
    """One payload sealed for one recipient, against bare AES-256-GCM, ECDH, KDF and key wrap: seconds, so lower is
    better."""
    desk, payload = _cast("p256").desk, _form()
    certificate = desk.certificate
    ours, floor = side_by_side(lambda: seal(payload, recipients=[certificate]), _bare_seal(payload, desk))
    against = "bare AES-256-GCM, ECDH P-256, KDF and key wrap"
    return [compared("envelope-seal", ours * 1e6, "µs of a core", against=against, floor=floor * 1e6)]


def _verifying(signed: bytes, trust: TrustPolicy) -> Callable[[], object]:
    return lambda: verify_xml(signed, trust=trust, at=AT)


def _signing(raw: bytes, signer: Identity) -> Callable[[], object]:
    return lambda: sign_xml(raw, identity=signer, at=AT)


def _bare_verify(signed: bytes, signer: Identity, digest: hashes.HashAlgorithm) -> Callable[[], object]:
    parser, algorithm = etree.XMLParser(), ec.ECDSA(digest)
    key = signer.certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    signature = etree.fromstring(signed, parser)[-1][0]
    value = _decoded(signature[1].text or "")
    half = len(value) // 2
    der = encode_dss_signature(int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big"))

    def run() -> None:
        root = etree.fromstring(signed, parser)
        signature = root[-1][0]
        hashlib.sha256(_canonical(root[0])).digest()
        hashlib.sha256(_canonical(signature[3][0][0])).digest()
        key.verify(der, _canonical(signature[0]), algorithm)

    return run


def _bare_sign(raw: bytes, signer: Identity, digest: hashes.HashAlgorithm) -> Callable[[], object]:
    parser, algorithm, key = etree.XMLParser(), ec.ECDSA(digest), _private(signer)
    small = secrets.token_bytes(700)

    def run() -> None:
        hashlib.sha256(_canonical(etree.fromstring(raw, parser)[0])).digest()
        hashlib.sha256(small).digest()
        key.sign(small, algorithm)

    return run


def _bare_seal(payload: bytes, desk: Identity) -> Callable[[], object]:
    key = desk.certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)

    def run() -> None:
        content_key, nonce = secrets.token_bytes(32), secrets.token_bytes(12)
        AESGCM(content_key).encrypt(nonce, payload, None)
        ephemeral = ec.generate_private_key(ec.SECP256R1())
        secret = ephemeral.exchange(ec.ECDH(), key)
        aes_key_wrap(X963KDF(hashes.SHA256(), 32, b"info").derive(secret), content_key)

    return run


def _cast(kind: KeyKind) -> _Cast:
    authority = issue_authority("Example Authority", at=AT)
    return _Cast(
        signer=issue(authority, "Dr. An Toonbeeld", serial_number="88021520444", key=kind, at=AT),
        desk=issue(authority, "Receiving desk", use="seal", at=AT),
        trust=TrustPolicy((authority.certificate,)),
    )


def _form() -> bytes:
    """A form as software hands it in: the sample without the remark before its document element."""
    return re.sub(rb"<!--.*?-->\s*", b"", (ROOT / FORM).read_bytes(), flags=re.DOTALL)


def _private(identity: Identity) -> ec.EllipticCurvePrivateKey:
    key: PrivateKey = identity.key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def _canonical(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)


def _decoded(text: str) -> bytes:
    return base64.b64decode(text)
