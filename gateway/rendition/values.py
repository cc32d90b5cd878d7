"""How a value of a form is written for people: dates in words, numbers in groups, codes by their meaning."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

_DAY = re.compile(r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2}))?)?")
_PERIOD = re.compile(r"P(?P<length>[0-9]+)(?P<unit>[DWMY])")
BYTES, _SEALED, _INSTANT = "base64Binary", "CmsType", "dateTime"
_DAYS = frozenset({"date", "gYearMonth", "gYear"})


class Values:
    """Writes values in one language. words: what a template says; masks: how numbers of a type are grouped.

    zone: in which instants are told.
    """

    def __init__(self, words: Mapping[str, Any], masks: Mapping[str, str], zone: tzinfo) -> None:
        self._words = words
        self._masks = masks
        self._zone = zone

    def shown(self, text: str, lineage: tuple[str, ...]) -> str:
        """A text that has no coded meaning. lineage: the local names of its type and of those beneath it."""
        if BYTES in lineage:
            said = self._words["sealed-bytes" if _SEALED in lineage else "attached-bytes"]
            return str(said).format(size=_decoded_size(text))
        if not _DAYS.isdisjoint(lineage) and (day := _DAY.fullmatch(text)):
            return self.day(day["year"], day["month"], day["day"])
        if _INSTANT in lineage:
            return self.instant(text)
        mask = next((self._masks[name] for name in lineage if name in self._masks), None)
        if mask is not None:
            return _masked(text, mask)
        period = _PERIOD.fullmatch(text) if "PeriodType" in lineage else None
        if period is not None:
            length = int(period["length"])
            return f"{length} {self._words['period'][period['unit']][length != 1]}"
        return text

    def day(self, year: str, month: str | None, day: str | None) -> str:
        """A date, or a month or year alone."""
        if month is None:
            return year
        name = self._words["months"][int(month) - 1]
        if day is None:
            return f"{name} {year}"
        return str(self._words["date"]).format(day=int(day), month=name, year=year)

    def instant(self, written: str) -> str:
        """An instant in the time of the country; as it is written where a clock does not know it (24:00:00)."""
        try:
            local = datetime.fromisoformat(written).astimezone(self._zone)
        except (ValueError, OverflowError):
            return written
        date = self.day(f"{local.year:04}", str(local.month), str(local.day))
        return str(self._words["instant"]).format(date=date, time=f"{local:%H:%M}")


def _decoded_size(text: str) -> int:
    digits = "".join(text.split())
    return len(digits) * 3 // 4 - digits[-2:].count("=")


def _masked(text: str, mask: str) -> str:
    """A number in the groups of a mask; one of another length as it is."""
    if len(text) != mask.count("#"):
        return text
    digits = iter(text)
    return "".join(next(digits) if sign == "#" else sign for sign in mask)
