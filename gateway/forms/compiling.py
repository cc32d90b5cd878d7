"""From the files of a `schemas` folder to form kinds that can judge: each file read once, each part compiled once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from lxml import etree

from gateway.errors import CatalogueError
from gateway.forms.actfiles import read_acts
from gateway.forms.citing import Acts
from gateway.forms.codelists import CodeList, check_references, read_code_list
from gateway.forms.countries import Country, read_country
from gateway.forms.findings import MessageCatalogue
from gateway.forms.folder import SchemaFolder, read_text
from gateway.forms.functions import Excerpt, Function, ReferenceData, collapse, functions
from gateway.forms.kindfiles import KindDescription, NoticeDescription, read_kind
from gateway.forms.kinds import FormKind, NoticeRule
from gateway.forms.labels import Labels, Texts, read_labels
from gateway.forms.rulefiles import RuleFile, read_country_rules, read_rules
from gateway.forms.rulelist import ListedRule, RuleList
from gateway.forms.rules import GIVEN, Rule, RuleSet, Test
from gateway.forms.schema import CompiledSchema, SchemaIndex
from gateway.forms.sources import (
    COMMON_NAMESPACE,
    Entry,
    compile_xpath,
    parse_yaml,
    read_expressions,
    with_expressions,
    xpath_namespaces,
)
from gateway.forms.wordlists import read_screening
from gateway.libxml import OnePerThread

_DSIG = "http://www.w3.org/2000/09/xmldsig#"
_MESSAGES = Path("common/1/messages.yaml")
_LABELS = Path("common/1/labels.yaml")
_ACTS = "*/acts.yaml"
_CODE_LISTS = "common/codelists/*.yaml"
_TEXTS = "common/texts/**/*.yaml"
_SCREENING = "common/screening/*.yaml"
_COUNTRY_RULES = "*/rules.yaml"
_EXPRESSIONS = "expressions.yaml"


class Compiler:
    """Compiles the form kinds of a folder; what they share is read when the first of them asks for it.

    A form kind is named by its home, the folder of its form.toml (`be/appeal/1`). Every method raises CatalogueError
    naming the file.
    """

    def __init__(self, files: SchemaFolder, *, code_lists: Path | None) -> None:
        self._files = files
        self._own_code_lists = code_lists
        self._shared: dict[str, Mapping[str, str]] = {}
        self._functions: dict[str, Mapping[tuple[str, str], Function]] = {}
        self._rule_files: dict[str, RuleFile] = {}
        self._tests: dict[tuple[str, str, str], Test] = {}
        self._listed = RuleList()
        self._taken: dict[Path, Sequence[Rule]] = {}

    @cached_property
    def messages(self) -> MessageCatalogue:
        """The words of our own codes."""
        return MessageCatalogue.from_data(self._files.yaml(_MESSAGES), source=str(_MESSAGES), acts=self.acts)

    @cached_property
    def acts(self) -> Acts:
        """The acts that our data cite."""
        return read_acts({str(file): self._files.yaml(file) for file in self._files.find(_ACTS)}, self._act_of)

    def _act_of(self, kind: str) -> str | None:
        homes = self._files.find(f"{kind}/*/form.toml")
        return None if not homes else str(self._files.toml(homes[-1])["act"])

    @cached_property
    def countries(self) -> Mapping[str, Country]:
        """The countries by their code."""
        return read_countries(self._files)

    @cached_property
    def reference(self) -> ReferenceData:
        """What the functions of rules look up."""
        return ReferenceData(
            code_lists=read_code_lists(self._files, own=self._own_code_lists),
            excerpts=tuple(_excerpt(self._files, file) for file in self._files.find(_TEXTS)),
            screening=read_screening(
                {file.stem: self._files.yaml(file) for file in self._files.find(_SCREENING)}, source=_SCREENING
            ),
        )

    @cached_property
    def _labels(self) -> Texts:
        return read_labels(self._files.yaml(_LABELS), source=str(_LABELS))

    def kinds(self, homes: Sequence[Path]) -> Iterator[tuple[Path, FormKind]]:
        """The form kinds of these folders. They share one schema for libxml2: what is common is compiled once."""
        engine = OnePerThread(partial(self._files.compiled_schema, *(home / "form.xsd" for home in homes)))
        for home in homes:
            yield home, self._kind(home, engine)

    def _kind(self, home: Path, engine: OnePerThread[etree.XMLSchema]) -> FormKind:
        source, code = str(home / "form.toml"), home.parts[0]
        if code not in self.countries:
            raise CatalogueError("catalogue-file", f"{code}/terms.yaml: each country needs one, and a calendar.yaml")
        data = with_expressions(self._files.toml(home / "form.toml"), self._expressions(code))
        description = read_kind(data, source=source, country=self.countries[code])
        facts = description.facts
        if home.parts != (facts["country"], facts["name"], facts["version"].partition(".")[0]):
            raise CatalogueError("catalogue-value", f"{source}: country, name and version are not those of its folder")
        documents = list(self._files.schema_documents(home / "form.xsd"))
        schema = _schema(home, facts["namespace"], documents, engine)
        rules = self._rules(home, description, schema)
        return FormKind(
            **facts,
            notices=tuple(self._notice(home, notice) for notice in description.notices),
            schema=schema,
            rules=rules,
            messages=self.messages.with_rules(rules.words, rules.last_resorts, self.names(home, documents)),
        )

    def listed_rules(self, kinds: Mapping[Path, FormKind]) -> Mapping[str, ListedRule]:
        """Every rule once, by id, over these form kinds (which are compiled, in the order of their versions)."""
        for home, kind in kinds.items():
            self._listed.add(self._taken[home], kind=kind.id)
        for file in self._files.find(_COUNTRY_RULES):
            there = [kind.id for kind in kinds.values() if kind.country == file.parts[0]]
            rules = read_country_rules(self._files.yaml(file), source=str(file))
            self._listed.add_country(rules, file=file, kinds=there)
        return self._listed.by_id()

    def _notice(self, home: Path, notice: NoticeDescription) -> NoticeRule:
        stylesheet = self._files.stylesheet(home / notice.stylesheet)
        return NoticeRule(kind=notice.kind, stylesheet=stylesheet, about=notice.about)

    def names(self, home: Path, documents: Sequence[etree._Element]) -> Labels:
        """The names of a kind's elements: its own labels.yaml and the common one."""
        namespace, file = documents[0].get("targetNamespace", ""), home / "labels.yaml"
        own = read_labels(self._files.yaml(file), source=str(file))
        return Labels(
            documents, {namespace: "f", COMMON_NAMESPACE: "c"}, {namespace: own, COMMON_NAMESPACE: self._labels}
        )

    def _rules(self, home: Path, description: KindDescription, schema: CompiledSchema) -> RuleSet:
        namespace, country = description.facts["namespace"], description.facts["country"]
        names, taken = list[str](), list[Rule]()
        for wanted in description.rule_files:
            file = self._rule_file(wanted.path)
            missing = sorted(set(wanted.only) - {rule.id for rule in file.rules})
            if missing:
                said = f"{wanted.path}: has no rule {missing[0]}, which a form kind takes"
                raise CatalogueError("catalogue-rules", said)
            names.append(file.name)
            taken += (
                replace(rule, test=self._test(file, rule.id, namespace, country)) if rule.id in file.tests else rule
                for rule in file.rules
                if not wanted.only or rule.id in wanted.only
            )
        self._taken[home] = taken
        compile_expression = partial(
            compile_xpath,
            where=" + ".join(names),
            namespaces=xpath_namespaces(namespace),
            extensions=self._functions_of(country),
            variables=GIVEN,
        )
        rules = (rule.cited_in(country) for rule in taken)
        screening = self.reference.screening
        is_clean = screening.is_clean if screening is not None else lambda _: False
        return RuleSet(" + ".join(names), rules, schema.index.places, compile_expression, is_clean)

    def _rule_file(self, path: str) -> RuleFile:
        if path not in self._rule_files:
            expressions = self._expressions(Path(path).parts[0])
            file = read_rules(self._files.yaml(Path(path)), source=path, expressions=expressions)
            self._listed.claim(file.rules, file=Path(path))
            self._rule_files[path] = file
        return self._rule_files[path]

    def _test(self, file: RuleFile, rule_id: str, namespace: str, country: str) -> Test:
        """A rule's test; the one of another form kind where it would be the same."""
        written = file.tests[rule_id]
        key = (file.source, rule_id, namespace if written.names_the_form else country)
        if key not in self._tests:
            self._tests[key] = written.compiled(namespace, self._functions_of(country))
        return self._tests[key]

    def _expressions(self, country: str) -> Mapping[str, str]:
        """The expressions that the files of a country share; none where it has no such file."""
        if country not in self._shared:
            file = Path(country) / _EXPRESSIONS
            found = self._files.find(str(file))
            self._shared[country] = read_expressions(self._files.yaml(file), source=str(file)) if found else {}
        return self._shared[country]

    def _functions_of(self, country: str) -> Mapping[tuple[str, str], Function]:
        if country not in self._functions:
            self._functions[country] = functions(self.reference, self.countries[country].calendar)
        return self._functions[country]


