"""`intake`: submissions accepted a second through HTTP, and how long the slowest wait.

Accepted means all of it: parsed, valid, all rules, P-256 signature verified, routed, three copies sealed with a signed
consignment note in each, evidence signed of each copy and of the acceptance, durable (synchronous=FULL). The gateway
runs as an operator runs it (`sealpost serve`); the load generator runs beside it on the same cores, which is
included in every figure.

Asked for, on two cores of a current server: 600 a second, and at 80 % of what was reached a p99 under 250 ms; what
that is on this machine, `benchmarks.machine` says. Machines change their speed while they are measured, so flood and
waiting take turns, each waiting at a share of the flood just before it, and the medians count.
The floor is the same steps by the bare libraries, measured in the
same run: ECDSA P-256 (one verification, seven signatures), ECDH and AES-256-GCM (three copies), libxml2 (parse,
canonical form, schema). What is between the two is the rules, the store, HTTP, the load generator, and Python around
all of it.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from typing import NamedTuple

import aiohttp

from benchmarks.bare import BareSteps
from benchmarks.counter import CORES, SENDER, Counter, a_counter
from benchmarks.machine import asked, speed
from benchmarks.processes import processor_s
from benchmarks.result import Result, compared
from gateway.demo.processes import Process

TURNS, FORMS = 5, 500  # forms: of a turn's flood, and of its waiting
WARM = 200
CLIENTS = 64
ASKED_RATE, MOST_P99_MS = 600.0, 250.0
SHARE = 0.8  # of the highest rate, at which waiting is measured


class _Turn(NamedTuple):
    """A flood, and the waiting at a share of its rate. gateway_s, load_s: of a core, for a form of the flood."""

    rate: float
    gateway_s: float
    load_s: float
    p50_s: float
    p99_s: float
    at_speed: float


def run() -> list[Result]:
    """The rate of a flood, and the waiting at a share of it: the median of some turns."""
    with a_counter() as counter:
        steps = BareSteps(counter)
        floor_s = steps.intake(counter.form())
        with counter.running() as gateway:
            asyncio.run(flood(counter, [counter.form() for _ in range(WARM)]))
            turns = [_turn(counter, gateway) for _ in range(TURNS)]
        floor_s = min(floor_s, steps.intake(counter.form()))

    middle = _Turn(*map(statistics.median, zip(*turns, strict=True)))
    against = f"bare crypto and libxml2 of the same steps on {CORES} cores"
    at = f"at {SHARE:.0%} of that"
    return [
        compared("intake", middle.rate, "submissions/s", against=against, floor=CORES / floor_s),
        compared(
            "intake processor", middle.gateway_s * 1e3, "ms of a core", against="the bare steps", floor=floor_s * 1e3
        ),
        compared(
            "intake load generator", middle.load_s * 1e3, "ms of a core", against="the bare steps", floor=floor_s * 1e3
        ),
        *asked("intake", middle.rate, "submissions/s", figure=ASKED_RATE, at=middle.at_speed),
        compared(f"intake p99 {at}", middle.p99_s * 1e3, "ms", against="the most that is allowed", floor=MOST_P99_MS),
        compared(f"intake p50 {at}", middle.p50_s * 1e3, "ms", against="the bare steps", floor=floor_s * 1e3),
    ]


def _turn(counter: Counter, gateway: Process) -> _Turn:
    forms = [counter.form() for _ in range(2 * FORMS)]
    at_speed = speed()
    gateway_s, load_s = processor_s(gateway.handle.pid), time.process_time()
    rate = asyncio.run(flood(counter, forms[:FORMS]))
    gateway_s, load_s = processor_s(gateway.handle.pid) - gateway_s, time.process_time() - load_s
    waits = asyncio.run(_at_rate(counter, forms[FORMS:], SHARE * rate))
    return _Turn(
        rate=rate,
        gateway_s=gateway_s / FORMS,
        load_s=load_s / FORMS,
        p50_s=statistics.median(waits),
        p99_s=statistics.quantiles(waits, n=100)[98],
        at_speed=at_speed,
    )


async def flood(counter: Counter, forms: Sequence[bytes]) -> float:
    """Hand in all forms by CLIENTS clients at once, each as fast as it is answered; accepted a second."""
    waiting = iter(forms)

    async def client(session: aiohttp.ClientSession) -> None:
        for form in waiting:
            await _hand_in(session, counter, form)

    async with aiohttp.ClientSession() as session:
        started = time.perf_counter()
        await asyncio.gather(*(client(session) for _ in range(CLIENTS)))
        return len(forms) / (time.perf_counter() - started)


async def _at_rate(counter: Counter, forms: Sequence[bytes], rate: float) -> list[float]:
    """Hand in one form every 1/rate seconds, whether or not earlier ones were answered; seconds from the moment at
    which each was due to its answer."""

    async def one(session: aiohttp.ClientSession, form: bytes, due: float) -> float:
        await asyncio.sleep(due - time.perf_counter())
        await _hand_in(session, counter, form)
        return time.perf_counter() - due

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        started = time.perf_counter() + 0.1
        return await asyncio.gather(*(one(session, form, started + k / rate) for k, form in enumerate(forms)))


async def _hand_in(session: aiohttp.ClientSession, counter: Counter, form: bytes) -> None:
    """Until it is taken in: whoever is told to come again later does, and waits that much longer."""
    headers = {"Authorization": f"Bearer {counter.tokens[SENDER]}", "Content-Type": "application/xml"}
    while True:
        async with session.post(f"{counter.url}/v1/submissions", data=form, headers=headers) as response:
            body = await response.read()
        if response.status == 201:
            return
        if response.status not in {429, 503}:
            raise RuntimeError(f"{response.status}: {body[:500]!r}")
        await asyncio.sleep(float(response.headers["Retry-After"]))
