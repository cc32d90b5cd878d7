"""Where a term stands on a day (TM-03, TM-04), and which form did what it asks for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from gateway.case_status import Known, TermState, term_state
from gateway.cases import Case, Earlier, Facts, Filing
from gateway.forms.catalogue import load_countries
from gateway.model import Endpoint, EndpointKind, Party, PartyId, SubmissionId, Term
from gateway.records import CHECKS
from tests.schemas.cases import catalogue

RUNNING = Term(
    id="T5",
    article="Art. 65",
    act={"en": "x"},
    length=7,
    unit="working-days",
    starts_on=None,
    day_zero=date(2026, 3, 3),
    last_day=date(2026, 3, 11),
    last_day_other_reading=date(2026, 3, 12),
)
WAITING = Term(id="T6", article="Art. 67", act={"en": "x"}, length=21, unit="working-days", starts_on="E:R")


@pytest.mark.parametrize(
    ("bound", "day", "state"),
    [
        ("party", 3, TermState.RUNNING),
        ("party", 11, TermState.RUNNING),
        ("party", 12, TermState.DUE),
        ("party", 13, TermState.PASSED),
        ("authority", 11, TermState.RUNNING),
        ("authority", 12, TermState.DUE),
        ("authority", 13, TermState.OVERDUE),
    ],
)
def test_nothing_is_held_against_anybody_before_the_later_last_day(bound: str, day: int, state: TermState) -> None:
    assert term_state(replace(RUNNING, bound=bound), date(2026, 3, day)) is state


def test_a_term_waits_for_its_event_and_what_was_done_is_done() -> None:
    assert term_state(WAITING, date(2026, 3, 13)) is TermState.WAITING
    assert term_state(RUNNING, date(2026, 5, 1), fulfilled=True) is TermState.FULFILLED


AT = datetime(2026, 3, 3, 9, tzinfo=UTC)
BELGIUM = load_countries()["be"].calendar
SERVICE = Party(
    id=PartyId("service"),
    name="Service",
    roles=frozenset(),
    identifiers={},
    endpoint=Endpoint(kind=EndpointKind.MAILBOX),
)
CONTESTABLE = replace(RUNNING, done_by=("be/appeal",))


def a_form(number: str, kind: str, *, after: timedelta = timedelta(0), **facts: str) -> Earlier:
    return Earlier(
        submission_id=SubmissionId(f"form {number}"),
        kind=kind,
        document_id=number,
        digest="sha256:00",
        sender=SERVICE.id,
        accepted_at=AT + after,
        facts=Facts(values={name.replace("_", "-"): (text,) for name, text in facts.items()}),
        calendar=BELGIUM,
        terms=(CONTESTABLE,),
    )


def did(*forms: Earlier) -> dict[str, str | None]:
    """For each form of a case, which one did what its term asks for."""
    case, references = Case(forms=forms), {"be/appeal": ("contested-form",)}
    known = Known(party=SERVICE, case=case, all_forms=case, references=references)
    found = {form.document_id: known.fulfilled_by(form, CONTESTABLE) for form in forms}
    return {number: None if act is None else act.document_id for number, act in found.items()}


@pytest.mark.parametrize("after", [timedelta(days=1), timedelta(0), timedelta(hours=-2)])
def test_what_came_later_is_told_by_its_order_whatever_the_clock_showed(after: timedelta) -> None:
    """The clock was set back, or shows the same millisecond; nothing fulfils what it asks for itself."""
    first, second = (a_form(number, "be/health-assessment") for number in ("A", "B"))
    appeal = a_form("C", "be/appeal", after=after, contested_form="B")
    assert did(first, second, appeal) == {"A": None, "B": "C", "C": None}
    assert did(appeal, first, second) == {"A": None, "B": None, "C": None}


@pytest.mark.parametrize("after", [timedelta(days=1), timedelta(hours=-2)])
def test_a_notice_precedes_the_form_by_its_order_too(after: timedelta) -> None:
    """DN-04."""
    kind = catalogue().by_name("be/deliberation-notice")
    assert kind is not None
    facts = Facts(values={"proposal": ("PermanentChange",), "suspensive": ("true",)})
    filing = Filing(kind=kind, document_id="N", issued_on="2026-03-03", received_on=AT.date(), facts=facts)
    notice = a_form("A", "be/deliberation-notice", proposal="PermanentChange")
    change = a_form("B", "be/health-assessment", after=after, permanent_change="true")
    assert not list(CHECKS["notice-before-form"](filing, Case(forms=(notice, change))))
    assert list(CHECKS["notice-before-form"](filing, Case(forms=(change, notice))))
