"""The words in which the verdict on a package is told, in four languages; codes stay what they are everywhere else.

What happened stands in `eventwords`, why something does not hold in `reasonwords`.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.examination.verdict import LinkKind, Standing, TimeKind
from signing import Indication

Words = Mapping[str, str]

WHOLE: Mapping[Indication, Words] = {
    Indication.TOTAL_PASSED: {
        "en": "Everything that is needed is here, and all of it holds.",
        "nl": "Alles wat nodig is, is er, en het klopt allemaal.",
        "fr": "Tout ce qui est nécessaire est présent, et tout est exact.",
        "de": "Alles Nötige ist da, und alles davon stimmt.",
    },
    Indication.INDETERMINATE: {
        "en": "Nothing is refuted, but not everything is proven: see what is open or missing.",
        "nl": "Niets is weerlegd, maar niet alles is bewezen: zie wat open is of ontbreekt.",
        "fr": "Rien n'est réfuté, mais tout n'est pas prouvé : voir ce qui reste ouvert ou manque.",
        "de": "Nichts ist widerlegt, aber nicht alles ist bewiesen: siehe, was offen ist oder fehlt.",
    },
    Indication.TOTAL_FAILED: {
        "en": "This must not be relied on: see what fails.",
        "nl": "Hierop mag niet worden vertrouwd: zie wat niet klopt.",
        "fr": "On ne peut pas s'y fier : voir ce qui est inexact.",
        "de": "Darauf ist kein Verlass: siehe, was nicht stimmt.",
    },
}

STANDINGS: Mapping[Standing, Words] = {
    Standing.HOLDS: {"en": "holds", "nl": "klopt", "fr": "exact", "de": "stimmt"},
    Standing.FAILS: {"en": "fails", "nl": "klopt niet", "fr": "inexact", "de": "stimmt nicht"},
    Standing.OPEN: {"en": "open", "nl": "open", "fr": "ouvert", "de": "offen"},
    Standing.MISSING: {"en": "missing", "nl": "ontbreekt", "fr": "manque", "de": "fehlt"},
}

TIMES: Mapping[TimeKind, Words] = {
    TimeKind.CLAIMED: {
        "en": "as who signed says",
        "nl": "volgens wie ondertekende",
        "fr": "selon le signataire",
        "de": "nach Angabe des Unterzeichners",
    },
    TimeKind.STATED: {
        "en": "as the counter states",
        "nl": "volgens het loket",
        "fr": "selon le guichet",
        "de": "nach Feststellung des Schalters",
    },
    TimeKind.PROVEN: {
        "en": "proven by a time stamp",
        "nl": "bewezen door een tijdstempel",
        "fr": "prouvé par un horodatage",
        "de": "durch einen Zeitstempel bewiesen",
    },
}

TITLES: Mapping[LinkKind, Words] = {
    LinkKind.PACKAGE: {"en": "Package", "nl": "Pakket", "fr": "Dossier", "de": "Paket"},
    LinkKind.SEAL: {"en": "Seal", "nl": "Zegel", "fr": "Cachet", "de": "Siegel"},
    LinkKind.FILE: {"en": "File", "nl": "Bestand", "fr": "Fichier", "de": "Datei"},
    LinkKind.FORM: {"en": "Form", "nl": "Formulier", "fr": "Formulaire", "de": "Formular"},
    LinkKind.BINDING: {
        "en": "The very form",
        "nl": "Precies dit formulier",
        "fr": "Ce formulaire précis",
        "de": "Genau dieses Formular",
    },
    LinkKind.RENDITION: {"en": "Rendition", "nl": "Weergave", "fr": "Représentation", "de": "Darstellung"},
    LinkKind.STATEMENT: {"en": "Statement", "nl": "Vaststelling", "fr": "Constatation", "de": "Feststellung"},
    LinkKind.RECEIPT: {
        "en": "Receipt",
        "nl": "Ontvangstbewijs",
        "fr": "Accusé de réception",
        "de": "Empfangsbestätigung",
    },
    LinkKind.COURSE: {
        "en": "Course of a copy",
        "nl": "Verloop van een exemplaar",
        "fr": "Parcours d'un exemplaire",
        "de": "Weg einer Ausfertigung",
    },
    LinkKind.JOURNAL: {"en": "Journal", "nl": "Journaal", "fr": "Journal", "de": "Journal"},
    LinkKind.GROWTH: {
        "en": "One journal",
        "nl": "Eén journaal",
        "fr": "Un seul journal",
        "de": "Ein Journal",
    },
    LinkKind.WITNESS: {"en": "Witnesses", "nl": "Getuigen", "fr": "Témoins", "de": "Zeugen"},
    LinkKind.TIME: {"en": "Time", "nl": "Tijd", "fr": "Date", "de": "Zeit"},
    LinkKind.REVOCATION: {"en": "Certificate", "nl": "Certificaat", "fr": "Certificat", "de": "Zertifikat"},
    LinkKind.POST: {
        "en": "Proof of the post",
        "nl": "Bewijs van de post",
        "fr": "Preuve de la poste",
        "de": "Nachweis der Post",
    },
}

HOLDS: Mapping[LinkKind, Words] = {
    LinkKind.PACKAGE: {
        "en": "can be read in one way only, and says what it is",
        "nl": "kan maar op één manier worden gelezen en zegt wat het is",
        "fr": "ne peut se lire que d'une façon et dit ce qu'il est",
        "de": "lässt sich nur auf eine Weise lesen und sagt, was es ist",
    },
    LinkKind.SEAL: {
        "en": "{who} sealed {count} files; each is here, unchanged",
        "nl": "{who} verzegelde {count} bestanden; elk is er, onveranderd",
        "fr": "{who} a scellé {count} fichiers ; chacun est présent, inchangé",
        "de": "{who} siegelte {count} Dateien; jede ist da, unverändert",
    },
    LinkKind.FILE: {"en": "has its place", "nl": "heeft zijn plaats", "fr": "a sa place", "de": "hat ihren Platz"},
    LinkKind.FORM: {
        "en": "signed by {who}; its content is unchanged since",
        "nl": "ondertekend door {who}; de inhoud is sindsdien onveranderd",
        "fr": "signé par {who} ; le contenu est inchangé depuis",
        "de": "unterschrieben von {who}; der Inhalt ist seither unverändert",
    },
    LinkKind.BINDING: {
        "en": "the statements and receipts are about this form, byte for byte ({count} of them name it)",
        "nl": "de vaststellingen en ontvangstbewijzen gaan over dit formulier, byte voor byte ({count} noemen het)",
        "fr": "les constatations et accusés portent sur ce formulaire, octet pour octet ({count} le désignent)",
        "de": "Feststellungen und Bestätigungen betreffen dieses Formular, Byte für Byte ({count} nennen es)",
    },
    LinkKind.RENDITION: {
        "en": "shows what the form says: {proof}",
        "nl": "toont wat het formulier zegt: {proof}",
        "fr": "montre ce que dit le formulaire : {proof}",
        "de": "zeigt, was das Formular sagt: {proof}",
    },
    LinkKind.STATEMENT: {
        "en": "{who} states: {event}{party}",
        "nl": "{who} stelt vast: {event}{party}",
        "fr": "{who} constate : {event}{party}",
        "de": "{who} stellt fest: {event}{party}",
    },
    LinkKind.RECEIPT: {
        "en": "{who} signed for the copy of {name} ({outcome})",
        "nl": "{who} tekende voor het exemplaar van {name} ({outcome})",
        "fr": "{who} a signé pour l'exemplaire de {name} ({outcome})",
        "de": "{who} unterschrieb für die Ausfertigung von {name} ({outcome})",
    },
    LinkKind.COURSE: {
        "en": "the statements on the copy of {name} follow from each other, up to: {state}",
        "nl": "de vaststellingen over het exemplaar van {name} volgen uit elkaar, tot: {state}",
        "fr": "les constatations sur l'exemplaire de {name} se suivent, jusqu'à : {state}",
        "de": "die Feststellungen zur Ausfertigung von {name} folgen auseinander, bis: {state}",
    },
    LinkKind.JOURNAL: {
        "en": "is entry {position} of the journal {who}, as the counter showed it at {size} entries",
        "nl": "is vermelding {position} van het journaal {who}, zoals het loket het bij {size} vermeldingen toonde",
        "fr": "est l'entrée {position} du journal {who}, tel que le guichet l'a montré à {size} entrées",
        "de": "ist Eintrag {position} des Journals {who}, wie der Schalter es bei {size} Einträgen zeigte",
    },
    LinkKind.GROWTH: {
        "en": "of the states of the journal at {sizes} entries each is the beginning of the next: between them nothing "
        "was dropped or moved",
        "nl": "van de toestanden van het journaal bij {sizes} vermeldingen is elke het begin van de volgende: "
        "daartussen is niets weggelaten of verplaatst",
        "fr": "des états du journal à {sizes} entrées, chacun est le début du suivant : entre eux rien n'a été omis "
        "ni déplacé",
        "de": "von den Ständen des Journals bei {sizes} Einträgen ist jeder der Anfang des nächsten: dazwischen wurde "
        "nichts weggelassen oder versetzt",
    },
    LinkKind.WITNESS: {
        "en": "{who} saw the journal at {size} entries, grown from what it had seen before",
        "nl": "{who} zag het journaal bij {size} vermeldingen, aangegroeid uit wat eerder was gezien",
        "fr": "{who} a vu le journal à {size} entrées, prolongeant ce qui avait été vu auparavant",
        "de": "{who} sah das Journal bei {size} Einträgen, gewachsen aus dem zuvor Gesehenen",
    },
    LinkKind.TIME: {
        "en": "existed then; {who} stamped it, and the stamp holds",
        "nl": "bestond toen; {who} stempelde het, en de stempel klopt",
        "fr": "existait alors ; {who} l'a horodaté, et l'horodatage est exact",
        "de": "bestand damals; {who} stempelte es, und der Stempel stimmt",
    },
    LinkKind.REVOCATION: {
        "en": "{who}: not revoked when it was used ({source})",
        "nl": "{who}: niet ingetrokken toen het werd gebruikt ({source})",
        "fr": "{who} : non révoqué lors de son usage ({source})",
        "de": "{who}: bei der Verwendung nicht widerrufen ({source})",
    },
    LinkKind.POST: {
        "en": "is here, the very one that the statement names",
        "nl": "is er, precies dat wat de vaststelling noemt",
        "fr": "est présente, celle-là même que désigne la constatation",
        "de": "ist da, genau der, den die Feststellung nennt",
    },
}

OTHERWISE: Mapping[Standing, Words] = {
    Standing.FAILS: {
        "en": "does not hold: {reason}",
        "nl": "klopt niet: {reason}",
        "fr": "inexact : {reason}",
        "de": "stimmt nicht: {reason}",
    },
    Standing.OPEN: {
        "en": "cannot be judged: {reason}",
        "nl": "kan niet worden beoordeeld: {reason}",
        "fr": "ne peut être jugé : {reason}",
        "de": "lässt sich nicht beurteilen: {reason}",
    },
    Standing.MISSING: {
        "en": "missing: {reason}",
        "nl": "ontbreekt: {reason}",
        "fr": "manque : {reason}",
        "de": "fehlt: {reason}",
    },
}

PROOFS: Mapping[str, Words] = {
    "printed-again": {
        "en": "printing the form again gives the very same file",
        "nl": "het formulier opnieuw afdrukken geeft precies hetzelfde bestand",
        "fr": "réimprimer le formulaire donne exactement le même fichier",
        "de": "das Formular erneut zu drucken ergibt genau dieselbe Datei",
    },
    "printed-again-signed": {
        "en": "printing the form again gives the very same pages, which {who} signed",
        "nl": "het formulier opnieuw afdrukken geeft precies dezelfde bladzijden, die {who} ondertekende",
        "fr": "réimprimer le formulaire donne exactement les mêmes pages, que {who} a signées",
        "de": "das Formular erneut zu drucken ergibt genau dieselben Seiten, die {who} unterschrieb",
    },
    "sealed": {
        "en": "the counter sealed this very file",
        "nl": "het loket verzegelde precies dit bestand",
        "fr": "le guichet a scellé ce fichier même",
        "de": "der Schalter siegelte genau diese Datei",
    },
}

SOURCES: Mapping[str, Words] = {
    "ocsp": {
        "en": "an answer of its issuer",
        "nl": "een antwoord van de uitgever",
        "fr": "une réponse de son émetteur",
        "de": "eine Antwort seines Ausstellers",
    },
    "crl": {
        "en": "a list of its issuer",
        "nl": "een lijst van de uitgever",
        "fr": "une liste de son émetteur",
        "de": "eine Liste seines Ausstellers",
    },
    "never": {
        "en": "it says that it is never revoked",
        "nl": "het zegt dat het nooit wordt ingetrokken",
        "fr": "il dit n'être jamais révoqué",
        "de": "es sagt, dass es nie widerrufen wird",
    },
}

HEADINGS: Mapping[str, Words] = {
    "verdict": {"en": "Verdict", "nl": "Oordeel", "fr": "Verdict", "de": "Urteil"},
    "judged": {"en": "judged as of", "nl": "beoordeeld per", "fr": "jugé au", "de": "beurteilt zum"},
    "about": {"en": "What it is about", "nl": "Waarover het gaat", "fr": "De quoi il s'agit", "de": "Worum es geht"},
    "happened": {"en": "What happened", "nl": "Wat er gebeurde", "fr": "Ce qui s'est passé", "de": "Was geschah"},
    "links": {
        "en": "The links of the chain",
        "nl": "De schakels van de keten",
        "fr": "Les maillons de la chaîne",
        "de": "Die Glieder der Kette",
    },
    "missing": {"en": "What is missing", "nl": "Wat ontbreekt", "fr": "Ce qui manque", "de": "Was fehlt"},
    "covers": {"en": "covers", "nl": "dekt", "fr": "couvre", "de": "erfasst"},
    "by": {"en": "handed in by", "nl": "ingediend door", "fr": "déposé par", "de": "eingereicht von"},
    "made": {"en": "made by", "nl": "opgemaakt door", "fr": "établi par", "de": "erstellt von"},
    "versions": {"en": "versions", "nl": "versies", "fr": "versions", "de": "Versionen"},
    "unneeded": {
        "en": "the verdict does not need it",
        "nl": "het oordeel heeft het niet nodig",
        "fr": "le verdict n'en dépend pas",
        "de": "das Urteil braucht es nicht",
    },
    "part": {
        "en": "made for a recipient: it holds only what concerns its copies",
        "nl": "gemaakt voor een ontvanger: het bevat alleen wat diens exemplaren betreft",
        "fr": "établi pour un destinataire : ne contient que ce qui concerne ses exemplaires",
        "de": "für einen Empfänger erstellt: es enthält nur, was seine Ausfertigungen betrifft",
    },
}

# What a digest is of, and what had a version; the names of files stay what they are.
THINGS: Mapping[str, Words] = {
    "document": {"en": "form", "nl": "formulier", "fr": "formulaire", "de": "Formular"},
    "document (salted)": {
        "en": "form (salted)",
        "nl": "formulier (met zout)",
        "fr": "formulaire (avec sel)",
        "de": "Formular (mit Salz)",
    },
    "envelope": {
        "en": "sealed copy",
        "nl": "verzegeld exemplaar",
        "fr": "exemplaire scellé",
        "de": "versiegelte Ausfertigung",
    },
    "envelope (salted)": {
        "en": "sealed copy (salted)",
        "nl": "verzegeld exemplaar (met zout)",
        "fr": "exemplaire scellé (avec sel)",
        "de": "versiegelte Ausfertigung (mit Salz)",
    },
    "receipt": {
        "en": "receipt",
        "nl": "ontvangstbewijs",
        "fr": "accusé de réception",
        "de": "Empfangsbestätigung",
    },
    "signed info": {
        "en": "what was signed (SignedInfo)",
        "nl": "wat ondertekend werd (SignedInfo)",
        "fr": "ce qui a été signé (SignedInfo)",
        "de": "was unterschrieben wurde (SignedInfo)",
    },
    "software": {"en": "program", "nl": "programma", "fr": "programme", "de": "Programm"},
    "form": {"en": "form", "nl": "formulier", "fr": "formulaire", "de": "Formular"},
    "schema": {"en": "schema", "nl": "schema", "fr": "schéma", "de": "Schema"},
    "rules": {"en": "rules", "nl": "regels", "fr": "règles", "de": "Regeln"},
    "calendar": {"en": "calendar", "nl": "kalender", "fr": "calendrier", "de": "Kalender"},
    "terms": {"en": "terms", "nl": "termijnen", "fr": "délais", "de": "Fristen"},
}
