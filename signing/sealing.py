"""The closed envelope: CMS AuthEnvelopedData with AES-256-GCM, for one or more recipients' certificates.

One profile, written and read as fixed DER: whatever is not spelt as here is refused, so that no byte can change without
notice (the tag of GCM covers the payload, not the CMS structure around it). A fresh content key per envelope.

    recipient's key   how it gets the content key (recipients.py)
    P-256             ephemeral-static ECDH, X9.63 KDF with SHA-256, AES-256 key wrap
    P-384             the same with SHA-384
    RSA >= 2048       RSAES-OAEP with SHA-256 and MGF1 with SHA-256, empty label

Sealing proves nothing about who sealed: sign first, then seal.
Source: RFC 5083, RFC 5084, RFC 5652, RFC 5753 (3.1, 7.1, 7.2), RFC 4055 (4.1).
"""

import secrets
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap
from cryptography.x509 import Certificate

from signing import der
from signing.cms import content_info, enter_content_info
from signing.errors import SealingFailed
from signing.model import Identity
from signing.recipients import CONTENT_KEY_BYTES, Recipient, build_recipient, issuer_and_serial, read_recipient

MAX_RECIPIENTS: Final = 64

_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_AUTH_ENVELOPED_DATA: Final = der.oid("1.2.840.113549.1.9.16.1.23")
_DATA: Final = der.oid("1.2.840.113549.1.7.1")
_AES256_GCM: Final = der.oid("2.16.840.1.101.3.4.1.46")
_GCM_PARAMETERS: Final = der.encode(
    der.SEQUENCE, der.encode(der.OCTET_STRING, bytes(_NONCE_BYTES)), der.integer(_TAG_BYTES)
)
_GCM_START, _GCM_END = der.encode(der.SEQUENCE, _AES256_GCM, _GCM_PARAMETERS).split(bytes(_NONCE_BYTES))
_VERSION_0: Final = der.integer(0)
_ENCRYPTED_CONTENT: Final = 0x80  # [0] IMPLICIT OCTET STRING


def seal(payload: bytes, *, recipients: Sequence[Certificate]) -> bytes:
    """Seal `payload` so that each recipient, and nobody else, can open it.

    recipients: certificates for key agreement (EC) or key encipherment (RSA); whether they are trusted and in force is
        the caller's to know.
    Returns DER: ContentInfo with AuthEnvelopedData.
    Raises SealingFailed: recipient-missing, recipient-not-allowed.
    """
    if not recipients:
        raise SealingFailed("recipient-missing", "an envelope needs a recipient")
    if len(recipients) > MAX_RECIPIENTS:
        raise SealingFailed("recipient-not-allowed", f"more than {MAX_RECIPIENTS} recipients")
    content_key = secrets.token_bytes(CONTENT_KEY_BYTES)
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = AESGCM(content_key).encrypt(nonce, payload, None)
    # DER sorts the members of a SET by their encoding.
    infos = sorted(build_recipient(recipient, content_key) for recipient in recipients)
    enveloped = der.encode(
        der.SEQUENCE,
        _VERSION_0,
        der.encode(der.SET, *infos),
        der.encode(
            der.SEQUENCE,
            _DATA,
            b"".join((_GCM_START, nonce, _GCM_END)),
            der.encode(_ENCRYPTED_CONTENT, sealed[:-_TAG_BYTES]),
        ),
        der.encode(der.OCTET_STRING, sealed[-_TAG_BYTES:]),
    )
    return content_info(_AUTH_ENVELOPED_DATA, enveloped)


def open_sealed(sealed: bytes, *, identity: Identity) -> bytes:
    """The payload of an envelope that was sealed for `identity`.

    Raises SealingFailed: envelope-unreadable, not-a-recipient, cannot-open. The last is one code for all that can go
    wrong with keys and tags: which of them failed is nobody's to learn.
    """
    try:
        # 1. The structure, as the profile spells it and no other way.
        infos, nonce, ciphertext = _read_envelope(sealed)
        # 2. The one recipient that is us.
        recipient = _find(infos, issuer_and_serial(identity.certificate))
    except der.DerError as exc:
        raise SealingFailed("envelope-unreadable", str(exc)) from None
    # 3. The content key, then the payload.
    try:
        content_key = recipient.unwrap(identity.key)
        if len(content_key) != CONTENT_KEY_BYTES:
            raise SealingFailed("cannot-open", "the content key has another size than the profile has")
        return AESGCM(content_key).decrypt(nonce, ciphertext, None)
    except (InvalidUnwrap, InvalidTag, ValueError):
        raise SealingFailed("cannot-open", "the envelope was altered, or was not sealed for this key") from None


def _read_envelope(sealed: bytes) -> tuple[der.Reader, bytes, bytes]:
    """Recipients, nonce, and ciphertext with its tag. Attributes and originator info are not in the profile."""
    enveloped = enter_content_info(sealed, _AUTH_ENVELOPED_DATA)
    enveloped.expect(_VERSION_0)
    infos = enveloped.enter(der.SET)
    content = enveloped.enter(der.SEQUENCE)
    tag = enveloped.take(der.OCTET_STRING)
    enveloped.finish()
    content.expect(_DATA)
    algorithm = content.enter(der.SEQUENCE)
    ciphertext = content.take(_ENCRYPTED_CONTENT)
    content.finish()
    algorithm.expect(_AES256_GCM)
    parameters = algorithm.enter(der.SEQUENCE)
    algorithm.finish()
    nonce = parameters.take(der.OCTET_STRING)
    parameters.expect(der.integer(_TAG_BYTES))
    parameters.finish()
    if len(nonce) != _NONCE_BYTES or len(tag) != _TAG_BYTES:
        raise der.DerError("a nonce or tag of another size than the profile has")
    return infos, nonce, ciphertext + tag


def _find(infos: der.Reader, own_name: bytes) -> Recipient:
    found: list[Recipient] = []
    count = 0
    while infos.peek() is not None:
        count += 1
        if count > MAX_RECIPIENTS:
            raise der.DerError(f"more than {MAX_RECIPIENTS} recipients")
        recipient = read_recipient(infos)
        if recipient.issuer_and_serial == own_name:
            found.append(recipient)
    if len(found) != 1:
        raise SealingFailed("not-a-recipient", "the envelope is not sealed for this identity, or names it twice")
    return found[0]
