"""Keeping evidence records good: a later stamp over the last one, or a new chain with a stronger digest.

Time-stamp renewal is done before the certificate or the algorithm of the last stamp ends. It covers stamps only, so it
is done once for a batch and needs none of its data. Hash-tree renewal is done before the digest algorithm of the tree
is broken; it needs the data.
Source: RFC 4998, 5.2.
"""

from signing.algorithms import DIGESTS
from signing.records.hashtree import HashLists
from signing.records.record import EvidenceRecord, build_stamp, encode_chains, read_record


def stamp_leaf(token: bytes, *, digest_name: str = "sha256") -> bytes:
    """What a new time stamp has to cover so that it renews `token`: a digest for `build_batch`.

    digest_name: of the chain that the token stands in.
    """
    return DIGESTS[digest_name](token).digest()


def chain_leaf(record: EvidenceRecord, data: bytes, *, digest_name: str) -> bytes:
    """What the first time stamp of a new chain has to cover: the data anew, and all chains before."""
    digest = DIGESTS[digest_name]
    return digest(digest(data).digest() + digest(encode_chains(record.chains)).digest()).digest()


def renew(raw: bytes, path: HashLists, token: bytes) -> bytes:
    """The record with a time stamp over its last one (time-stamp renewal).

    path: from `stamp_leaf` of the last token; token: over the root to which it leads.
    Raises VerificationFailed: record-unreadable, algorithm-not-allowed.
    """
    record = read_record(raw)
    last = record.chains[-1]
    stamp = build_stamp(path, token, digest_name=last[-1].digest_name)
    return EvidenceRecord(chains=(*record.chains[:-1], (*last, stamp))).encode()


def rehash(raw: bytes, path: HashLists, token: bytes, *, digest_name: str) -> bytes:
    """The record with a new chain (hash-tree renewal).

    path: from `chain_leaf` of the record; token: over the root to which it leads.
    Raises VerificationFailed: record-unreadable, algorithm-not-allowed.
    """
    record = read_record(raw)
    stamp = build_stamp(path, token, digest_name=digest_name)
    return EvidenceRecord(chains=(*record.chains, (stamp,))).encode()
