"""QR codes (ISO/IEC 18004) as pixels, for a print."""

from __future__ import annotations

import segno

_MASK = 3  # any of the eight can be read; trying all, as the standard prefers, costs as much as the whole print
_QUIET = 4  # modules around the code


def qr_pixels(text: str) -> list[list[int]]:
    """The rows of a code with error correction M and its quiet zone: 0 is black, 255 is white."""
    code = segno.make(text, error="m", micro=False, boost_error=False, mask=_MASK)
    return [[0 if dark else 255 for dark in row] for row in code.matrix_iter(border=_QUIET)]
