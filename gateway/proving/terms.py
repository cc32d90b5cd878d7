"""What the terms of a submission must show: that they run since the day on which evidence starts them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date

from gateway.deadlines import Calendar
from gateway.dossier import Dossier
from gateway.flaws import Flaw
from gateway.model import Event, Evidence, Term
from gateway.paper import BY_POST
from gateway.proving.evidence import Said
from gateway.statement import Statement, stated

AT_ACCEPTANCE = (Event.SUBMISSION_ACCEPTANCE, Event.CONTENT_CONSIGNMENT)


def prove_terms(dossier: Dossier, said: Said, *, calendars: Mapping[str, Calendar]) -> Iterator[Flaw]:
    """The dates of its terms against its evidence. calendars: by country."""
    submission, place = dossier.submission, f"submission {dossier.submission.id}"
    accepted = [each for evidence, each in said if evidence.event is Event.SUBMISSION_ACCEPTANCE and each]
    at_acceptance = [term for term in dossier.terms if _from_acceptance(term)]
    if accepted and Counter(stated(term) for term in at_acceptance if term.day_zero) != Counter(accepted[0].terms):
        yield Flaw(code="terms-differ", place=place, detail="acceptance")
    roles: dict[str | None, str] = {copy.delivery.id: copy.delivery.role for copy in dossier.copies}
    calendar = calendars.get(submission.kind.partition("/")[0])
    for term in dossier.terms:
        event, _, role = (term.starts_on or "").partition(":")
        if calendar is None or not event or event == Event.SUBMISSION_ACCEPTANCE:
            continue
        started = [
            day
            for evidence, statement in said
            if (not role or roles.get(evidence.delivery_id) == role)
            and (day := _starting_day(event, evidence, statement, calendar)) is not None
        ]
        if not started and term.day_zero is not None:
            yield Flaw(code="term-without-evidence", place=place, detail=term.id)
        elif started and term.day_zero is None:
            yield Flaw(code="term-not-started", place=place, detail=term.id)
        elif started and not _from_acceptance(term):
            dates = calendar.last_day(started[0], term.length, term.unit)
            due = (started[0], dates.reading_l, dates.reading_c)
            if due != (term.day_zero, term.last_day, term.last_day_other_reading):
                yield Flaw(code="terms-differ", place=place, detail=term.id)


def _starting_day(event: str, evidence: Evidence, statement: Statement | None, calendar: Calendar) -> date | None:
    """The day on which evidence starts a term that waits for `event`; what the post handed over is handed over."""
    if evidence.event == event:
        return calendar.date_of(evidence.at)
    by_post = evidence.event is Event.RECEIVED_FROM_NON_ERDS and event == Event.CONTENT_HANDOVER
    if by_post and statement is not None and BY_POST in statement.reasons:
        return statement.posted_on
    return None


def _from_acceptance(term: Term) -> bool:
    return term.starts_on is None or term.starts_on.partition(":")[0] in AT_ACCEPTANCE
