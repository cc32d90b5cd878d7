"""What the post proves, whenever it comes; and what operator and sender learn of a copy on paper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import anyio
import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.api.wire import EndpointRecord, PartyRecord
from gateway.assembly import auditing, build, dispatching
from gateway.config import Config
from gateway.demo.papers import draw_up
from gateway.demo.pki import party_record
from gateway.errors import ConfigError
from gateway.examination import Grounds, LinkKind, Standing, examine
from gateway.lifecycle import Fact, advance, can_advance
from gateway.model import DeliveryId, DeliveryState, EndpointKind, PostFact
from gateway.oversight import ACTS, ActCode
from gateway.ports import Reading
from gateway.stores.engine import sqlite
from gateway.stores.sqlite import SqliteStore
from signing import sign_xml
from tests.cli.command import Ran, sealpost
from tests.conftest import Counter
from tests.journey.test_cases import appeal_against
from tests.journey.test_mailboxes import XML, delivery_to, hand_in, lease, opened, receipt_of
from tests.journey.test_operations import (
    HOUR,
    E,
    Hands,
    act,
    events,
    look,
    nothing_is_wrong,
    open_alerts,
    pushed,
    sign_for,
)
from tests.journey.test_paper import STATION, content_of, on_its_way, printed, proof, say
from tests.journey.test_submissions import SCHEMA
from tests.patience import deliver_until

Http = Callable[[str | None], httpx2.Client]
DAY = 24 * HOUR
ODR = "be/occupational-disease-report"
NUMBER = "RR123456785BE"


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def counter(open_counter: Callable[..., Counter], clock: Hands) -> Counter:
    return open_counter(clock=clock, paper_party=STATION, paper_roles=("Worker",))


@pytest.fixture
def today(clock: Hands) -> Callable[[], date]:
    return lambda: clock.today


def deposit(http: Http, delivery: str, on: date, number: str = NUMBER) -> httpx2.Response:
    return say(http, delivery, "deposits", proof(on.isoformat(), number=number))


def slip(http: Http, delivery: str, on: date, outcome: str = "delivered", **more: str) -> httpx2.Response:
    return say(http, delivery, "slips", proof(on.isoformat(), outcome=outcome, **more))


def codes(http: Http, view: dict[str, Any]) -> set[str]:
    return {each["code"] for each in http("service").get(view["href"]).json().get("warnings", [])}


def reasons(http: Http, counter: Counter, view: dict[str, Any], delivery: str, event: str) -> list[str]:
    """The reasons of all evidence of one event of a delivery."""
    items = http("service").get(f"{view['href']}/evidence").json()["items"]
    mine = [each["href"] for each in items if each.get("deliveryId") == delivery and each["event"] == event]
    return [content_of(http, counter, href).findtext(f"{E}Reason/{E}Code") or "" for href in mine]


def appeal(http: Http, counter: Counter, clock: Hands, view: dict[str, Any], on: date, manner: str) -> httpx2.Response:
    """The worker appeals now, and states that the form was communicated on that day."""
    about = appeal_against(view["documentId"], on=on, FormReceivedManner=manner)
    form = draw_up("be/appeal", now=clock.at, **about)
    signed = sign_xml(form.raw, identity=counter.identity("worker"), at=clock.at)
    return http("worker").post("/v1/submissions", content=signed, headers=XML)


@pytest.fixture
def letter(http: Http, counter: Counter, clock: Hands, today: Callable[[], date]) -> tuple[dict[str, Any], str, date]:
    """An assessment of three days ago, whose worker's copy was posted two days ago; and that day."""
    view = hand_in(http, counter)
    worker = delivery_to(view, "worker")
    act(http, worker, "paper")
    printed(http, worker)
    clock.turn(DAY)
    posted = today()
    assert deposit(http, worker, posted).status_code == 201
    clock.turn(2 * DAY)
    return view, worker, posted


# The worker states the day that the post proves


