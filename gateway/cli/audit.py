"""`audit`: prove again everything that a gateway has stored."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from gateway.cli.options import AsJson, ConfigFile
from gateway.cli.output import ExitCode, answering, headings, out, print_json, said, usage_error

# The engine is imported by the commands that run it: every other command would wait for it.

COUNTED = {"evidence": "pieces of evidence"}  # where the label is another word

Checkpoints = Annotated[
    list[Path] | None,
    typer.Option(
        "--checkpoint",
        help="A checkpoint of the journal that was kept elsewhere, which it must extend. May be given again.",
        exists=True,
        dir_okay=False,
    ),
]


def audit(config: ConfigFile, checkpoint: Checkpoints = None, as_json: AsJson = False) -> None:
    """Prove again everything that is stored.

    States against evidence, evidence against signatures and digests, hand-overs against receipts, terms, cases, queues.
    May run beside a working gateway. Exit code 1 when anything is not as it was promised.
    """
    from gateway.assembly import auditing, build
    from gateway.audit import Tally
    from gateway.config import load_config

    with answering(as_json=as_json):
        loaded = load_config(config)
        if not loaded.store_path.exists():
            raise usage_error(f"{loaded.store_path}: there is no store to audit")
        gateway = build(loaded)
        try:
            tally, found = Tally(), []
            for flaw in auditing(gateway, known=[file.read_bytes() for file in checkpoint or ()]).run(tally):
                message, way_out = said(flaw.message), said(flaw.way_out)
                if as_json:
                    found.append({**asdict(flaw), "message": message, "fix": way_out})
                    continue
                found.append({"code": flaw.code})
                out().print(Text.assemble((flaw.code, "bold red"), f"  {flaw.place}  {flaw.detail}".rstrip()))
                labels = headings("what", "way out")
                for label, words in zip(labels, (message, way_out), strict=True):
                    out().print(Text(f"  {label:{max(map(len, labels))}}  {words}"))
        finally:
            gateway.store.close()
        if as_json:
            print_json({"sound": not found, "lookedAt": asdict(tally), "findings": found})
        else:
            looked = ", ".join(f"{count} {said(COUNTED.get(name, name))}" for name, count in asdict(tally).items())
            verdict = said("NOT SOUND") if found else said("SOUND")
            out().print(Text(f"{verdict}: {looked}; {said('{number} findings', number=len(found))}"))
        raise typer.Exit(ExitCode.NO if found else ExitCode.YES)
