"""Attacks on XML signatures, one test for each known way.

Every forged document is made by somebody with a trusted key or out of a genuine document, so that nothing but the rule
under test can refuse it. A refusal is always VerificationFailed with the code of that rule.
"""

import base64
import hmac
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from lxml import etree

from signing import Identity, VerificationFailed, issue, sign_xml, verify_xml
from signing.errors import VERIFICATION_CODES
from signing.formats.xades.document import check_identifiers
from tests.signing import forge as f
from tests.signing.pki import AT, DOCUMENT, NS, People

EXC = f.transform(f.EXC)
EVIL = f'<f:Content xmlns:f="{NS}"><f:Decision>unfit</f:Decision></f:Content>'
WHOLE = f.covering_document(f.transform(f.ENVELOPED), EXC)


def refused(people: People, raw: bytes, *, at: datetime = AT) -> str:
    """The code with which a document is refused; its indication is the one that the table gives to the code."""
    with pytest.raises(VerificationFailed) as failed:
        verify_xml(raw, trust=people.trust, at=at)
    assert (failed.value.indication, failed.value.subindication) == VERIFICATION_CODES[failed.value.code]
    return failed.value.code


def altered(raw: bytes, old: bytes, new: bytes) -> bytes:
    assert raw.count(old) == 1
    return raw.replace(old, new)


def parts(raw: bytes) -> tuple[f.Element, f.Element, f.Element]:
    """Root, content and the one signature of a signed document."""
    root = etree.fromstring(raw)
    return root, f.one(root, "./f:Content"), f.one(root, ".//ds:Signature")


# The document


def test_tampered_content(people: People, signed: bytes) -> None:
    assert refused(people, altered(signed, b"85073003328", b"85073003329")) == "digest-mismatch"


def test_tampered_whole_document(people: People) -> None:
    raw = f.forge(people.doctor, edit=WHOLE, place=f.as_last_child)
    assert refused(people, altered(raw, b"fit &amp; well", b"unfit")) == "digest-mismatch"


def test_no_signature_at_all(people: People) -> None:
    assert refused(people, DOCUMENT) == "no-signature"


def test_empty_signatures(people: People) -> None:
    assert refused(people, altered(DOCUMENT, b"</f:ExampleForm>", b"<f:Signatures/></f:ExampleForm>")) == "no-signature"


# Wrapping


def test_original_moved_into_an_object_under_an_evil_root(people: People, signed: bytes) -> None:
    root, content, signature = parts(signed)
    wrapper = etree.SubElement(signature, f"{{{f.DS}}}Object")
    root.insert(0, f.fragment(EVIL))
    wrapper.append(content)
    assert refused(people, etree.tostring(root)) == "signed-properties-misplaced"


def test_original_in_the_first_object_under_an_evil_root(people: People, signed: bytes) -> None:
    root, content, signature = parts(signed)
    root.insert(0, f.fragment(EVIL))
    f.one(signature, "./ds:Object").append(content)
    assert refused(people, etree.tostring(root)) == "signed-properties-misplaced"


def test_original_deeper_in_an_evil_root(people: People, signed: bytes) -> None:
    root, content, _ = parts(signed)
    evil = f.fragment(EVIL)
    root.replace(content, evil)
    evil.append(content)
    assert refused(people, etree.tostring(root)) == "reference-not-allowed"


def test_whole_signed_document_inside_an_evil_root(people: People) -> None:
    genuine = etree.fromstring(f.forge(people.doctor, edit=WHOLE, place=f.as_last_child))
    evil = etree.fromstring(altered(DOCUMENT, b' Id="content"', b""))
    evil.append(genuine)
    assert refused(people, etree.tostring(evil)) == "unsigned-content"


def test_original_beside_an_evil_content(people: People, signed: bytes) -> None:
    for place in (0, 1, 2):
        root, _, _ = parts(signed)
        root.insert(place, f.fragment(EVIL))
        assert refused(people, etree.tostring(root)) == "unsigned-content"


def test_original_hidden_in_signatures(people: People, signed: bytes) -> None:
    root, content, _ = parts(signed)
    root.insert(0, f.fragment(EVIL))
    f.one(root, "./f:Signatures").append(content)
    assert refused(people, etree.tostring(root)) == "unsigned-content"


