"""The labels of what commands print, in four languages by their English.

The table is labels.yaml; who is told English does not wait for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from gateway.forms.findings import by_english
from gateway.forms.sources import parse_yaml

_TABLE = Path(__file__).with_suffix(".yaml")


@cache
def labels() -> Mapping[str, Mapping[str, str]]:
    """The rows: English -> language -> text. Raises CatalogueError where one is there twice or not whole."""
    return by_english(parse_yaml(_TABLE.read_text(encoding="utf-8"), source=_TABLE.name), where=_TABLE.name)
