"""The journal: one typed, salted entry for each thing that proves something, in the order in which it was stored.

An entry binds the digest of raw bytes that are kept elsewhere, never the bytes, so that these can be erased and every
proof stays; its salt keeps those who see the hashes of its neighbours from guessing them. Entries are numbered from 0
without a gap, written in the transaction of what they are about, and never changed. Their canonical bytes are the
leaves of the tree (RFC 6962) and of the hash trees that are time-stamped (RFC 4998); how these grow stands in
`batches.py`, what is proven with them in `proofs.py`.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from gateway.errors import Unreadable
from gateway.filing import OnFile
from gateway.keyring import PublishedKey
from gateway.model import (
    Evidence,
    FurtherKey,
    HostedKey,
    KeptReceipt,
    Party,
    PartyId,
    ValidationRecord,
    instant_text,
)
from gateway.partyrecord import hosted_key_record, party_record

TITLE = "sealpost-journal-entry-1"
SALT_BYTES = 16
BOUND_BY = "sha512"
"""What binds a thing to its entry. Stronger than what the first hash trees are made with, so that these can be made
anew (RFC 4998, 5.3) and the way from the new stamp to the thing itself has no weaker step."""
_SIZES = {"sha256": 32, "sha512": 64}
_WORDS = re.compile(r"[!-~]{1,200}( [!-~]{1,200}){3}")
_READ = re.compile(
    TITLE + r"\nkind (?P<kind>\S+)\nid (?P<id>\S+)\nof (?P<of>\S+)\nat (?P<at>\S+)\ncode (?P<code>\S+)\n"
    r"digest (?P<name>sha256|sha512):(?P<digest>[0-9a-f]{64,128})\nsalt (?P<salt>[0-9a-f]{32})\n"
)


class EntryKind(StrEnum):
    """What an entry is about.

    evidence: a signed statement of the service, an operator's act among them. receipt: what a recipient sent back,
    with what became of it. validation: what was known of certificates behind signatures; it names the digests of all
    revocation data that it rests on. key: a key of the service that was made known. party: what the register says of
    a party from then on. filing: what is on file of a form beside its evidence. hosted-key: the sealing key that is
    kept for a party. access: a token that was given to a party, or taken from it. further-key: another key under which
    a sender handed in the same bytes. name: under which the gateway issues evidence from then on.
    """

    EVIDENCE = "evidence"
    RECEIPT = "receipt"
    VALIDATION = "validation"
    KEY = "key"
    PARTY = "party"
    FILING = "filing"
    HOSTED_KEY = "hosted-key"
    ACCESS = "access"
    FURTHER_KEY = "further-key"
    NAME = "name"


REMEMBERED, FROM_BEFORE = "remembered", "from-before"
"""Codes of entries about further keys: of one that was entered when it came, and of one that was there already when the
journal came to know of such keys."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that is recorded. position: None until it is stored.

    id: of the thing. of: of what it belongs to (a submission, for a receipt its delivery). code: what happened: the
    event of evidence, what became of a receipt. digest: of its raw bytes, by SHA-512, or by SHA-256 in an earlier
    entry. at: with the milliseconds that count. raw: the thing itself, while an entry is being made of it.
    """

    kind: EntryKind
    id: str
    of: str
    at: datetime
    code: str
    digest: bytes
    salt: bytes = field(default_factory=lambda: secrets.token_bytes(SALT_BYTES))
    position: int | None = None
    raw: bytes = field(default=b"", repr=False, compare=False)

    def __post_init__(self) -> None:
        words = f"{self.kind} {self.id} {self.of} {self.code}"
        if _WORDS.fullmatch(words) is None or len(self.digest) not in _SIZES.values() or len(self.salt) != SALT_BYTES:
            raise ValueError("an entry is made of words, a digest and a salt")

    @property
    def digest_name(self) -> str:
        """By what it binds its thing."""
        return next(name for name, size in _SIZES.items() if len(self.digest) == size)

    def bound_by(self, digest_name: str) -> Entry:
        """The entry of the same thing that binds it by another digest, as earlier ones do."""
        return self if digest_name == BOUND_BY else replace(self, digest=_digest(self.raw, digest_name))


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Entries that were closed together: all before position `size` that no earlier batch has.

    checkpoint: what the service signed of the tree of `size` entries, without the cosignatures that came later.
    """

    size: int
    checkpoint: bytes


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """A time stamp over a part of the journal.

    covers: (first, size): the entries from `first` up to `size`, and the checkpoints of the batches that end there;
    None for one that renews others. ends_at: when a certificate of the authority ends, so that it must be renewed.
    number: 0 until it is stored. renewed_by: number of the stamp that covers this one. digest_name: of its hash tree.
    anew_from: the first position of what it covers anew, with all that was stamped of it before (RFC 4998, 5.3), for
    one that does that. rehashed_by: number of the one that does it for this one.
    """

    covers: tuple[int, int] | None
    stamped_at: datetime
    ends_at: datetime
    token: bytes
    number: int = 0
    renewed_by: int | None = None
    digest_name: str = "sha256"
    anew_from: int | None = None
    rehashed_by: int | None = None


