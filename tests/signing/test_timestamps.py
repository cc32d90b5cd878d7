"""Time stamps: what is accepted, every attack with its own refusal, and the judgement of OpenSSL both ways."""

import hashlib
import subprocess
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import (
    Identity,
    NotFetched,
    TimeStamp,
    TimestampAuthority,
    Timestamper,
    TimestampSource,
    TimestampTrust,
    TimestampUnavailable,
    TrustPolicy,
    VerificationFailed,
    identity_to_pem,
    issue,
    issue_authority,
    verify_timestamp,
)
from signing.errors import VERIFICATION_CODES
from signing.issuing import KeyKind
from tests.mutations import RANDOMS, mutate_der
from tests.signing.pki import AT, SIGNING_KEYS, issue_authority_below
from tests.signing.test_interop import run
from tests.signing.tokens import POLICY, TIME_STAMPING, forge_token, unit_with_usages

DATA = b"what was signed"
ROOT = issue_authority("Time Authority", at=AT)
UNITS: dict[KeyKind, Identity] = {
    kind: issue(ROOT, f"Unit {kind}", use="stamp", key=kind, at=AT) for kind in SIGNING_KEYS
}
UNIT = UNITS["p256"]
LATER = AT + timedelta(days=30)


def trust(*, policies: frozenset[str] | None = None) -> TimestampTrust:
    return TimestampTrust(anchors=TrustPolicy((ROOT.certificate,)), policies=policies)


def verified(token: bytes, *, data: bytes = DATA, at: datetime = LATER, **options: Any) -> TimeStamp:
    return verify_timestamp(token, data, trust=options.pop("trust", trust()), at=at, **options)


def refused(token: bytes, **options: Any) -> str:
    with pytest.raises(VerificationFailed) as failed:
        verified(token, **options)
    assert (failed.value.indication, failed.value.subindication) == VERIFICATION_CODES[failed.value.code]
    return failed.value.code


def fetching(answers: dict[str, Callable[[bytes], bytes]]) -> Any:
    """Authorities in this process; the one that is not there is not reachable."""

    def fetch(url: str, *, body: bytes | None = None, content_type: str | None = None, max_bytes: int) -> bytes:
        assert content_type == "application/timestamp-query"
        if url not in answers:
            raise NotFetched("not-reachable", "no answer in time")
        assert body is not None
        return answers[url](body)

    return fetch


def authority(identity: Identity = UNIT, *, at: datetime = AT, policy: str = POLICY) -> Callable[[bytes], bytes]:
    return lambda request: TimestampAuthority(identity=identity, policy=policy).answer(request, at=at)


def timestamper(answers: dict[str, Callable[[bytes], bytes]], *, policy: str | None = None) -> Timestamper:
    sources = tuple(TimestampSource(url=url, policy=policy) for url in ("first", "second"))
    return Timestamper(sources=sources, trust=trust(), fetch=fetching(answers))


# What is accepted


@pytest.mark.parametrize("kind", SIGNING_KEYS)
def test_a_time_stamp_says_when_and_by_whom(kind: KeyKind) -> None:
    moment = AT + timedelta(milliseconds=120)
    stamp = timestamper({"first": authority(UNITS[kind], at=moment)}).stamp(DATA, at=AT)
    assert (stamp.stamped_at, stamp.accuracy, stamp.policy) == (moment, timedelta(seconds=1), POLICY)
    assert stamp.authority.common_name == f"Unit {kind}"
    assert stamp == verified(stamp.token)


def test_a_token_made_by_another_tool() -> None:
    stamp = verified(forge_token(UNIT, DATA))
    assert (stamp.stamped_at, stamp.accuracy, stamp.serial_number) == (AT, timedelta(0), 1)


