"""The labels of what commands print, in four languages by their English.

The tables are labels.yaml and, for what an audit finds, flaws.yaml; who is told English does not wait for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from gateway.forms.findings import by_english
from gateway.forms.sources import parse_yaml

_TABLES = ("labels.yaml", "flaws.yaml")


@cache
def labels() -> Mapping[str, Mapping[str, str]]:
    """The rows: English -> language -> text. Raises CatalogueError where one is there twice or not whole."""
    found: dict[str, Mapping[str, str]] = {}
    for name in _TABLES:
        text = Path(__file__).with_name(name).read_text(encoding="utf-8")
        found |= by_english(parse_yaml(text, source=name), where=name)
    return found
