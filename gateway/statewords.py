"""The states of a delivery in words, for people; codes stay what they are everywhere else."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.model import DeliveryState

WORDS: Mapping[DeliveryState, Mapping[str, str]] = {
    DeliveryState.CONSIGNED: {
        "en": "lies ready",
        "nl": "ligt klaar",
        "fr": "mise à disposition",
        "de": "liegt bereit",
    },
    DeliveryState.SUSPENDED: {
        "en": "stopped, the operator sees to it",
        "nl": "gestopt, de beheerder kijkt ernaar",
        "fr": "arrêtée, l'exploitant s'en occupe",
        "de": "angehalten, der Betreiber kümmert sich darum",
    },
    DeliveryState.EXPIRED: {
        "en": "the time for trying is over",
        "nl": "de tijd om te proberen is om",
        "fr": "le temps des essais est écoulé",
        "de": "die Zeit für Versuche ist um",
    },
    DeliveryState.ESCALATED: {
        "en": "goes on paper",
        "nl": "gaat op papier",
        "fr": "part sur papier",
        "de": "geht auf Papier",
    },
    DeliveryState.PAPER_QUEUED: {
        "en": "is being printed",
        "nl": "wordt afgedrukt",
        "fr": "en cours d'impression",
        "de": "wird gedruckt",
    },
    DeliveryState.PAPER_DEPOSITED: {
        "en": "with the post",
        "nl": "bij de post",
        "fr": "à la poste",
        "de": "bei der Post",
    },
    DeliveryState.PAPER_RETURNED: {
        "en": "returned by the post",
        "nl": "teruggekomen van de post",
        "fr": "renvoyée par la poste",
        "de": "von der Post zurückgebracht",
    },
    DeliveryState.CLOSED: {
        "en": "ended by the operator",
        "nl": "beëindigd door de beheerder",
        "fr": "close par l'exploitant",
        "de": "vom Betreiber beendet",
    },
    DeliveryState.PAPER_DELIVERED: {
        "en": "handed over by the post",
        "nl": "overhandigd door de post",
        "fr": "remise par la poste",
        "de": "von der Post übergeben",
    },
    DeliveryState.DECLINED: {"en": "refused", "nl": "geweigerd", "fr": "refusée", "de": "abgelehnt"},
    DeliveryState.HANDED_OVER: {"en": "handed over", "nl": "overhandigd", "fr": "remise", "de": "übergeben"},
    DeliveryState.ACKNOWLEDGED: {"en": "processed", "nl": "verwerkt", "fr": "traitée", "de": "bearbeitet"},
}