def test_the_chain_may_stand_in_the_token_or_beside_it() -> None:
    middle = issue_authority_below(ROOT, issue_authority("Middle", at=AT))
    unit = issue(middle, "Unit below", use="stamp", at=AT)
    inside = Identity(unit.key, unit.certificate, (middle.certificate,))
    assert len(verified(forge_token(inside, DATA)).path.certificates) == 3
    assert refused(forge_token(unit, DATA)) == "timestamp-untrusted"
    others = [middle.certificate.public_bytes(Encoding.DER)]
    assert verified(forge_token(unit, DATA), others=others)
    own = [unit.certificate.public_bytes(Encoding.DER)]
    assert verified(forge_token(unit, DATA, certificates=[]), others=others + own)


def test_the_second_authority_is_asked_when_the_first_fails() -> None:
    stranger = issue(issue_authority("Time Authority", at=AT), "Unit p256", use="stamp", at=AT)
    for first in (
        None,
        authority(stranger),
        authority(at=AT - timedelta(hours=1)),
        authority(at=AT + timedelta(hours=1)),
        lambda _: b"",
        lambda _: b"<html/>",
        lambda _: bytes.fromhex("30053003020102"),
    ):
        answers = {"second": authority(UNITS["p384"])} | ({"first": first} if first else {})
        assert timestamper(answers).stamp(DATA, at=AT).authority.common_name == "Unit p384"


def test_no_authority_at_all() -> None:
    with pytest.raises(TimestampUnavailable) as failed:
        timestamper({"second": authority(at=AT - timedelta(hours=1))}).stamp(DATA, at=AT)
    assert failed.value.code == "timestamp-unavailable"
    assert failed.value.retry_after_s > 0
    assert "1: not-reachable, 2: timestamp-out-of-order" in failed.value.detail


def test_the_policy_that_is_asked_for_is_the_policy_that_is_taken() -> None:
    assert timestamper({"first": authority()}, policy=POLICY).stamp(DATA, at=AT).policy == POLICY
    with pytest.raises(TimestampUnavailable) as failed:
        timestamper({"first": authority(policy="2.999.1")}, policy=POLICY).stamp(DATA, at=AT)
    assert "1: answer-refused" in failed.value.detail

    def other(_: bytes) -> bytes:
        request = timestamp_request(None)
        return TimestampAuthority(identity=UNIT, policy="2.999.1").answer(request, at=AT)

    with pytest.raises(TimestampUnavailable) as failed:
        timestamper({"first": other}, policy=POLICY).stamp(DATA, at=AT)
    assert "1: timestamp-of-another-request" in failed.value.detail


def test_an_answer_to_another_request_is_passed_over() -> None:
    """A replayed answer: right bytes, right authority, another nonce."""
    answers: list[bytes] = []

    def first(request: bytes) -> bytes:
        answers.append(authority()(request))
        return answers[0]

    asking = timestamper({"first": first})
    asking.stamp(DATA, at=AT)
    with pytest.raises(TimestampUnavailable) as failed:
        asking.stamp(DATA, at=AT)
    assert "1: timestamp-of-another-request" in failed.value.detail


# Attacks


def test_a_stamp_of_something_else() -> None:
    assert refused(forge_token(UNIT, b"other")) == "timestamp-of-something-else"
    assert refused(forge_token(UNIT, DATA), data=DATA + b" ") == "timestamp-of-something-else"


def test_another_nonce_or_none() -> None:
    assert refused(forge_token(UNIT, DATA), nonce=7) == "timestamp-of-another-request"
    with_nonce = forge_token(UNIT, DATA, edit_info=lambda info: info.__setitem__("nonce", 8))
    assert refused(with_nonce, nonce=7) == "timestamp-of-another-request"
    assert verified(with_nonce, nonce=8)


def test_another_policy() -> None:
    only = trust(policies=frozenset({"2.999.5"}))
    assert refused(forge_token(UNIT, DATA), trust=only) == "timestamp-policy-not-accepted"
    assert verified(forge_token(UNIT, DATA, policy="2.999.5"), trust=only)


