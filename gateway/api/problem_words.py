"""The words of problems (RFC 9457) in the languages of the forms, by their English.

A number in a text stands here as `{number}`. What has no row stays English: those are the words of the engine beneath,
which operators and developers meet, and not the report on a form, which has its own languages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.forms.findings import DEFAULT_LANGUAGE, LANGUAGES

NUMBER = "{number}"
_NUMBER = re.compile(r"[0-9]+")
_OTHERS = tuple(language for language in LANGUAGES if language != DEFAULT_LANGUAGE)  # nl, fr, de
# English: Dutch, French, German.
_ROWS: Mapping[str, tuple[str, str, str]] = {
    "Who are you?": (
        "Wie bent u?",
        "Qui êtes-vous ?",
        "Wer sind Sie?",
    ),
    "Not permitted": (
        "Niet toegestaan",
        "Non autorisé",
        "Nicht erlaubt",
    ),
    "Not found": (
        "Niet gevonden",
        "Introuvable",
        "Nicht gefunden",
    ),
    "Not made here": (
        "Wordt hier niet gemaakt",
        "Pas produit ici",
        "Wird hier nicht erstellt",
    ),
    "In conflict with what is already here": (
        "In strijd met wat hier al is",
        "En conflit avec ce qui est déjà ici",
        "Im Widerspruch zu dem, was schon hier ist",
    ),
    "Too large": (
        "Te groot",
        "Trop grand",
        "Zu groß",
    ),
    "Too much of yours": (
        "Te veel van u tegelijk",
        "Trop de votre part à la fois",
        "Zu viel von Ihnen auf einmal",
    ),
    "The party cannot be registered like this": (
        "De partij kan zo niet geregistreerd worden",
        "La partie ne peut être enregistrée ainsi",
        "Die Partei kann so nicht registriert werden",
    ),
    "Try again later": (
        "Probeer het later opnieuw",
        "Réessayez plus tard",
        "Versuchen Sie es später erneut",
    ),
    "Not readable here": (
        "Hier niet leesbaar",
        "Pas lisible ici",
        "Hier nicht lesbar",
    ),
    "Unreadable": (
        "Onleesbaar",
        "Illisible",
        "Unlesbar",
    ),
    "Internal error": (
        "Interne fout",
        "Erreur interne",
        "Interner Fehler",
    ),
    "Not possible here": (
        "Hier niet mogelijk",
        "Pas possible ici",
        "Hier nicht möglich",
    ),
    "The request is not understood": (
        "De aanvraag wordt niet begrepen",
        "La demande n'est pas comprise",
        "Die Anfrage wird nicht verstanden",
    ),
    "The document cannot be read": (
        "Het document kan niet gelezen worden",
        "Le document ne peut être lu",
        "Das Dokument kann nicht gelesen werden",
    ),
    "The form is refused": (
        "Het formulier wordt geweigerd",
        "Le formulaire est refusé",
        "Das Formular wird abgelehnt",
    ),
    "The document cannot be converted": (
        "Het document kan niet omgezet worden",
        "Le document ne peut être converti",
        "Das Dokument kann nicht umgewandelt werden",
    ),
    "The document cannot be printed": (
        "Het document kan niet afgedrukt worden",
        "Le document ne peut être imprimé",
        "Das Dokument kann nicht gedruckt werden",
    ),
    "Too many requests wait": (
        "Er wachten te veel aanvragen",
        "Trop de demandes attendent",
        "Zu viele Anfragen warten",
    ),
    "Not available now": (
        "Nu niet beschikbaar",
        "Pas disponible pour le moment",
        "Jetzt nicht verfügbar",
    ),
    "In conflict with what runs": (
        "In strijd met wat nog loopt",
        "En conflit avec ce qui est en cours",
        "Im Widerspruch zu dem, was noch läuft",
    ),
    "Nothing was sent to anybody. Correct what the issues name and hand it in again.": (
        "Er is niets naar iemand verstuurd. Verbeter wat de bevindingen noemen en dien opnieuw in.",
        "Rien n'a été envoyé à personne. Corrigez ce que les constats indiquent et introduisez-le à nouveau.",
        "Es wurde niemandem etwas gesandt. Berichtigen Sie, was die Befunde nennen, und reichen Sie erneut ein.",
    ),
    "Correct what the issues name and send it again.": (
        "Verbeter wat de bevindingen noemen en stuur het opnieuw.",
        "Corrigez ce que les constats indiquent et renvoyez-le.",
        "Berichtigen Sie, was die Befunde nennen, und senden Sie es erneut.",
    ),
    "See the issues.": (
        "Zie de bevindingen.",
        "Voir les constats.",
        "Siehe die Befunde.",
    ),
    "The operator finds this under the reference.": (
        "De beheerder vindt dit terug onder de referentie.",
        "L'exploitant retrouve ceci sous la référence.",
        "Der Betreiber findet dies unter der Referenz.",
    ),
    "no such resource": (
        "dit bestaat hier niet",
        "cette ressource n'existe pas",
        "das gibt es hier nicht",
    ),
    "method not allowed": (
        "deze methode is hier niet toegestaan",
        "cette méthode n'est pas autorisée ici",
        "diese Methode ist hier nicht erlaubt",
    ),
    "body too slow": (
        "de inhoud kwam te traag binnen",
        "le contenu est arrivé trop lentement",
        "der Inhalt kam zu langsam",
    ),
    "body too large": (
        "de inhoud is te groot",
        "le contenu est trop grand",
        "der Inhalt ist zu groß",
    ),
    "http {number}": (
        "http {number}",
        "http {number}",
        "http {number}",
    ),
    "at most {number} bytes are read": (
        "er worden hoogstens {number} bytes gelezen",
        "{number} octets au plus sont lus",
        "es werden höchstens {number} Bytes gelesen",
    ),
    "this is for the administrator": (
        "dit is voor de beheerder",
        "ceci est réservé à l'administrateur",
        "dies ist dem Administrator vorbehalten",
    ),
    "send Authorization: Bearer <token>": (
        "stuur Authorization: Bearer <token>",
        "envoyez Authorization: Bearer <token>",
        "senden Sie Authorization: Bearer <token>",
    ),
    "send Authorization: Bearer <token>, or sign the call (RFC {number})": (
        "stuur Authorization: Bearer <token>, of onderteken de oproep (RFC {number})",
        "envoyez Authorization: Bearer <token>, ou signez l'appel (RFC {number})",
        "senden Sie Authorization: Bearer <token>, oder signieren Sie den Aufruf (RFC {number})",
    ),
    "nobody has this token": (
        "niemand heeft dit token",
        "personne n'a ce jeton",
        "niemand hat dieses Token",
    ),
    "the token is not of the party that signed the call": (
        "het token is niet van de partij die de oproep ondertekende",
        "le jeton n'est pas celui de la partie qui a signé l'appel",
        "das Token gehört nicht der Partei, die den Aufruf signiert hat",
    ),
    "send application/xml in UTF-{number}": (
        "stuur application/xml in UTF-{number}",
        "envoyez application/xml en UTF-{number}",
        "senden Sie application/xml in UTF-{number}",
    ),
    "send application/json or application/xml in UTF-{number}": (
        "stuur application/json of application/xml in UTF-{number}",
        "envoyez application/json ou application/xml en UTF-{number}",
        "senden Sie application/json oder application/xml in UTF-{number}",
    ),
    "send the bytes as they are, not compressed": (
        "stuur de bytes zoals ze zijn, niet gecomprimeerd",
        "envoyez les octets tels quels, sans compression",
        "senden Sie die Bytes wie sie sind, nicht komprimiert",
    ),
    "wait for the answers to what you have sent before you send more": (
        "wacht op de antwoorden op wat u gestuurd hebt voor u meer stuurt",
        "attendez les réponses à ce que vous avez envoyé avant d'en envoyer plus",
        "warten Sie die Antworten auf das Gesandte ab, bevor Sie mehr senden",
    ),
    "many are asking at this moment; ask again": (
        "op dit ogenblik vragen velen iets; vraag het opnieuw",
        "beaucoup demandent en ce moment ; demandez à nouveau",
        "viele fragen im Augenblick; fragen Sie erneut",
    ),
    "too much is handed in at this moment": (
        "op dit ogenblik wordt te veel ingediend",
        "trop de documents sont introduits en ce moment",
        "im Augenblick wird zu viel eingereicht",
    ),
    "too much is asked at this moment": (
        "op dit ogenblik wordt te veel gevraagd",
        "trop est demandé en ce moment",
        "im Augenblick wird zu viel gefragt",
    ),
    "the gateway cannot use its key at this moment": (
        "de dienst kan zijn sleutel op dit ogenblik niet gebruiken",
        "le service ne peut utiliser sa clé en ce moment",
        "der Dienst kann seinen Schlüssel im Augenblick nicht verwenden",
    ),
    "no keys are kept here for parties": (
        "hier worden geen sleutels voor partijen bewaard",
        "aucune clé n'est conservée ici pour des parties",
        "hier werden keine Schlüssel für Parteien verwahrt",
    ),
    "no such party": (
        "deze partij bestaat hier niet",
        "cette partie n'existe pas ici",
        "diese Partei gibt es hier nicht",
    ),
    "the record and the address name different parties": (
        "de gegevens en het adres noemen verschillende partijen",
        "les données et l'adresse désignent des parties différentes",
        "die Daten und die Adresse nennen verschiedene Parteien",
    ),
    "no such form kind": (
        "deze soort formulier bestaat hier niet",
        "ce type de formulaire n'existe pas ici",
        "diese Formularart gibt es hier nicht",
    ),
    "other bytes are being judged under this key; hand other bytes in under another key": (
        "onder deze sleutel worden andere bytes beoordeeld; dien andere bytes in onder een andere sleutel",
        "d'autres octets sont en cours d'examen sous cette clé ; introduisez d'autres octets sous une autre clé",
        (
            "unter diesem Schlüssel werden andere Bytes geprüft; reichen Sie andere Bytes unter einem anderen "
            "Schlüssel ein"
        ),
    ),
    "The receipt proves nothing about this copy": (
        "Het ontvangstbewijs bewijst niets over deze kopie",
        "L'accusé de réception ne prouve rien sur cette copie",
        "Die Empfangsbestätigung beweist nichts über diese Kopie",
    ),
    "The receipt is yours, and cannot follow what was said of this copy before": (
        "Het ontvangstbewijs is van u, maar kan niet volgen op wat eerder over deze kopie gezegd werd",
        "L'accusé de réception est de vous, mais ne peut suivre ce qui a été dit de cette copie",
        "Die Empfangsbestätigung ist von Ihnen, kann aber dem früher zu dieser Kopie Gesagten nicht folgen",
    ),
    "It was kept and moved nothing. Sign the digests of this very copy with the registered key.": (
        (
            "Het is bewaard en heeft niets veranderd. Onderteken de hashwaarden van deze kopie met de "
            "geregistreerde sleutel."
        ),
        "Il est conservé et n'a rien changé. Signez les empreintes de cette copie avec la clé enregistrée.",
        (
            "Sie wurde aufbewahrt und hat nichts verändert. Signieren Sie die Hashwerte dieser Kopie mit dem "
            "registrierten Schlüssel."
        ),
    ),
    (
        "It was kept and moved nothing. Sign that you have a copy before you sign that it was processed; what"
        " you signed first stands, and if that was a mistake, tell the operator of the gateway."
    ): (
        (
            "Het is bewaard en heeft niets veranderd. Onderteken dat u een kopie hebt voor u ondertekent dat ze "
            "verwerkt is; wat u eerst ondertekende blijft gelden, en was dat een vergissing, meld het aan de "
            "beheerder van de dienst."
        ),
        (
            "Il est conservé et n'a rien changé. Signez que vous avez une copie avant de signer qu'elle a été "
            "traitée ; ce que vous avez signé d'abord reste valable, et si c'était une erreur, dites-le à "
            "l'exploitant du service."
        ),
        (
            "Sie wurde aufbewahrt und hat nichts verändert. Signieren Sie, dass Sie eine Kopie haben, bevor Sie "
            "signieren, dass sie verarbeitet wurde; das zuerst Signierte gilt, und war es ein Irrtum, sagen Sie "
            "es dem Betreiber des Dienstes."
        ),
    ),
    "You have as many requests waiting for a mailbox as may wait at once. Ask again later, or without waitS.": (
        (
            "Er wachten al zoveel van uw aanvragen op een postbus als er tegelijk mogen wachten. Vraag het later "
            "opnieuw, of zonder waitS."
        ),
        (
            "Autant de vos demandes attendent une boîte aux lettres qu'il peut en attendre à la fois. Demandez "
            "plus tard, ou sans waitS."
        ),
        (
            "Es warten schon so viele Ihrer Anfragen auf ein Postfach, wie gleichzeitig warten dürfen. Fragen Sie"
            " später erneut, oder ohne waitS."
        ),
    ),
    "The gateway has as many requests waiting for a mailbox as may wait at once. Ask again later, or without waitS.": (
        (
            "Er wachten al zoveel aanvragen op een postbus als er tegelijk mogen wachten. Vraag het later "
            "opnieuw, of zonder waitS."
        ),
        (
            "Autant de demandes attendent une boîte aux lettres qu'il peut en attendre à la fois. Demandez plus "
            "tard, ou sans waitS."
        ),
        (
            "Es warten schon so viele Anfragen auf ein Postfach, wie gleichzeitig warten dürfen. Fragen Sie "
            "später erneut, oder ohne waitS."
        ),
    ),
}
WORDS: Mapping[str, Mapping[str, str]] = {
    english: dict(zip(_OTHERS, texts, strict=True)) for english, texts in _ROWS.items()
}


def in_language(text: str, language: str) -> str:
    """The text in that language; as it is where it is of no row."""
    number = _NUMBER.search(text)
    key = text if number is None else _NUMBER.sub(NUMBER, text, count=1)
    found = WORDS.get(key, {}).get(language, text)
    return found if number is None else found.replace(NUMBER, number[0])
