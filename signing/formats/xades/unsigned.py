"""The unsigned properties of one signature: a closed list, each with its one structure, nothing else beside them.

No signature covers them, so anybody can add, change, move or drop them. What is read here therefore proves something
only by itself: a time stamp by its own signature over this very signature, revocation data by that of who issued it.
Source: ETSI EN 319 132-1, 5.3 (SignatureTimeStamp), 5.4 (values), 5.5 (ArchiveTimeStamp, TimeStampValidationData).
"""

import binascii
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from lxml import etree

from signing.errors import refusal
from signing.formats.xades.profile import (
    DS,
    EXCLUSIVE_C14N,
    MAX_UNSIGNED_PROPERTIES,
    MAX_VALIDATION_VALUES,
    XADES,
    XADES_141,
)

Element = etree._Element

_QUALIFYING_PROPERTIES: Final = f"{{{DS}}}Object/{{{XADES}}}QualifyingProperties"
_UNSIGNED_PROPERTIES: Final = f"{{{XADES}}}UnsignedProperties"
_UNSIGNED_SIGNATURE_PROPERTIES: Final = f"{{{XADES}}}UnsignedSignatureProperties"
_CANONICALIZATION_METHOD: Final = f"{{{DS}}}CanonicalizationMethod"
_ENCAPSULATED_TIME_STAMP: Final = f"{{{XADES}}}EncapsulatedTimeStamp"
_CERTIFICATE_VALUES: Final = f"{{{XADES}}}CertificateValues"
_REVOCATION_VALUES: Final = f"{{{XADES}}}RevocationValues"
_CERTIFICATE: Final = f"{{{XADES}}}EncapsulatedX509Certificate"
_OCSP_VALUES: Final = f"{{{XADES}}}OCSPValues"
_OCSP: Final = f"{{{XADES}}}EncapsulatedOCSPValue"
_CRL_VALUES: Final = f"{{{XADES}}}CRLValues"
_CRL: Final = f"{{{XADES}}}EncapsulatedCRLValue"
_DER_ENCODINGS: Final = (None, "http://uri.etsi.org/01903/v1.2.2#DER")


class PropertyKind(Enum):
    """The unsigned properties that exist here, by the name of their element."""

    SIGNATURE_TIME_STAMP = f"{{{XADES}}}SignatureTimeStamp"
    CERTIFICATE_VALUES = _CERTIFICATE_VALUES
    REVOCATION_VALUES = _REVOCATION_VALUES
    TIME_STAMP_VALIDATION_DATA = f"{{{XADES_141}}}TimeStampValidationData"
    ANY_VALIDATION_DATA = f"{{{XADES_141}}}AnyValidationData"
    ARCHIVE_TIME_STAMP = f"{{{XADES_141}}}ArchiveTimeStamp"


@dataclass(frozen=True, kw_only=True)
class UnsignedProperty:
    """One property: its element, and what of it is in DER. token: of a time stamp; values: everything else's."""

    kind: PropertyKind
    element: Element
    token: bytes = b""
    certificates: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()


def read_unsigned(signature: Element) -> tuple[UnsignedProperty, ...]:
    """The unsigned properties of a signature, in document order; nothing in them is verified.

    Raises VerificationFailed: unsigned-property-not-allowed, transform-not-allowed, signature-malformed,
    limit-exceeded.
    """
    holder = signature.find(f"{_QUALIFYING_PROPERTIES}/{_UNSIGNED_PROPERTIES}")
    if holder is None:
        return ()
    groups = list(holder)
    if [group.tag for group in groups] not in ([], [_UNSIGNED_SIGNATURE_PROPERTIES]):
        raise refusal("unsigned-property-not-allowed", "unsigned properties of something other than the signature")
    found = [element for group in groups for element in group]
    if len(found) > MAX_UNSIGNED_PROPERTIES:
        raise refusal("limit-exceeded", f"more than {MAX_UNSIGNED_PROPERTIES} unsigned properties")
    for element in holder.iter():
        has_text = (element.text or "").strip(" \t\r\n") and len(element)
        if has_text or (element.tail or "").strip(" \t\r\n"):
            raise refusal("unsigned-property-not-allowed", "text beside the unsigned properties")
    properties = tuple(map(_read_property, found))
    values = sum(len(each.certificates) + len(each.ocsps) + len(each.crls) for each in properties)
    if values > MAX_VALIDATION_VALUES:
        raise refusal("limit-exceeded", f"more than {MAX_VALIDATION_VALUES} certificates and revocation data")
    return properties


