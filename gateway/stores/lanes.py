"""Lanes of the outbox: one row per recipient says when its queue is next worth a look.

A claim walks the lanes that are due, then takes a few rows inside each: a dead recipient with a hundred thousand
pending copies costs the others one row. A lane goes to the back of the ring after its turn.
"""

from __future__ import annotations

from typing import Any

from gateway.model import Delivery, new_id
from gateway.stores import rows
from gateway.stores.engine import Runner, sqlite
from gateway.stores.schema import NEVER

IN_FLIGHT = 8  # copies of one recipient that may be on their way at once
PROBES = 3  # as many as a recipient gets while its breaker is half open

_REARM = """
INSERT INTO lane (party, next_at, failures, paused_until) VALUES (?, ?, 0, 0)
ON CONFLICT (party) DO UPDATE SET next_at = max(min(next_at, excluded.next_at), paused_until)
"""
# Does not touch `next_at`: to set it writes a page of the index over it, also where it stays as it is.
_TURN = f"""
INSERT INTO lane (party, next_at, failures, paused_until, turns) VALUES (?, {NEVER}, 0, 0, 1)
ON CONFLICT (party) DO UPDATE SET turns = turns + 1 RETURNING turns, next_at > max(?, paused_until)
"""
_FAILED = """
UPDATE lane SET failures = failures + 1,
    paused_until = CASE WHEN failures + 1 >= :threshold THEN :until ELSE paused_until END,
    next_at = CASE WHEN failures + 1 >= :threshold THEN max(next_at, :until) ELSE next_at END
WHERE party = :party RETURNING failures
"""
_HEALTHY = """
UPDATE lane SET failures = 0, paused_until = 0, next_at = CASE WHEN paused_until > 0 THEN 0 ELSE next_at END
WHERE party = ? AND (failures > 0 OR paused_until > 0) RETURNING 1
"""
_DUE_LANES = "SELECT party, failures FROM lane WHERE next_at <= ? ORDER BY next_at LIMIT ?"
_IN_FLIGHT = """
SELECT count(*) FROM (SELECT 1 FROM delivery WHERE party = ? AND holder IS NOT NULL AND lease_until > ? LIMIT ?)
"""
_DUE = "SELECT seq FROM delivery WHERE party = ? AND due_at <= ? ORDER BY due_at, seq LIMIT ?"
_CLAIM = f"""
UPDATE delivery SET due_at = ?1, holder = ?2, lease_id = ?3, lease_until = ?1 WHERE seq = ?4 RETURNING {rows.DELIVERY}
"""
# Only what nobody decided upon meanwhile: an operator who had it tried anew gets a try of its own.
_SETTLE = """
UPDATE delivery SET attempts = attempts + 1, due_at = ?, last_problem = ?, holder = NULL, lease_id = NULL,
    lease_until = NULL WHERE id = ? AND lease_id = ? AND due_at IS NOT NULL AND tried_since IS ?
"""
_COUNT = "UPDATE delivery SET attempts = attempts + 1 WHERE id = ? RETURNING lease_id"
_LET_GO = """
UPDATE delivery SET due_at = CASE WHEN due_at IS NULL THEN NULL ELSE ? END, holder = NULL, lease_id = NULL,
    lease_until = NULL WHERE id = ? RETURNING due_at
"""
_LET_GO_OF_THE_DEAD = """
UPDATE delivery SET due_at = CASE WHEN due_at IS NULL THEN NULL ELSE :now END, holder = NULL, lease_id = NULL,
    lease_until = NULL WHERE holder IS NOT NULL AND lease_until > :leased_by
"""
# What was never tried waits for nobody, unless a client of the mailbox has it.
_DUE_AT_LAST = """
UPDATE delivery SET due_at = :now WHERE due_at > :now AND (due_at > :latest OR attempts = 0 AND lease_id IS NULL)
"""
_NEXT = "SELECT min(due_at) FROM delivery WHERE party = ? AND due_at IS NOT NULL"


