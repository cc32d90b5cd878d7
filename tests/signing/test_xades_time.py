"""XAdES with time stamps: what B-T and archive time stamps prove, and every way to cheat with them."""

import ast
import base64
import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

import signing
from signing import (
    Level,
    NotSignable,
    TimestampTrust,
    TimestampUnavailable,
    TrustPolicy,
    ValidatedXml,
    ValidationPolicy,
    VerificationFailed,
    archive_xml,
    issue,
    sign_xml,
    stamp_xml,
    validate_xml,
    verify_xml,
)
from signing.errors import VERIFICATION_CODES
from signing.issuing import KeyKind
from tests.signing import forge as f
from tests.signing.pki import AT, DOCUMENT, SIGNING_KEYS, People, issue_authority_below
from tests.signing.stamping import STRANGE_UNIT, TIME_ROOT, TIME_TRUST, UNIT, stamper
from tests.signing.test_interop import JAVA_PROGRAM, run, xmlsec1
from tests.signing.tokens import forge_token

XADES_141 = "http://uri.etsi.org/01903/v1.4.1#"
STAMPED = AT + timedelta(minutes=1)
SOON, LATER = AT + timedelta(days=1), AT + timedelta(days=300)
EXPIRED = AT + timedelta(days=1000)  # the signers are, the time authority is not
UNSIGNED = f"{{{f.XADES}}}UnsignedProperties/{{{f.XADES}}}UnsignedSignatureProperties"


def validated(people: People, raw: bytes, *, at: datetime = LATER, times: TimestampTrust = TIME_TRUST) -> ValidatedXml:
    return validate_xml(raw, policy=ValidationPolicy(signers=people.trust, timestamps=times), validation_time=at)


def refused(people: People, raw: bytes, *, at: datetime = LATER, times: TimestampTrust = TIME_TRUST) -> str:
    with pytest.raises(VerificationFailed) as failed:
        validated(people, raw, at=at, times=times)
    assert (failed.value.indication, failed.value.subindication) == VERIFICATION_CODES[failed.value.code]
    return failed.value.code


def stamped(raw: bytes, *, at: datetime = STAMPED) -> bytes:
    return stamp_xml(raw, timestamper=stamper(at), at=at)


def archived(raw: bytes, *, at: datetime = SOON) -> bytes:
    return archive_xml(raw, timestamper=stamper(at), at=at)


def edited(raw: bytes, edit: Callable[[f.Element], None]) -> bytes:
    root = etree.fromstring(raw)
    edit(root)
    return etree.tostring(root)


def properties(root: f.Element, number: int = 0) -> f.Element:
    return f.every(root, f".//xades:QualifyingProperties/{UNSIGNED}")[number]


def with_token(raw: bytes, token: bytes, *, which: str = "SignatureTimeStamp") -> bytes:
    """The document with another token in its time stamp."""

    def edit(root: f.Element) -> None:
        (stamp,) = [each for each in properties(root) if str(each.tag).endswith(which)]
        f.one(stamp, "./xades:EncapsulatedTimeStamp").text = base64.b64encode(token).decode()

    return edited(raw, edit)


def imprint(raw: bytes) -> bytes:
    return f.canonical(f.one(etree.fromstring(raw), ".//ds:SignatureValue"))


# What is proven


@pytest.mark.parametrize("kind", SIGNING_KEYS)
def test_a_time_stamp_outlives_the_certificate_of_the_signer(people: People, kind: KeyKind) -> None:
    signed = sign_xml(DOCUMENT, identity=people.signers[kind], at=AT)
    assert refused(people, signed, at=EXPIRED) == "certificate-expired"
    proven = validated(people, stamped(signed), at=EXPIRED)
    (signature,) = proven.signatures
    assert (signature.level, signature.best_signature_time) == (
        Level.B_LT,
        STAMPED,
    )  # never revoked, so nothing is missing
    assert signature.signature.certificate == people.signers[kind].certificate
    assert proven.content == verify_xml(signed, trust=people.trust, at=AT).content


