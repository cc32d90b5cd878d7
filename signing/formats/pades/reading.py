"""Reads of a PDF what signatures need: its revisions, its signatures and what they cover, attachments, the DSS.

pyhanko reads the PDF, strictly; whatever it raises on odd files becomes a refusal here. A signature covers the file up
to an end, but for the gap that holds it, and everything it proves is read from a document that ends there.
Source: ISO 32000-1, 7.5.6 (updates), 7.11 (file specifications), 12.8 (signatures); ETSI EN 319 142-1, 5.4, 6.
"""

import logging
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from io import BytesIO
from struct import error as struct_error
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodeLimits, DecodePurpose, DocumentDecodeBudget, StreamDecodeLimits
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from signing.errors import VerificationFailed, refusal
from signing.revocation.judging import ValidationData

# What pyhanko says when it finds something odd repeats pieces of the document.
logging.getLogger("pyhanko").setLevel(logging.CRITICAL)

MAX_PDF_BYTES: Final = 32 * 1024 * 1024
MAX_DECODED_BYTES: Final = 64 * 1024 * 1024  # of one stream
MAX_DECODED_IN_ALL: Final = 128 * 1024 * 1024  # however large the file is: pyhanko would allow a hundred times that
MAX_FIELDS: Final = 256
MAX_ATTACHMENTS: Final = 64
MAX_NAME_NODES: Final = 128
MAX_VALIDATION_DATA: Final = 1024

_LIMITS: Final = DecodeLimits(
    per_stream=StreamDecodeLimits(max_output_size=MAX_DECODED_BYTES),
    document_budget=DocumentDecodeBudget(base_allowance=MAX_DECODED_IN_ALL, max_ratio=0),
)
SIGNATURE: Final = "/Sig"
TIME_STAMP: Final = "/DocTimeStamp"
_SUB_FILTERS: Final = {SIGNATURE: "/ETSI.CAdES.detached", TIME_STAMP: "/ETSI.RFC3161"}

# What pyhanko was seen to raise on odd files, beside its own errors.
_FAULTS: Final = (
    PdfError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    AssertionError,
    OverflowError,
    NotImplementedError,
    RecursionError,
    OSError,
    EOFError,
    zlib.error,
    struct_error,
)


