"""One ds:Signature, taken apart: every element in its one place, nothing missing, nothing more.

Only the structure is judged here; digests, the signature value and the signer are the verifier's.
"""

import binascii
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Final

from lxml import etree

from signing.algorithms import DIGEST_ALGORITHMS, SIGNATURE_ALGORITHMS, SignatureAlgorithm
from signing.errors import refusal
from signing.formats.xades.profile import (
    DATA_REFERENCES,
    DS,
    FILTER2,
    MAX_CERTIFICATES,
    SIGNED_PROPERTIES_TYPE,
    XADES,
    XADES_141,
    Coverage,
    Transform,
)
from signing.formats.xades.transforms import read_transform

Element = etree._Element

_DATE_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})", re.ASCII)
_VOCABULARIES: Final = tuple(f"{{{namespace}}}" for namespace in (DS, XADES, XADES_141, FILTER2))


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A reference of SignedInfo: the digest of what it names."""

    uri: str
    transforms: tuple[Transform, ...]
    digest_name: str
    digest: bytes


@dataclass(frozen=True, kw_only=True)
class SignatureParts:
    """A signature of the profile. The elements are the very ones to be digested.

    certificate_digest: of the signer's certificate, as the signer states it: name in hashlib, value.
    certificates: DER, in document order; none of them means anything until one matches that digest.
    """

    element: Element
    signed_info: Element
    algorithm: SignatureAlgorithm
    value: bytes
    coverage: Coverage
    data: Reference
    signed_properties: Element
    properties: Reference
    key_info: Element
    key: Reference | None
    certificates: tuple[bytes, ...]
    certificate_digest: tuple[str, bytes]
    signing_time: datetime


def read_signature(element: Element) -> SignatureParts:
    """Take a ds:Signature apart.

    Raises VerificationFailed: signature-malformed, signed-properties-misplaced, reference-not-allowed,
    transform-not-allowed, algorithm-not-allowed, certificate-not-bound, policy-not-supported, limit-exceeded.
    """
    # 1. SignedInfo, SignatureValue, KeyInfo and one Object: nothing else.
    parts = list(element)
    if [part.tag for part in parts[:3]] != [_ds("SignedInfo"), _ds("SignatureValue"), _ds("KeyInfo")]:
        raise refusal("signature-malformed", "not SignedInfo, SignatureValue, KeyInfo and Object")
    signed_info, value, key_info = parts[:3]
    # 2. The qualifying properties, in the one place they have.
    signed_properties = _find_signed_properties(element, parts[3:])
    # 3. How SignedInfo itself is canonicalised and signed.
    if len(signed_info) < 2:
        raise refusal("signature-malformed", "SignedInfo without its methods")
    canonicalization, method, *references = signed_info
    if canonicalization.tag != _ds("CanonicalizationMethod") or method.tag != _ds("SignatureMethod"):
        raise refusal("signature-malformed", "SignedInfo without its methods")
    if read_transform(canonicalization) is not Transform.EXCLUSIVE_C14N:
        raise refusal("transform-not-allowed", "SignedInfo must be canonicalised by exclusive C14N without parameters")
    algorithm = SIGNATURE_ALGORITHMS.get(str(method.get("Algorithm")))
    if algorithm is None or len(method):
        raise refusal("algorithm-not-allowed", "a signature algorithm that is not in the table, or has parameters")
    # 4. The references: the data, the signed properties, perhaps the key; each by the one name it has.
    data, properties, key = _sort_references(references, signed_properties, key_info)
    data_reference = _read_reference(data)
    coverage = DATA_REFERENCES.get((data_reference.uri, data_reference.transforms))
    if coverage is None:
        if all(data_reference.uri != uri for uri, _ in DATA_REFERENCES):
            raise refusal("reference-not-allowed", "a reference to something other than the content or the document")
        raise refusal("transform-not-allowed", "the data reference has another list of transforms than the profile")
    properties_reference = _read_canonical_reference(properties)
    key_reference = None if key is None else _read_canonical_reference(key)
    # 5. What the signer states.
    signing_time, certificate_digest = _read_properties(signed_properties, data)
    # 6. No element of another vocabulary: a second form could hide there.
    if any(not str(inner.tag).startswith(_VOCABULARIES) for inner in element.iter()):
        raise refusal("signature-malformed", "an element that does not belong in a signature")
    return SignatureParts(
        element=element,
        signed_info=signed_info,
        algorithm=algorithm,
        value=_read_base64(value),
        coverage=coverage,
        data=data_reference,
        signed_properties=signed_properties,
        properties=properties_reference,
        key_info=key_info,
        key=key_reference,
        certificates=_read_certificates(key_info),
        certificate_digest=certificate_digest,
        signing_time=signing_time,
    )


def _find_signed_properties(signature: Element, objects: Sequence[Element]) -> Element:
    if [found.tag for found in objects] != [_ds("Object")]:
        raise refusal("signed-properties-misplaced", "not exactly one Object after KeyInfo")
    if [child.tag for child in objects[0]] != [_xades("QualifyingProperties")]:
        raise refusal("signed-properties-misplaced", "something other than one QualifyingProperties in the Object")
    qualifying = objects[0][0]
    signature_id = signature.get("Id")
    if not signature_id or qualifying.get("Target") != f"#{signature_id}":
        raise refusal("signed-properties-misplaced", "the qualifying properties are not those of this signature")
    allowed = (
        [_xades("SignedProperties")],
        [_xades("SignedProperties"), _xades("UnsignedProperties")],
    )
    if [child.tag for child in qualifying] not in allowed:
        raise refusal("signed-properties-misplaced", "not exactly one SignedProperties")
    return qualifying[0]


def _sort_references(
    references: Sequence[Element], signed_properties: Element, key_info: Element
) -> tuple[Element, Element, Element | None]:
    """The reference to the data, to the signed properties and, if there is one, to the key."""
    data: list[Element] = []
    properties: list[Element] = []
    keys: list[Element] = []
    key_uri = f"#{key_info.get('Id')}" if key_info.get("Id") else None
    for reference in references:
        kind, uri = reference.get("Type"), reference.get("URI")
        if reference.tag != _ds("Reference") or uri is None:
            raise refusal("reference-not-allowed", "a reference without URI, or not a reference")
        if kind == SIGNED_PROPERTIES_TYPE:
            properties.append(reference)
        elif kind is not None:
            raise refusal("reference-not-allowed", "a reference of a type that is not in the profile")
        elif uri == key_uri:
            keys.append(reference)
        else:
            data.append(reference)
    if len(data) != 1 or len(properties) != 1 or len(keys) > 1:
        raise refusal("reference-not-allowed", "not exactly one reference to the data and one to the signed properties")
    # Identifiers occur once in the document, so equal names mean the very same element.
    if not signed_properties.get("Id") or properties[0].get("URI") != f"#{signed_properties.get('Id')}":
        raise refusal("signed-properties-misplaced", "the signed properties in place are not the ones that are signed")
    return data[0], properties[0], keys[0] if keys else None


def _read_reference(reference: Element) -> Reference:
    tags = [child.tag for child in reference]
    if tags == [_ds("DigestMethod"), _ds("DigestValue")]:
        raise refusal("transform-not-allowed", "a reference without transforms means inclusive C14N")
    if tags != [_ds("Transforms"), _ds("DigestMethod"), _ds("DigestValue")]:
        raise refusal("signature-malformed", "a reference with other parts than transforms, method and digest")
    transforms, method, value = reference
    name, digest = _read_digest(method, value)
    if any(step.tag != _ds("Transform") for step in transforms):
        raise refusal("signature-malformed", "something other than a transform among the transforms")
    steps = tuple(read_transform(step) for step in transforms)
    return Reference(uri=str(reference.get("URI")), transforms=steps, digest_name=name, digest=digest)


def _read_canonical_reference(reference: Element) -> Reference:
    read = _read_reference(reference)
    if read.transforms != (Transform.EXCLUSIVE_C14N,):
        raise refusal("transform-not-allowed", "a part of the signature is not digested by exclusive C14N alone")
    return read


def _read_properties(signed_properties: Element, data: Element) -> tuple[datetime, tuple[str, bytes]]:
    """The claimed time, and the digest of the signer's certificate."""
    groups = list(signed_properties)
    tags = [group.tag for group in groups]
    if tags[:1] != [_xades("SignedSignatureProperties")] or tags[1:] not in (
        [],
        [_xades("SignedDataObjectProperties")],
    ):
        raise refusal("signature-malformed", "signed properties with other parts than the profile has")
    stated: dict[str, Element] = {}
    for element in groups[0]:
        if element.tag == _xades("SignaturePolicyIdentifier"):
            raise refusal("policy-not-supported", "a signature policy is stated, and none is supported")
        if element.tag not in _SIGNATURE_PROPERTIES or element.tag in stated:
            raise refusal("signature-malformed", "a signed property that is not in the profile, or stands twice")
        stated[str(element.tag)] = element
    time, certificate = stated.get(_xades("SigningTime")), stated.get(_xades("SigningCertificateV2"))
    if certificate is None:
        raise refusal("certificate-not-bound", "no SigningCertificateV2 among the signed properties")
    if time is None:
        raise refusal("signature-malformed", "no SigningTime among the signed properties")
    formats = groups[1].findall(_xades("DataObjectFormat")) if len(groups) == 2 else []
    if any(found.get("ObjectReference") != f"#{data.get('Id')}" for found in formats):
        raise refusal("signature-malformed", "a DataObjectFormat of something other than the data")
    return _read_time(time), _read_certificate_digest(certificate)