@dataclass(frozen=True, kw_only=True)
class Cosignature:
    """What a witness signed of a checkpoint. line: as it stands below the checkpoint, with its line feed."""

    size: int
    witness: str
    line: str


def entry_of_evidence(evidence: Evidence) -> Entry:
    """The entry for a piece of evidence."""
    return _entry(EntryKind.EVIDENCE, evidence.id, evidence.submission_id, evidence.at, evidence.event, evidence.raw)


def entry_of_key(key: PublishedKey) -> Entry:
    """The entry for a key that is made known."""
    return _entry(EntryKind.KEY, key.id, key.purpose, key.published_at, "published", key.raw)


def entry_of_party(party: Party, *, at: datetime) -> Entry:
    """The entry for a party as it is registered from that moment on."""
    return _entry(EntryKind.PARTY, party.id, "register", at, "registered", party_record(party).encode())


def entry_of_filing(on_file: OnFile, *, at: datetime) -> Entry:
    """The entry for what is on file of a form."""
    return _entry(EntryKind.FILING, on_file.submission_id, on_file.submission_id, at, "filed", on_file.raw)


def entry_of_hosted_key(key: HostedKey, *, at: datetime) -> Entry:
    """The entry for a sealing key as it is kept for a party from that moment on."""
    return _entry(EntryKind.HOSTED_KEY, key.party, "mailbox", at, "kept", hosted_key_record(key).encode())


def entry_of_token(token_hash: str, party: PartyId, *, given: bool, at: datetime) -> Entry:
    """The entry for a token (its SHA-256 in hex) that is given to a party, or taken from it."""
    return _entry(EntryKind.ACCESS, token_hash, party, at, "given" if given else "taken", token_hash.encode())


def entry_of_further_key(key: FurtherKey, *, at: datetime, code: str = REMEMBERED) -> Entry:
    """The entry for a further key of a sender, by which it gets the first answer to that submission.

    It does not hold the key, which may say something of somebody, nor a digest by which it can be guessed; one of
    before has the key for its id.
    """
    title = f"sealpost-further-key-2\n{key.salt.hex()}" if key.salt else "sealpost-further-key-1"
    raw = f"{title}\n{key.sender}\n{key.idempotency_key}\n{key.submission_id}\n".encode()
    return _entry(EntryKind.FURTHER_KEY, key.id, key.sender, at, code, raw)


def entry_of_name(name: str, *, at: datetime) -> Entry:
    """The entry for a name of the gateway, under which no party is registered from then on."""
    return _entry(EntryKind.NAME, name, "gateway", at, "taken", name.encode())


def entry_of_receipt(receipt: KeptReceipt) -> Entry:
    """The entry for a receipt, with what became of it."""
    return _entry(EntryKind.RECEIPT, receipt.id, receipt.delivery_id, receipt.received_at, receipt.outcome, receipt.raw)


def entry_of_validation(of: str, record: ValidationRecord) -> Entry:
    """The entry for what was known of signatures. of: the submission, or the seal of ours."""
    return _entry(EntryKind.VALIDATION, record.id or of, of, record.at, record.outcome, record.raw)


def entry_bytes(entry: Entry) -> bytes:
    """The canonical bytes of an entry: what is hashed. Eight lines of ASCII, each ended by a line feed.

    They are never 64 bytes long, so that none can pose as an inner node of an RFC 4998 hash tree, whose leaves carry
    no mark of their own.
    """
    return (
        f"{TITLE}\nkind {entry.kind}\nid {entry.id}\nof {entry.of}\nat {instant_text(entry.at)}\ncode {entry.code}\n"
        f"digest {entry.digest_name}:{entry.digest.hex()}\nsalt {entry.salt.hex()}\n"
    ).encode()


def read_entry(raw: bytes) -> Entry:
    """The entry whose canonical bytes these are. Raises Unreadable("not-an-entry")."""
    found = _READ.fullmatch(raw.decode("ascii", "replace"))
    if found is None:
        raise _not_an_entry()
    try:
        entry = Entry(
            kind=EntryKind(found["kind"]),
            id=found["id"],
            of=found["of"],
            at=datetime.fromisoformat(found["at"]),
            code=found["code"],
            digest=bytes.fromhex(found["digest"]),
            salt=bytes.fromhex(found["salt"]),
        )
    except ValueError as error:
        raise _not_an_entry() from error
    if entry_bytes(entry) != raw:
        raise _not_an_entry()
    return entry


def _entry(kind: EntryKind, id: str, of: str, at: datetime, code: str, raw: bytes) -> Entry:
    """An entry that is made now, of the thing whose bytes are `raw`."""
    return Entry(kind=kind, id=id, of=of, at=at, code=code, digest=_digest(raw, BOUND_BY), raw=raw)


def _digest(raw: bytes, digest_name: str) -> bytes:
    return hashlib.new(digest_name, raw).digest()


def _not_an_entry() -> Unreadable:
    return Unreadable("not-an-entry", "these are not the canonical bytes of an entry of the journal")
