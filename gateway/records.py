"""Rules over what the gateway knows: the earlier forms of a worker's case, when their copies went out, their terms.

Each is a pure function of a form that comes in and its case; it yields the place of each breach, None for the form as
a whole. Which rule it checks is said in rules.yaml (`checked: records`, `by:`), with severity, article and words. The
functions read facts (`[[fact]]` in form.toml) and never a form: what a code of a form means for the law is said there.

The answer never tells whether a number is somebody else's or nobody's: a form of another worker is in no case of this
one, so both are simply not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import lru_cache

from gateway.cases import Case, Earlier, Filing
from gateway.deadlines import TermDates, Verdict, verdict
from gateway.forms.findings import Finding, Phase
from gateway.forms.rules import Rule, RuleSet

Check = Callable[[Filing, Case], Iterator[str | None]]

PRIVACY = frozenset({"HA-03", "HA-04", "HA-06"})  # what a physician may confirm to be harmless
PRIOR_MEASURES = 6  # Art. 55, 57, 58


def check(filing: Filing, case: Case) -> tuple[Finding, ...]:
    """What the rules of the form's kind that are checked over the records find."""
    return tuple(
        filing.kind.rules.finding(rule.id, Phase.RECORDS, path=path)
        for rule, breaches in _checked(filing.kind.rules)
        if rule.in_force(filing.issued_on)
        for path in breaches(filing, case)
    )


@lru_cache
def _checked(rules: RuleSet) -> tuple[tuple[Rule, Check], ...]:
    """The rules of a kind that are checked here, with their functions."""
    return tuple((rule, CHECKS[rule.by]) for rule in rules.rules if rule.by is not None and rule.by in CHECKS)


# References between documents


def _related_documents(filing: Filing, case: Case) -> Iterator[str | None]:
    """GEN-21: a document that the header names is there, and its digest agrees."""
    for reference in filing.references:
        known = case.document(reference.document_id)
        if known is None or known.digest != reference.digest:
            yield reference.path


def _contested_form(filing: Filing, case: Case) -> Iterator[str | None]:
    """AP-04: the contested form, where it is named by its number, is one of this worker."""
    if filing.facts.has("contested-form") and _contested(filing, case) is None:
        yield filing.place("contested-form")


def _appeal_decided(filing: Filing, case: Case) -> Iterator[str | None]:
    """AD-01: the appeal that is decided was received here."""
    if _appeal(filing, case) is None:
        yield filing.place("appeal")


# The dossier supplement of an assessment


def _privacy_confirmation(filing: Filing, case: Case) -> Iterator[str | None]:
    """HA-05, SP-47: a text that was flagged is confirmed by the physician, place by place."""
    confirmed = {place for form in _for_the_dossier(filing, case) for place in form.facts.all("confirmation")}
    for flag in filing.flags:
        if flag.rule in PRIVACY and f"{flag.rule} {flag.path}" not in confirmed:
            yield flag.path


def _recorded_justification(filing: Filing, case: Case) -> Iterator[str | None]:
    """HA-19: the reasons of an inability after a preceding assessment are in the dossier."""
    supplements = _supplements(filing, case)
    if filing.facts.holds("reasons-needed") and not any(s.facts.holds("justification-recorded") for s in supplements):
        yield filing.place("decision-value")


def _prior_measures(filing: Filing, case: Case) -> Iterator[str | None]:
    """HA-48: the prior measures are in the dossier."""
    taken = {measure for supplement in _supplements(filing, case) for measure in supplement.facts.all("prior-measure")}
    if filing.facts.holds("measures-needed") and len(taken) < PRIOR_MEASURES:
        yield filing.place("decision-value")


# The deliberation


def _deliberation_closed(filing: Filing, case: Case) -> Iterator[str | None]:
    """HA-45: a permanent change of work comes after a deliberation notice with a closed outcome."""
    closed = case.with_facts("proposal") and _outcomes(case)
    if filing.facts.holds("permanent-change") and not _is_article_62(filing, case) and not closed:
        yield filing.place("decision-value")


def _deliberation_begun(filing: Filing, case: Case) -> Iterator[str | None]:
    """HA-46: so does a temporary one."""
    if filing.facts.holds("temporary-change") and not _is_article_62(filing, case) and not case.with_facts("proposal"):
        yield filing.place("decision-value")