def _read_time(element: Element) -> datetime:
    text = (element.text or "").strip(" \t\r\n")
    if not len(element) and _DATE_TIME.fullmatch(text):
        with suppress(ValueError, OverflowError):
            return datetime.fromisoformat(text).astimezone(UTC)
    raise refusal("signature-malformed", "SigningTime is not a date and time with its offset")


def _read_certificate_digest(signing_certificate: Element) -> tuple[str, bytes]:
    """The first Cert is the signer's (EN 319 132-1, 5.2.2); IssuerSerialV2 is a hint and proves nothing, so unread."""
    certificate = signing_certificate.find(_xades("Cert"))
    digest = None if certificate is None else certificate.find(_xades("CertDigest"))
    if digest is None or [child.tag for child in digest] != [_ds("DigestMethod"), _ds("DigestValue")]:
        raise refusal("certificate-not-bound", "SigningCertificateV2 without a digest")
    return _read_digest(digest[0], digest[1])


def _read_certificates(key_info: Element) -> tuple[bytes, ...]:
    """Certificates only: a KeyValue or a name in KeyInfo is nobody's identity, so unread."""
    found = key_info.findall(f"{_ds('X509Data')}/{_ds('X509Certificate')}")
    if len(found) > MAX_CERTIFICATES:
        raise refusal("limit-exceeded", f"more than {MAX_CERTIFICATES} certificates in KeyInfo")
    return tuple(_read_base64(element) for element in found)


def _read_digest(method: Element, value: Element) -> tuple[str, bytes]:
    name = DIGEST_ALGORITHMS.get(str(method.get("Algorithm")))
    if name is None or len(method):
        raise refusal("algorithm-not-allowed", "a digest algorithm that is not in the table, or has parameters")
    return name, _read_base64(value)


def _read_base64(element: Element) -> bytes:
    if not len(element):
        with suppress(ValueError):
            text = (element.text or "").encode("ascii").translate(None, b" \t\r\n")
            return binascii.a2b_base64(text, strict_mode=True)
    raise refusal("signature-malformed", "a value that is not base64")


@cache
def _ds(name: str) -> str:
    return f"{{{DS}}}{name}"


@cache
def _xades(name: str) -> str:
    return f"{{{XADES}}}{name}"


_SIGNATURE_PROPERTIES: Final = frozenset(
    _xades(name)
    for name in (
        "SigningTime",
        "SigningCertificateV2",
        "SignatureProductionPlace",
        "SignatureProductionPlaceV2",
        "SignerRole",
        "SignerRoleV2",
    )
)
