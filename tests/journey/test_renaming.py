"""A counter that gets another name: what it sent and signed under the one before stays what it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gateway.assembly import auditing, build
from gateway.batches import Rhythm
from gateway.examination import Grounds, Standing, examine
from gateway.model import PartyId
from tests.conftest import Counter
from tests.journey.test_cases import APPEAL, ASSESSMENT, NOTICE, appeal_against
from tests.schemas.cases import catalogue


def test_its_own_notices_of_before_are_still_its_own(open_counter: Callable[..., Counter]) -> None:
    counter = open_counter()
    contested = counter.accept(counter.form(ASSESSMENT), sender="service")
    of = counter.gateway.store.read(lambda view: view.submission(contested.submission_id))
    assert of is not None
    counter.accept(counter.form(APPEAL, **appeal_against(of.document_id)), sender="worker")
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
