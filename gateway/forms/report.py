"""What a validation came to: the verdict and every finding, as data. `reports/` renders it for people and tools.

A report names the document by id, size and digest and places by path; it holds no value of the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any

from lxml import etree

from gateway.forms.citing import as_json
from gateway.forms.findings import DEFAULT_LANGUAGE, LANGUAGES, Finding, MessageCatalogue, Phase, Severity
from gateway.forms.kinds import FormKind
from gateway.version import VERSION

MAX_FINDINGS = 100
REPORT_VERSION = "1.0"


def as_reported(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """What a report holds of the findings, in their order; of too many, no warning takes the place of an error."""
    if len(findings) <= MAX_FINDINGS:
        return findings
    by_weight = sorted(range(len(findings)), key=lambda place: findings[place].severity is not Severity.ERROR)
    return tuple(findings[place] for place in sorted(by_weight[:MAX_FINDINGS]))


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
    """The result of validating one document. `findings` holds at most 100; `truncated` says whether there were more.

    form: the form kind that it was judged by, if it is of one.
    """

    document: Document
    received_on: date
    phases: Mapping[Phase, Outcome]
    findings: tuple[Finding, ...]
    truncated: bool = False
    form: FormKind | None = field(default=None, repr=False, compare=False)
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

    @property
    def ruleset(self) -> str | None:
        """The name of the rules it was judged by."""
        return None if self.form is None else self.form.rules.name

    def count(self, severity: Severity) -> int:
        """How many of the findings have that severity."""
        return sum(finding.severity is severity for finding in self.findings)

    def to_json(self, language: str = DEFAULT_LANGUAGE) -> dict[str, Any]:
        """The report as the API shows it."""
        return {
            "reportVersion": REPORT_VERSION,
            "verdict": self.verdict,
            "receivedOn": self.received_on.isoformat(),
            "language": language_of(language),
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


def finding_to_json(finding: Finding, messages: MessageCatalogue, language: str = DEFAULT_LANGUAGE) -> dict[str, Any]:
    """One finding as the API shows it, in a report or among the issues of a problem; what is not known is left out."""
    words = messages.words(finding, language)
    shown: dict[str, Any] = {
        "code": finding.code,
        "rule": finding.rule,
        "severity": finding.severity.value,
        "phase": finding.phase.value,
        "path": finding.path,
        "pointer": finding.pointer,
        "place": words.place,
        "line": finding.line,
        "article": words.article,
        "legal": as_json(finding.legal) or None,
        "message": words.message,
        "detail": words.detail,
        "fix": words.fix,
    }
    return {key: value for key, value in shown.items() if value is not None}


def language_of(language: str) -> str:
    """`language` if it is one of ours, else the default one."""
    return language if language in LANGUAGES else DEFAULT_LANGUAGE
