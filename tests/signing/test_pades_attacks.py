"""Every way to make a signed PDF show something else, each with the refusal it gets."""

import logging
import re
import zlib
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from io import BytesIO
from typing import Any

import pikepdf
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import embed, generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.sign.fields import SigFieldSpec, append_signature_field

from signing import (
    Identity,
    Level,
    NotSignable,
    TimestampTrust,
    TrustPolicy,
    ValidationData,
    ValidationPolicy,
    VerificationFailed,
    archive_pdf,
    extend_pdf,
    is_signed_copy,
    issue,
    sign_cades,
    sign_pdf,
    validate_pdf,
)
from signing.errors import VERIFICATION_CODES
from signing.formats.pades import reading
from signing.formats.pades import signing as pades_signing
from tests.signing.pki import AT, DOCUMENT, make_people
from tests.signing.renditions import rendition, updated
from tests.signing.stamping import TIME_ROOT, TIME_TRUST, stamper

LATER = AT + timedelta(days=30)
STAMPED, ARCHIVED = AT + timedelta(minutes=1), AT + timedelta(days=1)
PEOPLE = make_people()
POLICY = ValidationPolicy(signers=PEOPLE.trust, timestamps=TIME_TRUST)
OTHER = DOCUMENT.replace(b"fit &amp; well", b"unfit for work")


def signed(base: bytes | None = None, *, identity: Identity = PEOPLE.doctor) -> bytes:
    return sign_pdf(base or rendition(), identity=identity, at=AT)


ANCHOR = ValidationData(certificates=(PEOPLE.authority.certificate.public_bytes(Encoding.DER),))
SIGNED = signed()
LASTING = archive_pdf(
    extend_pdf(
        sign_pdf(rendition(), identity=PEOPLE.doctor, at=AT, level=Level.B_T, timestamper=stamper(STAMPED)),
        data=ANCHOR,
    ),
    timestamper=stamper(ARCHIVED),
    at=ARCHIVED,
)


def test_the_victims_are_good_as_they_are() -> None:
    for raw in (SIGNED, LASTING):
        assert validate_pdf(raw, policy=POLICY, validation_time=LATER).source == DOCUMENT


def refused(raw: bytes, *, policy: ValidationPolicy = POLICY, at: Any = LATER) -> str:
    with pytest.raises(VerificationFailed) as failed:
        validate_pdf(raw, policy=policy, validation_time=at)
    assert (failed.value.indication, failed.value.subindication) == VERIFICATION_CODES[failed.value.code]
    return failed.value.code


def byte_range(raw: bytes) -> tuple[int, int, int, int]:
    found = re.findall(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)\]", raw)[-1]
    begin, start, stop, length = map(int, found)
    return begin, start, stop, length


def with_range(raw: bytes, *values: int) -> bytes:
    """The PDF with other numbers in its last byte range, nothing moved."""
    old = list(re.finditer(rb"/ByteRange \[[^\]]*\] *", raw))[-1]
    new = b"/ByteRange [%s]" % b" ".join(b"%d" % each for each in values)
    return raw[: old.start()] + new.ljust(old.end() - old.start()) + raw[old.end() :]


# What was signed is changed


def test_changed_bytes_are_found() -> None:
    for old, new in ((b"/Lang (en)", b"/Lang (nl)"), (b"/Title", b"/Titel"), (b"/S/GTS_PDFA1", b"/S/GTS_PDFA9")):
        for raw in (SIGNED, LASTING):
            assert old in raw
            assert refused(raw.replace(old, new)) in {"digest-mismatch", "unreadable"}


def test_the_signature_of_another_document_proves_nothing() -> None:
    """The signature dictionary of one file in the other, its byte range moved along."""
    other = signed(rendition(OTHER))
    _, start, stop, _ = byte_range(SIGNED)
    _, other_start, other_stop, _ = byte_range(other)
    assert stop - start == other_stop - other_start
    assert refused(other[:other_start] + SIGNED[start:stop] + other[other_stop:]) == "digest-mismatch"


def test_the_signer_is_judged_as_everywhere() -> None:
    assert refused(signed(identity=PEOPLE.stranger)) == "certificate-untrusted"
    answers = issue(PEOPLE.authority, "Responder", use="answer", at=AT)
    assert refused(signed(identity=answers)) == "certificate-not-for-signing"
    assert refused(SIGNED, at=AT + timedelta(days=1000)) == "certificate-expired"


