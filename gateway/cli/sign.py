"""`sign`: a signature in a document, on this machine, without a gateway."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from gateway.cli.lasting import AtLevel, Authorities, Lasting, Networks, Trusting
from gateway.cli.options import AsJson, KeyFile, PasswordFile, load_key, read_input
from gateway.cli.output import answering, err, print_json, usage_error, write_bytes
from signing import Level, NotSignable, sha256


def sign(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Form, or its rendition as PDF; - for stdin.")],
    key: KeyFile,
    to: Annotated[
        Path | None, typer.Option("--out", help="Where to write; stdout if not given.", dir_okay=False)
    ] = None,
    level: AtLevel = Level.B_B,
    timestamp: Authorities = None,
    trust: Trusting = None,
    allow_network: Networks = None,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> None:
    """Sign a form (XAdES baseline B-B to B-LTA), or a PDF (PAdES).

    Signing a signed form adds a signature; a PDF is signed once.
    """
    if as_json and to is None:
        raise usage_error("with --json the signed form needs --out")
    lasting = Lasting(level, timestamp, trust, allow_network)
    lasting.check()
    raw = read_input(file)
    with answering(as_json=as_json):
        identity = load_key(key, password_file)
        try:
            signed = lasting.sign(raw, identity)
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
