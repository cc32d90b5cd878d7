"""Words and codes in a free text that may tell something of somebody's health (Art. 48 par. 5).

What is looked for is data (`schemas/common/screening/`, read by `wordlists.py`). A hit may be false and a miss is
possible, so rules that ask here only warn, name the place and never show the text. All of it can be said with the
string functions of XPath 1.0, because the published rules say it too:

1. Fold. `translate(text, from, to)` with the table of every.yaml: small letters without accents; combining marks go.
2. Words. Each character outside a-z and 0-9 becomes a space; spaces are collapsed; one stands before and after the
   text: ` vrees voor burn out `.
3. Patterns. A term of a list is folded likewise and then looked for as a piece of that text: the word `epilepsie` as
   ` epilepsie `, the phrase `burn-out` as ` burn out `, the ending `-itis` as `itis `, the beginning `epilep-` as
   ` epilep`. A word or phrase is also looked for with each of the language's inflections after it; a term with choices,
   `(knee|back) pain`, is each of the terms that it can be, as they are written. The terms of all languages are looked
   for in each text, because a text need not be in the language of its document; but endings of fewer than six letters
   only in their own language, because everyday words of others end so.
4. Allowed. What is allowed counts for texts of every language. Before anything is looked for, from left to right, the
   longest allowed phrase of several words that begins at a word is replaced by the word `_`. Then phrases are looked
   for. Before words, endings and beginnings are, each allowed one of these, in the order of the lists, is replaced by
   `_`; the spaces at its ends stay (` dose ` becomes ` _ `, `stroom ` becomes `_ `). So a phrase excuses what is in it
   and every phrase that needs a word of it; a word excuses no phrase that it is part of.
5. Codes. As 2, but full stops stay, and those at the ends of a token are cut off. A letter is one token with the next
   if that is two digits, a full stop and one to four digits, unless it stands after a number or is a word, sign or
   measure: a, d, l, n, o, p, u, x, y. Of a token, digits give 9 and letters a. It is a code if its shape is
   - a99 or a99. and one to four digits, not with u: ICD-10;
   - a99aa99: ATC;
   - 9a99 or 9a9a, the first letter among a to g, the first digit not 0, or these and a full stop and one or two
     letters or digits; aa99. or aa9a. and one or two letters or digits; all of these without i and o: ICD-11;
   - six to eighteen digits, the first not 0, of which the last but one and last but two are 00, 01, 02, 10, 11 or 12,
     with a right check digit by Verhoeff: SNOMED CT;
   and neither it nor the token before or after it is in the lists `names` and `beside` of every.yaml.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TypeVar

K = TypeVar("K")
T = TypeVar("T")
DIAGNOSIS = "diagnosis"
LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_DIGIT = re.compile(r"[0-9]")
_BEFORE_BLANK = "bcefghijkmqrstvwz"
_AFTER_BLANK = re.compile(r"[0-9]{2}\.[0-9]{1,4}")
_CODE = re.compile(
    r"[a-tv-z][0-9]{2}(?:\.[0-9]{1,4})?"  # ICD-10
    r"|[a-z][0-9]{2}[a-z]{2}[0-9]{2}"  # ATC
    r"|[1-9][a-g][0-9][0-9a-hj-np-z](?:\.[0-9a-hj-np-z]{1,2})?"  # ICD-11
    r"|[a-hj-np-z]{2}[0-9][0-9a-hj-np-z]\.[0-9a-hj-np-z]{1,2}"
    r"|[1-9][0-9]{2,14}[01][0-2][0-9]"  # SNOMED CT
)
# In each of them, found without folding; it begins with a digit, because a search for that is fast.
_CODE_LIKE = re.compile(
    r"[0-9](?:(?<=[A-Za-z][0-9])[0-9]|(?<=[1-9][A-Ga-g][0-9])|(?<=[A-Za-z]{2}[0-9])[A-Za-z]\.|[0-9]{5}|[0-9]\.[0-9])"
)
# Likewise, found in a text of folded words with a space between them, which has no full stops.
_FOLDED_CODE_LIKE = re.compile(
    r"[0-9](?:(?<=[a-z][0-9])[0-9a-z]|(?<=[1-9][a-g][0-9])|[0-9]{5}|(?<=\b[" + _BEFORE_BLANK + r"] [0-9])[0-9] [0-9])"
)
LONGEST_SNOMED = 18
SHORTEST_ENDING, SHORTEST_BEGINNING = 3, 4


class _Folding(dict[int, str]):
    """A table for `str.translate` in which a character that is not there becomes a space."""

    def __missing__(self, key: int) -> str:
        return " "

    @cached_property
    def of_bytes(self) -> tuple[bytes, bytes]:
        """The same table for `bytes.translate` of a text in cp1252, and the bytes that are left out."""
        letters = [(number, bytes([number]).decode("cp1252", "replace")) for number in range(256)]
        table = bytes(ord(self[ord(letter)] or " ") for _, letter in letters)
        return table, bytes(number for number, letter in letters if self[ord(letter)] == "")


@dataclass(frozen=True, kw_only=True)
class Alphabet:
    """The table that folds letters: `source[i]` becomes `target[i]`; what `target` has no place for is left out."""

    source: str
    target: str

    def folded(self, text: str) -> str:
        """A text of words alone, folded."""
        return _folded(text, self._words)

    def words(self, text: str) -> list[str]:
        """The words of a text, folded."""
        return self.folded(text).split()

    def codes(self, text: str) -> list[str]:
        """The tokens of a text that may be codes, folded."""
        tokens: list[str] = []
        for token in _folded(text, self._codes).split():
            if not (bare := token.strip(".")):
                continue
            if (
                tokens
                and len(tokens[-1]) == 1
                and tokens[-1] in _BEFORE_BLANK
                and _AFTER_BLANK.fullmatch(bare)
                and not (len(tokens) > 1 and tokens[-2][0].isdecimal())
            ):
                tokens[-1] += bare
            else:
                tokens.append(bare)
        return tokens

    @cached_property
    def _words(self) -> _Folding:
        table = _Folding({ord(letter): letter for letter in LETTERS})
        for number, letter in enumerate(self.source):
            table[ord(letter)] = self.target[number] if number < len(self.target) else ""
        return table

    @cached_property
    def _codes(self) -> _Folding:
        return _Folding({**self._words, ord("."): "."})


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Patterns to look for in a folded text: words and phrases ` word `, endings `ding `, beginnings ` begin`."""

    patterns: tuple[str, ...]

    @cached_property
    def _whole(self) -> tuple[str, ...]:
        return tuple(pattern[1:-1] for pattern in self.patterns if pattern.startswith(" ") and pattern.endswith(" "))

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(words for words in self._whole if " " not in words)

    @cached_property
    def _phrases(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """By the two words in a row that the fewest of them have: few texts have them."""
        phrases = [f" {words} " for words in self._whole if " " in words]
        pairs = {phrase: tuple(pairwise(phrase.split())) for phrase in phrases}
        held = Counter(pair for phrase in phrases for pair in pairs[phrase])
        return _grouped(phrases, lambda phrase: min(pairs[phrase], key=held.__getitem__))

    @cached_property
    def _endings(self) -> Mapping[str, tuple[str, ...]]:
        endings = (pattern[:-1] for pattern in self.patterns if not pattern.startswith(" "))
        return _grouped(endings, lambda text: text[-SHORTEST_ENDING:])

    @cached_property
    def _beginnings(self) -> Mapping[str, tuple[str, ...]]:
        beginnings = (pattern[1:] for pattern in self.patterns if not pattern.endswith(" "))
        return _grouped(beginnings, lambda text: text[:SHORTEST_BEGINNING])

    def phrase_in(self, words: list[str]) -> bool:
        """Whether a phrase of several words is among them."""
        if self._phrases.keys().isdisjoint(pairwise(words)):
            return False
        text = f" {' '.join(words)} "
        return any(phrase in text for pair in pairwise(words) for phrase in self._phrases.get(pair, ()))

    def word_in(self, words: list[str]) -> bool:
        """Whether one of them is a word of the list, or has one of its endings or beginnings."""
        if not self._words.isdisjoint(words):
            return True
        endings, beginnings = self._endings, self._beginnings
        for word in words:
            if (tail := word[-SHORTEST_ENDING:]) in endings and word.endswith(endings[tail]):
                return True
            if (head := word[:SHORTEST_BEGINNING]) in beginnings and word.startswith(beginnings[head]):
                return True
        return False


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """What looks like a matter and is none, in a folded text. phrases: of several words each; words: other patterns, in
    the order in which they are taken out."""

    phrases: tuple[str, ...]
    words: tuple[str, ...]

    @cached_property
    def _phrases(self) -> Mapping[str, tuple[list[str], ...]]:
        """By their first word, the longest first."""
        return _grouped(sorted(map(str.split, self.phrases), key=len, reverse=True), lambda phrase: phrase[0])

    def without_phrases(self, words: list[str]) -> list[str]:
        """The words, with `_` for each phrase."""
        phrases = self._phrases
        if phrases.keys().isdisjoint(words):
            return words
        left, place = list[str](), 0
        while place < len(words):
            begun = phrases.get(words[place], ())
            phrase = next((phrase for phrase in begun if words[place : place + len(phrase)] == phrase), None)
            left.append(words[place] if phrase is None else "_")
            place += 1 if phrase is None else len(phrase)
        return left

    def without_words(self, words: list[str]) -> list[str]:
        """The words, with `_` for each other pattern."""
        text = f" {' '.join(words)} "
        for pattern in self.words:
            if pattern in text:
                text = text.replace(pattern, f"{' ' * pattern.startswith(' ')}_{' ' * pattern.endswith(' ')}")
        return text.split()


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """What is looked for in the texts of a document in one language.

    matters: by name, `diagnosis` and then the states of HA-06. allowed: the same for every language.
    """

    matters: Mapping[str, Terms]
    allowed: Allowed

    @cached_property
    def _any(self) -> Terms:
        return Terms(patterns=tuple(pattern for terms in self.matters.values() for pattern in terms.patterns))

    def matters_in(self, words: list[str]) -> tuple[str, ...]:
        """The names of the matters of which the words name something."""
        if not (self._any.word_in(words) or self._any.phrase_in(words)):
            return ()
        said = self.allowed.without_phrases(words)
        left = self.allowed.without_words(said)
        return tuple(name for name, terms in self.matters.items() if terms.phrase_in(said) or terms.word_in(left))


@dataclass(frozen=True, kw_only=True)
class Screening:
    """All that free texts are screened with. beside, names: what makes a token that looks like a code none."""

    alphabet: Alphabet
    beside: frozenset[str]
    names: frozenset[str]
    vocabularies: Mapping[str, Vocabulary]
    _last: list[tuple[tuple[int, str], tuple[str, ...]]] = field(default_factory=list, init=False, compare=False)

    def is_clean(self, texts: Iterable[str]) -> bool:
        """Whether nothing is in these texts that could be a code or a word of the list of any language.

        One look at all texts of a form, which nearly always says so; where it does not, each question must be asked.
        """
        words = self.alphabet.words("\n".join(texts))
        if _FOLDED_CODE_LIKE.search(" ".join(words)) is not None:
            return False
        return not (self._any.word_in(words) or self._any.phrase_in(words))

    @cached_property
    def _any(self) -> Terms:
        matters = (terms for vocabulary in self.vocabularies.values() for terms in vocabulary.matters.values())
        return Terms(patterns=tuple(dict.fromkeys(pattern for terms in matters for pattern in terms.patterns)))

    def holds_code(self, text: str) -> bool:
        """Whether a text holds what looks like a code of ICD-10, ICD-11, ATC or SNOMED CT."""
        if (_CODE_LIKE if text.isascii() else _DIGIT).search(text) is None:
            return False
        tokens = self.alphabet.codes(text)
        return any(
            _CODE.fullmatch(token)
            and _is_code(token)
            and token not in self.names
            and self.beside.isdisjoint((*tokens[max(number - 1, 0) : number], *tokens[number + 1 : number + 2]))
            for number, token in enumerate(tokens)
        )

    def holds_diagnosis(self, text: str, language: str) -> bool:
        """Whether a text of a document in that language names a diagnosis; False for a language without lists."""
        return DIAGNOSIS in self._matters_in(text, language)

    def state_in(self, text: str, language: str, excused: str = "") -> str:
        """The first of the states, but for the excused one, of which such a text holds a word; or nothing."""
        return next((name for name in self._matters_in(text, language) if name not in (DIAGNOSIS, excused)), "")

    def _matters_in(self, text: str, language: str) -> tuple[str, ...]:
        """Rules ask several things of one text, one after the other; what is kept of it is a number and the answer."""
        asked = (hash(text), language)
        for before, found in self._last:
            if before == asked:
                return found
        vocabulary = self.vocabularies.get(language)
        found = () if vocabulary is None else vocabulary.matters_in(self.alphabet.words(text))
        self._last[:] = [(asked, found)]
        return found


def _folded(text: str, table: _Folding) -> str:
    """`text.translate(table)`, by bytes where that can be: several times as fast."""
    try:
        raw = text.encode("ascii" if text.isascii() else "cp1252")
    except UnicodeEncodeError:
        return text.translate(table)
    return raw.translate(*table.of_bytes).decode("ascii")


def _grouped(things: Iterable[T], key: Callable[[T], K]) -> Mapping[K, tuple[T, ...]]:
    groups: dict[K, list[T]] = {}
    for thing in things:
        groups.setdefault(key(thing), []).append(thing)
    return {name: tuple(group) for name, group in groups.items()}


def _is_code(token: str) -> bool:
    """Of digits alone, only with the right check digit."""
    from stdnum import verhoeff  # here: it is slow to come, and few texts hold a number that long

    return not token.isdecimal() or (len(token) <= LONGEST_SNOMED and verhoeff.is_valid(token))
