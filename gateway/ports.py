"""What the core asks of the world: a clock, a store, a way to push.

The store hands out transactions. `write` runs the given work inside one durable transaction, together with other work
that waited meanwhile (natural group commit), and returns only after the commit: what it returns may leave
the house.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeVar

from gateway.filing import OnFile
from gateway.journal import Batch, Cosignature, Entry, EntryKind, Stamp
from gateway.keyring import PublishedKey
from gateway.model import (
    Alert,
    CaseId,
    Delivery,
    DeliveryId,
    DeliveryState,
    Endpoint,
    EndpointKind,
    Evidence,
    EvidenceId,
    Filed,
    HostedKey,
    Inquiry,
    KeptReceipt,
    PaperProof,
    Party,
    PartyId,
    Postmark,
    Role,
    Submission,
    SubmissionId,
    SubmissionState,
    Term,
    Try,
    ValidationRecord,
)
from signing import ValidationData

T = TypeVar("T")
MAX_CASE = 200  # forms of a case that are looked at; only a sender who wants to slow us down makes more


class Clock(Protocol):
    """Tells the time; never runs backwards within a process."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        ...


class Register(Protocol):
    """Look-ups of parties. `key` is what `pseudonyms.IdentifierKeys.key` made of an identifier."""

    def party(self, party_id: PartyId) -> Party | None:
        """The party of that id."""
        ...

    def parties_by_identifier(self, scheme: str, key: str) -> Sequence[Party]:
        """All parties that carry the identifier (an organisation may be registered once per function)."""
        ...

    def parties_by_role(self, role: Role) -> Sequence[Party]:
        """All parties that have the role."""
        ...

    def party_by_certificate(self, fingerprint: str) -> Party | None:
        """The one party that registered the certificate, for signing or for sealing."""
        ...


@dataclass(frozen=True, kw_only=True)
class LooseEnd:
    """A row that belongs to nothing, or a queue that nobody will look at. code: one of `audit.FLAWS`."""

    code: str
    id: str