def test_original_in_another_namespace_than_the_root(people: People, signed: bytes) -> None:
    root, content, _ = parts(signed)
    other = etree.Element("{urn:sealpost:be:other:1}OtherForm")
    other.extend([content, *root])
    assert refused(people, etree.tostring(other)) == "unsigned-content"


def test_unsigned_element_beside_the_content(people: People, signed: bytes) -> None:
    root, _, _ = parts(signed)
    etree.SubElement(root, f"{{{NS}}}Decision").text = "unfit"
    assert refused(people, etree.tostring(root)) == "unsigned-content"


def test_unsigned_text_beside_the_content(people: People, signed: bytes) -> None:
    assert refused(people, altered(signed, b"</f:Content>", b"</f:Content>unfit")) == "unsigned-content"
    assert refused(people, altered(signed, b"</ds:Signature>", b"</ds:Signature>unfit")) == "unsigned-content"


@pytest.mark.parametrize("name", ["Id", "ID", "id", "xml:id"])
@pytest.mark.parametrize("value", ["content", " content\t"])
def test_repeated_id_in_any_spelling(people: People, signed: bytes, name: str, value: str) -> None:
    for old in (b"<f:Decision>", b"<ds:Object>"):
        new = old.replace(b">", f' {name}="{value}">'.encode())
        assert refused(people, altered(signed, old, new)) == "repeated-id"


@pytest.mark.parametrize(
    "written",
    [
        'Id = "content"',
        "ID\t=\r\n'content'",
        "id='content'",
        "xml:id =\n'content'",
        'id="&#99;ontent"',
        'id="c&#x6f;ntent"',
        'ID="&#32;content"',
        'id="content&#9;"',
        'id="\u00a0content"',
    ],
)
def test_repeated_id_in_any_way_of_writing(people: People, signed: bytes, written: str) -> None:
    raw = signed.replace(b"<f:Decision>", f"<f:Decision {written}>".encode())
    assert raw != signed
    assert refused(people, raw) == "repeated-id"


@settings(max_examples=200, deadline=None)
@given(
    names=st.lists(st.sampled_from(("Id", "ID", "id", "xml:id", "d", "kid", "x:Id")), min_size=2, max_size=4),
    values=st.lists(st.sampled_from(("a", "b", " a", "a\t", "&#97;", "a'", "\u00e9", "")), min_size=4, max_size=4),
    equals=st.sampled_from(("=", " =", "= ", "\r\n=\t")),
)
def test_repeated_ids_are_found_as_by_walking(names: list[str], values: list[str], equals: str) -> None:
    """The short way, by the text, never lets pass what the long way, by every attribute, would not."""
    inner = "".join(f'<e {name}{equals}"{value}">d=</e>' for name, value in zip(names, values, strict=False))
    raw = f'<r xmlns:x="urn:x">{inner}</r>'.encode()
    try:
        root = etree.fromstring(raw)
    except etree.XMLSyntaxError:  # not every value may be an xml:id
        reject()
    spellings = {"Id", "ID", "id", "{http://www.w3.org/XML/1998/namespace}id"}
    found = [value.strip() for each in root.iter() for name, value in each.attrib.items() if name in spellings]
    is_repeated = len(set(found)) != len(found)
    with pytest.raises(VerificationFailed, match="repeated-id") if is_repeated else nullcontext():
        check_identifiers(raw, root)


def test_repeated_id_of_the_signed_properties(people: People) -> None:
    raw = f.forge(people.doctor)
    assert refused(people, altered(raw, b"<ds:Object>", b'<ds:Object Id="properties">')) == "repeated-id"


# Signatures where none may stand


@pytest.mark.parametrize("path", ["./f:Content", "./f:Content/f:Header", ".//ds:Object", ".//xades:SignedProperties"])
def test_a_signature_elsewhere_in_the_document(people: People, signed: bytes, path: str) -> None:
    root, _, _ = parts(signed)
    f.one(root, path).append(etree.fromstring(f.SKELETON.replace("properties", "p2").replace("reference", "r2")))
    assert refused(people, etree.tostring(root)) == "misplaced-signature"


def test_a_signature_over_the_content_outside_signatures(people: People) -> None:
    assert refused(people, f.forge(people.doctor, place=f.as_last_child)) == "misplaced-signature"