def test_a_time_stamp_outlives_the_algorithm_of_the_signer(people: People) -> None:
    """The dated table is asked about the best signature time: RSA-2048 counts for what was stamped until 2029."""
    card = issue(people.authority, "Old card", key="rsa2048", at=AT, days=1500)
    signed, later = f.forge(card), datetime(2029, 1, 1, tzinfo=UTC)
    assert refused(people, signed, at=later) == "algorithm-not-allowed"
    assert refused(people, stamped(signed, at=later), at=later + timedelta(days=1)) == "algorithm-not-allowed"
    (signature,) = validated(people, stamped(signed), at=later).signatures
    assert signature.best_signature_time == STAMPED


def test_without_a_time_stamp_the_time_asked_about_is_the_best(people: People, signed: bytes) -> None:
    (signature,) = validated(people, signed).signatures
    assert (signature.level, signature.best_signature_time) == (Level.B_B, LATER)


def test_a_stamped_document_still_verifies_as_before(people: People, signed: bytes) -> None:
    for raw in (stamped(signed), archived(stamped(signed))):
        assert verify_xml(raw, trust=people.trust, at=AT) == verify_xml(signed, trust=people.trust, at=AT)


def test_each_signature_gets_its_own_time_stamp_once(people: People, signed: bytes) -> None:
    first = stamped(signed)
    both = stamped(sign_xml(first, identity=people.signers["p384"], at=SOON), at=SOON)
    assert stamped(both) == both
    times = [signature.best_signature_time for signature in validated(people, both).signatures]
    assert times == [STAMPED, SOON]


@pytest.mark.parametrize("edit", [f.covering_document(f.SUBTRACT, f.transform(f.EXC)), lambda _: None])
def test_signatures_of_other_tools_are_stamped_too(people: People, edit: Callable[[f.Element], None]) -> None:
    raw = f.forge(people.doctor, edit=edit)
    assert validated(people, archived(stamped(raw)), at=EXPIRED).signatures[0].best_signature_time == STAMPED


def test_an_archive_stamp_outlives_the_time_authority(people: People, signed: bytes) -> None:
    short = issue(TIME_ROOT, "Short unit", use="stamp", at=AT, days=100)
    raw = stamp_xml(signed, timestamper=stamper(STAMPED, unit=short), at=STAMPED)
    assert validated(people, raw, at=AT + timedelta(days=99))
    assert refused(people, raw, at=LATER) == "timestamp-expired"
    kept = archived(raw)
    (signature,) = validated(people, kept, at=LATER).signatures
    assert [stamp.stamped_at for stamp in signature.archive] == [SOON]
    assert signature.best_signature_time == STAMPED


def test_archive_stamps_are_renewed_before_they_end(people: People, signed: bytes) -> None:
    year = timedelta(days=365)
    raw = stamped(signed)
    for start in range(0, 12, 3):
        moment = AT + start * year + timedelta(days=2)
        unit = issue(TIME_ROOT, f"Unit {start}", use="stamp", at=AT + start * year, days=4 * 365)
        raw = archive_xml(raw, timestamper=stamper(moment, unit=unit), at=moment)
    (signature,) = validated(people, raw, at=AT + 12 * year).signatures
    assert len(signature.archive) == 4
    assert signature.best_signature_time == STAMPED
    assert refused(people, raw, at=AT + 14 * year) == "timestamp-expired"


def test_an_archive_stamp_alone_proves_a_time(people: People, signed: bytes) -> None:
    (signature,) = validated(people, archived(signed), at=EXPIRED).signatures
    assert signature.best_signature_time == SOON


@pytest.mark.parametrize("kind", SIGNING_KEYS)
def test_xmlsec1_and_java_still_verify_what_was_stamped(people: People, kind: KeyKind, tmp_path: Path) -> None:
    file = tmp_path / "stamped.xml"
    file.write_bytes(archived(stamped(sign_xml(DOCUMENT, identity=people.signers[kind], at=AT))))
    xmlsec1("--verify", "--insecure", file=file)
    assert run("java", str(JAVA_PROGRAM), "verify", str(file)).stdout.decode().split() == ["true"]


