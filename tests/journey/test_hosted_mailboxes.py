"""Who has no sealing key: the gateway keeps one, opens copies for their owner alone, and every opening shows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from gateway.api.app import create_app
from gateway.assembly import auditing
from gateway.config import Config, Successor
from gateway.demo.pki import DemoFolder
from gateway.envelope import read_copy
from gateway.errors import Conflict, NotFound, TooMuch, Unreadable
from gateway.keyring import DatedKey, Keyring
from gateway.model import DeliveryId, Event, Party, PartyId
from gateway.registration import PartyDraft
from signing import (
    KeyUnavailable,
    SealingFailed,
    identity_to_pem,
    issue,
    load_identity,
    open_sealed,
    read_package,
    sha256,
)
from tests.cli.command import sealpost
from tests.conftest import Counter, served
from tests.journey.test_operations import Hands
from tests.patience import http_client

FORM = "be/health-assessment"


@dataclass(frozen=True, kw_only=True)
class Hosted:
    """A counter at which the worker has a hosted mailbox, with a copy in it."""

    counter: Counter
    url: str
    form: bytes
    delivery: DeliveryId

    def http(self, party: str | None, *, admin: bool = False) -> httpx2.Client:
        token = self.counter.folder.admin_token.read_text().strip() if admin else self.counter.tokens.get(party or "")
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return http_client(self.url, headers)

    @property
    def place(self) -> str:
        return f"/v1/mailbox/{self.delivery}/openings"

    def flaws(self) -> list[str]:
        return [f"{flaw.code} {flaw.detail}" for flaw in auditing(self.counter.gateway).run()]


@pytest.fixture(scope="session")
def mailbox_key(cast: DemoFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sealing_key(cast, tmp_path_factory.mktemp("mailbox") / "mailbox.pem")


def sealing_key(cast: DemoFolder, file: Path) -> Path:
    made = issue(load_identity(cast.authority), "Mailboxes", use="seal", at=datetime.now(UTC) - timedelta(days=1))
    file.write_bytes(identity_to_pem(made))
    return file


def worker_record(folder: DemoFolder, **changes: object) -> dict[str, object]:
    record: dict[str, object] = json.loads((folder.party("worker") / "party.json").read_text())
    record.pop("sealingCertificate")
    return record | {"hostedKey": True} | changes


@pytest.fixture
def hosted(open_counter: Callable[..., Counter], mailbox_key: Path) -> Iterator[Hosted]:
    counter = open_counter(mailbox_identity=mailbox_key)
    with served(create_app(counter.gateway)) as url:
        place = Hosted(counter=counter, url=url, form=b"", delivery=DeliveryId(""))
        with place.http(None, admin=True) as admin:
            answer = admin.put("/v1/parties/worker", json=worker_record(counter.folder))
            assert answer.status_code == 200, answer.text
        form = counter.form(FORM)
        accepted = counter.accept(form, sender="service")
        copies = counter.gateway.store.read(lambda view: view.deliveries_of(accepted.submission_id))
        (mine,) = [each for each in copies if each.party == "worker"]
        yield replace(place, form=form, delivery=mine.id)


def test_its_owner_reads_the_copy_and_sees_every_opening(hosted: Hosted) -> None:
    with hosted.http("worker") as worker:
        assert worker.get(hosted.place).json() == {"items": []}
        for number in (1, 2):
            answer = worker.post(hosted.place)
            assert answer.status_code == 201
            opened = read_copy(
                answer.content,
                envelope_digest=answer.headers["Sealpost-Envelope-Digest"],
                trust=hosted.counter.trust,
                at=datetime.now(UTC),
            )
            assert opened.form == hosted.form
            assert opened.consignment.party == "worker"
            items = worker.get(hosted.place).json()["items"]
            assert [each["event"] for each in items] == ["ContentAccessTracking"] * number
            assert items[-1]["evidenceId"] == answer.headers["Sealpost-Evidence-Id"]
            proof = worker.get(answer.headers["Location"])
            assert proof.status_code == 200
            assert b"opened-in-hosted-mailbox" in proof.content
    assert hosted.counter.state(hosted.delivery) == "consigned"
    assert hosted.flaws() == []


def test_nobody_else_can_open_it(hosted: Hosted) -> None:
    """Not another party, not a stranger, not the administrator; and nothing is evidenced that did not happen."""
    for party, status in (("employer", 404), ("service", 404), ("fund", 404), (None, 401)):
        with hosted.http(party) as other:
            assert other.post(hosted.place).status_code == status
            assert other.get(hosted.place).status_code == status
    with hosted.http(None, admin=True) as administrator:
        assert administrator.post(hosted.place).status_code == 401
    with hosted.http("worker") as worker:
        assert worker.get(hosted.place).json() == {"items": []}


def test_the_sender_does_not_see_when_its_recipient_reads_its_mail(hosted: Hosted) -> None:
    """The owner does, in the list, by the id and in its package; the operator too."""
    with hosted.http("worker") as worker, hosted.http("service") as sender, hosted.http(None, admin=True) as operator:
        location = worker.post(hosted.place).headers["Location"]
        evidence_id = location.rpartition("/")[2]
        submission = worker.get("/v1/mailbox?limit=1").json()["items"][0]["submissionId"]
        place = f"/v1/submissions/{submission}/evidence"
        for party, sees in ((worker, True), (sender, False)):
            listed = [each["evidenceId"] for each in party.get(place).json()["items"]]
            assert (evidence_id in listed) is sees
            for path in (location, f"{location}/journal-proof"):
                assert (party.get(path).status_code == 200) is sees
            files = read_package(party.get(f"{place}-package").content).files
            assert (f"evidence/{evidence_id}.xml" in files) is sees
        shown = operator.get(f"/v1/operations/deliveries/{hosted.delivery}").json()["evidence"]
        assert evidence_id in [each["evidenceId"] for each in shown]
    assert hosted.flaws() == []


def test_openings_have_a_limit_for_each_party_and_day(open_counter: Callable[..., Counter], mailbox_key: Path) -> None:
    """Each leaves evidence for ever: nobody fills the disk by reading."""
    clock = Hands()
    counter = open_counter(mailbox_identity=mailbox_key, kept_per_day=2, clock=clock)
    draft = worker_record(counter.folder)
    with served(create_app(counter.gateway)) as url, http_client(url) as client:
        admin = {"Authorization": f"Bearer {counter.folder.admin_token.read_text().strip()}"}
        client.put("/v1/parties/worker", json=draft, headers=admin).raise_for_status()
        accepted = counter.accept(counter.form(FORM), sender="service")
        copies = counter.gateway.store.read(lambda view: view.deliveries_of(accepted.submission_id))
        (mine,) = [each.id for each in copies if each.party == "worker"]
        place, worker = f"/v1/mailbox/{mine}/openings", {"Authorization": f"Bearer {counter.tokens['worker']}"}
        answers = [client.post(place, headers=worker) for _ in range(4)]
        assert [each.status_code for each in answers] == [201, 201, 429, 429]
        assert answers[-1].json()["code"] == "too-many-openings"
        assert 0 < int(answers[-1].headers["Retry-After"]) <= 86400
        assert len(client.get(place, headers=worker).json()["items"]) == 2
        clock.turn(timedelta(days=1))
        assert client.post(place, headers=worker).status_code == 201


def test_nothing_is_decrypted_for_who_is_over_the_limit(
    open_counter: Callable[..., Counter], mailbox_key: Path
) -> None:
    """With no key there that could open the copy, the answer is still that the day's openings are used up."""
    counter = open_counter(mailbox_identity=mailbox_key, kept_per_day=1)
    hosting = counter.gateway.hosting
    assert hosting is not None
    draft = worker_record(counter.folder)
    with served(create_app(counter.gateway)) as url:
        admin = {"Authorization": f"Bearer {counter.folder.admin_token.read_text().strip()}"}
        httpx2.put(f"{url}/v1/parties/worker", json=draft, headers=admin, trust_env=False).raise_for_status()
    accepted = counter.accept(counter.form(FORM), sender="service")
    copies = counter.gateway.store.read(lambda view: view.deliveries_of(accepted.submission_id))
    (mine,) = [each.id for each in copies if each.party == "worker"]
    worker = counter.gateway.store.read(lambda view: view.party(PartyId("worker")))
    assert worker is not None
    hosting.open(worker, mine)
    another = load_identity(counter.folder.signing("doctor"))
    since = another.certificate.not_valid_before_utc
    without_key = replace(hosting, keys=Keyring([DatedKey(identity=another, since=since)]))
    with pytest.raises(TooMuch):
        without_key.open(worker, mine)
    with pytest.raises(KeyUnavailable):
        replace(without_key, kept_per_day=2).open(worker, mine)


