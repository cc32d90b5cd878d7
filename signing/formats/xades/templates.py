"""A signature as this package writes it: text with gaps, each part its own exclusive canonical form.

The builder fills the gaps. The verifier holds the canonical form of a signature against the same text, and when they
agree it has read everything that the signature says, without walking through its elements.
Source: ETSI EN 319 132-1, 6.3 (level B-B).
"""

import re
from typing import Final

from signing.formats.xades.profile import CONTENT_ID, DS, EXCLUSIVE_C14N, SIGNED_PROPERTIES_TYPE, XADES

ID: Final = "signature-"  # how the Id of a signature begins
_SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
_DS, _XADES = f' xmlns:ds="{DS}"', f' xmlns:xades="{XADES}"'
_METHOD: Final = f'<ds:DigestMethod Algorithm="{_SHA256}"></ds:DigestMethod>'
_CANONICAL: Final = f'<ds:Transforms><ds:Transform Algorithm="{EXCLUSIVE_C14N}"></ds:Transform></ds:Transforms>'


def _signed_info(ds: str) -> str:
    return (
        f"<ds:SignedInfo{ds}>"
        f'<ds:CanonicalizationMethod Algorithm="{EXCLUSIVE_C14N}"></ds:CanonicalizationMethod>'
        '<ds:SignatureMethod Algorithm="%(algorithm)s"></ds:SignatureMethod>'
        f'<ds:Reference Id="reference-%(mark)s" URI="#{CONTENT_ID}">'
        f"{_CANONICAL}{_METHOD}<ds:DigestValue>%(content)s</ds:DigestValue>"
        "</ds:Reference>"
        f'<ds:Reference Type="{SIGNED_PROPERTIES_TYPE}" URI="#properties-%(mark)s">'
        f"{_CANONICAL}{_METHOD}<ds:DigestValue>%(properties)s</ds:DigestValue>"
        "</ds:Reference>"
        "</ds:SignedInfo>"
    )


def _signed_properties(ds: str, xades: str) -> str:
    return (
        f'<xades:SignedProperties{xades} Id="properties-%(mark)s">'
        "<xades:SignedSignatureProperties>"
        "<xades:SigningTime>%(time)s</xades:SigningTime>"
        "<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>"
        f'<ds:DigestMethod{ds} Algorithm="{_SHA256}"></ds:DigestMethod>'
        f"<ds:DigestValue{ds}>%(certificate)s</ds:DigestValue>"
        "</xades:CertDigest></xades:Cert></xades:SigningCertificateV2>"
        "</xades:SignedSignatureProperties>"
        "<xades:SignedDataObjectProperties>"
        '<xades:DataObjectFormat ObjectReference="#reference-%(mark)s">'
        "<xades:MimeType>text/xml</xades:MimeType>"
        "</xades:DataObjectFormat>"
        "</xades:SignedDataObjectProperties>"
        "</xades:SignedProperties>"
    )


def _signature(signed_info: str, signed_properties: str) -> str:
    return (
        f'<ds:Signature{_DS} Id="{ID}%(mark)s">'
        f"{signed_info}<ds:SignatureValue>%(value)s</ds:SignatureValue>"
        "<ds:KeyInfo><ds:X509Data>%(certificates)s</ds:X509Data></ds:KeyInfo>"
        f'<ds:Object><xades:QualifyingProperties{_XADES} Target="#{ID}%(mark)s">'
        f"{signed_properties}</xades:QualifyingProperties></ds:Object></ds:Signature>"
    )


CERTIFICATE: Final = "<ds:X509Certificate>%s</ds:X509Certificate>"
SIGNED_INFO: Final = _signed_info(_DS)
SIGNED_PROPERTIES: Final = _signed_properties(_DS, _XADES)
SIGNATURE: Final = _signature("%(signed_info)s", "%(signed_properties)s")

_BASE64: Final = "[A-Za-z0-9+/]+={0,2}"
_GAPS: Final = {
    "mark": "[0-9a-f]{16}",
    "algorithm": '[^"&<>]+',
    "content": _BASE64,
    "properties": _BASE64,
    "value": _BASE64,
    "certificates": f"(?:{CERTIFICATE % _BASE64})+",
    "time": r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z",
    "certificate": _BASE64,
}


def _pattern() -> re.Pattern[str]:
    """The whole signature in canonical form: a prefix that is bound outside is not bound again inside."""
    text = re.escape(_signature(_signed_info(""), _signed_properties("", "")))
    for name, gap in _GAPS.items():
        first, *again = text.split(re.escape(f"%({name})s"))
        text = f"(?P={name})".join([f"{first}(?P<{name}>{gap}){again[0]}", *again[1:]])
    return re.compile(text, re.ASCII)


WRITTEN: Final = _pattern()
"""Matches the canonical form of a signature that was written by these templates and holds nothing else."""
WRITTEN_CERTIFICATE: Final = re.compile(CERTIFICATE % f"({_BASE64})")
