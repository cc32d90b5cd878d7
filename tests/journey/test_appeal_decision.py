"""An appeal from its notice to its decision (Art. 64 to 69), over HTTP: who signs, who gets which document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest
from lxml import etree

from gateway.demo.papers import draw_up
from signing import SealingFailed
from tests.cli.command import sealpost
from tests.conftest import SIGNERS, Counter
from tests.journey.test_mailboxes import collected, delivery_to, lease, opened

Http = Callable[[str | None], httpx2.Client]
HERE = ZoneInfo("Europe/Brussels")
XML = {"Content-Type": "application/xml"}
ASSESSMENT = "be/health-assessment"
APPEAL = "be/appeal"
NOTICE = "be/appeal-notice"
CONVOCATION = "be/appeal-convocation"
DECISION = "be/appeal-decision"
ANNEX = "be/appeal-decision-annex"
PRESENT = ("inspectorate", "doctor", "treating-doctor")
TREATING = "f:PhysicianPresence/f:TreatingPhysician"


def hand_in(http: Http, counter: Counter, kind: str, **fill: str) -> dict[str, Any]:
    """What the counter answers to an accepted form of today."""
    signer, sender = SIGNERS[kind]
    paper = draw_up(kind, now=datetime.now(HERE), fill={f"f:{name}": text for name, text in fill.items()})
    form = counter.sign(paper.raw, signer)
    answer = http(sender).post("/v1/submissions", content=form, headers=XML)
    assert answer.status_code == 201, answer.text
    view: dict[str, Any] = answer.json()
    return view


def report(counter: Counter, appeal: str, signers: Sequence[str], sample: str = "valid-typical", **fill: str) -> bytes:
    """The report of the decision on an appeal, signed by these one after the other."""
    texts = {"f:AppealReference": appeal, **fill}
    raw = draw_up(DECISION, now=datetime.now(HERE), sample=sample, fill=texts).raw
    for party in signers:
        raw = counter.sign(raw, party)
    return raw


def decide(http: Http, raw: bytes, sender: str = "inspectorate") -> httpx2.Response:
    return http(sender).post("/v1/submissions", content=raw, headers=XML)


def recipients(view: dict[str, Any]) -> set[tuple[str, str]]:
    return {(delivery["route"], delivery["party"]) for delivery in view["deliveries"]}


def mail_of(http: Http, counter: Counter, party: str) -> list[str]:
    return [kind for kind, _ in collected(http, counter, party)]


def refused_for(answer: httpx2.Response) -> set[str]:
    """The codes and rules of the errors of a refused form."""
    assert answer.status_code == 422, answer.text
    errors = [issue for issue in answer.json()["issues"] if issue["severity"] == "error"]
    return {issue[key] for issue in errors for key in ("code", "rule") if issue.get(key)}


def open_decisions(http: Http, party: str) -> list[bool]:
    """Of each decision in the one case of a party, whether it is not definitive yet."""
    (item,) = http(party).get("/v1/cases").json()["items"]
    forms = http(party).get(item["href"]).json()["forms"]
    return [form["notDefinitive"] for form in forms if "notDefinitive" in form]


@pytest.fixture
def appeal(http: Http, counter: Counter) -> str:
    """The number of an appeal that the inspector has."""
    return str(hand_in(http, counter, APPEAL)["documentId"])


def test_an_appeal_from_the_notice_to_the_annex(http: Http, counter: Counter, appeal: str) -> None:
    assert (mail_of(http, counter, "employer"), mail_of(http, counter, "service")) == ([NOTICE], [NOTICE])
    hand_in(http, counter, CONVOCATION, AppealReference=appeal)
    decided = decide(http, report(counter, appeal, PRESENT))
    assert decided.status_code == 201, decided.text
    annex = hand_in(http, counter, ANNEX, AppealReference=appeal, DecisionReference=decided.json()["documentId"])
    flags = [flag for view in (decided.json(), annex) for flag in view.get("warnings", [])]
    assert not [flag for flag in flags if flag["severity"] != "info"]
    assert mail_of(http, counter, "inspectorate") == [APPEAL]
    assert mail_of(http, counter, "employer") == [DECISION]  # the notice has been signed for
    assert mail_of(http, counter, "worker") == [CONVOCATION, DECISION]
    assert mail_of(http, counter, "dossier") == [DECISION, ANNEX]
    assert mail_of(http, counter, "doctor") == mail_of(http, counter, "treating-doctor") == [CONVOCATION]


def test_the_report_of_three_physicians_goes_to_worker_employer_and_dossier(
    http: Http, counter: Counter, appeal: str
) -> None:
    raw = report(counter, appeal, PRESENT)
    answer = decide(http, raw)
    assert answer.status_code == 201, answer.text
    view = answer.json()
    assert recipients(view) == {("R18", "dossier"), ("R17", "worker"), ("R17", "employer")}
    for _, party in recipients(view):
        assert dict(collected(http, counter, party))[DECISION] == raw


def test_three_physicians_sign_with_the_command_in_any_order(
    http: Http, counter: Counter, appeal: str, tmp_path: Path
) -> None:
    paper = tmp_path / "report.xml"
    paper.write_bytes(report(counter, appeal, ()))
    for party in ("treating-doctor", "inspectorate", "doctor"):
        ran = sealpost(["sign", paper, "--key", counter.folder.signing(party), "--out", paper])
        assert ran.code == 0, ran.err
    assert len(list(etree.parse(paper).getroot().iter("{http://www.w3.org/2000/09/xmldsig#}Signature"))) == len(PRESENT)
    verified = sealpost(["verify", paper, "--trust", counter.folder.anchors])
    assert verified.code == 0, verified.err
    answer = decide(http, paper.read_bytes())
    assert answer.status_code == 201, answer.text


def test_without_the_absent_physician_two_signatures_are_enough(http: Http, counter: Counter, appeal: str) -> None:
    answer = decide(http, report(counter, appeal, PRESENT[:2], "valid-minimal"))
    assert answer.status_code == 201, answer.text
    assert recipients(answer.json()) == {("R18", "dossier"), ("R17", "worker"), ("R17", "employer")}


def test_the_inspector_alone_signs_where_nobody_else_came(http: Http, counter: Counter, appeal: str) -> None:
    assert decide(http, report(counter, appeal, PRESENT[:1], "valid-annulled")).status_code == 201


@pytest.mark.parametrize("missing", PRESENT)
def test_a_physician_present_who_did_not_sign_stops_the_report(
    http: Http, counter: Counter, appeal: str, missing: str
) -> None:
    signers = [party for party in PRESENT if party != missing]
    assert refused_for(decide(http, report(counter, appeal, signers))) == {"SIG-SIGNATORY", "GEN-19"}
    assert DECISION not in mail_of(http, counter, "worker") + mail_of(http, counter, "employer") + mail_of(
        http, counter, "dossier"
    )


def test_an_absent_physician_who_signs_stops_the_report(http: Http, counter: Counter, appeal: str) -> None:
    raw = report(counter, appeal, PRESENT, "valid-minimal", **{f"{TREATING}/f:Physician/c:PersonName/c:Surname": "X"})
    assert refused_for(decide(http, raw)) == {"SIG-SIGNATORY", "GEN-19"}


@pytest.mark.parametrize("signers", [("inspectorate", "doctor", "doctor"), ("inspectorate", "doctor", "worker")])
def test_nobody_signs_in_the_place_of_another(
    http: Http, counter: Counter, appeal: str, signers: tuple[str, ...]
) -> None:
    assert refused_for(decide(http, report(counter, appeal, signers))) == {"SIG-SIGNATORY", "GEN-19"}


def test_who_only_signs_with_others_may_not_hand_in_for_them(http: Http, counter: Counter, appeal: str) -> None:
    for outsider in ("worker", "employer", "fund"):
        assert decide(http, report(counter, appeal, PRESENT), sender=outsider).status_code == 403


def test_a_report_on_no_appeal_is_refused(http: Http, counter: Counter, appeal: str) -> None:
    assert appeal
    unknown = "018f0000-9999-7000-8000-000000009999"
    assert "AD-01" in refused_for(decide(http, report(counter, unknown, PRESENT)))


def test_a_report_that_cannot_reach_the_dossier_goes_to_nobody(http: Http, counter: Counter, appeal: str) -> None:
    raw = report(counter, appeal, PRESENT, **{"f:Service/c:EnterpriseNumber": "0333333372"})
    assert "GW-RECIPIENT-UNKNOWN" in refused_for(decide(http, raw))
    assert DECISION not in mail_of(http, counter, "worker") + mail_of(http, counter, "employer")


def test_the_annex_needs_the_inspector_alone_and_reaches_the_dossier_alone(
    http: Http, counter: Counter, appeal: str
) -> None:
    view = hand_in(http, counter, ANNEX, AppealReference=appeal)
    assert recipients(view) == {("R18", "dossier")}
    sealed = lease(http, "dossier", delivery_to(view, "dossier")).content
    assert opened(counter, "dossier", sealed).consignment.role == "HealthDossier"
    for party in counter.tokens.keys() - {"dossier"}:
        assert ANNEX not in mail_of(http, counter, party)
        with pytest.raises(SealingFailed):
            opened(counter, party, sealed)


def test_the_convocation_reaches_both_doctors_and_the_worker_and_no_dossier(
    http: Http, counter: Counter, appeal: str
) -> None:
    view = hand_in(http, counter, CONVOCATION, AppealReference=appeal)
    assert recipients(view) == {("R16", "doctor"), ("R16", "treating-doctor"), ("R16", "worker")}


def test_with_the_report_the_contested_decision_is_definitive(http: Http, counter: Counter) -> None:
    """Both see it: the employer knows of the appeal from the notice alone."""
    assessment = hand_in(http, counter, ASSESSMENT)
    appeal = hand_in(http, counter, APPEAL, **against(assessment))["documentId"]
    assert [open_decisions(http, party) for party in ("worker", "employer")] == [[True], [True]]
    decided = decide(http, report(counter, appeal, PRESENT))
    assert decided.status_code == 201, decided.text
    assert [open_decisions(http, party) for party in ("worker", "employer")] == [[False], [False]]


def test_an_erased_form_is_contested_and_an_erased_appeal_decided_all_the_same(http: Http, counter: Counter) -> None:
    """The gateway forgets a form a month after its hand-over; a worker's right lasts as long as the law says."""
    assessment = hand_in(http, counter, ASSESSMENT)
    erase(http, counter, assessment)
    assert open_decisions(http, "worker") == [True]
    appeal = hand_in(http, counter, APPEAL, **against(assessment))
    erase(http, counter, appeal)
    decided = decide(http, report(counter, appeal["documentId"], PRESENT))
    assert decided.status_code == 201, decided.text


def against(assessment: dict[str, Any]) -> dict[str, str]:
    """What an appeal of today says of the form that it contests."""
    today = datetime.now(HERE).date().isoformat()
    about = {"DocumentId": assessment["documentId"], "FormDate": today, "ExaminationDate": today}
    return {"FormCommunicatedOn": today, **{f"ContestedForm/f:{name}": text for name, text in about.items()}}


def erase(http: Http, counter: Counter, view: dict[str, Any]) -> None:
    """Every recipient signs for its copy, and the gateway forgets the form."""
    for _, party in recipients(view):
        mail_of(http, counter, party)
    about = {"reason": "retention-ended", "by": "desk-2"}
    erased = http("admin").post(f"/v1/operations/submissions/{view['submissionId']}/erasures", json=about)
    assert erased.status_code == 201, erased.text


def test_a_worker_who_is_not_called_gets_no_convocation(http: Http, counter: Counter, appeal: str) -> None:
    form = counter.form(CONVOCATION, sample="valid-minimal", fill={"f:AppealReference": appeal})
    view = http("inspectorate").post("/v1/submissions", content=form, headers=XML).json()
    assert recipients(view) == {("R16", "doctor")}  # the treating doctor without a number gets the letter by post
