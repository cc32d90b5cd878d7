"""Makes more of a signature that stands: level B-T (time stamp), B-LT (validation data), B-LTA (archive time stamp).

Properties are added behind those that are there, and nothing else of the document changes: its text is written again,
but the canonical form of all that was signed or stamped stays the same.
Source: ETSI EN 319 132-1, 5.3, 5.4, 5.5, 6.3.
"""

import binascii
import secrets
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final, NamedTuple

from lxml import etree

from signing.errors import NotSignable, VerificationFailed
from signing.formats.xades.document import SignedDocument, read_document, written_with
from signing.formats.xades.imprints import archive_imprint, signature_imprint
from signing.formats.xades.profile import DS, EXCLUSIVE_C14N, XADES, XADES_141, Coverage
from signing.formats.xades.structure import SignatureParts, read_signature
from signing.formats.xades.unsigned import PropertyKind, UnsignedProperty, read_unsigned
from signing.revocation.judging import ValidationData
from signing.timestamps.requesting import Timestamper

_QUALIFYING_PROPERTIES: Final = f"{{{DS}}}Object/{{{XADES}}}QualifyingProperties"
_UNSIGNED_PROPERTIES: Final = f"{{{XADES}}}UnsignedProperties"
_UNSIGNED_SIGNATURE_PROPERTIES: Final = f"{{{XADES}}}UnsignedSignatureProperties"
_TIME_STAMP: Final = (
    '<{name} xmlns:{prefix}="{namespace}" Id="{mark}">'
    f'<ds:CanonicalizationMethod xmlns:ds="{DS}" Algorithm="{EXCLUSIVE_C14N}"></ds:CanonicalizationMethod>'
    '<xades:EncapsulatedTimeStamp xmlns:xades="{xades}">{token}</xades:EncapsulatedTimeStamp>'
    "</{name}>"
)


class _Standing(NamedTuple):
    """A signature that stands in a document."""

    document: SignedDocument
    element: etree._Element
    parts: SignatureParts
    unsigned: tuple[UnsignedProperty, ...]


def stamp_xml(raw: bytes, *, timestamper: Timestamper, at: datetime) -> bytes:
    """Give every signature that has no time stamp yet one over its value: level B-T.

    at: now. Whether the signatures are good is not asked.
    Raises NotSignable; TimestampUnavailable.
    """

    def stamp(signature: _Standing) -> Iterable[str]:
        if any(each.kind is PropertyKind.SIGNATURE_TIME_STAMP for each in signature.unsigned):
            return ()
        token = timestamper.stamp(signature_imprint(signature.element), at=at).token
        return (_time_stamp("xades", XADES, "SignatureTimeStamp", token),)

    return _augment(raw, stamp)


def extend_xml(raw: bytes, *, data: ValidationData) -> bytes:
    """Give every signature the certificates and revocation data by which it can be judged later: level B-LT.

    What a signature has already is not added again; what comes after a first time goes into TimeStampValidationData.
    Raises NotSignable.
    """

    def extend(signature: _Standing) -> Iterable[str]:
        kinds = {each.kind for each in signature.unsigned}
        there = {der for each in signature.unsigned for der in (*each.certificates, *each.ocsps, *each.crls)}
        certificates = _certificate_values(der for der in data.certificates if der not in there)
        revocation = _revocation_values(
            [der for der in data.ocsps if der not in there], [der for der in data.crls if der not in there]
        )
        if kinds.isdisjoint((PropertyKind.CERTIFICATE_VALUES, PropertyKind.REVOCATION_VALUES)):
            return filter(None, (certificates, revocation))
        if not (certificates or revocation):
            return ()
        return (
            f'<xades141:TimeStampValidationData xmlns:xades141="{XADES_141}">'
            f"{certificates}{revocation}</xades141:TimeStampValidationData>",
        )

    return _augment(raw, extend)


def archive_xml(raw: bytes, *, timestamper: Timestamper, at: datetime) -> bytes:
    """Give every signature an archive time stamp over all that stands there: level B-LTA; again to renew it.

    at: now. Validate first, and add what validation needed, so that the stamp covers that too.
    Raises NotSignable; TimestampUnavailable.
    """

    def archive(signature: _Standing) -> Iterable[str]:
        covered = archive_imprint(signature.document, signature.element, signature.parts, signature.unsigned)
        token = timestamper.stamp(covered, at=at).token
        return (_time_stamp("xades141", XADES_141, "ArchiveTimeStamp", token),)

    return _augment(raw, archive)


def _augment(raw: bytes, make: Callable[[_Standing], Iterable[str]]) -> bytes:
    """The document with the properties that `make` gives to each signature behind those that are there."""
    try:
        document = read_document(raw)
        found = [
            _Standing(document, element, read_signature(document, element), read_unsigned(element))
            for element in document.signatures
        ]
    except VerificationFailed as exc:
        raise NotSignable(exc.code, exc.detail) from exc
    if not found:
        raise NotSignable("no-signature", "the document holds no signature")
    whole = [each for each in found if each.parts.coverage is Coverage.DOCUMENT_WITHOUT_THIS_SIGNATURE]
    if whole and len(found) > 1:
        raise NotSignable("reference-not-allowed", "a signature covers another one, which may not change any more")
    # All is made before anything is added: what one stamp covers must not depend on another signature's.
    made = [list(make(each)) for each in found]
    additions = [
        (_holder(signature.element), "".join(properties).encode("ascii"))
        for signature, properties in zip(found, made, strict=True)
        if properties
    ]
    return written_with(document.root, additions) if additions else raw


def _holder(signature: etree._Element) -> etree._Element:
    """Where the unsigned properties of a signature stand; made when there is none."""
    (place,) = signature.findall(_QUALIFYING_PROPERTIES)
    for name in (_UNSIGNED_PROPERTIES, _UNSIGNED_SIGNATURE_PROPERTIES):
        found = place.find(name)
        place = etree.SubElement(place, name) if found is None else found
    return place


def _time_stamp(prefix: str, namespace: str, name: str, token: bytes) -> str:
    return _TIME_STAMP.format(
        name=f"{prefix}:{name}",
        prefix=prefix,
        namespace=namespace,
        mark=f"stamp-{secrets.token_hex(8)}",
        xades=XADES,
        token=_base64(token),
    )


def _certificate_values(certificates: Iterable[bytes]) -> str:
    return _wrapped("CertificateValues", _values("EncapsulatedX509Certificate", certificates))


def _revocation_values(ocsps: Iterable[bytes], crls: Iterable[bytes]) -> str:
    lists = _wrapped("CRLValues", _values("EncapsulatedCRLValue", crls))
    answers = _wrapped("OCSPValues", _values("EncapsulatedOCSPValue", ocsps))
    return _wrapped("RevocationValues", lists + answers)


def _values(name: str, values: Iterable[bytes]) -> str:
    return "".join(_wrapped(name, _base64(der)) for der in dict.fromkeys(values))


def _wrapped(name: str, inner: str) -> str:
    """An element around `inner`; nothing around nothing."""
    return f'<xades:{name} xmlns:xades="{XADES}">{inner}</xades:{name}>' if inner else ""


def _base64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode("ascii")
