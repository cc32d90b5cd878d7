"""How every command speaks: data on stdout, the rest on stderr, one meaning per exit code."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, cast

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.errors import ConfigError, EngineFault, GatewayError, SourceUnavailable, StoreUnavailable

if TYPE_CHECKING:
    from gateway.views import IssueView, ProblemView
    from signing import SigningError

PIPE_WIDTH = 1000
LANG_VARIABLE = "SEALPOST_LANG"
_TRANSLATED = ("nl", "fr", "de")

# What to do about a failure on this side of the API; the gateway's own problems say it themselves.
_WAYS_OUT: Mapping[str, str] = {
    "unreachable": "See that a counter runs at that address (sealpost serve), or give another one with --url.",
    "unexpected-answer": "See that the address in --url is the counter's.",
    "token-unknown": "Use the token that the administrator gave you; `sealpost parties token` makes a new one.",
    "key-unreadable": "Give a PEM file with key and certificate, or a PKCS#12 file and its password (--password-file).",
    "password-wrong": "Give the password of this key with --password-file, and none for a key without one.",
    "key-missing": "Give a file that holds the private key beside the certificate.",
    "certificate-missing": "Give a file that holds the certificate beside the private key.",
    "token-address": "Write pkcs11:token=NAME;object=KEY?module-path=LIBRARY&pin-source=FILE (RFC 7512).",
    "module-unusable": "Give, as module-path, the PKCS#11 library that came with the token.",
    "token-missing": "Put the token in, and see that its name is the one in the address.",
    "pin-missing": "Name the file with the PIN in the address (pin-source), or give it with --password-file.",
    "pin-refused": "Give the right PIN and start again; a token locks itself after a few wrong ones.",
    "key-ambiguous": "Name the key by its id as well: id=%01.",
    "key-exists": "Give the new key a name that none in the token has.",
    "anchors-unreadable": "Give a PEM file of certificates.",
    "certificate-untrusted": "Give, with --trust, the certificate of the counter's seal or of its authority.",
    "not-a-recipient": "Give, with --key, the sealing key whose certificate is registered for you.",
    "folder-not-empty": "Give a new or empty folder, or the one of an earlier publication.",
    "receipt-by-a-stranger": "Give, with --signing-key, the signing key whose certificate is registered for you.",
}


_SEVERITIES = {"info": "remark"}  # where the label is another word

_asked: ContextVar[str | None] = ContextVar("language asked for", default=None)


def speak(language: str | None) -> str | None:
    """Let labels and errors of this command be told in a language, if one is asked for; for its `--lang`."""
    _asked.set(language)
    return language


def spoken() -> str:
    """The language in which errors are told: that of `--lang` where the command has it, else of SEALPOST_LANG.

    English where that is a language that is not spoken here.
    """
    asked = _asked.get() or os.environ.get(LANG_VARIABLE, "")
    return asked if asked in _TRANSLATED else "en"


def said(english: str, **values: object) -> str:
    """A label of what a command prints, in that language; values: what stands for its placeholders."""
    if spoken() in _TRANSLATED:
        from gateway.cli.labels import labels  # here: English needs no table

        english = labels()[english][spoken()]
    return english.format(**values)


def headings(*english: str) -> tuple[str, ...]:
    """The labels over a table, in that language."""
    return tuple(map(said, english))


def role_shown(role: str) -> str:
    """A role in that language."""
    if spoken() not in _TRANSLATED:
        return role
    from gateway.forms.rolewords import role_in  # here: English needs no table

    return role_in(role, spoken())


def state_shown(state: str) -> str:
    """The state of a delivery in that language; as it is when only a newer counter knows it."""
    if spoken() not in _TRANSLATED:
        return state
    from gateway.model import DeliveryState
    from gateway.statewords import WORDS

    return WORDS[DeliveryState(state)][spoken()] if state in set(DeliveryState) else state


def in_words(text: str) -> str:
    """A title, detail or way out in that language."""
    if spoken() not in _TRANSLATED:
        return text
    from gateway.api.problem_words import in_language  # here: only who made a mistake needs it

    return in_language(text, spoken())


class ExitCode(IntEnum):
    """0 yes, 1 no, 2 usage, 3 try later."""

    YES = 0
    NO = 1
    USAGE = 2
    LATER = 3


def out() -> Console:
    """The console of data. Made anew each time, so that it follows a redirected stdout."""
    return Console(highlight=False, soft_wrap=True)


def err() -> Console:
    """The console of everything else."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(answer: object) -> None:
    sys.stdout.write(json.dumps(answer, indent=2, ensure_ascii=False) + "\n")


