"""Every operation of the API, asked by everybody whom it does not concern: the same answer as for what does not
exist."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import httpx2

from gateway.api.app import create_app
from gateway.model import PartyId
from tests.conftest import Counter
from tests.journey.test_mailboxes import hand_in, lease, opened, receipt_of, send_receipt

Http = Callable[[str | None], httpx2.Client]
NOBODYS = "01890000-0000-7000-8000-000000000000"
BODIES: dict[str, dict[str, Any]] = {
    "leaseDelivery": {"json": {"seconds": 60}},
    "openDelivery": {"json": {}},
    "createReceipt": {"content": b"<Receipt/>", "headers": {"Content-Type": "application/xml"}},
    "createAct": {"json": {"act": "close", "reason": "other", "by": "desk-1"}},
    "createErasure": {"json": {"reason": "retention-ended", "by": "desk-1"}},
    "createRenewal": {"json": {"before": "2030-01-01"}},
    "createRehashing": {"json": {"digest": "sha512"}},
    "takePrintJob": {"json": {}},
    "createPaperFailure": {"json": {"reason": "other"}},
    "createDeposit": {
        "json": {"number": "RR-1234", "on": "2026-01-01", "proof": "AAAA", "proofType": "application/pdf"}
    },
    "createSlip": {"json": {"outcome": "returned", "on": "2026-01-01", "proof": "AAAA", "proofType": "image/png"}},
    "putParty": {"json": {"id": "worker", "name": "X", "roles": ["Worker"]}},
}


def operations(counter: Counter) -> Iterator[tuple[str, str, str]]:
    """Method, path and name of every operation that is about one thing."""
    for path, methods in create_app(counter.gateway).openapi()["paths"].items():
        for method, about in methods.items():
            if "{" in path:
                yield method, path, about["operationId"]


def told(answer: httpx2.Response) -> tuple[int, dict[str, Any]]:
    """What an answer says, without what is different each time."""
    return answer.status_code, {name: said for name, said in answer.json().items() if name != "instance"}


def test_what_is_another_partys_is_answered_like_what_does_not_exist(http: Http, counter: Counter) -> None:
    http = cache(http)
    view = hand_in(http, counter)
    first, *others = view["deliveries"]
    leased = lease(http, first["party"], first["deliveryId"])
    envelope = opened(counter, first["party"], leased.content)
    send_receipt(http, first["party"], first["deliveryId"], receipt_of(counter, first["party"], envelope))
    evidence = http(view["sender"]).get(f"{view['href']}/evidence").json()["items"]
    read = counter.gateway.store.read
    things = {
        "submission_id": view["submissionId"],
        "delivery_id": first["deliveryId"],
        "evidence_id": next(each["evidenceId"] for each in evidence if "receiptHref" in each),
        "case_id": read(lambda view: view.cases_of(PartyId(first["party"]), after=0, limit=1))[0][1],
        "lease_id": leased.headers["Sealpost-Lease-Id"],
        "receipt_id": read(lambda view: view.receipts_of(first["deliveryId"]))[0].id,
        "party_id": first["party"],
    }
    before = stored(counter)
    recipients = {each["party"] for each in others}
    asked = set()
    for party in set(counter.tokens) - {view["sender"], first["party"]}:
        for method, path, name in operations(counter):
            names = set(re.findall(r"\{(\w+)\}", path))
            if not names & set(things) or (party in recipients and names & {"submission_id", "case_id"}):
                continue
            answers = [
                told(http(party).request(method, path.format(**ids), **BODIES.get(name, {})))
                for ids in (things, dict.fromkeys(things, NOBODYS))
            ]
            assert answers[0] == answers[1], (party, name)
            assert answers[0][0] in (403, 404), (party, name)
            asked.add(name)
    assert len(asked) > 25
    assert stored(counter) == before
    assert (counter.state(first["deliveryId"]), len(recipients)) == ("handed-over", len(others))


def stored(counter: Counter) -> tuple[Any, ...]:
    """What nobody could move: copies, evidence, parties, leases."""

    def look(view: Any) -> tuple[Any, ...]:
        forms = [each for _, each in view.submission_ids(after=0, limit=100)]
        copies = [each for form in forms for each in view.deliveries_of(form)]
        return copies, [view.evidence_of(form) for form in forms], view.parties()

    return counter.gateway.store.read(look)
