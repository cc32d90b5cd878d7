"""Time stamps of the journal over real HTTP: a spare authority, and one that never answers and holds nothing up."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from gateway import worker
from gateway.assembly import auditing
from gateway.demo.pki import DemoFolder
from gateway.journal import EntryKind
from gateway.model import DeliveryId
from gateway.proofs import Missing
from gateway.views import EndpointRecord
from signing import TimestampAuthority, load_identity
from tests.conftest import Counter, served
from tests.journey.test_mailboxes import delivery_to

Answer = Callable[[bytes], Response]


@contextmanager
def authority(answer: Answer) -> Iterator[str]:
    """An authority on loopback, in threads of its own; gives its address."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = await Request(scope, receive).body()
        await (await run_in_threadpool(answer, body))(scope, receive, send)

    with served(app) as url:
        yield f"{url}/tsr"


def stamping(key: Path) -> Answer:
    real = TimestampAuthority(identity=load_identity(key))

    def answer(body: bytes) -> Response:
        return Response(real.answer(body, at=datetime.now(UTC)), media_type="application/timestamp-reply")

    return answer


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def opened(
    open_counter: Callable[..., Counter],
    authorities: tuple[str, ...],
    endpoints: dict[str, EndpointRecord] | None = None,
) -> Counter:
    return open_counter(
        endpoints,
        journal_close_after_s=0.001,
        journal_every_s=0.02,
        timestamp_demonstration=None,
        timestamp_authorities=authorities,
    )


def test_the_spare_authority_is_asked_over_http(
    open_counter: Callable[..., Counter], cast: DemoFolder, stack: ExitStack
) -> None:
    asked: list[bytes] = []

    def broken(body: bytes) -> Response:
        asked.append(body)
        return Response("out of order", status_code=500)

    first = stack.enter_context(authority(broken))
    spare = stack.enter_context(authority(stamping(cast.time_stamps)))
    counter = opened(open_counter, (first, spare))
    counter.accept(counter.form("be/appeal"), sender="worker")
    journal = counter.gateway.journal
    assert (journal.batches.close_due(), journal.batches.stamp_due()) == (1, 1)
    assert len(asked) == 1
    thing = counter.gateway.store.read(lambda view: view.journal_entries(first=0, limit=1))[0]
    assert journal.proofs.entry(EntryKind(thing.kind), thing.id).missing == (Missing.COSIGNATURE,)
    journal.close()
    assert list(auditing(counter.gateway).run()) == []


def test_an_authority_that_never_answers_holds_up_no_delivery(
    open_counter: Callable[..., Counter], stack: ExitStack
) -> None:
    reached, let_go = threading.Event(), threading.Event()

    def silent(body: bytes) -> Response:
        reached.set()
        let_go.wait(60)
        return Response(status_code=503)

    url = stack.enter_context(authority(silent))
    nobody_there = EndpointRecord(kind="push", url="http://127.0.0.1:9/inspectorate")
    counter = opened(open_counter, (url,), {"inspectorate": nobody_there})
    stop = worker.Stop()
    working = threading.Thread(target=worker.run, args=(counter.gateway, stop))
    working.start()
    try:
        counter.accept(counter.form("be/appeal"), sender="worker")
        assert reached.wait(60)
        accepted = counter.accept(counter.form("be/appeal"), sender="worker")
        mine = DeliveryId(delivery_to(json.loads(accepted.answer), "inspectorate"))
        deadline = time.monotonic() + 60
        while _attempts(counter, mine) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not let_go.is_set()
        assert _attempts(counter, mine) >= 2
    finally:
        let_go.set()
        stop.set()
        working.join(60)
    assert counter.gateway.journal.proofs.backlog().stamped == 0


def _attempts(counter: Counter, delivery_id: DeliveryId) -> int:
    found = counter.gateway.store.read(lambda view: view.delivery(delivery_id))
    assert found is not None
    return found.attempts
