"""`serve` as several processes over one store: shared work, deaths, ends."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import anyio
import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.cli.server import INTAKE, WORKER
from gateway.demo.cast import FUND
from gateway.demo.pki import create_demo_folder, party_record
from gateway.demo.processes import LOOPBACK, free_ports
from gateway.envelope import open_envelope
from gateway.receipt import build_receipt
from signing import load_identity, sha256
from tests.cli.command import sealpost
from tests.cli.serving import XML, Serving, children_of, configure, first_object, is_gone, port_of, serving, start
from tests.conftest import served
from tests.patience import PATIENCE_S, wait_until

KIND = "be/occupational-disease-report"
LEASE_S = 8  # nearly all of it a recipient may take, on a machine that has other things to do


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """Two intake processes and two workers."""
    with serving(
        tmp_path_factory.mktemp("two") / "pki", server={"processes": 2}, dispatch={"workers": 2, "lease_s": LEASE_S}
    ) as running:
        yield running


class Recipient:
    """The Fund's server: holds the first copy until `free` is set, then signs for it as for all others."""

    def __init__(self, running: Serving) -> None:
        self._folder = running.stage.folder
        self._trust = running.stage.gateway_trust
        self.held, self.free = threading.Event(), threading.Event()
        self.came = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()
        self.came += 1
        if self.came == 1:
            self.held.set()
            await anyio.to_thread.run_sync(self.free.wait, PATIENCE_S)
        opened = open_envelope(
            body, identity=load_identity(self._folder.sealing(FUND.id)), trust=self._trust, at=datetime.now(UTC)
        )
        receipt = build_receipt(
            opened.consignment,
            envelope_digest=opened.envelope_digest,
            identity=load_identity(self._folder.signing(FUND.id)),
            at=datetime.now(UTC),
        )
        await Response(receipt, media_type="application/xml")(scope, receive, send)

    def register(self, running: Serving, url: str) -> None:
        record = party_record(running.stage.folder, FUND.id, endpoint={"kind": "push", "url": f"{url}/deliveries"})
        assert running.http("admin").put(f"/v1/parties/{FUND.id}", json=record).status_code == 200

    def leave(self, running: Serving) -> None:
        """Nothing is pushed to it any more: what comes waits in its mailbox."""
        record = party_record(running.stage.folder, FUND.id)
        assert running.http("admin").put(f"/v1/parties/{FUND.id}", json=record).status_code == 200


def to_the_fund(running: Serving, submission_id: str) -> dict[str, object]:
    items = running.http("service").get(f"/v1/submissions/{submission_id}/deliveries").json()["items"]
    found: dict[str, object] = next(item for item in items if item["party"] == FUND.id)
    return found


def test_it_says_where_it_is_and_which_processes_it_has(two: Serving) -> None:
    assert two.said["url"] == two.stage.url
    assert two.said["worker"] is True
    assert two.said["pid"] == two.handle.pid
    assert (len(two.said["intakes"]), len(two.said["workers"])) == (2, 2)
    assert {*two.said["intakes"], *two.said["workers"]} == two.children()


def test_what_one_process_is_told_all_know(two: Serving) -> None:
    """Each intake process is asked alone: the other one is stopped for that long."""
    administrator = two.http("admin")
    for revoked in (False, True):
        if revoked:
            assert administrator.delete("/v1/parties/worker/tokens").status_code == 204
        for paused in two.children(INTAKE):
            os.kill(paused, signal.SIGSTOP)
            try:
                answers = [status_from_a_new_connection(two) for _ in range(3)]
            finally:
                os.kill(paused, signal.SIGCONT)
            assert set(answers) == {401 if revoked else 200}


def status_from_a_new_connection(running: Serving) -> int:
    """Of a party's mailbox, asked of a process that runs: a connection may fall to the one that is stopped."""
    headers = {"Authorization": f"Bearer {running.stage.folder.token('worker').read_text().strip()}"}
    while True:
        try:
            return httpx2.get(
                f"{running.stage.url}/v1/mailbox", headers=headers, timeout=1, trust_env=False
            ).status_code
        except httpx2.TimeoutException:
            continue


@pytest.mark.parametrize("shown", [INTAKE, WORKER])
def test_a_process_that_dies_is_missed_by_nobody_and_replaced(two: Serving, shown: str) -> None:
    before = two.children(shown)
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: victim not in two.children())
    two.hand_in(KIND)
    wait_until(lambda: len(two.children(shown)) == 2)
    assert len(before & two.children(shown)) == 1


