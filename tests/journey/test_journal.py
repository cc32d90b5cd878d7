"""The journal over HTTP: proofs for those who may see the evidence, checkpoints for all, the backlog."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha512
from typing import Any

import httpx2
import pytest

from gateway.assembly import auditing
from gateway.client import Client
from gateway.journal import read_entry
from signing import (
    TimestampTrust,
    parse_note_key,
    read_checkpoint,
    verify_consistency,
    verify_log_proof,
    verify_record,
)
from tests.conftest import Counter
from tests.journey.test_mailboxes import delivery_to, hand_in, lease, opened, receipt_of, send_receipt

Http = Callable[[str | None], httpx2.Client]


@pytest.fixture
def counter(open_counter: Callable[..., Counter]) -> Counter:
    return open_counter(journal_close_after_s=0.001)


def keep(counter: Counter) -> None:
    """What the worker does every second."""
    counter.gateway.journal.batches.close_due()
    counter.gateway.journal.batches.stamp_due()


def settled(http: Http, counter: Counter) -> dict[str, Any]:
    """A form that was handed in, collected and signed for by the worker: the hand-over's evidence."""
    view = hand_in(http, counter)
    delivery = delivery_to(view, "worker")
    envelope = opened(counter, "worker", lease(http, "worker", delivery).content)
    send_receipt(http, "worker", delivery, receipt_of(counter, "worker", envelope)).raise_for_status()
    items = http("service").get(f"{view['href']}/evidence").json()["items"]
    (handed_over,) = [each for each in items if each["event"] == "ContentHandover"]
    return dict(handed_over)


def test_evidence_and_its_receipt_are_proven_to_those_who_may_see_them(http: Http, counter: Counter) -> None:
    evidence = settled(http, counter)
    early = http("service").get(f"{evidence['href']}/journal-proof").json()
    assert early["missing"] == ["checkpoint", "cosignature", "time-stamp"]
    assert set(early) == {"entry", "position", "missing"}
    keep(counter)
    log = parse_note_key(http(None).get("/v1/journal").json()["key"])
    trust, now = TimestampTrust(anchors=counter.trust), datetime.now(UTC)
    for of in ("", "/receipt"):
        raw = http("worker").get(f"{evidence['href']}{of}").content
        proof = http("worker").get(f"{evidence['href']}{of}/journal-proof").json()
        assert proof["missing"] == ["cosignature"]
        entry = proof["entry"].encode()
        assert read_entry(entry).digest == sha512(raw).digest()
        signed = verify_log_proof(proof["logProof"].encode(), entry, log=log)
        verify_record(base64.b64decode(proof["evidenceRecord"]), entry, trust=trust, at=now)
        verify_record(
            base64.b64decode(proof["checkpointEvidenceRecord"]), proof["signedCheckpoint"].encode(), trust=trust, at=now
        )
        assert signed.checkpoint.size > proof["position"]
        assert http("service").get(f"{evidence['href']}{of}/journal-proof").json()["logProof"] == proof["logProof"]
        assert http("employer").get(f"{evidence['href']}{of}/journal-proof").status_code == 404
        assert http(None).get(f"{evidence['href']}{of}/journal-proof").status_code == 401
    acceptance = hand_in(http, counter)["acceptance"]["href"]
    assert http("service").get(f"{acceptance}/receipt/journal-proof").json()["code"] == "receipt-not-found"
    assert list(auditing(counter.gateway).run()) == []


def test_everybody_can_hold_the_counter_to_its_checkpoints(http: Http, counter: Counter) -> None:
    nobody = http(None)
    assert nobody.get("/v1/journal/checkpoint").json()["code"] == "checkpoint-not-found"
    about = nobody.get("/v1/journal").json()
    log = parse_note_key(about["key"])
    assert (log.name, about["origin"]) == ("sealpost-demo/journal", "sealpost-demo/journal")
    notes = []
    for _ in range(3):
        hand_in(http, counter)
        keep(counter)
        answer = nobody.get(about["checkpoint"])
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        notes.append(answer.content)
    old, middle, new = (read_checkpoint(note, log=log).checkpoint for note in notes)
    assert old.size < middle.size < new.size
    assert nobody.get(f"/v1/journal/checkpoints/{middle.size}").content == notes[1]
    for one, other in ((old, new), (middle, new), (old, middle), (new, new)):
        proof = nobody.get("/v1/journal/consistency", params={"old": one.size, "size": other.size}).json()["proof"]
        verify_consistency(one.size, one.root, other.size, other.root, [base64.b64decode(each) for each in proof])
    for query, status in (
        ({"old": 1, "size": new.size}, 404),
        ({"old": new.size, "size": old.size}, 404),
        ({"old": -1, "size": new.size}, 400),
        ({"old": 0}, 400),
    ):
        assert nobody.get("/v1/journal/consistency", params=query).status_code == status
    assert nobody.get("/v1/journal/checkpoints/1").status_code == 404
    assert nobody.get("/v1/journal/checkpoints/0").status_code == 404
    assert nobody.get(f"/v1/journal/checkpoints/{2**64}").status_code == 400


def test_the_operator_sees_what_waits_and_has_stamps_renewed(http: Http, url: str, counter: Counter) -> None:
    hand_in(http, counter)
    with Client(url, token=counter.folder.admin_token.read_text().strip()) as admin:
        before = admin.journal_backlog()
        keep(counter)
        after = admin.journal_backlog()
        ends = datetime.fromisoformat(after["stampsEndAt"])
        assert admin.renew_stamps(before=(ends - timedelta(days=1)).date().isoformat()) == 0
        assert [admin.rehash_stamps(digest="sha512") for _ in range(2)] == [1, 0]
    assert before["open"] == before["unstamped"] == before["entries"] > 0
    assert before["openSince"] == before["unstampedSince"]
    assert (after["open"], after["unstamped"], after["entries"]) == (0, 0, before["entries"])
    assert not {"openSince", "unstampedSince"} & set(after)
    assert http("admin").post("/v1/operations/journal/rehashings", json={"digest": "sha256"}).status_code == 400
    refused = http("admin").post("/v1/operations/journal/renewals", json={"before": f"{ends.year + 9}-01-01"})
    assert (refused.status_code, refused.json()["code"]) == (409, "authority-ends-too-soon")
    for path, body in (("", None), ("/renewals", {"before": "2030-01-01"})):
        answer = http("service").request("POST" if body else "GET", f"/v1/operations/journal{path}", json=body)
        assert answer.json()["code"] == "administrator-only"


def test_the_client_has_it_all(http: Http, url: str, counter: Counter) -> None:
    evidence = settled(http, counter)
    keep(counter)
    with Client(url, token=counter.tokens["service"]) as client:
        log = parse_note_key(client.journal()["key"])
        newest = read_checkpoint(client.checkpoint(), log=log).checkpoint
        assert client.checkpoint(newest.size) == client.checkpoint()
        assert client.consistency(newest.size, newest.size) == []
        for of_receipt in (False, True):
            proof = client.journal_proof(evidence["evidenceId"], of_receipt=of_receipt)
            verify_log_proof(proof["logProof"].encode(), proof["entry"].encode(), log=log)
