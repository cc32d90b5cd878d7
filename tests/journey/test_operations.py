"""What happens to copies that reach nobody: the watch, the operator's acts, alerts; and who may see them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from lxml import etree
from starlette.responses import Response
from starlette.types import ASGIApp

from gateway.api.app import create_app
from gateway.assembly import auditing
from gateway.demo.papers import HERE
from gateway.model import PartyId
from gateway.oversight import ACTS, ActCode
from signing import TrustPolicy, sha256, trust_from_pem, verify_xml
from tests.cli.command import sealpost
from tests.conftest import Counter, served
from tests.journey.test_mailboxes import XML, delivery_to, hand_in, lease, opened, receipt_of, send_receipt
from tests.patience import deliver_until, http_client

Http = Callable[[str | None], httpx2.Client]
HOUR = timedelta(hours=1)
E = "{urn:sealpost:evidence:1}"


@dataclass
class Hands:
    """A clock that the test sets forward."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def now(self) -> datetime:
        return self.at

    @property
    def today(self) -> date:
        """The day that it is where the cast lives."""
        return self.at.astimezone(HERE).date()

    def turn(self, by: timedelta) -> None:
        self.at += by


@pytest.fixture
def clock() -> Hands:
    return Hands()


def look(counter: Counter, clock: Hands, after: timedelta) -> int:
    """Let time pass, then let the watch look."""
    clock.turn(after)
    return counter.gateway.watch.look()


def events(http: Http, view: dict[str, Any], delivery: str, party: str = "service") -> list[str]:
    items = http(party).get(f"{view['href']}/evidence").raise_for_status().json()["items"]
    return [each["event"] for each in items if each.get("deliveryId") == delivery]


def state(http: Http, view: dict[str, Any], delivery: str, party: str = "service") -> str:
    (found,) = [
        each["state"] for each in http(party).get(view["href"]).json()["deliveries"] if each["deliveryId"] == delivery
    ]
    return str(found)


def act(http: Http, delivery: str, name: str, **about: str) -> httpx2.Response:
    body = {"act": name, "reason": "other", "by": "desk-2"} | about
    return http("admin").post(f"/v1/operations/deliveries/{delivery}/acts", json=body)


def sign_for(http: Http, counter: Counter, party: str, delivery: str, **about: Any) -> httpx2.Response:
    envelope = opened(counter, party, lease(http, party, delivery).content)
    return send_receipt(http, party, delivery, receipt_of(counter, party, envelope, **about))


def nothing_is_wrong(counter: Counter) -> None:
    """Everything stored proves itself: states by evidence, submissions by copies, a next look for what is not ended."""
    assert list(auditing(counter.gateway).run()) == []


def open_alerts(http: Http) -> set[tuple[str, str]]:
    return {(each["kind"], each["subject"]) for each in http("admin").get("/v1/operations/alerts").json()["items"]}


# The watch


def test_the_sender_is_warned_after_twelve_hours_of_whom_was_not_reached(
    http: Http, counter: Counter, clock: Hands
) -> None:
    view = hand_in(http, counter)
    sign_for(http, counter, "employer", delivery_to(view, "employer"))
    look(counter, clock, 12 * HOUR - timedelta(seconds=1))
    assert "warnings" not in http("service").get(view["href"]).json()
    look(counter, clock, timedelta(seconds=1))
    dutch = http("service").get(view["href"], headers={"Accept-Language": "nl"}).json()["warnings"]
    assert {each["code"] for each in dutch} == {"GW-COPY-NOT-REACHED"}
    assert all("ontvanger" in each["message"] and "nu: ligt klaar" in each["message"] for each in dutch)
    told = " ".join(each["message"] for each in dutch)
    assert all(delivery_to(view, party) in told for party in ("worker", "dossier"))
    assert delivery_to(view, "employer") not in told
    worker = delivery_to(view, "worker")
    assert events(http, view, worker) == ["ContentConsignment", "sender-warned"]
    assert look(counter, clock, HOUR) == 0, "once"
    sign_for(http, counter, "worker", worker)
    sign_for(http, counter, "dossier", delivery_to(view, "dossier"))
    after = http("service").get(view["href"]).json()
    assert (after["state"], "warnings" in after) == ("closed", False)
    nothing_is_wrong(counter)


