"""Pushing copies to endpoints that behave, and to endpoints that do not: real servers on loopback."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.assembly import dispatching
from gateway.demo.processes import LOOPBACK, free_ports
from gateway.envelope import OpenedEnvelope, open_envelope
from gateway.errors import RegistrationRefused
from gateway.idempotency import Accepted
from gateway.model import DeliveryId, DeliveryState, Evidence
from gateway.receipt import build_receipt
from gateway.views import EndpointRecord
from signing import identity_to_pem, issuing, sha256
from tests.conftest import Counter, served
from tests.journey.test_operations import Hands
from tests.patience import deliver_until, wait_until

OpenCounter = Callable[..., Counter]
PARTY = "fund"


@dataclass
class Endpoint:
    """A recipient's server; `behave` decides how it answers."""

    behave: Callable[[Endpoint, Request, bytes], Response]
    bodies: list[bytes] = field(default_factory=list)
    attempts: list[dict[str, str]] = field(default_factory=list)
    counter: Counter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        self.bodies.append(body)
        self.attempts.append(dict(request.headers))
        await self.behave(self, request, body)(scope, receive, send)

    def opened(self, body: bytes) -> OpenedEnvelope:
        assert self.counter is not None
        identity, trust = self.counter.identity(PARTY, "sealing"), self.counter.trust
        return open_envelope(body, identity=identity, trust=trust, at=datetime.now(UTC))

    def receipt(self, body: bytes, signer: str = PARTY, **about: Any) -> Response:
        assert self.counter is not None
        identity = self.counter.identity(signer)
        note = self.opened(body).consignment
        raw = build_receipt(note, envelope_digest=sha256(body), identity=identity, at=datetime.now(UTC), **about)
        return Response(raw, media_type="application/xml")


def good(endpoint: Endpoint, _: Request, body: bytes) -> Response:
    return endpoint.receipt(body)


def first(bad: Response) -> Callable[[Endpoint, Request, bytes], Response]:
    """`bad` to the first attempt, a receipt to the others."""
    return lambda endpoint, _, body: bad if len(endpoint.bodies) == 1 else endpoint.receipt(body)


@contextmanager
def pushed_to(open_counter: OpenCounter, endpoint: Endpoint, **changes: Any) -> Iterator[tuple[Counter, Accepted]]:
    """A counter that pushes a disease report to the Fund's `endpoint`, form accepted, nothing tried yet."""
    with ExitStack() as stack:
        url = stack.enter_context(served(endpoint))
        record: EndpointRecord = {"kind": "push", "url": f"{url}/deliveries"}
        endpoint.counter = counter = open_counter({PARTY: record}, **changes)
        accepted = counter.accept(counter.form("be/occupational-disease-report"), sender="service")
        assert isinstance(accepted, Accepted)
        yield counter, accepted


def delivery(counter: Counter, accepted: Accepted) -> Any:
    deliveries = counter.gateway.store.read(lambda view: view.deliveries_of(accepted.submission_id))
    return next(each for each in deliveries if each.party == PARTY)


def proofs(counter: Counter, accepted: Accepted) -> list[Evidence]:
    wanted = delivery(counter, accepted).id
    found = counter.gateway.store.read(lambda view: view.evidence_of(accepted.submission_id))
    return [each for each in found if each.delivery_id == wanted]


def settled(counter: Counter, accepted: Accepted) -> Callable[[], bool]:
    return lambda: delivery(counter, accepted).state is not DeliveryState.CONSIGNED


def test_a_receipt_in_the_answer_hands_the_copy_over(open_counter: OpenCounter) -> None:
    endpoint = Endpoint(good)
    with pushed_to(open_counter, endpoint) as (counter, accepted):
        deliver_until(counter.gateway, settled(counter, accepted))
        found = delivery(counter, accepted)
        assert (found.state, found.attempts) == (DeliveryState.HANDED_OVER, 1)
        assert [proof.event for proof in proofs(counter, accepted)] == ["ContentConsignment", "ContentHandover"]
        headers = endpoint.attempts[0]
        assert headers["sealpost-delivery-id"] == found.id
        assert headers["sealpost-envelope-digest"] == found.envelope_digest
        assert "authorization" not in headers