def rearm_lane(runner: Runner, party: str, due_at: int) -> None:
    """Make the lane look no later than `due_at`, unless its breaker is open until later."""
    runner.execute(_REARM, (party, due_at))


def next_turn(runner: Runner, party: str, due_at: int | None) -> int:
    """The next number in the order in which copies become available to the party; its lane looks by `due_at`."""
    turn, looks_too_late = runner.execute(_TURN, (party, NEVER if due_at is None else due_at)).fetchone()
    if due_at is not None and looks_too_late:
        rearm_lane(runner, party, due_at)
    return int(turn)


def mark_lane(connection: sqlite.Connection, party: str, *, failed: bool, threshold: int, paused_until: int) -> bool:
    """Count a failure, opening the breaker at `threshold` in a row; a success closes it. Whether either happened."""
    if not failed:
        return reset_lane(connection, party)
    values = {"threshold": threshold, "until": paused_until, "party": party}
    counted = connection.execute(_FAILED, values).fetchone()
    return counted is not None and bool(counted[0] == threshold)


def reset_lane(connection: sqlite.Connection, party: str) -> bool:
    """Forget failures and close the breaker; whether there were any."""
    return connection.execute(_HEALTHY, (party,)).fetchone() is not None


def bring_forward(
    connection: sqlite.Connection, *, now: int, latest: int, leased_by: int, paused_by: int, watched_by: int
) -> None:
    """See `ports.DeliveriesWriting.bring_forward`."""
    moments = {"now": now, "latest": latest, "leased_by": leased_by}
    connection.execute(_LET_GO_OF_THE_DEAD, moments)
    connection.execute(_DUE_AT_LAST, moments)
    connection.execute("UPDATE delivery SET watch_at = ? WHERE watch_at > ?", (now, watched_by))
    connection.execute("UPDATE lane SET paused_until = 0 WHERE paused_until > ?", (paused_by,))
    connection.execute(
        "UPDATE lane SET next_at = max(?1, paused_until) WHERE next_at > ?1 AND next_at < ?2", (now, NEVER)
    )


def claim_due(connection: sqlite.Connection, *, now: int, until: int, holder: str, limit: int) -> list[Any]:
    """Rows (columns rows.DELIVERY) that are due; each has a lease for one try of `holder`, and is due when that ends.

    What somebody else has in hand is not due: see `leases.py`.
    """
    claimed: list[Any] = []
    for party, failures in connection.execute(_DUE_LANES, (now, limit)).fetchall():
        if len(claimed) >= limit:
            break
        (held,) = connection.execute(_IN_FLIGHT, (party, now, IN_FLIGHT)).fetchone()
        room = min((PROBES if failures else IN_FLIGHT) - held, limit - len(claimed))
        turn = connection.execute(_DUE, (party, now, max(room, 0))).fetchall()
        claimed += [connection.execute(_CLAIM, (until, holder, new_id(), seq)).fetchone() for (seq,) in turn]
        (next_at,) = connection.execute(_NEXT, (party,)).fetchone()
        # A full lane is looked at again in a moment; otherwise when something is due.
        next_look = NEVER if next_at is None else max(next_at, now + 1)
        connection.execute("UPDATE lane SET next_at = ? WHERE party = ?", (next_look, party))
    return claimed


def settle(connection: sqlite.Connection, delivery: Delivery, *, at: int, due_at: int | None, outcome: str) -> bool:
    """End the try for which `delivery` was claimed; False when its lease was lost, or the copy moved meanwhile."""
    since = rows.maybe_ms(delivery.tried_since)
    settled = bool(connection.execute(_SETTLE, (due_at, outcome, delivery.id, delivery.lease_id, since)).rowcount)
    if not settled:  # the try counts, whoever has the copy now
        due_at = None
        (lease_id,) = connection.execute(_COUNT, (delivery.id,)).fetchone()
        if lease_id == delivery.lease_id:
            (due_at,) = connection.execute(_LET_GO, (at, delivery.id)).fetchone()
    if due_at is not None:
        rearm_lane(connection, delivery.party, due_at)
    return settled
