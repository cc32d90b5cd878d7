"""`trust lists add | show | check`: the EU's trusted lists, as snapshots in a folder."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from gateway.cli.options import AsJson, read_input
from gateway.cli.output import ExitCode, answering, out, print_json, said

app = typer.Typer(help="Whom this installation trusts: the EU's trusted lists.", no_args_is_help=True)
lists = typer.Typer(help="Trusted lists of the EU.", no_args_is_help=True)
app.add_typer(lists, name="lists")

Folder = Annotated[
    Path, typer.Option("--folder", help="Folder of `trust.folder` in the configuration.", exists=True, file_okay=False)
]


@lists.command()
def add(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Lists, the list of lists first.")],
    folder: Folder,
    as_json: AsJson = False,
) -> None:
    """Take lists in: each must be newer than the one that is there, and signed by whom the list of lists names.

    Who may sign the list of lists itself stands in scheme.pem (from the Official Journal) and in an earlier one.
    """
    from gateway.trustfolder import add_list, describe

    now, items = datetime.now(UTC), []
    with answering(as_json=as_json):
        for file in files:
            snapshot = add_list(folder, read_input(file), at=now)
            items.append(describe(snapshot, at=now))
            if not as_json:
                out().print(Text(f"{snapshot.info.territory} {snapshot.info.sequence}  {snapshot.digest}"))
        if as_json:
            print_json({"items": items})


@lists.command()
def show(folder: Folder, as_json: AsJson = False) -> None:
    """Say which lists are there, and when each came."""
    from gateway.trustfolder import describe, load_lists

    now = datetime.now(UTC)
    with answering(as_json=as_json):
        found = [describe(each, at=now) for each in load_lists(folder).snapshots]
        if as_json:
            print_json({"items": found})
            return
        for each in found:
            stale = f"  {said('a newer one should have come')}" if each["stale"] else ""
            came = said("came {at}", at=each["addedAt"])
            out().print(Text(f"{each['territory']} {each['sequenceNumber']}  {came}{stale}"))
            holds = said("{number} services, next one by {at}", number=each["services"], at=each["nextUpdate"])
            out().print(Text(f"   {each['digest']}, {holds}"))


@lists.command()
def check(folder: Folder, as_json: AsJson = False) -> None:
    """Verify every list again, and say whether newer ones should have come. Exit code 1 if so."""
    from gateway.trustfolder import describe, load_lists

    now = datetime.now(UTC)
    with answering(as_json=as_json):
        known = load_lists(folder)
        found = [describe(each, at=now) for each in known.current]
        missing = sorted(
            {territory for each in found for territory in each["pointsTo"]} - {e["territory"] for e in found}
        )
        stale = sorted(each["territory"] for each in found if each["stale"])
        if as_json:
            print_json({"verified": len(known.snapshots), "stale": stale, "missing": missing})
        else:
            out().print(Text(said("{number} lists verified", number=len(known.snapshots))))
            for word, territories in (
                (said("a newer one should have come"), stale),
                (said("pointed to and not here"), missing),
            ):
                if territories:
                    out().print(Text(f"{word}: {', '.join(territories)}"))
        raise typer.Exit(ExitCode.NO if stale or not found else ExitCode.YES)
