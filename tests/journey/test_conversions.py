"""JSON to XML and back over HTTP: a draft is written in JSON, signed as XML, handed in, and shown as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx2
import pytest

from tests.conftest import Counter
from tests.schemas.cases import SAMPLES

Http = Callable[[str | None], httpx2.Client]
XML = {"Content-Type": "application/xml"}
ASSESSMENT = SAMPLES / "be/health-assessment/1/valid-typical.xml"


def test_a_draft_in_json_becomes_the_form_that_is_signed_and_accepted(counter: Counter, http: Http) -> None:
    client = http("service")
    form = counter.form("be/health-assessment")
    view = client.post("/v1/conversions", content=form, headers=XML)
    assert (view.status_code, view.headers["Content-Type"]) == (200, "application/json")
    assert view.json()["$form"] == "be/health-assessment"
    assert "Signatures" not in view.json()
    draft = client.post("/v1/conversions", json=view.json())
    assert (draft.status_code, draft.headers["Content-Type"]) == (200, "application/xml")
    signed = counter.sign(draft.content, "doctor")
    accepted = client.post("/v1/submissions", content=signed, headers=XML)
    assert accepted.status_code == 201, accepted.text


def test_what_cannot_be_converted_is_named_in_the_callers_language(http: Http) -> None:
    client = http("service")
    view = client.post("/v1/conversions", content=ASSESSMENT.read_bytes(), headers=XML).json()
    view["Content"]["Header"]["Diagnosis"] = "ZZGEHEIMZZ"
    answer = client.post("/v1/conversions", json=view, headers={"Accept-Language": "nl"})
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    (issue,) = answer.json()["issues"]
    assert issue["code"] == "JSON-005"
    assert issue["path"] == "/f:HealthAssessmentForm/f:Content/f:Header"
    assert "sleutels" in issue["message"]
    assert "ZZGEHEIMZZ" not in answer.text


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"{", "application/json", 422),
        (b"<x/>", "application/xml", 422),
        (b"<x", "application/xml", 422),
        (b"{}", "text/plain", 415),
        (b"{}", "application/json; charset=utf-16", 415),
        (json.dumps({"x": "x" * 2_000_000}).encode(), "application/json", 413),
    ],
)
def test_odd_bodies_get_a_problem(http: Http, content: bytes, media_type: str, status: int) -> None:
    answer = http("service").post("/v1/conversions", content=content, headers={"Content-Type": media_type})
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")


def test_nobody_converts_without_a_token(http: Http) -> None:
    assert http(None).post("/v1/conversions", content=b"{}").status_code == 401


def test_a_form_is_not_handed_in_as_json(http: Http) -> None:
    view = http("service").post("/v1/conversions", content=ASSESSMENT.read_bytes(), headers=XML).json()
    assert http("service").post("/v1/submissions", json=view).status_code == 415


def test_a_draft_in_json_is_judged_with_pointers(http: Http) -> None:
    view = http("service").post("/v1/conversions", content=ASSESSMENT.read_bytes(), headers=XML).json()
    view["Content"]["Worker"]["Ssin"] = "85073003329"
    answer = http("service").post("/v1/validations", json=view)
    assert answer.status_code == 200
    (finding,) = (each for each in answer.json()["findings"] if each["severity"] == "error")
    assert (finding["rule"], finding["pointer"]) == ("GEN-06", "/Content/Worker/Ssin")
