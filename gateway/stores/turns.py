"""Whose turn it is: per case and recipient, copies become available one after the other, in the order of acceptance.

Only what is in the state consigned waits, and only it makes others wait: a copy that was handed over, declined or set
aside (suspended, expired, escalated) holds nobody up, and one case never holds up another, nor one recipient the next.
A copy that waits has no turn and is not due, so that a claim and a mailbox never come across it, however many there
are. It gets both in the transaction that moves the copy before it; what once was available stays so.

Turns count up within each recipient, in its lane. There is one writer at a time, so whoever has seen a turn has seen,
or can still see, every lower one: a mailbox cursor that is a turn passes nothing by that becomes available later.

Two cases may turn out to be one (`cases.py`). What was available in either stays so, since it may be in somebody's
hands; everything else waits from then on for all that was accepted before it in the case as it now is.
"""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter

from gateway.model import CaseId, Delivery, EndpointKind
from gateway.stores.engine import Runner, sqlite
from gateway.stores.lanes import next_turn

_WAITING = "FROM delivery WHERE case_id = ? AND party = ? AND state = 'consigned'"  # the index delivery_case
_EARLIER = f"SELECT 1 {_WAITING} AND submission_id <> ? LIMIT 1"
_OLDEST_FIRST = f"SELECT seq, submission_id, transport, turn {_WAITING} ORDER BY seq"


def must_wait(runner: Runner, case_id: CaseId, delivery: Delivery) -> bool:
    """Whether a copy of an earlier form of the case goes first; copies of one form do not wait for each other."""
    earlier = runner.execute(_EARLIER, (case_id, delivery.party, delivery.submission_id))
    return earlier.fetchone() is not None


def make_way(connection: sqlite.Connection, case_id: str | None, party: str, *, at: int) -> None:
    """Let the next one come, after a copy of the case has left the state consigned; its time for trying begins."""
    # Read one by one: who waits behind is never looked at.
    waiting = connection.execute(_OLDEST_FIRST, (case_id, party))
    for _, oldest in groupby(waiting, key=itemgetter(1)):
        for copy, _, transport, turn in list(oldest):
            if turn is None:
                lay_out(connection, copy, party, at if transport == EndpointKind.PUSH else None)
                connection.execute("UPDATE delivery SET tried_since = ?1, watch_at = ?1 WHERE seq = ?2", (at, copy))
        break


def lay_out(connection: sqlite.Connection, seq: int, party: str, due_at: int | None) -> None:
    """Make a copy available that has waited: it gets the next turn, and is pushed from `due_at` on."""
    turn = next_turn(connection, party, due_at)
    connection.execute("UPDATE delivery SET turn = ?, due_at = ? WHERE seq = ?", (turn, due_at, seq))
