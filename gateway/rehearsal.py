"""A rule over the records, tried on data alone: a sample, and the earlier forms of its case as samples too.

What a case in rules.yaml says under `earlier:` becomes the case that the gateway would know: every copy dispatched and
handed over at the instant `at`, the terms running. No store, no keys of anybody, nothing signed. Documents that a
header refers to by their digest are left aside (GEN-21).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any

from lxml import etree

from gateway.cases import Case, Cases, Earlier
from gateway.errors import NotFound
from gateway.forms.cases import Example, example
from gateway.forms.findings import Finding
from gateway.forms.kinds import FormKind
from gateway.forms.validation import Validator
from gateway.model import DeliveryId, Event, FiledCopy, PartyId, SubmissionId, Term
from gateway.pseudonyms import RecordKeys
from gateway.records import check
from gateway.terms import started, terms_of
from signing import sha256

_CASES = Cases(keys=RecordKeys(bytes(32)))
_SENDER = PartyId("sender")


@dataclass(frozen=True, kw_only=True)
class _Form:
    kind: FormKind
    content: etree._Element
    raw: bytes
    at: datetime
    links: frozenset[str]


def rehearse(validator: Validator, kind: FormKind, change: Mapping[str, Any]) -> tuple[Finding, ...]:
    """What the rules of `kind` find in the document of a case, those over the records included.

    Raises gateway.forms.cases.NotApplicable when the sample has not what the case changes.
    """
    made = example(kind, change)
    form = _form(kind, made, at=None)
    earlier = [_earlier_form(validator, item) for item in change.get("earlier", ())]
    case = Case(forms=tuple(_as_earlier(each) for each in _together(form, earlier)))
    rules = validator.rules(kind, form.content, received_on=made.received_on)
    filing = _CASES.filing(kind, form.content, received_on=made.received_on, flags=rules)
    filing = replace(filing, references=())  # the samples name invented digests
    return (*rules, *check(filing, case))


def _earlier_form(validator: Validator, item: Mapping[str, Any]) -> _Form:
    kind = validator.catalogue.by_name(item["kind"])
    if kind is None:
        raise NotFound("no-such-kind", f"there is no form kind {item['kind']}")
    return _form(kind, example(kind, item), at=item.get("at"))


def _form(kind: FormKind, made: Example, *, at: datetime | None) -> _Form:
    content = kind.content_of(made.root)
    if content is None:
        raise NotFound("no-content", "the sample has no Content")
    filing = _CASES.filing(kind, content, received_on=made.received_on)
    return _Form(
        kind=kind,
        content=content,
        raw=made.raw,
        at=at or datetime.combine(made.received_on, time(12), kind.calendar.zone),
        links=frozenset(_CASES.links(filing, content, sender=_SENDER)),
    )


def _together(form: _Form, earlier: Sequence[_Form]) -> list[_Form]:
    """Those of `earlier` that are one case with `form`, oldest first."""
    links, inside = set(form.links), list[_Form]()
    waiting = sorted(earlier, key=lambda each: each.at)
    while found := [each for each in waiting if each.links & links]:
        inside += found
        waiting = [each for each in waiting if each not in found]
        links.update(*(each.links for each in found))
    return sorted(inside, key=lambda each: each.at)


def _as_earlier(form: _Form) -> Earlier:
    kind, day = form.kind, form.kind.calendar.date_of(form.at)
    filing = _CASES.filing(kind, form.content, received_on=day)
    recipients = [route.role for route in kind.routes if route.applies(form.content)]
    terms = terms_of(kind, form.content, accepted_at=form.at, recipients=recipients)
    return Earlier(
        submission_id=SubmissionId(filing.document_id),
        kind=kind.id,
        document_id=filing.document_id,
        digest=sha256(form.raw),
        sender=_SENDER,
        accepted_at=form.at,
        facts=filing.facts,
        calendar=kind.calendar,
        copies=tuple(
            FiledCopy(
                id=DeliveryId(role),
                role=role,
                party=PartyId(role.lower()),
                consigned_at=form.at,
                handed_over_at=form.at,
            )
            for role in recipients
        ),
        terms=tuple(_running(term, recipients, form) for term in terms),
    )


def _running(term: Term, recipients: Sequence[str], form: _Form) -> Term:
    calendar = form.kind.calendar
    for role in recipients:
        running = started(term, Event.CONTENT_HANDOVER, role, calendar.date_of(form.at), calendar)
        if running is not None:
            return running
    return term
