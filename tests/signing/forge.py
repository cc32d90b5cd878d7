"""Makes signatures of any kind, also forbidden ones: an attacker with a key, written apart from signing/.

`forge` builds a whole XAdES signature, lets the caller change any part of it, and only then computes digests and
value, so that everything is cryptographically right and only the rule under test can refuse it.
"""

import base64
import copy
import hashlib
from collections.abc import Callable, Mapping

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from signing import Identity
from tests.signing.pki import DOCUMENT, NS

DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
ENVELOPED = DS + "enveloped-signature"
FILTER2 = "http://www.w3.org/2002/06/xmldsig-filter2"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
NAMES = {"ds": DS, "xades": XADES, "f": NS, "c": "urn:sealpost:common:1"}

Element = etree._Element
Place = Callable[[Element, Element], None]

_DIGESTS = {
    SHA256: "sha256",
    MORE + "sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
    DS + "sha1": "sha1",
}

SKELETON = f"""<ds:Signature xmlns:ds="{DS}" Id="forged"><ds:SignedInfo>
<ds:CanonicalizationMethod Algorithm="{EXC}"/><ds:SignatureMethod Algorithm="{MORE}ecdsa-sha256"/>
<ds:Reference Id="reference" URI="#content"><ds:Transforms><ds:Transform Algorithm="{EXC}"/></ds:Transforms>
<ds:DigestMethod Algorithm="{SHA256}"/><ds:DigestValue/></ds:Reference>
<ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" URI="#properties">
<ds:Transforms><ds:Transform Algorithm="{EXC}"/></ds:Transforms>
<ds:DigestMethod Algorithm="{SHA256}"/><ds:DigestValue/></ds:Reference>
</ds:SignedInfo><ds:SignatureValue/>
<ds:KeyInfo><ds:X509Data><ds:X509Certificate/></ds:X509Data></ds:KeyInfo>
<ds:Object><xades:QualifyingProperties xmlns:xades="{XADES}" Target="#forged">
<xades:SignedProperties Id="properties"><xades:SignedSignatureProperties>
<xades:SigningTime>2026-03-05T09:00:00Z</xades:SigningTime>
<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>
<ds:DigestMethod Algorithm="{SHA256}"/><ds:DigestValue/>
</xades:CertDigest></xades:Cert></xades:SigningCertificateV2>
</xades:SignedSignatureProperties></xades:SignedProperties>
</xades:QualifyingProperties></ds:Object></ds:Signature>"""


def forge(
    identity: Identity,
    *,
    document: bytes = DOCUMENT,
    place: Place | None = None,
    edit: Callable[[Element], None] = lambda _: None,
    covered: Mapping[str, bytes] | None = None,
    value: Callable[[bytes], bytes] | None = None,
    after: Callable[[Element], None] = lambda _: None,
) -> bytes:
    """A document with a forged signature.

    place: puts the signature (second) into the tree of the root (first); default: into `Signatures`.
    edit: changes the signature before anything is digested.
    covered: URI of a reference -> the bytes to digest for it, instead of what it names.
    value: canonical SignedInfo -> signature value, instead of signing with the identity's key.
    after: changes the root once all is signed.
    """
    root = etree.fromstring(document)
    signature = etree.fromstring(SKELETON)
    certificate = identity.certificate.public_bytes(Encoding.DER)
    set_text(signature, ".//ds:X509Certificate", base64.b64encode(certificate))
    set_text(signature, ".//xades:CertDigest/ds:DigestValue", base64.b64encode(hashlib.sha256(certificate).digest()))
    if isinstance(identity.key, rsa.RSAPrivateKey):
        one(signature, ".//ds:SignatureMethod").set("Algorithm", MORE + "rsa-sha256")
    elif identity.key.curve.key_size == 384:
        one(signature, ".//ds:SignatureMethod").set("Algorithm", MORE + "ecdsa-sha384")
    (place or into_signatures)(root, signature)
    edit(signature)
    for reference in every(signature, "./ds:SignedInfo/ds:Reference"):
        uri = reference.get("URI") or ""
        data = (covered or {}).get(uri)
        if data is None:
            data = what_it_names(root, uri)
        name = _DIGESTS[one(reference, "./ds:DigestMethod").get("Algorithm") or ""]
        set_text(reference, "./ds:DigestValue", base64.b64encode(hashlib.new(name, data).digest()))
    signed_info = canonical(one(signature, "./ds:SignedInfo"))
    method = one(signature, "./ds:SignedInfo/ds:SignatureMethod").get("Algorithm") or ""
    raw_value = value(signed_info) if value else sign_raw(identity, signed_info, method)
    set_text(signature, "./ds:SignatureValue", base64.b64encode(raw_value))
    after(root)
    return etree.tostring(root)


