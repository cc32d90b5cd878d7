"""`submit`, `status`, `mailbox`, `parties`, `serve`, `work` against a real gateway."""

from __future__ import annotations

import stat
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.client import Client
from gateway.demo.papers import Paper, draw_up
from gateway.demo.processes import LOOPBACK, free_ports
from gateway.demo.stage import Stage, set_stage
from signing import load_identity
from tests.cli.command import Ran, sealpost

ASSESSMENT = "be/health-assessment"
NOBODYS = "01a20000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A gateway with its worker; everybody has a mailbox."""
    with set_stage(tmp_path_factory.mktemp("stage") / "pki", pushed=()) as stage:
        stage.start()
        stage.register_parties()
        yield stage


def _now() -> datetime:
    return datetime.now(ZoneInfo("Europe/Brussels"))


def _form(stage: Stage, paper: Paper | None = None, *, by: str = "doctor") -> bytes:
    return stage.sign((paper or draw_up(ASSESSMENT, now=_now())).raw, by=by)


def _as(stage: Stage, party_id: str, arguments: Sequence[object], *, stdin: bytes = b"") -> Ran:
    environment = {"SEALPOST_URL": stage.url, "SEALPOST_TOKEN_FILE": str(stage.folder.token(party_id))}
    return sealpost(arguments, stdin=stdin, environment=environment)


def _submit(stage: Stage, form: bytes) -> Ran:
    return _as(stage, "service", ["submit", "-", "--json"], stdin=form)


def _delivery_to(ran: Ran, party_id: str) -> str:
    return next(str(each["deliveryId"]) for each in ran.json["deliveries"] if each["party"] == party_id)


def test_from_submission_to_proof(stage: Stage, tmp_path: Path) -> None:
    form = _form(stage)
    submitted = _submit(stage, form)
    assert submitted.code == 0, submitted.err
    assert {each["party"] for each in submitted.json["deliveries"]} == {"employer", "worker", "dossier"}
    again = _submit(stage, form)
    assert (again.code, again.json) == (0, submitted.json)
    mine = _delivery_to(submitted, "worker")
    listed = _as(stage, "worker", ["mailbox", "list", "--json"]).json["items"]
    assert mine in {item["deliveryId"] for item in listed}
    mail = tmp_path / "mail"
    fetch = ["mailbox", "fetch", mine, "--key", stage.folder.sealing("worker")]
    trusting = [*fetch, "--trust", stage.folder.gateway_certificate, "--to", mail]
    assert _as(stage, "worker", trusting).code == 0
    assert (mail / mine / "form.xml").read_bytes() == form
    assert stat.S_IMODE((mail / mine).stat().st_mode) == 0o700
    assert _as(stage, "worker", trusting).code == 0, "whoever has it may fetch it again"
    elsewhere = [*fetch, "--trust", stage.folder.gateway_certificate, "--to", tmp_path / "elsewhere"]
    assert _as(stage, "worker", elsewhere).code == 3, "the copy is leased"
    acknowledge = [
        "mailbox",
        "acknowledge",
        mine,
        "--signing-key",
        stage.folder.signing("worker"),
        "--in",
        mail,
        "--json",
    ]
    first = _as(stage, "worker", acknowledge)
    assert first.code == 0, first.err
    assert first.json["items"][0]["outcome"] == "handed-over"
    assert _as(stage, "worker", acknowledge).json == first.json, "the same receipt again is the same hand-over"
    proof = tmp_path / "proof"
    status = _as(stage, "service", ["status", submitted.json["submissionId"], "--save", proof, "--json"])
    assert {each["party"]: each["state"] for each in status.json["deliveries"]}["worker"] == "handed-over"
    saved = sorted(proof.iterdir())
    assert any(path.name.endswith(".receipt.xml") for path in saved)
    assert sealpost(["verify", *saved, "--trust", stage.folder.anchors]).code == 0


