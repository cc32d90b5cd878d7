"""`publish`: what third parties run and read, into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from gateway.cli.options import AsJson
from gateway.cli.output import answering, out, print_json, said


def publish(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write; empty, or an earlier publication.")],
    as_json: AsJson = False,
) -> None:
    """Write what third parties run and read.

    For each form kind: XML schema, JSON Schema, ISO Schematron, XSLT, rule book and field guide in four languages; the
    code lists; an index page and a manifest with digests.
    """
    from gateway.forms.catalogue import Catalogue
    from gateway.publish.site import publish as write_all

    with answering(as_json=as_json):
        names = write_all(Catalogue.load(), folder)
        if as_json:
            print_json({"folder": str(folder), "files": names})
        else:
            page = folder / "index.html"
            out().print(
                Text(said("{number} files in {folder}; begin at {page}", number=len(names), folder=folder, page=page))
            )
