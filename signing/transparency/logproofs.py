"""A proof that a log holds an entry, as one text that anyone can check offline.

Source: C2SP tlog-proof v1. Extra data is not read: nothing signs it.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from signing.errors import VerificationFailed, refusal
from signing.transparency.checkpoints import SignedCheckpoint, read_checkpoint
from signing.transparency.notes import MAX_NOTE_BYTES, NoteKey
from signing.transparency.proofs import verify_inclusion
from signing.transparency.tree import leaf_hash, read_hash

MAX_PROOF_BYTES: Final = MAX_NOTE_BYTES + 8 * 1024
MAX_STEPS: Final = 63

_HEADER: Final = "c2sp.org/tlog-proof@v1"
_INDEX: Final = re.compile(r"index (0|[1-9][0-9]{0,18})", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class LogProof:
    """A proof that was taken apart; nothing in it is verified. note: the signed checkpoint, cosignatures included."""

    index: int
    steps: tuple[bytes, ...]
    note: bytes


def build_log_proof(index: int, steps: Sequence[bytes], note: bytes) -> bytes:
    """The text of a proof. steps: the inclusion proof at the size of the checkpoint."""
    lines = [_HEADER, f"index {index}", *(base64.b64encode(step).decode("ascii") for step in steps)]
    return "\n".join((*lines, "", "")).encode("ascii") + note


def read_log_proof(raw: bytes) -> LogProof:
    """Take a proof apart.

    Raises VerificationFailed (proof-unreadable).
    """
    head, mark, note = raw[: MAX_PROOF_BYTES + 1].partition(b"\n\n")
    if len(raw) > MAX_PROOF_BYTES or not mark or not head.isascii():
        raise _unreadable("not a log proof and, after an empty line, a checkpoint")
    lines = head.decode("ascii").split("\n")
    if lines.pop(0) != _HEADER:
        raise _unreadable("not a log proof of version 1")
    if lines and lines[0].startswith("extra "):
        lines.pop(0)
    index = _INDEX.fullmatch(lines.pop(0)) if lines else None
    if index is None or len(lines) > MAX_STEPS:
        raise _unreadable("no index, or too many steps")
    return LogProof(index=int(index[1]), steps=tuple(map(_step, lines)), note=note)


def verify_log_proof(
    raw: bytes,
    entry: bytes,
    *,
    log: NoteKey,
    witnesses: Sequence[NoteKey] = (),
    quorum: int = 0,
    origin: str | None = None,
) -> SignedCheckpoint:
    """Check that the log holds `entry`, and give the checkpoint that says so.

    Raises VerificationFailed: proof-unreadable, inclusion-unproven, and what `read_checkpoint` raises.
    """
    proof = read_log_proof(raw)
    signed = read_checkpoint(proof.note, log=log, witnesses=witnesses, quorum=quorum, origin=origin)
    verify_inclusion(leaf_hash(entry), proof.index, signed.checkpoint.size, proof.steps, signed.checkpoint.root)
    return signed


def _step(line: str) -> bytes:
    try:
        return read_hash(line)
    except ValueError:
        raise _unreadable("a step that is not a SHA-256 value in base64") from None


def _unreadable(detail: str) -> VerificationFailed:
    return refusal("proof-unreadable", detail)
