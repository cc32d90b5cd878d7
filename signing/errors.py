"""Everything that signing, sealing, opening and verifying can refuse, and why; no other module invents a code.

    SigningError(code, detail)
      KeyUnavailable            a key or certificate cannot be read or may not be used
      NotSignable               the document does not have the shape that is signed here
      VerificationFailed        a signature does not prove what it should (indication, subindication)
      SealingFailed             an envelope cannot be made or opened
      ContainerRejected         a container is not what the strict reader accepts
      TimestampUnavailable      no authority gave a time stamp (retry_after_s)
      NotFetched                what lies elsewhere cannot be had

A detail never holds a value of a document, a name out of a certificate or a message of a library.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Indication(StrEnum):
    """Outcome of validating a signature. Source: ETSI EN 319 102-1, 5.1.3."""

    TOTAL_PASSED = "TOTAL-PASSED"
    INDETERMINATE = "INDETERMINATE"
    TOTAL_FAILED = "TOTAL-FAILED"


class Subindication(StrEnum):
    """Why a signature is not TOTAL-PASSED. Source: ETSI EN 319 102-1, tables 6 and 7."""

    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE_NO_POE = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    NO_SIGNING_CERTIFICATE_FOUND = "NO_SIGNING_CERTIFICATE_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"
    OUT_OF_BOUNDS_NO_POE = "OUT_OF_BOUNDS_NO_POE"
    SIGNATURE_POLICY_NOT_AVAILABLE = "SIGNATURE_POLICY_NOT_AVAILABLE"
    REVOKED_NO_POE = "REVOKED_NO_POE"
    REVOKED_CA_NO_POE = "REVOKED_CA_NO_POE"
    REVOCATION_OUT_OF_BOUNDS_NO_POE = "REVOCATION_OUT_OF_BOUNDS_NO_POE"
    TRY_LATER = "TRY_LATER"
    TIMESTAMP_ORDER_FAILURE = "TIMESTAMP_ORDER_FAILURE"
    SIGNED_DATA_NOT_FOUND = "SIGNED_DATA_NOT_FOUND"


_FORMAT = (Indication.TOTAL_FAILED, Subindication.FORMAT_FAILURE)
_PROFILE = (Indication.INDETERMINATE, Subindication.SIG_CONSTRAINTS_FAILURE)

VERIFICATION_CODES: Final[Mapping[str, tuple[Indication, Subindication]]] = MappingProxyType(
    {
        # the document
        "unreadable": _FORMAT,
        "limit-exceeded": _FORMAT,
        "comment-not-allowed": _FORMAT,
        "repeated-id": _FORMAT,
        "unsigned-content": _FORMAT,
        # the structure of a signature
        "no-signature": _FORMAT,
        "misplaced-signature": _FORMAT,
        "signature-malformed": _FORMAT,
        "signed-properties-misplaced": _FORMAT,
        "unsigned-property-not-allowed": _PROFILE,
        "reference-not-allowed": _PROFILE,
        "transform-not-allowed": _PROFILE,
        "policy-not-supported": (Indication.INDETERMINATE, Subindication.SIGNATURE_POLICY_NOT_AVAILABLE),
        "covered-file-missing": (Indication.INDETERMINATE, Subindication.SIGNED_DATA_NOT_FOUND),
        # a PDF and what came after its signature
        "signature-format-not-allowed": _PROFILE,
        "byte-range-not-allowed": _FORMAT,
        "shadow-revision": _PROFILE,
        "revision-not-allowed": _FORMAT,
        "object-overwritten": _FORMAT,
        "attachment-changed": _FORMAT,
        "attachment-not-allowed": _PROFILE,
        # the mathematics
        "algorithm-not-allowed": (Indication.INDETERMINATE, Subindication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE),
        "digest-mismatch": (Indication.TOTAL_FAILED, Subindication.HASH_FAILURE),
        "signature-invalid": (Indication.TOTAL_FAILED, Subindication.SIG_CRYPTO_FAILURE),
        # the signer
        "certificate-unreadable": _FORMAT,
        "certificate-not-bound": (Indication.INDETERMINATE, Subindication.NO_SIGNING_CERTIFICATE_FOUND),
        "certificate-untrusted": (Indication.INDETERMINATE, Subindication.NO_CERTIFICATE_CHAIN_FOUND),
        "certificate-expired": (Indication.INDETERMINATE, Subindication.OUT_OF_BOUNDS_NO_POE),
        "certificate-not-for-signing": (Indication.INDETERMINATE, Subindication.CHAIN_CONSTRAINTS_FAILURE),
        "certificate-revoked": (Indication.INDETERMINATE, Subindication.REVOKED_NO_POE),
        "issuer-revoked": (Indication.INDETERMINATE, Subindication.REVOKED_CA_NO_POE),
        "revocation-unknown": (Indication.INDETERMINATE, Subindication.TRY_LATER),
        "revocation-expired": (Indication.INDETERMINATE, Subindication.REVOCATION_OUT_OF_BOUNDS_NO_POE),
        # a trusted list
        "list-unreadable": _FORMAT,
        "list-older": _PROFILE,
        "list-by-a-stranger": (Indication.INDETERMINATE, Subindication.NO_SIGNING_CERTIFICATE_FOUND),
        # a time stamp
        "timestamp-unreadable": _FORMAT,
        "timestamp-of-something-else": (Indication.TOTAL_FAILED, Subindication.HASH_FAILURE),
        "timestamp-altered": (Indication.TOTAL_FAILED, Subindication.HASH_FAILURE),
        "timestamp-signature-invalid": (Indication.TOTAL_FAILED, Subindication.SIG_CRYPTO_FAILURE),
        "timestamp-algorithm-not-allowed": (
            Indication.INDETERMINATE,
            Subindication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
        ),
        "timestamp-of-another-request": _PROFILE,
        "timestamp-policy-not-accepted": _PROFILE,
        "timestamp-out-of-order": (Indication.INDETERMINATE, Subindication.TIMESTAMP_ORDER_FAILURE),
        "timestamp-certificate-not-bound": (Indication.INDETERMINATE, Subindication.NO_SIGNING_CERTIFICATE_FOUND),
        "timestamp-certificate-not-for-time": (Indication.INDETERMINATE, Subindication.CHAIN_CONSTRAINTS_FAILURE),
        "timestamp-untrusted": (Indication.INDETERMINATE, Subindication.NO_CERTIFICATE_CHAIN_FOUND),
        "timestamp-expired": (Indication.INDETERMINATE, Subindication.OUT_OF_BOUNDS_NO_POE),
        "timestamp-revoked": (Indication.INDETERMINATE, Subindication.REVOKED_NO_POE),
        # an evidence record
        "record-unreadable": _FORMAT,
        "record-of-something-else": (Indication.TOTAL_FAILED, Subindication.HASH_FAILURE),
        "record-of-a-node": _PROFILE,
        "record-chain-broken": (Indication.TOTAL_FAILED, Subindication.HASH_FAILURE),
        "record-algorithms-mixed": _PROFILE,
        # a transparency log
        "proof-unreadable": _FORMAT,
        "inclusion-unproven": (Indication.TOTAL_FAILED, Subindication.HASH_FAILURE),
        "consistency-unproven": (Indication.TOTAL_FAILED, Subindication.HASH_FAILURE),
        "checkpoint-unreadable": _FORMAT,
        "checkpoint-of-another-log": _PROFILE,
        "checkpoint-unsigned": (Indication.INDETERMINATE, Subindication.NO_SIGNING_CERTIFICATE_FOUND),
        "checkpoint-signature-invalid": (Indication.TOTAL_FAILED, Subindication.SIG_CRYPTO_FAILURE),
        "cosignature-invalid": (Indication.TOTAL_FAILED, Subindication.SIG_CRYPTO_FAILURE),
        "cosignatures-missing": _PROFILE,
    }
)

KEY_CODES: Final = frozenset(
    {
        "key-unreadable",  # neither PEM nor PKCS#12, or damaged
        "password-wrong",
        "key-missing",
        "certificate-missing",  # no certificate belongs to the key
        "key-not-allowed",  # the algorithm policy does not let this key sign, or its certificate has ended
        "anchors-unreadable",
        # a key in a token
        "token-address",  # not a PKCS#11 address, or more than is understood
        "module-unusable",
        "token-missing",
        "token-ambiguous",  # several tokens, or several keys, of that name
        "key-ambiguous",
        "key-exists",
        "key-not-exportable",
        "pin-missing",
        "pin-refused",  # once, and never tried again by this process
        "token-cannot",  # the mechanism, or this use of the key
        "token-unavailable",  # lost and not found again: it may come back
    }
)

SEALING_CODES: Final = frozenset(
    {
        "recipient-missing",
        "recipient-not-allowed",  # key type, size or key usage of the recipient's certificate
        "envelope-unreadable",  # not the DER of our profile
        "not-a-recipient",
        "cannot-open",  # one code for every cryptographic failure: no oracle
    }
)

CONTAINER_CODES: Final = frozenset(
    {
        "container-unreadable",
        "container-too-large",
        "entry-not-allowed",  # name, compression, encryption, extra fields
        "entry-repeated",
        "entry-damaged",  # CRC or size
        "headers-disagree",  # local header against central directory
        "hidden-data",  # bytes that belong to no entry
        "mimetype-missing",
        "manifest-disagrees",
    }
)

FETCH_CODES: Final = frozenset(
    {
        "not-reachable",
        "answer-too-large",
        "answer-refused",  # the other side answers, but not with what was asked
    }
)


class SigningError(Exception):
    """Root of all that this package raises on purpose. `detail` is safe to show."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class KeyUnavailable(SigningError):
    """A key or certificate cannot be read, or may not be used for this. Codes: KEY_CODES."""

    @property
    def is_temporary(self) -> bool:
        """Whether the key may be there again later."""
        return self.code in ("token-missing", "token-unavailable")


