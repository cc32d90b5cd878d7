"""An assessment as the report of ETSI TS 119 102-2 v1.4.1 (namespace http://uri.etsi.org/19102/v1.4.1#).

Of clause 4 the signature validation report with identifier (4.2.3), time (4.2.5), attributes (4.2.7), signer (4.2.8),
process (4.2.10) and status (4.2.4), and the validation objects (4.3). It names certificates and time stamps by their
digests: it repeats nobody's name.
"""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from lxml import etree

from signing.algorithms import SHA256_URI
from signing.errors import Indication
from signing.formats.assessment import DocumentAssessment, SignatureAssessment
from signing.formats.validation import ValidatedSignature
from signing.formats.xades.profile import DS, XADES

REPORT: Final = "http://uri.etsi.org/19102/v1.4.1#"
REASON_TYPE: Final = "urn:sealpost:validation:reason"  # why a signature did not pass: a code of errors.py

_URN: Final = "urn:etsi:019102"
_CODED: Final = {
    Indication.TOTAL_PASSED: f"{_URN}:mainindication:total-passed",
    Indication.INDETERMINATE: f"{_URN}:mainindication:indeterminate",
    Indication.TOTAL_FAILED: f"{_URN}:mainindication:total-failed",
}


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
    etree.SubElement(holder, f"{{{DS}}}DigestMethod").set("Algorithm", SHA256_URI)
    etree.SubElement(holder, f"{{{DS}}}DigestValue").text = base64.b64encode(value).decode("ascii")


def _refer(parent: etree._Element, name: str, identifiers: Iterable[str]) -> None:
    _add(parent, name).set("VOReference", " ".join(identifiers))


def _add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    element = etree.SubElement(parent, f"{{{REPORT}}}{name}")
    element.text = text
    return element


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
