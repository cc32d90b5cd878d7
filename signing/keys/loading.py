"""The identity at a place, whichever it is."""

from __future__ import annotations

from signing.keys.addresses import KeyPlace, TokenAddress, key_place
from signing.keys.files import load_file
from signing.model import Identity


def load_identity(place: KeyPlace | str, *, password: bytes | None = None) -> Identity:
    """The identity in a file, or at a `pkcs11:` address (RFC 7512).

    password: of the file; or the PIN, where the address names no file that holds it.
    Raises KeyUnavailable.
    """
    found = key_place(place) if isinstance(place, str) else place
    if isinstance(found, TokenAddress):
        from signing.keys.tokens import load_token_identity  # here: who has no token does not wait for its libraries

        return load_token_identity(found, pin=password)
    return load_file(found, password=password)
