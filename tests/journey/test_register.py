"""The administrator's desk: who is let into the register, and who is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from gateway.demo.pki import party_record
from tests.conftest import Counter

Http = Callable[[str | None], httpx2.Client]


def record(counter: Counter, party: str, **changes: Any) -> dict[str, Any]:
    return {**party_record(counter.folder, party), **changes}


def test_national_numbers_are_masked_and_keys_shown_as_fingerprints(counter: Counter, http: Http) -> None:
    shown = http("admin").get("/v1/parties/worker")
    assert shown.json()["identifiers"] == {"insz": "*********28"}
    assert "85073003328" not in shown.text
    assert shown.json()["sealingCertificate"].startswith("sha256:")


@pytest.mark.parametrize("party", ["employer", "worker", "inspectorate"])
def test_the_register_is_the_administrators_alone(http: Http, party: str) -> None:
    for method, path in (("GET", "/v1/parties"), ("GET", "/v1/parties/worker"), ("POST", "/v1/parties/worker/tokens")):
        answer = http(party).request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (403, "administrator-only")


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "an employer that would hold health dossiers": ({"roles": ["Employer", "HealthDossier"]}, "roles-clash", "roles"),
    "an employer that would be the Fund": ({"roles": ["FundMedicalAdviser", "Employer"]}, "roles-clash", "roles"),
    "a role that nobody has": ({"roles": ["Emperor"]}, "role-unknown", "roles"),
    "a wrong check digit": ({"identifiers": {"kbo": "0123456748"}}, "identifier-invalid", "identifiers.kbo"),
    "an unknown scheme": ({"identifiers": {"passport": "1"}}, "identifier-scheme", "identifiers"),
    "no certificate": ({"sealingCertificate": "x"}, "certificate-unreadable", "sealingCertificate"),
    "an address that is none": ({"endpoint": {"kind": "push", "url": "file:///etc"}}, "endpoint-url", "endpoint.url"),
    "a wrong authority": (
        {"endpoint": {"kind": "push", "url": "https://x.example/", "caCertificate": "x"}},
        "certificate-unreadable",
        "endpoint.caCertificate",
    ),
    "another name than the address": ({"id": "somebody"}, "party-id", "id"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_record_that_would_do_harm_is_refused_and_names_the_key(counter: Counter, http: Http, case: str) -> None:
    changes, code, place = REFUSED[case]
    answer = http("admin").put("/v1/parties/employer", json=record(counter, "employer", **changes))
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["issues"][0]["path"] == place
    assert http("admin").get("/v1/parties/employer").json()["roles"] == ["Employer"]


@pytest.mark.parametrize(
    ("language", "said"), [("nl", "geen geldig kbo"), ("fr", "pas un kbo valable"), ("de", "kein gültiges kbo")]
)
def test_what_is_wrong_is_told_in_the_language_that_is_asked_for(
    counter: Counter, http: Http, language: str, said: str
) -> None:
    wrong = record(counter, "employer", identifiers={"kbo": "0123456748"})
    answer = http("admin").put("/v1/parties/employer", json=wrong, headers={"Accept-Language": language}).json()
    assert (answer["detail"], answer["issues"][0]["message"]) == (said, said)
    strange = {**record(counter, "employer"), "colour": "red"}
    answer = http("admin").put("/v1/parties/employer", json=strange, headers={"Accept-Language": language}).json()
    assert not answer["issues"][0]["message"].startswith("refused")
    missing = http("employer").get("/v1/submissions/0", headers={"Accept-Language": language}).json()
    assert missing["code"] == "submission-not-found"
    assert missing["detail"] != "no such submission of this party"


def test_a_certificate_belongs_to_one_party(counter: Counter, http: Http) -> None:
    stolen = record(counter, "employer", sealingCertificate=record(counter, "dossier")["sealingCertificate"])
    answer = http("admin").put("/v1/parties/employer", json=stolen)
    assert (answer.status_code, answer.json()["code"]) == (409, "certificate-of-another-party")


def test_a_revoked_token_opens_nothing(counter: Counter, http: Http) -> None:
    worker, admin = http("worker"), http("admin")
    assert worker.get("/v1/mailbox").status_code == 200
    assert admin.delete("/v1/parties/worker/tokens").status_code == 204
    assert worker.get("/v1/mailbox").status_code == 401
    fresh = admin.post("/v1/parties/worker/tokens").json()["token"]
    assert worker.get("/v1/mailbox", headers={"Authorization": f"Bearer {fresh}"}).status_code == 200
    assert admin.delete("/v1/parties/nobody/tokens").status_code == 404


def test_tokens_and_national_numbers_are_not_in_the_store(counter: Counter) -> None:
    database = counter.gateway.config.store_path
    stored = b"".join(path.read_bytes() for path in database.parent.glob(database.name + "*"))
    assert counter.tokens["worker"].encode() not in stored
    assert b"85073003328" not in stored


def test_the_forms_say_who_signs_and_who_never_receives(http: Http) -> None:
    report = http(None).get("/v1/forms/be/occupational-disease-report").json()
    assert [route["role"] for route in report["routes"]] == ["MedicalInspector", "FundMedicalAdviser", "HealthDossier"]
    assert "Employer" in report["never"]
    assert http(None).get("/v1/forms/be/nothing").json()["code"] == "form-not-found"
