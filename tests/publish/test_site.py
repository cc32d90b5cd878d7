"""The published folder: whole, the same each time, its pages leading somewhere and complete in four languages."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from itertools import pairwise, product
from pathlib import Path
from string import Formatter
from urllib.parse import urlsplit

import pytest
from lxml import etree, html

from gateway.errors import Conflict
from gateway.forms.catalogue import Catalogue
from gateway.forms.fields import Field
from gateway.forms.findings import LANGUAGES
from gateway.forms.folder import SCHEMAS
from gateway.forms.sources import parse_yaml
from gateway.publish.pages import ARTEFACTS, read_words
from gateway.publish.site import MANIFEST, folder_of, publish
from tests.cli.command import sealpost
from tests.schemas.cases import ROOT, catalogue

STYLE = Path(ROOT / "gateway/publish/templates/page.html.j2").read_text(encoding="utf-8")


def one_kind(folder: Path) -> Catalogue:
    """All that is shared, and one form kind that asks for no other, copied to `folder`."""
    for name in ("common", "be/appeal-convocation"):
        shutil.copytree(SCHEMAS / name, folder / name)
    for name in ("be/acts.yaml", "be/calendar.yaml", "be/notes.yaml", "be/terms.yaml"):
        shutil.copy(SCHEMAS / name, folder / name)
    return Catalogue.load(folder)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "new"
    ran = sealpost(["publish", folder, "--json"])
    assert ran.code == 0, ran.err
    assert set(ran.json["files"]) == {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")}
    return folder


def pages(site: Path) -> dict[Path, html.HtmlElement]:
    return {path: html.parse(path).getroot() for path in sorted(site.rglob("*.html"))}


def test_the_manifest_names_every_file_with_its_digest(site: Path) -> None:
    manifest = json.loads((site / MANIFEST).read_bytes())
    there = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()} - {MANIFEST}
    assert set(manifest["files"]) == there
    for name, said in manifest["files"].items():
        content = (site / name).read_bytes()
        assert (said["bytes"], said["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert [form["id"] for form in manifest["forms"]] == [kind.id for kind in catalogue().kinds]


def test_every_kind_has_all_artefacts_and_its_schema_finds_what_it_imports(site: Path) -> None:
    for kind in catalogue().kinds:
        for name in ARTEFACTS:
            assert (site / folder_of(kind) / name).stat().st_size > 0
        etree.XMLSchema(etree.parse(site / folder_of(kind) / "form.xsd"))


def test_every_link_leads_to_a_file_and_a_place_in_it(site: Path) -> None:
    found = pages(site)
    places = {path: set(page.xpath("//@id")) for path, page in found.items()}
    for path, page in found.items():
        for link in page.xpath("//a/@href"):
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = (path.parent / parts.path).resolve() if parts.path else path
            assert target.is_file(), (path.name, link)
            assert not parts.fragment or parts.fragment in places[target], (path.name, link)


def test_every_page_stands_alone_and_can_be_read_by_everybody(site: Path) -> None:
    for path, page in pages(site).items():
        assert page.get("lang") in LANGUAGES
        assert page.findtext(".//title")
        assert len(page.xpath("//h1")) == 1
        assert not page.xpath("//script | //link | //img | //@style | //@onclick | //iframe"), path
        assert page.xpath("//a[@class='skip'][@href='#content']")
        assert page.xpath("//main[@id='content']")
        assert len(page.xpath("//nav//a[@hreflang]")) == len(LANGUAGES)
        ids = page.xpath("//@id")
        assert len(ids) == len(set(ids)), path
        levels = [int(heading.tag[1]) for heading in page.xpath("//h1 | //h2 | //h3 | //h4")]
        assert all(after - before <= 1 for before, after in pairwise(levels)), path
        assert all(table.xpath("./thead//th[@scope='col']") for table in page.xpath("//table"))
        assert all(region.get("aria-label") for region in page.xpath("//*[@role='region']"))


def test_the_colours_can_be_told_apart() -> None:
    named = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", STYLE))
    inks = [named["ink"], named["soft"], named["link"], *re.findall(r"\{ color: (#[0-9a-f]{6})", STYLE)]
    assert len(inks) >= 6
    for ink, paper in product(inks, (named["paper"], named["shade"])):
        light, dark = sorted((_luminance(ink), _luminance(paper)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, paper)


def _luminance(colour: str) -> float:
    """As WCAG 2 defines it."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("lang", [each for each in LANGUAGES if each != "en"])
