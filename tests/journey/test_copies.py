"""The copies of a form as their recipients open them: how many, with which numbers, of what content."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import httpx2

from gateway.envelope import OpenedEnvelope, open_envelope
from tests.conftest import SIGNERS, Counter

Http = Callable[[str | None], httpx2.Client]
XML = {"Content-Type": "application/xml"}


def copies(http: Http, counter: Counter, kind: str) -> dict[str, OpenedEnvelope]:
    """What each recipient of a form takes out of its envelope, by role."""
    answer = http(SIGNERS[kind][1]).post("/v1/submissions", content=counter.form(kind), headers=XML).raise_for_status()
    found = {}
    for delivery in answer.json()["deliveries"]:
        party = delivery["party"]
        sealed = http(party).post(f"/v1/mailbox/{delivery['deliveryId']}/leases", json={"seconds": 60}).content
        identity = counter.identity(party, "sealing")
        found[delivery["role"]] = open_envelope(sealed, identity=identity, trust=counter.trust, at=datetime.now(UTC))
    return found


def numbers(found: dict[str, OpenedEnvelope]) -> dict[str, tuple[int, int]]:
    return {role: (each.consignment.copy, each.consignment.of) for role, each in found.items()}


def test_the_copies_of_an_assessment_are_three_of_one_content(http: Http, counter: Counter) -> None:
    found = copies(http, counter, "be/health-assessment")
    assert numbers(found) == {"Employer": (1, 3), "Worker": (2, 3), "HealthDossier": (3, 3)}
    assert len({each.form for each in found.values()}) == 1


def test_the_copies_of_a_disease_report_are_three_and_none_is_the_employers(http: Http, counter: Counter) -> None:
    found = copies(http, counter, "be/occupational-disease-report")
    assert numbers(found) == {"MedicalInspector": (1, 3), "FundMedicalAdviser": (2, 3), "HealthDossier": (3, 3)}
    assert http("employer").get("/v1/mailbox").json()["items"] == []


def test_a_form_without_triplicate_has_copies_of_its_own_number(http: Http, counter: Counter) -> None:
    assert numbers(copies(http, counter, "be/appeal")) == {"MedicalInspector": (1, 1)}