class Reading(Register, Protocol):
    """A consistent view of the store."""

    def party_by_token(self, token_hash: str) -> Party | None: ...

    def parties(self) -> Sequence[Party]: ...

    def differing_parties(self) -> Sequence[LooseEnd]:
        """Parties that cannot be read, and those whose record and look-ups (identifiers, roles, certificates) do not
        say the same."""

    def submission(self, submission_id: SubmissionId) -> Submission | None: ...

    def submission_by_key(self, sender: PartyId, idempotency_key: str) -> Submission | None:
        """What the sender first handed in under the key, or what it handed in again under it (`add_key`)."""
        ...

    def further_key(self, sender: PartyId, idempotency_key: str) -> SubmissionId | None:
        """To what a further key of a sender leads, if it has that one."""
        ...

    def submission_by_document(self, document_id: str) -> Submission | None: ...

    def submissions_of(self, sender: PartyId, *, after: int, limit: int) -> Sequence[tuple[int, Submission]]: ...

    def delivery(self, delivery_id: DeliveryId) -> Delivery | None: ...

    def deliveries_of(self, submission_id: SubmissionId) -> Sequence[Delivery]: ...

    def states_of(self, submission_id: SubmissionId) -> Sequence[DeliveryState]:
        """The states of all its copies."""
        ...

    def mailbox(self, party: PartyId, *, after: int, limit: int, free_at: datetime | None = None) -> Sequence[Delivery]:
        """Copies that are available to the party and wait for its receipt, by `turn`, from the first above `after`.

        free_at: leave out those that are leased, or being pushed, at that moment.
        """
        ...

    def watch_due(self, *, now: datetime, limit: int) -> Sequence[Delivery]:
        """Deliveries at which the watch must look, those that waited longest first."""
        ...

    def in_hand(self, states: Sequence[DeliveryState], *, after: tuple[int, int], limit: int) -> Sequence[Delivery]:
        """Deliveries in `states`, all of them such as need a person or are on paper: the next lawful moment first,
        those without one last. after: (lawful moment in milliseconds, position) of the last one seen."""
        ...

    def is_kept(self, submission_id: SubmissionId) -> bool:
        """Whether bodies of a form are kept: not of one that was rejected, or erased since."""
        ...

    def erasable(self, *, before: datetime, after: int, limit: int) -> Sequence[tuple[int, Submission]]:
        """Forms that are kept, were accepted before that moment, and of which nothing is under way; oldest first, each
        with its position."""
        ...

    def print_job(self, delivery_id: DeliveryId) -> bytes | None:
        """The copy that is sealed for the print station, if there is one."""
        ...

    def paper_proof(self, evidence_id: EvidenceId) -> PaperProof | None: ...

    def postmarks(self, delivery_id: DeliveryId) -> Sequence[Postmark]:
        """What the post did with a copy on paper, in the order in which it became known."""
        ...

    def letters(self, number: str) -> Sequence[Postmark]:
        """The deposits of letters to which the post gave that number."""
        ...

    def warned(self, submissions: Sequence[SubmissionId]) -> Collection[SubmissionId]:
        """Those of the submissions of which a copy did not get to its recipient as it should have, and has not yet."""
        ...

    def open_alerts(self, subject: str) -> Sequence[Alert]:
        """The open alerts of a subject, oldest first."""
        ...

    def alerts(self, *, open_only: bool, after: int, limit: int) -> Sequence[Alert]:
        """Alerts, oldest first."""
        ...

    def kinds_waiting(self, party: PartyId) -> frozenset[str]:
        """The form kinds of which a copy waits for the party's receipt."""
        ...

    def envelope(self, delivery_id: DeliveryId) -> bytes:
        """The sealed copy.

        Raises NotFound: form-erased; envelope-missing; envelope-damaged when it is not as it was stored.
        """
        ...

    def tries_of(self, delivery_id: DeliveryId) -> Sequence[Try]:
        """Every try to push a copy that came to an end, in their order."""
        ...

    def evidence(self, evidence_id: EvidenceId) -> Evidence | None: ...

    def evidence_of(self, submission_id: SubmissionId) -> Sequence[Evidence]: ...

    def receipt(self, receipt_id: str) -> KeptReceipt | None: ...

    def receipt_by_digest(self, delivery_id: DeliveryId, digest: str) -> KeptReceipt | None: ...

    def receipts_of(self, delivery_id: DeliveryId) -> Sequence[KeptReceipt]:
        """Everything that was kept for a delivery, in the order in which it came."""
        ...

    def receipts_without_effect(self, *, after: int, limit: int) -> Sequence[tuple[int, KeptReceipt]]:
        """What came as a receipt and moved nothing, of all deliveries, in the order in which it came; each with its
        position, from above `after` on."""
        ...

    def journal_size(self) -> int:
        """How many entries the journal has."""
        ...

    def entered_later(self) -> int:
        """How many entries the journal begins with that were made of what a file without a journal held, or may have
        been: evidence and receipts by their times, and not in the order in which they came."""
        ...

    def journal_entries(self, *, first: int, limit: int) -> Sequence[Entry]:
        """Entries from position `first` on, in their order."""
        ...

    def journal_entry(self, kind: EntryKind, thing: str) -> Entry | None:
        """The newest entry of that kind about the thing with that id."""
        ...

    def kept_count(self, sender: PartyId, day: date) -> int:
        """How much was kept of a sender on this day though no form was taken in: see `Transaction.count_kept`."""
        ...

    def hosted_key(self, party: PartyId) -> HostedKey | None:
        """The sealing key that is kept for a party, if there is one."""
        ...

    def hosted_keys(self) -> Sequence[HostedKey]:
        """All sealing keys that are kept for parties."""
        ...

    def published_keys(self) -> Sequence[PublishedKey]:
        """Every key of the gateway that was ever made known, in that order."""
        ...

    def validation_of(self, submission_id: SubmissionId) -> ValidationRecord | None:
        """What was known of its signatures, with what of the named items is there. Of our own notices: nothing."""
        ...

    def later_validation(self, record_id: str) -> ValidationRecord | None:
        """A validation record with an id of its own."""
        ...

    def later_validations(self, of: SubmissionId) -> Sequence[ValidationRecord]:
        """What was known, of its signatures after it was handed in and of receipts for its copies, in that order."""
        ...

    def newest_validations(self, about: str, *, limit: int) -> Sequence[ValidationRecord]:
        """The newest records with ids of their own about a thing, the newest first."""
        ...

    def inquiries_due(self, *, now: datetime, limit: int) -> Sequence[Inquiry]:
        """What is to be asked again, that which waits longest first."""
        ...

    def open_inquiries(self) -> tuple[int, datetime | None]:
        """How many wait for an answer, and since when the oldest does."""
        ...

    def journal_nodes(self, places: Sequence[tuple[int, int]]) -> Sequence[bytes]:
        """Nodes of the tree over the entries that are in batches, by (level, index): see `signing.Nodes`."""
        ...

    def nodes_of_level(self, level: int, *, first: int, limit: int) -> Mapping[int, bytes]:
        """Nodes of one level by index, from index `first` on."""
        ...

    def node_count(self) -> int:
        """How many nodes of the tree are stored."""
        ...

    def newest_batch(self) -> Batch | None: ...

    def batches(self, *, after: int, limit: int) -> Sequence[Batch]:
        """Batches in their order, from the first whose size is above `after`: that is the one of position `after`."""
        ...

    def stamped_size(self) -> int:
        """How many entries are covered by a time stamp; they are covered in their order."""
        ...

    def stamp_over(self, position: int) -> Stamp | None:
        """The time stamp that covers the entry at a position."""
        ...

    def stamp(self, number: int) -> Stamp | None: ...

    def stamps(self, *, after: int, limit: int) -> Sequence[Stamp]:
        """Time stamps in their order, from the first whose number is above `after`."""
        ...

    def stamps_renewed_by(self, number: int) -> Sequence[Stamp]:
        """The time stamps that a later one covers, in their order."""
        ...

    def stamps_to_renew(self, *, after: datetime, before: datetime, limit: int) -> Sequence[Stamp]:
        """Time stamps that end between two moments and that none covers yet; those that end first, in their order."""
        ...

    def stamps_rehashed_by(self, number: int) -> Sequence[Stamp]:
        """The time stamps whose entries a later one covers anew, in the order of their entries."""
        ...

    def stamps_to_rehash(self, *, digests: Sequence[str], limit: int) -> Sequence[Stamp]:
        """Time stamps over entries, by hash trees of one of the digests, whose entries none covers anew yet; in the
        order of their entries."""
        ...

    def newest_stamp(self) -> int:
        """The number of the newest time stamp; 0 for none."""
        ...

    def first_stamp_end(self) -> datetime | None:
        """When the first of the time stamps ends that none covers."""
        ...

    def cosignatures(self, size: int) -> Sequence[Cosignature]:
        """What witnesses signed of the checkpoint of that size."""
        ...

    def cosigned_size(self, witness: str) -> int:
        """The size of the newest checkpoint that a witness signed; 0 for none."""
        ...

    def cosigned_after(self, position: int) -> int | None:
        """The size of the oldest checkpoint over the entry at a position that any witness signed."""
        ...

    def terms_of(self, submission_id: SubmissionId) -> Sequence[Term]: ...

    def terms_started_by(self, submission_id: SubmissionId, what: str) -> Sequence[Term]:
        """Those of its terms that do not run yet and that `what` (see `terms.starter`) starts."""
        ...

    def filed_under(self, links: Sequence[str]) -> Sequence[Filed]:
        """The newest forms (at most `MAX_CASE`) of the cases that have one of the links, oldest first."""
        ...

    def case(self, case_id: CaseId) -> Sequence[Filed]:
        """The newest forms (at most `MAX_CASE`) of a case, oldest first; none for a case that is not there."""
        ...

    def cases_of(self, party: PartyId, *, after: int, limit: int) -> Sequence[tuple[int, CaseId]]:
        """The cases in which a party has sent or received a form, in the order in which it came to them."""
        ...

    def submission_ids(self, *, after: int, limit: int) -> Sequence[tuple[int, SubmissionId]]:
        """Everything that was ever handed in, in its order, each with its position."""
        ...

    def case_of(self, submission_id: SubmissionId) -> tuple[CaseId, Sequence[PartyId]] | None:
        """The case that a form was put into, and who sees that case."""
        ...

    def on_file(self, submission_id: SubmissionId) -> OnFile | None:
        """What was filed of a form beside its evidence, as it stands; None when it is in no case."""
        ...

    def loose_ends(self, *, now: datetime) -> Sequence[LooseEnd]:
        """Rows without the row that they belong to, and recipients with due copies whose queue is not looked at."""
        ...

    def damage(self) -> Sequence[str]:
        """What the engine's own check of its file finds; nothing when it is sound."""
        ...


