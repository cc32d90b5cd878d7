"""RFC 4998 evidence records: one time stamp over a batch, and for each thing in it a proof of its own for decades."""

from signing.records.hashtree import HashLists, HashTree, build_batch
from signing.records.record import ArchiveTimeStamp, EvidenceRecord, build_record, read_record
from signing.records.renewing import chain_leaf, rehash, renew, stamp_leaf
from signing.records.verifying import VerifiedRecord, verify_record

__all__ = [
    "ArchiveTimeStamp",
    "EvidenceRecord",
    "HashLists",
    "HashTree",
    "VerifiedRecord",
    "build_batch",
    "build_record",
    "chain_leaf",
    "read_record",
    "rehash",
    "renew",
    "stamp_leaf",
    "verify_record",
]
