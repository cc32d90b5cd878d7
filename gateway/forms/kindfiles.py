"""form.toml read strictly: keys known, expressions compiled and tried, every fault named with file and key."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from gateway.errors import CatalogueError
from gateway.forms.countries import Country
from gateway.forms.findings import four_languages
from gateway.forms.kinds import BY_ROLE, FactRule, Keep, RouteRule, SignatoryRule, TermRule
from gateway.forms.sources import Entry, compile_xpath, xpath_namespaces
from gateway.identifiers import SCHEMES

EVENTS = ("SubmissionAcceptance", "ContentConsignment", "ContentHandover")
BINDS = ("this-form", "answer")

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
