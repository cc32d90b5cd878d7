"""Makes signatures in a PDF, each as an update behind what stands there: the file that was signed stays its beginning.

pyhanko writes the update, `signing/cms` the signature: its own signer reads the private key and encodes everything anew
for each signature. The field is invisible and stands on the first page, as PDF/A-3 and PDF/UA-1 want it; the first
signature certifies the document, so that every reader tells of later changes other than those for keeping it.
Metadata stays as it is: a signed PDF/A is the same document.
Source: ETSI EN 319 142-1, 5 and 6; ISO 32000-1, 12.8.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from signing.cms import build_signed_data, names
from signing.errors import NotSignable, VerificationFailed
from signing.formats.level import Level
from signing.formats.pades.reading import Document, refusing
from signing.model import Identity
from signing.revocation.judging import ValidationData
from signing.timestamps.requesting import Timestamper

SIGNATURE_FIELD: Final = "Signature"

_WITH_DATA: Final = (Level.B_LT, Level.B_LTA)
_DIGEST: Final = "sha256"  # pyhanko wants to make one; nobody reads it
_CMS_BYTES: Final = 1536  # what a signature needs besides its certificates and its time stamp
_TOKEN_BYTES: Final = 8 * 1024  # most time stamps need less; for larger ones the gap is made again


class _Update(IncrementalPdfFileWriter):
    """An update that leaves the metadata of the document alone, and so needs no clock."""

    def _update_meta(self) -> None:
        pass


def sign_pdf(
    pdf: bytes,
    *,
    identity: Identity,
    at: datetime,
    level: Level = Level.B_B,
    timestamper: Timestamper | None = None,
    validation_data: ValidationData | None = None,
) -> bytes:
    """Sign a PDF at a level: from B-T on `timestamper` is needed, from B-LT on what `validation_data` proves.

    pdf: stays the beginning of what is returned, byte for byte.
    at: claimed signing time, not proof of time; for the authority: now.
    Raises NotSignable for what is no PDF, or is signed already; KeyUnavailable; TimestampUnavailable.
    """
    if (level is not Level.B_B and timestamper is None) or (level in _WITH_DATA and validation_data is None):
        raise ValueError(f"something is missing for {level}")
    stamping = None if level is Level.B_B else timestamper
    document = _open(pdf)
    if document.signatures:
        raise NotSignable("misplaced-signature", "the PDF is signed already")

    def sign(covered: bytes) -> bytes:
        return build_signed_data(
            covered,
            content_type=names.DATA,
            identity=identity,
            is_detached=True,
            stamp=None if stamping is None else lambda value: stamping.stamp(value, at=at).token,
        )

    certificates = (identity.certificate, *identity.chain)
    needed = _CMS_BYTES + sum(len(each.public_bytes(Encoding.DER)) for each in certificates)
    signed = _embed(document, sign, needed + (0 if stamping is None else _TOKEN_BYTES), claimed_at=at)
    if level in _WITH_DATA and validation_data is not None:
        signed = extend_pdf(signed, data=validation_data)
    if level is Level.B_LTA and timestamper is not None:
        signed = archive_pdf(signed, timestamper=timestamper, at=at)
    return signed


def extend_pdf(pdf: bytes, *, data: ValidationData) -> bytes:
    """Add the certificates and revocation data by which the signatures can be judged later: level B-LT.

    What the document security store holds already is not added again.
    Raises NotSignable.
    """
    document = _open_signed(pdf)
    there = document.validation_data
    with _not_signable():
        writer = _writer(document)
        root: Any = writer.root
        store = root["/DSS"] if "/DSS" in root else generic.DictionaryObject({pdf_name("/Type"): pdf_name("/DSS")})
        changed = [
            _add(writer, store, "/Certs", data.certificates, there.certificates),
            _add(writer, store, "/OCSPs", data.ocsps, there.ocsps),
            _add(writer, store, "/CRLs", data.crls, there.crls),
        ]
        if not any(changed):
            return pdf
        if "/DSS" in root:
            writer.update_container(store)
        else:
            root["/DSS"] = writer.add_object(store)
            writer.update_root()
        out = BytesIO()
        writer.write(out)
        return out.getvalue()


def archive_pdf(pdf: bytes, *, timestamper: Timestamper, at: datetime) -> bytes:
    """Add a document time stamp over all that stands there: level B-T where there was none, B-LTA; again to renew it.

    at: now. Validate first, and add what validation needed, so that the stamp covers that too.
    Raises NotSignable; TimestampUnavailable.
    """
    document = _open_signed(pdf)
    return _embed(document, lambda covered: timestamper.stamp(covered, at=at).token, _TOKEN_BYTES, claimed_at=None)


def _embed(document: Document, sign: Callable[[bytes], bytes], needed: int, *, claimed_at: datetime | None) -> bytes:
    """The document with what `sign` gives in a new field.

    needed: bytes that it probably has. claimed_at: for a signature, which certifies the document; None: a time stamp.
    """
    # Brings HTTP clients along, which nobody who only validates has to load.
    from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
    from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigMDPSetup, SigObjSetup
    from pyhanko.sign.signers.pdf_byterange import DocumentTimestamp, SignatureObject

    field = SIGNATURE_FIELD if claimed_at else f"Timestamp{len(document.signatures)}"
    while True:
        with _not_signable():
            embedding = PdfCMSEmbedder().write_cms(field, _writer(document))
            next(embedding)
            room = 2 * needed  # in hexadecimal
            if claimed_at is None:
                setup = SigObjSetup(sig_placeholder=DocumentTimestamp(bytes_reserved=room))
            else:
                setup = SigObjSetup(
                    sig_placeholder=SignatureObject(
                        timestamp=claimed_at, subfilter=SigSeedSubFilter.PADES, bytes_reserved=room
                    ),
                    mdp_setup=SigMDPSetup(md_algorithm=_DIGEST, certify=True, docmdp_perms=MDPPerm.NO_CHANGES),
                )
            embedding.send(setup)
            prepared, out = embedding.send(SigIOSetup(md_algorithm=_DIGEST))
        written = out.getvalue()
        signature = sign(written[: prepared.reserved_region_start] + written[prepared.reserved_region_end :])
        if len(signature) <= needed:
            embedding.send(signature)
            return bytes(out.getvalue())
        needed = len(signature) + 64  # a value may be a few bytes longer the next time
        document = Document(document.raw)


@contextmanager
def _not_signable() -> Iterator[None]:
    """What cannot be read cannot be signed."""
    try:
        with refusing():
            yield
    except VerificationFailed as exc:
        raise NotSignable(exc.code, exc.detail) from exc


def _open(pdf: bytes) -> Document:
    with _not_signable():
        # The first object of an update begins a line (ISO 19005-3, 6.1.9).
        return Document(pdf if pdf.endswith((b"\n", b"\r")) else pdf + b"\n")


def _open_signed(pdf: bytes) -> Document:
    document = _open(pdf)
    with _not_signable():
        if not document.signatures:
            raise NotSignable("no-signature", "the PDF holds no signature")
    return document


def _writer(document: Document) -> Any:
    return _Update(BytesIO(document.raw), prev=document.reader)


def _add(writer: Any, store: Any, key: str, values: Iterable[bytes], there: Iterable[bytes]) -> bool:
    new = [each for each in dict.fromkeys(values) if each not in set(there)]
    if new:
        found = list(store[key]) if key in store else []
        found += [writer.add_object(generic.StreamObject(stream_data=each)) for each in new]
        store[key] = generic.ArrayObject(found)
    return bool(new)