# Time stamps that prove nothing here


def test_a_time_stamp_of_another_signature(people: People, signed: bytes) -> None:
    """Moved from one signature of the document to the other, copied beside it, or taken from another document."""
    both = sign_xml(signed, identity=people.signers["p384"], at=AT)
    raw = stamped(both)

    def move(root: f.Element) -> None:
        properties(root, 1).append(properties(root, 0)[0])

    def swap(root: f.Element) -> None:
        first, second = properties(root, 0), properties(root, 1)
        first.append(second[0])
        second.append(first[0])

    def duplicate(root: f.Element) -> None:
        taken = copy.deepcopy(properties(root, 0)[0])
        taken.set("Id", "another")
        properties(root, 1).append(taken)

    for edit in (move, swap, duplicate):
        assert refused(people, edited(raw, edit)) == "timestamp-of-something-else"
    elsewhere = sign_xml(DOCUMENT, identity=people.doctor, at=AT)
    foreign = forge_token(UNIT, imprint(elsewhere), stamped_at=STAMPED)
    assert refused(people, with_token(stamped(signed), foreign)) == "timestamp-of-something-else"


def test_an_archive_stamp_posing_as_a_stamp_of_the_signature(people: People, signed: bytes) -> None:
    def rename(root: f.Element) -> None:
        (archive,) = properties(root)
        archive.tag = f"{{{f.XADES}}}SignatureTimeStamp"

    assert refused(people, edited(archived(signed), rename)) == "timestamp-of-something-else"


def test_a_strange_authority(people: People, signed: bytes) -> None:
    raw = with_token(stamped(signed), forge_token(STRANGE_UNIT, imprint(signed), stamped_at=STAMPED))
    assert refused(people, raw) == "timestamp-untrusted"


def test_one_good_stamp_does_not_make_a_bad_one_pass(people: People, signed: bytes) -> None:
    raw = stamped(signed)
    bad = with_token(raw, forge_token(UNIT, b"other"))

    def append(root: f.Element) -> None:
        taken = properties(etree.fromstring(bad))[0]
        taken.set("Id", "another")
        properties(root).append(taken)

    assert refused(people, edited(raw, append)) == "timestamp-of-something-else"


def test_a_stamp_after_the_certificate_expired(people: People, signed: bytes) -> None:
    late = AT + timedelta(days=800)
    assert refused(people, stamped(signed, at=late), at=EXPIRED) == "certificate-expired"


def test_a_stamp_before_the_claimed_signing_time(people: People) -> None:
    signed = sign_xml(DOCUMENT, identity=people.doctor, at=AT + timedelta(minutes=7))
    assert refused(people, stamped(signed)) == "timestamp-out-of-order"
    within = sign_xml(DOCUMENT, identity=people.doctor, at=AT + timedelta(minutes=5))
    assert validated(people, stamped(within))


def test_stamps_from_the_future_or_in_the_wrong_order(people: People, signed: bytes) -> None:
    assert refused(people, stamped(signed, at=LATER), at=SOON) == "timestamp-out-of-order"
    first_archived = archived(stamped(signed, at=LATER), at=SOON)
    assert refused(people, first_archived, at=EXPIRED) == "timestamp-out-of-order"
    assert refused(people, archived(archived(signed, at=LATER), at=SOON), at=EXPIRED) == "timestamp-out-of-order"


