"""The reference receiver: opens, checks, keeps once, and answers every repetition with the same receipt."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.demo.pki import DemoFolder, toml_text
from gateway.demo.processes import LOOPBACK, Processes, free_ports
from gateway.envelope import Consignment, build_envelope
from gateway.model import DeliveryId, PartyId, SubmissionId
from gateway.receipt import Receipt, ReceiptOutcome, read_receipt
from receiver.config import ReceiverConfig, ReceiverConfigError, load_config
from receiver.inbox import Answered, Inbox, NotAnEnvelope
from signing import Identity, load_identity, sha256, sign_xml, trust_from_pem
from tests.patience import http_client

NOW = datetime.now(UTC)
DRAFT = b'<f:R xmlns:f="urn:sealpost:be:demo:1"><f:Content Id="content">a form</f:Content></f:R>'


@pytest.fixture
def config_file(folder: DemoFolder, tmp_path: Path) -> Path:
    file = tmp_path / "receiver.toml"
    file.write_text(toml_text(_settings(folder)))
    return file


@pytest.fixture
def config(config_file: Path) -> ReceiverConfig:
    return load_config(config_file)


@pytest.fixture
def inbox(config: ReceiverConfig) -> Inbox:
    return Inbox(config=config, clock=lambda: NOW)


@pytest.fixture(scope="session")
def form(folder: DemoFolder) -> bytes:
    return sign_xml(DRAFT, identity=load_identity(folder.signing("doctor")), at=NOW)


def _settings(folder: DemoFolder, **receiver: object) -> dict[str, dict[str, object]]:
    return {
        "receiver": {"party": "fund", "store": "received", **receiver},
        "keys": {"sealing": str(folder.sealing("fund")), "signing": str(folder.signing("fund"))},
        "trust": {"gateway": str(folder.gateway_certificate), "signatories": str(folder.anchors)},
    }


def _envelope(
    folder: DemoFolder,
    form: bytes,
    *,
    delivery_id: str | None = None,
    party: str = "fund",
    kind: str = "be/occupational-disease-report",
    packed_by: Identity | None = None,
    sealed_for: str = "fund",
    digest: str | None = None,
) -> bytes:
    consignment = Consignment(
        delivery_id=DeliveryId(delivery_id or str(uuid.uuid4())),
        submission_id=SubmissionId(str(uuid.uuid4())),
        kind=kind,
        route="R20",
        article="Art. 95",
        role="FundMedicalAdviser",
        party=PartyId(party),
        copy=2,
        of=3,
        document_id=str(uuid.uuid4()),
        document_digest=digest or sha256(form),
        sender=PartyId("service"),
        accepted_at=NOW,
    )
    return build_envelope(
        consignment,
        form,
        recipient=load_identity(folder.sealing(sealed_for)).certificate,
        identity=packed_by or load_identity(folder.service),
    )


def _receipt(folder: DemoFolder, raw: bytes) -> Receipt:
    return read_receipt(raw, trust=trust_from_pem(folder.anchors.read_bytes()), at=NOW)


def _answered(answer: Answered | NotAnEnvelope) -> Answered:
    assert isinstance(answer, Answered)
    return answer


def _kept(inbox: Inbox) -> list[Path]:
    return list(inbox.config.store.iterdir()) if inbox.config.store.exists() else []


def test_a_copy_is_kept_byte_for_byte_and_receipted(folder: DemoFolder, inbox: Inbox, form: bytes) -> None:
    envelope = _envelope(folder, form)
    answer = _answered(inbox.take(envelope))
    receipt = _receipt(folder, answer.receipt)
    assert receipt.outcome is ReceiptOutcome.ACCEPTED
    assert receipt.envelope_digest == sha256(envelope)
    assert receipt.signer == load_identity(folder.signing("fund")).fingerprint
    assert (inbox.config.store / answer.delivery_id / "form.xml").read_bytes() == form


def test_a_repeated_copy_is_kept_once_and_gets_the_same_receipt(folder: DemoFolder, inbox: Inbox, form: bytes) -> None:
    envelope = _envelope(folder, form)
    first, second = _answered(inbox.take(envelope)), _answered(inbox.take(envelope))
    assert (first.is_repeat, second.is_repeat) == (False, True)
    assert second.receipt == first.receipt
    assert len(_kept(inbox)) == 1


def test_many_at_once_are_kept_once(folder: DemoFolder, inbox: Inbox, form: bytes) -> None:
    envelope = _envelope(folder, form)
    barrier, answers = threading.Barrier(8), list[Answered | NotAnEnvelope]()

    def take() -> None:
        barrier.wait()
        answers.append(inbox.take(envelope))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({_answered(answer).receipt for answer in answers}) == 1
    assert [_answered(answer).is_repeat for answer in answers].count(False) == 1
    assert [path.name for path in _kept(inbox)] == [_answered(answers[0]).delivery_id]


def test_another_envelope_under_the_same_delivery_id_is_not_taken(
    folder: DemoFolder, inbox: Inbox, form: bytes
) -> None:
    delivery_id = str(uuid.uuid4())
    inbox.take(_envelope(folder, form, delivery_id=delivery_id))
    answer = inbox.take(_envelope(folder, form, delivery_id=delivery_id))
    assert isinstance(answer, NotAnEnvelope)
    assert answer.code == "delivery-id-reused"


def test_an_envelope_that_somebody_else_packed_is_not_taken(folder: DemoFolder, inbox: Inbox, form: bytes) -> None:
    answer = inbox.take(_envelope(folder, form, packed_by=load_identity(folder.signing("employer"))))
    assert isinstance(answer, NotAnEnvelope)
    assert answer.code == "certificate-untrusted"
    assert not _kept(inbox)


def test_an_envelope_for_another_key_is_not_taken(folder: DemoFolder, inbox: Inbox, form: bytes) -> None:
    answer = inbox.take(_envelope(folder, form, sealed_for="inspectorate"))
    assert isinstance(answer, NotAnEnvelope)
    assert answer.code == "not-a-recipient"
    assert not _kept(inbox)


def test_a_form_that_is_not_the_consigned_one_is_not_taken(folder: DemoFolder, inbox: Inbox, form: bytes) -> None:
    answer = inbox.take(_envelope(folder, form, digest=sha256(b"another form")))
    assert isinstance(answer, NotAnEnvelope)
    assert answer.code == "form-differs"


@pytest.mark.parametrize("position", [0, 100, -200, -1])
def test_a_changed_byte_is_noticed(folder: DemoFolder, inbox: Inbox, form: bytes, position: int) -> None:
    envelope = bytearray(_envelope(folder, form))
    envelope[position] ^= 1
    assert isinstance(inbox.take(bytes(envelope)), NotAnEnvelope)
    assert not _kept(inbox)


def test_a_copy_for_another_party_is_refused_with_a_receipt(folder: DemoFolder, inbox: Inbox, form: bytes) -> None:
    answer = _answered(inbox.take(_envelope(folder, form, party="inspectorate")))
    receipt = _receipt(folder, answer.receipt)
    assert (receipt.outcome, receipt.reason) == (ReceiptOutcome.REFUSED, "addressed-to-another-party")
    assert not (inbox.config.store / answer.delivery_id / "form.xml").exists()


def test_a_form_kind_not_taken_is_refused_with_a_receipt(
    folder: DemoFolder, config: ReceiverConfig, form: bytes
) -> None:
    inbox = Inbox(config=replace(config, accepts=frozenset({"be/appeal"})), clock=lambda: NOW)
    receipt = _receipt(folder, _answered(inbox.take(_envelope(folder, form))).receipt)
    assert (receipt.outcome, receipt.reason) == (ReceiptOutcome.REFUSED, "form-kind-not-taken")


def test_a_form_whose_signature_is_broken_is_refused_with_a_receipt(
    folder: DemoFolder, inbox: Inbox, form: bytes
) -> None:
    answer = _answered(inbox.take(_envelope(folder, form.replace(b"a form", b"another"))))
    receipt = _receipt(folder, answer.receipt)
    assert (receipt.outcome, receipt.reason) == (ReceiptOutcome.REFUSED, "signature-digest-mismatch")
    assert _answered(inbox.take(_envelope(folder, form))).outcome == "accepted"


def test_what_fails_on_the_way_to_disk_leaves_nothing_and_no_receipt(
    folder: DemoFolder, inbox: Inbox, form: bytes
) -> None:
    inbox.config.store.write_bytes(b"not a folder")
    with pytest.raises(OSError, match="exists"):
        inbox.take(_envelope(folder, form))


@pytest.mark.parametrize(
    ("table", "key", "entry", "named"),
    [
        ("receiver", "partei", "fund", "[receiver] partei"),
        ("receiver", "party", 7, "[receiver] party"),
        ("server", "port", "x", "[server] port"),
        ("server", "port", True, "[server] port"),
        ("server", "key", "only-the-key.pem", "[server] certificate"),
        ("keys", "signing", "missing.pem", "[keys] signing"),
        ("trust", "gateway", "missing.pem", "[trust] gateway"),
        ("extra", "key", 1, "[extra] key"),
        ("receiver", "answer", "soon", "[receiver] answer"),
        ("receiver", "answer", "later", "[gateway] url"),
    ],
)
def test_wrong_settings_are_named(
    folder: DemoFolder, tmp_path: Path, table: str, key: str, entry: object, named: str
) -> None:
    settings = _settings(folder)
    settings.setdefault(table, {})[key] = entry
    file = tmp_path / "wrong.toml"
    file.write_text(toml_text(settings))
    with pytest.raises(ReceiverConfigError) as failure:
        load_config(file)
    assert named in str(failure.value)


def test_the_command_refuses_wrong_settings_as_usage(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text("[receiver]\nparty = 1\n")
    done = subprocess.run(
        [sys.executable, "-m", "receiver", "--config", str(tmp_path / "r.toml")],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("receiver: ")


@contextmanager
def _served(folder: DemoFolder, tmp_path: Path, **limits: object) -> Iterator[str]:
    (port,) = free_ports(1)
    settings = _settings(folder) | {"server": {"port": port}, "limits": dict(limits)}
    file = tmp_path / "served.toml"
    file.write_text(toml_text(settings))
    with Processes(logs=tmp_path / "logs") as processes:
        url = f"http://{LOOPBACK}:{port}"
        processes.start("receiver", "receiver", ["--config", str(file)]).wait_until_up(url)
        yield url


def test_over_http(folder: DemoFolder, tmp_path: Path, form: bytes) -> None:
    envelope = _envelope(folder, form)
    sealed = {"Content-Type": "application/pkcs7-mime"}
    with (
        _served(folder, tmp_path, max_envelope_bytes=100_000) as url,
        http_client() as http,
    ):
        first = http.post(f"{url}/deliveries", content=envelope, headers=sealed)
        assert first.status_code == 200
        assert first.headers["content-type"].startswith("application/xml")
        assert _receipt(folder, first.content).outcome is ReceiptOutcome.ACCEPTED
        assert http.post(f"{url}/deliveries", content=envelope, headers=sealed).content == first.content
        assert http.post(f"{url}/deliveries", content=envelope).status_code == 415
        assert http.post(f"{url}/deliveries", content=b"0" * 100_001, headers=sealed).status_code == 413
        refused = http.post(f"{url}/deliveries", content=envelope[:-9], headers=sealed)
        assert refused.status_code == 422
        assert refused.headers["content-type"] == "application/problem+json"
        os.rename(tmp_path / "received", tmp_path / "gone")
        (tmp_path / "received").write_bytes(b"a file where the store should be")
        assert http.post(f"{url}/deliveries", content=_envelope(folder, form), headers=sealed).status_code == 503
