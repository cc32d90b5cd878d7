"""Several clients of one mailbox, in threads and in processes, against `sealpost serve` as several processes."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime
from http.client import HTTPResponse
from multiprocessing import get_context
from pathlib import Path

from gateway.client import LEASED, Client, ClientError
from gateway.demo.pki import DemoFolder
from gateway.demo.processes import LOOPBACK
from gateway.envelope import open_envelope
from gateway.receipt import build_receipt
from signing import load_identity, trust_from_pem
from tests.cli.command import sealpost
from tests.cli.serving import Serving, port_of, serving
from tests.patience import PATIENCE_S, wait_until

KIND = "be/health-assessment"
PARTY = "worker"
FORMS = 10
TAKEN = frozenset({LEASED, "delivery-settled"})  # by another client, between our look and our grasp


def work(url: str, folder: DemoFolder, signing: Path) -> list[str]:
    """What a client does that works its mailbox off, until nothing comes any more; the copies that it dealt with."""
    sealing, trust = load_identity(folder.sealing(PARTY)), trust_from_pem(folder.gateway_certificate.read_bytes())
    done: list[str] = []
    gave_back = False
    with Client(url, token=folder.token(PARTY).read_text().strip()) as gateway:
        while items := gateway.await_mail(seconds=5):
            for item in items:
                try:
                    leased = gateway.lease(item["deliveryId"], seconds=120)
                except ClientError as error:
                    if error.code not in TAKEN:
                        raise
                    continue
                if not gave_back:  # each of them once
                    gave_back = True
                    gateway.release(leased.delivery_id, leased.lease_id)
                    continue
                at = datetime.now(UTC)
                opened = open_envelope(leased.raw_envelope, identity=sealing, trust=trust, at=at)
                done.append(leased.delivery_id)
                receipt = build_receipt(
                    opened.consignment,
                    envelope_digest=opened.envelope_digest,
                    identity=load_identity(signing),
                    at=at,
                )
                gateway.acknowledge(leased.delivery_id, receipt)
    return done


def test_no_two_clients_deal_with_the_same_copy_and_none_is_left(tmp_path: Path) -> None:
    with serving(tmp_path / "pki", server={"processes": 2}) as running:
        folder, url = running.stage.folder, running.stage.url
        signing = folder.signing(PARTY)
        spawning = get_context("spawn")
        with ThreadPoolExecutor(2) as threads, ProcessPoolExecutor(2, mp_context=spawning) as processes:
            clients = [pool.submit(work, url, folder, signing) for pool in (threads, processes) for _ in range(2)]
            expected = [to_the_worker(running) for _ in range(FORMS)]
            done = [delivery for client in clients for delivery in client.result()]
        assert sorted(done) == sorted(expected)
        assert json.loads(sealpost_mailbox(running, "--wait", "1")) == {"items": []}
        last = to_the_worker(running)
        (item,) = json.loads(sealpost_mailbox(running, "--wait", "20"))["items"]
        assert item["deliveryId"] == last
        with socket.create_connection((LOOPBACK, port_of(running))) as asking:
            token = running.stage.folder.token(PARTY).read_text().strip()
            place = f"/v1/mailbox?after={item['cursor']}&waitS=30"
            head = f"GET {place} HTTP/1.1\r\nHost: counter\r\nAuthorization: Bearer {token}\r\n\r\n"
            asking.sendall(head.encode())
            wait_until(lambda: is_read(asking))  # it waits now; the stop would cut it off after 25 s, without an answer
            running.handle.terminate()
            answer = HTTPResponse(asking)
            answer.begin()
            assert json.loads(answer.read()) == {"items": []}
            assert running.handle.wait(PATIENCE_S) == 0


def is_read(asking: socket.socket) -> bool:
    """Whether the other side, on this machine, has taken the connection and read all that was sent."""
    ports = [f"{end[1]:04X}" for end in (asking.getpeername(), asking.getsockname())]
    for row in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, _, queues, _, _, _, _, inode, *_ = row.split()
        if [local.partition(":")[2], remote.partition(":")[2]] == ports:
            return inode != "0" and int(queues.partition(":")[2], 16) == 0
    return False


def to_the_worker(running: Serving) -> str:
    """A fresh form; the id of the worker's copy."""
    deliveries = running.hand_in(KIND)["deliveries"]
    return str(next(each["deliveryId"] for each in deliveries if each["party"] == PARTY))


def sealpost_mailbox(running: Serving, *options: str) -> bytes:
    token = running.stage.folder.token(PARTY)
    ran = sealpost(["mailbox", "list", "--json", "--url", running.stage.url, "--token-file", token, *options])
    assert ran.code == 0, ran.err
    return ran.out
