"""`explain`: every rule and code, with the law, the reason, an example right and wrong, and the way out."""

from __future__ import annotations

import pytest
from lxml import etree

from gateway.forms.cases import NotApplicable, cases_of, example
from gateway.forms.explain import explain
from gateway.forms.findings import LANGUAGES
from gateway.forms.rules import Where
from tests.cli.command import sealpost
from tests.schemas.cases import catalogue

NAMES = [*(listed.rule.id for listed in catalogue().rules()), *sorted(catalogue().messages.codes)]


@pytest.mark.parametrize("name", NAMES)
def test_everything_that_a_report_can_name_is_explained(name: str) -> None:
    explanation = explain(catalogue(), name, language="nl")
    for language in LANGUAGES:
        assert explanation.words.message[language]
        assert explanation.words.fix[language]
    listed = catalogue().rule(name)
    if listed is None:
        return
    shown = {case.outcome for case in cases_of(listed.rule) if case.proof is None}
    assert (explanation.wrong is not None) is ("fail" in shown)
    assert (explanation.right is not None) is ("pass" in shown)
    for part in filter(None, (explanation.wrong, explanation.right)):
        assert part.lines or part.earlier is not None or part.received_on is not None
        assert all(line[0] in "+- " for line in part.lines)
    if explanation.wrong and explanation.right:
        assert explanation.wrong != explanation.right
    if listed.rule.where is Where.DOCUMENT and explanation.wrong and _changes(name):
        assert any(line[0] in "+-" for line in explanation.wrong.lines)


def _changes(name: str) -> bool:
    """Whether the case that is shown as wrong changes its sample."""
    listed = catalogue().rule(name)
    assert listed is not None
    for case in cases_of(listed.rule):
        for kind in filter(None, map(catalogue().by_name, listed.kinds)):
            if case.outcome == "fail":
                try:
                    wrong, plain = example(kind, case.change), example(kind, {"base": case.change["base"]})
                    return etree.tostring(wrong.root) != etree.tostring(plain.root)
                except NotApplicable:
                    continue
    return False


def test_an_explanation_reads_from_what_is_wrong_to_the_example() -> None:
    ran = sealpost(["explain", "HA-28", "--lang", "nl"])
    assert ran.code == 0, ran.err
    for shown in (
        "HA-28  fout",
        "Wat te doen: ",
        "Wettekst: ",
        "koninklijk besluit van 28 mei 2003, bijlage II-1 (*); art. 49",
        "op het document",
        "Juist (be/health-assessment",
    ):
        assert shown in ran.text
    facts = sealpost(["explain", "GEN-06", "--kind", "be/appeal", "--json"]).json
    assert facts["where"] == "document"
    assert facts["wrong"]["kind"] == "be/appeal"
    assert [line[0] for line in facts["wrong"]["lines"] if line[0] in "+-"] == ["-", "+"]


def test_a_reason_is_told_in_the_language_that_is_asked_for() -> None:
    told = {lang: sealpost(["explain", "HA-07", "--lang", lang, "--json"]).json["reason"] for lang in LANGUAGES}
    assert len(set(told.values())) == len(LANGUAGES)
    assert told["nl"].startswith("De beslissing zegt")


@pytest.mark.parametrize(("language", "said"), [("en", "seven working days"), ("de", "sieben Werktagen")])
def test_the_law_is_quoted_where_it_is_held(language: str, said: str) -> None:
    (article,) = sealpost(["explain", "AP-06", "--lang", language, "--json"]).json["law"]
    assert (article["act"], article["article"]) == ("be-rd-2003-05-28", "65")
    assert said in " ".join(article["paragraphs"])


def test_a_code_shows_a_sample_at_fault() -> None:
    facts = sealpost(["explain", "XSD-ENUM", "--json"]).json
    assert (facts["where"], facts["wrong"]["sample"]) == ("schema", "invalid-XSD-ENUM")
    assert "Mailed" in "".join(facts["wrong"]["lines"])
    assert sealpost(["explain", "SIG-MISSING", "--json"]).json["where"] == "signature"


def test_what_differs_outside_the_document_is_told_for_both() -> None:
    facts = sealpost(["explain", "HA-46", "--json"]).json
    assert (facts["wrong"]["earlier"], facts["wrong"]["lines"]) == ([], [])
    assert facts["right"]["earlier"][0].startswith("be/deliberation-notice valid-typical, 2026-05-04, //c:")
    shown = sealpost(["explain", "DN-07"]).text
    assert "After: be/deliberation-notice valid-typical, 2026-04-30" in shown
    late = sealpost(["explain", "AP-06", "--json"]).json
    assert late["wrong"]["receivedOn"] > late["right"]["receivedOn"]
    assert late["wrong"]["lines"]
    assert not late["right"]["lines"], "the same lines are shown once"


def test_a_rule_of_another_kind_is_said_to_be_none() -> None:
    ran = sealpost(["explain", "HA-07", "--kind", "be/appeal"])
    assert (ran.code, ran.out) == (2, b"")
    assert "be/health-assessment" in ran.err
    assert "no form" in sealpost(["explain", "MV-01", "--kind", "be/appeal"]).err


def test_an_unknown_name_gets_the_nearest_ones() -> None:
    ran = sealpost(["explain", "ha-280"])
    assert (ran.code, ran.out) == (2, b"")
    assert "HA-28" in ran.err
    assert sealpost(["explain", "HA-28", "--kind", "be/none"]).code == 2