def test_an_appeal_states_the_day_on_which_the_post_took_or_brought_the_form(
    http: Http, counter: Counter, clock: Hands, letter: tuple[dict[str, Any], str, date], today: Callable[[], date]
) -> None:
    view, worker, posted = letter
    brought = today() - timedelta(days=1)
    assert slip(http, worker, brought).json()["state"] == "paper-delivered"
    refused = appeal(http, counter, clock, view, today(), "HandedOver")
    assert [each["rule"] for each in refused.json()["issues"] if each["severity"] == "error"] == ["AP-09"]
    assert appeal(http, counter, clock, view, brought, "Dispatched").status_code == 422, (
        "it was not dispatched on that day"
    )
    assert appeal(http, counter, clock, view, brought, "HandedOver").status_code == 201
    assert appeal(http, counter, clock, view, posted, "Dispatched").status_code == 201
    (case,) = http("worker").get("/v1/cases").json()["items"]
    forms = http("worker").get(case["href"]).json()["forms"]
    (copy,) = forms[0]["copies"]
    assert (copy["postedOn"], copy["handedOverByPostOn"]) == ([posted.isoformat()], [brought.isoformat()])


def test_before_its_slip_came_nothing_is_held_against_who_has_the_letter(
    http: Http, counter: Counter, clock: Hands, letter: tuple[dict[str, Any], str, date], today: Callable[[], date]
) -> None:
    view, _, _ = letter
    assert appeal(http, counter, clock, view, today(), "HandedOver").status_code == 201


# Days that cannot be


def test_a_slip_is_not_dated_before_its_letter_and_a_second_letter_not_before_the_first_came_back(
    http: Http, counter: Counter, clock: Hands, today: Callable[[], date]
) -> None:
    view = hand_in(http, counter, "be/deliberation-notice")
    worker, accepted = delivery_to(view, "worker"), today()
    act(http, worker, "paper")
    clock.turn(3 * DAY)
    printed(http, worker)
    early = deposit(http, worker, accepted)
    assert (early.status_code, early.json()["code"]) == (409, "day-not-possible"), "nothing was printed yet"
    clock.turn(DAY)
    posted = today()
    assert deposit(http, worker, posted).status_code == 201
    for outcome in ("delivered", "returned"):
        refused = slip(http, worker, accepted, outcome)
        assert (refused.status_code, refused.json()["code"]) == (409, "day-not-possible")
    assert "dayZero" not in http("service").get(view["href"]).json()["terms"][0]
    clock.turn(2 * DAY)
    back = today()
    assert slip(http, worker, back, "returned").json()["state"] == "paper-returned"
    act(http, worker, "paper", reason="post-returned-it")
    printed(http, worker)
    assert deposit(http, worker, posted, "RR123456799BE").json()["code"] == "day-not-possible"
    assert deposit(http, worker, back, "RR123456799BE").status_code == 201
    assert slip(http, worker, back).json()["state"] == "paper-delivered"
    assert http("service").get(view["href"]).json()["terms"][0]["dayZero"] == back.isoformat()
    nothing_is_wrong(counter)


# Proofs that come after anything else


def test_a_slip_after_the_recipient_signed_is_kept_and_moves_nothing(
    http: Http, counter: Counter, clock: Hands, today: Callable[[], date]
) -> None:
    view, worker = on_its_way(http, counter, "be/deliberation-notice")
    clock.turn(2 * DAY)
    brought = today()
    clock.turn(4 * DAY)
    assert sign_for(http, counter, "worker", worker).status_code == 201
    signed = today()
    taken = slip(http, worker, brought)
    assert (taken.status_code, taken.json()["state"]) == (201, "handed-over")
    assert events(http, view, worker)[-2:] == ["ContentHandover", "ReceivedFromNonERDS"]
    (shown,) = [each for each in http("service").get(view["href"]).json()["deliveries"] if each["party"] == "worker"]
    assert [(each["fact"], each["on"]) for each in shown["post"]][1] == ("delivered", brought.isoformat())
    assert http("service").get(shown["post"][1]["href"] + "/proof").status_code == 200
    (term,) = http("service").get(view["href"]).json()["terms"]
    assert term["dayZero"] == signed.isoformat(), "a term that runs keeps its day zero; both days are in evidence"
    nothing_is_wrong(counter)


