"""`delivery` and `dead-endpoint`: copies delivered end to end a second.

Delivered means: claimed, pushed over HTTP with a signature (RFC 9421), answered with a signed receipt, the receipt
verified against the register, the hand-over evidence signed, all of it durable (synchronous=FULL). The gateway runs as
an operator runs it; the recipients, which sign true receipts but open nothing, run beside it on the same cores and are
included in every figure.

Asked for, on two cores of a current server: 400 deliveries a second; and that an endpoint that is dead, with a hundred
thousand copies waiting for it, slows the others by less than a fifth. The floor of a delivery is measured in the same
run: two ECDSA P-256 signatures (push, evidence), one verification, two digests, parse and canonical forms.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from benchmarks.bare import BareSteps
from benchmarks.counter import CORES, RECIPIENTS, Counter, a_counter, progress
from benchmarks.filling import pile_up
from benchmarks.machine import asked, speed
from benchmarks.processes import processor_s
from benchmarks.recipients import Recipients, a_receipt
from benchmarks.result import Result, compared
from gateway.demo.processes import LOOPBACK

SUBMISSIONS = 400
DEAD_PENDING = 100_000
DEAD = "inspectorate"
NOBODY_LISTENS = f"http://{LOOPBACK}:9/"  # the port of discard
ASKED_RATE, MOST_SLOWED = 400.0, 1.2
WARM_SHARE = 0.1
PATIENCE_S = 120.0
_WAITING = "SELECT count(*) FROM delivery WHERE party IN (?, ?, ?) AND state <> 'handed-over'"


def run() -> list[Result]:
    """Deliveries a second to recipients that answer."""
    recipients = Recipients()
    with a_counter(endpoints=recipients.endpoints()) as counter:
        _hand_in(counter, SUBMISSIONS)
        floor_s, at_speed = _floor(counter), speed()
        rate, gateway_s = _deliver(counter, recipients)
        floor_s, at_speed = min(floor_s, _floor(counter)), max(at_speed, speed())
    against = f"bare crypto and libxml2 of the same steps on {CORES} cores"
    return [
        compared("delivery", rate, "deliveries/s", against=against, floor=CORES / floor_s),
        compared("delivery processor", gateway_s * 1e3, "ms of a core", against="the bare steps", floor=floor_s * 1e3),
        *asked("delivery", rate, "deliveries/s", figure=ASKED_RATE, at=at_speed),
    ]


def dead_endpoint(pending: int = DEAD_PENDING) -> list[Result]:
    """Seconds a delivery to the others beside a dead endpoint, against the same without it."""
    rates = {waiting: _beside(waiting) for waiting in (0, pending)}
    against = "without the dead endpoint"
    name = f"dead-endpoint, {pending:,} pending"
    return [compared(name, 1e3 / rates[pending], "ms a delivery", against=against, floor=1e3 / rates[0])]


def _beside(pending: int) -> float:
    recipients = Recipients()
    with a_counter(endpoints=recipients.endpoints() | {DEAD: NOBODY_LISTENS}) as counter:
        _hand_in(counter, SUBMISSIONS)
        pile_up(counter.folder.store, pending, parties=(DEAD,))
        return _deliver(counter, recipients)[0]


def _hand_in(counter: Counter, count: int) -> None:
    progress(f"handing in {count} forms")
    gateway = counter.open()
    try:
        counter.hand_in(gateway, count)
    finally:
        gateway.store.close()


def _deliver(counter: Counter, recipients: Recipients) -> tuple[float, float]:
    """Deliveries a second, and the gateway's seconds of processor time for one, once the first tenth has warmed
    everything up."""
    waiting = _still_waiting(counter.folder.store)
    warm = int(waiting * WARM_SHARE)
    with recipients.serving(counter), counter.running() as gateway:
        recipients.wait_for(warm, patience_s=PATIENCE_S)
        begun, left = time.perf_counter(), _still_waiting(counter.folder.store)
        gateway_s = processor_s(gateway.handle.pid)
        recipients.wait_for(waiting, patience_s=PATIENCE_S)
        while (still := _still_waiting(counter.folder.store)) and time.perf_counter() - begun < PATIENCE_S:
            time.sleep(0.01)
        taken = time.perf_counter() - begun
        gateway_s = processor_s(gateway.handle.pid) - gateway_s
    if still:
        raise TimeoutError(f"{still} copies were not handed over")
    return left / taken, gateway_s / left


def _still_waiting(store: Path) -> int:
    connection = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
    try:
        (count,) = connection.execute(_WAITING, RECIPIENTS).fetchone()
    finally:
        connection.close()
    return int(count)


def _floor(counter: Counter) -> float:
    digest = "sha256:" + 64 * "0"
    number = "018f0000-0003-7000-8000-000000000001"
    receipt = a_receipt(
        delivery=number, submission=number, envelope=digest, document=digest, party="worker", identity=counter.signer
    )
    return BareSteps(counter).delivery(receipt, counter.form())
