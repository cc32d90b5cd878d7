"""Asking again: certificates about which nobody answered when they were used, and our own seals.

An answer that comes late says of an earlier use what one at once would have said. It is kept as a validation record of
its own, with its entry in the journal, and goes into the packages; nothing that was decided is undone by it: that a
certificate had been revoked is for people to draw conclusions from, so it begins an alert. Of a certificate that has
ended its issuer says nothing any more: asking ends there, and that is kept too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography.x509 import load_der_x509_certificate

from gateway.batches import is_late
from gateway.keyring import Keyring
from gateway.model import Alert, Inquiry, ValidationRecord, new_id
from gateway.ports import Clock, Reading, Store, Transaction
from gateway.steps import tell
from gateway.vouching import Vouching, seal_name
from signing import Identity

DUTY = "inquiries"
DUTY_S = 300
BATCH = 20
SCHEDULE = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 60, 180, 720))  # then every twelve hours
SEAL_EVERY = timedelta(hours=12)
UNANSWERED, REVOKED = "certificates-unanswered", "certificate-revoked"
WAITING = "revocation"
"""The subject of the alert that many answers, or one for long, are waited for."""


@dataclass(frozen=True, kw_only=True)
class Inquiries:
    """Asks again. seals: our own. late_after_s: when somebody must know that an answer is waited for."""

    store: Store
    vouching: Vouching
    seals: Keyring
    clock: Clock
    holder: str
    late_after_s: float

    def ask_due(self) -> int:
        """Ask about all that is due, and about our own seals; how many answers came. Raises StoreUnavailable."""
        answered = sum([self._ask_about_seal(each) for each in self._seals_due()])
        while due := self.store.read(lambda view: view.inquiries_due(now=self.clock.now(), limit=BATCH)):
            if not self.store.write(self._on_duty):
                return answered
            answered += sum([self._ask(each) for each in due])
            self._tell()
        return answered

    def _seals_due(self) -> list[Identity]:
        """The seals of ours that count now and about which nothing was heard lately."""
        now = self.clock.now()

        def heard(view: Reading, seal: Identity) -> bool:
            newest = view.newest_validations(seal_name(seal), limit=1)
            return bool(newest) and newest[0].at > now - SEAL_EVERY

        seals = [key.identity for key in self.seals.keys if key.since <= now <= key.until]
        return self.store.read(lambda view: [each for each in seals if not heard(view, each)])

    def backlog(self) -> tuple[int, datetime | None]:
        """How many wait for an answer, and since when the oldest does."""
        return self.store.read(lambda view: view.open_inquiries())

    def _ask(self, inquiry: Inquiry) -> bool:
        """Ask once; whether that ended it."""
        now, wanted = self.clock.now(), inquiry.unanswered
        record = None
        if wanted.path:
            record = self.vouching.ask_about(wanted.path, about=wanted.about, used_at=wanted.used_at, at=now)
        if record is None or (record.unanswered and not _has_ended(wanted.path, now)):
            delay = SCHEDULE[min(inquiry.tries, len(SCHEDULE) - 1)]
            self.store.write(lambda unit: unit.ask_again(inquiry.number, at=now + delay))
            return False
        kept = replace(record, id=new_id(), unanswered=())

        def settle(unit: Transaction) -> tuple[Alert, ...]:
            unit.add_later_validation(inquiry.submission_id, kept)
            unit.end_inquiry(inquiry.number)
            return _alarm(unit, kept, inquiry.submission_id, now)

        tell(self.store.write(settle), ())
        return True

    def _ask_about_seal(self, seal: Identity) -> bool:
        """Ask about a seal of ours; whether there is an answer."""
        now = self.clock.now()
        record = self.vouching.ask_about_seal(seal, at=now)
        if record is None or record.unanswered:
            return False
        kept = replace(record, id=new_id())

        def keep(unit: Transaction) -> tuple[Alert, ...]:
            if not self._on_duty(unit):
                return ()
            unit.add_later_validation(seal.fingerprint, kept)
            return _alarm(unit, kept, seal.fingerprint, now)

        tell(self.store.write(keep), ())
        return True

    def _tell(self) -> None:
        """Begin or end the alert about answers that are waited for."""
        now = self.clock.now()
        _, since = self.backlog()
        if since is None:
            tell((), self.store.write(lambda unit: unit.close_alerts(WAITING, at=now)))
        elif is_late(since, now=now, after_s=self.late_after_s):
            alert = Alert(kind=UNANSWERED, subject=WAITING, opened_at=now)
            if self.store.write(lambda unit: unit.open_alert(alert)):
                tell((alert,), ())

    def _on_duty(self, unit: Transaction) -> bool:
        now = self.clock.now()
        return unit.hold_duty(DUTY, holder=self.holder, now=now, until=now + timedelta(seconds=DUTY_S))


def _has_ended(path: Sequence[bytes], now: datetime) -> bool:
    return load_der_x509_certificate(path[0]).not_valid_after_utc < now


def _alarm(unit: Transaction, record: ValidationRecord, subject: str, at: datetime) -> tuple[Alert, ...]:
    alert = Alert(kind=REVOKED, subject=subject, opened_at=at)
    return (alert,) if record.is_against and unit.open_alert(alert) else ()
