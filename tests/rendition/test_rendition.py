"""Every form prints, in four languages, whole, accessible and archivable; nothing in it is anything but text."""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from gateway.errors import EngineFault
from gateway.forms.findings import LANGUAGES, NotViewable, XmlRejected
from gateway.forms.validation import Validator
from gateway.rendition import render
from gateway.rendition.sheet import Sheet
from gateway.rendition.values import Values
from tests.cli.command import sealpost
from tests.schemas.cases import SAMPLES, catalogue

VALID = sorted(SAMPLES.glob("*/*/*/valid-*.xml"))
# Every sample in one language or another, those with every part in all four.
PRINTS = [
    (file, language)
    for place, file in enumerate(VALID)
    for number, language in enumerate(LANGUAGES)
    if file.stem == "valid-full" or number == place % len(LANGUAGES)
]
ASSESSMENT = SAMPLES / "be/health-assessment/1/valid-typical.xml"
CHECK = "https://counter.example/check/018f0000-0000-7000-8000-000000000001/" + "0123456789abcdef" * 4
AF_SOURCE = "/Source"


def text_of(pdf: bytes) -> str:
    """What a reader of the file sees, line by line, page by page."""
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True, timeout=30)
    return done.stdout.decode()


def squeezed(text: str) -> str:
    """Text without what the end of a line may put in or take out."""
    return re.sub(r"[\s\u00ad\u200b-]", "", text)


def leaves(node: dict[str, Any]) -> list[str]:
    return [node["text"]] if "text" in node else [text for part in node["parts"] for text in leaves(part)]


def said_by(document: bytes, language: str) -> list[str]:
    """Every value of a form, as it is written for people."""
    identified = Validator(catalogue()).identify(document)
    kind = identified.kind
    template = catalogue().template(kind)
    values = Values(template.words[language], template.masks, kind.calendar.zone)
    sheet = Sheet(vocabulary=catalogue().vocabulary(kind), values=values, language=language)
    return leaves(sheet.draw(identified.content, kind))


def printed(document: bytes, language: str = "nl", check_url: str | None = None) -> bytes:
    return render(document, catalogue=catalogue(), language=language, check_url=check_url)


@pytest.mark.parametrize(
    ("file", "language"), PRINTS, ids=[f"{file.parts[-3]}-{file.stem}-{language}" for file, language in PRINTS]
)
def test_a_form_prints_whole_accessible_and_archivable(file: Path, language: str) -> None:
    document = file.read_bytes()
    pdf = printed(document, language, CHECK)
    shown = squeezed(text_of(pdf))
    assert [text for text in said_by(document, language) if squeezed(text) not in shown] == []
    assert squeezed(CHECK) in shown
    assert squeezed("sha256" + hashlib.sha256(document).hexdigest())[6:] in shown
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        root = opened.Root
        with opened.open_metadata() as metadata:
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "A")
            assert metadata["pdfuaid:part"] == "1"
        assert str(root.Lang) == language
        assert root.MarkInfo.Marked
        assert root.StructTreeRoot.K is not None
        assert root.ViewerPreferences.DisplayDocTitle
        assert root.OutputIntents[0].S == "/GTS_PDFA1"
        assert "/AcroForm" not in root
        assert "/OpenAction" not in root
        (attached,) = root.AF
        assert attached.AFRelationship == AF_SOURCE
        assert str(attached.UF) == "form.xml"
        assert bytes(attached.EF.F.read_bytes()) == document
        for page in opened.pages:
            assert fonts_without_program(page) == []


def fonts_without_program(page: pikepdf.Page) -> list[str]:
    found = []
    for font in (page.Resources.get("/Font") or {}).values():
        (descendant,) = font.DescendantFonts
        descriptor = descendant.FontDescriptor
        if not any(name in descriptor for name in ("/FontFile", "/FontFile2", "/FontFile3")):
            found.append(str(font.BaseFont))
    return found