# The signature covers something else than it seems (universal forgery, wrapping)


def test_a_byte_range_that_leaves_out_more_than_the_signature_is_refused() -> None:
    begin, start, stop, length = byte_range(SIGNED)
    for values in (
        (begin, start, stop + 2, length - 2),
        (begin, start - 2, stop, length),
        (begin, start, stop, length - 2),
        (begin, start, stop, length + 1),
        (1, start - 1, stop, length),
        (begin, stop, start, length),
        (begin, 0, stop, length),
        (begin, start, stop, 0),
        (begin, start, stop),
        (begin, start, stop, length, 0, 0),
        (),
        (begin, -start, stop, length),
        (begin, start, stop, 10**12),
    ):
        assert refused(with_range(SIGNED, *values)) == "byte-range-not-allowed", values


@pytest.mark.parametrize("value", [b"null", b"[0 1.5 2 3]", b"(0 1 2 3)", b"[0 [1] 2 3]", b"/Name", b"<<>>"])
def test_a_byte_range_that_is_none_is_refused(value: bytes) -> None:
    old = list(re.finditer(rb"/ByteRange \[[^\]]*\] *", SIGNED))[-1]
    new = (b"/ByteRange " + value).ljust(old.end() - old.start())
    assert refused(SIGNED[: old.start()] + new + SIGNED[old.end() :]) in {"byte-range-not-allowed", "unreadable"}


def test_a_signature_without_byte_range_or_contents_is_refused() -> None:
    assert refused(SIGNED.replace(b"/ByteRange [", b"/ByteRangE [")) == "unreadable"
    assert refused(SIGNED.replace(b"/Contents <", b"/ContentS <")) == "unreadable"


def test_signature_wrapping_is_refused() -> None:
    """The second range is moved away, and other objects, which nobody signed, stand where it was."""
    begin, start, stop, length = byte_range(SIGNED)
    tail = SIGNED[stop:]
    moved = SIGNED[:stop] + b"\n1 0 obj\n<</Type/Pages/Count 0/Kids[]>>\nendobj\n"
    wrapped = with_range(moved + tail, begin, start, len(moved), length)
    assert refused(wrapped) in {"byte-range-not-allowed", "unreadable"}
    padded = SIGNED[:start] + SIGNED[start:stop].replace(b"0" * 400, b"", 1) + SIGNED[stop:]
    assert refused(padded) in {"byte-range-not-allowed", "unreadable"}


def test_what_stands_behind_the_signature_in_its_place_is_refused() -> None:
    _, start, stop, _ = byte_range(SIGNED)
    gap = SIGNED[start:stop]
    filled = gap[:-41] + b"25" * 20 + b">"
    assert len(filled) == len(gap)
    assert refused(SIGNED[:start] + filled + SIGNED[stop:]) == "signature-malformed"


def test_the_gap_holds_nothing_but_the_signature_in_hexadecimal() -> None:
    _, start, stop, _ = byte_range(SIGNED)
    for scrap in (b"(", b" ", b"%", b"\n"):
        gap = SIGNED[start : stop - 2] + scrap + b">"
        assert refused(SIGNED[:start] + gap + SIGNED[stop:]) in {"byte-range-not-allowed", "unreadable"}


def test_other_formats_than_pades_are_refused() -> None:
    for old, new in (
        (b"/ETSI.CAdES.detached", b"/adbe.pkcs7.detached"),
        (b"/ETSI.CAdES.detached", b"/adbe.x509.rsa_sha1 "),
        (b"/Type /Sig\n/Filter", b"/Type /Pig\n/Filter"),
    ):
        assert old in SIGNED
        assert refused(SIGNED.replace(old, new)) == "signature-format-not-allowed"


def test_a_signature_must_claim_its_time_where_a_pdf_does() -> None:
    old = rb"/M (D\07220260305090000Z)"
    assert old in SIGNED
    for new in (b"/N" + old[2:], old.replace(b"Z)", b" )"), rb"/M (D\07220260305090000 )"):
        assert refused(SIGNED.replace(old, new.ljust(len(old)))) in {"signature-malformed", "unreadable"}


