"""The page of the public check. Everything that came with the request is escaped by the template engine."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from markupsafe import Markup

from gateway.forms.findings import LANGUAGE_NAMES, LANGUAGES
from gateway.forms.sources import parse_yaml
from gateway.public_check import PATH, Confirmed

if TYPE_CHECKING:
    from jinja2 import Template

_FOLDER = Path(__file__).parent


def receipts_page(*, asked: bool, confirmed: Confirmed | None, record: str, digest: str, language: str) -> str:
    """The page in one language. asked: whether a number and a digest came; record, digest: as they came."""
    given = {"record": record, "digest": digest} if asked else {}
    return _template().render(
        asked=asked,
        answer=confirmed or "unconfirmed",
        record=record,
        digest=digest,
        language=language,
        said={name: words[language] for name, words in _words().items()},
        choices=[(code, LANGUAGE_NAMES[code], f"{PATH}?{urlencode({**given, 'lang': code})}") for code in LANGUAGES],
        path=PATH,
        style=Markup(_style()),  # noqa: S704 - our own file
    )


def headers(language: str) -> dict[str, str]:
    """What a browser is told with the page: its language, and to apply its style, send its form, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    return {
        "Content-Language": language,
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",  # the address of the page holds the digest
        "Vary": "Accept, Accept-Language",
    }


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    words: Mapping[str, Mapping[str, str]] = parse_yaml(
        (_FOLDER / "receipts.yaml").read_text(encoding="utf-8"), source="receipts.yaml"
    )
    return words


@cache
def _style() -> str:
    return (_FOLDER / "receipts.css").read_text(encoding="utf-8")


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # here: who serves no page does without

    environment = Environment(
        loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("receipts.html")
