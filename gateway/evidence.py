"""What the gateway states about an event, as signed bytes.

Evidence says exactly what happened, no more, in the event names of ETSI EN 319 522-3: consigned is not handed over.
Digests of bodies are salted: sha256(salt || digest), so that a body can be erased and the proof stays, and nobody can
guess a body from its proof.
"""

from __future__ import annotations

import secrets
from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from gateway.exchange import EVIDENCE
from gateway.keyring import Keyring
from gateway.model import (
    Delivery,
    Event,
    Evidence,
    EvidenceId,
    PartyId,
    SubmissionId,
    Term,
    instant_text,
    new_id,
)
from gateway.version import VERSION
from signing import Field, Marked, sha256

POLICY = "urn:sealpost:policy:evidence:1"


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why something was refused or failed: a code, and where there is one the article and the place."""

    code: str
    article: str | None = None
    path: str | None = None


@dataclass(frozen=True, kw_only=True)
class Act:
    """What an operator did: the act, and the label under which the operator works."""

    code: str
    by: str


@dataclass(frozen=True, kw_only=True)
class Post:
    """What the post did with a copy on paper. on: the day that its proof states. number: of the registered item."""

    on: date
    number: str | None = None
    proof_digest: str | None = None


@dataclass(frozen=True, kw_only=True)
class Witness:
    """Signs evidence in the name of the service. keys: the service's seals, each in its time."""

    keys: Keyring
    issuer: str

    def state(
        self,
        event: Event,
        *,
        at: datetime,
        submission_id: SubmissionId,
        sender: PartyId | None = None,
        acting_for: PartyId | None = None,
        kind: str | None = None,
        document_id: str | None = None,
        document_digest: str | None = None,
        delivery: Delivery | None = None,
        receipt_digest: str | None = None,
        receipt_id: str | None = None,
        reasons: Sequence[Reason] = (),
        act: Act | None = None,
        post: Post | None = None,
        terms: Sequence[Term] = (),
        consigned: Sequence[Delivery] = (),
    ) -> Evidence:
        """The signed statement that `event` took place at `at`. consigned: every copy, where it is the acceptance."""
        evidence_id = EvidenceId(new_id())
        fields = (
            ("EvidenceId", evidence_id),
            ("Event", event.uri),
            ("EventTime", instant_text(at)),
            ("Issuer", self.issuer),
            ("SubmissionId", submission_id),
            ("DeliveryId", None if delivery is None else delivery.id),
            ("Sender", sender),
            *(() if delivery is None else _addressed(delivery)),
            ("Kind", kind if delivery is None else delivery.kind),
            ("DocumentId", document_id),
            _salted("DocumentDigest", document_digest if delivery is None else delivery.document_digest),
            _salted("EnvelopeDigest", None if delivery is None else delivery.envelope_digest),
            ("ReceiptDigest", receipt_digest),
            *map(_reason, reasons),
            ("Act", () if act is None else (("Code", act.code), ("By", act.by))),
            ("Post", () if post is None else _post(post)),
            *(_term(term) for term in terms if term.last_day is not None),
            *map(_consigned, consigned),
            ("ActingFor", acting_for),
            ("Policy", POLICY),
            ("SoftwareVersion", VERSION),
        )
        raw = EVIDENCE.build(fields, identity=self.keys.at(at), at=at)
        return Evidence(
            id=evidence_id,
            event=event,
            at=at,
            submission_id=submission_id,
            delivery_id=None if delivery is None else delivery.id,
            raw=raw,
            receipt_id=receipt_id,
        )


def _addressed(delivery: Delivery) -> tuple[Field, ...]:
    return (
        ("Recipient", _recipient(delivery)),
        ("Route", delivery.route),
        ("Article", delivery.article),
        *_numbers(delivery),
    )


def _recipient(delivery: Delivery) -> tuple[Field, ...]:
    return ("Party", delivery.party), ("Role", delivery.role)


def _numbers(delivery: Delivery) -> tuple[Field, ...]:
    return ("Copy", str(delivery.copy)), ("Of", str(delivery.of))


def _consigned(delivery: Delivery) -> Field:
    recipient = ("Recipient", _recipient(delivery))
    return "Consigned", (("DeliveryId", delivery.id), recipient, *_numbers(delivery))


def salted_digest(salt: bytes, digest: str) -> str:
    """`sha256:<hex>` of salt || the 32 bytes of `digest`: what evidence shows in place of a digest."""
    return sha256(salt + bytes.fromhex(digest.removeprefix("sha256:")))


def _salted(name: str, digest: str | None) -> Field:
    if digest is None:
        return name, None
    salt = secrets.token_bytes(16)
    return name, Marked(salted_digest(salt, digest), {"salt": b2a_base64(salt, newline=False).decode()})


def _reason(reason: Reason) -> Field:
    return "Reason", (("Code", reason.code), ("Article", reason.article), ("Path", reason.path))


def _post(post: Post) -> tuple[Field, ...]:
    return ("Number", post.number), ("On", post.on.isoformat()), ("ProofDigest", post.proof_digest)


def _term(term: Term) -> Field:
    days = (
        ("DayZero", term.day_zero),
        ("LastDay", term.last_day),
        ("LastDayOtherReading", term.last_day_other_reading),
    )
    dates = ((name, None if day is None else day.isoformat()) for name, day in days)
    return "Term", (("Id", term.id), ("Article", term.article), *dates, ("Verdict", term.verdict))
