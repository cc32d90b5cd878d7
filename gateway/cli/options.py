"""Options that several commands share, each said once, and what is made of them."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from gateway.cli.output import LANG_VARIABLE, speak, spoken, usage_error

if TYPE_CHECKING:
    from typer._click import Parameter

    from gateway.client import Client
    from gateway.trustfolder import Trusted
    from signing import Identity, TrustPolicy

KEY_PASSWORD = "SEALPOST_KEY_PASSWORD"  # noqa: S105 - the name of the variable


class Language(StrEnum):
    """Languages of messages."""

    EN = "en"
    NL = "nl"
    FR = "fr"
    DE = "de"


AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
Lang = Annotated[Language, typer.Option("--lang", help="Language of messages.", envvar=LANG_VARIABLE, callback=speak)]
Url = Annotated[str, typer.Option("--url", help="Where the gateway is.", envvar="SEALPOST_URL")]
Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        help="Your token. Other users of this machine can see it here: the variable or --token-file is better.",
        envvar="SEALPOST_TOKEN",
        show_envvar=True,
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file", help="File that holds your token.", envvar="SEALPOST_TOKEN_FILE", exists=True, dir_okay=False
    ),
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--password-file",
        help=f"File with the password of the key, or the PIN of its token (or ${KEY_PASSWORD}).",
        exists=True,
        dir_okay=False,
    ),
]
ConfigFile = Annotated[Path, typer.Option("--config", help="Configuration, TOML.", exists=True, dir_okay=False)]
KeyFile = Annotated[
    str, typer.Option("--key", metavar="KEY", help="Key and certificate: a PEM or PKCS#12 file, or a pkcs11: address.")
]


def language_alone() -> Parameter:
    """--lang for a command that does not take the language itself: for its labels and errors."""
    alone = typer.Typer()

    @alone.command()
    def speaking(
        lang: Annotated[
            Language | None, typer.Option("--lang", help=f"Language of messages (or ${LANG_VARIABLE}).", callback=speak)
        ] = None,
    ) -> None:
        raise AssertionError("only the option is used")

    (option,) = (each for each in typer.main.get_command(alone).params if each.name == "lang")
    option.expose_value = False
    return option


def client(url: str, token: str | None, token_file: Path | None, *, language: Language | None = None) -> Client:
    """The gateway at `url`, as the owner of the token. language: without it, that in which errors are told."""
    if token is None and token_file is not None:
        token = token_file.read_text(encoding="utf-8").strip()
    if not token:
        raise usage_error("give a token: SEALPOST_TOKEN or --token-file")
    if not (token.isascii() and token.isprintable()):
        raise usage_error("that is not a token: it is one line of printable ASCII characters")
    if not _is_http(url):
        raise usage_error("--url must be an http or https address, such as http://127.0.0.1:8800")
    from gateway.client import Client  # here, so that only who calls a gateway waits for it

    return Client(url, token=token, language=spoken() if language is None else language.value)


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def load_key(place: str | Path, password_file: Path | None) -> Identity:
    """The key in a file or a token. Raises KeyUnavailable naming the place."""
    from signing import KeyUnavailable, key_place, load_identity  # here: only who signs or verifies waits for it

    found = key_place(str(place))
    try:
        return load_identity(found, password=key_password(password_file))
    except KeyUnavailable as exc:
        raise KeyUnavailable(exc.code, f"{found}: {exc.detail}") from exc


def load_trusted(place: Path) -> Trusted:
    """Whom the certificates in a file, or a trust folder, make count. Raises ConfigError naming the file."""
    from gateway import trustfolder  # here, as above

    return trustfolder.load_trusted(place)


def load_trust(file: Path) -> TrustPolicy:
    """The certificates in a file, as those to trust. Raises KeyUnavailable naming the file."""
    from signing import KeyUnavailable, trust_from_pem  # here, as above

    try:
        return trust_from_pem(file.read_bytes())
    except KeyUnavailable as exc:
        raise KeyUnavailable(exc.code, f"{file}: {exc.detail}") from exc


def key_password(password_file: Path | None) -> bytes | None:
    """The password of a key: from the file, from the environment, or none."""
    if password_file is not None:
        return password_file.read_bytes().rstrip(b"\r\n")
    password = os.environ.get(KEY_PASSWORD)
    return None if password is None else password.encode()


def read_input(file: Path) -> bytes:
    """The bytes of a file; `-` is stdin."""
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as exc:
        raise usage_error(f"{file} cannot be read: {exc.strerror}") from exc


def is_pdf(raw: bytes) -> bool:
    """Whether the bytes claim to be a PDF, so that its signature is looked for inside."""
    return raw.startswith(b"%PDF-")
