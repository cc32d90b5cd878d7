"""`keys init | issue | show`: keys for demonstrations and tests, and a look into any certificate."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from gateway.cli.options import AsJson, PasswordFile, load_key
from gateway.cli.output import answering, err, out, print_json, usage_error
from gateway.demo.pki import DemoFolder, create_demo_folder, write_secret
from signing import identity_to_pem
from signing.issuing import issue

app = typer.Typer(help="Keys for demonstrations and tests.", no_args_is_help=True)


class Use(StrEnum):
    """What a key is for."""

    SIGN = "sign"
    SEAL = "seal"
    TLS_SERVER = "tls-server"


class KeyKind(StrEnum):
    """What key is made."""

    P256 = "p256"
    P384 = "p384"
    RSA3072 = "rsa3072"


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="New folder.", file_okay=False)],
    port: Annotated[int, typer.Option("--port", help="Port of the gateway in the configuration.")] = 8800,
    as_json: AsJson = False,
) -> None:
    """Make the demo PKI: an authority, the gateway's seal, and every party of the cast, with a ready configuration."""
    try:
        made = create_demo_folder(folder, at=datetime.now(UTC), port=port)
    except FileExistsError as exc:
        raise usage_error(f"{folder} holds a demonstration already; nothing was changed") from exc
    parties = sorted(place.name for place in (made.root / "parties").iterdir())
    if as_json:
        print_json({"folder": str(made.root), "config": str(made.config), "parties": parties})
        return
    out().print(Text(f"{made.config}"))
    err().print(Text(f"Parties: {', '.join(parties)}. Next: sealpost serve --config {made.config}"))


@app.command("issue")
def issue_key(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of `keys init`.", exists=True, file_okay=False)],
    to: Annotated[Path, typer.Argument(metavar="FILE", help="New file for key and certificate, PEM.", dir_okay=False)],
    common_name: Annotated[str, typer.Option("--common-name", help="Name of the holder.")],
    use: Annotated[Use, typer.Option("--use", help="What the key is for.")] = Use.SIGN,
    kind: Annotated[KeyKind, typer.Option("--kind", help="What key.")] = KeyKind.P256,
    serial_number: Annotated[
        str | None,
        typer.Option("--serial-number", help="A person's number, as on an eID.", envvar="SEALPOST_SERIAL_NUMBER"),
    ] = None,
    organization: Annotated[str | None, typer.Option("--organization", help="Name of the organisation.")] = None,
    organization_identifier: Annotated[
        str | None, typer.Option("--organization-identifier", help="Its number, such as NTRBE-0123456749.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Issue one more key under the demo authority."""
    with answering(as_json=as_json):
        authority = load_key(DemoFolder(root=folder).authority, None)
        identity = issue(
            authority,
            common_name,
            use=use.value,
            key=kind.value,
            serial_number=serial_number,
            organization=organization,
            organization_identifier=organization_identifier,
            at=datetime.now(UTC),
        )
        try:
            write_secret(to, identity_to_pem(identity))
        except FileExistsError as exc:
            raise usage_error(f"{to} exists; nothing was changed") from exc
        if as_json:
            print_json({"file": str(to), "certificate": identity.fingerprint})
        else:
            out().print(Text(f"{to}  {identity.fingerprint}"))


@app.command()
def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Key and certificate, PEM or PKCS#12.", exists=True)],
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> None:
    """Say whose certificate a key file holds, and until when."""
    with answering(as_json=as_json):
        identity = load_key(file, password_file)
        certificate = identity.certificate
        facts = {
            "subject": certificate.subject.rfc4514_string(),
            "issuer": certificate.issuer.rfc4514_string(),
            "notBefore": certificate.not_valid_before_utc.isoformat(),
            "notAfter": certificate.not_valid_after_utc.isoformat(),
            "certificate": identity.fingerprint,
        }
        if as_json:
            print_json(facts)
            return
        for name, fact in facts.items():
            out().print(Text(f"{name:12} {fact}"))
