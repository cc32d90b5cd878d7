"""The outcome of validation as a value: every signature judged, none passed over because one failed.

`validate_xml` and `validate_pdf` are for who acts on a document, this is for who has to say what is wrong with it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from signing.errors import Indication, Subindication, VerificationFailed
from signing.formats.validation import ValidatedSignature

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
