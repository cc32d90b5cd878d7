"""The words in which the verdict on a package is told, in four languages; codes stay what they are everywhere else."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.examination.verdict import LinkKind, Standing, TimeKind
from gateway.model import Event
from gateway.receipt import ReceiptOutcome
from signing import Indication, Subindication

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

REASONS: Mapping[Subindication, Words] = {
    Subindication.FORMAT_FAILURE: {
        "en": "it has not the form that it must have",
        "nl": "het heeft niet de vorm die het moet hebben",
        "fr": "il n'a pas la forme requise",
        "de": "es hat nicht die Form, die es haben muss",
    },
    Subindication.HASH_FAILURE: {
        "en": "what was signed or stamped has been changed since",
        "nl": "wat ondertekend of gestempeld werd, is sindsdien veranderd",
        "fr": "ce qui a été signé ou horodaté a été modifié depuis",
        "de": "was unterschrieben oder gestempelt wurde, ist seither verändert worden",
    },
    Subindication.SIG_CRYPTO_FAILURE: {
        "en": "the signature was not made with this key over this text",
        "nl": "de handtekening is niet met deze sleutel over deze tekst gezet",
        "fr": "la signature n'a pas été faite avec cette clé sur ce texte",
        "de": "die Unterschrift wurde nicht mit diesem Schlüssel über diesen Text geleistet",
    },
    Subindication.SIG_CONSTRAINTS_FAILURE: {
        "en": "the signature is of a kind that is not accepted here",
        "nl": "de handtekening is van een soort die hier niet wordt aanvaard",
        "fr": "la signature est d'un genre qui n'est pas accepté ici",
        "de": "die Unterschrift ist von einer Art, die hier nicht angenommen wird",
    },
    Subindication.CHAIN_CONSTRAINTS_FAILURE: {
        "en": "the certificate is not meant for this",
        "nl": "het certificaat is hiervoor niet bedoeld",
        "fr": "le certificat n'est pas destiné à cela",
        "de": "das Zertifikat ist dafür nicht bestimmt",
    },
    Subindication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE: {
        "en": "an algorithm or key was too weak by the time to which it is proven to be older",
        "nl": "een algoritme of sleutel was te zwak op de tijd waarvoor het bewezen bestond",
        "fr": "un algorithme ou une clé était trop faible à la date dont l'antériorité est prouvée",
        "de": "ein Verfahren oder Schlüssel war zu schwach zu der Zeit, vor der es nachweislich bestand",
    },
    Subindication.NO_SIGNING_CERTIFICATE_FOUND: {
        "en": "the certificate that the signer named is not there",
        "nl": "het certificaat dat de ondertekenaar noemde, is er niet",
        "fr": "le certificat désigné par le signataire est absent",
        "de": "das Zertifikat, das der Unterzeichner nannte, ist nicht da",
    },
    Subindication.NO_CERTIFICATE_CHAIN_FOUND: {
        "en": "the certificate does not lead to one that you trust",
        "nl": "het certificaat leidt niet naar een certificaat dat u vertrouwt",
        "fr": "le certificat ne mène à aucun certificat auquel vous vous fiez",
        "de": "das Zertifikat führt zu keinem, dem Sie vertrauen",
    },
    Subindication.OUT_OF_BOUNDS_NO_POE: {
        "en": "a certificate was not in force, and nothing proves an earlier time",
        "nl": "een certificaat was niet geldig, en niets bewijst een vroegere tijd",
        "fr": "un certificat n'était pas en vigueur, et rien ne prouve une date antérieure",
        "de": "ein Zertifikat war nicht gültig, und nichts beweist eine frühere Zeit",
    },
    Subindication.SIGNATURE_POLICY_NOT_AVAILABLE: {
        "en": "it was signed under a policy that is not known here",
        "nl": "het is ondertekend onder een beleid dat hier niet bekend is",
        "fr": "il a été signé selon une politique inconnue ici",
        "de": "es wurde nach einer Richtlinie unterschrieben, die hier unbekannt ist",
    },
    Subindication.REVOKED_NO_POE: {
        "en": "the certificate was revoked, and nothing proves an earlier time",
        "nl": "het certificaat was ingetrokken, en niets bewijst een vroegere tijd",
        "fr": "le certificat était révoqué, et rien ne prouve une date antérieure",
        "de": "das Zertifikat war widerrufen, und nichts beweist eine frühere Zeit",
    },
    Subindication.REVOKED_CA_NO_POE: {
        "en": "the issuer of the certificate was revoked, and nothing proves an earlier time",
        "nl": "de uitgever van het certificaat was ingetrokken, en niets bewijst een vroegere tijd",
        "fr": "l'émetteur du certificat était révoqué, et rien ne prouve une date antérieure",
        "de": "der Aussteller des Zertifikats war widerrufen, und nichts beweist eine frühere Zeit",
    },
    Subindication.REVOCATION_OUT_OF_BOUNDS_NO_POE: {
        "en": "what is known of its revocation is too old to count",
        "nl": "wat over de intrekking bekend is, is te oud om te tellen",
        "fr": "ce qui est connu de sa révocation est trop ancien pour compter",
        "de": "was über den Widerruf bekannt ist, ist zu alt, um zu zählen",
    },
    Subindication.TRY_LATER: {
        "en": "nothing is known of its revocation",
        "nl": "over de intrekking is niets bekend",
        "fr": "rien n'est connu de sa révocation",
        "de": "über seinen Widerruf ist nichts bekannt",
    },
    Subindication.TIMESTAMP_ORDER_FAILURE: {
        "en": "the times contradict each other",
        "nl": "de tijden spreken elkaar tegen",
        "fr": "les dates se contredisent",
        "de": "die Zeiten widersprechen einander",
    },
    Subindication.SIGNED_DATA_NOT_FOUND: {
        "en": "a file that it covers is not in the package",
        "nl": "een bestand dat het dekt, zit niet in het pakket",
        "fr": "un fichier qu'il couvre n'est pas dans le dossier",
        "de": "eine Datei, die es erfasst, ist nicht im Paket",
    },
}
"""What stands behind a refusal of `signing`, by the subindication that EN 319 102-1 gives to it."""

CODES: Mapping[str, Words] = {
    "manifest-disagrees": {
        "en": "the list {about} {why}",
        "nl": "de lijst {about} {why}",
        "fr": "la liste {about} {why}",
        "de": "die Liste {about} {why}",
    },
    "not-in-package": {
        "en": "{name} is not in the package",
        "nl": "{name} zit niet in het pakket",
        "fr": "{name} n'est pas dans le dossier",
        "de": "{name} ist nicht im Paket",
    },
    "form-not-in-package": {
        "en": "the form is not in the package; who has it adds it with `sealpost evidence export ID --form FILE`",
        "nl": "het formulier zit niet in het pakket; wie het heeft, voegt het toe met "
        "`sealpost evidence export ID --form FILE`",
        "fr": "le formulaire n'est pas dans le dossier ; qui le détient l'ajoute par "
        "`sealpost evidence export ID --form FILE`",
        "de": "das Formular ist nicht im Paket; wer es hat, fügt es mit "
        "`sealpost evidence export ID --form FILE` hinzu",
    },
    "not-sealed": {
        "en": "no seal of the counter over its list of files",
        "nl": "geen zegel van het loket op de lijst van bestanden",
        "fr": "aucun cachet du guichet sur la liste des fichiers",
        "de": "kein Siegel des Schalters über der Liste der Dateien",
    },
    "seal-outlived": {
        "en": "its certificate has ended since; what it covered is proven otherwise, but no longer that nothing was "
        "left out",
        "nl": "het certificaat is sindsdien verlopen; wat het dekte, is anders bewezen, maar niet meer dat er niets "
        "is weggelaten",
        "fr": "son certificat est arrivé à terme depuis ; ce qu'il couvrait est prouvé autrement, mais non plus que "
        "rien n'a été omis",
        "de": "sein Zertifikat ist seither abgelaufen; was es erfasste, ist anders bewiesen, aber nicht mehr, dass "
        "nichts weggelassen wurde",
    },
    "file-not-sealed": {
        "en": "nobody vouches for this file: it is not among those that the counter sealed",
        "nl": "niemand staat in voor dit bestand: het hoort niet bij wat het loket verzegelde",
        "fr": "personne ne répond de ce fichier : il n'est pas parmi ceux que le guichet a scellés",
        "de": "niemand steht für diese Datei ein: sie gehört nicht zu denen, die der Schalter siegelte",
    },
    "file-has-no-place": {
        "en": "a package holds no file of this name",
        "nl": "een pakket bevat geen bestand met deze naam",
        "fr": "un dossier ne contient aucun fichier de ce nom",
        "de": "ein Paket enthält keine Datei dieses Namens",
    },
    "brings-too-much": {
        "en": "there are more certificates, answers and lists in the package than can be tried; none of them was used",
        "nl": "het pakket bevat meer certificaten, antwoorden en lijsten dan geprobeerd kunnen worden; geen werd "
        "gebruikt",
        "fr": "le dossier contient plus de certificats, réponses et listes qu'on ne peut en essayer ; aucun n'a servi",
        "de": "im Paket sind mehr Zertifikate, Antworten und Listen, als sich durchprobieren lassen; keines wurde "
        "verwendet",
    },
    "by-another-issuer": {
        "en": "it was signed by somebody else than the one who sealed the package",
        "nl": "het is ondertekend door een ander dan wie het pakket verzegelde",
        "fr": "il a été signé par un autre que celui qui a scellé le dossier",
        "de": "es wurde von jemand anderem unterschrieben als dem, der das Paket siegelte",
    },
    "about-something-else": {
        "en": "it speaks of another submission, copy or file than this one",
        "nl": "het gaat over een andere indiening, een ander exemplaar of bestand dan dit",
        "fr": "il porte sur un autre dépôt, exemplaire ou fichier que celui-ci",
        "de": "es betrifft eine andere Einreichung, Ausfertigung oder Datei als diese",
    },
    "about-other-bytes": {
        "en": "it names the digest of other bytes than these",
        "nl": "het noemt het controlegetal van andere bytes dan deze",
        "fr": "il désigne l'empreinte d'autres octets que ceux-ci",
        "de": "es nennt die Prüfsumme anderer Bytes als dieser",
    },
    "times-contradict": {
        "en": "it speaks of a time after the one by which it is proven to have existed",
        "nl": "het noemt een tijd na die waarop het bewezen al bestond",
        "fr": "il parle d'une date postérieure à celle où il existait de façon prouvée",
        "de": "es nennt eine Zeit nach der, zu der es nachweislich schon bestand",
    },
    "event-unknown": {
        "en": "it states an event that this program does not know; a newer one may",
        "nl": "het stelt iets vast wat dit programma niet kent; een nieuwer misschien wel",
        "fr": "il constate un événement que ce programme ne connaît pas ; un plus récent peut-être",
        "de": "es stellt etwas fest, das dieses Programm nicht kennt; ein neueres vielleicht",
    },
    "nothing-binds-it": {
        "en": "no statement that holds names the form",
        "nl": "geen enkele geldige vaststelling noemt het formulier",
        "fr": "aucune constatation exacte ne désigne le formulaire",
        "de": "keine stimmende Feststellung nennt das Formular",
    },
    "without-receipt": {
        "en": "only the recipient's own receipt shows this, and the statement rests on none",
        "nl": "alleen een ontvangstbewijs van de ontvanger zelf toont dit, en de vaststelling steunt op geen enkel",
        "fr": "seul l'accusé de réception du destinataire le montre, et la constatation ne s'appuie sur aucun",
        "de": "nur die Empfangsbestätigung des Empfängers zeigt das, und die Feststellung beruht auf keiner",
    },
    "says-otherwise": {
        "en": "it says something else than the statement that rests on it",
        "nl": "het zegt iets anders dan de vaststelling die erop steunt",
        "fr": "il dit autre chose que la constatation qui s'appuie dessus",
        "de": "sie sagt etwas anderes als die Feststellung, die darauf beruht",
    },
    "signed-by-the-service": {
        "en": "the counter signed it itself, with a certificate in its own name",
        "nl": "het loket ondertekende het zelf, met een certificaat op eigen naam",
        "fr": "le guichet l'a signé lui-même, avec un certificat à son propre nom",
        "de": "der Schalter unterschrieb sie selbst, mit einem Zertifikat auf eigenen Namen",
    },
    "nothing-stated": {
        "en": "no statement that holds is in the package: it proves nothing of what happened",
        "nl": "er zit geen geldige vaststelling in het pakket: het bewijst niets van wat er gebeurde",
        "fr": "aucune constatation exacte n'est dans le dossier : il ne prouve rien de ce qui s'est passé",
        "de": "keine stimmende Feststellung ist im Paket: es beweist nichts von dem, was geschah",
    },
    "nothing-names-it": {
        "en": "no statement that holds rests on it",
        "nl": "geen enkele geldige vaststelling steunt erop",
        "fr": "aucune constatation exacte ne s'appuie dessus",
        "de": "keine stimmende Feststellung beruht darauf",
    },
    "does-not-follow": {
        "en": "the statement {name} cannot follow what was stated before",
        "nl": "de vaststelling {name} kan niet volgen op wat eerder werd vastgesteld",
        "fr": "la constatation {name} ne peut suivre ce qui a été constaté avant",
        "de": "die Feststellung {name} kann nicht auf das zuvor Festgestellte folgen",
    },
    "state-not-shown": {
        "en": "the package says that the copy is in state {name}, and no statement shows it",
        "nl": "het pakket zegt dat het exemplaar in toestand {name} is, en geen vaststelling toont dat",
        "fr": "le dossier dit que l'exemplaire est dans l'état {name}, et aucune constatation ne le montre",
        "de": "nach dem Paket ist die Ausfertigung im Zustand {name}, und keine Feststellung zeigt das",
    },
    "statement-of-decision": {
        "en": "no statement that the form was accepted or refused",
        "nl": "geen vaststelling dat het formulier werd aanvaard of geweigerd",
        "fr": "aucune constatation que le formulaire a été accepté ou refusé",
        "de": "keine Feststellung, dass das Formular angenommen oder abgelehnt wurde",
    },
    "copy-left-out": {
        "en": "the form was also laid ready for {name}, copy {which}, and nothing here says what became of that copy",
        "nl": "het formulier werd ook klaargelegd voor {name}, exemplaar {which}, en niets hier zegt wat daarvan werd",
        "fr": "le formulaire a aussi été mis à disposition de {name}, exemplaire {which}, et rien ici ne dit ce qu'il "
        "est devenu",
        "de": "das Formular wurde auch für {name} bereitgelegt, Ausfertigung {which}, und nichts hier sagt, was daraus "
        "wurde",
    },
    "copies-not-stated": {
        "en": "the acceptance does not say which copies there were (older versions did not), so one may be left out",
        "nl": "de aanvaarding zegt niet welke exemplaren er waren (oudere versies deden dat niet); er kan er een "
        "weggelaten zijn",
        "fr": "l'acceptation ne dit pas quels exemplaires il y avait (les anciennes versions non plus) ; l'un "
        "peut manquer",
        "de": "die Annahme sagt nicht, welche Ausfertigungen es gab (ältere Fassungen taten das nicht); eine kann "
        "weggelassen sein",
    },
    "not-in-journal": {
        "en": "no entry of the journal for it; it may have been exported before the batch was closed",
        "nl": "geen vermelding in het journaal ervoor; mogelijk geëxporteerd voor de reeks werd afgesloten",
        "fr": "aucune entrée du journal pour lui ; l'export a pu précéder la clôture du lot",
        "de": "kein Eintrag des Journals dafür; vielleicht vor dem Abschluss der Reihe exportiert",
    },
    "journal-key-unknown": {
        "en": "the key of the journal is not known: neither the package names it nor did you give it",
        "nl": "de sleutel van het journaal is niet bekend: het pakket noemt hem niet en u gaf hem niet",
        "fr": "la clé du journal est inconnue : ni le dossier ni vous ne la donnez",
        "de": "der Schlüssel des Journals ist unbekannt: weder das Paket noch Sie nennen ihn",
    },
    "not-stamped": {
        "en": "no evidence record of a time stamp for it; it may have been exported before the stamp came",
        "nl": "geen tijdstempelbewijs ervoor; mogelijk geëxporteerd voor de stempel er was",
        "fr": "aucun enregistrement d'horodatage pour lui ; l'export a pu précéder l'horodatage",
        "de": "kein Nachweis eines Zeitstempels dafür; vielleicht vor dem Stempel exportiert",
    },
    "not-witnessed": {
        "en": "no witness that you know vouches for this state of the journal: whether the counter showed others the "
        "same one is not proven",
        "nl": "geen getuige die u kent, staat in voor deze toestand van het journaal: of het loket anderen dezelfde "
        "toonde, is niet bewezen",
        "fr": "aucun témoin que vous connaissez ne répond de cet état du journal : que le guichet ait montré le même à "
        "d'autres n'est pas prouvé",
        "de": "kein Zeuge, den Sie kennen, steht für diesen Stand des Journals ein: ob der Schalter anderen denselben "
        "zeigte, ist nicht bewiesen",
    },
    "states-not-connected": {
        "en": "nothing proves that the states at {sizes} entries are of one journal, which dropped and moved nothing "
        "in between; `sealpost evidence export ID --checkpoint FILE` fetches the proof for a state that you know",
        "nl": "niets bewijst dat de toestanden bij {sizes} vermeldingen van één journaal zijn, dat daartussen niets "
        "wegliet of verplaatste; `sealpost evidence export ID --checkpoint FILE` haalt het bewijs voor een toestand "
        "die u kent",
        "fr": "rien ne prouve que les états à {sizes} entrées sont d'un seul journal, qui n'a rien omis ni déplacé "
        "entre eux ; `sealpost evidence export ID --checkpoint FILE` obtient la preuve pour un état que vous "
        "connaissez",
        "de": "nichts beweist, dass die Stände bei {sizes} Einträgen zu einem Journal gehören, das dazwischen nichts "
        "wegließ oder versetzte; `sealpost evidence export ID --checkpoint FILE` holt den Beweis für einen Stand, den "
        "Sie kennen",
    },
    "two-journals": {
        "en": "two states of the journal are shown that cannot both be true",
        "nl": "er worden twee toestanden van het journaal getoond die niet allebei waar kunnen zijn",
        "fr": "deux états du journal sont montrés qui ne peuvent être vrais tous deux",
        "de": "es werden zwei Stände des Journals gezeigt, die nicht beide wahr sein können",
    },
    "revocation-not-known": {
        "en": "nothing in the package says whether {who} was revoked",
        "nl": "niets in het pakket zegt of {who} werd ingetrokken",
        "fr": "rien dans le dossier ne dit si {who} a été révoqué",
        "de": "nichts im Paket sagt, ob {who} widerrufen wurde",
    },
    "proof-sealed": {
        "en": "it is here, sealed: the sender and the print station can open it, with `sealpost evidence export ID "
        "--sealing-key KEY`",
        "nl": "het is er, verzegeld: de afzender en het printstation kunnen het openen, met `sealpost evidence export "
        "ID --sealing-key KEY`",
        "fr": "elle est présente, scellée : l'expéditeur et la station d'impression peuvent l'ouvrir, par `sealpost "
        "evidence export ID --sealing-key KEY`",
        "de": "er ist da, verschlossen: Absender und Druckstelle können ihn öffnen, mit `sealpost evidence export ID "
        "--sealing-key KEY`",
    },
    "found-revoked": {
        "en": "the counter learnt later that a certificate behind the form had been revoked when it was used",
        "nl": "het loket vernam later dat een certificaat achter het formulier was ingetrokken toen het werd gebruikt",
        "fr": "le guichet a appris plus tard qu'un certificat du formulaire était révoqué lors de son usage",
        "de": "der Schalter erfuhr später, dass ein Zertifikat des Formulars bei der Verwendung widerrufen war",
    },
    "without-form": {
        "en": "it can only be compared with the form, which is not in the package",
        "nl": "het kan alleen worden vergeleken met het formulier, dat niet in het pakket zit",
        "fr": "elle ne peut être comparée qu'avec le formulaire, qui n'est pas dans le dossier",
        "de": "sie lässt sich nur mit dem Formular vergleichen, das nicht im Paket ist",
    },
    "pages-not-proven": {
        "en": "nothing proves what its pages show: this program does not print the same file, and the counter did "
        "not seal it; a signature of somebody else over it does not tell; the form itself is the original",
        "nl": "niets bewijst wat de bladzijden tonen: dit programma drukt niet hetzelfde bestand af, en het loket "
        "verzegelde het niet; een handtekening van een ander erop zegt dat niet; het formulier zelf is het origineel",
        "fr": "rien ne prouve ce que montrent les pages : ce programme n'imprime pas le même fichier, et le guichet "
        "ne l'a pas scellé ; la signature d'un autre ne le dit pas ; le formulaire lui-même fait foi",
        "de": "nichts beweist, was die Seiten zeigen: dieses Programm druckt nicht dieselbe Datei, und der Schalter "
        "siegelte sie nicht; eine Unterschrift anderer darauf sagt es nicht; das Formular selbst ist das Original",
    },
    "attached-form-differs": {
        "en": "the form that it carries is not the one in the package, or it carries none",
        "nl": "het formulier dat erin zit, is niet dat van het pakket, of er zit geen in",
        "fr": "le formulaire qu'elle contient n'est pas celui du dossier, ou elle n'en contient pas",
        "de": "das enthaltene Formular ist nicht das des Pakets, oder es ist keines enthalten",
    },
}
"""Why a link does not stand, where that is not for `signing` to say."""

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

DISAGREEMENTS: Mapping[str, Words] = {
    "unreadable": {
        "en": "cannot be read",
        "nl": "is niet te lezen",
        "fr": "est illisible",
        "de": "ist nicht lesbar",
    },
    "of-another": {
        "en": "names another signature or record than the one beside it",
        "nl": "noemt een andere handtekening of een ander bewijs dan wat ernaast staat",
        "fr": "nomme une autre signature ou preuve que celle qui l'accompagne",
        "de": "nennt eine andere Signatur oder einen anderen Nachweis als den daneben",
    },
    "repeats": {
        "en": "names a file twice, or one that no list may name",
        "nl": "noemt een bestand tweemaal, of een dat geen lijst mag noemen",
        "fr": "nomme un fichier deux fois, ou un fichier qu'aucune liste ne peut nommer",
        "de": "nennt eine Datei zweimal oder eine, die keine Liste nennen darf",
    },
    "empty": {
        "en": "names no file",
        "nl": "noemt geen bestand",
        "fr": "ne nomme aucun fichier",
        "de": "nennt keine Datei",
    },
    "names": {
        "en": "names other files than there are",
        "nl": "noemt andere bestanden dan er zijn",
        "fr": "nomme d'autres fichiers que ceux qui sont là",
        "de": "nennt andere Dateien, als vorhanden sind",
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
