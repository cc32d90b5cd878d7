"""QR codes (ISO/IEC 18004) as SVG, for a print."""

from __future__ import annotations

from io import BytesIO

import segno


def qr_svg(text: str) -> str:
    """A code with error correction M and its quiet zone, one path, black on nothing."""
    out = BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", border=4, xmldecl=False, svgns=True, omitsize=True)
    return out.getvalue().decode("utf-8")
