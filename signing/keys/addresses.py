"""Where a key is: a file, or an address in a token (RFC 7512). Nothing is opened here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias
from urllib.parse import unquote_to_bytes, urlsplit

from signing.errors import KeyUnavailable

SCHEME: Final = "pkcs11:"
MAX_SESSIONS: Final = 64

_PCHAR: Final = r"(?:[A-Za-z0-9\-._~:\[\]@!$'()*+,=&/]|%[0-9A-Fa-f]{2})*"
_PAIR: Final = re.compile(rf"([a-z0-9_-]+)=({_PCHAR})")
_TOKEN: Final = ("token", "serial", "manufacturer", "model")
_PATH: Final = (*_TOKEN, "object", "id", "type")
_QUERY: Final = ("module-path", "pin-source", "x-certificates", "x-sessions")


@dataclass(frozen=True, kw_only=True)
class TokenAddress:
    """One private key in a token, by a PKCS#11 URI.

    token: what the token must say of itself, by attribute (`token`, `serial`, `manufacturer`, `model`).
    label, id: of the key; at least one is given. module: the library of the token's maker.
    pin_source: file with the PIN; None: it is given otherwise. certificates: PEM of the certificate and its chain,
    for a token that holds none. sessions: how many may be used at once; more than one only where the module says that
    it may be called by several threads although it was not asked to lock.
    """

    token: Mapping[str, str]
    module: Path
    label: str | None = None
    id: bytes | None = None
    pin_source: Path | None = None
    certificates: Path | None = None
    sessions: int = 1

    def __str__(self) -> str:
        """What may be shown: which key of which token, nothing of how it is opened."""
        named = [*self.token.values(), *([self.label] if self.label else []), *([self.id.hex()] if self.id else [])]
        return f"{SCHEME} {'/'.join(named)}"


KeyPlace: TypeAlias = Path | TokenAddress


def key_place(text: str, *, folder: Path | None = None) -> KeyPlace:
    """The place that `text` names: a `pkcs11:` address, else a file. folder: what relative paths are relative to.

    Raises KeyUnavailable (token-address).
    """
    base = folder or Path()
    return token_address(text, folder=base) if text.startswith(SCHEME) else base / text


def token_address(text: str, *, folder: Path) -> TokenAddress:
    """Read a PKCS#11 URI.

    What is not understood is refused, never ignored: it might have chosen another key. So is `pin-value`, which would
    be a secret in a configuration or a command line, and any `pin-source` that is not a file.
    Raises KeyUnavailable (token-address). Source: RFC 7512, 2.3 and 2.4.
    """
    if not text.startswith(SCHEME):
        raise _wrong("it must begin with pkcs11:")
    path, _, query = text.removeprefix(SCHEME).partition("?")
    where, how = _pairs(path, ";", _PATH), _pairs(query, "&", _QUERY)
    if where.pop("type", b"private") != b"private":
        raise _wrong("type must be private")
    token: dict[str, str] = {name: _text(name, where[name]) for name in _TOKEN if name in where}
    if not token:
        raise _wrong(f"it must name the token by one of {', '.join(_TOKEN)}")
    if "object" not in where and "id" not in where:
        raise _wrong("it must name the key by object or id")
    if "module-path" not in how:
        raise _wrong("module-path must name the library of the token")
    source, certificates = how.get("pin-source"), how.get("x-certificates")
    return TokenAddress(
        token=MappingProxyType(token),
        label=_text("object", where["object"]) if "object" in where else None,
        id=where.get("id"),
        module=folder / _text("module-path", how["module-path"]),
        pin_source=None if source is None else _file("pin-source", source, folder),
        certificates=None if certificates is None else _file("x-certificates", certificates, folder),
        sessions=_sessions(how.get("x-sessions", b"1")),
    )


def _pairs(text: str, separator: str, known: tuple[str, ...]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for each in text.split(separator) if text else ():
        pair = _PAIR.fullmatch(each)
        if pair is None:
            raise _wrong("it is not made of name=value, with %XX for what is not plain")
        name, value = pair.groups()
        if name not in known:
            raise _wrong(f"of the attributes known here are {', '.join(known)}")
        if name in found:
            raise _wrong(f"{name} stands twice")
        found[name] = unquote_to_bytes(value)
    return found


def _text(name: str, value: bytes) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        raise _wrong(f"{name} is not UTF-8") from None
    if not text or "\0" in text:
        raise _wrong(f"{name} is empty, or holds a character that no name has")
    return text


def _file(name: str, value: bytes, folder: Path) -> Path:
    """A path, or a file: URI without a host."""
    text = _text(name, value)
    if text.startswith("file:"):
        text = text.removeprefix("file:")
        if text.startswith("//"):
            parts = urlsplit(text)
            if parts.netloc or parts.query or parts.fragment:
                raise _wrong(f"{name} is not a file of this machine")
            text = parts.path
    elif text.startswith("|") or re.match(r"[a-z][a-z0-9+.-]*:", text):
        raise _wrong(f"{name} must be a file; no program is run and nothing is fetched for it")
    return folder / text


def _sessions(value: bytes) -> int:
    if not value.isdigit() or not 1 <= int(value) <= MAX_SESSIONS:
        raise _wrong(f"x-sessions must be a number from 1 to {MAX_SESSIONS}")
    return int(value)


def _wrong(why: str) -> KeyUnavailable:
    return KeyUnavailable("token-address", f"not a PKCS#11 address that is understood here: {why}")
