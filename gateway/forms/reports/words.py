"""The words around findings, in four languages."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.forms.report import language_of

_LANGUAGES = ("en", "nl", "fr", "de")
_WORDS: Mapping[str, tuple[str, str, str, str]] = {
    "title": ("Validation report", "Validatieverslag", "Rapport de validation", "Prüfbericht"),
    "acceptable": ("Acceptable", "Aanvaardbaar", "Acceptable", "Annehmbar"),
    "refused": ("Refused", "Geweigerd", "Refusé", "Abgelehnt"),
    "acceptable-means": (
        "Nothing in the form stands in the way. It was only checked, not handed in; this report proves no submission.",
        "Niets in het formulier staat in de weg. Het werd enkel nagekeken, niet ingediend; dit verslag bewijst geen "
        "indiening.",
        "Rien dans le formulaire n'y fait obstacle. Il a seulement été vérifié, pas introduit ; ce rapport ne prouve "
        "aucun dépôt.",
        "Im Formular steht nichts entgegen. Es wurde nur geprüft, nicht eingereicht; dieser Bericht beweist keine "
        "Einreichung.",
    ),
    "refused-means": (
        "The counter refuses this form as it stands. Correct the errors below and check it again.",
        "Het loket weigert dit formulier zoals het er nu uitziet. Verbeter de fouten hieronder en kijk het opnieuw na.",
        "Le guichet refuse ce formulaire tel qu'il est. Corrigez les erreurs ci-dessous et vérifiez-le à nouveau.",
        "Der Schalter lehnt dieses Formular so ab. Berichtigen Sie die Fehler unten und prüfen Sie es erneut.",
    ),
    "unknown": ("unknown document", "onbekend document", "document inconnu", "unbekanntes Dokument"),
    "summary": (
        "errors: {errors}, warnings: {warnings}, remarks: {remarks}",
        "fouten: {errors}, waarschuwingen: {warnings}, opmerkingen: {remarks}",
        "erreurs : {errors}, avertissements : {warnings}, remarques : {remarks}",
        "Fehler: {errors}, Warnungen: {warnings}, Hinweise: {remarks}",
    ),
    "truncated": (
        "There are more findings; only the first {limit} are shown.",
        "Er zijn meer bevindingen; alleen de eerste {limit} worden getoond.",
        "Il y a d'autres constatations ; seules les {limit} premières sont affichées.",
        "Es gibt weitere Befunde; nur die ersten {limit} werden gezeigt.",
    ),
    "error": ("error", "fout", "erreur", "Fehler"),
    "warning": ("warning", "waarschuwing", "avertissement", "Warnung"),
    "info": ("remark", "opmerking", "remarque", "Hinweis"),
    "line": ("line", "regel", "ligne", "Zeile"),
    "findings": ("Findings", "Bevindingen", "Constatations", "Befunde"),
    "no-findings": (
        "There are no findings.",
        "Er zijn geen bevindingen.",
        "Il n'y a aucune constatation.",
        "Es gibt keine Befunde.",
    ),
    "place": ("Place", "Plaats", "Endroit", "Stelle"),
    "path": ("Path", "Pad", "Chemin", "Pfad"),
    "law": ("Law", "Wettekst", "Texte légal", "Rechtstext"),
    "rule": ("Rule", "Controleregel", "Règle", "Regel"),
    "code": ("Code", "Code", "Code", "Code"),
    "detail": ("Detail", "Toelichting", "Précision", "Einzelheit"),
    "fix": ("What to do", "Wat te doen", "Que faire", "Was zu tun ist"),
    "document": ("The document", "Het document", "Le document", "Das Dokument"),
    "documents": ("Documents", "Documenten", "Documents", "Dokumente"),
    "file": ("File", "Bestand", "Fichier", "Datei"),
    "verdict": ("Verdict", "Oordeel", "Verdict", "Ergebnis"),
    "form": ("Form", "Formulier", "Formulaire", "Formular"),
    "number": ("Number", "Nummer", "Numéro", "Nummer"),
    "size": ("Size", "Grootte", "Taille", "Größe"),
    "bytes": ("{bytes} bytes", "{bytes} bytes", "{bytes} octets", "{bytes} Bytes"),
    "digest": ("Digest", "Controlegetal", "Empreinte", "Prüfsumme"),
    "received": (
        "Judged as received on",
        "Beoordeeld als ontvangen op",
        "Jugé comme reçu le",
        "Beurteilt als erhalten am",
    ),
    "ruleset": ("Rules", "Regels", "Règles", "Regeln"),
    "engine": ("Checked by", "Nagekeken door", "Vérifié par", "Geprüft durch"),
    "steps": ("Steps", "Stappen", "Étapes", "Schritte"),
    "step": ("Step", "Stap", "Étape", "Schritt"),
    "outcome": ("Outcome", "Uitkomst", "Résultat", "Ausgang"),
    "parse": ("Reading", "Lezen", "Lecture", "Lesen"),
    "schema": ("Schema", "Schema", "Schéma", "Schema"),
    "rules": ("Rules", "Regels", "Règles", "Regeln"),
    "signature": ("Signature", "Handtekening", "Signature", "Unterschrift"),
    "records": ("Records of the counter", "Gegevens van het loket", "Données du guichet", "Daten des Schalters"),
    "checked": ("Checked", "Nagekeken", "Vérification", "Geprüft"),
    "where-parse": ("when it is read", "bij het lezen", "à la lecture", "beim Lesen"),
    "where-schema": ("against the schema", "tegen het schema", "par rapport au schéma", "anhand des Schemas"),
    "where-rules": ("on the document", "op het document", "sur le document", "am Dokument"),
    "where-document": ("on the document", "op het document", "sur le document", "am Dokument"),
    "where-signature": (
        "with the signature",
        "samen met de handtekening",
        "avec la signature",
        "zusammen mit der Unterschrift",
    ),
    "where-records": (
        "against what the counter knows",
        "tegen wat het loket weet",
        "par rapport à ce que sait le guichet",
        "anhand dessen, was der Schalter weiß",
    ),
    "where-organisational": (
        "by no machine: by people",
        "door geen machine: door mensen",
        "par aucune machine : par des personnes",
        "von keiner Maschine: von Menschen",
    ),
    "kinds": ("Forms", "Formulieren", "Formulaires", "Formulare"),
    "reason": ("Reason", "Reden", "Raison", "Grund"),
    "law-text": ("The law says", "De wet zegt", "La loi dit", "Das Gesetz sagt"),
    "right": ("Right", "Juist", "Juste", "Richtig"),
    "wrong": ("Wrong", "Fout", "Faux", "Falsch"),
    "earlier": ("After", "Na", "Après", "Nach"),
    "nothing": ("no earlier form", "geen eerder formulier", "aucun formulaire antérieur", "keinem früheren Formular"),
    "proof": ("Shown by the test", "Aangetoond door de test", "Démontré par le test", "Gezeigt durch den Test"),
    "passed": ("passed", "geslaagd", "réussie", "bestanden"),
    "failed": ("failed", "mislukt", "échouée", "fehlgeschlagen"),
    "skipped": ("not reached", "niet bereikt", "non atteinte", "nicht erreicht"),
}

WORDS: Mapping[str, Mapping[str, str]] = {
    language: {key: texts[index] for key, texts in _WORDS.items()} for index, language in enumerate(_LANGUAGES)
}


def words_in(language: str) -> Mapping[str, str]:
    """The words in that language; the default one for a language that is not ours."""
    return WORDS[language_of(language)]