def into_signatures(root: Element, signature: Element) -> None:
    """Where a signature belongs."""
    container = root.find(f"{{{NS}}}Signatures")
    if container is None:
        container = etree.SubElement(root, f"{{{NS}}}Signatures")
    container.append(signature)


def as_last_child(root: Element, signature: Element) -> None:
    """Where common tools put an enveloped signature."""
    root.append(signature)


def covering_document(*transforms: str) -> Callable[[Element], None]:
    """An edit: the data reference becomes `URI=""` with these transforms, given as XML."""

    def edit(signature: Element) -> None:
        reference = one(signature, './ds:SignedInfo/ds:Reference[@Id="reference"]')
        reference.set("URI", "")
        replace_transforms(reference, *transforms)

    return edit


def replace_transforms(reference: Element, *transforms: str) -> None:
    """Give a reference other transforms, given as XML (prefix ds is bound)."""
    parent = one(reference, "./ds:Transforms")
    for transform in list(parent):
        parent.remove(transform)
    for text in transforms:
        parent.append(fragment(text))


def transform(uri: str, inner: str = "") -> str:
    """A Transform element as XML."""
    return f'<ds:Transform Algorithm="{uri}">{inner}</ds:Transform>'


SUBTRACT = transform(
    FILTER2, f'<x:XPath xmlns:x="{FILTER2}" xmlns:ds="{DS}" Filter="subtract">/descendant::ds:Signature</x:XPath>'
)
NOT_INSIDE = transform(XPATH, f'<ds:XPath xmlns:ds="{DS}">not(ancestor-or-self::ds:Signature)</ds:XPath>')


def what_it_names(root: Element, uri: str) -> bytes:
    """Canonical bytes of a same-document reference; `""` is the document without any signature."""
    if uri == "":
        tree = copy.deepcopy(root)
        for found in every(tree, ".//ds:Signature"):
            remove(found)
        return canonical(tree)
    found = root.xpath("//*[@Id=$id]", id=uri.removeprefix("#"))
    return canonical(found[0]) if isinstance(found, list) and found else b""


def sign_raw(identity: Identity, data: bytes, method: str) -> bytes:
    """A signature value by the rules of XML signatures, for whatever method the URI names."""
    digest = {"1": hashes.SHA1(), "256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}[
        method.split("#")[1].removesuffix("-rsa-MGF1").split("sha")[1]
    ]
    if isinstance(identity.key, rsa.RSAPrivateKey):
        if method.endswith("MGF1"):
            return identity.key.sign(data, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
        return identity.key.sign(data, padding.PKCS1v15(), digest)
    r, s = decode_dss_signature(identity.key.sign(data, ec.ECDSA(digest)))
    width = (identity.key.curve.key_size + 7) // 8
    return r.to_bytes(width, "big") + s.to_bytes(width, "big")


def canonical(element: Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)


def fragment(text: str) -> Element:
    """An element from XML in which the usual prefixes are bound."""
    declarations = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in NAMES.items())
    return etree.fromstring(f"<wrap {declarations}>{text}</wrap>")[0]


def every(element: Element, path: str) -> list[Element]:
    return element.findall(path, NAMES)


def one(element: Element, path: str) -> Element:
    (found,) = every(element, path)
    return found


def set_text(element: Element, path: str, text: bytes) -> None:
    one(element, path).text = text.decode("ascii")


def remove(element: Element) -> None:
    """Take an element out and leave the text after it."""
    parent, previous = element.getparent(), element.getprevious()
    assert parent is not None
    if previous is not None:
        previous.tail = (previous.tail or "") + (element.tail or "")
    else:
        parent.text = (parent.text or "") + (element.tail or "")
    parent.remove(element)
