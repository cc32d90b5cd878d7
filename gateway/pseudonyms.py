"""Identifiers of parties as keys for look-up: national numbers only as keyed HMAC, shown masked.

A plain hash of an eleven-digit number can be undone by trying all of them; a keyed one cannot without the key.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from gateway.errors import ConfigError

NATIONAL_NUMBERS = frozenset({"insz", "bsn"})


@dataclass(frozen=True)
class IdentifierKeys:
    """Turns identifiers into look-up keys. secret: at least 32 random bytes, never changed in the life of a
    register."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) < 32:
            raise ConfigError("identifier-key-too-short", "secrets.identifier_key must hold at least 32 random bytes")

    def key(self, scheme: str, value: str) -> str:
        """The look-up key of `value`: itself, or a keyed HMAC for a national number."""
        if scheme not in NATIONAL_NUMBERS:
            return value
        digest = hmac.new(self.secret, f"{scheme}:{value}".encode(), hashlib.sha256).hexdigest()
        return f"hmac-sha256:{digest}"


def mask(scheme: str, value: str) -> str:
    """What may be shown of an identifier: all of it, or of a national number only its length and last two digits."""
    return value if scheme not in NATIONAL_NUMBERS else "*" * (len(value) - 2) + value[-2:]