def _read_property(element: Element) -> UnsignedProperty:
    reader = _READERS.get(str(element.tag))
    if reader is None:
        raise refusal("unsigned-property-not-allowed", "an unsigned property that is not in the profile")
    return reader(element)


def _read_time_stamp(element: Element) -> UnsignedProperty:
    """A stamp without canonicalization method means inclusive C14N; with Include it covers what it chooses."""
    parts = list(element)
    if [part.tag for part in parts] != [_CANONICALIZATION_METHOD, _ENCAPSULATED_TIME_STAMP]:
        raise refusal("unsigned-property-not-allowed", "a time stamp that is not one token over exclusive C14N")
    method, token = parts
    if method.get("Algorithm") != EXCLUSIVE_C14N or len(method):
        raise refusal("transform-not-allowed", "what is stamped must be canonicalised by exclusive C14N alone")
    return UnsignedProperty(kind=PropertyKind(element.tag), element=element, token=_read_der(token))


def _read_certificates(element: Element) -> UnsignedProperty:
    return UnsignedProperty(
        kind=PropertyKind(element.tag), element=element, certificates=_read_values(element, _CERTIFICATE)
    )


def _read_revocation(element: Element) -> UnsignedProperty:
    groups = list(element)
    tags = [group.tag for group in groups]
    if len(set(tags)) != len(tags) or not set(tags) <= {_OCSP_VALUES, _CRL_VALUES}:
        raise refusal("unsigned-property-not-allowed", "revocation values other than OCSP answers and lists")
    found = dict(zip(tags, groups, strict=True))
    return UnsignedProperty(
        kind=PropertyKind(element.tag),
        element=element,
        ocsps=_read_values(found[_OCSP_VALUES], _OCSP) if _OCSP_VALUES in found else (),
        crls=_read_values(found[_CRL_VALUES], _CRL) if _CRL_VALUES in found else (),
    )


def _read_both(element: Element) -> UnsignedProperty:
    groups = list(element)
    tags = [group.tag for group in groups]
    if len(set(tags)) != len(tags) or not set(tags) <= {_CERTIFICATE_VALUES, _REVOCATION_VALUES}:
        raise refusal("unsigned-property-not-allowed", "validation data other than certificates and revocation values")
    inner = [_read_property(group) for group in groups]
    return UnsignedProperty(
        kind=PropertyKind(element.tag),
        element=element,
        certificates=tuple(der for each in inner for der in each.certificates),
        ocsps=tuple(der for each in inner for der in each.ocsps),
        crls=tuple(der for each in inner for der in each.crls),
    )


_READERS: Final[Mapping[str, Callable[[Element], UnsignedProperty]]] = MappingProxyType(
    {
        PropertyKind.SIGNATURE_TIME_STAMP.value: _read_time_stamp,
        PropertyKind.CERTIFICATE_VALUES.value: _read_certificates,
        PropertyKind.REVOCATION_VALUES.value: _read_revocation,
        PropertyKind.TIME_STAMP_VALIDATION_DATA.value: _read_both,
        PropertyKind.ANY_VALIDATION_DATA.value: _read_both,
        PropertyKind.ARCHIVE_TIME_STAMP.value: _read_time_stamp,
    }
)


def _read_values(holder: Element, name: str) -> tuple[bytes, ...]:
    if any(value.tag != name for value in holder):
        raise refusal("unsigned-property-not-allowed", "a value of another kind than its holder has")
    return tuple(map(_read_der, holder))


def _read_der(element: Element) -> bytes:
    if not len(element) and element.get("Encoding") in _DER_ENCODINGS:
        with suppress(ValueError):
            text = (element.text or "").encode("ascii").translate(None, b" \t\r\n")
            return binascii.a2b_base64(text, strict_mode=True)
    raise refusal("signature-malformed", "an unsigned property that is not DER in base64")
