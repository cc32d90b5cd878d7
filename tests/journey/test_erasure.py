"""A form is erased: what made it readable is gone from every byte of the store, what proves its course stays proven."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.errors import NotFound
from gateway.examination import Grounds, examine
from gateway.model import DeliveryId, Event, EvidenceId, SubmissionId
from gateway.stores.engine import sqlite
from signing import Indication, verify_xml
from tests.cli.command import Ran, sealpost
from tests.conftest import Counter
from tests.journey.test_mailboxes import delivery_to, hand_in, lease, opened, receipt_of, send_receipt
from tests.journey.test_operations import Hands, Http, act, nothing_is_wrong, sign_for
from tests.journey.test_operations import clock as clock
from tests.journey.test_packages import close_journal

PARTIES = ("employer", "worker", "dossier")


def erase(http: Http, submission: str, **about: str) -> httpx2.Response:
    body = {"reason": "retention-ended", "by": "desk-2"} | about
    return http("admin").post(f"/v1/operations/submissions/{submission}/erasures", json=body)


@pytest.fixture
def ended(http: Http, counter: Counter) -> dict[str, Any]:
    """A form whose copies all came to their end: two were signed for, one was closed by the operator."""
    view = hand_in(http, counter)
    for party in PARTIES[:2]:
        assert sign_for(http, counter, party, delivery_to(view, party)).is_success
    assert act(http, delivery_to(view, "dossier"), "close").is_success
    return view


def stored_bytes(counter: Counter) -> dict[str, bytes]:
    """Whatever lies on the disk of the store."""
    path = counter.gateway.config.store_path
    return {each.name: each.read_bytes() for each in Path(path.parent).iterdir() if each.name.startswith(path.name)}


def rows(counter: Counter, sql: str, *values: str) -> list[tuple[Any, ...]]:
    connection = sqlite.connect(str(counter.gateway.config.store_path))
    try:
        return list(connection.execute(sql, values))
    finally:
        connection.close()


def test_nothing_readable_is_left_and_everything_proves_itself(
    http: Http, counter: Counter, ended: dict[str, Any]
) -> None:
    submission, copy = ended["submissionId"], delivery_to(ended, "employer")
    other = hand_in(http, counter)
    sealed = [
        row[0]
        for row in rows(
            counter, "SELECT raw FROM envelope JOIN delivery ON id = delivery_id WHERE submission_id = ?", submission
        )
    ]
    secrets = [
        *(row[0] for row in rows(counter, "SELECT key FROM body_key WHERE submission_id = ?", submission)),
        *(row[0] for row in rows(counter, "SELECT facts FROM filed WHERE submission_id = ?", submission)),
        *(raw[at : at + 64] for raw in sealed for at in range(0, len(raw) - 64, 256)),
    ]
    found = [each for each in secrets if any(each in raw for raw in stored_bytes(counter).values())]
    assert len(found) > len(secrets) / 2, "they were there, but for pages that cut one in two"
    before = {each["evidenceId"]: each for each in http("service").get(f"{ended['href']}/evidence").json()["items"]}

    told = erase(http, submission)
    assert told.status_code == 201
    assert told.json()["event"] == "erasure"

    for name, raw in stored_bytes(counter).items():
        assert not [each for each in secrets if each in raw], name
    after = {each["evidenceId"]: each for each in http("service").get(f"{ended['href']}/evidence").json()["items"]}
    stated = told.json()
    assert after == before | {stated["evidenceId"]: stated | {"href": f"/v1/evidence/{stated['evidenceId']}"}}
    senders = http("service").get(f"/v1/evidence/{stated['evidenceId']}").content
    assert http("admin").get(stated["href"]).content == senders
    for evidence in counter.gateway.store.read(lambda view: [view.evidence(EvidenceId(each)) for each in after]):
        assert evidence is not None
        verified = verify_xml(evidence.raw, trust=counter.trust, at=evidence.at)
        assert b"<" in verified.content
    assert http("service").get(ended["href"]).json()["state"] == "closed-with-exceptions"
    with pytest.raises(NotFound) as gone:
        counter.gateway.store.read(lambda view: view.envelope(DeliveryId(copy)))
    assert gone.value.code == "form-erased"
    nothing_is_wrong(counter)
    assert lease(http, "employer", delivery_to(other, "employer")).is_success, "other forms are as they were"


def test_the_evidence_says_who_erased_what_and_why(http: Http, counter: Counter, ended: dict[str, Any]) -> None:
    proof = erase(http, ended["submissionId"], reason="data-subject-asked").json()
    kept = counter.gateway.store.read(lambda view: view.evidence(EvidenceId(proof["evidenceId"])))
    assert kept is not None
    assert kept.event is Event.ERASURE
    said = verify_xml(kept.raw, trust=counter.trust, at=kept.at).content
    for words in (b"urn:sealpost:event:erasure", b"data-subject-asked", b"<Code>erase</Code><By>desk-2</By>"):
        assert words in said
    entry = counter.gateway.store.read(lambda view: view.journal_entries(first=view.journal_size() - 1, limit=1))[0]
    assert (entry.id, entry.code) == (kept.id, "erasure")


def test_what_was_not_signed_for_leaves_its_mailbox(http: Http, ended: dict[str, Any]) -> None:
    closed = delivery_to(ended, "dossier")
    listed = [each["deliveryId"] for each in http("dossier").get("/v1/mailbox").json()["items"]]
    assert closed in listed
    erase(http, ended["submissionId"])
    listed = [each["deliveryId"] for each in http("dossier").get("/v1/mailbox").json()["items"]]
    assert closed not in listed
    refused = lease(http, "dossier", closed)
    assert (refused.status_code, refused.json()["code"]) == (404, "form-erased")


def test_a_late_receipt_is_taken_after_the_erasure_too(http: Http, counter: Counter) -> None:
    view = hand_in(http, counter)
    for party in PARTIES[:2]:
        sign_for(http, counter, party, delivery_to(view, party))
    copy = delivery_to(view, "dossier")
    taken = lease(http, "dossier", copy)
    assert act(http, copy, "close").is_success
    assert erase(http, view["submissionId"]).status_code == 201
    receipt = receipt_of(counter, "dossier", opened(counter, "dossier", taken.content))
    assert send_receipt(http, "dossier", copy, receipt).is_success
    assert http("service").get(view["href"]).json()["state"] == "closed"
    nothing_is_wrong(counter)


def test_the_first_answer_is_given_again_after_the_erasure(http: Http, counter: Counter) -> None:
    raw = counter.form("be/health-surveillance-request")
    headers = {"Idempotency-Key": "once", "Content-Type": "application/xml"}
    first = http("employer").post("/v1/submissions", content=raw, headers=headers)
    assert first.status_code == 201
    for each in first.json()["deliveries"]:
        assert act(http, each["deliveryId"], "close").is_success
    assert erase(http, first.json()["submissionId"]).status_code == 201
    again = http("employer").post("/v1/submissions", content=raw, headers=headers)
    assert (again.status_code, again.json()) == (200, first.json())


def test_what_is_under_way_is_not_erased(http: Http, counter: Counter) -> None:
    view = hand_in(http, counter)
    refused = erase(http, view["submissionId"])
    assert (refused.status_code, refused.json()["code"]) == (409, "deliveries-open")
    assert refused.json()["open"] == "3"
    assert lease(http, "employer", delivery_to(view, "employer")).is_success


def test_a_form_is_erased_once(http: Http, ended: dict[str, Any]) -> None:
    proof = erase(http, ended["submissionId"]).json()["evidenceId"]
    again = erase(http, ended["submissionId"])
    assert (again.status_code, again.json()["code"], again.json()["evidenceId"]) == (409, "erased-already", proof)


def test_who_may_erase_and_what(http: Http, counter: Counter, ended: dict[str, Any]) -> None:
    path = f"/v1/operations/submissions/{ended['submissionId']}/erasures"
    body = {"reason": "retention-ended", "by": "desk-2"}
    assert http("service").post(path, json=body).status_code == 403
    assert http(None).post(path, json=body).status_code == 401
    for wrong in ({"reason": "tidy", "by": "desk-2"}, {"reason": "retention-ended", "by": "Jan Janssens"}, {}):
        assert http("admin").post(path, json=wrong).status_code == 400
    assert erase(http, "018f0000-0000-7000-8000-000000000000").status_code == 404
    spoiled = counter.form("be/appeal").replace(b"<c:DocumentId>", b"<c:DocumentId>x", 1)
    http("worker").post("/v1/submissions", content=spoiled, headers={"Content-Type": "application/xml"})
    (rejected,) = [row[0] for row in rows(counter, "SELECT id FROM submission WHERE state = 'rejected'")]
    refused = erase(http, rejected)
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing-to-erase")


def test_a_backup_that_is_put_back_is_erased_again(http: Http, counter: Counter, ended: dict[str, Any]) -> None:
    """The key comes back with its table while the evidence stays: an audit says so, and the act is possible again."""
    key = rows(counter, "SELECT key FROM body_key WHERE submission_id = ?", ended["submissionId"])[0][0]
    erase(http, ended["submissionId"])

    def put_back(unit: Any) -> None:
        unit._connection.execute("INSERT INTO body_key VALUES (?, ?)", (ended["submissionId"], key))

    counter.gateway.store.write(put_back)
    kept = counter.gateway.store.read(lambda view: view.is_kept(SubmissionId(ended["submissionId"])))
    assert kept
    assert erase(http, ended["submissionId"]).status_code == 201
    nothing_is_wrong(counter)


def test_a_form_from_before_there_were_keys_is_erased_too(http: Http, counter: Counter, ended: dict[str, Any]) -> None:
    """Its bodies lie as they came, under a key of no length."""
    submission, copy = ended["submissionId"], delivery_to(ended, "employer")
    plain = counter.gateway.store.read(lambda view: view.envelope(DeliveryId(copy)))

    def as_before(unit: Any) -> None:
        unit._connection.execute("UPDATE body_key SET key = x'' WHERE submission_id = ?", (submission,))
        unit._connection.execute("UPDATE envelope SET raw = ? WHERE delivery_id = ?", (plain, copy))

    counter.gateway.store.write(as_before)
    assert counter.gateway.store.read(lambda view: view.envelope(DeliveryId(copy))) == plain
    assert erase(http, submission).status_code == 201
    for name, raw in stored_bytes(counter).items():
        assert plain[100:400] not in raw, name


def test_later_forms_of_the_case_know_that_it_was_there_and_no_more(
    http: Http, counter: Counter, clock: Hands, ended: dict[str, Any]
) -> None:
    case = counter.gateway.store.read(lambda view: view.case_of(SubmissionId(ended["submissionId"])))
    assert case is not None
    erase(http, ended["submissionId"])
    (filed,) = [
        each
        for each in counter.gateway.store.read(lambda view: view.case(case[0]))
        if each.submission_id == ended["submissionId"]
    ]
    assert filed.sealed_facts == b""
    clock.turn(timedelta(days=1))
    assert http("service").get(f"/v1/cases/{case[0]}").is_success


def test_an_operator_erases_at_the_keyboard(http: Http, counter: Counter, url: str, ended: dict[str, Any]) -> None:
    def run(*arguments: str) -> Ran:
        token = {"SEALPOST_URL": url, "SEALPOST_TOKEN_FILE": str(counter.folder.admin_token)}
        return sealpost(["operations", "erase", *arguments], environment=token)

    about = ("--reason", "handed-in-by-mistake", "--by", "desk-2")
    assert run(hand_in(http, counter)["submissionId"], *about).code == 1
    assert run(ended["submissionId"], "--reason", "tidy", "--by", "desk-2").code == 2
    done = run(ended["submissionId"], *about, "--json")
    assert (done.code, done.json["event"]) == (0, "erasure")
    assert run(ended["submissionId"], *about).code == 1


def test_the_evidence_package_proves_the_course_after_the_erasure(
    http: Http, counter: Counter, ended: dict[str, Any]
) -> None:
    assert erase(http, ended["submissionId"]).is_success
    close_journal(counter)
    raw = http("service").get(f"{ended['href']}/evidence-package").content
    verdict = examine(raw, grounds=Grounds(trust=counter.trust, at=counter.gateway.clock.now()))
    assert verdict.indication is Indication.TOTAL_PASSED
    assert [each.event for each in verdict.story][-1] is Event.ERASURE


def test_what_can_be_erased_is_listed_until_it_is(
    http: Http, counter: Counter, clock: Hands, url: str, ended: dict[str, Any]
) -> None:
    today = clock.now().date()
    tomorrow = (today + timedelta(days=1)).isoformat()
    hand_in(http, counter)  # under way

    def listed(before: str) -> list[str]:
        items = http("admin").get("/v1/operations/submissions", params={"before": before, "limit": 1}).json()["items"]
        return [each["submissionId"] for each in items]

    assert listed(today.isoformat()) == []
    assert listed(tomorrow) == [ended["submissionId"]]
    token = {"SEALPOST_URL": url, "SEALPOST_TOKEN_FILE": str(counter.folder.admin_token)}
    shown = sealpost(["operations", "erasable", "--before", tomorrow, "--json"], environment=token)
    (item,) = shown.json["items"]
    assert item | {"acceptedAt": ""} == {
        "submissionId": ended["submissionId"],
        "kind": ended["kind"],
        "state": "closed-with-exceptions",
        "acceptedAt": "",
    }
    erase(http, ended["submissionId"])
    assert listed(tomorrow) == []
    assert http("admin").get("/v1/operations/submissions?before=soon").status_code == 400
    assert http("service").get(f"/v1/operations/submissions?before={tomorrow}").status_code == 403