def _deliberation_offered(filing: Filing, case: Case) -> Iterator[str | None]:
    """HA-41: where deliberation does not suspend, the first form after the notice offers it and recommends measures."""
    offered = filing.facts.holds("deliberation-offered") and filing.facts.holds("recommendations")
    begun = case.with_facts("proposal") and not _outcomes(case)
    if _proposes_change(filing) and _is_article_62(filing, case) and begun and not offered:
        yield filing.place("decision-value")


def _article_62_ground(filing: Filing, case: Case) -> Iterator[str | None]:
    """HA-42: a form offers deliberation only on a ground on which deliberation does not suspend."""
    if filing.facts.holds("deliberation-offered") and not _is_article_62(filing, case):
        yield filing.place("deliberation")


def _deliberation_result(filing: Filing, case: Case) -> Iterator[str | None]:
    """HA-43: a decision that is upheld says so, and that the change is essential, with its conditions."""
    outcome = next((form.facts.one("outcome") for form in reversed(_outcomes(case))), None)
    said = {"PhysiciansDisagree": "doctors-differ", "NotFinalisedInTerm": "not-finalised"}.get(outcome or "")
    if _proposes_change(filing) and said and not (filing.facts.holds(said) and filing.facts.holds("change-essential")):
        yield filing.place("deliberation") if filing.facts.has("deliberation") else filing.place("decision-value")


def _new_form(filing: Filing, case: Case) -> Iterator[str | None]:
    """HA-47: the form after a deliberation that did not suspend names the first form that it supersedes."""
    first = first_form_to_supersede(case)
    if first is not None and filing.facts.has("decision-value") and filing.facts.one("supersedes") != first.document_id:
        yield filing.place("supersedes")


def first_form_to_supersede(case: Case) -> Earlier | None:
    """The form that offered deliberation, once that is over and as long as no form supersedes it (Art. 62 par. 3)."""
    if not _outcomes(case):
        return None
    superseded = {form.facts.one("supersedes") for form in case.forms}
    offers = (form for form in case.forms if form.facts.holds("deliberation-offered"))
    return next((form for form in offers if form.document_id not in superseded), None)


def _notice_before_form(filing: Filing, case: Case) -> Iterator[str | None]:
    """DN-04: where deliberation suspends, the notice precedes the form that makes the change."""
    change = {"PermanentChange": "permanent-change", "TemporaryChange": "temporary-change"}.get(
        filing.facts.one("proposal") or "", ""
    )
    if not filing.facts.holds("suspensive"):
        return
    announced = next((place for place, form in enumerate(case.forms) if form.facts.has("proposal")), None)
    made = next((n for n, form in enumerate(case.forms) if form.facts.holds(change) and not _has_ground(form)), None)
    if made is not None and (announced is None or made < announced):
        yield filing.place("proposal")


def _outcome_fits_reply(filing: Filing, case: Case) -> Iterator[str | None]:
    """DN-13: the outcome does not contradict what the worker replied."""
    needed = {"WorkerAgreed": "Agrees", "JointDecision": "DoesNotAgree", "PhysiciansDisagree": "DoesNotAgree"}
    reply = next((form.facts.one("agreement") for form in reversed(case.with_facts("agreement"))), None)
    outcome = filing.facts.one("outcome") or ""
    if reply is not None and needed.get(outcome, reply) != reply:
        yield filing.place("outcome")


def _reply_in_time(filing: Filing, case: Case) -> Iterator[str | None]:
    """DN-07: the reply is given within its term after the notice was acknowledged."""
    notice = case.document(filing.facts.one("notice"))
    if notice is not None and _late(notice, filing.received_on, "T3"):
        yield filing.place("replied-on")


def _closed_in_time(filing: Filing, case: Case) -> Iterator[str | None]:
    """DN-11: a deliberation that is closed after its term has the outcome that says so."""
    if filing.facts.one("outcome") == "NotFinalisedInTerm":
        return
    closed_on = filing.facts.day("closed-on")
    if closed_on is not None and any(_late(form, closed_on, "T4") for form in case.forms):
        yield filing.place("closed-on")


# The appeal


