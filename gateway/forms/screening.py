"""Words and codes in a free text that may tell something of somebody's health (Art. 48 par. 5).

What is looked for is data (`schemas/common/screening/`). A hit may be false and a miss is possible, so rules that ask
here only warn, name the place and never show the text. All of it can be said with the string functions of XPath 1.0,
because the published rules say it too:

1. Fold. `translate(text, from, to)` with the table of every.yaml: small letters without accents; combining marks go.
2. Words. Each character outside a-z and 0-9 becomes a space; spaces are collapsed; one stands before and after the
   text: ` vrees voor burn out `.
3. Patterns. A term of a list is folded likewise and then looked for as a piece of that text: the word `epilepsie` as
   ` epilepsie `, the phrase `burn-out` as ` burn out `, the ending `-itis` as `itis `, the beginning `epilep-` as
   ` epilep`. A word or phrase is also looked for with each of the language's inflections after it.
4. Allowed. Before words, endings and beginnings are looked for (but after phrases of several words), each allowed
   pattern, in the order of the lists, is replaced by `_`, from left to right and without overlap; the spaces at its
   ends stay (` dose ` becomes ` _ `, `stroom ` becomes `_ `).
5. Codes. As 2, but full stops stay, and those at the ends of a token are cut off. Of a token, digits give 9 and letters
   a. It is a code if its shape is
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
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from gateway.errors import CatalogueError
from gateway.forms.sources import Entry

EVERY = "every"
DIAGNOSIS = "diagnosis"
_ALPHABET = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_DIGIT = re.compile(r"[0-9]")
_CODE = re.compile(
    r"[a-tv-z][0-9]{2}(?:\.[0-9]{1,4})?"  # ICD-10
    r"|[a-z][0-9]{2}[a-z]{2}[0-9]{2}"  # ATC
    r"|[1-9][a-g][0-9][0-9a-hj-np-z](?:\.[0-9a-hj-np-z]{1,2})?"  # ICD-11
    r"|[a-hj-np-z]{2}[0-9][0-9a-hj-np-z]\.[0-9a-hj-np-z]{1,2}"
    r"|[1-9][0-9]{2,14}[01][0-2][0-9]"  # SNOMED CT
)
# In each of them, found without folding; it begins with a digit, because a search for that is fast.
_CODE_LIKE = re.compile(
    r"[0-9](?:(?<=[A-Za-z][0-9])[0-9]|(?<=[1-9][A-Ga-g][0-9])|(?<=[A-Za-z]{2}[0-9])[A-Za-z]\.|[0-9]{5})"
)
# Likewise, found in a text of folded words, which has no full stops.
_FOLDED_CODE_LIKE = re.compile(r"[0-9](?:(?<=[a-z][0-9])[0-9a-z]|(?<=[1-9][a-g][0-9])|[0-9]{5})")
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
        return [bare for token in _folded(text, self._codes).split() if (bare := token.strip("."))]

    @cached_property
    def _words(self) -> _Folding:
        table = _Folding({ord(letter): letter for letter in _ALPHABET})
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
    def _phrases(self) -> Mapping[str, tuple[str, ...]]:
        phrases = (f" {words} " for words in self._whole if " " in words)
        return _grouped(phrases, lambda phrase: phrase.split(maxsplit=1)[0])

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
        possible = [phrases for word in words if (phrases := self._phrases.get(word))]
        if not possible:
            return False
        text = f" {' '.join(words)} "
        return any(phrase in text for phrases in possible for phrase in phrases)

    def word_in(self, words: list[str]) -> bool:
        """Whether one of them is a word of the list, or has one of its endings or beginnings."""
        if not self._words.isdisjoint(words):
            return True
        endings, beginnings = self._endings, self._beginnings
        for word in words:
            tail, head = word[-SHORTEST_ENDING:], word[:SHORTEST_BEGINNING]
            if (tail in endings and word.endswith(endings[tail])) or (
                head in beginnings and word.startswith(beginnings[head])
            ):
                return True
        return False


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """What is looked for in the texts of one language.

    matters: by name, `diagnosis` and then the states of HA-06. allowed: patterns in the order in which they are taken
    out.
    """

    matters: Mapping[str, Terms]
    allowed: tuple[str, ...]

    @cached_property
    def _any(self) -> Terms:
        return Terms(patterns=tuple(pattern for terms in self.matters.values() for pattern in terms.patterns))

    def matters_in(self, words: list[str]) -> tuple[str, ...]:
        """The names of the matters of which the words name something."""
        if not (self._any.word_in(words) or self._any.phrase_in(words)):
            return ()
        left = self._without_allowed(words)
        return tuple(name for name, terms in self.matters.items() if terms.phrase_in(words) or terms.word_in(left))

    def _without_allowed(self, words: list[str]) -> list[str]:
        text = f" {' '.join(words)} "
        for pattern in self.allowed:
            if pattern in text:
                text = text.replace(pattern, f"{' ' * pattern.startswith(' ')}_{' ' * pattern.endswith(' ')}")
        return text.split()


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
        text = self.alphabet.folded("\n".join(texts))
        if _FOLDED_CODE_LIKE.search(text) is not None:
            return False
        words = text.split()
        return not (self._any.word_in(words) or self._any.phrase_in(words))

    @cached_property
    def _any(self) -> Terms:
        matters = (terms for vocabulary in self.vocabularies.values() for terms in vocabulary.matters.values())
        return Terms(patterns=tuple(pattern for terms in matters for pattern in terms.patterns))

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
        """Whether a text in that language holds a word of the list of diagnoses; False for a language without list."""
        return DIAGNOSIS in self._matters_in(text, language)

    def state_in(self, text: str, language: str, excused: str = "") -> str:
        """The first of the language's states, but for the excused one, of which a text holds a word; or nothing."""
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
    if len(set(alphabet.source)) < len(alphabet.source) or not _ALPHABET.issuperset(alphabet.target):
        raise fold.wrong("from", "each letter once is expected, and a to z in `to`")
    codes = Entry(every.data["codes"], where=f"{every.where}.codes", required=["beside", "names"])
    return Screening(
        alphabet=alphabet,
        beside=frozenset(codes.texts("beside")),
        names=frozenset(codes.texts("names")),
        vocabularies={
            name: _vocabulary(data, every, alphabet, where=f"{source}/{name}.yaml")
            for name, data in sorted(files.items())
            if name != EVERY
        },
    )


