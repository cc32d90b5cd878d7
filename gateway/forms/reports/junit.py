"""Reports as JUnit XML, which build servers show as tests.

One suite for each document: one test for each step that passed or was not reached, one failed test for each error.
Warnings and remarks are properties of the suite, since they refuse nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from gateway.forms.findings import Finding, Severity
from gateway.forms.report import Outcome, Report
from gateway.forms.reports.judged import Judged
from gateway.forms.reports.words import words_in


def render(judged: Sequence[Judged], language: str) -> str:
    """One `testsuites` over all documents."""
    suites = [_suite(each, language) for each in judged]
    root = etree.Element("testsuites", name="sealpost")
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    root.extend(suites)
    etree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + etree.tostring(root, encoding="unicode") + "\n"


def _suite(judged: Judged, language: str) -> etree._Element:
    report = judged.report
    errors = [finding for finding in report.findings if finding.severity is Severity.ERROR]
    steps = {phase: outcome for phase, outcome in report.phases.items() if outcome is not Outcome.FAILED}
    suite = etree.Element(
        "testsuite",
        name=judged.name,
        tests=str(len(steps) + len(errors)),
        failures=str(len(errors)),
        errors="0",
        skipped=str(list(steps.values()).count(Outcome.SKIPPED)),
    )
    _properties(suite, report, language)
    said = words_in(language)
    for phase, outcome in steps.items():
        test = etree.SubElement(suite, "testcase", name=said[phase.value], classname=judged.name)
        if outcome is Outcome.SKIPPED:
            etree.SubElement(test, "skipped")
    for finding in errors:
        _failure(suite, finding, judged, language)
    return suite


def _properties(suite: etree._Element, report: Report, language: str) -> None:
    properties = etree.SubElement(suite, "properties")
    facts = {
        "verdict": report.verdict,
        "kind": report.kind,
        "documentId": report.document.document_id,
        "sha256": report.document.sha256,
        "ruleset": report.ruleset,
        "receivedOn": report.received_on.isoformat(),
    }
    for name, value in facts.items():
        if value is not None:
            etree.SubElement(properties, "property", name=name, value=value)
    for finding in report.findings:
        if finding.severity is not Severity.ERROR:
            name = f"{finding.severity.value} {finding.rule or finding.code}"
            etree.SubElement(properties, "property", name=name, value=_said(finding, report, language))


def _failure(suite: etree._Element, finding: Finding, judged: Judged, language: str) -> None:
    words = judged.report.messages.words(finding, language)
    name = " ".join(part for part in (finding.rule or finding.code, finding.path) if part)
    test = etree.SubElement(suite, "testcase", name=name, classname=judged.name)
    failure = etree.SubElement(test, "failure", type=finding.rule or finding.code, message=words.message)
    failure.text = _said(finding, judged.report, language)


def _said(finding: Finding, report: Report, language: str) -> str:
    words = report.messages.words(finding, language)
    line = None if finding.line is None else f"{words_in(language)['line']} {finding.line}"
    place = ", ".join(part for part in (line, words.place, finding.path) if part)
    parts = (place, words.article, words.message, words.detail, f"→ {words.fix}" if words.fix else None)
    return "\n".join(part for part in parts if part)