PASSING_TROUBLES = {
    "500": Response("trouble", 500),
    "503": Response("later", 503),
    "429": Response("slowly", 429),
    "200 with rubbish": Response(b"\x00rubbish", 200, media_type="application/xml"),
    "200 that is not XML": Response("thank you", 200, media_type="text/plain"),
    "200 without end": Response(b"x" * 100_000, 200, media_type="application/xml"),
    "204": Response(status_code=204),
}


@pytest.mark.parametrize("trouble", PASSING_TROUBLES)
def test_after_a_passing_trouble_the_same_bytes_come_again(open_counter: OpenCounter, trouble: str) -> None:
    endpoint = Endpoint(first(PASSING_TROUBLES[trouble]))
    with pushed_to(open_counter, endpoint) as (counter, accepted):
        deliver_until(counter.gateway, settled(counter, accepted))
        assert delivery(counter, accepted).state is DeliveryState.HANDED_OVER
        assert len(endpoint.bodies) == 2
        assert endpoint.bodies[0] == endpoint.bodies[1]
        ids = {attempt["sealpost-delivery-id"] for attempt in endpoint.attempts}
        assert ids == {delivery(counter, accepted).id}
        assert [attempt["sealpost-attempt"] for attempt in endpoint.attempts] == ["1", "2"]


PERMANENT = {
    "400": Response(status_code=400),
    "403": Response(status_code=403),
    "410": Response(status_code=410),
    "redirect": Response(status_code=302, headers={"Location": "http://127.0.0.1:1/elsewhere"}),
}


@pytest.mark.parametrize("refusal", PERMANENT)
def test_after_a_permanent_refusal_nothing_is_tried_and_the_copy_stays_ready(
    open_counter: OpenCounter, refusal: str
) -> None:
    endpoint = Endpoint(lambda *_: PERMANENT[refusal])
    with pushed_to(open_counter, endpoint) as (counter, accepted):
        deliver_until(counter.gateway, settled(counter, accepted))
        found = delivery(counter, accepted)
        assert found.state is DeliveryState.SUSPENDED
        assert found.due_at is None
        assert len(endpoint.bodies) == 1
        assert [proof.event for proof in proofs(counter, accepted)][-1] == "ContentHandoverFailure"
        party = counter.party(PARTY)
        leased = counter.gateway.mailboxes.lease(party, found.id, seconds=60)
        raw = endpoint.receipt(leased.envelope).body
        counter.gateway.receipts.take(bytes(raw), delivery_id=found.id, party=party)
        assert counter.state(found.id) == DeliveryState.HANDED_OVER  # a late positive fact always counts


def test_202_means_later_and_the_receipt_may_come_by_call_back(open_counter: OpenCounter) -> None:
    endpoint = Endpoint(lambda *_: Response(status_code=202))
    with pushed_to(open_counter, endpoint) as (counter, accepted):
        deliver_until(counter.gateway, lambda: bool(endpoint.bodies))
        found = delivery(counter, accepted)
        assert found.state is DeliveryState.CONSIGNED
        raw = bytes(endpoint.receipt(endpoint.bodies[0]).body)
        counter.gateway.receipts.take(raw, delivery_id=found.id, party=counter.party(PARTY))
        assert counter.state(found.id) == DeliveryState.HANDED_OVER