def test_a_stranger() -> None:
    stranger = issue(issue_authority("Time Authority", at=AT), "Unit p256", use="stamp", at=AT)
    assert refused(forge_token(stranger, DATA)) == "timestamp-untrusted"


@pytest.mark.parametrize(
    ("usages", "critical"),
    [
        ([], True),
        ([TIME_STAMPING], False),
        ([TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING], True),
        ([ExtendedKeyUsageOID.CODE_SIGNING], True),
        ([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE], True),
    ],
)
def test_a_certificate_for_something_else(usages: list[Any], critical: bool) -> None:
    unit = unit_with_usages(ROOT, usages, critical=critical)
    assert refused(forge_token(unit, DATA)) == "timestamp-certificate-not-for-time"
    assert verified(forge_token(unit_with_usages(ROOT, [TIME_STAMPING], critical=True), DATA))


@pytest.mark.parametrize(
    ("purposes", "makes_units"),
    [
        ((), True),
        ((ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,), True),
        ((ExtendedKeyUsageOID.OCSP_SIGNING, TIME_STAMPING), True),
        ((ExtendedKeyUsageOID.SERVER_AUTH,), False),
        ((ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.CLIENT_AUTH), False),
    ],
)
def test_an_authority_that_is_for_something_else_makes_no_unit(
    purposes: tuple[x509.ObjectIdentifier, ...], makes_units: bool
) -> None:
    middle = issue_authority_below(ROOT, issue_authority("Middle", at=AT), *purposes)
    unit = issue(middle, "Unit below", use="stamp", at=AT)
    token = forge_token(unit, DATA, certificates=[unit.certificate, middle.certificate])
    if makes_units:
        assert verified(token).stamped_at == AT
    else:
        assert refused(token) == "timestamp-certificate-not-for-time"


@pytest.mark.parametrize("use", ["sign", "seal", "tls-server"])
def test_a_certificate_of_somebody_who_signs(use: Any) -> None:
    assert refused(forge_token(issue(ROOT, "Signer", use=use, at=AT), DATA)) == "timestamp-certificate-not-for-time"


def test_a_swapped_certificate() -> None:
    """The certificate of another unit with the same key would pass every check but that of ESSCertIDv2."""
    other = unit_with_usages(ROOT, [TIME_STAMPING], critical=True)
    assert refused(forge_token(UNIT, DATA, bound_to=other.certificate)) == "timestamp-certificate-not-bound"
    shown = [UNIT.certificate, other.certificate]
    swapped = forge_token(UNIT, DATA, bound_to=other.certificate, certificates=shown)
    assert refused(swapped) == "timestamp-certificate-not-bound"
    assert refused(forge_token(UNIT, DATA, certificates=[])) == "timestamp-certificate-not-bound"


def test_a_certificate_bound_by_sha1_or_not_at_all() -> None:
    assert refused(forge_token(UNIT, DATA, essv1=True)) == "timestamp-certificate-not-bound"
    unbound = forge_token(UNIT, DATA, edit_attributes=lambda attributes: attributes.pop())
    assert refused(unbound) == "timestamp-certificate-not-bound"


def test_a_signature_that_is_not_right() -> None:
    def flip(signer: Any) -> None:
        value = bytearray(signer["signature"].native)
        value[-1] ^= 1
        signer["signature"] = bytes(value)

    assert refused(forge_token(UNIT, DATA, edit_signer=flip)) == "timestamp-signature-invalid"
    other = issue(ROOT, "Unit p256", use="stamp", at=AT)
    key_swapped = Identity(other.key, UNIT.certificate)
    assert refused(forge_token(key_swapped, DATA)) == "timestamp-signature-invalid"


