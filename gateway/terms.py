"""Legal terms of a submission: computed from the form kind's dated rules, started by dates in the form or by evidence.

Both last days are kept: the party is told the earlier one, and nothing is held against it before the later one. An
appeal that comes late is flagged, never refused: the law gives that decision to the inspector.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime

from lxml import etree

from gateway.deadlines import Calendar, verdict
from gateway.forms.kinds import FormKind, TermRule
from gateway.model import Delivery, Event, Role, Term
from gateway.ports import Transaction

BINDS_THIS_FORM = "this-form"


def terms_of(
    kind: FormKind, content: etree._Element, *, accepted_at: datetime, recipients: Collection[Role]
) -> list[Term]:
    """The terms that a form brings with it, with dates where its own field or its acceptance starts them.

    recipients: the roles to which a copy goes.
    """
    today = kind.calendar.date_of(accepted_at)
    happened = {f"{Event.SUBMISSION_ACCEPTANCE}:"} | {f"{Event.CONTENT_CONSIGNMENT}:{role}" for role in recipients}
    terms: list[Term] = []
    for rule in kind.terms:
        if not rule.applies(content):
            continue
        if rule.starts_on is None:
            day_zero = rule.day_zero(content)
        else:
            day_zero = today if rule.starts_on in happened else None
        terms.append(_term(rule, content, day_zero, act_day=today, calendar=kind.calendar))
    return terms


def _term(rule: TermRule, content: etree._Element, day_zero: date | None, *, act_day: date, calendar: Calendar) -> Term:
    law = rule.version(content, day_zero or act_day)
    dates = None if day_zero is None else calendar.dates(day_zero, law.span)
    judged = rule.binds == BINDS_THIS_FORM
    return Term(
        id=rule.id,
        article=law.article,
        act=rule.term.act,
        length=law.span.length,
        unit=law.span.unit,
        starts_on=rule.starts_on,
        bound=rule.term.bound,
        binds=rule.binds,
        done_by=rule.done_by,
        reason=rule.term.day_zero,
        law=law.legal.act,
        day_zero=day_zero,
        last_day=None if dates is None else dates.reading_l,
        last_day_other_reading=None if dates is None else dates.reading_c,
        verdict=verdict(dates, act_day, bound=rule.term.bound, span=law.span) if dates and judged else None,
    )


def starter(event: Event, role: Role) -> str:
    """`event` at a recipient in `role`, as terms name what starts them (`starts_on`)."""
    return f"{event}:{role}"


def started(term: Term, event: Event, role: Role, day: date, calendar: Calendar) -> Term | None:
    """The term as `event` at a recipient on `day` starts it; None where it does not."""
    if term.day_zero is not None or term.starts_on != starter(event, role):
        return None
    dates = calendar.last_day(day, term.length, term.unit)
    return replace(term, day_zero=day, last_day=dates.reading_l, last_day_other_reading=dates.reading_c)


def last_day_for(role: Role, terms: Iterable[Term], actors: Mapping[str, frozenset[Role]]) -> date | None:
    """The earliest last day of the running terms within which a recipient in `role` must or may act on its copy.

    It cannot act on what it has not got, so its copy must be handed over before that day ends. Terms that the form
    itself had to keep are met by handing it in. actors: kind of form -> the roles that sign it.
    """
    days = (
        term.last_day
        for term in terms
        if term.last_day is not None
        and term.binds != BINDS_THIS_FORM
        and any(role in actors.get(kind, ()) for kind in term.done_by)
    )
    return min(days, default=None)


def start_terms(unit: Transaction, delivery: Delivery, event: Event, day: date, calendar: Calendar) -> None:
    """Start, in the caller's transaction, the terms that `event` at the delivery's recipient starts on `day`."""
    for term in unit.terms_started_by(delivery.submission_id, starter(event, delivery.role)):
        running = started(term, event, delivery.role, day, calendar)
        if running is not None:
            unit.start_term(delivery.submission_id, running)
