"""`journal-append`: entries added to the tree of the journal, each with its inclusion proof, at growing sizes.

Held against bare SHA-256 of what cannot be left out, the entry and one node for each entry, in turns and in the same
run. Flat means that the figure is the same at ten thousand and at a million entries.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from benchmarks.result import Result, compared
from benchmarks.turns import side_by_side
from signing import MemoryNodes, Tree, leaf_hash

SIZES: Final = (10_000, 100_000, 1_000_000)
BATCH: Final = 200
ENTRY_BYTES: Final = 200


def append() -> list[Result]:
    """Microseconds for an entry: hashed, appended in a batch, proven at the size after that batch."""
    tree = Tree(MemoryNodes())
    entries = [secrets.token_bytes(ENTRY_BYTES) for _ in range(BATCH)]
    results = []
    for size in SIZES:
        while tree.size < size:
            tree.append([leaf_hash(entry) for entry in entries])
        ours, floor = side_by_side(lambda: _batch(tree, entries), lambda: _bare(entries))
        name, against = f"journal-append {size:,}", "bare SHA-256 of entry and node"
        each, least = ours / BATCH * 1e6, floor / BATCH * 1e6
        results.append(compared(name, each, "µs an entry", against=against, floor=least))
    return results


def _batch(tree: Tree, entries: list[bytes]) -> None:
    first = tree.size
    size = tree.append([leaf_hash(entry) for entry in entries])
    for index in range(first, size):
        tree.inclusion_proof(index, size)


def _bare(entries: list[bytes]) -> None:
    node = bytes(65)
    for entry in entries:
        hashlib.sha256(entry).digest()
        hashlib.sha256(node).digest()
