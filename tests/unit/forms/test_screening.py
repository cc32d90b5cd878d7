"""Screening of free texts: what alarms, what does not, and that the lists mean what screening.py says they mean."""

from __future__ import annotations

import time
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import CatalogueError
from gateway.forms.findings import LANGUAGES
from gateway.forms.screening import Alphabet, Screening, Vocabulary
from gateway.forms.wordlists import pattern_of, read_screening, terms_of
from tests.schemas.cases import catalogue
from tests.unit.forms.screening_texts import CODES, DIAGNOSES, EVERYDAY, FALSE_ALARMS, HARMLESS, OTHER_LANGUAGE, STATES

FOLDED = st.text("abcdez159 .-éÉœßÅ’\u0301\u00ad漢", max_size=40)
EVERY = {
    "fold": {"from": "ABCÉ\u0301", "to": "abce"},
    "codes": {"beside": ["rack"], "names": ["a12"]},
    "diagnosis": ["-itis"],
    "states": {"fear": ["vrees"]},
    "allowed": ["kritis"],
}
ONE = {
    "inflections": ["en"],
    "diagnosis": ["kwaal", "zeer been", "klacht-", "-smart"],
    "states": {"fear": ["angst-", "vrees voor been"]},
    "allowed": ["-winkelsmart", "angstig", "klachtenbank", "been (van|bij) de stoel", "voor"],
}


@cache
def _screening() -> Screening:
    screening = catalogue().reference.screening
    assert screening is not None
    return screening


def _small() -> Screening:
    screening = read_screening({"every": EVERY, "xx": ONE}, source="here")
    assert screening is not None
    return screening


def _alarms(text: str, language: str) -> bool:
    screening = _screening()
    return (
        screening.holds_code(text)
        or screening.holds_diagnosis(text, language)
        or screening.state_in(text, language) != ""
    )


def _each(texts: dict[str, tuple[str, ...]]) -> list[object]:
    return [
        pytest.param(language, text, id=f"{language}-{text[:40]}") for language in texts for text in texts[language]
    ]


@pytest.mark.parametrize(("language", "text"), _each(HARMLESS))
def test_a_text_about_work_does_not_alarm(language: str, text: str) -> None:
    assert not _alarms(text, language)


def test_false_alarms_are_known_and_few() -> None:
    for language, texts in FALSE_ALARMS.items():
        assert all(_alarms(text, language) for text in texts), "one is no false alarm any more: move it"
    assert 15 * sum(map(len, FALSE_ALARMS.values())) <= sum(map(len, HARMLESS.values()))


@pytest.mark.parametrize(("language", "text"), _each(DIAGNOSES))
def test_a_text_that_names_disease_complaint_treatment_or_medicine_alarms(language: str, text: str) -> None:
    assert _screening().holds_diagnosis(text, language)


@pytest.mark.parametrize(("language", "text"), _each(EVERYDAY))
def test_what_is_told_of_somebody_in_everyday_words_alarms(language: str, text: str) -> None:
    assert _alarms(text, language)


@pytest.mark.parametrize("text", CODES)
def test_a_code_of_medicine_alarms(text: str) -> None:
    assert _screening().holds_code(text)


@pytest.mark.parametrize(
    "text",
    [
        "U12.3",  # not a letter of the pattern
        "M5 and M512",
        "73211008",  # wrong check digit
        "73211019",  # no part of SNOMED CT has these two digits before the last
        "0470123456",
        "22298",
        "op 4 m 51.2",  # a measure
        "de 8.00 à 16.30",
        "2 x 12.5",
        "rek M 51.2",
        "M 512",
        "bolt M51.2",
        "M51.2 bolts",
        "PM10",
        "0A60",
        "6H70",
        "CA23",
    ],
)
def test_what_only_resembles_a_code_does_not_alarm(text: str) -> None:
    assert not _screening().holds_code(text)


@pytest.mark.parametrize(
    ("language", "state", "text"),
    [
        pytest.param(language, state, text, id=f"{language}-{text}")
        for language, states in STATES.items()
        for state, texts in states.items()
        for text in texts
    ],
)
def test_a_text_about_a_state_alarms_under_its_name(language: str, state: str, text: str) -> None:
    assert _screening().state_in(text, language) == state


@pytest.mark.parametrize(("language", "text"), _each(OTHER_LANGUAGE))
def test_a_text_in_another_language_than_its_document_alarms(language: str, text: str) -> None:
    assert _alarms(text, language)


def test_a_short_ending_counts_in_its_own_language_alone() -> None:
    files: dict[str, object] = {"every": EVERY, "xx": ONE, "yy": {**ONE, "diagnosis": ["other", "-leed", "-zeepijn"]}}
    screening = read_screening(files, source="here")
    assert screening is not None
    named = {text: _named(screening, text) for text in ("hartsmart", "groot leed", "veel zeepijn", "other", "kwaal")}
    assert named == {
        "hartsmart": ["xx"],
        "groot leed": ["yy"],
        "veel zeepijn": ["xx", "yy"],  # so long an ending is of no everyday word in any language
        "other": ["xx", "yy"],
        "kwaal": ["xx", "yy"],
    }
    assert _named(screening, "arthritis") == ["xx", "yy"]  # an ending of every language


