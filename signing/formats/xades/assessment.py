"""The outcome of validation as a value and as a report: every signature judged, none passed over because one failed.

`validate_xml` is for who acts on a document, this is for who has to say what is wrong with it. The report is that of
ETSI TS 119 102-2 v1.4.1 (namespace http://uri.etsi.org/19102/v1.4.1#): of clause 4 the signature validation report
with identifier (4.2.3), time (4.2.5), attributes (4.2.7), signer (4.2.8), process (4.2.10) and status (4.2.4), and the
validation objects (4.3). It names certificates and time stamps by their digests: it repeats nobody's name.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from lxml import etree

from signing.errors import Indication, Subindication, VerificationFailed
from signing.formats.xades.document import canonical, read_document
from signing.formats.xades.profile import DS, XADES
from signing.formats.xades.validation import ValidatedSignature, ValidationPolicy, validate_signature
from signing.revocation import KnownData, ValidationData

REPORT: Final = "http://uri.etsi.org/19102/v1.4.1#"
REASON_TYPE: Final = "urn:sealpost:validation:reason"  # why a signature did not pass: a code of errors.py

_SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
_URN: Final = "urn:etsi:019102"
_CODED: Final = {
    Indication.TOTAL_PASSED: f"{_URN}:mainindication:total-passed",
    Indication.INDETERMINATE: f"{_URN}:mainindication:indeterminate",
    Indication.TOTAL_FAILED: f"{_URN}:mainindication:total-failed",
}
_SEVERITY: Final = (Indication.TOTAL_PASSED, Indication.INDETERMINATE, Indication.TOTAL_FAILED)


@dataclass(frozen=True, kw_only=True)
class SignatureAssessment:
    """What is to be said of one signature. Source: ETSI EN 319 102-1, 5.1.3.

    signed_info, value: canonical SignedInfo, and the signature value in base64 as it stands there; None where the
        document has no signature, or cannot be read.
    passed, content: what it proves, and the bytes that it covers; None unless TOTAL-PASSED.
    code, detail: as in VerificationFailed.
    """

    indication: Indication
    subindication: Subindication | None = None
    code: str | None = None
    detail: str | None = None
    passed: ValidatedSignature | None = None
    content: bytes | None = None
    signed_info: bytes | None = None
    value: str | None = None


@dataclass(frozen=True, kw_only=True)
class DocumentAssessment:
    """Each signature in document order; at least one entry, that of the document itself where nothing can be read."""

    validation_time: datetime
    signatures: tuple[SignatureAssessment, ...]

    @property
    def indication(self) -> Indication:
        """That of the worst signature."""
        return max((each.indication for each in self.signatures), key=_SEVERITY.index)


def assess_xml(
    raw: bytes,
    *,
    policy: ValidationPolicy,
    validation_time: datetime,
    kept: ValidationData | None = None,
    known: Sequence[KnownData] = (),
) -> DocumentAssessment:
    """What `validate_xml` finds, for each signature by itself. Raises nothing of what it finds."""
    if validation_time.tzinfo is None:
        raise ValueError("`validation_time` must be aware")
    try:
        document = read_document(raw)
    except VerificationFailed as exc:
        return DocumentAssessment(validation_time=validation_time, signatures=(failed_assessment(exc),))
    found = []
    elsewhere = (KnownData(data=kept or ValidationData(), known_at=validation_time), *known)
    for element in document.signatures:
        signed_info, value = _identify(element)
        try:
            content, passed = validate_signature(document, element, policy, validation_time, elsewhere)
        except VerificationFailed as exc:
            found.append(failed_assessment(exc, signed_info=signed_info, value=value))
        else:
            found.append(
                SignatureAssessment(
                    indication=Indication.TOTAL_PASSED,
                    passed=passed,
                    content=content,
                    signed_info=signed_info,
                    value=value,
                )
            )
    if not found:
        none = SignatureAssessment(
            indication=Indication.TOTAL_FAILED,
            subindication=Subindication.FORMAT_FAILURE,
            code="no-signature",
            detail="the document holds no signature",
        )
        found.append(none)
    return DocumentAssessment(validation_time=validation_time, signatures=tuple(found))


def failed_assessment(
    exc: VerificationFailed, *, signed_info: bytes | None = None, value: str | None = None
) -> SignatureAssessment:
    return SignatureAssessment(
        indication=exc.indication,
        subindication=exc.subindication,
        code=exc.code,
        detail=exc.detail,
        signed_info=signed_info,
        value=value,
    )


def _identify(signature: etree._Element) -> tuple[bytes | None, str | None]:
    signed_info, value = signature.find(f"{{{DS}}}SignedInfo"), signature.find(f"{{{DS}}}SignatureValue")
    try:
        covered = None if signed_info is None else canonical(signed_info)
        text = None if value is None else base64.b64encode(base64.b64decode(value.text or "", validate=False)).decode()
    except (VerificationFailed, ValueError):
        return None, None
    return covered, text


def build_report(assessment: DocumentAssessment) -> bytes:
    """The assessment as a TS 119 102-2 validation report, UTF-8. It is not signed."""
    root = etree.Element(f"{{{REPORT}}}ValidationReport", nsmap={None: REPORT, "ds": DS, "xades": XADES})
    objects = _Objects()
    for signature in assessment.signatures:
        _write_signature(root, signature, assessment.validation_time, objects)
    objects.write(root)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


@dataclass
class _Objects:
    """The validation objects of a report, each once: identifier -> type and digest."""

    found: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def name(self, kind: str, der: bytes) -> str:
        digest = hashlib.sha256(der).digest()
        identifier = f"{kind}-{digest.hex()}"
        self.found[identifier] = (kind, digest)
        return identifier

    def write(self, root: etree._Element) -> None:
        if not self.found:
            return
        holder = _add(root, "SignatureValidationObjects")
        for identifier, (kind, digest) in self.found.items():
            entry = _add(holder, "ValidationObject")
            entry.set("id", identifier)
            _add(entry, "ObjectType", f"{_URN}:validationObject:{kind}")
            _digest(_add(entry, "ValidationObjectRepresentation"), digest)


def _write_signature(
    root: etree._Element, signature: SignatureAssessment, validation_time: datetime, objects: _Objects
) -> None:
    report = _add(root, "SignatureValidationReport")
    passed = signature.passed
    if signature.signed_info is not None:
        identifier = _add(report, "SignatureIdentifier")
        _digest(identifier, hashlib.sha256(signature.signed_info).digest())
        if signature.value is not None:
            etree.SubElement(identifier, f"{{{DS}}}SignatureValue").text = signature.value
        _add(identifier, "HashOnly", "false")
        _add(identifier, "DocHashOnly", "false")
    times = _add(report, "ValidationTimeInfo")
    _add(times, "ValidationTime", _time(validation_time))
    best = _add(times, "BestSignatureTime")
    _add(best, "POETime", _time(passed.best_signature_time if passed else validation_time))
    _add(best, "TypeOfProof", f"{_URN}:poetype:validation")
    if passed is not None:
        _write_attributes(report, passed, objects)
        signer = objects.name("certificate", passed.signature.path[0])
        _refer(_add(report, "SignerInformation"), "SignerCertificate", [signer])
    process = _add(report, "SignatureValidationProcess")
    kind = "Basic" if passed is None or not passed.timestamps else "LTA" if passed.archive else "LTVM"
    _add(process, "SignatureValidationProcessID", f"{_URN}:validationprocess:{kind}")
    status = _add(report, "SignatureValidationStatus")
    _add(status, "MainIndication", _CODED[signature.indication])
    if signature.subindication is not None:
        _add(status, "SubIndication", f"{_URN}:subindication:{signature.subindication}")
    data = _add(status, "AssociatedValidationReportData")
    if passed is not None:
        _write_chain(data, passed, objects)
    if signature.code is not None:
        entry = _add(_add(data, "AdditionalValidationReportData"), "ReportData")
        _add(entry, "Type", REASON_TYPE)
        _add(entry, "Value", signature.code)


def _write_attributes(report: etree._Element, passed: ValidatedSignature, objects: _Objects) -> None:
    attributes = _add(report, "SignatureAttributes")
    signing_time = _add(attributes, "SigningTime")
    signing_time.set("Signed", "true")
    _add(signing_time, "Time", _time(passed.signature.signing_time))
    for name, stamps in (("SignatureTimeStamp", passed.timestamps), ("ArchiveTimeStamp", passed.archive)):
        for stamp in stamps:
            attribute = _add(attributes, name)
            attribute.set("Signed", "false")
            _refer(attribute, "AttributeObject", [objects.name("timestamp", stamp.token)])
            _add(attribute, "TimeStampValue", _time(stamp.stamped_at))


def _write_chain(data: etree._Element, passed: ValidatedSignature, objects: _Objects) -> None:
    signer, *between, anchor = (objects.name("certificate", der) for der in passed.signature.path)
    _refer(data, "TrustAnchor", [anchor])
    chain = _add(data, "CertificateChain")
    _refer(chain, "SigningCertificate", [signer])
    for each in between:
        _refer(chain, "IntermediateCertificate", [each])
    _refer(chain, "TrustAnchor", [anchor])
    revoked = next((each for each in passed.statuses if each.revoked_at is not None), None)
    if revoked is not None and revoked.revoked_at is not None:
        information = _add(data, "RevocationStatusInformation")
        _refer(information, "ValidationObjectId", [objects.name("certificate", revoked.certificate)])
        _add(information, "RevocationTime", _time(revoked.revoked_at))
        if revoked.reason is not None:
            _add(information, "RevocationReason", f"{_URN}:revocationReason:{revoked.reason}")


def _digest(parent: etree._Element, value: bytes) -> None:
    holder = _add(parent, "DigestAlgAndValue")
    etree.SubElement(holder, f"{{{DS}}}DigestMethod").set("Algorithm", _SHA256)
    etree.SubElement(holder, f"{{{DS}}}DigestValue").text = base64.b64encode(value).decode("ascii")


def _refer(parent: etree._Element, name: str, identifiers: Iterable[str]) -> None:
    _add(parent, name).set("VOReference", " ".join(identifiers))


def _add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    element = etree.SubElement(parent, f"{{{REPORT}}}{name}")
    element.text = text
    return element


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