def test_a_copy_that_nobody_collects_expires_after_72_hours_and_stays_ready(
    http: Http, counter: Counter, clock: Hands
) -> None:
    view = hand_in(http, counter, "be/occupational-disease-report")
    fund = delivery_to(view, "fund")
    look(counter, clock, 72 * HOUR - timedelta(seconds=1))
    assert state(http, view, fund) == "consigned"
    look(counter, clock, timedelta(seconds=1))
    assert state(http, view, fund) == "expired"
    assert events(http, view, fund) == ["ContentConsignment", "sender-warned", "ContentHandoverFailure"]
    assert ("delivery-expired", fund) in open_alerts(http)
    assert [each["deliveryId"] for each in http("fund").get("/v1/mailbox").json()["items"]] == [fund]
    assert sign_for(http, counter, "fund", fund).status_code == 201
    assert events(http, view, fund)[-2:] == ["ContentHandoverFailure", "ContentHandover"], "nothing is erased"
    assert not [alert for alert in open_alerts(http) if alert[1] == fund]
    nothing_is_wrong(counter)


def test_the_last_lawful_moment_comes_before_72_hours_where_a_term_runs_for_the_recipient(
    http: Http, counter: Counter, clock: Hands
) -> None:
    """T1: examination within eight working days; the resumption lies so far back that the term just runs still."""
    calendar, day = counter.gateway.catalogue.countries["be"].calendar, timedelta(days=1)
    resumed = clock.today
    while calendar.last_day(resumed - day, 8, "working-days").reading_l >= clock.today:
        resumed -= day
    form = counter.form(
        "be/health-surveillance-request", fill={"f:Nature/f:WorkResumption/f:ResumptionDate": resumed.isoformat()}
    )
    view = http("employer").post("/v1/submissions", content=form, headers=XML).raise_for_status().json()
    service = delivery_to(view, "service")
    (term,) = [each for each in view["terms"] if each["id"] == "T1"]
    moment = datetime.fromisoformat(http("admin").get(f"/v1/operations/deliveries/{service}").json()["lawfulUntil"])
    assert calendar.date_of(moment - timedelta(seconds=1)).isoformat() == term["lastDay"]
    assert calendar.date_of(moment).isoformat() > term["lastDay"]
    look(counter, clock, moment - clock.at)
    assert state(http, view, service, "employer") == "expired"
    proofs = events(http, view, service, "employer")
    assert proofs[-2:] == ["ContentHandoverFailure", "deadline-missed"]
    worker = delivery_to(view, "worker")
    assert state(http, view, worker, "employer") == "consigned", "no term asks anything of the worker here"
    codes = {each["code"] for each in http("employer").get(view["href"]).json()["warnings"]}
    assert "GW-COPY-TOO-LATE" in codes
    nothing_is_wrong(counter)


def test_one_process_watches_at_a_time_and_another_takes_over(http: Http, counter: Counter, clock: Hands) -> None:
    view = hand_in(http, counter)
    clock.turn(13 * HOUR)
    first = counter.gateway.watch
    second = replace(first, holder="another")
    held = counter.gateway.store.write(
        lambda unit: unit.hold_duty(
            "watch", holder="another", now=clock.at, until=clock.at + 300 * timedelta(seconds=1)
        )
    )
    assert held
    assert first.look() == 0
    assert second.look() == len(view["deliveries"])
    clock.turn(timedelta(seconds=301) + 60 * HOUR)
    assert first.look() == len(view["deliveries"]), "the duty ran out"


def test_an_interrupted_watch_repeats_nothing(http: Http, counter: Counter, clock: Hands) -> None:
    """Looking twice at the same moment writes each piece of evidence once."""
    view = hand_in(http, counter)
    clock.turn(100 * HOUR)
    assert counter.gateway.watch.look() == 3
    assert counter.gateway.watch.look() == 0
    for party in ("worker", "employer", "dossier"):
        assert events(http, view, delivery_to(view, party)) == [
            "ContentConsignment",
            "sender-warned",
            "ContentHandoverFailure",
        ]


