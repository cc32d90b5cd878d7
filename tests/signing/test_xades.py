"""What is signed verifies, in every form that the profile has, and comes back as the bytes that were signed."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from lxml import etree

from signing import (
    KeyUnavailable,
    NotSignable,
    TrustPolicy,
    VerificationFailed,
    issue,
    issue_authority,
    sign_xml,
    verify_xml,
)
from signing.formats.xades.document import read_document
from signing.formats.xades.structure import read_elements, read_written
from signing.issuing import KeyKind
from tests.signing import forge as f
from tests.signing.pki import AT, DOCUMENT, NS, SIGNING_KEYS, People, issue_authority_below

CONTENT = f.canonical(etree.fromstring(DOCUMENT)[0])
EXC = f.transform(f.EXC)


@pytest.mark.parametrize("kind", SIGNING_KEYS)
def test_what_is_signed_verifies(people: People, kind: KeyKind) -> None:
    identity = people.signers[kind]
    verified = verify_xml(sign_xml(DOCUMENT, identity=identity, at=AT), trust=people.trust, at=AT)
    (signature,) = verified.signatures
    assert verified.content == CONTENT
    assert signature.certificate == identity.certificate
    assert signature.subject.serial_number == "85073003328"
    assert signature.signing_time == AT
    expected = {"p256": "ecdsa-sha256", "p384": "ecdsa-sha384", "rsa3072": "rsa-pkcs1-sha256"}
    assert signature.algorithm == expected[kind]


def test_signing_leaves_the_content_as_it_is(people: People, signed: bytes) -> None:
    before, after = etree.fromstring(DOCUMENT), etree.fromstring(signed)
    assert after.tag == before.tag
    assert f.canonical(after[0]) == f.canonical(before[0])
    assert after[1].tag == f"{{{NS}}}Signatures"


def test_signing_an_existing_empty_signatures_element(people: People) -> None:
    document = DOCUMENT.replace(b"</f:ExampleForm>", b"<f:Signatures/></f:ExampleForm>")
    signed = sign_xml(document, identity=people.doctor, at=AT)
    assert verify_xml(signed, trust=people.trust, at=AT).content == CONTENT
    assert signed.count(b":Signatures>") == 2


def test_a_prefix_that_is_bound_otherwise_does_not_break_the_signature(people: People) -> None:
    document = DOCUMENT.replace(
        b"<f:ExampleForm ", b'<f:ExampleForm xmlns:ds="urn:other" xmlns:dsig="%s" ' % f.DS.encode()
    )
    signed = sign_xml(document, identity=people.doctor, at=AT)
    assert verify_xml(signed, trust=people.trust, at=AT).content == CONTENT


def test_a_document_in_a_default_namespace_signs(people: People) -> None:
    document = f'<Form xmlns="{NS}"><Content Id="content">x</Content></Form>'.encode()
    signed = sign_xml(document, identity=people.doctor, at=AT)
    assert (
        verify_xml(signed, trust=people.trust, at=AT).content
        == f'<Content xmlns="{NS}" Id="content">x</Content>'.encode()
    )


def test_a_document_without_namespace_signs(people: People) -> None:
    signed = sign_xml(b'<Form><Content Id="content">x</Content></Form>', identity=people.doctor, at=AT)
    assert verify_xml(signed, trust=people.trust, at=AT).content == b'<Content Id="content">x</Content>'


def test_odd_characters_survive_signing(people: People) -> None:
    document = (
        f'<Form xmlns="{NS}"><Content Id="content" a="&#10;&#9;&lt;">é&#13;&#x1F600;<![CDATA[<&]]></Content></Form>'
    )
    signed = sign_xml(document.encode(), identity=people.doctor, at=AT)
    assert verify_xml(signed, trust=people.trust, at=AT).content == f.canonical(etree.fromstring(document)[0])


def test_signing_leaves_out_comments_around_the_document_element(people: People) -> None:
    document = b"<!-- before -->" + DOCUMENT + b"<!-- after -->"
    signed = sign_xml(document, identity=people.doctor, at=AT)
    assert b"<!--" not in signed
    assert verify_xml(signed, trust=people.trust, at=AT).content == CONTENT


@pytest.mark.parametrize("template", [b"<!-- unsigned --> %s", b"%s<!-- unsigned -->"])
def test_a_comment_that_nobody_signed_does_not_travel_with_the_document(
    people: People, signed: bytes, template: bytes
) -> None:
    raw = template % signed[signed.index(b"?>") + 2 :]
    with pytest.raises(VerificationFailed) as caught:
        verify_xml(raw, trust=people.trust, at=AT)
    assert caught.value.code == "comment-not-allowed"


def test_two_signers_both_count(people: People, signed: bytes) -> None:
    both = sign_xml(signed, identity=people.signers["p384"], at=AT)
    verified = verify_xml(both, trust=people.trust, at=AT)
    assert verified.content == CONTENT
    assert [one.subject.common_name for one in verified.signatures] == ["Signer p256", "Signer p384"]


def test_chain_goes_into_the_signature_and_the_path_is_found_through_it(people: People) -> None:
    root = issue_authority("Root", at=AT)
    middle = issue_authority("Middle", at=AT)
    crossed = issue_authority_below(root, middle)
    signer = issue(crossed, "Signer", at=AT)
    without_chain = sign_xml(DOCUMENT, identity=signer, at=AT)
    with_chain = sign_xml(
        DOCUMENT, identity=type(signer)(signer.key, signer.certificate, (crossed.certificate,)), at=AT
    )
    trust = TrustPolicy((root.certificate,))
    assert verify_xml(with_chain, trust=trust, at=AT).content == CONTENT
    with pytest.raises(VerificationFailed) as failed:
        verify_xml(without_chain, trust=trust, at=AT)
    assert failed.value.code == "certificate-untrusted"


@pytest.mark.parametrize(
    "transforms",
    [
        pytest.param([f.transform(f.ENVELOPED), EXC], id="enveloped"),
        pytest.param([f.SUBTRACT, EXC], id="xpath-filter-2"),
        pytest.param([f.NOT_INSIDE, EXC], id="xpath"),
    ],
)
@pytest.mark.parametrize("place", [f.into_signatures, f.as_last_child])
def test_signature_over_the_whole_document_gives_the_content(
    people: People, transforms: list[str], place: f.Place
) -> None:
    raw = f.forge(people.doctor, place=place, edit=f.covering_document(*transforms))
    assert verify_xml(raw, trust=people.trust, at=AT).content == CONTENT


@pytest.mark.parametrize("transforms", [[f.SUBTRACT, EXC], [f.NOT_INSIDE, EXC]])
def test_signature_over_the_whole_document_stays_valid_beside_another(people: People, transforms: list[str]) -> None:
    first = f.forge(people.doctor, edit=f.covering_document(*transforms))
    second = sign_xml(first, identity=people.signers["p384"], at=AT)
    assert len(verify_xml(second, trust=people.trust, at=AT).signatures) == 2


def test_forge_makes_the_genuine_signature_too(people: People) -> None:
    assert verify_xml(f.forge(people.doctor), trust=people.trust, at=AT).content == CONTENT


def test_rsa_2048_is_accepted_until_2029_and_does_not_sign(people: People) -> None:
    raw = f.forge(people.rsa2048)
    assert verify_xml(raw, trust=people.trust, at=AT).signatures[0].algorithm == "rsa-pkcs1-sha256"
    with pytest.raises(KeyUnavailable) as unavailable:
        sign_xml(DOCUMENT, identity=people.rsa2048, at=AT)
    assert unavailable.value.code == "key-not-allowed"


@pytest.mark.parametrize(
    "method",
    [f"{f.MORE}rsa-sha384", f"{f.MORE}rsa-sha512", "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"],
)
def test_other_rsa_methods_are_accepted(people: People, method: str) -> None:
    raw = f.forge(people.signers["rsa3072"], edit=lambda s: f.one(s, ".//ds:SignatureMethod").set("Algorithm", method))
    assert verify_xml(raw, trust=people.trust, at=AT).content == CONTENT


@pytest.mark.parametrize("uri", ["http://www.w3.org/2001/04/xmlenc#sha512", f"{f.MORE}sha384"])
def test_other_digests_are_accepted(people: People, uri: str) -> None:
    def edit(signature: f.Element) -> None:
        for method in f.every(signature, "./ds:SignedInfo/ds:Reference/ds:DigestMethod"):
            method.set("Algorithm", uri)

    assert verify_xml(f.forge(people.doctor, edit=edit), trust=people.trust, at=AT).content == CONTENT


def test_a_signed_key_info_is_accepted_and_checked(people: People) -> None:
    def edit(signature: f.Element) -> None:
        f.one(signature, "./ds:KeyInfo").set("Id", "key")
        reference = f.fragment(etree.tostring(f.every(signature, ".//ds:Reference")[0]).decode())
        reference.set("URI", "#key")
        del reference.attrib["Id"]
        f.one(signature, "./ds:SignedInfo").append(reference)

    def spoil(root: f.Element) -> None:
        f.one(root, ".//ds:X509Data").append(f.fragment("<ds:X509SubjectName>CN=Other</ds:X509SubjectName>"))

    assert verify_xml(f.forge(people.doctor, edit=edit), trust=people.trust, at=AT).content == CONTENT
    with pytest.raises(VerificationFailed) as failed:
        verify_xml(f.forge(people.doctor, edit=edit, after=spoil), trust=people.trust, at=AT)
    assert failed.value.code == "digest-mismatch"


def test_signing_time_is_told_in_utc(people: People) -> None:
    def edit(signature: f.Element) -> None:
        f.set_text(signature, ".//xades:SigningTime", b"2026-03-05T10:00:00.250+01:00")

    signature = verify_xml(f.forge(people.doctor, edit=edit), trust=people.trust, at=AT).signatures[0]
    assert signature.signing_time == AT + timedelta(milliseconds=250)
    assert signature.signing_time.tzinfo is UTC


def test_signing_in_another_zone_writes_utc(people: People) -> None:
    brussels = timezone(timedelta(hours=1))
    signed = sign_xml(DOCUMENT, identity=people.doctor, at=datetime(2026, 3, 5, 10, 0, tzinfo=brussels))
    assert b"<xades:SigningTime>2026-03-05T09:00:00Z</xades:SigningTime>" in signed


def test_a_naive_time_is_a_fault_of_the_caller(people: People, signed: bytes) -> None:
    naive = AT.replace(tzinfo=None)
    with pytest.raises(ValueError, match="aware"):
        sign_xml(DOCUMENT, identity=people.doctor, at=naive)
    with pytest.raises(ValueError, match="aware"):
        verify_xml(signed, trust=people.trust, at=naive)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"no xml", "unreadable"),
        (b"<!DOCTYPE a><a/>", "unreadable"),
        (DOCUMENT.replace(b"fit", b"<!-- un -->fit"), "comment-not-allowed"),
        (DOCUMENT.replace(b'Id="content"', b'Id="other"'), "reference-not-allowed"),
        (DOCUMENT.replace(b"f:Content", b"f:Contents"), "unsigned-content"),
        (DOCUMENT.replace(b"<f:Header>", b'<f:Header Id="content">'), "repeated-id"),
    ],
)
def test_what_is_not_of_the_signed_shape_is_not_signed(people: People, document: bytes, code: str) -> None:
    with pytest.raises(NotSignable) as refused:
        sign_xml(document, identity=people.doctor, at=AT)
    assert refused.value.code == code


@pytest.mark.parametrize("kind", SIGNING_KEYS)
def test_a_signature_of_ours_reads_alike_by_its_text_and_by_its_elements(people: People, kind: KeyKind) -> None:
    raw = sign_xml(sign_xml(DOCUMENT, identity=people.signers[kind], at=AT), identity=people.doctor, at=AT)
    document = read_document(raw)
    for signature in document.signatures:
        assert read_written(document, signature) == read_elements(signature) is not None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<ds:Object>", '<ds:Object Id="x">'),
        ("<xades:MimeType>text/xml</xades:MimeType>", "<xades:MimeType>text/plain</xades:MimeType>"),
        ("</xades:QualifyingProperties>", "<xades:UnsignedProperties/></xades:QualifyingProperties>"),
        ("xmlenc#sha256", "xmlenc#sha512"),
        ('URI="#content"', 'URI=""'),
        ('Target="#signature-', 'Target="#signature-0'),
        ("2026-03-05T09:00:00Z", "2026-03-05-09:00:00Z"),
        ("2026-03-05T09:00:00Z", "2026-13-05T09:00:00Z"),
        ("<ds:DigestValue>", "<ds:DigestValue> "),
        ("</ds:SignatureValue>", "==</ds:SignatureValue>"),
        ("ecdsa-sha256", "hmac-sha256"),
        ("</ds:X509Data>", "<ds:X509SubjectName/></ds:X509Data>"),
    ],
)
def test_a_signature_that_differs_from_ours_is_read_by_its_elements(signed: bytes, old: str, new: str) -> None:
    changed = signed.replace(old.encode(), new.encode(), 1)
    assert changed != signed
    document = read_document(changed)
    assert read_written(document, document.signatures[0]) is None


def test_the_text_of_a_signature_counts_only_where_it_must_be_the_signature(signed: bytes) -> None:
    start, end = signed.index(b"<ds:Signature "), signed.index(b"</ds:Signature>") + len(b"</ds:Signature>")
    text, other = signed[start:end], signed[start:end].replace(b"<ds:Object>", b"<ds:Object >")
    changed = signed.replace(text, other).replace(b"fit", b"<![CDATA[" + text + b"]]>")
    document = read_document(changed)
    assert read_written(document, document.signatures[0]) is None


def test_signing_again_leaves_every_byte_as_it_was(people: People, signed: bytes) -> None:
    before, end = signed[: signed.rindex(b"</f:Sig")], signed[signed.rindex(b"</f:Sig") :]
    for raw in (signed, before + b"\n" + end.replace(b"><", b" >\n <") + b"\n"):
        again = sign_xml(raw, identity=people.signers["p384"], at=AT)
        assert again.startswith(raw[: raw.rindex(b"</f:Sig")] + b"<ds:Signature ")
        assert again.endswith(b"</ds:Signature>" + raw[raw.rindex(b"</f:Sig") :].rstrip())
        assert len(verify_xml(again, trust=people.trust, at=AT).signatures) == 2


def test_signing_again_where_the_signatures_do_not_stand_last(people: People, signed: bytes) -> None:
    place = signed.index(b"<f:Signatures>")
    signatures = signed[place : signed.rindex(b"</f:ExampleForm>")]
    raw = signed.replace(signatures, b"").replace(b"<f:Content", signatures + b"<f:Content")
    again = sign_xml(raw, identity=people.signers["p384"], at=AT)
    assert len(verify_xml(again, trust=people.trust, at=AT).signatures) == 2


def test_signing_leaves_every_byte_of_a_plain_document_as_it_was(people: People) -> None:
    signed = sign_xml(DOCUMENT + b"\n", identity=people.doctor, at=AT)
    declaration, head, end = signed.partition(b"<f:ExampleForm")[0], *DOCUMENT.rsplit(b"</", 1)
    body = head[head.index(b"<f:ExampleForm") :]
    assert signed.startswith(declaration + body + b"<f:Signatures><ds:Signature ")
    assert signed.endswith(b"</ds:Signature></f:Signatures></" + end.strip())


@pytest.mark.parametrize("prolog", [b"", b"\xef\xbb\xbf", b"<?xml version='1.0'?>", b'<?xml version="1.0"?>\r\n\r\n'])
def test_what_stands_before_the_document_element_does_not_matter(people: People, prolog: bytes) -> None:
    plain = DOCUMENT[DOCUMENT.index(b"<f:ExampleForm") :]
    signed = sign_xml(prolog + plain, identity=people.doctor, at=AT)
    assert signed.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<f:ExampleForm')
    assert verify_xml(signed, trust=people.trust, at=AT).content == CONTENT


@pytest.mark.parametrize("tail", [b"", b" \r\n", b"<!-- </f:ExampleForm> -->"])
@pytest.mark.parametrize("inside", [b"x", b"<![CDATA[</f:ExampleForm>]]>", b"!"])
def test_the_signature_finds_its_place(people: People, tail: bytes, inside: bytes) -> None:
    document = b'<f:F xmlns:f="%s"><f:Content Id="content">%s</f:Content></f:F >%s' % (NS.encode(), inside, tail)
    signed = sign_xml(document, identity=people.doctor, at=AT)
    assert len(verify_xml(signed, trust=people.trust, at=AT).signatures) == 1
