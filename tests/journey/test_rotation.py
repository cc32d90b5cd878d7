"""A seal is succeeded while the gateway runs: announced, in use, former; what each of them signed stays proven."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.api.app import create_app
from gateway.assembly import auditing
from gateway.config import Config, Successor
from gateway.demo.pki import DemoFolder
from gateway.errors import ConfigError
from gateway.evidence import Witness
from gateway.journal import EntryKind, entry_of_key
from gateway.keyring import Keyring, Purpose
from gateway.model import Event
from signing import Identity, fingerprint, identity_to_pem, issue, load_identity, trust_from_pem, verify_xml
from tests.conftest import Counter, served
from tests.patience import http_client

WEEK = timedelta(days=7)


class Now:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.moment = datetime.now(UTC).replace(microsecond=0)

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Now:
    return Now()


def seal_in(folder: Path, authority: Identity, name: str, *, number: str = "NTRBE-0444444496") -> Identity:
    made = issue(
        authority,
        "Sealpost Demo Gateway",
        organization="Sealpost Demo",
        at=datetime.now(UTC) - timedelta(days=1),
        organization_identifier=number,
    )
    (folder / name).write_bytes(identity_to_pem(made))
    return made


def flaws(counter: Counter) -> set[str]:
    return {flaw.code for flaw in auditing(counter.gateway).run()}


@pytest.fixture
def rotating(
    open_counter: Callable[..., Counter], cast: DemoFolder, tmp_path: Path, clock: Now
) -> tuple[Counter, Identity, Identity]:
    """A counter whose next seal takes over in a week; the seal of today and that one."""
    following = seal_in(tmp_path, load_identity(cast.authority), "next.pem")
    since = clock.moment + WEEK
    counter = open_counter(clock=clock, service_successors=(Successor(place=tmp_path / "next.pem", since=since),))
    return counter, load_identity(cast.service), following


def certificates_of_evidence(counter: Counter) -> set[str]:
    """Fingerprints of those who signed the evidence of a form that is handed in now."""
    accepted = counter.accept(counter.form("be/occupational-disease-report"), sender="service")
    proofs = counter.gateway.store.read(lambda view: view.evidence_of(accepted.submission_id))
    assert proofs
    signed = [verify_xml(proof.raw, trust=counter.trust, at=proof.at).signatures[0] for proof in proofs]
    return {fingerprint(each.certificate) for each in signed}


def test_the_next_seal_takes_over_and_everything_stays_proven(
    rotating: tuple[Counter, Identity, Identity], clock: Now
) -> None:
    counter, first, following = rotating
    assert certificates_of_evidence(counter) == {first.fingerprint}
    clock.moment += WEEK - timedelta(seconds=1)
    assert certificates_of_evidence(counter) == {first.fingerprint}
    clock.moment += timedelta(seconds=1)
    assert certificates_of_evidence(counter) == {following.fingerprint}
    assert flaws(counter) == set()


def test_anybody_can_read_the_keys_before_during_and_after(
    rotating: tuple[Counter, Identity, Identity], clock: Now
) -> None:
    counter, first, following = rotating
    counter.gateway.publication.publish()
    with (
        served(create_app(counter.gateway)) as url,
        http_client(url) as anybody,
    ):

        def shown() -> list[tuple[str, str]]:
            answer = anybody.get("/v1/keys")
            assert answer.status_code == 200
            return [(each["fingerprint"], each["state"]) for each in answer.json()["items"]]

        assert shown() == [(first.fingerprint, "in-use"), (following.fingerprint, "announced")]
        clock.moment += WEEK
        assert shown() == [(first.fingerprint, "former"), (following.fingerprint, "in-use")]
        items = anybody.get("/v1/keys").json()["items"]
        assert anybody.get("/v1/keys?colour=red").status_code == 400
    assert items[0]["until"] == items[1]["from"]
    assert "until" not in items[1]
    assert trust_from_pem(items[1]["material"].encode()).anchors == (following.certificate,)
    assert {each["purpose"] for each in items} == {"service"}


def test_a_key_is_made_known_once_with_an_entry_in_the_journal(rotating: tuple[Counter, Identity, Identity]) -> None:
    counter = rotating[0]
    publication, store = counter.gateway.publication, counter.gateway.store
    added = publication.publish()
    assert [key.purpose for key in added] == [Purpose.SERVICE, Purpose.SERVICE]
    assert publication.publish() == []
    for key in added:
        entry = store.read(lambda view, key=key: view.journal_entry(EntryKind.KEY, key.id))  # type: ignore[misc]
        assert entry is not None
        assert entry.digest == entry_of_key(key).digest
    assert flaws(counter) == set()


def test_a_key_that_left_the_configuration_stays_published(
    rotating: tuple[Counter, Identity, Identity], open_counter: Callable[..., Counter], tmp_path: Path, clock: Now
) -> None:
    counter, first, following = rotating
    counter.gateway.publication.publish()
    assert certificates_of_evidence(counter) == {first.fingerprint}
    clock.moment += 2 * WEEK
    counter.gateway.store.close()
    later = open_counter(clock=clock, identity=tmp_path / "next.pem")
    known = [(each.key.fingerprint, each.state) for each in later.gateway.publication.known()]
    assert (first.fingerprint, "former") in known
    assert known[-1] == (following.fingerprint, "in-use")
    assert flaws(later) == set()


@pytest.mark.parametrize("column", ["purpose", "fingerprint", "since", "published_at", "material"])
def test_a_published_key_that_was_changed_on_disk_is_found(
    rotating: tuple[Counter, Identity, Identity], config: Config, column: str
) -> None:
    counter = rotating[0]
    counter.gateway.publication.publish()
    change = {"purpose": "'push'", "since": "since + 1", "published_at": "published_at + 1"}
    with sqlite3.connect(config.store_path) as file:
        value = change.get(column, f"replace({column}, 'a', 'b')")
        file.execute(f"UPDATE published_key SET {column} = {value} WHERE seq = 1")
    assert flaws(counter) & {"entry-differs", "entry-without-key"}


def test_evidence_by_a_seal_that_was_succeeded_is_found(
    rotating: tuple[Counter, Identity, Identity], clock: Now
) -> None:
    """As somebody would make who found the old key."""
    counter, first, _ = rotating
    accepted = counter.accept(counter.form("be/occupational-disease-report"), sender="service")
    clock.moment += 2 * WEEK
    forged = Witness(keys=Keyring.single(first), issuer=counter.gateway.witness.issuer).state(
        Event.SUBMISSION_REJECTION, at=clock.moment, submission_id=accepted.submission_id
    )
    counter.gateway.store.write(lambda unit: unit.add_evidence(forged))
    assert "evidence-out-of-time" in flaws(counter)


def test_a_successor_of_another_organisation_or_out_of_its_time_is_refused(
    open_counter: Callable[..., Counter], cast: DemoFolder, tmp_path: Path
) -> None:
    authority = load_identity(cast.authority)
    seal_in(tmp_path, authority, "other.pem", number="NTRBE-0123456749")
    seal_in(tmp_path, authority, "next.pem")
    now = datetime.now(UTC).replace(microsecond=0)
    for file, since in (
        ("other.pem", now + WEEK),
        ("next.pem", now - WEEK),
        ("next.pem", now + timedelta(days=4000)),
        ("next.pem", now + timedelta(microseconds=1)),
        ("absent.pem", now + WEEK),
    ):
        with pytest.raises(ConfigError) as refused:
            open_counter(service_successors=(Successor(place=tmp_path / file, since=since),))
        assert refused.value.code == "service-identity"


def test_pushes_have_a_key_of_their_own_that_is_published_too(
    open_counter: Callable[..., Counter], cast: DemoFolder, tmp_path: Path
) -> None:
    pushes = seal_in(tmp_path, load_identity(cast.authority), "pushes.pem")
    counter = open_counter(push_identity=tmp_path / "pushes.pem")
    known = {each.key.purpose: each.key.fingerprint for each in counter.gateway.publication.known()}
    assert known == {Purpose.SERVICE: load_identity(cast.service).fingerprint, Purpose.PUSH: pushes.fingerprint}
