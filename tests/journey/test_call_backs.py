"""Receipts by call-back: signed calls in place of a token, the receiver that answers later, and others' receipts."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver
from http_message_signatures.algorithms import ECDSA_P256_SHA256

from gateway.api.app import create_app
from gateway.call_signature import CALL
from gateway.demo.pki import toml_text
from gateway.demo.processes import LOOPBACK, Process, Processes, free_ports
from gateway.envelope import OpenedEnvelope
from gateway.idempotency import Accepted
from gateway.keyring import Keyring
from gateway.model import Delivery, DeliveryState
from gateway.push_signature import LIFETIME_S, RequestSigner
from gateway.views import EndpointRecord
from signing import Identity, KeyUnavailable, sha256
from signing.issuing import issue, issue_authority
from tests.conftest import Counter, served
from tests.journey.test_mailboxes import NOBODYS, XML, delivery_to, hand_in, lease, opened, receipt_of, send_receipt
from tests.journey.test_operations import Hands, nothing_is_wrong
from tests.journey.test_push import delivery, proofs
from tests.patience import deliver_until, http_client

Http = Callable[[str | None], httpx2.Client]
PARTY = "fund"  # its key is a P-256 one; those of identity cards are not
Fields = dict[str, str]


@pytest.fixture
def clock() -> Hands:
    return Hands()


@dataclass
class Call:
    """A receipt of the Fund for its copy, and the ways to hand it in."""

    counter: Counter
    url: str
    clock: Hands
    delivery: str
    envelope: OpenedEnvelope
    raw: bytes

    @property
    def place(self) -> str:
        return f"{self.url}/v1/mailbox/{self.delivery}/receipts"

    def signed(self, signer: str | Identity = PARTY, *, raw: bytes | None = None, url: str | None = None) -> Fields:
        identity = self.counter.identity(signer) if isinstance(signer, str) else signer
        body = self.raw if raw is None else raw
        by = RequestSigner(Keyring.single(identity), CALL)
        return XML | by.sign(method="POST", url=url or self.place, fields=XML, body=body, at=self.clock.now())

    def signed_otherwise(self, **changes: Any) -> Fields:
        """As an independent library signs, in another way than agreed."""
        identity = self.counter.identity(PARTY)
        assert isinstance(identity.key, EllipticCurvePrivateKey)
        name = identity.fingerprint
        keys = MappingKeyResolver(public_keys={}, private_keys={name: identity.key})
        signer = HTTPMessageSigner(signature_algorithm=ECDSA_P256_SHA256, key_resolver=keys)
        message = SimpleNamespace(method="POST", url=self.place, headers=dict(XML))
        agreed: dict[str, Any] = {
            "key_id": name,
            "created": self.clock.now(),
            "expires": self.clock.now() + timedelta(seconds=LIFETIME_S),
            "nonce": "n",
            "tag": CALL.tag,
            "covered_component_ids": CALL.components,
            "body": self.raw,
        }
        signer.sign(message, **(agreed | changes))
        return dict(message.headers)

    def post(self, fields: Fields, raw: bytes | None = None) -> httpx2.Response:
        with http_client() as client:
            return client.post(self.place, content=self.raw if raw is None else raw, headers=fields)

    def refused(self, fields: Fields, raw: bytes | None = None) -> tuple[str, str]:
        """Code and detail of a 401 that moved nothing."""
        answer = self.post(fields, raw)
        assert answer.status_code == 401, answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert self.counter.state(self.delivery) == "consigned"
        return answer.json()["code"], answer.json()["detail"]


@pytest.fixture
def call(http: Http, counter: Counter, clock: Hands, url: str) -> Call:
    at = delivery_to(hand_in(http, counter, "be/occupational-disease-report"), PARTY)
    envelope = opened(counter, PARTY, lease(http, PARTY, at).content)
    raw = receipt_of(counter, PARTY, envelope)
    return Call(counter=counter, url=url, clock=clock, delivery=at, envelope=envelope, raw=raw)


def test_a_signed_call_needs_no_token_and_its_replay_has_the_same_answer(call: Call, http: Http) -> None:
    fields = call.signed()
    first = call.post(fields)
    assert (first.status_code, first.json()["outcome"]) == (201, "handed-over")
    call.clock.turn(timedelta(seconds=LIFETIME_S))
    replayed = call.post(fields)
    assert (replayed.status_code, replayed.json()) == (200, first.json())
    call.clock.turn(timedelta(seconds=1))
    assert call.post(fields).json()["code"] == "call-signature-not-fresh"
    shown = http("admin").get(f"/v1/operations/deliveries/{call.delivery}").json()
    assert [each["outcome"] for each in shown["receipts"]] == ["handed-over"]


def test_what_another_library_signs_counts_too(call: Call) -> None:
    assert call.post(call.signed_otherwise()).status_code == 201


def test_a_token_beside_the_signature_must_be_of_the_same_party(call: Call) -> None:
    tokens = {party: {"Authorization": f"Bearer {token}"} for party, token in call.counter.tokens.items()}
    assert call.refused(call.signed() | tokens["inspectorate"])[0] == "credentials-differ"
    assert call.refused(call.signed() | {"Authorization": "Bearer nobody-has-this"})[0] == "token-unknown"
    assert call.refused({**call.signed(), **tokens[PARTY], "Signature": "sealpost=:AAAA:"})[0] == (
        "call-signature-invalid"
    )
    assert call.post(call.signed() | tokens[PARTY]).status_code == 201


@pytest.mark.parametrize("away_s", [-86_400, -LIFETIME_S - 1, LIFETIME_S + 1, 86_400])
def test_an_old_signature_and_one_of_the_future_are_refused(call: Call, away_s: int) -> None:
    at = call.clock.now() + timedelta(seconds=away_s)
    fields = call.signed_otherwise(created=at, expires=call.clock.now() + timedelta(days=1))
    assert call.refused(fields)[0] == "call-signature-not-fresh"


def test_an_early_end_counts(call: Call) -> None:
    fields = call.signed_otherwise(expires=call.clock.now() + timedelta(seconds=5))
    call.clock.turn(timedelta(seconds=6))
    assert call.refused(fields)[0] == "call-signature-not-fresh"


@pytest.mark.parametrize("away_s", [2 - LIFETIME_S, LIFETIME_S - 2])
def test_clocks_may_differ_by_two_minutes(call: Call, away_s: int) -> None:
    at = call.clock.now() + timedelta(seconds=away_s)
    assert call.post(call.signed_otherwise(created=at, expires=at + timedelta(seconds=LIFETIME_S))).status_code == 201


@pytest.mark.parametrize("name", CALL.components)
def test_what_is_not_covered_is_named(call: Call, name: str) -> None:
    thinner = [each for each in CALL.components if each != name]
    if name == "content-digest":
        fields = call.signed() | call.signed_otherwise(covered_component_ids=thinner, body=None)
    else:
        fields = call.signed_otherwise(covered_component_ids=thinner)
    code, detail = call.refused(fields)
    assert code == "call-signature-incomplete"
    assert re.search(rf"missing in the signed components: {name}$", detail)


@pytest.mark.parametrize("name", ["Signature", "Signature-Input", "Content-Digest", "Content-Type"])
def test_a_field_that_is_missing_is_named(call: Call, name: str) -> None:
    fields = {each: value for each, value in call.signed().items() if each != name}
    assert call.refused(fields) == ("call-signature-incomplete", f"missing in the header: {name.lower()}")


@pytest.mark.parametrize("name", ["expires", "nonce"])
def test_a_parameter_that_is_missing_is_named(call: Call, name: str) -> None:
    missing = f"missing in the signature parameters: {name}"
    assert call.refused(call.signed_otherwise(**{name: None})) == ("call-signature-incomplete", missing)


def test_more_than_agreed_is_not_agreed(call: Call) -> None:
    for components in ([*CALL.components, "@scheme"], list(reversed(CALL.components))):
        code, detail = call.refused(call.signed_otherwise(covered_component_ids=components))
        assert code == "call-signature-incomplete"
        assert detail.endswith(", ".join(CALL.components))


def test_a_call_without_anything_is_told_both_ways(call: Call) -> None:
    code, detail = call.refused(dict(XML))
    assert code == "token-missing"
    assert "RFC 9421" in detail


def test_a_foreign_moved_or_changed_call_is_refused_and_told_what_is_needed(call: Call) -> None:
    at = datetime.now(UTC)
    stranger = issue(issue_authority("An Authority", at=at), "A Stranger", at=at)
    elsewhere = call.place.replace(call.delivery, str(uuid.uuid4()))
    good = call.signed()
    ours, theirs = call.counter.identity(PARTY).fingerprint, call.counter.identity("inspectorate").fingerprint
    cases = {
        "a key nobody has": call.signed(stranger),
        "the gateway's key": call.signed(call.counter.gateway.witness.keys.keys[0].identity),
        "another's name": good | {"Signature-Input": good["Signature-Input"].replace(ours, theirs)},
        "another delivery": call.signed(url=elsewhere),
        "another host": call.signed(url=call.place.replace("127.0.0.1", "attacker.example")),
        "another type": {**good, "Content-Type": "text/xml"},
        "another digest": {**good, "Content-Digest": call.signed(raw=b"<a/>")["Content-Digest"]},
        "another tag": call.signed_otherwise(tag="sealpost-push"),
        "no tag": call.signed_otherwise(tag=None),
        "no algorithm": call.signed_otherwise(include_alg=False) | {"Signature": "pyhms=:AAAA:"},
        "rubbish": {**good, "Signature-Input": "("},
    }
    for case, fields in cases.items():
        code, detail = call.refused(fields)
        assert code == "call-signature-invalid", case
        assert all(name in detail for name in (*CALL.components, CALL.tag)), case
    assert call.refused(good, raw=call.raw + b"\n")[0] == "content-digest-mismatch"
    assert call.post(good).status_code == 201


def test_a_key_that_is_no_longer_valid_signs_no_call(call: Call) -> None:
    call.clock.turn(timedelta(days=3650))
    assert call.refused(call.signed_otherwise())[0] == "call-signature-invalid"
    with pytest.raises(KeyUnavailable):  # and ours does not even try
        call.signed()


def test_a_signature_opens_no_other_door(call: Call) -> None:
    with http_client(call.url) as client:
        assert client.get("/v1/mailbox", headers=call.signed()).status_code == 401
        assert client.post(f"/v1/mailbox/{call.delivery}/leases", json={}, headers=call.signed()).status_code == 401


# --- the reference receiver that answers later


@contextmanager
def receiving(counter: Counter, folder: Path, *, port: int, gateway: str, processes: Processes) -> Iterator[Process]:
    settings: dict[str, dict[str, object]] = {
        "receiver": {"party": "fund", "store": "received", "answer": "later"},
        "keys": {
            "sealing": str(counter.folder.sealing("fund")),
            "signing": str(counter.folder.signing("fund")),
        },
        "trust": {"gateway": str(counter.folder.gateway_certificate), "signatories": str(counter.folder.anchors)},
        "server": {"port": port},
        "gateway": {"url": gateway},
    }
    file = folder / "receiver.toml"
    file.write_text(toml_text(settings))
    process = processes.start("receiver", "receiver", ["--config", str(file)])
    process.wait_until_up(f"http://{LOOPBACK}:{port}")
    yield process
    processes.stop(process)


def test_a_push_is_answered_202_and_its_receipt_follows_in_a_signed_call_until_it_is_taken(
    open_counter: Callable[..., Counter], tmp_path: Path
) -> None:
    port, of_gateway = free_ports(2)
    record: EndpointRecord = {"kind": "push", "url": f"http://{LOOPBACK}:{port}/deliveries"}
    counter, gateway = open_counter({"fund": record}), f"http://{LOOPBACK}:{of_gateway}"
    accepted = counter.accept(counter.form("be/occupational-disease-report"), sender="service")
    assert isinstance(accepted, Accepted)

    def copy() -> Delivery:
        found: Delivery = delivery(counter, accepted)
        return found

    kept = tmp_path / "received" / copy().id
    with Processes(logs=tmp_path / "logs") as processes:
        with receiving(counter, tmp_path, port=port, gateway=gateway, processes=processes) as process:
            deliver_until(counter.gateway, lambda: copy().last_problem == "receipt-pending")
            log = process.log
            deliver_until(
                counter.gateway, lambda: "not with the gateway yet" in log.read_text()
            )  # nobody listens there: it asks again
            assert copy().state is DeliveryState.CONSIGNED
            assert not (kept / "receipt.taken").exists()
        with (  # started anew, it remembers what is still to be posted
            receiving(counter, tmp_path, port=port, gateway=gateway, processes=processes),
            served(create_app(counter.gateway), port=of_gateway),
        ):
            deliver_until(counter.gateway, (kept / "receipt.taken").exists)
    assert copy().state is DeliveryState.HANDED_OVER
    assert [proof.event for proof in proofs(counter, accepted)] == ["ContentConsignment", "ContentHandover"]
    wanted = copy().id
    (receipt,) = counter.gateway.store.read(lambda view: view.receipts_of(wanted))
    assert (receipt.outcome, receipt.raw) == ("handed-over", (kept / "receipt.xml").read_bytes())


# --- receipts of another party


def shown(http: Http, at: str) -> list[tuple[str, str]]:
    found = http("admin").get(f"/v1/operations/deliveries/{at}").raise_for_status().json()
    return [(each["outcome"], each["digest"]) for each in found["receipts"]]


def test_anothers_receipt_is_kept_for_the_operator_and_told_from_nothing_by_nobody(call: Call, http: Http) -> None:
    theirs = receipt_of(call.counter, "inspectorate", call.envelope)
    for _ in range(2):
        answer, absent = (send_receipt(http, "inspectorate", at, theirs) for at in (call.delivery, NOBODYS))
        told, nothing = answer.json(), absent.json()
        assert told.pop("instance") != nothing.pop("instance")
        assert (answer.status_code, told) == (absent.status_code, nothing)
        assert (answer.status_code, told["code"]) == (404, "delivery-not-found")
        assert answer.headers.keys() == absent.headers.keys()
    assert shown(http, call.delivery) == [("receipt-by-another-party", sha256(theirs))]
    alerts = http("admin").get("/v1/operations/alerts").json()["items"]
    assert [(each["kind"], each["subject"]) for each in alerts] == [("receipt-odd", call.delivery)]
    assert call.counter.state(call.delivery) == "consigned"
    submission = call.envelope.consignment.submission_id
    for party in ("service", PARTY, "inspectorate"):
        client = http(party)
        for path in ("", "/deliveries", "/evidence"):
            text = client.get(f"/v1/submissions/{submission}{path}").text
            assert "another-party" not in text
            assert sha256(theirs) not in text
    assert send_receipt(http, PARTY, call.delivery, call.raw).status_code == 201
    assert http("admin").get("/v1/operations/alerts").json()["items"] == []


def test_a_stolen_receipt_counts_when_its_own_party_hands_it_in(call: Call, http: Http) -> None:
    assert send_receipt(http, "inspectorate", call.delivery, call.raw).status_code == 404
    assert shown(http, call.delivery) == [("receipt-by-another-party", sha256(call.raw))]
    assert send_receipt(http, PARTY, call.delivery, call.raw).status_code == 201
    assert send_receipt(http, "inspectorate", call.delivery, call.raw).status_code == 404
    assert shown(http, call.delivery) == [("handed-over", sha256(call.raw))]


def test_what_a_recipient_hands_in_is_told_as_its_own_whoever_did_so_before(call: Call, http: Http) -> None:
    """Else who gets hold of it first hides from the operator that the recipient's own system signs with a wrong key."""
    odd = receipt_of(call.counter, "inspectorate", call.envelope)
    assert send_receipt(http, "inspectorate", call.delivery, odd).status_code == 404
    for party in (PARTY, "inspectorate", PARTY):
        send_receipt(http, party, call.delivery, odd)
        (told,) = http("admin").get("/v1/operations/receipts").json()["items"]
        assert (told["sentBy"], told["outcome"]) == (PARTY, "receipt-by-a-stranger")
    nothing_is_wrong(call.counter)