class Transaction(Reading, Protocol):
    """A unit of work: reads its own writes; all of it is committed, or none."""

    def put_party(self, party: Party, *, at: datetime) -> None:
        """Take or replace a party, with its entry in the journal."""

    def put_token(self, token_hash: str, party: PartyId, *, at: datetime) -> None:
        """Keep a token (its SHA-256 in hex) that opens what is the party's, with its entry in the journal."""
        ...

    def drop_tokens(self, party: PartyId, *, at: datetime) -> None:
        """Make every token of a party worthless, with an entry for each in the journal."""
        ...

    def add_submission(self, submission: Submission) -> None: ...

    def add_key(self, sender: PartyId, idempotency_key: str, submission_id: SubmissionId, *, at: datetime) -> None:
        """Remember a further key under which the sender handed in the same bytes, with its entry in the journal."""
        ...

    def count_kept(self, sender: PartyId, day: date) -> int:
        """Count one more thing that is kept of a sender though no form was taken in; how many on this day by now."""
        ...

    def move_submission(self, submission_id: SubmissionId, *, expected: SubmissionState, to: SubmissionState) -> bool:
        """Compare-and-set of the state; False when it was no longer `expected`."""
        ...

    def add_delivery(self, delivery: Delivery, envelope: bytes, *, case_id: CaseId | None = None) -> None:
        """Add a copy: available at once, unless a copy of an earlier form of the case goes first.

        Per case and recipient, what waits (state consigned) becomes available in the order of acceptance. One that
        waits behind another is neither claimed nor shown in a mailbox. Without a case it follows nothing.
        """
        ...

    def move_delivery(
        self,
        delivery_id: DeliveryId,
        *,
        expected: DeliveryState,
        to: DeliveryState,
        at: datetime,
        problem: str | None,
        due_at: datetime | None = None,
        tried_since: datetime | None = None,
        watch_at: datetime | None = None,
        transport: EndpointKind | None = None,
    ) -> bool:
        """Compare-and-set of the state; False when it was no longer `expected`. Who has the copy in hand keeps it,
        unless the recipient's receipt has come.

        What leaves the state consigned makes way: the next copy of its case for its recipient becomes available. So
        does one that is moved while it waits itself, whether into that state or out of it.
        """
        ...

    def leave_in_mailbox(self, party: PartyId) -> None:
        """Push no copy of a party any more: what waits for it, waits in its mailbox."""
        ...

    def watch_soon(self, party: PartyId, *, at: datetime) -> None:
        """Let the watch look at every copy of a party that it looks at by then at the latest."""
        ...

    def watch_again(self, delivery_id: DeliveryId, watch_at: datetime | None) -> None:
        """Set when the watch looks at a delivery next, and nothing else."""
        ...

    def hold_duty(self, duty: str, *, holder: str, now: datetime, until: datetime) -> bool:
        """Take or keep on a duty that one process does at a time; False while another one has it."""
        ...

    def open_alert(self, alert: Alert) -> bool:
        """Begin an alert; False when one of that kind and subject is open."""
        ...

    def close_alerts(self, subject: str, *, at: datetime, kinds: Collection[str] | None = None) -> Sequence[Alert]:
        """End the open alerts of a subject, of these kinds where they are given; those that were."""
        ...

    def add_print_job(self, delivery_id: DeliveryId, envelope: bytes) -> None:
        """Keep the copy that is sealed for the print station."""
        ...

    def add_paper_proof(self, proof: PaperProof) -> None: ...

    def add_postmark(self, mark: Postmark) -> None: ...

    def erase(self, submission_id: SubmissionId) -> None:
        """Destroy the key of a form's bodies and the bodies themselves: its copies, those for the print station,
        proofs of the post, the facts of its case. What nobody has signed for leaves its mailbox."""
        ...

    def claim_due(self, *, now: datetime, holder: str, lease_s: float, limit: int) -> Sequence[Delivery]:
        """Deliveries that are due, taken lane by lane, each with a lease for this one try; their `due_at` moves to its
        end. What a client of the mailbox has in hand is not due."""
        ...

    def bring_forward(self, *, now: datetime, latest: datetime, watched_by: datetime) -> None:
        """Make due now whatever waits for a time after `latest`, and have the watch look now at what it would leave
        alone until after `watched_by`."""
        ...

    def settle_attempt(self, delivery: Delivery, *, at: datetime, due_at: datetime | None, outcome: str) -> bool:
        """Record the try for which `delivery` was claimed, and end its lease; False when that was lost to another
        worker, or somebody moved the copy meanwhile. Who had it tried anew meanwhile gets a try of its own."""
        ...

    def mark_lane(self, party: PartyId, *, failed: bool, threshold: int, paused_until: datetime) -> bool:
        """Note how a try with a party went; whether that opened its breaker, or ended its failures."""
        ...

    def reset_lane(self, party: PartyId) -> bool:
        """Forget the failures of a party and close its breaker; whether there were any."""
        ...

    def lease(self, delivery_id: DeliveryId, *, lease_id: str, now: datetime, until: datetime) -> bool:
        """Take a mailbox lease; False while another one runs, or a try to push the copy.

        One that would run longer than any may is of a clock that was set back since, and holds nobody up.
        """
        ...

    def release(self, delivery_id: DeliveryId, *, lease_id: str, now: datetime) -> bool:
        """End a mailbox lease; False when it is not the one that was taken last."""
        ...

    def add_evidence(self, evidence: Evidence) -> None:
        """Keep evidence, and enter it in the journal."""
        ...

    def add_receipt(self, receipt: KeptReceipt) -> None:
        """Keep a receipt; the same bytes for the same delivery are kept once, with what became of them last.

        It is entered in the journal when it is new or something else became of it.
        """
        ...

    def enter(self, entry: Entry) -> int:
        """Add an entry to the journal, behind all others; its position. Evidence and receipts enter by themselves."""
        ...

    def put_hosted_key(self, key: HostedKey, *, at: datetime) -> None:
        """Keep a sealing key for a party, in place of the one it had, with its entry in the journal."""
        ...

    def publish_key(self, key: PublishedKey) -> None:
        """Keep a key that is made known, and enter it in the journal."""
        ...

    def add_validation(self, submission_id: SubmissionId, record: ValidationRecord) -> None:
        """Keep what was known of the signatures of a form, and enter it in the journal.

        What is unanswered in it is to be asked again at once. An item that is there already is not kept twice.
        """
        ...

    def add_later_validation(self, of: str, record: ValidationRecord) -> None:
        """Keep what was known later, or of a receipt, and enter it in the journal. of: a submission, or a seal of ours.

        What is unanswered in it is to be asked again at once.
        """
        ...

    def ask_again(self, number: int, *, at: datetime) -> None:
        """Put an inquiry off."""
        ...

    def end_inquiry(self, number: int) -> None: ...

    def add_batch(self, batch: Batch, *, after: int, grown: Sequence[tuple[int, int, bytes]]) -> bool:
        """Close a batch behind the one of size `after`; False when another one was closed meanwhile.

        grown: (level, index, hash) of the nodes that the tree has more.
        """
        ...

    def add_stamp(self, stamp: Stamp, *, renews: Sequence[int] = ()) -> int | None:
        """Keep a time stamp; its number, or None when another one covers the same entries.

        renews: numbers of the stamps that it covers. Raises Conflict when one of them is renewed already.
        """
        ...

    def add_rehashing(self, stamp: Stamp, *, rehashes: Sequence[int], after: int) -> int:
        """Keep a time stamp that covers anew what others cover; its number.

        after: the newest time stamp when it was asked for. Raises Conflict when one was renewed or covered anew since.
        """
        ...

    def add_cosignature(self, cosignature: Cosignature) -> None:
        """Keep what a witness signed of a checkpoint; its first signature stays."""
        ...

    def add_terms(self, submission_id: SubmissionId, terms: Sequence[Term]) -> None: ...

    def start_term(self, submission_id: SubmissionId, term: Term) -> None:
        """Give the term its dates, unless it runs already."""
        ...

    def file(self, submission_id: SubmissionId, *, links: Sequence[str], sealed_facts: bytes) -> CaseId:
        """Put an accepted form into the case that its links lead to, before its deliveries are added to it.

        Cases that it shows to be one are joined under the oldest id; without any, a new case begins. What was available
        before two cases became one stays available; everything else waits for all that was accepted before it in
        either.
        """
        ...


