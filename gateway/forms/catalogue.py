"""The form kinds that this installation knows: the folders under `schemas/`, loaded and checked once at start.

A new form kind is a new folder; nothing here names one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from lxml import etree

from gateway.errors import CatalogueError
from gateway.forms.codelists import CodeList, check_references, read_code_list
from gateway.forms.countries import Country, read_country
from gateway.forms.fields import Field, fields_of
from gateway.forms.findings import MessageCatalogue
from gateway.forms.folder import SchemaFolder, read_text
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

_DSIG = "http://www.w3.org/2000/09/xmldsig#"
_MESSAGES = Path("common/1/messages.yaml")
_LABELS = Path("common/1/labels.yaml")
_CODE_LISTS = "common/codelists/*.yaml"
_TEXTS = "common/texts/**/*.yaml"
_SCREENING = "common/screening/*.yaml"
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
        files: SchemaFolder,
    ) -> None:
        self.kinds = tuple(kinds)
        self.countries = countries
        self._rules = dict(rules)
        self.messages = messages
        self.reference = reference
        self._files = files
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
        files = SchemaFolder(SCHEMAS if folder is None else folder)
        messages = MessageCatalogue.from_data(files.yaml(_MESSAGES), source=str(_MESSAGES))
        reference = ReferenceData(
            code_lists=_code_lists(files, own=code_lists),
            excerpts=tuple(_excerpt(files, file) for file in files.find(_TEXTS)),
            screening=_screening(files),
        )
        homes = [file.parent for file in files.find("*/*/*/form.toml")]
        if not homes:
            raise CatalogueError("catalogue-empty", "no form kind was found in the schemas folder")
        countries = _countries(files)
        tables = {code: functions(reference, country.calendar) for code, country in countries.items()}
        listed = RuleList()
        labels = read_labels(files.yaml(_LABELS), source=str(_LABELS))
        kinds = [_kind(files, home, messages, labels, countries, tables, listed) for home in homes]
        _check_acts(kinds)
        for file in files.find(_COUNTRY_RULES):
            there = [kind.id for kind in kinds if kind.country == file.parts[0]]
            listed.add_country(read_country_rules(files.yaml(file), source=str(file)), file=file, kinds=there)
        return cls(
            kinds, countries=countries, rules=listed.by_id(), messages=messages, reference=reference, files=files
        )

    @property
    def folder(self) -> Path:
        """Where all of it was loaded from."""
        return self._files.path

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
            documents = self._files.schema_documents(_home(kind) / "form.xsd")
            known = self._shapes.setdefault(kind.namespace, read_shapes(documents, root=kind.qname))
        return known

    def fields(self, kind: FormKind) -> Field:
        """The tree of elements of a kind, for people: names, how often, types, documentation, articles."""
        return fields_of(str(self.folder / _home(kind) / "form.xsd"))


def load_countries(folder: Path = SCHEMAS) -> Mapping[str, Country]:
    """The countries under `folder` by their code, without their form kinds. Raises CatalogueError naming the file."""
    return _countries(SchemaFolder(folder))


def _countries(files: SchemaFolder) -> Mapping[str, Country]:
    homes = [file.parent for file in files.find("*/terms.yaml")]
    return {
        home.name: read_country(home.name, files.yaml(home / "calendar.yaml"), files.yaml(home / "terms.yaml"))
        for home in homes
    }


def _home(kind: FormKind) -> Path:
    return Path(kind.country) / kind.name / kind.version.partition(".")[0]


def _kind(
    files: SchemaFolder,
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
    description = read_kind(files.toml(home / "form.toml"), source=source, country=countries[code])
    facts = description.facts
    if home.parts != (facts["country"], facts["name"], facts["version"].partition(".")[0]):
        raise CatalogueError("catalogue-value", f"{source}: country, name and version are not those of its folder")
    documents = list(files.schema_documents(home / "form.xsd"))
    schema = _schema(files, home / "form.xsd", facts["namespace"], documents)
    rules = _rules(files, description, schema, tables[code], listed)
    words = messages.with_rules(rules.words, rules.last_resorts, _labels(files, home, labels, documents))
    return FormKind(
        **facts,
        notices=tuple(_notice(files, home, notice) for notice in description.notices),
        schema=schema,
        rules=rules,
        messages=words,
    )


def _notice(files: SchemaFolder, home: Path, notice: NoticeDescription) -> NoticeRule:
    return NoticeRule(kind=notice.kind, stylesheet=files.stylesheet(home / notice.stylesheet), about=notice.about)


def _labels(files: SchemaFolder, home: Path, common: Texts, documents: Sequence[etree._Element]) -> Labels:
    """The names of a kind's elements: its own labels.yaml and the common one."""
    namespace, file = documents[0].get("targetNamespace", ""), home / "labels.yaml"
    own = read_labels(files.yaml(file), source=str(file))
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
    files: SchemaFolder,
    description: KindDescription,
    schema: CompiledSchema,
    table: Mapping[tuple[str, str], Function],
    listed: RuleList,
) -> RuleSet:
    names: list[str] = []
    rules: list[Rule] = []
    for file in description.rule_files:
        name, read = read_rules(
            files.yaml(Path(file.path)),
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


def _schema(files: SchemaFolder, file: Path, namespace: str, documents: Sequence[etree._Element]) -> CompiledSchema:
    if documents[0].get("targetNamespace") != namespace:
        raise CatalogueError("catalogue-schema", f"{file}: the target namespace is not that of form.toml")
    prefixes = {namespace: "f", COMMON_NAMESPACE: "c", _DSIG: "ds"}
    return CompiledSchema(partial(files.compiled_schema, file), SchemaIndex.from_documents(documents, prefixes))


def load_code_lists(folder: Path | None = None, *, own: Path | None = None) -> dict[str, CodeList]:
    """Our code lists, with those of the installation (the folder `own`) in their place or added to them.

    Raises CodeListRefused naming file, entries and reasons; CatalogueError naming the file.
    """
    return _code_lists(SchemaFolder(SCHEMAS if folder is None else folder), own=own)


def _code_lists(files: SchemaFolder, *, own: Path | None) -> dict[str, CodeList]:
    lists: dict[str, CodeList] = {}
    for file in files.find(_CODE_LISTS):
        lists[file.stem] = _code_list(files.yaml(file), file.stem, str(file), None)
    if own is not None and not own.is_dir():
        raise CatalogueError("catalogue-file", f"{own}: there is no such folder of code lists")
    for path in sorted(own.glob("*.yaml")) if own is not None else ():
        data = parse_yaml(read_text(path, name=str(path)), source=str(path))
        lists[path.stem] = _code_list(data, path.stem, str(path), lists.get(path.stem))
    check_references(lists)
    return lists


def load_code_list(file: Path, *, beside: Path | None = None) -> CodeList:
    """The code list of a file as it would be used, with those in the folder `beside`: its own name there is replaced.

    Raises CodeListRefused naming entries and reasons; CatalogueError for what is no code list.
    """
    files = SchemaFolder(SCHEMAS)
    ours, lists = _code_lists(files, own=None), _code_lists(files, own=beside)
    data = parse_yaml(read_text(file, name=str(file)), source=str(file))
    name = data.get("list") if isinstance(data, dict) else None
    read = read_code_list(data, source=str(file), ours=ours.get(str(name)))
    check_references({**lists, read.name: read})
    return read


def _code_list(data: Any, name: str, source: str, ours: CodeList | None) -> CodeList:
    if isinstance(data, dict) and data.get("list") != name:
        raise CatalogueError("catalogue-codelist", f"{source}: the list must be named like the file")
    return read_code_list(data, source=source, ours=ours)


def _screening(files: SchemaFolder) -> Screening | None:
    return read_screening({file.stem: files.yaml(file) for file in files.find(_SCREENING)}, source=_SCREENING)


def _excerpt(files: SchemaFolder, file: Path) -> Excerpt:
    data: Any = files.yaml(file)
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
