"""A report put into a format that somebody or something reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gateway.forms.reports import html, json, junit, sarif, svrl, text
from gateway.forms.reports.judged import Judged

__all__ = ["FORMATS", "Format", "Judged", "render"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Format:
    """One way to show reports.

    media_type: what HTTP calls it. many: whether several reports may stand in one file.
    """

    render: Callable[[Sequence[Judged], str], str]
    media_type: str
    many: bool = True


# In the order in which they are preferred where a reader takes several equally.
FORMATS: Mapping[str, Format] = {
    "json": Format(render=json.render, media_type="application/json"),
    "text": Format(render=text.render, media_type="text/plain"),
    "html": Format(render=html.render, media_type="text/html"),
    "sarif": Format(render=sarif.render, media_type="application/sarif+json"),
    "svrl": Format(render=svrl.render, media_type="application/xml; profile=svrl", many=False),
    "junit": Format(render=junit.render, media_type="application/xml; profile=junit"),
}


def render(name: str, judged: Sequence[Judged], language: str) -> str:
    """The reports in the format of that name, in `language`."""
    return FORMATS[name].render(judged, language)
