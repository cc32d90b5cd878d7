"""What is asked of a store: one consistent view to read, one durable transaction to write."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

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
