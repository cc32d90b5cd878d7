"""Rule book, field guide and index as HTML in four languages: each page one file, readable without anything else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gateway.forms.catalogue import Catalogue
from gateway.forms.findings import LANGUAGE_NAMES, LANGUAGES, four_languages
from gateway.forms.kinds import FormKind
from gateway.forms.rules import Where
from gateway.forms.sources import parse_yaml
from gateway.publish.book import by_of, rules_of, told
from gateway.publish.checks import Check
from gateway.publish.guide import guide_of
from gateway.version import VERSION

_HERE = Path(__file__).parent
# What engines run, in the order in which a reader should try; site.py makes each.
ARTEFACTS = ("form.xsd", "form.schema.json", "rules-xslt2.sch", "rules.xsl", "rules.sch", "functions.xsl")
# As they are called in themselves.


class Words:
    """The words of the pages in one language."""

    def __init__(self, words: Mapping[str, Mapping[str, str]], lang: str) -> None:
        self._words = words
        self._lang = lang

    def __call__(self, key: str, **values: object) -> str:
        """The words under a key, with values in their placeholders."""
        return self._words[key][self._lang].format(**values)

    def has(self, key: str) -> bool:
        """Whether there are words under that key."""
        return key in self._words


def read_words() -> Mapping[str, Mapping[str, str]]:
    """The words of the pages by key and language. Raises CatalogueError where a language or placeholder is missing."""
    data = parse_yaml((_HERE / "words.yaml").read_text(encoding="utf-8"), source="words.yaml")
    return {key: four_languages(texts, where=f"words.yaml: {key}") for key, texts in data.items()}


class Pages:
    """Makes the pages of one catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._words = read_words()
        self._environment = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def of_kind(self, kind: FormKind, checks: Mapping[str, list[Check]]) -> Iterator[tuple[str, bytes]]:
        """Rule book and field guide of a kind: file names and contents."""
        rules = rules_of(self._catalogue, kind)
        groups = [(where, [told(kind, rule) for rule in rules if rule.where is where]) for where in Where]
        tested = [check for found in checks.values() for check in found]
        rows = guide_of(kind, self._catalogue.fields(kind), tested, rules)
        yield from self._in_all_languages("rulebook", {"kind": kind, "groups": [pair for pair in groups if pair[1]]})
        yield from self._in_all_languages("fieldguide", {"kind": kind, "rows": rows})

    def of_all(self, folders: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
        """The index and the list of all rules. folders: where the files of each kind are, by its id."""
        shared = {
            "folders": folders,
            "kinds": self._catalogue.kinds,
            "lists": [item for _, item in sorted(self._catalogue.reference.code_lists.items())],
            "rules": [(item, by_of(item.rule)) for item in self._catalogue.rules()],
        }
        yield from self._in_all_languages("index", shared)
        yield from self._in_all_languages("rules", shared)

    def _in_all_languages(self, name: str, values: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
        template = self._environment.get_template(f"{name}.html.j2")
        for lang in LANGUAGES:
            others = [(other, LANGUAGE_NAMES[other], file_name(name, other)) for other in LANGUAGES]
            page = template.render(
                **values,
                acts=self._catalogue.acts,
                note=partial(self._catalogue.notes.said, language=lang),
                cite=partial(self._catalogue.acts.cite, language=lang),
                lang=lang,
                others=others,
                w=Words(self._words, lang),
                software=f"Sealpost {VERSION}",
                file_name=file_name,
                files=ARTEFACTS,
            )
            yield file_name(name, lang), page.encode()


def file_name(page: str, lang: str) -> str:
    """The file of a page in a language; the index in English is what a server shows for the folder."""
    return "index.html" if (page, lang) == ("index", "en") else f"{page}.{lang}.html"
