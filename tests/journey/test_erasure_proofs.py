"""After an erasure everything is proven that was proven before it: evidence, receipts, journal, time stamps."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any

from gateway.assembly import auditing
from gateway.journal import read_entry
from signing import TimestampTrust, parse_note_key, verify_log_proof, verify_record
from tests.conftest import Counter
from tests.journey.test_erasure import PARTIES, erase
from tests.journey.test_journal import Http, keep
from tests.journey.test_journal import counter as counter
from tests.journey.test_mailboxes import delivery_to, hand_in
from tests.journey.test_operations import sign_for


def proven(http: Http, counter: Counter, view: dict[str, Any]) -> dict[str, Any]:
    """Every piece of evidence and every receipt of a form, verified against the journal by whoever has them."""
    log = parse_note_key(http(None).get("/v1/journal").json()["key"])
    trust, now, found = TimestampTrust(anchors=counter.trust), datetime.now(UTC), {}
    for item in http("service").get(f"{view['href']}/evidence").json()["items"]:
        for href in filter(None, (item["href"], item.get("receiptHref"))):
            raw = http("service").get(href).content
            proof = http("service").get(f"{href}/journal-proof").json()
            entry = proof["entry"].encode()
            assert read_entry(entry).digest == hashlib.sha512(raw).digest()
            verify_log_proof(proof["logProof"].encode(), entry, log=log)
            verify_record(base64.b64decode(proof["evidenceRecord"]), entry, trust=trust, at=now)
            found[href] = raw, entry
    return found


def test_what_was_proven_stays_proven(http: Http, counter: Counter) -> None:
    view = hand_in(http, counter)
    for party in PARTIES:
        assert sign_for(http, counter, party, delivery_to(view, party)).is_success
    keep(counter)
    before = proven(http, counter, view)
    assert len(before) == 10, "acceptance; of each copy consignment, hand-over and receipt"
    assert erase(http, view["submissionId"]).status_code == 201
    keep(counter)
    after = proven(http, counter, view)
    (erasure,) = after.keys() - before.keys()
    assert {href: after[href] for href in before} == before
    assert read_entry(after[erasure][1]).code == "erasure"
    assert list(auditing(counter.gateway).run()) == []
