"""QR codes (ISO/IEC 18004) as SVG, for a print."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import segno

_MASK = 3  # any of the eight can be read; trying all, as the standard prefers, costs as much as the whole print
_QUIET = 4  # modules around the code


def qr_svg(text: str) -> str:
    """A code with error correction M and its quiet zone, one path, black on nothing."""
    code = segno.make(text, error="m", micro=False, boost_error=False, mask=_MASK)
    size = len(code.matrix) + 2 * _QUIET
    path = "".join(run for y, row in enumerate(code.matrix) for run in _runs(row, y + _QUIET))
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}"><path d="{path}"/></svg>'


def _runs(row: bytes | bytearray, y: int) -> Iterator[str]:
    """The dark modules of a row, each run of them as one rectangle."""
    x = _QUIET
    for dark, modules in groupby(row):
        length = len(list(modules))
        if dark:
            yield f"M{x} {y}h{length}v1h-{length}z"
        x += length
