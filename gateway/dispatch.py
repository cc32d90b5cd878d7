"""Take due deliveries to their transports and record what came of it.

Claim and lease in one transaction, call the transport with none open, record the outcome in another. A crash between
means a repeat with the same bytes and the same delivery id, by which the recipient knows a copy it already has.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from gateway.errors import NotFound, StoreUnavailable
from gateway.evidence import Reason, Witness
from gateway.lifecycle import Breaker, Fact, Patience, RetryPolicy, advance, can_advance
from gateway.model import Alert, Delivery, EndpointKind, Party
from gateway.ports import Answered, Clock, Deferred, Outcome, Reading, Refused, Store, Transaction, Transport
from gateway.receipts import Acknowledged, Declined, Disregarded, HandedOver, Receipts
from gateway.slots import Slots
from gateway.steps import ENDPOINT_DOWN, Step, opened_alert, take, tell
from signing import KeyUnavailable

log = logging.getLogger("sealpost.dispatch")

MAX_CLAIM = 32
MAX_RETRY_AFTER_S = 3600.0  # a recipient may ask for patience, not for being forgotten


def _nobody_waits() -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class _Load:
    """What a try takes along. envelope: or why there is none."""

    delivery: Delivery
    envelope: bytes | NotFound
    recipient: Party | None


def _load(view: Reading, delivery: Delivery) -> _Load:
    envelope: bytes | NotFound
    try:
        envelope = view.envelope(delivery.id)
    except NotFound as error:  # that copy's trouble alone
        envelope = error
    return _Load(delivery=delivery, envelope=envelope, recipient=view.party(delivery.party))


@dataclass(frozen=True, kw_only=True)
class Dispatch:
    """The pushing side.

    holder: this worker's name on its leases. workers: threads for the tries, one for each that `slots` lets be under
    way. on_end: called after each try; there may be room for the next.
    """

    store: Store
    transports: Mapping[EndpointKind, Transport]
    receipts: Receipts
    witness: Witness
    clock: Clock
    workers: Executor
    slots: Slots
    holder: str
    patience: Patience
    breaker: Breaker
    lease_s: float
    on_end: Callable[[], None] = _nobody_waits

    @property
    def retry(self) -> RetryPolicy:
        """When a push is tried again."""
        return self.patience.retry

    def catch_up(self) -> None:
        """Bring forward what would wait longer than any schedule says: its clock was set back since, or it was to be
        looked at less often until now.

        To be called once, before delivering. Raises StoreUnavailable.
        """
        now = self.clock.now()
        longest_s = max(*self.retry.schedule_s, self.lease_s, self.breaker.pause_s, MAX_RETRY_AFTER_S)

        def after(seconds: float) -> datetime:
            return now + timedelta(seconds=seconds)

        self.store.write(
            lambda unit: unit.bring_forward(
                now=now,
                latest=after(longest_s),
                leased_by=after(self.lease_s),
                paused_by=after(self.breaker.pause_s),
                watched_by=after(self.patience.remind_after_s),
            )
        )

    def deliver_due(self) -> int:
        """Start a try for what is due, as far as slots are free; the number started.

        Waits for none of them: a recipient that hangs holds up its own lane only. Raises StoreUnavailable.
        """
        room = self.slots.take(MAX_CLAIM)
        loads: Sequence[_Load] = ()
        try:
            if room:
                loads = self._claimed(room)
        finally:
            self.slots.give_back(room - len(loads))
        for load in loads:
            self.workers.submit(self._try, load)
        return len(loads)

    def _claimed(self, limit: int) -> Sequence[_Load]:
        """What is due, with all that the tries need of the store: read at once, it costs a quarter of looking for each
        copy by itself."""
        now = self.clock.now()
        claimed = self.store.write(
            lambda unit: unit.claim_due(now=now, holder=self.holder, lease_s=self.lease_s, limit=limit)
        )
        return self.store.read(lambda view: [_load(view, delivery) for delivery in claimed]) if claimed else ()

    def _try(self, load: _Load) -> None:
        """One try in a worker thread; whatever goes wrong in it is this delivery's trouble alone."""
        delivery = load.delivery
        try:
            self._attempt(load)
        except (StoreUnavailable, KeyUnavailable) as error:  # ours to mend, and no fault of the recipient's
            log.warning("delivery %s: %s; its lease runs out by itself", delivery.id, error.code)
        except Exception as error:  # noqa: BLE001 -- nothing of one copy may stop the others
            where = "".join(traceback.format_tb(error.__traceback__))  # without the message, which may hold values
            log.error("delivery %s: %s\n%s", delivery.id, type(error).__name__, where)  # noqa: TRY400
            self._defer(delivery, None, "internal-error")
        finally:
            self.slots.give_back()
            self.on_end()

    def _attempt(self, load: _Load) -> None:
        delivery, recipient = load.delivery, load.recipient
        if isinstance(load.envelope, NotFound):
            raise load.envelope
        if recipient is None:
            self._defer(delivery, None, "recipient-unknown")
            return
        with self.slots.asking():
            outcome: Outcome = self.transports[delivery.transport].send(delivery, load.envelope, recipient)
        match outcome:
            case Answered(raw_receipt=None):
                self._defer(delivery, recipient, "receipt-pending", healthy=True)
            case Answered(raw_receipt=bytes() as raw):
                match self.receipts.take_answer(
                    raw, delivery=delivery, party=recipient, along=lambda unit: self._settle(unit, delivery)
                ):
                    case HandedOver() | Declined() | Acknowledged():
                        pass
                    case Disregarded(code=code, out_of_turn=is_its_own):
                        self._defer(delivery, recipient, code, healthy=is_its_own)
                    case unreachable:
                        assert_never(unreachable)
            case Deferred(code=code, retry_after_s=wait):
                self._defer(delivery, recipient, code, wait_s=wait)
            case Refused(code=code):
                self._fail(delivery, recipient, Fact.REFUSED_BY_ENDPOINT, code)
            case _:
                raise AssertionError("a transport returned no outcome")

    def _settle(self, unit: Transaction, delivery: Delivery) -> Sequence[Alert]:
        """The copy is off the queue: note the attempt, close the breaker."""
        at = self.clock.now()
        unit.settle_attempt(delivery, at=at, due_at=None, outcome="receipt-taken")
        return self._healthy(unit, delivery, at)

    def _defer(
        self,
        delivery: Delivery,
        recipient: Party | None,
        code: str,
        *,
        wait_s: float | None = None,
        healthy: bool = False,
    ) -> None:
        """Try again later, or give up when the time for trying is over. recipient: as it was when it was tried; None
        where its endpoint was not asked."""
        at = self.clock.now()
        due = self.retry.next_attempt(
            attempts=delivery.attempts + 1,
            now=at,
            consigned_at=delivery.trying_since,
            lawful_until=delivery.lawful_until,
        )
        if due is None:
            self._fail(delivery, recipient, Fact.GIVEN_UP, code, healthy=healthy)
            return
        if wait_s is not None:
            due = max(due, at + timedelta(seconds=min(wait_s, MAX_RETRY_AFTER_S)))
        log.info("delivery %s attempt %d: %s", delivery.id, delivery.attempts + 1, code)

        def work(unit: Transaction) -> tuple[Sequence[Alert], Sequence[Alert]]:
            unit.settle_attempt(delivery, at=at, due_at=due, outcome=code)
            if healthy:
                return (), self._healthy(unit, delivery, at)
            return self._failing(unit, recipient, at), ()

        tell(*self.store.write(work))

    def _fail(
        self, delivery: Delivery, recipient: Party | None, fact: Fact, code: str, *, healthy: bool = False
    ) -> None:
        """Stop pushing this copy, with evidence; it stays ready in the recipient's mailbox."""
        at = self.clock.now()
        _, event = advance(delivery.state, fact)
        proof = self.witness.state(
            event, at=at, submission_id=delivery.submission_id, delivery=delivery, reasons=(Reason(code=code),)
        )
        log.warning("delivery %s stopped after attempt %d: %s", delivery.id, delivery.attempts + 1, code)

        def work(unit: Transaction) -> tuple[Sequence[Alert], Sequence[Alert]]:
            held = unit.settle_attempt(delivery, at=at, due_at=None, outcome=code)
            current = unit.delivery(delivery.id)
            step: Step | None = None
            if held and current is not None and can_advance(current.state, fact):
                state, _ = advance(current.state, fact)
                look = self.patience.next_look(current, state, after=at)
                step = take(unit, current, fact, proof=proof, problem=code, watch_at=look)
            down = () if healthy else self._failing(unit, recipient, at)
            up = self._healthy(unit, delivery, at) if healthy else ()
            return (down, up) if step is None else ((*step.began, *down), (*step.ended, *up))

        tell(*self.store.write(work))

    def _failing(self, unit: Transaction, tried: Party | None, at: datetime) -> Sequence[Alert]:
        """Count a failure of the recipient's endpoint, if that is the one which was tried; the alert that this
        begins."""
        now = None if tried is None else unit.party(tried.id)
        if tried is None or now is None or now.endpoint != tried.endpoint:
            return ()
        until = at + timedelta(seconds=self.breaker.pause_s)
        if not unit.mark_lane(tried.id, failed=True, threshold=self.breaker.failures, paused_until=until):
            return ()
        return opened_alert(unit, ENDPOINT_DOWN, tried.id, at=at)

    def _healthy(self, unit: Transaction, delivery: Delivery, at: datetime) -> Sequence[Alert]:
        """The recipient's endpoint answers; the alerts that this ends."""
        if not unit.mark_lane(delivery.party, failed=False, threshold=self.breaker.failures, paused_until=at):
            return ()
        return unit.close_alerts(delivery.party, at=at, kinds=(ENDPOINT_DOWN,))
