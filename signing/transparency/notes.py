"""Signed notes: a short text, and beneath it a line per signature.

Source: C2SP signed-note v1.0.0; C2SP tlog-cosignature (Ed25519 cosignatures, `cosignature/v1`).
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from hashlib import sha256
from typing import Final, Protocol, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from signing.errors import KeyUnavailable, VerificationFailed, refusal
from signing.model import PrivateKey

MAX_NOTE_BYTES: Final = 64 * 1024
MAX_SIGNATURES: Final = 64

NotePublicKey: TypeAlias = Ed25519PublicKey | EllipticCurvePublicKey

_DASH: Final = "\N{EM DASH}"
_ECDSA: Final = ECDSA(hashes.SHA256())
_NAME: Final = re.compile(r"[^\s+]{1,255}")
_CONTROL: Final = re.compile("[\x00-\x09\x0b-\x1f]")
_ID_BYTES: Final = 4
_TIME_BYTES: Final = 8


class SignatureType(IntEnum):
    """What a signature line holds. Source: C2SP signed-note, "Signature types"."""

    ED25519 = 0x01
    ECDSA = 0x02
    COSIGNATURE = 0x04


class Ed25519Signer(Protocol):
    """A private key on Ed25519, wherever it is kept."""

    def sign(self, data: bytes, /) -> bytes: ...

    def public_key(self) -> Ed25519PublicKey: ...


@dataclass(frozen=True, kw_only=True)
class NoteKey:
    """A key by which notes are verified. Written as text it is the `vkey` of the specification."""

    name: str
    kind: SignatureType
    key: NotePublicKey

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError("the name of a note key is one word without a plus sign")

    @property
    def key_id(self) -> bytes:
        """The four bytes that begin each signature of this key: a hint, never proof."""
        if self.kind is SignatureType.ECDSA:
            return sha256(self._encoded).digest()[:_ID_BYTES]
        named = self.name.encode() + b"\n" + bytes((self.kind,)) + self._encoded
        return sha256(named).digest()[:_ID_BYTES]

    @property
    def _encoded(self) -> bytes:
        if isinstance(self.key, Ed25519PublicKey):
            return self.key.public_bytes_raw()
        return self.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def __str__(self) -> str:
        encoded = base64.b64encode(bytes((self.kind,)) + self._encoded).decode("ascii")
        return f"{self.name}+{self.key_id.hex()}+{encoded}"


@dataclass(frozen=True, kw_only=True, eq=False)
class NoteSigner:
    """Who signs notes. key: on Ed25519, or on P-256 as an identity has it."""

    name: str
    key: Ed25519Signer | PrivateKey

    @property
    def verifier(self) -> NoteKey:
        """The key by which its notes are verified.

        Raises KeyUnavailable (key-not-allowed).
        """
        public = self.key.public_key()
        if isinstance(public, Ed25519PublicKey):
            return NoteKey(name=self.name, kind=SignatureType.ED25519, key=public)
        if isinstance(public, EllipticCurvePublicKey) and isinstance(public.curve, SECP256R1):
            return NoteKey(name=self.name, kind=SignatureType.ECDSA, key=public)
        raise KeyUnavailable("key-not-allowed", "notes are signed with keys on Ed25519 or P-256")

    @property
    def cosigner(self) -> NoteKey:
        """The key by which its cosignatures are verified.

        Raises KeyUnavailable (key-not-allowed).
        """
        public = self.key.public_key()
        if not isinstance(public, Ed25519PublicKey):
            raise KeyUnavailable("key-not-allowed", "cosignatures are made with keys on Ed25519")
        return NoteKey(name=self.name, kind=SignatureType.COSIGNATURE, key=public)


@dataclass(frozen=True, kw_only=True)
class NoteSignature:
    """One signature line, unverified. value: what follows the key id."""

    name: str
    key_id: bytes
    value: bytes

    def is_by(self, key: NoteKey) -> bool:
        """Whether it claims to be by this key."""
        return self.name == key.name and self.key_id == key.key_id

    def __str__(self) -> str:
        return f"{_DASH} {self.name} {base64.b64encode(self.key_id + self.value).decode('ascii')}\n"


@dataclass(frozen=True, kw_only=True)
class Note:
    """A note that was taken apart; nothing in it is verified. text: with its last newline."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(map(str, self.signatures))}"


def parse_note_key(text: str) -> NoteKey:
    """The key that a `vkey` describes.

    Raises KeyUnavailable (key-unreadable).
    """
    try:
        name, key_id, encoded = text.strip().split("+", 2)
        raw = base64.b64decode(encoded, validate=True)
        kind = SignatureType(raw[0])
        found = NoteKey(name=name, kind=kind, key=_public_key(kind, raw[1:]))
    except (ValueError, IndexError, UnsupportedAlgorithm):
        raise KeyUnavailable("key-unreadable", "not a key for signed notes (name+id+key)") from None
    if found.key_id.hex() != key_id:
        raise KeyUnavailable("key-unreadable", "a key for signed notes whose id is that of another")
    return found


