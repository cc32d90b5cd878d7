"""The labels of what commands print: each in every language, none without a row, and no words beside them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from gateway import batches, cli, inquiries, lifecycle, steps, troubles, witnessing
from gateway.audit import Tally
from gateway.case_status import TermState
from gateway.cli import audit, cases, signatures
from gateway.cli.alertwords import ADVICE
from gateway.cli.labels import labels
from gateway.cli.output import LANG_VARIABLE, state_shown
from gateway.cli.termwords import VERDICTS, verdict_shown
from gateway.flaws import FLAWS
from gateway.forms.findings import LANGUAGES

HOME = Path(cli.__path__[0])
READERS = {"said", "headings"}
# What a person reads of a command: the calls that print, and the modules whose lines become what another prints.
PRINTERS = {"print", "print_table", "Text", "assemble", "echo"}
# Labels that the code does not write out where it asks for them.
GIVEN = {
    *VERDICTS.values(),
    *ADVICE.values(),
    *(cases.STATES.get(state, state.value) for state in TermState),
    *(audit.COUNTED.get(field.name, field.name) for field in fields(Tally)),
    *(words for message_and_way_out in FLAWS.values() for words in message_and_way_out),
    "error",
    "warning",
    "remark",
    signatures.STALE,
    *("indication", "subindication", "instance"),
}
WORD = re.compile(r"[A-Za-z]{2,}")
NO_WORDS = {"sealpost ", "sealpost: ", "{deliveryId}: {detail} ({code})", "bold", "yellow", "red", "green", "bold red"}
IN_ENGLISH = {
    "demo.py",  # the story that it tells is English, as are the logs of a gateway
    "server.py",
    "supervisor.py",
}


def modules() -> list[tuple[str, ast.Module]]:
    return [(file.name, ast.parse(file.read_text(encoding="utf-8"))) for file in sorted(HOME.glob("*.py"))]


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def asked() -> Iterator[tuple[str, str]]:
    """Every label that the code asks for by its English, and where."""
    for file, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in READERS:
                for argument in node.args:
                    if isinstance(argument, ast.Constant):
                        yield f"{file}:{node.lineno}", str(argument.value)


def test_every_label_that_is_asked_for_has_its_words() -> None:
    found = list(asked())
    assert len(found) > 150
    assert sorted({f"{where}: {english}" for where, english in found if english not in labels()}) == []
    assert sorted(GIVEN - labels().keys()) == []


def test_no_row_is_left_that_nothing_asks_for() -> None:
    assert sorted(labels().keys() - {english for _, english in asked()} - GIVEN) == []


def words_beside(node: ast.AST) -> Iterator[str]:
    """Literals with words in what is printed that did not go through a reader of labels."""
    if isinstance(node, ast.Call) and name_of(node) in READERS | {"in_words", "usage_error"}:
        return
    match node:
        case ast.keyword(arg="style" | "line_end") | ast.Subscript() | ast.Compare():
            return
        case ast.Constant(value=str(text)) if WORD.search(text) and text not in NO_WORDS:
            yield text
        case ast.Call(func=ast.Attribute(attr="get"), args=[_, *others]):
            for each in others:
                yield from words_beside(each)
            return
    for child in ast.iter_child_nodes(node):
        yield from words_beside(child)


def printed(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name_of(node) in PRINTERS:
            yield from ((node.lineno, text) for each in node.args for text in words_beside(each))


def test_no_command_prints_words_that_are_no_label() -> None:
    found = [
        f"{file}:{line}: {text}" for file, tree in modules() if file not in IN_ENGLISH for line, text in printed(tree)
    ]
    assert found == []


# Labels that are spelt alike in English and another language.
ALIKE = {
    "nl": {"code", "id", "bytes", "document", "type", "codes"},
    "fr": {
        "code",
        "id",
        "document",
        "version",
        "type",
        "codes",
        "journal",
        "possible",
        "article",
        "indication",
        "source",
        "qualification",
    },
    "de": {"version", "journal", "code", "codes", "bytes", "name", "problem"},
}


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
def test_no_label_is_left_in_english(language: str) -> None:
    left = {english for english, texts in labels().items() if texts[language].casefold() == english.casefold()}
    assert left == ALIKE[language]


def test_each_alert_says_what_to_do() -> None:
    alerts = {
        *(steps.ENDPOINT_DOWN, steps.PAPER_DUE, steps.RECEIPT_ODD, steps.POST_SILENT, steps.STATION_MISSING),
        steps.COUNTRY_GONE,
        *(fact.value for fact in lifecycle.TOLD),
        *(f"delivery-{state}" for state in lifecycle.NEEDS_A_PERSON),
        *(inquiries.UNANSWERED, inquiries.REVOKED, batches.NOT_STAMPED),
        *(witnessing.NOT_COSIGNED, witnessing.CONTRADICTED),
        *(troubles.CLOCK_BACK, troubles.CLOCK_AHEAD, troubles.CLOCK_BEHIND, troubles.LIST_STALE),
        *(troubles.DISK_LOW, troubles.LOG_GROWN, troubles.COMMIT_SLOW, troubles.COMMIT_FAILS),
    }
    assert ADVICE.keys() == alerts


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_only_a_newer_counter_knows_is_shown_as_it_is(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LANG_VARIABLE, language)
    assert state_shown("by-pigeon") == verdict_shown("by-pigeon") == "by-pigeon"
    assert verdict_shown("Late").startswith("Late: ")
