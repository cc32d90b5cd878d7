"""`evidence export`: everything that proves the course of a submission, in one file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from gateway.cli.lasting import AtLevel, Authorities, Lasting, Networks, Trusting
from gateway.cli.options import (
    AsJson,
    Language,
    PasswordFile,
    Token,
    TokenFile,
    Url,
    client,
    load_key,
    read_input,
)
from gateway.cli.output import answering, err, print_json, said, usage_error, write_bytes
from gateway.cli.render import pages_of
from gateway.errors import Unreadable
from gateway.package import CHECKPOINT, EVIDENCE, FORM, SEALED_POST, write_consistency
from signing import Identity, Level, add_files, open_sealed, read_package, sha256

if TYPE_CHECKING:
    from gateway.client import Client

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
    rendition: Annotated[
        list[Language] | None,
        typer.Option("--rendition", help="Put the form in as PDF too, in this language; may be given several times."),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            metavar="KEY",
            help="Sign the PDF (PAdES) by this key: a PEM or PKCS#12 file, or a pkcs11: address.",
        ),
    ] = None,
    level: AtLevel = Level.B_B,
    timestamp: Authorities = None,
    trust: Trusting = None,
    allow_network: Networks = None,
    sealing_key: Annotated[
        str | None,
        typer.Option(
            "--sealing-key",
            metavar="KEY",
            help="Open the proofs of the post by this key and put them in too: they show a name and an address.",
        ),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            "--checkpoint",
            help="Put in what proves that the journal only grew from or to this checkpoint of it, which you kept.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    password_file: PasswordFile = None,
    token: Token = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Export the evidence package of a submission.

    Anyone can check it with `sealpost verify --offline`, on a machine that never heard of this counter.
    """
    if form is None and (rendition or key):
        raise usage_error("--rendition needs --form")
    if key is not None and not rendition:
        raise usage_error("--key needs --rendition")
    lasting = Lasting(level, timestamp, trust, allow_network)
    lasting.check()
    if key is None and level is not Level.B_B:
        raise usage_error(f"--level {level.value} needs --key and --rendition")
    added: dict[str, bytes] = {}
    with answering(as_json=as_json), client(url, token, token_file) as gateway:
        identity = None if key is None else load_key(key, password_file)
        if form is not None:
            added[FORM] = read_input(form)
        raw = gateway.evidence_package(submission_id)
        if form is not None:
            if _is_another(read_package(raw).files, added[FORM]):
                raise Unreadable("another-form", f"{form} is not, byte for byte, the form of this submission")
            for language in rendition or []:
                added[f"rendition-{language.value}.pdf"] = _rendition(added[FORM], language, identity, lasting)
        if sealing_key is not None:
            added |= _opened(read_package(raw).files, load_key(sealing_key, password_file))
        if checkpoint is not None:
            added |= _connection(gateway, read_package(raw).files, checkpoint)
        if added:
            raw = add_files(raw, added)
        write_bytes(raw, to)
        files = sorted(read_package(raw).files)
        if as_json:
            print_json({"file": str(to), "digest": sha256(raw), "files": files})
        else:
            err().print(Text(f"{to}  {sha256(raw)}  {said('{number} files', number=len(files))}"))


def _connection(gateway: Client, files: Mapping[str, bytes], checkpoint: Path) -> dict[str, bytes]:
    """The consistency proof between a checkpoint and the newest one in a package. Raises ClientError: the journal
    never had such a checkpoint."""
    size = re.match(rb"[^\n]+\n([1-9][0-9]{0,17})\n", checkpoint.read_bytes())
    if size is None:
        raise usage_error(f"{checkpoint} is no checkpoint")
    shown = {int(found[1]) for found in map(CHECKPOINT.fullmatch, files) if found is not None}
    if not shown or int(size[1]) in shown:
        return {}
    old, new = sorted((int(size[1]), max(shown)))
    return {f"journal/{old}-{new}.consistency": write_consistency(gateway.consistency(old, new))}


def _is_another(files: Mapping[str, bytes], form: bytes) -> bool:
    """Whether the statements of a package, which a recipient has as well as the sender, are about another form."""
    from gateway.statement import claimed_document  # here: who adds no form reads no statement

    named = [claimed_document(content) for name, content in files.items() if EVIDENCE.fullmatch(name)]
    return any(each is not None and not each.is_of(sha256(form)) for each in named)


def _opened(files: Mapping[str, bytes], identity: Identity) -> dict[str, bytes]:
    """The proofs of the post of a package, opened. Raises SealingFailed for those of others."""
    names = {name: found[1] for name in files if (found := SEALED_POST.fullmatch(name)) is not None}
    return {opened: open_sealed(files[sealed], identity=identity) for sealed, opened in names.items()}


def _rendition(form: bytes, language: Language, identity: Identity | None, lasting: Lasting) -> bytes:
    """The form as PDF, signed if there is a key. Raises Unreadable for what is no form; KeyUnavailable."""
    made = pages_of(form, language.value)
    if identity is None:
        return made
    return lasting.sign(made, identity)
