"""A signature as this package writes it: text with gaps, each part its own exclusive canonical form.

The builder fills the gaps. The verifier holds the text of a signature, as it stands in the document, against the same
text. Where they agree it has read everything that the signature says, without walking through its elements, and the
text of a part is what its digest covers, without canonicalising it.
Source: ETSI EN 319 132-1, 6.3 (level B-B).
"""

import re
from typing import Final

from signing.algorithms import SHA256_URI
from signing.formats.xades.profile import CONTENT_ID, DS, EXCLUSIVE_C14N, SIGNED_PROPERTIES_TYPE, XADES

ID: Final = "signature-"  # how the Id of a signature begins
_DS, _XADES = f' xmlns:ds="{DS}"', f' xmlns:xades="{XADES}"'
_METHOD: Final = f'<ds:DigestMethod Algorithm="{SHA256_URI}"></ds:DigestMethod>'
_CANONICAL: Final = f'<ds:Transforms><ds:Transform Algorithm="{EXCLUSIVE_C14N}"></ds:Transform></ds:Transforms>'


CERTIFICATE: Final = b"<ds:X509Certificate>%s</ds:X509Certificate>"
SIGNED_INFO: Final = (
    f"<ds:SignedInfo{_DS}>"
    f'<ds:CanonicalizationMethod Algorithm="{EXCLUSIVE_C14N}"></ds:CanonicalizationMethod>'
    '<ds:SignatureMethod Algorithm="%(algorithm)s"></ds:SignatureMethod>'
    f'<ds:Reference Id="reference-%(mark)s" URI="#{CONTENT_ID}">'
    f"{_CANONICAL}{_METHOD}<ds:DigestValue>%(content)s</ds:DigestValue>"
    "</ds:Reference>"
    f'<ds:Reference Type="{SIGNED_PROPERTIES_TYPE}" URI="#properties-%(mark)s">'
    f"{_CANONICAL}{_METHOD}<ds:DigestValue>%(properties)s</ds:DigestValue>"
    "</ds:Reference>"
    "</ds:SignedInfo>"
).encode("ascii")
SIGNED_PROPERTIES: Final = (
    f'<xades:SignedProperties{_XADES} Id="properties-%(mark)s">'
    "<xades:SignedSignatureProperties>"
    "<xades:SigningTime>%(time)s</xades:SigningTime>"
    "<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>"
    f'<ds:DigestMethod{_DS} Algorithm="{SHA256_URI}"></ds:DigestMethod>'
    f"<ds:DigestValue{_DS}>%(certificate)s</ds:DigestValue>"
    "</xades:CertDigest></xades:Cert></xades:SigningCertificateV2>"
    "</xades:SignedSignatureProperties>"
    "<xades:SignedDataObjectProperties>"
    '<xades:DataObjectFormat ObjectReference="#reference-%(mark)s">'
    "<xades:MimeType>text/xml</xades:MimeType>"
    "</xades:DataObjectFormat>"
    "</xades:SignedDataObjectProperties>"
    "</xades:SignedProperties>"
).encode("ascii")
_BEGIN: Final = f'<ds:Signature{_DS} Id="%s">'
SIGNATURE: Final = (
    f"{_BEGIN % f'{ID}%(mark)s'}"
    "%(signed_info)s<ds:SignatureValue>%(value)s</ds:SignatureValue>"
    "<ds:KeyInfo><ds:X509Data>%(certificates)s</ds:X509Data></ds:KeyInfo>"
    f'<ds:Object><xades:QualifyingProperties{_XADES} Target="#{ID}%(mark)s">'
    "%(signed_properties)s</xades:QualifyingProperties></ds:Object></ds:Signature>"
).encode("ascii")

_BASE64: Final = b"[A-Za-z0-9+/]+={0,2}"
_GAPS: Final = {
    b"mark": b"[0-9a-f]{16}",
    b"algorithm": b'[^"&<>]+',
    b"content": _BASE64,
    b"properties": _BASE64,
    b"value": _BASE64,
    b"certificates": b"(?:%s)+" % (CERTIFICATE % _BASE64),
    b"time": rb"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z",
    b"certificate": _BASE64,
}


def _pattern() -> re.Pattern[bytes]:
    text = re.escape(SIGNATURE)
    for name, part in ((b"signed_info", SIGNED_INFO), (b"signed_properties", SIGNED_PROPERTIES)):
        text = text.replace(re.escape(b"%%(%s)s" % name), b"(?P<%s>%s)" % (name, re.escape(part)))
    for name, gap in _GAPS.items():
        first, *again = text.split(re.escape(b"%%(%s)s" % name))
        text = (b"(?P=%s)" % name).join([b"%s(?P<%s>%s)%s" % (first, name, gap, again[0]), *again[1:]])
    return re.compile(text)


_WRITTEN: Final = _pattern()
WRITTEN_CERTIFICATE: Final = re.compile(CERTIFICATE % (b"(%s)" % _BASE64))


def find_written(raw: bytes, identifier: str) -> re.Match[bytes] | None:
    """The text of the signature with this identifier, if these templates wrote it and it holds nothing else.

    raw: a well-formed document in which identifiers occur once.
    """
    if not identifier.startswith(ID) or (b"!" in raw and b"<!" in raw):
        return None
    # Without CDATA and comments each `<` begins a tag, so this text is the start tag of the one element so named.
    start = raw.rfind((_BEGIN % identifier).encode("utf-8"))
    return _WRITTEN.match(raw, start) if start >= 0 else None