def test_a_signature_as_the_document_itself(people: People, signed: bytes) -> None:
    _, content, signature = parts(signed)
    f.one(signature, "./ds:Object").append(content)
    assert refused(people, etree.tostring(signature)) == "unsigned-content"


def test_two_signatures_of_which_the_second_is_broken(people: People, signed: bytes) -> None:
    both = sign_xml(signed, identity=people.signers["p384"], at=AT)
    root = etree.fromstring(both)
    value = f.every(root, ".//ds:SignatureValue")[1]
    value.text = base64.b64encode(bytes(96)).decode()
    assert refused(people, etree.tostring(root)) == "signature-invalid"


def test_two_signatures_of_which_the_second_is_a_stranger(people: People, signed: bytes) -> None:
    assert refused(people, sign_xml(signed, identity=people.stranger, at=AT)) == "certificate-untrusted"


def test_more_signatures_than_anybody_needs(people: People, signed: bytes) -> None:
    root, _, _ = parts(signed)
    f.one(root, "./f:Signatures").extend([etree.Element(f"{{{f.DS}}}Signature") for _ in range(16)])
    assert refused(people, etree.tostring(root)) == "limit-exceeded"


# Two readers, two values


def test_comment_inside_the_national_number(people: People, signed: bytes) -> None:
    raw = altered(signed, b"85073003328", b"85073003<!---->328")
    assert refused(people, raw) == "comment-not-allowed"


def test_comment_inside_the_signature(people: People, signed: bytes) -> None:
    assert refused(people, altered(signed, b"<ds:KeyInfo>", b"<ds:KeyInfo><!---->")) == "comment-not-allowed"


def test_processing_instruction_anywhere(people: People, signed: bytes) -> None:
    for raw in (
        altered(signed, b"85073003328", b"85073003<?p?>328"),
        signed + b"<?p?>",
        altered(signed, b"<f:ExampleForm", b"<?p?><f:ExampleForm"),
    ):
        assert refused(people, raw) == "unreadable"


# Key and certificate


@pytest.mark.parametrize("key", ["public", "empty"])
def test_hmac_with_the_public_key_or_an_empty_key(people: People, key: str) -> None:
    public = people.doctor.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    secret = public if key == "public" else b""

    def edit(signature: f.Element) -> None:
        f.one(signature, ".//ds:SignatureMethod").set("Algorithm", f"{f.MORE}hmac-sha256")

    raw = f.forge(people.doctor, edit=edit, value=lambda data: hmac.digest(secret, data, "sha256"))
    assert refused(people, raw) == "algorithm-not-allowed"


def test_own_certificate_of_an_attacker(people: People) -> None:
    assert refused(people, f.forge(people.stranger)) == "certificate-untrusted"


def test_own_certificate_beside_that_of_the_victim(people: People) -> None:
    victim = base64.b64encode(people.doctor.certificate.public_bytes(Encoding.DER)).decode()

    def edit(signature: f.Element) -> None:
        f.one(signature, ".//ds:X509Data").insert(0, f.fragment(f"<ds:X509Certificate>{victim}</ds:X509Certificate>"))

    assert refused(people, f.forge(people.stranger, edit=edit)) == "certificate-untrusted"


def test_victims_certificate_with_the_signature_of_an_attacker(people: People) -> None:
    raw = f.forge(Identity(people.stranger.key, people.doctor.certificate))
    assert refused(people, raw) == "signature-invalid"


KEY_VALUE = (
    "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent>"
    "</ds:RSAKeyValue></ds:KeyValue>"
)


def test_key_value_alone(people: People) -> None:
    def edit(signature: f.Element) -> None:
        key_info = f.one(signature, "./ds:KeyInfo")
        key_info.remove(key_info[0])
        key_info.append(f.fragment(KEY_VALUE))

    assert refused(people, f.forge(people.stranger, edit=edit)) == "certificate-not-bound"


def test_key_value_beside_the_certificate_of_the_victim_is_not_used(people: People) -> None:
    def edit(signature: f.Element) -> None:
        f.one(signature, "./ds:KeyInfo").insert(0, f.fragment(KEY_VALUE))

    forged = Identity(people.stranger.key, people.doctor.certificate)
    assert refused(people, f.forge(forged, edit=edit)) == "signature-invalid"
    assert verify_xml(f.forge(people.doctor, edit=edit), trust=people.trust, at=AT).signatures