def test_a_cms_that_claims_a_signing_time_itself_is_no_pades() -> None:
    _, start, stop, _ = byte_range(SIGNED)
    length = byte_range(SIGNED)[3]
    cms = sign_cades(SIGNED[:start] + SIGNED[stop : stop + length], identity=PEOPLE.doctor, at=AT)
    gap = b"<" + cms.hex().encode().ljust(stop - start - 2, b"0") + b">"
    assert refused(SIGNED[:start] + gap + SIGNED[stop:]) == "signature-malformed"


def test_no_signature_is_no_proof() -> None:
    assert refused(rendition()) == "no-signature"
    empty = updated(rendition() + b"\n", lambda writer: append_signature_field(writer, SigFieldSpec("Empty")))
    assert refused(empty) == "no-signature"


# Later revisions (incremental saving, object overwriting)


def page(writer: Any) -> Any:
    return writer.root["/Pages"]["/Kids"][0]


def show_other_content(writer: Any) -> None:
    new = writer.add_object(generic.StreamObject(stream_data=b"BT (unfit) Tj ET"))
    page(writer)["/Contents"] = new
    writer.update_container(page(writer))


def overwrite_content(writer: Any) -> None:
    content = page(writer).raw_get("/Contents")
    writer.objects[(content.generation, content.idnum)] = generic.StreamObject(stream_data=b"BT (unfit) Tj ET")


def annotate(writer: Any) -> None:
    note = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/FreeText"),
            pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (0, 0, 500, 500))),
            pdf_name("/Contents"): generic.TextStringObject("unfit"),
        }
    )
    page(writer)["/Annots"].append(writer.add_object(note))
    writer.update_container(page(writer)["/Annots"])
    writer.update_container(page(writer))


def add_page(writer: Any) -> None:
    pages = writer.root["/Pages"]
    pages["/Kids"].append(writer.add_object(generic.DictionaryObject(page(writer))))
    pages["/Count"] = generic.NumberObject(2)
    writer.update_container(pages)


def change_metadata(writer: Any) -> None:
    writer.root["/Metadata"]._data = b"<x/>"
    writer.update_container(writer.root["/Metadata"])


def change_title(writer: Any) -> None:
    info = writer.trailer["/Info"]
    info["/Title"] = generic.TextStringObject("Another form")
    writer.update_container(info)


def run_a_script(writer: Any) -> None:
    action = {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): generic.TextStringObject("app.alert(1)")}
    writer.root["/OpenAction"] = writer.add_object(generic.DictionaryObject(action))
    writer.update_root()


def add_a_text_field(writer: Any) -> None:
    field = {
        pdf_name("/FT"): pdf_name("/Tx"),
        pdf_name("/T"): generic.TextStringObject("Decision"),
        pdf_name("/V"): generic.TextStringObject("unfit"),
    }
    form = writer.root["/AcroForm"]
    form["/Fields"].append(writer.add_object(generic.DictionaryObject(field)))
    writer.update_container(form)


def show_a_signature_field(writer: Any) -> None:
    append_signature_field(writer, SigFieldSpec("Visible", box=(0, 0, 500, 500)))


def drop_the_certification(writer: Any) -> None:
    del writer.root["/Perms"]
    writer.update_root()


def free_an_object(raw: bytes) -> bytes:
    """A revision whose table only says that the content of the page is gone."""
    with pikepdf.open(BytesIO(raw)) as opened:
        number = opened.pages[0].Contents.objgen[0]
    found = re.findall(rb"startxref\s+(\d+)", raw)[-1]
    size, root = re.findall(rb"/Size (\d+)", raw)[-1], re.findall(rb"/Root (\d+ 0 R)", raw)[-1]
    table = b"xref\n0 1\n0000000000 65535 f \n%d 1\n0000000000 00001 f \n" % number
    trailer = b"trailer\n<</Size %s/Root %s/Prev %s>>\n" % (size, root, found)
    return raw + table + trailer + b"startxref\n%d\n%%%%EOF\n" % len(raw)


