"""A gateway under load whose processes are killed: senders, servers and a mailbox client that keep what they processed.

Used by the benchmark `kill` and, in short, by the tests. Everything outside `sealpost serve` is careful, as the law's
parties must be: who is not answered asks again with the same key, and nobody processes a delivery id twice.
"""

from __future__ import annotations

import os
import random
import re
import signal
import threading
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx2
from lxml import etree

from benchmarks.processes import family
from gateway.client import Client, ClientError
from gateway.demo.cast import DOSSIER, FUND, INSPECTORATE
from gateway.demo.papers import draw_up
from gateway.demo.processes import Process
from gateway.demo.stage import Stage, set_stage
from gateway.envelope import open_envelope
from gateway.receipt import build_receipt
from signing import load_identity

KIND, SIGNER, SENDER = "be/occupational-disease-report", "doctor", "service"
SERVERS, COLLECTS = (FUND.id, INSPECTORATE.id), DOSSIER.id
LEASE_S = 3
LINES_OF_TRACE = 60
AGAIN = 0.05  # so many acknowledged forms are handed in once more


class Sender(threading.Thread):
    """Hands in forms one by one and does not rest until each is acknowledged; some it hands in again."""

    def __init__(self, stage: Stage, stop: threading.Event, chance: random.Random, pause_s: float) -> None:
        super().__init__(daemon=True)
        self._stage, self._stop_it, self._chance, self._pause_s = stage, stop, chance, pause_s
        self._identity = stage.signing_identity(SIGNER)
        self._token = stage.folder.token(SENDER).read_text().strip()
        self.acknowledged: dict[str, set[bytes]] = {}  # document id -> every different answer to it
        self.interrupted = 0
        self.errors: list[str] = []  # answers 5xx that are no 503: status and what they said
        self.refused: list[str] = []

    def run(self) -> None:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/xml"}
        with httpx2.Client(headers=headers, trust_env=False, timeout=10) as client:
            while not self._stop_it.is_set() and not self.refused:
                case = self._chance.choice((None, None, None, "TOGETHER"))  # one in four waits for those before it
                paper = draw_up(KIND, now=datetime.now(UTC), case=case)
                form = self._stage.sign(paper.raw, by=SIGNER)
                times = 2 if self._chance.random() < AGAIN else 1
                for _ in range(times):
                    while not self._hand_in(client, paper.document_id, form):
                        time.sleep(0.05)
                time.sleep(self._pause_s)

    def _hand_in(self, client: httpx2.Client, document_id: str, form: bytes) -> bool:
        url = f"{self._stage.url}/v1/submissions"
        try:
            answer = client.post(url, content=form, headers={"Idempotency-Key": document_id})
        except httpx2.HTTPError:
            self.interrupted += 1
            return False
        if answer.status_code in (200, 201):
            self.acknowledged.setdefault(document_id, set()).add(answer.content)
            return True
        if answer.status_code >= 500 and answer.status_code != 503:
            self.errors.append(f"{answer.status_code} {answer.text[:500]}")
        elif answer.status_code not in (202, 429, 503):  # 202: what this sender gave up waiting for is being judged
            self.refused.append(f"{answer.status_code} {answer.text[:500]}")
            return True
        return False


