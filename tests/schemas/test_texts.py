"""Fixed texts of law: their digests are right, the languages say the same articles, one text is in force on a day."""

from __future__ import annotations

import hashlib
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.schemas.cases import SCHEMAS, catalogue

TEXTS = sorted((SCHEMAS / "common/texts").rglob("*.yaml"))


def _read(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return data


def _name(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


@pytest.mark.parametrize("path", TEXTS, ids=_name)
def test_the_digest_is_that_of_the_canonical_form(path: Path) -> None:
    data = _read(path)
    lines = [line for article in data["articles"] for line in (article["number"], *article["paragraphs"])]
    canonical = "".join(" ".join(line.split()) + "\n" for line in lines).encode()
    assert data["digest"] == f"sha256:{hashlib.sha256(canonical).hexdigest()}"


@pytest.mark.parametrize("path", TEXTS, ids=_name)
def test_the_counter_compares_with_the_same_digest(path: Path) -> None:
    data = _read(path)
    loaded = catalogue().reference.excerpts_for(data["profile"], data["language"], data["from"])
    assert data["digest"] in {excerpt.digest for excerpt in loaded}


def test_all_languages_hold_articles_64_to_69_with_as_many_paragraphs() -> None:
    shapes = {
        tuple((article["number"], len(article["paragraphs"])) for article in _read(path)["articles"])
        for path in TEXTS
        if path.parent.name == "appeal-information"
    }
    assert shapes == {(("64", 1), ("65", 1), ("66", 1), ("67", 1), ("68", 5), ("69", 1))}


def test_at_most_one_text_of_a_profile_and_language_is_in_force_on_a_day() -> None:
    for one, other in combinations((_read(path) for path in TEXTS), 2):
        if all(one[key] == other[key] for key in ("text", "profile", "language")):
            assert (one["until"] or date.max) < other["from"] or (other["until"] or date.max) < one["from"]


def test_a_working_translation_says_so() -> None:
    assert {data["language"]: data["status"] for data in map(_read, TEXTS)} == {
        "en": "official-translation-source: seed",
        "nl": "working-translation",
        "fr": "working-translation",
        "de": "working-translation",
    }
