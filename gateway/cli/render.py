"""`render`: a form as PDF, on this machine, without a gateway."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from gateway.cli.lasting import AtLevel, Authorities, Lasting, Networks, Trusting
from gateway.cli.options import Language, PasswordFile, load_key, read_input
from gateway.cli.output import ExitCode, answering, err, in_words, print_issues, spoken, usage_error, write_bytes
from signing import Level


def render(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Form in XML, signed or a draft; - for stdin.")],
    lang: Annotated[Language, typer.Option("--lang", help="Language of names and codes.")] = Language.NL,
    to: Annotated[
        Path | None, typer.Option("--out", help="Where to write; stdout if not given.", dir_okay=False)
    ] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", metavar="KEY", help="Sign the print (PAdES): a PEM or PKCS#12 file, or pkcs11:."),
    ] = None,
    password_file: PasswordFile = None,
    level: AtLevel = Level.B_B,
    timestamp: Authorities = None,
    trust: Trusting = None,
    allow_network: Networks = None,
    check_url: Annotated[
        str | None,
        typer.Option("--check-url", help="Address of the public check of this form; printed with a QR code."),
    ] = None,
) -> None:
    """Print a form as PDF (PDF/A-3a, PDF/UA-1).

    The form itself is attached and stays the original. The same form gives the same bytes every time, unless signed.
    """
    from gateway.forms.catalogue import Catalogue
    from gateway.forms.findings import Rejected
    from gateway.forms.report import finding_to_json
    from gateway.rendition import MAX_CHECK_URL
    from gateway.rendition import render as rendered

    if check_url is not None and (len(check_url) > MAX_CHECK_URL or not check_url.startswith(("http://", "https://"))):
        raise usage_error(f"--check-url must be an http or https address of at most {MAX_CHECK_URL} characters")
    lasting = Lasting(level, timestamp, trust, allow_network)
    lasting.check()
    if key is None and level is not Level.B_B:
        raise usage_error(f"--level {level.value} needs --key")
    raw = read_input(file)
    with answering(as_json=False):
        catalogue = Catalogue.open()
        identity = None if key is None else load_key(key, password_file)
        try:
            made = rendered(raw, catalogue=catalogue, language=lang.value, check_url=check_url)
        except Rejected as rejection:
            words = rejection.messages or catalogue.messages
            err().print(Text(f"sealpost: {file}: {in_words(rejection.detail)}"))
            print_issues(err(), [finding_to_json(each, words, spoken()) for each in rejection.findings])  # type: ignore[misc]
            raise typer.Exit(ExitCode.NO) from rejection
        if identity is not None:
            made = lasting.sign(made, identity)
        write_bytes(made, to)


def pages_of(form: bytes, language: str) -> bytes:
    """The form as PDF, as this program prints it. Raises Unreadable (Rejected too) for what is no form; EngineFault."""
    from gateway.forms.catalogue import Catalogue  # here: who prints nothing does not wait for it
    from gateway.rendition import render as rendered

    return rendered(form, catalogue=Catalogue.open(), language=language)
