"""A time-stamp token, read and verified offline: what it covers, when, by whom.

The steps, in order; each raises VerificationFailed:

1. the token is a SignedData with one signer over a TSTInfo, in DER;
2. it covers these very bytes, answers this request (nonce) and was made under a policy that is accepted;
3. the certificate is the one whose digest the authority signed (ESSCertIDv2), and stands in the token;
4. the certificate is for time stamps and nothing else (extended key usage critical and alone), and no authority above
   it is for other purposes only;
5. digest of the TSTInfo, then the signature value; algorithms count as of `at`;
6. a path led to an anchor at the stamped time, and none of its certificates has expired by `at`: from then on nobody
   could tell the token from one that was made later with a leaked key, unless a later stamp covers it;
7. the stamped time is not after `at`.

Source: RFC 3161, 2.4.2; RFC 5816; ETSI EN 319 422; ETSI EN 319 102-1, 5.4.
"""

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from signing import der
from signing.algorithms import DIGESTS
from signing.certificates import UNREADABLE, Purpose, SignerCertificate, read_certificate
from signing.cms import SignedData, UnknownAlgorithm, read_digest_identifier, read_signed_data
from signing.errors import VerificationFailed, refusal
from signing.model import Path, SubjectIdentity
from signing.trust import TrustPolicy

MAX_TOKEN_BYTES: Final = 64 * 1024
TST_INFO: Final = "1.2.840.113549.1.9.16.1.4"

_CONTEXT_0: Final = 0xA0
_CONTEXT_1: Final = 0xA1
_MILLIS: Final = 0x80  # [0] IMPLICIT INTEGER
_MICROS: Final = 0x81
_REFUSALS_OF_CERTIFICATES: Final = {
    "certificate-expired": "timestamp-expired",
    "certificate-not-for-signing": "timestamp-certificate-not-for-time",
    "certificate-untrusted": "timestamp-untrusted",
    "algorithm-not-allowed": "timestamp-algorithm-not-allowed",
    "signature-invalid": "timestamp-signature-invalid",
    "certificate-unreadable": "timestamp-unreadable",
    "limit-exceeded": "timestamp-unreadable",
}


@dataclass(frozen=True, kw_only=True)
class TimestampTrust:
    """Whose time stamps count. policies: object identifiers that are accepted; None: any policy of these anchors."""

    anchors: TrustPolicy
    policies: frozenset[str] | None = None


@dataclass(frozen=True, kw_only=True)
class TstInfo:
    """What an authority states. imprint: of the bytes it saw."""

    policy: str
    digest_name: str
    imprint: bytes
    serial_number: int
    stamped_at: datetime
    accuracy: timedelta
    nonce: int | None


@dataclass(frozen=True, kw_only=True)
class TimeStamp:
    """A verified time stamp: the stamped bytes existed at `stamped_at`.

    accuracy: zero where the authority states none.
    path: from the authority's certificate to the anchor, as of the stamped time.
    """

    token: bytes
    stamped_at: datetime
    accuracy: timedelta
    policy: str
    serial_number: int
    authority: SubjectIdentity
    path: Path


def verify_timestamp(
    token: bytes,
    data: bytes,
    *,
    trust: TimestampTrust,
    at: datetime,
    others: Sequence[bytes] = (),
    nonce: int | None = None,
) -> TimeStamp:
    """Verify that `token` stamps `data`.

    at: a time at which the token is known to have existed: now, or that of a later stamp which covers it; aware.
    others: certificates in DER from elsewhere, of which the path may be made; not trusted themselves.
    nonce: what the request said; None: the request is not at hand.
    Raises VerificationFailed: the codes timestamp-…
    """
    return _verify(token, lambda name: DIGESTS[name](data).digest(), trust=trust, at=at, others=others, nonce=nonce)


def verify_digest_timestamp(
    token: bytes,
    digest: bytes,
    *,
    digest_name: str,
    trust: TimestampTrust,
    at: datetime,
    others: Sequence[bytes] = (),
    nonce: int | None = None,
) -> TimeStamp:
    """Verify that `token` stamps what has this digest, such as the root of a hash tree; else as `verify_timestamp`."""

    def digest_by(name: str) -> bytes:
        return digest if name == digest_name else b""

    return _verify(token, digest_by, trust=trust, at=at, others=others, nonce=nonce)


def _verify(
    token: bytes,
    digest_by: Callable[[str], bytes],
    *,
    trust: TimestampTrust,
    at: datetime,
    others: Sequence[bytes],
    nonce: int | None,
) -> TimeStamp:
    # 1.
    signed, info = _read(token)
    # 2.
    if not hmac.compare_digest(digest_by(info.digest_name), info.imprint):
        raise refusal("timestamp-of-something-else", "the time stamp covers other bytes than these")
    if nonce is not None and info.nonce != nonce:
        raise refusal("timestamp-of-another-request", "the time stamp answers another request")
    if trust.policies is not None and info.policy not in trust.policies:
        raise refusal("timestamp-policy-not-accepted", "the policy of the time stamp is not among those accepted")
    # 3.
    signer, chain = _find_signer(signed, others)
    # 4.
    if not signer.may_stamp:
        raise refusal("timestamp-certificate-not-for-time", "the certificate is not for time stamps and nothing else")
    # 5.
    if not signed.content_is_signed():
        raise refusal("timestamp-altered", "what the authority states has changed since")
    algorithms = trust.anchors.algorithms
    digests = {info.digest_name, signed.content_digest[0], *(signed.certificate_digest or ())[:1]}
    if not all(algorithms.accepts_digest(str(name), at=at) for name in digests):
        raise refusal("timestamp-algorithm-not-allowed", "a digest algorithm that does not count at this time")
    try:
        signed.verify(signer, policy=algorithms, at=at)
        # 6.
        path = _path_at(signer, chain, trust.anchors, info.stamped_at)
    except VerificationFailed as exc:
        raise refusal(_REFUSALS_OF_CERTIFICATES[exc.code], exc.detail) from None
    # 7.
    if info.stamped_at > at:
        raise refusal("timestamp-out-of-order", "the stamped time is after the time that is asked about")
    if path.until < at:
        raise refusal(
            "timestamp-expired", "a certificate of the authority has expired since, and nothing later covers it"
        )
    return TimeStamp(
        token=token,
        stamped_at=info.stamped_at,
        accuracy=info.accuracy,
        policy=info.policy,
        serial_number=info.serial_number,
        authority=signer.subject,
        path=path,
    )


