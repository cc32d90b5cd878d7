"""Whether a signature is qualified: what its certificate states, as the trusted lists confirm, widen or take back.

A certificate is qualified when the service that issued it was supervised for that, and the list and the certificate
say so, both when it was issued and when it was used. Where two services of one authority lead to different words,
nothing is claimed. It is reported and decides nothing: the law of a form says what it asks for.
Source: ETSI TS 119 615, 4.4 and 4.5; EN 319 412-5, 4.2 and 4.3 (statements in certificates).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from cryptography import x509

from signing import der as asn1
from signing.certificates import SignerCertificate, read_certificate
from signing.lists.levels import QualificationLevel
from signing.lists.reading import Service, ServicePeriod, ServiceType

_QC_STATEMENTS: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3")
_COMPLIANCE: Final = "0.4.0.1862.1.1"
_DEVICE: Final = "0.4.0.1862.1.4"
_TYPE: Final = "0.4.0.1862.1.6"
_SIGNATURES, _SEALS, _WEBSITES = "ForeSignatures", "ForeSeals", "ForWebSiteAuthentication"
_PURPOSES: Final = {f"{_TYPE}.1": _SIGNATURES, f"{_TYPE}.2": _SEALS, f"{_TYPE}.3": _WEBSITES}
_PURPOSES_BY_LIST: Final = {"QCForESig": _SIGNATURES, "QCForESeal": _SEALS, "QCForWSA": _WEBSITES}
_IN_DEVICE: Final = frozenset({"QCWithQSCD", "QCWithSSCD", "QCQSCDManagedOnBehalf"})
_IN_NO_DEVICE: Final = frozenset({"QCNoQSCD", "QCNoSSCD"})


@dataclass(frozen=True, kw_only=True)
class Qualification:
    """level: of the signature. issuer: DER of the certificate by which the list knows the issuer; None: not found."""

    level: QualificationLevel
    issuer: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class _Status:
    is_qualified: bool
    purpose: str | None
    has_device: bool


def qualify(path: Sequence[bytes], services: Iterable[Service], *, at: datetime) -> Qualification:
    """What the lists say of the first certificate of `path` (DER, up to the anchor), used at that moment."""
    leaf, issuers = read_certificate(path[0]), set(path[1:])
    known = [
        (service, issuer)
        for service in services
        if service.type is ServiceType.CERTIFICATES
        for issuer in service.certificates
        if issuer in issuers
    ]
    if not known:
        return Qualification(level=QualificationLevel.UNKNOWN)
    used = _found(leaf, [service for service, _ in known], at)
    issued = _found(leaf, [service for service, _ in known], leaf.valid_from)
    is_qualified = used.is_qualified and issued.is_qualified
    return Qualification(level=_level(replace(used, is_qualified=is_qualified)), issuer=known[0][1])


def _found(leaf: SignerCertificate, services: Sequence[Service], at: datetime) -> _Status:
    """The one status that all services in force give; none where they disagree."""
    stated = _stated(leaf)
    periods = [period for each in services for period in each.periods if period.covers(at) and period.is_in_force]
    found = {status for period in periods if (status := _by_list(leaf, stated, period)) is not None}
    return found.pop() if len(found) == 1 else _Status(is_qualified=False, purpose=None, has_device=False)


def _by_list(leaf: SignerCertificate, stated: _Status, period: ServicePeriod) -> _Status | None:
    """What the certificate states, as the list corrects it; None where the service is not for such certificates."""
    said = {each for rule in period.rules if rule.criteria.apply_to(leaf) for each in rule.qualifiers}
    is_qualified = (stated.is_qualified or "QCStatement" in said) and not said & {"NotQualified", "QCForLegalPerson"}
    purposes = {_PURPOSES_BY_LIST[each] for each in said & set(_PURPOSES_BY_LIST)}
    purpose = stated.purpose if not purposes else purposes.pop() if len(purposes) == 1 else None
    if period.purposes and purpose not in period.purposes:
        return None
    has_device = (stated.has_device or bool(said & _IN_DEVICE)) and not said & _IN_NO_DEVICE
    return _Status(is_qualified=is_qualified, purpose=purpose, has_device=has_device)


def _level(status: _Status) -> QualificationLevel:
    if not status.is_qualified:
        return QualificationLevel.ADES
    if status.purpose == _SIGNATURES:
        return QualificationLevel.QESIG if status.has_device else QualificationLevel.ADESIG_QC
    if status.purpose == _SEALS:
        return QualificationLevel.QESEAL if status.has_device else QualificationLevel.ADESEAL_QC
    return QualificationLevel.ADES


def _stated(leaf: SignerCertificate) -> _Status:
    """The statements of the certificate itself; what is not well formed states nothing.

    One that states to be qualified and not for what is for signatures: EN 319 412-5, 4.2.3.
    """
    nothing = _Status(is_qualified=False, purpose=None, has_device=False)
    try:
        extension = leaf.certificate.extensions.get_extension_for_oid(_QC_STATEMENTS).value
    except x509.ExtensionNotFound:
        return nothing
    if not isinstance(extension, x509.UnrecognizedExtension):
        return nothing
    try:
        statements = _read_statements(extension.value)
    except asn1.DerError:
        return nothing
    purposes = statements.get(_TYPE, [f"{_TYPE}.1"])
    return _Status(
        is_qualified=_COMPLIANCE in statements,
        purpose=_PURPOSES.get(purposes[0]) if len(purposes) == 1 else None,
        has_device=_DEVICE in statements,
    )


def _read_statements(raw: bytes) -> dict[str, list[str]]:
    """Identifier of a statement -> the purposes in it, where it is about these. Raises DerError."""
    outer = asn1.Reader(raw)
    inner = outer.enter(asn1.SEQUENCE)
    outer.finish()
    found: dict[str, list[str]] = {}
    while inner.peek() is not None:
        statement = inner.enter(asn1.SEQUENCE)
        name = statement.take_oid()
        found[name] = []
        if name == _TYPE:
            purposes = statement.enter(asn1.SEQUENCE)
            while purposes.peek() is not None:
                found[name].append(purposes.take_oid())
    return found
