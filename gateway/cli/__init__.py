"""The command `sealpost`.

One module per group of commands, loaded when one of them is called: who asks for a term waits for no signature library.
`output.py` is the one place where errors become words and exit codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from typer._click import Command


@dataclass(frozen=True, slots=True)
class Listed:
    """A command: where its function or its group of commands stands, what it does; hidden if that is not said."""

    module: str
    name: str
    help: str | None = None


COMMANDS: Mapping[str, Listed] = {
    "demo": Listed("demo", "demo", "Watch four forms travel to their recipients."),
    "validate": Listed("validate", "validate", "Check forms against schema and rules."),
    "convert": Listed("convert", "convert", "Turn a form in XML into JSON, or JSON into an XML draft."),
    "render": Listed("render", "render", "Print a form as PDF (PDF/A-3a, PDF/UA-1)."),
    "explain": Listed("explain", "explain", "Say what a rule or a code means."),
    "sample": Listed("samples", "sample", "Make an invented form."),
    "sign": Listed("sign", "sign", "Sign a form (XAdES baseline B-B to B-LTA), or a PDF (PAdES)."),
    "verify": Listed("verify", "verify", "Check every signature of documents."),
    "submit": Listed("submissions", "submit", "Hand in a signed form."),
    "evidence": Listed("evidence", "app", "What proves the course of a submission, in one file."),
    "status": Listed("submissions", "status", "Show where a submission stands."),
    "case": Listed("cases", "case", "Show a case, or list your cases."),
    "mailbox": Listed("mailbox", "app", "Collect copies from your mailbox and sign for them."),
    "forms": Listed("forms", "show_forms", "List the form kinds, or the fields of one."),
    "term": Listed("terms", "term", "Tell the last day of a legal term, under both readings of a working day."),
    "rules": Listed("rules", "rules", "List every rule."),
    "codelists": Listed("codelists", "app", "Code lists: what they hold, and new editions of them."),
    "publish": Listed("publish", "publish", "Write what third parties run and read."),
    "keys": Listed("keys", "app", "Keys: for demonstrations and tests, in tokens, and those of a gateway."),
    "trust": Listed("trust", "app", "Whom this installation trusts: the EU's trusted lists."),
    "parties": Listed("parties", "app", "Register parties (administrator)."),
    "operations": Listed("operations", "app", "See to deliveries that do not get on by themselves (operator)."),
    "paper": Listed("paper", "app", "Print and post copies that must go on paper (print station)."),
    "serve": Listed("server", "serve", "Run the gateway."),
    "work": Listed("server", "work", "Run a worker alone."),
    "audit": Listed("audit", "audit", "Prove again everything that is stored."),
}


class _Commands(TyperGroup):
    """The table of commands, each loaded when it is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Command | None:
        listed = COMMANDS.get(cmd_name)
        if listed is None:
            return None
        found = getattr(import_module(f"gateway.cli.{listed.module}"), listed.name)
        alone = typer.Typer(rich_markup_mode=None)
        if isinstance(found, typer.Typer):
            alone.add_typer(found, name=cmd_name)
        else:
            alone.command(cmd_name)(found)
        command = typer.main.get_group(alone).commands[cmd_name]
        _let_speak(command)
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, listed.help) for name, listed in COMMANDS.items() if listed.help])


def _let_speak(command: Command) -> None:
    """Give --lang to a command, and to those of its group, of which nothing but labels and errors depends on it."""
    if isinstance(command, TyperGroup):
        for each in command.commands.values():
            _let_speak(each)
    elif all(parameter.name != "lang" for parameter in command.params):
        from gateway.cli.options import language_alone  # here: who asks for help does not wait for it

        command.params.append(language_alone())


app = typer.Typer(
    name="sealpost",
    cls=_Commands,
    help="The electronic counter for occupational-health forms of Belgium and the Netherlands. "
    "Exit codes: 0 yes, 1 no, 2 usage, 3 try later.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from gateway.version import VERSION

        typer.echo(f"sealpost {VERSION}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """The electronic counter for occupational-health forms of Belgium and the Netherlands."""


def main() -> None:
    """Run the command line."""
    app(prog_name="sealpost")