def test_a_receipt_signed_by_somebody_else_moves_nothing(open_counter: OpenCounter) -> None:
    signers = ["employer"]
    endpoint = Endpoint(lambda e, _, body: e.receipt(body, signer=signers[-1]))
    with pushed_to(open_counter, endpoint) as (counter, accepted):
        deliver_until(counter.gateway, lambda: delivery(counter, accepted).attempts >= 2)
        assert delivery(counter, accepted).state is DeliveryState.CONSIGNED
        assert delivery(counter, accepted).last_problem == "receipt-by-a-stranger"
        signers.append(PARTY)
        deliver_until(counter.gateway, settled(counter, accepted))
        assert delivery(counter, accepted).state is DeliveryState.HANDED_OVER


def test_a_recipient_that_refuses_with_its_signature_has_declined(open_counter: OpenCounter) -> None:
    endpoint = Endpoint(lambda e, _, body: e.receipt(body, outcome="refused", reason="not-competent"))
    with pushed_to(open_counter, endpoint) as (counter, accepted):
        deliver_until(counter.gateway, settled(counter, accepted))
        assert delivery(counter, accepted).state is DeliveryState.DECLINED
        assert [proof.event for proof in proofs(counter, accepted)][-1] == "ConsignmentRejection"


def test_when_the_time_for_trying_is_over_there_is_evidence_of_it(open_counter: OpenCounter) -> None:
    endpoint = Endpoint(lambda *_: Response(status_code=500))
    with pushed_to(open_counter, endpoint, give_up_after_s=0.2) as (counter, accepted):
        deliver_until(counter.gateway, settled(counter, accepted))
        assert delivery(counter, accepted).state is DeliveryState.EXPIRED
        assert [proof.event for proof in proofs(counter, accepted)][-1] == "ContentHandoverFailure"


def test_a_server_that_is_down_gets_its_copy_when_it_is_back(open_counter: OpenCounter) -> None:
    endpoint = Endpoint(good)
    (port,) = free_ports(1)
    record: EndpointRecord = {"kind": "push", "url": f"http://{LOOPBACK}:{port}/deliveries"}
    endpoint.counter = counter = open_counter({PARTY: record})
    accepted = counter.accept(counter.form("be/occupational-disease-report"), sender="service")
    deliver_until(counter.gateway, lambda: delivery(counter, accepted).attempts >= 2)
    assert delivery(counter, accepted).last_problem == "endpoint-unreachable"
    with served(endpoint, port=port):
        deliver_until(counter.gateway, settled(counter, accepted))
    assert delivery(counter, accepted).state is DeliveryState.HANDED_OVER


def test_one_dead_endpoint_does_not_hold_up_the_others(open_counter: OpenCounter) -> None:
    endpoint = Endpoint(good)
    with served(endpoint) as url:
        dead: EndpointRecord = {"kind": "push", "url": "http://127.0.0.1:9/dead"}
        live: EndpointRecord = {"kind": "push", "url": url}
        endpoint.counter = counter = open_counter({PARTY: live, "inspectorate": dead}, breaker_failures=2)
        forms = [counter.form("be/occupational-disease-report") for _ in range(12)]
        taken = [counter.accept(form, sender="service") for form in forms]
        deliver_until(counter.gateway, lambda: all(settled(counter, each)() for each in taken))
        assert len(endpoint.bodies) == len(taken)
        assert len({attempt["sealpost-delivery-id"] for attempt in endpoint.attempts}) == len(taken)


def test_a_copy_that_is_not_there_any_more_does_not_hold_up_those_that_are_claimed_with_it(
    open_counter: OpenCounter,
) -> None:
    with pushed_to(open_counter, Endpoint(good)) as (counter, damaged):
        sound = counter.accept(counter.form("be/occupational-disease-report"), sender="service")
        assert isinstance(sound, Accepted)
        drop, lost = "DELETE FROM envelope WHERE delivery_id = ?", delivery(counter, damaged).id
        counter.gateway.store.write(lambda unit: unit._connection.execute(drop, (lost,)) and None)  # type: ignore[attr-defined]
        deliver_until(counter.gateway, lambda: settled(counter, sound)() and delivery(counter, damaged).attempts > 0)
        assert delivery(counter, sound).state is DeliveryState.HANDED_OVER
        assert delivery(counter, damaged).last_problem == "internal-error"