def sign_note(text: str, *, signer: NoteSigner) -> Note:
    """`text`, which ends in a newline, signed.

    Raises KeyUnavailable (key-not-allowed); ValueError for a text that no note may have.
    """
    if not text.endswith("\n") or _CONTROL.search(text):
        raise ValueError("the text of a note ends in a newline and has no control characters")
    key = signer.verifier
    value = _sign(signer, text.encode())
    return Note(text=text, signatures=(NoteSignature(name=key.name, key_id=key.key_id, value=value),))


def cosign_text(text: str, *, signer: NoteSigner, at: datetime) -> NoteSignature:
    """A witness's signature over the text of a note and the time at which it saw it, to the second.

    Raises KeyUnavailable (key-not-allowed).
    """
    key = signer.cosigner
    seconds = int(at.timestamp())
    value = seconds.to_bytes(_TIME_BYTES, "big") + _sign(signer, _cosigned(text, seconds))
    return NoteSignature(name=key.name, key_id=key.key_id, value=value)


def parse_note(raw: bytes) -> Note:
    """Take a note apart.

    Raises VerificationFailed (checkpoint-unreadable).
    """
    if len(raw) > MAX_NOTE_BYTES:
        raise _unreadable("a note larger than 64 KiB")
    try:
        whole = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise _unreadable("a note that is not UTF-8") from None
    text, mark, lines = whole.rpartition("\n\n")
    if not mark or not text or _CONTROL.search(whole) or not lines.endswith("\n"):
        raise _unreadable("not a text and, after an empty line, signatures")
    signatures = parse_signatures(lines)
    return Note(text=text + "\n", signatures=signatures)


def parse_signatures(lines: str) -> tuple[NoteSignature, ...]:
    """Signature lines, each with its newline.

    Raises VerificationFailed (checkpoint-unreadable).
    """
    found = lines.split("\n")
    if found.pop() or not found or len(found) > MAX_SIGNATURES:
        raise _unreadable(f"no signature line, or more than {MAX_SIGNATURES}")
    return tuple(map(_signature, found))


def verify_signature(note: Note, *, key: NoteKey) -> None:
    """Check that `key` signed the note; every line that claims to be by it must hold.

    Raises VerificationFailed: checkpoint-unsigned, checkpoint-signature-invalid.
    """
    claimed = [each for each in note.signatures if each.is_by(key)]
    if not claimed:
        raise refusal("checkpoint-unsigned", "no signature by the key that is known for this log")
    for each in claimed:
        if not _verifies(key, each.value, note.text.encode()):
            raise refusal("checkpoint-signature-invalid", "the signature is not over this text by this key")


def verify_cosignatures(note: Note, *, keys: Sequence[NoteKey]) -> dict[str, datetime]:
    """Name of each of the witnesses who cosigned -> the time at which it did. Lines of others are passed over.

    Raises VerificationFailed (cosignature-invalid) for a line that claims to be by one of the keys and is not.
    """
    seen: dict[str, datetime] = {}
    for key in keys:
        for each in note.signatures:
            if each.is_by(key):
                seen[key.name] = _cosigned_at(note.text, each.value, key)
    return seen


def _cosigned_at(text: str, value: bytes, key: NoteKey) -> datetime:
    seconds = int.from_bytes(value[:_TIME_BYTES], "big")
    if key.kind is not SignatureType.COSIGNATURE or not _verifies(key, value[_TIME_BYTES:], _cosigned(text, seconds)):
        raise refusal("cosignature-invalid", "a cosignature is not over this text and time by this witness")
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise refusal("cosignature-invalid", "a cosignature of a time that the calendar does not have") from None


def _cosigned(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _sign(signer: NoteSigner, data: bytes) -> bytes:
    public = signer.key.public_key()
    if isinstance(public, Ed25519PublicKey):
        return signer.key.sign(data)  # type: ignore[call-arg]
    return signer.key.sign(data, _ECDSA)  # type: ignore[call-arg,arg-type]


def _verifies(key: NoteKey, value: bytes, data: bytes) -> bool:
    try:
        if isinstance(key.key, Ed25519PublicKey):
            key.key.verify(value, data)
        else:
            key.key.verify(value, data, _ECDSA)
    except InvalidSignature:
        return False
    return True


def _public_key(kind: SignatureType, raw: bytes) -> NotePublicKey:
    if kind is not SignatureType.ECDSA:
        return Ed25519PublicKey.from_public_bytes(raw)
    key = load_der_public_key(raw)
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("not a key on P-256")  # noqa: TRY004 - what was read is wrong, not what was passed
    return key


def _signature(line: str) -> NoteSignature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        raise _unreadable("a signature line that is not base64") from None
    # base64 has spare bits at its end: only one way of writing a signature is accepted
    if dash != _DASH or not _NAME.fullmatch(name) or len(raw) <= _ID_BYTES or base64.b64encode(raw) != encoded.encode():
        raise _unreadable("a signature line that is not dash, name and signature")
    return NoteSignature(name=name, key_id=raw[:_ID_BYTES], value=raw[_ID_BYTES:])


def _unreadable(detail: str) -> VerificationFailed:
    return refusal("checkpoint-unreadable", detail)