EDITS: dict[str, tuple[Callable[[Any], None], set[str]]] = {
    "the page shows other content": (show_other_content, {"object-overwritten"}),
    "the content is written over": (overwrite_content, {"object-overwritten"}),
    "a note is laid over the page": (annotate, {"object-overwritten"}),
    "a page is added": (add_page, {"object-overwritten"}),
    "other metadata": (change_metadata, {"object-overwritten"}),
    "another title": (change_title, {"object-overwritten"}),
    "a script": (run_a_script, {"revision-not-allowed"}),
    "a text field": (add_a_text_field, {"revision-not-allowed"}),
    "a visible signature field": (show_a_signature_field, {"revision-not-allowed"}),
    "no certification any more": (drop_the_certification, {"revision-not-allowed"}),
}


@pytest.mark.parametrize("victim", [SIGNED, LASTING], ids=["b", "lta"])
@pytest.mark.parametrize("attack", EDITS)
def test_a_later_revision_that_changes_what_people_see_is_refused(victim: bytes, attack: str) -> None:
    edit, codes = EDITS[attack]
    assert refused(updated(victim, edit)) in codes


def test_a_field_hidden_among_good_ones_is_refused() -> None:
    """A text field, and behind it a good time stamp, named twice."""

    def edit(writer: Any) -> None:
        add_a_text_field(writer)
        fields = writer.root["/AcroForm"]["/Fields"]
        fields += [fields.raw_get(1), fields.raw_get(1)]

    assert refused(updated(LASTING, edit)) == "revision-not-allowed"


