"""The typst compiler of this process: a source and data become a PDF/A-3a and PDF/UA-1 file.

Fonts are those inside the compiler, never those of the machine, so every machine prints the same. Sources come as bytes
and read no file; the folder that the compiler may read from holds templates only. Text of a form reaches it as data and
is never source.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from functools import cache
from typing import Any

import typst

from gateway.errors import EngineFault
from gateway.forms.catalogue import SCHEMAS
from gateway.forms.templates import COMMON

STANDARDS: list[typst.PDFStandard] = ["a-3a", "ua-1"]


class Press:
    """One compiler. Threads take turns: it is not made to be shared."""

    def __init__(self) -> None:
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)
        self._compiler = typst.Compiler(root=str(SCHEMAS / COMMON), font_paths=fonts)
        self._turn = threading.Lock()

    def print(self, source: bytes, data: Mapping[str, Any], document: bytes) -> bytes:
        """The PDF file. data: what `sys.inputs.data` holds as JSON; document: attached as it is.

        Raises EngineFault when the compiler refuses, as it does for a character that no font has.
        """
        given = {"data": json.dumps(data, ensure_ascii=False), "document": document.decode("utf-8")}
        try:
            with self._turn:
                made = self._compiler.compile(
                    input=source, format="pdf", sys_inputs=given, pdf_standards=STANDARDS, timestamp=0
                )
        except typst.TypstError:
            made = None  # its words quote the form
        if not isinstance(made, bytes):
            raise EngineFault("rendition-failed", "the typesetter refuses the document")
        return made


@cache
def press() -> Press:
    """The one press of this process, with its fonts loaded."""
    return Press()
