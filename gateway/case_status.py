"""The read side of cases: which terms run for whom, since when and why, and whether a decision is definitive yet.

A party sees the forms of a case that it sent or received, their terms, and what it may know of what became of them:
an act that fulfils a term shows only if the party knows of it, from the form itself or from a notice of it. So the
employer sees an appeal of which it got the notice, and nothing of a deliberation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property

from gateway.cases import Case, Cases, Earlier
from gateway.deadlines import Bound, TermDates, Verdict, verdict
from gateway.errors import NotFound
from gateway.forms.catalogue import Catalogue
from gateway.forms.citing import Acts
from gateway.forms.kinds import Keep
from gateway.model import CaseId, Event, Evidence, Filed, Party, Term, instant_text
from gateway.ports import Clock, Reading, Store
from gateway.records import first_form_to_supersede
from gateway.resources import ROOT, Json, evidence_href, submission_href, term_view, without_nulls
from gateway.terms import BINDS_THIS_FORM

NEW_FORM = "HA-47"  # the rule that asks for a new form once a deliberation is over
NEW_FORM_WORKING_DAYS = 5


class TermState(StrEnum):
    """Where a term stands today (TM-03, TM-04).

    waiting: its event has not happened. due: past the last day of the first reading, nothing is held against anybody
    yet. passed: nobody did what a party could have done. overdue: an authority or physician still must.
    """

    WAITING = "waiting"
    RUNNING = "running"
    DUE = "due"
    PASSED = "passed"
    OVERDUE = "overdue"
    FULFILLED = "fulfilled"


@dataclass(frozen=True, kw_only=True)
class Known:
    """What one party may know of a case. case: the forms it sent or received. all_forms: the whole case."""

    party: Party
    case: Case
    all_forms: Case
    references: Mapping[str, tuple[str, ...]]

    def fulfilled_by(self, form: Earlier, term: Term) -> Earlier | None:
        """The form that did what the term asks for, if the party knows of it."""
        act = next(self._acts(form, term), None)
        return act if act is not None and self._knows(act) else None

    def _acts(self, form: Earlier, term: Term) -> Iterator[Earlier]:
        """Forms of the right kind that came later and speak of `form`, or of no other of its kind."""
        before, same_kind = self._place[form.submission_id], self._numbers[form.kind]
        for place, later in self._of_kinds(term.done_by):
            if place > before:
                named = same_kind & self._named[later.submission_id]
                if not named or form.document_id in named:
                    yield later

    def _knows(self, act: Earlier) -> bool:
        return act.submission_id in self._mine or act.document_id in self._told_of

    def _of_kinds(self, kinds: tuple[str, ...]) -> Sequence[tuple[int, Earlier]]:
        """Forms of these kinds, each with its place in the case."""
        if kinds not in self._found:
            self._found[kinds] = [(n, form) for n, form in enumerate(self.all_forms.forms) if form.kind in kinds]
        return self._found[kinds]

    # What the questions above look up, so that a case of hundreds of forms is not gone through for each of its terms.

    @cached_property
    def _place(self) -> Mapping[str, int]:
        """When each form came: their order, for a clock may have been set back between two of them."""
        return {form.submission_id: place for place, form in enumerate(self.all_forms.forms)}

    @cached_property
    def _numbers(self) -> Mapping[str, set[str]]:
        """Form kind -> the numbers of its forms."""
        found = defaultdict[str, set[str]](set)
        for form in self.all_forms.forms:
            found[form.kind].add(form.document_id)
        return found

    @cached_property
    def _named(self) -> Mapping[str, frozenset[str]]:
        """The documents to which each form refers."""
        return {
            form.submission_id: frozenset(
                value for name in self.references.get(form.kind, ()) for value in form.facts.all(name)
            )
            for form in self.all_forms.forms
        }

    @cached_property
    def _mine(self) -> frozenset[str]:
        return frozenset(form.submission_id for form in self.case.forms)

    @cached_property
    def _told_of(self) -> frozenset[str]:
        """The documents to which the party's own forms refer."""
        return frozenset[str]().union(*(self._named[each] for each in self._mine))

    @cached_property
    def _found(self) -> dict[tuple[str, ...], Sequence[tuple[int, Earlier]]]:
        return {}