def test_a_letter_that_was_in_hand_when_the_recipient_signed_is_deposited_and_answered(
    http: Http, counter: Counter, today: Callable[[], date]
) -> None:
    view = hand_in(http, counter)
    worker = delivery_to(view, "worker")
    act(http, worker, "paper")
    printed(http, worker)
    sign_for(http, counter, "worker", worker)
    taken = deposit(http, worker, today())
    assert (taken.status_code, taken.json()["state"]) == (201, "handed-over")
    again = deposit(http, worker, today(), "RR123456799BE")
    assert (again.status_code, again.json()["code"]) == (409, "not-possible-now"), "one print, one letter"
    assert slip(http, worker, today()).status_code == 201
    assert events(http, view, worker)[-3:] == ["ContentHandover", "RelayToNonERDS", "ReceivedFromNonERDS"]
    nothing_is_wrong(counter)


def test_what_the_post_handed_over_after_an_operator_closed_it_is_handed_over(
    http: Http, counter: Counter, today: Callable[[], date]
) -> None:
    view, worker = on_its_way(http, counter)
    for party in ("employer", "dossier"):
        sign_for(http, counter, party, delivery_to(view, party))
    act(http, worker, "close")
    assert http("service").get(view["href"]).json()["state"] == "closed-with-exceptions"
    assert "GW-COPY-CLOSED" in codes(http, view)
    assert slip(http, worker, today()).json()["state"] == "paper-delivered"
    assert http("service").get(view["href"]).json()["state"] == "closed"
    assert codes(http, view) == set()
    nothing_is_wrong(counter)


def test_a_proof_after_the_form_was_erased_leaves_its_evidence_and_nothing_to_read(
    http: Http, counter: Counter, today: Callable[[], date]
) -> None:
    view, worker = on_its_way(http, counter)
    for party in ("employer", "dossier"):
        sign_for(http, counter, party, delivery_to(view, party))
    act(http, worker, "close")
    body = {"reason": "retention-ended", "by": "desk-2"}
    erased = http("admin").post(f"/v1/operations/submissions/{view['submissionId']}/erasures", json=body)
    assert erased.status_code == 201
    assert slip(http, worker, today()).json()["state"] == "paper-delivered"
    assert events(http, view, worker)[-1] == "ReceivedFromNonERDS"
    nothing_is_wrong(counter)


def test_a_slip_of_the_first_of_two_letters_moves_the_copy_only_when_it_was_handed_over(
    http: Http, counter: Counter, today: Callable[[], date]
) -> None:
    _, worker = on_its_way(http, counter)
    slip(http, worker, today(), "returned")
    act(http, worker, "paper", reason="post-returned-it")
    assert slip(http, worker, today(), number="RR999999999BE").json()["code"] == "not-deposited"
    printed(http, worker)
    deposit(http, worker, today(), "RR123456799BE")
    late = say(
        http, worker, "slips", proof(today().isoformat(), outcome="returned", number=NUMBER, proofType="image/png")
    )
    assert (late.status_code, late.json()["state"]) == (200, "paper-deposited"), "said before"
    assert slip(http, worker, today(), number=NUMBER).json()["state"] == "paper-delivered"
    assert slip(http, worker, today(), "returned").json()["state"] == "paper-delivered"
    nothing_is_wrong(counter)


def test_what_is_said_again_is_answered_as_before_and_a_number_is_one_letters(
    http: Http, counter: Counter, today: Callable[[], date]
) -> None:
    view, worker = on_its_way(http, counter)
    again = deposit(http, worker, today())
    assert (again.status_code, again.json()["state"]) == (200, "paper-deposited")
    assert slip(http, worker, today()).status_code == 201
    for answer in (slip(http, worker, today()), deposit(http, worker, today())):
        assert (answer.status_code, answer.json()["state"]) == (200, "paper-delivered")
    assert events(http, view, worker).count("RelayToNonERDS") == 1
    assert events(http, view, worker).count("ReceivedFromNonERDS") == 1
    other = delivery_to(hand_in(http, counter), "worker")
    act(http, other, "paper")
    printed(http, other)
    assert deposit(http, other, today()).status_code == 201, "one letter for one recipient may hold two copies"
    nothing_is_wrong(counter)


