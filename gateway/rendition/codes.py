"""QR codes (ISO/IEC 18004) as pixels, for a print."""

from __future__ import annotations

from zxingcpp import BarcodeFormat, create_barcode


def qr_pixels(text: str) -> tuple[int, list[int]]:
    """The width of a code with error correction M and its quiet zone, and its pixels: 0 is black, 255 is white."""
    image = create_barcode(text, BarcodeFormat.QRCode, ec_level="M").to_image()
    return image.shape[0], list(bytes(memoryview(image)))  # type: ignore[arg-type]  # the stub leaves its buffer out
