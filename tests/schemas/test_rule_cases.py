"""Every case of every rules.yaml does what it says: a rule without a case that passes and one that fails is no rule."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from gateway.forms.cases import NotApplicable
from gateway.forms.findings import LANGUAGES, Severity
from gateway.forms.kinds import FormKind
from gateway.forms.rules import Rule, Where
from gateway.forms.sources import parse_yaml
from tests.schemas.cases import SCHEMAS, catalogue, changed, named, validate

COMMON_RULES = "GEN-01 GEN-02 GEN-03 GEN-06 GEN-07 GEN-09 GEN-11 GEN-16 GEN-17 GEN-18 GEN-19"
# What the first release promises; more may be there.
PROMISED = {
    "be/health-surveillance-request": f"{COMMON_RULES} RQ-01 RQ-02 RQ-03 RQ-04 RQ-05 RQ-06 RQ-07 RQ-08 RQ-13 RQ-15",
    "be/health-assessment": f"{COMMON_RULES} HA-01 HA-02 HA-07 HA-08 HA-11 HA-12 HA-13 HA-14 HA-15 HA-16 HA-17 HA-22 "
    "HA-25 HA-26 HA-28 HA-35 HA-39",
    "be/appeal": f"{COMMON_RULES} AP-01 AP-02 AP-06 AP-10 AP-13",
    "be/occupational-disease-report": f"{COMMON_RULES} OD-01 OD-02 OD-04 OD-08 OD-10 OD-15 OD-17",
}
RULES = [
    pytest.param(kind, rule, id=f"{kind.name}-{rule.id}") for kind in catalogue().kinds for rule in kind.rules.rules
]


@pytest.mark.parametrize(("kind", "rule"), RULES)
def test_cases_of_a_rule_give_exactly_what_they_name(kind: FormKind, rule: Rule) -> None:
    for number, case in enumerate(rule.cases, start=1):
        outcome = next(key for key in ("pass", "fail", "silent") if key in case)
        if rule.where is not Where.DOCUMENT or "proof" in case[outcome]:
            continue
        if _is_shared(kind, rule) and not _applies(kind, case):
            continue
        raw, received_on = changed(kind, case[outcome])
        report = validate(raw, received_on=received_on)
        found = {finding.rule for finding in report.findings}
        where = f"{rule.id} case {number} ({outcome})"
        assert (rule.id in found) is (outcome == "fail"), where
        if "only" in case:
            assert named(report) == {only for only in case["only"] if only in kind.rules}, where
        else:
            assert report.acceptable, f"{where}: refused by {named(report)}, so the rule was not seen to be obeyed"


@pytest.mark.parametrize(("kind", "rule"), RULES)
def test_a_rule_has_cases_both_ways_words_and_an_article(kind: FormKind, rule: Rule) -> None:
    outcomes = {key for case in rule.cases for key in case}
    assert rule.where is not Where.DOCUMENT or {"pass", "fail"} <= outcomes
    assert all(
        (rule.id in case["only"]) is ("fail" in case and rule.severity is not Severity.INFO)
        for case in rule.cases
        if "only" in case
    )
    assert rule.article
    for words in (rule.words.message, rule.words.fix):
        assert set(words) == set(LANGUAGES)
        assert len(set(words.values())) == len(LANGUAGES), "two languages say the same"
        assert all(text.strip().endswith(".") and len(text) < 300 for text in words.values())


def test_every_case_of_a_shared_rule_applies_to_some_form() -> None:
    shared = {rule.id: rule for kind in catalogue().kinds for rule in kind.rules.rules if _is_shared(kind, rule)}
    for rule in shared.values():
        for number, case in enumerate(rule.cases, start=1):
            if any("proof" in change for change in case.values()):
                continue
            assert any(_applies(kind, case) for kind in catalogue().kinds if rule.id in kind.rules), (
                f"{rule.id} case {number}"
            )


@pytest.mark.parametrize("name", PROMISED)
def test_the_promised_rules_are_there(name: str) -> None:
    kind = catalogue().by_name(name)
    assert kind is not None
    assert [rule for rule in PROMISED[name].split() if rule not in kind.rules] == []


def _is_shared(kind: FormKind, rule: Rule) -> bool:
    """Whether the kind takes the rule from a file of others; then its cases run where there is something to change."""
    return rule.id not in _own_rules(f"{kind.id}/{kind.version.partition('.')[0]}/rules.yaml")


@cache
def _own_rules(file: str) -> frozenset[str]:
    rules = parse_yaml((SCHEMAS / file).read_text(encoding="utf-8"), source=file, aliases=True)["rules"]
    return frozenset(rule["id"] for rule in rules)


def _applies(kind: FormKind, case: Mapping[str, Any]) -> bool:
    try:
        changed(kind, next(value for key, value in case.items() if key != "only"))
    except NotApplicable:
        return False
    return True
