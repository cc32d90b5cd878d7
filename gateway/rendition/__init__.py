"""Forms as PDF for people: PDF/A-3a and PDF/UA-1, in four languages, with the signed XML attached.

The same form in the same language gives the same bytes, on any machine with the same software: a print is proven by
printing again. It shows the form, it does not replace it: the XML is the original. How a kind looks stands in its
folder under `schemas/`.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any

from gateway.errors import EngineFault
from gateway.forms.catalogue import Catalogue
from gateway.forms.findings import LANGUAGES, NotViewable
from gateway.forms.kinds import FormKind
from gateway.forms.labels import SEPARATOR
from gateway.forms.templates import Template
from gateway.forms.validation import Identified, Validator
from gateway.rendition.claims import claims_of
from gateway.rendition.codes import qr_pixels
from gateway.rendition.printing import press, shift
from gateway.rendition.sheet import Node, Sheet
from gateway.rendition.values import Values

__all__ = ["MAX_CHECK_URL", "Cover", "render"]

MAX_CHECK_URL = 300

# What every font of ours has; a text with anything else may still print, and is tried first.
_SURE = re.compile(
    r"[^ -~\u200b\u00a0-\u017f\u0192\u0218-\u021b\u1e80-\u1e85\u1e9e\u2013\u2014\u2018-\u201e\u2026\u20ac]"
)


@dataclass(frozen=True, kw_only=True)
class Cover:
    """A sheet in front of a form that goes by post. address: its lines; empty when the form names none.
    law: which provision sends it."""

    address: tuple[str, ...]
    law: str
    copy: str
    delivery_id: str
    accepted_at: datetime


def render(
    document: bytes | Identified,
    *,
    catalogue: Catalogue,
    language: str,
    check_url: str | None = None,
    cover: Cover | None = None,
) -> bytes:
    """A form as PDF, unsigned.

    document: a form in XML, signed or a draft, as it came or identified already; attached as `form.xml`, byte for byte,
    as the source of the print.
    language: of the names and codes; what was filled in stands as it was written.
    check_url: where the public check of this document is; behind a QR code, and shown without the digest, which stands
    beside it.
    Raises Rejected (XmlRejected, NotViewable) for bytes that are no form or that its schema refuses; EngineFault.
    """
    if language not in LANGUAGES:
        raise ValueError(f"language must be one of {', '.join(LANGUAGES)}")
    identified = document if isinstance(document, Identified) else Validator(catalogue).identify(document)
    if identified.findings:
        raise NotViewable("its schema refuses the document", identified.findings, identified.kind.messages)
    kind, root = identified.kind, identified.document.root
    template = catalogue.template(kind)
    words = template.words[language]
    values = Values(words, template.masks, kind.calendar.zone)
    sheet = Sheet(
        vocabulary=catalogue.vocabulary(kind),
        listed=template.listed,
        values=values,
        language=language,
        named_place=partial(named_place, catalogue, kind.country, language),
    )
    content = sheet.draw(identified.content, kind)
    header = {part["name"]: part for part in content["parts"][0]["parts"]}
    width, pixels = (0, b"[]") if check_url is None else qr_pixels(check_url)
    data = {
        "lang": language,
        "title": kind.title[language],
        **_law(catalogue, kind, header["LegalProfile"], language),
        "document": {
            "id": header["DocumentId"]["code"],
            "digest": identified.document.sha256,
            "shift": shift(identified.document.raw),
        },
        "signatures": [
            {"name": claim.name, "at": None if claim.at is None else values.instant(claim.at)}
            for claim in claims_of(root)
        ],
        "check": None
        if check_url is None
        else {"url": check_url, "shown": check_url.partition("&digest=")[0], "width": width},
        "content": content,
        "cover": None
        if cover is None
        else {**asdict(cover), "accepted_at": values.instant(cover.accepted_at.isoformat())},
        "replaced": False,
    }
    written_in = header["DocumentLanguage"]["code"]
    files = {
        "words.json": _words(template, language, None if written_in == language else written_in),
        "form.xml": identified.document.raw,
        "code.json": pixels,
    }
    pages = partial(
        press().print,
        template.layout,
        folder=catalogue.folder,
        dated=datetime.fromisoformat(header["IssuedOn"]["code"]).replace(tzinfo=UTC),
    )
    try:
        return pages(files=files | {"print.json": _json(data)})
    except EngineFault:
        return pages(files=files | {"print.json": _json({**_plain(data), "replaced": True})})


def _law(catalogue: Catalogue, kind: FormKind, profile: Node, language: str) -> dict[str, Any]:
    """The legal basis in one line, and whether the form follows the act that the template of its kind is drawn after.

    Which articles of another act ask for the form, our data do not know: then that act is named alone.
    """
    followed = catalogue.countries[kind.country].profiles.get(profile["code"])  # None: that of another country
    own = followed is not None and followed.act == kind.act
    return {"own_act": own, "law": catalogue.acts.cite(kind.provisions, language) if own else profile["text"]}


def named_place(catalogue: Catalogue, country: str, language: str, path: str) -> str:
    """Where in which form a path leads, in words; the path itself where no form of the country has that root."""
    root = path.split("/")[1].rpartition(":")[2] if path.startswith("/") else ""
    kind = catalogue.by_root_name(country, root)
    if kind is None:
        return path
    return SEPARATOR.join((kind.title[language], catalogue.vocabulary(kind).place(path, language)))


@lru_cache(maxsize=1024)
def _words(template: Template, language: str, foreign: str | None) -> bytes:
    """What a template says, the same for many prints."""
    return _json({"words": template.words[language], "foreign": foreign})


def _json(data: Any) -> bytes:
    """In ASCII, and without the end of a comment of typst."""
    return json.dumps(data, separators=(",", ":")).replace("*/", "*\\/").encode("ascii")


def _plain(data: Any) -> Any:
    """Data in which each character that may have no glyph is written as its number."""
    match data:
        case str():
            return _SURE.sub(lambda found: f"[U+{ord(found[0]):04X}]", data)
        case dict():
            return {name: _plain(entry) for name, entry in data.items()}
        case list():
            return [_plain(entry) for entry in data]
        case _:
            return data
