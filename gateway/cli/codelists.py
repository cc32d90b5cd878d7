"""`codelists`: the code lists that this gateway applies, and new editions of them.

A new edition is a file in the folder of the installation's own lists (`[gateway] codelists` in the configuration, here
--folder); no schema and no program changes. `add` puts it there only if everything about it is right.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from gateway.cli.options import AsJson, Lang, Language
from gateway.cli.output import (
    ExitCode,
    answering,
    err,
    headings,
    in_words,
    out,
    print_json,
    print_table,
    said,
    usage_error,
)
from gateway.errors import CatalogueError, CodeListRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.forms.citing import Acts
    from gateway.forms.codelists import CodeList, ListedCode

app = typer.Typer(help="Code lists: what they hold, and new editions of them.", no_args_is_help=True)

Folder = Annotated[
    Path | None,
    typer.Option(
        "--folder",
        help="Folder of this installation's own lists, as in its configuration.",
        envvar="SEALPOST_CODELISTS",
        exists=True,
        file_okay=False,
    ),
]
File = Annotated[Path, typer.Argument(help="A code list, YAML.", exists=True, dir_okay=False)]


@app.command("list")
def show_lists(folder: Folder = None, lang: Lang = Language.EN, as_json: AsJson = False) -> None:
    """List the code lists, with their editions."""
    from gateway.forms.catalogue import load_acts

    with answering(as_json=as_json):
        ours, all_lists, acts = _lists(None), _lists(folder), load_acts()
        facts = [
            {**_facts(each, acts, lang), "source": "ours" if ours.get(name) == each else "installation"}
            for name, each in all_lists.items()
        ]
        if as_json:
            print_json({"items": facts})
            return
        print_table(
            headings("list", "title", "codes", "editions", "complete", "source"),
            [
                (
                    name,
                    each.titles.get(lang.value, ""),
                    str(len(each.codes)),
                    ", ".join(each.editions),
                    said("yes") if each.complete else said("no"),
                    said("ours") if fact["source"] == "ours" else said("installation"),
                )
                for (name, each), fact in zip(all_lists.items(), facts, strict=True)
            ],
        )


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="LIST", help="A list, such as european-schedule.")],
    edition: Annotated[str | None, typer.Option("--edition", help="Only the codes of this edition.")] = None,
    folder: Folder = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
) -> None:
    """Show the codes of a list."""
    from gateway.forms.catalogue import load_acts

    with answering(as_json=as_json):
        lists = _lists(folder)
        found = lists.get(name)
        if found is None:
            raise usage_error(f"no such list; known are {', '.join(lists)}")
        if edition is not None and edition not in found.editions:
            raise usage_error(f"no such edition; known are {', '.join(found.editions) or 'none'}")
        rows = [row for row in found.entries.values() if edition is None or edition in row.editions]
        if as_json:
            print_json({**_facts(found, load_acts(), lang), "codes": [_row(row, lang) for row in rows]})
            return
        keys = list(dict.fromkeys(key for row in rows for key in row.values))
        print_table(
            (*headings("code", "title"), *keys, *headings("editions")),
            [
                (
                    row.code if row.selectable else f"({row.code})",
                    _title(row, lang),
                    *(" ".join(row.values.get(key, ())) for key in keys),
                    ", ".join(name for name in found.editions if name in row.editions),
                )
                for row in rows
            ],
        )


@app.command()
def check(file: File, folder: Folder = None, as_json: AsJson = False) -> None:
    """Say whether a code list could be used.

    Its shape, patterns, check digits and dates; and that no code is taken away from an edition of the list it replaces.
    """
    with answering(as_json=as_json):
        read = _checked(file, folder, as_json=as_json)
        if as_json:
            print_json({"list": read.name, "usable": True, "faults": []})
        else:
            usable = said("{name} can be used, {number} codes", name=read.name, number=len(read.codes))
            out().print(Text(f"{file}: {usable}"))


@app.command()
def add(file: File, folder: Folder = None, as_json: AsJson = False) -> None:
    """Put a code list into the installation's folder, if it can be used.

    The gateway reads it when it starts next.
    """
    with answering(as_json=as_json):
        if folder is None:
            raise usage_error("give the folder of the installation's own lists: --folder or SEALPOST_CODELISTS")
        read = _checked(file, folder, as_json=as_json)
        place = folder / f"{read.name}.yaml"
        part = place.with_suffix(".part")
        part.write_bytes(file.read_bytes())
        part.replace(place)
        if as_json:
            print_json({"list": read.name, "added": str(place)})
        else:
            used = said("{name} is used from the next start on, {number} codes", name=read.name, number=len(read.codes))
            out().print(Text(f"{place}: {used}"))


def _checked(file: Path, folder: Path | None, *, as_json: bool) -> CodeList:
    """The list of a file; every fault is shown, and then the answer is no."""
    from gateway.forms.catalogue import load_code_list

    try:
        return load_code_list(file, beside=folder)
    except CodeListRefused as exc:
        told = [(in_words(entry), in_words(reason)) for entry, reason in exc.faults]
        if as_json:
            faults = [{"entry": entry, "reason": reason} for entry, reason in told]
            print_json({"file": str(file), "usable": False, "faults": faults})
        else:
            for entry, reason in told:
                err().print(Text(f"{file}: {entry}: {reason}"))
        raise typer.Exit(ExitCode.NO) from exc
    except CatalogueError as exc:
        reason = in_words(exc.detail)
        if as_json:
            faults = [{"entry": in_words("the file"), "reason": reason}]
            print_json({"file": str(file), "usable": False, "faults": faults})
        else:
            err().print(Text(reason))
        raise typer.Exit(ExitCode.NO) from exc


def _lists(folder: Path | None) -> Mapping[str, CodeList]:
    from gateway.forms.catalogue import load_code_lists

    return load_code_lists(own=folder)


def _facts(each: CodeList, acts: Acts, lang: Language) -> dict[str, object]:
    return {
        "list": each.name,
        "title": each.titles.get(lang.value),
        **({} if not each.legal else acts.shown(each.legal, lang)),
        "provenance": each.provenance,
        "complete": each.complete,
        "demonstration": each.demonstration,
        "count": len(each.codes),
        "editions": [
            {"edition": name, "from": _day(start), "until": _day(end)} for name, (start, end) in each.editions.items()
        ],
    }


def _row(row: ListedCode, lang: Language) -> dict[str, object]:
    return {
        "code": row.code,
        "title": _title(row, lang),
        "selectable": row.selectable,
        "editions": sorted(row.editions),
        "status": row.status,
        "values": {key: list(values) for key, values in row.values.items()},
    }


def _title(row: ListedCode, lang: Language) -> str:
    return row.titles.get(lang.value) or row.titles.get("en", "")


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
