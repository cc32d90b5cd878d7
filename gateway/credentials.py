"""The keys, trust anchors and secrets that a configuration names, loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gateway.config import Config, Successor, read_secret
from gateway.errors import ConfigError
from gateway.keyring import DatedKey, Keyring, Purpose
from gateway.trustfolder import Trusted, load_trusted
from signing import Identity, KeyPlace, KeyUnavailable, TrustPolicy, load_identity, subject_of, trust_from_pem


def keyrings(config: Config) -> dict[Purpose, Keyring]:
    """The keys of the gateway by purpose; those that nobody gave are not there. Raises ConfigError."""
    rings = {
        Purpose.SERVICE: _keyring(
            config.identity, config.service_successors, "service", password=config.identity_password
        )
    }
    if config.push_identity is not None:
        rings[Purpose.PUSH] = _keyring(
            config.push_identity, config.push_successors, "push", password=config.push_password
        )
    if config.mailbox_identity is not None:
        rings[Purpose.MAILBOX] = _keyring(
            config.mailbox_identity, config.mailbox_successors, "mailbox", password=config.mailbox_password
        )
    return rings


def _keyring(place: KeyPlace, successors: Sequence[Successor], section: str, *, password: bytes | None) -> Keyring:
    first = _identity(place, section, password=password)
    keys = [DatedKey(identity=first, since=first.certificate.not_valid_before_utc)]
    for successor in successors:
        identity = _identity(successor.place, section, password=password)
        if _organisation(identity) != _organisation(first):
            told = f"of another organisation: its certificate must name {_organisation(first) or 'none'}"
            raise ConfigError(
                f"{section}-identity", f"{section}.next: {successor.place}: {told} (organizationIdentifier)"
            )
        keys.append(DatedKey(identity=identity, since=successor.since))
    try:
        return Keyring(keys)
    except ValueError as error:
        raise ConfigError(f"{section}-identity", f"{section}.next: {error}") from error


def _identity(place: KeyPlace, section: str, *, password: bytes | None) -> Identity:
    try:
        return load_identity(place, password=password)
    except KeyUnavailable as error:
        raise ConfigError(f"{section}-identity", f"{section}.identity: {place}: {error.detail}") from error


def _organisation(identity: Identity) -> str | None:
    return subject_of(identity.certificate).organization_identifier


def trusted(config: Config) -> Trusted:
    """The anchors of the configuration, and what its folder adds to them. Raises ConfigError."""
    anchors = times = _trust(config.anchors, "anchors").anchors
    if config.timestamp_anchors is not None:
        times = _trust(config.timestamp_anchors, "timestamp_anchors").anchors
    if config.trust_folder is None:
        return Trusted(signers=TrustPolicy(anchors), timestamps=TrustPolicy(times))
    if not config.trust_folder.is_dir():
        raise ConfigError("trust-folder", f"trust.folder: {config.trust_folder}: there is no such folder")
    found = load_trusted(config.trust_folder)
    return Trusted(
        signers=replace(found.signers, anchors=anchors),
        timestamps=replace(found.timestamps, anchors=times),
        lists=found.lists,
    )


def _trust(file: Path, key: str) -> TrustPolicy:
    try:
        return trust_from_pem(read_secret(file, f"trust.{key}"))
    except KeyUnavailable as error:
        raise ConfigError("trust-anchors", f"trust.{key}: {file}: {error.detail}") from error


def admin_token(config: Config) -> str:
    """The administrator's token. Raises ConfigError."""
    token = read_secret(config.admin_token, "secrets.admin_token").decode().strip()
    if len(token) < 20:
        raise ConfigError("admin-token-too-short", "secrets.admin_token must hold at least 20 characters")
    return token
