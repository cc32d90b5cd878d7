"""The nouns of the counter: parties, submissions, deliveries, evidence, receipts, terms, and their ids.

Plain frozen data; no behaviour beyond reading itself. Instants are aware UTC datetimes (`*_at`), digests
`sha256:<hex>`. Ids of submissions, deliveries and evidence are UUIDv7: they sort by time of birth.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NewType

import uuid_utils

import signing  # for what reads certificates, where there are any: who only names a state does not wait for it

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

PartyId = NewType("PartyId", str)
SubmissionId = NewType("SubmissionId", str)
DeliveryId = NewType("DeliveryId", str)
EvidenceId = NewType("EvidenceId", str)
CaseId = NewType("CaseId", str)
Role = str  # role codes are data of the form kinds; code knows none by name


def new_id() -> str:
    """A fresh UUIDv7 as text."""
    return str(uuid_utils.uuid7())


def day_counted(at: datetime) -> date:
    """The day (UTC) to which belongs what is counted by the day."""
    return at.astimezone(UTC).date()


def rest_of_day_s(at: datetime) -> int:
    """Seconds from `at` until the next day begins (UTC), rounded up: when what is counted by the day begins anew."""
    tomorrow = datetime.combine(day_counted(at) + timedelta(days=1), time.min, UTC)
    return math.ceil((tomorrow - at).total_seconds())


def instant_text(at: datetime) -> str:
    """`at` as ISO 8601 in UTC with milliseconds and `Z`, the one form used on paper, wire and in evidence."""
    return _text_in_utc(at.astimezone(UTC))


@lru_cache(maxsize=256)
def _text_in_utc(at: datetime) -> str:
    """What is said of one moment is said in many places, and writing it costs more than finding it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class EndpointKind(StrEnum):
    """How a party receives."""

    PUSH = "push"
    MAILBOX = "mailbox"


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where a party receives. url: that is pushed to; of a mailbox: where its owner is told that something waits.
    ca_certificate (PEM): the one authority of that server."""

    kind: EndpointKind
    url: str | None = None
    ca_certificate: str | None = None


HOSTED = Endpoint(kind=EndpointKind.MAILBOX)


@dataclass(frozen=True, kw_only=True)
class Mandate:
    """The holder may submit forms of `kinds` ("*" for all) that party `principal` signs or answers for."""

    principal: PartyId
    kinds: tuple[str, ...]

    def covers(self, kind: str) -> bool:
        """Whether forms of `kind` may be submitted under this mandate."""
        return "*" in self.kinds or kind in self.kinds


@dataclass(frozen=True, kw_only=True)
class Party:
    """A registered sender or recipient.

    identifiers: scheme -> key; national numbers only as keyed HMAC, the others in clear.
    masked: scheme -> what may be shown.
    further_notice: a mailbox endpoint with the second address at which it is told that something waits.
    postal: ranges "9000-9999" for which an office is competent; empty means everywhere.
    """

    id: PartyId
    name: str
    roles: frozenset[Role]
    identifiers: Mapping[str, str]
    masked: Mapping[str, str] = field(default_factory=dict)
    signing_certificates: tuple[Certificate, ...] = ()
    sealing_certificate: Certificate | None = None
    endpoint: Endpoint = HOSTED
    further_notice: Endpoint | None = None
    mandates: tuple[Mandate, ...] = ()
    postal: tuple[str, ...] = ()

    def signs_with(self, certificate: str) -> bool:
        """Whether the certificate with this fingerprint is registered for signing; one for sealing signs nothing."""
        return any(signing.fingerprint(each) == certificate for each in self.signing_certificates)

    @property
    def fingerprints(self) -> frozenset[str]:
        """Of all its certificates, for signing and for sealing."""
        seal = () if self.sealing_certificate is None else (self.sealing_certificate,)
        return frozenset(map(signing.fingerprint, (*self.signing_certificates, *seal)))

    def may_submit_for(self, principal: PartyId, kind: str) -> bool:
        """Whether this party is `principal` or holds its mandate for `kind`."""
        return self.id == principal or any(m.principal == principal and m.covers(kind) for m in self.mandates)


@dataclass(frozen=True, kw_only=True)
class HostedKey:
    """A sealing key that the gateway keeps for a party. wrapped_for: fingerprint of the key that opens it."""

    party: PartyId
    certificate: Certificate
    wrapped: bytes = field(repr=False)
    wrapped_for: str
    made_at: datetime


class SubmissionState(StrEnum):
    """Where a submission stands; moves are listed in `lifecycle.py`.

    received: on the counter, nothing of it is stored yet. closed: every copy reached its recipient.
    closed-with-exceptions: nothing more is to be done, and not every copy did.
    """

    RECEIVED = "received"
    ACCEPTED = "accepted"
    CLOSED_WITH_EXCEPTIONS = "closed-with-exceptions"
    CLOSED = "closed"
    REJECTED = "rejected"


class DeliveryState(StrEnum):
    """Where one recipient's copy stands; moves are listed in `lifecycle.py`.

    consigned: it lies ready, and is pushed where the recipient has a server. suspended: a person must see to it.
    expired: the time for trying is over. escalated: it shall go on paper. paper-queued: the print station has it.
    paper-deposited: the post has it. paper-returned: the post brought it back. paper-delivered: the post handed it
    over. closed: an operator ended it. handed-over, declined: the recipient signed so. acknowledged: the recipient
    signed that it was processed.
    """

    CONSIGNED = "consigned"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    ESCALATED = "escalated"
    PAPER_QUEUED = "paper-queued"
    PAPER_DEPOSITED = "paper-deposited"
    PAPER_RETURNED = "paper-returned"
    CLOSED = "closed"
    PAPER_DELIVERED = "paper-delivered"
    DECLINED = "declined"
    HANDED_OVER = "handed-over"
    ACKNOWLEDGED = "acknowledged"


class Event(StrEnum):
    """Evidence events. ETSI EN 319 522-3 names; what ETSI lacks has a name of our own, in kebab-case."""

    SUBMISSION_ACCEPTANCE = "SubmissionAcceptance"
    SUBMISSION_REJECTION = "SubmissionRejection"
    CONTENT_CONSIGNMENT = "ContentConsignment"
    CONTENT_CONSIGNMENT_FAILURE = "ContentConsignmentFailure"
    CONTENT_HANDOVER = "ContentHandover"
    CONTENT_HANDOVER_FAILURE = "ContentHandoverFailure"
    CONTENT_ACCESS_TRACKING = "ContentAccessTracking"
    CONSIGNMENT_NOTIFICATION = "ConsignmentNotification"
    CONSIGNMENT_NOTIFICATION_FAILURE = "ConsignmentNotificationFailure"
    CONSIGNMENT_REJECTION = "ConsignmentRejection"
    RELAY_TO_NON_ERDS = "RelayToNonERDS"
    RELAY_TO_NON_ERDS_FAILURE = "RelayToNonERDSFailure"
    RECEIVED_FROM_NON_ERDS = "ReceivedFromNonERDS"
    OPERATOR_ACT = "operator-act"
    SENDER_WARNED = "sender-warned"
    DEADLINE_MISSED = "deadline-missed"
    PAPER_ORDERED = "paper-ordered"
    PRINT_JOB_TAKEN = "print-job-taken"
    ERASURE = "erasure"

    @cached_property
    def uri(self) -> str:
        """The event's URI: EN 319 522-3, table 2, or ours."""
        if self.value[0].isupper():
            return f"http://uri.etsi.org/19522/Event/{self.value}"
        return f"urn:sealpost:event:{self.value}"