def test_the_same_form_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    out = tmp_path / "form.pdf"
    ran = sealpost(["render", ASSESSMENT, "--lang", "fr", "--out", out, "--check-url", CHECK])
    assert ran.code == 0, ran.err
    assert out.read_bytes() == printed(ASSESSMENT.read_bytes(), "fr", CHECK)
    assert printed(ASSESSMENT.read_bytes(), "fr") != out.read_bytes()


def with_description(text: str) -> bytes:
    """A form in which somebody wrote `text`."""
    form = ASSESSMENT.read_text(encoding="utf-8")
    changed = re.sub(r"(<f:Description>)[^<]*(</f:Description>)", lambda at: at[1] + text + at[2], form, count=1)
    assert changed != form
    return changed.encode()


@pytest.mark.parametrize(
    "text",
    [
        '#read("/etc/hostname")',
        '#read("page.typ")',
        '#image("/etc/passwd") #eval("1+1")',
        "$ sum_(i=0)^n $ = *vet* _schuin_ `raw` // weg /* ook weg */",
        "#set page(width: 1cm) #pagebreak() @verwijzing",
        '") #panic("',
        "\\ \\n \\u{41} ~ -- --- ... https://example.org",
    ],
)
def test_what_somebody_wrote_is_text_and_nothing_else(text: str) -> None:
    pdf = printed(with_description(text))
    assert squeezed(text) in squeezed(text_of(pdf))
    assert CHECK not in text_of(pdf)


@pytest.mark.parametrize("text", ["bij 工場の作業", "worker 😀", "x\ue000y", "a\u0300\u0301\u0302\u0489", "ﷺ قائد"])
def test_a_character_without_glyph_is_shown_by_its_number_if_at_all(text: str) -> None:
    document = with_description(text)
    pdf = printed(document)
    shown = squeezed(text_of(pdf))
    plain = "".join(sign if sign.isascii() else f"[U+{ord(sign):04X}]" for sign in text)
    assert squeezed(text) in shown or squeezed(plain) in shown
    if squeezed(plain) in shown:
        assert squeezed("een teken dat deze afdruk niet kan tonen") in shown
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert bytes(opened.Root.AF[0].EF.F.read_bytes()) == document


def test_a_word_longer_than_a_line_stays_on_the_page() -> None:
    word = "w" * 500
    assert squeezed(word) in squeezed(text_of(printed(with_description(word))))
    lines = text_of(printed(with_description(word))).splitlines()
    assert max(line.count("w") for line in lines) < 120


def test_what_is_no_form_is_refused() -> None:
    with pytest.raises(XmlRejected):
        printed(b"<x/>")
    with pytest.raises(XmlRejected):
        printed(b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>')
    form = ASSESSMENT.read_text(encoding="utf-8")
    with pytest.raises(NotViewable):
        printed(
            form.replace("<f:ExaminationDate>", "<f:ExaminationDay>")
            .replace("</f:ExaminationDate>", "</f:ExaminationDay>")
            .encode()
        )


def test_the_command_says_what_is_wrong_without_the_values(tmp_path: Path) -> None:
    out = tmp_path / "form.pdf"
    bad = SAMPLES / "be/health-assessment/1/invalid-XSD-ENUM.xml"
    ran = sealpost(["render", bad, "--out", out])
    assert ran.code == 1
    assert not out.exists()
    assert "XSD-ENUM" in ran.err
    assert sealpost(["render", ASSESSMENT, "--check-url", "javascript:alert(1)"]).code == 2
    assert sealpost(["render", "-"], stdin=ASSESSMENT.read_bytes()).out.startswith(b"%PDF-1.7")


def test_a_fault_of_the_template_names_no_value() -> None:
    from gateway.rendition.printing import press

    with pytest.raises(EngineFault) as refused:
        press().print(b"#panic(sys.inputs.data)", {"secret": "Voorbeeld"}, b"<x/>")
    assert "Voorbeeld" not in str(refused.value)
    assert refused.value.__context__ is None
