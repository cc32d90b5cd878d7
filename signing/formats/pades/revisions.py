"""What came after a signature in a PDF: nothing, or only what keeps it provable. Anything else is refused by its kind.

Each later revision is compared with the bytes that were signed. It may add objects, which nothing that was signed leads
to but through these: the catalog, which may get a document security store; the form, which may get invisible fields
with document time stamps; the first page, which may name these fields. Nothing else that was signed is written again.
Source: ETSI EN 319 142-1, 5.4, 5.5; ISO 32000-2, 12.8.2.2.2 (what is no change to a certified document).
"""

import re
from collections.abc import Container
from io import BytesIO
from typing import Any, Final

from pyhanko.pdf_utils import generic

from signing.errors import VerificationFailed, refusal
from signing.formats.pades.reading import SIGNATURE, TIME_STAMP, Document, refusing

MAX_LATER_REVISIONS: Final = 128

_STORE_KEYS: Final = frozenset({"/Type", "/Certs", "/OCSPs", "/CRLs", "/VRI"})
_FIELD_KEYS: Final = frozenset({"/FT", "/T", "/Ff", "/V", "/Type", "/Subtype", "/F", "/Rect", "/P"})
_OBJECT: Final = re.compile(rb"\b\d+ \d+ obj\b")


def check_later_revisions(document: Document, signed: Document) -> None:
    """Compare what a document says after a signature with what it said when it was signed.

    Raises VerificationFailed: attachment-changed, object-overwritten, revision-not-allowed, limit-exceeded.
    """
    if signed is document:
        return
    if document.revisions - signed.revisions > MAX_LATER_REVISIONS:
        raise refusal("limit-exceeded", f"more than {MAX_LATER_REVISIONS} revisions after the signature")
    with refusing("revision-not-allowed", "a later revision that cannot be read"):
        if document.attachments != signed.attachments:
            raise refusal("attachment-changed", "an attachment was added, taken away or replaced after signing")
        page = _first_page(signed.root)
        for number in range(signed.revisions, document.revisions):
            _check_revision(document.reader.get_historical_resolver(number), signed, page, TIME_STAMP)
        _check_for_hidden_objects(document, signed)


def is_signed_copy(signed: bytes, original: bytes) -> bool:
    """Whether a PDF is `original`, which was never signed, with one revision that adds an invisible signature and
    nothing else: who signs writes that revision, and could as well show other pages in it."""
    if not signed.startswith(original):
        return False
    try:
        before, after = Document(original), Document(signed)
        with refusing():
            if after.revisions != before.revisions + 1 or "/AcroForm" in before.root:
                return False
            if after.reader.xrefs.get_startxref_for_revision(before.revisions - 1) != before.reader.last_startxref:
                return False
            revision = after.reader.get_historical_resolver(before.revisions)
            _check_revision(revision, before, _first_page(before.root), SIGNATURE)
            _check_for_hidden_objects(after, before)
    except VerificationFailed:
        return False
    return True


def _check_revision(revision: Any, signed: Document, page: Any, kind: str) -> None:
    """kind: of signatures that the revision may add."""
    base = signed.root
    form, store = base.get("/AcroForm"), base.get("/DSS")
    form_before = generic.DictionaryObject() if form is None else base["/AcroForm"]
    rewritable = {signed.reader.root_ref.idnum, page.container_ref.idnum}
    for holder, key in ((base, "/AcroForm"), (form_before, "/Fields"), (page, "/Annots"), (base, "/DSS")):
        value = holder.raw_get(key) if key in holder else None
        if isinstance(value, generic.IndirectObject):
            rewritable.add(value.idnum)
    written = revision.explicit_refs_in_revision()
    for each in written | revision.refs_freed_in_revision():
        if not _is_new(each, signed) and (each.idnum not in rewritable or each not in written):
            raise _overwritten()
    trailer, before = revision.trailer_view, signed.reader.trailer_view
    if "/Encrypt" in trailer or any(_bytes_of(trailer, key) != _bytes_of(before, key) for key in ("/Root", "/Info")):
        raise _not_allowed()
    root = revision.root
    may_change = ("/AcroForm", "/DSS", "/Extensions", *(["/Perms"] if kind == SIGNATURE else []))
    if not _same(base, root, but=may_change) or not _same_place(form, root.get("/AcroForm")):
        raise _not_allowed()
    if not _same_place(store, root.get("/DSS")) or ("/DSS" in root and not _STORE_KEYS.issuperset(root["/DSS"])):
        raise _not_allowed()
    fields = _check_form(form_before, root["/AcroForm"], signed, kind)
    page_now = revision(page.container_ref)
    if not _same(page, page_now, but=("/Annots",)):
        raise _overwritten()
    if not set(fields).issuperset(_added(page, page_now, "/Annots")):
        raise _overwritten()


