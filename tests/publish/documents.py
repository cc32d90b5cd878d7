"""Every document that the samples and the cases of all rules give, with what our engine finds in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache

from lxml import etree

from gateway.forms.cases import NotApplicable, cases_of, example, issued_on, samples_of
from gateway.forms.kinds import FormKind
from tests.schemas.cases import catalogue

Findings = list[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Document:
    """name: the rule and the number of its case, or the sample. expected: rule and place of each of our findings."""

    name: str
    raw: bytes
    received_on: date
    expected: Findings

    @property
    def given(self) -> dict[str, str]:
        return {"received-on": self.received_on.isoformat()}


def documents(kind: FormKind) -> tuple[Document, ...]:
    """Those that the schema accepts: rules are asked only then."""
    return _documents(kind.qname)


@cache
def _documents(qname: str) -> tuple[Document, ...]:
    kind = next(kind for kind in every_kind() if kind.qname == qname)
    found: dict[tuple[bytes, date], Document] = {}
    for name, raw, received_on in _all(kind):
        root = etree.fromstring(raw, etree.XMLParser(remove_comments=True, remove_pis=True))
        content = kind.content_of(root)
        if (raw, received_on) in found or content is None or kind.schema.faults(root, limit=1):
            continue
        findings = kind.rules.run(content, received_on=received_on)
        expected = sorted((item.code, item.path or "") for item in findings)
        found[raw, received_on] = Document(name=name, raw=raw, received_on=received_on, expected=expected)
    return tuple(found.values())


def _all(kind: FormKind) -> Iterator[tuple[str, bytes, date]]:
    for path in sorted(samples_of(kind).glob("*.xml")):
        yield path.stem, path.read_bytes(), issued_on(path.read_bytes())
    for rule in kind.rules.rules:
        for case in cases_of(rule):
            try:
                made = example(kind, case.change)
            except NotApplicable:
                continue
            yield f"{rule.id} case {case.number}", made.raw, made.received_on


def every_kind() -> tuple[FormKind, ...]:
    return catalogue().kinds
