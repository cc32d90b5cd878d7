"""Every form prints, in four languages, whole, accessible and archivable; nothing in it is anything but text."""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pikepdf
import pytest
import zxingcpp
from lxml import etree

from gateway.demo.pki import DemoFolder
from gateway.errors import EngineFault
from gateway.forms.findings import LANGUAGES, NotViewable, XmlRejected
from gateway.forms.shapes import Text
from gateway.forms.templates import OWN_TEMPLATE
from gateway.forms.validation import Validator
from gateway.rendition import _SURE, named_place, render
from gateway.rendition.printing import press
from gateway.rendition.sheet import Sheet
from gateway.rendition.values import Values
from signing import (
    TimestampTrust,
    ValidationPolicy,
    VerificationFailed,
    load_identity,
    sign_xml,
    subject_of,
    trust_from_pem,
    validate_pdf,
)
from tests.cli.command import sealpost
from tests.schemas.cases import SAMPLES, SCHEMAS, catalogue


def has_own_template(sample: Path) -> bool:
    return (SCHEMAS / sample.parent.relative_to(SAMPLES) / OWN_TEMPLATE).is_file()


VALID = sorted(SAMPLES.glob("*/*/*/valid-*.xml"))
# Every sample in one language or another; those with every part, of a kind with a template of its own, in all four.
PRINTS = [
    (file, language)
    for place, file in enumerate(VALID)
    for number, language in enumerate(LANGUAGES)
    if number == place % len(LANGUAGES) or (file.stem == "valid-full" and has_own_template(file))
]
ASSESSMENT = SAMPLES / "be/health-assessment/1/valid-typical.xml"
APPEAL = SAMPLES / "be/appeal/1/valid-typical.xml"
CHECK = "https://counter.example/check/018f0000-0000-7000-8000-000000000001/" + "0123456789abcdef" * 4
AF_SOURCE = "/Source"
NOON = datetime(2026, 4, 16, 12, tzinfo=UTC)


