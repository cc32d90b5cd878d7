"""Keys of logs and witnesses, from PEM and back."""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from signing.errors import KeyUnavailable
from signing.transparency.notes import NoteSigner


def new_note_key(*, password: bytes | None = None) -> bytes:
    """A new key on Ed25519 as PEM (PKCS#8), encrypted if a password is given."""
    protection: KeySerializationEncryption = BestAvailableEncryption(password) if password else NoEncryption()
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)


def note_signer_from_pem(data: bytes, *, name: str, password: bytes | None = None) -> NoteSigner:
    """Who signs notes with the key in a PEM text. name: the origin of the log, or the name of the witness.

    Raises KeyUnavailable.
    """
    try:
        key = load_pem_private_key(data, password)
    except TypeError:  # cryptography: a password is missing, or was given for a key that has none
        raise KeyUnavailable(
            "password-wrong", "the key is encrypted and no password came with it, or the other way round"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        code = "key-unreadable" if password is None else "password-wrong"
        raise KeyUnavailable(code, "no key can be read from this PEM text") from None
    if not isinstance(key, Ed25519PrivateKey | EllipticCurvePrivateKey):
        raise KeyUnavailable("key-not-allowed", "notes are signed with keys on Ed25519 or P-256")
    signer = NoteSigner(name=name, key=key)
    _ = signer.verifier  # refuses other curves
    return signer
