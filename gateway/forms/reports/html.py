"""Reports as one HTML page: no script, no reference to anything outside, its only style allowed by digest.

Everything is escaped by the template engine; the page holds our words and names and no value of a document.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from gateway.forms.findings import Severity
from gateway.forms.report import MAX_FINDINGS, engine_versions, language_of
from gateway.forms.reports.judged import Judged
from gateway.forms.reports.words import words_in

if TYPE_CHECKING:
    from jinja2 import Template

_FOLDER = Path(__file__).parent / "templates"
_MARKS = {"error": "✗", "warning": "!", "info": "i"}


def render(judged: Sequence[Judged], language: str) -> str:
    """One page over all documents, those that are refused first named in its title."""
    language = language_of(language)
    refused = any(not each.report.acceptable for each in judged)
    return _template().render(
        judged=judged,
        language=language,
        said=words_in(language),
        verdict="refused" if refused else "acceptable",
        style=Markup(_style()),  # noqa: S704 - our own file
        marks=_MARKS,
        severities=list(Severity),
        limit=MAX_FINDINGS,
        engine=engine_versions(),
    )


def content_security_policy() -> str:
    """What a browser may do with the page: apply its style, nothing else."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


@cache
def _style() -> str:
    return (_FOLDER / "report.css").read_text(encoding="utf-8")


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # here: the other formats do without

    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")
