"""The closed envelope: the signed form and its consignment note, sealed for one recipient.

The only place that lays out what a recipient gets: CMS AuthEnvelopedData over an ASiC-E container {form.xml,
consignment.xml}. The form is never altered; what differs from copy to copy (its number, its recipient, the article that
orders it) stands in the consignment note, which the service signs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.x509 import Certificate

from gateway.errors import Unreadable
from gateway.exchange import CONSIGNMENT
from gateway.lockstep import Stages, alone
from gateway.model import DeliveryId, PartyId, Role, SubmissionId, instant_text
from signing import Field, Identity, TrustPolicy, build_container, open_sealed, read_container, seal, sha256

FORM, NOTE = "form.xml", "consignment.xml"


@dataclass(frozen=True, kw_only=True)
class Consignment:
    """The note that travels with one copy. document_digest: of form.xml as it was handed in.

    paper_for: in the copy of a print station (`party`), the recipient for whom it prints. also_sealed_for: in a
    recipient's own copy, the print station that has one too.
    """

    delivery_id: DeliveryId
    submission_id: SubmissionId
    kind: str
    route: str
    article: str
    role: Role
    party: PartyId
    copy: int
    of: int
    document_id: str
    document_digest: str
    sender: PartyId
    accepted_at: datetime
    paper_for: PartyId | None = None
    also_sealed_for: PartyId | None = None


@dataclass(frozen=True, kw_only=True)
class OpenedEnvelope:
    """A sealed copy after opening: the consignment is verified and fits the form.

    issuer: the certificate that signed the consignment.
    """

    consignment: Consignment
    form: bytes
    raw_consignment: bytes
    envelope_digest: str
    issuer: Certificate


def build_envelope(consignment: Consignment, form: bytes, *, recipient: Certificate, identity: Identity) -> bytes:
    """The sealed copy of `form` for the holder of `recipient`; `identity` is the service's seal."""
    return alone(build_envelopes([(consignment, recipient)], form, identity=identity))[0]


def build_envelopes(
    copies: Sequence[tuple[Consignment, Certificate]], form: bytes, *, identity: Identity
) -> Stages[list[bytes]]:
    """The sealed copies of one form, each for the holder of its certificate, in the order given."""
    notes = [CONSIGNMENT.build(_fields(each), identity=identity, at=each.accepted_at) for each, _ in copies]
    yield
    containers = [build_container({FORM: form, NOTE: note}) for note in notes]
    yield
    return [seal(packed, recipients=[holder]) for packed, (_, holder) in zip(containers, copies, strict=True)]


def _fields(consignment: Consignment) -> Sequence[Field]:
    return (
        ("DeliveryId", consignment.delivery_id),
        ("SubmissionId", consignment.submission_id),
        ("Kind", consignment.kind),
        ("Route", consignment.route),
        ("Article", consignment.article),
        ("Role", consignment.role),
        ("Party", consignment.party),
        ("Copy", str(consignment.copy)),
        ("Of", str(consignment.of)),
        ("DocumentId", consignment.document_id),
        ("DocumentDigest", consignment.document_digest),
        ("Sender", consignment.sender),
        ("AcceptedAt", instant_text(consignment.accepted_at)),
        ("PaperFor", consignment.paper_for),
        ("AlsoSealedFor", consignment.also_sealed_for),
    )


def open_envelope(sealed: bytes, *, identity: Identity, trust: TrustPolicy, at: datetime) -> OpenedEnvelope:
    """Open a copy with the recipient's sealing key and check that the service sent it as it is.

    trust: the gateway's own certificate as anchor, or that of its authority; with the latter, compare `issuer` too,
    since everybody whom that authority certified could have signed the note. The form's own signature is not judged
    here.
    Raises signing.SealingFailed (not for this key, altered), signing.ContainerRejected, signing.VerificationFailed
    (the note), Unreadable("form-differs") when the form is not the one the note speaks of.
    """
    return read_copy(open_sealed(sealed, identity=identity), envelope_digest=sha256(sealed), trust=trust, at=at)


def read_copy(container: bytes, *, envelope_digest: str, trust: TrustPolicy, at: datetime) -> OpenedEnvelope:
    """What was in an envelope with that digest, checked as `open_envelope` does, whose errors it raises."""
    files = read_container(container)
    if not {FORM, NOTE} <= files.keys():
        raise Unreadable("envelope-incomplete", f"the envelope must hold {FORM} and {NOTE}")
    reader, signature = CONSIGNMENT.read(files[NOTE], trust=trust, at=at)
    consignment = Consignment(
        delivery_id=DeliveryId(reader.text("DeliveryId")),
        submission_id=SubmissionId(reader.text("SubmissionId")),
        kind=reader.text("Kind"),
        route=reader.text("Route"),
        article=reader.text("Article"),
        role=reader.text("Role"),
        party=PartyId(reader.text("Party")),
        copy=int(reader.text("Copy")),
        of=int(reader.text("Of")),
        document_id=reader.text("DocumentId"),
        document_digest=reader.text("DocumentDigest"),
        sender=PartyId(reader.text("Sender")),
        accepted_at=reader.instant("AcceptedAt"),
        paper_for=_party(reader.optional("PaperFor")),
        also_sealed_for=_party(reader.optional("AlsoSealedFor")),
    )
    if sha256(files[FORM]) != consignment.document_digest:
        raise Unreadable("form-differs", "the form in the envelope is not the one that the consignment note names")
    return OpenedEnvelope(
        consignment=consignment,
        form=files[FORM],
        raw_consignment=files[NOTE],
        envelope_digest=envelope_digest,
        issuer=signature.certificate,
    )


def _party(text: str | None) -> PartyId | None:
    return None if text is None else PartyId(text)
