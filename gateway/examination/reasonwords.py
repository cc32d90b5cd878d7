"""Why a link does not stand, in four languages."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.examination.words import Words
from signing import Subindication

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
        "en": "no statement that holds says that the form was accepted or refused",
        "nl": "geen enkele geldige vaststelling zegt dat het formulier werd aanvaard of geweigerd",
        "fr": "aucune constatation exacte ne dit que le formulaire a été accepté ou refusé",
        "de": "keine stimmende Feststellung sagt, dass das Formular angenommen oder abgelehnt wurde",
    },
    "statement-of-consignment": {
        "en": "no statement that holds says that this copy was made available, and in which bytes",
        "nl": "geen enkele geldige vaststelling zegt dat dit exemplaar werd klaargelegd, en in welke bytes",
        "fr": "aucune constatation exacte ne dit que cet exemplaire a été mis à disposition, et en quels octets",
        "de": "keine stimmende Feststellung sagt, dass diese Ausfertigung bereitgelegt wurde, und in welchen Bytes",
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
        "de": "nennt eine andere Unterschrift oder einen anderen Nachweis als den daneben",
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