@pytest.mark.parametrize("attack", [name for name in EDITS if name != "no certification any more"])
def test_who_signs_may_show_something_else_and_that_is_told(attack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The revision that adds the signature is the signer's own: it is a good signature, over other pages."""
    assert is_signed_copy(SIGNED, rendition())
    assert not is_signed_copy(SIGNED, rendition(OTHER))
    assert not is_signed_copy(rendition(), rendition())

    def write(document: reading.Document) -> Any:
        writer = plain(document)
        if attack == "a text field":
            writer.root["/AcroForm"] = generic.DictionaryObject({pdf_name("/Fields"): generic.ArrayObject()})
        EDITS[attack][0](writer)
        return writer

    plain = pades_signing._writer
    monkeypatch.setattr(pades_signing, "_writer", write)
    forged = signed()
    assert forged.startswith(rendition())
    assert validate_pdf(forged, policy=POLICY, validation_time=LATER).source == DOCUMENT
    assert not is_signed_copy(forged, rendition())


def test_freeing_an_object_is_refused() -> None:
    assert refused(free_an_object(SIGNED)) == "object-overwritten"


def test_objects_that_no_table_names_are_refused() -> None:
    """A reader that repairs damaged files would find them."""
    extended = extend_pdf(SIGNED, data=ANCHOR)
    assert validate_pdf(extended, policy=POLICY, validation_time=LATER).source == DOCUMENT
    hidden = b"%d 0 obj\n<</Type/Page>>\nendobj\n" % 4
    start = re.findall(rb"startxref\s+(\d+)\s+%%EOF\s*$", extended)[-1]
    table = int(start)
    moved = extended[:table] + hidden + extended[table:].replace(start, b"%d" % (table + len(hidden)))
    assert refused(moved) == "revision-not-allowed"


def test_what_follows_the_end_of_the_file_is_refused() -> None:
    for scrap in (b"x", b"%%EOF", b"\n4 0 obj\n<<>>\nendobj\n", b"\0" * 2000):
        assert refused(SIGNED + scrap + b"\n") in {"unreadable", "byte-range-not-allowed", "revision-not-allowed"}
    assert refused(b"\n" + SIGNED) == "unreadable"


def test_a_second_signature_is_refused() -> None:
    def sign_again(writer: Any) -> None:
        value = writer.root["/AcroForm"]["/Fields"][0].raw_get("/V")
        field = {
            pdf_name("/FT"): pdf_name("/Sig"),
            pdf_name("/T"): generic.TextStringObject("Second"),
            pdf_name("/V"): value,
        }
        writer.root["/AcroForm"]["/Fields"].append(writer.add_object(generic.DictionaryObject(field)))
        writer.update_container(writer.root["/AcroForm"])

    assert refused(updated(SIGNED, sign_again)) == "misplaced-signature"
    with pytest.raises(NotSignable, match="misplaced-signature"):
        sign_pdf(SIGNED, identity=PEOPLE.doctor, at=AT)


def test_a_time_stamp_before_the_signature_is_no_signature() -> None:
    stamped = reading.Document(rendition() + b"\n")
    assert stamped.signatures == ()
    only = archive_pdf(SIGNED, timestamper=stamper(STAMPED), at=STAMPED)
    without = only.replace(b"/Type /Sig\n/Filter", b"/Type /Pig\n/Filter")
    assert refused(without) == "signature-format-not-allowed"


# Shadows: what was prepared before signing


def test_a_document_that_was_prepared_in_several_revisions_is_refused() -> None:
    """The signer signs a file that shows one thing and holds another, which a later revision uncovers."""
    prepared = updated(rendition() + b"\n", overwrite_content)
    assert refused(signed(prepared)) == "shadow-revision"


# Attachments


def embed_file(writer: Any, name: str = "form.xml", *, associated: bool = False) -> None:
    spec = embed.FileSpec(
        file_spec_string=name,
        embedded_data=embed.EmbeddedFileObject.from_file_data(writer, data=OTHER),
        af_relationship=generic.pdf_name("/Source") if associated else None,
    )
    embed.embed_file(writer, spec)


def swap_attachment(writer: Any) -> None:
    files = writer.root["/AF"][0]["/EF"]
    held = files.raw_get("/F")
    writer.objects[(held.generation, held.idnum)] = generic.StreamObject(stream_data=OTHER)


def swap_specification(writer: Any) -> None:
    specification = writer.root["/AF"][0]
    new = writer.add_object(generic.StreamObject(stream_data=OTHER))
    specification["/EF"] = generic.DictionaryObject({pdf_name("/F"): new, pdf_name("/UF"): new})
    writer.update_container(specification)


def add_attachment(writer: Any) -> None:
    names = writer.root["/Names"]["/EmbeddedFiles"]["/Names"]
    names.append(generic.TextStringObject("second.xml"))
    names.append(names.raw_get(1))
    writer.update_root()


def drop_attachments(writer: Any) -> None:
    del writer.root["/Names"], writer.root["/AF"]
    writer.update_root()


@pytest.mark.parametrize("victim", [SIGNED, LASTING], ids=["b", "lta"])
@pytest.mark.parametrize("edit", [swap_attachment, swap_specification, add_attachment, drop_attachments])
def test_an_attachment_that_is_swapped_after_signing_is_refused(victim: bytes, edit: Callable[[Any], None]) -> None:
    assert refused(updated(victim, edit)) == "attachment-changed"


def prepared(edit: Callable[[Any], None]) -> bytes:
    """A file with one revision, changed before it is signed."""
    with pikepdf.open(BytesIO(rendition())) as opened:
        edit(opened)
        out = BytesIO()
        opened.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable)
        return out.getvalue()


def two_sources(opened: Any) -> None:
    second = opened.make_indirect(pikepdf.Dictionary(opened.Root.AF[0]))
    opened.Root.AF.append(second)
    opened.Root.Names.EmbeddedFiles.Names.extend([pikepdf.String("second.xml"), second])


def two_faces(opened: Any) -> None:
    opened.Root.AF[0].EF.UF = opened.make_stream(OTHER)


def unlisted(opened: Any) -> None:
    opened.Root.AF[0] = opened.make_indirect(pikepdf.Dictionary(opened.Root.AF[0]))


def repeated(opened: Any) -> None:
    """Four levels of which each names the next a hundred times: a hundred million nodes in some kilobytes."""
    tree = opened.make_indirect(opened.Root.Names.EmbeddedFiles)
    for _ in range(4):
        tree = opened.make_indirect(pikepdf.Dictionary(Kids=[tree] * 100))
    opened.Root.Names.EmbeddedFiles = tree


def circular(opened: Any) -> None:
    tree = opened.make_indirect(pikepdf.Dictionary())
    tree.Kids = [tree]
    opened.Root.Names.EmbeddedFiles = tree


def much_associated(opened: Any) -> None:
    opened.Root.AF = [opened.Root.AF[0]] * 100


