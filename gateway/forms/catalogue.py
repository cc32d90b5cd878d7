"""The form kinds that this installation knows: the folders under `schemas/`, compiled and checked.

A new form kind is a new folder; nothing here names one.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from gateway.errors import CatalogueError
from gateway.forms.citing import Acts
from gateway.forms.codelists import CodeList, check_references, read_code_list
from gateway.forms.compiling import Compiler, read_code_lists, read_countries
from gateway.forms.countries import Country, check_holidays
from gateway.forms.fields import Field, fields_of
from gateway.forms.findings import MessageCatalogue
from gateway.forms.folder import SCHEMAS, SchemaFolder, read_text
from gateway.forms.functions import ReferenceData
from gateway.forms.kinds import FormKind
from gateway.forms.notes import Notes, read_notes
from gateway.forms.rulelist import ListedRule
from gateway.forms.shapes import Shapes, read_shapes
from gateway.forms.sources import parse_yaml
from gateway.forms.templates import Template, read_template
from gateway.forms.vocabulary import Vocabulary


class Catalogue:
    """All form kinds, by root element and by name; all rules, each once.

    `load` compiles everything, as a gateway does at its start; then threads may share it. `open` leaves each form kind
    until it is asked for, as suits a command about one document. Whatever compiles raises CatalogueError naming the
    file at the first thing that is wrong.
    """

    def __init__(self, files: SchemaFolder, *, code_lists: Path | None) -> None:
        self._files = files
        self._compiler = Compiler(files, code_lists=code_lists)
        homes = [file.parent for file in files.find("*/*/*/form.toml")]
        if not homes:
            raise CatalogueError("catalogue-empty", "no form kind was found in the schemas folder")
        # By version within a name, so the newest of a name comes last.
        self._homes = sorted(homes, key=lambda home: (home.parent, int(home.name) if home.name.isdecimal() else 0))
        self._compiled: dict[Path, FormKind] = {}
        self._by_root: dict[str, FormKind] = {}
        self._shapes: dict[str, Shapes] = {}
        self._vocabularies: dict[str, Vocabulary] = {}
        self._templates: dict[str, Template] = {}

    @classmethod
    def open(cls, folder: Path | None = None, *, code_lists: Path | None = None) -> Catalogue:
        """The form kinds under `folder`, by default the `schemas` folder beside the packages.

        code_lists: a folder with code lists of the installation, see forms/codelists.py.
        """
        return cls(SchemaFolder(SCHEMAS if folder is None else folder), code_lists=code_lists)

    @classmethod
    def load(cls, folder: Path | None = None, *, code_lists: Path | None = None) -> Catalogue:
        """The same, with everything compiled and checked; only the holidays are computed when they are asked for."""
        catalogue = cls.open(folder, code_lists=code_lists)
        catalogue.rules()
        return catalogue

    @property
    def folder(self) -> Path:
        """Where all of it comes from."""
        return self._files.path

    @property
    def countries(self) -> Mapping[str, Country]:
        """The countries by their code."""
        return self._compiler.countries

    @property
    def messages(self) -> MessageCatalogue:
        """The words of our own codes."""
        return self._compiler.messages

    @property
    def acts(self) -> Acts:
        """The acts of law that our data cite."""
        return self._compiler.acts

    @property
    def reference(self) -> ReferenceData:
        """Code lists, fixed texts of law, what free texts are screened with."""
        return self._compiler.reference

    @cached_property
    def kinds(self) -> tuple[FormKind, ...]:
        """All form kinds, those of a name in the order of their versions."""
        self._compile([home for home in self._homes if home not in self._compiled])
        kinds = tuple(self._compiled[home] for home in self._homes)
        _check_acts(kinds)
        return kinds

    @cached_property
    def _listed(self) -> Mapping[str, ListedRule]:
        return self._compiler.listed_rules(dict(zip(self._homes, self.kinds, strict=True)))

    def by_root(self, qname: str) -> FormKind | None:
        """The kind whose root element has that Clark name."""
        known = self._by_root.get(qname)
        if known is not None:
            return known
        # The namespace of a form kind says where it lies: urn:sealpost:<country>:<name>:<major>.
        _, _, place = qname.rpartition("}")[0].partition("{urn:sealpost:")
        self._compile([home for home in self._homes if home.parts == tuple(place.split(":"))])
        return self._by_root.get(qname)

    def by_name(self, name: str) -> FormKind | None:
        """The newest version of a kind such as `be/health-assessment`."""
        newest = next((home for home in reversed(self._homes) if home.parent.as_posix() == name), None)
        if newest is None:
            return None
        self._compile([newest])
        return self._compiled[newest]

    def by_root_name(self, country: str, root: str) -> FormKind | None:
        """The newest version of the kind of a country whose root element has that local name."""
        known = (home for home in reversed(self._homes) if home.parts[0] == country)
        found = next((home for home in known if self._files.toml(home / "form.toml").get("root") == root), None)
        return None if found is None else self.by_name(found.parent.as_posix())

    def rules(self) -> tuple[ListedRule, ...]:
        """Every rule once, over all kinds and countries, in the order of their ids."""
        return tuple(self._listed.values())

    def rule(self, rule_id: str) -> ListedRule | None:
        """The rule with that id, of the newest version of a form kind that has it."""
        return self._listed.get(rule_id)

    def shapes(self, kind: FormKind) -> Shapes:
        """The shape of a kind, for whatever walks its forms by model; read once, when first asked for."""
        known = self._shapes.get(kind.namespace)
        if known is None:
            documents = self._files.schema_documents(_home(kind) / "form.xsd")
            known = self._shapes.setdefault(kind.namespace, read_shapes(documents, root=kind.qname))
        return known

    def vocabulary(self, kind: FormKind) -> Vocabulary:
        """What the elements of a kind and their coded values are called; read once, when first asked for."""
        known = self._vocabularies.get(kind.namespace)
        if known is None:
            documents = list(self._files.schema_documents(_home(kind) / "form.xsd"))
            read = Vocabulary(documents, self._compiler.names(_home(kind), documents))
            known = self._vocabularies.setdefault(kind.namespace, read)
        return known

    def template(self, kind: FormKind) -> Template:
        """What forms of a kind are printed with; read once, when first asked for."""
        known = self._templates.get(kind.namespace)
        if known is None:
            known = self._templates.setdefault(kind.namespace, read_template(self._files, _home(kind)))
        return known

    @cached_property
    def notes(self) -> Notes:
        """The notes of the schemas on where fields come from; read once, when first asked for."""
        return read_notes({str(file): self._files.yaml(file) for file in self._files.find("*/notes.yaml")}, self.acts)

    def fields(self, kind: FormKind) -> Field:
        """The tree of elements of a kind, for people: names, how often, types, documentation, articles."""
        return fields_of(str(self.folder / _home(kind) / "form.xsd")).in_country(kind.country, self.acts)

    def editions(self, kind: FormKind) -> dict[str, str]:
        """What judges forms of a kind here: what -> version or digest. Two installations with the same judge alike."""
        files, home = self._files, _home(kind)
        listed = files.toml(home / "form.toml")["rules"]
        rules = [Path(each if isinstance(each, str) else each["file"]) for each in listed]
        return {
            "form": kind.version,
            "schema": files.digest([*files.find(f"{home}/*.xsd"), *files.find("common/*/*.xsd")]),
            "rules": files.digest([home / "form.toml", *files.find(f"{kind.country}/expressions.yaml"), *rules]),
            "calendar": files.digest([Path(kind.country) / "calendar.yaml"]),
            "terms": files.digest([Path(kind.country) / "terms.yaml"]),
        }

    def _compile(self, homes: Iterable[Path]) -> None:
        """Compile the form kinds of these folders that are not yet."""
        with _keeping_everything():
            for home, kind in self._compiler.kinds([home for home in homes if home not in self._compiled]):
                self._compiled[home] = self._by_root[kind.qname] = kind


@contextmanager
def _keeping_everything() -> Iterator[None]:
    """Without looking for garbage: there is hardly any, and going through what is kept takes a tenth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def load_countries(folder: Path = SCHEMAS) -> Mapping[str, Country]:
    """The countries under `folder` by their code, without their form kinds. Raises CatalogueError naming the file."""
    countries = read_countries(SchemaFolder(folder))
    check_holidays(countries.values())
    return countries


