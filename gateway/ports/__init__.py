"""What the core asks of the world, by subject: a store, the machine, the network.

The store hands out transactions. `write` runs the given work inside one durable transaction, together with other work
that waited meanwhile (natural group commit), and returns only after the commit: what it returns may leave
the house.
"""

from gateway.ports.cases import MAX_CASE, MAX_NAMING
from gateway.ports.journal import JournalReading
from gateway.ports.machine import Clock, Holds, Room
from gateway.ports.network import (
    Answered,
    Ask,
    Bell,
    Collected,
    Deferred,
    Outcome,
    Refused,
    RevocationSource,
    Transport,
)
from gateway.ports.parties import Register
from gateway.ports.store import LooseEnd, Pending, Reading, Store, Transaction

__all__ = [
    "MAX_CASE",
    "MAX_NAMING",
    "Answered",
    "Ask",
    "Bell",
    "Clock",
    "Collected",
    "Deferred",
    "Holds",
    "JournalReading",
    "LooseEnd",
    "Outcome",
    "Pending",
    "Reading",
    "Refused",
    "Register",
    "RevocationSource",
    "Room",
    "Store",
    "Transaction",
    "Transport",
]
