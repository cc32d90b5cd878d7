"""A copy that goes on paper: who can open it, what is printed, what the post proves, and which clock it starts."""

from __future__ import annotations

import base64
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from lxml import etree

from gateway.api.wire import PartyRecord
from gateway.assembly import auditing
from gateway.config import load_config
from gateway.demo.pki import party_record
from gateway.envelope import open_envelope
from gateway.errors import ConfigError, Unreadable
from gateway.examination import Grounds, LinkKind, Standing, examine
from gateway.forms.findings import LANGUAGES
from gateway.idempotency import Accepted
from gateway.model import Delivery, DeliveryId, new_id
from gateway.oversight import ActCode, ReasonCode
from gateway.paperform import paper_letter
from signing import SealingFailed, add_files, open_sealed, read_package, sha256, trust_from_pem, verify_xml
from tests.cli.command import Ran, sealpost
from tests.conftest import Counter
from tests.journey.test_mailboxes import delivery_to, hand_in, lease, opened, receipt_of, send_receipt
from tests.journey.test_operations import E, Hands, act, events, look, nothing_is_wrong, open_alerts, state

Http = Callable[[str | None], httpx2.Client]
STATION = "expert-panel"  # somebody with keys who plays no part in Belgian forms
HOUR = timedelta(hours=1)
SCAN = b"%PDF-1.7 a scan of the proof of deposit"


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def counter(open_counter: Callable[..., Counter], clock: Hands) -> Counter:
    return open_counter(clock=clock, paper_party=STATION, paper_roles=("Worker", "Employer"))


@pytest.fixture
def day(clock: Hands) -> Callable[[], str]:
    return lambda: clock.today.isoformat()


def proof(on: str, **more: str) -> dict[str, str]:
    return {"on": on, "proof": base64.b64encode(SCAN).decode(), "proofType": "application/pdf"} | more


def say(http: Http, delivery: str, what: str, body: dict[str, str], party: str = STATION) -> httpx2.Response:
    return http(party).post(f"/v1/paper/{delivery}/{what}", json=body)


def printed(http: Http, delivery: str, party: str = STATION) -> httpx2.Response:
    return http(party).post(f"/v1/paper/{delivery}/prints")


def content_of(http: Http, counter: Counter, href: str) -> etree._Element:
    trust = trust_from_pem(counter.folder.gateway_certificate.read_bytes())
    raw = http("service").get(href).content
    return etree.fromstring(verify_xml(raw, trust=trust, at=datetime.now(UTC)).content)


def on_its_way(http: Http, counter: Counter, kind: str = "be/health-assessment") -> tuple[dict[str, Any], str]:
    """A form whose worker's copy is with the post."""
    view = hand_in(http, counter, kind)
    worker = delivery_to(view, "worker")
    assert act(http, worker, "paper", reason="legal-moment-near").json()["state"] == "escalated"
    assert printed(http, worker).status_code == 201
    on = counter.gateway.catalogue.countries["be"].calendar.date_of(counter.gateway.clock.now()).isoformat()
    assert say(http, worker, "deposits", proof(on, number="RR123456785BE")).status_code == 201
    return view, worker