def _communication_date(filing: Filing, case: Case) -> Iterator[str | None]:
    """AP-09: the date of communication is one of the gateway's own record of the worker's copy, the post's included."""
    contested, said = _contested(filing, case), filing.facts.day("communicated-on")
    if contested is None or said is None:
        return
    meant = [contested, *(form for form in case.forms if form.facts.may_be("supersedes", contested.document_id))]
    known = {day for form in meant for day in form.dispatched_on("Worker")}
    if filing.facts.one("received-manner") == "HandedOver":
        known |= {day for form in meant for day in form.handed_over_on("Worker")}
    if known and said not in known and not any(form.may_have_come_on_paper("Worker", said) for form in meant):
        yield filing.place("communicated-on")


def _newest_form(filing: Filing, case: Case) -> Iterator[str | None]:
    """AP-07: once a new form has followed a deliberation, the term of the appeal runs from that one."""
    contested, said = _contested(filing, case), filing.facts.day("communicated-on")
    if contested is None or said is None or not contested.facts.holds("deliberation-offered"):
        return
    for form in case.forms:
        if form.facts.one("supersedes") == contested.document_id:
            dispatched_on = form.dispatched_on("Worker")
            if dispatched_on and said < min(dispatched_on):
                yield filing.place("communicated-on")
                return


def _first_appeal(filing: Filing, case: Case) -> Iterator[str | None]:
    """AP-17: one appeal per contested form."""
    contested = filing.facts.one("contested-form")
    if contested and any(form.facts.one("contested-form") == contested for form in case.forms):
        yield filing.place("contested-form")


# What they share


def _contested(filing: Filing, case: Case) -> Earlier | None:
    form = case.document(filing.facts.one("contested-form"))
    return form if form is not None and form.facts.has("decision-value") else None


def _appeal(filing: Filing, case: Case) -> Earlier | None:
    appeal = case.document(filing.facts.one("appeal"))
    return appeal if appeal is not None and appeal.facts.has("contested-decision") else None


def _supplements(filing: Filing, case: Case) -> tuple[Earlier, ...]:
    """The dossier supplements of this very form."""
    return tuple(form for form in case.forms if form.facts.one("assessment") == filing.document_id)


def _for_the_dossier(filing: Filing, case: Case) -> tuple[Earlier, ...]:
    """What went to the dossier because of this very form: supplements of an assessment, annexes of a decision."""
    annexes = (form for form in case.forms if form.facts.one("decision") == filing.document_id)
    return (*_supplements(filing, case), *annexes)


def _outcomes(case: Case) -> tuple[Earlier, ...]:
    return case.with_facts("outcome", "closed-on")


def _is_article_62(filing: Filing, case: Case) -> bool:
    """Whether deliberation does not suspend: by the form itself, or by a ground that only the dossier knows."""
    return filing.facts.holds("article-62") or any(s.facts.has("article62-ground") for s in _supplements(filing, case))


def _proposes_change(filing: Filing) -> bool:
    return filing.facts.holds("permanent-change") or filing.facts.holds("permanent-disability")


def _has_ground(form: Earlier) -> bool:
    return form.facts.holds("article-62") or form.facts.has("article62-ground")


def _late(form: Earlier, act: date, *term_ids: str) -> bool:
    """Whether an act comes after the last day of a running term of `form`, under the reading that ends first."""
    term = form.term(*term_ids)
    if term is None or term.day_zero is None or term.last_day is None or term.last_day_other_reading is None:
        return False
    dates = TermDates(day_zero=term.day_zero, reading_l=term.last_day, reading_c=term.last_day_other_reading)
    return verdict(dates, act) is not Verdict.IN_TIME


CHECKS: Mapping[str, Check] = {
    "related-documents-agree": _related_documents,
    "privacy-confirmation": _privacy_confirmation,
    "recorded-justification": _recorded_justification,
    "prior-measures": _prior_measures,
    "deliberation-closed": _deliberation_closed,
    "deliberation-begun": _deliberation_begun,
    "deliberation-offered": _deliberation_offered,
    "article-62-ground": _article_62_ground,
    "deliberation-result": _deliberation_result,
    "new-form": _new_form,
    "notice-before-form": _notice_before_form,
    "outcome-fits-reply": _outcome_fits_reply,
    "reply-in-time": _reply_in_time,
    "closed-in-time": _closed_in_time,
    "appellant-is-the-examined": _contested_form,
    "communicated-as-delivered": _communication_date,
    "term-runs-from-new-form": _newest_form,
    "one-appeal-per-form": _first_appeal,
    "decides-an-appeal": _appeal_decided,
}
