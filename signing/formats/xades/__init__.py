"""XML signatures: a strict profile of XAdES baseline, B-B to B-LTA."""

from signing.formats.xades.assessment import DocumentAssessment, SignatureAssessment, assess_xml, build_report
from signing.formats.xades.augmentation import archive_xml, extend_xml, stamp_xml
from signing.formats.xades.builder import sign_fields, sign_xml
from signing.formats.xades.levels import raise_xml
from signing.formats.xades.validation import (
    Collect,
    Level,
    ValidatedSignature,
    ValidatedXml,
    ValidationPolicy,
    validate_xml,
)
from signing.formats.xades.verifier import verify_xml

__all__ = [
    "Collect",
    "DocumentAssessment",
    "Level",
    "SignatureAssessment",
    "ValidatedSignature",
    "ValidatedXml",
    "ValidationPolicy",
    "archive_xml",
    "assess_xml",
    "build_report",
    "extend_xml",
    "raise_xml",
    "sign_fields",
    "sign_xml",
    "stamp_xml",
    "validate_xml",
    "verify_xml",
]