def load_acts(folder: Path = SCHEMAS) -> Acts:
    """The acts of law that the data under `folder` cite. Raises CatalogueError naming the file."""
    return Compiler(SchemaFolder(folder), code_lists=None).acts


def load_code_lists(folder: Path | None = None, *, own: Path | None = None) -> dict[str, CodeList]:
    """Our code lists, with those of the installation (the folder `own`) in their place or added to them.

    Raises CodeListRefused naming file, entries and reasons; CatalogueError naming the file.
    """
    return read_code_lists(SchemaFolder(SCHEMAS if folder is None else folder), own=own)


def load_code_list(file: Path, *, beside: Path | None = None) -> CodeList:
    """The code list of a file as it would be used, with those in the folder `beside`: its own name there is replaced.

    Raises CodeListRefused naming entries and reasons; CatalogueError for what is no code list.
    """
    files = SchemaFolder(SCHEMAS)
    ours, lists = read_code_lists(files, own=None), read_code_lists(files, own=beside)
    data = parse_yaml(read_text(file, name=str(file)), source=str(file))
    name = data.get("list") if isinstance(data, dict) else None
    read = read_code_list(data, source=str(file), ours=ours.get(str(name)))
    check_references({**lists, read.name: read})
    return read


def _home(kind: FormKind) -> Path:
    return Path(kind.country) / kind.name / kind.version.partition(".")[0]


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