def test_people_read_the_same_as_machines(stage: Stage) -> None:
    submitted = _submit(stage, _form(stage))
    shown = _as(stage, "service", ["status", submitted.json["submissionId"]])
    assert shown.code == 0, shown.err
    for word in ("worker", "HealthDossier", "consigned", "Monday-Saturday", "SubmissionAcceptance"):
        assert word in shown.text
    listed = _as(stage, "worker", ["mailbox", "list"])
    assert _delivery_to(submitted, "worker") in listed.text


def test_a_refused_form_is_no_with_every_issue(stage: Stage) -> None:
    form = _form(stage, draw_up(ASSESSMENT, now=_now(), leave_out=["f:Recommendations"]))
    ran = _submit(stage, form)
    assert ran.code == 1
    assert [issue["rule"] for issue in ran.json["issues"]] == ["HA-07"]
    shown = _as(stage, "service", ["submit", "-"], stdin=form)
    assert (shown.code, shown.text) == (1, "")
    for word in ("HA-07", "place", "law", "way out"):
        assert word in shown.err


def test_a_copy_can_be_refused_with_a_signed_receipt(stage: Stage, tmp_path: Path) -> None:
    mine = _delivery_to(_submit(stage, _form(stage)), "dossier")
    trust = ["--key", stage.folder.sealing("dossier"), "--trust", stage.folder.gateway_certificate]
    assert _as(stage, "dossier", ["mailbox", "fetch", mine, *trust, "--to", tmp_path]).code == 0
    refuse = ["--signing-key", stage.folder.signing("dossier"), "--in", tmp_path, "--refuse", "not-our-patient"]
    ran = _as(stage, "dossier", ["mailbox", "acknowledge", mine, *refuse, "--json"])
    assert ran.json["items"][0]["outcome"] == "declined"


def test_what_was_signed_for_can_be_signed_as_processed(stage: Stage, tmp_path: Path) -> None:
    mine = _delivery_to(_submit(stage, _form(stage)), "dossier")
    trust = ["--key", stage.folder.sealing("dossier"), "--trust", stage.folder.gateway_certificate]
    assert _as(stage, "dossier", ["mailbox", "fetch", mine, *trust, "--to", tmp_path]).code == 0
    signing = ["--signing-key", stage.folder.signing("dossier"), "--in", tmp_path, "--json"]
    early = _as(stage, "dossier", ["mailbox", "acknowledge", mine, *signing, "--processed"])
    assert (early.code, early.json["code"]) == (1, "receipt-after-consigned")
    for option, outcome in ((), "handed-over"), (("--processed",), "acknowledged"):
        ran = _as(stage, "dossier", ["mailbox", "acknowledge", mine, *signing, *option])
        assert ran.json["items"][0]["outcome"] == outcome
    both = _as(stage, "dossier", ["mailbox", "acknowledge", mine, *signing, "--processed", "--refuse", "no-reason"])
    assert both.code == 2


@pytest.mark.parametrize(
    ("key", "trusted", "code"),
    [("fund", "service", "not-a-recipient"), ("worker", "employer", "certificate-untrusted")],
)
def test_a_wrong_key_or_a_wrong_gateway_opens_nothing(
    stage: Stage, tmp_path: Path, key: str, trusted: str, code: str
) -> None:
    mine = _delivery_to(_submit(stage, _form(stage)), "worker")
    identity = load_identity(stage.folder.service if trusted == "service" else stage.folder.signing(trusted))
    trust = tmp_path / "trust.pem"
    trust.write_bytes(identity.certificate.public_bytes(Encoding.PEM))
    opening = ["--key", stage.folder.sealing(key), "--trust", trust, "--to", tmp_path / "mail"]
    ran = _as(stage, "worker", ["mailbox", "fetch", mine, *opening, "--json"])
    assert (ran.code, ran.json["code"]) == (1, code)
    assert not (tmp_path / "mail").exists()


def test_a_receipt_signed_with_the_wrong_key_does_not_stand_in_the_way_of_the_right_one(
    stage: Stage, tmp_path: Path
) -> None:
    mine = _delivery_to(_submit(stage, _form(stage)), "worker")
    trust = ["--key", stage.folder.sealing("worker"), "--trust", stage.folder.gateway_certificate]
    assert _as(stage, "worker", ["mailbox", "fetch", mine, *trust, "--to", tmp_path]).code == 0
    signing = ["mailbox", "acknowledge", mine, "--in", tmp_path, "--signing-key"]
    wrong = _as(stage, "worker", [*signing, stage.folder.signing("doctor")])
    assert (wrong.code, "receipt-by-a-stranger" in wrong.err, "way out" in wrong.err) == (1, True, True)
    assert _as(stage, "worker", [*signing, stage.folder.signing("worker")]).code == 0


