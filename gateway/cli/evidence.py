"""`evidence export`: everything that proves the course of a submission, in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from gateway.cli.options import AsJson, Token, TokenFile, Url, client, read_input
from gateway.cli.output import answering, err, print_json, write_bytes
from gateway.package import FORM
from signing import add_files, read_package, sha256

app = typer.Typer(help="What proves the course of a submission, in one file.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """What proves the course of a submission, in one file."""


@app.command()
def export(
    submission_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the submission.")],
    url: Url,
    to: Annotated[Path, typer.Option("--out", help="Where to write the package.", dir_okay=False)],
    form: Annotated[
        Path | None,
        typer.Option("--form", help="The form as it was handed in, to put in. The counter does not hold it."),
    ] = None,
    token: Token = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Export the evidence package of a submission.

    Anyone can check it with `sealpost verify --offline`, on a machine that never heard of this counter.
    """
    raw_form = None if form is None else read_input(form)
    with answering(as_json=as_json), client(url, token, token_file) as gateway:
        raw = gateway.evidence_package(submission_id)
        if raw_form is not None:
            raw = add_files(raw, {FORM: raw_form})
        write_bytes(raw, to)
        files = sorted(read_package(raw).files)
        if as_json:
            print_json({"file": str(to), "digest": sha256(raw), "files": files})
        else:
            err().print(Text(f"{to}  {sha256(raw)}  {len(files)} files"))
