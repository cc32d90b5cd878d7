"""A counter that is flooded by slow clients, fast ones, large bodies: nothing is lost, memory has a bound."""

from __future__ import annotations

import asyncio
import json
import select
import socket
from collections import Counter as Tally
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from gateway.api.connections import MAX_HEAD_BYTES
from gateway.api.load import BODIES_OF_ONE_BYTES, PLACES, PLACES_OF_ONE
from gateway.cli.server import INTAKE
from gateway.forms.parsing import ABSOLUTE_LIMITS
from signing import sha256
from tests.cli.serving import XML, Serving, port_of, serving
from tests.patience import wait_until

KIND = "be/occupational-disease-report"
MOST = ABSOLUTE_LIMITS.max_bytes
TIMEOUT_S = 8
SPARE_KB = 150 * 1024


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One intake process, so that its limits are those of the whole."""
    root = tmp_path_factory.mktemp("one") / "pki"
    with serving(root, server={"processes": 1, "request_timeout_s": TIMEOUT_S}) as running:
        yield running


@dataclass(frozen=True)
class Answer:
    """What came back over a socket."""

    status: int
    head: str
    body: bytes

    @property
    def code(self) -> str:
        return str(json.loads(self.body)["code"])


async def connect(running: Serving) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", int(running.stage.url.rpartition(":")[2]))


def head_of(running: Serving, party: str, *lines: str, path: str = "/v1/submissions") -> bytes:
    token = running.stage.folder.token(party).read_text().strip()
    named = [f"Authorization: Bearer {token}", "Content-Type: application/xml", *lines]
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: counter", *named, "", ""]).encode()


async def answer_of(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
    return Answer(int(head.split()[1]), head.lower(), await reader.readexactly(int(fields["content-length"])))


async def slow(running: Serving, party: str, size: int, sent: int) -> Answer:
    """Announces `size` bytes, sends `sent` of them, and waits for what the counter makes of that."""
    reader, writer = await connect(running)
    try:
        writer.write(head_of(running, party, f"Content-Length: {size}") + b"x" * sent)
        return await answer_of(reader)
    finally:
        writer.close()


def test_a_body_is_refused_for_what_it_announces_and_for_what_it_is(one: Serving) -> None:
    async def announced() -> Answer:
        return await slow(one, "service", MOST + 1, 0)

    async def chunked() -> Answer:
        reader, writer = await connect(one)
        writer.write(head_of(one, "service", "Transfer-Encoding: chunked"))
        for _ in range(MOST // 65536 + 1):
            writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        found = await answer_of(reader)
        writer.close()
        return found

    for sending in (announced, chunked):
        answer = asyncio.run(sending())
        assert (answer.status, answer.code) == (413, "body-too-large")


def test_who_does_not_send_what_was_announced_is_answered_in_the_end(one: Serving) -> None:
    answer = asyncio.run(slow(one, "service", 5000, 1))
    assert (answer.status, answer.code) == (408, "body-too-slow")
    assert "connection: close" in answer.head


def test_a_head_that_does_not_come_or_has_no_end_is_waited_for_no_longer(one: Serving) -> None:
    async def without_end() -> bytes:
        reader, writer = await connect(one)
        writer.write(b"GET /health HTTP/1.1\r\nX: " + b"x" * (MAX_HEAD_BYTES + 300_000))
        found = await reader.read(1000)
        writer.close()
        return found

    async def begun(sent: bytes, *first: bytes) -> bytes:
        reader, writer = await connect(one)
        for head in first:
            writer.write(head)
            await answer_of(reader)
        writer.write(sent)
        found = await reader.read()
        writer.close()
        return found

    async def all_at_once() -> tuple[bytes, tuple[bytes, ...]]:
        whole, half, blank = b"GET /health HTTP/1.1\r\nHost: counter\r\n\r\n", b"GET /health HT", b"\r\n"
        hung_up = asyncio.gather(begun(half), begun(blank), begun(half, whole), begun(blank, whole))
        return await without_end(), tuple(await hung_up)

    too_large, hung_up = asyncio.run(all_at_once())
    assert too_large.startswith(b"HTTP/1.1 431")
    assert hung_up == (b"",) * 4


def test_who_reads_no_answers_is_waited_for_no_longer(one: Serving) -> None:
    question = b"GET /openapi.json HTTP/1.1\r\nHost: counter\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port_of(one))) as client:
        client.sendall(question * 500)
        poll = select.poll()
        poll.register(client, select.POLLHUP)
        wait_until(lambda: poll.poll(0))


def test_one_sender_leaves_room_and_a_full_counter_says_so(one: Serving) -> None:
    async def flood() -> tuple[list[Answer], Answer, Answer]:
        def another(party: str) -> asyncio.Task[Answer]:
            return asyncio.create_task(slow(one, party, 5000, 1))

        slow_ones = [another(party) for party in ("employer", "fund", "worker") for _ in range(PLACES_OF_ONE + 9)]
        full = too_many = await slow(one, "service", 10, 10)
        while full.status != 503:  # until all places are taken, also that which one of ours had meanwhile
            slow_ones.append(another("worker"))
            full, too_many = await slow(one, "service", 10, 10), await slow(one, "employer", 10, 10)
        return await asyncio.gather(*slow_ones), full, too_many

    answers, full, too_many = asyncio.run(flood())
    statuses = Tally(answer.status for answer in answers)
    assert statuses.keys() == {408, 429, 503}
    assert statuses[408] >= PLACES - 1, "one of ours may have had a place"
    assert (full.status, full.code, "retry-after: " in full.head) == (503, "counter-full", True)
    assert (too_many.status, too_many.code, "retry-after: " in too_many.head) == (429, "too-many-at-once", True)
    one.hand_in(KIND)  # and when they are gone, all is as before


def test_memory_has_a_bound_and_what_is_acknowledged_is_there_once(one: Serving) -> None:
    (intake,) = one.children(INTAKE)
    forms = [one.form(KIND) for _ in range(30)]
    before = handed_in(one)
    peak_before = peak_kb(intake)

    async def fast(session: aiohttp.ClientSession, form: bytes) -> list[int]:
        statuses: list[int] = []
        headers = {
            **XML,
            "Authorization": head_of(one, "service").decode().split("Authorization: ")[1].split("\r\n")[0],
        }
        while not statuses or statuses[-1] not in (200, 201):
            async with session.post(f"{one.stage.url}/v1/submissions", data=form, headers=headers) as answer:
                statuses.append(answer.status)
                if answer.status in (429, 503):
                    assert int(answer.headers["Retry-After"]) > 0
                    await asyncio.sleep(0.1)
        return statuses

    async def flood() -> tuple[list[Answer], list[list[int]]]:
        large = [
            asyncio.create_task(slow(one, party, MOST, MOST - 1))
            for party in ("employer", "fund", "worker")
            for _ in range(60)
        ]
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            taken = await asyncio.gather(*(fast(session, form) for form in forms))
        return await asyncio.gather(*large), taken

    answers, taken = asyncio.run(flood())
    assert {answer.status for answer in answers} == {408, 429, 503}
    assert {status for statuses in taken for status in statuses} <= {201, 429, 503}
    assert peak_kb(intake) - peak_before < 2 * BODIES_OF_ONE_BYTES // 1024 + SPARE_KB
    assert handed_in(one) - before == Tally(map(sha256, forms))


def handed_in(running: Serving) -> Tally[str]:
    """How often the service handed in each form, page by page: what was refused before is among them."""
    http, found, page = running.http("service"), Tally[str](), "/v1/submissions?limit=200"
    while page:
        answer = http.get(page).json()
        found.update(item["documentDigest"] for item in answer["items"])
        page = answer.get("next", "")
    return found


def peak_kb(pid: int) -> int:
    """The most memory that a process ever had."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])
