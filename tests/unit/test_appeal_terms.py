"""Which document ends the terms that an appeal starts, so that the decision is definitive (Art. 67, 70, 72)."""

from __future__ import annotations

import pytest

from gateway.forms.kinds import FormKind
from tests.schemas.cases import catalogue

APPEAL = "be/appeal"
DECISION = "be/appeal-decision"


def _kind(name: str) -> FormKind:
    kind = catalogue().by_name(name)
    assert kind is not None
    return kind


def test_the_report_of_the_decision_fulfils_the_terms_of_the_appeal() -> None:
    running = {term.id: term.done_by for term in _kind(APPEAL).terms if term.binds == "answer"}
    assert running == {"T6": (DECISION,), "T7": (DECISION,)}


@pytest.mark.parametrize("name", ["be/appeal-notice", "be/appeal-convocation", "be/appeal-decision-annex"])
def test_no_other_document_of_the_procedure_fulfils_them(name: str) -> None:
    assert _kind(name).terms == ()
    assert not any(name in term.done_by for kind in catalogue().kinds for term in kind.terms)


def test_against_the_report_itself_no_term_of_appeal_runs() -> None:
    terms = _kind(DECISION).terms
    assert {term.id for term in terms} == {"T8", "T9"}
    assert {term.binds for term in terms} == {"this-form"}
