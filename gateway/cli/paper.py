"""`paper list | print | deposited | failed | delivered | returned`: the print station's work, with its own token."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from gateway.cli.options import (
    AsJson,
    KeyFile,
    Language,
    PasswordFile,
    Token,
    TokenFile,
    Url,
    client,
    load_key,
    load_trust,
)
from gateway.cli.output import answering, headings, out, print_json, print_table, role_shown, usage_error, write_bytes
from gateway.config import is_public_url
from gateway.envelope import open_envelope
from gateway.errors import Conflict, Unreadable
from gateway.views import PrintJobView

app = typer.Typer(help="Print and post copies that must go on paper (print station).", no_args_is_help=True)

PROOF_TYPES = {
    ".pdf": "application/pdf",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".xml": "application/xml",
}

DeliveryId = Annotated[str, typer.Argument(metavar="DELIVERY", help="Id of the delivery.")]
OnDay = Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="Day that the proof states.")]
ProofFile = Annotated[
    Path,
    typer.Option("--proof", help=f"Scan or file of the post ({' '.join(PROOF_TYPES)}).", exists=True, dir_okay=False),
]
LetterNumber = Annotated[
    str | None, typer.Option("--number", help="Number of the letter, where the copy went out in more than one.")
]


class FailureReason(StrEnum):
    """Why a letter could not be made or posted, or did not arrive."""

    NOT_PRINTABLE = "not-printable"
    NO_ADDRESS = "no-address"
    ADDRESS_ABROAD = "address-abroad"
    REFUSED_BY_POST = "refused-by-post"
    LETTER_LOST = "letter-lost"
    OTHER = "other"


@app.command("list")
def list_jobs(url: Url, token: Token = None, token_file: TokenFile = None, as_json: AsJson = False) -> None:
    """List what is to be printed or is with the post.

    The next lawful moment first.
    """
    with answering(as_json=as_json), client(url, token, token_file) as gateway:
        jobs = list(gateway.print_jobs())
        if as_json:
            print_json({"items": jobs})
            return
        print_table(
            headings("lawful until", "state", "taken", "role", "kind", "delivery"),
            [
                (
                    job.get("lawfulUntil", ""),
                    job["state"],
                    job.get("takenAt", ""),
                    role_shown(job["role"]),
                    job["kind"],
                    job["deliveryId"],
                )
                for job in jobs
            ],
        )


@app.command("print")
def print_job(
    delivery_id: DeliveryId,
    url: Url,
    key: KeyFile,
    anchors: Annotated[
        Path, typer.Option("--trust", help="The gateway's own certificate, PEM.", exists=True, dir_okay=False)
    ],
    lang: Annotated[Language, typer.Option("--lang", help="Language of the recipient.")] = Language.NL,
    to: Annotated[
        Path | None, typer.Option("--out", help="New file that only you may read; stdout when not given.")
    ] = None,
    public_url: Annotated[
        str | None, typer.Option("--public-url", help="Where anybody finds the gateway; printed with a QR code.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Print it although it was taken to be printed before.")
    ] = False,
    token: Token = None,
    token_file: TokenFile = None,
    password_file: PasswordFile = None,
) -> None:
    """Open a copy with the print station's key and write it as a letter (PDF).

    The clear text is written where you say and kept nowhere else. What was taken before is not printed a second time
    unless you say so: one letter goes to the post, not two.
    """
    from gateway.forms.catalogue import Catalogue
    from gateway.paperform import paper_letter

    if to is not None and to.exists():
        raise usage_error(f"{to} exists; nothing was printed")
    if public_url is not None and not is_public_url(public_url):
        raise usage_error("--public-url must be an address such as https://counter.example")
    with answering(as_json=False), client(url, token, token_file) as gateway:
        identity, trust = load_key(key, password_file), load_trust(anchors)
        taken = gateway.take_print_job(delivery_id)
        if taken.repeated and not again:
            raise Conflict("printed-before", "it was taken to be printed before; --again if that print is lost")
        opened = open_envelope(taken.envelope, identity=identity, trust=trust, at=datetime.now(UTC))
        note = opened.consignment
        if note.delivery_id != delivery_id:
            raise Unreadable("another-copy", "the envelope holds another copy than the one asked for")
        letter = paper_letter(opened.form, note, catalogue=Catalogue.open(), language=lang.value, public_url=public_url)
        if to is None:
            write_bytes(letter)
            return
        with open(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(letter)


@app.command()
def deposited(
    delivery_id: DeliveryId,
    url: Url,
    number: Annotated[str, typer.Option("--number", help="Number that the post gave the registered letter.")],
    on: OnDay,
    proof: ProofFile,
    token: Token = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Say that the post took the letter, with its proof."""
    kind = _type(proof)
    with answering(as_json=as_json), client(url, token, token_file) as gateway:
        job = gateway.deposit(
            delivery_id, number=number, on=on.date().isoformat(), proof=proof.read_bytes(), proof_type=kind
        )
        _say(job, as_json=as_json)


@app.command()
def failed(
    delivery_id: DeliveryId,
    url: Url,
    reason: Annotated[FailureReason, typer.Option("--reason", help="Why; it stands in the evidence.")],
    token: Token = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Say that a copy could not be printed or posted, or that the post lost it."""
    with answering(as_json=as_json), client(url, token, token_file) as gateway:
        _say(gateway.paper_failed(delivery_id, reason=reason.value), as_json=as_json)


@app.command()
def delivered(
    delivery_id: DeliveryId,
    url: Url,
    on: OnDay,
    proof: ProofFile,
    number: LetterNumber = None,
    token: Token = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Say that the post handed the letter over, with its slip."""
    _slip(delivery_id, "delivered", url, on, proof, number, token, token_file, as_json=as_json)


@app.command()
def returned(
    delivery_id: DeliveryId,
    url: Url,
    on: OnDay,
    proof: ProofFile,
    number: LetterNumber = None,
    token: Token = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Say that the post brought the letter back, with its slip."""
    _slip(delivery_id, "returned", url, on, proof, number, token, token_file, as_json=as_json)


def _slip(
    delivery_id: str,
    outcome: str,
    url: str,
    on: datetime,
    proof: Path,
    number: str | None,
    token: str | None,
    token_file: Path | None,
    *,
    as_json: bool,
) -> None:
    kind = _type(proof)
    with answering(as_json=as_json), client(url, token, token_file) as gateway:
        job = gateway.slip(
            delivery_id,
            outcome=outcome,
            on=on.date().isoformat(),
            proof=proof.read_bytes(),
            proof_type=kind,
            number=number,
        )
        _say(job, as_json=as_json)


def _type(proof: Path) -> str:
    try:
        return PROOF_TYPES[proof.suffix.lower()]
    except KeyError:
        raise usage_error(f"{proof}: a proof is one of {' '.join(PROOF_TYPES)}") from None


def _say(job: PrintJobView, *, as_json: bool) -> None:
    if as_json:
        print_json(job)
    else:
        out().print(Text(f"{job['deliveryId']}  {job['state']}"))
