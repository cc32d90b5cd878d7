"""Who has a copy in hand keeps it, whatever the watch, an operator or a push does meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import anyio
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.api.app import create_app
from gateway.assembly import dispatching
from tests.conftest import Counter, callers, served
from tests.journey.test_mailboxes import Http, delivery_to, hand_in, lease

OpenCounter = Callable[..., Counter]
ACT = {"reason": "recipient-asked", "by": "desk-1"}


def test_an_operators_act_takes_a_copy_out_of_nobodys_hands(http: Http, counter: Counter) -> None:
    delivery = delivery_to(hand_in(http, counter), "worker")
    first = lease(http, "worker", delivery, seconds=600)
    place = f"/v1/operations/deliveries/{delivery}/acts"
    for act in ("mailbox", "close"):
        assert http("admin").post(place, json={"act": act, **ACT}).status_code == 201
        refused = lease(http, "worker", delivery)
        assert (refused.status_code, refused.json()["code"]) == (409, "delivery-leased")
    mine = f"/v1/mailbox/{delivery}/leases/{first.headers['Sealpost-Lease-Id']}"
    assert http("worker").delete(mine).status_code == 204
    assert lease(http, "worker", delivery).status_code == 201


class Slow:
    """A recipient that takes its time; counts the pushes of one copy that run at once."""

    def __init__(self) -> None:
        self.came, self.go_on = threading.Event(), threading.Event()
        self.running = self.most = self.pushes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await Request(scope, receive).body()
        self.pushes += 1
        self.running += 1
        self.most = max(self.most, self.running)
        self.came.set()
        while not self.go_on.is_set():
            await anyio.sleep(0.01)
        self.running -= 1
        await Response(status_code=503)(scope, receive, send)


def test_a_copy_on_its_way_is_neither_leased_nor_pushed_beside(open_counter: OpenCounter) -> None:
    recipient = Slow()
    with served(recipient) as endpoint:
        counter = open_counter({"fund": {"kind": "push", "url": f"{endpoint}/in"}})
        with (
            served(create_app(counter.gateway)) as url,
            callers(url, counter) as http,
            dispatching(counter.gateway) as dispatch,
        ):
            delivery = delivery_to(hand_in(http, counter, "be/occupational-disease-report"), "fund")
            dispatch.deliver_due()
            assert recipient.came.wait(10)
            refused = lease(http, "fund", delivery)
            assert (refused.status_code, refused.json()["code"]) == (409, "delivery-leased")
            again = http("admin").post(f"/v1/operations/deliveries/{delivery}/acts", json={"act": "retry", **ACT})
            assert again.status_code == 201
            for _ in range(5):
                assert dispatch.deliver_due() == 0
            assert recipient.pushes == 1
            recipient.go_on.set()
            while recipient.pushes == 1:  # the operator's retry gets a try of its own
                dispatch.deliver_due()
                time.sleep(0.01)
    assert recipient.most == 1


def test_a_try_is_over_before_its_lease_ends(open_counter: OpenCounter) -> None:
    recipient = Slow()
    with served(recipient) as endpoint:
        counter = open_counter({"fund": {"kind": "push", "url": f"{endpoint}/in"}}, lease_s=1)
        counter.accept(counter.form("be/occupational-disease-report"), sender="service")
        fund = counter.party("fund").id
        with dispatching(counter.gateway) as dispatch:
            while recipient.pushes < 2:
                dispatch.deliver_due()
            (copy,) = counter.gateway.store.read(lambda view: view.mailbox(fund, after=0, limit=1))
            recipient.go_on.set()
        assert copy.last_problem == "endpoint-timeout"  # the first one had ended, and was not just left to itself
