"""The words of problems: each in every language, and none that the API says itself without a row."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import gateway.api
from gateway import errors
from gateway.api.mailboxes import OUT_OF_TURN, PROVES_NOTHING
from gateway.api.problem_words import NUMBER, WORDS, in_language
from gateway.api.problems import HTTP_CODES, STATUSES
from gateway.forms.findings import LANGUAGES

ERRORS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}


@pytest.mark.parametrize("english", WORDS)
def test_each_text_has_every_language_and_the_same_placeholders(english: str) -> None:
    texts = WORDS[english]
    assert {*texts, "en"} == set(LANGUAGES)
    assert all(text.strip() == text != "" for text in texts.values())
    assert {text.count(NUMBER) for text in texts.values()} == {english.count(NUMBER)}
    if not english.startswith("http"):
        assert len({english, *texts.values()}) == len(LANGUAGES)


def said() -> Iterator[str]:
    """The titles and details that the modules of the API write out."""
    for file in sorted(Path(gateway.api.__path__[0]).glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "detail":
                yield from constants(node.value)
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id in ERRORS:
                yield from (text for argument in node.args[1:2] for text in constants(argument))
            elif node.func.id == "problem":
                yield from (text for argument in node.args[2:4] for text in constants(argument))


def constants(node: ast.expr) -> list[str]:
    if isinstance(node, ast.IfExp):
        return [*constants(node.body), *constants(node.orelse)]
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def test_everything_that_the_api_says_itself_has_a_row() -> None:
    texts = [*said(), *(title for _, title in STATUSES.values()), *OUT_OF_TURN, *PROVES_NOTHING]
    texts += [code.replace("-", " ") for code in HTTP_CODES.values()]
    assert len(texts) > 50
    missing = {text for text in texts if re.sub(r"[0-9]+", NUMBER, text, count=1) not in WORDS}
    assert missing == set()


def test_a_number_stays_and_a_text_without_row_stays_english() -> None:
    assert in_language("at most 2097152 bytes are read", "fr") == "2097152 octets au plus sont lus"
    assert in_language("at most 5 bytes are read", "en") == "at most 5 bytes are read"
    assert in_language("more 5", "nl") == "more 5"
