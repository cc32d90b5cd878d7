"""How a body is encrypted where it is stored (AES-256-GCM), and read again. Whose key it is stands in `bodies.py`."""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.errors import EngineFault

KEY_BYTES, NONCE_BYTES = 32, 12


class Damaged(Exception):
    """A body is not as it was stored. Never leaves the store."""


def seal_body(key: bytes, raw: bytes, *, of: str) -> bytes:
    """`raw` under `key`, bound to what it is; as it is under a key of no length."""
    if not key:
        return raw
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, raw, of.encode())


def open_body(key: bytes, stored: bytes, *, of: str) -> bytes:
    """What `seal_body` was given. Raises Damaged."""
    if not key:
        return bytes(stored)
    try:
        return AESGCM(key).decrypt(stored[:NONCE_BYTES], stored[NONCE_BYTES:], of.encode())
    except (InvalidTag, ValueError):  # ValueError: too short for a nonce
        raise Damaged from None


def open_facts(key: bytes | None, stored: bytes, *, submission_id: str) -> bytes:
    """The sealed facts of a form; nothing when it was erased. Raises EngineFault when they are not as they were."""
    if key is None:
        return b""
    try:
        return open_body(key, stored, of=f"facts {submission_id}")
    except Damaged:
        raise EngineFault("facts-unreadable", "what was kept of an earlier form cannot be read") from None