def test_another_time_or_imprint_after_signing() -> None:
    def earlier(raw: bytes) -> bytes:
        info = tsp.TSTInfo.load(raw)
        info["gen_time"] = AT - timedelta(days=1)
        changed: bytes = info.dump(force=True)
        return changed

    assert refused(forge_token(UNIT, DATA, content=earlier)) == "timestamp-altered"
    good = forge_token(UNIT, b"other")
    moved = good.replace(hashlib.sha256(b"other").digest(), hashlib.sha256(DATA).digest())
    assert refused(moved) == "timestamp-altered"


def test_sha1() -> None:
    imprint = ("sha1", hashlib.sha1(DATA).digest())
    assert refused(forge_token(UNIT, DATA, imprint=imprint)) == "timestamp-algorithm-not-allowed"
    assert refused(forge_token(UNIT, DATA, digest="sha1")) == "timestamp-algorithm-not-allowed"


def test_rsa_2048_after_its_last_day() -> None:
    authority = issue_authority("Old", at=AT, years=10)
    old = issue(authority, "Old unit", use="stamp", key="rsa2048", at=AT, days=3650)
    trusted = TimestampTrust(anchors=TrustPolicy((authority.certificate,)))
    token = forge_token(old, DATA)
    assert verified(token, trust=trusted, at=datetime(2028, 12, 31, tzinfo=UTC))
    late = datetime(2029, 1, 1, tzinfo=UTC)
    assert refused(token, trust=trusted, at=late) == "timestamp-algorithm-not-allowed"


def test_times_outside_the_certificate() -> None:
    before, after = AT - timedelta(days=1), AT + timedelta(days=731)
    assert refused(forge_token(UNIT, DATA, stamped_at=before)) == "timestamp-expired"
    assert refused(forge_token(UNIT, DATA, stamped_at=after), at=after) == "timestamp-expired"
    assert refused(forge_token(UNIT, DATA), at=after) == "timestamp-expired"


def test_a_time_that_has_not_come() -> None:
    assert refused(forge_token(UNIT, DATA, stamped_at=LATER + timedelta(seconds=1))) == "timestamp-out-of-order"


def _twice(attributes: list[Any]) -> None:
    attributes.append(attributes[1])


def _two_values(attributes: list[Any]) -> None:
    attributes[1] = (attributes[1][0], attributes[1][1] * 2)


def _other_content_type(attributes: list[Any]) -> None:
    attributes[0] = ("content_type", [cms.ContentType("data")])


@pytest.mark.parametrize(
    "options",
    [
        {"edit_attributes": lambda attributes: attributes.pop(0)},
        {"edit_attributes": lambda attributes: attributes.pop(1)},
        {"edit_attributes": _twice},
        {"edit_attributes": _two_values},
        {"edit_attributes": _other_content_type},
        {"edit_info": lambda info: info.__setitem__("version", 2)},
        {"edit_info": lambda info: info.__setitem__("accuracy", {"seconds": 1, "millis": 999, "micros": 1})}
        | {"content": lambda raw: raw + b"\0"},
        {
            "edit_info": lambda info: info.__setitem__(
                "extensions", [{"extn_id": "2.999.1", "critical": True, "extn_value": b"\x05\x00"}]
            )
        },
        {"edit_signed_data": lambda data: data.__setitem__("signer_infos", [])},
        {"edit_signed_data": lambda data: data["signer_infos"].append(data["signer_infos"][0].copy())},
        {"edit_signed_data": lambda data: data.__setitem__("encap_content_info", {"content_type": "data"})},
        {"edit_signed_data": lambda data: data.__setitem__("certificates", [data["certificates"][0]] * 9)},
    ],
)
def test_structures_that_are_no_time_stamp(options: Any) -> None:
    assert refused(forge_token(UNIT, DATA, **options)) == "timestamp-unreadable"


def test_bytes_that_are_no_time_stamp() -> None:
    token = forge_token(UNIT, DATA)
    cases = (b"", b"\0", token[:-1], token + b"\0", b"\x30\x80" + token[4:] + b"\0\0", b"\x30" * 70_000)
    assert {refused(raw) for raw in cases} == {"timestamp-unreadable"}


