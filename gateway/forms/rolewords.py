"""The roles of parties in words, for people; programs see the role itself. The table is schemas/common/roles.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from gateway.forms.findings import DEFAULT_LANGUAGE, four_languages
from gateway.forms.folder import SCHEMAS, SchemaFolder

_TABLE = Path("common/roles.yaml")


@cache
def role_words() -> Mapping[str, Mapping[str, str]]:
    """Role -> language -> words. Raises CatalogueError where one is not whole."""
    rows: Mapping[str, object] = SchemaFolder(SCHEMAS).yaml(_TABLE)
    return {role: four_languages(texts, where=f"{_TABLE}: {role}") for role, texts in rows.items()}


def role_in(role: str, language: str) -> str:
    """The role in that language; as it is in English, and where an installation has one of its own."""
    if language == DEFAULT_LANGUAGE or role not in role_words():
        return role
    return role_words()[role][language]
