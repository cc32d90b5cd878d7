"""`keys init | issue | request | certify | show | list | rotate`: keys for demonstrations, in tokens, of a gateway."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

import typer
from cryptography import x509
from rich.text import Text

from gateway.cli.options import AsJson, ConfigFile, PasswordFile, Url, key_password, load_key
from gateway.cli.output import answering, err, headings, out, print_json, print_table, said, usage_error, write_bytes
from gateway.demo.pki import DemoFolder, create_demo_folder, write_secret
from gateway.model import instant_text
from signing import TokenAddress, identity_to_pem, key_place
from signing.issuing import issue
from signing.model import PrivateKey

app = typer.Typer(help="Keys: for demonstrations and tests, in tokens, and those of a gateway.", no_args_is_help=True)


class Use(StrEnum):
    """What a key is for."""

    SIGN = "sign"
    SEAL = "seal"
    TLS_SERVER = "tls-server"


class Rotated(StrEnum):
    """Which key is succeeded."""

    SERVICE = "service"
    PUSH = "push"
    MAILBOX = "mailbox"


class KeyKind(StrEnum):
    """What key is made."""

    P256 = "p256"
    P384 = "p384"
    RSA3072 = "rsa3072"


OVERLAP = timedelta(days=7)
TokenKey = Annotated[str, typer.Argument(metavar="KEY", help="A pkcs11: address.")]


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
    next_one = f"sealpost serve --config {made.config}"
    err().print(Text(said("Parties: {names}. Next: {command}", names=", ".join(parties), command=next_one)))


@app.command("issue")
def issue_key(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of `keys init`.", exists=True, file_okay=False)],
    to: Annotated[
        str, typer.Argument(metavar="KEY", help="New PEM file, or pkcs11: address at which the key is made.")
    ],
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
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> None:
    """Issue one more key under the demo authority."""
    with answering(as_json=as_json):
        authority = load_key(DemoFolder(root=folder).authority, None)
        place = key_place(to)
        holder_key = None
        if isinstance(place, TokenAddress):
            holder_key = _made_in_token(place, use, kind, password_file)
        identity = issue(
            authority,
            common_name,
            use=use.value,
            key=kind.value,
            serial_number=serial_number,
            organization=organization,
            organization_identifier=organization_identifier,
            at=datetime.now(UTC),
            holder_key=holder_key,
        )
        if isinstance(place, TokenAddress):
            _lay_beside(place, [identity.certificate, authority.certificate], password_file)
        else:
            try:
                write_secret(place, identity_to_pem(identity))
            except FileExistsError as exc:
                raise usage_error(f"{place} exists; nothing was changed") from exc
        if as_json:
            print_json({"file": str(place), "certificate": identity.fingerprint})
        else:
            out().print(Text(f"{place}  {identity.fingerprint}"))


@app.command()
def request(
    key: TokenKey,
    common_name: Annotated[str, typer.Option("--common-name", help="Name of the holder.")],
    use: Annotated[Use, typer.Option("--use", help="What the key is for.")] = Use.SIGN,
    kind: Annotated[KeyKind, typer.Option("--kind", help="What key.")] = KeyKind.P256,
    organization: Annotated[str | None, typer.Option("--organization", help="Name of the organisation.")] = None,
    organization_identifier: Annotated[
        str | None, typer.Option("--organization-identifier", help="Its number, such as NTRBE-0123456749.")
    ] = None,
    to: Annotated[Path | None, typer.Option("--out", help="Where to write; stdout if not given.")] = None,
    password_file: PasswordFile = None,
) -> None:
    """Make a key in a token, and the request (PKCS#10) with which an authority certifies it."""
    from signing.keys.provisioning import request_certificate

    with answering(as_json=False):
        made = _made_in_token(_token_address(key), use, kind, password_file)
        named = (
            (x509.NameOID.COMMON_NAME, common_name),
            (x509.NameOID.ORGANIZATION_NAME, organization),
            (x509.NameOID.ORGANIZATION_IDENTIFIER, organization_identifier),
        )
        name = x509.Name([x509.NameAttribute(oid, value) for oid, value in named if value is not None])
        write_bytes(request_certificate(made, name), to)


@app.command()
def certify(
    key: TokenKey,
    certificates: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Its certificate, then those that lead on from it, PEM.", exists=True, dir_okay=False
        ),
    ],
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> None:
    """Lay the certificate that an authority issued beside its key in the token."""
    with answering(as_json=as_json):
        address = _token_address(key)
        try:
            found = x509.load_pem_x509_certificates(certificates.read_bytes())
        except ValueError as exc:
            raise usage_error(f"{certificates} holds no certificates in PEM") from exc
        _lay_beside(address, found, password_file)
        identity = load_key(key, password_file)
        if as_json:
            print_json({"key": str(address), "certificate": identity.fingerprint})
        else:
            out().print(Text(f"{address}  {identity.fingerprint}"))


