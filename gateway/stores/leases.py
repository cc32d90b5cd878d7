"""Leases: who has a copy in hand, and until when. A try to push it has one as well as a client of its mailbox.

One that runs keeps everybody else from the copy, whatever is decided of the copy meanwhile; it ends with its time, when
it is given back, when its try is over, or with the recipient's receipt.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from gateway.mailboxes import MAX_LEASE_S
from gateway.model import DeliveryId
from gateway.stores import rows
from gateway.stores.engine import sqlite
from gateway.stores.lanes import rearm_lane
from gateway.stores.rows import to_ms

FREE = "(lease_until IS NULL OR lease_until <= ? OR lease_until > ?)"
"""Nobody has it in hand, as a condition on the moments of `moments`."""

# What would be pushed meanwhile is due when the lease ends.
_TAKE = f"""
UPDATE delivery SET lease_id = ?1, lease_until = ?2, holder = NULL, due_at = max(due_at, ?2)
WHERE id = ?3 AND {FREE} AND turn IS NOT NULL AND {rows.NOT_FINAL}
"""
_RELEASE = """
UPDATE delivery SET lease_id = NULL, lease_until = NULL, due_at = CASE due_at WHEN lease_until THEN ? ELSE due_at END
WHERE id = ? AND lease_id = ? RETURNING party, due_at
"""


def moments(now: datetime) -> tuple[int, int]:
    """For `FREE`: a lease that would run longer than any may is of a clock that was set back since."""
    return to_ms(now), to_ms(now + timedelta(seconds=MAX_LEASE_S))


def take(
    connection: sqlite.Connection, delivery_id: DeliveryId, *, lease_id: str, now: datetime, until: datetime
) -> bool:
    """Give a client of the mailbox the copy in hand; False while somebody else has it."""
    return bool(connection.execute(_TAKE, (lease_id, to_ms(until), delivery_id, *moments(now))).rowcount)


def release(connection: sqlite.Connection, delivery_id: DeliveryId, *, lease_id: str, now: datetime) -> bool:
    """End the lease of a client; what would have been pushed meanwhile is due. False when it is not the last one."""
    released = connection.execute(_RELEASE, (to_ms(now), delivery_id, lease_id)).fetchone()
    if released is not None and released[1] is not None:
        rearm_lane(connection, *released)
    return released is not None
