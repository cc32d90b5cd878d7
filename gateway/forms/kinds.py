"""A form kind as frozen data: who signs it, to whom it goes, which terms it starts. Read from form.toml.

All XPath expressions are relative to the Content element and compiled once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from lxml import etree

from gateway.deadlines import Calendar
from gateway.errors import CatalogueError
from gateway.forms.countries import Country, LegalTerm, TermVersion
from gateway.forms.findings import Finding, MessageCatalogue, Phase, four_languages
from gateway.forms.rules import RuleSet
from gateway.forms.schema import CompiledSchema
from gateway.forms.sources import Entry, compile_xpath, xpath_namespaces

SCHEMES = ("kbo", "insz", "nihdi", "directorate")
BY_ROLE = "role"
EVENTS = ("SubmissionAcceptance", "ContentConsignment", "ContentHandover")
BINDS = ("this-form", "answer")
CONTENT = "Content"
SIGNATURES = "Signatures"

_NAME = re.compile(r"[a-z]+(?:-[a-z]+)*")
_ROOT = re.compile(r"[A-Z][A-Za-z]+")
_KIND_KEYS = (
    "country",
    "name",
    "version",
    "namespace",
    "root",
    "form_type",
    "act",
    "articles",
    "rules",
    "never",
    "title",
)


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


@dataclass(frozen=True, kw_only=True)
class FormKind:
    """One XSD-defined document type at one version, with all that the gateway knows about it.

    titles, act and articles are for people; signatories, routes, never and terms are what intake acts on.
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

    def place(self, path: etree.XPath) -> str:
        """Where a path that is relative to Content leads, readable in a finding."""
        return f"/f:{self.root}/f:{CONTENT}/{path.path}"

    def content_of(self, root: etree._Element) -> etree._Element | None:
        """The Content element of a document of this kind."""
        return next(root.iterchildren(self.content_qname), None)

    def finding(self, code: str, phase: Phase, *, path: str | None = None, line: int | None = None) -> Finding:
        """A finding under one of this kind's rules (`GEN-02`) or one of our codes (`SIG-MISSING`)."""
        if code in self.rules:
            return self.rules.finding(code, phase, path=path, line=line)
        return self.messages.finding(code, phase, path=path, line=line)


@dataclass(frozen=True, kw_only=True, slots=True)
class KindDescription:
    """What form.toml says, before schema and rules are loaded."""

    facts: Mapping[str, Any]
    rule_files: tuple[str, ...]


def read_kind(data: object, *, source: str, country: Country) -> KindDescription:
    """Read the content of a form.toml; its terms are those of `country`. Raises CatalogueError naming file and key."""
    entry = Entry(data, where=source, required=_KIND_KEYS, optional=["signatory", "route", "term"])
    for key, pattern in (("country", _NAME), ("name", _NAME), ("root", _ROOT)):
        if pattern.fullmatch(entry.text(key)) is None:
            raise entry.wrong(key, "not a name of the expected form")
    major = entry.text("version").partition(".")[0]
    if entry.text("namespace") != f"urn:sealpost:{entry.data['country']}:{entry.data['name']}:{major}":
        raise entry.wrong("namespace", "does not follow from country, name and major version")
    namespaces = xpath_namespaces(entry.data["namespace"])
    routes = tuple(_route(item, f"{source}: route {n}", namespaces) for n, item in enumerate(entry.items("route"), 1))
    never = frozenset(entry.texts("never"))
    forbidden = next((route for route in routes if route.role in never), None)
    if forbidden is not None:
        raise CatalogueError("catalogue-value", f"{source}: route {forbidden.id} leads to a role that is in never")
    facts: dict[str, Any] = {
        key: entry.text(key) for key in ("country", "name", "version", "namespace", "root", "form_type", "act")
    }
    facts |= {
        "title": four_languages(entry.data["title"], where=f"{source}: title"),
        "articles": entry.texts("articles"),
        "never": never,
        "routes": routes,
        "signatories": tuple(
            _signatory(item, f"{source}: signatory {n}", namespaces)
            for n, item in enumerate(entry.items("signatory"), 1)
        ),
        "terms": tuple(
            _term(item, f"{source}: term {n}", namespaces, country) for n, item in enumerate(entry.items("term"), 1)
        ),
        "calendar": country.calendar,
    }
    return KindDescription(facts=facts, rule_files=entry.texts("rules"))


