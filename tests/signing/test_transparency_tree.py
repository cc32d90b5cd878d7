"""The tree against one written down from the definition, and every proof against its own changed copies."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import (
    MemoryNodes,
    Tree,
    VerificationFailed,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from signing.transparency.tree import EMPTY_ROOT

# RFC 6962 gives no vectors; these are the ones that Certificate Transparency's own code is tested with.
KNOWN_ENTRIES = [
    bytes.fromhex(each)
    for each in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
KNOWN_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def naive_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, word for word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    split = naive_split(len(leaves))
    return hashlib.sha256(b"\x01" + naive_root(leaves[:split]) + naive_root(leaves[split:])).digest()


def naive_split(size: int) -> int:
    split = 1
    while split * 2 < size:
        split *= 2
    return split


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962, 2.1.1."""
    if len(leaves) == 1:
        return []
    split = naive_split(len(leaves))
    if index < split:
        return [*naive_path(index, leaves[:split]), naive_root(leaves[split:])]
    return [*naive_path(index - split, leaves[split:]), naive_root(leaves[:split])]


def naive_subproof(old: int, leaves: list[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962, 2.1.2."""
    if old == len(leaves):
        return [] if whole else [naive_root(leaves)]
    split = naive_split(len(leaves))
    if old <= split:
        return [*naive_subproof(old, leaves[:split], whole=whole), naive_root(leaves[split:])]
    return [*naive_subproof(old - split, leaves[split:], whole=False), naive_root(leaves[:split])]


def leaves_of(size: int) -> list[bytes]:
    return [leaf_hash(number.to_bytes(4, "big")) for number in range(size)]


def grown(leaves: list[bytes], *steps: int) -> Tree:
    """A tree that got its entries in batches of these sizes, and the rest at once."""
    tree, at = Tree(MemoryNodes()), 0
    for step in steps:
        tree.append(leaves[at : at + step])
        at += len(leaves[at : at + step])
    tree.append(leaves[at:])
    return tree


LEAVES = leaves_of(70)
WHOLE = grown(LEAVES)


def test_known_roots() -> None:
    tree = Tree(MemoryNodes())
    assert tree.root() == EMPTY_ROOT
    for entry, root in zip(KNOWN_ENTRIES, KNOWN_ROOTS, strict=True):
        tree.append([leaf_hash(entry)])
        assert tree.root().hex() == root


@given(st.lists(st.integers(0, 9), max_size=12), st.integers(0, 70))
def test_the_tree_is_the_same_however_its_entries_came(steps: list[int], size: int) -> None:
    tree = grown(LEAVES, *steps)
    assert tree.size == 70
    assert tree.root(size) == naive_root(LEAVES[:size])


def test_every_inclusion_proof() -> None:
    for size in range(1, 35):
        root = naive_root(LEAVES[:size])
        for index in range(size):
            proof = WHOLE.inclusion_proof(index, size)
            assert proof == naive_path(index, LEAVES[:size])
            verify_inclusion(LEAVES[index], index, size, proof, root)


def test_every_consistency_proof() -> None:
    for size in range(1, 35):
        for old in range(1, size + 1):
            proof = WHOLE.consistency_proof(old, size)
            assert proof == naive_subproof(old, LEAVES[:size], whole=True)
            verify_consistency(old, naive_root(LEAVES[:old]), size, naive_root(LEAVES[:size]), proof)


def test_from_the_empty_tree_everything_grew() -> None:
    verify_consistency(0, EMPTY_ROOT, 70, WHOLE.root(), WHOLE.consistency_proof(0))
    verify_consistency(70, WHOLE.root(), 70, WHOLE.root(), [])
    with pytest.raises(VerificationFailed):
        verify_consistency(0, WHOLE.root(), 70, WHOLE.root(), [])


def refused_inclusion(*arguments: object) -> str:
    with pytest.raises(VerificationFailed) as failed:
        verify_inclusion(*arguments)  # type: ignore[arg-type]
    return failed.value.code


def refused_consistency(*arguments: object) -> str:
    with pytest.raises(VerificationFailed) as failed:
        verify_consistency(*arguments)  # type: ignore[arg-type]
    return failed.value.code


@settings(max_examples=300)
@given(st.data())
def test_no_changed_inclusion_proof_holds(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 70))
    index = data.draw(st.integers(0, size - 1))
    leaf, root, proof = LEAVES[index], WHOLE.root(size), WHOLE.inclusion_proof(index, size)
    other = data.draw(st.integers(0, size - 1).filter(lambda each: each != index))
    place = data.draw(st.integers(0, len(proof) - 1))
    bad = bytes((proof[place][0] ^ 1,)) + proof[place][1:]
    for changed in (
        (LEAVES[other], index, size, proof, root),
        (leaf, other, size, proof, root),
        (leaf, index, size, proof, WHOLE.root(size - 1)),
        (leaf, index, size, proof[:place] + proof[place + 1 :], root),
        (leaf, index, size, [*proof[:place], bad, *proof[place + 1 :]], root),
        (leaf, index, size, [*proof, leaf], root),
        (leaf, index, size, [*proof[:place], proof[place][:31], *proof[place + 1 :]], root),
        (leaf, size, size, proof, root),
        (leaf, -1, size, proof, root),
        (leaf, index, 2**63, proof, root),
    ):
        assert refused_inclusion(*changed) == "inclusion-unproven"


@settings(max_examples=300)
@given(st.data())
def test_no_changed_consistency_proof_holds(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 70))
    old = data.draw(st.integers(1, size - 1))
    root, old_root, proof = WHOLE.root(size), WHOLE.root(old), WHOLE.consistency_proof(old, size)
    place = data.draw(st.integers(0, len(proof) - 1))
    bad = bytes((proof[place][0] ^ 1,)) + proof[place][1:]
    rewritten = grown([LEAVES[1], LEAVES[0], *LEAVES[2:]])
    for changed in (
        (old, rewritten.root(old) if old > 1 else LEAVES[1], size, root, proof),
        (old, old_root, size, rewritten.root(size), proof),
        (old, old_root, size, rewritten.root(size), rewritten.consistency_proof(old, size)),
        (old, old_root, size, root, proof[:place] + proof[place + 1 :]),
        (old, old_root, size, root, [*proof[:place], bad, *proof[place + 1 :]]),
        (old, old_root, size, root, [*proof, old_root]),
        (old, old_root, size, root, [*proof[:place], proof[place][:31], *proof[place + 1 :]]),
        (size, old_root, size, root, []),
        (size + 1, old_root, size, root, proof),
        (-1, old_root, size, root, proof),
    ):
        if old == 1 and changed[3:] == (rewritten.root(size), rewritten.consistency_proof(old, size)):
            continue  # an old tree of one entry: the same case as the first
        assert refused_consistency(*changed) == "consistency-unproven"


def test_a_node_cannot_pose_as_an_entry() -> None:
    """Second preimage: the two halves of the tree, handed in as one entry of 64 bytes."""
    tree = Tree(MemoryNodes())
    tree.append(LEAVES[:4])
    left, right = naive_root(LEAVES[:2]), naive_root(LEAVES[2:4])
    assert node_hash(left, right) == tree.root()
    assert refused_inclusion(leaf_hash(left + right), 0, 1, [], tree.root()) == "inclusion-unproven"


def test_what_a_tree_does_not_have_is_not_proven() -> None:
    for size, index in ((0, 0), (70, 70), (71, 0), (-1, 0), (5, -1)):
        with pytest.raises(ValueError):
            WHOLE.inclusion_proof(index, size)
    for old, size in ((71, 70), (-1, 70), (3, 2)):
        with pytest.raises(ValueError):
            WHOLE.consistency_proof(old, size)


def test_nodes_are_put_once_and_in_order() -> None:
    nodes = MemoryNodes()
    nodes.put(0, 0, LEAVES[:3])
    for first in (0, 2, 4):
        with pytest.raises(ValueError):
            nodes.put(0, first, LEAVES[:1])


def test_a_tree_goes_on_where_it_was_left() -> None:
    nodes = MemoryNodes()
    Tree(nodes).append(LEAVES[:13])
    again = Tree(nodes, 13)
    again.append(LEAVES[13:])
    assert again.root() == WHOLE.root()
