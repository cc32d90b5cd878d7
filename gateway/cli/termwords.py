"""Days, units and verdicts around legal terms. What a term itself says stands in terms.yaml of its country."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.cli.output import said
from gateway.deadlines import Unit, Verdict

# What becomes of an act; in the table of labels.
VERDICTS: Mapping[Verdict, str] = {
    Verdict.IN_TIME: "in time",
    Verdict.IN_TIME_ON_READING_C: "in time if Saturday does not count",
    Verdict.LATE: "too late under both readings; it is passed on all the same",
    Verdict.DUE: "the term ends in these days, depending on the reading",
    Verdict.OVERDUE: "after the term; the act stands all the same",
    Verdict.DELAYED: "later than without delay; the act stands all the same",
}


def verdict_shown(verdict: str) -> str:
    """A verdict with its words; alone when only a newer counter knows it."""
    return f"{verdict}: {said(VERDICTS[Verdict(verdict)])}" if verdict in set(Verdict) else verdict


WEEKDAYS: Mapping[str, tuple[str, ...]] = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "nl": ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"),
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
}

# One, and any other number.
UNITS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "en": {
        Unit.WORKING_DAYS: ("working day", "working days"),
        Unit.DAYS: ("day", "days"),
        Unit.WEEKS: ("week", "weeks"),
        Unit.MONTHS: ("month", "months"),
        Unit.YEARS: ("year", "years"),
    },
    "nl": {
        Unit.WORKING_DAYS: ("werkdag", "werkdagen"),
        Unit.DAYS: ("dag", "dagen"),
        Unit.WEEKS: ("week", "weken"),
        Unit.MONTHS: ("maand", "maanden"),
        Unit.YEARS: ("jaar", "jaar"),
    },
    "fr": {
        Unit.WORKING_DAYS: ("jour ouvrable", "jours ouvrables"),
        Unit.DAYS: ("jour", "jours"),
        Unit.WEEKS: ("semaine", "semaines"),
        Unit.MONTHS: ("mois", "mois"),
        Unit.YEARS: ("an", "ans"),
    },
    "de": {
        Unit.WORKING_DAYS: ("Werktag", "Werktage"),
        Unit.DAYS: ("Tag", "Tage"),
        Unit.WEEKS: ("Woche", "Wochen"),
        Unit.MONTHS: ("Monat", "Monate"),
        Unit.YEARS: ("Jahr", "Jahre"),
    },
}
