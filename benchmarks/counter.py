"""A counter to be measured: keys, parties, forms that are signed truly, and the processes as an operator runs them.

Everybody here has P-256 keys, those that the figures are about.
"""

from __future__ import annotations

import os
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from gateway.assembly import Gateway, build
from gateway.config import load_config
from gateway.demo.cast import CAST
from gateway.demo.papers import Paper, draw_up
from gateway.demo.pki import DemoFolder, create_demo_folder
from gateway.demo.processes import LOOPBACK, Process, Processes, free_ports
from gateway.demo.register import register_cast
from gateway.idempotency import Accepted
from gateway.intake import Decision, Intake
from gateway.lockstep import side_by_side
from gateway.model import Party, PartyId
from gateway.ports import Pending
from gateway.views import EndpointRecord
from signing import Identity, load_identity, sign_xml

CORES = len(os.sched_getaffinity(0))
KIND, SIGNER, SENDER = "be/health-assessment", "doctor", "service"
RECIPIENTS = ("employer", "worker", "dossier")
SIDE_BY_SIDE = 16  # where forms are taken in without HTTP: as many as wait at a busy desk
PATIENCE_S = 120.0  # the machine may be busy with other things
_P256 = tuple(replace(member, signing_key="p256", sealing_key="p256") for member in CAST)
_CASE, _DOCUMENT = "f:Header/c:CaseReference", "f:Header/c:DocumentId"
_CASE_MARK = "BENCH-CASE"


@dataclass(frozen=True)
class Counter:
    """tokens: by party. url: where `running` serves."""

    folder: DemoFolder
    tokens: Mapping[str, str]
    url: str

    @cached_property
    def signer(self) -> Identity:
        return load_identity(self.folder.signing(SIGNER))

    @cached_property
    def _paper(self) -> Paper:
        return draw_up(KIND, now=datetime.now(UTC), fill={_CASE: _CASE_MARK})

    def form(self) -> bytes:
        """A signed assessment with a number and in a case of its own."""
        document_id = str(uuid.uuid4())
        raw = self._paper.raw.replace(self._paper.document_id.encode(), document_id.encode())
        raw = raw.replace(_CASE_MARK.encode(), f"BENCH-{document_id[:13]}".encode())
        return sign_xml(raw, identity=self.signer, at=datetime.now(UTC))

    def open(self) -> Gateway:
        """The gateway in this process, over the same store; its store is the caller's to close."""
        return build(load_config(self.folder.config))

    def hand_in(self, gateway: Gateway, count: int) -> None:
        """Take forms in without HTTP, to have something to deliver."""
        for first in range(0, count, SIDE_BY_SIDE):
            take_in(gateway.intake, [self.form() for _ in range(first, min(first + SIDE_BY_SIDE, count))])

    @contextmanager
    def running(self, *options: str) -> Iterator[Process]:
        """`sealpost serve` with everything that it starts, ready to answer."""
        with Processes(logs=self.folder.root / "logs") as processes:
            process = processes.start(
                "gateway", "gateway.cli", ["serve", "--config", str(self.folder.config), *options]
            )
            process.wait_until_up(self.url, timeout_s=PATIENCE_S)
            yield process


@contextmanager
def a_counter(*, endpoints: Mapping[str, str] | None = None) -> Iterator[Counter]:
    """A counter with the cast of the demonstration. endpoints: party -> address, of those that are pushed to."""
    with tempfile.TemporaryDirectory() as place:
        (port,) = free_ports(1)
        began = datetime.now(UTC) - timedelta(days=1)
        folder = create_demo_folder(Path(place), at=began, port=port, cast=_P256)
        counter = Counter(folder=folder, tokens={}, url=f"http://{LOOPBACK}:{port}")
        pushed: dict[str, EndpointRecord] = {
            party: {"kind": "push", "url": url} for party, url in (endpoints or {}).items()
        }
        gateway = counter.open()
        try:
            tokens = register_cast(gateway, folder, endpoints=pushed)
        finally:
            gateway.store.close()
        yield replace(counter, tokens=tokens)


def take_in(intake: Intake, forms: Sequence[bytes]) -> None:
    """Take forms in without HTTP, side by side, as at a desk where so many wait."""
    judged: list[Future[Pending[Decision]]] = [Future() for _ in forms]
    works = [intake.judge(each, sender=_sender(intake), idempotency_key=None, language="en") for each in forms]
    side_by_side(zip(works, judged, strict=True))
    for each in judged:
        match each.result().result():
            case Accepted():
                pass
            case refused:
                raise RuntimeError(f"not taken in: {refused}")


def _sender(intake: Intake) -> Callable[[], Party]:
    """Looks the sender up, as a request does by its token."""

    def found() -> Party:
        sender = intake.store.read(lambda view: view.party(PartyId(SENDER)))
        assert sender is not None
        return sender

    return found


def progress(text: str) -> None:
    """A word to whoever waits."""
    print(f"  {text}", file=sys.stderr, flush=True)