class Collector(threading.Thread):
    """Empties a mailbox: opens each copy, keeps it once by its delivery id, and signs for it."""

    def __init__(self, stage: Stage, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self._stage, self._stop_it = stage, stop
        self._sealing = load_identity(stage.folder.sealing(COLLECTS))
        self._signing = load_identity(stage.folder.signing(COLLECTS))
        self.kept: dict[str, tuple[str, bytes]] = {}

    def run(self) -> None:
        with Client(self._stage.url, token=self._stage.folder.token(COLLECTS).read_text().strip()) as client:
            while not self._stop_it.is_set():
                with suppress(ClientError):  # killed meanwhile, or leased by our own call that was not answered
                    for item in client.mailbox():
                        self._collect(client, item["deliveryId"])
                self._stop_it.wait(0.1)

    def _collect(self, client: Client, delivery_id: str) -> None:
        if delivery_id not in self.kept:
            opened = open_envelope(
                client.lease(delivery_id, seconds=2).raw_envelope,
                identity=self._sealing,
                trust=self._stage.gateway_trust,
                at=datetime.now(UTC),
            )
            receipt = build_receipt(
                opened.consignment,
                envelope_digest=opened.envelope_digest,
                identity=self._signing,
                at=datetime.now(UTC),
            )
            self.kept[delivery_id] = (document_id(opened.form), receipt)
        client.acknowledge(delivery_id, self.kept[delivery_id][1])


@dataclass
class Campaign:
    """One run. kills: so far, by the role of the process that died."""

    stage: Stage
    senders: Sequence[Sender]
    collector: Collector
    chance: random.Random
    patience_s: float
    serve: Process
    kills: Tally[str] = field(default_factory=Tally)
    _stop: threading.Event = field(default_factory=threading.Event)
    _all: threading.Event = field(default_factory=threading.Event)

    @property
    def acknowledged(self) -> dict[str, set[bytes]]:
        """Every acknowledged document with the answers to it."""
        return {key: told for sender in self.senders for key, told in list(sender.acknowledged.items())}

    @property
    def interrupted(self) -> int:
        """How often a kill met a sender that waited for its answer."""
        return sum(sender.interrupted for sender in self.senders)

    @property
    def errors(self) -> list[str]:
        """What a sender was told with a 5xx other than 503, and what the gateway noted of it."""
        noted = self.serve.log.read_text(errors="replace").splitlines()
        return [f"{each}{_noted(each, noted)}" for sender in self.senders for each in sender.errors]

    def kill(self, *, progress: int) -> list[str]:
        """SIGKILL one, two or all processes of `serve` after so many further acknowledgements; their roles."""
        before = len(self.acknowledged)
        self.wait_until(lambda: len(self.acknowledged) >= before + progress, pause_s=0.005)
        time.sleep(self.chance.uniform(0, 0.05))
        alive = [(self.serve.handle.pid, "serve"), *children(self.serve.handle.pid)]
        number = min(self.chance.choice((1, 1, 1, 2, 2, len(alive))), len(alive))
        killed: list[str] = []
        for pid, role in self.chance.sample(alive, number):
            with suppress(ProcessLookupError):  # it was being started again and is gone by itself
                os.kill(pid, signal.SIGKILL)
                killed.append(role)
        self.kills.update(killed)
        if "serve" in killed:
            self._start_again()
        return killed

    def _start_again(self) -> None:
        """What an operating system does with a service that died: start it, and again when it does not stay."""
        self.serve.handle.wait()
        deadline = time.monotonic() + self.patience_s
        while True:
            self.stage.processes.running.remove(self.serve)
            self.serve = start(self.stage)
            while self.serve.handle.poll() is None:
                with suppress(ClientError), Client(self.stage.url, timeout_s=1.0) as client:
                    client.health()
                    return
                if time.monotonic() > deadline:
                    said = "\n".join(self.serve.log.read_text().splitlines()[-40:])
                    raise TimeoutError(f"serve did not come back; it said\n{said}")
                time.sleep(0.1)
            time.sleep(0.2)  # the orphans of the dead one still hold the address for a moment

    def finish(self) -> None:
        """Let everybody come to an end: no new forms, all acknowledged ones on their way until they are there."""
        self._stop.set()
        for sender in self.senders:
            sender.join(self.patience_s)
            if sender.is_alive():
                raise TimeoutError("a sender is still waiting for its answer")
        wanted = set(self.acknowledged)
        self.wait_until(lambda: all(wanted <= set(held) for held in self.held().values()), pause_s=0.5)
        token = self.stage.folder.token(SENDER).read_text().strip()
        with Client(self.stage.url, token=token) as client:
            self.wait_until(lambda: all(each["state"] == "closed" for each in client.submissions()), pause_s=1)
        self._all.set()
        self.collector.join(self.patience_s)

    def held(self) -> dict[str, Tally[str]]:
        """How often each recipient keeps each document, by its own records."""
        servers = {
            party: Tally(
                document_id(form.read_bytes())
                for place in self.stage.received(party)
                if (form := place / "form.xml").exists()  # what it refused, it does not hold
            )
            for party in SERVERS
        }
        return {**servers, COLLECTS: Tally(document for document, _ in list(self.collector.kept.values()))}

    def wait_until(self, so: Callable[[], bool], *, pause_s: float) -> None:
        """Raises TimeoutError when patience ends first."""
        deadline = time.monotonic() + self.patience_s
        while True:
            with suppress(ClientError):
                if so():
                    return
            if any(sender.refused for sender in self.senders):
                raise RuntimeError(f"a sender was refused: {[each for s in self.senders for each in s.refused]}")
            if time.monotonic() > deadline:
                raise TimeoutError("it never came to that")
            time.sleep(pause_s)


@contextmanager
def campaign(
    root: Path, *, seed: int, senders: int, pause_s: float = 0.02, patience_s: float = 90.0
) -> Iterator[Campaign]:
    """A running gateway under load in the folder `root`; nothing is left running after it."""
    chance, stop, over = random.Random(seed), threading.Event(), threading.Event()
    with set_stage(root, pushed=SERVERS) as stage:
        with stage.folder.config.open("a", encoding="utf-8") as config:
            config.write(f"lease_s = {LEASE_S}\n")  # [dispatch] comes last: the work of a dead worker comes back soon
        serve = start(stage)
        for party in SERVERS:
            stage.start_receiver(party)
        serve.wait_until_up(stage.url)
        stage.register_parties()
        hands = [Sender(stage, stop, random.Random(chance.random()), pause_s) for _ in range(senders)]
        running = Campaign(stage, hands, Collector(stage, over), chance, patience_s, serve, _stop=stop, _all=over)
        for thread in (*hands, running.collector):
            thread.start()
        try:
            yield running
        finally:
            stop.set()
            over.set()


def start(stage: Stage) -> Process:
    """`sealpost serve` with all the processes it keeps."""
    return stage.processes.start("serve", "gateway.cli", ["serve", "--config", str(stage.folder.config)])


def children(pid: int) -> list[tuple[int, str]]:
    """All processes below `pid`, each with its role: what it is shown as."""
    found: list[tuple[int, str]] = []
    for child in family(pid)[1:]:
        with suppress(OSError):
            found.append((child, (Path("/proc") / str(child) / "comm").read_text().strip()))
    return found


def _noted(answer: str, log: Sequence[str]) -> str:
    """What stands in a log under the reference of an answer: the error, and where in the program it was raised."""
    reference = re.search(r'"reference":"([0-9a-f-]{36})"', answer)
    if reference is None:
        return ""
    at = next((number for number, line in enumerate(log) if reference[1] in line), len(log))
    return "".join(f"\n{line}" for line in log[at : at + LINES_OF_TRACE])


def document_id(form: bytes) -> str:
    """The form's own number."""
    return etree.fromstring(form).findtext(".//{urn:sealpost:common:1}DocumentId") or ""
