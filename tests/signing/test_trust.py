"""Trust: which anchors and algorithms count, when, and what is remembered of it."""

import asyncio
import hashlib
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from signing import (
    ALGORITHMS,
    AlgorithmPolicy,
    Identity,
    TrustPolicy,
    VerificationFailed,
    fingerprint,
    issue,
    issue_authority,
    sign_xml,
    subject_of,
    trust_from_pem,
    verify_xml,
)
from signing.algorithms import SIGNATURE_ALGORITHMS
from signing.certificates import read_certificate
from signing.model import MAX_REMEMBERED
from tests.signing import forge as f
from tests.signing.pki import AT, DOCUMENT, People, issue_authority_below

DOCUMENTS = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336


def refused(raw: bytes, trust: TrustPolicy, at: datetime = AT) -> str:
    with pytest.raises(VerificationFailed) as failed:
        verify_xml(raw, trust=trust, at=at)
    return failed.value.code


def issued_with(people: People, *extensions: tuple[x509.ExtensionType, bool], names: int = 1) -> Identity:
    """A signer whose certificate has exactly these extensions and its serialNumber so many times."""
    serial = [x509.NameAttribute(x509.NameOID.SERIAL_NUMBER, f"8507300332{number}") for number in range(names)]
    builder = x509.CertificateBuilder(
        people.authority.certificate.subject,
        x509.Name(serial),
        people.doctor.key.public_key(),
        42,
        AT - timedelta(days=1),
        AT + timedelta(days=1),
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return Identity(people.doctor.key, builder.sign(people.authority.key, hashes.SHA256()))


def test_no_anchor_trusts_nobody(signed: bytes) -> None:
    assert refused(signed, TrustPolicy(())) == "certificate-untrusted"


def test_another_authority_of_the_same_name_trusts_nobody(people: People, signed: bytes) -> None:
    namesake = issue_authority("Example Authority", at=AT)
    assert refused(signed, TrustPolicy((namesake.certificate,))) == "certificate-untrusted"
    assert verify_xml(signed, trust=TrustPolicy((namesake.certificate, people.authority.certificate)), at=AT).signatures


def test_anchors_from_pem(people: People, signed: bytes) -> None:
    trust = trust_from_pem(people.authority.certificate.public_bytes(Encoding.PEM))
    assert trust == TrustPolicy((people.authority.certificate,))
    assert verify_xml(signed, trust=trust, at=AT).signatures


def test_a_registered_certificate_may_be_its_own_anchor(people: People, signed: bytes) -> None:
    assert verify_xml(signed, trust=TrustPolicy((people.doctor.certificate,)), at=AT).signatures
    assert (
        refused(signed, TrustPolicy((people.doctor.certificate,)), AT + timedelta(days=1000)) == "certificate-expired"
    )


CA = x509.BasicConstraints(ca=True, path_length=None)


def usage_of(purpose: str) -> x509.KeyUsage:
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    flags = dict.fromkeys((*names, "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False)
    return x509.KeyUsage(**{**flags, purpose: True})


def below(issuer: Identity, *above: x509.Certificate) -> bytes:
    """Signed by somebody whose certificate `issuer` made."""
    made = issue(issuer, "Somebody", at=AT)
    return sign_xml(DOCUMENT, identity=Identity(made.key, made.certificate, (issuer.certificate, *above)), at=AT)


def test_who_is_an_anchor_without_being_an_authority_makes_no_others(people: People) -> None:
    """A certificate that was registered by itself, a seal of the service, a listed time-stamping unit."""
    raw = below(people.doctor)
    assert refused(raw, TrustPolicy((people.doctor.certificate,))) == "certificate-untrusted"
    assert refused(raw, TrustPolicy((people.doctor.certificate, *people.trust.anchors))) == "certificate-untrusted"
    lists_only = issued_with(people, (CA, True), (usage_of("crl_sign"), True))
    assert refused(below(lists_only), TrustPolicy((lists_only.certificate,))) == "certificate-untrusted"
    plain = issued_with(people)
    assert refused(below(plain), TrustPolicy((plain.certificate,))) == "certificate-untrusted"
    full = issued_with(people, (CA, True), (usage_of("key_cert_sign"), True))
    assert verify_xml(below(full), trust=TrustPolicy((full.certificate,)), at=AT).signatures


@pytest.mark.parametrize("as_anchor", [True, False])
def test_what_an_authority_may_not_do_it_may_not_do_as_an_anchor(people: People, as_anchor: bool) -> None:
    """Names that it has no say over; authorities below it."""

    def trust(authority: Identity) -> TrustPolicy:
        return TrustPolicy((authority.certificate,)) if as_anchor else people.trust

    names = [x509.DirectoryName(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Somebody")]))]
    elsewhere = [x509.DirectoryName(x509.Name([x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "XX")]))]
    for constraints in (x509.NameConstraints(None, names), x509.NameConstraints(elsewhere, None)):
        bound = issued_with(people, (CA, True), (constraints, True))
        assert refused(below(bound), trust(bound)) == "certificate-untrusted"
    fitting = issued_with(people, (CA, True), (x509.NameConstraints(names, None), True))
    assert verify_xml(below(fitting), trust=trust(fitting), at=AT).signatures
    last = issued_with(people, (x509.BasicConstraints(ca=True, path_length=0), True))
    assert verify_xml(below(last), trust=trust(last), at=AT).signatures
    one_more = x509.CertificateBuilder(
        last.certificate.subject,
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "One more")]),
        people.doctor.key.public_key(),
        43,
        AT - timedelta(days=1),
        AT + timedelta(days=1),
    ).add_extension(CA, critical=True)
    further = Identity(people.doctor.key, one_more.sign(last.key, hashes.SHA256()))
    assert refused(below(further, last.certificate), trust(last)) == "certificate-untrusted"


ANY, TLS, CLIENTS, MAIL, STAMPS, ANSWERS = (
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    ExtendedKeyUsageOID.SERVER_AUTH,
    ExtendedKeyUsageOID.CLIENT_AUTH,
    ExtendedKeyUsageOID.EMAIL_PROTECTION,
    ExtendedKeyUsageOID.TIME_STAMPING,
    ExtendedKeyUsageOID.OCSP_SIGNING,
)
CARDS = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.2")  # logging in with a card, as Microsoft names it


@pytest.mark.parametrize("as_anchor", [True, False])
@pytest.mark.parametrize(
    ("purposes", "makes_signers"),
    [
        ((), True),
        ((ANY,), True),
        ((MAIL,), True),
        ((TLS, CLIENTS, DOCUMENTS), True),
        ((CLIENTS, CARDS), True),
        ((ANSWERS, CLIENTS, MAIL), True),
        ((TLS,), False),
        ((TLS, CLIENTS), False),
        ((STAMPS,), False),
        ((ANSWERS,), False),
        ((ExtendedKeyUsageOID.CODE_SIGNING, CARDS), False),
    ],
)
def test_an_authority_that_is_for_something_else_makes_no_signatory(
    people: People, purposes: tuple[x509.ObjectIdentifier, ...], makes_signers: bool, as_anchor: bool
) -> None:
    middle = issue_authority_below(people.authority, issue_authority("Middle", at=AT), *purposes)
    raw = below(middle)
    trust = TrustPolicy((middle.certificate,)) if as_anchor else people.trust
    if makes_signers:
        assert verify_xml(raw, trust=trust, at=AT).signatures
    else:
        assert refused(raw, trust) == "certificate-not-for-signing"
        assert refused(raw, TrustPolicy((people.stranger.certificate,))) == "certificate-untrusted"


def test_an_authority_that_has_a_certificate_for_signatories_too_makes_them(people: People) -> None:
    own = issue_authority("Middle", at=AT)
    servers, all_purposes = (issue_authority_below(people.authority, own, *each) for each in ((TLS,), ()))
    for first, second in ((servers, all_purposes), (all_purposes, servers)):
        raw = below(first, second.certificate)
        assert verify_xml(raw, trust=people.trust, at=AT).signatures


def test_what_was_found_for_one_purpose_is_not_remembered_for_another(people: People) -> None:
    limited = issue_authority_below(people.authority, issue_authority("Middle", at=AT), TLS)
    somebody, middle = (
        read_certificate(each.certificate.public_bytes(Encoding.DER))
        for each in (issue(limited, "Somebody", at=AT), limited)
    )
    trust = people.trust
    assert trust.find_path(somebody, others=[middle], at=AT).certificates
    with pytest.raises(VerificationFailed, match="certificate-not-for-signing"):
        trust.judge(somebody, others=[middle], at=AT)


@pytest.mark.parametrize("usage", ["content_commitment", "key_cert_sign"])
def test_a_certificate_with_the_name_and_key_of_an_anchor_is_not_the_anchor(people: People, usage: str) -> None:
    """Only its very bytes are trusted without a signature over them."""
    old = people.authority.certificate
    builder = x509.CertificateBuilder(
        old.issuer, old.subject, old.public_key(), 7, AT - timedelta(days=9), AT + timedelta(days=9999)
    ).add_extension(usage_of(usage), critical=True)
    twin = Identity(people.authority.key, builder.sign(people.stranger.key, hashes.SHA256()))
    code = "certificate-untrusted" if usage == "content_commitment" else "certificate-not-for-signing"
    assert refused(sign_xml(DOCUMENT, identity=twin, at=AT), people.trust) == code


def test_a_verdict_is_remembered_for_minutes_only(people: People, signed: bytes) -> None:
    """A remembered verdict does not need the anchors any more, so taking them away shows what is remembered."""
    anchors: Any = [people.authority.certificate]
    trust = TrustPolicy(anchors)
    assert verify_xml(signed, trust=trust, at=AT).signatures
    anchors.clear()
    for seconds, expected in ((0, True), (299, True), (301, False), (-1, False)):
        at = AT + timedelta(seconds=seconds)
        if expected:
            assert verify_xml(signed, trust=trust, at=at).signatures
        else:
            assert refused(signed, trust, at) == "certificate-untrusted"


def test_a_remembered_verdict_ends_with_the_certificate(people: People) -> None:
    short = issue(people.authority, "Short", at=AT - timedelta(days=1), days=1)
    raw = sign_xml(DOCUMENT, identity=short, at=AT)
    trust = people.trust
    assert verify_xml(raw, trust=trust, at=AT - timedelta(seconds=1)).signatures
    assert refused(raw, trust, AT + timedelta(seconds=1)) == "certificate-expired"


def test_a_bad_verdict_is_not_remembered(people: People, signed: bytes) -> None:
    trust = people.trust
    assert refused(signed, trust, AT - timedelta(days=3)) == "certificate-expired"
    assert verify_xml(signed, trust=trust, at=AT).signatures


def test_verification_works_inside_a_running_event_loop(people: People, signed: bytes) -> None:
    async def verify() -> int:
        return len(verify_xml(signed, trust=people.trust, at=AT).signatures)

    assert asyncio.run(verify()) == 1


def test_a_certificate_without_stated_use_may_sign(people: People) -> None:
    raw = sign_xml(DOCUMENT, identity=issued_with(people), at=AT)
    assert verify_xml(raw, trust=people.trust, at=AT).signatures


def test_an_unknown_critical_extension_is_not_passed_over(people: People) -> None:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    raw = sign_xml(DOCUMENT, identity=issued_with(people, (unknown, True)), at=AT)
    assert refused(raw, people.trust) == "certificate-untrusted"
    raw = sign_xml(DOCUMENT, identity=issued_with(people, (unknown, False)), at=AT)
    assert verify_xml(raw, trust=people.trust, at=AT).signatures


def test_a_key_that_only_authenticates_does_not_sign_content(people: People) -> None:
    flags = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign"), False
    )
    usage = x509.KeyUsage(digital_signature=True, crl_sign=False, encipher_only=False, decipher_only=False, **flags)
    raw = sign_xml(DOCUMENT, identity=issued_with(people, (usage, True)), at=AT)
    assert refused(raw, people.trust) == "certificate-not-for-signing"


