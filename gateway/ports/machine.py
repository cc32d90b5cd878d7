"""What is asked of the machine that a process runs on: its clock, its disk, and who works on what."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time; never runs backwards within a process."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
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