def _read(token: bytes) -> tuple[SignedData, TstInfo]:
    if len(token) > MAX_TOKEN_BYTES:
        raise refusal("timestamp-unreadable", "a time stamp larger than 64 KiB")
    try:
        signed = read_signed_data(token, content_type=TST_INFO)
        return signed, read_tst_info(signed.content or b"")
    except der.DerError as exc:
        raise refusal("timestamp-unreadable", str(exc)) from None
    except UnknownAlgorithm as exc:
        raise refusal("timestamp-algorithm-not-allowed", str(exc)) from None


def read_imprint(token: bytes) -> tuple[str, bytes]:
    """What a token stamps, unverified: name of the digest in hashlib, value.

    Raises VerificationFailed: timestamp-unreadable, timestamp-algorithm-not-allowed.
    """
    info = _read(token)[1]
    return info.digest_name, info.imprint


def read_tst_info(raw: bytes) -> TstInfo:
    """Raises DerError, UnknownAlgorithm."""
    outer = der.Reader(raw)
    info = outer.enter(der.SEQUENCE)
    outer.finish()
    info.expect(der.integer(1))
    policy = info.take_oid()
    imprint = info.enter(der.SEQUENCE)
    digest_name = read_digest_identifier(imprint)
    digest = imprint.take(der.OCTET_STRING)
    imprint.finish()
    serial_number = info.take_integer()
    stamped_at = info.take_time()
    accuracy = _read_accuracy(info.enter(der.SEQUENCE)) if info.peek() == der.SEQUENCE else timedelta(0)
    if info.peek() == der.BOOLEAN and info.take(der.BOOLEAN) not in (b"\x00", b"\xff"):
        raise der.DerError("an ordering that is neither true nor false")
    nonce = info.take_integer() if info.peek() == der.INTEGER else None
    info.optional(_CONTEXT_0)  # the name of the authority: its certificate says it with proof
    if (extensions := info.optional(_CONTEXT_1)) is not None:
        _refuse_critical(der.Reader(extensions))
    info.finish()
    return TstInfo(
        policy=policy,
        digest_name=digest_name,
        imprint=digest,
        serial_number=serial_number,
        stamped_at=stamped_at,
        accuracy=accuracy,
        nonce=nonce,
    )


def _read_accuracy(reader: der.Reader) -> timedelta:
    seconds = reader.take_integer() if reader.peek() == der.INTEGER else 0
    small = [int.from_bytes(reader.optional(tag) or b"", "big") for tag in (_MILLIS, _MICROS)]
    reader.finish()
    if seconds > 86_400 or max(small) > 999:
        raise der.DerError("an accuracy that is none")
    return timedelta(seconds=seconds, milliseconds=small[0], microseconds=small[1])


def _refuse_critical(extensions: der.Reader) -> None:
    while extensions.peek() is not None:
        extension = extensions.enter(der.SEQUENCE)
        extension.take_oid()
        if extension.optional(der.BOOLEAN) == b"\xff":
            raise der.DerError("a critical extension that is not known here")


def _find_signer(signed: SignedData, others: Sequence[bytes]) -> tuple[SignerCertificate, list[SignerCertificate]]:
    if signed.certificate_digest is None:
        raise refusal("timestamp-certificate-not-bound", "no ESSCertIDv2 among the signed attributes")
    name, digest = signed.certificate_digest
    offered = list(dict.fromkeys((*signed.certificates, *others)))
    matching = [each for each in offered if hmac.compare_digest(DIGESTS[name](each).digest(), digest)]
    if len(matching) != 1:
        raise refusal("timestamp-certificate-not-bound", "no certificate has the digest that the authority signed")
    try:
        signer = read_certificate(matching[0])
        chain = [read_certificate(each) for each in offered if each != matching[0]]
        is_named = signed.is_signer(signer.certificate)
    except VerificationFailed as exc:
        raise refusal(_REFUSALS_OF_CERTIFICATES[exc.code], exc.detail) from None
    except (*UNREADABLE, der.DerError):
        raise refusal("timestamp-unreadable", "a certificate that cannot be read") from None
    if not is_named:
        raise refusal("timestamp-certificate-not-bound", "the signer is named otherwise than in its certificate")
    return signer, chain


def _path_at(signer: SignerCertificate, chain: Sequence[SignerCertificate], anchors: TrustPolicy, at: datetime) -> Path:
    if not signer.valid_from <= at <= signer.valid_until:
        raise refusal("certificate-expired", "the certificate of the authority was not valid at the stamped time")
    return anchors.find_path(signer, others=chain, at=at, purpose=Purpose.STAMPING)