def test_of_many_openings_at_once_no_more_succeed_than_the_day_allows(
    open_counter: Callable[..., Counter], mailbox_key: Path
) -> None:
    counter = open_counter(mailbox_identity=mailbox_key, kept_per_day=3, clock=Hands())
    with served(create_app(counter.gateway)) as url:
        place = Hosted(counter=counter, url=url, form=b"", delivery=DeliveryId(""))
        with place.http(None, admin=True) as admin:
            admin.put("/v1/parties/worker", json=worker_record(counter.folder)).raise_for_status()
        told = json.loads(counter.accept(counter.form(FORM), sender="service").answer)
        (mine,) = [each["deliveryId"] for each in told["deliveries"] if each["party"] == "worker"]
        place = replace(place, delivery=DeliveryId(mine))
        with place.http("worker") as worker, ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: worker.post(place.place), range(16)))
            assert sorted(each.status_code for each in answers) == [201] * 3 + [429] * 13
            assert len(worker.get(place.place).json()["items"]) == 3
            assert all(b"PK" not in each.content[:4] for each in answers if each.status_code != 201)
    assert place.flaws() == []


@pytest.mark.parametrize("how", ["taken", "of another party", "cut", "in another case", "twice", "in the address"])
def test_a_token_that_is_not_the_owners_own_opens_nothing(hosted: Hosted, how: str) -> None:
    """Over the network, with whatever a thief may hold or guess of a token."""
    own, other = hosted.counter.tokens["worker"], hosted.counter.tokens["employer"]
    heads: dict[str, Mapping[str, str] | Sequence[tuple[str, str]]] = {
        "taken": {"Authorization": f"Bearer {own}"},
        "of another party": {"Authorization": f"Bearer {other}", "X-Sealpost-Party": "worker", "From": "worker"},
        "cut": {"Authorization": f"Bearer {own[:-1]}"},
        "in another case": {"Authorization": f"Bearer {own.upper()}"},
        "twice": [("Authorization", f"Bearer {other}"), ("Authorization", f"Bearer {own}")],
        "in the address": {},
    }
    if how == "taken":
        with hosted.http(None, admin=True) as admin:
            assert admin.delete("/v1/parties/worker/tokens").is_success
    place = f"{hosted.place}?access_token={own}" if how == "in the address" else hosted.place
    with http_client(hosted.url) as thief:
        answer = thief.post(place, headers=heads[how])
        assert answer.status_code in (400, 401, 404), (how, answer.text)
        assert hosted.form[200:400] not in answer.content
    evidence = hosted.counter.gateway.store.read(lambda view: view.delivery(hosted.delivery))
    assert evidence is not None
    proofs = hosted.counter.gateway.store.read(lambda view: view.evidence_of(evidence.submission_id))
    assert Event.CONTENT_ACCESS_TRACKING not in {each.event for each in proofs}
    assert hosted.flaws() == []