def _named(screening: Screening, text: str) -> list[str]:
    return [language for language in screening.vocabularies if screening.holds_diagnosis(text, language)]


def test_pregnancy_is_named_last_so_that_it_hides_no_other_state() -> None:
    for vocabulary in _screening().vocabularies.values():
        assert list(vocabulary.matters)[-1] == "pregnancy"
    assert _screening().state_in("zwanger en verslaafd", "nl") == "addiction"


def test_nothing_allowed_hides_a_word_or_phrase_of_the_lists() -> None:
    for language, vocabulary in _screening().vocabularies.items():
        for name, terms in vocabulary.matters.items():
            for pattern in terms.patterns:
                if pattern.startswith(" ") and pattern.endswith(" "):
                    assert name in vocabulary.matters_in(pattern.split()), (language, pattern)


def test_words_are_found_in_any_case_accent_and_spelling_with_hyphens() -> None:
    for text in ("BURN-OUT", "burn–out", "Burn out", "burnout", "bu\u0301rn-out"):
        assert _screening().state_in(text, "nl") == "mental-state", text
    assert _screening().holds_diagnosis("E\u0301pilepsie", "fr")


def test_of_several_questions_about_texts_each_gets_the_answer_for_its_text() -> None:
    screening = _screening()
    assert [screening.holds_diagnosis(text, "nl") for text in ("epilepsie", "werk", "epilepsie")] == [True, False, True]
    assert screening.state_in("zwanger", "nl") == "pregnancy"
    assert screening.state_in("zwanger", "nl", "pregnancy") == ""
    assert screening.state_in("zwanger en verslaafd", "nl", "addiction") == "pregnancy"
    assert screening.state_in("zwanger", "xx") == ""


def test_a_language_without_lists_is_screened_for_codes_only() -> None:
    assert not _screening().holds_diagnosis("epilepsy", "xx")
    assert _screening().state_in("burn-out", "xx") == ""
    assert _screening().holds_code("F32.1")


@pytest.mark.parametrize(
    ("words", "named", "state"),
    [
        ("de kwaal", True, ""),
        ("kwalen", False, ""),
        ("kwaalen", True, ""),
        ("oogkwaal", False, ""),
        ("hartsmart", True, ""),
        ("megawinkelsmart", False, ""),
        ("arthritis", True, ""),
        ("kritis", False, ""),
        ("klachtig", True, ""),
        ("klachtenbank", False, ""),
        ("klachtenbank kwaal", True, ""),
        ("heeft zeer been", True, ""),
        ("zeer lang been", False, ""),
        ("heeft zeer been van de stoel", False, ""),
        ("heeft zeer been bij de stoel, zeer been", True, ""),
        ("kwaal been van de stoel", True, ""),
        ("vrees voor been van de stoel", False, "fear"),
        ("angstaanval", False, "fear"),
        ("angstig", False, ""),
        ("angstig angstaanval", False, "fear"),
        ("vrees voor been", False, "fear"),
        ("vrees", False, "fear"),
    ],
)
def test_words_phrases_endings_beginnings_and_what_is_allowed(words: str, named: bool, state: str) -> None:
    assert (_small().holds_diagnosis(words, "xx"), _small().state_in(words, "xx")) == (named, state)


@given(FOLDED)
def test_folding_is_translate_and_every_other_character_a_space(text: str) -> None:
    alphabet = _screening().alphabet
    table = {ord(a): alphabet.target[n : n + 1] for n, a in enumerate(alphabet.source)}
    folded = text.translate(table)
    plain = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in folded)
    assert alphabet.words(text) == plain.split()


@given(FOLDED, st.sampled_from(["nl", "fr", "de", "en"]))
def test_a_pattern_is_a_piece_of_the_folded_text(text: str, language: str) -> None:
    """As the published rules say it, with nothing but `contains` and replacement."""
    screening = _screening()
    vocabulary = screening.vocabularies[language]
    seed = f"{text} itis kanker {text}ose grossesse{text} burn-out après une opération de maintenance {text}"
    for written in (text, seed, seed[::-1]):
        folded = f" {' '.join(screening.alphabet.words(written))} "
        assert set(vocabulary.matters_in(folded.split())) == _contained(vocabulary, folded)


