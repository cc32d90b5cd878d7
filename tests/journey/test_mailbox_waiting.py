"""Waiting for a mailbox to fill, giving copies back, and how many may wait at once."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from gateway.api.waiting import MOST_EACH
from gateway.assembly import build
from tests.conftest import Counter
from tests.journey.test_mailboxes import Http, delivery_to, hand_in, lease

KIND = "be/health-assessment"
PATIENT = "/v1/mailbox?waitS=20"
THREADS = 40  # that the server has for requests


def asking(client: httpx2.AsyncClient, counter: Counter, *parties: str) -> list[asyncio.Task[httpx2.Response]]:
    """Requests of these parties, all at once, that wait."""
    headers = [{"Authorization": f"Bearer {counter.tokens[party]}"} for party in parties]
    return [asyncio.create_task(client.get(PATIENT, headers=own)) for own in headers]


async def the_first(requests: list[asyncio.Task[httpx2.Response]]) -> httpx2.Response:
    """The first answer; its request is taken off the list."""
    done, _ = await asyncio.wait(requests, return_when=asyncio.FIRST_COMPLETED)
    (task,) = done
    requests.remove(task)
    return task.result()


def items(answer: httpx2.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def test_who_waits_is_told_as_soon_as_a_copy_comes(http: Http, counter: Counter) -> None:
    with ThreadPoolExecutor(2) as pool:
        worker, dossier = (pool.submit(http(party).get, PATIENT, timeout=60) for party in ("worker", "dossier"))
        view = hand_in(http, counter, KIND)
        for party, answer in (("worker", worker), ("dossier", dossier)):
            (item,) = items(answer.result())
            assert item["deliveryId"] == delivery_to(view, party)
    after = http("worker").get(f"/v1/mailbox?waitS=1&after={item['cursor']}")
    assert items(after) == []


def test_a_copy_that_another_process_accepted_is_noticed(http: Http, counter: Counter) -> None:
    other = build(counter.gateway.config)
    try:
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(http("worker").get, PATIENT, timeout=60)
            sender = counter.party("service")
            other.intake.accept(counter.form(KIND), sender=sender, idempotency_key=None, language="en")
            assert len(items(answer.result())) == 1
    finally:
        other.store.close()


def test_many_who_wait_hold_up_nobody_and_each_party_has_its_share(http: Http, counter: Counter, url: str) -> None:
    parties = ["worker", "dossier", "employer", "fund", "inspectorate", "treating-doctor"]

    async def wait_and_work() -> tuple[httpx2.Response, list[httpx2.Response]]:
        limits = httpx2.Limits(max_connections=None)
        async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=60, limits=limits) as client:
            requests = asking(client, counter, *parties * MOST_EACH, "worker")
            sent_away = await the_first(requests)
            for kind in (KIND, "be/occupational-disease-report", "be/deliberation-decision"):
                await asyncio.to_thread(hand_in, http, counter, kind)
            return sent_away, await asyncio.gather(*requests)

    sent_away, answers = asyncio.run(wait_and_work())
    assert (sent_away.status_code, sent_away.json()["code"]) == (429, "too-many-waiting")
    assert int(sent_away.headers["Retry-After"]) > 0
    assert len(answers) == len(parties) * MOST_EACH > THREADS
    assert all(items(answer) for answer in answers)


def test_who_hangs_up_waits_no_longer(counter: Counter, url: str) -> None:
    async def come_and_go() -> None:
        async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
            own = {"Authorization": f"Bearer {counter.tokens['worker']}"}
            requests = asking(client, counter, *["worker"] * (MOST_EACH + 1))
            assert (await the_first(requests)).status_code == 429
            for request in requests:
                request.cancel()
            await asyncio.gather(*requests, return_exceptions=True)
            while (answer := await client.get("/v1/mailbox?waitS=1", headers=own)).status_code == 429:
                pass  # they hang up one after the other
            assert items(answer) == []

    asyncio.run(come_and_go())


@pytest.mark.parametrize("query", ["waitS=31", "waitS=-1", "waitS=x", "leased=true", "leased=", "wait=3"])
def test_nobody_waits_longer_than_may_be_nor_by_another_name(http: Http, query: str) -> None:
    assert http("worker").get(f"/v1/mailbox?{query}").status_code == 400


def test_a_copy_in_hand_is_not_free_and_is_free_again_when_it_was_given_back(http: Http, counter: Counter) -> None:
    delivery = delivery_to(hand_in(http, counter, KIND), "worker")
    worker = http("worker")
    held = lease(http, "worker", delivery)
    assert items(worker.get("/v1/mailbox?leased=false&waitS=1")) == []
    (listed,) = items(worker.get("/v1/mailbox"))
    assert listed["leasedUntil"]
    place = f"/v1/mailbox/{delivery}/leases"
    lease_id = held.headers["Sealpost-Lease-Id"]
    for party, given in (("worker", delivery), ("employer", lease_id), (None, lease_id)):
        refused = http(party).delete(f"{place}/{given}")
        assert refused.status_code == (401 if party is None else 404)
    assert lease(http, "worker", delivery).status_code == 409
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(worker.get, "/v1/mailbox?leased=false&waitS=20", timeout=60)
        assert http("worker").delete(f"{place}/{lease_id}").status_code == 204
        assert [item["deliveryId"] for item in items(answer.result())] == [delivery]
    assert http("worker").delete(f"{place}/{lease_id}").status_code == 404  # it runs no longer
    assert lease(http, "worker", delivery).status_code == 201


def test_a_lease_that_ran_out_makes_the_copy_free(http: Http, counter: Counter) -> None:
    delivery = delivery_to(hand_in(http, counter, KIND), "worker")
    assert lease(http, "worker", delivery, seconds=1).status_code == 201
    (item,) = items(http("worker").get("/v1/mailbox?leased=false&waitS=20", timeout=60))
    assert item["deliveryId"] == delivery


def test_the_pages_of_what_is_free_lead_to_one_another(http: Http, counter: Counter) -> None:
    deliveries = [delivery_to(hand_in(http, counter, KIND), "worker") for _ in range(3)]
    assert lease(http, "worker", deliveries[1]).status_code == 201
    found, page = [], "/v1/mailbox?leased=false&limit=1"
    while page:
        answer = http("worker").get(page).json()
        found += [item["deliveryId"] for item in answer["items"]]
        page = answer.get("next")
    assert found == [deliveries[0], deliveries[2]]
