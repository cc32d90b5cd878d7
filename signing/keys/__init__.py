"""Keys with their certificates: in files (PEM, PKCS#12) and in tokens (PKCS#11). The only modules that read the disk.

A key is one of `cryptography`'s, or one in a token that has the same interface (`tokenkeys.py`).
"""

from __future__ import annotations

from signing.keys.addresses import KeyPlace, TokenAddress, key_place
from signing.keys.files import identity_from_pem, identity_from_pkcs12, identity_to_pem, load_file
from signing.keys.wrapping import WrappedKey, make_wrapped_key, rewrap_key, unwrap_key
from signing.model import Identity

__all__ = [
    "KeyPlace",
    "TokenAddress",
    "WrappedKey",
    "identity_from_pem",
    "identity_from_pkcs12",
    "identity_to_pem",
    "key_place",
    "load_identity",
    "make_wrapped_key",
    "rewrap_key",
    "unwrap_key",
]


def load_identity(place: KeyPlace | str, *, password: bytes | None = None) -> Identity:
    """The identity in a file, or at a `pkcs11:` address (RFC 7512).

    password: of the file; or the PIN, where the address names no file that holds it.
    Raises KeyUnavailable.
    """
    found = key_place(place) if isinstance(place, str) else place
    if isinstance(found, TokenAddress):
        from signing.keys.loading import load_token_identity  # here: who has no token does not wait for its libraries

        return load_token_identity(found, pin=password)
    return load_file(found, password=password)
