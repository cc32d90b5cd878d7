"""The words of problems (RFC 9457) in the languages of the forms, by their English: for the API and the command line.

The table is problem_words.yaml. What has no row stays English: what only operators and developers meet. The report on a
form has its own words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gateway.forms.findings import DEFAULT_LANGUAGE, by_english
from gateway.forms.sources import parse_yaml
from gateway.statewords import WORDS as STATE_WORDS

_TABLE = Path(__file__).with_suffix(".yaml")
_PLACEHOLDER = re.compile(r"\\\{([a-z]+)\\\}")  # as re.escape writes it
_NUMBER, _STATE, _DETAIL = "number", "state", "detail"
_ANYTHING = r"\S(?:.*?\S)?"  # as short as it can be; no blank at its ends, so no French colon is taken for a file's
_STATES: Mapping[str, Mapping[str, str]] = {state.value: texts for state, texts in STATE_WORDS.items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pattern:
    """A row with placeholders. english: finds what stands for each of them."""

    english: re.Pattern[str]
    texts: Mapping[str, str]


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """The rows: English -> language -> text. Raises CatalogueError where one is there twice or not whole."""
    return by_english(parse_yaml(_TABLE.read_text(encoding="utf-8"), source=_TABLE.name), where=_TABLE.name)


@cache
def _patterns() -> Sequence[_Pattern]:
    return [
        _Pattern(english=re.compile(_PLACEHOLDER.sub(_taken, re.escape(english)), re.DOTALL), texts=texts)
        for english, texts in words().items()
        if "{" in english
    ]


def _taken(placeholder: re.Match[str]) -> str:
    return f"(?P<{placeholder[1]}>{'[0-9]+' if placeholder[1] == _NUMBER else _ANYTHING})"


def in_language(text: str, language: str) -> str:
    """The text in that language; as it is where it is of no row."""
    if language == DEFAULT_LANGUAGE:
        return text
    if text in words():
        return words()[text][language]
    for pattern in _patterns():
        if found := pattern.english.fullmatch(text):
            values = {name: _said(name, value, language) for name, value in found.groupdict().items()}
            return pattern.texts[language].format(**values)
    return text


def _said(name: str, value: str, language: str) -> str:
    if name == _STATE and value in _STATES:
        return _STATES[value][language]
    return in_language(value, language) if name == _DETAIL else value
