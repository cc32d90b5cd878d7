"""The typst compiler of this process: a template and data become a PDF/A-3a and PDF/UA-1 file.

Fonts are those of `fonts/` and those inside the compiler, never those of the machine, so every machine prints the same.
The one folder that it reads from is that of the schemas, where the templates are. Text of a form reaches it as data and
is never source.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path

import typst

from gateway.errors import EngineFault
from gateway.forms.folder import SCHEMAS

FONTS = Path(__file__).with_name("fonts")
STANDARDS: list[typst.PDFStandard] = ["a-3a", "ua-1"]

# What the compiler takes for source it parses, whether it is asked to or not; in a comment it need not look. Comments
# nest: one that is opened once more than a file could end it is never ended.
_OPEN, _END = b"/*", b"*/"


class Press:
    """One compiler. Threads take turns: it is not made to be shared."""

    def __init__(self) -> None:
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[FONTS])
        self._compiler = typst.Compiler(root=str(SCHEMAS), font_paths=fonts)
        self._turn = threading.Lock()

    def print(self, template: Path, *, folder: Path, files: Mapping[str, bytes], dated: datetime) -> bytes:
        """The PDF file.

        template: a file in `folder`. files: what it reads, by name, each in UTF-8, behind two signs and those that
        `shift` tells; what is the same for many prints in a file of its own, since what was made of it is kept from one
        print to the next.
        dated: the date of the file.
        Raises EngineFault when the compiler refuses, as it does for a character that no font has.
        """
        # As files, not as inputs: with each other input the compiler forgets all that it has set before.
        given = {name: _OPEN * (1 + file.count(_END)) + file for name, file in files.items()}
        try:
            with self._turn:
                made = self._compiler.compile(  # type: ignore[type-var]  # the stub knows no several files
                    input={"main.typ": f'#include "/{template.as_posix()}"'.encode(), **given},
                    root=str(folder),
                    format="pdf",
                    pdf_standards=STANDARDS,
                    timestamp=dated,
                )
        except typst.TypstError:
            made = None  # its words quote the form
        if not isinstance(made, bytes):
            raise EngineFault("rendition-failed", "the typesetter refuses the document")
        return made


def shift(file: bytes) -> int:
    """How many signs stand before a file that a template reads, besides the two that always do."""
    return len(_OPEN) * file.count(_END)


@cache
def press() -> Press:
    """The one press of this process, with its fonts loaded."""
    return Press()
