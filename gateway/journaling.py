"""Puts the parts of the journal together from the configuration: keys, witnesses, time authorities."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.addresses import Reach
from gateway.batches import Batches, Rhythm
from gateway.config import Config, read_secret
from gateway.errors import ConfigError
from gateway.journal_audit import JournalProver
from gateway.ports import Clock, Store
from gateway.proofs import Proofs
from gateway.stamped import StampedTrees
from gateway.transports.authority import PLACE as IN_PROCESS
from gateway.transports.authority import InProcessAuthority
from gateway.transports.fetching import Fetching
from gateway.witnessing import WitnessAddress, Witnessing
from signing import (
    Identity,
    KeyUnavailable,
    NoteKey,
    NoteSigner,
    SignatureType,
    TimestampAuthority,
    Timestamper,
    TimestampSource,
    TimestampTrust,
    TrustPolicy,
    load_identity,
    note_signer_from_pem,
    parse_note_key,
)


@dataclass(frozen=True, kw_only=True)
class Journal:
    """Everything that is done with the journal beside entering: batches, witnesses, proofs, audit."""

    batches: Batches
    witnessing: Witnessing
    proofs: Proofs
    prover: JournalProver
    fetching: Fetching

    def close(self) -> None:
        """Let go of connections to time authorities and witnesses; they are made anew when they are needed."""
        self.fetching.close()


def assemble_journal(
    config: Config, *, store: Store, clock: Clock, service: Identity, stamps: TrustPolicy, reach: Reach, holder: str
) -> Journal:
    """The journal of an installation. service: signs checkpoints where they have no key of their own. stamps: whose
    time stamps count.

    Raises ConfigError.
    """
    signer, fetching = _signer(config, service), Fetching(reach)
    trust = TimestampTrust(anchors=stamps, policies=frozenset(config.timestamp_policies) or None)
    witnesses = [_witness(each) for each in config.witnesses]
    asked = tuple(each for each in witnesses if each.url)
    return Journal(
        batches=Batches(
            store=store,
            signer=signer,
            clock=clock,
            holder=holder,
            rhythm=Rhythm(
                close_after_s=config.journal_close_after_s,
                close_at=config.journal_close_at,
                late_after_s=config.timestamp_late_after_s,
            ),
            timestamper=_timestamper(config, trust, fetching, clock),
        ),
        witnessing=Witnessing(
            store=store,
            log=signer.verifier,
            known=asked,
            ask=fetching.ask,
            clock=clock,
            holder=holder,
            late_after_s=config.timestamp_late_after_s,
        ),
        proofs=Proofs(store=store, trees=StampedTrees(), log=signer.verifier, witnesses=tuple(w.key for w in asked)),
        prover=JournalProver(
            logs=(signer.verifier, *map(_key, config.journal_retired)),
            trust=trust,
            witnesses=tuple(each.key for each in witnesses),
        ),
        fetching=fetching,
    )


def _signer(config: Config, service: Identity) -> NoteSigner:
    name = config.journal_origin or f"{config.name}/journal"
    try:
        if config.journal_key is not None:
            raw = read_secret(config.journal_key, "journal.key")
            return note_signer_from_pem(raw, name=name, password=config.journal_password)
        signer = NoteSigner(name=name, key=service.key)
        _ = signer.verifier  # refuses RSA and other curves, and a name that is none
    except KeyUnavailable as error:
        raise ConfigError("journal-key", f"journal.key: {error.detail}") from error
    except ValueError as error:
        raise ConfigError("config-value", f"journal.origin: {error}") from error
    return signer


def _key(text: str) -> NoteKey:
    try:
        return parse_note_key(text)
    except KeyUnavailable as error:
        raise ConfigError("journal-key", f"journal.retired, journal.witnesses: {error.detail}") from error


def _witness(text: str) -> WitnessAddress:
    encoded, _, url = text.partition(" ")
    key = _key(encoded)
    if key.kind is not SignatureType.COSIGNATURE:
        raise ConfigError("journal-key", f"journal.witnesses: the key of {key.name} is not one for cosignatures")
    return WitnessAddress(key=key, url=url.strip().rstrip("/"))


def _timestamper(config: Config, trust: TimestampTrust, fetching: Fetching, clock: Clock) -> Timestamper | None:
    own = config.timestamp_demonstration
    if own is None:
        sources = tuple(TimestampSource(url=url) for url in config.timestamp_authorities)
        return Timestamper(sources=sources, trust=trust, fetch=fetching) if sources else None
    if config.timestamp_authorities:
        raise ConfigError("config-value", "timestamps: authorities, or demonstration, not both")
    try:
        authority = TimestampAuthority(identity=load_identity(own))
    except KeyUnavailable as error:
        raise ConfigError("timestamp-authority", f"timestamps.demonstration: {own}: {error.detail}") from error
    fetch = InProcessAuthority(authority=authority, clock=clock)
    return Timestamper(sources=(TimestampSource(url=IN_PROCESS),), trust=trust, fetch=fetch)