def write_bytes(content: bytes, to: Path | None = None) -> None:
    """Write to a file, else to stdout."""
    if to is not None:
        to.write_bytes(content)
        return
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table: folded to fit a terminal, never cut; one line for each row where a program reads it."""
    on_terminal = sys.stdout.isatty()
    table = Table(box=box.SIMPLE_HEAD if on_terminal else None, show_edge=False, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console = Console(highlight=False, width=None if on_terminal else PIPE_WIDTH)
    with console.capture() as captured:
        console.print(table)
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def print_issues(console: Console, issues: Iterable[IssueView]) -> None:
    """Each finding with its place, rule, article, message and way out."""
    labels = headings("place", "law", "what", "way out")
    width = max(map(len, labels))
    place_label, law_label, what_label, fix_label = labels
    for issue in issues:
        colour = {"error": "red", "warning": "yellow"}.get(issue["severity"], "blue")
        names = dict.fromkeys(name for name in (issue.get("rule"), issue["code"]) if name)
        console.print(
            Text.assemble(
                "  ",
                (said(_SEVERITIES.get(issue["severity"], issue["severity"])), colour),
                "  ",
                (" ".join(names), "bold"),
            )
        )
        line = issue.get("line")
        at_line = said("line {number}", number=line) if line else None
        parts: tuple[str | None, ...] = (issue.get("place"), at_line, issue.get("path"))
        place = ", ".join(part for part in parts if part)
        for label, words in (
            (place_label, place),
            (law_label, issue.get("article")),
            (what_label, issue["message"]),
            ("", issue.get("detail")),
            (fix_label, issue.get("fix")),
        ):
            if words:
                console.print(Text(f"    {label:{width}}  {words}"))


@contextmanager
def answering(*, as_json: bool) -> Iterator[None]:
    """Turn what goes wrong inside into words and an exit code: the one place where this happens."""
    try:
        yield
    except (typer.Exit, typer.BadParameter, BrokenPipeError):  # said already, or click knows how to say it
        raise
    except OSError as exc:
        raise usage_error(f"{exc.filename or 'a file'}: {exc.strerror}") from exc
    except GatewayError as exc:
        raise typer.Exit(_show_failure(exc, as_json=as_json)) from exc
    except _signing_error() as exc:
        raise typer.Exit(_show_unsigned(exc, as_json=as_json)) from exc
    finally:
        _asked.set(None)


def _signing_error() -> type[SigningError]:
    from signing import SigningError  # here: a command that neither signs nor verifies does without

    return SigningError


def _show_failure(exc: GatewayError, *, as_json: bool) -> ExitCode:
    from gateway.client import ClientError  # here: only a command that called a gateway has loaded it

    match exc:
        case ClientError():
            _show_problem(exc.problem, as_json=as_json, retry_after_s=exc.retry_after_s)
            return ExitCode.LATER if exc.is_temporary else ExitCode.NO
        case ConfigError():
            _show_problem(_problem(exc, "This cannot be used"), as_json=as_json)
            return ExitCode.USAGE
        case StoreUnavailable() | SourceUnavailable() | EngineFault():
            _show_problem(_problem(exc, "Try again later"), as_json=as_json)
            return ExitCode.LATER
        case _:
            _show_problem(_problem(exc, "This cannot be done"), as_json=as_json)
            return ExitCode.NO


def _show_unsigned(exc: SigningError, *, as_json: bool) -> ExitCode:
    from signing import KeyUnavailable, TimestampUnavailable, VerificationFailed

    match exc:
        case VerificationFailed():
            members = {"indication": str(exc.indication), "subindication": str(exc.subindication)}
            _show_problem(_problem(exc, "The signature was not accepted", members), as_json=as_json)
            return ExitCode.NO
        case KeyUnavailable() if exc.is_temporary:
            _show_problem(_problem(exc, "Try again later"), as_json=as_json)
            return ExitCode.LATER
        case KeyUnavailable():
            _show_problem(_problem(exc, "This cannot be used"), as_json=as_json)
            return ExitCode.USAGE
        case TimestampUnavailable():
            _show_problem(_problem(exc, "Try again later"), as_json=as_json, retry_after_s=exc.retry_after_s)
            return ExitCode.LATER
        case _:
            _show_problem(_problem(exc, "This cannot be done"), as_json=as_json)
            return ExitCode.NO


def usage_error(message: str) -> typer.Exit:
    """Say what is wrong with the call; raise what is returned."""
    err().print(Text(f"sealpost: {in_words(message)}"))
    return typer.Exit(ExitCode.USAGE)


def _problem(exc: GatewayError | SigningError, title: str, members: Mapping[str, str] | None = None) -> ProblemView:
    code = str(exc.code)
    problem = {
        "type": f"urn:problem-type:sealpost:{code}",
        "title": title,
        "status": 0,
        "detail": exc.detail,
        "code": code,
    }
    return cast("ProblemView", problem | dict(members or {}))


def _show_problem(problem: ProblemView, *, as_json: bool, retry_after_s: int | None = None) -> None:
    if "fix" not in problem and problem.get("code", "") in _WAYS_OUT:
        problem = {**problem, "fix": _WAYS_OUT[problem["code"]]}
    told = {name: in_words(str(problem[name])) for name in ("title", "detail", "fix") if name in problem}
    problem = cast("ProblemView", {**problem, **told})
    if as_json:
        print_json(problem)
        return
    console = err()
    console.print(Text.assemble("sealpost: ", (problem["title"], "bold"), f" ({problem.get('code', '')})"))
    if detail := problem.get("detail"):
        console.print(Text(f"  {detail}"))
    for name in ("indication", "subindication", "instance"):
        if word := problem.get(name):
            console.print(Text(f"  {said(name)}: {word}"))
    if fix := problem.get("fix"):
        console.print(Text(f"  {said('way out')}: {fix}"))
    print_issues(console, problem.get("issues", []))
    if retry_after_s is not None:
        console.print(Text(f"  {said('try again in {number} s', number=retry_after_s)}"))
