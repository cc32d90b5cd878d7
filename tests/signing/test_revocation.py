"""Revocation: what counts, what does not, what is collected on arrival, and signatures that carry it with them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import (
    ALGORITHMS,
    Identity,
    Level,
    NotFetched,
    RevocationAddresses,
    RevocationAuthority,
    RevocationRule,
    TimestampTrust,
    TrustPolicy,
    ValidatedSignature,
    ValidationData,
    ValidationPolicy,
    VerificationFailed,
    archive_xml,
    collect_revocation,
    extend_xml,
    identity_to_pem,
    issue,
    issue_authority,
    sign_xml,
    stamp_xml,
    validate_xml,
)
from signing.certificates import NO_REVOCATION_AVAILABLE
from signing.errors import VERIFICATION_CODES
from signing.issuing import KeyKind
from signing.revocation.judging import CertificateStatus, KnownData, check_path
from tests.signing.pki import AT, DOCUMENT, SIGNING_KEYS, issue_authority_below
from tests.signing.stamping import STRANGE_UNIT, TIME_TRUST, stamper
from tests.signing.test_interop import run

REASON = x509.ReasonFlags
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STAMPED, SOON = AT + timedelta(minutes=1), AT + timedelta(minutes=10)
EXPIRED = AT + timedelta(days=1000)
ADDRESSES = RevocationAddresses(responder="http://ca.example/ocsp", list="http://ca.example/list.crl")
STRICT = RevocationRule(required=True)

ROOT = issue_authority("Root", at=AT, years=20)
PEOPLE = {kind: issue(ROOT, f"Signer {kind}", key=kind, told_at=ADDRESSES, at=AT) for kind in SIGNING_KEYS}
SIGNER = PEOPLE["p256"]
RESPONDER = issue(ROOT, "Responder", use="answer", at=AT, days=90)
SERIAL = SIGNER.certificate.serial_number


def der(identity: Identity) -> bytes:
    return identity.certificate.public_bytes(Encoding.DER)


PATH = (der(SIGNER), der(ROOT))


def authority(
    *, revoked_at: datetime | None = None, reason: x509.ReasonFlags = REASON.key_compromise, responder: bool = True
) -> RevocationAuthority:
    revoked = {} if revoked_at is None else {SERIAL: (revoked_at, reason)}
    return RevocationAuthority(identity=ROOT, responder=RESPONDER if responder else None, revoked=revoked)


def request(identity: Identity = SIGNER, issuer: Identity = ROOT) -> bytes:
    builder = ocsp.OCSPRequestBuilder().add_certificate(identity.certificate, issuer.certificate, hashes.SHA1())
    return builder.build().public_bytes(Encoding.DER)


def answered(at: datetime = SOON, **options: object) -> ValidationData:
    return ValidationData(ocsps=(authority(**options).answer(request(), at=at),))  # type: ignore[arg-type]


def listed(at: datetime = SOON, **options: object) -> ValidationData:
    return ValidationData(crls=(authority(**options).list_revoked(at=at),))  # type: ignore[arg-type]


BOTH = pytest.mark.parametrize("told", [answered, listed])
Told = Callable[..., ValidationData]


def check(
    data: ValidationData,
    *,
    at: datetime = AT,
    known_at: datetime = SOON,
    rule: RevocationRule = STRICT,
    path: tuple[bytes, ...] = PATH,
    exists: datetime | None = None,
) -> CertificateStatus:
    known = [KnownData(data=data, known_at=known_at)]
    return check_path(path, known, at=at, rule=rule, algorithms=ALGORITHMS, known_to_exist_at=exists)[0]


def refused(data: ValidationData, **options: object) -> str:
    with pytest.raises(VerificationFailed) as failed:
        check(data, **options)  # type: ignore[arg-type]
    assert (failed.value.indication, failed.value.subindication) == VERIFICATION_CODES[failed.value.code]
    return failed.value.code


# What counts


@BOTH
def test_a_certificate_that_is_good(told: Told) -> None:
    status = check(told())
    assert (status.this_update, status.revoked_at) == (SOON, None)
    assert status.source == ("ocsp" if told is answered else "crl")


@BOTH
@pytest.mark.parametrize("responder", [True, False])
def test_a_certificate_that_was_revoked_before_it_was_used(told: Told, responder: bool) -> None:
    assert refused(told(revoked_at=AT - HOUR / 2, responder=responder)) == "certificate-revoked"
    assert refused(told(revoked_at=AT, responder=responder)) == "certificate-revoked"


@BOTH
def test_a_certificate_that_was_revoked_later(told: Told) -> None:
    status = check(told(revoked_at=STAMPED, reason=REASON.superseded))
    assert (status.revoked_at, status.reason) == (STAMPED, "superseded")


@BOTH
def test_the_newest_word_counts(told: Told) -> None:
    old, new = told(SOON), told(SOON + HOUR, revoked_at=AT)
    both = ValidationData(ocsps=old.ocsps + new.ocsps, crls=old.crls + new.crls)
    assert refused(both, known_at=SOON + DAY) == "certificate-revoked"


def test_a_certificate_that_is_never_revoked() -> None:
    never = issue(ROOT, "Never", at=AT)
    assert check(ValidationData(), path=(der(never), der(ROOT))).source == "never"


def test_who_says_it_is_never_revoked_and_was() -> None:
    never = issue(ROOT, "Never", at=AT)
    revoked = {never.certificate.serial_number: (AT, REASON.key_compromise)}
    told = ValidationData(crls=(RevocationAuthority(identity=ROOT, revoked=revoked).list_revoked(at=SOON),))
    assert refused(told, path=(der(never), der(ROOT))) == "certificate-revoked"


def test_an_authority_or_who_can_be_asked_about_is_not_never_revoked() -> None:
    """RFC 9608, 2 and 3."""
    never = x509.UnrecognizedExtension(NO_REVOCATION_AVAILABLE, b"\x05\x00")
    place = x509.UniformResourceIdentifier("http://ca.example/list")
    point = x509.DistributionPoint([place], None, None, None)
    responder = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)
    for misplaced in (
        x509.BasicConstraints(ca=True, path_length=0),
        x509.CRLDistributionPoints([point]),
        x509.FreshestCRL([point]),
        x509.AuthorityInformationAccess([responder]),
    ):
        own = issue(ROOT, "Never", at=AT).certificate
        builder = x509.CertificateBuilder(
            own.issuer, own.subject, own.public_key(), 9, own.not_valid_before_utc, own.not_valid_after_utc
        )
        builder = builder.add_extension(never, critical=False).add_extension(misplaced, critical=False)
        certificate = builder.sign(ROOT.key, hashes.SHA256())
        path = (certificate.public_bytes(Encoding.DER), der(ROOT))
        assert refused(ValidationData(), path=path) == "revocation-unknown"


def test_nothing_known() -> None:
    assert refused(ValidationData()) == "revocation-unknown"
    assert check(ValidationData(), rule=RevocationRule()).source is None


@BOTH
def test_old_news(told: Told) -> None:
    """The next word was due a day later; or the rule says how old it may be."""
    assert check(told(AT - 20 * HOUR + HOUR * 20), at=SOON).source
    assert refused(told(AT), at=AT + 2 * DAY, known_at=AT + 3 * DAY) == "revocation-unknown"
    assert refused(told(AT), at=AT + 2 * HOUR, rule=RevocationRule(required=True, max_age=HOUR)) == "revocation-unknown"
    assert check(told(AT), at=AT + HOUR, known_at=AT + DAY, rule=RevocationRule(required=True, max_age=HOUR))
    old = told(AT, revoked_at=AT)
    assert refused(old, at=AT + 2 * DAY, known_at=AT + 3 * DAY) == "certificate-revoked"


@BOTH
def test_news_from_the_future_or_about_an_expired_certificate(told: Told) -> None:
    assert refused(told(SOON), known_at=SOON - HOUR / 10) == "revocation-unknown"
    late = SIGNER.certificate.not_valid_after_utc + DAY
    assert refused(told(late, responder=False), known_at=late) == "revocation-unknown"


def test_a_responder_that_expired_counts_while_its_answer_is_known_to_be_older() -> None:
    late = AT + timedelta(days=100)
    assert refused(answered(), known_at=late) == "revocation-expired"
    assert check(answered(), known_at=AT + timedelta(days=80)).source == "ocsp"
    assert check(answered(responder=False), known_at=late).source == "ocsp"


# What does not


def _other_authority(**options: object) -> RevocationAuthority:
    return RevocationAuthority(identity=issue_authority("Root", at=AT), **options)  # type: ignore[arg-type]


def test_an_answer_or_a_list_of_a_stranger() -> None:
    """By another authority of the same name, and by a responder that another authority appointed."""
    stranger = _other_authority()
    appointed = issue(stranger.identity, "Responder", use="answer", at=AT)
    for data in (
        ValidationData(ocsps=(stranger.answer(request(), at=SOON),)),
        ValidationData(crls=(stranger.list_revoked(at=SOON),)),
        ValidationData(ocsps=(RevocationAuthority(identity=ROOT, responder=appointed).answer(request(), at=SOON),)),
    ):
        assert refused(data) == "revocation-unknown"


@pytest.mark.parametrize("use", ["sign", "stamp", "tls-server"])
def test_somebody_whom_the_authority_did_not_appoint(use: str) -> None:
    """Everybody with a certificate of the authority could otherwise declare everybody good."""
    anybody = issue(ROOT, "Responder", use=use, at=AT)  # type: ignore[arg-type]
    answer = RevocationAuthority(identity=ROOT, responder=anybody).answer(request(), at=SOON)
    assert refused(ValidationData(ocsps=(answer,))) == "revocation-unknown"


@pytest.mark.parametrize(
    "purposes", [(ExtendedKeyUsageOID.EMAIL_PROTECTION,), (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)]
)
@pytest.mark.parametrize("appoints", [True, False])
def test_an_authority_answers_for_what_it_issued_whatever_it_issues_for(
    purposes: tuple[x509.ObjectIdentifier, ...], appoints: bool
) -> None:
    """No authority may name OCSP answers among its purposes: it would answer for whoever issued it (CA/Browser Forum
    baseline requirements, 7.1.2.10.6)."""
    middle = issue_authority_below(ROOT, issue_authority("Middle", at=AT), *purposes)
    signer = issue(middle, "Below", at=AT, told_at=ADDRESSES)
    responder = issue(middle, "Responder", use="answer", at=AT) if appoints else None
    answer = RevocationAuthority(identity=middle, responder=responder).answer(request(signer, middle), at=SOON)
    path = (der(signer), der(middle))
    assert check(ValidationData(ocsps=(answer,)), path=path).source == "ocsp"


def test_an_authority_below_answers_for_nobody_else() -> None:
    """Named as one that answers, but not as one that cannot be revoked itself."""
    middle = issue_authority_below(ROOT, issue_authority("Middle", at=AT), ExtendedKeyUsageOID.OCSP_SIGNING)
    answer = RevocationAuthority(identity=ROOT, responder=middle).answer(request(), at=SOON)
    assert refused(ValidationData(ocsps=(answer,))) == "revocation-unknown"


@pytest.mark.parametrize(("usage", "answers"), [("digital_signature", True), ("key_agreement", False)])
def test_a_responder_whose_key_does_not_sign(usage: str, answers: bool) -> None:
    """RFC 5280, 4.2.1.12: what a key is for must fit both kinds of usage."""
    issued = x509.CertificateBuilder(
        ROOT.certificate.subject,
        RESPONDER.certificate.subject,
        RESPONDER.key.public_key(),
        77,
        AT - DAY,
        AT + 90 * DAY,
    )
    issued = issued.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
    issued = issued.add_extension(x509.OCSPNoCheck(), critical=False)
    flags = dict.fromkeys(
        (
            *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
            *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
        ),
        False,
    )
    issued = issued.add_extension(x509.KeyUsage(**{**flags, usage: True}), critical=True)
    responder = Identity(RESPONDER.key, issued.sign(ROOT.key, hashes.SHA256()))
    data = ValidationData(ocsps=(RevocationAuthority(identity=ROOT, responder=responder).answer(request(), at=SOON),))
    if answers:
        assert check(data).source == "ocsp"
    else:
        assert refused(data) == "revocation-unknown"


def test_an_answer_about_somebody_else() -> None:
    other = authority().answer(request(PEOPLE["p384"]), at=SOON)
    assert refused(ValidationData(ocsps=(other,))) == "revocation-unknown"
    namesake = issue_authority("Root", at=AT)
    twin = authority().answer(request(SIGNER, namesake), at=SOON)
    assert refused(ValidationData(ocsps=(twin,))) == "revocation-unknown"


@BOTH
def test_a_changed_answer_or_list(told: Told) -> None:
    data = told()
    (raw,) = data.ocsps or data.crls
    for place in (len(raw) // 3, len(raw) - 5):
        changed = raw[:place] + bytes((raw[place] ^ 1,)) + raw[place + 1 :]
        both = ValidationData(ocsps=(changed,), crls=(changed,))
        assert refused(both) == "revocation-unknown"


def test_answers_that_say_nothing() -> None:
    busy = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(Encoding.DER)
    malformed = authority().answer(b"?", at=SOON)
    unknown = _signed_answer(ocsp.OCSPCertStatus.UNKNOWN)
    cases = (b"", b"\x30\x03", busy, malformed, unknown, b"\x30" * 100_000)
    for raw in cases:
        assert refused(ValidationData(ocsps=(raw,), crls=(raw,))) == "revocation-unknown"


def _signed_answer(status: ocsp.OCSPCertStatus) -> bytes:
    builder = ocsp.OCSPResponseBuilder().add_response(
        SIGNER.certificate, ROOT.certificate, hashes.SHA256(), status, SOON, SOON + DAY, None, None
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, ROOT.certificate)
    return builder.sign(ROOT.key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_an_answer_named_by_name_and_by_sha256() -> None:
    assert check(ValidationData(ocsps=(_signed_answer(ocsp.OCSPCertStatus.GOOD),))).source == "ocsp"


def _list_with(*extensions: tuple[x509.ExtensionType, bool]) -> bytes:
    builder = x509.CertificateRevocationListBuilder(
        issuer_name=ROOT.certificate.subject, last_update=SOON, next_update=SOON + DAY
    )
    for value, critical in extensions:
        builder = builder.add_extension(value, critical=critical)
    return builder.sign(ROOT.key, hashes.SHA256()).public_bytes(Encoding.DER)


def _point(url: str | None = None, **only: object) -> x509.IssuingDistributionPoint:
    plain: dict[str, object] = {
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    name = None if url is None else [x509.UniformResourceIdentifier(url)]
    return x509.IssuingDistributionPoint(full_name=name, relative_name=None, **(plain | only))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "extension",
    [
        (x509.DeltaCRLIndicator(1), True),
        (_point(ADDRESSES.list, only_contains_ca_certs=True), True),
        (_point(ADDRESSES.list, indirect_crl=True), True),
        (_point(ADDRESSES.list, only_some_reasons=frozenset({REASON.key_compromise})), True),
        (_point("http://ca.example/other.crl"), True),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("2.999.1"), b"\x05\x00"), True),
    ],
)
def test_a_list_of_something_else(extension: tuple[x509.ExtensionType, bool]) -> None:
    assert refused(ValidationData(crls=(_list_with(extension),))) == "revocation-unknown"


def test_a_list_for_this_very_point() -> None:
    point = _point(ADDRESSES.list, only_contains_user_certs=True)
    assert check(ValidationData(crls=(_list_with((point, True)),))).source == "crl"


def test_weak_signatures_of_revocation_data() -> None:
    old = issue_authority("Old", key="rsa2048", at=AT)
    signer = issue(old, "Signer", told_at=ADDRESSES, at=AT)
    builder = x509.CertificateRevocationListBuilder(
        issuer_name=old.certificate.subject, last_update=SOON, next_update=SOON + DAY
    )
    data = ValidationData(crls=(builder.sign(old.key, hashes.SHA256()).public_bytes(Encoding.DER),))
    path = (der(signer), der(old))
    assert check(data, path=path).source == "crl"
    assert refused(data, path=path, known_at=datetime(2029, 1, 1, tzinfo=UTC)) == "revocation-unknown"
    sha224 = ValidationData(crls=(builder.sign(old.key, hashes.SHA224()).public_bytes(Encoding.DER),))
    assert check(sha224, path=path).source == "crl"  # as in certificates
    assert refused(sha224, path=path, known_at=datetime(2029, 1, 1, tzinfo=UTC)) == "revocation-unknown"


def test_an_authority_of_the_path_that_was_revoked() -> None:
    middle = issue_authority_below(ROOT, issue_authority("Middle", at=AT))
    signer = issue(middle, "Below", at=AT)
    path = (der(signer), der(middle), der(ROOT))
    taken = RevocationAuthority(
        identity=ROOT, revoked={middle.certificate.serial_number: (AT, REASON.ca_compromise)}
    ).list_revoked(at=SOON)
    assert refused(ValidationData(crls=(taken,)), path=path) == "issuer-revoked"
    assert refused(ValidationData(), path=path) == "revocation-unknown"


@pytest.mark.filterwarnings("ignore::UserWarning")  # cryptography warns of odd names and numbers
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@settings(max_examples=300, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), length=st.integers(0, 4), scrap=st.binary(max_size=4))
def test_damaged_data_raises_nothing_else_and_clears_nobody(place: float, length: int, scrap: bytes) -> None:
    for raw in FUZZED:
        at = int(place * len(raw))
        damaged = raw[:at] + scrap + raw[at + length :]
        code = refused(ValidationData(ocsps=(damaged,), crls=(damaged,)))
        assert code in {"revocation-unknown", "certificate-revoked", "revocation-expired"}


FUZZED = (*answered(revoked_at=AT).ocsps, *listed(revoked_at=AT).crls)


# Collected on arrival


@dataclass
class Internet:
    """What the addresses in certificates lead to. asked: which of them were."""

    places: dict[str, Callable[[bytes], bytes]]
    asked: list[str] = field(default_factory=list)

    def __call__(
        self, url: str, *, body: bytes | None = None, content_type: str | None = None, max_bytes: int
    ) -> bytes:
        self.asked.append(url)
        if url not in self.places:
            raise NotFetched("not-reachable", "no answer in time")
        return self.places[url](body or b"")


def internet(found: RevocationAuthority, *, at: datetime = SOON, without: str = "") -> Internet:
    places: dict[str, Callable[[bytes], bytes]] = {
        ADDRESSES.responder: lambda asked: found.answer(asked, at=at),
        ADDRESSES.list: lambda _: found.list_revoked(at=at),
    }
    return Internet({url: place for url, place in places.items() if url != without})


def collected(fetch: Internet, path: tuple[bytes, ...] = PATH) -> ValidationData:
    return collect_revocation(path, fetch=fetch, at=SOON, algorithms=ALGORITHMS)


def test_the_responder_is_asked_first_and_the_list_when_it_fails() -> None:
    online = internet(authority())
    assert [len(each) for each in (collected(online).ocsps, collected(online).crls)] == [1, 0]
    assert set(online.asked) == {ADDRESSES.responder}
    without = internet(authority(), without=ADDRESSES.responder)
    data = collected(without)
    assert (len(data.ocsps), len(data.crls), data.certificates) == (0, 1, PATH)
    assert check(data).source == "crl"


def test_an_answer_that_does_not_count_is_not_kept() -> None:
    assert len(collected(internet(_other_authority())).ocsps) == 0
    lying = internet(authority())
    lying.places[ADDRESSES.responder] = lambda _: b"<html/>"
    assert (len(collected(lying).ocsps), len(collected(lying).crls)) == (0, 1)


def test_a_revoked_certificate_is_collected_too() -> None:
    assert refused(collected(internet(authority(revoked_at=AT)))) == "certificate-revoked"


def test_nothing_is_asked_about_what_is_never_revoked() -> None:
    online = internet(authority())
    collected(online, (der(issue(ROOT, "Never", at=AT)), der(ROOT)))
    assert online.asked == []


# Signatures that carry it with them


def policy(rule: RevocationRule = STRICT, times: TimestampTrust = TIME_TRUST) -> ValidationPolicy:
    return ValidationPolicy(signers=TrustPolicy((ROOT.certificate,)), timestamps=times, revocation=rule)


def validated(
    raw: bytes, *, at: datetime = SOON + HOUR, rule: RevocationRule = STRICT, kept: ValidationData | None = None
) -> ValidatedSignature:
    (signature,) = validate_xml(raw, policy=policy(rule), validation_time=at, kept=kept).signatures
    return signature


def not_validated(raw: bytes, *, at: datetime = SOON + HOUR, kept: ValidationData | None = None) -> str:
    with pytest.raises(VerificationFailed) as failed:
        validated(raw, at=at, kept=kept)
    return failed.value.code


def stamped(identity: Identity = SIGNER) -> bytes:
    return stamp_xml(sign_xml(DOCUMENT, identity=identity, at=AT), timestamper=stamper(STAMPED), at=STAMPED)


def lasting(raw: bytes, data: ValidationData) -> bytes:
    return extend_xml(raw, data=data)


@pytest.mark.parametrize("kind", SIGNING_KEYS)
def test_a_signature_that_can_be_judged_without_a_network(kind: KeyKind) -> None:
    raw = stamped(PEOPLE[kind])
    assert not_validated(raw) == "revocation-unknown"
    before = validated(raw, rule=RevocationRule())
    assert before.level is Level.B_T
    data = collect_revocation(before.paths[0], fetch=internet(authority()), at=SOON, algorithms=ALGORITHMS)
    after = validated(lasting(raw, data))
    assert (after.level, after.statuses[0].source, after.best_signature_time) == (Level.B_LT, "ocsp", STAMPED)
    assert validated(raw, kept=data).level is Level.B_LT
    assert lasting(lasting(raw, data), data) == lasting(raw, data)


def test_years_later_only_an_archive_stamp_keeps_it() -> None:
    raw = lasting(stamped(), answered())
    assert not_validated(raw, at=EXPIRED) == "revocation-expired"
    kept = archive_xml(raw, timestamper=stamper(SOON + HOUR), at=SOON + HOUR)
    signature = validated(kept, at=EXPIRED)
    assert (signature.level, signature.best_signature_time) == (Level.B_LTA, STAMPED)


def test_what_is_added_after_the_archive_stamp_is_not_covered_by_it() -> None:
    bare = archive_xml(stamped(), timestamper=stamper(SOON + HOUR), at=SOON + HOUR)
    assert not_validated(lasting(bare, answered()), at=EXPIRED) == "revocation-expired"


def test_a_second_helping_goes_where_it_belongs() -> None:
    first = lasting(stamped(), answered())
    second = lasting(first, ValidationData(certificates=(der(ROOT),), crls=listed().crls))
    assert b"TimeStampValidationData" in second
    assert validated(second).level is Level.B_LT


def test_a_signer_who_was_revoked_before_and_after_the_time_stamp() -> None:
    assert not_validated(lasting(stamped(), answered(revoked_at=AT))) == "certificate-revoked"
    after = lasting(stamped(), answered(revoked_at=SOON))
    assert validated(after).statuses[0].revoked_at == SOON
    unstamped = lasting(sign_xml(DOCUMENT, identity=SIGNER, at=AT), answered(revoked_at=SOON))
    assert not_validated(unstamped) == "certificate-revoked"


def test_data_of_a_stranger_in_the_signature_proves_nothing() -> None:
    foreign = ValidationData(ocsps=(_other_authority().answer(request(), at=SOON),))
    assert not_validated(lasting(stamped(), foreign)) == "revocation-unknown"


@pytest.mark.parametrize(
    ("revoked_at", "reason", "passes"),
    [
        (STAMPED - HOUR / 60, REASON.superseded, False),
        (SOON, REASON.superseded, True),
        (SOON, REASON.key_compromise, False),
        (SOON + 2 * DAY, REASON.key_compromise, False),
    ],
)
def test_a_time_authority_that_was_revoked(revoked_at: datetime, reason: x509.ReasonFlags, passes: bool) -> None:
    """With a leaked key any time can be stamped, so only what is known to be older than the leak counts."""
    unit = issue(ROOT, "Unit", use="stamp", told_at=ADDRESSES, at=AT, days=3000)
    times = TimestampTrust(anchors=TrustPolicy((ROOT.certificate,)))
    clock = stamper(STAMPED, unit=unit, trust=times)
    raw = stamp_xml(sign_xml(DOCUMENT, identity=SIGNER, at=AT), timestamper=clock, at=STAMPED)
    told = RevocationAuthority(identity=ROOT, revoked={unit.certificate.serial_number: (revoked_at, reason)})
    at = SOON + 3 * DAY
    data = ValidationData(
        ocsps=(*answered(at, responder=False).ocsps, told.answer(request(unit), at=at)),
    )
    check = policy(RevocationRule(required=True), times)
    extended = lasting(raw, data)
    if passes:
        assert validate_xml(extended, policy=check, validation_time=at)
    else:
        with pytest.raises(VerificationFailed) as failed:
            validate_xml(extended, policy=check, validation_time=at)
        assert failed.value.code == "timestamp-revoked"


def test_a_time_authority_that_was_revoked_after_an_archive_stamp() -> None:
    unit = issue(ROOT, "Unit", use="stamp", told_at=ADDRESSES, at=AT, days=3000)
    times = TimestampTrust(anchors=TrustPolicy((ROOT.certificate, *TIME_TRUST.anchors.anchors)))
    clock = stamper(STAMPED, unit=unit, trust=times)
    raw = stamp_xml(sign_xml(DOCUMENT, identity=SIGNER, at=AT), timestamper=clock, at=STAMPED)
    raw = archive_xml(lasting(raw, answered()), timestamper=stamper(SOON + HOUR), at=SOON + HOUR)
    leak = {unit.certificate.serial_number: (SOON + DAY, REASON.key_compromise)}
    told = RevocationAuthority(identity=ROOT, revoked=leak).answer(request(unit), at=SOON + 2 * DAY)
    raw = lasting(raw, ValidationData(ocsps=(told,)))
    proven = validate_xml(raw, policy=policy(STRICT, times), validation_time=SOON + 3 * DAY)
    assert proven.signatures[0].best_signature_time == STAMPED


def test_stamps_of_strangers_do_not_save_a_revoked_signer() -> None:
    strange = TimestampTrust(anchors=TrustPolicy((STRANGE_UNIT.certificate,)))
    raw = sign_xml(DOCUMENT, identity=SIGNER, at=AT)
    clock = stamper(STAMPED, unit=STRANGE_UNIT, trust=strange)
    raw = lasting(stamp_xml(raw, timestamper=clock, at=STAMPED), answered(revoked_at=SOON))
    assert not_validated(raw) == "timestamp-untrusted"


# OpenSSL


@pytest.mark.parametrize("responder", [True, False])
def test_openssl_takes_our_answers_and_lists(responder: bool, tmp_path: Path) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    root = issue_authority("Root", at=now)
    signer = issue(root, "Signer", told_at=ADDRESSES, at=now)
    appointed = issue(root, "Responder", use="answer", at=now) if responder else None
    found = RevocationAuthority(identity=root, responder=appointed)
    files = {name: tmp_path / name for name in ("root.pem", "signer.pem", "ask", "answer", "list")}
    files["root.pem"].write_bytes(root.certificate.public_bytes(Encoding.PEM))
    files["signer.pem"].write_bytes(signer.certificate.public_bytes(Encoding.PEM))
    ask = ("openssl", "ocsp", "-issuer", files["root.pem"], "-cert", files["signer.pem"])
    run(*map(str, (*ask, "-reqout", files["ask"], "-no_nonce")))
    files["answer"].write_bytes(found.answer(files["ask"].read_bytes(), at=now))
    done = run(*map(str, (*ask, "-respin", files["answer"], "-CAfile", files["root.pem"], "-no_nonce")))
    assert b"signer.pem: good" in done.stdout
    revoked = RevocationAuthority(
        identity=root, revoked={signer.certificate.serial_number: (now - HOUR / 2, REASON.key_compromise)}
    )
    files["list"].write_bytes(revoked.list_revoked(at=now))
    text = run(
        "openssl", "crl", "-inform", "DER", "-in", str(files["list"]), "-CAfile", str(files["root.pem"]), "-text"
    )
    assert b"Key Compromise" in text.stdout
    assert b"verify OK" in text.stderr


def test_we_take_the_answers_and_lists_of_openssl(tmp_path: Path) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    root = issue_authority("Root", at=now)
    signer = issue(root, "Signer", told_at=ADDRESSES, at=now)
    key, index, config = tmp_path / "root.pem", tmp_path / "index.txt", tmp_path / "ca.cnf"
    key.write_bytes(identity_to_pem(root))
    gone = f"{now - HOUR / 2:%y%m%d%H%M%SZ}"
    number = f"{signer.certificate.serial_number:X}"
    number = number if len(number) % 2 == 0 else f"0{number}"
    index.write_text(f"R\t{now + DAY:%y%m%d%H%M%SZ}\t{gone},keyCompromise\t{number}\tunknown\t/CN=Signer\n")
    (tmp_path / "index.txt.attr").write_text("unique_subject = no\n")
    config.write_text(
        f"[ca]\ndefault_ca = x\n[x]\ndatabase = {index}\ndefault_md = sha256\ndefault_crl_days = 1\n"
        f"certificate = {key}\nprivate_key = {key}\ncrlnumber = {tmp_path}/number\n"
    )
    (tmp_path / "number").write_text("01\n")
    ask, answer, crl = (tmp_path / name for name in ("ask", "answer", "list.pem"))
    ask.write_bytes(request(signer, root))
    signing = ("-index", index, "-CA", key, "-rsigner", key, "-rkey", key, "-ndays", 1)
    run("openssl", "ocsp", *map(str, ("-reqin", ask, "-respout", answer, *signing)))
    run("openssl", "ca", *map(str, ("-gencrl", "-config", config, "-out", crl)))
    listed = x509.load_pem_x509_crl(crl.read_bytes()).public_bytes(Encoding.DER)
    for data in (ValidationData(ocsps=(answer.read_bytes(),)), ValidationData(crls=(listed,))):
        later = datetime.now(UTC) + HOUR
        path = (der(signer), der(root))
        assert refused(data, path=path, at=now, known_at=later) == "certificate-revoked"
        assert check(data, path=path, at=now - HOUR * 3 / 4, known_at=later).reason == "keyCompromise"


# Asked while a signature is validated


def test_only_a_path_that_is_trusted_is_asked_about() -> None:
    asked: list[tuple[bytes, ...]] = []

    def collect(path: Sequence[bytes]) -> ValidationData:
        asked.append(tuple(path))
        return answered(SOON)

    raw = sign_xml(DOCUMENT, identity=SIGNER, at=AT)
    found = validate_xml(raw, policy=policy(), validation_time=SOON, collect=collect).signatures[0]
    assert (asked, found.statuses[0].source) == ([PATH], "ocsp")
    stranger = issue(issue_authority("Root", at=AT), "Stranger", told_at=ADDRESSES, at=AT)
    changed = raw.replace(b"fit &amp; well", b"unfit")
    for bad in (sign_xml(DOCUMENT, identity=stranger, at=AT), changed):
        with pytest.raises(VerificationFailed):
            validate_xml(bad, policy=policy(), validation_time=SOON, collect=collect)
    assert len(asked) == 1


@BOTH
def test_our_clock_and_theirs_may_differ_by_minutes_and_an_answer_lives_for_minutes(told: Told) -> None:
    assert check(told(SOON), at=SOON - HOUR / 20, known_at=SOON - HOUR / 20).source
    brief = RevocationAuthority(identity=ROOT, lifetime=timedelta(seconds=1))
    data = ValidationData(ocsps=(brief.answer(request(), at=SOON),))
    assert check(data, at=SOON + HOUR / 6, known_at=SOON + HOUR / 6).source == "ocsp"
    assert refused(data, at=SOON + HOUR / 3, known_at=SOON + HOUR / 3) == "revocation-unknown"