def test_acknowledging_out_of_a_folder_that_is_not_there_is_usage(stage: Stage, tmp_path: Path) -> None:
    signing = ["mailbox", "acknowledge", "--signing-key", stage.folder.signing("worker"), "--in"]
    absent = _as(stage, "worker", [*signing, tmp_path / "none"])
    assert (absent.code, str(tmp_path / "none") in absent.err) == (2, True)
    empty = _as(stage, "worker", [*signing, tmp_path])
    assert (empty.code, "no fetched copy" in empty.err) == (0, True)


def test_of_two_clients_that_fetched_a_copy_only_who_has_it_in_hand_signs_for_it(stage: Stage, tmp_path: Path) -> None:
    mine = _delivery_to(_submit(stage, _form(stage)), "worker")
    trust = ["--key", stage.folder.sealing("worker"), "--trust", stage.folder.gateway_certificate]
    slow, fast = tmp_path / "slow", tmp_path / "fast"
    assert _as(stage, "worker", ["mailbox", "fetch", mine, *trust, "--to", slow, "--hold", "1"]).code == 0
    while (fetched := _as(stage, "worker", ["mailbox", "fetch", mine, *trust, "--to", fast])).code == 3:
        pass
    assert fetched.code == 0

    def acknowledge(folder: Path) -> Ran:
        signing = ["--signing-key", stage.folder.signing("worker"), "--in", folder, "--json"]
        return _as(stage, "worker", ["mailbox", "acknowledge", *signing])

    late = acknowledge(slow)
    assert (late.code, late.json) == (3, {"items": []})
    assert acknowledge(fast).json["items"][0]["outcome"] == "handed-over"
    too_late = acknowledge(slow)
    assert (too_late.code, too_late.json["code"]) == (1, "delivery-settled")
    assert acknowledge(fast).code == 0  # the same receipt again


def test_what_is_wrong_with_one_copy_holds_up_no_other(stage: Stage, tmp_path: Path) -> None:
    one, other = (_delivery_to(_submit(stage, _form(stage)), "dossier") for _ in range(2))
    opening = ["--trust", stage.folder.gateway_certificate, "--to", tmp_path, "--json", "--key"]
    fetch = ["mailbox", "fetch", one, NOBODYS, other, *opening]
    wrong = _as(stage, "dossier", [*fetch, stage.folder.sealing("fund")])
    assert (wrong.code, wrong.json["items"]) == (1, [])
    assert [each["code"] for each in wrong.json["problems"]] == [
        "not-a-recipient",
        "delivery-not-found",
        "not-a-recipient",
    ]
    fetched = _as(stage, "dossier", [*fetch, stage.folder.sealing("dossier")])
    assert fetched.code == 1
    assert {each["deliveryId"] for each in fetched.json["items"]} == {one, other}
    assert [each["deliveryId"] for each in fetched.json["problems"]] == [NOBODYS]
    signing = ["mailbox", "acknowledge", "--signing-key", stage.folder.signing("dossier"), "--in", tmp_path]
    assert _as(stage, "dossier", [*signing, one, "--refuse", "not-ours"]).code == 0
    signed = _as(stage, "dossier", [*signing, "--json"])
    assert signed.code == 1
    assert [(each["deliveryId"], each["outcome"]) for each in signed.json["items"]] == [(other, "handed-over")]
    assert [(each["deliveryId"], each["code"]) for each in signed.json["problems"]] == [(one, "receipt-after-declined")]
    shown = _as(stage, "dossier", signing)
    assert (shown.code, other in shown.text, one in shown.err) == (1, True, True)


