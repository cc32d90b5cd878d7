"""The journal and its time stamps: that it holds what the package shows, who saw that, and since when it all exists.

An entry binds a file by the digest of its bytes. A log proof leads from the entry to a checkpoint that the journal
signed; an evidence record leads from the entry to a time stamp. What is proven of the entry is so proven of the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway.errors import Unreadable
from gateway.examination.grounds import Material, failure, fault, gap
from gateway.examination.growth import examine_growth
from gateway.examination.verdict import Link, LinkKind, Standing, TimeKind, Who
from gateway.journal import Entry, EntryKind, read_entry
from gateway.package import CHECKPOINT, ENTRY, EVIDENCE, LATER, RECEIPT, VALIDATION, Description
from signing import (
    CLOCK_TOLERANCE,
    CertificateStatus,
    Checkpoint,
    Covering,
    KeyUnavailable,
    NoteKey,
    SignedCheckpoint,
    VerificationFailed,
    VerifiedRecord,
    check_authorities,
    check_covered,
    leaf_hash,
    parse_note_key,
    read_checkpoint,
    read_log_proof,
    sha256,
    verify_inclusion,
    verify_record,
)

PLACES: Mapping[EntryKind, str] = {EntryKind.EVIDENCE: "evidence/{}.xml", EntryKind.RECEIPT: "receipts/{}.xml"}

MAX_NEIGHBOURS = 8
"""Files that one record may name: two stand beside each other in a tree of ours, and each costs a verification."""


@dataclass(kw_only=True)
class Journaled:
    """What the journal shows. proven: file -> by when it existed. seen: checkpoints by size, with who cosigned them.
    statuses: what is known of the certificates of time authorities."""

    links: list[Link] = field(default_factory=list)
    proven: dict[str, datetime] = field(default_factory=dict)
    seen: dict[int, tuple[Checkpoint, dict[str, datetime]]] = field(default_factory=dict)
    statuses: list[CertificateStatus] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Keys:
    """The keys of the journal, newest first: it may have had others before. witnesses: whom the examiner knows."""

    logs: tuple[NoteKey, ...]
    witnesses: tuple[NoteKey, ...]

    def read(self, note: bytes) -> SignedCheckpoint:
        """The checkpoint, by whichever key of the journal signed it. Raises VerificationFailed."""
        for log in self.logs[:-1]:
            try:
                return read_checkpoint(note, log=log, witnesses=self.witnesses)
            except VerificationFailed as error:
                if error.code not in ("checkpoint-unsigned", "checkpoint-of-another-log"):
                    raise
        return read_checkpoint(note, log=self.logs[-1], witnesses=self.witnesses)


def examine_journal(material: Material) -> Journaled:
    """Every entry with its proof and its record, then the checkpoints and their witnesses, then what lacks an entry."""
    found = Journaled()
    keys = _keys(material, found)
    records = _Records(material)
    entries = _entries(material, found)
    records.judge_authorities({about: name for name, (_, about) in entries.items()})
    found.statuses += records.statuses
    for name, (entry, about) in entries.items():
        if keys.logs:
            _inclusion(material, found, name, entry, about, keys)
        _time(found, records.of(name), about, needed=not _is_validation(about))
    for name in material.package.files:
        if CHECKPOINT.fullmatch(name):
            if keys.logs:
                _checkpoint(material, found, name, keys)
            _time(found, records.of(name), name, needed=False)
    covered = {about for _, about in entries.values()}
    for name in material.package.files:
        stated = EVIDENCE.fullmatch(name) or RECEIPT.fullmatch(name)
        if (stated or _is_validation(name)) and name not in covered:
            found.links.append(gap(LinkKind.JOURNAL, name, "not-in-journal", needed=stated is not None))
    found.links += _witnesses(found.seen.values(), until=material.grounds.at + CLOCK_TOLERANCE)
    if keys.logs:
        shown = {size: checkpoint for size, (checkpoint, _) in found.seen.items()}
        found.links += examine_growth(material, shown, _known(material, found, keys))
    found.links += records.untold()
    return found


def _known(material: Material, found: Journaled, keys: Keys) -> dict[int, Checkpoint]:
    """The checkpoints that the examiner knows, by size."""
    known: dict[int, Checkpoint] = {}
    for note in material.grounds.checkpoints:
        try:
            checkpoint = keys.read(note).checkpoint
        except VerificationFailed as error:
            found.links.append(failure(LinkKind.GROWTH, "journal", error))
            continue
        if known.setdefault(checkpoint.size, checkpoint) != checkpoint:
            found.links.append(fault(LinkKind.GROWTH, "journal", "two-journals"))
    return known


def _is_validation(name: str) -> bool:
    return name == VALIDATION or LATER.fullmatch(name) is not None


def _keys(material: Material, found: Journaled) -> Keys:
    """The keys of the journal, and those of witnesses. Witnesses count only if the examiner knows them: the service
    could name anybody."""
    texts = material.grounds.journal_keys or material.description.journal_keys
    witnesses = tuple(parse_note_key(each) for each in material.grounds.witness_keys)
    try:
        logs = tuple(parse_note_key(each) for each in texts)
    except KeyUnavailable:
        found.links.append(fault(LinkKind.JOURNAL, "", "journal-key-unknown"))
        return Keys(logs=(), witnesses=witnesses)
    if not logs and any(ENTRY.fullmatch(name) for name in material.package.files):
        found.links.append(Link(kind=LinkKind.JOURNAL, standing=Standing.OPEN, about="", code="journal-key-unknown"))
    return Keys(logs=logs, witnesses=witnesses)


def _entries(material: Material, found: Journaled) -> dict[str, tuple[Entry, str]]:
    """Name of each entry's file -> the entry, and the name of the file that it binds."""
    entries: dict[str, tuple[Entry, str]] = {}
    for name, raw in material.package.files.items():
        if ENTRY.fullmatch(name) is None:
            continue
        try:
            entry = read_entry(raw)
        except Unreadable as error:
            found.links.append(failure(LinkKind.JOURNAL, name, error))
            continue
        about = material.by_digest.get(entry.digest)
        place = _place(entry)
        if place in material.package.missing:
            found.links.append(gap(LinkKind.JOURNAL, name, "not-in-package", needed=True, name=str(place)))
        elif about is None:
            found.links.append(fault(LinkKind.JOURNAL, name, "about-other-bytes"))
        elif place != about or not _is_of_this(entry, material.description):
            found.links.append(fault(LinkKind.JOURNAL, name, "about-something-else"))
        else:
            entries[name] = entry, about
    return entries


