"""`sign`: a signature in a document, on this machine, without a gateway."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

import signing  # each name when it is used: who signs XML waits for nothing that reads a PDF or judges anybody
from gateway.cli.options import AsJson, KeyFile, PasswordFile, is_pdf, load_key, load_trusted, read_input
from gateway.cli.output import answering, err, print_json, usage_error, write_bytes
from signing import Level, NotSignable, sha256


def sign(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Form, or its rendition as PDF; - for stdin.")],
    key: KeyFile,
    to: Annotated[
        Path | None, typer.Option("--out", help="Where to write; stdout if not given.", dir_okay=False)
    ] = None,
    level: Annotated[
        Level, typer.Option("--level", help="T: stamped; LT: with what judges it offline; LTA: stamped again.")
    ] = Level.B_B,
    timestamp: Annotated[
        list[str] | None, typer.Option("--timestamp", metavar="URL", help="Time authority (RFC 3161); more are spares.")
    ] = None,
    trust: Annotated[
        Path | None,
        typer.Option("--trust", help="For B-T and above: whom to trust, PEM or a trust folder.", exists=True),
    ] = None,
    allow_network: Annotated[
        list[str] | None, typer.Option("--allow-network", help="Network that is not public and may be asked in.")
    ] = None,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> None:
    """Sign a form (XAdES baseline B-B to B-LTA), or a PDF (PAdES).

    Signing a signed form adds a signature; a PDF is signed once.
    """
    if as_json and to is None:
        raise typer.BadParameter("with --json the signed form needs --out")
    if level is not Level.B_B and (trust is None or not timestamp):
        raise usage_error(f"--level {level.value} needs --timestamp and --trust")
    raw = read_input(file)
    with answering(as_json=as_json):
        identity = load_key(key, password_file)
        try:
            sign_it = signing.sign_pdf if is_pdf(raw) else signing.sign_xml
            signed = sign_it(raw, identity=identity, at=datetime.now(UTC))
            if trust is not None and timestamp:
                from gateway.cli.raising import raised  # here: only who asks somebody needs a network

                signed = raised(signed, level, load_trusted(trust), urls=timestamp, networks=allow_network or [])
        except NotSignable as exc:
            raise NotSignable(exc.code, f"{file}: {exc.detail}") from exc
        if to is None:
            write_bytes(signed)
            return
        to.write_bytes(signed)
        if as_json:
            print_json({"file": str(to), "documentDigest": sha256(signed), "certificate": identity.fingerprint})
        else:
            err().print(Text(f"{to}  {sha256(signed)}"))