@contextmanager
def refusing(code: str = "unreadable", detail: str = "not a PDF that can be read") -> Iterator[None]:
    """Turns what pyhanko raises into the refusal of that code. Its own messages may hold values, so they stay here."""
    try:
        yield
    except VerificationFailed:
        raise
    except _FAULTS:
        raise refusal(code, detail) from None


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file inside a PDF. relationship: as PDF/A-3 names it, without the slash, e.g. `Source`."""

    name: str
    relationship: str | None
    content: bytes


@dataclass(frozen=True, kw_only=True)
class SignatureEntry:
    """One signature dictionary, its byte range checked. kind: `/Sig` or `/DocTimeStamp`.

    start, stop: the gap that holds the signature; end: where the bytes that it covers end.
    contents: CMS in DER, without the zeros behind it. claimed_at: what the signer claims, where it says so.
    """

    field: str
    kind: str
    start: int
    stop: int
    end: int
    contents: bytes
    claimed_at: datetime | None

    @property
    def is_time_stamp(self) -> bool:
        """Whether it is a document time stamp."""
        return self.kind == TIME_STAMP

    def covered(self, raw: bytes) -> bytes:
        """The bytes of the file that the signature is over."""
        return raw[: self.start] + raw[self.stop : self.end]


class Document:
    """A PDF as its bytes say it, up to their end. Every method raises VerificationFailed."""

    def __init__(self, raw: bytes) -> None:
        if len(raw) > MAX_PDF_BYTES:
            raise refusal("limit-exceeded", "a PDF larger than 32 MiB")
        if not raw.startswith(b"%PDF-1.") or not raw.rstrip(b"\r\n").endswith(b"%%EOF"):
            raise refusal("unreadable", "the file does not begin and end as a PDF does")
        self.raw = raw
        with refusing():
            self.reader = PdfFileReader(BytesIO(raw), strict=True, decode_limits=_LIMITS)
            if self.reader.encrypted or self.reader.xrefs.hybrid_xrefs_present:
                raise refusal("unreadable", "an encrypted PDF, or one with two tables of its objects")
            self.root: Any = self.reader.root

    @property
    def revisions(self) -> int:
        """How often the file was written to, the first time among them."""
        return int(self.reader.xrefs.total_revisions)

    @cached_property
    def signatures(self) -> tuple[SignatureEntry, ...]:
        """Every filled signature field, in the order in which they were made."""
        with refusing():
            fields = _array(_entry(self.root, "/AcroForm"), "/Fields")
            if len(fields) > MAX_FIELDS:
                raise refusal("limit-exceeded", f"more than {MAX_FIELDS} fields")
            found = []
            for place in range(len(fields)):
                field: Any = fields[place]
                if "/Kids" in field or "/Parent" in field:
                    raise refusal("unreadable", "a form with fields inside fields")
                if _entry(field, "/FT") == "/Sig" and "/V" in field:
                    found.append(self._read_entry(str(field["/T"]), field["/V"]))
        return tuple(sorted(found, key=lambda each: each.end))

    def until(self, entry: SignatureEntry) -> "Document":
        """The document that ends where the bytes covered by the signature end, which must still have that signature."""
        if entry.end == len(self.raw):
            return self
        document = Document(self.raw[: entry.end])
        if entry not in document.signatures:
            raise refusal("byte-range-not-allowed", "a signature that does not stand in the bytes it covers")
        with refusing():
            known = self.reader.xrefs.get_startxref_for_revision(document.revisions - 1)
            if known != document.reader.last_startxref:
                raise refusal("byte-range-not-allowed", "a signature whose bytes are no revision of the file")
        return document

    @cached_property
    def attachments(self) -> tuple[Attachment, ...]:
        """Every embedded file."""
        with refusing("attachment-not-allowed", "an attachment that cannot be read"):
            associated = _array(self.root, "/AF")
            listed = _named(_entry(_entry(self.root, "/Names"), "/EmbeddedFiles"))
            if len(associated) > MAX_ATTACHMENTS:
                raise refusal("limit-exceeded", f"more than {MAX_ATTACHMENTS} associated files")
            if not {_reference(each) for each in associated} <= {reference for _, reference in listed}:
                raise refusal("attachment-not-allowed", "an associated file that a reader would not list")
            return tuple(_attachment(name, reference) for name, reference in listed)

    @cached_property
    def source(self) -> bytes | None:
        """The file from which the PDF was made (AFRelationship Source): the only one; None if there is none."""
        found = [each.content for each in self.attachments if each.relationship == "Source"]
        if len(found) > 1:
            raise refusal("attachment-not-allowed", "more than one file that the PDF was made from")
        return found[0] if found else None

    @cached_property
    def validation_data(self) -> ValidationData:
        """What the document security store holds; nothing of it is believed."""
        with refusing():
            store = _entry(self.root, "/DSS")
            return ValidationData(
                certificates=_streams(store, "/Certs"), ocsps=_streams(store, "/OCSPs"), crls=_streams(store, "/CRLs")
            )

    def _read_entry(self, field: str, value: Any) -> SignatureEntry:
        kind = str(_entry(value, "/Type") or SIGNATURE)
        if _SUB_FILTERS.get(kind) != value["/SubFilter"]:
            raise refusal("signature-format-not-allowed", "a signature that is neither PAdES nor a document time stamp")
        byte_range, contents = value["/ByteRange"], value.raw_get("/Contents").original_bytes
        if len(byte_range) != 4 or not all(type(each) is generic.NumberObject for each in byte_range):
            raise refusal("byte-range-not-allowed", "a byte range that is not two ranges")
        begin, start, stop, length = map(int, byte_range)
        end = stop + length
        gap = self.raw[start:stop]
        is_whole = begin == 0 < start < stop < end <= len(self.raw) and self.raw[:end].rstrip(b"\r\n").endswith(
            b"%%EOF"
        )
        if not is_whole or gap[:1] != b"<" or gap[-1:] != b">" or bytes.fromhex(gap[1:-1].decode("ascii")) != contents:
            raise refusal("byte-range-not-allowed", "a signature that leaves out more than itself")
        claimed = _entry(value, "/M")
        return SignatureEntry(
            field=field,
            kind=kind,
            start=start,
            stop=stop,
            end=end,
            contents=_without_padding(contents),
            claimed_at=None if claimed is None else _aware(generic.parse_pdf_date(claimed, strict=True)),
        )


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise refusal("signature-malformed", "a claimed signing time without a time zone")
    return moment


def _without_padding(contents: bytes) -> bytes:
    """DER at the beginning of `contents`, behind which nothing but zeros may stand."""
    octets = contents[1] - 0x80 if contents[1] >= 0x80 else 0
    length = int.from_bytes(contents[2 : 2 + octets], "big") if octets else contents[1]
    end = 2 + octets + length
    if contents[end:].strip(b"\0") or end > len(contents):
        raise refusal("signature-malformed", "something stands behind the signature in its place")
    return contents[:end]


def _named(tree: Any) -> list[tuple[str, generic.Reference]]:
    """The entries of a name tree. A node met again counts again: what leads to itself ends at the limit."""
    nodes = [tree]
    found: list[tuple[str, generic.Reference]] = []
    for node in nodes:
        names, kids = _array(node, "/Names"), _array(node, "/Kids")
        if len(found) + len(names) // 2 > MAX_ATTACHMENTS or len(nodes) + len(kids) > MAX_NAME_NODES:
            raise refusal("limit-exceeded", f"more than {MAX_ATTACHMENTS} attachments, or a tree of too many nodes")
        found += [(str(names[place]), _reference(names.raw_get(place + 1))) for place in range(0, len(names), 2)]
        nodes += [kid.get_object() for kid in kids]
    return found


def _attachment(name: str, reference: generic.Reference) -> Attachment:
    specification: Any = reference.get_object()
    files = specification["/EF"]
    if len({_reference(files.raw_get(key)) for key in files}) != 1:
        # One reader would show one file, and the next another.
        raise refusal("attachment-not-allowed", "an attachment that is several files")
    relationship = _entry(specification, "/AFRelationship")
    return Attachment(
        name=name,
        relationship=None if relationship is None else str(relationship)[1:],
        content=files["/F"].read_data(DecodePurpose.GENERIC),
    )


def _streams(store: Any, key: str) -> tuple[bytes, ...]:
    found = _array(store, key)
    if len(found) > MAX_VALIDATION_DATA:
        raise refusal("limit-exceeded", f"more than {MAX_VALIDATION_DATA} pieces of validation data")
    return tuple(each.get_object().read_data(DecodePurpose.GENERIC) for each in found)


def _entry(holder: Any, key: str) -> Any:
    """What a dictionary, which may be missing itself, has under `key`; None if nothing."""
    return None if holder is None or key not in holder else holder[key]


def _array(holder: Any, key: str) -> Any:
    """An array that may be missing."""
    found = _entry(holder, key)
    return generic.ArrayObject() if found is None else found


def _reference(value: Any) -> generic.Reference:
    reference: generic.Reference = value.reference
    return reference
