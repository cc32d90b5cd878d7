"""A form kind as frozen data: who signs it, to whom it goes, which terms it starts. Read from form.toml.

All XPath expressions are relative to the Content element and compiled once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from lxml import etree

from gateway.deadlines import Calendar
from gateway.errors import CatalogueError, EngineFault
from gateway.forms.countries import Country, LegalTerm, TermVersion
from gateway.forms.findings import Finding, MessageCatalogue, Phase, four_languages
from gateway.forms.rules import RuleSet
from gateway.forms.schema import CompiledSchema
from gateway.forms.sources import Entry, compile_xpath, xpath_namespaces
from gateway.identifiers import SCHEMES

BY_ROLE = "role"
EVENTS = ("SubmissionAcceptance", "ContentConsignment", "ContentHandover")
BINDS = ("this-form", "answer")
GATEWAY = "Gateway"  # the signatory of what the gateway itself states
CONTENT = "Content"
SIGNATURES = "Signatures"

_NAME = re.compile(r"[a-z]+(?:-[a-z]+)*")
_STYLESHEET = re.compile(r"[a-z][a-z-]*\.xsl")
_FACT = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_PLACE = re.compile(r"f:[\w.-]+(?:/[fc]:[\w.-]+)*")
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


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeDescription:
    """A `[[notice]]` of form.toml, before its stylesheet is loaded. stylesheet: name of a file beside form.toml."""

    kind: str
    stylesheet: str
    about: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleFile:
    """A rules.yaml that a kind lists. only: the ids of the rules taken from that of another kind; empty means all."""

    path: str
    only: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class KindDescription:
    """What form.toml says, before schema and rules are loaded."""

    facts: Mapping[str, Any]
    rule_files: tuple[RuleFile, ...]
    notices: tuple[NoticeDescription, ...]


def read_kind(data: object, *, source: str, country: Country) -> KindDescription:
    """Read the content of a form.toml; its terms are those of `country`. Raises CatalogueError naming file and key."""
    entry = Entry(data, where=source, required=_KIND_KEYS, optional=["signatory", "route", "term", "fact", "notice"])
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
        "facts": _facts(entry.items("fact"), source, namespaces),
        "calendar": country.calendar,
    }
    notices = tuple(
        _notice(item, f"{source}: notice {n}", facts["facts"]) for n, item in enumerate(entry.items("notice"), 1)
    )
    rule_files = tuple(_rule_file(item, f"{source}: rules {n}") for n, item in enumerate(entry.items("rules"), 1))
    return KindDescription(facts=facts, rule_files=rule_files, notices=notices)


def _rule_file(data: object, where: str) -> RuleFile:
    if isinstance(data, str) and data:
        return RuleFile(path=data)
    entry = Entry(data, where=where, required=["file", "only"])
    return RuleFile(path=entry.text("file"), only=entry.texts("only"))


def _signatory(data: object, where: str, namespaces: Mapping[str, str]) -> SignatoryRule:
    entry = Entry(data, where=where, required=["role", "article", "identifier"], optional=["when"])
    identifier = Entry(entry.data["identifier"], where=f"{where}.identifier", required=["scheme", "at"])
    return SignatoryRule(
        role=entry.text("role"),
        article=entry.text("article"),
        scheme=identifier.one_of("scheme", list(SCHEMES)),
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


def _notice(data: object, where: str, facts: Sequence[FactRule]) -> NoticeDescription:
    entry = Entry(data, where=where, required=["kind", "stylesheet"], optional=["about"])
    stylesheet, about = entry.text("stylesheet"), entry.optional_text("about")
    if _STYLESHEET.fullmatch(stylesheet) is None:
        raise entry.wrong("stylesheet", "the name of a file beside form.toml such as notice.xsl is expected")
    if about is not None and about not in {fact.name for fact in facts if fact.keep is Keep.REFERENCE}:
        raise entry.wrong("about", "a fact that is kept as a reference is expected")
    return NoticeDescription(kind=entry.text("kind"), stylesheet=stylesheet, about=about)


def _facts(items: Sequence[object], source: str, namespaces: Mapping[str, str]) -> tuple[FactRule, ...]:
    facts: dict[str, FactRule] = {}
    for number, item in enumerate(items, 1):
        entry = Entry(item, where=f"{source}: fact {number}", required=["name", "at", "keep"], optional=["place"])
        name, path = entry.text("name"), entry.optional_text("place") or entry.text("at")
        if _FACT.fullmatch(name) is None or name in facts:
            raise entry.wrong("name", "a new lower-case name is expected")
        if "place" in entry.data and _PLACE.fullmatch(path) is None:
            raise entry.wrong("place", "a path such as f:Worker/c:Ssin is expected")
        facts[name] = FactRule(
            name=name,
            keep=Keep(entry.one_of("keep", list(Keep))),
            at=_required_path(entry, "at", namespaces),
            path=path if _PLACE.fullmatch(path) else None,
        )
    return tuple(facts.values())


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


def _words(node: object) -> str:
    """The texts below a node, white space collapsed, one space between those of its elements."""
    texts = node.itertext() if isinstance(node, etree._Element) else (str(node),)
    return " ".join(word for text in texts for word in text.split())