# The operator's acts


def test_what_needs_a_person_is_listed_with_the_next_lawful_moment_first(
    http: Http, counter: Counter, clock: Hands
) -> None:
    without = hand_in(http, counter, "be/occupational-disease-report")
    clock.turn(HOUR)
    with_term = hand_in(http, counter)
    look(counter, clock, 80 * HOUR)
    admin, found, path = http("admin"), [], "/v1/operations/deliveries?state=expired&limit=2"
    while path:
        page = admin.get(path).raise_for_status().json()
        found += page["items"]
        path = page.get("next")
    assert found[0]["deliveryId"] == delivery_to(with_term, "worker")
    assert "lawfulUntil" in found[0]
    assert all("lawfulUntil" not in each for each in found[1:])
    expected = {each["deliveryId"] for view in (without, with_term) for each in view["deliveries"]}
    assert {each["deliveryId"] for each in found} == expected
    assert len(found) == len(expected)
    assert admin.get("/v1/operations/deliveries?state=suspended").json()["items"] == []
    assert all(each["acts"] == ["mailbox", "close"] for each in found)  # nobody there has a server to push to
    submissions = {view["submissionId"]: view for view in (without, with_term)}
    for each in found:
        assert each["sender"] == "service"
        assert each["documentId"] == submissions[each["submissionId"]]["documentId"]


def test_an_act_is_signed_with_its_reason_and_the_operators_label(
    http: Http, counter: Counter, clock: Hands, signed_by_us: TrustPolicy
) -> None:
    view = hand_in(http, counter, "be/occupational-disease-report")
    fund = delivery_to(view, "fund")
    look(counter, clock, 80 * HOUR)
    done = act(http, fund, "close", reason="sent-another-way")
    assert (done.status_code, done.json()["state"]) == (201, "closed")
    proof = done.json()["evidence"][-1]
    assert proof["event"] == "operator-act"
    raw = http("admin").get(proof["href"]).content
    assert raw == http("service").get(f"/v1/evidence/{proof['evidenceId']}").content
    content = etree.fromstring(verify_xml(raw, trust=signed_by_us, at=clock.at).content)
    assert content.findtext(f"{E}Event") == "urn:sealpost:event:operator-act"
    assert content.findtext(f"{E}Act/{E}Code") == "close"
    assert content.findtext(f"{E}Act/{E}By") == "desk-2"
    assert content.findtext(f"{E}Reason/{E}Code") == "sent-another-way"
    again = act(http, fund, "close")
    assert (again.status_code, again.json()["code"]) == (409, "act-not-possible")
    assert "nothing is left to do" in again.json()["detail"]
    nothing_is_wrong(counter)


@pytest.fixture
def signed_by_us(counter: Counter) -> TrustPolicy:
    return trust_from_pem(counter.folder.gateway_certificate.read_bytes())


def test_closing_the_last_copy_closes_the_submission_with_exceptions_until_a_receipt_comes(
    http: Http, counter: Counter
) -> None:
    view = hand_in(http, counter, "be/appeal")
    delivery = delivery_to(view, "inspectorate")
    assert act(http, delivery, "close").status_code == 201
    assert http("worker").get(view["href"]).json()["state"] == "closed-with-exceptions"
    nothing_is_wrong(counter)
    assert sign_for(http, counter, "inspectorate", delivery).json()["outcome"] == "handed-over"
    assert http("worker").get(view["href"]).json()["state"] == "closed"
    assert events(http, view, delivery, "worker") == ["ContentConsignment", "operator-act", "ContentHandover"]
    nothing_is_wrong(counter)


def test_an_operator_cannot_act_on_what_its_recipient_signed_for(http: Http, counter: Counter) -> None:
    view = hand_in(http, counter, "be/appeal")
    delivery = delivery_to(view, "inspectorate")
    sign_for(http, counter, "inspectorate", delivery)
    for name in ACTS:
        refused = act(http, delivery, name)
        assert (refused.status_code, refused.json()["code"]) == (409, "act-not-possible")
    assert state(http, view, delivery, "worker") == "handed-over"


