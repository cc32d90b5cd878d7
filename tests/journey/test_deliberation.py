"""A deliberation from the notice to the new form (Art. 58 to 63), over HTTP: each document goes to whom it may go."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

import httpx2
import pytest

from signing import SealingFailed
from tests.conftest import SIGNERS, Counter
from tests.journey.test_cases import flood
from tests.journey.test_mailboxes import collected, delivery_to, lease, opened, receipt_of, send_receipt

Http = Callable[[str | None], httpx2.Client]
XML = {"Content-Type": "application/xml"}
ASSESSMENT = "be/health-assessment"
SUPPLEMENT = "be/health-assessment-supplement"
NOTICE = "be/deliberation-notice"
REPLY = "be/deliberation-reply"
DECISION = "be/deliberation-decision"
OUTCOME = "be/deliberation-outcome"
CASE = "FBV-2026-0005"


def hand_in(http: Http, counter: Counter, kind: str, sample: str = "valid-typical", **fill: str) -> dict[str, Any]:
    """What the counter answers to a form of today; it refers to no document but those filled in (by element name)."""
    paths = {f"f:{name}": text for name, text in fill.items() if name != "DocumentId"}
    number = {"f:Header/c:DocumentId": fill["DocumentId"]} if "DocumentId" in fill else {}
    form = counter.form(kind, sample=sample, fill=paths | number, leave_out=["f:Header/c:RelatedDocument"], case=CASE)
    answer = http(SIGNERS[kind][1]).post("/v1/submissions", content=form, headers=XML)
    assert answer.status_code == 201, answer.text
    view: dict[str, Any] = answer.json()
    return view


def sign_for(http: Http, counter: Counter, view: Mapping[str, Any], party: str) -> None:
    """The recipient opens its copy and signs for it."""
    delivery = delivery_to(dict(view), party)
    envelope = opened(counter, party, lease(http, party, delivery).content)
    taken = send_receipt(http, party, delivery, receipt_of(counter, party, envelope))
    assert taken.json()["outcome"] == "handed-over"


def recipients(view: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {(delivery["route"], delivery["party"]) for delivery in view["deliveries"]}


def terms(http: Http, view: Mapping[str, Any], party: str) -> dict[str, Any]:
    return {term["id"]: term for term in http(party).get(view["href"]).json()["terms"]}


def days(term: Mapping[str, Any]) -> tuple[date, date, date]:
    day_zero, last, other = (date.fromisoformat(term[key]) for key in ("dayZero", "lastDay", "lastDayOtherReading"))
    return day_zero, last, other


def flags(view: Mapping[str, Any]) -> list[str]:
    return [warning["code"] for warning in view.get("warnings", []) if warning["severity"] != "info"]


def mail_of(http: Http, counter: Counter, party: str) -> list[str]:
    return [kind for kind, _ in collected(http, counter, party)]


def test_the_workers_signed_receipt_starts_the_five_days(http: Http, counter: Counter) -> None:
    view = hand_in(http, counter, NOTICE)
    assert recipients(view) == {("R10", "worker")}
    assert "lastDay" not in terms(http, view, "service")["T3"]  # consigned is not handed over
    sign_for(http, counter, view, "worker")
    term = terms(http, view, "service")["T3"]
    day_zero, last, other = days(term)
    assert last == other == day_zero + timedelta(days=5)  # calendar days
    assert term["article"].endswith("60 § 2")


def test_a_disagreement_starts_the_fourteen_working_days_once_the_service_has_it(http: Http, counter: Counter) -> None:
    view = hand_in(http, counter, REPLY)
    assert recipients(view) == {("R11", "service")}
    assert "lastDay" not in terms(http, view, "worker")["T4"]
    sign_for(http, counter, view, "service")
    day_zero, last, other = days(terms(http, view, "worker")["T4"])
    assert day_zero + timedelta(days=15) < last <= other


def test_agreement_starts_no_term(http: Http, counter: Counter) -> None:
    view = hand_in(http, counter, REPLY, "valid-minimal")
    sign_for(http, counter, view, "service")
    assert terms(http, view, "worker") == {}


def test_the_decision_is_sealed_for_the_named_doctor_alone(http: Http, counter: Counter) -> None:
    view = hand_in(http, counter, DECISION)
    assert recipients(view) == {("R12", "treating-doctor")}
    sealed = lease(http, "treating-doctor", delivery_to(view, "treating-doctor")).content
    envelope = opened(counter, "treating-doctor", sealed)
    assert (envelope.consignment.role, envelope.consignment.route) == ("TreatingPhysician", "R12")
    for party in counter.tokens.keys() - {"treating-doctor"}:
        assert mail_of(http, counter, party) == []
        with pytest.raises(SealingFailed):
            opened(counter, party, sealed)


def test_a_deliberation_that_suspends_comes_before_the_form(http: Http, counter: Counter) -> None:
    notice = hand_in(http, counter, NOTICE)
    sign_for(http, counter, notice, "worker")
    reply = hand_in(http, counter, REPLY, NoticeReference=notice["documentId"])
    sign_for(http, counter, reply, "service")
    papers = {"NoticeReference": notice["documentId"], "ReplyReference": reply["documentId"]}
    decision = hand_in(http, counter, DECISION, **papers)
    sign_for(http, counter, decision, "treating-doctor")
    outcome = hand_in(http, counter, OUTCOME, **papers)
    assert recipients(outcome) == {("R13", "dossier")}
    number = str(uuid.uuid4())
    supplement = hand_in(http, counter, SUPPLEMENT, AssessmentReference=number)
    assert [delivery["party"] for delivery in supplement["deliveries"]] == ["dossier"]
    assert mail_of(http, counter, "employer") == []
    form = hand_in(http, counter, ASSESSMENT, "valid-after-deliberation", DocumentId=number)
    assert recipients(form) == {("R04", "employer"), ("R05", "worker"), ("R06", "dossier")}
    assert "lastDay" in terms(http, form, "service")["T5"]
    assert not any(map(flags, (notice, reply, decision, outcome, supplement, form)))
    assert mail_of(http, counter, "employer") == [ASSESSMENT]
    assert mail_of(http, counter, "dossier") == [OUTCOME, SUPPLEMENT, ASSESSMENT]


@pytest.mark.parametrize("kind", ["be/health-surveillance-request", SUPPLEMENT])
def test_what_a_form_needs_of_its_case_is_found_behind_hundreds_of_others(
    http: Http, counter: Counter, kind: str
) -> None:
    """Notice, outcome (HA-45) and its own supplement (HA-48), however many forms of that or another kind came since."""
    notice = hand_in(http, counter, NOTICE)
    reply = hand_in(http, counter, REPLY, NoticeReference=notice["documentId"])
    papers = {"NoticeReference": notice["documentId"], "ReplyReference": reply["documentId"]}
    hand_in(http, counter, OUTCOME, **papers)
    number = str(uuid.uuid4())
    supplement = hand_in(http, counter, SUPPLEMENT, AssessmentReference=number)
    flood(counter, supplement["submissionId"], kind)
    assert not flags(hand_in(http, counter, ASSESSMENT, "valid-after-deliberation", DocumentId=number))


def test_where_the_deliberation_does_not_suspend_a_new_form_supersedes_the_first(http: Http, counter: Counter) -> None:
    number = str(uuid.uuid4())
    supplement = hand_in(http, counter, SUPPLEMENT, "valid-full", AssessmentReference=number)
    notice = hand_in(http, counter, NOTICE, "valid-safety")
    first = hand_in(http, counter, ASSESSMENT, "valid-first-form", DocumentId=number)
    assert recipients(first) == {("R07", "employer"), ("R07", "worker"), ("R07", "dossier")}
    sign_for(http, counter, notice, "worker")
    reply = hand_in(http, counter, REPLY, "valid-full", NoticeReference=notice["documentId"])
    sign_for(http, counter, reply, "service")
    papers = {"NoticeReference": notice["documentId"], "ReplyReference": reply["documentId"]}
    decision = hand_in(http, counter, DECISION, "valid-full", **papers)
    outcome = hand_in(http, counter, OUTCOME, "valid-full", **papers)
    after = str(uuid.uuid4())
    measures = hand_in(http, counter, SUPPLEMENT, "valid-full", AssessmentReference=after)
    new = hand_in(http, counter, ASSESSMENT, "valid-new-form", DocumentId=after, Supersedes=number)
    assert recipients(new) == {("R08", "employer"), ("R08", "worker"), ("R08", "dossier")}
    assert "lastDay" in terms(http, new, "service")["T5"]  # anew
    assert not any(map(flags, (supplement, notice, first, reply, decision, outcome, measures, new)))
    assert mail_of(http, counter, "employer") == [ASSESSMENT, ASSESSMENT]
    assert mail_of(http, counter, "treating-doctor") == [DECISION]


def test_an_outcome_that_contradicts_the_reply_is_refused(http: Http, counter: Counter) -> None:
    notice = hand_in(http, counter, NOTICE)
    reply = hand_in(http, counter, REPLY, NoticeReference=notice["documentId"])  # does not agree
    papers = {"f:NoticeReference": notice["documentId"], "f:ReplyReference": reply["documentId"]}
    form = counter.form(OUTCOME, fill=papers | {"f:Outcome": "WorkerAgreed"}, case=CASE)
    refused = http("service").post("/v1/submissions", content=form, headers=XML)
    assert refused.status_code == 422
    assert [(issue["rule"], issue["path"]) for issue in refused.json()["issues"]] == [
        ("DN-13", "/f:DeliberationOutcome/f:Content/f:Outcome")
    ]
    assert mail_of(http, counter, "dossier") == []


def test_no_permanent_change_of_work_before_the_deliberation_is_over(http: Http, counter: Counter) -> None:
    hand_in(http, counter, NOTICE)
    form = counter.form(ASSESSMENT, sample="valid-after-deliberation", case=CASE)
    refused = http("service").post("/v1/submissions", content=form, headers=XML)
    assert refused.status_code == 422
    assert "HA-45" in {issue["rule"] for issue in refused.json()["issues"]}
    assert mail_of(http, counter, "employer") == []


def test_a_form_is_not_refused_because_the_steps_before_it_were_erased(http: Http, counter: Counter) -> None:
    """Of the notice and the outcome it is known for good that they were; that is all HA-45 asks for."""
    notice = hand_in(http, counter, NOTICE)
    reply = hand_in(http, counter, REPLY, NoticeReference=notice["documentId"])
    erased_at_end(http, counter, notice, "worker")
    erased_at_end(http, counter, reply, "service")
    form = counter.form(ASSESSMENT, sample="valid-after-deliberation", case=CASE)
    assert "HA-45" in refused_for(http, form), "the deliberation is not over"
    papers = {"NoticeReference": notice["documentId"], "ReplyReference": reply["documentId"]}
    erased_at_end(http, counter, hand_in(http, counter, OUTCOME, **papers), "dossier")
    number = str(uuid.uuid4())
    hand_in(http, counter, SUPPLEMENT, AssessmentReference=number)
    assert not flags(hand_in(http, counter, ASSESSMENT, "valid-after-deliberation", DocumentId=number))


def erased_at_end(http: Http, counter: Counter, view: Mapping[str, Any], party: str) -> None:
    """Its one recipient signs for the form, and the gateway forgets it."""
    sign_for(http, counter, view, party)
    about = {"reason": "retention-ended", "by": "desk-2"}
    erased = http("admin").post(f"/v1/operations/submissions/{view['submissionId']}/erasures", json=about)
    assert erased.status_code == 201, erased.text


def refused_for(http: Http, form: bytes) -> set[str]:
    """The rules for which the counter refuses a form."""
    refused = http("service").post("/v1/submissions", content=form, headers=XML)
    assert refused.status_code == 422, refused.text
    return {issue["rule"] for issue in refused.json()["issues"] if issue["severity"] == "error"}
