"""Registers the demonstration's cast with a gateway in this process, for tests and benchmarks.

The demonstration itself goes through the administrator's API, as an operator would.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.api.wire import PartyRecord
from gateway.assembly import Gateway
from gateway.demo.cast import CAST
from gateway.demo.pki import DemoFolder, party_record
from gateway.views import EndpointRecord


def register_cast(
    gateway: Gateway, folder: DemoFolder, *, endpoints: Mapping[str, EndpointRecord] | None = None
) -> dict[str, str]:
    """Register everybody; a token of each party by its id. endpoints: of those who do not collect from their
    mailbox."""
    tokens: dict[str, str] = {}
    for member in CAST:
        record = party_record(folder, member.id, endpoint=(endpoints or {}).get(member.id))
        party = gateway.registration.put(PartyRecord.model_validate(record).draft())
        tokens[party.id] = gateway.registration.new_token(party.id)
    return tokens
