"""What a reader was told of parties, kept from one moment to the next for as long as it holds.

The journal has an entry for each change of the register: one look at an index tells whether there was one.
"""

from __future__ import annotations

from gateway.model import Party
from gateway.stores.engine import sqlite

_NEWEST = "SELECT max(position) FROM journal WHERE kind = 'party'"  # the index journal_party
_MOST_ANSWERS = 4096

Answers = dict[tuple[str, ...], tuple[Party, ...]]


class KnownParties:
    """For one connection that only reads."""

    def __init__(self) -> None:
        self._as_of: int | None = None
        self._answers: Answers = {}

    def answers(self, connection: sqlite.Connection) -> Answers:
        """Those that hold at the moment that `connection` sees, by what was asked."""
        (as_of,) = connection.execute(_NEWEST).fetchone()
        if as_of != self._as_of or len(self._answers) > _MOST_ANSWERS:
            self._as_of, self._answers = as_of, {}
        return self._answers
