"""PAdES at each level: what is proven, what stays as it was, what other programs say of it."""

import sys
from collections.abc import Sequence
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ReasonFlags
from lxml import etree

from signing import (
    ALGORITHMS,
    Collect,
    Indication,
    KeyUnavailable,
    Level,
    NotSignable,
    RevocationAuthority,
    RevocationRule,
    Timestamper,
    TimestampUnavailable,
    ValidatedPdf,
    ValidationData,
    ValidationPolicy,
    VerificationFailed,
    archive_pdf,
    assess_pdf,
    build_report,
    collect_revocation,
    extend_pdf,
    issue,
    raise_pdf,
    sign_pdf,
    validate_pdf,
)
from signing.issuing import KeyKind, RevocationAddresses
from tests.signing.pki import AT, DOCUMENT, SIGNING_KEYS, People
from tests.signing.renditions import rendition
from tests.signing.stamping import TIME_ROOT, TIME_TRUST, UNIT, stamper
from tests.signing.test_interop import run

STAMPED, ARCHIVED = AT + timedelta(minutes=1), AT + timedelta(days=1)
SOON, EXPIRED = AT + timedelta(days=30), AT + timedelta(days=1000)  # then the signers are, the time authority is not
ADDRESSES = RevocationAddresses(responder="http://ca.example/ocsp", list="http://ca.example/list.crl")


def policy(people: People, *, required: bool = False) -> ValidationPolicy:
    rule = RevocationRule(required=required)
    return ValidationPolicy(signers=people.trust, timestamps=TIME_TRUST, revocation=rule)


def validated(people: People, raw: bytes, *, at: object = SOON) -> ValidatedPdf:
    return validate_pdf(raw, policy=policy(people), validation_time=at)  # type: ignore[arg-type]


def der(*certificates: object) -> ValidationData:
    return ValidationData(certificates=tuple(each.public_bytes(Encoding.DER) for each in certificates))  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def levels(people: People) -> dict[str, bytes]:
    signed = sign_pdf(rendition(), identity=people.doctor, at=AT)
    stamped = sign_pdf(rendition(), identity=people.doctor, at=AT, level=Level.B_T, timestamper=stamper(STAMPED))
    lasting = extend_pdf(stamped, data=der(people.authority.certificate, UNIT.certificate, TIME_ROOT.certificate))
    archived = archive_pdf(lasting, timestamper=stamper(ARCHIVED), at=ARCHIVED)
    renewed = archive_pdf(archived, timestamper=stamper(SOON), at=SOON)
    return {"b": signed, "t": stamped, "lt": lasting, "lta": archived, "lta-again": renewed}


# What is proven


@pytest.mark.parametrize("kind", [*SIGNING_KEYS])
def test_a_signed_rendition_gives_back_the_form_that_it_was_made_from(people: People, kind: KeyKind) -> None:
    found = validated(people, sign_pdf(rendition(), identity=people.signers[kind], at=AT))
    assert found.source == DOCUMENT
    assert [(each.name, each.relationship) for each in found.attachments] == [("form.xml", "Source")]
    signature = found.signature.signature
    assert (signature.certificate, signature.signing_time) == (people.signers[kind].certificate, AT)
    assert (found.signature.level, found.signature.best_signature_time) == (Level.B_B, SOON)


def test_each_level_proves_when_the_signature_existed(people: People, levels: dict[str, bytes]) -> None:
    found = {name: validated(people, raw, at=SOON + timedelta(days=1)).signature for name, raw in levels.items()}
    assert {name: len(each.archive) for name, each in found.items()} == {
        "b": 0,
        "t": 0,
        "lt": 0,
        "lta": 1,
        "lta-again": 2,
    }
    assert {found[name].best_signature_time for name in levels if name != "b"} == {STAMPED}
    assert (found["lta"].level, found["lta-again"].level) == (Level.B_LTA, Level.B_LTA)


def test_a_document_time_stamp_alone_makes_it_b_t(people: People, levels: dict[str, bytes]) -> None:
    stamped = archive_pdf(levels["b"], timestamper=stamper(STAMPED), at=STAMPED)
    found = validated(people, stamped, at=EXPIRED).signature
    assert (found.level, found.best_signature_time) == (Level.B_LT, STAMPED)  # never revoked: nothing is missing