@pytest.mark.parametrize("critical", [True, False])
@pytest.mark.parametrize(
    "purpose",
    [
        ExtendedKeyUsageOID.SERVER_AUTH,
        ExtendedKeyUsageOID.TIME_STAMPING,
        ExtendedKeyUsageOID.OCSP_SIGNING,
        ExtendedKeyUsageOID.CODE_SIGNING,
    ],
)
def test_a_certificate_for_something_else_does_not_sign_content(
    people: People, purpose: x509.ObjectIdentifier, critical: bool
) -> None:
    """RFC 5280, 4.2.1.12."""
    identity = issued_with(people, (x509.ExtendedKeyUsage([purpose]), critical))
    assert refused(sign_xml(DOCUMENT, identity=identity, at=AT), people.trust) == "certificate-not-for-signing"
    both = issued_with(people, (x509.ExtendedKeyUsage([purpose, DOCUMENTS]), critical))
    assert verify_xml(sign_xml(DOCUMENT, identity=both, at=AT), trust=people.trust, at=AT).signatures


@pytest.mark.parametrize(("critical", "signs"), [(True, False), (False, True)])
def test_a_card_that_also_authenticates_signs_unless_it_says_that_it_does_nothing_else(
    people: People, critical: bool, signs: bool
) -> None:
    identity = issued_with(people, (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical))
    raw = sign_xml(DOCUMENT, identity=identity, at=AT)
    if signs:
        assert verify_xml(raw, trust=people.trust, at=AT).signatures
    else:
        assert refused(raw, people.trust) == "certificate-not-for-signing"


