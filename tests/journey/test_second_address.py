"""An organisation is told at its second address after one working day without its receipt; a person never is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from gateway.api.wire import PartyRecord
from gateway.demo.pki import party_record
from gateway.errors import RegistrationRefused
from gateway.notifying import AT_FURTHER_ADDRESS
from gateway.partyrecord import party_of
from gateway.partyrecord import party_record as text_of
from gateway.statement import read_statement
from signing import TrustPolicy
from tests.conftest import Counter, served
from tests.journey.test_mailboxes import delivery_to, hand_in
from tests.journey.test_notices import DAY, FAILED, GIVEN, Door, told
from tests.journey.test_operations import HOUR, Hands, act, look, nothing_is_wrong, sign_for

Http = Callable[[str | None], httpx2.Client]


@pytest.fixture
def clock() -> Hands:
    return Hands()


def put(counter: Counter, party: str, **more: Any) -> None:
    record = party_record(counter.folder, party) | more
    counter.gateway.registration.put(PartyRecord.model_validate(record).draft())


@contextmanager
def addresses(counter: Counter, party: str, *, own: Door | None, further: Door) -> Iterator[str]:
    """The second address of a party, which has its own one too if a door is given for it."""
    with served(further) as second, served(own or Door()) as first:
        endpoint = {"kind": "mailbox"} | ({} if own is None else {"url": f"{first}/bell"})
        put(counter, party, endpoint=endpoint, furtherNotice={"url": f"{second}/delegate"})
        yield f"{second}/delegate"
        counter.gateway.notifying.bell.close()


def given(counter: Counter, view: dict[str, Any], party: str) -> list[tuple[str, ...]]:
    """The notices of a party's copy, as its evidence says: the event and its reasons."""
    certificate = counter.gateway.witness.keys.keys[0].identity.certificate
    trust = TrustPolicy((certificate, *counter.trust.anchors), algorithms=counter.trust.algorithms)
    found = counter.gateway.store.read(lambda read: read.evidence_of(view["submissionId"]))
    own = [each for each in found if each.delivery_id == delivery_to(view, party) and each.event in (GIVEN, FAILED)]
    return [(each.event, *read_statement(each.raw, trust=trust, at=each.at).reasons) for each in own]


def rings(counter: Counter, clock: Hands, doors: dict[str, Door], *, days: int) -> dict[str, list[int]]:
    """After how many working days somebody rang at each door."""
    calendar = counter.gateway.catalogue.countries["be"].calendar
    since, heard = calendar.date_of(clock.at), {name: list[int]() for name in doors}
    passed = {calendar.last_day(since, length, "working-days").reading_c: length for length in range(1, days + 1)}
    for _ in range(24 * 2 * days + 96):
        before = {name: len(door.heard) for name, door in doors.items()}
        told(counter, clock)
        for name, door in doors.items():
            heard[name] += [passed.get(calendar.date_of(clock.at), 0)] * (len(door.heard) - before[name])
        clock.turn(HOUR)
    return heard


def test_the_second_address_is_told_once_after_one_working_day_beside_the_reminders_at_the_first(
    http: Http, counter: Counter, clock: Hands
) -> None:
    own, further = Door(), Door()
    with addresses(counter, "employer", own=own, further=further):
        view = hand_in(http, counter)
        assert rings(counter, clock, {"own": own, "further": further}, days=4) == {"own": [0, 1, 3], "further": [1]}
    ((_, body),) = further.heard
    assert json.loads(body) == {"event": "mailbox-not-empty", "gateway": counter.gateway.config.name}
    assert sorted(given(counter, view, "employer")) == [(GIVEN,)] * 3 + [(GIVEN, AT_FURTHER_ADDRESS)]
    assert given(counter, view, "worker") == []
    nothing_is_wrong(counter)


def test_who_signed_before_is_not_told_there(http: Http, counter: Counter, clock: Hands) -> None:
    further = Door()
    with addresses(counter, "employer", own=None, further=further):
        view = hand_in(http, counter)
        assert told(counter, clock, 12 * HOUR) == 0
        sign_for(http, counter, "employer", delivery_to(view, "employer"))
        assert told(counter, clock, 5 * DAY) == 0
    assert further.heard == []
    nothing_is_wrong(counter)


