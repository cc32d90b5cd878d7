"""The command `sealpost`.

One module per group of commands; `output.py` is the one place where errors become words and exit codes.
"""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli import (
    audit,
    cases,
    codelists,
    convert,
    documents,
    forms,
    keys,
    mailbox,
    operations,
    paper,
    parties,
    publish,
    rules,
    server,
    submissions,
    terms,
)
from gateway.cli.demo import demo
from gateway.cli.explain import explain
from gateway.cli.samples import sample
from gateway.version import VERSION

app = typer.Typer(
    name="sealpost",
    help="The electronic counter for occupational-health forms of Belgium and the Netherlands. "
    "Exit codes: 0 yes, 1 no, 2 usage, 3 try later.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sealpost {VERSION}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """The electronic counter for occupational-health forms of Belgium and the Netherlands."""


app.command()(demo)
app.command()(documents.validate)
app.command()(convert.convert)
app.command()(explain)
app.command()(sample)
app.command()(documents.sign)
app.command()(documents.verify)
app.command()(submissions.submit)
app.command()(submissions.status)
app.command()(cases.case)
app.add_typer(mailbox.app, name="mailbox")
app.command("forms")(forms.show_forms)
app.command()(terms.term)
app.command()(rules.rules)
app.add_typer(codelists.app, name="codelists")
app.command()(publish.publish)
app.add_typer(keys.app, name="keys")
app.add_typer(parties.app, name="parties")
app.add_typer(operations.app, name="operations")
app.add_typer(paper.app, name="paper")
app.command()(server.serve)
app.command(hidden=True)(server.intake)
app.command()(server.work)
app.command()(audit.audit)


def main() -> None:
    """Run the command line."""
    app(prog_name="sealpost")