@given(
    st.lists(
        st.one_of(
            FOLDED,
            st.sampled_from([*CODES, *(text for texts in (*DIAGNOSES.values(), *HARMLESS.values()) for text in texts)]),
            st.from_regex(r"[A-Za-z0-9]{4}\.[A-Za-z0-9]", fullmatch=True),
            st.from_regex(r"[1-9][0-9]{2,6}[01][0-2][0-9]", fullmatch=True),
            st.from_regex(r"[A-Za-z]?[ .-]+[A-Za-z] {1,2}[0-9]{2}\.[0-9]", fullmatch=True),
        ),
        max_size=4,
    )
)
def test_in_clean_texts_no_question_finds_anything(texts: list[str]) -> None:
    screening = _screening()
    if screening.is_clean(texts):
        assert not any(screening.holds_code(text) for text in texts)
        assert not any(screening.vocabularies[name].matters_in(_words(text)) for text in texts for name in LANGUAGES)


@pytest.mark.parametrize(("language", "text"), _each(HARMLESS))
def test_one_text_that_is_not_clean_is_enough(language: str, text: str) -> None:
    assert not _screening().is_clean([text, DIAGNOSES[language][0], text])
    assert not _screening().is_clean([text, CODES[0]])


def test_most_harmless_texts_are_clean_in_all_languages() -> None:
    clean = [_screening().is_clean([text]) for texts in HARMLESS.values() for text in texts]
    assert sum(clean) > len(clean) / 2


def _words(text: str) -> list[str]:
    return _screening().alphabet.words(text)


def _contained(vocabulary: Vocabulary, folded: str) -> set[str]:
    said, rest = " ", folded[1:]
    while rest:
        begun = [phrase[1:] for phrase in vocabulary.allowed.phrases if rest.startswith(phrase[1:])]
        word = max(begun, key=len, default=rest[: rest.find(" ") + 1])
        said, rest = said + ("_ " if begun else word), rest[len(word) :]
    left = said
    for pattern in vocabulary.allowed.words:
        left = left.replace(pattern, f"{' ' * pattern.startswith(' ')}_{' ' * pattern.endswith(' ')}")
    return {
        name
        for name, terms in vocabulary.matters.items()
        if any(pattern in (said if " " in pattern.strip() else left) for pattern in terms.patterns)
    }


@pytest.mark.parametrize("term", ["", "-", "--", "-it", "-ose-", "epi-", "zeer been-", "漢"])
def test_a_term_that_means_nothing_is_refused(term: str) -> None:
    with pytest.raises(ValueError, match=r"term|short|word"):
        pattern_of(term, Alphabet(source="A", target="a"))


def test_inflections_are_for_words_and_phrases() -> None:
    alphabet = Alphabet(source="A", target="a")
    patterns = terms_of(["kwaal", "zeer been", "-itis", "klacht-"], alphabet, ["en"]).patterns
    assert patterns == (" kwaal ", " kwaalen ", " zeer been ", " zeer beenen ", "itis ", " klacht")


def test_a_term_with_choices_is_each_of_the_terms_that_it_can_be() -> None:
    alphabet = Alphabet(source="A", target="a")
    assert terms_of(["(|een )zeer (been|hoofd)", "(oog|maag)kwa-"], alphabet, ["en"]).patterns == (
        " zeer been ",
        " zeer hoofd ",
        " een zeer been ",
        " een zeer hoofd ",
        " oogkwa",
        " maagkwa",
    )


@pytest.mark.parametrize("term", ["een (zeer|(groot |)lang) been", "zeer (been", "zeer been)", "zeer|lang been"])
def test_choices_within_choices_are_refused(term: str) -> None:
    with pytest.raises(ValueError, match="choices"):
        terms_of([term], Alphabet(source="A", target="a"))


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"xx": ONE}, "every.yaml is missing"),
        ({"every": {**EVERY, "fold": {"from": "AA", "to": "a"}}}, "fold.from"),
        ({"every": {**EVERY, "fold": {"from": "A", "to": "A"}}}, "fold.from"),
        ({"every": {**EVERY, "more": []}}, "unknown more"),
        ({"every": EVERY, "xx": {**ONE, "states": {"anger": ["boos"]}}}, "xx.yaml.states: fear"),
        ({"every": EVERY, "xx": {**ONE, "diagnosis": ["-it"]}}, "xx.yaml.diagnosis"),
        ({"every": EVERY, "xx": {**ONE, "allowed": ["--"]}}, "xx.yaml.allowed"),
    ],
)
def test_a_faulty_list_is_refused_by_file_and_key(files: dict[str, object], said: str) -> None:
    with pytest.raises(CatalogueError) as refused:
        read_screening(files, source="here")
    assert said in refused.value.detail


def test_no_lists_is_no_screening() -> None:
    assert read_screening({}, source="here") is None


def test_the_longest_texts_are_screened_in_linear_time() -> None:
    """A text of 500 letters that nearly hits everywhere, fifty times: what one form can hold."""
    screening = _screening()
    text = ("M5a1 itisx kritis chroom allerg 7321100 " * 13)[:500]
    screening.state_in(text, "nl")
    start = time.process_time()
    for _ in range(50):
        screening.holds_code(text)
        screening.holds_diagnosis(text, "nl")
        screening.state_in(text, "nl")
    assert time.process_time() - start < 0.5