def test_from_escalation_to_the_slip_of_the_post(
    http: Http, counter: Counter, clock: Hands, day: Callable[[], str]
) -> None:
    view = hand_in(http, counter)
    worker = delivery_to(view, "worker")
    assert http(STATION).get("/v1/paper").json()["items"] == []
    assert printed(http, worker).json()["code"] == "not-to-be-printed", "nothing is given out before it is escalated"
    assert act(http, worker, "paper", reason="not-collected").json()["state"] == "escalated"
    (job,) = http(STATION).get("/v1/paper").json()["items"]
    assert (job["deliveryId"], job["role"], job["state"]) == (worker, "Worker", "escalated")
    first = printed(http, worker)
    again = printed(http, worker)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content
    clock.turn(24 * HOUR)
    deposit = say(http, worker, "deposits", proof(day(), number="RR123456785BE"))
    assert (deposit.status_code, deposit.json()["state"]) == (201, "paper-deposited")
    deposited_on = day()
    clock.turn(48 * HOUR)
    slip = say(http, worker, "slips", proof(day(), outcome="delivered"))
    assert (slip.status_code, slip.json()["state"]) == (201, "paper-delivered")
    assert events(http, view, worker) == [
        "ContentConsignment",
        "operator-act",
        "print-job-taken",
        "RelayToNonERDS",
        "ReceivedFromNonERDS",
    ]
    proofs = {
        each["event"]: each
        for each in http("service").get(f"{view['href']}/evidence").json()["items"]
        if each.get("deliveryId") == worker
    }
    relayed = content_of(http, counter, proofs["RelayToNonERDS"]["href"])
    assert relayed.findtext(f"{E}Post/{E}Number") == "RR123456785BE"
    assert relayed.findtext(f"{E}Post/{E}On") == deposited_on
    assert relayed.findtext(f"{E}Post/{E}ProofDigest") == sha256(SCAN)
    answered = content_of(http, counter, proofs["ReceivedFromNonERDS"]["href"])
    assert answered.findtext(f"{E}Post/{E}On") == day()
    sealed = http("service").get(proofs["RelayToNonERDS"]["proofHref"]).content
    assert SCAN not in sealed
    for reader in ("service", STATION):
        assert open_sealed(sealed, identity=counter.identity(reader, "sealing")) == SCAN
    with pytest.raises(SealingFailed):
        open_sealed(sealed, identity=counter.identity("employer", "sealing"))
    assert not [each for each in open_alerts(http) if each[1] == worker]
    nothing_is_wrong(counter)


def test_the_print_job_opens_for_the_print_station_alone_and_both_notes_say_so(http: Http, counter: Counter) -> None:
    form = counter.form("be/health-assessment")
    view = http("service").post("/v1/submissions", content=form, headers={"Content-Type": "application/xml"}).json()
    worker = delivery_to(view, "worker")
    act(http, worker, "paper")
    sealed = printed(http, worker).content
    found = opened(counter, STATION, sealed)
    assert found.form == form
    assert (found.consignment.party, found.consignment.paper_for) == (STATION, "worker")
    assert found.consignment.also_sealed_for is None
    for party in counter.tokens:
        if party != STATION:
            with pytest.raises(SealingFailed):
                opened(counter, party, sealed)
    own = opened(counter, "worker", lease(http, "worker", worker).content).consignment
    assert (own.party, own.paper_for, own.also_sealed_for) == ("worker", None, STATION)
    dossier = opened(counter, "dossier", lease(http, "dossier", delivery_to(view, "dossier")).content).consignment
    assert dossier.also_sealed_for is None, "paper may not reach the dossier"
    raw = receipt_of(counter, STATION, found, envelope_digest=found.envelope_digest)
    assert send_receipt(http, STATION, worker, raw).status_code == 404, "its copy is not the recipient's"
    nothing_is_wrong(counter)


def test_where_paper_may_not_reach_an_operator_is_told_the_way_out(http: Http, counter: Counter) -> None:
    delivery = delivery_to(hand_in(http, counter, "be/appeal"), "inspectorate")
    refused = act(http, delivery, "paper")
    assert (refused.status_code, refused.json()["code"]) == (409, "no-print-job")
    assert "sent-another-way" in refused.json()["detail"]
    assert "paper" not in http("admin").get(f"/v1/operations/deliveries/{delivery}").json()["acts"]
    assert counter.state(delivery) == "consigned"


def test_without_a_print_station_nothing_is_sealed_for_anybody_else(open_counter: Callable[..., Counter]) -> None:
    counter = open_counter()
    accepted = counter.accept(counter.form("be/health-assessment"), sender="service")
    assert isinstance(accepted, Accepted)
    copies = counter.gateway.store.read(lambda view: view.deliveries_of(accepted.submission_id))
    assert [counter.gateway.store.read(lambda view, c=copy: view.print_job(c.id)) for copy in copies] == [None] * 3  # type: ignore[misc]
    assert all(copy.paper_by is None for copy in copies)