def test_a_time_stamp_outlives_the_certificate_of_the_signer(people: People, levels: dict[str, bytes]) -> None:
    with pytest.raises(VerificationFailed, match="certificate-expired"):
        validated(people, levels["b"], at=EXPIRED)
    for name in ("t", "lt", "lta", "lta-again"):
        assert validated(people, levels[name], at=EXPIRED).source == DOCUMENT


def test_one_call_makes_all_levels(people: People) -> None:
    made = sign_pdf(
        rendition(),
        identity=people.doctor,
        at=AT,
        level=Level.B_LTA,
        timestamper=stamper(AT),
        validation_data=der(people.authority.certificate),
    )
    assert validated(people, made).signature.level is Level.B_LTA


def test_revocation_data_travels_along_and_is_judged_without_a_network(people: People) -> None:
    """B-LT: what the authority said when the signature was made is found in the document years later."""
    signer = issue(people.authority, "Can be revoked", told_at=ADDRESSES, at=AT)

    def told(url: str, *, body: bytes | None = None, content_type: object = None, max_bytes: int) -> bytes:
        return RevocationAuthority(identity=people.authority).list_revoked(at=STAMPED + timedelta(hours=1))

    signed = sign_pdf(rendition(), identity=signer, at=AT, level=Level.B_T, timestamper=stamper(STAMPED))
    path = [each.public_bytes(Encoding.DER) for each in (signer.certificate, people.authority.certificate)]
    kept = collect_revocation(path, fetch=told, at=ARCHIVED, algorithms=ALGORITHMS)
    needed = policy(people, required=True)
    with pytest.raises(VerificationFailed, match="revocation-unknown"):
        validate_pdf(signed, policy=needed, validation_time=SOON)
    assert validate_pdf(signed, policy=needed, validation_time=SOON, kept=kept).signature.level is Level.B_LT
    extended = extend_pdf(signed, data=kept)
    assert extend_pdf(extended, data=kept) == extended
    assert validate_pdf(extended, policy=needed, validation_time=SOON).signature.level is Level.B_LT
    archived = archive_pdf(extended, timestamper=stamper(ARCHIVED), at=ARCHIVED)
    found = validate_pdf(archived, policy=needed, validation_time=EXPIRED).signature
    assert (found.level, found.statuses[0].source) == (Level.B_LTA, "crl")


def test_who_was_revoked_before_is_refused(people: People) -> None:
    signer = issue(people.authority, "Was revoked", told_at=ADDRESSES, at=AT)
    gone = {signer.certificate.serial_number: (AT - timedelta(minutes=9), ReasonFlags.key_compromise)}
    crl = RevocationAuthority(identity=people.authority, revoked=gone).list_revoked(at=STAMPED)
    raw = extend_pdf(sign_pdf(rendition(), identity=signer, at=AT), data=ValidationData(crls=(crl,)))
    with pytest.raises(VerificationFailed, match="certificate-revoked"):
        validated(people, raw, at=AT + timedelta(hours=1))


# What stays as it was


def test_what_was_signed_stays_the_beginning_of_the_file(levels: dict[str, bytes]) -> None:
    before = rendition()
    for raw in (levels["b"], *(levels[name] for name in ("t", "lt", "lta", "lta-again"))):
        assert raw.startswith(before)
    for shorter, longer in (("t", "lt"), ("lt", "lta"), ("lta", "lta-again")):
        assert levels[longer].startswith(levels[shorter])


