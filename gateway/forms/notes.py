"""Notes on where fields come from, in four languages.

The schemas carry them in English (`a:source/@note`); `schemas/*/notes.yaml` has the other languages by the English
text. What a note names of an article before its words (`§ 3; ...`, `Art. 94, 4°, ...`) is put into words as every
reference is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.errors import CatalogueError
from gateway.forms.citing import Acts
from gateway.forms.findings import DEFAULT_LANGUAGE, by_english

_PART = r"(?:Art\. [0-9]+[a-z]*|(?:§|par\.) [0-9]+|[0-9]+°?|F)"
_LEAD = re.compile(rf"(?P<part>{_PART}(?:(?:, | to | and | ){_PART})*(?:, note \([0-9]+\))?)(?:(?P<joint>[;,]) |$)")


class Notes:
    """The notes of our schemas. table: English -> language -> text."""

    def __init__(self, table: Mapping[str, Mapping[str, str]], acts: Acts) -> None:
        self._table = table
        self._acts = acts

    def said(self, note: str, act: str, language: str) -> str | None:
        """A note on a provision of `act`, in a language; None where nobody has translated it yet."""
        if language == DEFAULT_LANGUAGE:
            return note
        if note in self._table:
            return self._table[note][language]
        lead = _LEAD.match(note)
        if lead is None:
            return None
        part, rest = self._acts.part(act, lead["part"], language), note[lead.end() :]
        if not rest:
            return part
        return f"{part}{lead['joint']} {self._table[rest][language]}" if rest in self._table else None


def read_notes(files: Mapping[str, object], acts: Acts) -> Notes:
    """The notes of every notes.yaml, by its name. Raises CatalogueError naming file and note."""
    table: dict[str, Mapping[str, str]] = {}
    for source, data in files.items():
        said = by_english(data, where=source)
        if twice := sorted(said.keys() & table.keys()):
            raise CatalogueError("catalogue-file", f"{source}: {list(said).index(twice[0]) + 1}: is there twice")
        table |= said
    return Notes(table, acts)