def test_a_subject_that_says_two_things_says_nothing(people: People) -> None:
    assert subject_of(issued_with(people).certificate).serial_number == "85073003320"
    assert subject_of(issued_with(people, names=2).certificate).serial_number is None


def test_the_policy_table_decides(people: People, signed: bytes) -> None:
    no_curves = AlgorithmPolicy(
        keys=tuple(rule for rule in ALGORITHMS.keys if rule.kind == "rsa"), digests=ALGORITHMS.digests
    )
    ended = AlgorithmPolicy(keys=ALGORITHMS.keys, digests={"sha256": AT})
    for policy in (no_curves, ended):
        assert refused(signed, TrustPolicy((people.authority.certificate,), policy)) == "algorithm-not-allowed"


def test_the_policy_table_judges_the_digests_of_references_too(people: People) -> None:
    sha512 = "http://www.w3.org/2001/04/xmlenc#sha512"
    raw = f.forge(
        people.doctor, edit=lambda s: f.every(s, ".//ds:Reference/ds:DigestMethod")[0].set("Algorithm", sha512)
    )
    ended = AlgorithmPolicy(keys=ALGORITHMS.keys, digests={"sha256": None, "sha512": AT})
    assert verify_xml(raw, trust=people.trust, at=AT).signatures
    assert refused(raw, TrustPolicy((people.authority.certificate,), ended)) == "algorithm-not-allowed"


