"""`validate`: a form judged on this machine, without a gateway."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.options import AsJson, Lang, Language, read_input
from gateway.cli.output import ExitCode, answering, usage_error, write_bytes

DAY = ["%Y-%m-%d"]


class ReportFormat(StrEnum):
    """How a report is shown."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"
    SARIF = "sarif"
    JUNIT = "junit"
    SVRL = "svrl"


def validate(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Forms; - for stdin.")],
    received_on: Annotated[
        datetime | None,
        typer.Option("--received-on", formats=DAY, help="Day of receipt to judge by; today if not given."),
    ] = None,
    report_format: Annotated[
        ReportFormat, typer.Option("--format", help="How to show the report; svrl takes one file at a time.")
    ] = ReportFormat.TEXT,
    to: Annotated[
        Path | None,
        typer.Option("--out", "--output", help="Where to write the report; stdout if not given.", dir_okay=False),
    ] = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
) -> None:
    """Check forms against schema and rules.

    One report over all files. Signatures are judged by `verify`, and who may sign by the gateway.
    """
    from gateway.forms.catalogue import Catalogue
    from gateway.forms.reports import FORMATS, Judged, render
    from gateway.forms.validation import Validator

    shown_as = ReportFormat.JSON if as_json else report_format
    if len(files) > 1 and not FORMATS[shown_as].many:
        raise usage_error(f"{shown_as} is about one document: give one file")
    day = received_on.date() if received_on is not None else datetime.now(UTC)
    with answering(as_json=shown_as is ReportFormat.JSON):
        validator = Validator(Catalogue.open())
        judged = [
            Judged(name=str(file), report=validator.validate(read_input(file), received_on=day)) for file in files
        ]
        write_bytes(render(shown_as, judged, lang.value).encode(), to)
    if not all(each.report.acceptable for each in judged):
        raise typer.Exit(ExitCode.NO)
