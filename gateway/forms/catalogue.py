"""The form kinds that this installation knows: the folders under `schemas/`, loaded and checked once at start.

The only module of the core that reads the disk. A new form kind is a new folder; nothing here names one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from lxml import etree

from gateway.errors import CatalogueError
from gateway.forms.codelists import CodeList, check_references, read_code_list
from gateway.forms.countries import Country, read_country
from gateway.forms.fields import Field, fields_of
from gateway.forms.findings import MessageCatalogue
from gateway.forms.functions import Excerpt, Function, ReferenceData, collapse, functions
from gateway.forms.kindfiles import KindDescription, NoticeDescription, read_kind
from gateway.forms.kinds import FormKind, NoticeRule
from gateway.forms.labels import Labels, Texts, read_labels
from gateway.forms.rulefiles import read_country_rules, read_rules
from gateway.forms.rulelist import ListedRule, RuleList
from gateway.forms.rules import GIVEN, Rule, RuleSet
from gateway.forms.schema import CompiledSchema, SchemaIndex
from gateway.forms.screening import Screening, read_screening
from gateway.forms.shapes import Shapes, read_shapes
from gateway.forms.sources import COMMON_NAMESPACE, Entry, compile_xpath, parse_yaml, xpath_namespaces

_XS = "{http://www.w3.org/2001/XMLSchema}"
_DSIG = "http://www.w3.org/2000/09/xmldsig#"
_MESSAGES = Path("common/1/messages.yaml")
_LABELS = Path("common/1/labels.yaml")
_CODE_LISTS = Path("common/codelists")
_TEXTS = Path("common/texts")
_SCREENING = Path("common/screening")
_COUNTRY_RULES = "*/rules.yaml"
SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"


class Catalogue:
    """All form kinds, by root element and by name; all rules, each once."""

    def __init__(
        self,
        kinds: Iterable[FormKind],
        *,
        countries: Mapping[str, Country],
        rules: Mapping[str, ListedRule],
        messages: MessageCatalogue,
        reference: ReferenceData,
        folder: Path,
    ) -> None:
        self.kinds = tuple(kinds)
        self.countries = countries
        self._rules = dict(rules)
        self.messages = messages
        self.reference = reference
        self.folder = folder
        self._shapes: dict[str, Shapes] = {}
        self._by_root = {kind.qname: kind for kind in self.kinds}
        # Ordered by version within a name, so the newest of a name wins.
        self._by_name = {kind.id: kind for kind in self.kinds}

    @classmethod
    def load(cls, folder: Path | None = None, *, code_lists: Path | None = None) -> Catalogue:
        """Load every form kind under `folder`; by default the `schemas` folder beside the packages.

        code_lists: a folder with code lists of the installation, see forms/codelists.py.

        Raises CatalogueError naming the file at the first thing that is wrong.
        """
        folder = SCHEMAS if folder is None else folder
        messages = MessageCatalogue.from_data(_yaml(folder, _MESSAGES), source=str(_MESSAGES))
        reference = ReferenceData(
            code_lists=load_code_lists(folder, own=code_lists),
            excerpts=tuple(_excerpts(folder)),
            screening=_screening(folder),
        )
        homes = sorted(path.parent.relative_to(folder) for path in folder.glob("*/*/*/form.toml"))
        if not homes:
            raise CatalogueError("catalogue-empty", "no form kind was found in the schemas folder")
        countries = load_countries(folder)
        tables = {code: functions(reference, country.calendar) for code, country in countries.items()}
        listed = RuleList()
        labels = read_labels(_yaml(folder, _LABELS), source=str(_LABELS))
        kinds = [_kind(folder, home, messages, labels, countries, tables, listed) for home in homes]
        _check_acts(kinds)
        for path in sorted(folder.glob(_COUNTRY_RULES)):
            file = path.relative_to(folder)
            there = [kind.id for kind in kinds if kind.country == file.parts[0]]
            listed.add_country(read_country_rules(_yaml(folder, file), source=str(file)), file=file, kinds=there)
        return cls(
            kinds, countries=countries, rules=listed.by_id(), messages=messages, reference=reference, folder=folder
        )

    def by_root(self, qname: str) -> FormKind | None:
        """The kind whose root element has that Clark name."""
        return self._by_root.get(qname)

    def by_name(self, name: str) -> FormKind | None:
        """The newest version of a kind such as `be/health-assessment`."""
        return self._by_name.get(name)

    def rules(self) -> tuple[ListedRule, ...]:
        """Every rule once, over all kinds and countries, in the order of their ids."""
        return tuple(self._rules.values())

    def rule(self, rule_id: str) -> ListedRule | None:
        """The rule with that id, of the newest version of a form kind that has it."""
        return self._rules.get(rule_id)

    def shapes(self, kind: FormKind) -> Shapes:
        """The shape of a kind, for whatever walks its forms by model; read once, when first asked for."""
        known = self._shapes.get(kind.namespace)
        if known is None:
            documents = _schema_documents(self.folder / _home(kind) / "form.xsd")
            known = self._shapes.setdefault(kind.namespace, read_shapes(documents, root=kind.qname))
        return known

    def fields(self, kind: FormKind) -> Field:
        """The tree of elements of a kind, for people: names, how often, types, documentation, articles."""
        return fields_of(str(self.folder / _home(kind) / "form.xsd"))


def load_countries(folder: Path = SCHEMAS) -> Mapping[str, Country]:
    """The countries under `folder` by their code, without their form kinds. Raises CatalogueError naming the file."""
    codes = sorted(path.parent.name for path in folder.glob("*/terms.yaml"))
    return {
        code: read_country(code, _yaml(folder, Path(code) / "calendar.yaml"), _yaml(folder, Path(code) / "terms.yaml"))
        for code in codes
    }


def _home(kind: FormKind) -> Path:
    return Path(kind.country) / kind.name / kind.version.partition(".")[0]


def _kind(
    folder: Path,
    home: Path,
    messages: MessageCatalogue,
    labels: Texts,
    countries: Mapping[str, Country],
    tables: Mapping[str, Mapping[tuple[str, str], Function]],
    listed: RuleList,
) -> FormKind:
    source, code = str(home / "form.toml"), home.parts[0]
    if code not in countries:
        raise CatalogueError("catalogue-file", f"{code}/terms.yaml: each country needs one, and a calendar.yaml")
    description = read_kind(_toml(folder, home / "form.toml"), source=source, country=countries[code])
    facts = description.facts
    if home.parts != (facts["country"], facts["name"], facts["version"].partition(".")[0]):
        raise CatalogueError("catalogue-value", f"{source}: country, name and version are not those of its folder")
    documents = list(_schema_documents(folder / home / "form.xsd"))
    schema = _schema(folder, home / "form.xsd", facts["namespace"], documents)
    rules = _rules(folder, description, schema, tables[code], listed)
    words = messages.with_rules(rules.words, rules.last_resorts, _labels(folder, home, labels, documents))
    return FormKind(
        **facts,
        notices=tuple(_notice(folder, home, notice) for notice in description.notices),
        schema=schema,
        rules=rules,
        messages=words,
    )


def _notice(folder: Path, home: Path, notice: NoticeDescription) -> NoticeRule:
    """A notice with its stylesheet, which reads and writes nothing beside the form it is given."""
    file = home / notice.stylesheet
    try:
        document = etree.parse(folder / file, _own_parser())
        stylesheet = etree.XSLT(document, access_control=etree.XSLTAccessControl.DENY_ALL)
    except (OSError, etree.XMLSyntaxError, etree.XSLTParseError) as exc:
        raise CatalogueError("catalogue-stylesheet", f"{file}: {exc}") from exc
    return NoticeRule(kind=notice.kind, stylesheet=stylesheet, about=notice.about)


def _labels(folder: Path, home: Path, common: Texts, documents: Sequence[etree._Element]) -> Labels:
    """The names of a kind's elements: its own labels.yaml and the common one."""
    namespace, file = documents[0].get("targetNamespace", ""), home / "labels.yaml"
    own = read_labels(_yaml(folder, file), source=str(file))
    return Labels(documents, {namespace: "f", COMMON_NAMESPACE: "c"}, {namespace: own, COMMON_NAMESPACE: common})