def test_signing_certificate_of_somebody_else(people: People) -> None:
    def edit(signature: f.Element) -> None:
        f.set_text(signature, ".//xades:CertDigest/ds:DigestValue", base64.b64encode(bytes(32)))

    assert refused(people, f.forge(people.doctor, edit=edit)) == "certificate-not-bound"


def test_no_signing_certificate(people: People) -> None:
    def edit(signature: f.Element) -> None:
        f.remove(f.one(signature, ".//xades:SigningCertificateV2"))

    assert refused(people, f.forge(people.doctor, edit=edit)) == "certificate-not-bound"


def test_twin_certificate_with_the_same_key(people: People, signed: bytes) -> None:
    """A second certificate of the same key in another name: the signed digest says which one was meant."""
    old = people.doctor.certificate
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Somebody Else")])
    builder = x509.CertificateBuilder(
        people.authority.certificate.subject,
        name,
        people.doctor.key.public_key(),
        99,
        old.not_valid_before_utc,
        old.not_valid_after_utc,
    )
    twin = builder.sign(people.authority.key, hashes.SHA256()).public_bytes(Encoding.DER)
    root, _, signature = parts(signed)
    f.set_text(signature, ".//ds:X509Certificate", base64.b64encode(twin))
    assert refused(people, etree.tostring(root)) == "certificate-not-bound"


@pytest.mark.parametrize("use", ["seal", "tls-server"])
def test_certificate_for_another_use(people: People, use: str) -> None:
    identity = people.desks["p256"] if use == "seal" else issue(people.authority, "localhost", use="tls-server", at=AT)
    assert refused(people, f.forge(identity)) == "certificate-not-for-signing"


def test_certificate_of_the_authority_itself(people: People) -> None:
    assert refused(people, f.forge(people.authority)) == "certificate-not-for-signing"


def test_certificate_issued_by_somebody_without_authority(people: People) -> None:
    below = issue(people.doctor, "Below", at=AT)
    chained = Identity(below.key, below.certificate, (people.doctor.certificate,))
    assert refused(people, sign_xml(DOCUMENT, identity=chained, at=AT)) == "certificate-untrusted"


@pytest.mark.parametrize("at", [AT - timedelta(days=1), AT + timedelta(days=731)])
def test_certificate_out_of_date(people: People, signed: bytes, at: datetime) -> None:
    assert refused(people, signed, at=at) == "certificate-expired"


def test_certificate_that_is_none(people: People) -> None:
    junk = b"no certificate"

    def edit(signature: f.Element) -> None:
        f.set_text(signature, ".//ds:X509Certificate", base64.b64encode(junk))
        digest = hashes.Hash(hashes.SHA256())
        digest.update(junk)
        f.set_text(signature, ".//xades:CertDigest/ds:DigestValue", base64.b64encode(digest.finalize()))

    assert refused(people, f.forge(people.doctor, edit=edit)) == "certificate-unreadable"


def test_more_certificates_than_a_path_has(people: People) -> None:
    def edit(signature: f.Element) -> None:
        data = f.one(signature, ".//ds:X509Data")
        data.extend([f.fragment(etree.tostring(data[0]).decode()) for _ in range(5)])

    assert refused(people, f.forge(people.doctor, edit=edit)) == "limit-exceeded"


# Algorithms


def test_rsa_with_sha1(people: People) -> None:
    def edit(signature: f.Element) -> None:
        f.one(signature, ".//ds:SignatureMethod").set("Algorithm", f.DS + "rsa-sha1")

    assert refused(people, f.forge(people.signers["rsa3072"], edit=edit)) == "algorithm-not-allowed"


def test_ecdsa_with_sha1(people: People) -> None:
    def edit(signature: f.Element) -> None:
        f.one(signature, ".//ds:SignatureMethod").set("Algorithm", f.MORE + "ecdsa-sha1")

    assert refused(people, f.forge(people.doctor, edit=edit)) == "algorithm-not-allowed"


def test_dsa(people: People) -> None:
    def edit(signature: f.Element) -> None:
        f.one(signature, ".//ds:SignatureMethod").set("Algorithm", "http://www.w3.org/2009/xmldsig11#dsa-sha256")

    assert refused(people, f.forge(people.doctor, edit=edit)) == "algorithm-not-allowed"