def test_a_letter_that_comes_back_needs_an_operator_and_the_copy_may_go_again(
    http: Http, counter: Counter, day: Callable[[], str]
) -> None:
    view, worker = on_its_way(http, counter)
    returned = say(http, worker, "slips", proof(day(), outcome="returned"))
    assert returned.json()["state"] == "paper-returned"
    assert ("delivery-paper-returned", worker) in open_alerts(http)
    (waiting,) = http("admin").get("/v1/operations/deliveries?state=paper-returned").json()["items"]
    assert waiting["acts"] == ["mailbox", "paper", "close"]
    assert act(http, worker, "paper", reason="post-returned-it").json()["state"] == "escalated"
    assert printed(http, worker).status_code == 201
    failed = say(http, worker, "failures", {"reason": "refused-by-post"})
    assert failed.json()["state"] == "suspended"
    assert events(http, view, worker)[-1] == "RelayToNonERDSFailure"
    nothing_is_wrong(counter)


def test_a_receipt_after_paper_is_accepted_and_erases_nothing(
    http: Http, counter: Counter, day: Callable[[], str]
) -> None:
    view, worker = on_its_way(http, counter)
    say(http, worker, "slips", proof(day(), outcome="delivered"))
    envelope = opened(counter, "worker", lease(http, "worker", worker).content)
    refusal = receipt_of(counter, "worker", envelope, outcome="refused", reason="not-mine")
    assert send_receipt(http, "worker", worker, refusal).json()["code"] == "receipt-after-paper-delivered"
    assert send_receipt(http, "worker", worker, receipt_of(counter, "worker", envelope)).status_code == 201
    assert events(http, view, worker)[-2:] == ["ReceivedFromNonERDS", "ContentHandover"]
    assert state(http, view, worker) == "handed-over"
    nothing_is_wrong(counter)


def test_a_term_that_waits_for_the_hand_over_starts_on_the_day_of_the_slip(
    http: Http, counter: Counter, clock: Hands
) -> None:
    view, worker = on_its_way(http, counter, "be/deliberation-notice")
    sender = http("service")
    (before,) = sender.get(view["href"]).json()["terms"]
    assert (before["id"], "dayZero" in before) == ("T3", False)
    handed_over = (clock.today + timedelta(days=1)).isoformat()
    clock.turn(72 * HOUR)
    assert say(http, worker, "slips", proof(handed_over, outcome="delivered")).status_code == 201
    (after,) = sender.get(view["href"]).json()["terms"]
    assert after["dayZero"] == handed_over, "not the day on which the slip came in"
    assert after["lastDay"] > handed_over
    assert sender.get(view["href"]).json()["state"] == "closed"
    nothing_is_wrong(counter)


@pytest.mark.parametrize("days", [-2, 1])
def test_the_day_of_a_proof_lies_between_acceptance_and_today(
    http: Http, counter: Counter, clock: Hands, days: int
) -> None:
    worker = delivery_to(hand_in(http, counter), "worker")
    act(http, worker, "paper")
    printed(http, worker)
    on = (clock.today + timedelta(days=days)).isoformat()
    refused = say(http, worker, "deposits", proof(on, number="RR123456785BE"))
    assert (refused.status_code, refused.json()["code"]) == (409, "day-not-possible")
    assert counter.state(worker) == "paper-queued"


def test_a_proof_has_a_limit_and_a_known_type(http: Http, counter: Counter, day: Callable[[], str]) -> None:
    worker = delivery_to(hand_in(http, counter), "worker")
    act(http, worker, "paper")
    printed(http, worker)
    large = base64.b64encode(bytes(1024 * 1024 + 1)).decode()
    answer = say(http, worker, "deposits", proof(day(), number="RR123456785BE") | {"proof": large})
    assert (answer.status_code, answer.json()["code"]) == (413, "proof-too-large")
    html = say(http, worker, "deposits", proof(day(), number="RR123456785BE", proofType="text/html"))
    assert html.status_code == 400
    assert say(http, worker, "deposits", proof(day(), number="?")).status_code == 400
    assert counter.state(worker) == "paper-queued"