def test_who_has_a_key_of_its_own_opens_for_itself(hosted: Hosted) -> None:
    copies = hosted.counter.gateway.store.read(lambda view: view.mailbox(PartyId("employer"), after=0, limit=5))
    with hosted.http("employer") as employer:
        answer = employer.post(f"/v1/mailbox/{copies[0].id}/openings")
    assert (answer.status_code, answer.json()["code"]) == (404, "mailbox-not-hosted")


def test_at_rest_the_copy_opens_with_the_kept_key_only(hosted: Hosted, mailbox_key: Path) -> None:
    view = hosted.counter.gateway.store.read
    sealed, key = view(lambda each: (each.envelope(hosted.delivery), each.hosted_key(PartyId("worker"))))
    assert key is not None
    for file in (mailbox_key, hosted.counter.folder.service, hosted.counter.folder.sealing("worker")):
        with pytest.raises(SealingFailed):
            open_sealed(sealed, identity=load_identity(file))
    assert b"PRIVATE KEY" not in key.wrapped
    assert repr(key.wrapped) not in repr(key)


def test_the_receipt_is_still_the_recipients_own(hosted: Hosted, tmp_path: Path) -> None:
    """Opening proves access, not hand-over: that needs the worker's signature, made at the worker's."""
    token = {"SEALPOST_TOKEN": hosted.counter.tokens["worker"]}
    folder = hosted.counter.folder
    opened = sealpost(
        ["mailbox", "open", "--url", hosted.url, "--trust", folder.gateway_certificate, "--to", tmp_path, "--json"],
        environment=token,
    )
    assert opened.code == 0, opened.err
    (item,) = opened.json["items"]
    assert (Path(item["folder"]) / "form.xml").read_bytes() == hosted.form
    signed = sealpost(
        ["mailbox", "acknowledge", "--url", hosted.url, "--signing-key", folder.signing("worker"), "--in", tmp_path],
        environment=token,
    )
    assert signed.code == 0, signed.err
    assert hosted.counter.state(hosted.delivery) == "handed-over"
    with hosted.http("worker") as worker:
        assert worker.post(hosted.place).status_code == 201  # it may be read again
    assert hosted.flaws() == []


