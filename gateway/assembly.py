"""Builds a gateway from its configuration; the only module that knows every adapter."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial

import signing.paths  # noqa: F401 - loaded at the start: no form waits for it
from gateway.acceptance import Acceptance, PaperRule
from gateway.addresses import Reach
from gateway.audit import Audit
from gateway.case_status import CaseStatus
from gateway.cases import Cases
from gateway.clock import wall_clock
from gateway.config import Config, read_secret
from gateway.credentials import admin_token, keyrings, trusted
from gateway.deadlines import Calendars
from gateway.dispatch import Dispatch
from gateway.erasure import Erasure
from gateway.errors import ConfigError
from gateway.evidence import Witness
from gateway.forms.catalogue import Catalogue
from gateway.forms.countries import check_holidays
from gateway.forms.validation import Validator
from gateway.hosting import Hosting
from gateway.inquiries import Inquiries
from gateway.intake import Intake
from gateway.journaling import Journal, assemble_journal
from gateway.keyring import Keyring, Purpose
from gateway.lifecycle import Breaker, Patience, RetryPolicy
from gateway.mailboxes import Mailboxes
from gateway.model import PartyId
from gateway.notices import Notices
from gateway.notifying import Notifying
from gateway.oversight import Oversight
from gateway.packaging import Packages
from gateway.paper import Paper
from gateway.ports import Clock, Store
from gateway.proving import Prover
from gateway.pseudonyms import IdentifierKeys, RecordKeys
from gateway.public_check import PublicCheck
from gateway.publication import Publication
from gateway.push_signature import RequestSigner
from gateway.receipts import Receipts
from gateway.registration import Registration, is_of_a_party, token_hash
from gateway.routing import Router
from gateway.signatories import SignatoryCheck
from gateway.slots import Slots
from gateway.status import Status
from gateway.stores import STORES
from gateway.stores.clock import StoreClock
from gateway.stores.holds import FileHolds
from gateway.stores.room import room_of
from gateway.transports import TRANSPORTS
from gateway.transports.doorbell import Doorbell
from gateway.transports.fetching import Fetching
from gateway.transports.push import TOTAL_S, ClientCertificate, PushSettings
from gateway.transports.revocation import RevocationSources
from gateway.troubles import Troubles
from gateway.trustfolder import Trusted
from gateway.vouching import Vouching
from gateway.watch import Watch
from signing import (
    TimestampTrust,
    TrustPolicy,
    ValidationPolicy,
)

PART_OF_LEASE = 0.9  # that a try may take: it is over when its lease ends, and nobody pushes the copy beside it


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """Everything a face of the gateway needs, ready to use."""

    config: Config
    store: Store
    clock: Clock
    catalogue: Catalogue
    validator: Validator
    trust: TrustPolicy
    vouching: Vouching
    witness: Witness
    patience: Patience
    intake: Intake
    receipts: Receipts
    mailboxes: Mailboxes
    registration: Registration
    status: Status
    packages: Packages
    oversight: Oversight
    erasure: Erasure
    paper: Paper
    watch: Watch
    troubles: Troubles
    notifying: Notifying
    case_status: CaseStatus
    push: PushSettings
    journal: Journal
    public_check: PublicCheck
    publication: Publication
    hosting: Hosting | None
    inquiries: Inquiries
    admin_token_hash: str


def build(config: Config, *, clock: Clock | None = None, catalogue: Catalogue | None = None) -> Gateway:
    """Assemble a gateway.

    catalogue: one that is loaded, where several gateways of a process judge alike; else that of the configuration.
    Raises ConfigError when anything it needs is missing or wrong.
    """
    config.store_path.parent.mkdir(parents=True, exist_ok=True)
    clock = clock or StoreClock(config.store_path)
    catalogue = catalogue or Catalogue.load(config.schemas, code_lists=config.code_lists)
    check_holidays(catalogue.countries.values())
    calendars = Calendars({code: country.calendar for code, country in catalogue.countries.items()})
    validator = Validator(catalogue)
    messages = catalogue.messages
    anchors = trusted(config)
    trust = anchors.signers
    vouching = _vouching(config, anchors, clock)
    rings = keyrings(config)
    push = _push_settings(config, rings.get(Purpose.PUSH, rings[Purpose.SERVICE]), clock)
    secret = read_secret(config.identifier_key, "secrets.identifier_key")
    names = {kind.id: frozenset(fact.name for fact in kind.facts) for kind in catalogue.kinds}
    keys, cases = IdentifierKeys(secret), Cases(keys=RecordKeys(secret), names=names)
    token = admin_token(config)
    if config.store_engine not in STORES:
        raise ConfigError("store-engine", f"store.engine: known are {', '.join(STORES)}")
    store = STORES[config.store_engine](config.store_path)
    if store.read(lambda view: is_of_a_party(config.name, view)):
        store.close()
        raise ConfigError("gateway-name", "gateway.name: a party is registered under this name, or a similar one")
    witness = Witness(keys=rings[Purpose.SERVICE], issuer=config.name)
    router = Router(keys=keys, messages=messages)
    patience = Patience(
        retry=RetryPolicy(schedule_s=config.retry_schedule_s, give_up_after_s=config.give_up_after_s),
        warn_after_s=config.warn_after_s,
        remind_after_s=config.remind_after_s,
        slip_after_s=config.paper_slip_after_days * 24 * 3600,
    )
    holder = _holder()
    station = None if config.paper_party is None else PartyId(config.paper_party)
    seals = tuple(key.identity for key in rings[Purpose.SERVICE].keys)
    journal = assemble_journal(
        config,
        store=store,
        clock=clock,
        service=seals[0],
        stamps=anchors.timestamps,
        reach=push.reach,
        holder=holder,
    )
    own = TrustPolicy((*(each.certificate for each in seals), *trust.anchors), algorithms=trust.algorithms)
    hosting = None
    if Purpose.MAILBOX in rings:
        hosting = Hosting(
            store=store,
            keys=rings[Purpose.MAILBOX],
            witness=witness,
            trust=own,
            clock=clock,
            kept_per_day=config.kept_per_day,
        )
    notifying = Notifying(
        store=store,
        witness=witness,
        clock=clock,
        calendars=calendars,
        bell=Doorbell(push, name=config.name),
    )
    return Gateway(
        config=config,
        store=store,
        clock=clock,
        catalogue=catalogue,
        validator=validator,
        trust=trust,
        vouching=vouching,
        witness=witness,
        patience=patience,
        intake=Intake(
            store=store,
            validator=validator,
            vouching=vouching,
            witness=witness,
            router=router,
            signatories=SignatoryCheck(keys=keys, messages=messages),
            cases=cases,
            notices=Notices(validator=validator, witness=witness, router=router, cases=cases),
            acceptance=Acceptance(
                witness=witness,
                cases=cases,
                patience=patience,
                kept_per_day=config.kept_per_day,
                actors={kind.id: frozenset(rule.role for rule in kind.signatories) for kind in catalogue.kinds},
                paper=_paper(config, store, catalogue),
            ),
            holds=FileHolds(config.store_path.with_name(config.store_path.name + ".running")),
            clock=clock,
        ),
        receipts=Receipts(
            store=store,
            calendars=calendars,
            trust=trust,
            vouching=vouching,
            witness=witness,
            clock=clock,
            patience=patience,
            kept_per_day=config.kept_per_day,
        ),
        mailboxes=Mailboxes(store=store, clock=clock),
        registration=Registration(
            name=config.name,
            store=store,
            kinds=catalogue.kinds,
            keys=keys,
            clock=clock,
            reach=push.reach,
            hosting=hosting,
        ),
        status=Status(store=store, messages=messages),
        packages=Packages(
            store=store,
            witness=witness,
            vouching=vouching,
            clock=clock,
            versions=_editions(catalogue),
            proofs=journal.proofs,
            journal_keys=tuple(map(str, journal.prover.logs)),
            witness_keys=tuple(map(str, journal.prover.witnesses)),
        ),
        paper=Paper(
            store=store,
            witness=witness,
            clock=clock,
            calendars=calendars,
            station=station,
        ),
        erasure=Erasure(store=store, witness=witness, clock=clock),
        oversight=Oversight(store=store, witness=witness, clock=clock, acts=catalogue.acts),
        notifying=notifying,
        watch=Watch(
            store=store,
            witness=witness,
            patience=patience,
            clock=clock,
            holder=holder,
            paper_by_itself=config.paper_by_itself,
            notifying=notifying,
            station=station,
        ),
        troubles=Troubles(
            store=store,
            clock=clock,
            wall=wall_clock,
            room=partial(room_of, config.store_path),
            min_free=config.store_min_free_mb * 1024 * 1024,
            holder=holder,
            lists=vouching.lists,
        ),
        case_status=CaseStatus(store=store, catalogue=catalogue, clock=clock, records=cases),
        push=push,
        journal=journal,
        public_check=PublicCheck(store=store, trust=own),
        publication=Publication(name=config.name, store=store, clock=clock, rings=rings),
        hosting=hosting,
        inquiries=Inquiries(
            store=store,
            vouching=vouching,
            seals=rings[Purpose.SERVICE],
            clock=clock,
            holder=holder,
            late_after_s=config.revocation_late_after_s,
        ),
        admin_token_hash=token_hash(token),
    )


def _vouching(config: Config, anchors: Trusted, clock: Clock) -> Vouching:
    fetch = Fetching(Reach(allowed=config.revocation_allowed_networks), total_s=config.revocation_timeout_s)
    return Vouching(
        policy=ValidationPolicy(signers=anchors.signers, timestamps=TimestampTrust(anchors=anchors.timestamps)),
        source=RevocationSources(
            fetch,
            algorithms=anchors.signers.algorithms,
            clock=clock,
            within_s=config.revocation_timeout_s,
            kept_for_s=config.revocation_kept_for_s,
            pause_s=config.revocation_pause_s,
        ),
        revocation=config.revocation_policy,
        lists=anchors.lists,
    )


def auditing(gateway: Gateway, *, known: Sequence[bytes] = ()) -> Audit:
    """The audit of a gateway's store. known: checkpoints of its journal that were kept elsewhere."""
    return Audit(
        store=gateway.store,
        prover=Prover(witness=gateway.witness, trust=gateway.trust, calendars=gateway.receipts.calendars),
        clock=gateway.clock,
        journal=replace(gateway.journal.prover, known=known),
        watched_s=gateway.patience.remind_after_s + 3600,  # clocks of several machines
    )


