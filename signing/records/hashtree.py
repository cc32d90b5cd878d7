"""Hash trees as evidence records have them, built over the digests of a batch.

A node is the digest of its two children one after the other, the smaller first, so a path says no sides. Nothing tells
a node from a document of twice a digest's length: what is covered must never have that length (see verifying.py).
Source: RFC 4998, 4.2 and 4.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from signing.algorithms import DIGESTS

HashLists = tuple[tuple[bytes, ...], ...]
"""A reduced hash tree: per level the hashes that meet in one node, sorted; those that can be computed left out."""


@dataclass(frozen=True, kw_only=True)
class HashTree:
    """levels: from the digests of the batch, in its order, up to the root."""

    digest_name: str
    levels: tuple[tuple[bytes, ...], ...]

    @property
    def root(self) -> bytes:
        """What is stamped."""
        return self.levels[-1][0]

    def path(self, index: int) -> HashLists:
        """The reduced hash tree of one digest of the batch, which stands in its first list; empty for a batch of one.

        Raises IndexError for a digest that the batch does not have.
        """
        if not 0 <= index < len(self.levels[0]):
            raise IndexError("the batch does not have so many digests")
        own = self.levels[0][index]
        lists: list[tuple[bytes, ...]] = []
        for level in self.levels[:-1]:
            sibling = index ^ 1
            if sibling < len(level):
                lists.append((level[sibling],) if lists else tuple(sorted((own, level[sibling]))))
            index >>= 1
        return tuple(lists)


def build_batch(digests: Sequence[bytes], *, digest_name: str = "sha256") -> HashTree:
    """The tree over the digests of a batch. One that finds no sibling on its level moves up as it is.

    Raises ValueError for no digests at all, or one that is not of this algorithm.
    """
    digest = DIGESTS[digest_name]
    size = digest().digest_size
    if not digests or any(len(each) != size for each in digests):
        raise ValueError("a batch has at least one digest, all of the same algorithm")
    levels = [tuple(digests)]
    while len(level := levels[-1]) > 1:
        nodes = [
            digest(left + right if left < right else right + left).digest()
            for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        levels.append((*nodes, *level[len(nodes) * 2 :]))
    return HashTree(digest_name=digest_name, levels=tuple(levels))


def root_of(path: HashLists, leaf: bytes, *, digest_name: str) -> bytes:
    """The root to which a reduced hash tree leads from `leaf`; `leaf` itself if there is no tree.

    Raises LookupError if its first list does not have the leaf.
    """
    if not path:
        return leaf
    if leaf not in path[0]:
        raise LookupError("the first list does not have this leaf")
    found = _node(path[0], digest_name)
    for others in path[1:]:
        found = _node((*others, found), digest_name)
    return found


def _node(children: Sequence[bytes], digest_name: str) -> bytes:
    if len(children) == 1:
        return children[0]
    return DIGESTS[digest_name](b"".join(sorted(children))).digest()
