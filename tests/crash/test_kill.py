"""SIGKILL in a run of submissions: what was acknowledged is delivered, once in effect, at every recipient.

Checked at the recipients, which keep what they got, not in the gateway's own tables.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter as Tally
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import httpx2
from lxml import etree

from gateway.demo.cast import FUND, INSPECTORATE
from gateway.demo.papers import draw_up
from gateway.demo.stage import Stage, set_stage
from gateway.envelope import open_envelope
from signing import load_identity

KIND = "be/occupational-disease-report"
SUBMISSIONS, SENDERS, KILLS = 48, 4, 6
PATIENCE_S = 60.0


class Sender(threading.Thread):
    """Hands in forms one by one and does not rest until each is acknowledged, as a careful sender would."""

    def __init__(self, stage: Stage, forms: list[tuple[str, bytes]], token: str) -> None:
        super().__init__(daemon=True)
        self._url, self._token, self._forms = f"{stage.url}/v1/submissions", token, forms
        self.acknowledged: dict[str, set[str]] = {}
        self.interrupted = 0

    def run(self) -> None:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/xml"}
        with httpx2.Client(headers=headers, trust_env=False, timeout=5) as client:
            for document_id, form in self._forms:
                while not self._hand_in(client, document_id, form):
                    time.sleep(0.02)

    def _hand_in(self, client: httpx2.Client, document_id: str, form: bytes) -> bool:
        try:
            answer = client.post(self._url, content=form, headers={"Idempotency-Key": document_id})
        except httpx2.HTTPError:
            self.interrupted += 1
            return False
        if answer.status_code in (200, 201):
            self.acknowledged.setdefault(document_id, set()).add(answer.json()["submissionId"])
            return True
        assert answer.status_code == 503, answer.text
        return False


def test_every_acknowledged_submission_is_delivered_once_whatever_is_killed(tmp_path: Path) -> None:
    chance = random.Random(20030528)
    with set_stage(tmp_path, pushed=(FUND.id, INSPECTORATE.id)) as stage:
        with stage.folder.config.open("a", encoding="utf-8") as config:
            config.write("lease_s = 3\n")  # [dispatch] comes last: the work of a dead worker comes back soon
        stage.start()
        stage.register_parties()
        senders = [Sender(stage, forms, stage.folder.token("service").read_text().strip()) for forms in hands(stage)]
        for sender in senders:
            sender.start()
        for number in range(KILLS):
            # By progress and not by time: every kill falls into the run, on a fast machine too.
            wait_until(lambda so_far=SUBMISSIONS * number // KILLS: acknowledged_by(senders) >= so_far, pause_s=0.005)
            time.sleep(chance.uniform(0, 0.03))
            for name in chance.choice((("worker",), ("gateway",), ("worker", "gateway"))):
                kill(stage, name)
                restart(stage, name)
        for sender in senders:
            sender.join(PATIENCE_S)
            assert not sender.is_alive()
        assert sum(sender.interrupted for sender in senders) > 0, "no kill met a sender: the test proves nothing"
        acknowledged = {key: ids for sender in senders for key, ids in sender.acknowledged.items()}
        assert len(acknowledged) == SUBMISSIONS
        assert all(len(ids) == 1 for ids in acknowledged.values()), "an acknowledgement changed between two answers"
        for party in (FUND.id, INSPECTORATE.id):
            wait_until(lambda party=party: len(received(stage, party)) >= SUBMISSIONS)
            assert received(stage, party) == Tally(acknowledged.keys())
        assert in_mailbox(stage, "dossier") == Tally(acknowledged.keys())
        wait_until(lambda: all(handed_over(stage, next(iter(ids))) for ids in acknowledged.values()))


def hands(stage: Stage) -> list[list[tuple[str, bytes]]]:
    """The forms of each sender."""
    now = datetime.now(UTC)
    papers = [draw_up(KIND, now=now) for _ in range(SUBMISSIONS)]
    forms = [(paper.document_id, stage.sign(paper.raw, by="doctor")) for paper in papers]
    return [forms[number::SENDERS] for number in range(SENDERS)]


def kill(stage: Stage, name: str) -> None:
    """SIGKILL every running process of that name."""
    for process in [each for each in stage.processes.running if each.name == name]:
        process.handle.kill()
        process.handle.wait()
        stage.processes.running.remove(process)


def restart(stage: Stage, name: str) -> None:
    """Start it again, as a supervisor would."""
    config = ["--config", str(stage.folder.config)]
    if name == "gateway":
        stage.processes.start(name, "gateway.cli", ["serve", "--no-worker", *config]).wait_until_up(stage.url)
    else:
        stage.processes.start(name, "gateway.cli", ["work", *config])


def received(stage: Stage, party: str) -> Tally[str]:
    """How often a recipient's server has kept each document."""
    return Tally(document_id((place / "form.xml").read_bytes()) for place in stage.received(party))


def in_mailbox(stage: Stage, party: str) -> Tally[str]:
    """How often each document waits in a mailbox, after opening every copy."""
    client = stage.clients[party]
    identity = load_identity(stage.folder.sealing(party))
    opened = (
        open_envelope(
            client.lease(item["deliveryId"]).raw_envelope,
            identity=identity,
            trust=stage.gateway_trust,
            at=datetime.now(UTC),
        )
        for item in client.mailbox()
    )
    return Tally(document_id(each.form) for each in opened)


def handed_over(stage: Stage, submission_id: str) -> bool:
    deliveries = stage.clients["service"].deliveries(submission_id)
    return {each["state"] for each in deliveries if each["transport"] == "push"} == {"handed-over"}


def document_id(form: bytes) -> str:
    return etree.fromstring(form).findtext(".//{urn:sealpost:common:1}DocumentId") or ""


def acknowledged_by(senders: Sequence[Sender]) -> int:
    return sum(len(sender.acknowledged) for sender in senders)


def wait_until(so: Callable[[], bool], *, pause_s: float = 0.1) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not so():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(pause_s)