def test_an_extension_that_is_not_critical_is_let_through() -> None:
    extension = [{"extn_id": "2.999.1", "critical": False, "extn_value": b"\x05\x00"}]
    assert verified(forge_token(UNIT, DATA, edit_info=lambda info: info.__setitem__("extensions", extension)))


def test_a_token_named_for_somebody_else() -> None:
    def rename(signer: Any) -> None:
        signer["sid"].chosen["serial_number"] = 7

    assert refused(forge_token(UNIT, DATA, edit_signer=rename)) == "timestamp-certificate-not-bound"


@pytest.mark.filterwarnings("ignore::UserWarning")  # cryptography warns of odd names and numbers
@pytest.mark.parametrize("kind", ["p256", "p384"])
def test_every_bit_of_a_token_counts(kind: KeyKind) -> None:
    """Also what nobody signs: so an audit finds a token that was changed on disk."""
    token = timestamper({"first": authority(UNITS[kind])}).stamp(DATA, at=AT).token
    unnoticed = []
    for place in range(len(token) * 8):
        changed = bytearray(token)
        changed[place // 8] ^= 1 << place % 8
        with suppress(VerificationFailed):
            verified(bytes(changed))
            unnoticed.append(place)
    assert unnoticed == []


@pytest.mark.filterwarnings("ignore::UserWarning")  # cryptography warns of odd names and numbers
@settings(max_examples=400, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), length=st.integers(0, 4), scrap=st.binary(max_size=4))
def test_damaged_tokens_raise_nothing_else_and_never_say_another_time(place: float, length: int, scrap: bytes) -> None:
    token = FUZZED
    at = int(place * len(token))
    try:
        stamp = verified(token[:at] + scrap + token[at + length :])
    except VerificationFailed:
        return
    assert (stamp.stamped_at, stamp.policy, stamp.serial_number) == (AT, POLICY, 1)


FUZZED = forge_token(UNIT, DATA)
OTHERS = (forge_token(UNIT, b"other"), forge_token(UNITS["p384"], DATA, policy="2.999.5"))


@pytest.mark.filterwarnings("ignore::UserWarning")  # cryptography warns of odd names and numbers
@settings(max_examples=400, deadline=None)
@given(random=RANDOMS)
def test_tokens_of_another_structure_say_the_same_or_nothing(random: Random) -> None:
    with suppress(VerificationFailed):
        stamp = verified(mutate_der(FUZZED, random, OTHERS))
        assert (stamp.stamped_at, stamp.policy, stamp.serial_number) == (AT, POLICY, 1)


# The authority


def timestamp_request(policy: str | None, **changes: Any) -> bytes:
    fields = {
        "version": "v1",
        "message_imprint": {
            "hash_algorithm": {"algorithm": "sha256"},
            "hashed_message": hashlib.sha256(DATA).digest(),
        },
        "cert_req": True,
    }
    if policy is not None:
        fields["req_policy"] = policy
    raw: bytes = tsp.TimeStampReq(fields | changes).dump()
    return raw


@pytest.mark.parametrize(
    ("request_bytes", "failure"),
    [
        (timestamp_request("2.999.1"), "unaccepted_policy"),
        (timestamp_request(None, version=2), "bad_request"),
        (
            timestamp_request(
                None, message_imprint={"hash_algorithm": {"algorithm": "sha1"}, "hashed_message": b"1" * 20}
            ),
            "bad_alg",
        ),
        (
            timestamp_request(
                None, message_imprint={"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": b"1" * 20}
            ),
            "bad_data_format",
        ),
        (
            timestamp_request(None, extensions=[{"extn_id": "2.999.1", "extn_value": b"\x05\x00"}]),
            "unaccepted_extensions",
        ),
        (b"\x30\x03", "bad_data_format"),
        (b"", "bad_data_format"),
    ],
)
def test_what_the_authority_does_not_stamp_it_rejects_with_a_reason(request_bytes: bytes, failure: str) -> None:
    status = tsp.PKIStatusInfo.load(authority()(request_bytes)[2:])  # asn1crypto knows no answer without a token
    assert status["status"].native == "rejection"
    assert status["fail_info"].native == {failure}