def test_an_organisation_whose_server_does_not_answer_is_told_at_its_second_address(
    counter: Counter, clock: Hands
) -> None:
    further = Door()
    with served(further) as second:
        put(
            counter,
            "employer",
            endpoint={"kind": "push", "url": "http://127.0.0.1:9/"},
            furtherNotice={"url": f"{second}/delegate"},
        )
        view = json.loads(counter.accept(counter.form("be/health-assessment"), sender="service").answer)
        assert rings(counter, clock, {"further": further}, days=3) == {"further": [1]}
        counter.gateway.notifying.bell.close()
    assert given(counter, view, "employer") == [(GIVEN, AT_FURTHER_ADDRESS)]
    nothing_is_wrong(counter)


def test_a_second_address_that_does_not_open_is_evidenced_and_the_first_goes_on(
    http: Http, counter: Counter, clock: Hands
) -> None:
    own, further = Door(), Door(answer=404)
    with addresses(counter, "employer", own=own, further=further):
        view = hand_in(http, counter)
        rings(counter, clock, {"own": own, "further": further}, days=4)
    assert sorted(given(counter, view, "employer")) == [
        (GIVEN,),
        (GIVEN,),
        (GIVEN,),
        (FAILED, AT_FURTHER_ADDRESS, "endpoint-status-404"),
    ]
    nothing_is_wrong(counter)


def test_one_that_is_registered_late_is_told_at_once_and_one_that_is_taken_back_not_any_more(
    http: Http, counter: Counter, clock: Hands
) -> None:
    view = hand_in(http, counter)
    look(counter, clock, 5 * DAY)
    further = Door()
    with addresses(counter, "employer", own=None, further=further):
        assert told(counter, clock, timedelta(minutes=1)) == 1
        act(http, delivery_to(view, "employer"), "mailbox", reason="recipient-asked")
        assert told(counter, clock, HOUR) == 0, "from the operator's act on it has a working day again"
        put(counter, "employer")
        assert told(counter, clock, 5 * DAY) == 0
    assert len(further.heard) == 1
    nothing_is_wrong(counter)


@pytest.mark.parametrize(
    ("party", "more"),
    [
        ("worker", {}),
        ("doctor", {}),
        ("worker", {"id": "nobody", "identifiers": {}}),
        ("treating-doctor", {"id": "practice", "identifiers": {"nihdi": "10003470001"}}),
    ],
)
def test_who_has_the_number_of_a_person_or_of_no_organisation_has_no_second_address(
    counter: Counter, party: str, more: dict[str, Any]
) -> None:
    cleared: dict[str, Any] = {"signingCertificates": [], "sealingCertificate": None} if more else {}
    put(counter, party, **cleared, **more)
    with pytest.raises(RegistrationRefused, match="further-notice-of-a-person"):
        put(counter, party, **cleared, **more, furtherNotice={"url": "https://delegate.example/bell"})


@pytest.mark.parametrize(
    "url", ["ftp://bell.example/x", "https://user@bell.example/", "http://169.254.1.1/", "https://own.example/bell"]
)
def test_a_second_address_is_checked_as_the_first_and_is_another_one(counter: Counter, url: str) -> None:
    endpoint = {"kind": "mailbox", "url": "https://own.example/bell"}
    with pytest.raises(RegistrationRefused, match="endpoint-"):
        put(counter, "employer", endpoint=endpoint, furtherNotice={"url": url})


def test_the_register_shows_it_and_keeps_its_authority(http: Http, counter: Counter) -> None:
    pem = counter.folder.anchors.read_text()
    with http("admin") as admin:
        record = party_record(counter.folder, "employer")
        further = {"url": "https://delegate.example/bell", "caCertificate": pem}
        answer = admin.put("/v1/parties/employer", json=record | {"furtherNotice": further})
        assert answer.json()["furtherNotice"] == {"url": "https://delegate.example/bell"}
        assert admin.get("/v1/parties/employer").json()["furtherNotice"] == {"url": "https://delegate.example/bell"}
        wrong = admin.put("/v1/parties/employer", json=record | {"furtherNotice": {"uri": "https://delegate.example/"}})
        assert wrong.status_code == 400
    party = counter.party("employer")
    assert party.further_notice is not None
    assert party_of(text_of(party)) == party
    nothing_is_wrong(counter)


def test_the_text_of_a_party_without_one_is_what_it_was_before_there_were_any(counter: Counter) -> None:
    """The journal binds it."""
    assert "furtherNotice" not in text_of(counter.party("worker"))