class Store(Protocol):
    """Durable memory of the gateway."""

    def read(self, work: Callable[[Reading], T]) -> T:
        """Run `work` on a consistent view. Raises StoreUnavailable."""
        ...

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a durable transaction and return its result after the commit.

        An exception of `work` undoes that work alone and is raised here. Raises StoreUnavailable when the queue is
        full or the store cannot commit; nothing of the work is then stored.
        """
        ...

    def close(self) -> None:
        """Finish what is queued and let go of the files."""
        ...


@dataclass(frozen=True, kw_only=True)
class Room:
    """How much room a store has, in bytes. free: on its disk. log: what is written and not yet in its file."""

    free: int
    log: int


class Holds(Protocol):
    """Who works on what at this moment. What a process holds ends with it."""

    def hold(self, name: str, *, note: str = "") -> AbstractContextManager[bool]:
        """Hold `name` within the context: True, or False while somebody else holds it. Never waits.

        note: what the others may know of it, at most 96 characters of ASCII.
        """
        ...

    def note_of(self, name: str) -> str | None:
        """What its holder says of `name`; None where it let go, or what was said is lost.

        To be asked of a name that is held: what a process said of it that died since is still there.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What issuers said of the certificates of a path. is_unreachable: some of them could not be asked."""

    data: ValidationData
    is_unreachable: bool = False


class RevocationSource(Protocol):
    """Asks who issued certificates whether they were revoked."""

    def collect(self, path: Sequence[bytes]) -> Collected:
        """What is to be had of a path (DER, from the first certificate to the anchor) in a few seconds, or was had a
        few minutes ago. Never raises for what the network or the issuer does."""
        ...


@dataclass(frozen=True, kw_only=True)
class Answered:
    """The endpoint took the copy; `raw_receipt` is its receipt, or None if it will come later (202)."""

    raw_receipt: bytes | None


@dataclass(frozen=True, kw_only=True)
class Deferred:
    """A passing trouble, `code` says which; try again, not before `retry_after_s` if given."""

    code: str
    retry_after_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Refused:
    """The endpoint will never take this copy."""

    code: str


Outcome = Answered | Deferred | Refused


class Transport(Protocol):
    """Takes one sealed copy to its recipient."""

    def send(self, delivery: Delivery, envelope: bytes, recipient: Party) -> Outcome:
        """One try. Never raises for what the network or the recipient does."""
        ...

    def close(self) -> None:
        """Let go of what is kept open between tries."""
        ...


class Bell(Protocol):
    """Tells a party, at an address that it registered, that its mailbox is not empty, and nothing else."""

    def ring(self, place: Endpoint) -> Outcome:
        """One try; Answered when it was heard. Never raises for what the network or the party does."""
        ...

    def close(self) -> None:
        """Let go of what is kept open between tries."""
        ...


class Ask(Protocol):
    """One question over HTTP, bounded in time, that goes only where the installation lets it go."""

    def __call__(self, url: str, body: bytes, *, max_bytes: int) -> tuple[int, bytes]:
        """Status and body of the answer to a POST of plain text. Raises signing.NotFetched."""
        ...
