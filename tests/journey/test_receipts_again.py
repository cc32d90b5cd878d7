"""What a recipient says twice, says out of turn, or says so often that it would fill the disk."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import httpx2
from starlette.requests import Request
from starlette.responses import Response

from gateway.api.app import create_app
from gateway.assembly import auditing, dispatching
from gateway.envelope import OpenedEnvelope
from gateway.model import DeliveryId
from gateway.steps import ENDPOINT_DOWN, RECEIPT_ODD
from signing import sha256
from tests.conftest import Counter, callers, served
from tests.journey.test_mailboxes import Http, delivery_to, hand_in, lease, opened, receipt_of, send_receipt
from tests.journey.test_operations import Hands
from tests.journey.test_push import Endpoint

OpenCounter = Callable[..., Counter]
ACCEPTED, PROCESSED = {"outcome": "accepted"}, {"outcome": "processed"}
REFUSED = {"outcome": "refused", "reason": "not-competent"}


def a_copy(http: Http, counter: Counter) -> tuple[str, OpenedEnvelope]:
    delivery = delivery_to(hand_in(http, counter), "worker")
    return delivery, opened(counter, "worker", lease(http, "worker", delivery).content)


def open_alerts(counter: Counter, subject: str) -> set[str]:
    return {alert.kind for alert in counter.gateway.store.read(lambda view: view.open_alerts(subject))}


def test_what_is_signed_anew_is_answered_as_before(http: Http, counter: Counter) -> None:
    """As by a client that lost the answer, or has two workers: signature and time differ, what it says does not."""
    delivery, envelope = a_copy(http, counter)

    def say(what: dict[str, str]) -> httpx2.Response:
        time.sleep(0.001)
        return send_receipt(http, "worker", delivery, receipt_of(counter, "worker", envelope, **what))

    said = [say(what) for what in (ACCEPTED, ACCEPTED, PROCESSED, PROCESSED, ACCEPTED)]
    assert [each.status_code for each in said] == [201, 200, 201, 200, 200]
    taken, processed = said[0].json(), said[2].json()
    assert [each.json() for each in said] == [taken, taken, processed, processed, taken]
    kept = counter.gateway.store.read(lambda view: view.receipts_of(DeliveryId(delivery)))
    assert [each.outcome for each in kept].count("receipt-said-before") == 3
    assert list(auditing(counter.gateway).run()) == []


def test_a_good_receipt_out_of_turn_is_not_called_worthless(http: Http, counter: Counter) -> None:
    delivery, envelope = a_copy(http, counter)

    def say(what: dict[str, str]) -> dict[str, Any]:
        answer = send_receipt(http, "worker", delivery, receipt_of(counter, "worker", envelope, **what))
        return {**answer.json(), "status": answer.status_code}

    early = say(PROCESSED)
    assert (early["status"], early["code"]) == (422, "receipt-after-consigned")
    assert "is yours" in early["title"]
    assert "before you sign that it was processed" in early["detail"]
    assert open_alerts(counter, delivery) == {RECEIPT_ODD}
    assert say(ACCEPTED)["status"] == 201
    late = say(REFUSED)
    assert (late["code"], "is yours" in late["title"]) == ("receipt-after-handed-over", True)
    assert counter.state(delivery) == "handed-over"


def test_a_recipient_that_signs_on_both_ways_is_healthy(open_counter: OpenCounter) -> None:
    """It posts a receipt by call-back before it answers the push with another one, or with one that is early."""
    for answered in (ACCEPTED, PROCESSED, REFUSED):

        def behave(endpoint: Endpoint, _: Request, body: bytes, answered: dict[str, str] = answered) -> Response:
            assert endpoint.counter is not None
            note = endpoint.opened(body)
            raw = receipt_of(endpoint.counter, "fund", note)
            party = endpoint.counter.party("fund")
            endpoint.counter.gateway.receipts.take(raw, delivery_id=note.consignment.delivery_id, party=party)
            return endpoint.receipt(body, **answered)

        recipient = Endpoint(behave)
        with served(recipient) as url:
            record = {"kind": "push", "url": f"{url}/in"}
            recipient.counter = counter = open_counter({"fund": record}, breaker_failures=1)
            forms = 3
            for _ in range(forms):
                counter.accept(counter.form("be/occupational-disease-report"), sender="service")
            with dispatching(counter.gateway) as dispatch:
                while len(recipient.bodies) < forms:
                    dispatch.deliver_due()
        assert open_alerts(counter, "fund") == set()


def test_an_endpoint_that_answers_with_rubbish_is_not_healthy(open_counter: OpenCounter) -> None:
    recipient = Endpoint(lambda *_: Response(b"<Rubbish/>", media_type="application/xml"))
    with served(recipient) as url:
        counter = open_counter({"fund": {"kind": "push", "url": f"{url}/in"}}, breaker_failures=1)
        counter.accept(counter.form("be/occupational-disease-report"), sender="service")
        with dispatching(counter.gateway) as dispatch:
            dispatch.deliver_due()
    assert open_alerts(counter, "fund") == {ENDPOINT_DOWN}


def test_what_came_of_a_copy_before_is_not_read_again_for_what_its_recipient_repeats(
    http: Http, counter: Counter
) -> None:
    """Else who had much kept of a copy of its own held up everybody's writing with each repetition."""
    delivery, envelope = a_copy(http, counter)
    for number in range(100):
        raw = b"<Rubbish>%d%s</Rubbish>" % (number, b"x" * 60_000)
        assert send_receipt(http, "worker", delivery, raw).status_code == 422
    said = [receipt_of(counter, "worker", envelope) for _ in range(2)]
    assert send_receipt(http, "worker", delivery, said[0]).status_code == 201
    tracemalloc.start()
    try:
        assert send_receipt(http, "worker", delivery, said[1]).status_code == 200
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 3_000_000


def test_nobody_fills_the_disk_with_receipts_for_its_own_copy(open_counter: OpenCounter) -> None:
    counter = open_counter(kept_per_day=3, clock=Hands())  # it stays the same day
    with served(create_app(counter.gateway)) as url, callers(url, counter) as http:
        delivery, envelope = a_copy(http, counter)
        other, others = a_copy(http, counter)
        rubbish = [b"<Rubbish>%d</Rubbish>" % number for number in range(6)]
        answers = [send_receipt(http, "worker", delivery, raw) for raw in rubbish]
        assert [each.status_code for each in answers] == [422, 422, 422, 429, 429, 429]
        assert answers[-1].json()["code"] == "too-many-receipts"
        assert 0 < int(answers[-1].headers["Retry-After"]) <= 24 * 3600
        assert send_receipt(http, "worker", delivery, rubbish[0]).status_code == 422  # it is there already
        kept = counter.gateway.store.read(lambda view: view.receipts_of(DeliveryId(delivery)))
        assert [each.digest for each in kept] == [sha256(raw) for raw in rubbish[:3]]
        # What moves a copy counts whatever came before it; so does what must stop one.
        wrong = receipt_of(counter, "worker", envelope, envelope_digest=sha256(b"another"))
        assert send_receipt(http, "worker", delivery, wrong).status_code == 422
        assert counter.state(delivery) == "suspended"
        for mine, note in ((delivery, envelope), (other, others)):
            assert send_receipt(http, "worker", mine, receipt_of(counter, "worker", note)).status_code == 201
        again = receipt_of(counter, "worker", others)
        assert send_receipt(http, "worker", other, again).status_code == 200  # and is not kept
        assert counter.gateway.store.read(lambda view: view.receipt_by_digest(DeliveryId(other), sha256(again))) is None
    assert list(auditing(counter.gateway).run()) == []