def test_a_number_of_another_letter_is_refused(
    http: Http, counter: Counter, clock: Hands, today: Callable[[], date]
) -> None:
    _, worker = on_its_way(http, counter)
    other = delivery_to(hand_in(http, counter), "worker")
    act(http, other, "paper")
    printed(http, other)
    clock.turn(DAY)
    refused = deposit(http, other, today())
    assert (refused.status_code, refused.json()["code"]) == (409, "number-taken"), "it went to the post on another day"
    with_day = counter.gateway.store.read(lambda view: view.postmarks(DeliveryId(worker)))
    assert [(mark.fact, mark.number) for mark in with_day] == [(PostFact.DEPOSITED, NUMBER)]


def test_the_audit_holds_what_is_kept_of_the_post_against_evidence(
    http: Http, counter: Counter, today: Callable[[], date], clock: Hands
) -> None:
    _, worker = on_its_way(http, counter)
    clock.turn(DAY)
    slip(http, worker, today())

    def found(change: str) -> set[str]:
        with sqlite.connect(str(counter.gateway.config.store_path)) as connection:
            connection.execute(change)
        return {flaw.code for flaw in auditing(counter.gateway).run()}

    later = found("UPDATE postmark SET on_day = '2999-01-01' WHERE fact = 'deposited'")
    assert later == {"postmark-differs", "post-out-of-order"}
    assert found("DELETE FROM postmark WHERE fact = 'delivered'") == {"postmark-differs"}


# What the sender and the operator learn


def test_a_deadline_that_passed_while_the_letter_was_out_is_stated_when_it_comes_back(
    http: Http, counter: Counter, clock: Hands, today: Callable[[], date]
) -> None:
    view, worker = on_its_way(http, counter)
    lawful = datetime.fromisoformat(http("admin").get(f"/v1/operations/deliveries/{worker}").json()["lawfulUntil"])
    look(counter, clock, lawful + HOUR - clock.at)
    assert "deadline-missed" not in events(http, view, worker), "it may have been handed over in time"
    assert ("post-silent", worker) in open_alerts(http)
    clock.turn(2 * DAY)
    slip(http, worker, today(), "returned")
    assert counter.gateway.watch.look() >= 1
    assert events(http, view, worker)[-1] == "deadline-missed"
    assert ("post-silent", worker) not in open_alerts(http)
    assert {"GW-COPY-RETURNED", "GW-COPY-TOO-LATE"} <= codes(http, view)
    (item,) = http("service").get("/v1/submissions").json()["items"]
    assert item["warned"] is True
    counter.gateway.watch.look()
    assert events(http, view, worker).count("deadline-missed") == 1
    nothing_is_wrong(counter)


@pytest.mark.parametrize("days_late", [0, 1])
def test_a_slip_with_a_day_after_the_last_lawful_one_states_that_it_was_missed(
    http: Http, counter: Counter, clock: Hands, today: Callable[[], date], days_late: int
) -> None:
    view, worker = on_its_way(http, counter)
    lawful = datetime.fromisoformat(http("admin").get(f"/v1/operations/deliveries/{worker}").json()["lawfulUntil"])
    calendar = counter.gateway.catalogue.countries["be"].calendar
    last_day = calendar.date_of(lawful - timedelta(seconds=1))
    clock.at = lawful + 3 * DAY
    slip(http, worker, last_day + timedelta(days=days_late))
    told = ["deadline-missed", "ReceivedFromNonERDS"] if days_late else ["RelayToNonERDS", "ReceivedFromNonERDS"]
    assert events(http, view, worker)[-2:] == told
    assert not [each for each in open_alerts(http) if each[1] == worker]
    nothing_is_wrong(counter)