@pytest.mark.parametrize("which", [0, 1])
def test_sha1_digest(people: People, which: int) -> None:
    def edit(signature: f.Element) -> None:
        f.every(signature, ".//ds:Reference/ds:DigestMethod")[which].set("Algorithm", f.DS + "sha1")

    assert refused(people, f.forge(people.doctor, edit=edit)) == "algorithm-not-allowed"


def test_method_of_another_kind_of_key(people: People) -> None:
    def rsa_method(signature: f.Element) -> None:
        f.one(signature, ".//ds:SignatureMethod").set("Algorithm", f.MORE + "rsa-sha256")

    def ec_method(signature: f.Element) -> None:
        f.one(signature, ".//ds:SignatureMethod").set("Algorithm", f.MORE + "ecdsa-sha256")

    assert refused(people, f.forge(people.doctor, edit=rsa_method)) == "algorithm-not-allowed"
    assert refused(people, f.forge(people.signers["rsa3072"], edit=ec_method)) == "algorithm-not-allowed"


def test_method_with_parameters(people: People) -> None:
    def edit(signature: f.Element) -> None:
        f.one(signature, ".//ds:SignatureMethod").append(f.fragment("<ds:HMACOutputLength>8</ds:HMACOutputLength>"))

    assert refused(people, f.forge(people.doctor, edit=edit)) == "algorithm-not-allowed"


@pytest.mark.parametrize("width", [0, 63, 65, 72])
def test_ecdsa_value_of_another_length(people: People, width: int) -> None:
    def stretch(data: bytes) -> bytes:
        return f.sign_raw(people.doctor, data, f.MORE + "ecdsa-sha256").ljust(width, b"\0")[:width]

    assert refused(people, f.forge(people.doctor, value=stretch)) == "signature-invalid"


def test_ecdsa_value_in_der(people: People) -> None:
    assert isinstance(people.doctor.key, ec.EllipticCurvePrivateKey)
    key = people.doctor.key
    raw = f.forge(people.doctor, value=lambda data: key.sign(data, ec.ECDSA(hashes.SHA256())))
    assert refused(people, raw) == "signature-invalid"


@pytest.mark.parametrize("value", [bytes(64), b"\xff" * 64, b"\0" * 31 + b"\1" + b"\0" * 31 + b"\1"])
def test_ecdsa_value_of_zeros_and_ones(people: People, value: bytes) -> None:
    assert refused(people, f.forge(people.doctor, value=lambda _: value)) == "signature-invalid"


def test_rsa_2048_after_its_last_day(people: People) -> None:
    young = issue(people.authority, "Late", key="rsa2048", at=AT, days=1500)
    raw = f.forge(young)
    assert verify_xml(raw, trust=people.trust, at=datetime(2028, 12, 31, 23, 59, 59, tzinfo=UTC)).signatures
    assert refused(people, raw, at=datetime(2029, 1, 1, tzinfo=UTC)) == "algorithm-not-allowed"


# Transforms and references

XSLT = f.transform(
    "http://www.w3.org/TR/1999/REC-xslt-19991116",
    '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0">'
    '<xsl:template match="/">constant</xsl:template></xsl:stylesheet>',
)
HIDING_XPATH = f.transform(f.XPATH, "<ds:XPath>not(ancestor-or-self::f:Decision)</ds:XPath>")
HIDING_FILTER = f.transform(
    f.FILTER2, f'<x:XPath xmlns:x="{f.FILTER2}" Filter="subtract">/descendant::f:Decision</x:XPath>'
)
INTERSECT = f.SUBTRACT.replace("subtract", "intersect")
OTHER_NAMESPACE = f.SUBTRACT.replace(f'xmlns:ds="{f.DS}"', "xmlns:ds='urn:other'")
INCLUSIVE_PREFIXES = f.transform(f.EXC, f'<ec:InclusiveNamespaces xmlns:ec="{f.EXC}" PrefixList="f"/>')
FORBIDDEN = {
    "xslt": [XSLT],
    "xslt-then-c14n": [XSLT, EXC],
    "xpath-that-hides": [HIDING_XPATH, EXC],
    "filter-that-hides": [HIDING_FILTER, EXC],
    "filter-intersect": [INTERSECT, EXC],
    "filter-over-another-namespace": [OTHER_NAMESPACE, EXC],
    "two-filters": [f.SUBTRACT, HIDING_FILTER, EXC],
    "base64": [f.transform(f.DS + "base64")],
    "decrypt": [f.transform("http://www.w3.org/2002/07/decrypt#XML"), EXC],
    "unknown": [f.transform("urn:bogus"), EXC],
    "unknown-after": [EXC, f.transform("urn:bogus")],
    "no-canonicalisation": [f.transform(f.ENVELOPED)],
    "inclusive-c14n": [f.transform(f.INCLUSIVE)],
    "with-comments": [f.transform(f.EXC + "WithComments")],
    "inclusive-prefixes": [INCLUSIVE_PREFIXES],
    "twice": [EXC, EXC],
    "other-order": [EXC, f.transform(f.ENVELOPED)],
    "none": [],
}


