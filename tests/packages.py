"""A package made by hand, of a form that was accepted, consigned and handed over, in a world of invented people.

Its journal holds other entries too; its time stamps are of the hour after. Everything can be changed before it is
packed: `Parts.files`, `Parts.records`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256 as bare_sha256
from hashlib import sha512

from gateway.envelope import Consignment
from gateway.evidence import Witness
from gateway.examination import Grounds
from gateway.journal import Entry, entry_bytes, entry_of_evidence, entry_of_receipt, entry_of_validation
from gateway.keyring import Keyring
from gateway.model import (
    Delivery,
    DeliveryId,
    DeliveryState,
    Event,
    Evidence,
    KeptReceipt,
    PartyId,
    Submission,
    SubmissionId,
    SubmissionState,
    ValidationItem,
    ValidationRecord,
    new_id,
)
from gateway.package import DESCRIPTION, FORM, VALIDATION, Description, describe, write_description
from gateway.receipt import build_receipt
from signing import (
    Checkpoint,
    Identity,
    MemoryNodes,
    NoteSigner,
    TimestampAuthority,
    Timestamper,
    TimestampSource,
    TimestampTrust,
    Tree,
    TrustPolicy,
    add_cosignatures,
    add_files,
    build_batch,
    build_log_proof,
    build_package,
    build_record,
    cosign,
    issue,
    issue_authority,
    leaf_hash,
    new_note_key,
    note_signer_from_pem,
    sha256,
    sign_checkpoint,
    sign_xml,
)
from tests.deliveries import a_delivery
from tests.signing.pki import DOCUMENT

HANDED_IN = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
HANDED_OVER = HANDED_IN + timedelta(minutes=10)
STAMPED = HANDED_IN + timedelta(hours=1)
EXPORTED = HANDED_IN + timedelta(days=1)
BEFORE = HANDED_IN - timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class World:
    """Who is there. The service's certificate ends after three years, that of the time authority after ten."""

    authority: Identity
    time_authority: Identity
    unit: Identity
    service: Identity
    doctor: Identity
    recipient: Identity
    stranger: Identity
    log: NoteSigner
    witness: NoteSigner

    @property
    def trust(self) -> TrustPolicy:
        return TrustPolicy((self.authority.certificate, self.time_authority.certificate))

    def grounds(self, at: datetime = EXPORTED, *, knows_witness: bool = True) -> Grounds:
        keys = (str(self.witness.cosigner),) if knows_witness else ()
        return Grounds(trust=self.trust, at=at, witness_keys=keys)

    def stamper(self, at: datetime = STAMPED) -> Timestamper:
        def fetch(url: str, *, body: bytes | None = None, content_type: object = None, max_bytes: int) -> bytes:
            return TimestampAuthority(identity=self.unit).answer(body or b"", at=at)

        trust = TimestampTrust(anchors=TrustPolicy((self.time_authority.certificate,)))
        return Timestamper(sources=(TimestampSource(url=""),), trust=trust, fetch=fetch)


def make_world(*, years: int = 30) -> World:
    """years: until the authority of all but the time authority ends."""
    authority = issue_authority("Example Authority", at=BEFORE, years=years)
    time_authority = issue_authority("Example Time Authority", at=BEFORE, years=30)
    return World(
        authority=authority,
        time_authority=time_authority,
        unit=issue(time_authority, "Example Time Unit", use="stamp", at=BEFORE, days=3650),
        service=_service(authority),
        doctor=issue(authority, "Dr. An Toonbeeld", serial_number="88021520444", at=BEFORE),
        recipient=issue(authority, "Example Fund", organization_identifier="NTRBE-0206731645", at=BEFORE),
        stranger=_service(issue_authority("Example Authority", at=BEFORE, years=30)),
        log=note_signer_from_pem(new_note_key(), name="journal.example/1"),
        witness=note_signer_from_pem(new_note_key(), name="witness.example"),
    )


def _service(authority: Identity) -> Identity:
    return issue(authority, "Example Counter", organization_identifier="NTRBE-0444444496", at=BEFORE, days=3 * 365)


@dataclass(kw_only=True)
class Parts:
    """What a package is made of, before it is packed and sealed."""

    world: World
    files: dict[str, bytes]
    records: dict[str, bytes]
    description: Description
    form: bytes
    evidence: tuple[Evidence, ...]
    receipt: KeptReceipt
    identity: Identity | None = None

    def name(self, event: Event) -> str:
        """The file of the statement of an event."""
        return next(f"evidence/{each.id}.xml" for each in self.evidence if each.event is event)

    def entry(self, event: Event) -> str:
        """The file of its entry in the journal, without the ending."""
        digest = sha512(self.files[self.name(event)]).hexdigest().encode()
        return next(name for name, raw in self.files.items() if name.endswith(".entry") and digest in raw).removesuffix(
            ".entry"
        )

    def describe(self, **changes: object) -> None:
        self.files[DESCRIPTION] = write_description(replace(self.description, **changes))  # type: ignore[arg-type]

    def pack(self, *, with_form: bool = True) -> bytes:
        raw = build_package(self.files, records=self.records, identity=self.identity or self.world.service, at=EXPORTED)
        return add_files(raw, {FORM: self.form}) if with_form else raw


