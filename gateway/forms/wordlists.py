"""The lists of words and codes that free texts are screened for, read from their files; what their terms mean stands in
`screening.py`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import product

from gateway.errors import CatalogueError
from gateway.forms.screening import (
    DIAGNOSIS,
    LETTERS,
    SHORTEST_BEGINNING,
    SHORTEST_ENDING,
    Allowed,
    Alphabet,
    Screening,
    Terms,
    Vocabulary,
)
from gateway.forms.sources import Entry

EVERY = "every"
LONG_ENDING = 6  # letters: of endings that are looked for in the texts of all languages
_CHOICE = re.compile(r"\(([^()]*)\)")
_MARKS = frozenset("(|)")
_CHOICES = re.compile(r"[^()|]*(?:\([^()]*\)[^()|]*)*")


def read_screening(files: Mapping[str, object], *, source: str) -> Screening | None:
    """The lists of a folder of word lists: its files by name, of which `every` counts for each language.

    None if the folder has none. Raises CatalogueError naming file and key.
    """
    if not files:
        return None
    if EVERY not in files:
        raise CatalogueError("catalogue-screening", f"{source}: {EVERY}.yaml is missing")
    every = Entry(
        files[EVERY], where=f"{source}/{EVERY}.yaml", required=["fold", "codes", DIAGNOSIS, "states", "allowed"]
    )
    fold = Entry(every.data["fold"], where=f"{every.where}.fold", required=["from", "to"])
    alphabet = Alphabet(source=fold.text("from"), target=fold.text("to"))
    if len(set(alphabet.source)) < len(alphabet.source) or not LETTERS.issuperset(alphabet.target):
        raise fold.wrong("from", "each letter once is expected, and a to z in `to`")
    codes = Entry(every.data["codes"], where=f"{every.where}.codes", required=["beside", "names"])
    entries = {
        name: Entry(data, where=f"{source}/{name}.yaml", required=["inflections", DIAGNOSIS, "states", "allowed"])
        for name, data in sorted(files.items())
        if name != EVERY
    }
    own = {name: _matters(entry, every, alphabet) for name, entry in entries.items()}
    allowed = _allowed((every, *entries.values()), alphabet)
    return Screening(
        alphabet=alphabet,
        beside=frozenset(codes.texts("beside")),
        names=frozenset(codes.texts("names")),
        vocabularies={name: Vocabulary(matters=matters, allowed=allowed) for name, matters in _shared(own).items()},
    )


def _shared(own: Mapping[str, Mapping[str, Terms]]) -> Mapping[str, Mapping[str, Terms]]:
    """Each language's matters, with the words, phrases, beginnings and long endings of all languages."""
    shared: dict[str, dict[str, None]] = {}
    for matters in own.values():
        for name, terms in matters.items():
            shared.setdefault(name, {}).update((text, None) for text in terms.patterns if not _is_short_ending(text))
    return {
        language: {
            name: Terms(patterns=(*filter(_is_short_ending, terms.patterns), *shared[name]))
            for name, terms in matters.items()
        }
        for language, matters in own.items()
    }


def _is_short_ending(pattern: str) -> bool:
    return not pattern.startswith(" ") and len(pattern.strip()) < LONG_ENDING


def _matters(entry: Entry, every: Entry, alphabet: Alphabet) -> Mapping[str, Terms]:
    ours, theirs = entry.mapping("states"), every.mapping("states")
    if ours.keys() != theirs.keys():
        raise entry.wrong("states", f"{', '.join(theirs)} are expected")
    inflections = entry.texts("inflections")

    def terms(key: str, inside: Entry, common: Entry) -> Terms:
        try:
            patterns = terms_of(inside.texts(key), alphabet, inflections).patterns
            return Terms(patterns=tuple(dict.fromkeys(terms_of(common.texts(key), alphabet).patterns + patterns)))
        except ValueError as exc:
            raise inside.wrong(key, str(exc)) from exc

    inside = Entry(ours, where=f"{entry.where}.states", required=list(theirs))
    common = Entry(theirs, where=f"{every.where}.states", required=list(theirs))
    return {DIAGNOSIS: terms(DIAGNOSIS, entry, every), **{name: terms(name, inside, common) for name in theirs}}


def _allowed(entries: Iterable[Entry], alphabet: Alphabet) -> Allowed:
    patterns: dict[str, None] = {}
    for entry in entries:
        try:
            patterns.update(dict.fromkeys(terms_of(entry.texts("allowed"), alphabet).patterns))
        except ValueError as exc:
            raise entry.wrong("allowed", str(exc)) from exc
    phrases = tuple(pattern for pattern in patterns if " " in pattern.strip())
    return Allowed(phrases=phrases, words=tuple(pattern for pattern in patterns if " " not in pattern.strip()))


def pattern_of(term: str, alphabet: Alphabet) -> str:
    """The pattern of a term of a list: `epilepsie`, `burn-out`, `-itis`, `epilep-`.

    Raises ValueError for a term without letters, with both an ending and a beginning, or too short to mean anything.
    """
    body = " ".join(alphabet.words(term))
    ending, beginning = term.startswith("-"), term.endswith("-")
    if not body or (ending and beginning):
        raise ValueError(f"{term!r} is no term")
    if (ending and len(body) < SHORTEST_ENDING) or (beginning and len(body) < SHORTEST_BEGINNING):
        raise ValueError(f"{term!r} is too short")
    if (ending or beginning) and " " in body:
        raise ValueError(f"{term!r} is more than one word")
    return f"{'' if ending else ' '}{body}{'' if beginning else ' '}"


def terms_of(terms: Iterable[str], alphabet: Alphabet, inflections: Iterable[str] = ()) -> Terms:
    """The patterns of a list. Raises ValueError as `pattern_of` does."""
    patterns: dict[str, None] = {}
    endings = ("", *inflections)
    for term in terms:
        if not _MARKS.isdisjoint(term):
            patterns.update(dict.fromkeys(pattern_of(written, alphabet) for written in _written_out(term)))
            continue
        pattern = pattern_of(term, alphabet)
        if pattern.startswith(" ") and pattern.endswith(" "):
            patterns.update(dict.fromkeys(f"{pattern[:-1]}{ending} " for ending in endings))
        else:
            patterns[pattern] = None
    return Terms(patterns=tuple(patterns))


def _written_out(term: str) -> Iterator[str]:
    """Each of the terms that a term with choices can be: `(knee|back) pain` is `knee pain` and `back pain`.

    Raises ValueError for choices within choices, or that are not closed.
    """
    if not _CHOICES.fullmatch(term):
        raise ValueError(f"{term!r} has choices that are not one beside the other")
    pieces = (piece.split("|") if number % 2 else (piece,) for number, piece in enumerate(_CHOICE.split(term)))
    return map("".join, product(*pieces))