def many(opened: Any) -> None:
    names = opened.Root.Names.EmbeddedFiles.Names
    for number in range(80):
        names.extend([pikepdf.String(f"{number}"), names[1]])


def large(opened: Any) -> None:
    stream = opened.Root.AF[0].EF.F
    stream.write(zlib.compress(bytes(reading.MAX_DECODED_BYTES + 1), 9), filter=pikepdf.Name.FlateDecode)
    opened.Root.AF[0].EF.UF = stream


def several(opened: Any) -> None:
    """Each within its limit; together more than the memory that a file may take."""
    packed = zlib.compress(bytes(reading.MAX_DECODED_BYTES - 1), 9)
    names = opened.Root.Names.EmbeddedFiles.Names
    for number in range(3):
        stream = opened.make_stream(b"")
        stream.write(packed, filter=pikepdf.Name.FlateDecode)
        listed = pikepdf.Dictionary(Type=pikepdf.Name.Filespec, EF=pikepdf.Dictionary(F=stream))
        names.extend([pikepdf.String(f"{number}"), opened.make_indirect(listed)])


@pytest.mark.parametrize(
    ("edit", "codes"),
    [
        (two_sources, {"attachment-not-allowed"}),
        (two_faces, {"attachment-not-allowed"}),
        (unlisted, {"attachment-not-allowed"}),
        (repeated, {"limit-exceeded"}),
        (circular, {"limit-exceeded"}),
        (many, {"limit-exceeded"}),
        (much_associated, {"limit-exceeded"}),
        (large, {"attachment-not-allowed"}),
        (several, {"attachment-not-allowed"}),
    ],
)
def test_attachments_that_two_readers_could_read_differently_are_refused(
    edit: Callable[[Any], None], codes: set[str]
) -> None:
    assert refused(signed(prepared(edit))) in codes


def test_a_pdf_without_its_source_says_so() -> None:
    def drop(opened: Any) -> None:
        del opened.Root.Names, opened.Root.AF

    found = validate_pdf(signed(prepared(drop)), policy=POLICY, validation_time=LATER)
    assert (found.attachments, found.source) == ((), None)


# Time stamps


def test_document_time_stamps_are_judged_as_all_are() -> None:
    early = issue(TIME_ROOT, "Short unit", use="stamp", at=AT, days=20)
    stamped = archive_pdf(SIGNED, timestamper=stamper(STAMPED, unit=early), at=STAMPED)
    assert refused(stamped) == "timestamp-expired"
    kept = archive_pdf(stamped, timestamper=stamper(ARCHIVED), at=ARCHIVED)
    assert validate_pdf(kept, policy=POLICY, validation_time=LATER).signature.best_signature_time == STAMPED


def test_a_document_time_stamp_over_other_bytes_is_refused() -> None:
    one = archive_pdf(SIGNED, timestamper=stamper(STAMPED), at=STAMPED)
    two = archive_pdf(signed(), timestamper=stamper(STAMPED), at=STAMPED)
    _, start, stop, _ = byte_range(one)
    _, other_start, other_stop, _ = byte_range(two)
    swapped = two[:other_start] + one[start:stop] + two[other_stop:]
    assert refused(swapped) == "timestamp-of-something-else"


def test_a_document_time_stamp_by_a_stranger_is_refused() -> None:
    stamped = archive_pdf(SIGNED, timestamper=stamper(STAMPED), at=STAMPED)
    nobody = ValidationPolicy(
        signers=PEOPLE.trust, timestamps=TimestampTrust(anchors=TrustPolicy((PEOPLE.authority.certificate,)))
    )
    assert refused(stamped, policy=nobody) == "timestamp-untrusted"


def test_a_signature_that_claims_to_be_made_after_its_time_stamp_is_refused() -> None:
    raw = archive_pdf(
        sign_pdf(rendition(), identity=PEOPLE.doctor, at=AT + timedelta(hours=2)),
        timestamper=stamper(STAMPED),
        at=STAMPED,
    )
    assert refused(raw) == "timestamp-out-of-order"


# What is no PDF, or one to wear readers out


