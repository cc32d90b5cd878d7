"""CAdES: a detached signature over any bytes, level B-B or B-T, that `openssl cms -verify -cades` takes too.

Verifying takes these steps, in order; each raises VerificationFailed:

1. the signature is a SignedData with one signer and without content, in DER;
2. it states a signing time, names no signature policy, and has no unsigned attribute but time stamps over its value;
3. the certificate is the one whose digest the signer signed (ESSCertIDv2), and stands in the signature;
4. the digest of the content, then the signature value; digests, algorithm and key count at that time;
5. the certificate may sign, is in force, and a path leads to an anchor (trust.py).

Source: ETSI EN 319 122-1, 5 and 6 (baseline); RFC 5652; RFC 5035.
"""

import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from signing import der
from signing.algorithms import DIGESTS
from signing.certificates import UNREADABLE, SignerCertificate, read_certificate
from signing.cms import SignedData, UnknownAlgorithm, build_signed_data, names, read_signed_data
from signing.errors import refusal
from signing.model import Identity, VerifiedSignature
from signing.timestamps.requesting import Timestamper
from signing.trust import TrustPolicy

MAX_SIGNATURE_BYTES: Final = 256 * 1024


def sign_cades(content: bytes, *, identity: Identity, at: datetime, timestamper: Timestamper | None = None) -> bytes:
    """Sign `content` as a detached CAdES signature: B-B, with a time stamp B-T.

    content: the exact bytes to cover; never parsed or written again here.
    at: claimed signing time, not proof of time; for the authority: now.
    Returns DER-encoded CMS SignedData without the content.
    Raises KeyUnavailable; TimestampUnavailable.
    """
    return build_signed_data(
        content,
        content_type=names.DATA,
        identity=identity,
        is_detached=True,
        signing_time=at,
        stamp=None if timestamper is None else lambda value: timestamper.stamp(value, at=at).token,
    )


def verify_cades(signature: bytes, content: bytes, *, trust: TrustPolicy, at: datetime) -> VerifiedSignature:
    """Verify a detached CAdES signature over `content`.

    at: as of when certificate and algorithms are judged; aware. Time stamps inside are not judged.
    Raises VerificationFailed(indication, subindication, code, detail); codes in errors.py.
    """
    if at.tzinfo is None:
        raise ValueError("`at` must be aware")
    # 1. and 2.
    signed = read_cades(signature)
    if signed.signing_time is None:
        raise refusal("signature-malformed", "the signer states no signing time")
    # 3. to 5.
    return verify_signed_data(signed, content, trust=trust, at=at, signing_time=signed.signing_time)


def read_cades(signature: bytes) -> SignedData:
    """Steps 1 and 2, the signing time aside: what the parts of a detached signature are. Raises VerificationFailed."""
    if len(signature) > MAX_SIGNATURE_BYTES:
        raise refusal("limit-exceeded", "a signature larger than 256 KiB")
    try:
        signed = read_signed_data(signature, content_type=names.DATA, is_detached=True)
    except der.DerError as exc:
        raise refusal("signature-malformed", str(exc)) from None
    except UnknownAlgorithm as exc:
        raise refusal("algorithm-not-allowed", str(exc)) from None
    if names.SIGNATURE_POLICY in signed.stated:
        raise refusal("policy-not-supported", "a signature under a signature policy")
    if not signed.unsigned <= {names.SIGNATURE_TIME_STAMP}:
        raise refusal("unsigned-property-not-allowed", "an unsigned attribute that is not a time stamp")
    return signed


def verify_signed_data(
    signed: SignedData,
    content: bytes,
    *,
    trust: TrustPolicy,
    at: datetime,
    signing_time: datetime,
    certificates: Sequence[bytes] = (),
) -> VerifiedSignature:
    """Steps 3 to 5, also for a signature inside a PDF.

    signing_time: what the signer claims, wherever that stands.
    certificates: in DER, from elsewhere, of which the path may be made; not trusted themselves.
    Raises VerificationFailed.
    """
    # 3.
    signer, others = _find_signer(signed)
    # 4.
    stated = {signed.content_digest[0], *(signed.certificate_digest or ())[:1]}
    if not all(trust.algorithms.accepts_digest(str(name), at=at) for name in stated):
        raise refusal("algorithm-not-allowed", "a digest algorithm that does not count at this time")
    if not signed.content_is_signed(content):
        raise refusal("digest-mismatch", "what is signed has changed since")
    signed.verify(signer, policy=trust.algorithms, at=at)
    # 5.
    path = trust.judge(signer, others=[*others, *map(read_certificate, certificates)], at=at)
    return VerifiedSignature(
        certificate=signer.certificate,
        subject=signer.subject,
        signing_time=signing_time,
        algorithm=signed.algorithm.name,
        path=path.certificates,
    )


def _find_signer(signed: SignedData) -> tuple[SignerCertificate, list[SignerCertificate]]:
    if signed.certificate_digest is None:
        raise refusal("certificate-not-bound", "no ESSCertIDv2 among the signed attributes")
    name, digest = signed.certificate_digest
    offered = dict.fromkeys(signed.certificates)
    matching = [each for each in offered if hmac.compare_digest(DIGESTS[name](each).digest(), digest)]
    if len(matching) != 1:
        raise refusal("certificate-not-bound", "no certificate has the digest that the signer signed")
    signer = read_certificate(matching[0])
    try:
        is_named = signed.is_signer(signer.certificate)
    except (*UNREADABLE, der.DerError):
        raise refusal("certificate-unreadable", "a certificate that cannot be read") from None
    if not is_named:
        raise refusal("certificate-not-bound", "the signer is named otherwise than in its certificate")
    return signer, [read_certificate(each) for each in offered if each != matching[0]]
