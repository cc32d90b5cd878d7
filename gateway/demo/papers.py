"""The forms of the demonstration: the samples, with fresh document ids and with dates that fit the day of the story.

A sample is a filled-in form of the cast. All its dates move together, so that the story holds on any day of any year;
dates of birth stay.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from lxml import etree

from gateway.forms.parsing import parse_untrusted

SAMPLES = Path(__file__).parents[2] / "samples"
COMMON = "urn:sealpost:common:1"
DS = "http://www.w3.org/2000/09/xmldsig#"
HERE = ZoneInfo("Europe/Brussels")  # where the cast lives; the Dutch have the same time
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(T[0-9:.]+(?:Z|[+-][0-9:]+))?")
_FIXED = frozenset({f"{{{COMMON}}}BirthDate"})
# The samples refer to each other; a counter that never saw those has no such document.
REFERENCES = ("f:Header/c:RelatedDocument", "f:ContestedForm/f:DocumentId", "f:Supersedes", "f:RequestReference")


@dataclass(frozen=True, kw_only=True)
class Paper:
    """An unsigned form. document_id: its own number."""

    kind: str
    document_id: str
    raw: bytes

    def texts(self, path: str) -> list[str]:
        """Texts of the elements at `path` below Content (`f:` the form's namespace, `c:` the common one)."""
        return [element.text or "" for element in _find(parse_untrusted(self.raw).root, path)]


def draw_up(
    kind: str,
    *,
    now: datetime,
    sample: str = "valid-typical",
    fill: Mapping[str, str] | None = None,
    leave_out: Sequence[str] = (),
    case: str | None = None,
) -> Paper:
    """The form `kind` (`be/appeal`) of today, unsigned.

    now: aware; today is the day of the cast. fill: path below Content -> text. leave_out: paths of elements to drop.
    References to other documents are dropped unless they are filled in. case: the reference of its case, where the
    sample has one; the paper is in a case of its own unless given.
    """
    root = parse_untrusted((SAMPLES / kind / "1" / f"{sample}.xml").read_bytes()).root
    document_id, now = str(uuid.uuid4()), now.astimezone(HERE)
    for signatures in _find(root, "../f:Signatures"):
        root.remove(signatures)
    _move_dates(root, now.date())
    _fill(root, "f:Header/c:DocumentId", document_id)
    _fill(root, "f:Header/c:CreatedAt", now.isoformat(timespec="seconds"))
    for reference in _find(root, "f:Header/c:CaseReference"):
        reference.text = case or document_id  # the sample's own would make one case of all that are drawn up
    for path, text in (fill or {}).items():
        _fill(root, path, text)
    references = [path for path in REFERENCES if not any(filled.startswith(path) for filled in fill or {})]
    for path in (*leave_out, *references):
        for element in _find(root, path):
            parent = element.getparent()
            if parent is not None:
                parent.remove(element)
    etree.indent(root)
    return Paper(kind=kind, document_id=document_id, raw=etree.tostring(root, encoding="UTF-8", xml_declaration=True))


def _move_dates(root: etree._Element, today: date) -> None:
    """Move every date, of an instant too, by as many days as the form's own date is away from today."""
    by = today - date.fromisoformat(_find(root, "f:Header/c:IssuedOn")[0].text or "")
    for element in root.iter(etree.Element):
        found = _DATE.fullmatch(element.text or "") if element.tag not in _FIXED and len(element) == 0 else None
        if found:
            element.text = _moved(found[1], by) + (found[2] or "")


def _moved(day: str, by: timedelta) -> str:
    return (date.fromisoformat(day) + by).isoformat()


def _fill(root: etree._Element, path: str, text: str) -> None:
    elements = _find(root, path)
    if not elements:
        raise LookupError(f"the sample has no {path}")
    for element in elements:
        element.text = text


def _find(root: etree._Element, path: str) -> list[etree._Element]:
    namespaces = {"f": etree.QName(root).namespace or "", "c": COMMON, "ds": DS}
    found = root.xpath(f"f:Content/{path}", namespaces=namespaces)
    return [element for element in found if isinstance(element, etree._Element)] if isinstance(found, list) else []
