"""Samples, and the changes that the cases of a rule make to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from gateway.forms.catalogue import Catalogue
from gateway.forms.findings import Severity
from gateway.forms.kinds import FormKind
from gateway.forms.report import Report
from gateway.forms.validation import Validator

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "schemas"
SAMPLES = ROOT / "samples"
COMMON = "urn:sealpost:common:1"
LATE_ENOUGH = date(2026, 6, 30)  # received on, for a sample that says no readable date


class NotApplicableError(Exception):
    """A change finds nothing to change in this sample."""


@cache
def catalogue() -> Catalogue:
    return Catalogue.load()


@cache
def validator() -> Validator:
    return Validator(catalogue())


def samples_of(kind: FormKind) -> Path:
    """The folder with the samples of a form kind."""
    return SAMPLES / kind.country / kind.name / kind.version.partition(".")[0]


def validate(raw: bytes, *, received_on: date | None = None) -> Report:
    """The report on a document, received on the day that it says it was issued unless told otherwise."""
    return validator().validate(raw, received_on=received_on or issued_on(raw))


def named(report: Report) -> set[str]:
    """The rules (or codes, where no rule answers) of a report's errors and warnings."""
    return {finding.rule or finding.code for finding in report.findings if finding.severity is not Severity.INFO}


def changed(kind: FormKind, change: Mapping[str, Any]) -> tuple[bytes, date | None]:
    """The bytes of a case's document and the day of receipt that it names.

    Raises NotApplicableError when the kind has no such sample or an expression finds nothing, so that no case passes
    because it changed nothing.
    """
    base = samples_of(kind) / f"{change['base']}.xml"
    if not base.is_file():
        raise NotApplicableError(base.name)
    raw = base.read_bytes()
    root = etree.fromstring(raw)
    names = {"f": kind.namespace, "c": COMMON}
    for xpath in change.get("remove", ()):
        for node in _found(root, xpath, names):
            _parent(node).remove(node)
    for xpath, text in change.get("set", {}).items():
        _set(root, xpath, str(text), names)
    for xpath, fragment in change.get("replace", {}).items():
        for node in _found(root, xpath, names):
            _parent(node).replace(node, _element(fragment, names))
    for xpath, fragment in change.get("add", {}).items():
        for node in _found(root, xpath, names):
            node.append(_element(fragment, names))
    for xpath, fragment in change.get("after", {}).items():
        for node in _found(root, xpath, names):
            node.addnext(_element(fragment, names))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8"), change.get("received_on") or issued_on(raw)


def issued_on(raw: bytes) -> date:
    """The day that a document says it was issued."""
    text = etree.fromstring(raw).findtext(f".//{{{COMMON}}}IssuedOn") or ""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return LATE_ENOUGH


def _found(root: etree._Element, xpath: str, names: Mapping[str, str]) -> Iterable[etree._Element]:
    found = root.xpath(xpath, namespaces=dict(names))
    if not isinstance(found, list) or not found:
        raise NotApplicableError(xpath)
    return [node for node in found if isinstance(node, etree._Element)]


def _set(root: etree._Element, xpath: str, text: str, names: Mapping[str, str]) -> None:
    owner, attribute, name = xpath.rpartition("/@")
    for node in _found(root, owner if attribute else xpath, names):
        if attribute:
            node.set(name, text)
        else:
            node.text = text


def _parent(node: etree._Element) -> etree._Element:
    parent = node.getparent()
    if parent is None:
        raise NotApplicableError("the root element")
    return parent


def _element(fragment: str, names: Mapping[str, str]) -> etree._Element:
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in names.items())
    return etree.fromstring(f"<wrapped {declared}>{fragment}</wrapped>")[0]