def test_nothing_of_a_field_guide_is_english_in_another_language(site: Path, lang: str) -> None:
    for kind in catalogue().kinds:
        page = html.parse(site / folder_of(kind) / f"fieldguide.{lang}.html").getroot()
        assert page.xpath("//main//*[@lang]") == []
        main = page.find(".//main")
        assert main is not None
        text = str(main.text_content())
        for note in {field.note for _, field in catalogue().fields(kind).walk() if field.note}:
            said = catalogue().notes.said(note, kind.act, lang)
            assert said is not None
            assert said in text


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("page", "told"), [("fieldguide", "//tbody/tr/td[3]"), ("rulebook", "//main")])
def test_a_page_of_a_form_names_no_law_of_another_country(site: Path, page: str, told: str, lang: str) -> None:
    acts = catalogue().acts
    for kind in catalogue().kinds:
        found = html.parse(site / folder_of(kind) / f"{page}.{lang}.html").getroot().xpath(told)
        text = " ".join(" ".join(node.text_content() for node in found).split())
        assert text
        foreign = [act for act in acts.names if not act.startswith((f"{kind.country}-", "eu-"))]
        assert len(foreign) > 1
        assert [act for act in foreign if acts.name(act, lang) in text] == []


def test_a_field_shared_with_another_country_says_only_that(site: Path) -> None:
    kind = catalogue().by_name("nl/expertise-advice-request")
    assert kind is not None
    page = html.parse(site / folder_of(kind) / "fieldguide.nl.html").getroot()
    (cell,) = page.xpath("//tr[contains(@id, 'Content.f-Header.c-IssuedOn')]/td[3]")
    assert cell.text_content().strip() == read_words()["source-shared"]["nl"]


def test_a_provision_with_an_address_is_named_once_and_leads_there(tmp_path: Path) -> None:
    one_kind(tmp_path / "schemas")
    rules = tmp_path / "schemas/be/appeal-convocation/1/rules.yaml"
    address = "https://law.example/66"
    one = '{act: be-rd-2003-05-28, article: "66"'
    more = f'{one}, uri: "{address}"}}, {{act: be-rd-2003-05-28, article: "67"}}]'
    rules.write_text(rules.read_text(encoding="utf-8").replace(f"{one}}}]", more, 1), encoding="utf-8")
    publish(Catalogue.load(tmp_path / "schemas"), tmp_path / "site")
    page = html.parse(tmp_path / "site/be/appeal-convocation/1/rulebook.en.html").getroot()
    (link,) = page.xpath(f"//dd/a[@href='{address}']")
    act = "Royal Decree of 28 May 2003"
    assert (link.text, link.getparent().text_content()) == (f"{act}, Art. 66", f"{act}, Art. 66; {act}, Art. 67")