@pytest.mark.parametrize("level", ["b", "t", "lt", "lta", "lta-again"])
def test_a_signed_rendition_keeps_what_makes_it_accessible_and_archivable(levels: dict[str, bytes], level: str) -> None:
    """The field is invisible, printed, on a page whose order is that of the structure; metadata are those of before."""
    with pikepdf.open(BytesIO(levels[level])) as signed, pikepdf.open(BytesIO(rendition())) as before:
        assert signed.Root.Metadata.read_bytes() == before.Root.Metadata.read_bytes()
        assert str(signed.docinfo) == str(before.docinfo)
        kept = ("/StructTreeRoot", "/OutputIntents", "/AF", "/Names", "/Lang", "/MarkInfo", "/ViewerPreferences")
        for key in kept:
            assert signed.Root[key].unparse(resolved=False) == before.Root[key].unparse(resolved=False)
        (page, *_) = signed.pages
        widgets = [each for each in page.Annots if each.Subtype == "/Widget"]
        assert len(widgets) == {"b": 1, "t": 1, "lt": 1, "lta": 2, "lta-again": 3}[level]
        assert page.Tabs == "/S"
        assert {(tuple(map(int, each.Rect)), int(each.F)) for each in widgets} == {((0, 0, 0, 0), 132)}
        assert int(signed.Root.AcroForm.SigFlags) == 3
        assert signed.get_warnings() == []


def test_the_first_signature_certifies_the_document(levels: dict[str, bytes]) -> None:
    """Any reader tells of changes other than those that keep the signature provable (DocMDP level 1)."""
    with pikepdf.open(BytesIO(levels["lta"])) as signed:
        certification = signed.Root.Perms.DocMDP
        assert certification.SubFilter == "/ETSI.CAdES.detached"
        assert int(certification.Reference[0].TransformParams.P) == 1


# What other programs say


@pytest.mark.parametrize("kind", SIGNING_KEYS)
def test_pdfsig_finds_the_signature_valid(people: People, kind: KeyKind, tmp_path: Path) -> None:
    file = tmp_path / "signed.pdf"
    raw = sign_pdf(rendition(), identity=people.signers[kind], at=AT)
    file.write_bytes(raw)
    said = run("pdfsig", "-nocert", str(file)).stdout.decode()
    assert "Signature is Valid." in said
    assert "Total document signed" in said
    file.write_bytes(raw.replace(b"/Lang (en)", b"/Lang (nl)", 1))
    assert "Digest Mismatch." in run("pdfsig", "-nocert", str(file)).stdout.decode()


@pytest.mark.parametrize("kind", SIGNING_KEYS)
def test_openssl_verifies_the_signature_over_the_covered_bytes(people: People, kind: KeyKind, tmp_path: Path) -> None:
    raw = sign_pdf(rendition(), identity=people.signers[kind], at=AT, level=Level.B_T, timestamper=stamper(AT))
    with pikepdf.open(BytesIO(raw)) as opened:
        value = opened.Root.AcroForm.Fields[0].V
        _, start, stop, length = map(int, value.ByteRange)
        contents = bytes(value.Contents)
    (tmp_path / "covered").write_bytes(raw[:start] + raw[stop : stop + length])
    (tmp_path / "cms").write_bytes(contents)
    (tmp_path / "anchor.pem").write_bytes(people.authority.certificate.public_bytes(Encoding.PEM))
    trusted = ("-CAfile", f"{tmp_path}/anchor.pem", "-attime", str(int(AT.timestamp())), "-purpose", "any")
    given = ("-inform", "DER", "-in", f"{tmp_path}/cms", "-content", f"{tmp_path}/covered")
    run("openssl", "cms", "-verify", "-cades", "-binary", *given, *trusted, "-out", "/dev/null")


def test_validating_loads_no_http_client(people: People, levels: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "lta.pdf").write_bytes(levels["lta"])
    program = """
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from signing import TimestampTrust, TrustPolicy, ValidationPolicy, assess_pdf

nobody = ValidationPolicy(signers=TrustPolicy(()), timestamps=TimestampTrust(anchors=TrustPolicy(())))
found = assess_pdf(Path(sys.argv[1]).read_bytes(), policy=nobody, validation_time=datetime(2026, 9, 1, tzinfo=UTC))
assert found.signatures[0].code == "timestamp-untrusted", found
assert not {"aiohttp", "requests", "httpx2", "urllib3"} & set(sys.modules)
"""
    run(sys.executable, "-c", program, str(tmp_path / "lta.pdf"))


# What cannot be signed


