"""A small PDF/A-3a and PDF/UA-1 with the form inside, and later revisions of a PDF, also forbidden ones."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import typst
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from tests.signing.pki import DOCUMENT

Edit = Callable[[Any], None]

_PAGE: Final = """
#set document(title: "Example form", date: datetime(year: 2026, month: 3, day: 5))
#set text(lang: "en", font: "Libertinus Serif")
#pdf.attach("/form.xml", relationship: "source", mime-type: "application/xml", description: "Signed form")
= Example form
Decision: fit. #link("https://example.org/receipts")[Check the receipt]
"""


@cache
def rendition(source: bytes = DOCUMENT) -> bytes:
    """The form as people read it, with the bytes that count attached."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "form.xml").write_bytes(source)
        (Path(folder) / "page.typ").write_text(_PAGE)
        compiler = typst.Compiler(root=folder, font_paths=typst.Fonts(include_system_fonts=False))
        made = compiler.compile(
            input=f"{folder}/page.typ",
            format="pdf",
            pdf_standards=["a-3a", "ua-1"],
            timestamp=datetime(2026, 3, 5, 9, tzinfo=UTC),
        )
        assert isinstance(made, bytes)
        return made


def updated(raw: bytes, edit: Edit) -> bytes:
    """The PDF with a later revision, in which `edit` did something to the objects of the one before."""
    writer = IncrementalPdfFileWriter(BytesIO(raw))
    writer._update_meta = lambda: None  # type: ignore[method-assign]
    edit(writer)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()