PROVEN_BY_POST = frozenset({Event.RELAY_TO_NON_ERDS, Event.RECEIVED_FROM_NON_ERDS})
"""Evidence of these rests on a proof of the post."""


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A form that was handed in, without its text.

    digest: of the bytes handed in. answer: the first answer to the sender, byte for byte (JSON).
    """

    id: SubmissionId
    sender: PartyId
    idempotency_key: str
    digest: str
    kind: str
    document_id: str
    state: SubmissionState
    accepted_at: datetime
    acting_for: PartyId | None
    answer: bytes


@dataclass(frozen=True, kw_only=True)
class FurtherKey:
    """Another key under which a sender handed in the bytes of a submission again.

    id: how the journal calls it. salt: binds it to its entry, which thereby does not tell the key; empty for one from
    before, whose id is the key itself.
    """

    sender: PartyId
    idempotency_key: str
    submission_id: SubmissionId
    id: str = field(default_factory=new_id)
    salt: bytes = field(default_factory=lambda: secrets.token_bytes(16))


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One copy's way to one recipient. `id` and the sealed bytes are the same on every attempt and channel.

    due_at: when the dispatcher may try next; None when nobody pushes it. tried_since: when an operator last had it
    tried anew, or when its turn came after it had waited for an earlier form of its case. lawful_until: the end of the
    last day on which the recipient can still do what the law asks of it, where a term runs for it. paper_by: when it
    should go on paper at the latest to be there by then, where paper may reach it. watch_at: when the watch looks at it
    next. turn: its number in the order in which copies became available to this recipient; None while it waits behind
    an earlier form of its case.
    """

    id: DeliveryId
    submission_id: SubmissionId
    kind: str
    route: str
    article: str
    role: Role
    party: PartyId
    copy: int
    of: int
    state: DeliveryState
    transport: EndpointKind
    attempts: int
    consigned_at: datetime
    handed_over_at: datetime | None
    due_at: datetime | None
    envelope_digest: str
    document_digest: str
    size_bytes: int
    last_problem: str | None
    lease_id: str | None = None
    lease_until: datetime | None = None
    tried_since: datetime | None = None
    lawful_until: datetime | None = None
    paper_by: datetime | None = None
    watch_at: datetime | None = None
    turn: int | None = None
    position: int = 0

    @property
    def country(self) -> str:
        """The country of its form kind, whose days count."""
        return self.kind.partition("/")[0]

    @property
    def trying_since(self) -> datetime:
        """From when the time for trying counts."""
        return self.tried_since or self.consigned_at