def test_one_clock_outlives_all_processes_that_go_by_it(two: Serving) -> None:
    """Else those that follow would go by what the machine's clock was set to meanwhile."""
    store = Path(two.said["store"])
    agreed = store.with_name(f"{store.name}.clock").read_text()
    before = two.children()
    for child in before:
        os.kill(child, signal.SIGKILL)
    wait_until(lambda: len(two.children() - before) == len(before))
    two.hand_in(KIND)
    assert store.with_name(f"{store.name}.clock").read_text() == agreed


def test_what_a_killed_worker_held_is_taken_by_another_after_its_lease(two: Serving) -> None:
    recipient = Recipient(two)
    with served(recipient) as url:
        recipient.register(two, url)
        submitted = two.hand_in(KIND)["submissionId"]
        assert recipient.held.wait(PATIENCE_S)
        for worker in two.children(WORKER):  # one of them has it in hand
            os.kill(worker, signal.SIGKILL)
        wait_until(lambda: to_the_fund(two, submitted)["state"] == "handed-over")
        assert recipient.came == 2, "once by the dead one, once by another"
        recipient.free.set()
        recipient.leave(two)


def test_twins_at_two_processes_are_one_submission(two: Serving) -> None:
    form = two.form(KIND)
    senders = [two.http("service", **XML) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda sender: sender.post("/v1/submissions", content=form), senders))
    while running := [number for number, answer in enumerate(answers) if answer.status_code == 202]:
        for number in running:
            answers[number] = senders[number].post("/v1/submissions", content=form)
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.content for answer in answers}) == 1


def test_what_runs_at_one_process_is_said_to_run_by_the_other_and_what_dies_never_was(two: Serving) -> None:
    form, other = two.form(KIND), two.form(KIND)
    place = "/v1/submissions?idempotencyKey=at%2Fonce"
    sender = two.http("service")
    with ThreadPoolExecutor(1) as pool, (two.stage.folder.root / "gateway" / "store.sqlite3.lock").open("ab") as lock:
        fcntl.flock(lock.fileno(), fcntl.LOCK_EX)  # no commit comes to its end now
        while True:
            first = pool.submit(keyed, two, form)
            wait_until(lambda: sender.get(place).json() == {"items": [], "running": True})
            answers = [  # each is asked while the other one is silent
                (told_by_one(two, paused, form), told_by_one(two, paused, other)) for paused in two.children(INTAKE)
            ]
            if not first.done():  # it gives up after five seconds, which are over soon where nobody gets any time
                break
        for twin, stranger in answers:
            assert (twin.status_code, twin.headers["Location"], twin.headers["Retry-After"]) == (202, place, "1")
            told = stranger.json()
            assert (stranger.status_code, told["code"], told["href"]) == (409, "idempotency-key-running", place)
            assert (told["firstDigest"], told["digest"]) == (sha256(form), sha256(other)), "whoever judges the first"
        for intake in two.children(INTAKE):
            os.kill(intake, signal.SIGKILL)
        with pytest.raises(httpx2.HTTPError):
            first.result()
    wait_until(lambda: len(two.children(INTAKE)) == 2)
    assert two.http("service").get(place).json() == {"items": [], "running": False}
    assert keyed(two, other).status_code == 201, "the first attempt has left nothing"
    assert keyed(two, form).status_code == 409
    (item,) = two.http("service").get(place).json()["items"]
    assert item["documentDigest"] == sha256(other)


def told_by_one(running: Serving, paused: int, form: bytes) -> httpx2.Response:
    """The answer to a form under the key while one process is silent."""
    os.kill(paused, signal.SIGSTOP)
    try:
        return keyed(running, form)
    finally:
        os.kill(paused, signal.SIGCONT)


def keyed(running: Serving, form: bytes) -> httpx2.Response:
    """The answer to a form under one key, over a new connection; a process that is stopped takes none."""
    headers = {**XML, "Idempotency-Key": "at/once"}
    return running.http("service", **headers).post("/v1/submissions", content=form)


def test_connections_that_are_opened_at_once_are_shared_by_the_processes(two: Serving) -> None:
    with ExitStack() as opened:
        clients = [
            opened.enter_context(socket.create_connection((LOOPBACK, port_of(two)))).getsockname()[1]
            for _ in range(200)  # one that gets no time for a moment loses a few
        ]
        wait_until(lambda: sum(connections(pid, clients) for pid in two.children(INTAKE)) == len(clients))
        assert min(connections(pid, clients) for pid in two.children(INTAKE)) >= len(clients) / 4


