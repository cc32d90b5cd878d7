"""Configuration: a frozen object from one TOML file; unknown keys are refused, every error names its key.

Paths are relative to the file. Private keys and secrets are files of their own, or keys in a token; they are never
values in the configuration.
"""

from __future__ import annotations

import math
import os
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.addresses import Network, network
from gateway.errors import ConfigError
from gateway.model import RevocationPolicy
from signing import KeyPlace, KeyUnavailable, key_place


@dataclass(frozen=True, kw_only=True)
class Successor:
    """A key that takes over from the one before at a moment."""

    place: KeyPlace
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Config:
    """How one gateway runs.

    name: party id in whose name evidence is issued. identity: the service seal: a file, PEM or PKCS#12, or a `pkcs11:`
    address (password or PIN from the environment variable SEALPOST_IDENTITY_PASSWORD, the PIN also from the file that
    the address names). anchors: PEM of the trust anchors. identifier_key: file of at
    least 32 random bytes. code_lists: folder of this installation's own code lists.
    admin_token: file with the administrator's token. public_url: where anybody finds the gateway, printed on renditions
    as the address of the public check; none is printed unless given. processes: how many take forms in, one for each
    core unless given. workers: how many deliver, one for each core and at most two unless given. kept_per_day: see
    idempotency.count_kept. request_timeout_s: for a head, then a body, to come whole, and for an answer to be read.
    schedule_s, give_up_after_s: see lifecycle.RetryPolicy. warn_after_s, remind_after_s: see lifecycle.Patience.
    watch_every_s: how often the watch looks what is due.
    paper_party: the print station. paper_roles: recipients whom paper may reach: a copy of each of their forms is
    sealed for the print station too. paper_by_itself: whether it gets it when it is time, without an operator.
    paper_slip_after_days: how long the post may be silent of a letter. store_min_free_mb: an alert begins when the
    disk of the store has less room.
    mailbox_identity: wraps the keys of hosted mailboxes (password or PIN: SEALPOST_MAILBOX_PASSWORD); without it none
    are hosted. …_successors: the keys that take over, each from its moment, with the same password.
    push_allowed_networks: networks that are not public and may be pushed to. push_identity: the key that signs pushes,
    as a file or address; the service seal's unless given. push_certificate, push_key: PEM shown to endpoints that ask
    for a TLS client certificate (password of both: SEALPOST_PUSH_PASSWORD).
    timestamp_anchors: PEM of the anchors of time stamps, `anchors` unless given. revocation_…: whether
    issuers of certificates are asked (see model.RevocationPolicy), how long about one signature, how long an answer
    is used, how long who is silent is left alone, when an alert begins that nobody answered about a form or receipt
    that was taken all the same (it is asked about again), and networks that are not public and may be asked in.
    journal_key: PEM of the key on Ed25519 that signs checkpoints, the service seal's unless given (password:
    SEALPOST_JOURNAL_PASSWORD). journal_origin: name of the log, `<name>/journal` unless given. journal_retired: keys
    (name+id+key) that signed checkpoints before. journal_close_after_s, journal_close_at: see batches.Rhythm.
    witnesses: each "name+id+key url", or without the address one that is asked no more. timestamp_authorities: their
    addresses, the preferred one first. timestamp_policies: object identifiers that count, all unless given.
    timestamp_late_after_s: when an alert begins. timestamp_demonstration: PEM of an authority in this process.
    trust_folder: dated anchors and trusted lists, beside `anchors` (see trustfolder.py).
    """

    name: str
    store_engine: str
    store_path: Path
    identity: KeyPlace
    anchors: Path
    identifier_key: Path
    admin_token: Path
    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str | None = None
    processes: int | None = None
    workers: int | None = None
    kept_per_day: int = 2000
    request_timeout_s: float = 30
    retry_schedule_s: tuple[float, ...] = (60, 300, 900, 3600, 10800)
    give_up_after_s: float = 72 * 3600
    lease_s: float = 120
    poll_s: float = 0.25
    pushers: int = 32
    breaker_failures: int = 5
    breaker_pause_s: float = 60
    warn_after_s: float = 12 * 3600
    remind_after_s: float = 24 * 3600
    watch_every_s: float = 60
    paper_party: str | None = None
    paper_roles: tuple[str, ...] = ()
    paper_by_itself: bool = False
    paper_lead_working_days: int = 2
    paper_slip_after_days: int = 21
    store_min_free_mb: int = 1024
    schemas: Path | None = None
    code_lists: Path | None = None
    push_allowed_networks: tuple[Network, ...] = ()
    push_identity: KeyPlace | None = None
    push_certificate: Path | None = None
    push_key: Path | None = None
    timestamp_anchors: Path | None = None
    trust_folder: Path | None = None
    revocation_policy: RevocationPolicy = RevocationPolicy.PREFER
    revocation_timeout_s: float = 3
    revocation_kept_for_s: float = 300
    revocation_pause_s: float = 30
    revocation_late_after_s: float = 86400
    revocation_allowed_networks: tuple[Network, ...] = ()
    journal_key: Path | None = None
    journal_origin: str | None = None
    journal_retired: tuple[str, ...] = ()
    journal_close_after_s: float = 60
    journal_close_at: int = 10_000
    journal_every_s: float = 1
    witnesses: tuple[str, ...] = ()
    timestamp_authorities: tuple[str, ...] = ()
    timestamp_policies: tuple[str, ...] = ()
    timestamp_late_after_s: float = 3600
    timestamp_demonstration: Path | None = None
    service_successors: tuple[Successor, ...] = ()
    push_successors: tuple[Successor, ...] = ()
    mailbox_identity: KeyPlace | None = None
    mailbox_successors: tuple[Successor, ...] = ()
    identity_password: bytes | None = field(default=None, repr=False)
    journal_password: bytes | None = field(default=None, repr=False)
    push_password: bytes | None = field(default=None, repr=False)
    mailbox_password: bytes | None = field(default=None, repr=False)