def test_a_letter_of_which_the_post_says_nothing_is_told_to_sender_and_operator(
    http: Http, counter: Counter, clock: Hands
) -> None:
    view, worker = on_its_way(http, counter, "be/deliberation-notice")
    for _ in range(20):
        look(counter, clock, DAY)
    assert "sender-warned" not in events(http, view, worker)
    for _ in range(10):
        look(counter, clock, DAY)
    assert events(http, view, worker).count("sender-warned") == 1
    assert reasons(http, counter, view, worker, "sender-warned") == ["post-silent"]
    assert {("post-silent", worker), ("sender-warned", worker)} <= open_alerts(http)
    nothing_is_wrong(counter)


def test_paper_that_failed_is_told_to_the_sender(http: Http, counter: Counter, clock: Hands) -> None:
    view = hand_in(http, counter)
    worker = delivery_to(view, "worker")
    look(counter, clock, 11 * HOUR)
    act(http, worker, "paper")
    look(counter, clock, DAY)
    assert reasons(http, counter, view, worker, "sender-warned") == ["goes-on-paper"]
    printed(http, worker)
    say(http, worker, "failures", {"reason": "no-address"})
    assert "GW-COPY-NOT-POSTED" in codes(http, view)
    nothing_is_wrong(counter)


def test_what_was_told_stays_told_until_the_copy_is_ended(http: Http, counter: Counter, clock: Hands) -> None:
    view = hand_in(http, counter)
    worker = delivery_to(view, "worker")
    lawful = datetime.fromisoformat(http("admin").get(f"/v1/operations/deliveries/{worker}").json()["lawfulUntil"])
    look(counter, clock, lawful + HOUR - clock.at)
    mine = {kind for kind, subject in open_alerts(http) if subject == worker}
    assert mine == {"sender-warned", "deadline-missed", "delivery-expired", "paper-due"}
    act(http, worker, "mailbox", reason="recipient-asked")
    for _ in range(2):
        counter.gateway.watch.look()
        assert {kind for kind, subject in open_alerts(http) if subject == worker} == {
            "sender-warned",
            "deadline-missed",
        }
    sign_for(http, counter, "worker", worker)
    assert not [each for each in open_alerts(http) if each[1] == worker]
    assert events(http, view, worker).count("deadline-missed") == 1
    nothing_is_wrong(counter)


def test_a_letter_is_printed_once_unless_it_is_asked_for_again(
    url: str, http: Http, counter: Counter, tmp_path: Path
) -> None:
    worker = delivery_to(hand_in(http, counter), "worker")
    act(http, worker, "paper")
    token = tmp_path / "token"
    token.write_text(counter.tokens[STATION])
    environment = {"SEALPOST_URL": url, "SEALPOST_TOKEN_FILE": str(token)}
    key = ("--key", str(counter.folder.sealing(STATION)), "--trust", str(counter.folder.anchors))

    def run(*arguments: str) -> Ran:
        return sealpost(["paper", *arguments], environment=environment)

    assert run("print", worker, *key, "--out", str(tmp_path / "first.pdf")).code == 0
    refused = run("print", worker, *key, "--out", str(tmp_path / "second.pdf"))
    assert refused.code == 1
    assert "--again" in refused.err
    assert not (tmp_path / "second.pdf").exists()
    assert run("list", "--json").json["items"][0]["takenAt"]
    assert run("print", worker, *key, "--again", "--out", str(tmp_path / "third.pdf")).code == 0


# A counter that cannot send on paper as it was told to


def test_paper_for_a_role_that_no_form_goes_to_does_not_start(config: Config) -> None:
    with pytest.raises(ConfigError, match=r"paper\.roles: no form goes to Workr"):
        build(replace(config, paper_party=STATION, paper_roles=("Workr",)))


def test_a_print_station_that_is_not_registered_is_told_until_it_is(
    open_counter: Callable[..., Counter], clock: Hands
) -> None:
    counter = open_counter(clock=clock, paper_party="print-shop", paper_roles=("Worker",))

    def told() -> list[tuple[str, str]]:
        counter.gateway.watch.look()
        alerts = counter.gateway.store.read(lambda view: view.alerts(open_only=True, after=0, limit=9))
        return [(each.kind, each.subject) for each in alerts]

    assert told() == [("print-station-missing", "print-shop")]
    assert told() == [("print-station-missing", "print-shop")]
    record = party_record(counter.folder, STATION) | {"id": "print-shop", "roles": ["PrintStation"], "identifiers": {}}
    record |= {"signingCertificates": []}
    counter.gateway.store.write(
        lambda unit: unit.put_party(
            replace(counter.party(STATION), sealing_certificate=None), at=counter.gateway.clock.now()
        )
    )
    counter.gateway.registration.put(PartyRecord.model_validate(record).draft())
    assert told() == []