@contextmanager
def pushed(
    open_counter: Callable[..., Counter], clock: Hands, endpoint: ASGIApp, **changes: Any
) -> Iterator[tuple[Counter, Http]]:
    """A counter that pushes to the Fund's `endpoint`, over HTTP."""
    with ExitStack() as stack:
        url = stack.enter_context(served(endpoint))
        counter = open_counter({"fund": {"kind": "push", "url": f"{url}/deliveries"}}, clock=clock, **changes)
        address = stack.enter_context(served(create_app(counter.gateway)))

        def http(party: str | None) -> httpx2.Client:
            token = counter.folder.admin_token.read_text().strip() if party == "admin" else counter.tokens[party or ""]
            headers = {"Authorization": f"Bearer {token}"}
            client = http_client(address, headers)
            return stack.enter_context(client)

        yield counter, http


def test_a_suspended_copy_is_tried_again_or_left_in_the_mailbox_by_an_operator(
    open_counter: Callable[..., Counter], clock: Hands
) -> None:
    with pushed(open_counter, clock, Response(status_code=410)) as (counter, http):
        view = hand_in(http, counter, "be/occupational-disease-report")
        fund = delivery_to(view, "fund")
        deliver_until(counter.gateway, lambda: counter.state(fund) == "suspended")
        assert ("delivery-suspended", fund) in open_alerts(http)
        retried = act(http, fund, "retry", reason="endpoint-repaired").json()
        assert (retried["state"], retried["transport"]) == ("consigned", "push")
        assert "delivery-suspended" not in {kind for kind, _ in open_alerts(http)}
        deliver_until(counter.gateway, lambda: counter.state(fund) == "suspended")
        shown = http("admin").get(f"/v1/operations/deliveries/{fund}").json()
        assert shown["acts"] == ["retry", "mailbox", "close"]
        assert [each["code"] for each in shown["tries"]] == ["endpoint-status-410"] * 2
        assert shown["tries"][0]["at"] <= shown["tries"][1]["at"]
        left = act(http, fund, "mailbox", reason="no-server-any-more").json()
        assert (left["state"], left["transport"], "dueAt" in left) == ("consigned", "mailbox", False)
        pushed_again = act(http, delivery_to(view, "dossier"), "retry")
        assert (pushed_again.status_code, pushed_again.json()["code"]) == (409, "nothing-to-push-to")
        assert events(http, view, fund) == [
            "ContentConsignment",
            "ContentHandoverFailure",
            "operator-act",
            "ContentHandoverFailure",
            "operator-act",
        ]
        nothing_is_wrong(counter)
        assert sign_for(http, counter, "fund", fund).json()["outcome"] == "handed-over"


def test_an_endpoint_that_is_down_gives_one_alert_at_the_start_and_one_at_the_end(
    open_counter: Callable[..., Counter], clock: Hands, caplog: pytest.LogCaptureFixture
) -> None:
    answers = [503]

    async def endpoint(scope: Any, receive: Any, send: Any) -> None:
        await Response(status_code=answers[0])(scope, receive, send)

    with (
        caplog.at_level(logging.WARNING, "sealpost.alerts"),
        pushed(open_counter, clock, endpoint, breaker_failures=2, breaker_pause_s=1) as (counter, http),
    ):
        view = hand_in(http, counter, "be/occupational-disease-report")
        fund = delivery_to(view, "fund")

        def later() -> bool:
            clock.turn(timedelta(seconds=2))
            return True

        deliver_until(counter.gateway, lambda: later() and ("endpoint-down", "fund") in open_alerts(http))
        for _ in range(3):
            deliver_until(counter.gateway, later)
        answers[0] = 202
        deliver_until(counter.gateway, lambda: later() and open_alerts(http) == set())
        every = http("admin").get("/v1/operations/alerts?all=true").json()["items"]
        assert [(each["kind"], each["subject"], "closedAt" in each) for each in every] == [
            ("endpoint-down", "fund", True)
        ]
        assert [record.getMessage() for record in caplog.records] == [
            "endpoint-down fund",
            "endpoint-down fund is over",
        ]
        assert counter.state(fund) == "consigned"


# Who may


