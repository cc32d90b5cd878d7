"""Asking again: certificates about which nobody answered when they were used, our own seals, and the time authorities
that stamp the journal.

An answer that comes late says of an earlier use what one at once would have said. It is kept as a validation record of
its own, with its entry in the journal, and goes into the packages; nothing that was decided is undone by it: that a
certificate had been revoked is for people to draw conclusions from, so it begins an alert. Of a certificate that has
ended its issuer says nothing any more: asking ends there, and that is kept too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from cryptography.x509 import load_der_x509_certificate

from gateway.batches import is_late
from gateway.keyring import Keyring
from gateway.model import Alert, Inquiry, RevocationPolicy, ValidationRecord, new_id
from gateway.ports import Clock, Reading, Store, Transaction
from gateway.steps import begin_alert, end_alerts, opened_alert, tell
from gateway.vouching import Vouching, authority_name, seal_name

log = logging.getLogger("sealpost.inquiries")

DUTY = "inquiries"
DUTY_S = 300
BATCH = 20
SCHEDULE = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 60, 180, 720))  # then every twelve hours
EVERY = timedelta(hours=12)
"""How often our seals and the time authorities are asked after."""
RECENT = 8
"""Time stamps whose authorities are asked after: a few times as many as are made between two looks."""
UNANSWERED, REVOKED = "certificates-unanswered", "certificate-revoked"
WAITING = "revocation"
"""The subject of the alert that many answers, or one for long, are waited for."""


class _Question(Protocol):
    def __call__(self, *, at: datetime) -> ValidationRecord | None: ...


@dataclass(frozen=True, kw_only=True)
class Inquiries:
    """Asks again. seals: our own. late_after_s: when somebody must know that an answer is waited for.

    _put_off: of what of ours nobody answered about, how often it was asked and until when it is left alone.
    """

    store: Store
    vouching: Vouching
    seals: Keyring
    clock: Clock
    holder: str
    late_after_s: float
    _put_off: dict[str, tuple[int, datetime]] = field(default_factory=dict)

    def ask_due(self, is_over: Callable[[], bool] = lambda: False) -> int:
        """Ask about all that is due, our own seals and the time authorities; how many answers came.

        Raises StoreUnavailable. is_over: whether to stop before the next question, since each may take long. One
        process asks at a time. While nobody is to be asked, what waits for an answer rests: it is asked about again
        once the policy is another one, for as long as its form is kept.
        """
        if self.is_resting:
            self._tell()
            return 0
        answered = 0
        if not self.store.write(self._on_duty):
            return answered
        for name, ask in self._ours_due(self.clock.now()):
            if is_over():
                return answered
            answered += self._ask_of_ours(name, ask)
        while due := self.store.read(lambda view: view.inquiries_due(now=self.clock.now(), limit=BATCH)):
            if not self.store.write(self._on_duty):
                return answered
            for each in due:
                if is_over():
                    return answered
                answered += self._ask(each)
        self._tell()
        return answered

    @property
    def is_resting(self) -> bool:
        """Whether nobody is asked."""
        return self.vouching.revocation is RevocationPolicy.OFF

    def _ours_due(self, now: datetime) -> list[tuple[str, _Question]]:
        """What is asked of our seals that count now, and of those who made the newest time stamps, by what it is about:
        where nothing was heard lately, and who did not answer last time has had its pause."""
        vouching = self.vouching
        seals = [key.identity for key in self.seals.keys if key.since <= now <= key.until]
        stamps = self.store.read(lambda view: view.stamps(after=max(0, view.newest_stamp() - RECENT), limit=RECENT))
        paths = dict.fromkeys(vouching.authority_of(stamp.token, at=now) for stamp in stamps)
        questions: dict[str, _Question] = {seal_name(each): partial(vouching.ask_about_seal, each) for each in seals}
        questions |= {authority_name(each): partial(vouching.ask_about_authority, each) for each in paths if each}
        waiting = {name for name, (_, until) in self._put_off.items() if now < until <= now + EVERY}
        return self.store.read(
            lambda view: [
                (name, ask) for name, ask in questions.items() if name not in waiting and not _heard(view, name, now)
            ]
        )

    def _ask_of_ours(self, name: str, ask: _Question) -> bool:
        """Ask once of a seal of ours, or a time authority; whether there is an answer. Without one it has its pause,
        which grows as that of an inquiry."""
        now = self.clock.now()
        if self._keep(ask(at=now), now):
            self._put_off.pop(name, None)
            return True
        tries = self._put_off.get(name, (0, now))[0]
        self._put_off[name] = (tries + 1, now + _pause(tries))
        return False

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
            self.store.write(lambda unit: unit.ask_again(inquiry.number, at=now + _pause(inquiry.tries)))
            return False
        kept = replace(record, id=new_id(), unanswered=())

        def settle(unit: Transaction) -> tuple[Alert, ...]:
            unit.add_later_validation(inquiry.submission_id, kept)
            unit.end_inquiry(inquiry.number)
            return _alarm(unit, kept, inquiry.submission_id, now)

        tell(self.store.write(settle), ())
        return True

    def _keep(self, record: ValidationRecord | None, now: datetime) -> bool:
        """Keep what was said of a seal of ours, or of a time authority; whether there is an answer."""
        if record is None or record.unanswered:
            return False
        kept = replace(record, id=new_id())
        certificate = record.about.partition(" ")[2]

        def keep(unit: Transaction) -> tuple[Alert, ...]:
            if not self._on_duty(unit):
                return ()
            unit.add_later_validation(certificate, kept)
            return _alarm(unit, kept, certificate, now)

        tell(self.store.write(keep), ())
        return True

    def _tell(self) -> None:
        """Begin or end the alert about answers that are waited for."""
        now = self.clock.now()
        (_, since), told = self.store.read(lambda view: (view.open_inquiries(), view.open_alerts(WAITING)))
        if since is None or self.is_resting:
            if told:
                end_alerts(self.store, WAITING, at=now)
        elif not told and is_late(since, now=now, after_s=self.late_after_s):
            begin_alert(self.store, UNANSWERED, WAITING, at=now)

    def _on_duty(self, unit: Transaction) -> bool:
        now = self.clock.now()
        return unit.hold_duty(DUTY, holder=self.holder, now=now, until=now + timedelta(seconds=DUTY_S))


def _heard(view: Reading, about: str, now: datetime) -> bool:
    newest = view.newest_validations(about, limit=1)
    return bool(newest) and newest[0].at > now - EVERY


def _pause(tries: int) -> timedelta:
    """How long is waited after so many tries and one more."""
    return SCHEDULE[min(tries, len(SCHEDULE) - 1)]


def _has_ended(path: Sequence[bytes], now: datetime) -> bool:
    return load_der_x509_certificate(path[0]).not_valid_after_utc < now


def _alarm(unit: Transaction, record: ValidationRecord, subject: str, at: datetime) -> tuple[Alert, ...]:
    return opened_alert(unit, REVOKED, subject, at=at) if record.is_against else ()