@pytest.mark.parametrize("party", ["worker", "employer", "service", "admin"])
def test_paper_is_for_the_print_station_alone(http: Http, counter: Counter, party: str, day: Callable[[], str]) -> None:
    worker = delivery_to(hand_in(http, counter), "worker")
    act(http, worker, "paper")
    wanted = 401 if party == "admin" else 404
    client = http(party)
    for answer in (
        client.get("/v1/paper"),
        client.post(f"/v1/paper/{worker}/prints"),
        client.post(f"/v1/paper/{worker}/failures", json={"reason": "other"}),
        client.post(f"/v1/paper/{worker}/deposits", json=proof(day(), number="RR123456785BE")),
        client.post(f"/v1/paper/{worker}/slips", json=proof(day(), outcome="delivered")),
    ):
        assert answer.status_code == wanted
    assert counter.state(worker) == "escalated"
    assert printed(http, delivery_to(hand_in(http, counter, "be/appeal"), "inspectorate")).status_code == 404


def test_paper_is_proposed_when_only_the_post_can_still_be_in_time(http: Http, counter: Counter, clock: Hands) -> None:
    worker = delivery_to(hand_in(http, counter), "worker")
    shown = http("admin").get(f"/v1/operations/deliveries/{worker}").json()
    paper_by, lawful = (datetime.fromisoformat(shown[name]) for name in ("paperBy", "lawfulUntil"))
    calendar = counter.gateway.catalogue.countries["be"].calendar
    assert calendar.working_days_before(calendar.date_of(lawful) - timedelta(days=1), 2) == calendar.date_of(paper_by)
    look(counter, clock, paper_by - clock.at)
    assert ("paper-due", worker) in open_alerts(http)
    assert counter.state(worker) in ("consigned", "expired"), "an operator decides"


def counter_that_orders_paper(
    open_counter: Callable[..., Counter], clock: Hands
) -> tuple[Counter, Delivery, timedelta]:
    """A counter where paper goes by itself, the worker's copy of a form, and how long until its paper is due."""
    counter = open_counter(clock=clock, paper_party=STATION, paper_roles=("Worker",), paper_by_itself=True)
    accepted = counter.accept(counter.form("be/health-assessment"), sender="service")
    assert isinstance(accepted, Accepted)
    copies = counter.gateway.store.read(lambda view: view.deliveries_of(accepted.submission_id))
    worker = next(copy for copy in copies if copy.party == "worker")
    assert worker.paper_by is not None
    return counter, worker, worker.paper_by - clock.at


def test_paper_goes_by_itself_where_it_is_configured(open_counter: Callable[..., Counter], clock: Hands) -> None:
    counter, worker, until_paper = counter_that_orders_paper(open_counter, clock)
    look(counter, clock, until_paper)
    assert counter.state(worker.id) == "escalated"
    evidence = counter.gateway.store.read(lambda view: view.evidence_of(worker.submission_id))
    assert "paper-ordered" in [each.event for each in evidence if each.delivery_id == worker.id]
    nothing_is_wrong(counter)


def test_paper_that_failed_does_not_go_by_itself_again(open_counter: Callable[..., Counter], clock: Hands) -> None:
    counter, worker, until_paper = counter_that_orders_paper(open_counter, clock)
    oversight, told = counter.gateway.oversight, {"by": "desk", "language": "en"}
    oversight.act(worker.id, ActCode.PAPER, reason=ReasonCode.NOT_COLLECTED, **told)
    counter.gateway.paper.take_job(counter.party(STATION), worker.id)
    look(counter, clock, until_paper)
    oversight.act(worker.id, ActCode.PAPER_FAILED, reason=ReasonCode.ADDRESS_WRONG, **told)
    look(counter, clock, 2 * HOUR)
    assert counter.state(worker.id) == "suspended", "the same address would be as wrong"
    nothing_is_wrong(counter)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_print_says_where_it_goes_what_it_is_and_every_field(counter: Counter, language: str) -> None:
    form = counter.form("be/health-assessment")
    accepted = counter.accept(form, sender="service")
    copies = counter.gateway.store.read(lambda view: view.deliveries_of(accepted.submission_id))
    worker = next(copy for copy in copies if copy.party == "worker")
    sealed = counter.gateway.store.read(lambda view: view.print_job(DeliveryId(worker.id)))
    assert sealed is not None
    identity = counter.identity(STATION, "sealing")
    note = open_envelope(sealed, identity=identity, trust=counter.trust, at=datetime.now(UTC)).consignment
    kind = counter.gateway.catalogue.by_name(note.kind)
    assert kind is not None
    letter = paper_letter(
        form, note, catalogue=counter.gateway.catalogue, language=language, public_url="https://x.example"
    )
    cover, *rest = printed_text(letter).split("\f")
    root = etree.fromstring(form)
    address = root.find(".//{*}Worker/{*}Address")
    assert address is not None
    for part in (*address.iter(), *root.findall(".//{*}Worker/{*}PersonName/*")):
        assert (part.text or "").strip() in cover
    cited = counter.gateway.catalogue.acts.cite(kind.legal(note.article), language)
    for told in (cited, f"{note.copy}/{note.of}", note.document_id, note.document_digest, note.delivery_id):
        assert told in " ".join(cover.split())
    assert kind.title[language] in "".join(rest)
    assert f"https://x.example/receipts?record={note.submission_id}" in "".join("".join(rest).split())
    with pytest.raises(Unreadable):
        paper_letter(counter.form("be/appeal"), note, catalogue=counter.gateway.catalogue, language=language)
    moved = form.replace(b"</c:Municipality>", b"</c:Municipality><c:Country>FR</c:Country>", 1)
    abroad = printed_text(paper_letter(moved, note, catalogue=counter.gateway.catalogue, language=language))
    assert {"nl": "Frankrijk", "fr": "France", "de": "Frankreich", "en": "France"}[language] in abroad.partition("\f")[
        0
    ]


