"""Whoever runs no server is told that something waits: at once, after one and three working days, and nothing else."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import anyio
import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from http_message_signatures import MappingKeyResolver
from starlette.requests import Request
from starlette.responses import Response

from gateway import worker
from gateway.api.wire import PartyRecord
from gateway.assembly import auditing
from gateway.deadlines import Calendars
from gateway.demo.pki import party_record
from gateway.errors import RegistrationRefused
from gateway.model import Endpoint
from gateway.ports import Bell, Deferred, Outcome
from gateway.push_signature import NOTICE, check_digest, signature_of
from signing import fingerprint
from tests.conftest import Counter, served
from tests.journey.test_mailboxes import delivery_to, hand_in
from tests.journey.test_operations import HOUR, Hands, act, events, look, nothing_is_wrong, open_alerts, sign_for
from tests.patience import PATIENCE_S, wait_until

Http = Callable[[str | None], httpx2.Client]
DAY = 24 * HOUR
GIVEN, FAILED = "ConsignmentNotification", "ConsignmentNotificationFailure"


@dataclass
class Door:
    """A server at which a party has itself told. answer: the status that it gives."""

    answer: int = 200
    heard: list[tuple[list[tuple[str, str]], bytes]] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        self.heard.append((list(request.headers.items()), await request.body()))
        await Response("who is there?", status_code=self.answer)(scope, receive, send)


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def bell(counter: Counter, door: Door) -> Iterator[str]:
    """The worker has itself told at its door."""
    with registered(counter, door) as url:
        yield url


@contextmanager
def registered(counter: Counter, door: Door) -> Iterator[str]:
    with served(door) as address:
        url = f"{address}/bell"
        record = party_record(counter.folder, "worker") | {"endpoint": {"kind": "mailbox", "url": url}}
        counter.gateway.registration.put(PartyRecord.model_validate(record).draft())
        yield url
        counter.gateway.notifying.bell.close()


def told(counter: Counter, clock: Hands, after: timedelta = timedelta(0)) -> int:
    """Let time pass, let the watch find who is to be told, and tell them."""
    look(counter, clock, after)
    return counter.gateway.notifying.give_wanted()


def notices(http: Http, view: dict[str, Any]) -> list[str]:
    return [each for each in events(http, view, delivery_to(view, "worker")) if each in (GIVEN, FAILED)]


def test_a_notice_says_that_something_waits_and_nothing_else(
    http: Http, counter: Counter, clock: Hands, door: Door, bell: str
) -> None:
    first, second = (hand_in(http, counter) for _ in range(2))
    assert told(counter, clock) == 1
    assert told(counter, clock, timedelta(minutes=5)) == 0
    ((fields, body),) = door.heard
    assert json.loads(body) == {"event": "mailbox-not-empty", "gateway": counter.gateway.config.name}
    shown = {name: value for name, value in fields if name not in ("signature", "signature-input", "content-digest")}
    secret = [*first["deliveries"], first["submissionId"], first["documentId"], first["kind"], "worker"]
    assert not [word for word in secret if str(word) in f"{shown} {body!r}"]
    certificate = counter.gateway.witness.keys.keys[0].identity.certificate
    key = certificate.public_key()
    assert isinstance(key, EllipticCurvePublicKey)
    keys = MappingKeyResolver(public_keys={fingerprint(certificate): key}, private_keys={})
    signed = signature_of(NOTICE, method="POST", url=bell, fields=fields, keys=keys)
    assert signed is not None
    check_digest(signed.covered_components['"content-digest"'], body)
    assert notices(http, first) == notices(http, second) == [GIVEN], "one ring for all that waits, evidence of each"
    nothing_is_wrong(counter)


def test_reminders_come_after_one_and_three_working_days_and_end_with_the_receipt(
    http: Http, counter: Counter, clock: Hands, door: Door, bell: str
) -> None:
    view = hand_in(http, counter)
    calendar = counter.gateway.catalogue.countries["be"].calendar
    since = calendar.date_of(clock.at)
    days = [since, *(calendar.last_day(since, length, "working-days").reading_c for length in (1, 3))]
    rang = []
    for _ in range(10 * 24):
        if told(counter, clock):
            rang.append(calendar.date_of(clock.at))
        clock.turn(HOUR)
    assert rang == days
    assert notices(http, view) == [GIVEN] * 3
    again = hand_in(http, counter)
    assert told(counter, clock) == 1
    sign_for(http, counter, "worker", delivery_to(again, "worker"))
    assert told(counter, clock, 5 * DAY) == 0
    assert notices(http, again) == [GIVEN]
    nothing_is_wrong(counter)


def test_a_door_that_does_not_open_is_tried_for_an_hour_and_evidenced(
    http: Http, counter: Counter, clock: Hands, door: Door, bell: str
) -> None:
    view, door.answer = hand_in(http, counter), 503
    for _ in range(12):
        assert told(counter, clock) == 0
        clock.turn(timedelta(minutes=5))
    assert notices(http, view) == []
    assert len(door.heard) == 12
    told(counter, clock)
    assert notices(http, view) == [FAILED]
    door.answer = 204
    told(counter, clock, 5 * DAY)
    assert notices(http, view) == [FAILED, GIVEN]
    nothing_is_wrong(counter)


def test_a_door_is_tried_for_an_hour_also_when_the_first_try_came_late(
    http: Http, counter: Counter, clock: Hands, door: Door, bell: str
) -> None:
    view = hand_in(http, counter)
    door.answer = 503
    assert told(counter, clock, 2 * HOUR) == 0, "nobody looked meanwhile"
    assert notices(http, view) == []
    door.answer = 200
    assert told(counter, clock, timedelta(minutes=5)) == 1
    assert notices(http, view) == [GIVEN]
    nothing_is_wrong(counter)


def test_a_worker_that_stops_tells_nobody_more_and_the_next_one_does(
    http: Http, counter: Counter, clock: Hands, door: Door, bell: str
) -> None:
    view = hand_in(http, counter)
    look(counter, clock, timedelta(0))
    assert counter.gateway.notifying.give_wanted(lambda: True) == 0
    assert door.heard == []
    assert told(counter, clock, timedelta(minutes=5)) == 1
    assert notices(http, view) == [GIVEN]


def test_a_door_that_sends_elsewhere_is_told_once_and_not_followed(
    http: Http, counter: Counter, clock: Hands, door: Door, bell: str
) -> None:
    view, door.answer = hand_in(http, counter), 307
    told(counter, clock)
    told(counter, clock, timedelta(minutes=10))
    assert notices(http, view) == [FAILED]
    assert len(door.heard) == 1
    nothing_is_wrong(counter)


def test_who_registers_an_address_while_copies_wait_is_told_at_once(
    http: Http, counter: Counter, clock: Hands, door: Door
) -> None:
    view = hand_in(http, counter)
    assert told(counter, clock) == 0
    with registered(counter, door):
        assert told(counter, clock, timedelta(minutes=1)) == 1
    assert notices(http, view) == [GIVEN]


def test_who_registered_no_address_is_not_told_and_what_an_operator_leaves_in_the_mailbox_is_told_anew(
    http: Http, counter: Counter, clock: Hands, door: Door
) -> None:
    view = hand_in(http, counter)
    assert told(counter, clock, 60 * HOUR) == 0
    assert notices(http, view) == []
    with registered(counter, door):
        act(http, delivery_to(view, "worker"), "mailbox", reason="recipient-asked")
        assert told(counter, clock, timedelta(seconds=1)) == 1
        assert told(counter, clock, HOUR) == 0, "its reminders count from now"
    assert notices(http, view) == [GIVEN]
    nothing_is_wrong(counter)


class Hanging(Door):
    """A door at which nobody answers until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.rung, self.free = threading.Event(), threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.rung.set()
        await anyio.to_thread.run_sync(self.free.wait)
        await super().__call__(scope, receive, send)