_KEYS: Mapping[str, Mapping[str, tuple[str, Any]]] = {
    "gateway": {"name": ("name", str), "schemas": ("schemas", Path), "codelists": ("code_lists", Path)},
    "server": {
        "host": ("host", str),
        "port": ("port", int),
        "public_url": ("public_url", str),
        "processes": ("processes", int),
        "request_timeout_s": ("request_timeout_s", (int, float)),
        "kept_per_day": ("kept_per_day", int),
    },
    "store": {
        "engine": ("store_engine", str),
        "path": ("store_path", Path),
        "min_free_mb": ("store_min_free_mb", int),
    },
    "service": {"identity": ("identity", KeyPlace), "next": ("service_successors", Successor)},
    "mailbox": {"identity": ("mailbox_identity", KeyPlace), "next": ("mailbox_successors", Successor)},
    "trust": {
        "anchors": ("anchors", Path),
        "timestamp_anchors": ("timestamp_anchors", Path),
        "folder": ("trust_folder", Path),
    },
    "revocation": {
        "policy": ("revocation_policy", RevocationPolicy),
        "timeout_s": ("revocation_timeout_s", (int, float)),
        "kept_for_s": ("revocation_kept_for_s", (int, float)),
        "pause_s": ("revocation_pause_s", (int, float)),
        "late_after_s": ("revocation_late_after_s", (int, float)),
        "allowed_networks": ("revocation_allowed_networks", Network),
    },
    "secrets": {"identifier_key": ("identifier_key", Path), "admin_token": ("admin_token", Path)},
    "dispatch": {
        "retry_schedule_s": ("retry_schedule_s", list),
        "give_up_after_s": ("give_up_after_s", (int, float)),
        "lease_s": ("lease_s", (int, float)),
        "poll_s": ("poll_s", (int, float)),
        "workers": ("workers", int),
        "pushers": ("pushers", int),
        "breaker_failures": ("breaker_failures", int),
        "breaker_pause_s": ("breaker_pause_s", (int, float)),
    },
    "watch": {
        "warn_after_s": ("warn_after_s", (int, float)),
        "remind_after_s": ("remind_after_s", (int, float)),
        "every_s": ("watch_every_s", (int, float)),
    },
    "paper": {
        "party": ("paper_party", str),
        "roles": ("paper_roles", tuple),
        "by_itself": ("paper_by_itself", bool),
        "lead_working_days": ("paper_lead_working_days", int),
        "slip_after_days": ("paper_slip_after_days", int),
    },
    "push": {
        "allowed_networks": ("push_allowed_networks", Network),
        "identity": ("push_identity", KeyPlace),
        "next": ("push_successors", Successor),
        "certificate": ("push_certificate", Path),
        "key": ("push_key", Path),
    },
    "journal": {
        "key": ("journal_key", Path),
        "origin": ("journal_origin", str),
        "retired": ("journal_retired", tuple),
        "close_after_s": ("journal_close_after_s", (int, float)),
        "close_at": ("journal_close_at", int),
        "every_s": ("journal_every_s", (int, float)),
        "witnesses": ("witnesses", tuple),
    },
    "timestamps": {
        "authorities": ("timestamp_authorities", tuple),
        "policies": ("timestamp_policies", tuple),
        "late_after_s": ("timestamp_late_after_s", (int, float)),
        "demonstration": ("timestamp_demonstration", Path),
    },
}
_EXAMPLES = {
    "paper.roles": 'roles, such as "Worker"',
    "journal.retired": "keys, each name+id+key",
    "journal.witnesses": 'witnesses, each "name+id+key https://witness.example"',
    "timestamps.authorities": 'addresses, such as "https://time.example/tsr"',
    "timestamps.policies": 'object identifiers, such as "1.2.3"',
}
_LIMITS = {
    "server.port": (0, 65535),
    "dispatch.pushers": (1, 1000),
    "server.processes": (1, 256),
    "dispatch.workers": (1, 256),
    "dispatch.lease_s": (1, 3600),  # a store takes a longer one for one of a clock that was set back
    "revocation.timeout_s": (0.1, 30),
    "revocation.kept_for_s": (1, 900),  # signing takes any answer for so long
    "journal.close_at": (1, 10_000),
}  # every other number is above zero
MAX_PUBLIC_URL = 120  # it stands in a QR code
_PUBLIC_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(?:/[A-Za-z0-9._~/-]*)?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # it stands in every piece of evidence
_REQUIRED = {
    "gateway.name",
    "store.path",
    "service.identity",
    "trust.anchors",
    "secrets.identifier_key",
    "secrets.admin_token",
}