def test_what_an_archive_stamp_covers_may_not_change(people: People, signed: bytes) -> None:
    twice = archived(archived(stamped(signed), at=SOON), at=LATER)

    def drop_first(root: f.Element) -> None:
        f.remove(properties(root)[0])

    def drop_middle(root: f.Element) -> None:
        f.remove(properties(root)[1])

    def to_the_front(root: f.Element) -> None:
        properties(root).insert(0, properties(root)[2])

    def another_id(root: f.Element) -> None:
        properties(root)[0].set("Id", "another")

    def add_before(root: f.Element) -> None:
        values = f.fragment(f'<x:CertificateValues xmlns:x="{f.XADES}"/>')
        properties(root).insert(0, values)

    for edit in (drop_first, drop_middle, to_the_front, another_id, add_before):
        assert refused(people, edited(twice, edit), at=EXPIRED) == "timestamp-of-something-else", edit.__name__

    def add_behind(root: f.Element) -> None:
        properties(root).append(f.fragment(f'<x:CertificateValues xmlns:x="{f.XADES}"/>'))

    assert validated(people, edited(twice, add_behind), at=EXPIRED)


def test_what_was_signed_may_not_change_under_an_archive_stamp(people: People, signed: bytes) -> None:
    raw = archived(stamped(signed)).replace(b"85073003328", b"85073003329")
    assert refused(people, raw) == "timestamp-of-something-else"
    raw = stamped(signed).replace(b"85073003328", b"85073003329")
    assert refused(people, raw) == "digest-mismatch"


def test_time_stamps_do_not_make_a_stranger_known(people: People) -> None:
    raw = archived(stamped(sign_xml(DOCUMENT, identity=people.stranger, at=AT)))
    assert refused(people, raw) == "certificate-untrusted"


def test_the_authority_of_the_signers_stamps_nothing(people: People, signed: bytes) -> None:
    signers = TimestampTrust(anchors=TrustPolicy((people.authority.certificate,)))
    assert refused(people, stamped(signed), times=signers) == "timestamp-untrusted"
    unit = issue(people.authority, "Unit", use="sign", at=AT)
    raw = with_token(stamped(signed), forge_token(unit, imprint(signed), stamped_at=STAMPED))
    assert refused(people, raw, times=signers) == "timestamp-certificate-not-for-time"


# Unsigned properties that are not in the profile


@pytest.mark.parametrize(
    ("place", "inner"),
    [
        ("", "<xades:UnsignedDataObjectProperties/>"),
        ("", "<xades:UnsignedSignatureProperties/>"),
        (UNSIGNED, "<xades:CounterSignature/>"),
        (UNSIGNED, "<xades:CompleteCertificateRefs/>"),
        (UNSIGNED, "<xades:ArchiveTimeStamp/>"),
        (UNSIGNED, "<xades:SigningTime>2020-01-01T00:00:00Z</xades:SigningTime>"),
        (UNSIGNED, "<xades:SignatureTimeStamp/>"),
        (UNSIGNED, "<xades:SignatureTimeStamp><xades:Include URI='#content'/></xades:SignatureTimeStamp>"),
        (UNSIGNED, "<xades:SignatureTimeStamp><xades:EncapsulatedTimeStamp>AA==</xades:EncapsulatedTimeStamp>"
                   "</xades:SignatureTimeStamp>"),
        (UNSIGNED, "<xades:CertificateValues><xades:OtherCertificate/></xades:CertificateValues>"),
        (UNSIGNED, "<xades:RevocationValues><xades:OtherValues/></xades:RevocationValues>"),
        (UNSIGNED, "<xades:RevocationValues><xades:OCSPValues/><xades:OCSPValues/></xades:RevocationValues>"),
        (UNSIGNED, f"<x:TimeStampValidationData xmlns:x='{XADES_141}'><xades:SignatureTimeStamp/>"
                   "</x:TimeStampValidationData>"),
    ],
)  # fmt: skip
def test_properties_that_are_not_in_the_profile(people: People, signed: bytes, place: str, inner: str) -> None:
    def edit(root: f.Element) -> None:
        holder = f.one(root, ".//xades:QualifyingProperties")
        for name in ("UnsignedProperties", "UnsignedSignatureProperties"):
            found = holder.find(f"{{{f.XADES}}}{name}")
            holder = etree.SubElement(holder, f"{{{f.XADES}}}{name}") if found is None else found
        (holder if place else f.one(root, ".//xades:UnsignedProperties")).append(f.fragment(inner))

    raw = edited(signed, edit)
    assert refused(people, raw) == "unsigned-property-not-allowed"
    with pytest.raises(VerificationFailed) as failed:
        verify_xml(raw, trust=people.trust, at=AT)
    assert failed.value.code == "unsigned-property-not-allowed"