def test_what_is_no_pdf_or_signed_already_is_not_signed(people: People, levels: dict[str, bytes]) -> None:
    for raw, code in ((b"", "unreadable"), (b"%PDF-1.7\n%%EOF\n", "unreadable"), (levels["b"], "misplaced-signature")):
        with pytest.raises(NotSignable) as refused:
            sign_pdf(raw, identity=people.doctor, at=AT)
        assert refused.value.code == code
    with pytest.raises(NotSignable, match="no-signature"):
        extend_pdf(rendition(), data=ValidationData())
    with pytest.raises(NotSignable, match="no-signature"):
        archive_pdf(rendition(), timestamper=stamper(AT), at=AT)


def test_a_weak_key_does_not_sign(people: People) -> None:
    with pytest.raises(KeyUnavailable, match="key-not-allowed"):
        sign_pdf(rendition(), identity=people.rsa2048, at=AT)


def test_without_a_time_authority_there_is_no_half_signature(people: People) -> None:
    nobody = Timestamper(sources=(), trust=TIME_TRUST, fetch=stamper(AT).fetch)
    with pytest.raises(TimestampUnavailable):
        sign_pdf(rendition(), identity=people.doctor, at=AT, level=Level.B_T, timestamper=nobody)


def test_a_time_stamp_larger_than_its_place_gets_a_larger_place(
    people: People, levels: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signing.formats.pades.signing._TOKEN_BYTES", 64)
    raw = archive_pdf(levels["b"], timestamper=stamper(STAMPED), at=STAMPED)
    assert validated(people, raw).signature.best_signature_time == STAMPED


# The outcome as a value


def test_an_assessment_says_the_same_in_the_words_of_the_standard(people: People, levels: dict[str, bytes]) -> None:
    good = assess_pdf(levels["lta"], policy=policy(people), validation_time=SOON)
    assert (good.indication, good.signatures[0].passed is not None) == (Indication.TOTAL_PASSED, True)
    altered = levels["lta"].replace(b"/Lang (en)", b"/Lang (nl)", 1)
    bad = assess_pdf(altered, policy=policy(people), validation_time=SOON)
    assert (bad.indication, bad.signatures[0].code) == (Indication.TOTAL_FAILED, "digest-mismatch")
    nothing = assess_pdf(b"?", policy=policy(people), validation_time=SOON)
    assert (nothing.indication, nothing.signatures[0].code) == (Indication.TOTAL_FAILED, "unreadable")
    for each in (good, bad, nothing):
        assert str(etree.fromstring(build_report(each)).tag).endswith("ValidationReport")


def test_a_time_must_be_aware(people: People, levels: dict[str, bytes]) -> None:
    for judge in (validate_pdf, assess_pdf):
        with pytest.raises(ValueError, match="aware"):
            judge(levels["b"], policy=policy(people), validation_time=AT.replace(tzinfo=None))


def test_a_level_needs_what_it_is_made_of(people: People) -> None:
    for given in ({}, {"timestamper": stamper(AT)}, {"validation_data": ValidationData()}):
        with pytest.raises(ValueError, match="missing"):
            sign_pdf(rendition(), identity=people.doctor, at=AT, level=Level.B_LT, **given)


def test_a_signature_is_raised_to_a_level_with_what_its_authorities_say(people: People) -> None:
    signer = issue(people.authority, "Can be revoked", told_at=ADDRESSES, at=AT)
    signed = sign_pdf(rendition(), identity=signer, at=AT)

    def told(url: str, *, body: bytes | None = None, content_type: object = None, max_bytes: int) -> bytes:
        return RevocationAuthority(identity=people.authority).list_revoked(at=STAMPED)

    def collect(path: Sequence[bytes]) -> ValidationData:
        return collect_revocation(path, fetch=told, at=STAMPED, algorithms=ALGORITHMS)

    def made(level: Level, *, ask: Collect = collect) -> bytes:
        return raise_pdf(
            signed, level=level, policy=policy(people), timestamper=stamper(STAMPED), collect=ask, at=STAMPED
        )

    assert made(Level.B_B) == signed
    for level in (Level.B_T, Level.B_LT, Level.B_LTA):
        assert validated(people, made(level), at=SOON).signature.level is level
    with pytest.raises(VerificationFailed, match="revocation-unknown"):
        made(Level.B_LT, ask=lambda path: ValidationData())