@contextmanager
def doors(counter: Counter, of: dict[str, Door]) -> Iterator[None]:
    """Each party has itself told at its door; those with the same one at different places behind it."""
    with ExitStack() as stack:
        addresses: dict[int, str] = {}
        for door in of.values():
            if id(door) not in addresses:
                addresses[id(door)] = stack.enter_context(served(door))
        for party, door in of.items():
            endpoint = {"kind": "mailbox", "url": f"{addresses[id(door)]}/{party}"}
            record = party_record(counter.folder, party) | {"endpoint": endpoint}
            counter.gateway.registration.put(PartyRecord.model_validate(record).draft())
        yield


def told_of(counter: Counter, view: dict[str, Any], party: str) -> list[str]:
    found = counter.gateway.store.read(lambda read: read.evidence_of(view["submissionId"]))
    return [
        each.event for each in found if each.delivery_id == delivery_to(view, party) and each.event in (GIVEN, FAILED)
    ]


def test_doors_that_hang_delay_nobody_but_who_is_behind_them(open_counter: Callable[..., Counter]) -> None:
    """The worker's own threads: two doors hang, one of them with two parties behind it; everybody else is told."""
    counter, hanging, alone, open_door = open_counter(watch_every_s=0.05), Hanging(), Hanging(), Door()
    behind = {"worker": hanging, "dossier": hanging, "fund": alone, "employer": open_door, "inspectorate": open_door}
    with doors(counter, behind):
        stop = worker.Stop()
        working = threading.Thread(target=worker.run, args=(counter.gateway, stop))
        working.start()
        try:
            first = json.loads(counter.accept(counter.form("be/health-assessment"), sender="service").answer)
            report = json.loads(counter.accept(counter.form("be/occupational-disease-report"), sender="service").answer)
            assert hanging.rung.wait(PATIENCE_S)
            assert alone.rung.wait(PATIENCE_S)
            wait_until(lambda: told_of(counter, first, "employer") == [GIVEN])
            wait_until(lambda: told_of(counter, report, "inspectorate") == [GIVEN])
            assert told_of(counter, first, "worker") == told_of(counter, first, "dossier") == []
            hanging.free.set()
            alone.free.set()
            wait_until(lambda: told_of(counter, first, "worker") == told_of(counter, first, "dossier") == [GIVEN])
            wait_until(lambda: told_of(counter, report, "fund") == [GIVEN])
        finally:
            hanging.free.set()
            alone.free.set()
            stop.set()
            working.join()
    assert list(auditing(counter.gateway).run()) == []


