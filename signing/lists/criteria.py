"""To which certificates a statement of a trusted list applies. Source: ETSI TS 119 612, 5.5.9.2.2."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from cryptography import x509
from lxml import etree

from signing.certificates import SignerCertificate, key_usage

SIE: Final = "http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#"
EXTRA: Final = "http://uri.etsi.org/02231/v2/additionaltypes#"
MAX_DEPTH: Final = 8

_XADES: Final = "http://uri.etsi.org/01903/v1.3.2#"
_USAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "digitalSignature": "digital_signature",
        "nonRepudiation": "content_commitment",
        "keyEncipherment": "key_encipherment",
        "dataEncipherment": "data_encipherment",
        "keyAgreement": "key_agreement",
        "keyCertSign": "key_cert_sign",
        "crlSign": "crl_sign",
        "cRLSign": "crl_sign",
    }
)
_QUANTIFIERS: Final = ("all", "atLeastOne", "none")

Element = etree._Element


class UnknownCriterion(Exception):
    """A criterion that is not known here."""


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """quantifier: `all`, `atLeastOne`, `none`. usages: each a set of (usage, wanted). policies, attributes: each a set
    of object identifiers that the certificate must all have, attributes in its subject."""

    quantifier: str
    usages: tuple[frozenset[tuple[str, bool]], ...] = ()
    policies: tuple[frozenset[str], ...] = ()
    attributes: tuple[frozenset[str], ...] = ()
    inner: tuple["Criteria", ...] = ()

    def apply_to(self, certificate: SignerCertificate) -> bool:
        """Whether the certificate fulfils them. Nothing at all is fulfilled by nobody."""
        stated = _stated(certificate)
        found = [all(stated.usages.get(name, False) == wanted for name, wanted in each) for each in self.usages]
        found += [each <= stated.policies for each in self.policies]
        found += [each <= stated.attributes for each in self.attributes]
        found += [each.apply_to(certificate) for each in self.inner]
        if not found:
            return False
        return any(found) is (self.quantifier != "none") if self.quantifier != "all" else all(found)


@dataclass(frozen=True, kw_only=True)
class _Stated:
    usages: Mapping[str, bool]
    policies: frozenset[str]
    attributes: frozenset[str]


def read_criteria(element: Element, depth: int = 0) -> Criteria:
    """Raises UnknownCriterion."""
    quantifier = element.get("assert") or "all"
    if quantifier not in _QUANTIFIERS or depth > MAX_DEPTH:
        raise UnknownCriterion
    usages, policies, attributes, inner = [], [], [], []
    for part in element:
        if part.tag == f"{{{SIE}}}KeyUsage":
            usages.append(frozenset(_usage(bit) for bit in part.iterfind(f"{{{SIE}}}KeyUsageBit")))
        elif part.tag == f"{{{SIE}}}PolicySet":
            policies.append(frozenset(_oid(each) for each in part.iterfind(f"{{{SIE}}}PolicyIdentifier")))
        elif part.tag == f"{{{SIE}}}CriteriaList":
            inner.append(read_criteria(part, depth + 1))
        elif part.tag == f"{{{SIE}}}otherCriteriaList":
            for other in part:
                if other.tag != f"{{{EXTRA}}}CertSubjectDNAttribute":
                    raise UnknownCriterion
                attributes.append(frozenset(_oid(each) for each in other.iterfind(f"{{{EXTRA}}}AttributeOID")))
        elif part.tag != f"{{{SIE}}}Description":
            raise UnknownCriterion
    return Criteria(
        quantifier=quantifier,
        usages=tuple(usages),
        policies=tuple(policies),
        attributes=tuple(attributes),
        inner=tuple(inner),
    )


def _usage(bit: Element) -> tuple[str, bool]:
    name = _USAGES.get(bit.get("name") or "")
    if name is None:
        raise UnknownCriterion
    return name, (bit.text or "").strip() in ("true", "1")


def _oid(holder: Element) -> str:
    text = (holder.findtext(f"{{{_XADES}}}Identifier") or "").strip()
    return text.removeprefix("urn:oid:").removeprefix("URN:OID:")


def _stated(certificate: SignerCertificate) -> _Stated:
    usage = key_usage(certificate.certificate)
    try:
        policies = certificate.certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    except x509.ExtensionNotFound:
        policies = x509.CertificatePolicies([])
    return _Stated(
        usages={} if usage is None else {name: bool(getattr(usage, name)) for name in _USAGES.values()},
        policies=frozenset(each.policy_identifier.dotted_string for each in policies),
        attributes=frozenset(each.oid.dotted_string for each in certificate.certificate.subject),
    )