# Reasons that are true


def test_a_copy_that_waits_its_turn_is_not_given_up_and_its_sender_hears_why(
    open_counter: Callable[..., Counter], clock: Hands
) -> None:
    with pushed(open_counter, clock, Response(status_code=503), breaker_pause_s=1) as (counter, http):
        first, second = (
            http("service").post("/v1/submissions", content=counter.form(ODR, case="CASE-1"), headers=XML).json()
            for _ in range(2)
        )
        head, follower = delivery_to(first, "fund"), delivery_to(second, "fund")
        deliver_until(counter.gateway, lambda: counter.gateway.store.read(lambda view: attempts(view, head)) > 0)
        look(counter, clock, 12 * HOUR)
        assert reasons(http, counter, first, head, "sender-warned") == ["endpoint-status-503"]
        assert reasons(http, counter, second, follower, "sender-warned") == ["waits-for-an-earlier-copy"]
        clock.turn(48 * HOUR)
        act(http, head, "retry", reason="endpoint-repaired")
        look(counter, clock, 13 * HOUR)
        assert (counter.state(head), counter.state(follower)) == ("consigned", "consigned"), "nobody was offered it"
        act(http, head, "close")
        look(counter, clock, 71 * HOUR)
        assert counter.state(follower) == "consigned", "its time for trying began when its turn came"
        look(counter, clock, 2 * HOUR)
        assert counter.state(follower) == "expired"
        nothing_is_wrong(counter)


def attempts(view: Reading, delivery: str) -> int:
    found = view.delivery(DeliveryId(delivery))
    return 0 if found is None else found.attempts


def test_a_copy_that_was_never_tried_is_not_called_uncollected(
    open_counter: Callable[..., Counter], clock: Hands
) -> None:
    with pushed(open_counter, clock, Response(status_code=503), breaker_failures=1, breaker_pause_s=600) as (
        counter,
        http,
    ):
        view = hand_in(http, counter, ODR)
        deliver_until(counter.gateway, lambda: ("endpoint-down", "fund") in open_alerts(http))
        untried = hand_in(http, counter, ODR)
        fetched = delivery_to(untried, "dossier")
        lease(http, "dossier", fetched)
        look(counter, clock, 12 * HOUR)
        assert reasons(http, counter, untried, delivery_to(untried, "fund"), "sender-warned") == ["endpoint-down"]
        assert reasons(http, counter, untried, fetched, "sender-warned") == ["not-signed-for"]
        assert reasons(http, counter, view, delivery_to(view, "dossier"), "sender-warned") == ["not-collected"]


def test_who_gives_up_its_server_is_pushed_to_no_more_and_its_endpoint_is_not_down(
    open_counter: Callable[..., Counter], clock: Hands
) -> None:
    with pushed(open_counter, clock, Response(status_code=503), breaker_failures=1, breaker_pause_s=1) as (
        counter,
        http,
    ):
        view = hand_in(http, counter, ODR)
        fund = delivery_to(view, "fund")
        deliver_until(counter.gateway, lambda: ("endpoint-down", "fund") in open_alerts(http))
        record = PartyRecord.model_validate(party_record(counter.folder, "fund"))
        assert record.draft().endpoint.kind == "mailbox"
        counter.gateway.registration.put(record.draft())
        assert ("endpoint-down", "fund") not in open_alerts(http)
        shown = http("admin").get(f"/v1/operations/deliveries/{fund}").json()
        assert (shown["transport"], "dueAt" in shown) == ("mailbox", False)
        nothing_is_wrong(counter)
        assert sign_for(http, counter, "fund", fund).json()["outcome"] == "handed-over"


