"""Fixed texts of law: their digests are right, the languages say the same articles, one text is in force on a day."""

from __future__ import annotations

import hashlib
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from lxml import etree

from tests.schemas.cases import COMMON, SAMPLES, SCHEMAS, catalogue, named, validate

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


@pytest.mark.parametrize(
    ("text", "articles"),
    [
        ("appeal-information", (("64", 1), ("65", 1), ("66", 1), ("67", 1), ("68", 5), ("69", 1))),
        (
            "deliberation-information",
            (("58", 1), ("59", 1), ("60", 3), ("61", 1), ("62", 3), ("63", 1), ("64", 1), ("65", 1)),
        ),
    ],
)
def test_all_languages_hold_the_same_articles_with_as_many_paragraphs(
    text: str, articles: tuple[tuple[str, int], ...]
) -> None:
    held = {
        data["language"]: tuple((article["number"], len(article["paragraphs"])) for article in data["articles"])
        for data in map(_read, TEXTS)
        if data["text"] == text
    }
    assert held == dict.fromkeys(("en", "nl", "fr", "de"), articles)


def test_an_article_that_stands_in_two_texts_says_the_same_in_both() -> None:
    for language in ("nl", "fr", "de"):
        appeal, deliberation = (
            {article["number"]: article["paragraphs"] for article in data["articles"]}
            for data in map(_read, TEXTS)
            if data["language"] == language
        )
        assert {number: appeal[number] for number in ("64", "65")} == {n: deliberation[n] for n in ("64", "65")}


def test_the_first_article_tells_the_texts_apart() -> None:
    firsts = {(data["text"], data["articles"][0]["number"]) for data in map(_read, TEXTS)}
    assert len({number for _, number in firsts}) == len(firsts) == len({text for text, _ in firsts})


@pytest.mark.parametrize(
    ("kind", "element", "other", "other_element", "rule"),
    [
        ("health-assessment", "AppealInformation", "deliberation-notice", "RightsInformation", "HA-39"),
        ("deliberation-notice", "RightsInformation", "health-assessment", "AppealInformation", "DN-06"),
    ],
)
def test_a_registered_text_does_not_do_in_the_place_of_another(
    kind: str, element: str, other: str, other_element: str, rule: str
) -> None:
    form, lender = (etree.parse(SAMPLES / "be" / each / "1" / "valid-typical.xml").getroot() for each in (kind, other))
    (place,) = form.iter(f"{{urn:sealpost:be:{kind}:1}}{element}")
    (lent,) = lender.iter(f"{{urn:sealpost:be:{other}:1}}{other_element}")
    place[:] = list(lent)
    assert place.findtext(f"{{{COMMON}}}Digest")
    assert named(validate(etree.tostring(form))) == {rule}


EXCERPTS = [
    (path.parent, str(element.get("name")))
    for path in sorted(SCHEMAS.rglob("form.xsd"))
    for element in etree.parse(path).getroot().iter("{http://www.w3.org/2001/XMLSchema}element")
    if element.get("type") == "c:LegalExcerptType"
]


@pytest.mark.parametrize(("home", "element"), EXCERPTS, ids=lambda each: getattr(each, "name", each))
def test_what_the_schema_lets_pass_in_an_excerpt_a_rule_compares_to_the_letter(home: Path, element: str) -> None:
    rules = _read(home / "rules.yaml")["rules"]
    comparing = [rule for rule in rules if f"sp:excerpt-valid(f:{element}," in str(rule.get("test"))]
    assert [(rule["severity"], rule["context"]) for rule in comparing] == [("error", "f:Content")]


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
