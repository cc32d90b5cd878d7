"""What a caller takes: the ranges of Accept and Accept-Language with their weights (RFC 9110, 12.4 and 12.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.errors import NotAcceptable
from gateway.forms.findings import DEFAULT_LANGUAGE, LANGUAGES

_MOST = 20  # ranges that are looked at; more is no preference but noise


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """One range: a media type, a language or a wildcard, in lower case, with its parameters and weight."""

    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    quality: float = 1.0

    def fits(self, offered: Range) -> int:
        """How exactly the range names `offered`: 0 not at all, more for more exactly."""
        if self.name == "*/*":
            exactness = 1
        elif self.name.endswith("/*") and offered.name.startswith(self.name[:-1]):
            exactness = 2
        elif self.name == offered.name:
            exactness = 3
        else:
            return 0
        asked = {name: value for name, value in self.parameters.items() if name != "charset"}
        if asked.items() <= offered.parameters.items():
            return exactness + len(asked)
        return 0


def ranges(lines: Sequence[str]) -> list[Range]:
    """The ranges of a header, given its lines, in their order; one that cannot be read is passed over."""
    found = (_range(part) for part in ",".join(lines).split(",")[:_MOST])
    return [each for each in found if each is not None]


def best_of(offered: Mapping[str, str], wanted: Sequence[Range]) -> str:
    """The name of the offered media type that is wanted most; of several, the first.

    offered: name -> media type. No wish means the first. Raises NotAcceptable when none is wanted.
    """
    weights = {name: _weight(_read(media_type), wanted) for name, media_type in offered.items()}
    best = max(weights, key=weights.__getitem__)
    if wanted and weights[best] <= 0:
        made = ", ".join(offered.values())
        raise NotAcceptable("not-acceptable", f"ask for one of {made}, or send no Accept")
    return best


def language_of(lines: Sequence[str]) -> str:
    """Of our languages, the one that the lines of Accept-Language give the highest weight; of several, the first."""
    if not lines:
        return DEFAULT_LANGUAGE
    wanted = [
        (-range_.quality, primary)
        for range_ in ranges(lines)
        if (primary := range_.name.partition("-")[0]) in LANGUAGES and range_.quality > 0
    ]
    return min(wanted, key=lambda pair: pair[0])[1] if wanted else DEFAULT_LANGUAGE


def _weight(offered: Range, wanted: Sequence[Range]) -> float:
    """The weight of the range that names `offered` most exactly."""
    fitting = [(range_.fits(offered), range_.quality) for range_ in wanted if range_.fits(offered)]
    return max(fitting)[1] if fitting else 0.0


def _range(text: str) -> Range | None:
    read = _read(text)
    try:
        quality = float(read.parameters.get("q", "1"))
    except ValueError:
        return None
    if not read.name or not 0 <= quality <= 1:
        return None
    parameters = {name: value for name, value in read.parameters.items() if name != "q"}
    return Range(name=read.name, parameters=parameters, quality=quality)


def _read(text: str) -> Range:
    name, *parameters = (part.strip() for part in text.lower().split(";"))
    pairs = (parameter.partition("=") for parameter in parameters)
    return Range(name=name, parameters={key.strip(): value.strip().strip('"') for key, _, value in pairs})
