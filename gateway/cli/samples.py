"""`sample`: invented forms to try things with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from gateway.cli.output import answering, err, said, usage_error, write_bytes


def sample(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="A kind, such as be/health-assessment.")],
    variant: Annotated[
        str, typer.Option("--variant", help="minimal, typical, full, another valid one, or invalid:RULE.")
    ] = "typical",
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Other people, numbers, places and days; 0 for the hand-written one.")
    ] = 0,
    to: Annotated[
        Path | None, typer.Option("--out", "--output", help="Where to write; stdout if not given.", dir_okay=False)
    ] = None,
) -> None:
    """Make an invented form.

    Valid, or wrong in one thing and in what that brings with it; the same again for the same seed. Judged before it is
    given.
    """
    from gateway.errors import NotFound
    from gateway.forms.catalogue import Catalogue
    from gateway.forms.samples import make_sample

    with answering(as_json=False):
        catalogue = Catalogue.open()
        form_kind = catalogue.by_name(kind)
        if form_kind is None:
            raise usage_error(f"no such form kind; known are {', '.join(each.id for each in catalogue.kinds)}")
        try:
            made = make_sample(catalogue, form_kind, variant=variant, seed=seed)
        except NotFound as exc:
            raise usage_error(exc.detail) from exc
        write_bytes(made.raw, to)
        told = said("judged as received on {day}", day=made.received_on.isoformat())
        if made.breaks:
            told += f", {said('breaks {rules}', rules=', '.join(sorted(made.breaks)))}"
        err().print(Text(f"{kind} {variant}, {said('seed {number}', number=seed)}: {told}"))