@pytest.mark.parametrize("uri", ["", "#content"])
@pytest.mark.parametrize("name", FORBIDDEN)
def test_forbidden_transforms_of_the_data(people: People, name: str, uri: str) -> None:
    def edit(signature: f.Element) -> None:
        reference = f.every(signature, ".//ds:Reference")[0]
        reference.set("URI", uri)
        f.replace_transforms(reference, *FORBIDDEN[name])

    assert refused(people, f.forge(people.doctor, edit=edit)) == "transform-not-allowed"


@pytest.mark.parametrize("name", FORBIDDEN)
def test_forbidden_transforms_of_the_signed_properties(people: People, name: str) -> None:
    def edit(signature: f.Element) -> None:
        f.replace_transforms(f.every(signature, ".//ds:Reference")[1], *FORBIDDEN[name])

    assert refused(people, f.forge(people.doctor, edit=edit)) == "transform-not-allowed"


def test_transforms_left_out(people: People) -> None:
    def edit(signature: f.Element) -> None:
        f.remove(f.every(signature, ".//ds:Transforms")[0])

    assert refused(people, f.forge(people.doctor, edit=edit)) == "transform-not-allowed"


@pytest.mark.parametrize("uri", [f.INCLUSIVE, f.EXC + "WithComments", "urn:bogus"])
def test_signed_info_canonicalised_otherwise(people: People, uri: str) -> None:
    def edit(signature: f.Element) -> None:
        f.one(signature, ".//ds:CanonicalizationMethod").set("Algorithm", uri)

    assert refused(people, f.forge(people.doctor, edit=edit)) == "transform-not-allowed"


def test_only_the_header_signed(people: People) -> None:
    document = altered(DOCUMENT, b"<f:Header>", b'<f:Header Id="header">')

    def edit(signature: f.Element) -> None:
        f.every(signature, ".//ds:Reference")[0].set("URI", "#header")

    assert refused(people, f.forge(people.doctor, document=document, edit=edit)) == "reference-not-allowed"


def test_header_signed_under_the_name_of_the_content(people: People) -> None:
    document = DOCUMENT.replace(b' Id="content"', b"").replace(b"<f:Header>", b'<f:Header Id="content">')
    assert refused(people, f.forge(people.doctor, document=document)) == "reference-not-allowed"


def test_content_signed_under_a_name_it_does_not_have(people: People) -> None:
    """Other tools would resolve the reference to nothing, or to something else."""
    content = f.canonical(etree.fromstring(DOCUMENT.replace(b' Id="content"', b""))[0])
    for name in (b"", b' ID="content"', b' Id="content "'):
        document = DOCUMENT.replace(b' Id="content"', name)
        covered = f.canonical(etree.fromstring(document)[0]) if name else content
        raw = f.forge(people.doctor, document=document, covered={"#content": covered})
        assert refused(people, raw) == "reference-not-allowed"


@pytest.mark.parametrize(
    "uri",
    [
        "file:///etc/hostname",
        "/etc/hostname",
        "http://127.0.0.1:9/",
        "form.xml",
        "#xpointer(/)",
        "#xpointer(id('content'))",
        "#",
        "#content ",
        "#forged",
    ],
)
def test_reference_to_something_else(people: People, uri: str) -> None:
    def edit(signature: f.Element) -> None:
        f.every(signature, ".//ds:Reference")[0].set("URI", uri)

    raw = f.forge(people.doctor, edit=edit, covered={uri: b"whatever it holds"})
    assert refused(people, raw) == "reference-not-allowed"


