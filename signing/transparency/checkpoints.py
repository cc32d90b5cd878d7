"""Checkpoints: what a log commits to at one size, signed by it and cosigned by witnesses who saw it only grow.

Source: C2SP tlog-checkpoint v1.0.0; C2SP tlog-cosignature.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from signing.errors import VerificationFailed, refusal
from signing.transparency.notes import (
    Note,
    NoteKey,
    NoteSigner,
    cosign_text,
    parse_note,
    parse_signatures,
    sign_note,
    verify_cosignatures,
    verify_signature,
)
from signing.transparency.proofs import MAX_SIZE
from signing.transparency.tree import read_hash

_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """The root of a log at one size. origin: which log, as a URL without scheme."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode('ascii')}\n"


@dataclass(frozen=True, kw_only=True)
class SignedCheckpoint:
    """A checkpoint whose signatures were verified.

    note: the bytes as they were read. cosigned: name of each known witness -> when it signed.
    """

    checkpoint: Checkpoint
    note: bytes
    cosigned: dict[str, datetime]


def sign_checkpoint(checkpoint: Checkpoint, *, signer: NoteSigner) -> bytes:
    """The checkpoint as a signed note. A log never signs two that do not extend each other: that is the caller's.

    Raises KeyUnavailable (key-not-allowed).
    """
    return str(sign_note(str(checkpoint), signer=signer)).encode()


def cosign(note: bytes, *, signer: NoteSigner, at: datetime) -> bytes:
    """The line, with its newline, by which a witness vouches for a checkpoint that it verified to extend the last one.

    Raises VerificationFailed (checkpoint-unreadable), KeyUnavailable (key-not-allowed).
    """
    return str(cosign_text(parse_note(note).text, signer=signer, at=at)).encode()


def add_cosignatures(note: bytes, lines: bytes) -> bytes:
    """The note with the lines of witnesses added, each once.

    Raises VerificationFailed (checkpoint-unreadable).
    """
    parsed = parse_note(note)
    try:
        added = parse_signatures(lines.decode("utf-8"))
    except UnicodeDecodeError:
        raise refusal("checkpoint-unreadable", "a signature line that is not UTF-8") from None
    return str(Note(text=parsed.text, signatures=tuple(dict.fromkeys((*parsed.signatures, *added))))).encode()


def read_checkpoint(
    note: bytes, *, log: NoteKey, witnesses: Sequence[NoteKey] = (), quorum: int = 0, origin: str | None = None
) -> SignedCheckpoint:
    """Verify a signed checkpoint.

    log: the key of the log. witnesses: whose cosignatures count; at least `quorum` of them must be there.
    origin: which log it must be of; the name of the key unless given.
    Raises VerificationFailed: checkpoint-unreadable, checkpoint-of-another-log, checkpoint-unsigned,
    checkpoint-signature-invalid, cosignature-invalid, cosignatures-missing.
    """
    parsed = parse_note(note)
    checkpoint = parse_checkpoint(parsed.text)
    if checkpoint.origin != (log.name if origin is None else origin):
        raise refusal("checkpoint-of-another-log", "the checkpoint is of another log")
    verify_signature(parsed, key=log)
    cosigned = verify_cosignatures(parsed, keys=witnesses)
    if len(cosigned) < quorum:
        raise refusal("cosignatures-missing", f"{len(cosigned)} of {quorum} witnesses that are needed have cosigned")
    return SignedCheckpoint(checkpoint=checkpoint, note=note, cosigned=cosigned)


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint in the text of a note. Extension lines are refused: nobody audits them.

    Raises VerificationFailed (checkpoint-unreadable).
    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0]:
        raise _unreadable("not an origin, a size and a root, each on a line")
    origin, size, encoded = lines[:3]
    if not _NUMBER.fullmatch(size) or int(size) > MAX_SIZE:
        raise _unreadable("a size that is not a plain number")
    try:
        return Checkpoint(origin=origin, size=int(size), root=read_hash(encoded))
    except ValueError:
        raise _unreadable("a root that is not a SHA-256 value in base64") from None


def _unreadable(detail: str) -> VerificationFailed:
    return refusal("checkpoint-unreadable", detail)