class Deaf:
    """A bell that nobody hears at some doors, and that waits there until it is let go."""

    def __init__(self, bell: Bell) -> None:
        self._bell, self.free = bell, threading.Event()
        self.waits_at: set[str] = set()

    def ring(self, place: Endpoint) -> Outcome:
        if "deaf" not in str(place.url):
            return self._bell.ring(place)
        self.waits_at.add(str(place.url))
        self.free.wait()
        return Deferred(code="endpoint-timeout")

    def close(self) -> None:
        self._bell.close()


def test_however_many_doors_hang_others_are_told(open_counter: Callable[..., Counter]) -> None:
    """More doors that hang than the worker rings at, and at last one that opens."""
    counter, open_door = open_counter(watch_every_s=0.05), Door()
    everybody = ("worker", "dossier", "employer", "inspectorate", "fund")
    bell = Deaf(counter.gateway.notifying.bell)
    notifying = replace(counter.gateway.notifying, bell=bell)
    gateway = replace(counter.gateway, notifying=notifying, watch=replace(counter.gateway.watch, notifying=notifying))
    stop = worker.Stop()
    working = threading.Thread(target=worker.run, args=(gateway, stop))
    with served(open_door) as address:
        working.start()
        try:
            for n in range(2):
                waiting = len(bell.waits_at) + len(everybody)
                hand_in_for(counter, {party: f"http://{party}.deaf{n}.test/" for party in everybody})
                wait_until(lambda waiting=waiting: len(bell.waits_at) == waiting)  # type: ignore[misc]
            assert len(bell.waits_at) > worker.RINGERS
            hand_in_for(counter, dict.fromkeys(everybody, address))
            wait_until(lambda: len(open_door.heard) >= len(everybody))
        finally:
            bell.free.set()
            stop.set()
            working.join()


