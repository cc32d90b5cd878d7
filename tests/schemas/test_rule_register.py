"""The register of all rules: every id of the catalogue of rules occurs once, with all that people and machines need."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from gateway.forms.findings import LANGUAGES
from gateway.forms.rulelist import ListedRule
from gateway.forms.rules import Where
from gateway.records import CHECKS
from tests.schemas.cases import catalogue

ROOT = Path(__file__).parents[2]


def _ids(text: str) -> frozenset[str]:
    return frozenset(text.split())


# The catalogue of rules drawn from the decree (and EA for the second country): how many ids each subject has.
SUBJECTS = {
    "GEN": 21,
    "RQ": 21,
    "HA": 54,
    "DN": 14,
    "AP": 19,
    "AD": 14,
    "OD": 21,
    "TM": 12,
    "CP": 12,
    "EL": 9,
    "MV": 8,
    "AC": 7,
    "RE": 10,
    "PD": 7,
    "EA": 7,
}
IDS = frozenset(f"{subject}-{number:02}" for subject, count in SUBJECTS.items() for number in range(1, count + 1))
# All others are errors. TM-03 and AP-06 are errors in that catalogue once both readings of the term have passed; here a
# late act is flagged and delivered, because the inspector decides.
WARNINGS = _ids(
    """
    GEN-07 GEN-08 GEN-12 GEN-15 RQ-07 RQ-09 RQ-10 RQ-11 RQ-12 RQ-17 RQ-19 HA-03 HA-04 HA-06 HA-09 HA-18 HA-24 HA-31
    HA-32 HA-34 HA-37 HA-46 HA-47 HA-48 HA-51 DN-07 DN-11 AP-03 AP-06 AP-11 AP-17 AD-02 AD-03 AD-05 AD-10 OD-03
    OD-06 OD-09 OD-16 OD-18 OD-19 TM-03 TM-04 CP-08 CP-09 CP-11 EL-05 EL-09 MV-03 AC-07 RE-04 RE-06 RE-10 PD-07
    EA-05
    """
)
REMARKS = _ids(
    """
    GEN-05 GEN-20 RQ-14 HA-33 HA-52 HA-53 HA-54 DN-08 DN-12 AP-12 AP-15 AP-18 AD-14 OD-07 OD-14 TM-06 MV-05 RE-02
    EA-07
    """
)

LISTED = {listed.rule.id: listed for listed in catalogue().rules()}
ALL = [pytest.param(listed, id=rule_id) for rule_id, listed in LISTED.items()]
CHECKED = [
    pytest.param(listed, id=rule_id)
    for rule_id, listed in LISTED.items()
    if listed.rule.where is not Where.ORGANISATIONAL
]
ON_DOCUMENTS = [pytest.param(each, id=each.rule.id) for each in LISTED.values() if each.rule.where is Where.DOCUMENT]
UNCHECKED = [pytest.param(each, id=each.rule.id) for each in LISTED.values() if each.rule.where is Where.ORGANISATIONAL]


def test_every_id_of_the_catalogue_of_rules_is_there_and_no_other() -> None:
    """Beside them there are only rules of our own, SP."""
    assert len(IDS) == 229 + SUBJECTS["EA"]
    ours = {rule_id for rule_id in LISTED if rule_id.startswith("SP-")}
    assert sorted(IDS - LISTED.keys()) == []
    assert sorted(LISTED.keys() - ours - IDS) == []


@pytest.mark.parametrize("listed", ALL)
def test_a_rule_has_the_severity_of_the_catalogue(listed: ListedRule) -> None:
    rule = listed.rule
    expected = "warning" if rule.id in WARNINGS else "info" if rule.id in REMARKS else "error"
    assert rule.severity == expected or rule.id not in IDS


@pytest.mark.parametrize("listed", ALL)
def test_a_rule_says_in_four_languages_what_is_wrong_what_to_do_and_why(listed: ListedRule) -> None:
    rule = listed.rule
    assert rule.article
    assert listed.kinds or rule.where is Where.ORGANISATIONAL
    told = (rule.words.message, rule.words.fix, rule.note)
    for words in told:
        assert set(words) == set(LANGUAGES)
        assert len(set(words.values())) == len(LANGUAGES), "two languages say the same"
        assert all(text.endswith(".") and len(text) < 300 and "{" not in text for text in words.values())
        assert not re.search(r"\S[;:!?](\s|$)", words["fr"]), "French has a space before a semicolon and a colon"
    assert all(len({words[language] for words in told}) == len(told) for language in LANGUAGES), "the same said twice"


def test_rules_about_what_is_no_form_are_listed_under_no_form_kind() -> None:
    dossier = [listed for rule_id, listed in LISTED.items() if rule_id.startswith(("MV-", "PD-"))]
    assert len(dossier) == SUBJECTS["MV"] + SUBJECTS["PD"]
    assert {listed.kinds for listed in dossier} == {()}


@pytest.mark.parametrize("listed", CHECKED)
def test_a_rule_that_is_checked_has_a_case_of_each_outcome(listed: ListedRule) -> None:
    outcomes = {outcome for case in listed.rule.cases for outcome in ("pass", "fail", "silent") if outcome in case}
    assert outcomes >= {"pass", "fail", "silent"}


@pytest.mark.parametrize("listed", CHECKED)
def test_the_part_that_checks_a_rule_is_there(listed: ListedRule) -> None:
    """A function over the records by its name, or a module of the gateway."""
    parts = CHECKS.keys() | {path.stem for path in (ROOT / "gateway").rglob("*.py")}
    assert set(str(listed.rule.by).split(" and ")) <= parts


@pytest.mark.parametrize("listed", UNCHECKED)
def test_a_rule_that_no_machine_checks_has_no_cases(listed: ListedRule) -> None:
    assert (listed.rule.where, listed.rule.by, listed.rule.cases) == (Where.ORGANISATIONAL, None, ())


@pytest.mark.parametrize("listed", CHECKED)
def test_a_test_that_a_rule_names_is_there(listed: ListedRule) -> None:
    proofs = [case[outcome]["proof"] for case in listed.rule.cases for outcome in case if "proof" in case[outcome]]
    for proof in proofs:
        file, _, name = proof.partition("::")
        assert name in names_in(file), proof


@pytest.mark.parametrize("listed", ON_DOCUMENTS)
def test_a_rule_on_a_document_is_obeyed_and_broken_by_documents(listed: ListedRule) -> None:
    """Only where it has nothing to say may a test show it, for example that it is no rule of another form."""
    shown = {outcome for case in listed.rule.cases for outcome in case if "base" in case[outcome]}
    assert {"pass", "fail"} <= shown


@cache
def names_in(file: str) -> frozenset[str]:
    """The names of the tests in a file, without running it."""
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))
