"""Where the story plays: keys, processes, registered parties, and everybody's access to the gateway."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from gateway.client import Client
from gateway.demo.cast import CAST, EMPLOYER, FUND, INSPECTORATE
from gateway.demo.pki import DemoFolder, create_demo_folder, party_record, toml_text, write_secret
from gateway.demo.processes import LOOPBACK, Process, Processes, free_ports
from gateway.envelope import OpenedEnvelope, open_envelope
from gateway.receipt import build_receipt
from gateway.views import DeliveryView, EndpointRecord, MailboxItem, SubmissionView
from signing import Identity, TrustPolicy, load_identity, sign_xml, trust_from_pem

PUSHED = (EMPLOYER.id, INSPECTORATE.id, FUND.id)
RETRY_SCHEDULE_S = (0.5, 0.5, 1, 1)
PATIENCE_S = 60.0
_POLL_S = 0.05


@dataclass(kw_only=True)
class Stage:
    """The running demonstration. ports: of the receivers, by party."""

    folder: DemoFolder
    url: str
    processes: Processes
    ports: dict[str, int]
    trust: TrustPolicy
    gateway_trust: TrustPolicy
    clients: dict[str, Client] = field(default_factory=dict)
    receivers: dict[str, Process] = field(default_factory=dict)

    def start(self) -> None:
        """Start everything, and return when everything answers."""
        config = ["--config", str(self.folder.config)]
        gateway = self.processes.start("gateway", "gateway.cli", ["serve", "--no-worker", *config])
        self.processes.start("worker", "gateway.cli", ["work", *config])
        for party_id in self.ports:
            self._launch_receiver(party_id)
        gateway.wait_until_up(self.url)
        for party_id in self.ports:
            self._await_receiver(party_id)

    def endpoint(self, party_id: str) -> str:
        """Where the receiver of a party takes its copies."""
        return f"http://{LOOPBACK}:{self.ports[party_id]}/deliveries"

    def start_receiver(self, party_id: str) -> None:
        """Start the server of a party, and return when it answers."""
        self._launch_receiver(party_id)
        self._await_receiver(party_id)

    def _launch_receiver(self, party_id: str) -> None:
        """Run the reference receiver for a party, with its own settings and its own store."""
        config = self.folder.party(party_id) / "receiver.toml"
        if not config.exists():
            config.write_text(self._receiver_config(party_id), encoding="utf-8")
        self.receivers[party_id] = self.processes.start(f"receiver-{party_id}", "receiver", ["--config", str(config)])

    def _await_receiver(self, party_id: str) -> None:
        self.receivers[party_id].wait_until_up(f"http://{LOOPBACK}:{self.ports[party_id]}")

    def stop_receiver(self, party_id: str) -> None:
        self.processes.stop(self.receivers.pop(party_id))

    def register_parties(self) -> None:
        """Register the whole cast through the API of the administrator, and give everybody a token."""
        with Client(self.url, token=self.folder.admin_token.read_text().strip()) as administrator:
            for member in CAST:
                endpoint: EndpointRecord | None = None
                if member.id in self.ports:
                    endpoint = {"kind": "push", "url": self.endpoint(member.id)}
                administrator.put_party(party_record(self.folder, member.id, endpoint=endpoint))
                token = administrator.issue_token(member.id)
                write_secret(self.folder.token(member.id), token.encode() + b"\n")
                self.clients[member.id] = Client(self.url, token=token)

    def signing_identity(self, party_id: str) -> Identity:
        return load_identity(self.folder.signing(party_id))

    def sign(self, raw: bytes, *, by: str) -> bytes:
        return sign_xml(raw, identity=self.signing_identity(by), at=datetime.now(UTC))

    def collect(self, party_id: str, submission: SubmissionView) -> OpenedEnvelope:
        """What a party without a server does: lease its copy of a submission, open it, sign for it."""
        client = self.clients[party_id]
        item = self._in_mailbox(party_id, submission["submissionId"])
        leased = client.lease(item["deliveryId"])
        opened = open_envelope(
            leased.raw_envelope,
            identity=load_identity(self.folder.sealing(party_id)),
            trust=self.gateway_trust,
            at=datetime.now(UTC),
        )
        receipt = build_receipt(
            opened.consignment,
            envelope_digest=opened.envelope_digest,
            identity=self.signing_identity(party_id),
            at=datetime.now(UTC),
        )
        client.acknowledge(item["deliveryId"], receipt)
        return opened

    def wait_for(
        self, sender: str, submission_id: str, party_id: str, *, state: str | None = None, attempts: int = 0
    ) -> DeliveryView:
        """The delivery to a party once it is in `state` and was tried so often, or as it is when patience ends."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            deliveries = self.clients[sender].deliveries(submission_id)
            delivery = next(each for each in deliveries if each["party"] == party_id)
            if (state in (None, delivery["state"]) and delivery["attempts"] >= attempts) or time.monotonic() > deadline:
                return delivery
            self.processes.check()
            time.sleep(_POLL_S)

    def received(self, party_id: str) -> list[Path]:
        """The folders of what a party's receiver keeps; one that is still being made begins with a dot."""
        return sorted(place.parent for place in (self.folder.party(party_id) / "received").glob("[!.]*/receipt.xml"))

    def _in_mailbox(self, party_id: str, submission_id: str) -> MailboxItem:
        return next(item for item in self.clients[party_id].mailbox() if item["submissionId"] == submission_id)

    def _receiver_config(self, party_id: str) -> str:
        return toml_text(
            {
                "receiver": {"party": party_id, "store": "received"},
                "keys": {"sealing": "sealing.pem", "signing": "signing.pem"},
                "trust": {
                    "gateway": str(self.folder.gateway_certificate),
                    "signatories": str(self.folder.anchors),
                    "pushes": str(self.folder.gateway_certificate),
                },
                "server": {"host": LOOPBACK, "port": self.ports[party_id], "url": self.endpoint(party_id)},
            }
        )


@contextmanager
def set_stage(root: Path, *, pushed: Sequence[str] = PUSHED) -> Iterator[Stage]:
    """A stage in the folder `root`, with keys made and nothing started; everything started is stopped at the end.

    pushed: who has a server; the others have mailboxes.

    Raises FileExistsError when the folder holds a demonstration already.
    """
    gateway_port, *ports = free_ports(1 + len(pushed))
    folder = create_demo_folder(root, at=datetime.now(UTC), port=gateway_port, retry_schedule_s=RETRY_SCHEDULE_S)
    with Processes(logs=folder.root / "logs") as processes:
        stage = Stage(
            folder=folder,
            url=f"http://{LOOPBACK}:{gateway_port}",
            processes=processes,
            ports=dict(zip(pushed, ports, strict=True)),
            trust=trust_from_pem(folder.anchors.read_bytes()),
            gateway_trust=trust_from_pem(folder.gateway_certificate.read_bytes()),
        )
        try:
            yield stage
        finally:
            for client in stage.clients.values():
                client.close()
