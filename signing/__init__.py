"""Signing and sealing: XAdES, closed envelopes, containers, keys and trust. Knows no forms, parties or stores."""

from signing import issuing
from signing.algorithms import ALGORITHMS, AlgorithmPolicy, KeyRule
from signing.container import build_container, read_container
from signing.errors import (
    ContainerRejected,
    Indication,
    KeyUnavailable,
    NotSignable,
    SealingFailed,
    SigningError,
    Subindication,
    VerificationFailed,
)
from signing.formats.xades import sign_fields, sign_xml, verify_xml
from signing.issuing import issue, issue_authority
from signing.keys import identity_from_pem, identity_from_pkcs12, identity_to_pem, load_identity
from signing.model import (
    Identity,
    SubjectIdentity,
    VerifiedSignature,
    VerifiedXml,
    fingerprint,
    sha256,
    subject_of,
)
from signing.sealing import open_sealed, seal
from signing.trust import TrustPolicy, trust_from_pem
from signing.writing import Field

__all__ = [
    "ALGORITHMS",
    "AlgorithmPolicy",
    "ContainerRejected",
    "Field",
    "Identity",
    "Indication",
    "KeyRule",
    "KeyUnavailable",
    "NotSignable",
    "SealingFailed",
    "SigningError",
    "Subindication",
    "SubjectIdentity",
    "TrustPolicy",
    "VerificationFailed",
    "VerifiedSignature",
    "VerifiedXml",
    "build_container",
    "fingerprint",
    "identity_from_pem",
    "identity_from_pkcs12",
    "identity_to_pem",
    "issue",
    "issue_authority",
    "issuing",
    "load_identity",
    "open_sealed",
    "read_container",
    "seal",
    "sha256",
    "sign_fields",
    "sign_xml",
    "subject_of",
    "trust_from_pem",
    "verify_xml",
]