@dataclass(frozen=True, kw_only=True)
class CaseStatus:
    """Answers questions about cases to the parties concerned."""

    store: Store
    catalogue: Catalogue
    clock: Clock
    records: Cases = field(repr=False)

    def cases(self, party: Party, *, after: int, limit: int) -> tuple[list[Json], int | None]:
        """A page of the cases in which the party sent or received a form, and the cursor of the next page."""

        def look(view: Reading) -> list[tuple[int, Json]]:
            found = view.cases_of(party.id, after=after, limit=limit)
            return [
                (seq, _summary(case_id, _visible(party, view.case(case_id, party=party.id)))) for seq, case_id in found
            ]

        found = self.store.read(look)
        return [item for _, item in found], found[-1][0] if len(found) == limit else None

    def case(self, party: Party, case_id: CaseId, *, language: str) -> Json:
        """A case as the party may see it today. Raises NotFound."""

        def look(view: Reading) -> tuple[Known, Mapping[str, Sequence[Evidence]]]:
            filed = view.case(case_id, party=party.id)
            visible = _visible(party, filed)
            if not visible:
                raise NotFound("case-not-found", "no such case of this party")
            kind = self.catalogue.by_name(visible[0].kind) or self.catalogue.kinds[0]
            whole = self.records.opened(filed, view, kind.calendar)
            ids = {form.submission_id for form in visible}
            mine = Case(forms=tuple(form for form in whole.forms if form.submission_id in ids))
            known = Known(party=party, case=mine, all_forms=whole, references=self._references())
            return known, {form.submission_id: view.evidence_of(form.submission_id) for form in mine.forms}

        known, evidence = self.store.read(look)
        today = known.case.forms[0].calendar.date_of(self.clock.now())
        return {
            **_summary(case_id, known.case.forms),
            "forms": [_form(known, form, today) for form in known.case.forms],
            "terms": [
                _term(known, form, term, evidence[form.submission_id], today, self.catalogue.acts, language)
                for form in known.case.forms
                for term in form.terms
                if term.binds != BINDS_THIS_FORM
            ],
            "flags": [self._flag(rule, language) for rule in _duties(known, today)],
        }

    def _references(self) -> dict[str, tuple[str, ...]]:
        """Form kind -> names of its facts that refer to documents."""
        return {
            kind.id: tuple(fact.name for fact in kind.facts if fact.keep is Keep.REFERENCE)
            for kind in self.catalogue.kinds
        }

    def _flag(self, rule_id: str, language: str) -> Json:
        listed = self.catalogue.rule(rule_id)
        if listed is None:
            return {"rule": rule_id}
        words = listed.rule.words
        return {
            "rule": rule_id,
            "severity": listed.rule.severity,
            **self.catalogue.acts.shown(listed.rule.legal, language),
            "message": words.message[language],
            "fix": words.fix[language],
        }


def _visible(party: Party, filed: Sequence[Filed]) -> list[Filed]:
    return [form for form in filed if form.sender == party.id or any(copy.party == party.id for copy in form.copies)]


def _summary(case_id: CaseId, forms: Sequence[Filed | Earlier]) -> Json:
    return {
        "caseId": case_id,
        "href": f"{ROOT}/cases/{case_id}",
        "openedAt": instant_text(forms[0].accepted_at),
        "lastAt": instant_text(forms[-1].accepted_at),
        "formCount": len(forms),
    }


def _form(known: Known, form: Earlier, today: date) -> Json:
    """One form. notDefinitive (HA-53): its decision can still be contested, or is contested and not decided."""
    sent = form.sender == known.party.id
    copies = [copy for copy in form.copies if sent or copy.party == known.party.id]
    decides = form.facts.has("decision-value") and any(term.binds != BINDS_THIS_FORM for term in form.terms)
    return without_nulls(
        {
            "submissionId": form.submission_id,
            "href": submission_href(form.submission_id) if sent else None,
            "kind": form.kind,
            "documentId": form.document_id,
            "sent": sent,
            "copies": [
                without_nulls(
                    {
                        "role": copy.role,
                        "consignedAt": instant_text(copy.consigned_at),
                        "handedOverAt": copy.handed_over_at and instant_text(copy.handed_over_at),
                        "postedOn": [day.isoformat() for day in copy.posted_on] or None,
                        "handedOverByPostOn": [day.isoformat() for day in copy.delivered_on] or None,
                    }
                )
                for copy in copies
            ],
            "acceptedAt": instant_text(form.accepted_at),
            "notDefinitive": _is_open(known, form, today) if decides else None,
        }
    )


