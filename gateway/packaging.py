"""Makes the evidence package of a submission, for a party that may see it; without any clear text.

What issuers said of certificates goes with what they signed: of the form for its sender, of receipts with the receipts,
of our own seals and the time authorities always; of the seal that closes the package and of those authorities as it is
said at this moment.

Everything in it is read at one moment. What the journal cannot prove yet (its batch is not closed, or not stamped) is
left out: whoever examines the package is told so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

from gateway.errors import NotFound
from gateway.evidence import Witness
from gateway.journal import EntryKind
from gateway.model import FORM, PROVEN_BY_POST, Evidence, Party, SubmissionId, ValidationItem
from gateway.package import (
    CHECKPOINT,
    DESCRIPTION,
    POST_ENDINGS,
    VALIDATION,
    describe,
    write_consistency,
    write_description,
)
from gateway.ports import Clock, Reading, Store
from gateway.proofs import EntryProof, Proofs
from gateway.status import visible_to
from gateway.vouching import Vouching, authority_name, seal_name
from signing import VerificationFailed, build_package, read_record, sha256, verify_record


@dataclass(frozen=True, kw_only=True)
class Packages:
    """Makes packages.

    versions: of a kind: what judges its forms here. proofs: of the journal.
    journal_keys, witness_keys: as in Description.
    """

    store: Store
    witness: Witness
    vouching: Vouching
    clock: Clock
    versions: Callable[[str], Mapping[str, str]]
    proofs: Proofs
    journal_keys: tuple[str, ...] = ()
    witness_keys: tuple[str, ...] = ()

    def package_of(self, party: Party, submission_id: SubmissionId) -> bytes:
        """The package: of all of a submission for its sender, for a recipient of what concerns its own copies.

        Raises NotFound; signing.ContainerRejected for more than a package can hold.
        """
        at = self.clock.now()
        files, records = self.store.read(lambda view: self._gather(view, party, submission_id))
        seal = self.witness.keys.at(at)
        asked = [self.vouching.ask_about_authority(each, at=at) for each in self._authorities(files, records)]
        for said in (*asked, self.vouching.ask_about_seal(seal, at=at)):
            if said is not None:
                files |= {_place(item): item.raw for item in said.items}
        return build_package(files, records=records, identity=seal, at=at)

    def _gather(
        self, view: Reading, party: Party, submission_id: SubmissionId
    ) -> tuple[dict[str, bytes], dict[str, bytes]]:
        submission, deliveries, evidence = visible_to(view, party, submission_id)
        description = describe(
            submission,
            tuple(deliveries),
            issuer=self.witness.issuer,
            made_at=self.clock.now(),
            made_for=party.id,
            versions=self.versions(submission.kind),
            journal_keys=self.journal_keys,
            witness_keys=self.witness_keys,
        )
        files, records = {DESCRIPTION: write_description(description)}, dict[str, bytes]()
        proven: dict[str, bytes] = {}
        things = list(_things(view, evidence))
        record = view.validation_of(submission_id) if description.whole else None
        if record is not None:
            things.append((EntryKind.VALIDATION, submission_id, VALIDATION, record.raw))
            files |= {_place(item): item.raw for item in record.items}
        about = {f"receipt {sha256(raw)}" for kind, _, _, raw in things if kind is EntryKind.RECEIPT}
        if description.whole:
            about.add(FORM)
        later = [each for each in view.later_validations(submission_id) if each.about in about]
        later += [
            each for key in self.witness.keys.keys for each in view.newest_validations(seal_name(key.identity), limit=2)
        ]
        if description.whole:
            files |= dict(_proofs_of_the_post(view, evidence))
        for kind, thing, name, raw in things:
            files[name] = raw
            with suppress(NotFound):
                _lay_out(self.proofs.entry_in(view, kind, thing), proven, records)
        for path in self._authorities(files | proven, records):
            later += view.newest_validations(authority_name(path), limit=2)
        for each in later:
            files |= {f"validation/{each.id}.json": each.raw} | {_place(item): item.raw for item in each.items}
            with suppress(NotFound):
                _lay_out(self.proofs.entry_in(view, EntryKind.VALIDATION, each.id or ""), proven, records)
        sizes = sorted(int(found[1]) for found in map(CHECKPOINT.fullmatch, proven) if found is not None)
        for old, new in pairwise(sizes):
            proven[f"journal/{old}-{new}.consistency"] = write_consistency(self.proofs.consistency_in(view, old, new))
        return files | proven, records

    def _authorities(self, files: Mapping[str, bytes], records: Mapping[str, bytes]) -> Sequence[tuple[bytes, ...]]:
        """The paths of those whose time stamps are in evidence records, each record over a file."""
        paths, seen = dict[tuple[bytes, ...], None](), set[bytes]()
        for name, raw in records.items():
            tokens = {each.token for chain in read_record(raw).chains for each in chain}
            if tokens <= seen:
                continue
            seen |= tokens
            with suppress(VerificationFailed):
                verified = verify_record(raw, files[name], trust=self.vouching.policy.timestamps, at=self.clock.now())
                paths |= dict.fromkeys(stamp.path.certificates for stamp in verified.stamps)
        return list(paths)


def _things(view: Reading, evidence: list[Evidence]) -> Iterator[tuple[EntryKind, str, str, bytes]]:
    """Each statement, and each receipt that one rests on: kind and id of its entry, name of its file, its bytes."""
    for each in evidence:
        yield EntryKind.EVIDENCE, each.id, f"evidence/{each.id}.xml", each.raw
        receipt = None if each.receipt_id is None else view.receipt(each.receipt_id)
        if receipt is not None:
            yield EntryKind.RECEIPT, receipt.id, f"receipts/{receipt.id}.xml", receipt.raw


def _proofs_of_the_post(view: Reading, evidence: list[Evidence]) -> Iterator[tuple[str, bytes]]:
    """Those that statements rest on, as they are kept: sealed for the sender, whom the package is made for, and the
    print station. What was erased or damaged is not there; the statements name its digest."""
    for each in evidence:
        with suppress(NotFound):
            proof = view.paper_proof(each.id) if each.event in PROVEN_BY_POST else None
            if proof is not None:
                yield f"post/{each.id}.{POST_ENDINGS[proof.media_type]}.p7m", proof.sealed


def _place(item: ValidationItem) -> str:
    """Where a package holds what was kept of the certificates behind a form."""
    digest = item.digest.removeprefix("sha256:")
    return f"certificates/{digest}.cer" if item.kind == "certificate" else f"revocation/{digest}.{item.kind}"


def _lay_out(found: EntryProof, files: dict[str, bytes], records: dict[str, bytes]) -> None:
    name = f"journal/{found.position}"
    files[f"{name}.entry"] = found.entry
    if found.log_proof is not None:
        files[f"{name}.proof"] = found.log_proof
    if found.record is not None:
        records[f"{name}.entry"] = found.record
    if found.signed_checkpoint is not None:
        size = int(found.signed_checkpoint.split(b"\n", 2)[1])
        files[f"journal/{size}.checkpoint"] = found.signed_checkpoint
        if found.checkpoint_record is not None:
            records[f"journal/{size}.checkpoint"] = found.checkpoint_record
