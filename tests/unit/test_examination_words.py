"""The verdict in words: every link in four languages, every code explained, no name steers a screen."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from pathlib import Path

import pytest

import gateway.examination
from gateway.examination import LinkKind, Standing, Who, eventwords, examine, reasonwords, words
from gateway.examination.telling import say, verdict_to_json, verdict_to_lines
from gateway.model import Event
from gateway.package import FORM
from gateway.receipt import ReceiptOutcome
from signing import Indication, Subindication, SubjectIdentity
from signing.errors import CONTAINER_CODES
from tests.packages import EXPORTED, make_parts, make_world
from tests.signing.pki import DOCUMENT

LANGUAGES = ("en", "nl", "fr", "de")
SOURCES = "\n".join(
    path.read_text()
    for path in sorted(Path(gateway.examination.__file__).parent.glob("*.py"))
    if not path.name.endswith("words.py")
)
TABLES: Mapping[str, Mapping[str, words.Words]] = {
    name: table
    for module in (eventwords, reasonwords, words)
    for name, table in vars(module).items()
    if name.isupper() and isinstance(table, Mapping)
}


def test_every_table_speaks_four_languages_with_the_same_places() -> None:
    for name, table in TABLES.items():
        for key, said in table.items():
            assert tuple(said) == LANGUAGES, (name, key)
            places = {
                tuple(sorted(field for _, field, _, _ in string.Formatter().parse(text) if field))
                for text in said.values()
            }
            assert len(places) == 1, (name, key)


def test_every_table_is_whole() -> None:
    assert set(words.WHOLE) == set(Indication)
    assert set(words.STANDINGS) == set(Standing)
    assert set(words.TITLES) == set(words.HOLDS) == set(LinkKind)
    assert set(words.OTHERWISE) == set(Standing) - {Standing.HOLDS}
    assert set(reasonwords.REASONS) == set(Subindication)
    assert set(eventwords.EVENTS) == set(Event)
    assert set(eventwords.OUTCOMES) == set(ReceiptOutcome)


def test_every_code_of_ours_is_explained_and_used() -> None:
    given = set(re.findall(r'(?:fault|gap)\([^)]*?"([a-z]+(?:-[a-z]+)+)"', SOURCES))
    given |= set(re.findall(r'code="([a-z-]+)"', SOURCES))
    assert given <= set(reasonwords.CODES)
    assert all(f'"{code}"' in SOURCES or code in CONTAINER_CODES for code in reasonwords.CODES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_link_is_told_whole_and_without_a_value_of_the_form(language: str) -> None:
    world = make_world()
    parts = make_parts(world)
    whole = examine(parts.pack(), grounds=world.grounds())
    poor = make_parts(world)
    poor.records.clear()
    del poor.files[f"receipts/{poor.receipt.id}.xml"]
    gaps = examine(poor.pack(with_form=False), grounds=world.grounds(EXPORTED.replace(year=2035)))
    for verdict in (whole, gaps):
        text = "\n".join(line for line, _ in verdict_to_lines(verdict, language))
        told = text + repr(verdict_to_json(verdict, language))
        assert not re.search(r"\{[a-z]+\}", text), text
        assert all(say(link, language) in text for link in verdict.links)
        assert "85073003328" in DOCUMENT.decode()
        assert "85073003328" not in told
        assert "88021520444" not in told
    named = next(link for link in gaps.links if link.about == FORM)
    assert "sealpost evidence export" in say(named, language)


def test_a_name_in_a_certificate_cannot_steer_a_terminal() -> None:
    subject = SubjectIdentity(
        common_name="A\x1b[2J\nTOTAL-PASSED\u202e", serial_number=None, organization_identifier="NTR\x9b-1"
    )
    assert str(Who.of(subject, "sha256:00")) == "A\ufffd[2J\ufffdTOTAL-PASSED\ufffd (NTR\ufffd-1)"