def printed_text(pdf: bytes) -> str:
    done = subprocess.run(["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, check=True, timeout=30)
    return done.stdout.decode()


def test_the_print_station_and_the_operator_work_from_the_command_line(
    url: str, http: Http, counter: Counter, tmp_path: Path, day: Callable[[], str]
) -> None:
    delivery = delivery_to(hand_in(http, counter), "worker")
    token, scan, letter = tmp_path / "token", tmp_path / "scan.pdf", tmp_path / "letter.pdf"
    token.write_text(counter.tokens[STATION])
    scan.write_bytes(SCAN)

    def run(*arguments: str, admin: bool = False) -> Ran:
        file = counter.folder.admin_token if admin else token
        return sealpost(list(arguments), environment={"SEALPOST_URL": url, "SEALPOST_TOKEN_FILE": str(file)})

    on = ("--date", day())
    about = ("--reason", "legal-moment-near", "--by", "desk-2")
    assert run("operations", "act", delivery, "paper", *about, admin=True).code == 0
    assert delivery in run("operations", "list", "--state", "escalated", admin=True).text
    assert "delivery-escalated" in run("operations", "alerts", admin=True).text
    assert run("paper", "list", "--json").json["items"][0]["deliveryId"] == delivery
    key = ("--key", str(counter.folder.sealing(STATION)), "--trust", str(counter.folder.anchors))
    assert run("paper", "print", delivery, *key, "--lang", "fr", "--out", str(letter)).code == 0
    assert letter.stat().st_mode & 0o777 == 0o600
    assert "Par lettre recommandée" in printed_text(letter.read_bytes())
    proofs = ("--proof", str(scan), *on)
    assert (
        run("paper", "deposited", delivery, "--number", "RR123456785BE", *proofs).text.split()[-1] == "paper-deposited"
    )
    assert run("paper", "delivered", delivery, *proofs, "--json").json["state"] == "paper-delivered"
    shown = run("operations", "show", delivery, admin=True)
    assert all(event in shown.text for event in ("operator-act", "RelayToNonERDS", "ReceivedFromNonERDS"))
    assert "from service, document " in shown.text
    refused = run("operations", "act", delivery, "retry", *about, admin=True)
    assert refused.code == 1
    assert run("operations", "list", "--state", "consigned", admin=True).code == 2


def test_paper_needs_its_party_and_its_roles(cast: Any, tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    text = cast.config.read_text()
    file.write_text(text + '\n[paper]\nparty = "print-station"\n')
    with pytest.raises(ConfigError, match=r"paper\.party and paper\.roles"):
        load_config(file)
    file.write_text(text + '\n[paper]\nparty = "print-station"\nroles = ["Worker"]\nby_itself = true\n')
    config = load_config(file)
    assert (config.paper_party, config.paper_roles, config.paper_by_itself) == ("print-station", ("Worker",), True)
    file.write_text(text + '\n[paper]\nparty = "print-station"\nroles = []\n')
    with pytest.raises(ConfigError, match=r"paper\.roles"):
        load_config(file)


def test_a_print_station_is_registered_as_such(counter: Counter) -> None:
    record = party_record(counter.folder, STATION)
    record["roles"] = ["PrintStation"]
    assert counter.gateway.registration.put(PartyRecord.model_validate(record).draft()).roles == {"PrintStation"}


# what the post proves, in a package


@pytest.fixture
def settled(http: Http, counter: Counter, clock: Hands, day: Callable[[], str]) -> str:
    """A form whose worker's copy the post delivered; its id."""
    view, worker = on_its_way(http, counter)
    clock.turn(24 * HOUR)
    assert say(http, worker, "slips", proof(day(), outcome="delivered")).status_code == 201
    return str(view["submissionId"])


def post_links(counter: Counter, raw: bytes, clock: Hands) -> list[tuple[Standing, str | None]]:
    found = examine(raw, grounds=Grounds(trust=counter.trust, at=clock.now())).links
    return [(link.standing, link.code) for link in found if link.kind is LinkKind.POST]


def test_proofs_of_the_post_are_in_the_package_of_the_sender_sealed(
    http: Http, counter: Counter, clock: Hands, settled: str
) -> None:
    raw = http("service").get(f"/v1/submissions/{settled}/evidence-package").content
    files = read_package(raw).files
    sealed = {name: content for name, content in files.items() if name.startswith("post/")}
    assert len(sealed) == 2
    assert all(name.endswith(".pdf.p7m") for name in sealed)
    assert SCAN not in b"".join(files.values())
    assert post_links(counter, raw, clock) == [(Standing.OPEN, "proof-sealed")] * 2
    service = counter.identity("service", "sealing")
    opened = {name.removesuffix(".p7m"): open_sealed(each, identity=service) for name, each in sealed.items()}
    assert post_links(counter, add_files(raw, opened), clock) == [(Standing.HOLDS, None)] * 2
    other = {name: content + b"!" for name, content in opened.items()}
    assert post_links(counter, add_files(raw, other), clock) == [(Standing.FAILS, "about-other-bytes")] * 2
    stray = {f"post/{new_id()}.pdf": SCAN}
    assert (Standing.OPEN, "nothing-names-it") in post_links(counter, add_files(raw, stray), clock)
    theirs = http("worker").get(f"/v1/submissions/{settled}/evidence-package").content
    assert not any(name.startswith("post/") for name in read_package(theirs).files)
    assert {code for _, code in post_links(counter, theirs, clock)} == {"not-in-package"}


def test_an_export_opens_the_proofs_for_whom_they_are_sealed(
    url: str, counter: Counter, settled: str, tmp_path: Path
) -> None:
    environment = {"SEALPOST_URL": url, "SEALPOST_TOKEN": counter.tokens["service"]}
    export = ["evidence", "export", settled, "--out", tmp_path / "package.asice", "--json", "--sealing-key"]
    done = sealpost([*export, counter.folder.sealing("service")], environment=environment)
    assert done.code == 0, done.err
    assert len([name for name in done.json["files"] if name.startswith("post/") and name.endswith(".pdf")]) == 2
    assert sealpost([*export, counter.folder.sealing("employer")], environment=environment).code == 1


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        ("DELETE FROM paper_proof", "proof-missing"),
        ("UPDATE paper_proof SET sealed = zeroblob(40)", "proof-missing"),
        (f"UPDATE paper_proof SET digest = 'sha256:{'0' * 64}'", "evidence-for-other-bytes"),
    ],
)
def test_the_audit_misses_a_proof_of_the_post(counter: Counter, settled: str, damage: str, code: str) -> None:
    assert settled
    assert {flaw.code for flaw in auditing(counter.gateway).run()} == set()
    with closing(sqlite3.connect(counter.gateway.config.store_path)) as connection, connection:
        connection.execute(damage)
    assert {flaw.code for flaw in auditing(counter.gateway).run()} == {code}
