"""Evidence packages over HTTP and by the command line: made by the counter, judged where nothing is known of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import httpx2
import pikepdf
import pytest

from gateway.batches import Rhythm
from gateway.cli.render import pages_of
from gateway.envelope import open_envelope
from gateway.examination import Grounds, LinkKind, Standing, examine
from gateway.model import DeliveryId, SubmissionId
from gateway.oversight import ActCode, ReasonCode
from gateway.receipt import build_receipt
from gateway.rendition import render
from signing import (
    Indication,
    Level,
    add_files,
    identity_to_pem,
    issue,
    load_identity,
    read_package,
    sign_pdf,
    validate_pdf,
)
from tests.cli.command import sealpost
from tests.cli.forking import ROOT
from tests.conftest import Counter
from tests.revoking import issuer_on_loopback
from tests.schemas.cases import catalogue

Http = Callable[[str | None], httpx2.Client]
PACKAGE = "application/vnd.etsi.asic-e+zip"

# Fails where anything on the way asks the network, or loads what could.
OFFLINE = """
import sys
FORBIDDEN = ("httpx2", "aiohttp", "requests", "httptools", "uvicorn", "fastapi", "gateway.client", "gateway.transports")
def watch(event, arguments):
    if event.startswith("socket.") and event != "socket.__new__":
        raise SystemExit(f"the network was asked: {event}")
sys.addaudithook(watch)
sys.argv = ["sealpost", *sys.argv[1:]]
from gateway.cli import app
try:
    app(standalone_mode=False)
finally:
    loaded = [name for name in FORBIDDEN if name in sys.modules]
    if loaded:
        raise SystemExit(f"network code was loaded: {loaded}")
