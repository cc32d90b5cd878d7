"""A counter that gets another name: what it sent and signed under the one before stays what it was."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest

from gateway.api.wire import PartyRecord
from gateway.assembly import Gateway, auditing, build
from gateway.batches import Rhythm
from gateway.errors import ConfigError, RegistrationRefused
from gateway.examination import Grounds, Standing, examine
from gateway.journal import EntryKind
from gateway.model import Party, PartyId
from gateway.stores.engine import sqlite
from tests.conftest import Counter
from tests.journey.test_cases import APPEAL, ASSESSMENT, NOTICE, contest
from tests.schemas.cases import catalogue


def test_its_own_notices_of_before_are_still_its_own(open_counter: Callable[..., Counter]) -> None:
    counter = open_counter()
    contest(counter, counter.accept(counter.form(ASSESSMENT), sender="service"))
    before = counter.gateway.config
    counter.gateway.store.close()
    origin = f"{before.name}/journal"  # the journal goes on under its own name
    gateway = build(replace(before, name="counter-of-today", journal_origin=origin), catalogue=catalogue())
    assert list(auditing(gateway).run()) == []
    notice = next(
        each.submission_id
        for _, case_id in gateway.store.read(lambda view: view.cases_of(PartyId("employer"), after=0, limit=9))
        for each in gateway.store.read(lambda view, case_id=case_id: view.case(case_id))  # type: ignore[misc]
        if each.kind == NOTICE
    )
    batches = replace(gateway.journal.batches, rhythm=Rhythm(close_after_s=0))
    assert (batches.close_due(), batches.stamp_due()) == (1, 1)
    employer = gateway.store.read(lambda view: view.party(PartyId("employer")))
    assert employer is not None
    raw = gateway.packages.package_of(employer, notice)
    verdict = examine(raw, grounds=Grounds(trust=counter.trust, at=gateway.clock.now()))
    assert [link for link in verdict.links if link.standing is Standing.FAILS] == []
    gateway.store.close()


def test_no_party_is_registered_under_a_name_that_the_counter_has_or_had(open_counter: Callable[..., Counter]) -> None:
    counter = open_counter()
    before = counter.gateway.config
    counter.gateway.publication.publish()
    with pytest.raises(RegistrationRefused, match="party-id"):
        put_as(counter.gateway, before.name)
    counter.gateway.store.close()
    gateway = build(replace(before, name="counter-of-today"), catalogue=catalogue())
    gateway.publication.publish()
    gateway.publication.publish()
    for name in (before.name, "counter-of-today"):
        with pytest.raises(RegistrationRefused, match="party-id"):
            put_as(gateway, name)
    put_as(gateway, "counter-of-tomorrow")
    entries = gateway.store.read(lambda view: view.journal_entries(first=0, limit=10_000))
    assert [each.id for each in entries if each.kind is EntryKind.NAME] == [before.name, "counter-of-today"]
    assert list(auditing(gateway).run()) == []
    gateway.store.close()


@pytest.mark.parametrize("name", ["employer", "Employer", "em-p1oyer", "EMPLOYER."])
def test_the_counter_takes_no_name_of_a_party_nor_a_similar_one(
    open_counter: Callable[..., Counter], name: str
) -> None:
    counter = open_counter()
    counter.gateway.store.close()
    with pytest.raises(ConfigError, match="gateway-name"):
        build(replace(counter.gateway.config, name=name), catalogue=catalogue())


def test_no_party_is_registered_under_a_name_that_looks_like_one_of_the_counter(
    open_counter: Callable[..., Counter],
) -> None:
    gateway = open_counter().gateway
    gateway.publication.publish()
    gateway.store.close()
    gateway = build(replace(gateway.config, name="Counter-of-2010"), catalogue=catalogue())
    gateway.publication.publish()
    for name in ("counter-of-2010", "COUNTER.OF_2010", "counterof2oio", gateway.config.name.swapcase()):
        with pytest.raises(RegistrationRefused, match="party-id"):
            put_as(gateway, name)
    put_as(gateway, "counter-of-2011")
    gateway.store.close()


def test_who_was_registered_under_a_similar_name_before_keeps_it(open_counter: Callable[..., Counter]) -> None:
    counter = open_counter()
    store, name = counter.gateway.store, counter.gateway.config.name
    counter.gateway.publication.publish()
    similar = Party(id=PartyId(name.upper()), name="Somebody", roles=frozenset({"Employer"}), identifiers={}, masked={})
    store.write(lambda unit: unit.put_party(similar, at=counter.gateway.clock.now()))
    put_as(counter.gateway, name.upper())
    store.close()
    gateway = build(counter.gateway.config, catalogue=catalogue())
    assert list(auditing(gateway).run()) == []
    gateway.store.close()


def test_a_party_that_has_such_a_name_all_the_same_is_found(open_counter: Callable[..., Counter]) -> None:
    counter = open_counter()
    store, name = counter.gateway.store, counter.gateway.config.name
    counter.gateway.publication.publish()
    intruder = replace(counter.party("employer"), id=PartyId(name), signing_certificates=(), sealing_certificate=None)
    store.write(lambda unit: unit.put_party(intruder, at=counter.gateway.clock.now()))
    assert {(flaw.code, flaw.place) for flaw in auditing(counter.gateway).run()} == {
        ("party-under-our-name", f"party {name}")
    }


def test_a_file_from_before_names_were_kept_has_those_that_its_own_forms_and_evidence_name(
    open_counter: Callable[..., Counter],
) -> None:
    counter = open_counter()
    contest(counter, counter.accept(counter.form(ASSESSMENT), sender="service"))
    before = counter.gateway.config
    counter.gateway.store.close()
    gateway = build(replace(before, name="counter-of-yesterday"), catalogue=catalogue())
    yesterday = replace(counter, gateway=gateway)
    yesterday.accept(counter.form(ASSESSMENT), sender="service")
    gateway.store.close()
    with closing(sqlite.connect(str(before.store_path), isolation_level=None)) as connection:
        connection.execute("DELETE FROM _sqlite_migrations WHERE name LIKE 'm019_%'")
    gateway = build(replace(before, name="counter-of-today"), catalogue=catalogue())
    for name in (before.name, "counter-of-yesterday"):
        with pytest.raises(RegistrationRefused, match="party-id"):
            put_as(gateway, name)
    assert list(auditing(gateway).run()) == []
    gateway.store.close()


def test_a_party_whose_row_was_lost_before_names_were_kept_can_be_registered_again(
    open_counter: Callable[..., Counter],
) -> None:
    counter = open_counter()
    counter.accept(counter.form(APPEAL), sender="worker")
    before = counter.gateway.config
    counter.gateway.store.close()
    with closing(sqlite.connect(str(before.store_path), isolation_level=None)) as connection:
        connection.execute("DELETE FROM _sqlite_migrations WHERE name LIKE 'm019_%'")
        connection.execute("DELETE FROM party WHERE id = 'worker'")
    gateway = build(before, catalogue=catalogue())
    put_as(gateway, "worker")
    gateway.store.close()


def put_as(gateway: Gateway, name: str) -> None:
    """Register somebody under a name."""
    record = {"id": name, "name": "Somebody", "roles": ["Employer"], "endpoint": {"kind": "mailbox"}}
    gateway.registration.put(PartyRecord.model_validate(record).draft())
