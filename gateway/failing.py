"""The failing cases of all rules as files: what is refused or flagged, and beside it the report that says so.

`python -m gateway.failing` writes them anew, `--check` says which are not up to date; tests hold them to it. A file is
`samples/<country>/<kind>/<major>/failing/<RULE>-<n>.xml`, the report the same in `.json`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from lxml import etree

from gateway.forms.cases import Case, NotApplicable, as_file, cases_of, example, samples_of
from gateway.forms.catalogue import Catalogue
from gateway.forms.findings import Finding, Phase, Severity
from gateway.forms.kinds import FormKind
from gateway.forms.report import Outcome, Report
from gateway.forms.rules import Rule
from gateway.forms.sources import xpath_namespaces
from gateway.forms.validation import Validator
from gateway.records import CHECKS
from gateway.rehearsal import rehearse

FOLDER = "failing"


def failing_files(catalogue: Catalogue) -> Iterator[tuple[Path, bytes]]:
    """Every file with its content, forms before their reports."""
    validator = Validator(catalogue)
    for kind in catalogue.kinds:
        for rule in kind.rules.rules:
            number = 0
            for case in cases_of(rule):
                if case.outcome != "fail" or case.proof is not None:
                    continue
                number += 1
                try:
                    raw, report = _failing(validator, kind, rule, case)
                except NotApplicable:
                    continue
                file = samples_of(kind) / FOLDER / f"{rule.id}-{number}.xml"
                yield file, raw
                yield file.with_suffix(".json"), _expected(report, case)


def outdated(catalogue: Catalogue) -> list[Path]:
    """The files that are missing, differ, or stand for no case any more."""
    wanted = dict(failing_files(catalogue))
    there = {path for kind in catalogue.kinds for path in (samples_of(kind) / FOLDER).glob("*")}
    differing = {file for file, content in wanted.items() if not file.is_file() or file.read_bytes() != content}
    return sorted(differing | (there - wanted.keys()))


def write(catalogue: Catalogue) -> int:
    """Write what is outdated, remove what stands for no case. Gives how many files there are."""
    wanted = dict(failing_files(catalogue))
    for file in outdated(catalogue):
        if file in wanted:
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(wanted[file])
        else:
            file.unlink()
    return len(wanted)


def _failing(validator: Validator, kind: FormKind, rule: Rule, case: Case) -> tuple[bytes, Report]:
    made = example(kind, case.change)
    etree.indent(made.root)
    raw = as_file(made.root, f"Invented, and wrong: breaks {', '.join(case.only)}. Made from a case of {rule.id}.")
    report = validator.validate(raw, received_on=made.received_on)
    if rule.by in CHECKS:
        found = (each for each in rehearse(validator, kind, case.change) if each.phase is Phase.RECORDS)
        report = _with_records(report, tuple(_with_line(each, raw, kind) for each in found))
    return raw, report


def _with_records(report: Report, found: tuple[Finding, ...]) -> Report:
    refused = any(each.severity is Severity.ERROR for each in found)
    phases = {**report.phases, Phase.RECORDS: Outcome.FAILED if refused else Outcome.PASSED}
    return replace(report, findings=(*report.findings, *found), phases=phases)


def _with_line(finding: Finding, raw: bytes, kind: FormKind) -> Finding:
    """The finding with the line of its place in the file."""
    if finding.path is None:
        return finding
    found: Any = etree.fromstring(raw).xpath(finding.path, namespaces=xpath_namespaces(kind.namespace))
    return replace(finding, line=found[0].sourceline) if found else finding


def _expected(report: Report, case: Case) -> bytes:
    """The report in English without what differs between installations, and the forms that came before."""
    shown = {name: fact for name, fact in report.to_json("en").items() if name != "engine"}
    earlier = [_named(document) for document in case.change.get("earlier", ())]
    if earlier:
        shown["earlier"] = earlier
    return (json.dumps(shown, indent=2, ensure_ascii=False) + "\n").encode()


def _named(document: Mapping[str, Any]) -> dict[str, Any]:
    """An earlier form: its kind and sample, what is changed in it, when it was accepted."""
    changes = {key: value for key, value in document.items() if key not in ("kind", "base", "at")}
    at = document.get("at")
    accepted = at.isoformat() if isinstance(at, datetime) else at
    facts = {"kind": document["kind"], "sample": document["base"], "acceptedAt": accepted, "changes": changes}
    return {name: fact for name, fact in facts.items() if fact}


def main(arguments: list[str]) -> int:
    """Write the files, or with `--check` name those that are not up to date."""
    parser = argparse.ArgumentParser(prog="python -m gateway.failing", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, name what is not up to date")
    chosen = parser.parse_args(arguments)
    catalogue = Catalogue.load()
    if chosen.check:
        stale = outdated(catalogue)
        sys.stdout.writelines(f"{file}\n" for file in stale)
        return 1 if stale else 0
    sys.stdout.write(f"{write(catalogue)} files\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