def test_the_policy_table_also_judges_the_path(people: People) -> None:
    """The signer's own key is fine; the authority signed its certificate with one that does not count any more."""
    old = issue_authority("Old Authority", key="rsa2048", at=AT)
    signer = issue(old, "Signer", at=AT, days=1500)
    raw = sign_xml(DOCUMENT, identity=signer, at=AT)
    trust = TrustPolicy((old.certificate,))
    assert verify_xml(raw, trust=trust, at=AT).signatures
    assert refused(raw, trust, datetime(2029, 1, 1, tzinfo=UTC)) == "algorithm-not-allowed"


def test_nothing_weak_is_in_the_tables() -> None:
    for uri in SIGNATURE_ALGORITHMS:
        assert not any(weak in uri for weak in ("sha1", "md5", "hmac", "dsa-sha1", "#dsa"))
    accepted = [("secp256r1", 256), ("secp384r1", 384), ("secp521r1", 521), ("rsa", 2048), ("rsa", 3072), ("rsa", 8192)]
    never = [("rsa", 1024), ("rsa", 2047), ("rsa", 8193), ("secp192r1", 192), ("secp256k1", 256), ("dsa", 3072)]
    assert all(ALGORITHMS.accepts_key(kind, bits, at=AT) for kind, bits in accepted)
    assert not any(ALGORITHMS.accepts_key(kind, bits, at=AT) for kind, bits in never)
    assert [bits for kind, bits in accepted if ALGORITHMS.may_sign(kind, bits)] == [256, 384, 3072, 8192]
    assert not ALGORITHMS.accepts_digest("sha1", at=AT)


