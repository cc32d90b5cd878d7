"""The words of problems: each in every language, and none without a row that a party can get."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import gateway
import signing
from gateway import errors
from gateway.api.mailboxes import OUT_OF_TURN, PROVES_NOTHING
from gateway.api.problem_words import in_language, words
from gateway.api.problems import HTTP_CODES, STATUSES
from gateway.cli.output import _WAYS_OUT
from gateway.forms import codelists, sources
from gateway.forms.findings import LANGUAGES

OTHERS = tuple(language for language in LANGUAGES if language != "en")
FOR_OPERATORS = {"ConfigError", "CatalogueError", "CodeListRefused", "GatewayError"}  # at a start, about files
ERRORS = {
    name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.GatewayError)
} - FOR_OPERATORS
OF_SIGNING = {"KeyUnavailable", "NotSignable"}
STANDS_FOR = "7"  # whatever a program puts into a text
PARAMETERS = {"what": ("header", "signed components", "signature parameters")}  # words that a function is given

# Details that are the text of another error of this list, or come from the module where they are looked for.
PASSED_ON = {
    "NO_VIEW",
    "code.replace('-', ' ')",
    "title",
    "detail",
    "exc.detail",
    "error.detail",
    "conflict.detail",
    "findings[0].code",
}


@pytest.mark.parametrize("english", words())
def test_each_text_differs_between_languages(english: str) -> None:
    if not english.startswith(("http", "{file}", "--")):
        assert len(set(words()[english].values())) == len(LANGUAGES)


def calls(names: set[str], argument: int, root: Path) -> Iterator[tuple[str, str]]:
    """Where an error of these names is made, and its argument, as texts; what a program puts in stands as a digit."""
    for file in [root] if root.is_file() else sorted(root.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                for value in node.args[argument : argument + 1]:
                    found = list(texts(value, tree))
                    if not found and ast.unparse(value) not in PASSED_ON:
                        found = [f"what is {ast.unparse(value)}?"]
                    yield from ((f"{file}:{node.lineno}", text) for text in found)


def texts(node: ast.expr, tree: ast.Module) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp():
            yield from (*texts(node.body, tree), *texts(node.orelse, tree))
        case ast.BinOp(op=ast.Add()):
            yield from (one + other for one in texts(node.left, tree) for other in texts(node.right, tree))
        case ast.JoinedStr():
            made = [""]
            for part in node.values:
                inner = part.value if isinstance(part, ast.FormattedValue) else part
                options = list(PARAMETERS.get(ast.unparse(inner), ())) or list(texts(inner, tree)) or [STANDS_FOR]
                made = [before + option for before in made for option in options]
            yield from made
        case ast.Name(id=name):
            for assigned in ast.walk(tree):
                if isinstance(assigned, ast.Assign) and ast.unparse(assigned.targets[0]) == name:
                    yield from texts(assigned.value, tree)


def details() -> list[tuple[str, str]]:
    ours, library = Path(gateway.__path__[0]), Path(signing.__path__[0])
    return [
        *calls(ERRORS, 1, ours),
        *calls({"Rejected", "JsonRejected", "NotViewable"}, 0, ours / "forms"),
        *calls({"NotViewable"}, 0, ours / "rendition"),
        *calls({"problem"}, 2, ours / "api"),
        *calls({"problem"}, 3, ours / "api"),
        *calls({"usage_error"}, 0, ours / "cli"),
        *calls(OF_SIGNING, 1, library),
        *calls({"_made_up"}, 1, ours),
    ]


def test_every_error_that_a_party_can_get_has_its_words() -> None:
    found = details()
    assert len(found) > 180
    found += [("titles", title) for _, title in STATUSES.values()]
    found += [("receipts", text) for text in (*OUT_OF_TURN, *PROVES_NOTHING)]
    found += [("http", code.replace("-", " ")) for code in HTTP_CODES.values()]
    found += [("ways out", text) for text in _WAYS_OUT.values()]
    found = [
        (where, text) for where, text in found if text != f"{STANDS_FOR}: {STANDS_FOR}"
    ]  # what the system says of a file
    missing = sorted({f"{where}: {text}" for where, text in found if in_language(text, "de") == text})
    assert missing == []


def faults_of_lists() -> Iterator[str]:
    """What the loader of code lists says of an entry, or has said of it by what reads any of our data files."""
    for module in (codelists, sources):
        tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            match node:
                case (
                    ast.Call(func=ast.Attribute(attr="wrong"), args=[_, said])
                    | ast.Call(func=ast.Attribute(attr="append"), args=[ast.Tuple(elts=[_, said])])
                    | ast.Yield(value=ast.Tuple(elts=[_, said]))
                    | ast.ListComp(elt=ast.Tuple(elts=[_, said]))
                ):
                    yield from texts(said, tree)


def test_every_fault_of_a_code_list_has_its_words() -> None:
    found = set(faults_of_lists())
    assert len(found) > 25
    assert sorted(text for text in found if in_language(text, "de") == text) == []


@pytest.mark.parametrize(
    ("english", "language", "said"),
    [
        ("at most 2097152 bytes are read", "fr", "2097152 octets au plus sont lus"),
        ("at most 5 bytes are read", "en", "at most 5 bytes are read"),
        ("more 5", "nl", "more 5"),
        ("no such term; nothing fits", "nl", "no such term; nothing fits"),
        (
            "retry is not possible for a delivery that is expired; possible now: paper, close",
            "nl",
            'retry is niet mogelijk voor een bezorging met de toestand "de tijd om te proberen is om"; nu mogelijk: '
            "paper, close",
        ),
        ("/a/b.pem: the key file cannot be read", "de", "/a/b.pem: die Schlüsseldatei kann nicht gelesen werden"),
        ("dite en français : une fois", "fr", "dite en français : une fois"),
        ("not a valid {scheme} {0}", "de", "kein gültiges {scheme} {0}"),
        (
            "there is no rule or code X-1; near: X-2, X-3",
            "fr",
            "il n'y a pas de règle ou de code X-1 ; proche : X-2, X-3",
        ),
    ],
)
def test_what_changes_in_a_text_is_put_into_its_words(english: str, language: str, said: str) -> None:
    assert in_language(english, language) == said
