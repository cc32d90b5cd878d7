"""Collecting copies and handing in receipts; and that nobody reads anybody else's mail."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from gateway.envelope import OpenedEnvelope, open_envelope
from gateway.model import DeliveryId, KeptReceipt
from gateway.receipt import build_receipt
from signing import SealingFailed, sha256, sign_xml
from tests.conftest import SIGNERS, Counter

Http = Callable[[str | None], httpx2.Client]
XML = {"Content-Type": "application/xml"}
NOBODYS = "01a20000-0000-7000-8000-000000000000"


def hand_in(http: Http, counter: Counter, kind: str = "be/health-assessment") -> dict[str, Any]:
    view: dict[str, Any] = (
        http(SIGNERS[kind][1])
        .post("/v1/submissions", content=counter.form(kind), headers=XML)
        .raise_for_status()
        .json()
    )
    return view


def delivery_to(view: dict[str, Any], party: str) -> str:
    return str(next(each["deliveryId"] for each in view["deliveries"] if each["party"] == party))


def lease(http: Http, party: str, delivery: str, seconds: int = 60) -> httpx2.Response:
    return http(party).post(f"/v1/mailbox/{delivery}/leases", json={"seconds": seconds})


def opened(counter: Counter, party: str, sealed: bytes) -> OpenedEnvelope:
    return open_envelope(sealed, identity=counter.identity(party, "sealing"), trust=counter.trust, at=datetime.now(UTC))


def receipt_of(counter: Counter, party: str, envelope: OpenedEnvelope, **about: Any) -> bytes:
    said: dict[str, Any] = {"envelope_digest": envelope.envelope_digest, "identity": counter.identity(party)} | about
    return build_receipt(envelope.consignment, at=datetime.now(UTC), **said)


def send_receipt(http: Http, party: str, delivery: str, raw: bytes) -> httpx2.Response:
    return http(party).post(f"/v1/mailbox/{delivery}/receipts", content=raw, headers=XML)


def collected(http: Http, counter: Counter, party: str) -> list[tuple[str, bytes]]:
    """What comes to a party that signs for each copy as it comes: kind and form, in the order of their coming."""
    taken = []
    while items := http(party).get("/v1/mailbox").json()["items"]:
        for item in items:
            envelope = opened(counter, party, lease(http, party, item["deliveryId"], seconds=1).content)
            receipt = receipt_of(counter, party, envelope)
            assert send_receipt(http, party, item["deliveryId"], receipt).status_code == 201
            taken.append((item["kind"], envelope.form))
    return taken


def test_a_copy_is_listed_leased_opened_and_signed_for(http: Http, counter: Counter) -> None:
    form = counter.form("be/health-assessment")
    view = http("service").post("/v1/submissions", content=form, headers=XML).json()
    (item,) = http("worker").get("/v1/mailbox").json()["items"]
    leased = lease(http, "worker", item["deliveryId"])
    assert leased.status_code == 201
    assert sha256(leased.content) == item["envelopeDigest"] == leased.headers["Sealpost-Envelope-Digest"]
    envelope = opened(counter, "worker", leased.content)
    assert envelope.form == form
    note = envelope.consignment
    assert (note.route, note.role, note.party, note.copy, note.of) == ("R05", "Worker", "worker", 2, 3)
    receipt = receipt_of(counter, "worker", envelope)
    taken = send_receipt(http, "worker", item["deliveryId"], receipt)
    assert (taken.status_code, taken.json()["outcome"]) == (201, "handed-over")
    assert http("worker").get("/v1/mailbox").json()["items"] == []
    service = http("service")
    delivery = next(d for d in service.get(view["href"]).json()["deliveries"] if d["party"] == "worker")
    assert delivery["state"] == "handed-over"
    assert delivery["handedOverAt"] > delivery["consignedAt"]
    proof = next(e for e in service.get(f"{view['href']}/evidence").json()["items"] if e["event"] == "ContentHandover")
    assert service.get(proof["receiptHref"]).content == receipt


def test_a_submission_closes_when_every_copy_is_handed_over(http: Http, counter: Counter) -> None:
    view = hand_in(http, counter)
    for delivery in view["deliveries"]:
        assert http("service").get(view["href"]).json()["state"] == "accepted"
        party = delivery["party"]
        envelope = opened(counter, party, lease(http, party, delivery["deliveryId"]).content)
        assert (
            send_receipt(http, party, delivery["deliveryId"], receipt_of(counter, party, envelope)).status_code == 201
        )
    assert http("service").get(view["href"]).json()["state"] == "closed"


def test_the_hand_over_of_an_appeal_starts_the_inspectors_term(http: Http, counter: Counter) -> None:
    view = hand_in(http, counter, "be/appeal")
    delivery = delivery_to(view, "inspectorate")
    envelope = opened(counter, "inspectorate", lease(http, "inspectorate", delivery).content)
    send_receipt(http, "inspectorate", delivery, receipt_of(counter, "inspectorate", envelope))
    terms = {term["id"]: term for term in http("worker").get(view["href"]).json()["terms"]}
    assert terms["T6"]["dayZero"] < terms["T6"]["lastDay"] <= terms["T6"]["lastDayOtherReading"]


def test_a_refusal_by_the_recipient_is_kept_as_such(http: Http, counter: Counter) -> None:
    view = hand_in(http, counter, "be/occupational-disease-report")
    delivery = delivery_to(view, "fund")
    envelope = opened(counter, "fund", lease(http, "fund", delivery).content)
    refusal = receipt_of(counter, "fund", envelope, outcome="refused", reason="not-competent")
    assert send_receipt(http, "fund", delivery, refusal).json()["outcome"] == "declined"
    later = receipt_of(counter, "fund", envelope)
    refused = send_receipt(http, "fund", delivery, later)
    assert (refused.status_code, refused.json()["code"]) == (422, "receipt-after-declined")
    assert counter.state(delivery) == "declined"


def test_the_same_receipt_again_gets_the_same_answer(http: Http, counter: Counter) -> None:
    delivery = delivery_to(hand_in(http, counter), "worker")
    raw = receipt_of(counter, "worker", opened(counter, "worker", lease(http, "worker", delivery).content))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: send_receipt(http, "worker", delivery, raw), range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.json()["evidenceId"] for answer in answers}) == 1


def test_two_clients_of_a_mailbox_never_hold_the_same_copy(http: Http, counter: Counter) -> None:
    delivery = delivery_to(hand_in(http, counter), "worker")
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: lease(http, "worker", delivery), range(6)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["code"] == "delivery-leased"
    assert 0 < int(refused.headers["Retry-After"]) <= 60


def test_a_lease_that_ran_out_gives_the_same_bytes_again(http: Http, counter: Counter) -> None:
    delivery = delivery_to(hand_in(http, counter), "worker")
    first = lease(http, "worker", delivery, seconds=1)
    again = lease(http, "worker", delivery)
    while again.status_code == 409:
        again = lease(http, "worker", delivery)
    assert again.content == first.content
    assert again.headers["Sealpost-Lease-Id"] != first.headers["Sealpost-Lease-Id"]


def test_a_copy_opens_with_its_recipients_key_only(http: Http, counter: Counter) -> None:
    view = hand_in(http, counter)
    sealed = lease(http, "worker", delivery_to(view, "worker")).content
    for party in counter.tokens:
        if party != "worker":
            with pytest.raises(SealingFailed):
                opened(counter, party, sealed)


def test_another_partys_things_are_not_found(http: Http, counter: Counter) -> None:
    """Every party against everything of a submission that does not concern it: 404, as for what does not exist."""
    view = hand_in(http, counter, "be/occupational-disease-report")
    evidence = http("service").get(f"{view['href']}/evidence").json()["items"]
    strangers = counter.tokens.keys() - {"service", "inspectorate", "fund", "dossier"}
    assert strangers >= {"employer", "worker"}
    deliveries = [each["deliveryId"] for each in view["deliveries"]]
    for stranger in strangers:
        client = http(stranger)
        paths = [view["href"], *(f"{view['href']}/{part}" for part in ("deliveries", "evidence", "evidence-package"))]
        paths += [item["href"] for item in evidence]
        for path in paths:
            assert client.get(path).status_code == 404, (stranger, path)
    for party, delivery in itertools.product(counter.tokens, deliveries):
        own = next(each["party"] for each in view["deliveries"] if each["deliveryId"] == delivery)
        if party != own:
            answer = lease(http, party, delivery)
            absent = lease(http, party, NOBODYS)
            assert (answer.status_code, answer.json()["code"]) == (absent.status_code, absent.json()["code"])
            assert answer.status_code == 404
            assert send_receipt(http, party, delivery, b"<Receipt/>").status_code == 404


def test_a_recipient_sees_its_own_copy_and_its_own_evidence_only(http: Http, counter: Counter) -> None:
    view = hand_in(http, counter, "be/occupational-disease-report")
    fund = http("fund")
    assert fund.get(view["href"]).status_code == 404  # the submission is its sender's
    (delivery,) = fund.get(f"{view['href']}/deliveries").json()["items"]
    assert delivery["party"] == "fund"
    seen = fund.get(f"{view['href']}/evidence").json()["items"]
    assert {item["deliveryId"] for item in seen} == {delivery["deliveryId"]}
    for item in http("service").get(f"{view['href']}/evidence").json()["items"]:
        expected = 200 if item.get("deliveryId") == delivery["deliveryId"] else 404
        assert fund.get(item["href"]).status_code == expected


@pytest.mark.parametrize(
    ("token", "status"),
    [(None, 401), ("Bearer nobody-has-this-token", 401), ("Basic d29ya2VyOg==", 401), ("Bearer", 401)],
)
def test_without_a_token_nothing_is_told(http: Http, counter: Counter, token: str | None, status: int) -> None:
    view = hand_in(http, counter)
    client = http(None)
    headers = {} if token is None else {"Authorization": token}
    for path in ("/v1/mailbox", "/v1/submissions", view["href"], view["acceptance"]["href"], "/v1/parties"):
        answer = client.get(path, headers=headers)
        assert answer.status_code == status
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_receipts_that_prove_nothing_are_kept_and_hand_nothing_over(http: Http, counter: Counter) -> None:
    mine, other = hand_in(http, counter), hand_in(http, counter)
    delivery = delivery_to(mine, "worker")
    envelope = opened(counter, "worker", lease(http, "worker", delivery).content)
    others = opened(counter, "worker", lease(http, "worker", delivery_to(other, "worker")).content)
    genuine = receipt_of(counter, "worker", envelope)
    unsigned = genuine[: genuine.index(b"<Signatures")] + b"</Receipt>"
    cases = {
        "receipt-by-a-stranger": receipt_of(counter, "worker", envelope, identity=counter.identity("employer")),
        "receipt-for-another-delivery": receipt_of(counter, "worker", others),
        "receipt-signature-digest-mismatch": genuine.replace(b"accepted</", b"refused</"),
        "receipt-signature-no-signature": unsigned,
        "receipt-unreadable": counter.form("be/appeal"),
        "receipt-signature-unreadable": b"rubbish",
        "receipt-for-other-bytes": receipt_of(counter, "worker", envelope, envelope_digest=sha256(b"another")),
    }

    def kept_of(raw: bytes) -> KeptReceipt | None:
        return counter.gateway.store.read(lambda view: view.receipt_by_digest(DeliveryId(delivery), sha256(raw)))

    for code, raw in cases.items():
        answer = send_receipt(http, "worker", delivery, raw)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        kept = kept_of(raw)
        assert kept is not None
        assert (kept.outcome, kept.raw) == (code, raw)
        stopped = code == "receipt-for-other-bytes"  # signed by the recipient itself: a person must see to it
        assert counter.state(delivery) == ("suspended" if stopped else "consigned")
    assert send_receipt(http, "worker", delivery, genuine).status_code == 201


def test_a_receipt_signed_by_an_untrusted_key_proves_nothing(http: Http, counter: Counter) -> None:
    from signing import issuing

    delivery = delivery_to(hand_in(http, counter), "worker")
    envelope = opened(counter, "worker", lease(http, "worker", delivery).content)
    at = datetime.now(UTC)
    stranger = issuing.issue(issuing.issue_authority("Nobody's Authority", at=at), "Jan Voorbeeld", use="sign", at=at)
    raw = receipt_of(counter, "worker", envelope)
    resigned = sign_xml(raw[: raw.index(b"<Signatures")] + b"</Receipt>", identity=stranger, at=at)
    answer = send_receipt(http, "worker", delivery, resigned)
    assert answer.json()["code"] == "receipt-signature-certificate-untrusted"
    assert counter.state(delivery) == "consigned"