@dataclass(frozen=True, kw_only=True)
class Try:
    """One try to push a copy: when it ended, and with which code."""

    at: datetime
    code: str


@dataclass(frozen=True, kw_only=True)
class Alert:
    """Something an operator must know of, from its start to its end. subject: the id of a party or a delivery."""

    kind: str
    subject: str
    opened_at: datetime
    closed_at: datetime | None = None
    position: int = 0


@dataclass(frozen=True, kw_only=True)
class PaperProof:
    """What proves a step of the post, as the print station gave it, sealed for it and the sender. digest: of the bytes
    before sealing."""

    evidence_id: EvidenceId
    delivery_id: DeliveryId
    digest: str
    media_type: str
    sealed: bytes


class PostFact(StrEnum):
    """What the post can prove of a letter: it took it, handed it over against signature, brought it back."""

    DEPOSITED = "deposited"
    DELIVERED = "delivered"
    RETURNED = "returned"


@dataclass(frozen=True, kw_only=True)
class Postmark:
    """What the post did with a copy on paper. on: the day that its proof states. number: of the registered letter.
    digest: of the proof."""

    evidence_id: EvidenceId
    delivery_id: DeliveryId
    fact: PostFact
    on: date
    number: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The gateway's own signed statement of an event. `raw` is the signed XML."""

    id: EvidenceId
    event: Event
    at: datetime
    submission_id: SubmissionId
    delivery_id: DeliveryId | None
    raw: bytes
    receipt_id: str | None = None

    @property
    def is_opening(self) -> bool:
        """Whether a copy was opened in a hosted mailbox: a recipient's own tracking rests on its receipt."""
        return self.event is Event.CONTENT_ACCESS_TRACKING and self.receipt_id is None


@dataclass(frozen=True, kw_only=True)
class KeptReceipt:
    """What came as a receipt, kept as it came, with what became of it (`outcome`, a kebab-case code).

    sent_by: the party that handed it in; None for what was kept before that was noted.
    """

    id: str
    delivery_id: DeliveryId
    digest: str
    received_at: datetime
    outcome: str
    evidence_id: EvidenceId | None
    raw: bytes
    sent_by: PartyId | None = None


FORM = "form"
"""What a validation record is about that speaks of the form itself."""
PASSED, UNKNOWN = "passed", "revocation-unknown"
"""Outcomes of a validation record; every other one is the code of a failure."""


