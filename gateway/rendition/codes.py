"""QR codes (ISO/IEC 18004) as pixels, for a print."""

from __future__ import annotations

from zxingcpp import BarcodeFormat, create_barcode

_MASK = 3


def qr_pixels(text: str) -> tuple[int, bytes]:
    """The width of a code with error correction M and its quiet zone, and its pixels as an array in JSON.

    0 is black, 255 is white. Thousands of numbers: as numbers of Python they would take as long as the code itself. The
    mask is the same for all: ids and digests look alike under each of the eight, and to try them took most of the time.
    """
    image = create_barcode(text, BarcodeFormat.QRCode, ec_level="M", data_mask=_MASK).to_image()
    pixels = bytes(memoryview(image))  # type: ignore[arg-type]  # the stub leaves its buffer out
    return image.shape[0], b"[" + pixels.replace(b"\x00", b"0,").replace(b"\xff", b"255,").removesuffix(b",") + b"]"
