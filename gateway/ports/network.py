"""What is asked of others over the network: recipients, issuers of certificates, authorities of time, witnesses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.model import Delivery, Endpoint, Party
from signing import ValidationData


@dataclass(frozen=True, kw_only=True)
class Answered:
    """The endpoint took the copy; `raw_receipt` is its receipt, or None if it will come later (202)."""

    raw_receipt: bytes | None


@dataclass(frozen=True, kw_only=True)
class Deferred:
    """A passing trouble, `code` says which; try again, not before `retry_after_s` if given."""

    code: str
    retry_after_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Refused:
    """The endpoint will never take this copy."""

    code: str


Outcome = Answered | Deferred | Refused


class Transport(Protocol):
    """Takes one sealed copy to its recipient."""

    def send(self, delivery: Delivery, envelope: bytes, recipient: Party) -> Outcome:
        """One try. Never raises for what the network or the recipient does."""
        ...

    def close(self) -> None:
        """Let go of what is kept open between tries."""
        ...


class Bell(Protocol):
    """Tells a party, at an address that it registered, that its mailbox is not empty, and nothing else."""

    def ring(self, place: Endpoint) -> Outcome:
        """One try; Answered when it was heard. Never raises for what the network or the party does."""
        ...

    def close(self) -> None:
        """Let go of what is kept open between tries."""
        ...


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What issuers said of the certificates of a path. is_unreachable: some of them could not be asked."""

    data: ValidationData
    is_unreachable: bool = False


class RevocationSource(Protocol):
    """Asks who issued certificates whether they were revoked."""

    def known(self, path: Sequence[bytes]) -> Collected | None:
        """What was had of a path a few minutes ago; None where somebody has to be asked."""
        ...

    def collect(self, path: Sequence[bytes]) -> Collected:
        """What is to be had of a path (DER, from the first certificate to the anchor) in a few seconds, or was had a
        few minutes ago. Never raises for what the network or the issuer does."""
        ...


class Ask(Protocol):
    """One question over HTTP, bounded in time, that goes only where the installation lets it go."""

    def __call__(self, url: str, body: bytes, *, max_bytes: int) -> tuple[int, bytes]:
        """Status and body of the answer to a POST of plain text. Raises signing.NotFetched."""
        ...
