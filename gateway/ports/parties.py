"""Who is registered, what opens what is theirs, and the keys that are kept for them or were made known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from gateway.keyring import PublishedKey
from gateway.model import HostedKey, Party, PartyId, Role


class Register(Protocol):
    """Look-ups of parties. `key` is what `pseudonyms.IdentifierKeys.key` made of an identifier."""

    def party(self, party_id: PartyId) -> Party | None:
        """The party of that id."""
        ...

    def parties_by_identifier(self, scheme: str, key: str) -> Sequence[Party]:
        """All parties that carry the identifier (an organisation may be registered once per function)."""
        ...

    def parties_by_role(self, role: Role) -> Sequence[Party]:
        """All parties that have the role."""
        ...

    def party_by_certificate(self, fingerprint: str) -> Party | None:
        """The one party that registered the certificate, for signing or for sealing."""
        ...


class PartiesReading(Register, Protocol):
    """Parties and keys, as they are."""

    def party_by_token(self, token_hash: str) -> Party | None: ...

    def parties(self) -> Sequence[Party]: ...

    def hosted_key(self, party: PartyId) -> HostedKey | None:
        """The sealing key that is kept for a party, if there is one."""
        ...

    def hosted_keys(self) -> Sequence[HostedKey]:
        """All sealing keys that are kept for parties."""
        ...

    def published_keys(self) -> Sequence[PublishedKey]:
        """Every key of the gateway that was ever made known, in that order."""
        ...


class PartiesWriting(Protocol):
    """Parties and keys, as they become."""

    def put_party(self, party: Party, *, at: datetime) -> None:
        """Take or replace a party, with its entry in the journal."""
        ...

    def put_token(self, token_hash: str, party: PartyId, *, at: datetime) -> None:
        """Keep a token (its SHA-256 in hex) that opens what is the party's, with its entry in the journal."""
        ...

    def drop_tokens(self, party: PartyId, *, at: datetime) -> None:
        """Make every token of a party worthless, with an entry for each in the journal."""
        ...

    def put_hosted_key(self, key: HostedKey, *, at: datetime) -> None:
        """Keep a sealing key for a party, in place of the one it had, with its entry in the journal."""
        ...

    def publish_key(self, key: PublishedKey) -> None:
        """Keep a key that is made known, and enter it in the journal."""
        ...