@pytest.mark.parametrize("moved_to", ["mailbox", "another server"])
def test_a_try_that_fails_when_its_recipient_has_moved_says_nothing_of_where_it_receives_now(
    open_counter: Callable[..., Counter], clock: Hands, moved_to: str
) -> None:
    tried, moved = Event(), Event()

    async def hang(scope: Scope, receive: Receive, send: Send) -> None:
        tried.set()
        await anyio.to_thread.run_sync(moved.wait)
        await Response(status_code=503)(scope, receive, send)

    with pushed(open_counter, clock, hang, breaker_failures=1, breaker_pause_s=600) as (counter, http):
        fund = delivery_to(hand_in(http, counter, ODR), "fund")
        record = PartyRecord.model_validate(party_record(counter.folder, "fund"))
        if moved_to == "another server":
            url = f"{counter.party('fund').endpoint.url}/new"
            record = record.model_copy(update={"endpoint": EndpointRecord(kind=EndpointKind.PUSH, url=url)})
        with dispatching(counter.gateway) as dispatch:
            assert dispatch.deliver_due() == 1
            assert tried.wait(30)
            counter.gateway.registration.put(record.draft())
            moved.set()
        assert counter.gateway.store.read(lambda view: attempts(view, fund)) == 1
        assert ("endpoint-down", "fund") not in open_alerts(http)
        nothing_is_wrong(counter)


def test_a_file_from_before_there_were_postmarks_reads_them_off_its_evidence(
    http: Http, counter: Counter, clock: Hands, today: Callable[[], date]
) -> None:
    _, worker = on_its_way(http, counter)
    clock.turn(DAY)
    slip(http, worker, today(), "returned")
    before = counter.gateway.store.read(lambda view: view.postmarks(DeliveryId(worker)))
    assert [mark.fact for mark in before] == [PostFact.DEPOSITED, PostFact.RETURNED]
    path = counter.gateway.config.store_path
    counter.gateway.store.close()
    with sqlite.connect(str(path)) as connection:
        connection.execute("DROP TABLE postmark")
        connection.execute("DELETE FROM _sqlite_migrations WHERE name = 'm014_postmarks'")
    connection.close()
    again = SqliteStore(path)
    assert again.read(lambda view: view.postmarks(DeliveryId(worker))) == before
    again.close()


# When the post fails


@pytest.mark.parametrize(("with_the_post", "reason"), [(False, "print-lost"), (True, "letter-lost")])
def test_a_print_or_letter_that_is_lost_is_stated_and_goes_out_again(
    http: Http, counter: Counter, today: Callable[[], date], with_the_post: bool, reason: str
) -> None:
    view = hand_in(http, counter)
    worker = delivery_to(view, "worker")
    act(http, worker, "paper")
    printed(http, worker)
    if with_the_post:
        deposit(http, worker, today())
    before = http("admin").get(f"/v1/operations/deliveries/{worker}").json()
    assert before["acts"] == ["paper-failed", "close"]
    stated = act(http, worker, "paper-failed", reason=reason).json()
    assert (stated["state"], stated["lastProblem"]) == ("suspended", reason)
    assert stated["acts"] == ["mailbox", "paper", "close"]
    assert reasons(http, counter, view, worker, "RelayToNonERDSFailure") == [reason]
    href = f"/v1/evidence/{stated['evidence'][-1]['evidenceId']}"
    etree.XMLSchema(etree.parse(SCHEMA)).assertValid(etree.fromstring(http("service").get(href).content))
    content = content_of(http, counter, href)
    assert [content.findtext(f"{E}Act/{E}{name}") for name in ("Code", "By")] == ["paper-failed", "desk-2"]
    assert {("delivery-suspended", worker)} <= open_alerts(http)
    assert "GW-COPY-NOT-POSTED" in codes(http, view)
    assert act(http, worker, "paper-failed", reason=reason).json()["code"] == "act-not-possible"
    nothing_is_wrong(counter)
    assert act(http, worker, "paper").json()["state"] == "escalated"
    assert printed(http, worker).status_code == 201, "it is printed anew, not again"
    assert deposit(http, worker, today(), "RR999999999BE").json()["state"] == "paper-deposited"
    assert slip(http, worker, today()).json()["state"] == "paper-delivered"
    assert "GW-COPY-NOT-POSTED" not in codes(http, view)
    nothing_is_wrong(counter)
    package = http("service").get(f"{view['href']}/evidence-package").content
    links = examine(package, grounds=Grounds(trust=counter.trust, at=datetime.now(UTC))).links
    assert {link.standing for link in links if link.kind is LinkKind.COURSE} == {Standing.HOLDS}