def test_reference_without_uri(people: People) -> None:
    def edit(signature: f.Element) -> None:
        del f.every(signature, ".//ds:Reference")[0].attrib["URI"]

    assert refused(people, f.forge(people.doctor, edit=edit)) == "reference-not-allowed"


def test_no_data_reference_at_all(people: People) -> None:
    def edit(signature: f.Element) -> None:
        f.remove(f.every(signature, ".//ds:Reference")[0])

    assert refused(people, f.forge(people.doctor, edit=edit)) == "reference-not-allowed"


def test_two_data_references(people: People) -> None:
    def edit(signature: f.Element) -> None:
        first = f.every(signature, ".//ds:Reference")[0]
        second = etree.fromstring(etree.tostring(first))
        del second.attrib["Id"]
        first.addnext(second)

    assert refused(people, f.forge(people.doctor, edit=edit)) == "reference-not-allowed"


def test_manifest(people: People) -> None:
    def edit(signature: f.Element) -> None:
        reference = f.every(signature, ".//ds:Reference")[0]
        reference.set("Type", f.DS + "Manifest")

    assert refused(people, f.forge(people.doctor, edit=edit)) == "reference-not-allowed"


def test_no_reference_to_the_signed_properties(people: People) -> None:
    def edit(signature: f.Element) -> None:
        f.remove(f.every(signature, ".//ds:Reference")[1])

    assert refused(people, f.forge(people.doctor, edit=edit)) == "reference-not-allowed"


# The signed properties


def test_forged_signed_properties_in_place_and_the_signed_ones_elsewhere(people: People, signed: bytes) -> None:
    root, _, signature = parts(signed)
    genuine = f.one(signature, ".//xades:SignedProperties")
    forged = etree.fromstring(etree.tostring(genuine))
    forged.set("Id", "forged")
    f.set_text(forged, ".//xades:SigningTime", b"2020-01-01T00:00:00Z")
    parent = genuine.getparent()
    assert parent is not None
    parent.replace(genuine, forged)
    elsewhere = etree.SubElement(signature, f"{{{f.DS}}}Object")
    elsewhere.append(genuine)
    assert refused(people, etree.tostring(root)) == "signed-properties-misplaced"


def test_signed_properties_moved_into_the_unsigned_ones(people: People, signed: bytes) -> None:
    root, _, signature = parts(signed)
    genuine = f.one(signature, ".//xades:SignedProperties")
    forged = etree.fromstring(etree.tostring(genuine))
    forged.set("Id", "forged")
    qualifying = f.one(signature, ".//xades:QualifyingProperties")
    qualifying.replace(genuine, forged)
    etree.SubElement(qualifying, f"{{{f.XADES}}}UnsignedProperties").append(genuine)
    assert refused(people, etree.tostring(root)) == "signed-properties-misplaced"


def test_signed_properties_of_another_signature(people: People) -> None:
    both = sign_xml(sign_xml(DOCUMENT, identity=people.doctor, at=AT), identity=people.signers["p384"], at=AT)
    root = etree.fromstring(both)
    first, second = f.every(root, ".//ds:Object")
    first.append(second[0])
    second.append(first[0])
    assert refused(people, etree.tostring(root)) == "signed-properties-misplaced"


def test_changed_signing_time(people: People, signed: bytes) -> None:
    raw = altered(signed, b"2026-03-05T09:00:00Z", b"2026-03-04T09:00:00Z")
    assert refused(people, raw) == "digest-mismatch"


@pytest.mark.parametrize(
    "time", [b"", b"yesterday", b"2026-03-05T09:00:00", b"2026-02-30T09:00:00Z", b"20260305T090000Z"]
)
def test_signing_time_that_is_none(people: People, time: bytes) -> None:
    raw = f.forge(people.doctor, edit=lambda signature: f.set_text(signature, ".//xades:SigningTime", time))
    assert refused(people, raw) == "signature-malformed"


def test_signing_time_left_out(people: People) -> None:
    raw = f.forge(people.doctor, edit=lambda signature: f.remove(f.one(signature, ".//xades:SigningTime")))
    assert refused(people, raw) == "signature-malformed"