def test_a_request_without_certificates_gets_none() -> None:
    response = tsp.TimeStampResp.load(authority()(timestamp_request(None, cert_req=False)))
    token = response["time_stamp_token"].dump()
    assert refused(token) == "timestamp-certificate-not-bound"
    assert verified(token, others=[UNIT.certificate.public_bytes(Encoding.DER)])


# OpenSSL


def openssl(*command: object, expect: bool = True) -> subprocess.CompletedProcess[bytes]:
    return run("openssl", "ts", *map(str, command), expect=expect)


@pytest.mark.parametrize("kind", SIGNING_KEYS)
def test_openssl_verifies_what_our_authority_stamps(kind: KeyKind, tmp_path: Path) -> None:
    data, query, reply, anchor = (tmp_path / name for name in ("data", "query", "reply", "anchor.pem"))
    data.write_bytes(DATA)
    anchor.write_bytes(ROOT.certificate.public_bytes(Encoding.PEM))
    openssl("-query", "-data", data, "-sha384", "-cert", "-tspolicy", POLICY, "-out", query)
    reply.write_bytes(authority(UNITS[kind])(query.read_bytes()))
    at = ("-attime", int(LATER.timestamp()))
    openssl("-verify", "-queryfile", query, "-in", reply, "-CAfile", anchor, *at)
    openssl("-verify", "-data", data, "-in", reply, "-CAfile", anchor, *at)
    text = openssl("-reply", "-in", reply, "-text").stdout.decode()
    assert "Status: Granted." in text
    assert "Time stamp: Mar  5 09:00:00 2026 GMT" in text
    data.write_bytes(DATA + b" ")
    openssl("-verify", "-data", data, "-in", reply, "-CAfile", anchor, *at, expect=False)


@pytest.mark.parametrize("kind", SIGNING_KEYS)
def test_we_verify_what_openssl_stamps(kind: KeyKind, tmp_path: Path) -> None:
    key, config = tmp_path / "unit.pem", tmp_path / "openssl.cnf"
    now = datetime.now(UTC)
    root = issue_authority("Time Authority", at=now)
    unit = issue(root, "Unit", use="stamp", key=kind, at=now)
    key.write_bytes(identity_to_pem(unit))
    config.write_text(
        "[tsa]\ndefault_tsa = unit\n[unit]\n"
        f"serial = {tmp_path}/serial\ncrypto_device = builtin\nsigner_cert = {key}\nsigner_key = {key}\n"
        f"signer_digest = sha384\ndefault_policy = {POLICY}\ndigests = sha256, sha384\n"
        "accuracy = secs:1, millisecs:500, microsecs:100\nordering = yes\ntsa_name = yes\ness_cert_id_alg = sha256\n"
    )

    def answer(request: bytes) -> bytes:
        query, reply = tmp_path / "query", tmp_path / "reply"
        query.write_bytes(request)
        openssl("-reply", "-queryfile", query, "-out", reply, "-config", config, "-section", "unit")
        return reply.read_bytes()

    asking = Timestamper(
        sources=(TimestampSource(url="only"),),
        trust=TimestampTrust(anchors=TrustPolicy((root.certificate,))),
        fetch=fetching({"only": answer}),
    )
    stamp = asking.stamp(DATA, at=now)
    assert stamp.accuracy == timedelta(seconds=1, milliseconds=500, microseconds=100)
    assert stamp.authority.common_name == "Unit"
    assert abs(stamp.stamped_at - now) < timedelta(minutes=5)
