"""`convert`: a JSON draft becomes XML to be signed, a form in XML shows as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from gateway.cli.options import Lang, Language, read_input
from gateway.cli.output import ExitCode, answering, err, in_words, print_issues, write_bytes


def convert(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A form in XML or its JSON view; - for stdin.")],
    to: Annotated[
        Path | None, typer.Option("--out", help="Where to write; stdout if not given.", dir_okay=False)
    ] = None,
    lang: Lang = Language.EN,
) -> None:
    """Turn a form in XML into JSON, or JSON into an XML draft.

    What comes in decides. Signatures stay behind: what was signed is only the XML that was signed.
    """
    from gateway.forms.catalogue import Catalogue
    from gateway.forms.findings import Rejected
    from gateway.forms.jsonview import looks_like_json
    from gateway.forms.report import finding_to_json
    from gateway.forms.validation import Validator

    raw = read_input(file)
    with answering(as_json=False):
        validator = Validator(Catalogue.open())
        try:
            if looks_like_json(raw):
                _, converted = validator.xml_of(raw)
            else:
                _, view = validator.json_of(raw)
                converted = (json.dumps(view, ensure_ascii=False, indent=2) + "\n").encode()
        except Rejected as rejection:
            words = rejection.messages or validator.catalogue.messages
            err().print(Text(f"sealpost: {file}: {in_words(rejection.detail)}"))
            print_issues(err(), [finding_to_json(each, words, lang.value) for each in rejection.findings])  # type: ignore[misc]
            raise typer.Exit(ExitCode.NO) from rejection
        if to is None:
            write_bytes(converted)
        else:
            to.write_bytes(converted)