def test_what_another_client_has_in_hand_is_not_opened(hosted: Hosted, tmp_path: Path) -> None:
    with hosted.http("worker") as worker:
        leased = worker.post(f"/v1/mailbox/{hosted.delivery}/leases", json={"seconds": 600})
        for body in ({}, {"lease": "another"}):
            refused = worker.post(hosted.place, json=body)
            assert (refused.status_code, refused.json()["code"]) == (409, "delivery-leased")
            assert 0 < int(refused.headers["Retry-After"]) <= 600
        assert worker.get(hosted.place).json() == {"items": []}
        mine = leased.headers["Sealpost-Lease-Id"]
        assert worker.post(hosted.place, json={"lease": mine}).status_code == 201
        assert worker.delete(f"/v1/mailbox/{hosted.delivery}/leases/{mine}").status_code == 204
    trust = ["--url", hosted.url, "--trust", hosted.counter.folder.gateway_certificate]
    environment = {"SEALPOST_TOKEN": hosted.counter.tokens["worker"]}
    ran = [
        sealpost(["mailbox", "open", *trust, "--to", tmp_path / name], environment=environment).code
        for name in ("one", "other", "one")
    ]
    assert ran == [0, 3, 0]


def test_registered_again_it_keeps_its_key_and_its_mail(hosted: Hosted) -> None:
    read = hosted.counter.gateway.store.read
    before = read(lambda view: view.hosted_key(PartyId("worker")))
    with hosted.http(None, admin=True) as admin:
        assert admin.put("/v1/parties/worker", json=worker_record(hosted.counter.folder)).status_code == 200
    assert read(lambda view: view.hosted_key(PartyId("worker"))) == before
    own = json.loads((hosted.counter.folder.party("worker") / "party.json").read_text())
    with hosted.http(None, admin=True) as admin:
        assert admin.put("/v1/parties/worker", json=own).status_code == 200
    with hosted.http("worker") as worker:
        assert worker.post(hosted.place).status_code == 201  # what waited for the kept key still opens with it


def test_registered_twice_at_once_it_has_one_key_and_it_is_the_kept_one(
    open_counter: Callable[..., Counter], mailbox_key: Path
) -> None:
    """A copy could else be sealed for a key that the other registration overwrites."""
    registration = open_counter(mailbox_identity=mailbox_key).gateway.registration
    draft = PartyDraft(
        id="newcomer", name="New", roles=frozenset({"Worker"}), identifiers={"kbo": "0206731645"}, hosted_key=True
    )
    between: list[Party] = []

    class Meanwhile:
        """A clock that lets the other one in when it is asked how late it is."""

        def now(self) -> datetime:
            if not between:
                between.append(registration.put(draft))
            return datetime.now(UTC)

    assert registration.hosting is not None
    slow = replace(registration, hosting=replace(registration.hosting, clock=Meanwhile()))
    late = slow.put(draft)
    kept = registration.store.read(lambda view: view.hosted_key(PartyId("newcomer")))
    assert kept is not None
    assert {each.sealing_certificate for each in (*between, late)} == {kept.certificate}


