"""A log that can only grow: the tree over its entries, its signed checkpoints, proofs that anyone can check offline."""

from signing.transparency.checkpoints import (
    Checkpoint,
    SignedCheckpoint,
    add_cosignatures,
    cosign,
    parse_checkpoint,
    read_checkpoint,
    sign_checkpoint,
)
from signing.transparency.keys import new_note_key, note_signer_from_pem
from signing.transparency.logproofs import LogProof, build_log_proof, read_log_proof, verify_log_proof
from signing.transparency.notes import NoteKey, NoteSigner, SignatureType, parse_note, parse_note_key
from signing.transparency.proofs import verify_consistency, verify_inclusion
from signing.transparency.tree import EMPTY_ROOT, MemoryNodes, Nodes, Place, Tree, leaf_hash, node_hash, read_hash

__all__ = [
    "EMPTY_ROOT",
    "Checkpoint",
    "LogProof",
    "MemoryNodes",
    "Nodes",
    "NoteKey",
    "NoteSigner",
    "Place",
    "SignatureType",
    "SignedCheckpoint",
    "Tree",
    "add_cosignatures",
    "build_log_proof",
    "cosign",
    "leaf_hash",
    "new_note_key",
    "node_hash",
    "note_signer_from_pem",
    "parse_checkpoint",
    "parse_note",
    "parse_note_key",
    "read_checkpoint",
    "read_hash",
    "read_log_proof",
    "sign_checkpoint",
    "verify_consistency",
    "verify_inclusion",
    "verify_log_proof",
]