def _place(entry: Entry) -> str | None:
    """The file that an entry of its kind binds."""
    if entry.kind is EntryKind.VALIDATION:  # what was known at arrival has the id of the submission
        return VALIDATION if entry.id == entry.of else f"validation/{entry.id}.json"
    place = PLACES.get(entry.kind)
    return None if place is None else place.format(entry.id)


def _is_of_this(entry: Entry, description: Description) -> bool:
    """Whether an entry says itself that it belongs to what the package is about."""
    match entry.kind:
        case EntryKind.EVIDENCE:
            return entry.of == description.submission_id
        case EntryKind.RECEIPT:
            return entry.of in {copy.delivery_id for copy in description.copies}
        case _:
            return entry.id != entry.of or entry.of == description.submission_id


def _inclusion(material: Material, found: Journaled, name: str, entry: Entry, about: str, keys: Keys) -> None:
    files, position = material.package.files, name.removeprefix("journal/").removesuffix(".entry")
    proof = files.get(f"journal/{position}.proof")
    if proof is None:
        found.links.append(
            gap(LinkKind.JOURNAL, about, "not-in-package", needed=True, name=f"journal/{position}.proof")
        )
        return
    try:
        read = read_log_proof(proof)
        signed = keys.read(read.note)
        checkpoint = signed.checkpoint
        verify_inclusion(leaf_hash(files[name]), read.index, checkpoint.size, read.steps, checkpoint.root)
    except VerificationFailed as error:
        found.links.append(failure(LinkKind.JOURNAL, about, error))
        return
    if str(read.index) != position:
        found.links.append(fault(LinkKind.JOURNAL, about, "about-something-else"))
    elif _see(found, name, checkpoint, signed.cosigned):
        link = Link(
            kind=LinkKind.JOURNAL,
            standing=Standing.HOLDS,
            about=about,
            who=Who(name=checkpoint.origin),
            at=entry.at,
            time=TimeKind.STATED,
            params={"position": position, "size": str(checkpoint.size)},
        )
        found.links.append(link)


def _checkpoint(material: Material, found: Journaled, name: str, keys: Keys) -> None:
    try:
        signed = keys.read(material.package.files[name])
    except VerificationFailed as error:
        found.links.append(failure(LinkKind.JOURNAL, name, error))
        return
    if f"journal/{signed.checkpoint.size}.checkpoint" != name:
        found.links.append(fault(LinkKind.JOURNAL, name, "about-something-else"))
    else:
        _see(found, name, signed.checkpoint, signed.cosigned)


def _see(found: Journaled, name: str, checkpoint: Checkpoint, cosigned: Mapping[str, datetime]) -> bool:
    """Remember a checkpoint; False, and a link that says so, when there are two of one size."""
    before, names = found.seen.setdefault(checkpoint.size, (checkpoint, {}))
    if before != checkpoint:
        found.links.append(fault(LinkKind.JOURNAL, name, "two-journals"))
        return False
    names.update(cosigned)
    return True