def test_somebody_elses_things_are_not_there(stage: Stage, tmp_path: Path) -> None:
    submitted = _submit(stage, _form(stage))
    assert _as(stage, "fund", ["status", submitted.json["submissionId"]]).code == 1
    trust = ["--key", stage.folder.sealing("fund"), "--trust", stage.folder.gateway_certificate, "--to", tmp_path]
    ran = _as(stage, "fund", ["mailbox", "fetch", _delivery_to(submitted, "worker"), *trust, "--json"])
    assert (ran.code, ran.json["status"]) == (1, 404)


def test_a_delivery_id_is_never_a_path(stage: Stage, tmp_path: Path) -> None:
    keys = ["--signing-key", stage.folder.signing("worker"), "--in", tmp_path]
    assert _as(stage, "worker", ["mailbox", "acknowledge", "../../etc", *keys]).code == 2


def test_access_is_needed_and_a_gateway(stage: Stage, tmp_path: Path) -> None:
    assert sealpost(["mailbox", "list", "--url", stage.url]).code == 2
    assert sealpost(["mailbox", "list", "--url", stage.url], environment={"SEALPOST_TOKEN": "wrong"}).code == 1
    (port,) = free_ports(1)
    gone = sealpost(["mailbox", "list", "--url", f"http://{LOOPBACK}:{port}"], environment={"SEALPOST_TOKEN": "any"})
    assert gone.code == 3
    assert "unreachable" in gone.err


@pytest.mark.parametrize(
    ("url", "token"), [("not an address", "t"), ("http://[", "t"), ("http://127.0.0.1:1", "gehéim")]
)
def test_an_address_or_token_that_cannot_be_one_is_usage(url: str, token: str) -> None:
    ran = sealpost(["mailbox", "list", "--url", url], environment={"SEALPOST_TOKEN": token})
    assert ran.code == 2
    assert "Traceback" not in ran.err


def test_the_administrator_registers_and_others_do_not(stage: Stage, tmp_path: Path) -> None:
    environment = {"SEALPOST_URL": stage.url, "SEALPOST_TOKEN_FILE": str(stage.folder.admin_token)}
    listed = sealpost(["parties", "list", "--json"], environment=environment)
    assert {item["id"] for item in listed.json["items"]} >= {"worker", "fund"}
    assert "85073003328" not in listed.text
    record = stage.folder.party("fund") / "party.json"
    assert sealpost(["parties", "register", record], environment=environment).code == 0
    assert _as(stage, "fund", ["parties", "register", record]).code == 1
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"id": "wrong"}')
    ran = sealpost(["parties", "register", record, wrong, record], environment=environment)
    assert (ran.code, ran.text.count("fund ")) == (1, 1)
    wrong.write_text("no JSON")
    ran = sealpost(["parties", "register", record, wrong], environment=environment)
    assert (ran.code, "fund " in ran.text) == (2, False)
    token = tmp_path / "token"
    assert sealpost(["parties", "token", "fund", "--out", token], environment=environment).code == 0
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert sealpost(["mailbox", "list", "--url", stage.url, "--token-file", token]).code == 0
    assert sealpost(["parties", "token", "fund", "--out", token], environment=environment).code == 2


def test_a_party_whose_tokens_are_revoked_is_nobody(stage: Stage, tmp_path: Path) -> None:
    nobody = "inspectorate"  # who has no other part in this file
    administrator = {"SEALPOST_URL": stage.url, "SEALPOST_TOKEN_FILE": str(stage.folder.admin_token)}
    lost = tmp_path / "lost"
    assert sealpost(["parties", "token", nobody, "--out", lost], environment=administrator).code == 0
    listing = ["mailbox", "list", "--token-file", lost, "--url", stage.url]
    assert sealpost(listing).code == 0
    revoked = sealpost(["parties", "revoke", nobody, "--json"], environment=administrator)
    assert (revoked.code, revoked.json) == (0, {"party": nobody, "revoked": True})
    ran = sealpost(listing)
    assert (ran.code, "token-unknown" in ran.err, "way out" in ran.err) == (1, True, True)


