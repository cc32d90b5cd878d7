"""A report with the name of the file that it is about: what every renderer takes."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from gateway.forms.report import Report


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A report and the name under which its reader knows the document."""

    name: str
    report: Report

    def __post_init__(self) -> None:
        """A name may hold what no XML and no terminal takes: shown as U+FFFD."""
        shown = "".join(character if character.isprintable() else "\ufffd" for character in self.name)
        object.__setattr__(self, "name", shown)

    @property
    def uri(self) -> str:
        """The name as a relative URI reference."""
        return quote(self.name, safe="/.-_~")