class _Records:
    """Every evidence record, verified for each file that it names: neighbours in a hash tree stand in each other's
    record, so that a file may have several, and a bad one hides no good one."""

    def __init__(self, material: Material) -> None:
        self._material = material
        self._verified: dict[str, list[tuple[str, VerifiedRecord]]] = {}
        self._failed: dict[str, list[tuple[str, VerificationFailed]]] = {}
        self._told: set[str] = set()
        for record in filter(self._is_of_neighbours, material.package.records):
            for name in record.digests:
                if self._is_stamped(name) and name in material.package.files:
                    self._verify(record, name)

    @staticmethod
    def _is_stamped(name: str) -> bool:
        return bool(ENTRY.fullmatch(name) or CHECKPOINT.fullmatch(name))

    @staticmethod
    def _is_of_neighbours(record: Covering) -> bool:
        return len(record.digests) <= MAX_NEIGHBOURS

    def _verify(self, record: Covering, name: str) -> None:
        package, grounds = self._material.package, self._material.grounds
        try:
            check_covered(package, replace(record, digests={name: record.digests[name]}))
            verified = verify_record(
                record.proof,
                package.files[name],
                trust=grounds.stamps,
                at=grounds.at,
                others=self._material.kept.certificates,
            )
        except VerificationFailed as error:
            self._failed.setdefault(name, []).append((record.name, error))
        else:
            self._verified.setdefault(name, []).append((record.name, verified))

    def judge_authorities(self, entries: Mapping[str, str]) -> None:
        """Have only those hold whose time authorities were not revoked, by what the package brings along: its age is
        proven by records, so they have been verified before. entries: file -> its entry."""
        grounds = self._material.grounds
        proven = {about: found.proven_at for about, name in entries.items() if (found := self._earliest(name))}
        known = replace(self._material, proven=proven).known
        for name, verified in self._verified.items():
            for each in verified[:]:
                record, found = each
                verified.remove(each)
                try:
                    judged = check_authorities(
                        found, trust=grounds.stamps, at=grounds.at, known=known, revocation=grounds.revocation
                    )
                except VerificationFailed as error:
                    self._failed.setdefault(name, []).append((record, error))
                else:
                    verified.append((record, judged))

    @property
    def statuses(self) -> Iterator[CertificateStatus]:
        """What is known of the certificates of time authorities, of each record that holds."""
        for verified in self._verified.values():
            for _, each in verified:
                yield from each.statuses

    def _earliest(self, name: str) -> VerifiedRecord | None:
        found = (each for _, each in self._verified.get(name, ()))
        return min(found, key=lambda each: each.proven_at, default=None)

    def of(self, name: str) -> VerifiedRecord | VerificationFailed | None:
        """The record that proves the earliest time of a file; why there is none that holds; None: there is none."""
        verified, failed = self._earliest(name), self._failed.get(name)
        if verified is not None:
            return verified
        if not failed:
            return None
        record, error = failed[0]
        self._told.add(record)
        return error

    def untold(self) -> Iterator[Link]:
        """A link for each record that does not hold where no link of a file says so, and for each about other files."""
        faults = {record: error for failed in self._failed.values() for record, error in failed}
        for record in self._material.package.records:
            if not self._is_of_neighbours(record) or not all(map(self._is_stamped, record.digests)):
                yield fault(LinkKind.TIME, record.name, "about-something-else")
            elif record.name in faults and record.name not in self._told:
                yield failure(LinkKind.TIME, record.name, faults[record.name], needed=False)


def _time(found: Journaled, verified: VerifiedRecord | VerificationFailed | None, about: str, *, needed: bool) -> None:
    """Since when a file of the journal, and what it binds, provably exists."""
    if verified is None:
        found.links.append(gap(LinkKind.TIME, about, "not-stamped", needed=needed))
        return
    if isinstance(verified, VerificationFailed):
        found.links.append(failure(LinkKind.TIME, about, verified, needed=needed))
        return
    found.proven[about] = min(verified.proven_at, found.proven.get(about, verified.proven_at))
    first = verified.stamps[0]
    link = Link(
        kind=LinkKind.TIME,
        standing=Standing.HOLDS,
        about=about,
        who=Who.of(first.authority, sha256(first.path.certificates[0])),
        at=verified.proven_at,
        time=TimeKind.PROVEN,
        needed=needed,
        params={"renewals": str(len(verified.stamps) - 1)},
    )
    found.links.append(link)


def _witnesses(seen: Iterable[tuple[Checkpoint, Mapping[str, datetime]]], *, until: datetime) -> Iterator[Link]:
    """A link for each checkpoint and who saw it; nobody has seen it at a time that has not come."""
    for checkpoint, cosigned in sorted(seen, key=lambda each: each[0].size):
        about = f"journal/{checkpoint.size}.checkpoint"
        if not cosigned:
            yield Link(kind=LinkKind.WITNESS, standing=Standing.OPEN, about=about, code="not-witnessed", needed=False)
        for name, at in cosigned.items():
            yield Link(
                kind=LinkKind.WITNESS,
                standing=Standing.HOLDS if at <= until else Standing.OPEN,
                code=None if at <= until else "times-contradict",
                about=about,
                who=Who(name=name),
                at=at,
                time=TimeKind.CLAIMED,
                needed=False,
                params={"size": str(checkpoint.size)},
            )
