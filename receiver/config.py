"""The receiver's settings, read once at start from a TOML file. Unknown keys are refused."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from cryptography.x509 import load_pem_x509_certificates

from gateway.call_signature import CALL
from gateway.errors import ConfigError
from gateway.keyring import Keyring
from gateway.push_signature import PushVerifier, RequestSigner, target_uri
from signing import Identity, KeyUnavailable, TrustPolicy, key_place, load_identity, trust_from_pem

T = TypeVar("T")

MIB = 1024 * 1024
DEFAULT_MAX_ENVELOPE_BYTES = 16 * MIB
_KEYS = {
    "receiver": {"party", "store", "accepts", "answer"},
    "keys": {"sealing", "signing"},
    "trust": {"gateway", "signatories", "pushes"},
    "server": {"host", "port", "certificate", "key", "url"},
    "gateway": {"url"},
    "limits": {"max_envelope_bytes"},
}


class ReceiverConfigError(Exception):
    """The settings cannot be used; the message names the key, never a secret."""


@dataclass(frozen=True, kw_only=True)
class ReceiverConfig:
    """Everything the receiver knows of its surroundings.

    party: our party id at the gateway; copies for another party are refused.
    accepts: form kinds we take; empty for all.
    sealing: opens envelopes. signing: signs receipts. Two keys: the first must be backed up, the second never.
    gateway: who may have signed a consignment. signatories: who may have signed a form.
    call_back: the gateway's address, where receipts are posted afterwards; None to answer pushes with their receipt.
    pushes: checks the HTTP signature of every push; None to take pushes without looking at it.
    tls: certificate and key files of the server, None behind a proxy that does TLS or on loopback.
    """

    party: str
    store: Path
    accepts: frozenset[str]
    sealing: Identity
    signing: Identity
    gateway: TrustPolicy
    signatories: TrustPolicy
    call_back: str | None
    pushes: PushVerifier | None
    host: str
    port: int
    tls: tuple[Path, Path] | None
    max_envelope_bytes: int


def load_config(path: Path) -> ReceiverConfig:
    """Read the settings; relative paths start at the folder of the file. Raises ReceiverConfigError."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise ReceiverConfigError(f"{path}: {exc.strerror}") from exc
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise ReceiverConfigError(f"{path} is not TOML: {exc}") from exc
    for table, entries in tables.items():
        for key in entries if isinstance(entries, dict) else [""]:
            if key not in _KEYS.get(table, set()):
                known = ", ".join(sorted(_KEYS.get(table, _KEYS)))
                raise ReceiverConfigError(f"{path}: unknown key [{table}] {key}; known are {known}")
    settings = _Settings(tables=tables, folder=path.absolute().parent)
    certificate, key = settings.path("server", "certificate", ""), settings.path("server", "key", "")
    if (certificate is None) != (key is None):
        raise ReceiverConfigError("[server] certificate and key go together")
    return ReceiverConfig(
        party=settings.get("receiver", "party", str),
        store=settings.needed_path("receiver", "store"),
        accepts=frozenset(map(str, settings.get("receiver", "accepts", list, []))),
        sealing=settings.identity("sealing"),
        signing=settings.identity("signing"),
        gateway=settings.trust("gateway"),
        signatories=settings.trust("signatories"),
        call_back=settings.call_back(),
        pushes=settings.pushes(),
        host=settings.get("server", "host", str, "127.0.0.1"),
        port=settings.get("server", "port", int, 8900),
        tls=(certificate, key) if certificate is not None and key is not None else None,
        max_envelope_bytes=settings.get("limits", "max_envelope_bytes", int, DEFAULT_MAX_ENVELOPE_BYTES),
    )


@dataclass(frozen=True, kw_only=True)
class _Settings:
    """Typed look-ups that name the key when something is wrong with it."""

    tables: Mapping[str, Mapping[str, object]]
    folder: Path

    def get(self, table: str, key: str, kind: type[T], default: T | None = None) -> T:
        entry = self.tables.get(table, {}).get(key, default)
        if not isinstance(entry, kind) or isinstance(entry, bool):
            raise ReceiverConfigError(f"[{table}] {key} must be given, as {kind.__name__}")
        return entry

    def path(self, table: str, key: str, default: str | None = None) -> Path | None:
        entry = self.get(table, key, str, default)
        return self.folder / entry if entry else None

    def needed_path(self, table: str, key: str) -> Path:
        path = self.path(table, key)
        if path is None:
            raise ReceiverConfigError(f"[{table}] {key} is empty")
        return path

    def identity(self, key: str) -> Identity:
        try:
            return load_identity(key_place(self.get("keys", key, str), folder=self.folder))
        except KeyUnavailable as exc:
            raise ReceiverConfigError(f"[keys] {key}: {exc.detail}") from exc

    def call_back(self) -> str | None:
        """Needs all: the wish, where to, and a key that can sign the call."""
        answer, url = self.get("receiver", "answer", str, "now"), self.get("gateway", "url", str, "")
        if answer not in ("now", "later"):
            raise ReceiverConfigError('[receiver] answer is "now" or "later"')
        if answer == "now":
            return None
        try:
            RequestSigner(Keyring.single(self.identity("signing")), CALL)
        except ConfigError as exc:
            raise ReceiverConfigError(
                '[keys] signing must hold a P-256 key where [receiver] answer is "later"'
            ) from exc
        try:
            parts = urlsplit(url)
            usable = parts.scheme in ("http", "https") and parts.hostname and not parts.query and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise ReceiverConfigError('[receiver] answer = "later" needs [gateway] url: http(s), where receipts go')
        return url.rstrip("/")

    def pushes(self) -> PushVerifier | None:
        """Needs both: whose signatures count, and the address that they must be made for."""
        file, url = self.path("trust", "pushes", ""), self.get("server", "url", str, "")
        if file is None:
            return None
        if not url:
            raise ReceiverConfigError("[trust] pushes needs [server] url: our address as the gateway has registered it")
        try:
            certificates = load_pem_x509_certificates(file.read_bytes())
            return PushVerifier(certificates=certificates, url=target_uri(url))
        except OSError as exc:
            raise ReceiverConfigError(f"[trust] pushes: {file}: {exc.strerror}") from exc
        except ValueError as exc:
            raise ReceiverConfigError(f"[trust] pushes: {file} holds no certificate, or [server] url is none") from exc

    def trust(self, key: str) -> TrustPolicy:
        file = self.needed_path("trust", key)
        try:
            return trust_from_pem(file.read_bytes())
        except OSError as exc:
            raise ReceiverConfigError(f"[trust] {key}: {file}: {exc.strerror}") from exc
        except KeyUnavailable as exc:
            raise ReceiverConfigError(f"[trust] {key}: {file}: {exc.detail}") from exc