def test_an_address_in_use_is_usage_and_names_the_keys(stage: Stage) -> None:
    ran = sealpost(["serve", "--config", stage.folder.config])
    assert (ran.code, "address-unusable" in ran.err, "server.port" in ran.err) == (2, True, True)


def test_a_bad_configuration_is_usage_and_names_the_key(stage: Stage, tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text("[gateway]\nname = 'x'\ncolour = 'red'\n")
    for command in ("serve", "work"):
        ran = sealpost([command, "--config", config])
        assert ran.code == 2
        assert "gateway.colour" in ran.err


def test_a_case_shows_its_terms_and_why_they_run(stage: Stage) -> None:
    assert _submit(stage, _form(stage, draw_up(ASSESSMENT, now=_now()))).code == 0
    listed = _as(stage, "worker", ["case", "--json"])
    assert listed.code == 0, listed.err
    case = [item for item in listed.json["items"] if item["formCount"]][-1]  # the newest: that of this form
    assert case["caseId"] in _as(stage, "worker", ["case"]).out.decode()
    shown = _as(stage, "worker", ["case", case["caseId"], "--lang", "nl"])
    assert shown.code == 0, shown.err
    term = _as(stage, "worker", ["case", case["caseId"], "--lang", "nl", "--json"]).json["terms"][0]
    for words in ("T5 loopt", term["act"], term["lastDay"], term["dayZeroIs"], term["startedBy"]["evidenceId"]):
        assert words in " ".join(shown.out.decode().split())
    assert _as(stage, "fund", ["case", case["caseId"]]).code == 1


def test_the_worker_keeps_the_journal_and_the_operator_sees_how_far_it_is(stage: Stage, tmp_path: Path) -> None:
    assert _submit(stage, _form(stage)).code == 0
    admin = {"SEALPOST_URL": stage.url, "SEALPOST_TOKEN_FILE": str(stage.folder.admin_token)}
    backlog = sealpost(["operations", "journal", "--json"], environment=admin).json
    deadline = time.monotonic() + 60
    while (backlog["unstamped"] or not backlog["entries"]) and time.monotonic() < deadline:
        time.sleep(0.5)
        backlog = sealpost(["operations", "journal", "--json"], environment=admin).json
    assert (backlog["open"], backlog["unstamped"]) == (0, 0)
    shown = sealpost(["operations", "journal"], environment=admin)
    assert (shown.code, "wait for a time stamp" in shown.text, backlog["stampsEndAt"] in shown.text) == (0, True, True)
    renewed = sealpost(["operations", "renew", "--before", "2026-01-01"], environment=admin)
    assert (renewed.code, renewed.text) == (0, "0 time stamps renewed\n")
    kept = tmp_path / "checkpoint"
    with Client(stage.url) as nobody:
        kept.write_bytes(nobody.checkpoint())
    audit = ["audit", "--config", stage.folder.config, "--checkpoint", kept]
    assert sealpost(audit).code == 0
    kept.write_bytes(kept.read_bytes().replace(b"\n", b"\n9", 1))
    ran = sealpost(audit)
    assert (ran.code, "known-checkpoint-invalid" in ran.text) == (1, True)


@pytest.mark.parametrize(
    ("language", "labels"),
    [
        ("nl", ("toestand", "termijn", "bewijsstuk", "maandag t/m zaterdag")),
        ("fr", ("état", "délai", "preuve", "lundi-samedi")),
        ("de", ("Zustand", "Frist", "Nachweis", "Montag-Samstag")),
    ],
)
def test_labels_follow_the_language(stage: Stage, language: str, labels: tuple[str, ...]) -> None:
    submitted = _submit(stage, _form(stage))
    shown = _as(stage, "service", ["status", submitted.json["submissionId"], "--lang", language])
    assert [label for label in labels if label not in shown.text] == []
    listed = _as(stage, "worker", ["mailbox", "list", "--lang", language])
    assert listed.text.splitlines()[0].split()[0] == {"nl": "bezorging", "fr": "remise", "de": "Zustellung"}[language]
    audited = sealpost(["audit", "--config", stage.folder.config, "--lang", language])
    assert {"nl": " bewijsstukken,", "fr": " preuves,", "de": " Nachweise,"}[language] in audited.text