def _signatory(data: object, where: str, namespaces: Mapping[str, str]) -> SignatoryRule:
    entry = Entry(data, where=where, required=["role", "article", "identifier"], optional=["when"])
    identifier = Entry(entry.data["identifier"], where=f"{where}.identifier", required=["scheme", "at"])
    return SignatoryRule(
        role=entry.text("role"),
        article=entry.text("article"),
        scheme=identifier.one_of("scheme", SCHEMES),
        at=_required_path(identifier, "at", namespaces),
        when=_path(entry, "when", namespaces),
    )


def _route(data: object, where: str, namespaces: Mapping[str, str]) -> RouteRule:
    entry = Entry(data, where=where, required=["id", "role", "article", "copy", "of", "find"], optional=["when"])
    find = Entry(entry.data["find"], where=f"{where}.find", required=["scheme"], optional=["at", "postal"])
    scheme = find.one_of("scheme", (*SCHEMES, BY_ROLE))
    if (scheme == BY_ROLE) is ("at" in find.data) or ("postal" in find.data and scheme != BY_ROLE):
        raise find.wrong("scheme", "an identifier needs `at`; `role` has none, but may have `postal`")
    copy, of = entry.number("copy"), entry.number("of")
    if copy > of:
        raise entry.wrong("copy", "is higher than the number of copies")
    return RouteRule(
        id=entry.text("id"),
        role=entry.text("role"),
        article=entry.text("article"),
        copy=copy,
        of=of,
        scheme=scheme,
        at=_path(find, "at", namespaces),
        postal=_path(find, "postal", namespaces),
        when=_path(entry, "when", namespaces),
    )


def _term(data: object, where: str, namespaces: Mapping[str, str], country: Country) -> TermRule:
    entry = Entry(data, where=where, required=["id", "from", "binds"], optional=["when", "variants", "done_by"])
    term = country.terms.get(entry.text("id"))
    if term is None:
        raise entry.wrong("id", f"no such term in {country.code}/terms.yaml")
    start = Entry(entry.data["from"], where=f"{where}.from", required=[], optional=["field", "event", "role"])
    if set(start.data) not in ({"field"}, {"event"}, {"event", "role"}):
        raise entry.wrong("from", "a field, or an event and the role of its recipient, is expected")
    binds = entry.one_of("binds", BINDS)
    if binds == "this-form" and "field" not in start.data:
        raise entry.wrong("binds", "only a term that starts from a field can bind the form itself")
    known = {version.variant for version in term.versions}
    variants = Entry(
        entry.mapping("variants"), where=f"{where}.variants", required=[], optional=sorted(filter(None, known))
    )
    return TermRule(
        term=term,
        binds=binds,
        profile=compile_xpath("f:Header/c:LegalProfile", where=where, namespaces=namespaces),
        done_by=entry.texts("done_by"),
        variants={name: _required_path(variants, name, namespaces) for name in variants.data},
        field=_path(start, "field", namespaces),
        event=start.one_of("event", EVENTS) if "event" in start.data else None,
        role=start.optional_text("role"),
        when=_path(entry, "when", namespaces),
    )


def _required_path(entry: Entry, key: str, namespaces: Mapping[str, str]) -> etree.XPath:
    path = compile_xpath(entry.text(key), where=f"{entry.where}.{key}", namespaces=namespaces)
    try:
        path(etree.Element("trial"))  # a wrong number of arguments shows only when an expression runs
    except etree.XPathError as exc:
        raise entry.wrong(key, f"does not run: {exc}") from exc
    return path


def _path(entry: Entry, key: str, namespaces: Mapping[str, str]) -> etree.XPath | None:
    return _required_path(entry, key, namespaces) if key in entry.data else None


def _holds(condition: etree.XPath | None, content: etree._Element) -> bool:
    return condition is None or bool(condition(content))


def _text(path: etree.XPath, content: etree._Element) -> str | None:
    """The text at a path: of the first node, white space collapsed; None where there is none."""
    found: Any = path(content)
    if isinstance(found, Sequence) and not isinstance(found, str):
        found = found[0] if found else ""
    text = "".join(found.itertext()) if isinstance(found, etree._Element) else str(found)
    return " ".join(text.split()) or None