def _vocabulary(data: object, every: Entry, alphabet: Alphabet, *, where: str) -> Vocabulary:
    entry = Entry(data, where=where, required=["inflections", DIAGNOSIS, "states", "allowed"])
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

    inside = Entry(ours, where=f"{where}.states", required=list(theirs))
    common = Entry(theirs, where=f"{every.where}.states", required=list(theirs))
    states = {name: terms(name, inside, common) for name in theirs}
    return Vocabulary(
        matters={DIAGNOSIS: terms(DIAGNOSIS, entry, every), **states},
        allowed=_allowed((every, entry), alphabet),
    )


def _allowed(entries: Iterable[Entry], alphabet: Alphabet) -> tuple[str, ...]:
    patterns: dict[str, None] = {}
    for entry in entries:
        try:
            patterns.update(dict.fromkeys(pattern_of(term, alphabet) for term in entry.texts("allowed")))
        except ValueError as exc:
            raise entry.wrong("allowed", str(exc)) from exc
    return tuple(patterns)


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
        pattern = pattern_of(term, alphabet)
        if pattern.startswith(" ") and pattern.endswith(" "):
            patterns.update(dict.fromkeys(f"{pattern[:-1]}{ending} " for ending in endings))
        else:
            patterns[pattern] = None
    return Terms(patterns=tuple(patterns))


def _grouped(texts: Iterable[str], key: Callable[[str], str]) -> Mapping[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {}
    for text in texts:
        groups[key(text)] = (*groups.get(key(text), ()), text)
    return groups


def _is_code(token: str) -> bool:
    """Of digits alone, only with the right check digit."""
    from stdnum import verhoeff  # here: it is slow to come, and few texts hold a number that long

    return not token.isdecimal() or (len(token) <= LONGEST_SNOMED and verhoeff.is_valid(token))