class NotSignable(SigningError):
    """The document to sign is not of the signed shape. Codes: those of VERIFICATION_CODES on the document."""


class VerificationFailed(SigningError):
    """A signature does not prove what it should. Codes: VERIFICATION_CODES."""

    def __init__(self, indication: Indication, subindication: Subindication, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.indication = indication
        self.subindication = subindication


class SealingFailed(SigningError):
    """An envelope cannot be made or opened. Codes: SEALING_CODES."""


class ContainerRejected(SigningError):
    """A container is not what the strict reader accepts. Codes: CONTAINER_CODES.

    about: the file in it that is at fault, if it is one. why, of a manifest that disagrees: `unreadable`, `of-another`
    (it names another signature or record than its own), `repeats` (a file twice, or what may not be named), `empty`,
    `names` (other files than there are).
    """

    def __init__(self, code: str, detail: str, *, about: str = "", why: str = "") -> None:
        super().__init__(code, detail)
        self.about = about
        self.why = why


class TimestampUnavailable(SigningError):
    """No authority gave a time stamp that counts. Code: timestamp-unavailable; `detail` lists each one's failure."""

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__("timestamp-unavailable", detail)
        self.retry_after_s = retry_after_s


class NotFetched(SigningError):
    """What lies elsewhere (a time stamp, revocation data) cannot be had. Codes: FETCH_CODES."""


def refusal(code: str, detail: str) -> VerificationFailed:
    """The VerificationFailed of a code, with the indication that EN 319 102-1 gives to it."""
    indication, subindication = VERIFICATION_CODES[code]
    return VerificationFailed(indication, subindication, code, detail)