def test_two_workers_never_push_the_same_copy(open_counter: OpenCounter) -> None:
    endpoint = Endpoint(good)
    with served(endpoint) as url:
        endpoint.counter = counter = open_counter({PARTY: {"kind": "push", "url": url}})
        for _ in range(6):
            counter.accept(counter.form("be/occupational-disease-report"), sender="service")
        clock, store = counter.gateway.clock, counter.gateway.store

        def claim(holder: str) -> list[DeliveryId]:
            time.sleep(0.002)  # a lane has its next turn in the next millisecond
            return store.write(
                lambda unit: [each.id for each in unit.claim_due(now=clock.now(), holder=holder, lease_s=60, limit=4)]
            )

        ids = [each for holder in ("a", "b", "a", "b") for each in claim(holder)]
        assert len(ids) == len(set(ids)) == 6


def test_work_of_a_dead_worker_comes_back_when_its_lease_ends(open_counter: OpenCounter) -> None:
    endpoint = Endpoint(good)
    with pushed_to(open_counter, endpoint) as (counter, accepted):
        now = counter.gateway.clock.now()
        claimed = counter.gateway.store.write(lambda unit: unit.claim_due(now=now, holder="dead", lease_s=0.2, limit=4))
        assert len(claimed) == 1
        deliver_until(counter.gateway, settled(counter, accepted))
        assert delivery(counter, accepted).state is DeliveryState.HANDED_OVER


@pytest.mark.parametrize(("authority_is_told", "problem"), [(True, None), (False, "endpoint-tls-failed")])
def test_over_tls_the_endpoint_must_prove_who_it_is(
    open_counter: OpenCounter, tmp_path: Path, authority_is_told: bool, problem: str | None
) -> None:
    at = datetime.now(UTC) - timedelta(minutes=1)
    authority = issuing.issue_authority("The Fund's Authority", at=at)
    server = tmp_path / "server.pem"
    server.write_bytes(identity_to_pem(issuing.issue(authority, "localhost", use="tls-server", at=at)))
    endpoint = Endpoint(good)
    with served(endpoint, tls=server) as url:
        record: EndpointRecord = {"kind": "push", "url": url}
        if authority_is_told:
            record["caCertificate"] = authority.certificate.public_bytes(Encoding.PEM).decode()
        endpoint.counter = counter = open_counter({PARTY: record})
        accepted = counter.accept(counter.form("be/occupational-disease-report"), sender="service")
        deliver_until(counter.gateway, lambda: delivery(counter, accepted).attempts >= 1)
        found = delivery(counter, accepted)
        assert (found.state, found.last_problem) == (
            (DeliveryState.CONSIGNED, problem) if problem else (DeliveryState.HANDED_OVER, None)
        )
        assert len(endpoint.bodies) == (0 if problem else 1)


def test_a_dead_endpoint_is_left_alone_for_a_while_and_one_good_try_ends_that(open_counter: OpenCounter) -> None:
    health, clock, pause = [500], Hands(), timedelta(minutes=10)
    endpoint = Endpoint(lambda e, _, body: e.receipt(body) if health[0] == 200 else Response(status_code=health[0]))
    changes: dict[str, Any] = {"breaker_failures": 2, "breaker_pause_s": pause.total_seconds(), "clock": clock}
    with pushed_to(open_counter, endpoint, **changes) as (counter, accepted):

        def tried(copy: Accepted, after: timedelta) -> int:
            """How many tries of it there were when so much time had passed; each had its outcome."""
            clock.turn(after)
            with dispatching(counter.gateway) as dispatch:
                dispatch.deliver_due()
            return int(delivery(counter, copy).attempts)

        second, just = timedelta(seconds=1), timedelta(milliseconds=1)  # the schedule alone would try each second
        assert [tried(accepted, after) for after in (just, second, second, pause / 2)] == [1, 2, 2, 2], "open"
        assert [tried(accepted, after) for after in (pause, second, pause / 2)] == [3, 3, 3], "no better: open again"
        health[0] = 200
        assert tried(accepted, pause) == 4
        assert delivery(counter, accepted).state is DeliveryState.HANDED_OVER
        assert len(endpoint.bodies) == 4
        health[0] = 500
        again = counter.accept(counter.form("be/occupational-disease-report"), sender="service")
        assert [tried(again, after) for after in (just, second)] == [1, 2], "closed: one failure counts from nought"


