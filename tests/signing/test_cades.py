"""CAdES over bytes: made, judged by OpenSSL, taken from OpenSSL, and every way to cheat with it."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import (
    TrustPolicy,
    VerificationFailed,
    der,
    identity_to_pem,
    issue,
    sign_cades,
    verify_cades,
    verify_timestamp,
)
from signing.cms import DIGEST_OIDS, names
from signing.errors import VERIFICATION_CODES
from signing.formats.cades import MAX_SIGNATURE_BYTES, read_cades
from signing.issuing import KeyKind
from signing.model import Identity
from signing.recipients import issuer_and_serial
from tests.mutations import RANDOMS, mutate_der
from tests.signing.pki import AT, SIGNING_KEYS, People
from tests.signing.stamping import TIME_TRUST, stamper
from tests.signing.test_interop import run

CONTENT = b"what is signed \x00\r\n\xff" * 400


def refused(people: People, signature: bytes, content: bytes = CONTENT, *, trust: TrustPolicy | None = None) -> str:
    with pytest.raises(VerificationFailed) as failed:
        verify_cades(signature, content, trust=trust or people.trust, at=AT)
    assert (failed.value.indication, failed.value.subindication) == VERIFICATION_CODES[failed.value.code]
    return failed.value.code


@pytest.fixture(scope="module")
def signature(people: People) -> bytes:
    return sign_cades(CONTENT, identity=people.doctor, at=AT)


@pytest.mark.parametrize("kind", SIGNING_KEYS)
def test_openssl_verifies_what_we_sign(people: People, kind: KeyKind, tmp_path: Path) -> None:
    signed = sign_cades(
        CONTENT, identity=people.signers[kind], at=AT, timestamper=stamper(AT) if kind == "p256" else None
    )
    for name, data in (("s.p7s", signed), ("content", CONTENT), ("other", CONTENT + b".")):
        (tmp_path / name).write_bytes(data)
    (tmp_path / "anchor.pem").write_bytes(people.authority.certificate.public_bytes(Encoding.PEM))
    for name, expect in (("content", True), ("other", False)):
        trusted = ("-CAfile", f"{tmp_path}/anchor.pem", "-attime", str(int(AT.timestamp())), "-purpose", "any")
        given = ("-inform", "DER", "-in", f"{tmp_path}/s.p7s", "-content", f"{tmp_path}/{name}")
        run("openssl", "cms", "-verify", "-cades", "-binary", *given, *trusted, "-out", "/dev/null", expect=expect)


@pytest.mark.parametrize("kind", [*SIGNING_KEYS, "rsa2048"])
def test_we_verify_what_openssl_signs(people: People, kind: KeyKind, tmp_path: Path) -> None:
    identity = people.rsa2048 if kind == "rsa2048" else people.signers[kind]
    (tmp_path / "key.pem").write_bytes(identity_to_pem(identity))
    (tmp_path / "content").write_bytes(CONTENT)
    md = "sha384" if kind == "p384" else "sha256"
    command = ("-sign", "-cades", "-binary", "-md", md, "-outform", "DER", "-in", f"{tmp_path}/content")
    run("openssl", "cms", *command, "-signer", f"{tmp_path}/key.pem", "-out", f"{tmp_path}/s.p7s")
    signed = (tmp_path / "s.p7s").read_bytes()
    assert verify_cades(signed, CONTENT, trust=people.trust, at=AT).certificate == identity.certificate
    assert refused(people, signed, CONTENT + b".") == "digest-mismatch"


@pytest.mark.parametrize("kind", SIGNING_KEYS)
def test_it_says_who_signed_and_when_he_claims(people: People, kind: KeyKind) -> None:
    verified = verify_cades(
        sign_cades(CONTENT, identity=people.signers[kind], at=AT), CONTENT, trust=people.trust, at=AT
    )
    assert (verified.certificate, verified.signing_time) == (people.signers[kind].certificate, AT)
    assert verified.path[-1] == people.authority.certificate.public_bytes(Encoding.DER)


def test_the_time_stamp_covers_the_signature_value(people: People) -> None:
    parts = read_cades(sign_cades(CONTENT, identity=people.doctor, at=AT, timestamper=stamper(AT)))
    (token,) = parts.time_stamps
    assert verify_timestamp(token, parts.value, trust=TIME_TRUST, at=AT).stamped_at == AT


def test_a_year_after_2049_is_written_as_it_must_be(people: People) -> None:
    late = AT.replace(year=2051)
    parts = read_cades(sign_cades(CONTENT, identity=people.doctor, at=late))
    assert parts.signing_time == late


# What is refused


@dataclass
class Parts:
    """What a signature is put together from, to be bent."""

    kind: str = names.SIGNED_DATA
    content_type: str = names.DATA
    content: bytes = b""
    certificates: tuple[bytes, ...] = ()
    bound: bytes = b""
    digest: bytes = b""
    attributes: tuple[bytes, ...] = ()
    without: tuple[str, ...] = ()
    unsigned: bytes = b""
    signers: int = 1


def attribute(oid: str, *values: bytes) -> bytes:
    return der.encode(der.SEQUENCE, der.oid(oid), der.encode(der.SET, *values))


def forge(signer: Identity, edit: Callable[[Parts], None]) -> bytes:
    """A signature by `signer` whose parts `edit` changed before it was made."""
    own = signer.certificate.public_bytes(Encoding.DER)
    parts = Parts(certificates=(own,), bound=own, digest=hashlib.sha256(CONTENT).digest())
    edit(parts)
    sha256 = der.encode(der.SEQUENCE, der.oid(next(iter(DIGEST_OIDS))))
    bound = der.encode(der.OCTET_STRING, hashlib.sha256(parts.bound).digest())
    stated = {
        names.CONTENT_TYPE: der.oid(parts.content_type),
        names.MESSAGE_DIGEST: der.encode(der.OCTET_STRING, parts.digest),
        names.SIGNING_CERTIFICATE_V2: der.encode(
            der.SEQUENCE, der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, bound))
        ),
        names.SIGNING_TIME: der.utc_or_generalized_time(AT),
    }
    attributes = sorted(
        (*(attribute(oid, value) for oid, value in stated.items() if oid not in parts.without), *parts.attributes)
    )
    assert isinstance(signer.key, ec.EllipticCurvePrivateKey)
    value = signer.key.sign(der.encode(der.SET, *attributes), ec.ECDSA(hashes.SHA256()))
    info = der.encode(
        der.SEQUENCE,
        der.integer(1),
        issuer_and_serial(signer.certificate),
        sha256,
        der.encode(der.context(0), *attributes),
        der.encode(der.SEQUENCE, der.oid("1.2.840.10045.4.3.2")),
        der.encode(der.OCTET_STRING, value),
        der.encode(der.context(1), parts.unsigned) if parts.unsigned else b"",
    )
    inside = der.encode(der.context(0), der.encode(der.OCTET_STRING, parts.content)) if parts.content else b""
    data = der.encode(
        der.SEQUENCE,
        der.integer(1),
        der.encode(der.SET, sha256),
        der.encode(der.SEQUENCE, der.oid(parts.content_type), inside),
        der.encode(der.context(0), *parts.certificates),
        der.encode(der.SET, *([info] * parts.signers)),
    )
    return der.encode(der.SEQUENCE, der.oid(parts.kind), der.encode(der.context(0), data))


def set_(**values: object) -> Callable[[Parts], None]:
    return lambda parts: vars(parts).update(values)


ATTACKS: dict[str, tuple[Callable[[Parts], None], str]] = {
    "content of its own inside": (set_(content=CONTENT), "signature-malformed"),
    "another kind of content": (set_(content_type="1.2.840.113549.1.9.16.1.4"), "signature-malformed"),
    "another kind of CMS": (set_(kind=names.DATA), "signature-malformed"),
    "two signers": (set_(signers=2), "signature-malformed"),
    "no signer": (set_(signers=0), "signature-malformed"),
    "no digest": (set_(without=(names.MESSAGE_DIGEST,)), "signature-malformed"),
    "no type of content": (set_(without=(names.CONTENT_TYPE,)), "signature-malformed"),
    "no signing time": (set_(without=(names.SIGNING_TIME,)), "signature-malformed"),
    "no certificate bound": (set_(without=(names.SIGNING_CERTIFICATE_V2,)), "certificate-not-bound"),
    "digest of something else": (set_(digest=bytes(32)), "digest-mismatch"),
    "no certificate": (set_(certificates=()), "certificate-not-bound"),
    "an attribute twice": (
        set_(attributes=(attribute(names.SIGNING_TIME, der.utc_or_generalized_time(AT)),)),
        "signature-malformed",
    ),
    "an attribute without a value": (set_(attributes=(attribute("2.999.1"),)), "signature-malformed"),
    "too many attributes": (
        set_(attributes=tuple(attribute(f"2.999.{number}", der.NULL) for number in range(40))),
        "signature-malformed",
    ),
    "a signature policy": (set_(attributes=(attribute(names.SIGNATURE_POLICY, der.NULL),)), "policy-not-supported"),
    "an unsigned attribute": (set_(unsigned=attribute("2.999.1", der.NULL)), "unsigned-property-not-allowed"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_put_together_otherwise_is_refused(people: People, attack: str) -> None:
    edit, code = ATTACKS[attack]
    assert verify_cades(forge(people.doctor, lambda _: None), CONTENT, trust=people.trust, at=AT)
    assert refused(people, forge(people.doctor, edit)) == code


def test_the_key_is_that_of_the_certificate_whose_digest_is_signed(people: People) -> None:
    """Key substitution: a stranger signs, and brings the certificate of the doctor along, or binds it."""
    doctors = people.doctor.certificate.public_bytes(Encoding.DER)
    both = set_(certificates=(doctors, people.stranger.certificate.public_bytes(Encoding.DER)))
    assert refused(people, forge(people.stranger, both)) == "certificate-untrusted"
    bound = set_(certificates=(doctors,), bound=doctors)
    assert refused(people, forge(people.stranger, bound)) == "certificate-not-bound"


def test_the_signer_must_be_known_entitled_and_in_force(people: People, signature: bytes) -> None:
    assert refused(people, sign_cades(CONTENT, identity=people.stranger, at=AT)) == "certificate-untrusted"
    answers = issue(people.authority, "Responder", use="answer", at=AT)
    assert refused(people, sign_cades(CONTENT, identity=answers, at=AT)) == "certificate-not-for-signing"
    with pytest.raises(VerificationFailed, match="certificate-expired"):
        verify_cades(signature, CONTENT, trust=people.trust, at=AT + timedelta(days=1000))


def test_what_is_too_large_or_not_der_is_refused(people: People, signature: bytes) -> None:
    assert refused(people, bytes(MAX_SIGNATURE_BYTES + 1)) == "limit-exceeded"
    for raw in (b"", signature[:-1], signature + b"\0", b"\x30\x80" + signature[4:] + b"\0\0"):
        assert refused(people, raw) == "signature-malformed"


def test_a_time_must_be_aware(people: People, signature: bytes) -> None:
    with pytest.raises(ValueError, match="aware"):
        verify_cades(signature, CONTENT, trust=people.trust, at=AT.replace(tzinfo=None))


@settings(max_examples=400, deadline=None)
@given(
    cuts=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9), st.binary(max_size=6)), min_size=1, max_size=3),
    in_content=st.booleans(),
)
@pytest.mark.filterwarnings("ignore::UserWarning")  # cryptography warns of odd names and numbers
def test_damage_never_verifies_as_something_else(
    people: People, signature: bytes, cuts: list[tuple[float, int, bytes]], in_content: bool
) -> None:
    """Nothing but VerificationFailed is raised; what still verifies is the same signer over the same content."""
    raw = CONTENT if in_content else signature
    for place, length, scrap in cuts:
        at = int(place * len(raw))
        raw = raw[:at] + scrap + raw[at + length :]
    given = (signature, raw) if in_content else (raw, CONTENT)
    with suppress(VerificationFailed):
        verified = verify_cades(*given, trust=people.trust, at=AT)
        assert given[1] == CONTENT
        assert verified.certificate == people.doctor.certificate


@settings(max_examples=400, deadline=None)
@given(random=RANDOMS)
@pytest.mark.filterwarnings("ignore::UserWarning")  # cryptography warns of odd names and numbers
def test_another_structure_never_verifies_as_something_else(people: People, signature: bytes, random: Random) -> None:
    others = [sign_cades(b"other", identity=people.doctor, at=AT), sign_cades(CONTENT, identity=people.stranger, at=AT)]
    with suppress(VerificationFailed):
        verified = verify_cades(mutate_der(signature, random, others), CONTENT, trust=people.trust, at=AT)
        assert (verified.certificate, verified.signing_time) == (people.doctor.certificate, AT)