def _check_form(before: Any, now: Any, signed: Document, kind: str) -> list[int]:
    """The numbers of the fields that a form has got, which are nothing but invisible signatures of that kind."""
    if not _same(before, now, but=("/Fields", "/SigFlags")):
        raise _not_allowed()
    added = _added(before, now, "/Fields")
    for reference in list(now["/Fields"])[-len(added) :] if added else ():
        field: Any = reference.get_object()
        left, low, right, high = map(float, field["/Rect"])
        if (
            not _is_new(reference.reference, signed)
            or not _FIELD_KEYS.issuperset(field)
            or field["/FT"] != "/Sig"
            or field["/V"]["/Type"] != kind
            or (left != right and low != high)
        ):
            raise _not_allowed()
    return added


def _added(before: Any, now: Any, key: str) -> list[int]:
    """The numbers of the objects that an array of references has got at its end. Raises VerificationFailed if anything
    else has become of it."""
    old, new = (list(holder[key]) if key in holder else [] for holder in (before, now))
    if not _same_place(before.get(key), now.get(key)) or [_written(each) for each in new[: len(old)]] != [
        _written(each) for each in old
    ]:
        raise _not_allowed()
    return [each.idnum for each in new[len(old) :]]


def _check_for_hidden_objects(document: Document, signed: Document) -> None:
    """Later revisions hold nothing that their tables do not name: a reader that repairs files would find it."""
    tables = document.reader.xrefs
    named = sum(
        isinstance(tables.get_historical_ref(each, number), int)  # the others stand in object streams
        for number in range(signed.revisions, document.revisions)
        for each in tables.explicit_refs_in_revision(number)
    )
    written = len(_OBJECT.findall(document.raw, len(signed.raw)))
    if written != named:
        raise refusal("revision-not-allowed", "a later revision has objects that its table does not name")


def _first_page(root: Any) -> Any:
    page = root["/Pages"]
    for _ in range(64):
        if "/Kids" not in page:
            return page
        page = page["/Kids"][0]
    raise refusal("limit-exceeded", "a tree of pages deeper than 64 levels")


def _is_new(reference: generic.Reference, signed: Document) -> bool:
    """Whether no object could have this number when the document was signed."""
    return bool(reference.idnum >= signed.reader.trailer_view["/Size"])


def _same(before: Any, now: Any, *, but: Container[str]) -> bool:
    """Whether two dictionaries are written alike, apart from some keys."""
    left, right = ({key: _bytes_of(holder, key) for key in holder if key not in but} for holder in (before, now))
    return left == right


def _same_place(before: Any, now: Any) -> bool:
    """Whether a value stands where it did: in the same object of its own, or in its holder; or it was not there yet."""
    is_apart = [isinstance(each, generic.IndirectObject) for each in (before, now)]
    return before is None or (is_apart[0] == is_apart[1] and (not is_apart[0] or before.idnum == now.idnum))


def _bytes_of(holder: Any, key: str) -> bytes | None:
    return _written(holder.raw_get(key)) if key in holder else None


def _written(value: Any) -> bytes:
    out = BytesIO()
    value.write_to_stream(out)
    return out.getvalue()


def _overwritten() -> VerificationFailed:
    return refusal("object-overwritten", "something that was signed was written over in a later revision")


def _not_allowed() -> VerificationFailed:
    return refusal("revision-not-allowed", "a later revision does more than keep the signature provable")
