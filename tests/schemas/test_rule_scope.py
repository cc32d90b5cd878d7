"""A rule about a whole form is out of scope where the form is another one."""

from __future__ import annotations

import pytest

from gateway.forms.kinds import FormKind
from tests.schemas.cases import catalogue, samples_of, validate


@pytest.mark.parametrize("kind", catalogue().kinds, ids=lambda kind: kind.id)
def test_the_rules_of_a_form_are_silent_on_every_other_form(kind: FormKind) -> None:
    theirs = {listed.rule.id for listed in catalogue().rules() if kind.id in listed.kinds}
    everybodys = {rule.id for rule in kind.rules.rules}
    assert theirs >= everybodys
    for path in sorted(samples_of(kind).glob("*.xml")):
        found = {finding.rule for finding in validate(path.read_bytes()).findings if finding.rule}
        assert found <= everybodys, path.name
