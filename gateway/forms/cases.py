"""Cases of rules: a hand-written sample, what is changed in it, and what must come of it (`cases:` in rules.yaml).

The tests run them, `sealpost explain` shows them, `sealpost sample --variant invalid:RULE` and the sample files are
made from them. The samples lie beside the packages, in `samples/<country>/<kind>/<major>/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from lxml import etree

from gateway.errors import NotFound
from gateway.forms.kinds import FormKind
from gateway.forms.rules import Rule
from gateway.forms.sources import COMMON_NAMESPACE

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
LATE_ENOUGH = date(2026, 6, 30)  # received on, for a sample that says no readable date
OUTCOMES = ("pass", "fail", "silent")


class NotApplicable(NotFound):
    """A change finds nothing to change in this sample, or the form kind has no such sample."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One case of a rule.

    number: its place among the rule's cases, from 1. change: base sample and changes. only: the rules and codes that a
    failing case gives. proof: the named test that shows the rule, where no document does.
    """

    number: int
    outcome: str
    change: Mapping[str, Any]
    only: tuple[str, ...] = ()
    proof: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A document made from a sample.

    touched: the elements that were changed or added; the parents of those that were removed.
    """

    root: etree._Element
    received_on: date
    touched: tuple[etree._Element, ...] = ()

    @property
    def raw(self) -> bytes:
        """The document as a file, in UTF-8."""
        return as_file(self.root)


def as_file(root: etree._Element, note: str | None = None) -> bytes:
    """A document as a file in UTF-8, with a comment above it."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', *([f"<!-- {note} -->"] if note else [])]
    return "\n".join([*lines, etree.tostring(root, encoding="unicode"), ""]).encode()


def cases_of(rule: Rule) -> tuple[Case, ...]:
    """The cases of a rule in their order."""
    return tuple(_case(number, data) for number, data in enumerate(rule.cases, start=1))


def sample_file(kind: FormKind, name: str) -> Path:
    """Where the sample of that name (`valid-typical`) of a form kind lies."""
    return samples_of(kind) / f"{name}.xml"


def samples_of(kind: FormKind) -> Path:
    """The folder with the samples of a form kind."""
    return SAMPLES / kind.country / kind.name / kind.version.partition(".")[0]


def example(kind: FormKind, change: Mapping[str, Any], *, raw: bytes | None = None) -> Example:
    """The document of a case, and the day on which it is received: the one named, or that of its issue.

    raw: what is changed instead of the sample that the case names.
    Raises NotApplicable when the kind has no such sample or an expression finds nothing, so that no case passes because
    it changed nothing.
    """
    if "base" not in change:
        raise NotApplicable("no-sample", "a named test shows this case, not a document")
    base = sample_file(kind, change["base"])
    if not base.is_file():
        raise NotApplicable("no-sample", f"{kind.id} has no sample {base.name}")
    raw = base.read_bytes() if raw is None else raw
    root = etree.fromstring(raw)
    editor = _Editor(root, {"f": kind.namespace, "c": COMMON_NAMESPACE})
    for xpath in change.get("remove", ()):
        editor.remove(xpath)
    for xpath, text in change.get("set", {}).items():
        editor.set(xpath, str(text))
    for xpath, fragment in change.get("replace", {}).items():
        editor.replace(xpath, fragment)
    for xpath, fragment in change.get("add", {}).items():
        editor.add(xpath, fragment)
    for xpath, fragment in change.get("after", {}).items():
        editor.add_after(xpath, fragment)
    return Example(
        root=root, received_on=change.get("received_on") or issued_on(raw), touched=tuple(dict.fromkeys(editor.touched))
    )


def issued_on(raw: bytes) -> date:
    """The day that a sample says it was issued."""
    text = etree.fromstring(raw).findtext(f".//{{{COMMON_NAMESPACE}}}IssuedOn") or ""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return LATE_ENOUGH


def _case(number: int, data: Mapping[str, Any]) -> Case:
    outcome = next(key for key in OUTCOMES if key in data)
    return Case(
        number=number,
        outcome=outcome,
        change=data[outcome],
        only=tuple(data.get("only", ())),
        proof=data[outcome].get("proof"),
    )


class _Editor:
    """The five ways to change a sample, each over all that an XPath finds."""

    def __init__(self, root: etree._Element, names: Mapping[str, str]) -> None:
        self.touched: list[etree._Element] = []
        self._root = root
        self._names = dict(names)

    def remove(self, xpath: str) -> None:
        for node in self._found(xpath):
            parent = _parent(node)
            parent.remove(node)
            self.touched.append(parent)

    def set(self, xpath: str, text: str) -> None:
        owner, attribute, name = xpath.rpartition("/@")
        for node in self._found(owner if attribute else xpath):
            if attribute:
                node.set(name, text)
            else:
                node.text = text
            self.touched.append(node)

    def replace(self, xpath: str, fragment: str) -> None:
        for node in self._found(xpath):
            new = self._element(fragment)
            new.tail = node.tail
            _parent(node).replace(node, new)
            self.touched.append(new)

    def add(self, xpath: str, fragment: str) -> None:
        for node in self._found(xpath):
            new = self._element(fragment)
            node.append(new)
            self.touched.append(new)

    def add_after(self, xpath: str, fragment: str) -> None:
        for node in self._found(xpath):
            new = self._element(fragment)
            new.tail = None
            node.addnext(new)
            self.touched.append(new)

    def _found(self, xpath: str) -> list[etree._Element]:
        found = self._root.xpath(xpath, namespaces=self._names)
        if not isinstance(found, list) or not found:
            raise NotApplicable("nothing-there", f"the sample has no {xpath}")
        return [node for node in found if isinstance(node, etree._Element)]

    def _element(self, fragment: str) -> etree._Element:
        declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in self._names.items())
        return etree.fromstring(f"<wrapped {declared}>{fragment}</wrapped>")[0]


def _parent(node: etree._Element) -> etree._Element:
    parent = node.getparent()
    if parent is None:
        raise NotApplicable("nothing-there", "the root element cannot be removed or replaced")
    return parent
