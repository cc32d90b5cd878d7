"""Routing: one party for each row of the table, or a finding that says why not."""

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
AT = datetime(2026, 3, 5, tzinfo=UTC)


@cache
def _seal() -> Certificate:
    return issue(issue_authority("Test Authority", at=AT), "An office", use="seal", at=AT).certificate


@cache
def _form(kind: str) -> Identified:
    return Validator(catalogue()).identify((SAMPLES / kind / "1" / "valid-typical.xml").read_bytes())


def _office(
    party_id: str = "office",
    *,
    role: str = "MedicalInspector",
    also: str | None = None,
    directorate: str = "BE-DEMO-OVL",
    sealed: bool = True,
    postal: tuple[str, ...] = (),
) -> Party:
    return Party(
        id=PartyId(party_id),
        name="An office",
        roles=frozenset({role} if also is None else {role, also}),
        identifiers={"directorate": directorate},
        sealing_certificate=_seal() if sealed else None,
        postal=postal,
    )


def _routed(kind: str, *everybody: Party) -> Routing:
    form = _form(kind)
    router = Router(keys=IdentifierKeys(b"k" * 32), messages=catalogue().messages)
    return router.route(form.kind, form.content, MemoryRegister(everybody))


def test_the_one_whom_the_form_names_gets_it() -> None:
    routing = _routed("be/appeal", _office(), _office("elsewhere", directorate="BE-DEMO-WVL"))
    assert [(each.route.id, each.party.id) for each in routing.addressees] == [("R14", "office")]
    assert routing.findings == ()


@pytest.mark.parametrize(
    ("everybody", "code"),
    [
        ((), "GW-RECIPIENT-UNKNOWN"),
        ((_office(role="FundMedicalAdviser"),), "GW-RECIPIENT-UNKNOWN"),
        ((_office(), _office("twin")), "GW-RECIPIENT-AMBIGUOUS"),
        ((_office(also="Employer"),), "GW-RECIPIENT-FORBIDDEN"),
        ((_office(sealed=False),), "GW-RECIPIENT-UNREACHABLE"),
    ],
)
def test_who_cannot_be_served_is_a_finding_with_the_article(everybody: tuple[Party, ...], code: str) -> None:
    routing = _routed("be/appeal", *everybody)
    assert routing.addressees == ()
    assert [(finding.code, finding.article) for finding in routing.findings] == [(code, "Art. 65")]


def test_of_several_offices_the_one_for_the_postal_code_gets_it() -> None:
    offices = (_office("here", postal=("9000-9999",)), _office("there", postal=("1000-1999",)), _office("anywhere"))
    routing = _routed("be/occupational-disease-report", *offices)
    assert {each.party.id for each in routing.addressees if each.route.id == "R19"} == {"here"}


def test_an_office_without_a_range_serves_where_no_range_fits() -> None:
    offices = (_office("there", postal=("1000-1999",)), _office("anywhere"))
    routing = _routed("be/occupational-disease-report", *offices)
    assert {each.party.id for each in routing.addressees if each.route.id == "R19"} == {"anywhere"}