"""


def close_journal(counter: Counter) -> None:
    """Everything recorded so far comes under a checkpoint and a time stamp."""
    batches = replace(counter.gateway.journal.batches, rhythm=Rhythm(close_after_s=0))
    assert (batches.close_due(), batches.stamp_due()) == (1, 1)


@pytest.fixture
def submission(counter: Counter) -> tuple[str, bytes]:
    """An assessment that the worker signed for; its id, and the form."""
    raw = counter.form("be/health-assessment")
    accepted = counter.accept(raw, sender="service")
    view = json.loads(accepted.answer)
    (mine,) = (each for each in view["deliveries"] if each["party"] == "worker")
    sealed = counter.gateway.store.read(lambda store: store.envelope(DeliveryId(mine["deliveryId"])))
    opened = open_envelope(
        sealed, identity=counter.identity("worker", "sealing"), trust=counter.trust, at=datetime.now(UTC)
    )
    receipt = build_receipt(
        opened.consignment,
        envelope_digest=opened.envelope_digest,
        identity=counter.identity("worker"),
        at=datetime.now(UTC),
    )
    counter.gateway.receipts.take(receipt, delivery_id=DeliveryId(mine["deliveryId"]), party=counter.party("worker"))
    close_journal(counter)
    return view["submissionId"], raw


def test_each_party_gets_what_it_may_see_and_strangers_nothing(
    http: Http, counter: Counter, submission: tuple[str, bytes]
) -> None:
    where = f"/v1/submissions/{submission[0]}/evidence-package"
    assert http("inspectorate").get(where).status_code == 404
    assert http(None).get(where).status_code == 401
    sender, worker = http("service").get(where), http("worker").get(where)
    assert (sender.status_code, sender.headers["Content-Type"]) == (200, PACKAGE)
    events = http("service").get(f"/v1/submissions/{submission[0]}/evidence").json()["items"]
    kept = read_package(sender.content).files
    assert {name for name in kept if name.startswith("evidence/")} == {
        f"evidence/{each['evidenceId']}.xml" for each in events
    }
    assert not any(name.endswith(("form.xml", ".pdf")) for name in kept)
    assert json.loads(kept["validation.json"])["outcome"] == "passed"
    own = {f"evidence/{each['evidenceId']}.xml" for each in events if each.get("deliveryId")}
    shown = {name for name in read_package(worker.content).files if name.startswith("evidence/")}
    assert shown < own
    for raw, whole in ((sender.content, True), (worker.content, False)):
        verdict = examine(raw, grounds=Grounds(trust=counter.trust, at=datetime.now(UTC)))
        assert verdict.description is not None
        assert verdict.description.whole is whole
        assert verdict.indication is Indication.TOTAL_PASSED
        assert [link.standing for link in verdict.links if link.kind is LinkKind.RECEIPT] == [Standing.HOLDS]


def test_a_recipient_does_not_learn_what_became_of_the_copies_of_others(
    http: Http, counter: Counter, submission: tuple[str, bytes]
) -> None:
    where = f"/v1/submissions/{submission[0]}/evidence-package"
    copies = counter.gateway.store.read(lambda view: view.deliveries_of(SubmissionId(submission[0])))
    for each in copies:
        if each.party != "worker":
            counter.gateway.oversight.act(
                each.id, ActCode.CLOSE, reason=ReasonCode.SENT_ANOTHER_WAY, by="test", language="en"
            )
    told = {
        party: json.loads(read_package(http(party).get(where).content).files["package.json"])["submission"]["state"]
        for party in ("service", "worker")
    }
    assert told == {"service": "closed-with-exceptions", "worker": "accepted"}


def test_exported_and_judged_where_nothing_is_known_of_the_counter(
    url: str, counter: Counter, submission: tuple[str, bytes], tmp_path: Path
) -> None:
    form, package = tmp_path / "handed-in.xml", tmp_path / "package.asice"
    form.write_bytes(submission[1])
    environment = {"SEALPOST_URL": url, "SEALPOST_TOKEN": counter.tokens["service"]}
    export = ["evidence", "export", submission[0], "--out", package, "--json"]
    ran = sealpost([*export, "--form", form, "--rendition", "nl"], environment=environment)
    assert ran.code == 0, ran.err
    assert {"form.xml", "rendition-nl.pdf"} < set(ran.json["files"])
    assert sealpost([*export, "--rendition", "nl"], environment=environment).code == 2
    other = tmp_path / "other.xml"
    other.write_bytes(submission[1] + b"\n")
    refused = sealpost([*export[:3], "--out", tmp_path / "none", "--form", other], environment=environment)
    assert (refused.code, "another-form" in refused.err, (tmp_path / "none").exists()) == (1, True, False)
    own = {**environment, "SEALPOST_TOKEN": counter.tokens["worker"]}
    with_form = [*export[:3], "--json", "--out", tmp_path / "own", "--form"]
    assert sealpost([*with_form, other], environment=own).json["code"] == "another-form"
    assert "form.xml" in sealpost([*with_form, form], environment=own).json["files"]
    command = ["verify", str(package), "--offline", "--trust", str(counter.folder.anchors)]
    reported = sealpost([*command, "--report", tmp_path / "report.xml"])
    assert (reported.code, "is a package" in reported.err, (tmp_path / "report.xml").exists()) == (2, True, False)
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE, *command, "--json"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (done.returncode, done.stderr) == (0, "")
    (found,) = json.loads(done.stdout)["items"]
    holding = {link["link"] for link in found["links"] if link["standing"] == "holds"}
    assert {
        "package",
        "seal",
        "statement",
        "receipt",
        "binding",
        "form",
        "course",
        "journal",
        "time",
        "rendition",
    } <= holding
    assert found["indication"] == "TOTAL-PASSED"
    assert {"software", "form", "schema", "rules", "calendar", "terms"} == found["package"]["versions"].keys()
    assert [each["event"] for each in found["story"]].count("ContentHandover") == 1
    for language, word in (("en", "What happened"), ("nl", "Wat er gebeurde"), ("fr", "passé"), ("de", "Was geschah")):
        told = sealpost([*command, "--lang", language])
        assert told.code == 0
        assert word in told.text
        assert submission[0] in told.text
    altered = tmp_path / "altered.asice"
    altered.write_bytes(package.read_bytes().replace(b"ContentHandover", b"ContentHandoveR", 1))
    assert sealpost(["verify", altered, "--trust", counter.folder.anchors]).code == 1
    for service, code in (("NTRBE-0444444496", 0), ("NTRBE-0206731645", 1)):
        assert sealpost([*command, "--service", service]).code == code


def test_a_rendition_is_exported_with_a_signature_that_lasts(
    url: str, counter: Counter, submission: tuple[str, bytes], tmp_path: Path
) -> None:
    form, package, key = tmp_path / "handed-in.xml", tmp_path / "package.asice", tmp_path / "key.pem"
    form.write_bytes(submission[1])
    environment = {"SEALPOST_URL": url, "SEALPOST_TOKEN": counter.tokens["service"]}
    with issuer_on_loopback(load_identity(counter.folder.authority)) as issuer:
        issuer.unit = issue(issuer.authority, "Time Unit", use="stamp", at=datetime.now(UTC) - timedelta(hours=1))
        key.write_bytes(identity_to_pem(issuer.issue("An Archive", organization_identifier="NTRBE-0403019261")))
        export = ["evidence", "export", submission[0], "--out", package, "--form", form, "--rendition", "nl"]
        lasting = ["--level", "B-LTA", "--timestamp", f"{issuer.address}/stamp", "--trust", counter.folder.anchors]
        ran = sealpost([*export, "--key", key, *lasting, "--allow-network", "127.0.0.0/8"], environment=environment)
        assert ran.code == 0, ran.err
    pdf = read_package(package.read_bytes()).files["rendition-nl.pdf"]
    policy = counter.gateway.vouching.policy
    assert validate_pdf(pdf, policy=policy, validation_time=datetime.now(UTC)).signature.level is Level.B_LTA
    ran = sealpost(["verify", package, "--offline", "--trust", counter.folder.anchors, "--json"])
    (found,) = ran.json["items"]
    (shown,) = (link for link in found["links"] if link["link"] == "rendition")
    assert (found["indication"], shown["standing"]) == ("TOTAL-PASSED", "holds")


def test_every_state_of_the_journal_is_connected_and_one_that_was_kept_too(
    url: str, counter: Counter, submission: tuple[str, bytes], tmp_path: Path
) -> None:
    for each in counter.gateway.store.read(lambda view: view.deliveries_of(SubmissionId(submission[0]))):
        if each.party != "worker":
            counter.gateway.oversight.act(
                each.id, ActCode.CLOSE, reason=ReasonCode.SENT_ANOTHER_WAY, by="test", language="en"
            )
    close_journal(counter)
    counter.accept(counter.form("be/health-assessment"), sender="service")
    close_journal(counter)
    kept, package = tmp_path / "kept", tmp_path / "package.asice"
    kept.write_bytes(counter.gateway.journal.proofs.checkpoint())
    export = ["evidence", "export", submission[0], "--out", package, "--json"]
    verify = ["verify", package, "--trust", counter.folder.anchors, "--json", "--checkpoint", kept]
    environment = {"SEALPOST_URL": url, "SEALPOST_TOKEN": counter.tokens["service"]}
    shown = []
    for more, code in (([], 1), (["--checkpoint", kept], 0)):
        assert sealpost([*export, *more], environment=environment).code == 0
        judged = sealpost(verify)
        (growth,) = (link for link in judged.json["items"][0]["links"] if link["link"] == "growth")
        shown.append((growth["standing"], growth.get("code")))
        assert judged.code == code, judged.text
    assert shown == [("open", "states-not-connected"), ("holds", None)]
    assert sealpost(verify[:-2]).code == 0
    proofs = [name for name in read_package(package.read_bytes()).files if name.endswith(".consistency")]
    assert len(proofs) == 2


def test_a_rendition_is_proven_by_printing_again_whoever_signed_it(
    http: Http, counter: Counter, submission: tuple[str, bytes]
) -> None:
    """Who signs pages may have made them: other pages around the very form prove nothing, and are not said to."""
    raw = http("service").get(f"/v1/submissions/{submission[0]}/evidence-package").content
    form, other = submission[1], counter.form("be/health-assessment")
    pages = render(form, catalogue=catalogue(), language="nl")
    by_service = sign_pdf(pages, identity=counter.identity("service"), at=datetime.now(UTC))
    of_another = sign_pdf(
        render(other, catalogue=catalogue(), language="nl"), identity=counter.identity("service"), at=datetime.now(UTC)
    )

    def judged(pdf: bytes, *, with_form: bool = True) -> tuple[Indication, Standing, str | None]:
        package = add_files(raw, {"rendition-nl.pdf": pdf, **({"form.xml": form} if with_form else {})})
        verdict = examine(package, grounds=grounds)
        (link,) = (link for link in verdict.links if link.kind is LinkKind.RENDITION)
        return verdict.indication, link.standing, link.code

    passed, failed = Indication.TOTAL_PASSED, Indication.TOTAL_FAILED
    grounds = Grounds(trust=counter.trust, at=datetime.now(UTC))
    assert judged(by_service) == (passed, Standing.OPEN, "pages-not-proven")
    assert judged(pages) == (passed, Standing.OPEN, "pages-not-proven")
    assert judged(by_service, with_form=False) == (passed, Standing.OPEN, "without-form")
    assert judged(of_another) == (failed, Standing.FAILS, "attached-form-differs")
    assert judged(by_service.replace(b"/Type", b"/Typf", 1))[0] is not passed
    assert judged(b"%PDF-1.7 not at all")[0] is not passed
    grounds = replace(grounds, reprint=pages_of)
    assert judged(pages) == (passed, Standing.HOLDS, None)
    assert judged(by_service) == (passed, Standing.HOLDS, None)
    assert judged(sign_pdf(pages, identity=counter.identity("worker"), at=datetime.now(UTC)))[1] is Standing.HOLDS
    forged = sign_pdf(_carrying(form, other), identity=counter.identity("worker"), at=datetime.now(UTC))
    assert judged(forged) == (passed, Standing.OPEN, "pages-not-proven")
    assert judged(render(form, catalogue=catalogue(), language="fr")) == (passed, Standing.OPEN, "pages-not-proven")


def _carrying(form: bytes, other: bytes) -> bytes:
    """The pages of another form, with this one attached."""
    with pikepdf.open(BytesIO(render(other, catalogue=catalogue(), language="nl"))) as pdf:
        (specification,) = pdf.Root.AF
        stream = pdf.make_stream(form)
        for key in list(specification.EF.keys()):
            specification.EF[key] = stream
        out = BytesIO()
        pdf.save(out)
        return out.getvalue()


def test_what_the_journal_cannot_prove_yet_is_named(http: Http, counter: Counter) -> None:
    accepted = counter.accept(counter.form("be/health-assessment"), sender="service")
    raw = http("service").get(f"/v1/submissions/{accepted.submission_id}/evidence-package").content
    verdict = examine(raw, grounds=Grounds(trust=counter.trust, at=datetime.now(UTC)))
    assert verdict.indication is Indication.INDETERMINATE
    unproven = {link.about for link in verdict.missing if link.kind is LinkKind.TIME and link.code == "not-stamped"}
    stored = read_package(raw).files
    assert unproven == {name for name in stored if name.startswith("evidence/") or name == "validation.json"}


def test_a_refused_form_has_a_package_too(http: Http, counter: Counter) -> None:
    raw = counter.form("be/health-assessment").replace(b"Toonbeeld", b"Toonbeelt")
    rejected = counter.accept(raw, sender="service")
    answer = http("service").get(f"/v1/submissions/{rejected.submission_id}/evidence-package")
    assert answer.status_code == 200
    verdict = examine(answer.content, grounds=Grounds(trust=counter.trust, at=datetime.now(UTC)))
    assert not [link for link in verdict.links if link.standing is Standing.FAILS]
    assert [each.event for each in verdict.story] == ["SubmissionRejection"]
