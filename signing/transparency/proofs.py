"""Checking what a tree proves: that an entry is in it, and that a tree only grew.

Source: RFC 9162, 2.1.3.2 and 2.1.4.2; the proofs are those of RFC 6962.
"""

import hmac
from collections.abc import Sequence
from typing import Final

from signing.errors import VerificationFailed, refusal
from signing.transparency.tree import EMPTY_ROOT, HASH_BYTES, node_hash

MAX_SIZE: Final = 2**63 - 1


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the tree of `size` entries with this root has the entry with hash `leaf` at `index`.

    Raises VerificationFailed: inclusion-unproven.
    """
    if not 0 <= index < size <= MAX_SIZE or not _are_hashes(leaf, root, *proof):
        raise _not_included()
    at, last, found = index, size - 1, leaf
    for each in proof:
        if last == 0:
            raise _not_included()
        if at & 1 or at == last:
            found = node_hash(each, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, each)
        at, last = at >> 1, last >> 1
    if last or not hmac.compare_digest(found, root):
        raise _not_included()


def verify_consistency(old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree of `old_size` entries is the beginning of the one of `size` entries.

    Raises VerificationFailed: consistency-unproven.
    """
    if not 0 <= old_size <= size <= MAX_SIZE or not _are_hashes(old_root, root, *proof):
        raise _not_consistent()
    if old_size in (0, size):
        beginning = EMPTY_ROOT if old_size == 0 else root
        if proof or not hmac.compare_digest(old_root, beginning):
            raise _not_consistent()
        return
    steps = list(proof)
    if old_size & (old_size - 1) == 0:  # the old tree is one complete subtree, so its root is the first step
        steps.insert(0, old_root)
    if not steps:
        raise _not_consistent()
    at, last = old_size - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old_found = found = steps[0]
    for each in steps[1:]:
        if last == 0:
            raise _not_consistent()
        if at & 1 or at == last:
            old_found, found = node_hash(each, old_found), node_hash(each, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, each)
        at, last = at >> 1, last >> 1
    if last or not (hmac.compare_digest(old_found, old_root) and hmac.compare_digest(found, root)):
        raise _not_consistent()


def _are_hashes(*values: bytes) -> bool:
    return all(len(value) == HASH_BYTES for value in values)


def _not_included() -> VerificationFailed:
    return refusal("inclusion-unproven", "the proof does not lead from this entry to the root of this tree")


def _not_consistent() -> VerificationFailed:
    return refusal("consistency-unproven", "the proof does not show that the larger tree begins with the smaller one")
