"""Signing and sealing: XAdES, time stamps, closed envelopes, containers, keys, trust. Knows no form, party or store."""

from signing import issuing
from signing.algorithms import ALGORITHMS, AlgorithmPolicy, KeyRule
from signing.container import build_container, read_container
from signing.errors import (
    ContainerRejected,
    Indication,
    KeyUnavailable,
    NotFetched,
    NotSignable,
    SealingFailed,
    SigningError,
    Subindication,
    TimestampUnavailable,
    VerificationFailed,
)
from signing.fetching import Fetch
from signing.formats.xades import (
    Level,
    ValidatedSignature,
    ValidatedXml,
    ValidationPolicy,
    archive_xml,
    extend_xml,
    sign_fields,
    sign_xml,
    stamp_xml,
    validate_xml,
    verify_xml,
)
from signing.issuing import RevocationAddresses, issue, issue_authority
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
from signing.revocation import (
    CertificateStatus,
    RevocationAuthority,
    RevocationRule,
    ValidationData,
    collect_revocation,
)
from signing.sealing import open_sealed, seal
from signing.timestamps import (
    TimeStamp,
    TimestampAuthority,
    Timestamper,
    TimestampSource,
    TimestampTrust,
    verify_timestamp,
)
from signing.trust import TrustPolicy, trust_from_pem
from signing.writing import Field

__all__ = [
    "ALGORITHMS",
    "AlgorithmPolicy",
    "CertificateStatus",
    "ContainerRejected",
    "Fetch",
    "Field",
    "Identity",
    "Indication",
    "KeyRule",
    "KeyUnavailable",
    "Level",
    "NotFetched",
    "NotSignable",
    "RevocationAddresses",
    "RevocationAuthority",
    "RevocationRule",
    "SealingFailed",
    "SigningError",
    "Subindication",
    "SubjectIdentity",
    "TimeStamp",
    "TimestampAuthority",
    "TimestampSource",
    "TimestampTrust",
    "TimestampUnavailable",
    "Timestamper",
    "TrustPolicy",
    "ValidatedSignature",
    "ValidatedXml",
    "ValidationData",
    "ValidationPolicy",
    "VerificationFailed",
    "VerifiedSignature",
    "VerifiedXml",
    "archive_xml",
    "build_container",
    "collect_revocation",
    "extend_xml",
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
    "stamp_xml",
    "subject_of",
    "trust_from_pem",
    "validate_xml",
    "verify_timestamp",
    "verify_xml",
]
