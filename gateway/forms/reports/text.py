"""A report for a reader at a terminal: verdict first, then each finding with its place and the way out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.forms.findings import DEFAULT_LANGUAGE, Finding, Severity
from gateway.forms.report import MAX_FINDINGS, Report
from gateway.forms.reports.judged import Judged
from gateway.forms.reports.words import words_in

_MARKS = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.INFO: "·"}


def render(judged: Sequence[Judged], language: str) -> str:
    """Every report below the name of its file."""
    return "\n".join(f"{each.name}\n{to_text(each.report, language)}" for each in judged)


def to_text(report: Report, language: str = DEFAULT_LANGUAGE) -> str:
    """One report."""
    said = words_in(language)
    document = report.document
    name = " ".join(part for part in (document.form or said["unknown"], document.version) if part)
    summary = said["summary"].format(
        errors=report.count(Severity.ERROR),
        warnings=report.count(Severity.WARNING),
        remarks=report.count(Severity.INFO),
    )
    lines = [f"{said[report.verdict].upper()}: {name}, {said['bytes'].format(bytes=document.size_bytes)}", summary]
    for finding in report.findings:
        lines += ["", *_lines(finding, report, said, language)]
    if report.truncated:
        lines += ["", said["truncated"].format(limit=MAX_FINDINGS)]
    return "\n".join(lines) + "\n"


def _lines(finding: Finding, report: Report, said: Mapping[str, str], language: str) -> list[str]:
    words = report.messages.words(finding, language)
    rule = f" [{finding.rule}]" if finding.rule and finding.rule != finding.code else ""
    article = f"  {words.article}" if words.article else ""
    line = "" if finding.line is None else f"{said['line']} {finding.line}"
    place = "  ".join(part for part in (line, words.place) if part)
    body = [place, finding.path, finding.pointer, words.message, words.detail, f"→ {words.fix}" if words.fix else None]
    return [
        f"{_MARKS[finding.severity]} {finding.code}{rule}  {said[finding.severity.value]}{article}",
        *(f"    {line}" for line in body if line),
    ]
