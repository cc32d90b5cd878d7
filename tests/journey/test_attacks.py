"""What attackers and careless partners do to a counter, through its own doors: nobody reads another's mail, nothing is
stored half, and the others are served on.
"""

from __future__ import annotations

import itertools
import json
import logging
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from gateway.api.app import create_app
from gateway.assembly import Gateway, build, dispatching
from gateway.config import Config, load_config
from gateway.demo.papers import draw_up
from gateway.demo.pki import DemoFolder, party_record
from gateway.demo.register import register_cast
from gateway.envelope import open_envelope
from gateway.errors import ConfigError, StoreUnavailable
from gateway.model import Delivery, DeliveryId, Endpoint, EndpointKind, Event, PartyId, SubmissionId
from gateway.ports import Answered, Deferred, Pending, Refused, Transaction
from gateway.stores.engine import sqlite
from gateway.stores.group_commit import locked
from gateway.stores.sqlite import SqliteStore
from gateway.transports import connections
from gateway.transports.connections import KEPT_FOR_S
from gateway.transports.push import Push
from signing import Identity, issuing, load_identity, sha256, sign_xml
from tests.conftest import SIGNERS, Counter, callers, served
from tests.deliveries import a_delivery
from tests.journey.test_mailboxes import (
    NOBODYS,
    delivery_to,
    hand_in,
    lease,
    opened,
    receipt_of,
    send_receipt,
)
from tests.journey.test_refusals import assert_nothing_went_out, codes, refused, without_signature
from tests.journey.test_submissions import RECIPIENTS
from tests.patience import PATIENCE_S, deliver_until, http_client, wait_until
from tests.schemas.cases import catalogue

Http = Callable[[str | None], httpx2.Client]
XML = {"Content-Type": "application/xml"}
MARKER = "ZZGEHEIMZZ"
HANDED_IN = ("be/health-surveillance-request", "be/health-assessment", "be/appeal", "be/occupational-disease-report")


