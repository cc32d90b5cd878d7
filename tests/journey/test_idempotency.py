"""The same handed in again: under the same key, under another one, with other bytes, by another sender, too often."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from lxml import etree

from gateway.api.app import create_app
from gateway.demo.pki import party_record
from gateway.errors import StoreUnavailable, TooMuch
from gateway.intake import Rejected
from signing import sha256
from tests.conftest import Counter, served
from tests.journey.test_operations import Hands
from tests.patience import http_client, wait_until

Http = Callable[[str | None], httpx2.Client]
XML = {"Content-Type": "application/xml"}
DOCUMENT_ID = ".//{urn:sealpost:common:1}DocumentId"


def hand_in(client: httpx2.Client, form: bytes, key: str | None = None) -> httpx2.Response:
    headers = XML if key is None else {**XML, "Idempotency-Key": key}
    return client.post("/v1/submissions", content=form, headers=headers)


def number_of(form: bytes) -> str:
    return etree.fromstring(form).findtext(DOCUMENT_ID) or ""


def test_same_key_same_bytes_is_the_first_answer_with_the_same_evidence(http: Http, counter: Counter) -> None:
    form, worker = counter.form("be/appeal"), http("worker")
    first, again = hand_in(worker, form, "k"), hand_in(worker, form, "k")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content
    assert len(worker.get(f"{first.json()['href']}/evidence").json()["items"]) == 2, "acceptance and consignment, once"


def test_same_key_other_bytes_is_a_conflict_that_names_both_and_the_first(http: Http, counter: Counter) -> None:
    one, two, worker = counter.form("be/appeal"), counter.form("be/appeal"), http("worker")
    first = hand_in(worker, one, "k").json()
    refused = hand_in(worker, two, "k")
    assert (refused.status_code, refused.headers["Content-Type"]) == (409, "application/problem+json")
    problem = refused.json()
    assert problem["code"] == "idempotency-key-reused"
    assert (problem["firstDigest"], problem["digest"]) == (sha256(one), sha256(two))
    assert worker.get(problem["href"]).json()["submissionId"] == first["submissionId"]


def test_another_key_same_bytes_points_to_the_first_and_says_so(http: Http, counter: Counter) -> None:
    form, worker = counter.form("be/appeal"), http("worker")
    first = hand_in(worker, form, "one").json()
    for key in ("two", None, "two"):
        again = hand_in(worker, form, key)
        assert again.status_code == 200
        assert again.headers["Location"] == first["href"]
        assert again.json() == {**first, "duplicateOf": first["submissionId"]}
    assert len(http("inspectorate").get("/v1/mailbox").json()["items"]) == 1


def test_a_further_key_is_taken_too(http: Http, counter: Counter) -> None:
    one, two, worker = counter.form("be/appeal"), counter.form("be/appeal"), http("worker")
    hand_in(worker, one, "one")
    hand_in(worker, one, "further")
    refused = hand_in(worker, two, "further")
    assert (refused.status_code, refused.json()["firstDigest"]) == (409, sha256(one))


def test_another_key_same_number_other_bytes_is_a_conflict(http: Http, counter: Counter) -> None:
    form, worker = counter.form("be/appeal"), http("worker")
    hand_in(worker, form, "one")
    other = counter.form("be/appeal", fill={"f:Header/c:DocumentId": number_of(form)})
    refused = hand_in(worker, other, "two")
    assert (refused.status_code, [issue["code"] for issue in refused.json()["issues"]]) == (409, ["GEN-02"])


def test_a_key_is_found_as_it_was_sent_quoted_or_not(http: Http, counter: Counter) -> None:
    worker = http("worker")
    first = hand_in(worker, counter.form("be/appeal"), '"k-1"').json()
    for key in ('"k-1"', "k-1"):
        (found,) = worker.get("/v1/submissions", params={"idempotencyKey": key}).json()["items"]
        assert found["submissionId"] == first["submissionId"]


def test_one_handing_in_has_one_key(http: Http, counter: Counter) -> None:
    form, worker = counter.form("be/appeal"), http("worker")

    def under(*keys: str) -> httpx2.Response:
        headers = [("Content-Type", "application/xml"), *(("Idempotency-Key", key) for key in keys)]
        return worker.post("/v1/submissions", content=form, headers=headers)

    refused = under("one", "two")
    assert (refused.status_code, refused.json()["code"]) == (400, "idempotency-key-ambiguous")
    assert worker.get("/v1/submissions").json()["items"] == []
    assert under("one", "one").status_code == 201, "said twice is not two"


def test_keys_of_another_sender_are_its_own(http: Http, counter: Counter) -> None:
    assert hand_in(http("worker"), counter.form("be/appeal"), "k").status_code == 201
    assert hand_in(http("service"), counter.form("be/occupational-disease-report"), "k").status_code == 201


def test_what_was_refused_leaves_its_key_free(http: Http, counter: Counter) -> None:
    bad = counter.form("be/health-assessment", leave_out=["f:Recommendations"])
    service = http("service")
    assert hand_in(service, bad, "k").status_code == 422
    assert hand_in(service, counter.form("be/health-assessment"), "k").status_code == 201


def test_what_was_taken_in_is_not_refused_later(http: Http, counter: Counter) -> None:
    """The sender has lost its mandate: handed in for the first time today, the form would be refused."""
    form = counter.form("be/health-assessment")
    first = hand_in(http("service"), form, "k")
    assert first.status_code == 201
    administrator = http("admin")
    record: dict[str, Any] = {**party_record(counter.folder, "service"), "mandates": []}
    assert administrator.put("/v1/parties/service", json=record).status_code == 200
    assert hand_in(http("service"), counter.form("be/health-assessment"), "fresh").status_code == 403
    for key in ("k", "other"):
        again = hand_in(http("service"), form, key)
        assert (again.status_code, again.json()["submissionId"]) == (200, first.json()["submissionId"])


@contextmanager
def store_held(counter: Counter) -> Iterator[None]:
    """The store's file lock, as another process holds it that does not come to an end."""
    path = counter.gateway.config.store_path
    with path.with_name(f"{path.name}.lock").open("ab") as lock:
        fcntl.flock(lock.fileno(), fcntl.LOCK_EX)
        yield