def is_public_url(text: str) -> bool:
    """Whether it may be printed as the address of a gateway: no user, no query, not long."""
    return len(text) <= MAX_PUBLIC_URL and _PUBLIC_URL.fullmatch(text) is not None


def load_config(path: Path, *, folder: Path | None = None) -> Config:
    """Read a configuration file. Raises ConfigError naming the key.

    folder: what paths in it are relative to, if not the folder that it lies in.
    """
    base = path.parent if folder is None else folder
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError("config-unreadable", f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("config-not-toml", f"{path}: {error}") from error
    values: dict[str, Any] = {"store_engine": "sqlite"}
    for section, entries in data.items():
        known = _KEYS.get(section)
        if known is None or not isinstance(entries, dict):
            raise ConfigError("config-key", f"{path}: [{section}] is not a section; known are {', '.join(_KEYS)}")
        for key, value in entries.items():
            values.update(_entry(f"{section}.{key}", value, known.get(key), path, base))
    missing = _REQUIRED - {f"{section}.{key}" for section, entries in data.items() for key in entries}
    if missing:
        raise ConfigError("config-missing", f"{path}: {', '.join(sorted(missing))} must be given")
    if ("paper_party" in values) != ("paper_roles" in values):
        raise ConfigError("config-missing", f"{path}: paper.party and paper.roles must be given together")
    for purpose in ("push", "mailbox"):
        if f"{purpose}_successors" in values and f"{purpose}_identity" not in values:
            raise ConfigError("config-missing", f"{path}: {purpose}.next needs {purpose}.identity")
    if _NAME.fullmatch(values["name"]) is None:
        raise ConfigError("config-value", f"{path}: gateway.name: letters, digits, '.', '_' and '-', at most 64")
    if not is_public_url(values.get("public_url", "https://unless.given")):
        raise ConfigError(
            "config-value", f"{path}: server.public_url: https://name, at most {MAX_PUBLIC_URL} characters"
        )
    return Config(
        **values,
        identity_password=_password("SEALPOST_IDENTITY_PASSWORD"),
        push_password=_password("SEALPOST_PUSH_PASSWORD"),
        journal_password=_password("SEALPOST_JOURNAL_PASSWORD"),
        mailbox_password=_password("SEALPOST_MAILBOX_PASSWORD"),
    )


def _password(variable: str) -> bytes | None:
    word = os.environ.get(variable)
    return word.encode() if word else None


def _entry(key: str, value: Any, rule: tuple[str, Any] | None, path: Path, base: Path) -> dict[str, Any]:
    if rule is None:
        section = key.partition(".")[0]
        raise ConfigError(
            "config-key", f"{path}: {key} is not a key; known in [{section}] are {', '.join(_KEYS[section])}"
        )
    name, wanted = rule
    if wanted is Path:
        if not isinstance(value, str):
            raise ConfigError("config-value", f"{path}: {key} must be a path")
        return {name: (base / value).resolve()}
    if wanted is KeyPlace:
        return {name: _key_place(key, value, path, base)}
    if wanted is Successor:
        return {name: _successors(key, value, path, base)}
    if wanted is Network:
        return {name: _networks(key, value, path)}
    if wanted is tuple:
        return {name: _texts(key, value, path)}
    if wanted is RevocationPolicy:
        if value not in set(RevocationPolicy):
            raise ConfigError("config-value", f"{path}: {key} must be one of {', '.join(RevocationPolicy)}")
        return {name: RevocationPolicy(value)}
    if wanted is bool and isinstance(value, bool):
        return {name: value}
    if not isinstance(value, wanted) or isinstance(value, bool):
        raise ConfigError("config-value", f"{path}: {key} has the wrong type")
    if isinstance(value, list):
        if not value or not all(
            isinstance(each, int | float) and not isinstance(each, bool) and each >= 0 for each in value
        ):
            raise ConfigError("config-value", f"{path}: {key} must be a list of seconds")
        return {name: tuple(value)}
    least, most = _LIMITS.get(key, (sys.float_info.min, math.inf))
    if isinstance(value, int | float) and not least <= value <= most:
        raise ConfigError("config-value", f"{path}: {key} is out of range")
    return {name: value}


def _key_place(key: str, value: Any, path: Path, base: Path) -> KeyPlace:
    if not isinstance(value, str):
        raise ConfigError("config-value", f"{path}: {key} must be a path or a pkcs11: address")
    try:
        place = key_place(value, folder=base)
    except KeyUnavailable as error:
        raise ConfigError("config-value", f"{path}: {key}: {error.detail}") from error
    return place.resolve() if isinstance(place, Path) else place


def _successors(key: str, value: Any, path: Path, base: Path) -> tuple[Successor, ...]:
    def successor(entry: Any) -> Successor:
        since = entry.get("from") if isinstance(entry, dict) and entry.keys() == {"identity", "from"} else None
        if not isinstance(since, datetime) or since.tzinfo is None:
            raise ConfigError(
                "config-value", f"{path}: {key} must be tables of identity, and from: a moment with its offset"
            )
        return Successor(
            place=_key_place(f"{key}.identity", entry["identity"], path, base), since=since.astimezone(UTC)
        )

    return tuple(successor(entry) for entry in (value if isinstance(value, list) and value else [None]))


def _texts(key: str, value: Any, path: Path) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(each, str) and each for each in value):
        raise ConfigError("config-value", f"{path}: {key} must be a list of {_EXAMPLES[key]}")
    return tuple(value)


def _networks(key: str, value: Any, path: Path) -> tuple[Network, ...]:
    wrong = ConfigError("config-value", f'{path}: {key} must be a list of networks, such as "10.20.0.0/16"')
    if not isinstance(value, list):
        raise wrong
    try:
        return tuple(network(each) for each in value)
    except (TypeError, ValueError) as error:
        raise wrong from error


def read_secret(path: Path, key: str) -> bytes:
    """The bytes of a secret's file. Raises ConfigError naming the key."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError("secret-unreadable", f"{key}: {path}: {error.strerror}") from error
