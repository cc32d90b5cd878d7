"""Reports as SARIF 2.1.0, which code hosts and editors show beside the lines.

Source: OASIS SARIF 2.1.0 (errata 01); sections are named where a choice was made.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.forms.findings import Finding, MessageCatalogue, Severity
from gateway.forms.report import engine_versions, language_of
from gateway.forms.reports.judged import Judged

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_PLACEHOLDER = re.compile(r"\{[a-z]+\}")


def render(judged: Sequence[Judged], language: str) -> str:
    """One run over all documents, one result for each finding."""
    language = language_of(language)
    rules: dict[str, dict[str, Any]] = {}
    results = []
    for index, each in enumerate(judged):
        for finding in each.report.findings:
            name = finding.rule or finding.code
            rules.setdefault(name, _descriptor(name, finding, each.report.messages, language))
            results.append(_result(finding, each, index, list(rules).index(name), language))
    engine = engine_versions()
    driver = {
        "name": engine["name"],
        "version": engine["version"],
        "language": language,
        "rules": list(rules.values()),
    }
    run = {
        "tool": {"driver": driver},
        "language": language,
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True}],
        "artifacts": [_artifact(each) for each in judged],
        "results": results,
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _descriptor(name: str, finding: Finding, messages: MessageCatalogue, language: str) -> dict[str, Any]:
    """Rule metadata (3.49): what is wrong, the way out as help."""
    entry = messages.about(name)
    said = entry.message[language] if entry else name
    fix = entry.fix[language] if entry else name
    article = messages.acts.shown(entry.legal, language) if entry and entry.legal else {}
    return {
        "id": name,
        "shortDescription": {"text": _PLACEHOLDER.sub("…", said)},
        "help": {"text": _PLACEHOLDER.sub("…", fix)},
        "helpUri": f"urn:sealpost:finding:{name}",
        "defaultConfiguration": {"level": _LEVELS[entry.severity if entry else finding.severity]},
        "properties": {"tags": [finding.phase.value], **article},
    }


def _result(finding: Finding, judged: Judged, artifact: int, rule: int, language: str) -> dict[str, Any]:
    words = judged.report.messages.words(finding, language)
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": {"uri": judged.uri, "index": artifact}}}
    if finding.line:
        location["physicalLocation"]["region"] = {"startLine": finding.line}
    if finding.path:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.path, "kind": "element"}]
        if words.place:
            location["message"] = {"text": words.place}
    text = " ".join(part for part in (words.message, words.detail, words.fix) if part)
    article = judged.report.messages.acts.shown(finding.legal, language) if finding.legal else {}
    return {
        "ruleId": finding.rule or finding.code,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [location],
        "partialFingerprints": {"sealpostFinding/v1": _fingerprint(finding, judged)},
        "properties": {"code": finding.code, "phase": finding.phase.value, **article},
    }


def _fingerprint(finding: Finding, judged: Judged) -> str:
    """The same for the same fault at the same place of the same form, whatever its line (3.27.17)."""
    form = judged.report.document.document_id or judged.name
    parts = (form, finding.rule or "", finding.code, finding.path or "")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _artifact(judged: Judged) -> dict[str, Any]:
    document = judged.report.document
    return {
        "location": {"uri": judged.uri},
        "length": document.size_bytes,
        "mimeType": "application/xml",
        "hashes": {"sha-256": document.sha256.removeprefix("sha256:")},
        "properties": _known(
            {
                "verdict": judged.report.verdict,
                "kind": document.kind,
                "documentId": document.document_id,
                "ruleset": judged.report.ruleset,
                "receivedOn": judged.report.received_on.isoformat(),
                "truncated": judged.report.truncated,
            }
        ),
    }


def _known(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: fact for name, fact in facts.items() if fact is not None}
