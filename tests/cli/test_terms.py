"""`sealpost term`: the last day of a legal term, and what explains it."""

from __future__ import annotations

import pytest

from gateway.forms.catalogue import load_countries
from tests.cli.command import sealpost

BELGIUM = load_countries()["be"]


def test_the_appeal_is_told_with_all_that_explains_its_last_days() -> None:
    ran = sealpost(["term", "appeal", "--from", "2026-04-01"])
    assert ran.code == 0, ran.err
    head, *lines = ran.text.splitlines()
    said = [" ".join(line.split()) for line in lines]
    assert head == "T5  Royal Decree of 28 May 2003, Art. 65 (BE-RD2003)"
    assert said[0] == "term 7 working days"
    assert said[1] == "day zero Wednesday 2026-04-01: dispatch or handing over of the form for the health assessment"
    assert said[2] == "what must happen registered appeal sent to the medical inspector"
    assert said[3] == "last day Friday 2026-04-10 (Monday to Saturday count)"
    assert said[4] == "on the other reading Monday 2026-04-13 (Monday to Friday count)"
    assert said[5] == "holidays inside Monday 2026-04-06 Easter Monday"


def test_the_law_in_force_on_day_zero_is_told_where_it_says_something_else() -> None:
    ran = sealpost(["term", "appeal", "--from", "2026-03-03", "--json"])
    (other,) = ran.json["otherTexts"]
    assert (other["profile"], other["length"], other["unit"], other["lastDay"]) == (
        "BE-CODE-I4",
        21,
        "days",
        "2026-03-24",
    )
    before = sealpost(["term", "appeal", "--from", "2022-09-30", "--profile", "BE-CODE-I4", "--json"])
    assert (before.json["legal"], before.json["length"], before.json["unit"]) == (
        [{"act": "be-code-2017-04-28", "article": "I.4-63"}],
        7,
        "working-days",
    )
    assert before.json["article"] == "Code on well-being at work, Art. I.4-63"
    assert before.json["otherTexts"] == []
    of_the_day = sealpost(["term", "appeal", "--from", "2010-03-03", "--json"])
    assert of_the_day.json["otherTexts"] == [], "the Code was not law yet"


@pytest.mark.parametrize(
    ("act", "verdict"),
    [("2026-03-11", "InTime"), ("2026-03-12T22:59:00Z", "InTimeOnReadingC"), ("2026-03-12T23:01:00+00:00", "Late")],
)
def test_an_act_is_judged_by_its_day_in_the_country_of_the_law(act: str, verdict: str) -> None:
    ran = sealpost(["term", "T5", "--from", "2026-03-03T00:30:00+01:00", "--act", act, "--json"])
    assert ran.code == 0, ran.err
    assert (ran.json["dayZero"], ran.json["verdict"]) == ("2026-03-03", verdict)
    shown = sealpost(["term", "t5", "--from", "2026-03-03", "--act", act])
    assert verdict in shown.text.splitlines()[7]


def test_an_authority_is_never_late() -> None:
    ran = sealpost(["term", "treatment", "--from", "2024-04-15", "--act", "2024-07-01", "--json"])
    assert ran.json["verdict"] == "Overdue"


def test_a_calendar_term_ends_on_a_day_off_and_the_next_working_day_is_told() -> None:
    ran = sealpost(["term", "T8", "--from", "2026-11-24", "--json"])
    assert ran.json["lastDay"] == "2026-12-25"
    assert (ran.json["nextWorkingDay"], ran.json["nextWorkingDayOtherReading"]) == ("2026-12-26", "2026-12-28")
    assert ran.json["holidays"] == [{"date": "2026-12-25", "name": "Christmas Day"}]
    shown = sealpost(["term", "T8", "--from", "2026-11-24"]).text
    assert "Saturday 2026-12-26 (Monday to Saturday count), Monday 2026-12-28 (Monday to Friday count)" in shown
    nothing_to_shift = sealpost(["term", "T8", "--from", "2026-11-20"]).text
    assert "next working day" not in nothing_to_shift


def test_a_term_that_is_counted_back_or_a_least_duration_is_told_as_such() -> None:
    back = sealpost(["term", "closing", "--from", "2027-05-31"]).text
    assert "3 months in advance" in back
    assert "2027-02-28" in back
    assert "next working day" not in back
    least = sealpost(["term", "dossier", "--from", "2026-01-31"]).text
    assert "at least 15 years" in least
    assert "at least until" in least


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("nl", ["dag nul", "woensdag 2026-04-01", "beroep aangetekend", "Paasmaandag"]),
        ("fr", ["jour zéro", "mercredi 2026-04-01", "recours envoyé", "Lundi de Pâques"]),
        ("de", ["Tag null", "Mittwoch 2026-04-01", "Beschwerde per Einschreiben", "Ostermontag"]),
    ],
)
def test_it_speaks_the_language_of_the_reader(lang: str, words: list[str]) -> None:
    shown = sealpost(["term", "appeal", "--from", "2026-04-01", "--lang", lang]).text
    for word in words:
        assert word in shown


def test_without_a_name_all_terms_are_listed() -> None:
    ran = sealpost(["term", "--json", "--profile", "BE-RD2003"])
    assert {item["id"] for item in ran.json["items"]} == set(BELGIUM.terms) == {f"T{n}" for n in range(1, 17)}
    shown = sealpost(["term", "--from", "2026-03-03"])
    row = next(line for line in shown.text.splitlines() if line.startswith("T5 "))
    assert "Wednesday 2026-03-11" in row
    assert "Thursday 2026-03-12" in row


@pytest.mark.parametrize(("term", "inside"), [("T5", True), ("T15", False), ("T12", False)])
def test_holidays_are_told_only_of_terms_that_are_counted_by_days(term: str, inside: bool) -> None:
    asked = ["term", term, "--from", "2026-03-31"]
    assert ("holidays" in sealpost([*asked, "--json"]).json) is inside
    assert ("holidays inside" in sealpost(asked).text) is inside


def test_an_act_before_day_zero_is_judged_where_the_term_is_counted_back() -> None:
    assert (
        sealpost(["term", "T15", "--from", "2026-03-31", "--act", "2025-11-01", "--json"]).json["verdict"] == "InTime"
    )
    assert sealpost(["term", "T1", "--from", "2026-03-03", "--act", "2026-03-03", "--json"]).json["verdict"] == "InTime"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["T99", "--from", "2026-03-03"], "no such term"),
        (["appeal"], "--from"),
        (["appeal", "--from", "03-03-2026"], "--from"),
        (["appeal", "--from", "2026-02-30"], "--from"),
        (["appeal", "--from", "2026-03-03T10:00"], "offset"),
        (["appeal", "--from", "2026-03-03", "--act", "later"], "--act"),
        (["appeal", "--from", "2026-03-03", "--profile", "BE-1831"], "BE-CODE-I4"),
        (["dossier", "--from", "2026-03-03", "--act", "2026-03-04"], "least duration"),
        (["dossier", "--from", "9990-03-03"], "9999"),
        (["T15", "--from", "0001-01-05"], "years 1 to 9999"),
        (["--from", "9999-12-30"], "years 1 to 9999"),
        (["T1", "--from", "2026-03-03", "--act", "2026-03-02"], "before day zero"),
        (["--act", "2026-03-04"], "name"),
    ],
)
def test_a_question_that_cannot_be_answered_says_why(arguments: list[str], said: str) -> None:
    ran = sealpost(["term", *arguments])
    assert ran.code == 2
    assert said in ran.err
    assert not ran.out
