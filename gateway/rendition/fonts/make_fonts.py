# /// script
# requires-python = ">=3.11"
# dependencies = ["fonttools==4.68.0", "typst==0.15.2"]
# ///
"""The faces of the prints, made anew: `uv run make_fonts.py` writes the files beside it, byte for byte the same.

Libertinus Serif, as the typst compiler carries it, less what no print needs: outlines in TrueType, without hints, of
the characters that forms in the languages of the Union are written with, and no kerning finer than the eye sees.
Cutting such a face down to the letters of one print is copying; of the original it took a tenth of the print. Three
signs are drawn here: the squares to tick and the tick. What these faces do not have, the compiler sets in its own.
"""

from __future__ import annotations

import importlib.util
from io import BytesIO
from pathlib import Path
from struct import unpack_from

from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont, newTable

HERE = Path(__file__).resolve().parent
FAMILY = "Sealpost Serif"
LATIN = (
    *range(0x20, 0x7F),
    *range(0xA0, 0x180),
    0x192,
    *range(0x218, 0x21C),
    *range(0x1E80, 0x1E86),
    0x1E9E,
    0x200B,
    *range(0x2010, 0x2015),
    *range(0x2018, 0x201F),
    0x2022,
    0x2026,
    0x202F,
    0x2039,
    0x203A,
    0x20AC,
)
FEATURES = ["calt", "ccmp", "kern", "liga", "locl", "mark", "mkmk"]
STRAY = 4  # thousandths of an em: how far an outline may be off; at 8 points half a dot of a fine printer
FINE = 15  # the same: nearer or farther than that, letters need not be set

Outline = list[list[tuple[int, int]]]
FRAME: Outline = [[(56, 3), (56, 503), (547, 503), (547, 3)], [(93, 40), (510, 40), (510, 466), (93, 466)]]
SALTIRE = ((139, 110), (272, 243), (139, 376), (168, 405), (301, 272), (434, 405))
CROSS: Outline = [[*SALTIRE, *((602 - x, 486 - y) for x, y in SALTIRE)]]
TICK: Outline = [[(70, 270), (115, 305), (215, 170), (465, 560), (515, 530), (225, 60)]]
SIGNS = {0x2610: FRAME, 0x2612: FRAME + CROSS, 0x2713: TICK}
SIGN_WIDTH = 602


def carried(name: bytes) -> TTFont:
    """The face of that PostScript name inside the compiler."""
    package = importlib.util.find_spec("typst")
    if package is None or package.origin is None:
        raise SystemExit("typst is not installed")
    (library,) = Path(package.origin).parent.glob("_typst*")
    program = library.read_bytes()
    start = program.find(b"OTTO\0")
    while start >= 0:
        tables = [
            unpack_from(">4sLLL", program, start + 12 + 16 * number)
            for number in range(unpack_from(">H", program, start + 4)[0])
        ]
        if 0 < len(tables) < 40 and tables[0][0] in (b"BASE", b"CFF ", b"FFTM", b"GDEF"):
            end = max(offset + length for _, _, offset, length in tables)
            face = TTFont(BytesIO(program[start : start + end]), recalcTimestamp=False)
            if face["name"].getDebugName(6) == name.decode():
                return face
        start = program.find(b"OTTO\0", start + 4)
    raise SystemExit(f"{name!r}: not in this compiler")


def quadratic(face: TTFont) -> None:
    """Outlines in TrueType instead of PostScript, and our signs."""
    glyphs, drawn = face.getGlyphSet(), {}
    for name in face.getGlyphOrder():
        pen = TTGlyphPen(None)
        glyphs[name].draw(Cu2QuPen(pen, STRAY, reverse_direction=True))
        drawn[name] = pen.glyph(dropImpliedOnCurves=True)
    for code, outline in SIGNS.items():
        pen = TTGlyphPen(None)
        for first, *rest in outline:
            pen.moveTo(first)
            for point in rest:
                pen.lineTo(point)
            pen.closePath()
        drawn[f"uni{code:04X}"] = pen.glyph()
    del face["CFF "]
    face.setGlyphOrder(list(drawn))
    face["loca"], face["glyf"] = newTable("loca"), newTable("glyf")
    face["glyf"].glyphs, face["glyf"].glyphOrder = drawn, list(drawn)
    for name, glyph in drawn.items():
        glyph.recalcBounds(face["glyf"])
        width = SIGN_WIDTH if name not in glyphs else face["hmtx"][name][0]
        face["hmtx"][name] = (width, getattr(glyph, "xMin", 0))
    for table in face["cmap"].tables:
        table.cmap |= {code: f"uni{code:04X}" for code in SIGNS}
    limits = face["maxp"]
    limits.tableVersion, limits.maxZones = 0x00010000, 1
    for name in ("TwilightPoints", "Storage", "FunctionDefs", "InstructionDefs", "StackElements"):
        setattr(limits, f"max{name}", 0)
    for name in ("SizeOfInstructions", "ComponentElements", "ComponentDepth"):
        setattr(limits, f"max{name}", 0)
    for name in ("Points", "Contours", "CompositePoints", "CompositeContours"):
        setattr(limits, f"max{name}", 0)  # counted when it is written
    face["post"].formatType = 3.0
    face.sfntVersion = "\0\1\0\0"


def coarser(face: TTFont) -> None:
    """Kerning without its finest steps, each of which would be an instruction in the print."""
    for lookup in face["GPOS"].table.LookupList.Lookup:
        for table in lookup.SubTable:
            if table.LookupType == 2 and table.Format == 1:
                for pairs in table.PairSet:
                    pairs.PairValueRecord = [
                        pair for pair in pairs.PairValueRecord if abs(pair.Value1.XAdvance) >= FINE
                    ]
                    pairs.PairValueCount = len(pairs.PairValueRecord)
            elif table.LookupType == 2:
                for row in table.Class1Record:
                    for pair in row.Class2Record:
                        if pair.Value1 and abs(pair.Value1.XAdvance) < FINE:
                            pair.Value1.XAdvance = 0


def make(style: str) -> None:
    face = carried(f"LibertinusSerif-{style}".encode())
    options = Options(layout_features=FEATURES, hinting=False, notdef_outline=True, name_IDs=["*"])
    options.drop_tables += ["FFTM", "VORG"]
    cut = Subsetter(options)
    cut.populate(unicodes=LATIN)
    cut.subset(face)
    quadratic(face)
    coarser(face)
    called = {1: FAMILY, 3: f"{FAMILY} {style}", 4: f"{FAMILY} {style}", 6: f"{FAMILY}-{style}".replace(" ", "")}
    face["name"].names = [row for row in face["name"].names if row.nameID not in (16, 17, 21, 22)]
    for row in face["name"].names:
        row.string = called.get(row.nameID, row.string)
    face.save(HERE / f"{called[6]}.ttf")


if __name__ == "__main__":
    for each in ("Regular", "Bold"):
        make(each)