def test_no_note_is_translated_that_no_schema_has() -> None:
    sources = "".join(file.read_text(encoding="utf-8") for file in SCHEMAS.glob("**/*.xsd"))
    noted = unescape(sources.replace("&#x27;", "'"))
    for file in SCHEMAS.glob("*/notes.yaml"):
        for row in parse_yaml(file.read_text(encoding="utf-8"), source=file.name):
            assert row["en"] in noted, (file.name, row["en"])


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("par. 5; as the report names it", "lid 5; zoals het verslag het noemt"),
        (
            "Art. 94, 4°, permanence of the function or the wages",
            "art. 94, 4°, bestendigheid van de functie of van het loon",
        ),
        ("§ 3, note (2)", "§ 3, noot (2)"),
        ("§ 2, § 3", "§ 2, § 3"),
        ("§ 3; what nobody translated", None),
        ("what nobody translated", None),
    ],
)
def test_a_note_is_said_with_the_reference_before_it(note: str, said: str | None) -> None:
    assert catalogue().notes.said(note, "be-rd-2003-05-28", "nl") == said
    assert catalogue().notes.said(note, "be-rd-2003-05-28", "en") == note


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_rule_book_tells_every_rule_of_its_form_and_where_it_is_checked(site: Path, lang: str) -> None:
    words = read_words()
    for kind in catalogue().kinds:
        page = html.parse(site / folder_of(kind) / f"rulebook.{lang}.html").getroot()
        told = {section.get("id"): section for section in page.xpath("//section[@class='rule']")}
        expected = {item.rule.id for item in catalogue().rules() if kind.id in item.kinds}
        assert set(told) == expected
        for item in catalogue().rules():
            if kind.id not in item.kinds:
                continue
            text = " ".join(told[item.rule.id].text_content().split())
            assert " ".join(item.rule.words.message[lang].split()) in text
            assert " ".join(item.rule.words.fix[lang].split()) in text
            assert catalogue().acts.cite(item.rule.cited_in(kind.country).legal, lang) in text
            assert words[f"where-{item.rule.where}"][lang] in text
            if item.rule.selectors and item.rule.test is None:
                assert words["by-schema"][lang] in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_list_of_all_rules_has_every_rule(site: Path, lang: str) -> None:
    page = html.parse(site / f"rules.{lang}.html").getroot()
    assert page.xpath("//tbody/tr/@id") == [item.rule.id for item in catalogue().rules()]


def test_a_field_guide_has_every_field_with_its_rules_and_examples(site: Path) -> None:
    for kind in catalogue().kinds:
        page = html.parse(site / folder_of(kind) / "fieldguide.en.html").getroot()
        rows = page.xpath("//tbody/tr")
        assert len(rows) == len(set(_places(catalogue().fields(kind))))
        shown = set(page.xpath("//tbody/tr/td[4]/a/text()"))
        places = kind.schema.index.places
        ids = page.xpath("//tbody/tr/@id")
        tested = {
            rule.id
            for rule in kind.rules.rules
            if rule.test is not None
            for place in rule.test.contexts(places)
            if any(f".{each}".endswith("." + place.replace("/", ".").replace(":", "-")) for each in ids)
        }
        assert tested <= shown
        assert len(page.xpath("//tbody/tr/td[5]/code")) > len(rows) / 4


def _places(field: Field, above: str = "") -> Iterator[str]:
    """Where fields stand; one that stands in two branches of a choice stands there once."""
    yield f"{above}/{field.name}"
    for child in field.children:
        yield from _places(child, f"{above}/{field.name}")


def test_the_same_data_give_the_same_bytes(tmp_path: Path) -> None:
    publish(one_kind(tmp_path / "schemas"), tmp_path / "here")
    program = (
        "from pathlib import Path; from tests.publish.test_site import one_kind; "
        "from gateway.publish.site import publish; publish(one_kind(Path('copy')), Path('there'))"
    )
    # Elsewhere, with another order of sets.
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "4711"}
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, check=True, timeout=120)
    assert (tmp_path / "here" / MANIFEST).read_bytes() == (tmp_path / "there" / MANIFEST).read_bytes()


def test_an_earlier_publication_is_replaced_and_anything_else_is_left_alone(tmp_path: Path) -> None:
    folder, kind = tmp_path / "site", one_kind(tmp_path / "schemas")
    publish(kind, folder)
    manifest = json.loads((folder / MANIFEST).read_bytes())
    manifest["files"]["gone.html"] = {}
    (folder / MANIFEST).write_text(json.dumps(manifest))
    (folder / "gone.html").touch()
    publish(kind, folder)
    assert not (folder / "gone.html").exists()
    (tmp_path / "other").mkdir()
    (tmp_path / "other/thesis.txt").touch()
    with pytest.raises(Conflict):
        publish(kind, tmp_path / "other")
    ran = sealpost(["publish", tmp_path / "other"])
    assert ran.code == 1
    assert "folder-not-empty" in ran.err
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["thesis.txt"]


def test_the_words_have_equal_placeholders() -> None:
    for key, texts in read_words().items():
        used = {lang: sorted(name for _, name, *_ in Formatter().parse(text) if name) for lang, text in texts.items()}
        assert len({tuple(names) for names in used.values()}) == 1, key