def _editions(catalogue: Catalogue) -> Callable[[str], Mapping[str, str]]:
    """What judges forms of a kind, read once for each. A refused form may be of no kind at all."""

    @cache
    def editions(name: str) -> Mapping[str, str]:
        kind = catalogue.by_name(name)
        return {} if kind is None else catalogue.editions(kind)

    return editions


def _push_settings(config: Config, keys: Keyring, clock: Clock) -> PushSettings:
    shown = None
    if config.push_certificate is not None:
        password = config.push_password or b""
        shown = ClientCertificate(certificate=config.push_certificate, key=config.push_key, password=password)
        try:
            shown.load_into(ssl.create_default_context())
        except OSError as error:
            raise ConfigError("push-certificate", f"push.certificate: {shown.certificate}: cannot be used") from error
    elif config.push_key is not None:
        raise ConfigError("push-certificate", "push.key needs push.certificate")
    return PushSettings(
        signer=RequestSigner(keys),
        reach=Reach(allowed=config.push_allowed_networks),
        certificate=shown,
        total_s=min(TOTAL_S, PART_OF_LEASE * config.lease_s),
        now=clock.now,
    )


def _paper(config: Config, store: Store, catalogue: Catalogue) -> PaperRule | None:
    if config.paper_party is None:
        return None
    known = {route.role for kind in catalogue.kinds for route in kind.routes}
    if unknown := set(config.paper_roles) - known:
        raise ConfigError(
            "config-value",
            f"paper.roles: no form goes to {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}",
        )
    station = PartyId(config.paper_party)
    return PaperRule(
        roles=frozenset(config.paper_roles),
        station=lambda: store.read(lambda view: view.party(station)),
        lead_working_days=config.paper_lead_working_days,
    )


def _holder() -> str:
    """This process's name on leases and duties."""
    return f"{socket.gethostname()}:{os.getpid()}"


@contextmanager
def dispatching(gateway: Gateway, on_end: Callable[[], None] = lambda: None) -> Iterator[Dispatch]:
    """The pushing side of a gateway, with its threads, for as long as the context lasts. on_end: after each try."""
    config = gateway.config
    with ExitStack() as stack:
        transports = {kind: make(gateway.push) for kind, make in TRANSPORTS.items()}
        for transport in transports.values():
            stack.callback(transport.close)
        slots = Slots(config.pushers)
        workers = stack.enter_context(ThreadPoolExecutor(slots.threads, thread_name_prefix="push"))
        yield Dispatch(
            store=gateway.store,
            transports=transports,
            receipts=gateway.receipts,
            witness=gateway.witness,
            clock=gateway.clock,
            workers=workers,
            slots=slots,
            holder=_holder(),
            patience=gateway.patience,
            breaker=Breaker(failures=config.breaker_failures, pause_s=config.breaker_pause_s),
            lease_s=config.lease_s,
            on_end=on_end,
        )
