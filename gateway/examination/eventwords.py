"""What happened, as statements and receipts have it, in four languages."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.examination.words import Words
from gateway.model import Event
from gateway.receipt import ReceiptOutcome

EVENTS: Mapping[Event, Words] = {
    Event.SUBMISSION_ACCEPTANCE: {
        "en": "the form was accepted",
        "nl": "het formulier werd aanvaard",
        "fr": "le formulaire a été accepté",
        "de": "das Formular wurde angenommen",
    },
    Event.SUBMISSION_REJECTION: {
        "en": "the form was refused",
        "nl": "het formulier werd geweigerd",
        "fr": "le formulaire a été refusé",
        "de": "das Formular wurde abgelehnt",
    },
    Event.CONTENT_CONSIGNMENT: {
        "en": "a sealed copy was made available",
        "nl": "een verzegeld exemplaar werd klaargelegd",
        "fr": "un exemplaire scellé a été mis à disposition",
        "de": "eine versiegelte Ausfertigung wurde bereitgelegt",
    },
    Event.CONTENT_CONSIGNMENT_FAILURE: {
        "en": "no copy could be made available",
        "nl": "er kon geen exemplaar worden klaargelegd",
        "fr": "aucun exemplaire n'a pu être mis à disposition",
        "de": "es konnte keine Ausfertigung bereitgelegt werden",
    },
    Event.CONTENT_HANDOVER: {
        "en": "the copy was handed over, as its recipient signed",
        "nl": "het exemplaar werd overhandigd, zoals de ontvanger ondertekende",
        "fr": "l'exemplaire a été remis, comme le destinataire l'a signé",
        "de": "die Ausfertigung wurde übergeben, wie der Empfänger unterschrieb",
    },
    Event.CONTENT_HANDOVER_FAILURE: {
        "en": "the copy could not be handed over by itself; it stayed ready",
        "nl": "het exemplaar kon niet vanzelf worden overhandigd; het bleef klaarliggen",
        "fr": "l'exemplaire n'a pu être remis de lui-même ; il est resté à disposition",
        "de": "die Ausfertigung konnte nicht von selbst übergeben werden; sie blieb bereit",
    },
    Event.CONTENT_ACCESS_TRACKING: {
        "en": "the copy was opened or processed",
        "nl": "het exemplaar werd geopend of verwerkt",
        "fr": "l'exemplaire a été ouvert ou traité",
        "de": "die Ausfertigung wurde geöffnet oder bearbeitet",
    },
    Event.CONSIGNMENT_REJECTION: {
        "en": "the recipient refused the copy, and signed so",
        "nl": "de ontvanger weigerde het exemplaar en ondertekende dat",
        "fr": "le destinataire a refusé l'exemplaire et l'a signé",
        "de": "der Empfänger lehnte die Ausfertigung ab und unterschrieb das",
    },
    Event.RELAY_TO_NON_ERDS: {
        "en": "the post took the copy on paper",
        "nl": "de post nam het exemplaar op papier aan",
        "fr": "la poste a pris l'exemplaire sur papier",
        "de": "die Post nahm die Ausfertigung auf Papier an",
    },
    Event.RELAY_TO_NON_ERDS_FAILURE: {
        "en": "the way on paper failed",
        "nl": "de weg op papier is mislukt",
        "fr": "la voie papier a échoué",
        "de": "der Weg auf Papier ist gescheitert",
    },
    Event.RECEIVED_FROM_NON_ERDS: {
        "en": "the post said what became of the copy on paper",
        "nl": "de post zei wat er met het exemplaar op papier gebeurde",
        "fr": "la poste a dit ce qu'il est advenu de l'exemplaire sur papier",
        "de": "die Post sagte, was aus der Ausfertigung auf Papier wurde",
    },
    Event.OPERATOR_ACT: {
        "en": "the operator acted",
        "nl": "de beheerder greep in",
        "fr": "l'exploitant est intervenu",
        "de": "der Betreiber griff ein",
    },
    Event.CONSIGNMENT_NOTIFICATION: {
        "en": "the recipient was told that something waits in its mailbox",
        "nl": "de bestemmeling werd gemeld dat er iets in de brievenbus wacht",
        "fr": "le destinataire a été averti que quelque chose attend dans sa boîte",
        "de": "dem Empfänger wurde mitgeteilt, dass in seinem Postfach etwas wartet",
    },
    Event.CONSIGNMENT_NOTIFICATION_FAILURE: {
        "en": "the recipient could not be told that something waits in its mailbox",
        "nl": "de bestemmeling kon niet worden gemeld dat er iets in de brievenbus wacht",
        "fr": "le destinataire n'a pas pu être averti que quelque chose attend dans sa boîte",
        "de": "dem Empfänger konnte nicht mitgeteilt werden, dass in seinem Postfach etwas wartet",
    },
    Event.SENDER_WARNED: {
        "en": "the sender was warned that the copy had not been received",
        "nl": "de afzender werd gewaarschuwd dat het exemplaar niet was ontvangen",
        "fr": "l'expéditeur a été averti que l'exemplaire n'était pas reçu",
        "de": "der Absender wurde gewarnt, dass die Ausfertigung nicht empfangen war",
    },
    Event.DEADLINE_MISSED: {
        "en": "the last lawful moment passed without a receipt",
        "nl": "het laatste wettige moment ging voorbij zonder ontvangstbewijs",
        "fr": "le dernier moment légal est passé sans accusé de réception",
        "de": "der letzte rechtmäßige Zeitpunkt verstrich ohne Bestätigung",
    },
    Event.PAPER_ORDERED: {
        "en": "the copy was to go on paper",
        "nl": "het exemplaar moest op papier gaan",
        "fr": "l'exemplaire devait partir sur papier",
        "de": "die Ausfertigung sollte auf Papier gehen",
    },
    Event.ERASURE: {
        "en": "what made the form readable was destroyed; the proofs stay",
        "nl": "wat het formulier leesbaar maakte, werd vernietigd; de bewijzen blijven",
        "fr": "ce qui rendait le formulaire lisible a été détruit ; les preuves restent",
        "de": "was das Formular lesbar machte, wurde vernichtet; die Beweise bleiben",
    },
    Event.PRINT_JOB_TAKEN: {
        "en": "the print station took the copy",
        "nl": "het printstation nam het exemplaar",
        "fr": "la station d'impression a pris l'exemplaire",
        "de": "die Druckstelle nahm die Ausfertigung",
    },
}

OUTCOMES: Mapping[ReceiptOutcome, Words] = {
    ReceiptOutcome.ACCEPTED: {"en": "taken", "nl": "aangenomen", "fr": "accepté", "de": "angenommen"},
    ReceiptOutcome.REFUSED: {"en": "refused", "nl": "geweigerd", "fr": "refusé", "de": "abgelehnt"},
    ReceiptOutcome.PROCESSED: {"en": "processed", "nl": "verwerkt", "fr": "traité", "de": "bearbeitet"},
}