def _check_acts(kinds: Iterable[FormKind]) -> None:
    """Refuse a term that a kind fulfils which does not exist, and a notice of such a kind."""
    kinds = list(kinds)
    known = {kind.id for kind in kinds}
    for kind in kinds:
        unknown = {act for term in kind.terms for act in term.done_by} - known
        if unknown:
            raise CatalogueError("catalogue-value", f"{kind.id}: done_by: no such kind: {', '.join(sorted(unknown))}")
        unknown = {notice.kind for notice in kind.notices} - known
        if unknown:
            raise CatalogueError("catalogue-value", f"{kind.id}: notice: no such kind: {', '.join(sorted(unknown))}")


def _rules(
    folder: Path,
    description: KindDescription,
    schema: CompiledSchema,
    table: Mapping[tuple[str, str], Function],
    listed: RuleList,
) -> RuleSet:
    names: list[str] = []
    rules: list[Rule] = []
    for file in description.rule_files:
        name, read = read_rules(
            _yaml(folder, Path(file.path)),
            source=file.path,
            namespace=description.facts["namespace"],
            functions=table,
        )
        missing = sorted(set(file.only) - {rule.id for rule in read})
        if missing:
            raise CatalogueError("catalogue-rules", f"{file.path}: has no rule {missing[0]}, which a form kind takes")
        read = tuple(rule for rule in read if rule.id in file.only) if file.only else read
        listed.add(read, file=Path(file.path), kind=f"{description.facts['country']}/{description.facts['name']}")
        names.append(name)
        rules += (rule.cited_in(description.facts["country"]) for rule in read)
    title = " + ".join(names)
    compile_expression = partial(
        compile_xpath,
        where=title,
        namespaces=xpath_namespaces(description.facts["namespace"]),
        extensions=table,
        variables=GIVEN,
    )
    return RuleSet(title, rules, schema.index.places, compile_expression)