def text_of(pdf: bytes) -> str:
    """What a reader of the file sees, in the order in which it is set."""
    done = subprocess.run(["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, check=True, timeout=30)
    return done.stdout.decode()


def squeezed(text: str) -> str:
    """Text without what the end of a line may put in or take out."""
    return re.sub(r"[\s\u00ad\u200b-]", "", text)


def leaves(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node] if "text" in node else [leaf for part in node["parts"] for leaf in leaves(part)]


@dataclass(frozen=True)
class Said:
    """A value of a form: where it stands, how it is written for people, and what else could be chosen there."""

    element: etree._Element
    text: str
    others: tuple[str, ...]


def said_by(document: bytes, language: str) -> list[Said]:
    identified = Validator(catalogue()).identify(document)
    kind = identified.kind
    template = catalogue().template(kind)
    vocabulary, types = catalogue().vocabulary(kind), catalogue().shapes(kind).types
    values = Values(template.words[language], template.masks, kind.calendar.zone)
    told = partial(named_place, catalogue(), kind.country, language)
    sheet = Sheet(vocabulary=vocabulary, listed=template.listed, values=values, language=language, named_place=told)
    drawn = leaves(sheet.draw(identified.content, kind))
    elements = [element for element in identified.content.iter() if not len(element)]
    assert [etree.QName(element).localname for element in elements] == [leaf["name"] for leaf in drawn]
    choices = {name.rpartition("}")[2]: shape.values for name, shape in types.items() if isinstance(shape, Text)}
    return [
        Said(element, leaf["text"], tuple(set(choices.get(leaf["type"], ())) - {leaf["code"]}))
        for element, leaf in zip(elements, drawn, strict=True)
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_code_has_its_meaning_where_a_type_takes_the_codes_of_another(language: str) -> None:
    (decision,) = [
        each for each in said_by(APPEAL.read_bytes(), language) if str(each.element.tag).endswith("}ContestedDecision")
    ]
    assert decision.element.text == "C3"
    assert decision.text not in ("", "C3")


@pytest.mark.parametrize(
    ("sample", "language", "shown", "code"),
    [
        ("be/health-surveillance-request/1/valid-full.xml", "nl", "Lawaai", "Noise"),
        ("be/health-surveillance-request/1/valid-full.xml", "de", "7664-41-7 Ammoniak", None),
        ("be/appeal/1/valid-full.xml", "fr", "Proefstraat 12, 9000 Gent, Belgique", "BE-DEMO-OVL"),
        ("be/occupational-disease-report/1/valid-full.xml", "en", "Nationality: Belgium", "RiskGroup2"),
        ("nl/expertise-advice/1/valid-full.xml", "fr", "Cancer du poumon", "LungCancerSilica"),
    ],
)
def test_a_code_of_a_list_is_told_by_its_name(sample: str, language: str, shown: str, code: str | None) -> None:
    text = " ".join(text_of(printed((SAMPLES / sample).read_bytes(), language)).split())
    assert shown in text
    assert code is None or code not in text


@pytest.mark.parametrize("kind", ["be/health-assessment", "be/appeal", "nl/expertise-advice"])
def test_the_code_on_a_print_leads_to_the_public_check(kind: str) -> None:
    pdf = printed((SAMPLES / kind / "1/valid-typical.xml").read_bytes(), "nl", CHECK)
    last = str(text_of(pdf).count("\f"))
    done = subprocess.run(
        ["pdftoppm", "-r", "100", "-gray", "-f", last, "-singlefile", "-"],
        input=pdf,
        capture_output=True,
        check=True,
        timeout=30,
    )
    magic, size, depth, picture = done.stdout.split(b"\n", 3)
    assert (magic, depth) == (b"P5", b"255")
    width, height = map(int, size.split())
    found = zxingcpp.read_barcodes(memoryview(picture).cast("B", (height, width)))
    assert [(each.format, each.text) for each in found] == [(zxingcpp.BarcodeFormat.QRCode, CHECK)]


def test_what_applies_for_a_term_says_so_as_the_decree_does() -> None:
    form = (SAMPLES / "be/health-assessment/1/valid-maternity.xml").read_bytes()
    shown = " ".join(text_of(printed(form, "en")).split())
    assert "continue her activities for a term of 4 months" in shown
    assert "to perform the proposed, new activity for a term of 4 months and must be removed" in shown
    assert "under the conditions stated in 2° for a term of …" in shown


def test_french_says_what_before_which_and_sets_a_space_before_a_colon() -> None:
    shown = " ".join(text_of(printed(ASSESSMENT.read_bytes(), "fr")).split())
    assert "Poste de travail proposé ou occupé (*) depuis le 2 septembre 2019 : Magazijnier" in shown
    assert "Titre : Monsieur" in shown


def test_an_appeal_says_the_term_of_the_law_that_it_follows() -> None:
    form = APPEAL.read_bytes()
    shown = " ".join(text_of(printed(form, "en")).split())
    assert "within seven working days after" in shown
    assert "within 21 days after" not in shown
    shown = " ".join(text_of(printed(form.replace(b">BE-RD2003<", b">BE-CODE-I4<"), "en")).split())
    assert "within 21 days after" in shown
    assert "Articles 64 to 69 of the Royal Decree" not in shown


@pytest.mark.parametrize(
    "kind",
    [
        "occupational-disease-report",
        "health-assessment",
        "health-surveillance-request",
        "continued-surveillance-notice",
    ],
)
def test_a_form_that_follows_the_code_names_the_code_and_not_the_decree(kind: str) -> None:
    form = (SAMPLES / f"be/{kind}/1/valid-minimal.xml").read_bytes()
    assert "koninklijk besluit van 28 mei 2003" in " ".join(text_of(printed(form)).split())
    form = re.sub(b"<f:AppealInformation.*?</f:AppealInformation>", b"", form, flags=re.DOTALL)
    shown = " ".join(text_of(printed(form.replace(b">BE-RD2003<", b">BE-CODE-I4<"))).split())
    assert shown.casefold().count("codex over het welzijn op het werk, boek i, titel 4") >= 2, "in the heading too"
    assert "28 mei 2003" not in shown


def test_a_draft_under_the_law_of_another_country_prints_and_names_that_law() -> None:
    form = (SAMPLES / "be/deliberation-reply/1/valid-minimal.xml").read_bytes()
    shown = " ".join(text_of(printed(form.replace(b">BE-RD2003<", b">NL-TSB<"), "en")).split())
    assert "Royal Decree of 28 May 2003" not in shown
    assert "Legal basis: Dutch arrangement" in shown


@pytest.mark.parametrize(
    ("language", "place"),
    [
        (
            "nl",
            "Formulier voor de gezondheidsbeoordeling › F. Aanbevelingen en voorstellen › Maatregel 2 › Beschrijving",
        ),
        ("fr", "Formulaire d'évaluation de santé › F. Recommandations et propositions › Mesure 2 › Description"),
    ],
)
def test_a_flagged_place_is_told_by_the_names_of_its_fields(language: str, place: str) -> None:
    form = (SAMPLES / "be/health-assessment-supplement/1/valid-full.xml").read_bytes()
    shown = " ".join(text_of(printed(form, language)).split())
    assert place in shown
    assert "f:Content" not in shown


def is_told_by_a_mark(said: Said, language: str) -> bool:
    """Whether each other choice at that place gives another print: a tick, or what is struck through."""
    written, tree = said.element.text, said.element.getroottree()
    looks = {marks_of(printed(etree.tostring(tree), language))}
    others = 0
    for other in said.others:
        said.element.text = other
        changed = etree.tostring(tree)
        if not Validator(catalogue()).identify(changed).findings:
            looks.add(marks_of(printed(changed, language)))
            others += 1
    said.element.text = written
    return others > 0 and len(looks) == others + 1


def marks_of(pdf: bytes) -> str:
    """The looks of the first page, in which a line through words counts and the document's own digest does not."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return opened.pages[0].Contents.read_bytes().hex()


def printed(document: bytes, language: str = "nl", check_url: str | None = None) -> bytes:
    return render(document, catalogue=catalogue(), language=language, check_url=check_url)


@pytest.mark.parametrize(
    ("file", "language"), PRINTS, ids=[f"{file.parts[-3]}-{file.stem}-{language}" for file, language in PRINTS]
)
def test_a_form_prints_whole_accessible_and_archivable(file: Path, language: str) -> None:
    document = file.read_bytes()
    pdf = printed(document, language, CHECK)
    shown = squeezed(text_of(pdf))
    unseen = [said for said in said_by(document, language) if squeezed(said.text) not in shown]
    assert [said.text for said in unseen if not said.others] == []
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


@pytest.mark.parametrize(
    "file", [file for file in VALID if has_own_template(file)], ids=lambda file: f"{file.parts[-3]}-{file.stem}"
)
def test_a_coded_value_that_is_not_written_out_is_told_by_a_mark(file: Path) -> None:
    document = file.read_bytes()
    shown = squeezed(text_of(printed(document)))
    unseen = [said for said in said_by(document, "nl") if squeezed(said.text) not in shown]
    assert [said.text for said in unseen if not is_told_by_a_mark(said, "nl")] == []


def fonts_without_program(page: pikepdf.Page) -> list[str]:
    found = []
    for font in (page.Resources.get("/Font") or {}).values():
        (descendant,) = font.DescendantFonts
        descriptor = descendant.FontDescriptor
        if not any(name in descriptor for name in ("/FontFile", "/FontFile2", "/FontFile3")):
            found.append(str(font.BaseFont))
    return found


def test_a_form_that_is_identified_already_gives_the_same_bytes() -> None:
    document = ASSESSMENT.read_bytes()
    identified = Validator(catalogue()).identify(document)
    assert render(identified, catalogue=catalogue(), language="de") == printed(document, "de")


def test_the_file_bears_the_date_of_the_form() -> None:
    with pikepdf.open(io.BytesIO(printed(ASSESSMENT.read_bytes()))) as opened:
        assert str(opened.docinfo.CreationDate) == "D:20260416000000Z"


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
        '*/ #panic("") $ [ {',
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


@pytest.mark.parametrize("comment", ["", "*/ #panic() [[", "/*/ */*/ /* */"])
def test_the_attached_form_is_the_form_whatever_stands_in_it(comment: str) -> None:
    document = ASSESSMENT.read_bytes().replace(b"<f:Health", f"<!-- {comment} --><f:Health".encode(), 1)
    with pikepdf.open(io.BytesIO(printed(document))) as opened:
        assert bytes(opened.Root.AF[0].EF.F.read_bytes()) == document


def test_the_letters_of_the_languages_need_no_other_face() -> None:
    """Others print too, as long as the compiler has a face for them; each face more makes a print slower."""
    sure = "".join(
        letter for letter in map(chr, range(0x21, 0x2100)) if letter.isprintable() and not _SURE.match(letter)
    )
    for start in range(0, len(sure), 120):
        pdf = printed(with_description(escape(sure[start : start + 120])))
        with pikepdf.open(io.BytesIO(pdf)) as opened:
            faces = {str(face.BaseFont) for page in opened.pages for face in page.Resources.Font.values()}
        assert {face.partition("+")[2] for face in faces} == {"SealpostSerif-Regular", "SealpostSerif-Bold"}


def test_a_word_longer_than_a_line_stays_on_the_page() -> None:
    word = "w" * 500
    assert squeezed(word) in squeezed(text_of(printed(with_description(word))))
    lines = text_of(printed(with_description(word))).splitlines()
    assert max(line.count("w") for line in lines) < 120


@pytest.mark.parametrize("word", ["W" * 40, "W" * 30, "m" * 40, "\u0429" * 40, "\u00c9" * 40, "W" * 30 + "i" * 30])
def test_a_word_of_wide_letters_stays_on_the_page(word: str) -> None:
    form = (SAMPLES / "be/appeal-decision/1/valid-full.xml").read_text(encoding="utf-8")
    pdf = printed(re.sub(r"(<c:FirstName>)[^<]*", rf"\g<1>{word}", form).encode())
    assert squeezed(word) in squeezed(text_of(pdf))
    boxes = subprocess.run(["pdftotext", "-bbox", "-", "-"], input=pdf, capture_output=True, check=True, timeout=30)
    rights = re.findall(r'xMax="([0-9.]+)"', boxes.stdout.decode())
    assert max(map(float, rights)) < 595 - 50  # the margin


def test_an_address_longer_than_its_box_stays_in_it() -> None:
    address = "a" * 30 + "." + "b" * 30 + "@" + "c" * 60 + ".example"
    form = (SAMPLES / "be/health-assessment/1/valid-full.xml").read_text(encoding="utf-8")
    pdf = printed(re.sub(r"(<c:Email>)an\.toonbeeld[^<]*", rf"\g<1>{address}", form).encode())
    assert squeezed(address) in squeezed(text_of(pdf))
    boxes = subprocess.run(["pdftotext", "-bbox", "-", "-"], input=pdf, capture_output=True, check=True, timeout=30)
    rights = re.findall(r'xMax="([0-9.]+)"[^>]*>[abc.@\u200b]{15,}', boxes.stdout.decode())
    assert len(rights) == 4
    assert max(map(float, rights)) < 2 / 3 * 595  # the doctor has the second of three boxes


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


def test_a_print_is_signed_with_a_key_and_stays_what_it_was(cast: DemoFolder, tmp_path: Path) -> None:
    out = tmp_path / "form.pdf"
    ran = sealpost(["render", ASSESSMENT, "--lang", "de", "--out", out, "--key", cast.signing("doctor")])
    assert ran.code == 0, ran.err
    signed, plain = out.read_bytes(), printed(ASSESSMENT.read_bytes(), "de")
    assert signed.startswith(plain)
    validated = validate_pdf(signed, policy=policy_of(cast), validation_time=datetime.now(UTC))
    assert validated.source == ASSESSMENT.read_bytes()
    with pytest.raises(VerificationFailed):
        validate_pdf(signed.replace(b"/Lang", b"/Lnag", 1), policy=policy_of(cast), validation_time=datetime.now(UTC))


def test_a_print_says_what_signatures_say_of_themselves_and_that_it_did_not_check(cast: DemoFolder) -> None:
    document = ASSESSMENT.read_bytes()
    assert "DRAFT, NOT SIGNED" in text_of(printed(document, "en"))
    identity = load_identity(cast.signing("doctor"))
    signed = sign_xml(document, identity=identity, at=datetime(2026, 4, 16, 14, 40, tzinfo=UTC))
    shown = " ".join(text_of(printed(signed, "en")).split())
    assert "DRAFT" not in shown
    assert f"Signature by {subject_of(identity.certificate).common_name}, 16 April 2026, 16:40" in shown
    assert "not checked here" in shown
    for harm in (b"AAAA", b"not base64!", b""):
        harmed = re.sub(rb"(<ds:X509Certificate>)[^<]*", rb"\1" + harm, signed)
        assert harmed != signed
        assert "A signature that cannot be read" in " ".join(text_of(printed(harmed, "en")).split())


def policy_of(cast: DemoFolder) -> ValidationPolicy:
    trust = trust_from_pem(cast.anchors.read_bytes())
    return ValidationPolicy(signers=trust, timestamps=TimestampTrust(anchors=trust))


def test_a_fault_of_the_template_names_no_value(tmp_path: Path) -> None:
    (tmp_path / "fault.typ").write_text('#panic(read("/print.json"))', encoding="utf-8")
    with pytest.raises(EngineFault) as refused:
        press().print(Path("fault.typ"), folder=tmp_path, files={"print.json": b'{"secret":"Voorbeeld"}'}, dated=NOON)
    assert "Voorbeeld" not in str(refused.value)
    assert refused.value.__context__ is None