def test_namesakes_of_an_issuer_are_not_tried_without_end(people: People) -> None:
    """Anybody can make certificates that bear the name of an issuer; only a signature tells them from it."""
    signer = read_certificate(people.doctor.certificate.public_bytes(Encoding.DER))
    others = [
        read_certificate(issue_authority("Example Authority", at=AT).certificate.public_bytes(Encoding.DER))
        for _ in range(17)
    ]
    assert people.trust.find_path(signer, others=others[:16], at=AT).certificates
    with pytest.raises(VerificationFailed, match="limit-exceeded"):
        people.trust.find_path(signer, others=others, at=AT)


def test_many_threads_at_once_find_the_path_that_one_finds(people: People, signed: bytes) -> None:
    """The first signatures after a start come together; the library that reads certificates is made for one thread."""
    outcomes: list[str] = []
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(40):
            trust, together = TrustPolicy((people.authority.certificate,)), threading.Barrier(6)

            def verify(trust: TrustPolicy = trust, together: threading.Barrier = together) -> None:
                together.wait()
                try:
                    verify_xml(signed, trust=trust, at=AT)
                except VerificationFailed as failed:
                    outcomes.append(failed.code)

            threads = [threading.Thread(target=verify) for _ in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert outcomes == []


@pytest.mark.parametrize(
    ("digest", "year", "code"),
    [
        (hashes.SHA224(), 2028, None),
        (hashes.SHA224(), 2029, "algorithm-not-allowed"),
        (hashes.SHA512(), 2029, None),
    ],
)
def test_a_certificate_counts_as_long_as_the_digest_under_it(
    digest: hashes.HashAlgorithm, year: int, code: str | None
) -> None:
    """The table of algorithms is dated: what was signed with SHA-224 counts until 2029."""
    root = issue_authority("Root", at=AT)
    old = issue(root, "Signer", at=AT, days=3000).certificate
    builder = x509.CertificateBuilder(
        old.issuer, old.subject, old.public_key(), 7, old.not_valid_before_utc, old.not_valid_after_utc
    )
    certificate = builder.sign(root.key, digest)  # type: ignore[arg-type]
    signer, at = read_certificate(certificate.public_bytes(Encoding.DER)), datetime(year, 6, 1, tzinfo=UTC)
    trust = TrustPolicy((root.certificate,))
    if code is None:
        assert trust.find_path(signer, at=at)
        return
    with pytest.raises(VerificationFailed) as failed:
        trust.find_path(signer, at=at)
    assert failed.value.code == code


def test_what_is_remembered_of_a_certificate_is_never_said_of_another(people: People) -> None:
    # Certificates come and go, and a new object may get the id of one that is gone.
    ders = [each.certificate.public_bytes(Encoding.DER) for each in (people.doctor, people.authority)]
    digests = [f"sha256:{hashlib.sha256(der).hexdigest()}" for der in ders]
    for _ in range(MAX_REMEMBERED):
        assert [fingerprint(x509.load_der_x509_certificate(der)) for der in ders] == digests
