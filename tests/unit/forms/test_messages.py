"""messages.yaml: every code that can come out has its words in four languages, and none has words that nobody uses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.errors import CatalogueError
from gateway.forms.catalogue import Catalogue, load_acts
from gateway.forms.findings import LANGUAGES, Finding, MessageCatalogue, Phase, Severity
from gateway.forms.schema import SCHEMA_CODES
from gateway.forms.sources import parse_yaml
from tests.unit.forms.slips import OUR_MESSAGES

ROOT = Path(__file__).resolve().parents[3]
ENGINE_CODES = {"XSD-900", "RUL-900"}
PARSE_CODES = {f"XML-{number:03}" for number in range(1, 12)} | {f"JSON-{number:03}" for number in range(1, 9)}
PARAMS = {"role", "route", "limit", "column", "expected", "pattern", "count", "type", "facet", "delivery", "state"}


@pytest.fixture(scope="module")
def messages() -> MessageCatalogue:
    read = parse_yaml(OUR_MESSAGES.read_text(encoding="utf-8"), source="x", aliases=True)
    return MessageCatalogue.from_data(read, source="x", acts=load_acts())


def test_every_code_of_the_engine_has_words_and_no_other_of_its_families(messages: MessageCatalogue) -> None:
    ours = {code for code in messages.codes if code.startswith(("XML-", "JSON-", "XSD-", "RUL-"))}
    assert ours == PARSE_CODES | SCHEMA_CODES | ENGINE_CODES


def test_every_code_that_the_code_names_has_words(messages: MessageCatalogue) -> None:
    named = {
        code
        for folder in ("gateway", "receiver")
        for path in (ROOT / folder).rglob("*.py")
        for code in re.findall(r"\"((?:SIG|GW|XML|JSON|XSD|RUL)-[A-Z0-9-]+)\"", path.read_text(encoding="utf-8"))
    }
    assert named <= messages.codes


def test_the_words_of_every_code_differ_between_languages_and_codes(messages: MessageCatalogue) -> None:
    for part in ("message", "fix"):
        for code in messages.codes:
            texts = getattr(messages[code], part)
            assert len({texts[language] for language in LANGUAGES}) == len(LANGUAGES), code
    for language in LANGUAGES:
        assert len({messages[code].message[language] for code in messages.codes}) == len(messages.codes)


def test_placeholders_are_those_that_findings_carry(messages: MessageCatalogue) -> None:
    for code in messages.codes:
        entry = messages[code]
        plain = "".join((*entry.message.values(), *entry.fix.values()))
        assert not re.search(r"\{\w+\}", plain), f"{code}: only a hint may have placeholders"
        if entry.hint is not None:
            assert set(re.findall(r"\{(\w+)\}", entry.hint["en"])) <= PARAMS, code


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hint_is_shown_only_with_all_it_needs(messages: MessageCatalogue, language: str) -> None:
    bare = Finding(code="XSD-ENUM", severity=Severity.ERROR, phase=Phase.SCHEMA)
    told = Finding(
        code="XSD-ENUM",
        severity=Severity.ERROR,
        phase=Phase.SCHEMA,
        params=(("count", "2"), ("expected", "nl, fr")),
    )
    assert "{" not in messages.words(bare, language).message
    assert messages.words(told, language).message.endswith("nl, fr")


def test_an_unknown_language_gets_english(messages: MessageCatalogue) -> None:
    finding = messages.finding("SIG-MISSING", Phase.SIGNATURE)
    assert messages.words(finding, "tlh") == messages.words(finding, "en")
    assert finding.article == "App. I, App. II-1"


def test_params_that_look_like_placeholders_stay_text(messages: MessageCatalogue) -> None:
    finding = Finding(
        code="XSD-PATTERN", severity=Severity.ERROR, phase=Phase.SCHEMA, params=(("pattern", "[0-9]{count}{2}"),)
    )
    assert messages.words(finding, "en").message.endswith("[0-9]{count}{2}")


MESSAGE, FIX = dict.fromkeys(LANGUAGES, "m"), dict.fromkeys(LANGUAGES, "f")
COMPLETE = {"severity": "error", "message": MESSAGE, "fix": FIX}


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {**COMPLETE, "severity": "fatal"},
        {**COMPLETE, "extra": 1},
        {**COMPLETE, "fix": {"en": "f"}},
        {**COMPLETE, "fix": {**FIX, "de": " "}},
        {**COMPLETE, "message": {**MESSAGE, "de": "m {limit}"}},
        {**COMPLETE, "legal": 48},
        "text",
    ],
)
def test_an_incomplete_entry_is_refused_by_name(entry: object) -> None:
    with pytest.raises(CatalogueError, match="here: GW-TEST"):
        MessageCatalogue.from_data({"GW-TEST": entry}, source="here", acts=load_acts())


def test_codes_have_one_form() -> None:
    with pytest.raises(CatalogueError, match="not one of our codes"):
        MessageCatalogue.from_data({"gw-test": COMPLETE}, source="here", acts=load_acts())


def test_the_small_kinds_rules_speak_for_themselves(catalogue: Catalogue) -> None:
    kind = catalogue.kinds[0]
    words = kind.messages.words(kind.finding("GEN-02", Phase.RECORDS), "nl")
    assert (words.message, words.fix, words.detail) == ("m nl", "f nl", None)