def test_who_waits_for_the_disk_holds_up_nobody_who_has_a_form_judged(http: Http, counter: Counter) -> None:
    """All of them are judged and wait for one commit."""
    worker, forms = http("worker"), [counter.form("be/appeal") for _ in range(8)]
    with ThreadPoolExecutor(len(forms)) as threads:
        with store_held(counter):
            answers = [threads.submit(hand_in, worker, form, f"key-{number}") for number, form in enumerate(forms)]
            for number in range(len(forms)):
                asked = {"idempotencyKey": f"key-{number}"}
                wait_until(lambda asked=asked: worker.get("/v1/submissions", params=asked).json()["running"])  # type: ignore[misc]
        assert {answer.result().status_code for answer in answers} == {201}


def test_a_first_attempt_that_failed_technically_is_as_if_it_had_not_been(counter: Counter) -> None:
    form = counter.form("be/appeal")
    with store_held(counter), pytest.raises(StoreUnavailable):
        counter.accept(form, sender="worker", key="k")
    other = counter.form("be/appeal")
    taken = accept_when_free(counter, other)
    assert not taken.repeated, "other bytes under the key of what never was"


def accept_when_free(counter: Counter, form: bytes) -> Any:
    """The writer finds out that the file is free when it has committed."""
    while True:
        try:
            return counter.accept(form, sender="worker", key="k")
        except StoreUnavailable:
            continue


def test_a_sender_cannot_fill_the_disk_with_refusals(open_counter: Callable[..., Counter]) -> None:
    clock = Hands()  # which stands: the day does not end meanwhile
    counter = open_counter(kept_per_day=3, clock=clock)
    bad = [counter.form("be/health-assessment", leave_out=["f:Recommendations"]) for _ in range(5)]
    good = counter.form("be/health-assessment")
    with served(create_app(counter.gateway)) as url:
        headers = {"Authorization": f"Bearer {counter.tokens['service']}"}
        with http_client(url, headers) as service:
            assert [hand_in(service, each).status_code for each in bad] == [422, 422, 422, 429, 429]
            refused = hand_in(service, bad[0])
            assert refused.json()["code"] == "too-many-refusals"
            tomorrow = datetime.combine(clock.at.date() + timedelta(days=1), datetime.min.time(), UTC)
            assert int(refused.headers["Retry-After"]) == (tomorrow - clock.at).total_seconds()
            assert len(service.get("/v1/submissions").json()["items"]) == 3, "no more is kept"
            assert hand_in(service, good, "one").status_code == 201, "what is in order is taken in as before"
            assert hand_in(service, good, "one").status_code == 200
            assert hand_in(service, good, "two").status_code == 429, "a further key would be kept too"
            other = {"Authorization": f"Bearer {counter.tokens['employer']}"}
            worse = counter.form("be/health-surveillance-request", fill={"f:Header/c:DocumentId": "x"})
            assert service.post("/v1/submissions", content=worse, headers={**XML, **other}).status_code == 422


def test_the_next_day_begins_at_nothing(open_counter: Callable[..., Counter]) -> None:
    clock = Hands()
    counter = open_counter(kept_per_day=1, clock=clock)
    bad = [counter.form("be/health-assessment", leave_out=["f:Recommendations"]) for _ in range(3)]
    assert isinstance(counter.accept(bad[0], sender="service"), Rejected)
    with pytest.raises(TooMuch):
        counter.accept(bad[1], sender="service")
    clock.turn(timedelta(days=1))
    assert isinstance(counter.accept(bad[2], sender="service"), Rejected)
