"""A form's way through the counter, over HTTP, as its users see it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from lxml import etree

from gateway.evidence import salted_digest
from signing import sha256, verify_xml
from tests.conftest import SIGNERS, Counter

Http = Callable[[str | None], httpx2.Client]
XML = {"Content-Type": "application/xml"}
EVIDENCE = "{urn:sealpost:evidence:1}"
RECIPIENTS = {
    "be/health-surveillance-request": {"R01": {("Worker", "worker"), ("OccupationalPhysician", "service")}},
    "be/health-assessment": {
        "R04": {("Employer", "employer")},
        "R05": {("Worker", "worker")},
        "R06": {("HealthDossier", "dossier")},
    },
    "be/appeal": {"R14": {("MedicalInspector", "inspectorate")}},
    "be/occupational-disease-report": {
        "R19": {("MedicalInspector", "inspectorate")},
        "R20": {("FundMedicalAdviser", "fund")},
        "R21": {("HealthDossier", "dossier")},
    },
    "be/health-assessment-supplement": {"R06": {("HealthDossier", "dossier")}},
    "be/deliberation-notice": {"R10": {("Worker", "worker")}},
    "be/deliberation-reply": {"R11": {("OccupationalPhysician", "service")}},
    "be/deliberation-decision": {"R12": {("TreatingPhysician", "treating-doctor")}},
    "be/deliberation-outcome": {"R13": {("HealthDossier", "dossier")}},
    "be/appeal-convocation": {
        "R16": {("OccupationalPhysician", "doctor"), ("TreatingPhysician", "treating-doctor"), ("Worker", "worker")}
    },
    "be/appeal-decision-annex": {"R18": {("HealthDossier", "dossier")}},
    "be/continued-surveillance-notice": {"R23": {("FundMedicalAdviser", "fund")}},
    "nl/expertise-advice-request": {
        "NR01": {("ExpertiseCentre", "expertise-centre")},
        "NR02": {("ExpertPanel", "expert-panel")},
    },
}
# Made by the counter itself; only in answer to an appeal; only in answer to a request.
NOT_ALONE = {"be/appeal-notice", "be/appeal-decision", "nl/expertise-advice"}
SCHEMA = Path(__file__).parents[2] / "schemas" / "exchange" / "1" / "evidence.xsd"


def hand_in(http: Http, counter: Counter, kind: str, **headers: str) -> httpx2.Response:
    return http(SIGNERS[kind][1]).post("/v1/submissions", content=counter.form(kind), headers={**XML, **headers})


@pytest.mark.parametrize("kind", RECIPIENTS)
def test_a_form_goes_to_every_recipient_the_law_names_and_to_nobody_else(
    http: Http, counter: Counter, kind: str
) -> None:
    answer = hand_in(http, counter, kind)
    assert answer.status_code == 201, answer.text
    view = answer.json()
    assert answer.headers["Location"] == view["href"]
    routed: dict[str, set[tuple[str, str]]] = {}
    for delivery in view["deliveries"]:
        routed.setdefault(delivery["route"], set()).add((delivery["role"], delivery["party"]))
    assert routed == RECIPIENTS[kind]
    for party in counter.tokens:
        waiting = [item for item in http(party).get("/v1/mailbox").json()["items"] if item["kind"] == kind]
        assert len(waiting) == sum(delivery["party"] == party for delivery in view["deliveries"])


@pytest.mark.parametrize("kind", RECIPIENTS)
def test_the_acceptance_is_signed_valid_and_binds_the_bytes_by_a_salted_digest(
    http: Http, counter: Counter, kind: str
) -> None:
    form = counter.form(kind)
    sender = http(SIGNERS[kind][1])
    view = sender.post("/v1/submissions", content=form, headers=XML).json()
    raw = sender.get(view["acceptance"]["href"]).content
    assert etree.XMLSchema(etree.parse(SCHEMA)).validate(etree.fromstring(raw))
    verified = verify_xml(raw, trust=counter.trust, at=datetime.now(UTC))
    content = etree.fromstring(verified.content)
    assert content.findtext(f"{EVIDENCE}Event") == "http://uri.etsi.org/19522/Event/SubmissionAcceptance"
    assert content.findtext(f"{EVIDENCE}SubmissionId") == view["submissionId"]
    digest = content.find(f"{EVIDENCE}DocumentDigest")
    assert digest is not None
    assert digest.text == salted_digest(base64.b64decode(digest.attrib["salt"]), sha256(form))
    assert sha256(form).encode() not in raw


def test_the_same_submission_again_gets_the_first_answer_again(http: Http, counter: Counter) -> None:
    form = counter.form("be/appeal")
    worker = http("worker")
    first = worker.post("/v1/submissions", content=form, headers={**XML, "Idempotency-Key": "appeal-1"})
    again = worker.post("/v1/submissions", content=form, headers={**XML, "Idempotency-Key": "appeal-1"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content
    assert len(http("inspectorate").get("/v1/mailbox").json()["items"]) == 1


def judged(sender: httpx2.Client, form: bytes) -> httpx2.Response:
    """The answer to a form; as long as a twin of it is being judged, which a busy machine does slowly, it is asked for
    again."""
    while (answer := sender.post("/v1/submissions", content=form, headers=XML)).status_code == 202:
        assert answer.json()["state"] == "running"
    return answer


def test_twins_that_arrive_at_once_are_one_submission(http: Http, counter: Counter) -> None:
    form = counter.form("be/occupational-disease-report")
    senders = [http("service") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda sender: judged(sender, form), senders))
    assert {answer.content for answer in answers} == {answers[0].content}
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len(http("fund").get("/v1/mailbox").json()["items"]) == 1


def test_a_document_id_with_other_bytes_is_refused_under_gen_02(http: Http, counter: Counter) -> None:
    form = counter.form("be/appeal")
    document_id = etree.fromstring(form).findtext(".//{urn:sealpost:common:1}DocumentId") or ""
    other = counter.form(
        "be/appeal", fill={"f:Header/c:DocumentId": document_id, "f:Appellant/c:PersonName/c:FirstName": "Jantje"}
    )
    assert http("worker").post("/v1/submissions", content=form, headers=XML).status_code == 201
    refused = http("worker").post("/v1/submissions", content=other, headers=XML)
    assert refused.status_code == 409
    assert [issue["code"] for issue in refused.json()["issues"]] == ["GEN-02"]
    assert len(http("inspectorate").get("/v1/mailbox").json()["items"]) == 1


def test_of_two_forms_with_one_number_that_arrive_at_once_one_is_taken(http: Http, counter: Counter) -> None:
    form = counter.form("be/appeal")
    document_id = etree.fromstring(form).findtext(".//{urn:sealpost:common:1}DocumentId") or ""
    other = counter.form("be/appeal", fill={"f:Header/c:DocumentId": document_id})
    assert form != other
    senders = [http("worker") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(judged, senders, [form, other, form, other]))
    assert sorted({answer.status_code for answer in answers}) in ([200, 201, 409], [201, 409])
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    assert {problem["code"] for problem in refused} <= {"form-refused", "document-id-reused"}
    assert len(http("inspectorate").get("/v1/mailbox").json()["items"]) == 1


def test_what_became_of_a_submission_can_be_read_back(http: Http, counter: Counter) -> None:
    view = hand_in(http, counter, "be/health-assessment").json()
    service = http("service")
    assert service.get(view["href"]).json()["deliveries"] == view["deliveries"]
    assert service.get(f"{view['href']}/deliveries").json()["items"] == view["deliveries"]
    events = [item["event"] for item in service.get(f"{view['href']}/evidence").json()["items"]]
    assert events == ["SubmissionAcceptance"] + ["ContentConsignment"] * 3
    assert view["submissionId"] in [item["submissionId"] for item in service.get("/v1/submissions").json()["items"]]
    assert view["actingFor"] == "doctor"


def test_the_appeal_shows_the_last_day_under_both_readings(http: Http, counter: Counter) -> None:
    terms = {term["id"]: term for term in hand_in(http, counter, "be/appeal").json()["terms"]}
    assert terms["T5"]["verdict"] == "InTime"
    assert terms["T5"]["dayZero"] < terms["T5"]["lastDay"] <= terms["T5"]["lastDayOtherReading"]
    assert terms["T5"]["article"].endswith("65")
    assert "lastDay" not in terms["T6"]  # it starts when the inspector has the appeal


def test_a_late_appeal_is_flagged_and_delivered(http: Http, counter: Counter) -> None:
    form = counter.form("be/appeal", fill={"f:FormCommunicatedOn": "2026-01-05"})
    answer = http("worker").post("/v1/submissions", content=form, headers=XML)
    assert answer.status_code == 201, answer.text
    view = answer.json()
    assert [each["code"] for each in view["warnings"] if each["severity"] == "warning"] == ["AP-06"]
    assert next(term for term in view["terms"] if term["id"] == "T5")["verdict"] == "Late"
    assert len(http("inspectorate").get("/v1/mailbox").json()["items"]) == 1


def test_collections_are_paged_by_a_cursor(http: Http, counter: Counter) -> None:
    for _ in range(3):
        hand_in(http, counter, "be/appeal")
    worker = http("worker")
    first = worker.get("/v1/submissions", params={"limit": 2}).json()
    rest = worker.get(first["next"]).json()
    assert (len(first["items"]), len(rest["items"])) == (2, 1)
    assert "next" not in rest
    assert len({item["submissionId"] for item in first["items"] + rest["items"]}) == 3


def test_validation_judges_and_keeps_nothing(http: Http, counter: Counter) -> None:
    good = counter.form("be/health-assessment")
    report = http("employer").post("/v1/validations", content=good, headers={**XML, "Accept-Language": "nl-BE"})
    assert report.status_code == 200
    assert (report.json()["verdict"], report.json()["language"]) == ("acceptable", "nl")
    bad = counter.form("be/health-assessment", leave_out=["f:Recommendations"])
    refused = http("employer").post("/v1/validations", content=bad, headers=XML).json()
    assert refused["verdict"] == "refused"
    assert {finding["rule"] for finding in refused["findings"] if finding["severity"] == "error"} == {"HA-07"}
    assert http("employer").get("/v1/submissions").json()["items"] == []


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"),
        ("text/*;q=0.5, application/json;q=0.4", "text/plain; charset=utf-8"),
        ("application/sarif+json", "application/sarif+json"),
        ("application/xml", "application/xml; profile=svrl"),
        ('application/xml;profile="junit"', "application/xml; profile=junit"),
        ("application/json;q=0, */*;q=0.1", "text/plain; charset=utf-8"),
        ("text/html;q=nonsense, text/plain;q=0.2", "text/plain; charset=utf-8"),
    ],
)
def test_a_report_comes_as_its_reader_wants_it(
    http: Http, counter: Counter, accept: str | None, media_type: str
) -> None:
    client = http("employer")
    if accept is None:
        del client.headers["Accept"]
    headers = {**XML, "Accept-Language": "it, fr-BE; q=0.8, nl;q=0.2"} | ({"Accept": accept} if accept else {})
    bad = counter.form("be/health-assessment", leave_out=["f:Recommendations"])
    answer = client.post("/v1/validations", content=bad, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == media_type
    assert answer.headers["Content-Language"] == "fr"
    assert answer.headers["Vary"] == "Accept, Accept-Language"
    assert "HA-07" in answer.text
    assert "contient aucune mesure" in answer.text
    assert ("Content-Security-Policy" in answer.headers) is media_type.startswith("text/html")


@pytest.mark.parametrize("accept", ["image/png", "application/xml;profile=other", "application/json;q=0"])
def test_a_format_that_is_not_made_here_is_a_problem(http: Http, counter: Counter, accept: str) -> None:
    good = counter.form("be/health-assessment")
    answer = http("employer").post("/v1/validations", content=good, headers={**XML, "Accept": accept})
    assert (answer.status_code, answer.json()["code"]) == (406, "not-acceptable")
    assert "application/sarif+json" in answer.json()["detail"]


def test_health_and_forms_are_open_to_everybody(http: Http) -> None:
    anybody = http(None)
    assert anybody.get("/health").json() == {"status": "UP"}
    assert {item["kind"] for item in anybody.get("/v1/forms").json()["items"]} == SIGNERS.keys() | NOT_ALONE
    assert json.loads(anybody.get("/openapi.json").content)["info"]["title"] == "Sealpost"
