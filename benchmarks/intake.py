"""`intake`: submissions accepted a second through HTTP, and how long the slowest wait.

Accepted means all of it: parsed, valid, all rules, P-256 signature verified, routed, three copies sealed with a signed
consignment note in each, evidence signed of each copy and of the acceptance, durable (synchronous=FULL). The gateway
runs as an operator runs it (`sealpost serve`); the load generator runs beside it on the same cores, which is
included in every figure.

Asked for, on two cores of a current server: 600 a second, and at 80 % of what was reached a p99 under 250 ms; what
that is on this machine, `benchmarks.machine` says. The floor is the same steps by the bare libraries, measured in the
same run: ECDSA P-256 (one verification, seven signatures), ECDH and AES-256-GCM (three copies), libxml2 (parse,
canonical form, schema). What is between the two is the rules, the store, HTTP, the load generator, and Python around
all of it.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence

import aiohttp

from benchmarks.bare import BareSteps
from benchmarks.counter import CORES, SENDER, Counter, a_counter
from benchmarks.machine import asked, speed
from benchmarks.processes import processor_s
from benchmarks.result import Result, compared

FORMS = 1200
WARM = 120
CLIENTS = 64
ASKED_RATE, MOST_P99_MS = 600.0, 250.0
SHARE = 0.8  # of the highest rate, at which waiting is measured


def run() -> list[Result]:
    """The highest rate, then the waiting at a share of it."""
    with a_counter() as counter:
        forms = [counter.form() for _ in range(WARM + 2 * FORMS)]
        steps = BareSteps(counter)
        floor_s = steps.intake(forms[0])
        with counter.running() as gateway:
            asyncio.run(flood(counter, forms[:WARM]))
            at_speed = speed()
            gateway_s, load_s = processor_s(gateway.handle.pid), time.process_time()
            rate = asyncio.run(flood(counter, forms[WARM : WARM + FORMS]))
            gateway_s = (processor_s(gateway.handle.pid) - gateway_s) / FORMS
            load_s = (time.process_time() - load_s) / FORMS
            at_speed = max(at_speed, speed())
            waits = asyncio.run(_at_rate(counter, forms[WARM + FORMS :], SHARE * rate))
        floor_s = min(floor_s, steps.intake(forms[0]))
    p50, p99 = statistics.median(waits), statistics.quantiles(waits, n=100)[98]
    against = f"bare crypto and libxml2 of the same steps on {CORES} cores"
    at = f"at {SHARE:.0%} of that"
    return [
        compared("intake", rate, "submissions/s", against=against, floor=CORES / floor_s),
        compared("intake processor", gateway_s * 1e3, "ms of a core", against="the bare steps", floor=floor_s * 1e3),
        compared("intake load generator", load_s * 1e3, "ms of a core", against="the bare steps", floor=floor_s * 1e3),
        *asked("intake", rate, "submissions/s", figure=ASKED_RATE, at=at_speed),
        compared(f"intake p99 {at}", p99 * 1e3, "ms", against="the most that is allowed", floor=MOST_P99_MS),
        compared(f"intake p50 {at}", p50 * 1e3, "ms", against="the bare steps", floor=floor_s * 1e3),
    ]


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
    headers = {"Authorization": f"Bearer {counter.tokens[SENDER]}", "Content-Type": "application/xml"}
    async with session.post(f"{counter.url}/v1/submissions", data=form, headers=headers) as response:
        body = await response.read()
        if response.status != 201:
            raise RuntimeError(f"{response.status}: {body[:500]!r}")