def _schema(folder: Path, file: Path, namespace: str, documents: Sequence[etree._Element]) -> CompiledSchema:
    if documents[0].get("targetNamespace") != namespace:
        raise CatalogueError("catalogue-schema", f"{file}: the target namespace is not that of form.toml")
    prefixes = {namespace: "f", COMMON_NAMESPACE: "c", _DSIG: "ds"}
    try:
        return CompiledSchema(
            lambda: etree.XMLSchema(etree.parse(folder / file, _own_parser())),
            SchemaIndex.from_documents(documents, prefixes),
        )
    except etree.XMLSchemaParseError as exc:
        raise CatalogueError("catalogue-schema", f"{file}: {exc}") from exc


def _schema_documents(path: Path) -> Iterator[etree._Element]:
    """A schema document and those it imports or includes, each once; included ones in the namespace of the first."""
    waiting, seen, namespace = [path.resolve()], set[Path](), ""
    while waiting:
        current = waiting.pop(0)
        if current in seen:
            continue
        seen.add(current)
        try:
            root = etree.parse(current, _own_parser()).getroot()
        except (OSError, etree.XMLSyntaxError) as exc:
            raise CatalogueError("catalogue-schema", f"{current.name}: {exc}") from exc
        namespace = namespace or root.get("targetNamespace", "")
        yield root if "targetNamespace" in root.attrib else _adopted(root, namespace)
        waiting += [
            (current.parent / node.get("schemaLocation", "")).resolve()
            for node in root.iterchildren(f"{_XS}import", f"{_XS}include")
            if node.get("schemaLocation")
        ]


