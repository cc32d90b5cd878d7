"""Makes XAdES baseline B-B signatures over the `Content` of a document.

SignedInfo and SignedProperties are written as text that is its own canonical form, so that only the content has to be
canonicalised. The signature is put into the serialised document as text: moving it there as a tree would let lxml
rename prefixes that are already signed.
"""

import base64
import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from signing.algorithms import algorithm_for, sign_bytes
from signing.errors import NotSignable, VerificationFailed
from signing.formats.xades.document import SignedDocument, canonical, read_document
from signing.formats.xades.profile import (
    CONTENT_ID,
    DS,
    EXCLUSIVE_C14N,
    MAX_CERTIFICATES,
    MAX_SIGNATURES,
    SIGNATURES,
    SIGNED_PROPERTIES_TYPE,
    XADES,
)
from signing.model import Identity

_SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
_DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>\n'


def sign_xml(raw: bytes, *, identity: Identity, at: datetime) -> bytes:
    """Sign the `Content` of a document with XAdES baseline B-B and append the signature to `Signatures`.

    raw: a document of the shape that document.py draws, signed already or not; `Signatures` is added when it is absent.
    at: claimed signing time, not proof of time; aware, written in whole seconds.
    Returns the document in UTF-8, without comments around it; the content has the same canonical form as in `raw`.
    Raises NotSignable; KeyUnavailable if the algorithm policy does not let the key sign.
    Source: ETSI EN 319 132-1, 6.3 (level B-B).
    """
    if at.tzinfo is None:
        raise ValueError("`at` must be aware")
    algorithm = algorithm_for(identity.key)
    document = _read(raw)
    if len(identity.chain) >= MAX_CERTIFICATES:
        raise NotSignable("limit-exceeded", f"more than {MAX_CERTIFICATES} certificates in the chain")
    mark = secrets.token_hex(8)
    certificates = [certificate.public_bytes(Encoding.DER) for certificate in (identity.certificate, *identity.chain)]

    properties = _signed_properties(mark, certificates[0], at)
    signed_info = _signed_info(mark, algorithm.uri, canonical(document.content), properties)
    value = sign_bytes(signed_info, key=identity.key, algorithm=algorithm)
    signature = _signature(mark, signed_info, value, certificates, properties)

    return _insert(document, signature)


def _read(raw: bytes) -> SignedDocument:
    try:
        document = read_document(raw, comments_around=True)
    except VerificationFailed as exc:
        raise NotSignable(exc.code, exc.detail) from exc
    if document.content.get("Id") != CONTENT_ID:
        raise NotSignable("reference-not-allowed", f'the content has no Id="{CONTENT_ID}"')
    if len(document.signatures) == MAX_SIGNATURES:
        raise NotSignable("limit-exceeded", f"more than {MAX_SIGNATURES} signatures")
    return document


def _signed_properties(mark: str, certificate: bytes, at: datetime) -> bytes:
    time = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return (
        f'<xades:SignedProperties xmlns:xades="{XADES}" Id="properties-{mark}">'
        "<xades:SignedSignatureProperties>"
        f"<xades:SigningTime>{time}</xades:SigningTime>"
        "<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>"
        f'<ds:DigestMethod xmlns:ds="{DS}" Algorithm="{_SHA256}"></ds:DigestMethod>'
        f'<ds:DigestValue xmlns:ds="{DS}">{_digest(certificate)}</ds:DigestValue>'
        "</xades:CertDigest></xades:Cert></xades:SigningCertificateV2>"
        "</xades:SignedSignatureProperties>"
        "<xades:SignedDataObjectProperties>"
        f'<xades:DataObjectFormat ObjectReference="#reference-{mark}">'
        "<xades:MimeType>text/xml</xades:MimeType>"
        "</xades:DataObjectFormat>"
        "</xades:SignedDataObjectProperties>"
        "</xades:SignedProperties>"
    ).encode("ascii")


def _signed_info(mark: str, algorithm: str, content: bytes, properties: bytes) -> bytes:
    transforms = f'<ds:Transforms><ds:Transform Algorithm="{EXCLUSIVE_C14N}"></ds:Transform></ds:Transforms>'
    method = f'<ds:DigestMethod Algorithm="{_SHA256}"></ds:DigestMethod>'
    return (
        f'<ds:SignedInfo xmlns:ds="{DS}">'
        f'<ds:CanonicalizationMethod Algorithm="{EXCLUSIVE_C14N}"></ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{algorithm}"></ds:SignatureMethod>'
        f'<ds:Reference Id="reference-{mark}" URI="#{CONTENT_ID}">'
        f"{transforms}{method}<ds:DigestValue>{_digest(content)}</ds:DigestValue>"
        "</ds:Reference>"
        f'<ds:Reference Type="{SIGNED_PROPERTIES_TYPE}" URI="#properties-{mark}">'
        f"{transforms}{method}<ds:DigestValue>{_digest(properties)}</ds:DigestValue>"
        "</ds:Reference>"
        "</ds:SignedInfo>"
    ).encode("ascii")


def _signature(mark: str, signed_info: bytes, value: bytes, certificates: Sequence[bytes], properties: bytes) -> bytes:
    encoded = "".join(f"<ds:X509Certificate>{_base64(der)}</ds:X509Certificate>" for der in certificates)
    return (
        f'<ds:Signature xmlns:ds="{DS}" Id="signature-{mark}">'
        f"{signed_info.decode('ascii')}"
        f"<ds:SignatureValue>{_base64(value)}</ds:SignatureValue>"
        f"<ds:KeyInfo><ds:X509Data>{encoded}</ds:X509Data></ds:KeyInfo>"
        "<ds:Object>"
        f'<xades:QualifyingProperties xmlns:xades="{XADES}" Target="#signature-{mark}">'
        f"{properties.decode('ascii')}"
        "</xades:QualifyingProperties>"
        "</ds:Object>"
        "</ds:Signature>"
    ).encode("ascii")


def _insert(document: SignedDocument, signature: bytes) -> bytes:
    """The document with the signature as last child of `Signatures`, at the place of a comment that occurs nowhere."""
    container = document.container
    if container is None:
        name = etree.QName(etree.QName(document.root).namespace, SIGNATURES)
        container = etree.SubElement(document.root, name)
    placeholder = secrets.token_hex(16)
    container.append(etree.Comment(placeholder))
    serialised = etree.tostring(document.root, encoding="UTF-8", xml_declaration=False, with_tail=False)
    return _DECLARATION + serialised.replace(f"<!--{placeholder}-->".encode("ascii"), signature)


def _digest(data: bytes) -> str:
    return _base64(hashlib.sha256(data).digest())


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
