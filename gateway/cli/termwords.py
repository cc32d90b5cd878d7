"""The words around legal terms, in four languages. What a term itself says stands in terms.yaml of its country."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.deadlines import Unit, Verdict

_LANGUAGES = ("en", "nl", "fr", "de")
_WORDS: Mapping[str, tuple[str, str, str, str]] = {
    "name": ("name", "naam", "nom", "Name"),
    "law": ("law", "wettekst", "texte légal", "Rechtstext"),
    "term": ("term", "termijn", "délai", "Frist"),
    "day-zero": ("day zero", "dag nul", "jour zéro", "Tag null"),
    "act": ("what must happen", "wat moet gebeuren", "ce qui doit être fait", "was geschehen muss"),
    "last-day": ("last day", "laatste dag", "dernier jour", "letzter Tag"),
    "other-reading": (
        "on the other reading",
        "volgens de andere lezing",
        "selon l'autre lecture",
        "nach der anderen Lesart",
    ),
    "at-least-until": ("at least until", "minstens tot", "au moins jusqu'au", "mindestens bis"),
    "week": (
        "{first} to {last} count",
        "{first} tot {last} tellen mee",
        "{first} à {last} comptent",
        "{first} bis {last} zählen",
    ),
    "next-working-day": (
        "next working day",
        "eerstvolgende werkdag",
        "jour ouvrable suivant",
        "nächster Werktag",
    ),
    "holidays": ("holidays inside", "feestdagen erin", "jours fériés inclus", "Feiertage darin"),
    "none": ("none", "geen", "aucun", "keine"),
    "act-on": ("act of {day}", "handeling van {day}", "acte du {day}", "Handlung vom {day}"),
    "other-text": ("another legal text", "andere wettekst", "autre texte légal", "anderer Rechtstext"),
    "without-delay": (
        "without delay; a remark after {length}",
        "onverwijld; een opmerking na {length}",
        "sans délai ; une remarque après {length}",
        "unverzüglich; ein Hinweis nach {length}",
    ),
    "at-least": ("at least {length}", "minstens {length}", "au moins {length}", "mindestens {length}"),
    "before": ("{length} in advance", "{length} vooraf", "{length} à l'avance", "{length} im Voraus"),
    Verdict.IN_TIME: ("in time", "tijdig", "dans le délai", "rechtzeitig"),
    Verdict.IN_TIME_ON_READING_C: (
        "in time if Saturday does not count",
        "tijdig als zaterdag niet meetelt",
        "dans le délai si le samedi ne compte pas",
        "rechtzeitig, wenn der Samstag nicht zählt",
    ),
    Verdict.LATE: (
        "too late under both readings; it is passed on all the same",
        "te laat volgens beide lezingen; het wordt toch doorgegeven",
        "tardif selon les deux lectures ; il est transmis quand même",
        "nach beiden Lesarten zu spät; es wird trotzdem weitergeleitet",
    ),
    Verdict.DUE: (
        "the term ends in these days, depending on the reading",
        "de termijn loopt dezer dagen af, naargelang de lezing",
        "le délai expire ces jours-ci, selon la lecture",
        "die Frist endet in diesen Tagen, je nach Lesart",
    ),
    Verdict.OVERDUE: (
        "after the term; the act stands all the same",
        "na de termijn; de handeling blijft geldig",
        "après le délai ; l'acte reste valable",
        "nach der Frist; die Handlung bleibt gültig",
    ),
    Verdict.DELAYED: (
        "later than without delay; the act stands all the same",
        "later dan onverwijld; de handeling blijft geldig",
        "plus tard que sans délai ; l'acte reste valable",
        "später als unverzüglich; die Handlung bleibt gültig",
    ),
}

WORDS: Mapping[str, Mapping[str, str]] = {
    language: {key: texts[index] for key, texts in _WORDS.items()} for index, language in enumerate(_LANGUAGES)
}

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
