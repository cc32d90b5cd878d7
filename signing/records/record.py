"""Evidence records as bytes: DER both ways.

CryptoInfos and EncryptionInfo are refused: nothing covers them. So are attributes of an archive time stamp.
Source: RFC 4998, 3 and 4.1 (implicit tags).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from signing import der
from signing.algorithms import DIGESTS
from signing.cms import UnknownAlgorithm, digest_identifier, read_digest_identifier
from signing.errors import VerificationFailed, refusal
from signing.records.hashtree import HashLists
from signing.timestamps.token import read_imprint

MAX_RECORD_BYTES: Final = 4 * 1024 * 1024
MAX_STAMPS: Final = 256  # in one record
MAX_LISTS: Final = 64  # levels of a hash tree
MAX_HASHES: Final = 1024  # in one list

_TREE: Final = der.context(2)


@dataclass(frozen=True, kw_only=True)
class ArchiveTimeStamp:
    """One time stamp over the root of a hash tree.

    path: empty where the stamp is over the leaf itself. encoded: all of it in DER, which later chains cover.
    """

    digest_name: str
    path: HashLists
    token: bytes
    encoded: bytes


@dataclass(frozen=True, kw_only=True)
class EvidenceRecord:
    """An evidence record; nothing in it is verified.

    chains: in the order of time. Within a chain each time stamp covers the one before it, all with one digest
    algorithm; each chain covers the data anew and all chains before it.
    """

    chains: tuple[tuple[ArchiveTimeStamp, ...], ...]

    def encode(self) -> bytes:
        """DER."""
        names = dict.fromkeys(stamp.digest_name for chain in self.chains for stamp in chain)
        algorithms = der.encode(der.SEQUENCE, *map(digest_identifier, names))
        return der.encode(der.SEQUENCE, der.integer(1), algorithms, encode_chains(self.chains))


def encode_chains(chains: Sequence[Sequence[ArchiveTimeStamp]]) -> bytes:
    """ArchiveTimeStampSequence in DER."""
    written = (der.encode(der.SEQUENCE, *(stamp.encoded for stamp in chain)) for chain in chains)
    return der.encode(der.SEQUENCE, *written)


def build_record(path: HashLists, token: bytes, *, digest_name: str = "sha256") -> bytes:
    """The evidence record, in DER, of what a path leads from, and a token over the root to which it leads."""
    return EvidenceRecord(chains=((build_stamp(path, token, digest_name=digest_name),),)).encode()


def build_stamp(path: HashLists, token: bytes, *, digest_name: str) -> ArchiveTimeStamp:
    """An archive time stamp from its parts."""
    # The tag of the algorithm is implicit, so it takes the place of that of the SEQUENCE.
    algorithm = bytes((der.context(0),)) + digest_identifier(digest_name)[1:]
    lists = (der.encode(der.SEQUENCE, *(der.encode(der.OCTET_STRING, each) for each in hashes)) for hashes in path)
    tree = der.encode(_TREE, *lists) if path else b""
    encoded = der.encode(der.SEQUENCE, algorithm, tree, token)
    return ArchiveTimeStamp(digest_name=digest_name, path=path, token=token, encoded=encoded)


def read_record(raw: bytes) -> EvidenceRecord:
    """Take an evidence record apart.

    Raises VerificationFailed: record-unreadable, algorithm-not-allowed; timestamp-unreadable and
    timestamp-algorithm-not-allowed where only the time stamp says which algorithm is used.
    """
    if len(raw) > MAX_RECORD_BYTES:
        raise _unreadable(f"a record larger than {MAX_RECORD_BYTES // 1024**2} MiB")
    try:
        return _read(raw)
    except der.DerError as exc:
        raise _unreadable(str(exc)) from None
    except UnknownAlgorithm as exc:
        raise refusal("algorithm-not-allowed", str(exc)) from None


def _read(raw: bytes) -> EvidenceRecord:
    outer = der.Reader(raw)
    record = outer.enter(der.SEQUENCE)
    outer.finish()
    record.expect(der.integer(1))
    algorithms = record.enter(der.SEQUENCE)
    names = set()
    while algorithms.peek() is not None:
        names.add(read_digest_identifier(algorithms))
    sequence = record.enter(der.SEQUENCE)
    record.finish()
    chains, stamps = [], 0
    while sequence.peek() is not None:
        chain, inner = [], sequence.enter(der.SEQUENCE)
        while inner.peek() is not None:
            stamps += 1
            if stamps > MAX_STAMPS:
                raise der.DerError(f"more than {MAX_STAMPS} time stamps")
            chain.append(_read_stamp(inner.take_whole(der.SEQUENCE)))
        if not chain:
            raise der.DerError("a chain without a time stamp")
        chains.append(tuple(chain))
    if not chains:
        raise der.DerError("a record without a chain")
    if names != {stamp.digest_name for chain in chains for stamp in chain}:
        raise der.DerError("other digest algorithms are announced than are used")
    return EvidenceRecord(chains=tuple(chains))


def _read_stamp(raw: bytes) -> ArchiveTimeStamp:
    reader = der.Reader(raw).enter(der.SEQUENCE)
    stated = reader.optional(der.context(0))
    tree = reader.optional(_TREE)
    token = reader.take_whole(der.SEQUENCE)
    reader.finish()
    if stated is None:
        digest_name = read_imprint(token)[0]
    else:
        algorithm = der.Reader(der.encode(der.SEQUENCE, stated))
        digest_name = read_digest_identifier(algorithm)
    path = () if tree is None else _read_lists(der.Reader(tree), DIGESTS[digest_name]().digest_size)
    return ArchiveTimeStamp(digest_name=digest_name, path=path, token=token, encoded=raw)


def _read_lists(reader: der.Reader, size: int) -> HashLists:
    lists: list[tuple[bytes, ...]] = []
    while reader.peek() is not None:
        hashes, inner = [], reader.enter(der.SEQUENCE)
        while inner.peek() is not None:
            hashes.append(inner.take(der.OCTET_STRING))
            if len(hashes) > MAX_HASHES or len(hashes[-1]) != size:
                raise der.DerError("a hash of another length, or too many of them")
        if not hashes or hashes != sorted(hashes) or len(lists) == MAX_LISTS:
            raise der.DerError("a list of hashes that is empty or not sorted, or too many of them")
        lists.append(tuple(hashes))
    if not lists:
        raise der.DerError("a hash tree without a list")
    return tuple(lists)


def _unreadable(detail: str) -> VerificationFailed:
    return refusal("record-unreadable", detail)
