"""The labels of what commands print, in four languages by their English.

The tables are labels.yaml and, for what an audit finds, flaws.yaml; who is told English does not wait for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from gateway.forms.findings import by_english
from gateway.forms.sources import parse_yaml

_HOME = Path(__file__).parent
_TABLES = ("labels.yaml", "flaws.yaml")


@cache
def labels() -> Mapping[str, Mapping[str, str]]:
    """The rows: English -> language -> text. Raises CatalogueError where one is there twice or not whole."""
    rows = [
        row for name in _TABLES for row in parse_yaml(_HOME.joinpath(name).read_text(encoding="utf-8"), source=name)
    ]
    return by_english(rows, where=" + ".join(_TABLES))