def test_a_second_receipt_says_that_the_copy_was_processed(http: Http, counter: Counter) -> None:
    view = hand_in(http, counter, "be/appeal")
    delivery = delivery_to(view, "inspectorate")
    envelope = opened(counter, "inspectorate", lease(http, "inspectorate", delivery).content)
    processed = receipt_of(counter, "inspectorate", envelope, outcome="processed")
    early = send_receipt(http, "inspectorate", delivery, processed)
    assert (early.status_code, early.json()["code"]) == (422, "receipt-after-consigned")
    send_receipt(http, "inspectorate", delivery, receipt_of(counter, "inspectorate", envelope))
    taken = send_receipt(http, "inspectorate", delivery, processed)
    assert (taken.status_code, taken.json()["outcome"]) == (201, "acknowledged")
    assert send_receipt(http, "inspectorate", delivery, processed).status_code == 200
    final = next(each for each in http("worker").get(view["href"]).json()["deliveries"])
    assert final["state"] == "acknowledged"
    assert "handedOverAt" in final
    assert events(http, view, delivery, "worker") == ["ContentConsignment", "ContentHandover", "ContentAccessTracking"]
    nothing_is_wrong(counter)


def test_a_receipt_over_other_bytes_suspends_the_copy_and_is_shown_to_no_party(http: Http, counter: Counter) -> None:
    view = hand_in(http, counter, "be/appeal")
    delivery = delivery_to(view, "inspectorate")
    envelope = opened(counter, "inspectorate", lease(http, "inspectorate", delivery).content)
    odd = receipt_of(counter, "inspectorate", envelope, envelope_digest=f"sha256:{'0' * 64}")
    for _ in range(2):
        assert send_receipt(http, "inspectorate", delivery, odd).json()["code"] == "receipt-for-other-bytes"
    assert open_alerts(http) == {("receipt-odd", delivery), ("delivery-suspended", delivery)}
    shown = http("admin").get(f"/v1/operations/deliveries/{delivery}").json()
    assert [(each["outcome"], each["digest"]) for each in shown["receipts"]] == [
        ("receipt-for-other-bytes", sha256(odd))
    ]
    assert (shown["state"], shown["lastProblem"]) == ("suspended", "receipt-for-other-bytes")
    assert events(http, view, delivery, "worker") == ["ContentConsignment", "ContentHandoverFailure"]
    for party in ("worker", "inspectorate"):
        assert sha256(odd) not in http(party).get(f"{view['href']}/evidence").text
    send_receipt(http, "inspectorate", delivery, receipt_of(counter, "inspectorate", envelope))
    assert open_alerts(http) == set()
    outcomes = http("admin").get(f"/v1/operations/deliveries/{delivery}").json()["receipts"]
    assert [each["outcome"] for each in outcomes] == ["receipt-for-other-bytes", "handed-over"]
    nothing_is_wrong(counter)


