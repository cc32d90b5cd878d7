"""A form kind as frozen data: who signs it, to whom it goes, which terms it starts, what is kept of it.

All XPath expressions are relative to the Content element and compiled once. `kindfiles.py` reads them from form.toml.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from lxml import etree

from gateway.deadlines import Calendar
from gateway.errors import EngineFault
from gateway.forms.citing import Legal
from gateway.forms.countries import LegalTerm, TermVersion
from gateway.forms.findings import Finding, MessageCatalogue, Phase
from gateway.forms.places import text_of
from gateway.forms.rules import RuleSet
from gateway.forms.schema import CompiledSchema

BY_ROLE = "role"
GATEWAY = "Gateway"  # the signatory of what the gateway itself states
CONTENT = "Content"
SIGNATURES = "Signatures"


@dataclass(frozen=True, kw_only=True, slots=True)
class SignatoryRule:
    """A role that may sign, and where the form names its holder."""

    role: str
    article: str
    scheme: str
    at: etree.XPath
    when: etree.XPath | None = None

    def applies(self, content: etree._Element) -> bool:
        """Whether the role may sign this form."""
        return _holds(self.when, content)

    def identifier(self, content: etree._Element) -> str | None:
        """The identifier that the form names, or None if the place is empty."""
        return _text(self.at, content)


@dataclass(frozen=True, kw_only=True, slots=True)
class RouteRule:
    """One recipient that the law names.

    scheme: what the register is asked by; `role` means the one party with that role, for `postal` the competent office.
    """

    id: str
    role: str
    article: str
    copy: int
    of: int
    scheme: str
    at: etree.XPath | None = None
    postal: etree.XPath | None = None
    when: etree.XPath | None = None

    def applies(self, content: etree._Element) -> bool:
        """Whether this form goes there."""
        return _holds(self.when, content)

    def identifier(self, content: etree._Element) -> str | None:
        """The identifier to look the recipient up by; None when it is found by its role, or the place is empty."""
        return None if self.at is None else _text(self.at, content)

    def postal_code(self, content: etree._Element) -> str | None:
        """The postal code that picks the competent office."""
        return None if self.postal is None else _text(self.postal, content)


@dataclass(frozen=True, kw_only=True, slots=True)
class TermRule:
    """A legal term that a form starts or must keep. It starts on the day in a field of the form, or with an event at a
    recipient of `role`.

    binds: `this-form` (judged on acceptance) or `answer` (shown as running). variants: name of a version of the term ->
    when it counts. done_by: kinds whose acceptance in the same case is the act. profile: where the form names its law.
    """

    term: LegalTerm
    binds: str
    profile: etree.XPath
    done_by: tuple[str, ...]
    variants: Mapping[str, etree.XPath]
    field: etree.XPath | None = None
    event: str | None = None
    role: str | None = None
    when: etree.XPath | None = None

    @property
    def id(self) -> str:
        """`T5`."""
        return self.term.id

    @property
    def starts_on(self) -> str | None:
        """`Event:Role` of the event that starts it; None if a field does."""
        return None if self.event is None else f"{self.event}:{self.role or ''}"

    def applies(self, content: etree._Element) -> bool:
        """Whether the form starts or must keep this term."""
        return _holds(self.when, content)

    def day_zero(self, content: etree._Element) -> date | None:
        """The day in the form from which the term runs; None if an event starts it or the field is empty."""
        text = None if self.field is None else _text(self.field, content)
        return None if text is None else date.fromisoformat(text[:10])

    def version(self, content: etree._Element, day: date) -> TermVersion:
        """What the law that the form follows says of the term on `day`."""
        variant = next((name for name, when in self.variants.items() if _holds(when, content)), None)
        return self.term.version(_text(self.profile, content), day=day, variant=variant)


class Keep(StrEnum):
    """How the gateway keeps a fact of an accepted form: never as free text, identifiers only as keyed HMAC."""

    KEYED = "keyed"
    CODE = "code"
    DATE = "date"
    FLAG = "flag"
    REFERENCE = "reference"
    DIGEST = "digest"
    PLACE = "place"


_KEPT: Mapping[Keep, re.Pattern[str]] = {
    Keep.KEYED: re.compile(r"[A-Za-z0-9][A-Za-z0-9.:_-]{0,63}"),
    Keep.CODE: re.compile(r"[A-Za-z0-9][A-Za-z0-9.:_-]{0,63}"),
    Keep.DATE: re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    Keep.FLAG: re.compile(r"true|false"),
    Keep.REFERENCE: re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    Keep.DIGEST: re.compile(r"sha256:[0-9a-f]{64}"),
    Keep.PLACE: re.compile(r"[A-Z]{2,4}-[0-9]{2,3} /[A-Za-z0-9_:*@/\[\]().-]{0,499}"),  # a rule, and where in a form
}


@dataclass(frozen=True, kw_only=True, slots=True)
class FactRule:
    """A coded fact of the form that later rules ask for. path: where the form states it, if that is one place."""

    name: str
    keep: Keep
    at: etree.XPath
    path: str | None = None

    def values(self, content: etree._Element) -> tuple[str, ...]:
        """What the form says there; of an element with children their texts, one space between.

        Raises EngineFault where that is not of the kind that `keep` says: then the data of the form kind is wrong.
        """
        found: Any = self.at(content)
        if isinstance(found, bool):
            return ("true" if found else "false",)
        nodes = found if isinstance(found, list) else [found]
        values = tuple(text for text in map(_words, nodes) if text)
        if not all(_KEPT[self.keep].fullmatch(value) for value in values):
            raise EngineFault("fact-not-coded", f"the fact {self.name} is not of the kind {self.keep}")
        return values


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeRule:
    """A notice that the gateway itself makes because of a form of this kind.

    kind: of the notice. stylesheet: XSLT 1.0, from Content to an unsigned form of that kind. about: the reference fact
    that names the earlier form of which the stylesheet gets the facts.
    """

    kind: str
    stylesheet: etree.XSLT
    about: str | None = None

    def transform(self, content: etree._Element, **given: str) -> bytes:
        """The unsigned notice. given: parameters of the stylesheet. Raises EngineFault when it does not run."""
        quoted: dict[str, Any] = {name: etree.XSLT.strparam(text) for name, text in given.items()}
        try:
            made = self.stylesheet(content, **quoted).getroot()
        except etree.XSLTApplyError as error:
            broken = type(error).__name__  # its text may quote the form
            raise EngineFault("notice-stylesheet", f"the stylesheet for {self.kind} does not run ({broken})") from None
        if made is None:
            raise EngineFault("notice-stylesheet", f"the stylesheet for {self.kind} gives nothing")
        etree.cleanup_namespaces(made)  # those of the form would come along with what is copied
        return etree.tostring(made, xml_declaration=True, encoding="UTF-8")


@dataclass(frozen=True, kw_only=True)
class FormKind:
    """One XSD-defined document type at one version, with all that the gateway knows about it.

    titles, act and articles are for people; signatories, routes, never and terms are what intake acts on; facts are
    what it keeps of an accepted form.
    """

    country: str
    name: str
    version: str
    namespace: str
    root: str
    form_type: str
    title: Mapping[str, str]
    act: str
    articles: tuple[str, ...]
    signatories: tuple[SignatoryRule, ...]
    routes: tuple[RouteRule, ...]
    never: frozenset[str]
    terms: tuple[TermRule, ...]
    facts: tuple[FactRule, ...]
    notices: tuple[NoticeRule, ...]
    calendar: Calendar
    schema: CompiledSchema
    rules: RuleSet
    messages: MessageCatalogue

    @property
    def id(self) -> str:
        """`be/health-assessment`: the kind without its version."""
        return f"{self.country}/{self.name}"

    @property
    def qname(self) -> str:
        """The root element in Clark notation."""
        return f"{{{self.namespace}}}{self.root}"

    @property
    def content_qname(self) -> str:
        """The Content element in Clark notation."""
        return f"{{{self.namespace}}}{CONTENT}"

    @property
    def is_own(self) -> bool:
        """Whether the gateway itself makes forms of this kind, so that nobody can hand one in."""
        return any(rule.role == GATEWAY for rule in self.signatories)

    def legal(self, article: str) -> tuple[Legal, ...]:
        """A provision that its data name: it is of the act that the kind follows."""
        return (Legal(act=self.act, article=article),)

    @property
    def provisions(self) -> tuple[Legal, ...]:
        """Where the law asks for forms of the kind."""
        return tuple(Legal(act=self.act, article=article) for article in self.articles)

    def place(self, path: etree.XPath) -> str:
        """Where a path that is relative to Content leads, readable in a finding."""
        return f"/f:{self.root}/f:{CONTENT}/{path.path}"

    def fact_place(self, name: str) -> str | None:
        """Where a form of this kind states a fact, readable in a finding; None if that is not one place."""
        path = next((fact.path for fact in self.facts if fact.name == name), None)
        return None if path is None else f"/f:{self.root}/f:{CONTENT}/{path}"

    def content_of(self, root: etree._Element) -> etree._Element | None:
        """The Content element of a document of this kind."""
        return next(root.iterchildren(self.content_qname), None)

    def finding(self, code: str, phase: Phase, *, path: str | None = None, line: int | None = None) -> Finding:
        """A finding under one of this kind's rules (`GEN-02`) or one of our codes (`SIG-MISSING`)."""
        if code in self.rules:
            return self.rules.finding(code, phase, path=path, line=line)
        return self.messages.finding(code, phase, path=path, line=line)


def _holds(condition: etree.XPath | None, content: etree._Element) -> bool:
    return condition is None or bool(condition(content))


def _text(path: etree.XPath, content: etree._Element) -> str | None:
    """The text at a path: of the first node, white space collapsed; None where there is none."""
    found: Any = path(content)
    if isinstance(found, list):
        found = found[0] if found else ""
    return " ".join(_written(found).split()) or None


def _words(node: object) -> str:
    """The texts below a node, white space collapsed, one space between those of its elements."""
    texts = node.itertext() if isinstance(node, etree._Element) and len(node) else (_written(node),)
    return " ".join(word for text in texts for word in text.split())


def _written(node: object) -> str:
    """All text of what an XPath finds."""
    return text_of(node) if isinstance(node, etree._Element) else str(node)