def test_signature_policy(people: People) -> None:
    def edit(signature: f.Element) -> None:
        f.one(signature, ".//xades:SignedSignatureProperties").append(
            f.fragment(
                "<xades:SignaturePolicyIdentifier><xades:SignaturePolicyImplied/></xades:SignaturePolicyIdentifier>"
            )
        )

    assert refused(people, f.forge(people.doctor, edit=edit)) == "policy-not-supported"


def test_data_object_format_of_something_else(people: People) -> None:
    def edit(signature: f.Element) -> None:
        f.one(signature, ".//xades:SignedProperties").append(
            f.fragment(
                "<xades:SignedDataObjectProperties><xades:DataObjectFormat ObjectReference='#other'>"
                "<xades:MimeType>text/xml</xades:MimeType></xades:DataObjectFormat></xades:SignedDataObjectProperties>"
            )
        )

    assert refused(people, f.forge(people.doctor, edit=edit)) == "signature-malformed"


def test_target_of_another_signature(people: People) -> None:
    def edit(signature: f.Element) -> None:
        f.one(signature, ".//xades:QualifyingProperties").set("Target", "#other")

    assert refused(people, f.forge(people.doctor, edit=edit)) == "signed-properties-misplaced"


def test_extra_unsigned_object_with_a_second_form(people: People, signed: bytes) -> None:
    root, _, signature = parts(signed)
    etree.SubElement(signature, f"{{{f.DS}}}Object").append(f.fragment(EVIL))
    assert refused(people, etree.tostring(root)) == "signed-properties-misplaced"


@pytest.mark.parametrize("path", ["./ds:KeyInfo", ".//ds:X509Data"])
def test_second_form_in_an_unsigned_spot_of_the_signature(people: People, signed: bytes, path: str) -> None:
    root, _, signature = parts(signed)
    f.one(signature, path).append(f.fragment(EVIL))
    assert refused(people, etree.tostring(root)) == "signature-malformed"


def test_second_form_in_the_unsigned_properties(people: People, signed: bytes) -> None:
    root, _, signature = parts(signed)
    unsigned = etree.SubElement(f.one(signature, ".//xades:QualifyingProperties"), f"{{{f.XADES}}}UnsignedProperties")
    assert verify_xml(etree.tostring(root), trust=people.trust, at=AT).signatures
    unsigned.append(f.fragment(EVIL))
    assert refused(people, etree.tostring(root)) == "signature-malformed"


# The parser


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE a [<!ENTITY x "y">]>',
        '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY x "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE a [<!ATTLIST f:Decision Id CDATA "content">]>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">',
    ],
    ids=["xxe", "internal-entity", "billion-laughs", "default-attribute", "external-dtd"],
)
def test_document_type_declaration(people: People, signed: bytes, declared: str) -> None:
    raw = altered(signed, b"<f:ExampleForm", declared.encode() + b"<f:ExampleForm")
    assert refused(people, raw) == "unreadable"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0",
        b"<a",
        b"<a/><b/>",
        "<a/>".encode("utf-16"),
        '<?xml version="1.0" encoding="utf-16"?><a/>'.encode("utf-16"),
        b'<?xml version="1.0" encoding="ISO-8859-1"?><a/>',
        b'<?xml version="1.1"?><a/>',
        b"<a>\xff</a>",
        b"<a>&undefined;</a>",
        b"<a xmlns:x='urn:x' x:b='1' y:b='1' xmlns:y='urn:x'/>",
        b"<a>" * 300 + b"</a>" * 300,
    ],
)
def test_bytes_that_are_no_document(people: People, raw: bytes) -> None:
    assert refused(people, raw) == "unreadable"


def test_namespace_without_canonical_form(people: People) -> None:
    raw = f.forge(people.doctor).replace(NS.encode(), b"relative/name")
    assert refused(people, raw) == "unreadable"


def test_floods(people: People) -> None:
    attributes = " ".join(f'a{number}="1"' for number in range(257))
    namespaces = " ".join(f'xmlns:a{number}="urn:{number}"' for number in range(4097))
    assert refused(people, f"<a {attributes}/>".encode()) == "limit-exceeded"
    assert refused(people, f"<a {namespaces}/>".encode()) == "limit-exceeded"
    assert refused(people, b"<a>" + b" " * 1024 * 1024 + b"</a>") == "limit-exceeded"
