"""What is asked of a store: one consistent view to read, one durable transaction to write."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from gateway.errors import StoreUnavailable
from gateway.model import Alert
from gateway.ports.cases import CasesReading, CasesWriting
from gateway.ports.deliveries import DeliveriesReading, DeliveriesWriting
from gateway.ports.journal import JournalReading, JournalWriting
from gateway.ports.parties import PartiesReading, PartiesWriting
from gateway.ports.submissions import SubmissionsReading, SubmissionsWriting
from gateway.ports.validations import ValidationsReading, ValidationsWriting

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class LooseEnd:
    """A row that belongs to nothing, or a queue that nobody will look at. code: one of `flaws.FLAWS`."""

    code: str
    id: str


class Reading(
    PartiesReading,
    SubmissionsReading,
    DeliveriesReading,
    CasesReading,
    ValidationsReading,
    JournalReading,
    Protocol,
):
    """A consistent view of the store."""

    def open_alerts(self, subject: str) -> Sequence[Alert]:
        """The open alerts of a subject, oldest first."""
        ...

    def alerts(self, *, open_only: bool, after: int, limit: int) -> Sequence[Alert]:
        """Alerts, oldest first."""
        ...

    def differing_parties(self) -> Sequence[LooseEnd]:
        """Parties that cannot be read, and those whose record and look-ups (identifiers, roles, certificates) do not
        say the same."""
        ...

    def loose_ends(self, *, now: datetime) -> Sequence[LooseEnd]:
        """Rows without the row that they belong to, and recipients with due copies whose queue is not looked at."""
        ...

    def damage(self) -> Sequence[str]:
        """What the engine's own check of its file finds; nothing when it is sound."""
        ...


class Transaction(
    Reading,
    PartiesWriting,
    SubmissionsWriting,
    DeliveriesWriting,
    CasesWriting,
    ValidationsWriting,
    JournalWriting,
    Protocol,
):
    """A unit of work: reads its own writes; all of it is committed, or none."""

    def hold_duty(self, duty: str, *, holder: str, now: datetime, until: datetime) -> bool:
        """Take or keep on a duty that one process does at a time; False while another one has it."""
        ...

    def open_alert(self, alert: Alert) -> bool:
        """Begin an alert; False when one of that kind and subject is open."""
        ...

    def close_alerts(self, subject: str, *, at: datetime, kinds: Collection[str] | None = None) -> Sequence[Alert]:
        """End the open alerts of a subject, of these kinds where they are given; those that were."""
        ...


@dataclass(frozen=True, kw_only=True)
class Pending(Generic[T]):
    """Work that is queued for the next commit.

    done: has its result after the commit, or what it raised. patience_s: how long to wait for its turn while somebody
    else holds the store; once its turn has come, the outcome is waited for, whatever that takes. is_stuck: told whether
    somebody waited in vain.
    """

    done: Future[T]
    patience_s: float
    is_stuck: Callable[[bool], None]

    @classmethod
    def of(cls, result: T) -> Pending[T]:
        """What needs no commit any more."""
        done: Future[T] = Future()
        done.set_result(result)
        return cls(done=done, patience_s=0, is_stuck=lambda _: None)

    def result(self) -> T:
        """Wait for it. Raises what the work raised, or StoreUnavailable."""
        try:
            return self.done.result(self.patience_s)
        except FutureTimeout:
            self.give_up()
            return self.done.result()

    def give_up(self) -> None:
        """Take the work back: raises StoreUnavailable, unless its turn has come at this very moment."""
        self.is_stuck(True)
        if self.done.cancel():
            raise StoreUnavailable("store-busy", "somebody else holds the store; nothing was stored")
        self.is_stuck(False)


class Store(Protocol):
    """Durable memory of the gateway."""

    def read(self, work: Callable[[Reading], T]) -> T:
        """Run `work` on a consistent view. Raises StoreUnavailable."""
        ...

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a durable transaction and return its result after the commit.

        An exception of `work` undoes that work alone and is raised here. It may run twice, and what the first run
        changed is undone by then: so it does nothing but read and write what it is given. Raises
        StoreUnavailable when the queue is full or the store cannot commit; nothing of the work is then stored.
        """
        ...

    def queue(self, work: Callable[[Transaction], T]) -> Pending[T]:
        """The same without waiting for the commit. Nothing of it may leave the house before that."""
        ...

    def close(self) -> None:
        """Finish what is queued and let go of the files."""
        ...