def _adopted(root: etree._Element, namespace: str) -> etree._Element:
    """A schema document without a namespace as the one that includes it sees it (XML Schema part 1, 4.2.1)."""
    adopted = etree.Element(root.tag, dict(root.attrib), nsmap={**root.nsmap, None: namespace})
    adopted.set("targetNamespace", namespace)
    adopted.extend(list(root))
    return adopted


def _own_parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)


def load_code_lists(folder: Path | None = None, *, own: Path | None = None) -> dict[str, CodeList]:
    """Our code lists, with those of the installation (the folder `own`) in their place or added to them.

    Raises CodeListRefused naming file, entries and reasons; CatalogueError naming the file.
    """
    folder = SCHEMAS if folder is None else folder
    lists: dict[str, CodeList] = {}
    for path in sorted((folder / _CODE_LISTS).glob("*.yaml")):
        lists[path.stem] = _code_list(path, str(path.relative_to(folder)), None)
    if own is not None and not own.is_dir():
        raise CatalogueError("catalogue-file", f"{own}: there is no such folder of code lists")
    for path in sorted(own.glob("*.yaml")) if own is not None else ():
        lists[path.stem] = _code_list(path, str(path), lists.get(path.stem))
    check_references(lists)
    return lists


def load_code_list(file: Path, *, beside: Path | None = None) -> CodeList:
    """The code list of a file as it would be used, with those in the folder `beside`: its own name there is replaced.

    Raises CodeListRefused naming entries and reasons; CatalogueError for what is no code list.
    """
    ours, lists = load_code_lists(), load_code_lists(own=beside)
    data = parse_yaml(_read(file.parent, Path(file.name)), source=str(file))
    name = data.get("list") if isinstance(data, dict) else None
    read = read_code_list(data, source=str(file), ours=ours.get(str(name)))
    check_references({**lists, read.name: read})
    return read


def _code_list(path: Path, source: str, ours: CodeList | None) -> CodeList:
    data = parse_yaml(_read(path.parent, Path(path.name)), source=source)
    if isinstance(data, dict) and data.get("list") != path.stem:
        raise CatalogueError("catalogue-codelist", f"{source}: the list must be named like the file")
    return read_code_list(data, source=source, ours=ours)


def _screening(folder: Path) -> Screening | None:
    files = [path.relative_to(folder) for path in sorted((folder / _SCREENING).glob("*.yaml"))]
    return read_screening({file.stem: _yaml(folder, file) for file in files}, source=str(_SCREENING))


def _excerpts(folder: Path) -> Iterator[Excerpt]:
    for path in sorted((folder / _TEXTS).rglob("*.yaml")):
        yield _excerpt(folder, path.relative_to(folder))


def _excerpt(folder: Path, file: Path) -> Excerpt:
    data: Any = _yaml(folder, file)
    entry = Entry(
        data, where=str(file), required=["act", "profile", "language", "articles", "digest"], optional=list(data)
    )
    articles = []
    for item in entry.items("articles"):
        article = Entry(item, where=f"{file}: articles", required=["number", "paragraphs"], optional=list(item))
        articles.append((article.text("number"), tuple(collapse(text) for text in article.texts("paragraphs"))))
    excerpt = Excerpt(
        act=entry.text("act"),
        profile=entry.text("profile"),
        language=entry.text("language"),
        start=entry.day("from"),
        end=entry.day("until"),
        articles=tuple(articles),
    )
    if entry.text("digest") != excerpt.digest:
        raise CatalogueError("catalogue-digest", f"{file}: the digest of this text is {excerpt.digest}")
    return excerpt


def _yaml(folder: Path, file: Path) -> Any:
    return parse_yaml(_read(folder, file), source=str(file))


def _toml(folder: Path, file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_read(folder, file))
    except tomllib.TOMLDecodeError as exc:
        raise CatalogueError("catalogue-syntax", f"{file}: {exc}") from exc


def _read(folder: Path, file: Path) -> str:
    try:
        return (folder / file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise CatalogueError("catalogue-file", f"{file}: cannot be read ({type(exc).__name__})") from exc
