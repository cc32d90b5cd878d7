"""The names of the XAdES profile: namespaces, URIs, the lists of transforms that exist here, and the limits.

What is not in this file is refused by the verifier and never written by the builder.
Source: ETSI EN 319 132-1 (baseline B-B to B-LTA), W3C XML Signature 1.1, Exclusive C14N 1.0, XPath Filter 2.0.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

DS: Final = "http://www.w3.org/2000/09/xmldsig#"
XADES: Final = "http://uri.etsi.org/01903/v1.3.2#"
XADES_141: Final = "http://uri.etsi.org/01903/v1.4.1#"
FILTER2: Final = "http://www.w3.org/2002/06/xmldsig-filter2"

EXCLUSIVE_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED: Final = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
XPATH_FILTER2: Final = FILTER2
XPATH: Final = "http://www.w3.org/TR/1999/REC-xpath-19991116"
SIGNED_PROPERTIES_TYPE: Final = "http://uri.etsi.org/01903#SignedProperties"

CONTENT: Final = "Content"
SIGNATURES: Final = "Signatures"
CONTENT_ID: Final = "content"

MAX_SIGNATURES: Final = 16
MAX_CERTIFICATES: Final = 5  # in one KeyInfo: path building tries their permutations
MAX_UNSIGNED_PROPERTIES: Final = 64  # of one signature: a renewal every three years adds two
MAX_VALIDATION_VALUES: Final = 256  # certificates, OCSP answers and lists in the unsigned properties of one signature


class Transform(Enum):
    """One transform, with its parameters: a step that exists as fixed code."""

    EXCLUSIVE_C14N = "exclusive C14N without comments"
    ENVELOPED = "the enveloped-signature transform"
    WITHOUT_SIGNATURES = "XPath Filter 2: subtract /descendant::ds:Signature"
    NOT_IN_SIGNATURE = "XPath: not(ancestor-or-self::ds:Signature)"


class Coverage(Enum):
    """What a data reference covers."""

    CONTENT = "the Content element"
    DOCUMENT_WITHOUT_THIS_SIGNATURE = "the document without this signature"
    DOCUMENT_WITHOUT_SIGNATURES = "the document without any signature"


DATA_REFERENCES: Final[Mapping[tuple[str, tuple[Transform, ...]], Coverage]] = MappingProxyType(
    {
        (f"#{CONTENT_ID}", (Transform.EXCLUSIVE_C14N,)): Coverage.CONTENT,
        ("", (Transform.ENVELOPED, Transform.EXCLUSIVE_C14N)): Coverage.DOCUMENT_WITHOUT_THIS_SIGNATURE,
        ("", (Transform.WITHOUT_SIGNATURES, Transform.EXCLUSIVE_C14N)): Coverage.DOCUMENT_WITHOUT_SIGNATURES,
        ("", (Transform.NOT_IN_SIGNATURE, Transform.EXCLUSIVE_C14N)): Coverage.DOCUMENT_WITHOUT_SIGNATURES,
    }
)
"""URI of the data reference, and its whole list of transforms, in order -> what it covers."""