@pytest.mark.parametrize(
    "changes",
    [
        {"sealingCertificate": "own"},
        {"endpoint": {"kind": "push", "url": "http://127.0.0.1:9/in"}},
    ],
)
def test_a_key_is_kept_only_for_who_has_none_and_collects(hosted: Hosted, changes: dict[str, object]) -> None:
    own = json.loads((hosted.counter.folder.party("worker") / "party.json").read_text())
    if "sealingCertificate" in changes:
        changes = {"sealingCertificate": own["sealingCertificate"]}
    with hosted.http(None, admin=True) as admin:
        answer = admin.put("/v1/parties/worker", json=worker_record(hosted.counter.folder, **changes))
    assert (answer.status_code, answer.json()["code"]) == (422, "key-not-hosted")


def test_without_a_mailbox_sealing_key_none_is_kept(counter: Counter, url: str) -> None:
    admin = {"Authorization": f"Bearer {counter.folder.admin_token.read_text().strip()}"}
    with http_client(url) as client:
        refused = client.put("/v1/parties/worker", json=worker_record(counter.folder), headers=admin)
        assert (refused.status_code, refused.json()["code"]) == (422, "key-not-hosted")
        worker = {"Authorization": f"Bearer {counter.tokens['worker']}"}
        answer = client.post("/v1/mailbox/01a20229-8d48-7195-bc5e-9a94f0c34765/openings", headers=worker)
        assert (answer.status_code, answer.json()["code"]) == (404, "mailbox-not-hosted")


def test_kept_keys_follow_the_mailbox_sealing_key(
    hosted: Hosted, open_counter: Callable[..., Counter], config: Config, mailbox_key: Path, tmp_path: Path
) -> None:
    following = sealing_key(hosted.counter.folder, tmp_path / "next.pem")
    gateway = hosted.counter.gateway
    assert gateway.hosting is not None
    assert gateway.hosting.rewrap() == 0
    soon = Successor(place=following, since=datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=1))
    later = open_counter(mailbox_identity=mailbox_key, mailbox_successors=(soon,)).gateway
    assert later.hosting is not None
    assert later.hosting.rewrap() == 1
    assert later.hosting.rewrap() == 0
    alone = open_counter(mailbox_identity=following)
    assert alone.gateway.hosting is not None
    opened = alone.gateway.hosting.open(alone.party("worker"), hosted.delivery)
    assert sha256(hosted.form) == opened.delivery.document_digest


def test_a_kept_key_that_is_gone_or_another_is_found(hosted: Hosted) -> None:
    """Without it nobody ever reads what waits in that mailbox."""
    assert hosted.flaws() == []
    with closing(sqlite3.connect(hosted.counter.gateway.config.store_path, isolation_level=None)) as store:
        store.execute("UPDATE hosted_key SET made_at = made_at + 1")
        assert [each.partition(" ")[0] for each in hosted.flaws()] == ["entry-differs"]
        store.execute("DELETE FROM hosted_key")
        assert [each.partition(" ")[0] for each in hosted.flaws()] == ["entry-without-hosted-key"]


def test_swapped_rows_open_nothing(hosted: Hosted, config: Config) -> None:
    """Who can write to the store puts another name on the worker's copy; the note inside says whose it is."""
    counter = hosted.counter
    with sqlite3.connect(config.store_path) as file:
        file.execute("INSERT INTO hosted_key SELECT 'fund', certificate, wrapped, wrapped_for, made_at FROM hosted_key")
        file.execute("UPDATE delivery SET party = 'fund' WHERE id = ?", (hosted.delivery,))
    hosting = counter.gateway.hosting
    assert hosting is not None
    with pytest.raises(Unreadable) as refused:
        hosting.open(counter.party("fund"), hosted.delivery)
    assert refused.value.code == "another-copy"
    with pytest.raises(NotFound):
        hosting.open(counter.party("worker"), hosted.delivery)


def test_a_copy_whose_turn_has_not_come_is_not_opened(hosted: Hosted, config: Config) -> None:
    with sqlite3.connect(config.store_path) as file:
        file.execute("UPDATE delivery SET turn = NULL WHERE id = ?", (hosted.delivery,))
    hosting = hosted.counter.gateway.hosting
    assert hosting is not None
    with pytest.raises(Conflict) as waits:
        hosting.open(hosted.counter.party("worker"), hosted.delivery)
    assert waits.value.code == "delivery-waits"
    with sqlite3.connect(config.store_path) as file:
        told = file.execute(
            "SELECT count(*) FROM evidence WHERE event = ?", (Event.CONTENT_ACCESS_TRACKING,)
        ).fetchone()
    assert told == (0,)
