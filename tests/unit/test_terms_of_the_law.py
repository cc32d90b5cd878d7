"""The rules on terms, TM-01 to TM-12: each obeyed, the wrong way not taken, and where it has nothing to say.

The rule book names these tests as its proof (schemas/be/rules.yaml); a new rule on terms gets its three here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.deadlines import Bound, Reading, Span, TermDates, Unit, Verdict, add_period, verdict
from gateway.demo.papers import draw_up
from gateway.forms.cases import example
from gateway.forms.parsing import parse_untrusted
from gateway.model import (
    Delivery,
    Event,
    PartyId,
    Submission,
    SubmissionState,
    Term,
    new_id,
)
from gateway.ports import Store, Transaction
from gateway.stores import STORES
from gateway.terms import start_terms, terms_of
from tests.deliveries import a_delivery
from tests.schemas.cases import catalogue

CATALOGUE = catalogue()
LAW = CATALOGUE.countries["be"]
DAYS = LAW.calendar
BRUSSELS = DAYS.zone

APPEAL_TERM = Span(length=7, unit=Unit.WORKING_DAYS)
FIVE_DAYS = Span(length=5, unit=Unit.DAYS)
DAY_ZERO = date(2026, 3, 3)
ASSESSMENT, APPEAL = "be/health-assessment", "be/appeal"
ANY_DAY = st.dates(min_value=date(1990, 1, 1), max_value=date(2099, 12, 31))
ANY_LENGTH = st.integers(1, 60)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = STORES["sqlite"](tmp_path / "store")
    yield store
    store.close()


def at(day: date, hour: int = 12) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=BRUSSELS)


def content_of(kind: str, *, now: datetime, **fill: str) -> etree._Element:
    paper = draw_up(kind, now=now, fill={f"f:{name}": text for name, text in fill.items()})
    form_kind = CATALOGUE.by_name(kind)
    assert form_kind is not None
    content = form_kind.content_of(parse_untrusted(paper.raw).root)
    assert content is not None
    return content


def a_copy(kind: str, role: str, *, consigned_at: datetime, submission: str | None = None) -> Delivery:
    return a_delivery(due_at=None, submission=submission, kind=kind, role=role, consigned_at=consigned_at)


def terms_on(kind: str, accepted_at: datetime, *roles: str, **fill: str) -> dict[str, Term]:
    """The terms of a form of that kind, accepted and consigned to `roles` at one instant."""
    form_kind = CATALOGUE.by_name(kind)
    assert form_kind is not None
    content = content_of(kind, now=accepted_at, **fill)
    return {term.id: term for term in terms_of(form_kind, content, accepted_at=accepted_at, recipients=roles)}


def appealed(on: datetime, *, communicated_on: date) -> dict[str, Term]:
    """The terms of an appeal that was handed in then, against a form communicated on that day."""
    return terms_on(APPEAL, on, "MedicalInspector", FormCommunicatedOn=communicated_on.isoformat())


def after_event(store: Store, terms: dict[str, Term], copy: Delivery, event: Event, then: datetime) -> dict[str, Term]:
    """What the store holds of `terms` once `event` happened at the recipient of `copy`."""
    submission = Submission(
        id=copy.submission_id,
        sender=PartyId("sender"),
        idempotency_key=new_id(),
        digest="sha256:22",
        kind=copy.kind,
        document_id=new_id(),
        state=SubmissionState.ACCEPTED,
        accepted_at=copy.consigned_at,
        acting_for=None,
        answer=b"{}",
    )

    def work(unit: Transaction) -> None:
        unit.add_submission(submission)
        unit.add_terms(submission.id, list(terms.values()))
        start_terms(unit, copy, event, DAYS.date_of(then), DAYS)

    store.write(work)
    return {term.id: term for term in store.read(lambda unit: list(unit.terms_of(submission.id)))}


# TM-01  Day zero never counts.


def test_tm_01_passes_day_one_is_the_next_day_or_the_next_working_day() -> None:
    assert DAYS.last_day(date(2024, 5, 6), 1, Unit.DAYS).reading_l == date(2024, 5, 7)
    assert DAYS.last_day(date(2024, 5, 8), 1, Unit.DAYS).reading_l == date(2024, 5, 9)
    eve_of_ascension = DAYS.last_day(date(2024, 5, 8), 1, Unit.WORKING_DAYS)
    assert eve_of_ascension.readings == {Reading.L: date(2024, 5, 10), Reading.C: date(2024, 5, 10)}


@given(ANY_DAY, ANY_LENGTH, st.sampled_from([Unit.DAYS, Unit.WORKING_DAYS]))
def test_tm_01_fails_if_the_day_of_the_event_is_counted(zero: date, length: int, unit: Unit) -> None:
    dates = DAYS.last_day(zero, length, unit)
    for reading, last in dates.readings.items():
        span = [zero + timedelta(days=n) for n in range(1, (last - zero).days + 1)]
        counted = span if unit is Unit.DAYS else [day for day in span if DAYS.is_working_day(day, reading)]
        assert len(counted) == length


def test_tm_01_is_silent_while_no_event_has_started_the_term() -> None:
    term = appealed(at(DAY_ZERO), communicated_on=DAY_ZERO)["T6"]
    assert (term.day_zero, term.last_day, term.last_day_other_reading) == (None, None, None)


# TM-02  A term in working days has two last days, and both are kept.


def test_tm_02_passes_both_last_days_are_kept_with_the_submission(store: Store) -> None:
    terms = terms_on(ASSESSMENT, at(DAY_ZERO), "Worker")
    copy = a_copy(ASSESSMENT, "Employer", consigned_at=at(DAY_ZERO))
    kept = after_event(store, terms, copy, Event.CONTENT_HANDOVER, at(DAY_ZERO))["T5"]
    assert (kept.last_day, kept.last_day_other_reading) == (date(2026, 3, 11), date(2026, 3, 12))


@given(ANY_DAY, ANY_LENGTH)
def test_tm_02_fails_if_one_reading_stands_for_both(zero: date, length: int) -> None:
    dates = DAYS.last_day(zero, length, Unit.WORKING_DAYS)
    assert zero < dates.reading_l <= dates.reading_c
    saturdays = [day for n in range((dates.reading_l - zero).days) if (day := zero + timedelta(n + 1)).weekday() == 5]
    works = [day for day in saturdays if DAYS.is_working_day(day, Reading.L)]
    assert (dates.reading_l < dates.reading_c) is bool(works)


def test_tm_02_is_silent_on_calendar_time() -> None:
    for unit, length in product((Unit.DAYS, Unit.WEEKS, Unit.MONTHS, Unit.YEARS), range(1, 8)):
        dates = DAYS.last_day(DAY_ZERO, length, unit)
        assert dates.reading_l == dates.reading_c


# TM-03  An act of a party is held against it only after the later last day.


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (date(2026, 3, 2), Verdict.IN_TIME),
        (date(2026, 3, 11), Verdict.IN_TIME),
        (date(2026, 3, 12), Verdict.IN_TIME_ON_READING_C),
    ],
)
def test_tm_03_passes_an_act_until_the_later_last_day(act: date, expected: Verdict) -> None:
    assert verdict(DAYS.dates(DAY_ZERO, APPEAL_TERM), act, bound=Bound.PARTY) is expected


def test_tm_03_fails_an_act_after_both_last_days() -> None:
    assert verdict(DAYS.dates(DAY_ZERO, APPEAL_TERM), date(2026, 3, 13), bound=Bound.PARTY) is Verdict.LATE
    assert appealed(at(date(2026, 3, 13)), communicated_on=DAY_ZERO)["T5"].verdict == Verdict.LATE


def test_tm_03_is_silent_on_a_term_that_binds_no_party() -> None:
    assert LAW.terms["T6"].bound is Bound.AUTHORITY
    for act in (date(2026, 3, 11), date(2026, 3, 12), date(2026, 6, 30)):
        found = verdict(DAYS.dates(DAY_ZERO, APPEAL_TERM), act, bound=Bound.AUTHORITY)
        assert found not in (Verdict.IN_TIME_ON_READING_C, Verdict.LATE)


# TM-04  A term on an authority or a physician never speaks against the document.


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (date(2024, 5, 11), Verdict.IN_TIME),
        (date(2024, 5, 13), Verdict.DUE),
        (date(2024, 5, 16), Verdict.DUE),
        (date(2024, 5, 17), Verdict.OVERDUE),
    ],
)
def test_tm_04_passes_an_authority_is_only_due_and_overdue(act: date, expected: Verdict) -> None:
    law = LAW.terms["T6"].version("BE-RD2003")
    dates = DAYS.dates(date(2024, 4, 15), law.span)
    assert verdict(dates, act, bound=LAW.terms["T6"].bound, span=law.span) is expected


@given(ANY_DAY, ANY_DAY)
def test_tm_04_fails_if_an_authority_is_ever_called_late(zero: date, act: date) -> None:
    for term in LAW.terms.values():
        span = term.version().span
        if term.bound is Bound.AUTHORITY and not span.at_least:
            found = verdict(DAYS.dates(zero, span), act, bound=term.bound, span=span)
            assert found in (Verdict.IN_TIME, Verdict.DUE, Verdict.OVERDUE, Verdict.DELAYED)


def test_tm_04_is_silent_on_a_term_that_binds_a_party() -> None:
    assert LAW.terms["T5"].bound is Bound.PARTY
    dates = DAYS.dates(DAY_ZERO, APPEAL_TERM)
    assert verdict(dates, date(2026, 3, 12), bound=Bound.PARTY) is not Verdict.DUE
    assert verdict(dates, date(2026, 3, 13), bound=Bound.PARTY) is not Verdict.OVERDUE


# TM-05  Plain "days" are calendar days.


def test_tm_05_passes_easter_monday_counts() -> None:
    assert LAW.terms["T3"].version("BE-RD2003").span == FIVE_DAYS
    assert DAYS.dates(date(2025, 4, 17), FIVE_DAYS).reading_l == date(2025, 4, 22)


@given(ANY_DAY, ANY_LENGTH)
def test_tm_05_fails_if_any_day_is_passed_over(zero: date, length: int) -> None:
    assert DAYS.last_day(zero, length, Unit.DAYS).reading_c - zero == timedelta(days=length)


def test_tm_05_is_silent_on_working_days() -> None:
    over_easter = DAYS.last_day(date(2025, 4, 17), 5, Unit.WORKING_DAYS)
    assert over_easter.readings == {Reading.L: date(2025, 4, 24), Reading.C: date(2025, 4, 25)}


# TM-06  A calendar term ends where it ends, also on a day off.


def test_tm_06_passes_a_term_ends_on_christmas_and_the_next_working_day_is_told() -> None:
    law = LAW.terms["T2"].version("BE-RD2003")
    last = DAYS.dates(date(2025, 12, 17), law.span).reading_l
    assert last == date(2025, 12, 25)
    assert DAYS.next_working_day(last, Reading.L) == DAYS.next_working_day(last, Reading.C) == date(2025, 12, 26)


@given(ANY_DAY, ANY_LENGTH, st.sampled_from([Unit.DAYS, Unit.WEEKS]))
def test_tm_06_fails_if_the_end_is_shifted_in_silence(zero: date, length: int, unit: Unit) -> None:
    days = length * (7 if unit is Unit.WEEKS else 1)
    assert DAYS.last_day(zero, length, unit).reading_c == zero + timedelta(days=days)


@given(ANY_DAY, ANY_LENGTH)
def test_tm_06_is_silent_on_working_days_which_end_on_one(zero: date, length: int) -> None:
    for reading, last in DAYS.last_day(zero, length, Unit.WORKING_DAYS).readings.items():
        assert DAYS.next_working_day(last, reading) == last


# TM-07  The ten statutory holidays, and no day that an undertaking takes besides.


@pytest.mark.parametrize(
    "day",
    ["01-01", "04-01", "05-01", "05-09", "05-20", "08-15", "11-01", "11-11", "12-25"],  # 21 July was a Sunday
)
def test_tm_07_passes_no_statutory_holiday_of_2024_is_a_working_day(day: str) -> None:
    holiday = date.fromisoformat(f"2024-{day}")
    assert holiday.weekday() < 6
    assert not DAYS.is_working_day(holiday, Reading.L)
    assert not DAYS.is_working_day(holiday, Reading.C)


@pytest.mark.parametrize(
    "day",
    [
        date(2024, 5, 10),  # bridge day after Ascension Day
        date(2024, 7, 22),  # replaces 21 July, a Sunday
        date(2026, 12, 24),
    ],
)
def test_tm_07_fails_if_a_bridge_or_replacement_day_is_off(day: date) -> None:
    assert DAYS.is_working_day(day, Reading.L)
    assert DAYS.is_working_day(day, Reading.C)


def test_tm_07_is_silent_on_calendar_days() -> None:
    assert DAYS.last_day(date(2024, 12, 24), 1, Unit.DAYS).reading_l == date(2024, 12, 25)


# TM-08  An instant has the date that it has in Brussels.


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2026-03-12T22:59:00+00:00", date(2026, 3, 12)),
        ("2026-03-12T23:59:59.999999+01:00", date(2026, 3, 12)),
        ("2026-07-12T21:59:59+00:00", date(2026, 7, 12)),
        ("2026-03-13T07:30:00+09:00", date(2026, 3, 12)),
    ],
)
def test_tm_08_passes_a_day_lasts_until_midnight_there(instant: str, day: date) -> None:
    assert DAYS.date_of(datetime.fromisoformat(instant)) == day


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2026-03-12T23:01:00+00:00", date(2026, 3, 13)),
        ("2026-07-12T22:00:00+00:00", date(2026, 7, 13)),
        ("2026-12-31T23:00:00+00:00", date(2027, 1, 1)),
    ],
)
def test_tm_08_fails_if_the_date_of_another_zone_is_taken(instant: str, day: date) -> None:
    moment = datetime.fromisoformat(instant)
    assert moment.astimezone(UTC).date() != day
    assert DAYS.date_of(moment) == day


def test_tm_08_is_silent_on_a_date_which_has_no_zone() -> None:
    for hour in (0, 23):
        term = appealed(at(date(2026, 3, 5), hour), communicated_on=DAY_ZERO)["T5"]
        assert term.day_zero == DAY_ZERO


# TM-09  The appeal runs from dispatch or handing over, not from receipt.


def test_tm_09_passes_the_term_runs_from_the_day_of_dispatch() -> None:
    assert terms_on(ASSESSMENT, at(date(2026, 5, 4)), "Employer", "Worker")["T5"].day_zero == date(2026, 5, 4)
    told = appealed(at(date(2026, 5, 8)), communicated_on=date(2026, 5, 4))["T5"]
    assert told.day_zero == date(2026, 5, 4)


def test_tm_09_fails_if_the_day_of_receipt_moves_day_zero(store: Store) -> None:
    terms = terms_on(ASSESSMENT, at(date(2026, 5, 4)), "Worker")
    copy = a_copy(ASSESSMENT, "Worker", consigned_at=at(date(2026, 5, 4)))
    received = after_event(store, terms, copy, Event.CONTENT_HANDOVER, at(date(2026, 5, 7)))
    assert received["T5"].day_zero == date(2026, 5, 4)


def test_tm_09_is_silent_on_the_inspectors_term_which_runs_from_receipt(store: Store) -> None:
    terms = appealed(at(date(2026, 5, 4)), communicated_on=date(2026, 5, 4))
    copy = a_copy(APPEAL, "MedicalInspector", consigned_at=at(date(2026, 5, 4)))
    received = after_event(store, terms, copy, Event.CONTENT_HANDOVER, at(date(2026, 5, 7)))
    assert (received["T5"].day_zero, received["T6"].day_zero) == (date(2026, 5, 4), date(2026, 5, 7))


# TM-10  Sending in time is enough.


def test_tm_10_passes_an_appeal_sent_on_the_last_day_that_arrives_later(store: Store) -> None:
    terms = appealed(at(date(2026, 3, 11), 23), communicated_on=DAY_ZERO)
    copy = a_copy(APPEAL, "MedicalInspector", consigned_at=at(date(2026, 3, 11), 23))
    arrived = after_event(store, terms, copy, Event.CONTENT_HANDOVER, at(date(2026, 3, 20)))
    assert arrived["T5"].verdict == Verdict.IN_TIME
    assert arrived["T6"].day_zero == date(2026, 3, 20)


@pytest.mark.parametrize(
    ("sent_on", "expected"),
    [(date(2026, 3, 12), Verdict.IN_TIME_ON_READING_C), (date(2026, 3, 13), Verdict.LATE)],
)
def test_tm_10_fails_an_appeal_sent_the_day_after(sent_on: date, expected: Verdict) -> None:
    assert appealed(at(sent_on, 0), communicated_on=DAY_ZERO)["T5"].verdict == expected


def test_tm_10_is_silent_on_terms_that_others_answer() -> None:
    assert appealed(at(date(2026, 3, 13)), communicated_on=DAY_ZERO)["T6"].verdict is None
    assert terms_on(ASSESSMENT, at(DAY_ZERO), "Worker")["T5"].verdict is None


# TM-11  Months and years end on the same day number, or on the last of the month.


@pytest.mark.parametrize(
    ("day", "period", "end"),
    [
        ("2025-08-31", "P6M", "2026-02-28"),
        ("2024-02-29", "P1Y", "2025-02-28"),
        ("2024-02-29", "P4Y", "2028-02-29"),
        ("2026-01-31", "P1M", "2026-02-28"),
        ("2023-12-15", "P3M", "2024-03-15"),
    ],
)
def test_tm_11_passes_the_same_day_number_or_the_last_of_the_month(day: str, period: str, end: str) -> None:
    assert add_period(date.fromisoformat(day), period) == date.fromisoformat(end)
    length, unit = int(period[1:-1]), Unit.MONTHS if period.endswith("M") else Unit.YEARS
    assert DAYS.last_day(date.fromisoformat(day), length, unit).reading_l == date.fromisoformat(end)


@given(ANY_DAY, st.integers(1, 240), st.booleans())
def test_tm_11_fails_if_a_term_runs_into_another_month(zero: date, length: int, before: bool) -> None:
    end = DAYS.last_day(zero, length, Unit.MONTHS, before=before).reading_l
    months = (end.year - zero.year) * 12 + end.month - zero.month
    assert months == (-length if before else length)
    assert end.day == zero.day or (end.day < zero.day and (end + timedelta(days=1)).day == 1)


def test_tm_11_is_silent_on_weeks_which_are_counted_in_days() -> None:
    assert DAYS.last_day(date(2026, 1, 31), 4, Unit.WEEKS).reading_l == date(2026, 2, 28)
    assert DAYS.last_day(date(2024, 1, 31), 4, Unit.WEEKS).reading_l == date(2024, 2, 28)


# TM-12  After a deliberation the appeal runs from the new form.


def test_tm_12_passes_the_new_form_starts_the_appeal_anew() -> None:
    new = terms_on(ASSESSMENT, at(date(2026, 3, 20)), "Worker", ExaminationKind="Periodic")["T5"]
    assert new.day_zero == date(2026, 3, 20)
    contested = appealed(at(date(2026, 3, 28)), communicated_on=date(2026, 3, 20))["T5"]
    assert contested.verdict == Verdict.IN_TIME


def test_tm_12_fails_if_the_form_from_before_the_deliberation_still_counts() -> None:
    from_the_first = appealed(at(date(2026, 3, 28)), communicated_on=date(2026, 3, 1))["T5"]
    from_the_new = appealed(at(date(2026, 3, 28)), communicated_on=date(2026, 3, 20))["T5"]
    assert from_the_first.verdict == Verdict.LATE
    assert from_the_new.verdict == Verdict.IN_TIME


def test_tm_12_is_silent_without_a_new_form(store: Store) -> None:
    first = terms_on(ASSESSMENT, at(date(2026, 3, 2)), "Worker")
    copy = a_copy(ASSESSMENT, "Worker", consigned_at=at(date(2026, 3, 2)))
    again = after_event(store, first, copy, Event.CONTENT_CONSIGNMENT, at(date(2026, 3, 20)))
    assert again["T5"].day_zero == date(2026, 3, 2)


def test_a_least_duration_cannot_be_missed() -> None:
    span = LAW.terms["T13"].version("BE-RD2003").span
    assert span == replace(span, at_least=True)
    with pytest.raises(ValueError, match="least duration"):
        verdict(TermDates(day_zero=DAY_ZERO, reading_l=DAY_ZERO, reading_c=DAY_ZERO), DAY_ZERO, span=span)


@pytest.mark.parametrize("profile", ["BE-RD2003", "BE-CODE-I4"])
@pytest.mark.parametrize("day_zero", [date(2022, 9, 29), date(2022, 9, 30), date(2022, 10, 1), date(2026, 4, 17)])
def test_an_appeal_is_flagged_as_late_exactly_when_its_dated_term_says_so(profile: str, day_zero: date) -> None:
    kind, term = CATALOGUE.by_name(APPEAL), LAW.terms["T5"]
    assert kind is not None
    change = {"//f:FormCommunicatedOn": day_zero.isoformat(), "//c:LegalProfile": profile}
    content = kind.content_of(example(kind, {"base": "valid-full", "set": change}).root)
    assert content is not None
    last_days = DAYS.dates(day_zero, term.version(profile, day=day_zero).span)
    for act in (last_days.reading_l, last_days.reading_l + timedelta(days=1), day_zero + timedelta(days=30)):
        flagged = {each.rule for each in kind.rules.run(content, received_on=act)} & {"AP-06", "AP-11"}
        in_time = verdict(last_days, act) is Verdict.IN_TIME
        assert flagged == (set() if in_time else {"AP-06", "AP-11"}), act
