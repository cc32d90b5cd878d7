"""Places in the law, and how each is cited in four languages: the one place where a reference is put into words.

A reference is an act by its name in our data and a provision as our data write it (`48 par. 5`, `App. II-1 note (1)`);
both are stable, so that programs and signed statements use them. Names of acts and the words of provisions stand in
`schemas/common/acts.yaml` and `schemas/<country>/acts.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from gateway.forms.sources import Entry

WORDS = (
    *("article", "appendix", "annex", "title", "section", "paragraph", "point", "another-point", "note", "part"),
    *("and", "to", "first"),
)
_TOKEN = re.compile(
    r"Art\. (?P<article>)|App\. (?P<appendix>)|Annex (?P<annex>)|"
    r"^(?P<title>[IVX]+\.[0-9]+)|,? par\. (?P<paragraph>[0-9]+(?:-[0-9]+)?)|"
    r"(?P<before>, | |)(?P<point>[0-9]+)°|,? note (?P<note>\([0-9]+\))|,? part (?P<part>[0-9]+)|"
    r"§ (?P<mark>[0-9]+)| and (?P<and>)| to (?P<to>)|(?<![\w.(-])(?P<number>[0-9]+[a-z]*)(?![\w.:)-])"
)
_ARTICLE = "Art. "
_ANOTHER = re.compile(r", (?=Art\. |App\. )")
_KEPT = 2048  # citations remembered: some hundreds of ours, in four languages


@dataclass(frozen=True, kw_only=True, slots=True)
class Legal:
    """Where the law says it. act: empty where what was kept does not name it. term: the term that it is cited for."""

    act: str
    article: str
    uri: str | None = None
    term: str | None = field(default=None, compare=False)

    @property
    def country(self) -> str:
        """The country of the act, the first word of its name; `eu` for the Union."""
        return self.act.partition("-")[0]

    def to_json(self) -> list[dict[str, str]]:
        """As programs read it: each provision by itself, without the word that all begin with (`62 par. 2` and
        `48 par. 4` of `Art. 62 par. 2, Art. 48 par. 4`)."""
        act = {"act": self.act} if self.act else {}
        return [{**act, "article": each} for each in _provisions(self.article)]


@lru_cache(maxsize=_KEPT)
def _provisions(article: str) -> tuple[str, ...]:
    return tuple(each.removeprefix(_ARTICLE) for each in _ANOTHER.split(article))


def read_legal(data: object, *, where: str) -> tuple[Legal, ...]:
    """The references of a list in a data file. Raises CatalogueError."""
    entries = data if isinstance(data, list) else [data]
    return tuple(_legal(each, where=where) for each in entries)


def _legal(data: object, *, where: str) -> Legal:
    entry = Entry(data, where=where, required=["act", "article"], optional=["uri", "term"])
    return Legal(
        act=entry.text("act"),
        article=entry.text("article"),
        uri=entry.data.get("uri"),
        term=entry.optional_text("term"),
    )


def as_json(legal: Iterable[Legal]) -> list[dict[str, str]]:
    """References as programs read them, one entry for each provision."""
    return [entry for each in legal for entry in each.to_json()]


def articles_in_one_line(legal: Iterable[Legal]) -> str:
    """As our data write them, for programs and signed statements: `Art. 48 par. 6; App. I`."""
    return "; ".join(f"Art. {item.article}" if item.article[:1].isdigit() else item.article for item in legal)


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """A legal act. names: language -> its name. cited_as: what marks provisions of it; sections: articles with §."""

    names: Mapping[str, str]
    cited_as: str | None = None
    sections: frozenset[str] = frozenset()


class Acts:
    """The acts that our data cite.

    act_of: form kind -> the act that it follows, None for a kind that is not here. of_types: the act that the types
    which form kinds share are documented with.
    """

    def __init__(
        self,
        acts: Mapping[str, Act],
        words: Mapping[str, Mapping[str, str]],
        phrases: Mapping[str, Mapping[str, str]],
        *,
        act_of: Callable[[str], str | None],
        of_types: str,
    ) -> None:
        self.of_types = of_types
        self._acts = acts
        self._words = words
        self._phrases = phrases
        self._marks = {act.cited_as: name for name, act in acts.items() if act.cited_as is not None}
        self._act_of = act_of
        self._of_form = lru_cache(maxsize=_KEPT)(self._of_act_of)
        self._cited = lru_cache(maxsize=_KEPT)(self._put_in_words)

    @property
    def country_of_types(self) -> str:
        """The country whose law the types that form kinds share are documented with."""
        return Legal(act=self.of_types, article="").country

    @property
    def names(self) -> frozenset[str]:
        """The acts, as our data call them."""
        return frozenset(self._acts)

    def name(self, act: str, language: str) -> str:
        """The name of an act; of one that no data name, what it is called there."""
        return self._acts[act].names[language] if act in self._acts else act

    def cite(self, legal: Iterable[Legal], language: str, *, within: str = "") -> str:
        """`Royal Decree of 28 May 2003, Art. 48 par. 6; App. I`: each act named once for what follows of it.

        within: the act that the text around it is about, which needs no name.
        """
        return self._cited(tuple(legal), language, within)

    def part(self, act: str, text: str, language: str) -> str:
        """A part of a provision whose article is named elsewhere: `par. 5`, `§ 2, 1°`."""
        return self._said(act, f" {text}", language).lstrip(", ")

    def of_form(self, kind: str, article: str) -> tuple[Legal, ...]:
        """A provision that data of a form kind name: it is of the act that the kind follows."""
        return self._of_form(kind, article)

    def _of_act_of(self, kind: str, article: str) -> tuple[Legal, ...]:
        return (Legal(act=self._act_of(kind) or "", article=article),)

    def shown(self, legal: Iterable[Legal], language: str) -> dict[str, Any]:
        """References as the API shows them: `article` for the reader, `legal` for programs."""
        known = tuple(legal)
        return {"article": self.cite(known, language), "legal": as_json(known)}

    def _put_in_words(self, legal: tuple[Legal, ...], language: str, within: str) -> str:
        parts, last = list[str](), within
        for each in legal:
            act, text = self._own(each.act, each.article)
            said = self._said(act, text, language)
            parts.append(", ".join(filter(None, (self.name(act, language) if act != last or not said else "", said))))
            last = act
        return "; ".join(filter(None, parts))

    def _own(self, act: str, article: str) -> tuple[str, str]:
        """The act that a provision is of, and the provision without the word that says so."""
        mark = re.match(r"[A-Za-z]+", article)
        if mark is None or mark[0] not in self._marks:
            return act, article
        return self._marks[mark[0]], article[mark.end() :].lstrip(", ")

    def _said(self, act: str, text: str, language: str) -> str:
        """A provision in a language. Numbers, letters and signs stay; what no word of ours is stays too."""
        sections = self._acts[act].sections if act in self._acts else frozenset[str]()
        article, after_point = "", False

        def numbered(value: str) -> str:
            return self._words["first"][language] if value == "1" else value

        def said(found: re.Match[str]) -> str:
            nonlocal article, after_point
            name = str(found.lastgroup)
            value = found[name]
            was_point, after_point = after_point, name == "point" or (after_point and name in ("and", "to"))
            match name:
                case "number":
                    article = value
                    return value
                case "paragraph":
                    name = "section" if article in sections else "paragraph"
                    value = numbered(value)
                case "mark":
                    return f"§ {numbered(value)}"
                case "point" if was_point or not found["before"]:
                    return found["before"] + self._words["another-point"][language].format(text=value)
            return self._words[name][language].format(text=value)

        def phrase(part: str) -> str:
            return self._phrases[part][language] if part in self._phrases else part

        text = f"Art. {text}" if text[:1].isdigit() else text
        return ", ".join(map(phrase, _TOKEN.sub(said, text).split(", ")))