def test_what_runs_is_finished_before_the_end(two: Serving) -> None:
    """The last of those that share `two`, which ends here."""
    recipient = Recipient(two)
    form, children = two.form(KIND), two.children()
    with served(recipient) as url, socket.create_connection(("127.0.0.1", port_of(two))) as sender:
        recipient.register(two, url)
        before = {item["submissionId"] for item in two.http("service").get("/v1/submissions").json()["items"]}
        submitted = two.hand_in(KIND)["submissionId"]
        assert recipient.held.wait(PATIENCE_S)
        token = two.stage.folder.token("service").read_text().strip()
        head = f"POST /v1/submissions HTTP/1.1\r\nHost: counter\r\nAuthorization: Bearer {token}\r\n"
        head += f"Content-Type: application/xml\r\nExpect: 100-continue\r\nContent-Length: {len(form)}\r\n\r\n"
        sender.sendall(head.encode())
        assert sender.recv(1000).startswith(b"HTTP/1.1 100"), "it reads the body now"
        two.handle.terminate()
        wait_until(lambda: refuses_connections(port_of(two)))
        sender.sendall(form)
        assert sender.recv(12) == b"HTTP/1.1 201"
        assert two.handle.poll() is None, "it waits for the push"
        recipient.free.set()
        assert two.handle.wait(PATIENCE_S) == 0
    assert all(map(is_gone, children))
    with again(two) as killed:
        after = [item["submissionId"] for item in two.http("service").get("/v1/submissions").json()["items"]]
        assert len({*after} - before) == 2
        assert to_the_fund(two, submitted)["state"] == "handed-over"
        assert recipient.came == 1
        children = killed.children()
        killed.handle.kill()
        killed.handle.wait()
        with again(two):  # gets the address, though children of the killed one may still finish something
            wait_until(lambda: all(map(is_gone, children)))
            assert two.http("service").get("/v1/mailbox").status_code == 200


@contextmanager
def again(before: Serving) -> Iterator[Serving]:
    """`serve` once more, with the same configuration and store."""
    with (before.stage.folder.root / "serve.log").open("ab") as log:
        handle = start(before.stage.folder.config, log)
    try:
        said = first_object(handle)
        assert said["url"] == before.said["url"]
        yield Serving(stage=before.stage, handle=handle, said=said)
    finally:
        handle.terminate()
        assert handle.wait(PATIENCE_S) in (0, -signal.SIGKILL)
        assert handle.stdout is not None
        handle.stdout.close()


def test_a_child_that_cannot_begin_ends_the_whole_and_says_why(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    folder = create_demo_folder(tmp_path / "pki", at=datetime.now(UTC), port=port)
    config = configure(folder.root, trust={"anchors": "not-there.pem"}, server={"processes": 2})
    ran = sealpost(["serve", "--config", config])
    assert (ran.code, ran.err.count("trust.anchors"), ran.err.count("(secret-unreadable)")) == (2, 1, 1)
    assert refuses_connections(port)


def refuses_connections(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_children_whose_starter_is_gone_before_they_are_at_work_end_in_order(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    folder = create_demo_folder(tmp_path / "pki", at=datetime.now(UTC), port=port)
    config = configure(folder.root, server={"processes": 2})
    workers = min(len(os.sched_getaffinity(0)), 2)  # nothing is said of them
    with (tmp_path / "serve.log").open("ab") as log:
        handle = start(config, log)
    assert handle.stdout is not None
    wait_until(lambda: len(children_of(handle.pid)) == 2 + workers)
    children = children_of(handle.pid)
    handle.kill()
    handle.stdout.close()
    handle.wait()
    wait_until(lambda: all(map(is_gone, children)))
    words = (tmp_path / "serve.log").read_text()
    assert words.count("Finished server process") == 2
    assert words.count("worker stopped") == workers
    assert "Traceback" not in words


def connections(pid: int, clients: Sequence[int]) -> int:
    """How many connections with the clients at these ports a process has."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    theirs = {f"socket:[{row[9]}]" for row in rows if int(row[2].partition(":")[2], 16) in clients}
    return sum(os.readlink(file) in theirs for file in Path(f"/proc/{pid}/fd").iterdir())