def hand_in_for(counter: Counter, doors: dict[str, str]) -> None:
    """Two forms for parties that are told at these addresses."""
    for party, url in doors.items():
        record = party_record(counter.folder, party) | {"endpoint": {"kind": "mailbox", "url": url}}
        counter.gateway.registration.put(PartyRecord.model_validate(record).draft())
    for kind in ("be/health-assessment", "be/occupational-disease-report"):
        assert counter.accept(counter.form(kind), sender="service").answer


def test_at_one_door_one_rings_at_a_time_and_each_in_its_turn(http: Http, counter: Counter, clock: Hands) -> None:
    door, open_door = Hanging(), Door()
    with doors(counter, {"worker": door, "dossier": door, "employer": open_door}):
        view = hand_in(http, counter)
        look(counter, clock, timedelta(0))
        with ThreadPoolExecutor(1) as pool:
            ringing = pool.submit(counter.gateway.notifying.give_wanted)
            assert door.rung.wait(PATIENCE_S)
            # Whoever else rings now finds this door taken, and goes on with the others.
            counter.gateway.notifying.give_wanted()
            wait_until(lambda: told_of(counter, view, "employer") == [GIVEN])
            look(counter, clock, timedelta(minutes=5))  # asked for again meanwhile: no reason to ring twice
            assert counter.gateway.notifying.give_wanted() == 0
            door.free.set()
            assert ringing.result() >= 2, "and then for who came behind"
        assert counter.gateway.notifying.give_wanted() == 0
        assert told_of(counter, view, "worker") == told_of(counter, view, "dossier") == [GIVEN]
        assert len(door.heard) == 2
        counter.gateway.notifying.bell.close()
    nothing_is_wrong(counter)


def test_an_address_for_notices_is_checked_as_one_for_pushes(counter: Counter) -> None:
    for url in ("ftp://bell.example/x", "https://user@bell.example/", "http://169.254.1.1/"):
        record = party_record(counter.folder, "worker") | {"endpoint": {"kind": "mailbox", "url": url}}
        with pytest.raises(RegistrationRefused):
            counter.gateway.registration.put(PartyRecord.model_validate(record).draft())


def test_a_country_that_the_schemas_lack_stops_the_notices_of_its_copies_and_nothing_else(
    http: Http, counter: Counter, clock: Hands
) -> None:
    """Its folder was taken away while copies of it waited; the operator is told when that begins and when it ends."""
    dutch, belgian = Door(), Door()
    with doors(counter, {"expertise-centre": dutch, "worker": belgian}):
        form = counter.form("nl/expertise-advice-request")
        asked = http("institute").post("/v1/submissions", content=form, headers={"Content-Type": "application/xml"})
        assert asked.status_code == 201
        view, whole = hand_in(http, counter), counter.gateway.watch
        some = {name: days for name, days in whole.notifying.calendars.items() if name != "nl"}
        lacking = replace(whole, notifying=replace(whole.notifying, calendars=Calendars(some)))
        for _ in range(2):
            lacking.look()
            lacking.notifying.give_wanted()
            clock.turn(HOUR)
        assert (len(dutch.heard), len(belgian.heard)) == (0, 1)
        assert notices(http, view) == [GIVEN]
        assert open_alerts(http) == {("country-gone", "nl")}
        clock.turn(12 * HOUR)
        lacking.look()
        late = delivery_to(asked.json(), "expertise-centre")
        assert ("sender-warned", late) in open_alerts(http), "what needs no calendar goes on"
        whole.look()
        assert ("country-gone", "nl") not in open_alerts(http)
        told(counter, clock, DAY)
        whole.notifying.bell.close()
    assert dutch.heard
    found = http("admin").get("/v1/operations/alerts?all=true").json()["items"]
    assert [each["subject"] for each in found if each["kind"] == "country-gone"] == ["nl"]
    nothing_is_wrong(counter)
