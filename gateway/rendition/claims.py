"""What the signatures of a form say of themselves, for a print that shows them. Nothing is verified here."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import load_der_x509_certificate
from lxml import etree

from gateway.forms.kinds import SIGNATURES
from signing import subject_of

_DS = "{http://www.w3.org/2000/09/xmldsig#}"
_XADES = "{http://uri.etsi.org/01903/v1.3.2#}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """Whom a signature names and when it says it was made, as it is written; None where that cannot be read."""

    name: str | None
    at: str | None


def claims_of(root: etree._Element) -> Iterator[Claim]:
    """One claim for each signature of a form."""
    holder = next((child for child in root if etree.QName(child).localname == SIGNATURES), None)
    for signature in () if holder is None else holder.iterchildren(f"{_DS}Signature"):
        yield Claim(
            name=_name(signature.findtext(f"{_DS}KeyInfo/{_DS}X509Data/{_DS}X509Certificate")),
            at=next((str(node.text).strip() for node in signature.iter(f"{_XADES}SigningTime") if node.text), None),
        )


def _name(certificate: str | None) -> str | None:
    try:
        return subject_of(load_der_x509_certificate(b64decode(certificate or ""))).common_name
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return None
