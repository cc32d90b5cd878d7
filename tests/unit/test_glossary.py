"""One word for one thing: words that were used beside it do not come back (glossary.yaml)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway import statewords
from gateway.api.problem_words import words as problem_words
from gateway.cli.labels import labels
from gateway.examination import words as examination
from gateway.forms.findings import LANGUAGES
from gateway.forms.reports.words import WORDS as REPORT_WORDS
from tests.schemas.cases import SCHEMAS

GLOSSARY: Mapping[str, Mapping[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "glossary.yaml").read_text(encoding="utf-8")
)
GATEWAY = Path(statewords.__file__).parent
OF_THE_COUNTER = (
    GATEWAY / "api/pages/receipts.yaml",
    SCHEMAS / "common/1/messages.yaml",
    SCHEMAS / "common/rendition/words.yaml",
)
Texts = Mapping[str, str]


def in_four_languages(data: object, where: str) -> Iterator[tuple[str, Texts]]:
    """Every text in our languages that stands anywhere in these data."""
    match data:
        case Mapping() if data and {str(key) for key in data} == set(LANGUAGES):
            if all(isinstance(text, str) for text in data.values()):
                yield where, data
        case Mapping():
            for key, each in data.items():
                yield from in_four_languages(each, f"{where}: {key}")
        case list():
            for number, each in enumerate(data, start=1):
                yield from in_four_languages(each, f"{where}: {number}")


@cache
def of_the_counter() -> list[tuple[str, Texts]]:
    said = [
        {key: {language: texts[key] for language, texts in REPORT_WORDS.items()} for key in REPORT_WORDS["en"]},
        {name: table for name, table in vars(examination).items() if name.isupper()},
        statewords.WORDS,
        problem_words(),
        labels(),
    ]
    found = [each for number, data in enumerate(said) for each in in_four_languages(data, str(number))]
    return found + [each for file in OF_THE_COUNTER for each in _in(file)]


@cache
def of_the_forms() -> list[tuple[str, Texts]]:
    files = [
        file for file in sorted(SCHEMAS.rglob("*.yaml")) if not {"codelists", "screening", "texts"} & {*file.parts}
    ]
    return [each for file in files for each in _in(file)]


def _in(file: Path) -> list[tuple[str, Texts]]:
    return list(in_four_languages(yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader), file.name))


@pytest.mark.parametrize("idea", GLOSSARY)
def test_no_second_word_stands_for_a_thing(idea: str) -> None:
    entry = GLOSSARY[idea]
    texts = of_the_counter() + (of_the_forms() if entry.get("everywhere") else [])
    assert len(texts) > 600
    found = [
        f"{where}: {text[language]}"
        for language, words in entry["not"].items()
        for word in words
        for where, text in texts
        if re.search(rf"\b{word}\b", text[language], re.IGNORECASE)
    ]
    assert found == []


@pytest.mark.parametrize("idea", GLOSSARY)
def test_the_word_of_the_glossary_is_in_use(idea: str) -> None:
    for language in LANGUAGES:
        word = GLOSSARY[idea][language]
        assert any(word.casefold() in text[language].casefold() for _, text in of_the_counter()), language
