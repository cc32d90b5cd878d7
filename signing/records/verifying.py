"""What an evidence record proves: that these very bytes existed at a time.

The steps, from the newest time stamp to the oldest; each raises VerificationFailed:

1. the record is DER as it is written here, and the data is not of a length that a node of the tree has;
2. within a chain there is one digest algorithm;
3. the first list of each hash tree has what this time stamp must cover: the stamp before it; as the first of a chain,
   the data and all chains before; as the very first, the data;
4. the time stamp covers the root to which the lists lead, with the same digest algorithm, and is good at the time at
   which it is known to have existed: the newest one now, each other one when the next was made;
5. no certificate of its authority was revoked by then.

The clock of an authority may be minutes ahead of that of whoever judges.

Source: RFC 4998, 3.3, 4.3 and 5.3; ETSI EN 319 102-1, 5.6.2.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Final

from signing.algorithms import DIGESTS
from signing.errors import VerificationFailed, refusal
from signing.records.hashtree import root_of
from signing.records.record import ArchiveTimeStamp, EvidenceRecord, read_record
from signing.records.renewing import chain_leaf, stamp_leaf
from signing.revocation.judging import CLOCK_TOLERANCE, CertificateStatus, KnownData, RevocationRule
from signing.timestamps.revoked import check_authority
from signing.timestamps.token import TimeStamp, TimestampTrust, verify_digest_timestamp

_NOTHING_REQUIRED: Final = RevocationRule()


@dataclass(frozen=True, kw_only=True)
class VerifiedRecord:
    """What is proven. stamps: from the oldest to the newest. statuses: what is known of the certificates of their
    authorities, the anchors aside."""

    stamps: tuple[TimeStamp, ...]
    statuses: tuple[CertificateStatus, ...] = ()

    @property
    def proven_at(self) -> datetime:
        """The time by which the data existed."""
        return self.stamps[0].stamped_at

    @property
    def until(self) -> datetime:
        """When the newest time stamp ends to be good by itself: before that, the record is renewed."""
        return self.stamps[-1].path.until


def verify_record(
    raw: bytes,
    data: bytes,
    *,
    trust: TimestampTrust,
    at: datetime,
    others: Sequence[bytes] = (),
    known: Sequence[KnownData] = (),
    revocation: RevocationRule = _NOTHING_REQUIRED,
) -> VerifiedRecord:
    """Verify that an evidence record covers `data`.

    data: the exact bytes. at: now, or the time that is asked about; aware.
    others: certificates in DER of which the paths of time authorities may be made; not trusted themselves.
    known, revocation: what is known of the certificates of time authorities, and what must be.
    Raises VerificationFailed: the codes record-…, timestamp-… and revocation-…, algorithm-not-allowed.
    """
    # 1.
    record = read_record(raw)
    known_at = at + CLOCK_TOLERANCE
    stamps = []
    for archived, leaf in _expected(record, data):
        # 3.
        try:
            root = root_of(archived.path, leaf, digest_name=archived.digest_name)
        except LookupError:
            raise _other_leaf(archived, record) from None
        # 4.
        stamp = verify_digest_timestamp(
            archived.token, root, digest_name=archived.digest_name, trust=trust, at=known_at, others=others
        )
        stamps.append(stamp)
        known_at = stamp.stamped_at
    # 5.
    verified = VerifiedRecord(stamps=tuple(reversed(stamps)))
    return check_authorities(verified, trust=trust, at=at, known=known, revocation=revocation)


def check_authorities(
    verified: VerifiedRecord,
    *,
    trust: TimestampTrust,
    at: datetime,
    known: Sequence[KnownData],
    revocation: RevocationRule,
) -> VerifiedRecord:
    """The same record with what is known of the authorities of its time stamps: for data whose own age only evidence
    records prove. Raises VerificationFailed: timestamp-revoked, revocation-unknown, revocation-expired."""
    existed = (*(later.stamped_at for later in verified.stamps[1:]), at + CLOCK_TOLERANCE)
    statuses = dict.fromkeys(
        status
        for stamp, known_at in zip(verified.stamps, existed, strict=True)
        for status in check_authority(stamp, known_at, known, trust=trust, rule=revocation)
    )
    return replace(verified, statuses=tuple(statuses))


def is_shared(record: EvidenceRecord, other: bytes) -> bool:
    """Whether a record over one thing is the record over another, too: they stand beside each other in the hash tree of
    every chain. No time stamp is looked at."""
    for number, chain in enumerate(record.chains):
        name = chain[0].digest_name
        earlier = EvidenceRecord(chains=record.chains[:number])
        leaf = chain_leaf(earlier, other, digest_name=name) if number else DIGESTS[name](other).digest()
        if not chain[0].path or leaf not in chain[0].path[0]:
            return False
    return True


def _expected(record: EvidenceRecord, data: bytes) -> Iterator[tuple[ArchiveTimeStamp, bytes]]:
    """Each time stamp, from the newest to the oldest, with what it must cover."""
    for number in range(len(record.chains) - 1, -1, -1):
        chain = record.chains[number]
        name = chain[0].digest_name
        digest = DIGESTS[name]
        if len(data) == 2 * digest().digest_size:
            raise refusal("record-of-a-node", "data as long as a node of the hash tree: it could be one")
        # 2.
        if any(stamp.digest_name != name for stamp in chain):
            raise refusal("record-algorithms-mixed", "two digest algorithms in one chain of time stamps")
        for before, stamp in reversed(list(pairwise(chain))):
            yield stamp, stamp_leaf(before.token, digest_name=name)
        earlier = EvidenceRecord(chains=record.chains[:number])
        yield chain[0], chain_leaf(earlier, data, digest_name=name) if number else digest(data).digest()


def _other_leaf(archived: ArchiveTimeStamp, record: EvidenceRecord) -> VerificationFailed:
    if archived is record.chains[0][0]:
        return refusal("record-of-something-else", "the record covers other bytes than these")
    return refusal("record-chain-broken", "a later time stamp does not cover what stands before it")
