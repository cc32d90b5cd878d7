"""An append-only Merkle tree: hashes, growth, and the proofs that it gives. What is proven is checked in proofs.py.

Only the roots of *complete* subtrees are kept; they never change, so what was written once stays. The node of `level` l
and `index` i covers the entries from i * 2^l up to, not including, (i + 1) * 2^l; level 0 are the entries themselves.
Source: RFC 6962, 2.1 (the same tree as RFC 9162, 2.1).
"""

import base64
from collections.abc import Sequence
from hashlib import sha256
from typing import Final, Protocol

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256().digest()

Place = tuple[int, int]
"""(level, index) of a complete subtree."""


def read_hash(text: str) -> bytes:
    """The hash that is written in base64. The spare bits at its end count: there is one way of writing it.

    Raises ValueError.
    """
    found = base64.b64decode(text, validate=True)
    if len(found) != HASH_BYTES or base64.b64encode(found).decode("ascii") != text:
        raise ValueError("not a SHA-256 value in base64")
    return found


class Nodes(Protocol):
    """Where the roots of complete subtrees are kept."""

    def get(self, places: Sequence[Place]) -> Sequence[bytes]:
        """The hashes at these places, in this order; every one of them was put before."""
        ...

    def put(self, level: int, first: int, hashes: Sequence[bytes]) -> None:
        """Keep hashes that follow each other on one level, from index `first` on."""
        ...


class MemoryNodes:
    """Nodes that are gone with the process: for a tree that is rebuilt from its entries."""

    def __init__(self) -> None:
        self._levels: list[list[bytes]] = []

    def get(self, places: Sequence[Place]) -> Sequence[bytes]:
        """See Nodes."""
        levels = self._levels
        return [levels[level][index] for level, index in places]

    def put(self, level: int, first: int, hashes: Sequence[bytes]) -> None:
        """See Nodes."""
        while len(self._levels) <= level:
            self._levels.append([])
        if first != len(self._levels[level]):
            raise ValueError("nodes of one level follow each other without a gap")
        self._levels[level] += hashes


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry. Its first byte tells it from that of a node, so no node can pose as an entry."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return sha256(b"\x01" + left + right).digest()


class Tree:
    """A tree of `size` entries whose complete subtrees are in `nodes`."""

    def __init__(self, nodes: Nodes, size: int = 0) -> None:
        self._nodes = nodes
        self._size = size
        self._edge_of = -1
        self._edge: list[bytes | None] = []

    @property
    def size(self) -> int:
        """How many entries there are."""
        return self._size

    def append(self, leaf_hashes: Sequence[bytes]) -> int:
        """Add entries by their hashes, in order, and give the new size. Work and writes: twice the entries."""
        level, first, hashes = 0, self._size, list(leaf_hashes)
        self._size += len(hashes)
        while hashes:
            self._nodes.put(level, first, hashes)
            if first % 2:  # the one before waited for its sibling
                hashes = [*self._nodes.get([(level, first - 1)]), *hashes]
            pairs = zip(hashes[::2], hashes[1::2], strict=False)
            hashes = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
            level, first = level + 1, first // 2
        return self._size

    def root(self, size: int | None = None) -> bytes:
        """The root of the tree as it was with `size` entries; of the whole tree if none is given."""
        size = self._within(size)
        return self._right_edge(size)[-1] or EMPTY_ROOT

    def inclusion_proof(self, index: int, size: int | None = None) -> list[bytes]:
        """The hashes that lead from the entry at `index` to the root at `size`, from the entry upwards.

        Raises ValueError for an entry that this tree does not have.
        Source: RFC 6962, 2.1.1.
        """
        size = self._within(size)
        if not 0 <= index < size:
            raise ValueError("the tree of this size does not have this entry")
        edge = self._right_edge(size)
        places: list[Place] = []
        ragged: bytes | None = None
        at = 0
        for level in range((size - 1).bit_length()):
            sibling, complete = (index >> level) ^ 1, size >> level
            if sibling < complete:
                places.append((level, sibling))
            elif sibling == complete and (found := edge[level]) is not None:
                ragged, at = found, len(places)  # at most once: above it, the entry itself is on the right edge
        proof = list(self._nodes.get(places))
        if ragged is not None:
            proof.insert(at, ragged)
        return proof

    def consistency_proof(self, old: int, size: int | None = None) -> list[bytes]:
        """The hashes that prove the tree of `old` entries to be the beginning of the one of `size` entries.

        Raises ValueError for a size that the tree never had.
        Source: RFC 6962, 2.1.2.
        """
        size = self._within(size)
        if not 0 <= old <= size:
            raise ValueError("the tree of this size never had the old one")
        if old in (0, size):
            return []
        edge = self._right_edge(size)
        # From the last complete subtree of the old tree upwards: its sibling on every level is part of the proof.
        level = (old & -old).bit_length() - 1
        index = (old >> level) - 1
        proof: list[bytes] = []
        if old != 1 << level:
            proof += self._nodes.get([(level, index)])
        while size > 1 << level:
            sibling, complete = index ^ 1, size >> level
            if sibling < complete:
                proof += self._nodes.get([(level, sibling)])
            elif sibling == complete and (found := edge[level]) is not None:
                proof.append(found)
            level, index = level + 1, index >> 1
        return proof

    def _within(self, size: int | None) -> int:
        if size is None:
            return self._size
        if not 0 <= size <= self._size:
            raise ValueError("the tree does not have so many entries")
        return size

    def _right_edge(self, size: int) -> list[bytes | None]:
        """Per level the root of what follows its last complete subtree; None where nothing does; last, the root.

        Kept for the size that was asked about last: many proofs are asked of one size.
        """
        if size == self._edge_of:
            return self._edge
        levels = size.bit_length()
        lefts = iter(self._nodes.get([(level, (size >> level) - 1) for level in range(levels) if size >> level & 1]))
        edge: list[bytes | None] = [None]
        for level in range(levels):
            right = edge[level]
            if size >> level & 1:
                left = next(lefts)
                right = left if right is None else node_hash(left, right)
            edge.append(right)
        self._edge_of, self._edge = size, edge
        return edge