def test_a_letter_that_was_called_lost_may_yet_arrive_or_come_back(
    http: Http, counter: Counter, today: Callable[[], date]
) -> None:
    for outcome, state in (("delivered", "paper-delivered"), ("returned", "consigned")):
        view, worker = on_its_way(http, counter)
        act(http, worker, "paper-failed", reason="letter-lost")
        assert act(http, worker, "mailbox", reason="letter-lost").json()["state"] == "consigned"
        assert slip(http, worker, today(), outcome).json()["state"] == state
        assert events(http, view, worker)[-3:] == ["RelayToNonERDSFailure", "operator-act", "ReceivedFromNonERDS"]
        assert sign_for(http, counter, "worker", worker).json()["outcome"] == "handed-over"
        nothing_is_wrong(counter)


def test_the_station_states_that_the_post_lost_a_letter(http: Http, counter: Counter) -> None:
    view, worker = on_its_way(http, counter)
    assert say(http, worker, "failures", {"reason": "letter-lost"}).json()["state"] == "suspended"
    assert reasons(http, counter, view, worker, "RelayToNonERDSFailure") == ["letter-lost"]
    nothing_is_wrong(counter)


OPERATOR = {each.value: fact for each, fact in ACTS.items() if each is not ActCode.RETRY}
POST = {
    "prints": Fact.PRINT_JOB_TAKEN,
    "failures": Fact.PAPER_FAILED,
    "deposits": Fact.DEPOSITED,
    "delivered": Fact.DELIVERED_BY_POST,
    "returned": Fact.RETURNED_BY_POST,
}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.sampled_from([*OPERATOR, *POST, "receipt"]), max_size=14))
def test_whatever_operator_station_and_recipient_do_in_any_order_is_stated_and_proves_itself(
    http: Http, counter: Counter, today: Callable[[], date], moves: list[str]
) -> None:
    """The operator's acts go exactly where the table says; what the station says moves a copy by it, or leaves it."""
    view = hand_in(http, counter)
    worker = delivery_to(view, "worker")
    operator, station, recipient = http("admin"), http(STATION), http("worker")
    envelope = opened(counter, "worker", lease(http, "worker", worker, seconds=1).content)
    for number, move in enumerate(moves):
        before = DeliveryState(counter.state(worker))
        fact = {**OPERATOR, **POST}.get(move, Fact.RECEIPT_ACCEPTED)
        if move in OPERATOR:
            body = {"act": move, "reason": "other", "by": "desk-2"}
            told = operator.post(f"/v1/operations/deliveries/{worker}/acts", json=body)
            assert (told.status_code == 201) is can_advance(before, fact), told.text
        elif move == "prints":
            told = station.post(f"/v1/paper/{worker}/prints")
        elif move == "failures":
            told = station.post(f"/v1/paper/{worker}/failures", json={"reason": "other"})
        elif move == "deposits":
            body = proof(today().isoformat(), number=f"RR{view['submissionId']}{number}"[-30:])
            told = station.post(f"/v1/paper/{worker}/deposits", json=body)
        elif move == "receipt":
            raw = receipt_of(counter, "worker", envelope)
            told = recipient.post(f"/v1/mailbox/{worker}/receipts", content=raw, headers=XML)
        else:
            told = station.post(f"/v1/paper/{worker}/slips", json=proof(today().isoformat(), outcome=move))
        moves_it = told.status_code == 201 and can_advance(before, fact)
        assert counter.state(worker) == (advance(before, fact)[0] if moves_it else before)
        assert told.status_code < 500
    nothing_is_wrong(counter)
