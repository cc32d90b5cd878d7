"""What the counter makes of a form because of the forms that came before it, over HTTP with a real store."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from gateway.idempotency import Accepted
from gateway.identifiers import enterprise_number_is_valid
from gateway.model import HOSTED, CaseId
from gateway.ports import MAX_CASE
from gateway.registration import PartyDraft
from signing import issuing, load_identity, sha256, verify_xml
from tests.conftest import SIGNERS, Counter
from tests.journey.test_mailboxes import collected, lease, opened, receipt_of, send_receipt

Http = Callable[[str | None], httpx2.Client]
XML = {"Content-Type": "application/xml"}
CASE = "FBV-2026-0005"  # of forms that are about one examination
REQUEST = "be/health-surveillance-request"
REPORT = "be/occupational-disease-report"
ASSESSMENT = "be/health-assessment"
APPEAL = "be/appeal"
NOTICE = "be/appeal-notice"
BRUSSELS = ZoneInfo("Europe/Brussels")
CONTESTED = "f:ContestedForm/f:DocumentId"
OTHER_SSIN = "85473003317"
RELATED = "f:Header/c:RelatedDocument"


@pytest.fixture
def other_worker(counter: Counter) -> str:
    """Somebody else, registered as a worker."""
    authority = load_identity(counter.folder.authority)
    at = datetime.now(UTC) - timedelta(minutes=1)
    keys = [
        issuing.issue(authority, "Els Anders", use=use, serial_number=OTHER_SSIN, at=at) for use in ("sign", "seal")
    ]
    signing, sealing = (key.certificate.public_bytes(Encoding.PEM).decode() for key in keys)
    counter.gateway.registration.put(
        PartyDraft(
            id="other-worker",
            name="Els Anders",
            roles=frozenset({"Worker"}),
            identifiers={"insz": OTHER_SSIN},
            signing_certificates=[signing],
            sealing_certificate=sealing,
            endpoint=HOSTED,
            mandates=[],
            postal=[],
        )
    )
    return "other-worker"


def hand_in(http: Http, counter: Counter, kind: str, **changes: Any) -> tuple[bytes, httpx2.Response]:
    form = counter.form(kind, **changes)
    return form, http(SIGNERS[kind][1]).post("/v1/submissions", content=form, headers=XML)


def accepted(http: Http, counter: Counter, kind: str, **changes: Any) -> tuple[bytes, dict[str, Any]]:
    form, answer = hand_in(http, counter, kind, **changes)
    assert answer.status_code == 201, answer.json()
    return form, answer.json()


def found(answer: httpx2.Response) -> list[tuple[str, str | None]]:
    """Rule and place of what a refusal says."""
    assert answer.status_code == 422, answer.json()
    return [(issue.get("rule") or issue["code"], issue.get("path")) for issue in answer.json()["issues"]]


def about(document_id: str, digest: str) -> Mapping[str, str]:
    return {f"{RELATED}/c:DocumentId": document_id, f"{RELATED}/c:Digest": digest}


def test_a_form_may_refer_to_one_of_the_same_worker(counter: Counter, http: Http) -> None:
    form, view = accepted(http, counter, REQUEST)
    accepted(http, counter, REPORT, sample="valid-full", fill=about(view["documentId"], sha256(form)))


def test_an_unknown_document_another_digest_and_one_of_somebody_else_get_one_answer(
    counter: Counter, http: Http, other_worker: str
) -> None:
    form, mine = accepted(http, counter, REQUEST)
    other_form, theirs = accepted(http, counter, REQUEST, fill={"f:Worker/c:Ssin": OTHER_SSIN})
    wrong = {
        "unknown": about("018f0000-0015-7000-8000-00000000dead", sha256(form)),
        "digest": about(mine["documentId"], sha256(b"other bytes")),
        "other": about(theirs["documentId"], sha256(other_form)),
    }
    answers = {why: hand_in(http, counter, REPORT, sample="valid-full", fill=fill)[1] for why, fill in wrong.items()}
    for answer in answers.values():
        assert found(answer) == [("GEN-21", f"/f:OccupationalDiseaseReport/f:Content/{RELATED}")]
    bodies = [answer.json() for answer in answers.values()]
    for body in bodies:
        (issue,) = body["issues"]
        assert issue == bodies[0]["issues"][0]
        assert set(body) == set(bodies[0])


def test_what_is_kept_of_a_form_is_unreadable_without_the_key(counter: Counter, http: Http) -> None:
    form, view = accepted(http, counter, "be/health-assessment")
    with closing(sqlite3.connect(counter.gateway.config.store_path)) as store:
        (facts,) = store.execute("SELECT facts FROM filed").fetchone()
        links = [row[0] for row in store.execute("SELECT link FROM case_link")]
    kept = bytes(facts)
    assert b"C3" in form
    assert not any(word in kept for word in (b"85073003328", b'"worker"', b'"C3"', b"permanent"))
    assert len(links) == 2  # its own number and its case reference
    assert not any(view["documentId"] in link or "FBV" in link for link in links)


def test_a_form_that_refers_to_nothing_needs_no_earlier_one(counter: Counter, http: Http) -> None:
    _, view = accepted(http, counter, REPORT)
    assert "GEN-21" not in flags(view)


def today() -> date:
    return datetime.now(BRUSSELS).date()


def appeal_against(document_id: str, *, on: date | None = None, **fill: str) -> dict[str, Any]:
    """What makes the sample an appeal against that form, communicated on that day (today)."""
    day = (on or today()).isoformat()
    dates = {"f:ContestedForm/f:FormDate": day, "f:ContestedForm/f:ExaminationDate": day, "f:FormCommunicatedOn": day}
    return {"fill": {CONTESTED: document_id, **dates, **{f"f:{name}": text for name, text in fill.items()}}}


def contest(counter: Counter, accepted: Accepted) -> None:
    """The worker appeals against a form that was taken in."""
    form = counter.gateway.store.read(lambda view: view.submission(accepted.submission_id))
    assert form is not None
    counter.accept(counter.form(APPEAL, **appeal_against(form.document_id)), sender="worker")


def flood(counter: Counter, submission_id: str, kind: str, *, brings: str = "'[]'") -> None:
    """As many further forms of a kind in the same case as are looked at. brings: their links, in SQL."""
    with closing(sqlite3.connect(counter.gateway.config.store_path)) as connection:
        for number in range(MAX_CASE):
            form = (f"flood-{number}", kind, submission_id)
            connection.execute(
                "INSERT INTO submission (id, sender, digest, kind, state, accepted_at, answer) "
                "SELECT ?, 'fund', digest, ?, state, accepted_at, answer FROM submission WHERE id = ?",
                form,
            )
            connection.execute(
                "INSERT INTO filed (submission_id, kind, case_id, facts, links) "
                f"SELECT ?, ?, case_id, x'', {brings} FROM filed WHERE submission_id = ?",
                form,
            )
        connection.commit()


def test_however_many_forms_name_one_only_so_many_are_read_for_it(counter: Counter, http: Http) -> None:
    """Else who hands in thousands of them makes each form of that number hold up everybody for a second."""
    _, assessed = accepted(http, counter, ASSESSMENT)
    flood(counter, assessed["submissionId"], ASSESSMENT, brings="links")
    on_file = counter.gateway.store.read(lambda view: view.on_file(assessed["submissionId"]))
    assert on_file is not None
    own = on_file.links[0]
    found = counter.gateway.store.read(lambda view: view.filed_under([own], own=own))
    assert len(found) == MAX_CASE


def test_nobody_hides_a_form_behind_so_many_others_that_it_is_not_found(counter: Counter, http: Http) -> None:
    """Else a worker could be kept from contesting a form, and a party from seeing its own case."""
    number = str(uuid.uuid4())
    _, assessed = accepted(http, counter, ASSESSMENT, fill={"f:Header/c:DocumentId": number})
    cases = {party: http(party).get("/v1/cases").json()["items"] for party in ("service", "worker", "employer")}
    flood(counter, assessed["submissionId"], ASSESSMENT)
    accepted(http, counter, APPEAL, **appeal_against(number))
    for party, seen in cases.items():
        (case,) = http(party).get("/v1/cases").json()["items"]
        assert (case["caseId"], case["openedAt"]) == (seen[0]["caseId"], seen[0]["openedAt"])
        kinds = [form["kind"] for form in http(party).get(case["href"]).json()["forms"]]
        assert kinds[0] == ASSESSMENT


def flags(view: Mapping[str, Any]) -> set[str]:
    return {warning["code"] for warning in view.get("warnings", []) if warning["severity"] != "info"}


def test_a_permanent_change_of_work_waits_for_the_end_of_the_deliberation(counter: Counter, http: Http) -> None:
    form = {"sample": "valid-after-deliberation", "case": CASE}
    refused = found(hand_in(http, counter, ASSESSMENT, **form)[1])
    assert ("HA-45", "/f:HealthAssessmentForm/f:Content/f:Decision") in refused
    accepted(http, counter, "be/deliberation-notice", case=CASE)
    assert "HA-45" in {rule for rule, _ in found(hand_in(http, counter, ASSESSMENT, **form)[1])}
    accepted(http, counter, "be/deliberation-outcome", case=CASE)
    accepted(http, counter, ASSESSMENT, **form)


def test_an_appeal_names_a_form_of_this_worker_or_none(counter: Counter, http: Http, other_worker: str) -> None:
    _, theirs = accepted(http, counter, ASSESSMENT, fill={"f:Worker/c:Ssin": OTHER_SSIN})
    _, mine = accepted(http, counter, ASSESSMENT)
    unknown = hand_in(http, counter, APPEAL, **appeal_against("018f0000-0015-7000-8000-00000000dead"))[1]
    other = hand_in(http, counter, APPEAL, **appeal_against(theirs["documentId"]))[1]
    assert found(unknown) == found(other) == [("AP-04", f"/f:AppealForm/f:Content/{CONTESTED}")]
    assert unknown.json()["issues"] == other.json()["issues"]
    accepted(http, counter, APPEAL, **appeal_against(mine["documentId"]))
    accepted(http, counter, APPEAL)  # against a form on paper


def test_the_date_of_communication_is_that_of_the_counters_own_record(counter: Counter, http: Http) -> None:
    _, contested = accepted(http, counter, ASSESSMENT)
    yesterday = today() - timedelta(days=1)
    wrong = hand_in(http, counter, APPEAL, **appeal_against(contested["documentId"], on=yesterday))[1]
    assert found(wrong) == [("AP-09", "/f:AppealForm/f:Content/f:FormCommunicatedOn")]
    accepted(http, counter, APPEAL, **appeal_against(contested["documentId"]))


def test_a_second_appeal_against_one_form_is_delivered_with_a_flag(counter: Counter, http: Http) -> None:
    _, contested = accepted(http, counter, ASSESSMENT)
    _, first = accepted(http, counter, APPEAL, **appeal_against(contested["documentId"]))
    _, second = accepted(http, counter, APPEAL, **appeal_against(contested["documentId"]))
    assert "AP-17" not in flags(first)
    assert "AP-17" in flags(second)
    assert [delivery["role"] for delivery in second["deliveries"]] == ["MedicalInspector"]
    proof = http("worker").get(second["acceptance"]["href"]).text
    assert ">AP-17<" in proof


def test_a_flagged_text_is_released_only_with_the_physicians_confirmation(counter: Counter, http: Http) -> None:
    number, place = str(uuid.uuid4()), "/f:HealthAssessmentForm/f:Content/f:Recommendations/f:Measure[1]/f:Text"
    text = "Geen koude opslag van vitamine B12"
    flagged = {"f:Header/c:DocumentId": number, "f:Recommendations/f:Measure[1]/f:Text": text}
    refused = found(hand_in(http, counter, ASSESSMENT, fill=flagged)[1])
    assert ("HA-05", place) in refused
    confirmed = {"f:AssessmentReference": number}
    accepted(http, counter, "be/health-assessment-supplement", sample="valid-confirmation", fill=confirmed)
    form, view = accepted(http, counter, ASSESSMENT, fill=flagged)
    assert "HA-03" in flags(view)
    proof = http("service").get(view["acceptance"]["href"]).text
    assert ">HA-03<" in proof
    assert place in proof
    assert b"B12" in form
    assert "B12" not in proof


# The notice that an appeal is pending


def notices(http: Http, counter: Counter, party: str) -> list[bytes]:
    """The notices that come to a party, opened."""
    return [form for kind, form in collected(http, counter, party) if kind == NOTICE]


def test_employer_and_service_learn_that_an_appeal_is_pending_and_nothing_of_it(counter: Counter, http: Http) -> None:
    _, contested = accepted(http, counter, ASSESSMENT)
    _, appeal = accepted(http, counter, APPEAL, **appeal_against(contested["documentId"]))
    (to_employer,), (to_service,) = notices(http, counter, "employer"), notices(http, counter, "service")
    assert to_employer == to_service
    verified = verify_xml(to_employer, trust=counter.trust, at=datetime.now(UTC))
    assert verified.signatures[0].certificate == counter.gateway.witness.keys.keys[0].identity.certificate
    said = {etree.QName(node).localname: node.text for node in etree.fromstring(verified.content).iter(etree.Element)}
    assert said["AppealReference"] == appeal["documentId"]
    assert said["AppealLodgedOn"] == today().isoformat()
    assert said["Suspensive"] == "true"
    assert not said.keys() & {"Grounds", "Text", "ContestedDecision", "TreatingPhysician", "DeliberationUsed"}
    for word in ("Zinnebeeld", "tilhulp", "Proefstraat", "C3"):  # the doctor, the grounds, the address, the decision
        assert word not in verified.content.decode()
    assert notices(http, counter, "worker") == notices(http, counter, "inspectorate") == []


def test_a_later_copy_of_a_case_is_neither_shown_nor_given_out_before_the_earlier_is_signed_for(
    counter: Counter, http: Http
) -> None:
    _, contested = accepted(http, counter, ASSESSMENT)
    accepted(http, counter, APPEAL, **appeal_against(contested["documentId"]))
    (first,) = http("employer").get("/v1/mailbox").json()["items"]
    assert first["kind"] == ASSESSMENT
    (case,) = http("employer").get("/v1/cases").json()["items"]
    forms = counter.gateway.store.read(lambda view: view.case(CaseId(case["caseId"])))
    early = next(
        copy.id for filed in forms for copy in filed.copies if (filed.kind, copy.party) == (NOTICE, "employer")
    )
    refused = lease(http, "employer", early)
    assert (refused.status_code, refused.json()["code"]) == (409, "delivery-waits")
    assert "Retry-After" not in refused.headers
    envelope = opened(counter, "employer", lease(http, "employer", first["deliveryId"]).content)
    signed = send_receipt(http, "employer", first["deliveryId"], receipt_of(counter, "employer", envelope))
    assert signed.status_code == 201
    (second,) = http("employer").get(f"/v1/mailbox?after={first['cursor']}").json()["items"]
    assert second["deliveryId"] == early
    assert lease(http, "employer", early).status_code == 201


def test_an_appeal_does_not_suspend_where_the_contested_form_names_a_safety_function(
    counter: Counter, http: Http
) -> None:
    _, contested = accepted(http, counter, ASSESSMENT, sample="valid-safety")
    accepted(http, counter, APPEAL, **appeal_against(contested["documentId"], ContestedDecision="B2F"))
    (notice,) = notices(http, counter, "employer")
    assert etree.fromstring(notice).findtext(".//{*}Suspensive") == "false"


def test_an_appeal_does_not_suspend_where_the_appeal_itself_names_motherhood_at_a_specific_risk(
    counter: Counter, http: Http
) -> None:
    _, contested = accepted(http, counter, ASSESSMENT)
    said = appeal_against(contested["documentId"], ExaminationKind="Maternity", FunctionCategory="SpecificRisk")
    accepted(http, counter, APPEAL, **said)
    (notice,) = notices(http, counter, "employer")
    assert etree.fromstring(notice).findtext(".//{*}Suspensive") == "false"


def test_a_contagious_illness_takes_no_suspension_from_the_appeal(counter: Counter, http: Http) -> None:
    number = str(uuid.uuid4())
    ground = {"f:AssessmentReference": number}
    accepted(http, counter, "be/health-assessment-supplement", sample="valid-contagion", fill=ground)
    accepted(http, counter, ASSESSMENT, fill={"f:Header/c:DocumentId": number})
    accepted(http, counter, APPEAL, **appeal_against(number))
    (notice,) = notices(http, counter, "employer")
    assert etree.fromstring(notice).findtext(".//{*}Suspensive") == "true"


def test_no_other_form_brings_a_notice(counter: Counter, http: Http) -> None:
    for kind in (REQUEST, ASSESSMENT, REPORT):
        accepted(http, counter, kind)
    assert notices(http, counter, "employer") == notices(http, counter, "service") == []


def test_an_appeal_is_accepted_although_its_notice_reaches_not_everybody(counter: Counter, http: Http) -> None:
    unregistered = {"f:Employer/c:EnterpriseNumber": "0555555523"}
    assert enterprise_number_is_valid("0555555523")
    _, appeal = accepted(http, counter, APPEAL, fill=unregistered)
    assert "GW-NOTICE-NOT-SENT" in flags(appeal)
    assert len(notices(http, counter, "service")) == 1
    with closing(sqlite3.connect(counter.gateway.config.store_path)) as store:
        kept = store.execute("SELECT raw FROM evidence WHERE event = 'ContentConsignmentFailure'").fetchall()
    assert len(kept) == 1
    assert b"GW-RECIPIENT-UNKNOWN" in kept[0][0]


def test_nobody_hands_in_a_notice_of_the_counter(counter: Counter, http: Http) -> None:
    _, contested = accepted(http, counter, ASSESSMENT)
    accepted(http, counter, APPEAL, **appeal_against(contested["documentId"]))
    (notice,) = notices(http, counter, "employer")
    answer = http("employer").post("/v1/submissions", content=notice, headers=XML)
    assert answer.status_code == 403
    assert "GW-SENDER-NOT-PERMITTED" in {issue["code"] for issue in answer.json()["issues"]}


# How a case stands


def the_case(http: Http, party: str) -> dict[str, Any]:
    (item,) = http(party).get("/v1/cases").json()["items"]
    view: dict[str, Any] = http(party).get(item["href"]).json()
    assert {key: view[key] for key in item} == item
    return view


def test_a_running_term_says_why_it_runs_and_what_ended_it(counter: Counter, http: Http) -> None:
    _, contested = accepted(http, counter, ASSESSMENT)
    before = the_case(http, "worker")
    (term,) = before["terms"]
    assert (term["id"], term["state"], term["dayZero"]) == ("T5", "running", today().isoformat())
    assert term["lastDay"] <= term["lastDayOtherReading"]
    assert term["startedBy"]["event"] == "ContentConsignment"
    assert http("worker").get(term["startedBy"]["href"]).status_code == 200
    assert term["dayZeroIs"]
    assert before["forms"][0]["notDefinitive"] is True
    _, appeal = accepted(http, counter, APPEAL, **appeal_against(contested["documentId"]))
    after = the_case(http, "worker")
    assert after["caseId"] == before["caseId"]
    states = {term["id"]: term["state"] for term in after["terms"]}
    assert states == {"T5": "fulfilled", "T6": "waiting"}
    assert after["terms"][0]["fulfilledBy"] == {
        "kind": APPEAL,
        "submissionId": appeal["submissionId"],
        "on": today().isoformat(),
        "verdict": "InTime",
    }
    assert [form["kind"] for form in after["forms"]] == [ASSESSMENT, APPEAL]
    assert after["forms"][0]["notDefinitive"] is True


def test_the_employer_sees_its_own_part_of_a_case(counter: Counter, http: Http) -> None:
    accepted(http, counter, "be/deliberation-notice", case=CASE)
    assert http("employer").get("/v1/cases").json()["items"] == []
    (item,) = http("worker").get("/v1/cases").json()["items"]
    assert http("employer").get(item["href"]).status_code == 404
    accepted(http, counter, "be/deliberation-outcome", case=CASE)
    _, form = accepted(http, counter, ASSESSMENT, sample="valid-after-deliberation", case=CASE)
    seen = the_case(http, "employer")
    assert seen["caseId"] == item["caseId"]
    assert [each["kind"] for each in seen["forms"]] == [ASSESSMENT]
    assert {term["id"] for term in seen["terms"]} == {"T5"}
    assert seen["flags"] == []
    assert "deliberation" not in str(seen)
    against = appeal_against(form["documentId"])
    accepted(http, counter, APPEAL, fill=against["fill"] | {"f:ContestedDecision": "C2"}, case=CASE)
    seen = the_case(http, "employer")
    assert [each["kind"] for each in seen["forms"]] == [ASSESSMENT, NOTICE]
    (term,) = seen["terms"]
    assert (term["state"], term["fulfilledBy"]["kind"]) == ("fulfilled", APPEAL)
    assert "submissionId" not in term["fulfilledBy"]


class Later:
    """The clock, some days on."""

    def __init__(self, days: int) -> None:
        self._days = days

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(days=self._days)


def test_a_decision_is_definitive_once_the_term_to_appeal_has_passed(counter: Counter, http: Http) -> None:
    accepted(http, counter, ASSESSMENT)
    case_id = the_case(http, "worker")["caseId"]
    for days, state, open_still in ((0, "running", True), (30, "passed", False)):
        status = replace(counter.gateway.case_status, clock=Later(days))
        view = status.case(counter.party("worker"), CaseId(case_id), language="nl")
        assert [(term["id"], term["state"]) for term in view["terms"]] == [("T5", state)]
        assert view["forms"][0]["notDefinitive"] is open_still


def test_a_new_form_that_does_not_follow_is_flagged_for_those_who_know_of_the_deliberation(
    counter: Counter, http: Http
) -> None:
    accepted(http, counter, "be/deliberation-notice", sample="valid-safety", case=CASE)
    _, first = accepted(http, counter, ASSESSMENT, sample="valid-first-form", case=CASE)
    accepted(http, counter, "be/deliberation-outcome", sample="valid-full", case=CASE)
    case_id = CaseId(the_case(http, "service")["caseId"])

    def flagged(party: str, days: int) -> list[str]:
        status = replace(counter.gateway.case_status, clock=Later(days))
        return [flag["rule"] for flag in status.case(counter.party(party), case_id, language="en")["flags"]]

    assert flagged("service", 1) == []
    assert flagged("service", 15) == ["HA-47"]
    assert flagged("employer", 15) == []
    supersedes = {"f:Supersedes": first["documentId"]}
    accepted(http, counter, ASSESSMENT, sample="valid-new-form", fill=supersedes, case=CASE)
    assert flagged("service", 15) == []
