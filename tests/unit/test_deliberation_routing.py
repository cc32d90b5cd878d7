"""To whom the documents of a deliberation go, and the assessment before and after one (R07, R08, R10-R13)."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from cryptography.x509 import Certificate

from gateway.forms.validation import Identified, Validator
from gateway.model import Party, PartyId
from gateway.pseudonyms import IdentifierKeys
from gateway.routing import Router, Routing
from signing.issuing import issue, issue_authority
from tests.registers import MemoryRegister
from tests.schemas.cases import catalogue

SAMPLES = Path(__file__).parents[2] / "samples"
AT = datetime(2026, 5, 4, tzinfo=UTC)
KEYS = IdentifierKeys(b"k" * 32)
ASSESSMENT = "be/health-assessment"
SUPPLEMENT = "be/health-assessment-supplement"
ROWS = {
    "be/deliberation-notice": ("R10", "worker"),
    "be/deliberation-reply": ("R11", "service"),
    "be/deliberation-decision": ("R12", "treating-doctor"),
    "be/deliberation-outcome": ("R13", "dossier"),
}


@cache
def _seal() -> Certificate:
    return issue(issue_authority("Test Authority", at=AT), "Somebody", use="seal", at=AT).certificate


@cache
def _form(kind: str, sample: str = "valid-typical") -> Identified:
    return Validator(catalogue()).identify((SAMPLES / kind / "1" / f"{sample}.xml").read_bytes())


def _party(party_id: str, role: str, scheme: str, value: str, *also: str) -> Party:
    return Party(
        id=PartyId(party_id),
        name="Somebody",
        roles=frozenset({role, *also}),
        identifiers={scheme: KEYS.key(scheme, value)},
        sealing_certificate=_seal(),
    )


def _everybody(*also: str) -> tuple[Party, ...]:
    """The people of the samples; each with the roles `also` besides its own."""
    return (
        _party("worker", "Worker", "insz", "85073003328", *also),
        _party("service", "OccupationalPhysician", "kbo", "0200000043", *also),
        _party("dossier", "HealthDossier", "kbo", "0200000043", *also),
        _party("treating-doctor", "TreatingPhysician", "nihdi", "10000106000", *also),
        _party("another-doctor", "TreatingPhysician", "nihdi", "12345676000", *also),
        _party("employer", "Employer", "kbo", "0123456749"),
    )


def _routed(kind: str, sample: str = "valid-typical", parties: tuple[Party, ...] | None = None) -> Routing:
    form = _form(kind, sample)
    router = Router(keys=KEYS, messages=catalogue().messages)
    return router.route(form.kind, form.content, MemoryRegister(_everybody() if parties is None else parties))


def _to(routing: Routing) -> list[tuple[str, str]]:
    return [(each.route.id, each.party.id) for each in routing.addressees]


@pytest.mark.parametrize("kind", ROWS)
@pytest.mark.parametrize("sample", ["valid-minimal", "valid-typical", "valid-full"])
def test_a_document_of_the_deliberation_goes_to_the_one_recipient_of_its_row(kind: str, sample: str) -> None:
    routing = _routed(kind, sample)
    assert _to(routing) == [ROWS[kind]]
    assert routing.findings == ()


@pytest.mark.parametrize("sample", ["valid-minimal", "valid-full", "valid-contagion", "valid-confirmation"])
def test_the_supplement_goes_to_the_dossier_and_to_nobody_else(sample: str) -> None:
    routing = _routed(SUPPLEMENT, sample)
    assert [party for _, party in _to(routing)] == ["dossier"]
    assert routing.findings == ()


@pytest.mark.parametrize("kind", [*ROWS, SUPPLEMENT])
@pytest.mark.parametrize("role", ["Employer", "EmployerDelegate"])
def test_a_recipient_that_is_an_employer_too_gets_nothing(kind: str, role: str) -> None:
    routing = _routed(kind, parties=_everybody(role))
    assert routing.addressees == ()
    assert [finding.code for finding in routing.findings] == ["GW-RECIPIENT-FORBIDDEN"]


def test_the_assessment_itself_goes_to_the_employer() -> None:
    assert ("R04", "employer") in _to(_routed(ASSESSMENT))


def test_another_doctor_does_not_get_the_decision() -> None:
    others = tuple(party for party in _everybody() if party.id != "treating-doctor")
    routing = _routed("be/deliberation-decision", parties=others)
    assert routing.addressees == ()
    assert [(finding.code, finding.article) for finding in routing.findings] == [
        ("GW-RECIPIENT-UNKNOWN", "Art. 60 par. 3, Art. 89")
    ]


def test_no_other_document_of_the_deliberation_goes_to_the_treating_doctor() -> None:
    for kind in {*ROWS, SUPPLEMENT, ASSESSMENT} - {"be/deliberation-decision"}:
        assert "treating-doctor" not in {party for _, party in _to(_routed(kind))}


@pytest.mark.parametrize(
    ("sample", "rows"),
    [
        ("valid-typical", ["R04", "R05", "R06"]),
        ("valid-after-deliberation", ["R04", "R05", "R06"]),
        ("valid-first-form", ["R07", "R07", "R07"]),
        ("valid-new-form", ["R08", "R08", "R08"]),
    ],
)
def test_an_assessment_goes_in_triplicate_by_the_row_of_its_place_in_the_deliberation(
    sample: str, rows: list[str]
) -> None:
    routing = _routed(ASSESSMENT, sample)
    assert _to(routing) == list(zip(rows, ["employer", "worker", "dossier"], strict=True))
    assert [(each.route.copy, each.route.of) for each in routing.addressees] == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("sample", "ended_by"),
    [
        ("valid-typical", {"be/appeal"}),
        ("valid-first-form", {"be/appeal", "be/deliberation-decision"}),
        ("valid-new-form", {"be/appeal"}),
    ],
)
def test_the_term_of_appeal_is_the_first_forms_only_if_no_deliberation_follows_and_runs_anew_from_the_new_form(
    sample: str, ended_by: set[str]
) -> None:
    form = _form(ASSESSMENT, sample)
    (term,) = (rule for rule in form.kind.terms if rule.applies(form.content))
    assert (term.id, term.event, term.role) == ("T5", "ContentConsignment", "Worker")
    assert set(term.done_by) == ended_by


def test_agreement_starts_no_term_and_disagreement_starts_fourteen_working_days() -> None:
    agreed, disagreed = (_form("be/deliberation-reply", sample) for sample in ("valid-minimal", "valid-typical"))
    assert [rule.id for rule in agreed.kind.terms if rule.applies(agreed.content)] == []
    assert [rule.id for rule in disagreed.kind.terms if rule.applies(disagreed.content)] == ["T4"]


def test_the_documents_of_the_deliberation_bar_the_employer_in_their_data() -> None:
    for kind_id in (*ROWS, SUPPLEMENT):
        kind = catalogue().by_name(kind_id)
        assert kind is not None
        assert kind.never == {"Employer", "EmployerDelegate"}