def test_the_operator_reads_what_came_as_a_receipt_and_who_sent_it(
    http: Http, counter: Counter, url: str, tmp_path: Path
) -> None:
    """A stranger's rubbish, the recipient's own over other bytes, and the one that counts; nobody else reads any."""
    view = hand_in(http, counter, "be/appeal")
    delivery = delivery_to(view, "inspectorate")
    envelope = opened(counter, "inspectorate", lease(http, "inspectorate", delivery).content)
    rubbish = b"\x1b]0;<Rubbish/>"
    odd = receipt_of(counter, "inspectorate", envelope, envelope_digest=f"sha256:{'0' * 64}")
    good = receipt_of(counter, "inspectorate", envelope)
    sent = [("fund", rubbish), ("inspectorate", odd), ("inspectorate", good)]
    for party, raw in sent:
        send_receipt(http, party, delivery, raw)
    shown = http("admin").get(f"/v1/operations/deliveries/{delivery}").json()
    assert [(each["sentBy"], each["outcome"]) for each in shown["receipts"]] == [
        ("fund", "receipt-by-another-party"),
        ("inspectorate", "receipt-for-other-bytes"),
        ("inspectorate", "handed-over"),
    ]
    environment = {"SEALPOST_URL": url, "SEALPOST_TOKEN_FILE": str(counter.folder.admin_token)}
    for (party, raw), each in zip(sent, shown["receipts"], strict=True):
        got = http("admin").get(each["href"])
        assert (got.status_code, got.content) == (200, raw)
        assert got.headers["Content-Type"] == "application/octet-stream"  # whatever it says that it is
        assert got.headers["X-Content-Type-Options"] == "nosniff"
        for other in {*counter.tokens, party}:
            assert http(other).get(each["href"]).status_code == 403
        file = tmp_path / each["receiptId"]
        fetched = sealpost(["operations", "receipt", each["receiptId"], "--out", str(file)], environment=environment)
        assert (fetched.code, file.read_bytes()) == (0, raw)
        assert f"from {party}" in sealpost(["operations", "show", delivery], environment=environment).text
    for each in shown["evidence"]:
        raw = http("admin").get(each["href"]).content
        assert raw == http("worker").get(f"/v1/evidence/{each['evidenceId']}").content
        assert sealpost(["operations", "evidence", each["evidenceId"]], environment=environment).out == raw
        if "receiptHref" in each:
            assert http("admin").get(each["receiptHref"]).content in (odd, good)
    late = b"<Late/>"  # of a copy that is settled: it begins no alert, and is listed all the same
    send_receipt(http, "fund", delivery, late)
    page, listed = "/v1/operations/receipts?limit=1", []
    while page:
        answer = http("admin").get(page).raise_for_status().json()
        listed += answer["items"]
        page = answer.get("next")
    told = [(each["sentBy"], each["outcome"], each["digest"], each["deliveryId"]) for each in listed]
    assert told == [
        ("fund", "receipt-by-another-party", sha256(rubbish), delivery),
        ("inspectorate", "receipt-for-other-bytes", sha256(odd), delivery),
        ("fund", "receipt-by-another-party", sha256(late), delivery),
    ]
    table = sealpost(["operations", "receipts"], environment=environment)
    assert all(each["receiptId"] in table.text for each in listed)
    assert shown["evidence"][-1]["receiptHref"] == shown["receipts"][-1]["href"]
    for what in ("evidence", "receipts"):
        assert http("admin").get(f"/v1/operations/{what}/01a20000-0000-7000-8000-000000000000").status_code == 404


@pytest.mark.parametrize("party", ["worker", "employer", "service", "inspectorate", None])
def test_operations_are_for_the_administrator_alone(http: Http, counter: Counter, party: str | None) -> None:
    view = hand_in(http, counter)
    delivery = delivery_to(view, "worker")
    client = http(party)
    body = {"act": "close", "reason": "other", "by": "desk-2"}
    for answer in (
        client.get("/v1/operations/deliveries"),
        client.get(f"/v1/operations/deliveries/{delivery}"),
        client.get("/v1/operations/alerts"),
        client.get(f"/v1/operations/evidence/{view['acceptance']['evidenceId']}"),
        client.get("/v1/operations/receipts"),
        client.get("/v1/operations/receipts/01a20000-0000-7000-8000-000000000000"),
        client.post(f"/v1/operations/deliveries/{delivery}/acts", json=body),
    ):
        assert answer.status_code == (401 if party is None else 403)
        assert delivery not in answer.text
    assert counter.state(delivery) == "consigned"


@pytest.mark.parametrize(
    "wrong",
    [
        {"act": "forward"},
        {"reason": "Mr Peeters moved to Ghent"},
        {"by": "An Toonbeeld"},
        {"by": ""},
        {"note": "free text"},
    ],
)
def test_an_act_says_nothing_personal(http: Http, counter: Counter, wrong: dict[str, str]) -> None:
    delivery = delivery_to(hand_in(http, counter), "worker")
    refused = act(http, delivery, **{"name": "close", **wrong} if "act" not in wrong else {"name": wrong["act"]})
    assert refused.status_code == 400
    assert not any(value in refused.text for value in wrong.values() if value)
    assert counter.state(delivery) == "consigned"


def test_an_unknown_delivery_is_not_found(http: Http, counter: Counter) -> None:
    assert act(http, "01a20000-0000-7000-8000-000000000000", ActCode.CLOSE).status_code == 404
    assert counter.gateway.store.read(lambda view: view.party(PartyId("worker"))) is not None
