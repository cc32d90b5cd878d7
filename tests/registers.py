"""A register in memory, for tests of what only looks parties up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.model import Party, PartyId
from signing import fingerprint


@dataclass(frozen=True)
class MemoryRegister:
    """`Register` over a list of parties."""

    everybody: tuple[Party, ...] = ()

    def party(self, party_id: PartyId) -> Party | None:
        return next((party for party in self.everybody if party.id == party_id), None)

    def parties_by_identifier(self, scheme: str, key: str) -> Sequence[Party]:
        return [party for party in self.everybody if party.identifiers.get(scheme) == key]

    def parties_by_role(self, role: str) -> Sequence[Party]:
        return [party for party in self.everybody if role in party.roles]

    def party_by_certificate(self, wanted: str) -> Party | None:
        return next((party for party in self.everybody if wanted in certificates_of(party)), None)


def certificates_of(party: Party) -> set[str]:
    """Fingerprints of all certificates of a party."""
    seal = party.sealing_certificate
    return {*map(fingerprint, party.signing_certificates), *([] if seal is None else [fingerprint(seal)])}