def test_a_push_to_a_refused_address_stops_with_evidence_and_the_copy_stays_ready(open_counter: OpenCounter) -> None:
    endpoint = Endpoint(good)
    with served(endpoint) as url:
        named = url.replace("127.0.0.1", "localhost")
        endpoint.counter = counter = open_counter({PARTY: {"kind": "push", "url": named}}, push_allowed_networks=())
        accepted = counter.accept(counter.form("be/occupational-disease-report"), sender="service")
        deliver_until(counter.gateway, settled(counter, accepted))
        found = delivery(counter, accepted)
        assert (found.state, found.last_problem) == (DeliveryState.SUSPENDED, "endpoint-address-refused")
        assert [proof.event for proof in proofs(counter, accepted)][-1] == "ContentHandoverFailure"
        assert b"endpoint-address-refused" in proofs(counter, accepted)[-1].raw
        assert counter.gateway.mailboxes.lease(counter.party(PARTY), found.id, seconds=60).envelope
        assert not endpoint.bodies


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "[::1]", "[::ffff:8.8.8.8]", "[fe80::1%25lo]"])
def test_an_address_out_of_reach_is_not_registered(open_counter: OpenCounter, host: str) -> None:
    with pytest.raises(RegistrationRefused, match="endpoint-address"):
        open_counter({PARTY: {"kind": "push", "url": f"http://{host}:8080/"}}, push_allowed_networks=())


@dataclass
class Hanging:
    """A server that takes what it is sent and says nothing until it is let go."""

    asked: list[str] = field(default_factory=list)
    free: threading.Event = field(default_factory=threading.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await request.body()
        self.asked.append(request.headers["sealpost-delivery-id"])
        await anyio.to_thread.run_sync(self.free.wait)
        await Response(status_code=503)(scope, receive, send)


def test_recipients_that_hang_at_once_hold_up_nobody_else(open_counter: OpenCounter) -> None:
    """Two of them take all pushers there are; the third gets its copy while they still hang."""
    hanging, awake = {"employer": Hanging(), "dossier": Hanging()}, Endpoint(good)
    with ExitStack() as stack:
        records: dict[str, EndpointRecord] = {PARTY: {"kind": "push", "url": stack.enter_context(served(awake))}}
        for party, server in hanging.items():
            records[party] = {"kind": "push", "url": stack.enter_context(served(server))}
        awake.counter = counter = open_counter(records, pushers=2)
        dispatch = stack.enter_context(dispatching(counter.gateway))
        for server in hanging.values():
            stack.callback(server.free.set)

        def delivered(so: Callable[[], object]) -> None:
            wait_until(lambda: (dispatch.deliver_due(), so())[1])

        for kind in ("be/health-assessment", "be/health-assessment-supplement"):
            counter.accept(counter.form(kind), sender="service")
        delivered(lambda: all(server.asked for server in hanging.values()))
        accepted = counter.accept(counter.form("be/occupational-disease-report"), sender="service")
        delivered(settled(counter, accepted))
        assert delivery(counter, accepted).state is DeliveryState.HANDED_OVER
        asked = [DeliveryId(each) for server in hanging.values() for each in server.asked]
        tries = counter.gateway.store.read(lambda view: [view.tries_of(each) for each in asked])
        assert not any(tries), "none of them hangs any more"
