"""The demonstration's keys: an authority, the gateway and every party of the cast, written to one folder.

    <folder>/authority.pem             the demo authority (key and certificate)
    <folder>/anchors.pem               its certificate: what everybody here trusts
    <folder>/gateway.pem               the certificate of the gateway's seal, for those who open its envelopes
    <folder>/gateway.toml              a configuration that `sealpost serve` takes as it is
    <folder>/gateway/                  service.pem (the gateway's seal), journal.key (signs checkpoints of the journal),
                                       time-stamps.pem (an authority in the gateway's own process), identifier.key,
                                       admin.token
    <folder>/parties/<id>/             signing.pem, sealing.pem, party.json (what the gateway registers), later: token

Folders are 0700 and secrets 0600 from the moment they exist; nothing is ever overwritten. For demonstration and tests
only: real keys come from cards and from qualified providers.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.serialization import Encoding

from gateway.demo.cast import CAST, CastMember, KeyKind
from gateway.identifiers import SCHEMES, Holder
from gateway.views import EndpointRecord, PartyRecord
from signing import Identity, identity_to_pem, new_note_key
from signing.issuing import issue, issue_authority

IDENTIFIER_KEY_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class DemoFolder:
    """The places inside a folder made by `create_demo_folder`."""

    root: Path

    @property
    def authority(self) -> Path:
        return self.root / "authority.pem"

    @property
    def anchors(self) -> Path:
        return self.root / "anchors.pem"

    @property
    def config(self) -> Path:
        return self.root / "gateway.toml"

    @property
    def service(self) -> Path:
        return self.root / "gateway" / "service.pem"

    @property
    def journal_key(self) -> Path:
        return self.root / "gateway" / "journal.key"

    @property
    def time_stamps(self) -> Path:
        return self.root / "gateway" / "time-stamps.pem"

    @property
    def gateway_certificate(self) -> Path:
        return self.root / "gateway.pem"

    @property
    def identifier_key(self) -> Path:
        return self.root / "gateway" / "identifier.key"

    @property
    def admin_token(self) -> Path:
        return self.root / "gateway" / "admin.token"

    @property
    def store(self) -> Path:
        return self.root / "gateway" / "store.sqlite3"

    def party(self, party_id: str) -> Path:
        return self.root / "parties" / party_id

    def signing(self, party_id: str) -> Path:
        return self.party(party_id) / "signing.pem"

    def sealing(self, party_id: str) -> Path:
        return self.party(party_id) / "sealing.pem"

    def token(self, party_id: str) -> Path:
        return self.party(party_id) / "token"


def create_demo_folder(
    root: Path,
    *,
    at: datetime,
    port: int,
    host: str = "127.0.0.1",
    retry_schedule_s: tuple[float, ...] | None = None,
    cast: Sequence[CastMember] = CAST,
) -> DemoFolder:
    """Make all keys of the cast and a configuration for a gateway at `host` and `port`.

    at: when the certificates begin to be valid. retry_schedule_s: waits between pushes, None for the gateway's own.
    Raises FileExistsError when the folder holds a demonstration already.
    """
    folder = DemoFolder(root=root.absolute())
    for place in (folder.root, folder.service.parent, folder.root / "parties"):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority = issue_authority("Sealpost Demo Authority", at=at)
    write_secret(folder.authority, identity_to_pem(authority))
    service = issue(
        authority,
        "Sealpost Demo Gateway",
        use="sign",
        organization="Sealpost Demo",
        organization_identifier="NTRBE-0444444496",
        at=at,
    )
    write_secret(folder.service, identity_to_pem(service))
    write_secret(folder.journal_key, new_note_key())
    write_secret(folder.time_stamps, identity_to_pem(issue(authority, "Sealpost Demo Time Stamps", use="stamp", at=at)))
    folder.gateway_certificate.write_text(_pem(service), encoding="ascii")
    write_secret(folder.identifier_key, secrets.token_bytes(IDENTIFIER_KEY_BYTES))
    write_secret(folder.admin_token, secrets.token_urlsafe(32).encode() + b"\n")
    for member in cast:
        _create_party(folder, member, authority=authority, at=at)
    folder.anchors.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    folder.config.write_text(_config(folder, host=host, port=port, retry_schedule_s=retry_schedule_s), encoding="utf-8")
    return folder


def party_record(folder: DemoFolder, party_id: str, *, endpoint: EndpointRecord | None = None) -> PartyRecord:
    """What the administrator registers of a party; its mailbox unless another endpoint is given."""
    record: PartyRecord = json.loads((folder.party(party_id) / "party.json").read_text(encoding="utf-8"))
    if endpoint is not None:
        record["endpoint"] = endpoint
    return record


def write_secret(path: Path, secret: bytes) -> None:
    """Write a new file that only its owner may read. Raises FileExistsError rather than overwrite."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secret)


