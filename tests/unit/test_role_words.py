"""Every role that a form names has its words."""

from __future__ import annotations

from gateway.forms.rolewords import role_in, role_words
from tests.schemas.cases import catalogue


def test_each_role_that_a_form_names_has_words_and_no_other() -> None:
    kinds = catalogue().kinds
    signing = {rule.role for kind in kinds for rule in kind.signatories}
    receiving = {route.role for kind in kinds for route in kind.routes}
    assert role_words().keys() == signing | receiving


def test_english_readers_and_strange_roles_get_the_role_itself() -> None:
    assert role_in("Worker", "nl") == "werknemer"
    assert role_in("Worker", "en") == "Worker"
    assert role_in("Magistrate", "nl") == "Magistrate"
