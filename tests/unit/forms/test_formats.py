"""The formats of a report: what their readers require, in every language, for one document and for several."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from html import unescape
from itertools import pairwise
from pathlib import Path
from string import Formatter

import pytest
from jsonschema import Draft202012Validator
from lxml import etree, html

from gateway.forms.findings import LANGUAGES
from gateway.forms.report import Report
from gateway.forms.reports import FORMATS, Judged, render
from gateway.forms.reports.html import content_security_policy
from gateway.forms.reports.words import WORDS
from tests.unit.forms.slips import HEADER, NOTE, PERSON, slip

SHAPES = Path(__file__).parent / "formats"
SVRL = "{http://purl.oclc.org/dsdl/svrl}"
WRONG_NUMBER = slip(HEADER + "\n<Person><c:Ssin>85073003329</c:Ssin></Person>" + NOTE)
FLAGGED = slip(HEADER + "<Person><c:Ssin>85073003328</c:Ssin><c:BirthDate>2027-07-30</c:BirthDate></Person>")
BROKEN = slip(HEADER + PERSON + "<Remark/>")
UNREADABLE = b"<Slip"

Validate = Callable[[bytes], Report]


@pytest.fixture
def judged(validate: Validate) -> list[Judged]:
    """A good one, one with an error, one with flags only, one that the schema refuses, one that is no XML."""
    raws = {
        "good.xml": slip(HEADER + PERSON + NOTE),
        "wrong.xml": WRONG_NUMBER,
        "flagged.xml": FLAGGED,
        "broken form.xml": BROKEN,
        "<x>.xml": UNREADABLE,
    }
    return [Judged(name=name, report=validate(raw)) for name, raw in raws.items()]


def test_words_are_there_in_four_languages_with_equal_placeholders() -> None:
    assert set(WORDS) == set(LANGUAGES)
    for key in WORDS["en"]:
        texts = [WORDS[language][key] for language in LANGUAGES]
        assert all(text.strip() for text in texts)
        assert len({frozenset(name for _, name, _, _ in Formatter().parse(text) if name) for text in texts}) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_sarif_is_what_the_standard_requires(judged: list[Judged], language: str) -> None:
    shown = json.loads(render("sarif", judged, language))
    shape = json.loads((SHAPES / "sarif.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(shape)
    Draft202012Validator(shape).validate(shown)
    (run,) = shown["runs"]
    rules, artifacts = run["tool"]["driver"]["rules"], run["artifacts"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    assert [artifact["location"]["uri"] for artifact in artifacts][3:] == ["broken%20form.xml", "%3Cx%3E.xml"]
    assert len(run["results"]) == sum(len(each.report.findings) for each in judged)
    for result in run["results"]:
        place = result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert artifacts[place["index"]]["location"]["uri"] == place["uri"]
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert "{" not in rules[result["ruleIndex"]]["shortDescription"]["text"]


def test_sarif_names_the_line_the_place_and_the_words(judged: list[Judged]) -> None:
    (run,) = json.loads(render("sarif", judged[1:2], "nl"))["runs"]
    (result,) = run["results"]
    assert result["level"] == "error"
    assert result["message"]["text"] == "m nl f nl"
    (location,) = result["locations"]
    assert location["physicalLocation"]["region"] == {"startLine": 4}
    assert location["message"]["text"] == "Person nl › Ssin nl"
    (rule,) = run["tool"]["driver"]["rules"]
    assert (rule["id"], rule["help"]["text"]) == ("SL-01", "f nl")


def test_a_fingerprint_stays_when_a_line_moves_and_changes_with_the_place(validate: Validate) -> None:
    def fingerprint(raw: bytes) -> str:
        report = [Judged(name="f.xml", report=validate(raw))]
        (result,) = json.loads(render("sarif", report, "en"))["runs"][0]["results"]
        found: str = result["partialFingerprints"]["sealpostFinding/v1"]
        return found

    moved = WRONG_NUMBER.replace(b"<Person>", b"\n\n<Person>")
    second = slip(HEADER + PERSON + "\n<Person><c:Ssin>85073003329</c:Ssin></Person>" + NOTE)
    assert fingerprint(WRONG_NUMBER) == fingerprint(moved) != fingerprint(second)


@pytest.mark.parametrize("language", LANGUAGES)
def test_junit_is_what_build_servers_read(judged: list[Judged], language: str) -> None:
    root = etree.fromstring(render("junit", judged, language).encode())
    etree.XMLSchema(etree.parse(SHAPES / "junit.xsd")).assertValid(root)
    suites = list(root)
    assert [suite.get("name") for suite in suites] == [each.name for each in judged]
    assert [len(suite.findall("testcase/failure")) for suite in suites] == [0, 1, 0, 1, 1]
    for suite in [root, *suites]:
        assert int(suite.get("tests", "")) == len(suite.findall(".//testcase"))
        assert int(suite.get("failures", "")) == len(suite.findall(".//failure"))
    assert suites[3].find("testcase[@name='" + WORDS[language]["schema"] + "']") is None, "a failed step looks passed"


def test_junit_shows_warnings_as_properties(judged: list[Judged]) -> None:
    flagged = etree.fromstring(render("junit", judged, "en").encode())[2]
    names = [node.get("name") for node in flagged.iter("property")]
    assert "warning SL-02" in names
    assert "info SL-03" in names
    assert flagged.get("failures") == "0"


@pytest.mark.parametrize("language", LANGUAGES)
def test_svrl_is_what_schematron_tools_read(judged: list[Judged], language: str) -> None:
    shape = etree.RelaxNG(etree.parse(SHAPES / "svrl.rng"))
    for each in judged:
        root = etree.fromstring(render("svrl", [each], language).encode())
        shape.assertValid(root)
        assert len(root.findall(f"{SVRL}failed-assert")) == len(each.report.findings)


def test_svrl_locations_and_tests_are_expressions_that_find(validate: Validate) -> None:
    root = etree.fromstring(render("svrl", [Judged(name="f.xml", report=validate(WRONG_NUMBER))], "en").encode())
    names = {node.get("prefix", ""): node.get("uri", "") for node in root.iter(f"{SVRL}ns-prefix-in-attribute-values")}
    (failed,) = root.iter(f"{SVRL}failed-assert")
    (node,) = etree.fromstring(WRONG_NUMBER).xpath(failed.get("location", ""), namespaces=names)
    assert node.text == "85073003329"
    assert (failed.get("id"), failed.get("flag"), failed.get("test")) == ("SL-01", "fatal", "sp:ssin-valid(.)")
    assert [rule.get("context") for rule in root.iter(f"{SVRL}fired-rule")][-1] == "c:Ssin"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_stands_alone_and_reads_well(judged: list[Judged], language: str) -> None:
    page = render("html", judged, language)
    root = html.document_fromstring(page)
    assert page.startswith("<!DOCTYPE html>")
    assert root.get("lang") == language
    assert not root.xpath("//script | //link | //img | //iframe | //*[@style] | //@*[starts-with(name(), 'on')]")
    assert all(link.get("href", "").startswith("#") for link in root.iter("a"))
    levels = [int(str(node.tag)[1]) for node in root.iter("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert root.xpath("//table[not(.//th[@scope='col'])] | //th[not(@scope)]") == []
    identifiers = root.xpath("//@id")
    assert isinstance(identifiers, list)
    assert len(set(identifiers)) == len(identifiers)
    named = {name for names in root.xpath("//@aria-labelledby") for name in str(names).split()}
    assert named <= set(identifiers)
    assert "&lt;x&gt;.xml" in page
    assert "<x>" not in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refused_form_never_looks_accepted(judged: list[Judged], language: str) -> None:
    said = WORDS[language]
    for each in judged:
        page = unescape(render("html", [each], language))
        assert (f"> {said['acceptable']}<" in page) is each.report.acceptable
        assert (said["acceptable-means"] in page) is each.report.acceptable
        assert ("✓" in page) is each.report.acceptable
        assert f"<title>{said[each.report.verdict]}" in page
    assert f"<title>{said['refused']}" in render("html", judged, language)


def test_the_policy_allows_exactly_the_style_of_the_page(judged: list[Judged]) -> None:
    (style,) = html.document_fromstring(render("html", judged, "en")).iter("style")
    digest = base64.b64encode(hashlib.sha256((style.text or "").encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in content_security_policy()
    assert "default-src 'none'" in content_security_policy()


def test_every_colour_of_text_stands_out_from_what_is_behind_it() -> None:
    style = (Path(__file__).parents[3] / "gateway/forms/reports/templates/report.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", style))
    grounds = [value for name, value in colours.items() if name.endswith("ground") or name == "paper"]
    for name in ("ink", "quiet", "error", "warning", "info", "good"):
        for ground in grounds:
            assert _contrast(colours[name], ground) >= 4.5, (name, ground)


def test_every_format_shows_every_finding(judged: list[Judged]) -> None:
    for name, form in FORMATS.items():
        for several in [judged] if form.many else [[each] for each in judged]:
            shown = render(name, several, "fr")
            for each in several:
                for finding in each.report.findings:
                    assert (finding.rule or finding.code) in shown


def _contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
