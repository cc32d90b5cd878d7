"""What every store must do, run over every entry of STORES."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest

from gateway.errors import ConfigError, EngineFault, NotFound, StoreUnavailable
from gateway.journal import EntryKind
from gateway.keyring import DatedKey, Purpose, published
from gateway.model import (
    Alert,
    CaseId,
    Delivery,
    DeliveryId,
    DeliveryState,
    EvidenceId,
    HostedKey,
    KeptReceipt,
    PaperProof,
    Party,
    PartyId,
    Submission,
    SubmissionId,
    SubmissionState,
    Term,
    new_id,
)
from gateway.ports import Reading, Store, Transaction
from gateway.stores import STORES, rows
from gateway.stores.engine import sqlite
from gateway.stores.schema import NEVER, check_build
from gateway.stores.sqlite import SqliteStore
from signing import issue, issue_authority
from tests.deliveries import NOW, a_delivery
from tests.patience import PATIENCE_S

SECOND = timedelta(seconds=1)


def a_submission(**changes: object) -> Submission:
    blank = Submission(
        id=SubmissionId(new_id()),
        sender=PartyId("worker"),
        idempotency_key=new_id(),
        digest="sha256:22",
        kind="be/appeal",
        document_id=new_id(),
        state=SubmissionState.ACCEPTED,
        accepted_at=NOW,
        acting_for=None,
        answer=b"{}",
    )
    return replace(blank, **changes)  # type: ignore[arg-type]


def add(store: Store, *deliveries: Delivery) -> None:
    def work(unit: Transaction) -> None:
        for delivery in deliveries:
            unit.add_delivery(delivery, b"abc")

    store.write(work)


def claim(store: Store, *, now: datetime = NOW, holder: str = "w", lease_s: float = 60, limit: int = 10) -> list[str]:
    claimed = store.write(lambda unit: unit.claim_due(now=now, holder=holder, lease_s=lease_s, limit=limit))
    return [delivery.id for delivery in claimed]


def test_what_was_written_is_read_back_as_it_was(store: Store) -> None:
    submission, delivery = a_submission(), a_delivery()
    party = Party(id=PartyId("worker"), name="Jan", roles=frozenset({"Worker"}), identifiers={"insz": "hmac"})
    term = Term(id="T5", article="Art. 65", act={"en": "x"}, length=7, unit="working-days", starts_on=None)

    def work(unit: Transaction) -> None:
        unit.put_party(party, at=NOW)
        unit.add_submission(submission)
        unit.add_delivery(delivery, b"sealed")
        unit.add_terms(submission.id, [term])

    store.write(work)
    assert store.read(lambda view: view.party(PartyId("worker"))) == party
    assert store.read(lambda view: view.parties_by_role("Worker")) == [party]
    assert store.read(lambda view: view.parties_by_identifier("insz", "hmac")) == [party]
    assert store.read(lambda view: view.submission(submission.id)) == submission
    assert store.read(lambda view: view.submission_by_document(submission.document_id)) == submission
    found = store.read(lambda view: view.delivery(delivery.id))
    assert found is not None
    assert replace(found, position=0, turn=None) == delivery
    assert store.read(lambda view: view.envelope(delivery.id)) == b"sealed"
    assert store.read(lambda view: view.terms_of(submission.id)) == [term]


def test_a_unit_that_fails_leaves_nothing(store: Store) -> None:
    submission = a_submission()

    def work(unit: Transaction) -> None:
        unit.add_submission(submission)
        assert unit.submission(submission.id) == submission  # it reads its own writes
        raise LookupError

    with pytest.raises(LookupError):
        store.write(work)
    assert store.read(lambda view: view.submission(submission.id)) is None


def test_rejected_submissions_bind_neither_key_nor_document(store: Store) -> None:
    rejected = a_submission(state=SubmissionState.REJECTED, idempotency_key="")
    accepted = a_submission(document_id=rejected.document_id)
    store.write(lambda unit: unit.add_submission(rejected))
    store.write(lambda unit: unit.add_submission(accepted))
    assert store.read(lambda view: view.submission_by_document(accepted.document_id)) == accepted


def test_registering_a_party_again_forgets_what_it_was(store: Store) -> None:
    first = Party(id=PartyId("p"), name="P", roles=frozenset({"Worker"}), identifiers={"insz": "one"})
    second = replace(first, roles=frozenset({"Employer"}), identifiers={"kbo": "two"})
    store.write(lambda unit: unit.put_party(first, at=NOW))
    store.write(lambda unit: unit.put_party(second, at=NOW))
    assert store.read(lambda view: view.parties_by_identifier("insz", "one")) == []
    assert store.read(lambda view: view.parties_by_role("Worker")) == []
    assert store.read(lambda view: view.parties_by_role("Employer")) == [second]


def test_whoever_asked_of_a_party_before_sees_what_another_process_changed(opened: Callable[[], Store]) -> None:
    here, elsewhere = opened(), opened()
    party = Party(id=PartyId("p"), name="P", roles=frozenset({"Worker"}), identifiers={"kbo": "1"})

    def asked(view: Reading) -> tuple[object, ...]:
        return view.party(PartyId("p")), view.parties_by_identifier("kbo", "1"), view.parties_by_role("Worker")

    def register(store: Store, known: Party) -> None:
        store.write(lambda unit: unit.put_party(known, at=NOW))

    def fails(unit: Transaction) -> None:
        unit.put_party(replace(party, name="R"), at=NOW)
        assert asked(unit)[0] == replace(party, name="R")
        raise LookupError

    assert here.read(asked) == (None, [], [])
    for name in ("P", "Q"):
        known = replace(party, name=name)
        register(elsewhere, known)
        assert here.read(asked) == (known, [known], [known])
    with pytest.raises(LookupError):
        here.write(fails)
    assert here.read(asked)[0] == replace(party, name="Q")


def test_only_what_is_due_is_claimed_and_only_once(store: Store) -> None:
    due, later, collected = a_delivery("a"), a_delivery("b", due_at=NOW + 60 * SECOND), a_delivery("c", due_at=None)
    add(store, due, later, collected)
    assert claim(store) == [due.id]
    assert claim(store, now=NOW + SECOND) == []
    assert claim(store, now=NOW + 61 * SECOND, holder="x") == [due.id, later.id]  # the first lease has run out


def test_a_worker_that_lost_its_lease_settles_nothing(store: Store) -> None:
    delivery = a_delivery()
    add(store, delivery)

    def tried(*, now: datetime) -> Delivery:
        (claimed,) = store.write(lambda unit: unit.claim_due(now=now, holder="w", lease_s=1, limit=10))
        return claimed

    def settle(claimed: Delivery) -> bool:
        due = NOW + 90 * SECOND
        return store.write(lambda unit: unit.settle_attempt(claimed, at=NOW, due_at=due, outcome="endpoint-timeout"))

    slow, fast = tried(now=NOW), tried(now=NOW + 2 * SECOND)  # by one worker, or by two
    assert not settle(slow)
    assert settle(fast)
    assert not settle(fast)
    assert claim(store, now=NOW + 60 * SECOND) == []
    assert claim(store, now=NOW + 91 * SECOND) == [delivery.id]


def test_a_client_of_the_mailbox_and_a_push_never_have_the_same_copy(store: Store) -> None:
    delivery = a_delivery()
    add(store, delivery)

    def lease(at: datetime, name: str = "client") -> bool:
        until = at + 30 * SECOND
        return store.write(lambda unit: unit.lease(delivery.id, lease_id=name, now=at, until=until))

    def release(at: datetime) -> bool:
        return store.write(lambda unit: unit.release(delivery.id, lease_id="client", now=at))

    assert lease(NOW)
    assert claim(store, now=NOW + 29 * SECOND) == []
    assert claim(store, now=NOW + 30 * SECOND, lease_s=10) == [delivery.id]
    assert not lease(NOW + 39 * SECOND)
    assert lease(NOW + 40 * SECOND)
    assert release(NOW + 41 * SECOND)
    assert claim(store, now=NOW + 41 * SECOND, lease_s=10) == [delivery.id]
    assert not release(NOW + 42 * SECOND)


def test_whatever_is_decided_of_a_copy_who_has_it_in_hand_keeps_it(store: Store) -> None:
    pushed, collected = a_delivery("a"), a_delivery("b", due_at=None)
    add(store, pushed, collected)
    (first,) = store.write(lambda unit: unit.claim_due(now=NOW, holder="w", lease_s=60, limit=10))
    assert store.write(lambda unit: unit.lease(collected.id, lease_id="client", now=NOW, until=NOW + 60 * SECOND))

    def decide(copy: Delivery, expected: DeliveryState, to: DeliveryState, due: datetime | None) -> bool:
        return store.write(
            lambda unit: unit.move_delivery(
                copy.id, expected=expected, to=to, at=NOW, problem=None, due_at=due, tried_since=NOW
            )
        )

    for copy in (pushed, collected):
        assert decide(copy, DeliveryState.CONSIGNED, DeliveryState.SUSPENDED, None)
        assert decide(copy, DeliveryState.SUSPENDED, DeliveryState.CONSIGNED, NOW)  # tried again at once
    assert claim(store, now=NOW + SECOND) == []
    assert not store.write(lambda unit: unit.lease(collected.id, lease_id="other", now=NOW, until=NOW + 60 * SECOND))
    late = NOW + 2 * SECOND
    assert not store.write(  # what it was told is overtaken by the decision, which gets a try of its own
        lambda unit: unit.settle_attempt(first, at=late, due_at=NOW + 90 * SECOND, outcome="endpoint-timeout")
    )
    assert claim(store, now=late) == [pushed.id]


def test_a_state_moves_by_compare_and_set(store: Store) -> None:
    delivery = a_delivery()
    add(store, delivery)

    def move(to: DeliveryState) -> bool:
        return store.write(
            lambda unit: unit.move_delivery(delivery.id, expected=DeliveryState.CONSIGNED, to=to, at=NOW, problem=None)
        )

    assert move(DeliveryState.HANDED_OVER)
    assert not move(DeliveryState.SUSPENDED)
    assert claim(store, now=NOW + 100 * SECOND) == []
    assert store.read(lambda view: view.mailbox(PartyId("fund"), after=0, limit=10)) == []


def test_a_breaker_is_half_open_for_a_few_and_closed_after_one_good_try(store: Store) -> None:
    for _ in range(12):
        add(store, a_delivery("shaky"))
    until = NOW + timedelta(seconds=60)
    shaky = PartyId("shaky")

    def mark(*, failed: bool) -> None:
        store.write(lambda unit: unit.mark_lane(shaky, failed=failed, threshold=2, paused_until=until))

    def claimed(at: datetime) -> int:
        return len(store.write(lambda unit: unit.claim_due(now=at, holder="worker", lease_s=600, limit=32)))

    mark(failed=True)
    assert claimed(NOW) == 3  # one failure is enough for caution, not for a pause
    mark(failed=True)
    assert claimed(until - timedelta(seconds=1)) == 0
    assert claimed(until) == 0  # half open, and three are under way still
    mark(failed=False)
    assert claimed(until + timedelta(seconds=1)) == 5  # closed: as many as a healthy lane may have under way


def test_an_open_breaker_pauses_one_lane_only(store: Store) -> None:
    dead, live = [a_delivery("dead") for _ in range(3)], [a_delivery("live") for _ in range(3)]
    add(store, *dead, *live)
    until = NOW + 100 * SECOND
    store.write(lambda unit: unit.mark_lane(PartyId("dead"), failed=True, threshold=1, paused_until=until))
    assert set(claim(store)) == {delivery.id for delivery in live}
    add(store, a_delivery("dead"))  # new work does not bypass the breaker
    assert claim(store, now=NOW + 50 * SECOND) == []
    assert set(claim(store, now=until)) >= {dead[0].id}


def test_a_recipient_has_only_so_many_copies_in_flight(store: Store) -> None:
    add(store, *[a_delivery("popular") for _ in range(40)], a_delivery("rare"))
    first = claim(store, limit=32)
    assert len(first) <= 9
    assert len(claim(store, now=NOW + SECOND, limit=32)) == 0


def test_a_mailbox_lease_is_held_by_one_until_it_ends(store: Store) -> None:
    delivery = a_delivery(due_at=None)
    add(store, delivery)

    def lease(now: datetime) -> bool:
        return store.write(lambda unit: unit.lease(delivery.id, lease_id=new_id(), now=now, until=now + 10 * SECOND))

    assert lease(NOW)
    assert not lease(NOW + 9 * SECOND)
    assert lease(NOW + 10 * SECOND)


def test_a_lease_of_a_clock_that_was_ahead_holds_nobody_up(store: Store) -> None:
    delivery = a_delivery(due_at=None)
    add(store, delivery)

    def lease(now: datetime) -> bool:
        return store.write(lambda unit: unit.lease(delivery.id, lease_id=new_id(), now=now, until=now + 10 * SECOND))

    assert lease(NOW + timedelta(days=30))
    assert lease(NOW)
    assert not lease(NOW)


def bring_forward(store: Store) -> None:
    """As a worker does that starts now, whose schedule is ten seconds at most."""
    ten, two = NOW + 10 * SECOND, NOW + 2 * SECOND
    store.write(
        lambda unit: unit.bring_forward(now=NOW, latest=ten, leased_by=two, paused_by=two, watched_by=NOW + 10 * SECOND)
    )


def test_what_waits_beyond_every_schedule_is_brought_forward_and_nothing_else(store: Store) -> None:
    frozen = a_delivery("a", attempts=1, due_at=NOW + timedelta(days=30))
    soon = a_delivery("b", attempts=1, due_at=NOW + 5 * SECOND)
    paused = a_delivery("c")
    add(store, frozen, soon, paused)
    until = NOW + 3 * SECOND
    store.write(lambda unit: unit.mark_lane(PartyId("c"), failed=True, threshold=1, paused_until=until))
    assert claim(store) == []
    bring_forward(store)
    assert set(claim(store, now=NOW + SECOND)) == {frozen.id, paused.id}
    assert claim(store, now=NOW + 5 * SECOND) == [soon.id]


def test_what_a_clock_put_off_that_was_set_back_since_is_due_at_once(store: Store) -> None:
    """Dead workers have all copies of a recipient in hand that may be on their way at once, and one was never tried."""
    later = NOW + 5 * SECOND
    held, fresh = [a_delivery("a") for _ in range(8)], a_delivery("b", due_at=later)
    leased = a_delivery("c")
    add(store, *held, fresh, leased)
    until = later + SECOND
    assert store.write(lambda unit: unit.lease(leased.id, lease_id="client", now=later, until=until))
    assert len(claim(store, now=later)) == 9
    add(store, again := a_delivery("b", due_at=later))
    assert claim(store, now=NOW) == []
    bring_forward(store)
    assert set(claim(store, now=NOW + SECOND)) == {each.id for each in (*held, fresh, again)}


def test_what_the_watch_would_leave_alone_for_too_long_is_looked_at_now_and_nothing_else(store: Store) -> None:
    left_alone, looked_at = a_delivery("a"), a_delivery("b")
    add(store, left_alone, looked_at)
    store.write(lambda unit: unit.watch_again(left_alone.id, NOW + 11 * SECOND))
    store.write(lambda unit: unit.watch_again(looked_at.id, NOW + 10 * SECOND))
    bring_forward(store)
    due = store.read(lambda view: view.watch_due(now=NOW, limit=10))
    assert [each.id for each in due] == [left_alone.id]


def test_the_kinds_of_what_waits_for_a_party_are_known(store: Store) -> None:
    delivery = a_delivery("fund")
    add(store, delivery, a_delivery("dossier"))
    assert store.read(lambda view: view.kinds_waiting(PartyId("fund"))) == {"be/appeal"}
    store.write(
        lambda unit: unit.move_delivery(
            delivery.id, expected=DeliveryState.CONSIGNED, to=DeliveryState.HANDED_OVER, at=NOW, problem=None
        )
    )
    assert store.read(lambda view: view.kinds_waiting(PartyId("fund"))) == frozenset()


def test_a_receipt_is_kept_once_with_what_became_of_it_last(store: Store) -> None:
    def receipt(outcome: str, evidence_id: EvidenceId | None) -> KeptReceipt:
        return KeptReceipt(
            id=new_id(),
            delivery_id=DeliveryId("d"),
            digest="sha256:33",
            received_at=NOW,
            outcome=outcome,
            evidence_id=evidence_id,
            raw=b"<Receipt/>",
        )

    first = replace(receipt("receipt-by-another-party", None), sent_by=PartyId("worker"))
    last = replace(receipt("handed-over", EvidenceId("e")), sent_by=PartyId("fund"))
    store.write(lambda unit: unit.add_receipt(first))
    store.write(lambda unit: unit.add_receipt(last))
    assert store.read(lambda view: view.receipt_by_digest(DeliveryId("d"), "sha256:33")) == last
    assert store.read(lambda view: view.receipt(last.id)) == last
    assert store.read(lambda view: view.receipt(first.id)) is None


def test_a_term_starts_once(store: Store) -> None:
    term = Term(id="T6", article="Art. 67", act={"en": "x"}, length=21, unit="working-days", starts_on="E:R")
    submission = a_submission()
    store.write(lambda unit: unit.add_submission(submission))
    store.write(lambda unit: unit.add_terms(submission.id, [term]))

    def start(day: date) -> None:
        running = replace(term, day_zero=day, last_day=day, last_day_other_reading=day)
        store.write(lambda unit: unit.start_term(submission.id, running))

    start(date(2026, 5, 4))
    start(date(2026, 6, 1))
    (started,) = store.read(lambda view: view.terms_of(submission.id))
    assert started.day_zero == date(2026, 5, 4)


def filed(store: Store, *links: str, party: str = "fund", sender: str = "worker") -> tuple[SubmissionId, CaseId]:
    """A form with one copy, put into the case of its links."""
    submission = a_submission(sender=PartyId(sender))

    def work(unit: Transaction) -> CaseId:
        unit.add_submission(submission)
        case_id = unit.file(submission.id, links=links, sealed_facts=submission.id.encode())
        unit.add_delivery(a_delivery(party, due_at=None, submission=submission.id), b"abc", case_id=case_id)
        return case_id

    return submission.id, store.write(work)


def test_forms_with_a_link_in_common_are_one_case(store: Store) -> None:
    first, case = filed(store, "a", "b")
    second, same = filed(store, "b", "c")
    other, another = filed(store, "d")
    assert case == same != another
    assert [form.submission_id for form in store.read(lambda view: view.case(case))] == [first, second]
    assert [form.submission_id for form in store.read(lambda view: view.filed_under(["c", "x"]))] == [first, second]
    assert [form.submission_id for form in store.read(lambda view: view.filed_under(["d"]))] == [other]
    assert store.read(lambda view: view.filed_under(["x"])) == []


def test_a_form_of_a_case_comes_with_its_dates_and_sealed_facts(store: Store) -> None:
    submission_id, case = filed(store, "a")
    (delivery,) = store.read(lambda view: view.deliveries_of(submission_id))
    store.write(
        lambda unit: unit.move_delivery(
            delivery.id, expected=DeliveryState.CONSIGNED, to=DeliveryState.HANDED_OVER, at=NOW + SECOND, problem=None
        )
    )
    (form,) = store.read(lambda view: view.case(case))
    submission = store.read(lambda view: view.submission(submission_id))
    assert submission is not None
    assert (form.case_id, form.kind, form.document_id) == (case, submission.kind, submission.document_id)
    assert (form.digest, form.sender, form.accepted_at) == (submission.digest, submission.sender, NOW)
    assert form.sealed_facts == submission_id.encode()
    (copy,) = form.copies
    assert (copy.role, copy.party, copy.consigned_at) == ("MedicalInspector", "fund", NOW)
    assert copy.handed_over_at == NOW + SECOND


def test_cases_that_turn_out_to_be_one_are_joined_under_the_oldest(store: Store) -> None:
    one, oldest = filed(store, "a", party="fund")
    two, younger = filed(store, "b", party="dossier")
    three, joined = filed(store, "a", "b", party="fund")
    assert joined == oldest != younger
    assert [form.submission_id for form in store.read(lambda view: view.filed_under(["b"]))] == [one, two, three]
    assert store.read(lambda view: view.case(younger)) == []
    assert [case for _, case in store.read(lambda view: view.cases_of(PartyId("worker"), after=0, limit=9))] == [oldest]
    assert [case for _, case in store.read(lambda view: view.cases_of(PartyId("dossier"), after=0, limit=9))] == [
        oldest
    ]


def test_a_party_finds_the_cases_it_sent_or_received_a_form_in_page_by_page(store: Store) -> None:
    cases = [filed(store, link, sender="service")[1] for link in "abc"]
    filed(store, "d", party="elsewhere", sender="stranger")
    first = store.read(lambda view: view.cases_of(PartyId("fund"), after=0, limit=2))
    rest = store.read(lambda view: view.cases_of(PartyId("fund"), after=first[-1][0], limit=2))
    assert [case for _, case in (*first, *rest)] == cases
    assert [case for _, case in store.read(lambda view: view.cases_of(PartyId("service"), after=0, limit=9))] == cases
    assert store.read(lambda view: view.cases_of(PartyId("nobody"), after=0, limit=9)) == []


def test_a_read_sees_one_moment(store: Store) -> None:
    submission = a_submission()
    looked, written = threading.Event(), threading.Event()

    def look_twice() -> list[bool]:
        def look(view: object) -> list[bool]:
            before = view.submission(submission.id) is None  # type: ignore[attr-defined]
            looked.set()
            written.wait(PATIENCE_S)
            return [before, view.submission(submission.id) is None]  # type: ignore[attr-defined]

        return store.read(look)

    result: list[bool] = []
    reader = threading.Thread(target=lambda: result.extend(look_twice()))
    reader.start()
    looked.wait(PATIENCE_S)
    store.write(lambda unit: unit.add_submission(submission))
    written.set()
    reader.join()
    assert result == [True, True]


def test_several_openings_see_each_others_work(opened: Callable[[], Store]) -> None:
    one, two = opened(), opened()
    first, second = a_submission(), a_submission()
    one.write(lambda unit: unit.add_submission(first))
    two.write(lambda unit: unit.add_submission(second))
    assert one.read(lambda view: view.submission(second.id)) == second
    assert two.read(lambda view: view.submission(first.id)) == first


@pytest.mark.parametrize("engine", sorted(STORES))
def test_processes_that_start_at_the_same_moment_do_not_trip_over_each_other(engine: str, tmp_path: Path) -> None:
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        assert list(pool.map(_open_and_write, [engine] * 4, [str(tmp_path / "store")] * 4)) == [True] * 4


def _open_and_write(engine: str, path: str) -> bool:
    store = STORES[engine](Path(path))
    submission = a_submission()
    store.write(lambda unit: unit.add_submission(submission))
    found = store.read(lambda view: view.submission(submission.id))
    store.close()
    return found == submission


def test_a_closed_store_says_so(opened: Callable[[], Store]) -> None:
    store = opened()
    store.close()
    with pytest.raises(StoreUnavailable):
        store.write(lambda unit: None)


@pytest.mark.parametrize("version", [(3, 40, 1), (3, 44, 5), (3, 50, 6), (3, 51, 2)])
def test_a_build_that_can_corrupt_is_refused(version: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError) as refused:
        check_build(version)
    assert refused.value.code == "sqlite-build"


@pytest.mark.parametrize("version", [(3, 44, 6), (3, 50, 7), (3, 51, 3), (3, 53, 4)])
def test_a_build_that_is_mended_is_taken(version: tuple[int, ...]) -> None:
    check_build(version)


def moved(store: Store, delivery: Delivery, to: DeliveryState, *, watch_at: datetime | None = None) -> bool:
    def work(unit: Transaction) -> bool:
        return unit.move_delivery(delivery.id, expected=delivery.state, to=to, at=NOW, problem=None, watch_at=watch_at)

    return store.write(work)


def test_a_duty_has_one_holder_until_it_runs_out(opened: Callable[[], Store]) -> None:
    one, two = opened(), opened()

    def hold(store: Store, holder: str, now: datetime) -> bool:
        until = now + 60 * SECOND
        return store.write(lambda unit: unit.hold_duty("watch", holder=holder, now=now, until=until))

    assert hold(one, "one", NOW)
    assert not hold(two, "two", NOW + 59 * SECOND)
    assert hold(one, "one", NOW + 30 * SECOND), "its holder keeps it on"
    assert not hold(two, "two", NOW + 60 * SECOND)
    assert hold(two, "two", NOW + 90 * SECOND)
    assert hold(one, "one", NOW - 3600 * SECOND), "one held by a clock that was set back since holds nobody up"


def test_an_alert_begins_once_and_ends_once(store: Store) -> None:
    alert = Alert(kind="endpoint-down", subject="fund", opened_at=NOW)
    assert store.write(lambda unit: unit.open_alert(alert))
    assert not store.write(lambda unit: unit.open_alert(alert))
    assert [each.kind for each in store.read(lambda view: view.alerts(open_only=True, after=0, limit=9))] == [
        alert.kind
    ]
    ended = store.write(lambda unit: unit.close_alerts("fund", at=NOW + SECOND))
    assert [(each.kind, each.closed_at) for each in ended] == [(alert.kind, NOW + SECOND)]
    assert list(store.write(lambda unit: unit.close_alerts("fund", at=NOW + SECOND))) == []
    assert list(store.read(lambda view: view.alerts(open_only=True, after=0, limit=9))) == []
    assert len(store.read(lambda view: view.alerts(open_only=False, after=0, limit=9))) == 1
    assert store.write(lambda unit: unit.open_alert(alert)), "it may begin again"


def test_the_watch_is_given_what_is_due_and_nothing_else(store: Store) -> None:
    first, second, later = (replace(a_delivery(due_at=None), watch_at=NOW + seconds * SECOND) for seconds in (-9, 0, 1))
    add(store, second, later, first, a_delivery(due_at=None))
    due = store.read(lambda view: view.watch_due(now=NOW, limit=9))
    assert [each.id for each in due] == [first.id, second.id]
    store.write(lambda unit: unit.watch_again(first.id, NOW + SECOND))
    assert [each.id for each in store.read(lambda view: view.watch_due(now=NOW, limit=9))] == [second.id]


def test_what_is_in_peoples_hands_comes_by_its_lawful_moment_page_by_page(store: Store) -> None:
    never, later, sooner, other = (
        replace(a_delivery(due_at=None), lawful_until=until, watch_at=NOW)
        for until in (None, NOW + 9 * SECOND, NOW + SECOND, None)
    )
    add(store, never, later, sooner, other, a_delivery())
    for delivery in (never, later, sooner):
        assert moved(store, delivery, DeliveryState.EXPIRED, watch_at=NOW)
    assert moved(store, other, DeliveryState.SUSPENDED, watch_at=NOW)

    def page(after: tuple[int, int], *states: DeliveryState) -> list[Delivery]:
        return list(store.read(lambda view: view.in_hand(states, after=after, limit=2)))

    both = (DeliveryState.EXPIRED, DeliveryState.SUSPENDED)
    first = page((0, 0), *both)
    assert [each.id for each in first] == [sooner.id, later.id]
    until = first[-1].lawful_until
    assert until is not None
    rest = page((round(until.timestamp() * 1000), first[-1].position), *both)
    assert [each.id for each in rest] == [never.id, other.id]
    assert [each.id for each in page((0, 0), DeliveryState.SUSPENDED)] == [other.id]


def test_a_second_receipt_leaves_the_moment_of_the_first(store: Store) -> None:
    delivery = a_delivery(due_at=None)
    add(store, delivery)
    assert moved(store, delivery, DeliveryState.HANDED_OVER)
    assert moved(store, replace(delivery, state=DeliveryState.HANDED_OVER), DeliveryState.ACKNOWLEDGED)
    found = store.read(lambda view: view.delivery(delivery.id))
    assert found is not None
    assert (found.state, found.handed_over_at) == (DeliveryState.ACKNOWLEDGED, NOW)


def test_the_look_ups_of_many_deliveries_use_their_indices(tmp_path: Path) -> None:
    SqliteStore(tmp_path / "store").close()
    connection = sqlite.connect(str(tmp_path / "store"))
    by_lawful_moment = f"coalesce(lawful_until, {NEVER}), seq"
    for condition, order, index in (
        (f"party = 'p' AND turn > 0 AND {rows.NOT_FINAL}", "turn", "delivery_mailbox"),
        ("watch_at <= 0", "watch_at", "delivery_watch"),
        (f"{rows.IN_HAND} AND ({by_lawful_moment}) > (0, 0)", by_lawful_moment, "delivery_in_hand"),
    ):
        plan = connection.execute(
            f"EXPLAIN QUERY PLAN SELECT id FROM delivery WHERE {condition} ORDER BY {order} LIMIT 9"
        )
        said = " ".join(row[3] for row in plan)
        assert index in said
        assert "B-TREE" not in said, "no sorting"
    connection.close()


def a_form_on_paper(store: Store) -> tuple[Submission, Delivery, PaperProof]:
    """A form with every kind of body that is kept of one."""
    submission = a_submission()
    delivery = replace(a_delivery(), submission_id=submission.id)
    proof = PaperProof(
        evidence_id=EvidenceId(new_id()), delivery_id=delivery.id, digest="x", media_type="x", sealed=b"proof"
    )

    def work(unit: Transaction) -> None:
        unit.add_submission(submission)
        unit.file(submission.id, links=[submission.document_id], sealed_facts=b"facts")
        unit.add_delivery(delivery, b"sealed")
        unit.add_print_job(delivery.id, b"job")
        unit.add_paper_proof(proof)

    store.write(work)
    return submission, delivery, proof


def test_bodies_are_as_they_were_until_they_are_erased(store: Store) -> None:
    submission, delivery, proof = a_form_on_paper(store)
    other, other_delivery, other_proof = a_form_on_paper(store)

    def facts(view: Reading, form: Submission) -> bytes:
        (filed,) = view.filed_under([form.document_id])
        return filed.sealed_facts

    def kept(view: Reading, form: Submission, copy: Delivery, slip: PaperProof) -> tuple[object, ...]:
        bodies = view.envelope(copy.id), view.print_job(copy.id), view.paper_proof(slip.evidence_id)
        return view.is_kept(form.id), *bodies, facts(view, form)

    for form, copy, slip in ((submission, delivery, proof), (other, other_delivery, other_proof)):
        assert store.read(lambda view, f=form, c=copy, s=slip: kept(view, f, c, s)) == (  # type: ignore[misc]
            True,
            b"sealed",
            b"job",
            slip,
            b"facts",
        )
    store.write(lambda unit: unit.erase(submission.id))
    with pytest.raises(NotFound) as gone:
        store.read(lambda view: view.envelope(delivery.id))
    assert gone.value.code == "form-erased"
    assert not store.read(lambda view: view.is_kept(submission.id))
    assert store.read(lambda view: view.print_job(delivery.id)) is None
    assert store.read(lambda view: view.paper_proof(proof.evidence_id)) is None
    assert store.read(lambda view: facts(view, submission)) == b""
    assert store.read(lambda view: view.delivery(delivery.id)) is not None
    assert store.read(lambda view: kept(view, other, other_delivery, other_proof))[1:] == (
        b"sealed",
        b"job",
        other_proof,
        b"facts",
    )


def test_a_unit_that_fails_erases_nothing(store: Store) -> None:
    submission, delivery, _ = a_form_on_paper(store)

    def work(unit: Transaction) -> None:
        unit.erase(submission.id)
        raise LookupError

    with pytest.raises(LookupError):
        store.write(work)
    assert store.read(lambda view: view.envelope(delivery.id)) == b"sealed"


def test_no_body_passes_for_another(store: Store) -> None:
    """Bodies are bound to what they are: moved to another place under the same key, they are damaged."""
    _, delivery, proof = a_form_on_paper(store)
    _, elsewhere, _ = a_form_on_paper(store)

    def moved(unit: Transaction) -> None:
        execute = unit._connection.execute  # type: ignore[attr-defined]
        execute(
            "UPDATE envelope SET raw = (SELECT raw FROM print_job WHERE delivery_id = ?1) WHERE delivery_id = ?1",
            (delivery.id,),
        )
        execute(
            "UPDATE print_job SET raw = (SELECT raw FROM envelope WHERE delivery_id = ?) WHERE delivery_id = ?",
            (elsewhere.id, delivery.id),
        )
        execute("UPDATE paper_proof SET sealed = x'00' WHERE evidence_id = ?", (proof.evidence_id,))
        execute("UPDATE filed SET facts = (SELECT max(facts) FROM filed)")

    store.write(moved)
    for look in (
        lambda view: view.envelope(delivery.id),
        lambda view: view.print_job(delivery.id),
        lambda view: view.paper_proof(proof.evidence_id),
    ):
        with pytest.raises(NotFound) as damaged:
            store.read(look)
        assert damaged.value.code in {"envelope-damaged", "proof-damaged"}
    links = [row[0] for row in store.read(lambda view: view._rows("SELECT document_id FROM submission"))]  # type: ignore[attr-defined]
    with pytest.raises(EngineFault):
        store.read(lambda view: view.filed_under(links))


def test_a_published_key_is_kept_with_its_entry(opened: Callable[[], Store]) -> None:
    store = opened()
    seal = issue(issue_authority("An Authority", at=NOW), "Seal", at=NOW)
    since = seal.certificate.not_valid_before_utc
    key = published(Purpose.SERVICE, DatedKey(identity=seal, since=since), at=NOW)
    store.write(lambda unit: unit.publish_key(key))
    later = opened()
    assert later.read(lambda view: view.published_keys()) == [key]
    entry = later.read(lambda view: view.journal_entry(EntryKind.KEY, key.id))
    assert entry is not None
    assert (entry.digest, entry.at) == (hashlib.sha512(key.raw).digest(), NOW)


def test_a_key_kept_for_a_party_replaces_the_one_before(opened: Callable[[], Store]) -> None:
    seal = issue(issue_authority("An Authority", at=NOW), "Seal", at=NOW)
    key = HostedKey(
        party=PartyId("worker"),
        certificate=seal.certificate,
        wrapped=b"\0wrapped",
        wrapped_for="sha256:11",
        made_at=NOW,
    )
    anew = replace(key, wrapped=b"again", wrapped_for="sha256:22")
    store = opened()
    for each in (key, anew):
        store.write(lambda unit, each=each: unit.put_hosted_key(each, at=NOW))  # type: ignore[misc]
    later = opened()
    assert later.read(lambda view: (view.hosted_key(PartyId("worker")), view.hosted_keys())) == (anew, [anew])
    assert later.read(lambda view: view.hosted_key(PartyId("employer"))) is None


def test_what_is_kept_of_a_sender_is_counted_by_the_day(store: Store) -> None:
    sender, day = PartyId("worker"), NOW.date()

    def counts() -> tuple[int, int]:
        return store.read(lambda view: (view.kept_count(sender, day), view.kept_count(sender, day + timedelta(days=1))))

    assert counts() == (0, 0)
    assert [store.write(lambda unit: unit.count_kept(sender, day, most=2)) for _ in range(3)] == [True, True, False]
    assert counts() == (2, 0)
    assert store.write(lambda unit: unit.count_kept(sender, day + timedelta(days=1), most=2))
    assert counts() == (0, 1)
    assert store.read(lambda view: view.kept_count(PartyId("employer"), day)) == 0