def test_a_signed_call_for_anothers_copy_is_no_way_around(call: Call, http: Http) -> None:
    assert call.post(call.signed("inspectorate")).json()["code"] == "delivery-not-found"
    assert shown(http, call.delivery) == [("receipt-by-another-party", sha256(call.raw))]


def test_others_cannot_fill_the_disk_nor_count_what_is_there(open_counter: Callable[..., Counter]) -> None:
    counter = open_counter(kept_per_day=3, clock=Hands())
    with served(create_app(counter.gateway)) as url, ExitStack() as clients:

        def http(party: str | None) -> httpx2.Client:
            token = counter.folder.admin_token.read_text().strip() if party == "admin" else counter.tokens[party or ""]
            client = http_client(url, {"Authorization": f"Bearer {token}"})
            return clients.enter_context(client)

        at = delivery_to(hand_in(http, counter), "worker")
        bodies = [f"<Receipt n='{number}'/>".encode() for number in range(5)]
        assert send_receipt(http, "employer", NOBODYS, bodies[0]).status_code == 404
        assert [send_receipt(http, "employer", at, raw).status_code for raw in bodies] == [404] * 5
        assert [digest for _, digest in shown(http, at)] == [sha256(raw) for raw in bodies[:2]]
        large = b"<a>" + b"x" * 70_000 + b"</a>"
        assert [send_receipt(http, "fund", place, large).status_code for place in (at, NOBODYS)] == [413, 413]
        assert send_receipt(http, "fund", at, bodies[3]).status_code == 404
        assert sha256(bodies[3]) in [digest for _, digest in shown(http, at)]
        worse = counter.form("be/health-surveillance-request", fill={"f:Header/c:DocumentId": "x"})
        refused = http("employer").post("/v1/submissions", content=worse, headers=XML)
        assert refused.status_code == 429, "it shares the count of refused forms"