def test_what_is_no_pdf_is_refused() -> None:
    for raw in (
        b"",
        b"%PDF-",
        b"%PDF-1.7\n%%EOF",
        b"<form/>",
        SIGNED[:-200],
        SIGNED[200:],
        b"%PDF-1.7\n" * 5000 + b"%%EOF",
    ):
        assert refused(raw) == "unreadable"
    assert refused(b"%PDF-1.7" + bytes(reading.MAX_PDF_BYTES)) == "limit-exceeded"


def test_an_encrypted_pdf_is_refused() -> None:
    with pikepdf.open(BytesIO(rendition())) as opened:
        out = BytesIO()
        opened.save(out, encryption=pikepdf.Encryption(owner="", user=""))
    assert refused(out.getvalue()) == "unreadable"


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 20_000 + b"]" * 20_000,
        b"<</A " * 5_000 + b"0" + b">>" * 5_000,
        b"<</Type/Catalog/AcroForm<</Fields[1 0 R]>>/Kids[1 0 R]/FT/Sig/T(x)/V 1 0 R>>",
        b"<</Type/Catalog/AcroForm 2 0 R>>",
        b"<</Type/Catalog/DSS<</Certs 5>>/AcroForm<</Fields 7>>>>",
        b"(" * 50_000,
        b"<</Type/Catalog/Version/9.9/AcroForm<</Fields[<</FT/Sig/T(x)/V<</Contents(x)/ByteRange[0 1 2 3]>>>>]>>>>",
    ],
)
def test_odd_catalogs_are_refused(body: bytes) -> None:
    head = b"%PDF-1.7\n"
    written = head + b"1 0 obj\n" + body + b"\nendobj\n"
    table = b"xref\n0 2\n0000000000 65535 f \n%010d 00000 n \n" % len(head)
    raw = written + table + b"trailer\n<</Size 2/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(written)
    assert refused(raw) in {"unreadable", "no-signature", "signature-format-not-allowed"}


@pytest.mark.parametrize(
    "trailer",
    [
        b"<</Size 2/Root 1 0 R/Prev 9>>",
        b"<</Size 2/Root 1 0 R/Prev -1>>",
        b"<</Size 99999999999/Root 1 0 R>>",
        b"<</Size 2/Root 1 0 R/XRefStm 9>>",
        b"<</Size 2>>",
        b"<<",
    ],
)
def test_odd_trailers_are_refused(trailer: bytes) -> None:
    head = b"%PDF-1.7\n"
    written = head + b"1 0 obj\n<</Type/Catalog>>\nendobj\n"
    table = b"xref\n0 2\n0000000000 65535 f \n%010d 00000 n \ntrailer\n" % len(head)
    raw = written + table + trailer + b"\nstartxref\n%d\n%%%%EOF\n" % len(written)
    assert refused(raw) in {"unreadable", "no-signature"}


def test_nothing_of_the_document_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for edit, _ in EDITS.values():
            refused(updated(SIGNED, edit))
    assert caplog.text == ""


# Random damage


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    victim=st.sampled_from([SIGNED, LASTING]),
    cuts=st.lists(
        st.tuples(
            st.floats(0, 1),
            st.integers(0, 30),
            st.one_of(
                st.sampled_from([b"", b"0", b"9", b"<<", b">>", b"[", b"]", b"/", b"(", b"endobj"]),
                st.binary(max_size=4),
            ),
        ),
        min_size=1,
        max_size=3,
    ),
    at_the_end=st.booleans(),
)
@pytest.mark.filterwarnings("ignore::UserWarning")  # cryptography warns of odd names and numbers
def test_damage_never_validates_as_something_else(
    victim: bytes, cuts: list[tuple[float, int, bytes]], at_the_end: bool
) -> None:
    """Nothing but VerificationFailed is raised; what still validates is the same form by the same signer."""
    raw = victim
    for place, length, scrap in cuts:
        at = len(rendition()) + int(place * (len(raw) - len(rendition()))) if at_the_end else int(place * len(raw))
        raw = raw[:at] + scrap + raw[at + length :]
    with suppress(VerificationFailed):
        found = validate_pdf(raw, policy=POLICY, validation_time=LATER)
        assert found.source == DOCUMENT
        assert found.signature.signature.certificate == PEOPLE.doctor.certificate
        assert found.signature.best_signature_time in {STAMPED, LATER}
        assert victim.startswith(found.signed) or found.signed[: len(rendition())] == rendition()