@dataclass(kw_only=True)
class Journal:
    """A journal of one batch."""

    world: World
    entries: list[Entry] = field(default_factory=list)

    def close(self, *, stamped_at: datetime = STAMPED) -> tuple[dict[str, bytes], dict[str, bytes]]:
        """Files and records of all entries but the first and the last, which are of others."""
        raws = [entry_bytes(entry) for entry in self.entries]
        tree = Tree(MemoryNodes())
        size = tree.append([leaf_hash(raw) for raw in raws])
        note = sign_checkpoint(
            Checkpoint(origin=self.world.log.name, size=size, root=tree.root()), signer=self.world.log
        )
        cosigned = add_cosignatures(note, cosign(note, signer=self.world.witness, at=stamped_at))
        batch = build_batch([bare_sha256(raw).digest() for raw in (*raws, note)])
        token = self.world.stamper(stamped_at).stamp_digest(batch.root, digest_name="sha256", at=stamped_at).token
        files = {f"journal/{size}.checkpoint": note}
        records = {f"journal/{size}.checkpoint": build_record(batch.path(size), token)}
        for position in range(1, size - 1):
            files[f"journal/{position}.entry"] = raws[position]
            files[f"journal/{position}.proof"] = build_log_proof(position, tree.inclusion_proof(position), cosigned)
            records[f"journal/{position}.entry"] = build_record(batch.path(position), token)
        return files, records


def make_parts(
    world: World,
    *,
    stamped_at: datetime = STAMPED,
    items: Sequence[ValidationItem] = (),
    also_for: Sequence[str] = (),
) -> Parts:
    """Acceptance, consignment to the Fund, hand-over by its receipt. items: what was known of the certificates.
    also_for: further recipients, who have not signed for their copies."""
    form = sign_xml(DOCUMENT, identity=world.doctor, at=HANDED_IN - timedelta(hours=1))
    witness = Witness(keys=Keyring.single(world.service), issuer="counter")
    submission = Submission(
        id=SubmissionId(new_id()),
        sender=PartyId("service"),
        idempotency_key="1",
        digest=sha256(form),
        kind="be/appeal",
        document_id=new_id(),
        state=SubmissionState.CLOSED,
        accepted_at=HANDED_IN,
        acting_for=None,
        answer=b"",
    )
    consigned = [
        a_delivery(
            party,
            submission=submission.id,
            copy=number,
            of=1 + len(also_for),
            envelope_digest=sha256(b"sealed"),
            document_digest=submission.digest,
        )
        for number, party in enumerate(("fund", *also_for), 1)
    ]
    delivery = replace(consigned[0], state=DeliveryState.HANDED_OVER)
    deliveries = (delivery, *consigned[1:])
    raw_receipt = build_receipt(
        _consignment(submission, delivery),
        envelope_digest=delivery.envelope_digest,
        identity=world.recipient,
        at=HANDED_OVER,
    )
    receipt_id = new_id()
    evidence = (
        witness.state(
            Event.SUBMISSION_ACCEPTANCE,
            at=HANDED_IN,
            submission_id=submission.id,
            sender=submission.sender,
            kind=submission.kind,
            document_id=submission.document_id,
            document_digest=submission.digest,
            consigned=deliveries,
        ),
        *(
            witness.state(Event.CONTENT_CONSIGNMENT, at=HANDED_IN, submission_id=submission.id, delivery=each)
            for each in deliveries
        ),
        witness.state(
            Event.CONTENT_HANDOVER,
            at=HANDED_OVER,
            submission_id=submission.id,
            delivery=delivery,
            receipt_digest=sha256(raw_receipt),
            receipt_id=receipt_id,
        ),
    )
    receipt = KeptReceipt(
        id=receipt_id,
        delivery_id=delivery.id,
        digest=sha256(raw_receipt),
        received_at=HANDED_OVER,
        outcome="handed-over",
        evidence_id=evidence[-1].id,
        raw=raw_receipt,
    )
    kept = json.dumps({"kept": [each.digest for each in items]}).encode()
    known = ValidationRecord(at=HANDED_IN, outcome="passed", raw=kept, items=tuple(items))
    return pack_parts(world, submission, deliveries, evidence, receipt, form, known, stamped_at=stamped_at)


def pack_parts(
    world: World,
    submission: Submission,
    deliveries: tuple[Delivery, ...],
    evidence: tuple[Evidence, ...],
    receipt: KeptReceipt,
    form: bytes,
    known: ValidationRecord,
    *,
    stamped_at: datetime,
) -> Parts:
    """The parts of a package of all this, with a journal around it."""
    own: Sequence[Entry] = [
        *map(entry_of_evidence, evidence),
        entry_of_receipt(receipt),
        entry_of_validation(submission.id, known),
    ]
    other = entry_of_evidence(replace(evidence[0], id=new_id(), raw=b"of somebody else"))  # type: ignore[arg-type]
    journal_files, records = Journal(world=world, entries=[other, *own, other]).close(stamped_at=stamped_at)
    description = describe(
        submission,
        deliveries,
        issuer="counter",
        made_at=EXPORTED,
        made_for=submission.sender,
        versions={"form": "1.0"},
        journal_keys=(str(world.log.verifier),),
        witness_keys=(str(world.witness.cosigner),),
    )
    files = {
        DESCRIPTION: write_description(description),
        **{f"evidence/{each.id}.xml": each.raw for each in evidence},
        f"receipts/{receipt.id}.xml": receipt.raw,
        VALIDATION: known.raw,
        **{f"revocation/{each.digest.removeprefix('sha256:')}.{each.kind}": each.raw for each in known.items},
        **journal_files,
    }
    return Parts(
        world=world,
        files=files,
        records=records,
        description=description,
        form=form,
        evidence=evidence,
        receipt=receipt,
    )


def _consignment(submission: Submission, delivery: Delivery) -> Consignment:
    return Consignment(
        delivery_id=DeliveryId(delivery.id),
        submission_id=submission.id,
        kind=submission.kind,
        route=delivery.route,
        article=delivery.article,
        role=delivery.role,
        party=delivery.party,
        copy=1,
        of=1,
        document_id=submission.document_id,
        document_digest=submission.digest,
        sender=submission.sender,
        accepted_at=HANDED_IN,
    )