def read_countries(files: SchemaFolder) -> Mapping[str, Country]:
    """The countries of a folder by their code. Raises CatalogueError naming the file."""
    homes = [file.parent for file in files.find("*/terms.yaml")]
    return {
        home.name: read_country(home.name, files.yaml(home / "calendar.yaml"), files.yaml(home / "terms.yaml"))
        for home in homes
    }


def _schema(
    home: Path, namespace: str, documents: Sequence[etree._Element], engine: OnePerThread[etree.XMLSchema]
) -> CompiledSchema:
    if documents[0].get("targetNamespace") != namespace:
        said = f"{home / 'form.xsd'}: the target namespace is not that of form.toml"
        raise CatalogueError("catalogue-schema", said)
    prefixes = {namespace: "f", COMMON_NAMESPACE: "c", _DSIG: "ds"}
    return CompiledSchema(engine, SchemaIndex.from_documents(documents, prefixes))


def read_code_lists(files: SchemaFolder, *, own: Path | None) -> dict[str, CodeList]:
    """Our code lists, with those of the installation (the folder `own`) in their place or added to them."""
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


def _code_list(data: Any, name: str, source: str, ours: CodeList | None) -> CodeList:
    if isinstance(data, dict) and data.get("list") != name:
        raise CatalogueError("catalogue-codelist", f"{source}: the list must be named like the file")
    return read_code_list(data, source=source, ours=ours)


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
