"""Samples and cases, judged: what the tests of rules and samples share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from gateway.forms.cases import SAMPLES, example, issued_on, samples_of
from gateway.forms.catalogue import Catalogue
from gateway.forms.findings import Severity
from gateway.forms.kinds import FormKind
from gateway.forms.report import Report
from gateway.forms.validation import Validator

__all__ = ["COMMON", "ROOT", "SAMPLES", "SCHEMAS", "catalogue", "changed", "named", "samples_of", "validate"]

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "schemas"
COMMON = "urn:sealpost:common:1"


@cache
def catalogue() -> Catalogue:
    return Catalogue.load()


@cache
def validator() -> Validator:
    return Validator(catalogue())


def validate(raw: bytes, *, received_on: date | None = None) -> Report:
    """The report on a document, received on the day that it says it was issued unless told otherwise."""
    return validator().validate(raw, received_on=received_on or issued_on(raw))


def named(report: Report) -> set[str]:
    """The rules (or codes, where no rule answers) of a report's errors and warnings."""
    return {finding.rule or finding.code for finding in report.findings if finding.severity is not Severity.INFO}


def changed(kind: FormKind, change: Mapping[str, Any]) -> tuple[bytes, date]:
    """The bytes of a case's document and its day of receipt. Raises NotApplicable."""
    made = example(kind, change)
    return made.raw, made.received_on