@app.command()
def show(
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="Key and certificate: a PEM or PKCS#12 file, or a pkcs11: address.")
    ],
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> None:
    """Say whose certificate stands beside a key, and until when."""
    with answering(as_json=as_json):
        identity = load_key(key, password_file)
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
        labels = headings("holder", "issuer", "valid from", "valid until", "certificate")
        for label, fact in zip(labels, facts.values(), strict=True):
            out().print(Text(f"{label:{max(map(len, labels))}}  {fact}"))


@app.command("list")
def list_keys(url: Url, as_json: AsJson = False) -> None:
    """List the gateway's keys: in use, announced, and former ones, by which older evidence is verified."""
    from gateway.client import Client

    with answering(as_json=as_json), Client(url) as gateway:
        items = gateway.keys()
        if as_json:
            print_json({"items": items})
            return
        print_table(
            headings("purpose", "state", "since", "until", "fingerprint"),
            [
                (each["purpose"], each["state"], each["from"], each.get("until", ""), each["fingerprint"])
                for each in items
            ],
        )


@app.command()
def rotate(
    config: ConfigFile,
    key: Annotated[str, typer.Option("--key", metavar="KEY", help="The next key: a file, or a pkcs11: address.")],
    since: Annotated[
        datetime | None, typer.Option("--from", help="When it takes over, UTC; in a week if not given.")
    ] = None,
    purpose: Annotated[Rotated, typer.Option("--purpose", help="What the key is for.")] = Rotated.SERVICE,
    as_json: AsJson = False,
) -> None:
    """Let another key take over at a moment: it is written into the configuration, and known from the next start on.

    The key before it stays published, and what it signed stays valid.
    """
    from gateway.config import load_config
    from gateway.credentials import keyrings
    from gateway.keyring import Purpose

    now = datetime.now(UTC)
    moment = (now + OVERLAP if since is None else since.replace(tzinfo=UTC)).replace(microsecond=0)
    if moment <= now:
        raise usage_error("--from must lie ahead, so that whoever verifies can learn of the key before it is used")
    with answering(as_json=as_json):
        before = config.read_text(encoding="utf-8")
        block = f"[[{purpose}.next]]\nidentity = {json.dumps(_as_written(key, config))}\nfrom = {moment.isoformat()}\n"
        with TemporaryDirectory(dir=config.parent) as folder:
            draft = Path(folder) / config.name
            draft.write_text(f"{before.rstrip()}\n\n{block}", encoding="utf-8")
            made = keyrings(load_config(draft, folder=config.parent))[Purpose(purpose)].keys[-1]
            draft.chmod(config.stat().st_mode & 0o777)
            draft.replace(config)
        if as_json:
            print_json({"purpose": purpose, "certificate": made.identity.fingerprint, "from": instant_text(moment)})
            return
        out().print(Text(f"{purpose}  {made.identity.fingerprint}  {said('from {at} on', at=instant_text(moment))}"))
        err().print(Text(said("Start the counter again now: from then on the key is published at /v1/keys.")))


def _as_written(key: str, config: Path) -> str:
    """How the configuration names a key: a file relative to it if it lies below, an address as it is."""
    place = key_place(key)
    if isinstance(place, TokenAddress):
        return key
    file, folder = place.absolute(), config.absolute().parent
    return str(file.relative_to(folder) if file.is_relative_to(folder) else file)


def _token_address(key: str) -> TokenAddress:
    place = key_place(key)
    if not isinstance(place, TokenAddress):
        raise usage_error("give a pkcs11: address; a key in a file is made with your own tools")
    return place


def _made_in_token(address: TokenAddress, use: Use, kind: KeyKind, password_file: Path | None) -> PrivateKey:
    from signing.keys.provisioning import make_token_key  # here: who has no token does not wait for its libraries

    purpose: Literal["sign", "open"] = "open" if use is Use.SEAL else "sign"
    return make_token_key(address, kind=kind.value, purpose=purpose, pin=key_password(password_file))


def _lay_beside(address: TokenAddress, certificates: Sequence[x509.Certificate], password_file: Path | None) -> None:
    from signing.keys.provisioning import store_certificates

    store_certificates(address, certificates, pin=key_password(password_file))
