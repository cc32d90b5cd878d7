"""The copies on their way: in mailboxes, pushed, on paper; and what their recipients sign for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from gateway.model import (
    CaseId,
    Delivery,
    DeliveryId,
    DeliveryState,
    EndpointKind,
    EvidenceId,
    KeptReceipt,
    PaperProof,
    PartyId,
    Postmark,
    SubmissionId,
    Try,
)


class DeliveriesReading(Protocol):
    """Copies and receipts, as they are."""

    def delivery(self, delivery_id: DeliveryId) -> Delivery | None: ...

    def deliveries_of(self, submission_id: SubmissionId) -> Sequence[Delivery]: ...

    def states_of(self, submission_id: SubmissionId) -> Sequence[DeliveryState]:
        """The states of all its copies."""
        ...

    def envelope(self, delivery_id: DeliveryId) -> bytes:
        """The sealed copy.

        Raises NotFound: form-erased; envelope-missing; envelope-damaged when it is not as it was stored.
        """
        ...

    def tries_of(self, delivery_id: DeliveryId) -> Sequence[Try]:
        """Every try to push a copy that came to an end, in their order."""
        ...

    def mailbox(self, party: PartyId, *, after: int, limit: int, free_at: datetime | None = None) -> Sequence[Delivery]:
        """Copies that are available to the party and wait for its receipt, by `turn`, from the first above `after`.

        free_at: leave out those that are leased, or being pushed, at that moment.
        """
        ...

    def kinds_waiting(self, party: PartyId) -> frozenset[str]:
        """The form kinds of which a copy waits for the party's receipt."""
        ...

    def watch_due(self, *, now: datetime, limit: int) -> Sequence[Delivery]:
        """Deliveries at which the watch must look, those that waited longest first."""
        ...

    def in_hand(self, states: Sequence[DeliveryState], *, after: tuple[int, int], limit: int) -> Sequence[Delivery]:
        """Deliveries in `states`, all of them such as need a person or are on paper: the next lawful moment first,
        those without one last. after: (lawful moment in milliseconds, position) of the last one seen."""
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

    def receipt(self, receipt_id: str) -> KeptReceipt | None: ...

    def receipt_by_digest(self, delivery_id: DeliveryId, digest: str) -> KeptReceipt | None: ...

    def evidence_of_receipt(self, delivery_id: DeliveryId, *, outcome: str) -> EvidenceId | None:
        """What is stated because of the receipt that counted with that outcome, if one did."""
        ...

    def receipts_of(self, delivery_id: DeliveryId) -> Sequence[KeptReceipt]:
        """Everything that was kept for a delivery, in the order in which it came."""
        ...

    def receipts_without_effect(self, *, after: int, limit: int) -> Sequence[tuple[int, KeptReceipt]]:
        """What came as a receipt and moved nothing, of all deliveries, in the order in which it came; each with its
        position, from above `after` on."""
        ...


class DeliveriesWriting(Protocol):
    """Copies and receipts, as they become."""

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

    def claim_due(self, *, now: datetime, holder: str, lease_s: float, limit: int) -> Sequence[Delivery]:
        """Deliveries that are due, taken lane by lane, each with a lease for this one try; their `due_at` moves to its
        end. What a client of the mailbox has in hand is not due."""
        ...

    def bring_forward(
        self, *, now: datetime, latest: datetime, leased_by: datetime, paused_by: datetime, watched_by: datetime
    ) -> None:
        """Undo what a clock put off that was set back since: make due now what waits for a time after `latest`, what
        was never tried, and what a worker has in hand until after `leased_by`; close breakers that are open until after
        `paused_by`; and have the watch look now at what it would leave alone until after `watched_by`."""
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

    def add_print_job(self, delivery_id: DeliveryId, envelope: bytes) -> None:
        """Keep the copy that is sealed for the print station."""
        ...

    def add_paper_proof(self, proof: PaperProof) -> None: ...

    def add_postmark(self, mark: Postmark) -> None: ...

    def add_receipt(self, receipt: KeptReceipt) -> None:
        """Keep a receipt; the same bytes for the same delivery are kept once, with what became of them last.

        It is entered in the journal when it is new or something else became of it.
        """
        ...
