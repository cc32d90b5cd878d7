"""Reports: complete, in four languages, for machines and for people."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from gateway.forms.findings import LANGUAGES
from gateway.forms.report import MAX_FINDINGS, Report
from gateway.forms.reports.text import to_text
from tests.unit.forms.slips import HEADER, NOTE, PERSON, slip


def test_an_acceptable_form_has_an_empty_report(validate: Callable[[bytes], Report]) -> None:
    shown = validate(slip()).to_json("nl")
    assert (shown["verdict"], shown["findings"], shown["kind"]) == ("acceptable", [], "zz/slip")
    assert shown["phases"] == {"parse": "passed", "schema": "passed", "rules": "passed"}
    assert shown["document"] == {
        "form": "Slip",
        "version": "1.0",
        "documentId": None,
        "bytes": len(slip()),
        "sha256": shown["document"]["sha256"],
    }
    assert shown["ruleset"] == "zz:slip:1.0.0 + common:1.0.0"
    assert set(shown["engine"]) == {"name", "version", "lxml", "libxml2"}
    assert shown["receivedOn"] == "2026-03-10"


@pytest.mark.parametrize(
    ("raw", "phases"),
    [
        (b"<Slip", {"parse": "failed", "schema": "skipped", "rules": "skipped"}),
        (b"<other/>", {"parse": "failed", "schema": "skipped", "rules": "skipped"}),
        (slip(HEADER), {"parse": "passed", "schema": "failed", "rules": "skipped"}),
        (
            slip(HEADER + "<Person><c:Ssin>85073003329</c:Ssin></Person>"),
            {"parse": "passed", "schema": "passed", "rules": "failed"},
        ),
    ],
)
def test_the_first_step_that_fails_ends_the_way(
    validate: Callable[[bytes], Report], raw: bytes, phases: dict[str, str]
) -> None:
    report = validate(raw)
    assert report.to_json()["phases"] == phases
    assert report.verdict == "refused"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_finding_says_code_place_article_words_and_the_way_out(
    validate: Callable[[bytes], Report], language: str
) -> None:
    report = validate(slip(HEADER + "<Person><c:Ssin>x</c:Ssin></Person>"))
    (shown,) = report.to_json(language)["findings"]
    assert shown.pop("detail").endswith("[0-9]{11}")
    assert shown == {
        "code": "XSD-PATTERN",
        "rule": "SL-04",
        "severity": "error",
        "phase": "schema",
        "path": "/f:Slip/f:Content/f:Person/c:Ssin",
        "place": f"Person {language} › Ssin {language}",
        "line": 3,
        "article": {
            "en": "an act, Art. 4",
            "nl": "een wet, art. 4",
            "fr": "une loi, art. 4",
            "de": "ein Gesetz, Art. 4",
        }[language],
        "legal": [{"act": "no-act", "article": "4"}],
        "message": f"m {language}",
        "fix": f"f {language}",
    }


def test_a_last_resort_lends_its_article_and_leaves_the_words_to_the_schema(
    validate: Callable[[bytes], Report],
) -> None:
    (shown,) = validate(slip(attributes="")).to_json("en")["findings"]
    assert (shown["rule"], shown["article"], shown["message"]) == (
        "GEN-01",
        "an act, Art. 11",
        "A required attribute is missing.",
    )
    assert "detail" not in shown


def test_an_unknown_language_gets_english(validate: Callable[[bytes], Report]) -> None:
    report = validate(slip(HEADER))
    assert report.to_json("tlh") == report.to_json("en")
    assert to_text(report, "tlh") == to_text(report, "en")


def test_a_hundred_findings_are_enough(validate: Callable[[bytes], Report]) -> None:
    persons = "".join(f"<Person><c:Ssin>x</c:Ssin><c:BirthDate>{n}</c:BirthDate></Person>\n" for n in range(3))
    attributes = "\n".join(f'x{n}="1"' for n in range(90))
    few = validate(slip(HEADER + persons))
    assert (len(few.findings), few.truncated) == (6, False)
    floods = validate(slip(HEADER + persons, attributes=f'Id="content"\n{attributes}'))
    assert [f.code for f in floods.findings].count("XSD-ATTR-UNEXPECTED") == 1, (
        "the same fault at one place counts once"
    )
    assert len(floods.findings) <= MAX_FINDINGS


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_text_for_people_reads_from_verdict_to_way_out(validate: Callable[[bytes], Report], language: str) -> None:
    report = validate(slip(HEADER + "\n<Person><c:Ssin>85073003329</c:Ssin></Person>" + NOTE))
    text = to_text(report, language)
    first, *_ = text.splitlines()
    assert "Slip 1.0" in first
    assert "SL-01" in text
    assert "/f:Slip/f:Content/f:Person/c:Ssin" in text
    assert f"m {language}" in text
    assert f"→ f {language}" in text
    assert "{" not in text


def test_the_english_text_as_a_whole(validate: Callable[[bytes], Report]) -> None:
    assert to_text(validate(slip(HEADER + PERSON + "<Remark/>")), "en") == (
        f"REFUSED: Slip 1.0, {len(slip(HEADER + PERSON + '<Remark/>'))} bytes\n"
        "errors: 1, warnings: 0, remarks: 0\n"
        "\n"
        "✗ XSD-CHILD-UNEXPECTED [GEN-03]  error  an act, Art. 10\n"
        "    line 3  element 3\n"
        "    /f:Slip/f:Content/*[3]\n"
        "    This element is not allowed here. Expected here: f:Nothing, f:Amount, f:Note.\n"
        "    → Add what is expected before it, or remove it, or put it where the field guide places it; "
        "the order matters.\n"
    )


def test_reports_are_json(validate: Callable[[bytes], Report]) -> None:
    report = validate(slip(HEADER))
    assert json.loads(json.dumps(report.to_json("fr"))) == report.to_json("fr")
