"""What a validation came to: the verdict and every finding, as data and as text for people, in four languages.

A report names the document by id, size and digest and places by path; it holds no value of the document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any

from lxml import etree

from gateway.forms.findings import DEFAULT_LANGUAGE, LANGUAGES, Finding, MessageCatalogue, Phase, Severity
from gateway.version import VERSION

MAX_FINDINGS = 100
REPORT_VERSION = "1.0"


class Outcome(StrEnum):
    """How a phase ended; one that was not reached is skipped."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@lru_cache(maxsize=1)
def engine_versions() -> dict[str, str]:
    """The versions of what judged."""
    return {
        "name": "sealpost",
        "version": VERSION,
        "lxml": ".".join(map(str, etree.LXML_VERSION[:3])),
        "libxml2": ".".join(map(str, etree.LIBXML_VERSION)),
    }


@dataclass(frozen=True, kw_only=True)
class Document:
    """Which bytes were judged. kind, version and document_id are None as far as the bytes do not say them readably."""

    size_bytes: int
    sha256: str
    kind: str | None = None
    form: str | None = None
    version: str | None = None
    document_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """The result of validating one document. `findings` holds at most 100; `truncated` says whether there were more."""

    document: Document
    received_on: date
    phases: Mapping[Phase, Outcome]
    findings: tuple[Finding, ...]
    truncated: bool = False
    ruleset: str | None = None
    messages: MessageCatalogue = field(repr=False, compare=False)

    @property
    def acceptable(self) -> bool:
        """Whether nothing refuses the form."""
        return not any(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def verdict(self) -> str:
        """`acceptable` or `refused`."""
        return "acceptable" if self.acceptable else "refused"

    @property
    def kind(self) -> str | None:
        """The form kind, `be/health-assessment`, if the document is of one."""
        return self.document.kind

    def count(self, severity: Severity) -> int:
        """How many of the findings have that severity."""
        return sum(finding.severity is severity for finding in self.findings)

    def to_json(self, language: str = DEFAULT_LANGUAGE) -> dict[str, Any]:
        """The report as the API shows it."""
        return {
            "reportVersion": REPORT_VERSION,
            "verdict": self.verdict,
            "receivedOn": self.received_on.isoformat(),
            "language": _language(language),
            "kind": self.kind,
            "document": {
                "form": self.document.form,
                "version": self.document.version,
                "documentId": self.document.document_id,
                "bytes": self.document.size_bytes,
                "sha256": self.document.sha256,
            },
            "ruleset": self.ruleset,
            "engine": dict(engine_versions()),
            "phases": {phase.value: outcome.value for phase, outcome in self.phases.items()},
            "summary": {
                "errors": self.count(Severity.ERROR),
                "warnings": self.count(Severity.WARNING),
                "remarks": self.count(Severity.INFO),
                "truncated": self.truncated,
            },
            "findings": [finding_to_json(finding, self.messages, language) for finding in self.findings],
        }

    def to_text(self, language: str = DEFAULT_LANGUAGE) -> str:
        """The report for a reader at a terminal: verdict first, then each finding with its place and the way out."""
        language = _language(language)
        heading = _HEADINGS[language]
        what = self.document.form or heading["unknown"]
        name = f"{what} {self.document.version}" if self.document.version else what
        summary = heading["summary"].format(
            errors=self.count(Severity.ERROR),
            warnings=self.count(Severity.WARNING),
            remarks=self.count(Severity.INFO),
        )
        lines = [f"{heading[self.verdict]}: {name}, {self.document.size_bytes} bytes", summary]
        for finding in self.findings:
            lines += ["", *_lines(finding, self.messages, language)]
        if self.truncated:
            lines += ["", heading["truncated"].format(limit=MAX_FINDINGS)]
        return "\n".join(lines) + "\n"


def finding_to_json(finding: Finding, messages: MessageCatalogue, language: str = DEFAULT_LANGUAGE) -> dict[str, Any]:
    """One finding as the API shows it, in a report or among the issues of a problem; what is not known is left out."""
    words = messages.words(finding, _language(language))
    shown: dict[str, Any] = {
        "code": finding.code,
        "rule": finding.rule,
        "severity": finding.severity.value,
        "phase": finding.phase.value,
        "path": finding.path,
        "pointer": finding.pointer,
        "line": finding.line,
        "article": finding.article,
        "message": words.message,
        "detail": words.detail,
        "fix": words.fix,
    }
    return {key: value for key, value in shown.items() if value is not None}


def _lines(finding: Finding, messages: MessageCatalogue, language: str) -> Sequence[str]:
    heading = _HEADINGS[language]
    words = messages.words(finding, language)
    rule = f" [{finding.rule}]" if finding.rule and finding.rule != finding.code else ""
    article = f"  {finding.article}" if finding.article else ""
    place = finding.path or ""
    if finding.line is not None:
        place = f"{heading['line']} {finding.line}{'  ' if place else ''}{place}"
    body = [place, words.message, words.detail, f"→ {words.fix}" if words.fix else None]
    return [
        f"{_MARKS[finding.severity]} {finding.code}{rule}  {heading[finding.severity.value]}{article}",
        *(f"    {line}" for line in body if line),
    ]


def _language(language: str) -> str:
    return language if language in LANGUAGES else DEFAULT_LANGUAGE


_MARKS = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.INFO: "·"}

_HEADINGS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "acceptable": "ACCEPTABLE",
        "refused": "REFUSED",
        "unknown": "unknown document",
        "summary": "errors: {errors}, warnings: {warnings}, remarks: {remarks}",
        "truncated": "There are more findings; only the first {limit} are shown.",
        "line": "line",
        "error": "error",
        "warning": "warning",
        "info": "remark",
    },
    "nl": {
        "acceptable": "AANVAARDBAAR",
        "refused": "GEWEIGERD",
        "unknown": "onbekend document",
        "summary": "fouten: {errors}, waarschuwingen: {warnings}, opmerkingen: {remarks}",
        "truncated": "Er zijn meer bevindingen; alleen de eerste {limit} worden getoond.",
        "line": "regel",
        "error": "fout",
        "warning": "waarschuwing",
        "info": "opmerking",
    },
    "fr": {
        "acceptable": "ACCEPTABLE",
        "refused": "REFUSÉ",
        "unknown": "document inconnu",
        "summary": "erreurs : {errors}, avertissements : {warnings}, remarques : {remarks}",
        "truncated": "Il y a d'autres constatations ; seules les {limit} premières sont affichées.",
        "line": "ligne",
        "error": "erreur",
        "warning": "avertissement",
        "info": "remarque",
    },
    "de": {
        "acceptable": "ANNEHMBAR",
        "refused": "ABGELEHNT",
        "unknown": "unbekanntes Dokument",
        "summary": "Fehler: {errors}, Warnungen: {warnings}, Hinweise: {remarks}",
        "truncated": "Es gibt weitere Befunde; nur die ersten {limit} werden gezeigt.",
        "line": "Zeile",
        "error": "Fehler",
        "warning": "Warnung",
        "info": "Hinweis",
    },
}
