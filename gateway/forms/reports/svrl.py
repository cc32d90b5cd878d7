"""Reports as SVRL, what Schematron tools read (ISO/IEC 19757-3, annex D).

The rules are one pattern, the steps before them others. A report knows what failed, not each element at which a rule
was obeyed, so a fired rule stands here for each finding, and one without an assertion for a step without findings.
"""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from gateway.forms.findings import Finding, Phase, Severity
from gateway.forms.report import Outcome, Report, engine_versions, language_of
from gateway.forms.reports.judged import Judged
from gateway.forms.sources import xpath_namespaces

NAMESPACE = "http://purl.oclc.org/dsdl/svrl"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_FLAGS = {Severity.ERROR: "fatal", Severity.WARNING: "warning", Severity.INFO: "information"}
_TESTS = {Phase.PARSE: "readable", Phase.SCHEMA: "schema-valid", Phase.SIGNATURE: "signed", Phase.RECORDS: "on-record"}


def render(judged: Sequence[Judged], language: str) -> str:
    """One `schematron-output`. SVRL knows one document each, so exactly one is expected."""
    (each,) = judged
    root = _output(each, language_of(language))
    etree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + etree.tostring(root, encoding="unicode") + "\n"


def _output(judged: Judged, language: str) -> etree._Element:
    report, engine = judged.report, engine_versions()
    root = etree.Element(f"{{{NAMESPACE}}}schematron-output", nsmap={"svrl": NAMESPACE})
    root.set("title", report.ruleset or engine["name"])
    root.set("schemaVersion", engine["version"])
    if report.form is not None:
        for prefix, uri in xpath_namespaces(report.form.namespace).items():
            _child(root, "ns-prefix-in-attribute-values", prefix=prefix, uri=uri)
    for phase, outcome in report.phases.items():
        if outcome is Outcome.SKIPPED:
            continue
        found = [finding for finding in report.findings if finding.phase is phase]
        _child(root, "active-pattern", id=phase.value, documents=judged.uri)
        if not found:
            _child(root, "fired-rule", context="/")
        for finding in found:
            _child(root, "fired-rule", context=_context(finding, report))
            _assertion(root, finding, report, language)
    return root


def _assertion(root: etree._Element, finding: Finding, report: Report, language: str) -> None:
    words = report.messages.words(finding, language)
    failed = _child(
        root,
        "failed-assert",
        id=finding.rule or finding.code,
        location=finding.path or "/",
        test=_test(finding, report),
        flag=_FLAGS[finding.severity],
        role=finding.severity.value,
    )
    diagnostics = {"article": words.article, "place": words.place, "detail": words.detail, "fix": words.fix}
    for name, text in diagnostics.items():
        if text:
            reference = _child(failed, "diagnostic-reference", diagnostic=name)
            _child(reference, "text", language).text = text
    _child(failed, "text", language).text = words.message


def _context(finding: Finding, report: Report) -> str:
    """The context of the rule that failed, else the root."""
    rule = None if report.form is None or finding.phase is not Phase.RULES else report.form.rules[finding.code]
    if rule is None or rule.test is None or report.form is None:
        return "/"
    return " | ".join(rule.test.contexts(report.form.schema.index.places))


def _test(finding: Finding, report: Report) -> str:
    if finding.phase is Phase.RULES and report.form is not None:
        test = report.form.rules[finding.code].test
        return "true()" if test is None else test.test.path.removeprefix("boolean(").removesuffix(")")
    return _TESTS.get(finding.phase, "true()")


def _child(parent: etree._Element, name: str, language: str | None = None, /, **attributes: str) -> etree._Element:
    child = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}", attributes)
    if language is not None:
        child.set(_LANG, language)
    return child
