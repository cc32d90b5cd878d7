"""Identifiers of parties as keys for look-up: national numbers only as keyed HMAC, shown masked.

A plain hash of an eleven-digit number can be undone by trying all of them; a keyed one cannot without the key. The
facts that are kept of accepted forms are sealed with another key from the same secret, so that a stolen store says
nothing of anybody's health.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.errors import ConfigError, EngineFault
from gateway.identifiers import SCHEMES


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
        if not SCHEMES[scheme].secret:
            return value
        digest = hmac.digest(self.secret, f"{scheme}:{value}".encode(), "sha256").hex()
        return f"hmac-sha256:{digest}"


@dataclass(frozen=True)
class RecordKeys:
    """Keeps what is remembered of forms unreadable at rest. secret: that of `IdentifierKeys`; the keys here are derived
    from it, each for its own use."""

    secret: bytes = field(repr=False)
    _keyed: bytes = field(init=False, repr=False)
    _sealed: AESGCM = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_keyed", _derived(self.secret, b"sealpost records: identifiers and links"))
        object.__setattr__(self, "_sealed", AESGCM(_derived(self.secret, b"sealpost records: facts")))

    def keyed(self, *words: str) -> str:
        """A keyed digest of `words`, 128 bits in hex: equal for equal words, and saying nothing of them."""
        encoded = [word.encode() for word in words]
        message = b"".join([len(word).to_bytes(4) + word for word in encoded])
        return hmac.digest(self._keyed, message, "sha256").hex()[:32]

    def seal(self, plain: bytes, *, of: str) -> bytes:
        """`plain` encrypted (AES-256-GCM); `of`: the id of what it belongs to, bound to it."""
        nonce = secrets.token_bytes(12)
        return nonce + self._sealed.encrypt(nonce, plain, of.encode())

    def open(self, sealed: bytes, *, of: str) -> bytes:
        """What `seal` was given. Raises EngineFault when it was altered, moved, or sealed with another secret."""
        try:
            return self._sealed.decrypt(sealed[:12], sealed[12:], of.encode())
        except InvalidTag as error:
            raise EngineFault("facts-unreadable", "what was kept of an earlier form cannot be read") from error


def _derived(secret: bytes, use: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=use).derive(secret)


def mask(scheme: str, value: str) -> str:
    """What may be shown of an identifier: all of it, or of a national number only its length and last two digits."""
    return masked(value) if SCHEMES[scheme].secret else value


def masked(number: str) -> str:
    """A number that may be a national one: only its length and last two characters."""
    return "*" * (len(number) - 2) + number[-2:]
