"""Every case of a rule over the records does what it says, on samples alone: the form and the earlier ones."""

from __future__ import annotations

import pytest

from gateway.forms.cases import Case, cases_of
from gateway.forms.findings import Severity
from gateway.forms.kinds import FormKind
from gateway.forms.rules import Rule
from gateway.records import CHECKS
from gateway.rehearsal import rehearse
from tests.schemas.cases import catalogue, validator

CASES = [
    pytest.param(kind, rule, case, id=f"{kind.name}-{rule.id}-{case.number}-{case.outcome}")
    for kind in catalogue().kinds
    for rule in kind.rules.rules
    if rule.by in CHECKS
    for case in cases_of(rule)
    if case.proof is None
]


@pytest.mark.parametrize(("kind", "rule", "case"), CASES)
def test_a_case_over_the_records_gives_exactly_what_it_names(kind: FormKind, rule: Rule, case: Case) -> None:
    findings = rehearse(validator(), kind, case.change)
    found = {each.rule or each.code for each in findings if each.severity is not Severity.INFO}
    if case.outcome == "fail":
        assert found == set(case.only)
        assert all(each.path for each in findings if each.rule == rule.id), "a breach has a place"
    else:
        assert rule.id not in found
        errors = {each.rule for each in findings if each.severity is Severity.ERROR}
        assert not errors, "refused for another reason, so the rule was not seen to be obeyed"


def test_every_function_over_the_records_checks_a_rule_and_each_rule_has_cases_of_every_kind() -> None:
    listed = {rule.by: rule for kind in catalogue().kinds for rule in kind.rules.rules if rule.by in CHECKS}
    assert listed.keys() == CHECKS.keys()
    for rule in listed.values():
        assert {case.outcome for case in cases_of(rule)} == {"pass", "fail", "silent"}, rule.id