def _is_open(known: Known, form: Earlier, today: date) -> bool:
    """Whether somebody can still contest what the form decides, or has and waits for the decision."""
    for term in form.terms:
        if term.binds == BINDS_THIS_FORM:
            continue
        act = known.fulfilled_by(form, term)
        if act is None:
            if term_state(term, today) in (TermState.WAITING, TermState.RUNNING, TermState.DUE, TermState.OVERDUE):
                return True
        elif _is_open(known, act, today):
            return True
    return False


def term_state(term: Term, today: date, *, fulfilled: bool = False) -> TermState:
    """Where a term stands."""
    if fulfilled:
        return TermState.FULFILLED
    dates = _dates(term)
    if dates is None:
        return TermState.WAITING
    match verdict(dates, today, bound=term.bound):
        case Verdict.IN_TIME:
            return TermState.RUNNING
        case Verdict.IN_TIME_ON_READING_C | Verdict.DUE:
            return TermState.DUE
        case _:
            return TermState.OVERDUE if term.bound == Bound.AUTHORITY else TermState.PASSED


def _dates(term: Term) -> TermDates | None:
    if term.day_zero is None or term.last_day is None or term.last_day_other_reading is None:
        return None
    return TermDates(day_zero=term.day_zero, reading_l=term.last_day, reading_c=term.last_day_other_reading)


def _term(
    known: Known, form: Earlier, term: Term, evidence: Sequence[Evidence], today: date, acts: Acts, language: str
) -> Json:
    """One term: the law's words, both last days, why day zero is what it is, where it stands, and by what."""
    act, dates = known.fulfilled_by(form, term), _dates(term)
    done = None
    if act is not None:
        day = act.calendar.date_of(act.accepted_at)
        done = without_nulls(
            {
                "kind": act.kind,
                "submissionId": act.submission_id if act in known.case.forms else None,
                "on": day.isoformat(),
                "verdict": None if dates is None else verdict(dates, day, bound=term.bound),
            }
        )
    return without_nulls(
        {
            "submissionId": form.submission_id,
            "kind": form.kind,
            **term_view(term, acts, language),
            "dayZeroIs": term.reason.get(language) or term.reason.get("en"),
            "startedBy": _started_by(known, form, term, evidence),
            "boundIs": term.bound,
            "state": term_state(term, today, fulfilled=act is not None),
            "fulfilledBy": done,
        }
    )


def _started_by(known: Known, form: Earlier, term: Term, evidence: Sequence[Evidence]) -> Json | None:
    """The event that started a term, with its evidence where the party may read that; None for a date in the form."""
    if term.starts_on is None or term.day_zero is None:
        return None
    event, _, role = term.starts_on.partition(":")
    at = next((copy for copy in form.copies if copy.role == role), None)
    mine = form.sender == known.party.id or (at is not None and at.party == known.party.id)
    of = None if at is None else at.id
    events = (event, Event.RECEIVED_FROM_NON_ERDS) if event == Event.CONTENT_HANDOVER else (event,)
    proof = next((each for each in evidence if mine and each.event in events and each.delivery_id == of), None)
    return without_nulls(
        {
            "event": event,
            "role": role or None,
            "evidenceId": proof and proof.id,
            "href": proof and evidence_href(proof.id),
        }
    )


def _duties(known: Known, today: date) -> Iterator[str]:
    """Rules whose duty is open although no form comes in that would show it; for those who know of the deliberation."""
    closed = [day for form in known.case.with_facts("outcome", "closed-on") if (day := form.facts.day("closed-on"))]
    if closed and first_form_to_supersede(known.all_forms) is not None:
        dates = known.case.forms[0].calendar.last_day(max(closed), NEW_FORM_WORKING_DAYS, "working-days")
        if today > dates.reading_c:
            yield NEW_FORM