@pytest.fixture(scope="module")
def standing(cast: DemoFolder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    """One counter for all the attacks that must leave nothing behind."""
    store = tmp_path_factory.mktemp("standing") / "store.sqlite3"
    gateway = build(replace(load_config(cast.config), store_path=store), catalogue=catalogue())
    yield Counter(gateway=gateway, folder=cast, tokens=register_cast(gateway, cast))
    gateway.store.close()


@pytest.fixture(scope="module")
def doors(standing: Counter) -> Iterator[Http]:
    """HTTP clients of the standing counter by party id; None for a stranger, "admin" for the administrator."""
    with served(create_app(standing.gateway)) as address, ExitStack() as stack:

        @cache
        def client(party: str | None) -> httpx2.Client:
            tokens = {**standing.tokens, "admin": standing.folder.admin_token.read_text().strip()}
            headers = {} if party is None else {"Authorization": f"Bearer {tokens[party]}"}
            return stack.enter_context(http_client(address, headers))

        yield client


def resigned(counter: Counter, raw: bytes, party: str, change: Callable[[etree._Element], None]) -> bytes:
    """The document changed and then signed by `party` as if it had always been so."""
    root = etree.fromstring(without_signature(raw))
    change(root)
    return counter.sign(etree.tostring(root), party)


def certified(counter: Counter, common_name: str, **about: Any) -> Identity:
    """An identity that the counter's own authority certified."""
    at = datetime.now(UTC) - timedelta(minutes=1)
    return issuing.issue(load_identity(counter.folder.authority), common_name, at=at, **about)


def pem(identity: Identity) -> str:
    return identity.certificate.public_bytes(Encoding.PEM).decode()


# Each other's mail


def test_no_party_finds_anything_of_a_submission_that_does_not_concern_it(http: Http, counter: Counter) -> None:
    """Every kind × every party × every address: what is not one's own answers exactly like what does not exist."""
    http = cache(http)  # a client costs more than its requests
    receipts: dict[str, bytes] = {}
    for kind in HANDED_IN:
        view = hand_in(http, counter, kind)
        first = view["deliveries"][0]
        envelope = opened(counter, first["party"], lease(http, first["party"], first["deliveryId"]).content)
        receipts[first["deliveryId"]] = receipt_of(counter, first["party"], envelope)
        send_receipt(http, first["party"], first["deliveryId"], receipts[first["deliveryId"]])
        evidence = http(view["sender"]).get(f"{view['href']}/evidence").json()["items"]
        own = {each["deliveryId"]: each["party"] for each in view["deliveries"]}
        for party in counter.tokens:
            concerned = party == view["sender"] or party in own.values()
            allowed = {
                view["href"]: party == view["sender"],
                f"{view['href']}/deliveries": concerned,
                f"{view['href']}/evidence": concerned,
            }
            for item in evidence:
                mine = party == view["sender"] or own.get(item.get("deliveryId")) == party
                allowed[item["href"]] = mine
                allowed[f"{item['href']}/receipt"] = mine and "receiptHref" in item
            client = http(party)
            for path, expected in allowed.items():
                answer = client.get(path)
                assert answer.status_code == (200 if expected else 404), (kind, party, path)
                if not expected and not path.endswith("/receipt"):
                    absent = client.get(re.sub(r"[0-9a-f-]{36}", NOBODYS, path))
                    assert told(answer) == told(absent)
            seen = [each["party"] for each in client.get(f"{view['href']}/deliveries").json().get("items", [])]
            assert party == view["sender"] or set(seen) <= {party}
        for party, delivery in itertools.product(counter.tokens, own):
            if own[delivery] != party:
                assert told(lease(http, party, delivery)) == told(lease(http, party, NOBODYS))
                stolen = receipts.get(delivery, b"<Receipt/>")
                assert told(send_receipt(http, party, delivery, stolen)) == told(
                    send_receipt(http, party, NOBODYS, stolen)
                )


def told(answer: httpx2.Response) -> dict[str, Any]:
    """What an answer says, without what is different each time."""
    assert answer.status_code == 404
    return {name: value for name, value in answer.json().items() if name != "instance"}


def test_a_mandate_lets_hand_in_and_never_read(http: Http, counter: Counter) -> None:
    everything = [{"for": party, "kinds": ["*"]} for party in counter.tokens if party != "employer"]
    greedy = party_record(counter.folder, "employer") | {"mandates": everything}
    assert http("admin").put("/v1/parties/employer", json=greedy).status_code == 200
    view = hand_in(http, counter, "be/occupational-disease-report")
    employer = http("employer")
    assert employer.get(view["href"]).status_code == 404
    assert employer.get(view["acceptance"]["href"]).status_code == 404
    assert employer.get("/v1/mailbox").json()["items"] == []
    assert all(lease(http, "employer", each["deliveryId"]).status_code == 404 for each in view["deliveries"])


def test_a_party_becomes_nobody_else_under_its_old_name(http: Http, counter: Counter) -> None:
    """A disease report waits for the dossier: neither a new role nor a new number makes it the employer's mail."""
    view = hand_in(http, counter, "be/occupational-disease-report")
    admin, dossier = http("admin"), party_record(counter.folder, "dossier")
    as_employer = admin.put("/v1/parties/dossier", json=dossier | {"roles": ["Employer"]})
    assert (as_employer.status_code, as_employer.json()["code"]) == (422, "roles-clash")
    for identifiers in ({"kbo": "0123456749"}, {}):
        renumbered = admin.put("/v1/parties/dossier", json=dossier | {"identifiers": identifiers})
        assert (renumbered.status_code, renumbered.json()["code"]) == (422, "identifier-changed")
    assert admin.get("/v1/parties/dossier").json()["roles"] == ["HealthDossier"]
    rolled_over = certified(counter, "Health dossier", use="seal")
    assert admin.put("/v1/parties/dossier", json=dossier | {"sealingCertificate": pem(rolled_over)}).status_code == 200
    delivery = delivery_to(view, "dossier")
    sealed = lease(http, "dossier", delivery)
    assert opened(counter, "dossier", sealed.content).consignment.delivery_id == delivery  # sealed for the old key


def test_a_token_of_one_kind_is_none_of_the_other(http: Http, counter: Counter) -> None:
    admin = http("admin")
    assert admin.get("/v1/mailbox").status_code == 401
    for token in (counter.gateway.admin_token_hash, "x" * 5000, "é", "a b"):
        headers = {b"Authorization": f"Bearer {token}".encode()}
        assert http(None).get("/v1/parties", headers=headers).status_code == 401


# Signatures


def second_content(form: bytes) -> bytes:
    """A second, unsigned Content before the signed one."""
    root = etree.fromstring(form)
    content = root[0]
    twin = etree.fromstring(etree.tostring(content))
    twin.set("Id", "other")
    root.insert(0, twin)
    return etree.tostring(root)


def moved_content(form: bytes) -> bytes:
    """The signed Content hidden in the signature, a forged one in its place."""
    root = etree.fromstring(form)
    content = root[0]
    forged = etree.fromstring(etree.tostring(content).replace(b">Proefstraat<", b">Schijnstraat<"))
    holder = etree.SubElement(root[1][0], "{http://www.w3.org/2000/09/xmldsig#}Object")
    holder.append(content)
    forged.attrib.pop("Id")
    root.insert(0, forged)
    return etree.tostring(root)


def other_root(form: bytes) -> bytes:
    """The same Content under the root of another kind."""
    return form.replace(b"urn:sealpost:be:appeal:1", b"urn:sealpost:be:health-assessment:1").replace(
        b"AppealForm", b"HealthAssessmentForm"
    )


def signature_of_another(counter: Counter) -> bytes:
    """The signature of one appeal under the content of another."""
    one, two = (etree.fromstring(counter.form("be/appeal")) for _ in range(2))
    two.replace(two[1], one[1])
    return etree.tostring(two)


def another_transform(form: bytes) -> bytes:
    """A filter that would leave the address out of what is signed."""
    filtered = (
        b'<ds:Transform Algorithm="http://www.w3.org/2002/06/xmldsig-filter2"><f:XPath '
        b'xmlns:f="http://www.w3.org/2002/06/xmldsig-filter2" Filter="subtract">//*[local-name()="Street"]</f:XPath>'
        b"</ds:Transform>"
    )
    return form.replace(b"<ds:Transforms>", b"<ds:Transforms>" + filtered, 1)


WRAPPED: dict[str, Callable[[Counter], bytes]] = {
    "a second Content": lambda c: second_content(c.form("be/appeal")),
    "the signed Content moved away": lambda c: moved_content(c.form("be/appeal")),
    "the root of another kind": lambda c: other_root(c.form("be/appeal")),
    "the signature of another document": signature_of_another,
    "a transform that filters": lambda c: another_transform(c.form("be/appeal")),
    "a comment in the number": lambda c: c.form("be/appeal").replace(b"85073003328", b"8507300<!-- -->3328"),
    "a comment after the form": lambda c: c.form("be/appeal") + b"<!-- 3328 -->",
    "the same Id again": lambda c: c.form("be/appeal").replace(b"<ds:Object", b'<ds:Object Id="content"', 1),
    "a stranger besides": lambda c: sign_xml(
        c.form("be/appeal"),
        identity=certified(c, "Nobody", use="sign", serial_number="90041211882"),
        at=datetime.now(UTC),
    ),
}


@pytest.mark.parametrize("case", WRAPPED)
def test_a_wrapped_or_borrowed_signature_gets_nothing_in(doors: Http, standing: Counter, case: str) -> None:
    problem = refused(doors, "worker", WRAPPED[case](standing))
    assert problem["status"] in (400, 422)
    assert_nothing_went_out(standing, doors)


def signed_by(counter: Counter, kind: str, identity: Identity) -> bytes:
    return sign_xml(without_signature(counter.form(kind)), identity=identity, at=datetime.now(UTC))


IMPERSONATORS: dict[str, tuple[str, dict[str, Any]]] = {
    "the worker's number as an organisation's": ("be/appeal", {"organization_identifier": "NTRBE-85073003328"}),
    "the worker's number from elsewhere": ("be/appeal", {"serial_number": "PNONL-85073003328"}),
    "the worker's number with a space": ("be/appeal", {"serial_number": "85073003328 "}),
    "the doctor's number as a national number": ("be/health-assessment", {"serial_number": "12345625000"}),
    "the seal of the doctor's own service": (
        "be/health-assessment",
        {"organization_identifier": "NTRBE-0200000043"},
    ),
    "the employer's number as a person's": ("be/health-surveillance-request", {"serial_number": "0123456749"}),
    "the employer's number under another scheme": (
        "be/health-surveillance-request",
        {"organization_identifier": "NTRNL-0123456749"},
    ),
}


@pytest.mark.parametrize("case", IMPERSONATORS)
def test_a_certificate_that_names_almost_the_right_one_signs_nothing(doors: Http, standing: Counter, case: str) -> None:
    kind, subject = IMPERSONATORS[case]
    identity = certified(standing, "Jan Voorbeeld", use="sign", **subject)
    problem = refused(doors, SIGNERS[kind][1], signed_by(standing, kind, identity))
    assert {issue["code"] for issue in problem["issues"]} == {"SIG-SIGNATORY"}
    assert_nothing_went_out(standing, doors)


def test_a_doctor_does_not_sign_for_another_doctor(http: Http, counter: Counter) -> None:
    """Both are registered physicians; the form names the other one."""
    other = party_record(counter.folder, "doctor") | {
        "id": "doctor2",
        "identifiers": {"nihdi": "10000106000"},
        "signingCertificates": [],
        "sealingCertificate": None,
        "mandates": [],
    }
    assert http("admin").put("/v1/parties/doctor2", json=other).status_code == 200
    form = counter.form(
        "be/health-assessment", fill={"f:OccupationalPhysician/c:NihdiNumber": "10000106000"}, signer="doctor"
    )
    problem = refused(http, "service", form)
    assert "SIG-SIGNATORY" in {issue["code"] for issue in problem["issues"]}
    assert_nothing_went_out(counter, http)


def test_an_internal_service_does_not_sign_as_the_employer_whose_number_it_shares(http: Http, counter: Counter) -> None:
    seal = certified(counter, "Internal service", use="sign", organization_identifier="NTRBE-0123456749")
    internal = {
        "id": "internal",
        "name": "Internal service",
        "roles": ["OccupationalPhysician"],
        "identifiers": {"kbo": "0123456749"},
        "signingCertificates": [pem(seal)],
    }
    assert http("admin").put("/v1/parties/internal", json=internal).status_code == 200
    problem = refused(http, "employer", signed_by(counter, "be/health-surveillance-request", seal))
    assert {issue["code"] for issue in problem["issues"]} == {"SIG-SIGNATORY"}


def test_a_certificate_registered_for_sealing_signs_neither_form_nor_receipt(http: Http, counter: Counter) -> None:
    """One whose key usage would allow both: what it was registered for decides."""
    both = certified(counter, "Doctor", use="sign")
    unlimited = replace(both, certificate=without_key_usage(counter, both))
    for party in ("doctor", "worker"):
        record = party_record(counter.folder, party) | {"sealingCertificate": pem(unlimited)}
        answer = http("admin").put(f"/v1/parties/{party}", json=record)
        assert answer.status_code == 200, answer.text
        if party == "doctor":
            problem = refused(http, "service", signed_by(counter, "be/health-assessment", unlimited))
            assert {issue["code"] for issue in problem["issues"]} == {"SIG-SIGNATORY"}
            assert http("admin").put("/v1/parties/doctor", json=party_record(counter.folder, "doctor")).is_success
    delivery = delivery_to(hand_in(http, counter), "worker")
    leased = lease(http, "worker", delivery)
    envelope = open_envelope(leased.content, identity=unlimited, trust=counter.trust, at=datetime.now(UTC))
    answer = send_receipt(http, "worker", delivery, receipt_of(counter, "worker", envelope, identity=unlimited))
    assert (answer.status_code, answer.json()["code"]) == (422, "receipt-by-a-stranger")
    assert counter.state(delivery) == "consigned"


def without_key_usage(counter: Counter, identity: Identity) -> Any:
    """The certificate issued once more, without a word on what its key is for."""
    authority, old = load_identity(counter.folder.authority), identity.certificate
    return (
        x509.CertificateBuilder()
        .subject_name(old.subject)
        .issuer_name(authority.certificate.subject)
        .public_key(identity.key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(old.not_valid_before_utc)
        .not_valid_after(old.not_valid_after_utc)
        .sign(authority.key, hashes.SHA256())
    )


# Content that would change the way


BENT: dict[str, tuple[str, Callable[[etree._Element], None]]] = {
    "two employers": ("be/health-assessment", lambda root: _double(root, "Employer")),
    "two workers": ("be/health-assessment", lambda root: _double(root, "Worker")),
    "white space in the worker's number": ("be/health-assessment", lambda root: _retext(root, "Ssin", " {} ")),
    "white space in the employer's number": (
        "be/health-assessment",
        lambda root: _retext(root, "EnterpriseNumber", "{}\n"),
    ),
    "a no-break space in it": ("be/health-assessment", lambda root: _retext(root, "EnterpriseNumber", "\u00a0{}")),
    "full-width digits": (
        "be/health-assessment",
        lambda root: _retext(root, "Ssin", "{}", lambda text: "".join(chr(ord(each) + 0xFEE0) for each in text)),
    ),
    "upper case in the document's number": ("be/appeal", lambda root: _retext(root, "DocumentId", "{}", str.upper)),
    "white space in the document's number": ("be/appeal", lambda root: _retext(root, "DocumentId", " {}")),
    "braces around the document's number": ("be/appeal", lambda root: _retext(root, "DocumentId", "{{{}}}")),
}


def _double(root: etree._Element, name: str) -> None:
    found = root.find(f"{{*}}Content/{{*}}{name}")
    assert found is not None
    found.addnext(etree.fromstring(etree.tostring(found)))


def _retext(root: etree._Element, name: str, pattern: str, change: Callable[[str], str] = lambda text: text) -> None:
    for found in root.iter(f"{{*}}{name}"):
        found.text = pattern.format(change(found.text or ""))


@pytest.mark.parametrize("case", BENT)
def test_no_spelling_of_a_form_changes_its_way(doors: Http, standing: Counter, case: str) -> None:
    kind, change = BENT[case]
    raw = resigned(standing, standing.form(kind), SIGNERS[kind][0], change)
    assert refused(doors, SIGNERS[kind][1], raw)["status"] == 422
    assert_nothing_went_out(standing, doors)


def test_an_internal_dossier_gets_its_copy_and_its_employer_does_not(http: Http, counter: Counter) -> None:
    """Service and employer share an enterprise number: the role decides who gets which copy."""
    key = certified(counter, "Internal dossier", use="seal")
    internal = {
        "id": "internal-dossier",
        "name": "Internal dossier",
        "roles": ["HealthDossier"],
        "identifiers": {"kbo": "0123456749"},
        "sealingCertificate": pem(key),
    }
    assert http("admin").put("/v1/parties/internal-dossier", json=internal).status_code == 200
    form = counter.form("be/occupational-disease-report", fill={"f:Service/c:EnterpriseNumber": "0123456749"})
    answer = http("service").post("/v1/submissions", content=form, headers=XML)
    assert answer.status_code == 201, answer.text
    assert {each["party"] for each in answer.json()["deliveries"]} == {"inspectorate", "fund", "internal-dossier"}


def test_an_appeal_to_a_directorate_that_another_party_calls_its_own_goes_nowhere(http: Http, counter: Counter) -> None:
    record = party_record(counter.folder, "employer")
    record["identifiers"] = {**record["identifiers"], "directorate": "BE-DEMO-ANT"}
    assert http("admin").put("/v1/parties/employer", json=record).status_code == 200
    form = counter.form("be/appeal", fill={"f:AddressedTo/f:Directorate": "BE-DEMO-ANT"})
    assert refused(http, "worker", form)["status"] == 422
    assert_nothing_went_out(counter, http)


# The same again


@pytest.mark.parametrize("kind", RECIPIENTS)
def test_a_recipient_that_hands_its_copy_in_again_learns_nothing(http: Http, counter: Counter, kind: str) -> None:
    form = counter.form(kind)
    view = http(SIGNERS[kind][1]).post("/v1/submissions", content=form, headers=XML).json()
    for party in {each["party"] for each in view["deliveries"]} - {SIGNERS[kind][1]}:
        problem = refused(http, party, form)
        assert problem["status"] in (403, 409)
        assert {"GW-SENDER-NOT-PERMITTED"} <= codes(problem) <= {"GEN-02", "GW-SENDER-NOT-PERMITTED"}
        said = json.dumps(problem)
        assert view["submissionId"] not in said
        assert not any(each["deliveryId"] in said for each in view["deliveries"])


def test_the_same_key_of_two_senders_is_two_keys(http: Http, counter: Counter) -> None:
    key = {**XML, "Idempotency-Key": "1"}
    appeal, request = counter.form("be/appeal"), counter.form("be/health-surveillance-request")
    assert http("worker").post("/v1/submissions", content=appeal, headers=key).status_code == 201
    assert http("employer").post("/v1/submissions", content=request, headers=key).status_code == 201


def test_twins_under_different_keys_and_one_number_are_one_submission(http: Http, counter: Counter) -> None:
    """Same DocumentId, other bytes, all at once: one is taken, the others are told."""
    number = "5b0a1c7e-6d1b-4f6f-9d5e-0d6f3f0a7c11"
    forms = [
        counter.form("be/appeal", fill={"f:Header/c:DocumentId": number, "f:Appellant/c:PersonName/c:FirstName": name})
        for name in ("Jan", "Jantje", "Janneman", "Johan")
    ]
    with ThreadPoolExecutor(len(forms)) as pool:
        answers = list(pool.map(lambda form: http("worker").post("/v1/submissions", content=form, headers=XML), forms))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert len(http("inspectorate").get("/v1/mailbox").json()["items"]) == 1


@pytest.mark.parametrize(
    ("key", "status"),
    [("k" * 200, 201), ("k" * 201, 400), ("a b", 400), ("é", 400), ('""', 201), ("sha256:0", 201)],
)
def test_extremes_of_the_idempotency_key(http: Http, counter: Counter, key: str, status: int) -> None:
    headers = {b"Content-Type": b"application/xml", b"Idempotency-Key": key.encode()}
    answer = http("worker").post("/v1/submissions", content=counter.form("be/appeal"), headers=headers)
    assert answer.status_code == status, answer.text
    assert status == 201 or MARKER not in answer.text


# Receipts


ODD_FIELDS = {
    "white space around the outcome": ("Outcome", " accepted ", 201),
    "white space around the instant": ("ReceivedAt", " 2026-01-01T10:00:00Z ", 201),
    "midnight as 24:00": ("ReceivedAt", "2026-01-01T24:00:00Z", 422),
    "a leap second": ("ReceivedAt", "2016-12-31T23:59:60Z", 422),
    "an outcome of its own": ("Outcome", MARKER, 422),
    "an endless reason": ("Reason", "a" * 10_000, 422),
    "another party": ("Party", "employer", 422),
}


@pytest.mark.parametrize("case", ODD_FIELDS)
def test_an_odd_receipt_is_read_as_its_schema_says_or_refused(http: Http, counter: Counter, case: str) -> None:
    name, value, status = ODD_FIELDS[case]
    delivery = delivery_to(hand_in(http, counter), "worker")
    envelope = opened(counter, "worker", lease(http, "worker", delivery).content)
    good = receipt_of(counter, "worker", envelope, outcome="refused", reason="not-competent")

    def change(root: etree._Element) -> None:
        found = root.find(f".//{{*}}{name}")
        assert found is not None
        found.text = value

    answer = send_receipt(http, "worker", delivery, resigned(counter, good, "worker", change))
    assert answer.status_code == status, answer.text
    assert MARKER not in answer.text


HOSTILE_RECEIPTS = {
    "a document type": (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', 422),
    "a file": (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', 422),
    "nothing": (b"", 422),
    "too large": (b"<a>" + b"x" * 70_000 + b"</a>", 413),
    "nested without end": (b"<a>" * 20_000, 422),
    "not UTF-8": (b"\xff\xfe<\x00a\x00", 422),
}


@pytest.mark.parametrize("case", HOSTILE_RECEIPTS)
def test_a_hostile_receipt_moves_nothing(http: Http, counter: Counter, case: str) -> None:
    raw, status = HOSTILE_RECEIPTS[case]
    delivery = delivery_to(hand_in(http, counter), "worker")
    assert send_receipt(http, "worker", delivery, raw).status_code == status
    assert counter.state(delivery) == "consigned"


def test_a_receipt_says_nothing_on_another_route(http: Http, counter: Counter) -> None:
    """A receipt of the worker for one copy, handed in for another copy and by another party."""
    view = hand_in(http, counter)
    mine = delivery_to(view, "worker")
    raw = receipt_of(counter, "worker", opened(counter, "worker", lease(http, "worker", mine).content))
    assert send_receipt(http, "employer", delivery_to(view, "employer"), raw).status_code == 422
    assert send_receipt(http, "employer", mine, raw).status_code == 404
    assert {counter.state(each["deliveryId"]) for each in view["deliveries"]} == {"consigned"}


def test_a_receipt_that_came_before_its_key_was_registered_counts_when_it_comes_again(
    http: Http, counter: Counter
) -> None:
    """A recipient that keeps its receipt and sends the same bytes each time is not locked out for ever."""
    delivery = delivery_to(hand_in(http, counter), "worker")
    renewed = certified(counter, "Jan Voorbeeld", use="sign", serial_number="85073003328")
    envelope = opened(counter, "worker", lease(http, "worker", delivery).content)
    raw = receipt_of(counter, "worker", envelope, identity=renewed)
    assert [send_receipt(http, "worker", delivery, raw).json()["code"] for _ in range(2)] == [
        "receipt-by-a-stranger"
    ] * 2
    record = party_record(counter.folder, "worker")
    record["signingCertificates"] = [*record["signingCertificates"], pem(renewed)]
    assert http("admin").put("/v1/parties/worker", json=record).status_code == 200
    answer = send_receipt(http, "worker", delivery, raw)
    assert (answer.status_code, answer.json()["outcome"]) == (201, "handed-over")
    assert send_receipt(http, "worker", delivery, raw).status_code == 200
    kept = counter.gateway.store.read(lambda view: view.receipt_by_digest(DeliveryId(delivery), sha256(raw)))
    assert kept is not None
    assert kept.evidence_id == answer.json()["evidenceId"]


# Requests that are none


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 100_000,
        b'{"seconds": ' + b"9" * 5000 + b"}",
        b'{"seconds": NaN}',
        b'{"seconds": 1e400}',
        b'{"seconds": 0}',
        b'{"seconds": -1}',
        b'{"seconds": 3601}',
        b'{"seconds": 1.5}',
        b'{"seconds": null}',
        b'{"' + MARKER.encode() + b'": 1}',
        b'{"seconds": "' + MARKER.encode() + b'"}',
        b'"\xed\xa0\x80"',
        b"\xff",
        b"",
    ],
)
def test_odd_json_is_refused_without_echo(doors: Http, raw: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = doors("worker").post(f"/v1/mailbox/{NOBODYS}/leases", content=raw, headers=headers)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert MARKER not in answer.text


def test_a_name_that_the_caller_made_up_is_not_echoed(doors: Http, standing: Counter) -> None:
    record = party_record(standing.folder, "worker")
    answer = doors("admin").put("/v1/parties/worker", json=record | {"identifiers": {MARKER: 5}})
    assert answer.status_code == 400
    assert answer.json()["issues"][0]["path"] == "body/identifiers"
    assert MARKER not in answer.text


ODD_PATHS = ["%00", "%ff", "..%2f..%2fetc%2fpasswd", "%ed%a0%80", "' OR 1=1 --", "a" * 8000, "%0d%0aX-Evil:%201"]


@pytest.mark.parametrize("odd", ODD_PATHS)
def test_an_odd_address_leads_nowhere(doors: Http, odd: str) -> None:
    client = doors("worker")
    for path in (f"/v1/submissions/{odd}", f"/v1/evidence/{odd}", f"/v1/forms/be/{odd}", f"/v1/forms/{odd}/appeal"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
        assert "X-Evil" not in answer.headers
    assert client.post(f"/v1/mailbox/{odd}/leases", json={}).status_code == 404


def test_no_address_under_v1_takes_a_query_it_does_not_know(http: Http, counter: Counter) -> None:
    view = hand_in(http, counter)
    paths = [view["href"], f"{view['href']}/deliveries", f"{view['href']}/evidence", view["acceptance"]["href"]]
    paths += [
        f"{view['acceptance']['href']}/receipt",
        f"{view['href']}/evidence-package",
        "/v1/submissions",
        "/v1/mailbox",
        "/v1/forms/be/appeal",
        "/health",
    ]
    for path in paths:
        answer = http("service").get(path, params={"ssin": "85073003328"})
        assert (answer.status_code, answer.json()["code"]) == (400, "request-invalid"), path
        assert "85073003328" not in answer.text
    assert http("admin").get("/v1/parties/worker", params={"ssin": "85073003328"}).status_code == 400


def endless(total: int) -> Iterator[bytes]:
    for _ in range(total // 65_536):
        yield b" " * 65_536


@pytest.mark.parametrize("party", ["worker", None])
@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        (f"/v1/mailbox/{NOBODYS}/leases", "application/json"),
        ("/v1/submissions", "application/xml"),
        ("/v1/validations", "application/xml"),
        (f"/v1/mailbox/{NOBODYS}/receipts", "application/xml"),
    ],
)
def test_no_body_is_read_without_end(doors: Http, party: str | None, path: str, media_type: str) -> None:
    """Sent in chunks without a length, so that only counting helps."""
    try:
        answer = doors(party).post(path, content=endless(64 * 2**20), headers={"Content-Type": media_type})
    except httpx2.HTTPError:
        return  # the server closed the connection before everything was sent: also an end
    assert answer.status_code in ((413,) if party else (401, 413))
    assert answer.headers["Content-Type"] == "application/problem+json"


def raw_request(url: str, token: str, head: str, body: bytes = b"") -> socket.socket:
    host, _, port = url.removeprefix("http://").partition(":")
    connection = socket.create_connection((host, int(port)), timeout=PATIENCE_S)
    start = f"{head}\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
    connection.sendall(start.encode() + body)
    return connection


def test_a_token_that_was_good_just_now_is_worth_nothing_once_it_is_revoked(
    url: str, counter: Counter, http: Http
) -> None:
    first, second = (counter.form("be/appeal") for _ in range(2))
    old, admin = http("worker"), http("admin")
    assert old.post("/v1/submissions", content=first, headers=XML).status_code == 201
    assert admin.delete("/v1/parties/worker/tokens").status_code == 204
    for again in (first, second):
        answer = old.post("/v1/submissions", content=again, headers=XML)
        assert (answer.status_code, answer.json()["code"]) == (401, "token-unknown")
    unsent = b"Content-Type: application/xml\r\nContent-Length: 1000\r\n\r\n"
    with raw_request(url, counter.tokens["worker"], "POST /v1/submissions HTTP/1.1", unsent) as connection:
        assert connection.recv(65_536).startswith(b"HTTP/1.1 401 ")
    new = {"Authorization": f"Bearer {admin.post('/v1/parties/worker/tokens').json()['token']}"}
    assert len(old.get("/v1/submissions", headers=new).json()["items"]) == 1
    assert old.post("/v1/submissions", content=second, headers=XML | new).status_code == 201


def test_who_waits_in_vain_for_a_file_that_another_holds_is_told_to_come_back(counter: Counter, config: Config) -> None:
    form = counter.form("be/appeal")
    store = SqliteStore(config.store_path, patience_s=0.1)
    gateway = replace(counter.gateway, store=store, intake=replace(counter.gateway.intake, store=store))
    with ExitStack() as stack:
        stack.callback(store.close)
        worker = stack.enter_context(callers(stack.enter_context(served(create_app(gateway))), counter))("worker")
        with config.store_path.with_name(f"{config.store_path.name}.lock").open("ab") as held, locked(held.fileno()):
            answer = worker.post("/v1/submissions", content=form, headers=XML)
        assert (answer.status_code, answer.json()["code"]) == (503, "store-busy")
        assert answer.headers["Retry-After"]
        wait_until(lambda: worker.post("/v1/submissions", content=form, headers=XML).status_code == 201)


def test_half_bodies_hold_up_nobody_and_leave_no_trace(counter: Counter, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    token, posting = counter.tokens["worker"], "POST /v1/submissions HTTP/1.1"
    half = f"Content-Type: application/xml\r\nContent-Length: 1000\r\n\r\n<{MARKER}>".encode()
    with served(create_app(counter.gateway)) as url, callers(url, counter) as http:
        waiting = [raw_request(url, token, posting, half) for _ in range(120)]
        waiting += [raw_request(url, token, posting, b"X-Half: ") for _ in range(20)]
        assert http("worker").post("/v1/submissions", content=counter.form("be/appeal"), headers=XML).status_code == 201
        for connection in waiting:
            connection.close()
        assert http("worker").get("/health").status_code == 200
    # The server has ended, and so has whatever it had to say of them.
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert MARKER not in caplog.text


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/mailbox HTTP/1.1\r\n\r\n",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: 99999999999999999999\r\n\r\n",
        b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_a_request_with_a_false_length_is_not_two_requests(
    url: str, http: Http, counter: Counter, framing: bytes
) -> None:
    head = b"Content-Type: application/xml\r\n"
    with raw_request(url, counter.tokens["worker"], "POST /v1/submissions HTTP/1.1", head + framing) as connection:
        connection.shutdown(socket.SHUT_WR)
        answered = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert answered.count(b"HTTP/1.1 ") <= 1
    assert b" 200 " not in answered
    assert b" 500 " not in answered
    assert http("worker").get("/health").status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_error_that_nobody_foresaw_shows_a_reference_and_logs_no_message(
    counter: Counter, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    caplog.set_level(logging.DEBUG)
    broken: Any = Broken()
    with served(create_app(replace(counter.gateway, status=broken, intake=broken))) as address:
        headers = {"Authorization": f"Bearer {counter.tokens['worker']}"}
        with http_client(address, headers) as client:
            content = b"<form/>" if method == "POST" else None
            answer = client.request(method, "/v1/submissions", content=content, headers=XML)
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["BelGov-Trace-Id"]
    assert MARKER not in answer.text
    assert answer.json()["reference"] in caplog.text
    assert MARKER not in caplog.text


class Broken:
    """A part of the counter whose error carries a value, as errors of libraries do."""

    def submissions(self, *_: object, **__: object) -> None:
        raise LookupError(MARKER)

    judge = submissions


def test_a_sealing_certificate_that_nothing_can_be_sealed_for_is_not_registered(http: Http, counter: Counter) -> None:
    signing_only = certified(counter, "Fund", use="sign")
    record = party_record(counter.folder, "fund") | {"sealingCertificate": pem(signing_only)}
    answer = http("admin").put("/v1/parties/fund", json=record)
    assert (answer.status_code, answer.json()["code"]) == (422, "certificate-not-for-sealing")
    hand_in(http, counter, "be/occupational-disease-report")


@pytest.mark.parametrize(
    "address",
    [
        "http://x.example/a\r\nHost: evil",
        "http://x y/",
        "http://a..b/",
        f"http://{'a' * 70}.be/",
        "http://x:0/",
        "http://x:99999/",
        "http://[::1/",
        "http://x/\x00",
        "http://ü.be/",
        "http://x\\@y/",
        "http://user@x/",
        "http:///x",
        "ftp://x/",
        "",
    ],
)
def test_an_endpoint_that_can_never_be_reached_is_not_registered(doors: Http, standing: Counter, address: str) -> None:
    record = party_record(standing.folder, "fund") | {"endpoint": {"kind": "push", "url": address}}
    answer = doors("admin").put("/v1/parties/fund", json=record)
    assert (answer.status_code, answer.json()["code"]) == (422, "endpoint-url")


# Endpoints that lie


Script = Callable[[socket.socket, threading.Event], None]


@contextmanager
def endpoint(script: Script) -> Iterator[str]:
    """A recipient's server that reads a request and then does what `script` says; gives its address.

    script: gets the connection, and what is set when the test is over: who goes on without end ends then.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(PATIENCE_S)
                    try:
                        received = b""
                        while b"\r\n\r\n" not in received:
                            received += connection.recv(65_536)
                        script(connection, over)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE_S)


def says(answer: bytes) -> Script:
    return lambda connection, _: connection.sendall(answer)


def goes_on(start: bytes, then: bytes) -> Script:
    def go_on(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(start)
        for _ in range(int(PATIENCE_S / 0.02)):
            if over.wait(0.02):
                return
            connection.sendall(then)

    return go_on


def hangs(_: socket.socket, over: threading.Event) -> None:
    over.wait(PATIENCE_S)


OK_XML = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n"
LIARS: dict[str, tuple[Script, type, str]] = {
    "hangs": (hangs, Deferred, "endpoint-timeout"),
    "drips its header": (goes_on(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"), Deferred, "endpoint-timeout"),
    "drips its body": (goes_on(OK_XML + b"Content-Length: 60000\r\n\r\n", b"x"), Deferred, "endpoint-timeout"),
    "informs without end": (goes_on(b"", b"HTTP/1.1 102 Processing\r\n\r\n"), Deferred, "endpoint-timeout"),
    "closes": (says(b""), Deferred, "endpoint-unreachable"),
    "speaks no HTTP": (says(b"SSH-2.0-OpenSSH\r\n\r\n"), Deferred, "endpoint-unreachable"),
    "endless header": (says(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 50_000), Deferred, "endpoint-unreachable"),
    "less than it says": (says(OK_XML + b"Content-Length: 500\r\n\r\n<a/>"), Deferred, "endpoint-unreachable"),
    "endless body": (says(OK_XML + b"\r\n" + b"x" * 200_000), Deferred, "endpoint-answer-too-large"),
    "compressed": (
        says(OK_XML + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b"),
        Deferred,
        "endpoint-answer-not-a-receipt",
    ),
    "switches protocol": (
        says(b"HTTP/1.1 101 Switching\r\nUpgrade: evil\r\nConnection: upgrade\r\n\r\n"),
        Deferred,
        "endpoint-status-101",
    ),
    "redirects to itself": (
        says(b"HTTP/1.1 307 Away\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
        Refused,
        "endpoint-redirects",
    ),
    "waits for ever": (
        says(b"HTTP/1.1 503 Later\r\nRetry-After: " + b"9" * 400 + b"\r\nContent-Length: 0\r\n\r\n"),
        Deferred,
        "endpoint-status-503",
    ),
    "a status of its own": (says(b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n"), Deferred, "endpoint-status-999"),
}


@pytest.mark.parametrize("case", LIARS)
def test_an_endpoint_that_misbehaves_costs_one_try_of_bounded_length(standing: Counter, case: str) -> None:
    """Those that would go on without end do so until the try is over; the others are given all the time they need."""
    script, outcome, code = LIARS[case]
    push = Push(standing.gateway.push, total_s=0.5 if code == "endpoint-timeout" else PATIENCE_S)
    with endpoint(script) as url:
        recipient = replace(standing.party("fund"), endpoint=Endpoint(kind=EndpointKind.PUSH, url=url))
        found = push.send(a_delivery(), b"sealed", recipient)
        assert (type(found), found.code) == (outcome, code)  # type: ignore[union-attr]
        push.close()


def test_a_kept_connection_starts_its_next_try_with_a_new_deadline(
    standing: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    total_s = KEPT_FOR_S - 1
    push, skipped = Push(standing.gateway.push, total_s=total_s), itertools.count(step=total_s)

    async def taken(_: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 202, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    with served(taken) as url:
        recipient = replace(standing.party("fund"), endpoint=Endpoint(kind=EndpointKind.PUSH, url=url))
        for ahead in itertools.islice(skipped, 3):  # each try may last until the next one begins
            later = SimpleNamespace(monotonic=lambda ahead=ahead: time.monotonic() + ahead)
            monkeypatch.setattr(connections, "time", later)
            assert push.send(a_delivery(), b"sealed", recipient) == Answered(raw_receipt=None)
    push.close()


# A store in trouble


def test_a_store_that_somebody_else_holds_is_503_and_reading_goes_on(cast: DemoFolder, config: Config) -> None:
    gateway = build(config, catalogue=catalogue())
    counter = Counter(gateway=gateway, folder=cast, tokens=register_cast(gateway, cast))
    gateway.store.close()
    store = SqliteStore(config.store_path, patience_s=0.3)
    gateway = replace(gateway, store=store, intake=replace(gateway.intake, store=store))
    gateway = replace(gateway, status=replace(gateway.status, store=store))
    forms = [counter.form("be/appeal") for _ in range(60)]
    with served(create_app(gateway)) as address:
        client = http_client(address, {"Authorization": f"Bearer {counter.tokens['worker']}"})
        thief = sqlite.connect(str(config.store_path), isolation_level=None)
        thief.execute("BEGIN IMMEDIATE")
        with client, ThreadPoolExecutor(60) as pool:
            tries = [pool.submit(client.post, "/v1/submissions", content=form, headers=XML) for form in forms]
            assert client.get("/v1/submissions").status_code == 200, "while it is held"
            refused_now = [each.result() for each in tries]
            assert {answer.status_code for answer in refused_now} == {503}
            assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused_now)
            thief.execute("ROLLBACK")
            thief.close()
            again = client.post("/v1/submissions", content=forms[0], headers=XML)
            while again.status_code == 503:
                again = client.post("/v1/submissions", content=forms[0], headers=XML)
            assert again.status_code == 201
            stored = client.get("/v1/submissions").json()["items"]
            assert [item["submissionId"] for item in stored] == [again.json()["submissionId"]]
    store.close()


class FullStore(SqliteStore):
    """A store on a disk that is full."""

    full = False

    def write(self, work: Callable[[Transaction], Any]) -> Any:
        return super().write(self._on_its_disk(work))

    def queue(self, work: Callable[[Transaction], Any]) -> Pending[Any]:
        return super().queue(self._on_its_disk(work))

    def _on_its_disk(self, work: Callable[[Transaction], Any]) -> Callable[[Transaction], Any]:
        def on_its_disk(unit: Any) -> Any:
            pages = unit._connection.execute("PRAGMA page_count").fetchone()[0]
            unit._connection.execute(f"PRAGMA max_page_count = {pages if self.full else 2**30}")
            return work(unit)

        return on_its_disk


def test_a_full_disk_is_503_with_nothing_stored_half(config: Config, cast: DemoFolder) -> None:
    gateway = build(config, catalogue=catalogue())
    gateway.store.close()
    store = FullStore(config.store_path)
    gateway = replace(gateway, store=store, intake=replace(gateway.intake, store=store))
    gateway = replace(gateway, registration=replace(gateway.registration, store=store))
    counter = Counter(gateway=gateway, folder=cast, tokens=register_cast(gateway, cast))
    store.full = True
    refusals = 0
    forms = [counter.form("be/occupational-disease-report") for _ in range(12)]
    for form in forms:
        try:
            counter.accept(form, sender="service")
        except StoreUnavailable:
            refusals += 1
    assert refusals > 0
    store.full = False
    for form in forms:
        counter.accept(form, sender="service")
    found = store.read(lambda view: view.submissions_of(PartyId("service"), after=0, limit=100))
    assert len(found) == len(forms)
    for _, submission in found:
        deliveries, evidence = store.read(
            lambda view, wanted=submission.id: (view.deliveries_of(wanted), view.evidence_of(wanted))  # type: ignore[misc]
        )
        assert len(deliveries) == 3
        assert [each.event for each in evidence] == [Event.SUBMISSION_ACCEPTANCE] + [Event.CONTENT_CONSIGNMENT] * 3
    store.close()


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be taken for one" * 40, None])
def test_a_store_that_cannot_be_opened_says_so_at_the_start(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "store.sqlite3"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(ConfigError) as failed:
        SqliteStore(path)
    assert failed.value.code == "store-unusable"


def test_when_no_file_can_be_opened_any_more_reading_is_503(config: Config) -> None:
    store = SqliteStore(config.store_path)
    store._path = config.store_path / "no" / "such"
    with ThreadPoolExecutor(1) as pool, pytest.raises(StoreUnavailable):
        pool.submit(store.read, lambda view: view.submission(SubmissionId("x"))).result()
    store.close()


# Time


class SetBack:
    """A clock that runs, some time away from the real one."""

    def __init__(self, away: timedelta) -> None:
        self._away = away

    def now(self) -> datetime:
        return datetime.now(UTC) + self._away


def test_a_clock_that_was_set_back_between_two_runs_freezes_nothing(config: Config, cast: DemoFolder) -> None:
    """The first run believed that it was next month: what it put off and what it leased is not lost until then."""
    patient = replace(config, retry_schedule_s=(60.0,), breaker_failures=1)
    ahead = build(patient, clock=SetBack(timedelta(days=30)), catalogue=catalogue())
    dead = {"fund": {"kind": "push", "url": "http://127.0.0.1:9/"}}
    register_cast(ahead, cast, endpoints=dead)  # type: ignore[arg-type]
    counter = Counter(gateway=ahead, folder=cast, tokens={})
    accepted = accepted_next_month(counter)

    def find(gateway: Gateway) -> Delivery:
        deliveries = gateway.store.read(lambda view: view.deliveries_of(accepted.submission_id))
        return next(each for each in deliveries if each.party == "fund")

    with dispatching(ahead) as dispatch:
        dispatch.deliver_due()
    assert find(ahead).attempts == 1
    ahead.mailboxes.lease(counter.party("fund"), find(ahead).id, seconds=3600)
    ahead.store.close()
    now = build(replace(patient, retry_schedule_s=(0.05,)), catalogue=catalogue())
    assert now.mailboxes.lease(counter_of(now, cast).party("fund"), find(now).id, seconds=1).envelope
    with dispatching(now) as dispatch:
        dispatch.catch_up()
    deliver_until(now, lambda: find(now).attempts > 1)
    now.store.close()


def counter_of(gateway: Any, cast: DemoFolder) -> Counter:
    return Counter(gateway=gateway, folder=cast, tokens={})


def accepted_next_month(counter: Counter) -> Any:
    """A disease report that a gateway of next month accepts."""
    at = counter.gateway.clock.now()
    paper = draw_up("be/occupational-disease-report", now=at)
    raw = sign_xml(paper.raw, identity=counter.identity("doctor"), at=at)
    accepted = counter.accept(raw, sender="service")
    assert hasattr(accepted, "answer"), getattr(accepted, "report", None)
    return accepted
