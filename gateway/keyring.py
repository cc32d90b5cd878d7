"""The keys of the gateway by what they are for, and which of them is used at which moment.

A key is succeeded, never replaced: the next one is made known before it is used, takes over at a moment that every
process reads in its own configuration, and the ones before it stay known, so that what they signed can be verified.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from cryptography.hazmat.primitives.serialization import Encoding

from gateway.model import instant_text
from signing import Identity, KeyUnavailable

TITLE = "sealpost-key-1"


class Purpose(StrEnum):
    """What a key is for. No key is for two of them unless nobody gave a second one.

    service: signs evidence, consignment notes and notices. push: signs pushes. mailbox: wraps the keys of hosted
    mailboxes. The keys of the journal are published with it: see `journaling.py`.
    """

    SERVICE = "service"
    PUSH = "push"
    MAILBOX = "mailbox"


@dataclass(frozen=True, kw_only=True)
class DatedKey:
    """A key, and from when it is the one that is used."""

    identity: Identity
    since: datetime

    @property
    def until(self) -> datetime:
        """When its certificate ends."""
        return self.identity.certificate.not_valid_after_utc


class Keyring:
    """The keys of one purpose, each taking over from the one before."""

    def __init__(self, keys: Sequence[DatedKey]) -> None:
        """keys: at least one, the oldest first.

        Raises ValueError unless each begins after the one before, and while its certificate is in force.
        """
        if not keys or any(before.since >= after.since for before, after in pairwise(keys)):
            raise ValueError("each key must begin after the one before")
        for key in keys:
            if not key.identity.certificate.not_valid_before_utc <= key.since < key.until:
                raise ValueError("a key must begin while its certificate is in force")
            if key.since.microsecond:  # evidence states milliseconds, and must tell which key was in use
                raise ValueError("a key must begin at a whole second")
        self.keys = tuple(keys)
        self._moments = tuple((key.since, key.until, key.identity) for key in reversed(keys))

    @classmethod
    def single(cls, identity: Identity) -> Keyring:
        """One key, from when its certificate begins."""
        return cls([DatedKey(identity=identity, since=identity.certificate.not_valid_before_utc)])

    def at(self, moment: datetime) -> Identity:
        """The key that is used at `moment`: the one that began last; the first, if none has begun.

        Raises KeyUnavailable ("key-not-allowed"): what it signed would prove nothing.
        """
        for since, until, identity in self._moments:
            if since <= moment or identity is self.keys[0].identity:
                if until < moment:
                    break
                return identity
        raise KeyUnavailable("key-not-allowed", "the certificate of the key has ended; give its successor")


@dataclass(frozen=True, kw_only=True)
class PublishedKey:
    """A key as it was made known, for ever.

    material: the certificate and those that lead on from it, PEM. fingerprint: of the certificate. published_at: when
    it was made known.
    """

    purpose: Purpose
    fingerprint: str
    material: str
    since: datetime
    published_at: datetime

    @property
    def raw(self) -> bytes:
        """Its canonical bytes: what the journal binds."""
        head = (
            f"{TITLE}\npurpose {self.purpose}\nfingerprint {self.fingerprint}\nsince {instant_text(self.since)}\n"
            f"published {instant_text(self.published_at)}\n"
        )
        return (head + self.material).encode()

    @property
    def id(self) -> str:
        """`<purpose>:<hex of the fingerprint>:<seconds since 1970>`, by which the journal names it."""
        return f"{self.purpose}:{self.fingerprint.removeprefix('sha256:')}:{int(self.since.timestamp())}"


def published(purpose: Purpose, key: DatedKey, *, at: datetime) -> PublishedKey:
    """What is made known of a key. The root, if it stands in the chain, does too."""
    certificates = (key.identity.certificate, *key.identity.chain)
    return PublishedKey(
        purpose=purpose,
        fingerprint=key.identity.fingerprint,
        material="".join(each.public_bytes(Encoding.PEM).decode("ascii") for each in certificates),
        since=key.since,
        published_at=at,
    )
