"""PAdES: signatures inside a PDF, made without changing what stands there, and validated with what came after them."""

from signing.formats.pades.levels import raise_pdf
from signing.formats.pades.reading import Attachment
from signing.formats.pades.signing import archive_pdf, extend_pdf, sign_pdf
from signing.formats.pades.validation import ValidatedPdf, assess_pdf, validate_pdf

__all__ = [
    "Attachment",
    "ValidatedPdf",
    "archive_pdf",
    "assess_pdf",
    "extend_pdf",
    "raise_pdf",
    "sign_pdf",
    "validate_pdf",
]
