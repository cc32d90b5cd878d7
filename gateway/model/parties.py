"""Who sends and receives, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import signing  # for what reads certificates, where there are any: who only names a state does not wait for it
from gateway.model.ids import PartyId, Role

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


class EndpointKind(StrEnum):
    """How a party receives."""

    PUSH = "push"
    MAILBOX = "mailbox"


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where a party receives. url: that is pushed to; of a mailbox: where its owner is told that something waits.
    ca_certificate (PEM): the one authority of that server."""

    kind: EndpointKind
    url: str | None = None
    ca_certificate: str | None = None


HOSTED = Endpoint(kind=EndpointKind.MAILBOX)


@dataclass(frozen=True, kw_only=True)
class Mandate:
    """The holder may submit forms of `kinds` ("*" for all) that party `principal` signs or answers for."""

    principal: PartyId
    kinds: tuple[str, ...]

    def covers(self, kind: str) -> bool:
        """Whether forms of `kind` may be submitted under this mandate."""
        return "*" in self.kinds or kind in self.kinds


@dataclass(frozen=True, kw_only=True)
class Party:
    """A registered sender or recipient.

    identifiers: scheme -> key; national numbers only as keyed HMAC, the others in clear.
    masked: scheme -> what may be shown.
    further_notice: a mailbox endpoint with the second address at which it is told that something waits.
    postal: ranges "9000-9999" for which an office is competent; empty means everywhere.
    """

    id: PartyId
    name: str
    roles: frozenset[Role]
    identifiers: Mapping[str, str]
    masked: Mapping[str, str] = field(default_factory=dict)
    signing_certificates: tuple[Certificate, ...] = ()
    sealing_certificate: Certificate | None = None
    endpoint: Endpoint = HOSTED
    further_notice: Endpoint | None = None
    mandates: tuple[Mandate, ...] = ()
    postal: tuple[str, ...] = ()

    def signs_with(self, certificate: str) -> bool:
        """Whether the certificate with this fingerprint is registered for signing; one for sealing signs nothing."""
        return any(signing.fingerprint(each) == certificate for each in self.signing_certificates)

    @property
    def fingerprints(self) -> frozenset[str]:
        """Of all its certificates, for signing and for sealing."""
        seal = () if self.sealing_certificate is None else (self.sealing_certificate,)
        return frozenset(map(signing.fingerprint, (*self.signing_certificates, *seal)))

    def may_submit_for(self, principal: PartyId, kind: str) -> bool:
        """Whether this party is `principal` or holds its mandate for `kind`."""
        return self.id == principal or any(m.principal == principal and m.covers(kind) for m in self.mandates)


@dataclass(frozen=True, kw_only=True)
class HostedKey:
    """A sealing key that the gateway keeps for a party. wrapped_for: fingerprint of the key that opens it."""

    party: PartyId
    certificate: Certificate
    wrapped: bytes = field(repr=False)
    wrapped_for: str
    made_at: datetime
