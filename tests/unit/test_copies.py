"""Who gets a copy: the triplicates of the decree go whole or not at all, and to nobody else (Art. 48, 84, 95)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import pytest
from cryptography.x509 import Certificate

from gateway.deadlines import verdict
from gateway.forms.validation import Identified, Validator
from gateway.model import Party, PartyId
from gateway.pseudonyms import IdentifierKeys
from gateway.routing import Router, Routing
from signing.issuing import issue, issue_authority
from tests.registers import MemoryRegister
from tests.schemas.cases import catalogue

SAMPLES = Path(__file__).parents[2] / "samples"
AT = datetime(2026, 3, 5, tzinfo=UTC)
KEYS = IdentifierKeys(b"k" * 32)
ASSESSMENT = "be/health-assessment"
REPORT = "be/occupational-disease-report"
TRIPLICATES = {
    ASSESSMENT: ["Employer", "Worker", "HealthDossier"],
    REPORT: ["MedicalInspector", "FundMedicalAdviser", "HealthDossier"],
}


@cache
def _seal() -> Certificate:
    return issue(issue_authority("Test Authority", at=AT), "A party", use="seal", at=AT).certificate


def _form(kind: str, sample: str = "valid-typical") -> Identified:
    return Validator(catalogue()).identify((SAMPLES / kind / "1" / f"{sample}.xml").read_bytes())


def _party(form: Identified, role: str, *also: str) -> Party:
    """A party with that role, found by what the form says."""
    route = next(route for route in form.kind.routes if route.role == role)
    said = route.identifier(form.content)
    kept = {} if said is None else {route.scheme: KEYS.key(route.scheme, said) if route.scheme == "insz" else said}
    return Party(
        id=PartyId(role.lower()),
        name=role,
        roles=frozenset({role, *also}),
        identifiers=kept,
        sealing_certificate=_seal(),
    )


def _routed(form: Identified, *parties: Party) -> Routing:
    return Router(keys=KEYS, messages=catalogue().messages).route(form.kind, form.content, MemoryRegister(parties))


@pytest.mark.parametrize("kind", TRIPLICATES)
def test_a_form_in_triplicate_goes_to_the_three_whom_the_law_names(kind: str) -> None:
    form = _form(kind)
    routing = _routed(form, *(_party(form, role) for role in TRIPLICATES[kind]))
    assert routing.findings == ()
    copies = [(each.route.role, each.route.copy, each.route.of) for each in routing.addressees]
    assert copies == [(role, number, 3) for number, role in enumerate(TRIPLICATES[kind], start=1)]


@pytest.mark.parametrize(("kind", "missing"), [(kind, role) for kind, roles in TRIPLICATES.items() for role in roles])
def test_without_one_of_the_three_a_form_in_triplicate_is_refused(kind: str, missing: str) -> None:
    form = _form(kind)
    routing = _routed(form, *(_party(form, role) for role in TRIPLICATES[kind] if role != missing))
    assert [finding.code for finding in routing.findings] == ["GW-RECIPIENT-UNKNOWN"]
    assert all(finding.severity == "error" for finding in routing.findings)


def test_a_request_is_not_made_out_in_triplicate() -> None:
    form = _form("be/health-surveillance-request")
    assert {route.of for route in form.kind.routes if route.applies(form.content)} == {2}


@pytest.mark.parametrize("role", ["Employer", "EmployerDelegate"])
def test_a_disease_report_never_goes_to_an_employer(role: str) -> None:
    """Not even to one that is registered as the inspector, too."""
    form = _form(REPORT)
    parties = (_party(form, "MedicalInspector", role), *(_party(form, each) for each in TRIPLICATES[REPORT][1:]))
    assert [finding.code for finding in _routed(form, *parties).findings] == ["GW-RECIPIENT-FORBIDDEN"]


def test_the_employer_is_a_recipient_of_an_assessment() -> None:
    form = _form(ASSESSMENT)
    assert "Employer" not in form.kind.never
    assert "Employer" in {route.role for route in form.kind.routes if route.applies(form.content)}


def _running(sample: str) -> set[str]:
    form = _form(ASSESSMENT, sample)
    return {term.id for term in form.kind.terms if term.applies(form.content)}


@pytest.mark.parametrize("sample", ["valid-typical", "valid-safety", "valid-maternity", "valid-trainee", "valid-full"])
def test_a_decision_that_limits_the_ability_is_not_definitive_before_the_term_of_appeal(sample: str) -> None:
    assert _running(sample) == {"T5"}


def test_a_form_becomes_definitive_on_no_day_before_the_later_last_one() -> None:
    form, handed_over = _form(ASSESSMENT), date(2026, 3, 3)
    (term,) = (term for term in form.kind.terms if term.applies(form.content))
    dates = form.kind.calendar.dates(handed_over, term.version(form.content, handed_over).span)
    assert [verdict(dates, date(2026, 3, day)) for day in (3, 12, 13)] == ["InTime", "InTimeOnReadingC", "Late"]


@pytest.mark.parametrize("sample", ["valid-minimal", "valid-consultation"])
def test_a_form_against_which_no_appeal_lies_starts_no_term(sample: str) -> None:
    assert _running(sample) == set()
