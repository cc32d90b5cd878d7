"""One ds:Signature, taken apart: every element in its one place, nothing missing, nothing more.

Only the structure is judged here; digests, the signature value and the signer are the verifier's.
"""

import binascii
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from lxml import etree

from signing.algorithms import DIGEST_ALGORITHMS, SIGNATURE_ALGORITHMS, SignatureAlgorithm
from signing.errors import refusal
from signing.formats.xades.document import SignedDocument, canonical
from signing.formats.xades.profile import (
    CONTENT_ID,
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
from signing.formats.xades.templates import WRITTEN_CERTIFICATE, find_written
from signing.formats.xades.transforms import read_transform
from signing.formats.xades.unsigned import read_unsigned

Element = etree._Element

_DATE_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})", re.ASCII)
_CANONICAL: Final = (Transform.EXCLUSIVE_C14N,)
_CONTENT_URI: Final = f"#{CONTENT_ID}"
_WRITTEN_ALGORITHMS: Final = {uri.encode("ascii"): algorithm for uri, algorithm in SIGNATURE_ALGORITHMS.items()}
_VOCABULARIES: Final = tuple(f"{{{namespace}}}" for namespace in (DS, XADES, XADES_141, FILTER2))


# The names of the elements, as lxml gives them.
_CANONICALIZATION_METHOD: Final = f"{{{DS}}}CanonicalizationMethod"
_DIGEST_METHOD: Final = f"{{{DS}}}DigestMethod"
_DIGEST_VALUE: Final = f"{{{DS}}}DigestValue"
_KEY_INFO: Final = f"{{{DS}}}KeyInfo"
_OBJECT: Final = f"{{{DS}}}Object"
_REFERENCE: Final = f"{{{DS}}}Reference"
_SIGNATURE_METHOD: Final = f"{{{DS}}}SignatureMethod"
_SIGNATURE_VALUE: Final = f"{{{DS}}}SignatureValue"
_SIGNED_INFO: Final = f"{{{DS}}}SignedInfo"
_TRANSFORM: Final = f"{{{DS}}}Transform"
_TRANSFORMS: Final = f"{{{DS}}}Transforms"
_X509_CERTIFICATE: Final = f"{{{DS}}}X509Certificate"
_X509_DATA: Final = f"{{{DS}}}X509Data"
_CERT: Final = f"{{{XADES}}}Cert"
_CERT_DIGEST: Final = f"{{{XADES}}}CertDigest"
_DATA_OBJECT_FORMAT: Final = f"{{{XADES}}}DataObjectFormat"
_QUALIFYING_PROPERTIES: Final = f"{{{XADES}}}QualifyingProperties"
_SIGNATURE_POLICY_IDENTIFIER: Final = f"{{{XADES}}}SignaturePolicyIdentifier"
_SIGNED_DATA_OBJECT_PROPERTIES: Final = f"{{{XADES}}}SignedDataObjectProperties"
_SIGNED_PROPERTIES: Final = f"{{{XADES}}}SignedProperties"
_SIGNED_SIGNATURE_PROPERTIES: Final = f"{{{XADES}}}SignedSignatureProperties"
_SIGNING_CERTIFICATE_V2: Final = f"{{{XADES}}}SigningCertificateV2"
_SIGNING_TIME: Final = f"{{{XADES}}}SigningTime"
_UNSIGNED_PROPERTIES: Final = f"{{{XADES}}}UnsignedProperties"
_SIGNATURE_PROPERTIES: Final = frozenset(
    f"{{{XADES}}}{name}"
    for name in (
        "SigningTime",
        "SigningCertificateV2",
        "SignatureProductionPlace",
        "SignatureProductionPlaceV2",
        "SignerRole",
        "SignerRoleV2",
    )
)


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A reference of SignedInfo: the digest of what it names."""

    uri: str
    transforms: tuple[Transform, ...]
    digest_name: str
    digest: bytes


@dataclass(frozen=True, kw_only=True)
class SignatureParts:
    """A signature of the profile.

    signed_info, signed_properties, key_info: canonical bytes of the very elements to be digested.
    order: the identifiers (URI) of the references as they stand in SignedInfo.
    certificate_digest: of the signer's certificate, as the signer states it: name in hashlib, value.
    certificates: DER, in document order; none of them means anything until one matches that digest.
    """

    signed_info: bytes
    algorithm: SignatureAlgorithm
    value: bytes
    coverage: Coverage
    data: Reference
    signed_properties: bytes
    properties: Reference
    key_info: bytes | None
    key: Reference | None
    order: tuple[str, ...]
    certificates: tuple[bytes, ...]
    certificate_digest: tuple[str, bytes]
    signing_time: datetime


def read_signature(document: SignedDocument, element: Element) -> SignatureParts:
    """Take a ds:Signature apart: by the text of our own signatures if it is one of those, else element by element.

    Raises VerificationFailed: signature-malformed, signed-properties-misplaced, reference-not-allowed,
    transform-not-allowed, algorithm-not-allowed, certificate-not-bound, policy-not-supported, limit-exceeded,
    unsigned-property-not-allowed.
    """
    return read_written(document, element) or read_elements(element)


def read_written(document: SignedDocument, element: Element) -> SignatureParts | None:
    """A signature whose text is, to the last byte, what templates.py would write; None for every other."""
    written = find_written(document.raw, str(element.get("Id")))
    if written is None:
        return None
    mark, algorithm, *encoded = written.group("mark", "algorithm", "content", "properties", "certificate", "value")
    certificates = WRITTEN_CERTIFICATE.findall(written["certificates"])
    if algorithm not in _WRITTEN_ALGORITHMS or len(certificates) > MAX_CERTIFICATES:
        return None
    try:
        content, properties, certificate, value = map(_strictly_decoded, encoded)
        properties_uri = f"#properties-{mark.decode('ascii')}"
        return SignatureParts(
            signed_info=written["signed_info"],
            algorithm=_WRITTEN_ALGORITHMS[algorithm],
            value=value,
            coverage=Coverage.CONTENT,
            data=Reference(uri=_CONTENT_URI, transforms=_CANONICAL, digest_name="sha256", digest=content),
            signed_properties=written["signed_properties"],
            properties=Reference(uri=properties_uri, transforms=_CANONICAL, digest_name="sha256", digest=properties),
            key_info=None,
            key=None,
            order=(_CONTENT_URI, properties_uri),
            certificates=tuple(map(_strictly_decoded, certificates)),
            certificate_digest=("sha256", certificate),
            signing_time=datetime.fromisoformat(written["time"].decode("ascii")),
        )
    except ValueError:  # base64 or a date that only looks like one: the other way of reading says what is wrong with it
        return None


def read_elements(element: Element) -> SignatureParts:
    """Take any signature of the profile apart, element by element. Raises as `read_signature` does."""
    # Held to the end: lxml makes an element anew each time it is asked for one that nobody holds.
    held = list(element.iter())
    # 1. SignedInfo, SignatureValue, KeyInfo and one Object: nothing else.
    parts = list(element)
    if [part.tag for part in parts[:3]] != [_SIGNED_INFO, _SIGNATURE_VALUE, _KEY_INFO]:
        raise refusal("signature-malformed", "not SignedInfo, SignatureValue, KeyInfo and Object")
    signed_info, value, key_info = parts[:3]
    # 2. The qualifying properties, in the one place they have.
    signed_properties = _find_signed_properties(element, parts[3:])
    # 3. How SignedInfo itself is canonicalised and signed.
    if len(signed_info) < 2:
        raise refusal("signature-malformed", "SignedInfo without its methods")
    canonicalization, method, *references = signed_info
    if canonicalization.tag != _CANONICALIZATION_METHOD or method.tag != _SIGNATURE_METHOD:
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
    if not all(str(tag).startswith(_VOCABULARIES) for tag in {inner.tag for inner in held}):
        raise refusal("signature-malformed", "an element that does not belong in a signature")
    # 7. No unsigned property that is not known, nor one in another shape.
    read_unsigned(element)
    return SignatureParts(
        signed_info=canonical(signed_info),
        algorithm=algorithm,
        value=_read_base64(value),
        coverage=coverage,
        data=data_reference,
        signed_properties=canonical(signed_properties),
        properties=properties_reference,
        key_info=None if key is None else canonical(key_info),
        key=key_reference,
        order=tuple(str(reference.get("URI")) for reference in references),
        certificates=_read_certificates(key_info),
        certificate_digest=certificate_digest,
        signing_time=signing_time,
    )


def _find_signed_properties(signature: Element, objects: Sequence[Element]) -> Element:
    if [found.tag for found in objects] != [_OBJECT]:
        raise refusal("signed-properties-misplaced", "not exactly one Object after KeyInfo")
    if [child.tag for child in objects[0]] != [_QUALIFYING_PROPERTIES]:
        raise refusal("signed-properties-misplaced", "something other than one QualifyingProperties in the Object")
    qualifying = objects[0][0]
    signature_id = signature.get("Id")
    if not signature_id or qualifying.get("Target") != f"#{signature_id}":
        raise refusal("signed-properties-misplaced", "the qualifying properties are not those of this signature")
    allowed = (
        [_SIGNED_PROPERTIES],
        [_SIGNED_PROPERTIES, _UNSIGNED_PROPERTIES],
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
        if reference.tag != _REFERENCE or uri is None:
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
    parts = list(reference)
    tags = [part.tag for part in parts]
    if tags == [_DIGEST_METHOD, _DIGEST_VALUE]:
        raise refusal("transform-not-allowed", "a reference without transforms means inclusive C14N")
    if tags != [_TRANSFORMS, _DIGEST_METHOD, _DIGEST_VALUE]:
        raise refusal("signature-malformed", "a reference with other parts than transforms, method and digest")
    transforms, method, value = parts
    name, digest = _read_digest(method, value)
    listed = list(transforms)
    if any(step.tag != _TRANSFORM for step in listed):
        raise refusal("signature-malformed", "something other than a transform among the transforms")
    steps = tuple(map(read_transform, listed))
    return Reference(uri=str(reference.get("URI")), transforms=steps, digest_name=name, digest=digest)


def _read_canonical_reference(reference: Element) -> Reference:
    read = _read_reference(reference)
    if read.transforms != _CANONICAL:
        raise refusal("transform-not-allowed", "a part of the signature is not digested by exclusive C14N alone")
    return read


def _read_properties(signed_properties: Element, data: Element) -> tuple[datetime, tuple[str, bytes]]:
    """The claimed time, and the digest of the signer's certificate."""
    groups = list(signed_properties)
    tags = [group.tag for group in groups]
    if tags[:1] != [_SIGNED_SIGNATURE_PROPERTIES] or tags[1:] not in (
        [],
        [_SIGNED_DATA_OBJECT_PROPERTIES],
    ):
        raise refusal("signature-malformed", "signed properties with other parts than the profile has")
    stated: dict[str, Element] = {}
    for element in groups[0]:
        if element.tag == _SIGNATURE_POLICY_IDENTIFIER:
            raise refusal("policy-not-supported", "a signature policy is stated, and none is supported")
        if element.tag not in _SIGNATURE_PROPERTIES or element.tag in stated:
            raise refusal("signature-malformed", "a signed property that is not in the profile, or stands twice")
        stated[str(element.tag)] = element
    time, certificate = stated.get(_SIGNING_TIME), stated.get(_SIGNING_CERTIFICATE_V2)
    if certificate is None:
        raise refusal("certificate-not-bound", "no SigningCertificateV2 among the signed properties")
    if time is None:
        raise refusal("signature-malformed", "no SigningTime among the signed properties")
    formats = groups[1].iterchildren(_DATA_OBJECT_FORMAT) if len(groups) == 2 else ()
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
    certificate = next(signing_certificate.iterchildren(_CERT), None)
    digest = None if certificate is None else next(certificate.iterchildren(_CERT_DIGEST), None)
    if digest is None or [child.tag for child in digest] != [_DIGEST_METHOD, _DIGEST_VALUE]:
        raise refusal("certificate-not-bound", "SigningCertificateV2 without a digest")
    return _read_digest(digest[0], digest[1])


def _read_certificates(key_info: Element) -> tuple[bytes, ...]:
    """Certificates only: a KeyValue or a name in KeyInfo is nobody's identity, so unread."""
    found = [one for data in key_info.iterchildren(_X509_DATA) for one in data.iterchildren(_X509_CERTIFICATE)]
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
            return _strictly_decoded((element.text or "").encode("ascii").translate(None, b" \t\r\n"))
    raise refusal("signature-malformed", "a value that is not base64")


def _strictly_decoded(text: bytes) -> bytes:
    """Raises ValueError for what is not base64."""
    return binascii.a2b_base64(text, strict_mode=True)