@pytest.mark.parametrize("uri", [f.INCLUSIVE, f.EXC + "WithComments", "urn:bogus"])
def test_a_stamp_over_another_canonical_form(people: People, signed: bytes, uri: str) -> None:
    raw = edited(stamped(signed), lambda root: properties(root)[0][0].set("Algorithm", uri))
    assert refused(people, raw) == "transform-not-allowed"


def test_text_beside_the_properties(people: People, signed: bytes) -> None:
    def edit(root: f.Element) -> None:
        properties(root).text = "fit"

    assert refused(people, edited(stamped(signed), edit)) == "unsigned-property-not-allowed"


def test_a_token_that_is_not_base64(people: People, signed: bytes) -> None:
    def edit(root: f.Element) -> None:
        properties(root)[0][1].text = "?"

    assert refused(people, edited(stamped(signed), edit)) == "signature-malformed"


def test_more_properties_and_values_than_anybody_needs(people: People, signed: bytes) -> None:
    def flood(root: f.Element) -> None:
        for _ in range(64):
            properties(root).append(f.fragment("<xades:CertificateValues/>"))

    def flood_inside(root: f.Element) -> None:
        value = "<xades:EncapsulatedX509Certificate>AA==</xades:EncapsulatedX509Certificate>"
        properties(root).append(f.fragment(f"<xades:CertificateValues>{value * 257}</xades:CertificateValues>"))

    for edit in (flood, flood_inside):
        assert refused(people, edited(stamped(signed), edit)) == "limit-exceeded"


def test_certificates_that_go_in_circles(people: People, signed: bytes) -> None:
    """Six certificates that all seem to have issued the signer: more paths than anybody should try."""
    roots = [signing.issue_authority("Example Authority", at=AT) for _ in range(6)]
    crossed = [issue_authority_below(root, people.authority).certificate for root in roots]
    texts = "".join(
        "<xades:EncapsulatedX509Certificate>"
        + base64.b64encode(each.public_bytes(Encoding.DER)).decode()
        + "</xades:EncapsulatedX509Certificate>"
        for each in crossed
    )

    def edit(root: f.Element) -> None:
        properties(root).append(f.fragment(f"<xades:CertificateValues>{texts}</xades:CertificateValues>"))

    assert refused(people, edited(stamped(signed), edit)) == "limit-exceeded"


# Making


def test_what_cannot_be_stamped(people: People, signed: bytes) -> None:
    whole = f.covering_document(f.transform(f.ENVELOPED), f.transform(f.EXC))
    covering_another = f.forge(people.doctor, edit=whole, document=signed)
    for raw, code in (
        (DOCUMENT, "no-signature"),
        (b"<a/>", "unsigned-content"),
        (covering_another, "reference-not-allowed"),
    ):
        with pytest.raises(NotSignable) as failed:
            stamped(raw)
        assert failed.value.code == code


def test_an_authority_that_does_not_count_leaves_the_document_alone(people: People, signed: bytes) -> None:
    with pytest.raises(TimestampUnavailable):
        stamp_xml(signed, timestamper=stamper(STAMPED, unit=STRANGE_UNIT), at=STAMPED)


def test_a_naive_time_is_the_callers_fault(people: People, signed: bytes) -> None:
    with pytest.raises(ValueError, match="aware"):
        validated(people, signed, at=LATER.replace(tzinfo=None))


def test_nothing_here_knows_a_network() -> None:
    for path in Path(signing.__file__).parent.rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text())))
        names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        names |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
        tops = {name.partition(".")[0] for name in names - {"urllib.parse"}}
        assert not tops & {"socket", "ssl", "http", "urllib", "asyncio", "httpx2", "httpcore2", "requests"}, path