class RevocationPolicy(StrEnum):
    """Whether the issuers of certificates are asked if these were revoked.

    off: nobody is asked. prefer: a form about which nobody answers is taken in, and that is said of it. require: it has
    to wait until somebody answers, and is refused when nobody could.
    """

    OFF = "off"
    PREFER = "prefer"
    REQUIRE = "require"


@dataclass(frozen=True, kw_only=True)
class ValidationItem:
    """An issuer's certificate, an OCSP answer or a list, in DER. kind: `certificate`, `ocsp`, `crl`."""

    kind: str
    digest: str
    raw: bytes


@dataclass(frozen=True, kw_only=True)
class Unanswered:
    """A path (DER, from the first certificate to the anchor) of which nobody could tell whether it was revoked.

    about: as in ValidationRecord. used_at: by when the signature is known to have been made.
    """

    about: str
    path: tuple[bytes, ...]
    used_at: datetime


@dataclass(frozen=True, kw_only=True)
class ValidationRecord:
    """What was known of the certificates behind signatures at a moment.

    about: `FORM`, `receipt sha256:…`, or of a certificate `seal sha256:…` or `authority sha256:…` (of time). id:
    of its own; None for what was known of a form when it was handed in, which has the id of the submission. outcome:
    `passed`, `revocation-unknown`, or the code of the failure. raw: JSON: `at`, `outcome`, `kept` (the digests of
    `items`), `signatures` (level, qualification, path, statuses). unanswered: what has to be asked again.
    """

    at: datetime
    outcome: str
    raw: bytes
    items: tuple[ValidationItem, ...]
    about: str = FORM
    id: str | None = None
    unanswered: tuple[Unanswered, ...] = ()

    @property
    def is_against(self) -> bool:
        """Whether it shows that a signature does not count."""
        return self.outcome not in (PASSED, UNKNOWN)


@dataclass(frozen=True, kw_only=True)
class Inquiry:
    """Something unanswered that is asked again. since: when it was asked first. tries: how often it was asked since."""

    number: int
    submission_id: SubmissionId
    unanswered: Unanswered
    since: datetime
    tries: int


@dataclass(frozen=True, kw_only=True)
class Term:
    """A legal term of a submission. Dates are None until its event has happened.

    act: language -> what must be done. verdict: InTime | InTimeOnReadingC | Late, for a term that this form itself
    had to keep.
    starts_on: `Event:Role` for a term that an event starts, else None. bound: whether a party or an authority must keep
    it. binds: whether this form had to keep it, or it asks for an answer. done_by: kinds whose acceptance in the case
    is the act. reason: language -> what day zero is. law: the legal act that `article` is of; empty for a term that was
    kept without it.
    """

    id: str
    article: str
    act: Mapping[str, str]
    length: int
    unit: str
    starts_on: str | None
    day_zero: date | None = None
    last_day: date | None = None
    last_day_other_reading: date | None = None
    verdict: str | None = None
    bound: str = "party"
    binds: str = "answer"
    done_by: tuple[str, ...] = ()
    reason: Mapping[str, str] = field(default_factory=dict)
    law: str = ""


@dataclass(frozen=True, kw_only=True)
class FiledCopy:
    """When one recipient's copy of a filed form was dispatched, and when it was handed over.

    posted_on, delivered_on: the days on which the post took it on paper, and handed it over. on_paper: the print
    station or the post has it, and what became of it is not known yet.
    """

    id: DeliveryId
    role: Role
    party: PartyId
    consigned_at: datetime
    handed_over_at: datetime | None
    posted_on: tuple[date, ...] = ()
    delivered_on: tuple[date, ...] = ()
    on_paper: bool = False


@dataclass(frozen=True, kw_only=True)
class Filed:
    """An accepted form in its case.

    sealed_facts: what is remembered of it, readable with the gateway's own key; nothing when it was erased.
    """

    case_id: CaseId
    submission_id: SubmissionId
    kind: str
    document_id: str
    digest: str
    sender: PartyId
    accepted_at: datetime
    sealed_facts: bytes
    copies: tuple[FiledCopy, ...]