def _create_party(folder: DemoFolder, member: CastMember, *, authority: Identity, at: datetime) -> None:
    folder.party(member.id).mkdir(mode=0o700)
    signing = _issue(authority, member, use="sign", key=member.signing_key, at=at)
    sealing = _issue(authority, member, use="seal", key=member.sealing_key, at=at)
    write_secret(folder.signing(member.id), identity_to_pem(signing))
    write_secret(folder.sealing(member.id), identity_to_pem(sealing))
    record: PartyRecord = {
        "id": member.id,
        "name": member.name,
        "roles": list(member.roles),
        "identifiers": dict(member.identifiers),
        "signingCertificates": [_pem(signing)],
        "sealingCertificate": _pem(sealing),
        "endpoint": {"kind": "mailbox"},
        "mandates": [{"for": principal, "kinds": list(kinds)} for principal, kinds in member.mandates.items()],
    }
    if member.postal:
        record["postal"] = list(member.postal)
    # The record holds a person's national number, so it is kept like a secret.
    write_secret(folder.party(member.id) / "party.json", json.dumps(record, indent=2).encode())


def _issue(
    authority: Identity, member: CastMember, *, use: Literal["sign", "seal"], key: KeyKind, at: datetime
) -> Identity:
    return issue(
        authority,
        member.name,
        use=use,
        key=key,
        serial_number=_stated(member, Holder.PERSON) if member.person else None,
        organization=None if member.person else member.name,
        organization_identifier=None if member.person else _stated(member, Holder.ORGANISATION),
        at=at,
    )


def _stated(member: CastMember, holder: Holder) -> str | None:
    """The number of that sort as a certificate states it."""
    return next(
        (
            f"{SCHEMES[name].stated_as[0]}{value}"
            for name, value in member.identifiers.items()
            if SCHEMES[name].holder is holder
        ),
        None,
    )


def _pem(identity: Identity) -> str:
    return identity.certificate.public_bytes(Encoding.PEM).decode("ascii")


def _config(folder: DemoFolder, *, host: str, port: int, retry_schedule_s: tuple[float, ...] | None) -> str:
    sections: dict[str, dict[str, object]] = {
        "gateway": {"name": "sealpost-demo"},
        "server": {"host": host, "port": port},
        "store": {"path": _below(folder, folder.store)},
        "service": {"identity": _below(folder, folder.service)},
        "trust": {"anchors": _below(folder, folder.anchors)},
        "secrets": {
            "identifier_key": _below(folder, folder.identifier_key),
            "admin_token": _below(folder, folder.admin_token),
        },
        "journal": {"key": _below(folder, folder.journal_key), "close_after_s": 1},
        "timestamps": {"demonstration": _below(folder, folder.time_stamps)},
        "push": {"allowed_networks": ["127.0.0.0/8"]},  # everybody in the demonstration is on this machine
    }
    if retry_schedule_s is not None:
        sections["dispatch"] = {
            "retry_schedule_s": list(retry_schedule_s),
            "breaker_pause_s": max(retry_schedule_s),  # so that a machine that starts slowly is not out for a minute
            "poll_s": 0.05,
        }
    return toml_text(sections)


def _below(folder: DemoFolder, path: Path) -> str:
    """The path as the configuration says it, so that the folder can be moved."""
    return str(path.relative_to(folder.root))


def toml_text(sections: dict[str, dict[str, object]]) -> str:
    """Sections of strings, numbers, booleans and lists of them as TOML (for these, JSON's notation is TOML's)."""
    blocks = (
        "\n".join([f"[{name}]", *(f"{key} = {json.dumps(entry)}" for key, entry in entries.items())])
        for name, entries in sections.items()
    )
    return "\n\n".join(blocks) + "\n"
