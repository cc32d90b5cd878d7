"""The folder in which an installation keeps whom it trusts, and since when, as data.

    anchors.toml      our own anchors: [[anchor]] file = "internal.pem", for = ["signatures", "timestamps"],
                      since = 2026-01-01T00:00:00Z, until = 2030-01-01T00:00:00Z (both may be left out)
    scheme.pem        who may sign the EU's list of lists, from the Official Journal
    lists/            trusted lists, each as it came
    snapshots.json    when each came, and its digest

Nothing in it is believed because it lies there: every list is verified again, as of when it came, whenever the folder
is read. A list that is no longer what came is an error that names it.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.x509 import Certificate

import signing  # for what reads trusted lists, where there are any: it takes a while to load
from gateway.errors import ConfigError
from gateway.model import instant_text
from signing import (
    DatedAnchor,
    KeyUnavailable,
    QualificationLevel,
    TrustPolicy,
    VerificationFailed,
    sha256,
    trust_from_pem,
)

if TYPE_CHECKING:
    from signing import ListSnapshot, TrustedLists, ValidatedSignature

SIGNATURES, TIMESTAMPS = "signatures", "timestamps"
_KEYS = {"file", "for", "since", "until"}


@dataclass(frozen=True, kw_only=True)
class Trusted:
    """Whose signatures and whose time stamps count, and the lists that say so; none where there is only a PEM file."""

    signers: TrustPolicy
    timestamps: TrustPolicy
    lists: TrustedLists | None = None


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """A line of snapshots.json."""

    file: str
    digest: str
    added_at: datetime


def load_trusted(place: Path) -> Trusted:
    """Whom a folder, or a PEM file of certificates, makes count. Raises ConfigError naming the file."""
    if not place.is_dir():
        policy = TrustPolicy(_certificates(place))
        return Trusted(signers=policy, timestamps=policy)
    lists = load_lists(place)
    own = list(_own_anchors(place))
    dated = {
        purpose: tuple(chain((anchor for meant, anchor in own if purpose in meant), lists.anchors(kind)))
        for purpose, kind in (
            (SIGNATURES, signing.ServiceType.CERTIFICATES),
            (TIMESTAMPS, signing.ServiceType.TIMESTAMPS),
        )
    }
    return Trusted(
        signers=TrustPolicy((), dated=dated[SIGNATURES]),
        timestamps=TrustPolicy((), dated=dated[TIMESTAMPS]),
        lists=lists,
    )


def load_lists(folder: Path) -> TrustedLists:
    """The lists of a folder, verified again. Raises ConfigError naming the file."""
    scheme = folder / "scheme.pem"
    lists = signing.TrustedLists(scheme=_certificates(scheme) if scheme.exists() else ())
    for kept in _kept(folder):
        place = folder / "lists" / kept.file
        try:
            raw = place.read_bytes()
            if sha256(raw) != kept.digest:
                raise ConfigError("trust-list", f"{place}: it is not the list that came")
            lists = lists.admit(raw, at=kept.added_at)
        except OSError as error:
            raise ConfigError("trust-list", f"{place}: {error.strerror}") from error
        except VerificationFailed as failure:
            raise ConfigError("trust-list", f"{place}: {failure.code}: {failure.detail}") from failure
    return lists


def qualification(found: ValidatedSignature, lists: TrustedLists | None) -> QualificationLevel:
    """What trusted lists make of a signature; unknown where there are none."""
    if lists is None:
        return QualificationLevel.UNKNOWN
    return lists.qualify(found.signature.path, at=found.best_signature_time).level


def add_list(folder: Path, raw: bytes, *, at: datetime) -> ListSnapshot:
    """Verify a list that came and keep it. Raises signing.VerificationFailed, ConfigError; OSError."""
    lists = load_lists(folder).admit(raw, at=at)
    snapshot = lists.snapshots[-1]
    name = f"{snapshot.info.territory}-{snapshot.info.sequence}-{snapshot.digest[7:19]}.xml"
    (folder / "lists").mkdir(exist_ok=True)
    _write(folder / "lists" / name, raw)
    entries = [*_kept(folder), _Kept(file=name, digest=snapshot.digest, added_at=at)]
    told = [{"file": each.file, "digest": each.digest, "addedAt": each.added_at.isoformat()} for each in entries]
    _write(folder / "snapshots.json", (json.dumps(told, indent=1) + "\n").encode())
    return snapshot


def describe(snapshot: ListSnapshot, *, at: datetime) -> dict[str, Any]:
    """A list for people and programs."""
    info = snapshot.info
    return {
        "territory": info.territory,
        "sequenceNumber": info.sequence,
        "issuedAt": instant_text(info.issued_at),
        "nextUpdate": None if info.next_update is None else instant_text(info.next_update),
        "addedAt": instant_text(snapshot.added_at),
        "digest": snapshot.digest,
        "signer": snapshot.signer,
        "services": len(snapshot.said.services),
        "pointsTo": sorted(territory for territory, _ in snapshot.said.pointers),
        "stale": snapshot.is_stale(at),
    }


def _kept(folder: Path) -> list[_Kept]:
    place = folder / "snapshots.json"
    if not place.exists():
        return []
    try:
        found = [
            _Kept(file=each["file"], digest=each["digest"], added_at=datetime.fromisoformat(each["addedAt"]))
            for each in json.loads(place.read_bytes())
        ]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise ConfigError("trust-list", f"{place}: not a list of snapshots") from error
    if any(Path(each.file).name != each.file or each.added_at.tzinfo is None for each in found):
        raise ConfigError("trust-list", f"{place}: not a list of snapshots")
    return found


def _own_anchors(folder: Path) -> Iterator[tuple[list[str], DatedAnchor]]:
    place = folder / "anchors.toml"
    if not place.exists():
        return
    try:
        entries = tomllib.loads(place.read_text("utf-8")).get("anchor", [])
    except (OSError, ValueError) as error:
        raise ConfigError("trust-anchors", f"{place}: not TOML") from error
    for entry in entries:
        since, until = entry.get("since"), entry.get("until")
        meant = entry.get("for", [SIGNATURES])
        if (
            not set(entry) <= _KEYS
            or not isinstance(entry.get("file"), str)
            or not isinstance(meant, list)
            or not set(meant) <= {SIGNATURES, TIMESTAMPS}
            or not all(each is None or _is_instant(each) for each in (since, until))
        ):
            raise ConfigError(
                "trust-anchors", f'{place}: an anchor has "file", "for", "since" and "until" (with offset)'
            )
        for certificate in _certificates(folder / entry["file"]):
            yield meant, DatedAnchor(certificate=certificate, since=since, until=until)


def _is_instant(value: object) -> bool:
    return isinstance(value, datetime) and value.tzinfo is not None


def _certificates(file: Path) -> tuple[Certificate, ...]:
    try:
        return trust_from_pem(file.read_bytes()).anchors
    except OSError as error:
        raise ConfigError("trust-anchors", f"{file}: {error.strerror}") from error
    except KeyUnavailable as error:
        raise ConfigError("trust-anchors", f"{file}: {error.detail}") from error


def _write(place: Path, raw: bytes) -> None:
    """Whole or not at all, also when the power goes."""
    aside = place.with_name(place.name + ".new")
    with aside.open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(place)
