"""Trouble with what everything here stands on: the machine's clock, the disk of the store, and the trusted lists.

Each is an alert that begins and ends once. What is measured is compared with two limits, one at which it begins and one
at which it ends, so that a value that wavers does not ring twice. While nothing can be committed the alert is only
logged: it is kept with the first commit that works again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gateway.errors import StoreUnavailable
from gateway.model import Alert
from gateway.ports import Clock, Room, Store, Transaction
from gateway.steps import tell

if TYPE_CHECKING:
    from signing import TrustedLists

CLOCK, STORE, LISTS = "clock", "store", "trusted-lists"
CLOCK_BACK, CLOCK_AHEAD = "clock-set-back", "clock-set-ahead"
CLOCK_BEHIND = "clock-behind"  # it shows less than what the store is dated by: it was wrong, or it is
DISK_LOW, LOG_GROWN, COMMIT_SLOW, COMMIT_FAILS = "store-disk-low", "store-log-grown", "store-slow", "store-fails"
LIST_STALE = "trusted-list-stale"  # a newer one should have come: whom it withdraws counts here still
STEP_S = 30.0  # a clock that is disciplined moves by far less
LOG_BYTES = 256 * 1024 * 1024  # sixteen times what is written before the log is emptied
DUTY, DUTY_S = "troubles", 300.0


@dataclass(frozen=True, kw_only=True)
class _Measured:
    """How much there is of a trouble. begins, ends: from which on it is one, and up to which it is none any more."""

    kind: str
    subject: str
    amount: float
    begins: float
    ends: float


@dataclass(kw_only=True)
class Troubles:
    """Looks after clock, store and trusted lists, in one process at a time.

    wall: the machine's clock, which may be set. room: how much of it the store has. min_free: how many bytes of its
    disk must be free. holder: this process's name. lists: whom they make count counts here. slow_s: a commit that takes
    so long is slow.
    """

    store: Store
    clock: Clock
    wall: Callable[[], datetime]
    room: Callable[[], Room]
    min_free: int
    holder: str
    lists: TrustedLists | None = None
    slow_s: float = 2.0
    _failed_at: datetime | None = None

    def look(self) -> None:
        """Measure, begin and end alerts. Never raises for what the store cannot do."""
        now = self.clock.now()
        until, since = now + timedelta(seconds=DUTY_S), time.monotonic()
        try:
            is_mine = self.store.write(lambda unit: unit.hold_duty(DUTY, holder=self.holder, now=now, until=until))
            took_s = time.monotonic() - since
            if is_mine or self._failed_at is not None:  # who told that nothing can be committed tells its end
                self._note(list(self._measure(took_s)) if is_mine else [], now)
        except StoreUnavailable:
            if self._failed_at is None:
                self._failed_at = now
                tell((Alert(kind=COMMIT_FAILS, subject=STORE, opened_at=now),), ())

    def _measure(self, took_s: float) -> Iterator[_Measured]:
        newest = self.store.read(lambda view: view.newest_evidence_at())
        ahead_s = (self.wall() - self.clock.now()).total_seconds()
        yield _Measured(kind=CLOCK_AHEAD, subject=CLOCK, amount=ahead_s, begins=STEP_S, ends=STEP_S / 2)
        yield _Measured(kind=CLOCK_BACK, subject=CLOCK, amount=-ahead_s, begins=STEP_S, ends=STEP_S / 2)
        behind_s = 0.0 if newest is None else (newest - self.clock.now()).total_seconds()
        yield _Measured(kind=CLOCK_BEHIND, subject=CLOCK, amount=behind_s, begins=STEP_S, ends=0)
        room = self.room()
        enough = -1.1 * self.min_free
        yield _Measured(kind=DISK_LOW, subject=STORE, amount=-room.free, begins=-self.min_free, ends=enough)
        yield _Measured(kind=LOG_GROWN, subject=STORE, amount=room.log, begins=LOG_BYTES, ends=LOG_BYTES / 2)
        stale = 0 if self.lists is None else len(self.lists.stale(self.clock.now()))
        yield _Measured(kind=LIST_STALE, subject=LISTS, amount=stale, begins=1, ends=0)
        yield _Measured(kind=COMMIT_SLOW, subject=STORE, amount=took_s, begins=self.slow_s, ends=self.slow_s / 2)

    def _note(self, measured: Sequence[_Measured], at: datetime) -> None:
        known = self.store.read(lambda view: {a.kind for each in (CLOCK, STORE, LISTS) for a in view.open_alerts(each)})
        begins = [each for each in measured if each.kind not in known and each.amount >= each.begins]
        ends = [each for each in measured if each.kind in known and each.amount <= each.ends]
        failed_at = self._failed_at
        if not begins and not ends and failed_at is None:
            return

        def work(unit: Transaction) -> tuple[list[Alert], list[Alert]]:
            new = [Alert(kind=each.kind, subject=each.subject, opened_at=at) for each in begins]
            began = [alert for alert in new if unit.open_alert(alert)]
            over = [(each.subject, each.kind) for each in ends]
            if failed_at is not None:  # told when it began; kept now that something can be kept
                unit.open_alert(Alert(kind=COMMIT_FAILS, subject=STORE, opened_at=failed_at))
                over.append((STORE, COMMIT_FAILS))
            ended = [alert for subject, kind in over for alert in unit.close_alerts(subject, at=at, kinds=(kind,))]
            return began, ended

        tell(*self.store.write(work))
        self._failed_at = None
