"""Taking parties into the register: the checks that keep a copy from reaching the wrong one, and their access tokens.

A party is registered once per function: an internal service and its employer share an enterprise number and nothing
else, no certificate, no mailbox, no token. A party cannot hold a role that receives a kind of form and one that may
never receive it.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509 import Certificate

from gateway.addresses import Reach, is_written_out
from gateway.errors import Conflict, NotFound, RegistrationRefused
from gateway.forms.kinds import FormKind
from gateway.hosting import Hosting
from gateway.identifiers import SCHEMES, Holder
from gateway.model import HOSTED, Alert, Endpoint, EndpointKind, HostedKey, Mandate, Party, PartyId
from gateway.ports import Clock, Reading, Register, Store, Transaction
from gateway.pseudonyms import IdentifierKeys, mask
from gateway.steps import ENDPOINT_DOWN, tell
from signing import SealingFailed, fingerprint, seal

_PARTY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LOOKS_LIKE = str.maketrans("01i", "oll", "._-")
_URL = re.compile(r"[!-\[\]-~]+")  # as it is sent: ASCII without spaces, line ends or backslashes
_POSTAL = re.compile(r"[0-9]{4}(-[0-9]{4})?")


PRINT_STATION = "PrintStation"  # no form names it: it prints what must go on paper (paper.py)


@dataclass(frozen=True, kw_only=True)
class PartyDraft:
    """A party as the administrator describes it; identifiers in clear, certificates as PEM.

    hosted_key: it has no sealing key, and one is kept for it here.
    """

    id: str
    name: str
    roles: frozenset[str]
    identifiers: Mapping[str, str]
    signing_certificates: Sequence[str] = ()
    sealing_certificate: str | None = None
    hosted_key: bool = False
    endpoint: Endpoint = HOSTED
    further_notice: Endpoint | None = None
    mandates: Sequence[Mandate] = ()
    postal: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Registration:
    """The administrator's desk. name: of the gateway. hosting: keeps keys for parties, where a mailbox sealing key is
    configured."""

    name: str
    store: Store
    kinds: Sequence[FormKind]
    keys: IdentifierKeys
    clock: Clock
    reach: Reach
    hosting: Hosting | None = None

    def put(self, draft: PartyDraft) -> Party:
        """Take or replace a party.

        Raises RegistrationRefused; Conflict when a certificate belongs to another party.
        """
        party = self._party(draft)
        check_roles(party, self.kinds)
        made = self._hosted(draft)

        def work(unit: Transaction) -> tuple[Party, Sequence[Alert]]:
            taken = party
            if made is not None:
                # Whoever registered it a moment ago gave it a key, for which copies may be sealed by now.
                key = unit.hosted_key(party.id)
                if key is None:
                    key = made
                    unit.put_hosted_key(key, at=self.clock.now())
                taken = replace(party, sealing_certificate=key.certificate)
            self._check_name(taken, unit)
            check_certificates(taken, unit)
            check_continuity(taken, unit, self.kinds)
            before = unit.party(taken.id)
            unit.put_party(taken, at=self.clock.now())
            if before is None:
                return taken, ()
            if before.further_notice != taken.further_notice:
                unit.watch_soon(taken.id, at=self.clock.now())
            return taken, () if before.endpoint == taken.endpoint else self._moved(unit, taken)

        taken, ended = self.store.write(work)
        tell((), ended)
        return taken

    def _check_name(self, party: Party, unit: Reading) -> None:
        """Refuse the name that the gateway has, or had, and whatever looks like it: evidence would seem to be the
        party's, notices of the gateway its forms. Who has only a similar one from before keeps it."""
        names = {self.name, *unit.own_names()}
        if party.id in names or (unit.party(party.id) is None and any(looks_like(party.id, name) for name in names)):
            raise RegistrationRefused(
                "party-id", "the counter has or had this name, or a similar one; use another id", place="id"
            )

    def _moved(self, unit: Transaction, party: Party) -> Sequence[Alert]:
        """The party receives elsewhere: what is known of the server that it had counts no more; where it has none now,
        its copies wait for it in its mailbox; and what waits is looked at, for it may want to be told."""
        now = self.clock.now()
        unit.reset_lane(party.id)
        unit.watch_soon(party.id, at=now)
        if party.endpoint.kind is EndpointKind.MAILBOX:
            unit.leave_in_mailbox(party.id)
        return unit.close_alerts(party.id, at=now, kinds=(ENDPOINT_DOWN,))

    def _hosted(self, draft: PartyDraft) -> HostedKey | None:
        """The key that is kept for the party, if one is to be: that which it has, else a new one."""
        if not draft.hosted_key:
            return None
        if draft.sealing_certificate is not None or draft.endpoint.kind is not EndpointKind.MAILBOX:
            raise RegistrationRefused(
                "key-not-hosted", "a party with a sealing certificate or a server opens its own", place="hostedKey"
            )
        if self.hosting is None:
            raise RegistrationRefused("key-not-hosted", "no [mailbox] identity is configured here", place="hostedKey")
        party_id = PartyId(draft.id)
        return self.store.read(lambda view: view.hosted_key(party_id)) or self.hosting.make(party_id)

    def new_token(self, party_id: PartyId) -> str:
        """A fresh access token of a party, shown once and kept as a hash. Raises NotFound."""
        token = "sp_" + secrets.token_urlsafe(32)

        def work(unit: Transaction) -> None:
            if unit.party(party_id) is None:
                raise NotFound("party-not-found", "no such party")
            unit.put_token(token_hash(token), party_id, at=self.clock.now())

        self.store.write(work)
        return token

    def revoke_tokens(self, party_id: PartyId) -> None:
        """Make every token of a party worthless from now on. Raises NotFound."""

        def work(unit: Transaction) -> None:
            if unit.party(party_id) is None:
                raise NotFound("party-not-found", "no such party")
            unit.drop_tokens(party_id, at=self.clock.now())

        self.store.write(work)

    def _party(self, draft: PartyDraft) -> Party:
        if _PARTY_ID.fullmatch(draft.id) is None:
            raise RegistrationRefused("party-id", "letters, digits, '.', '_' and '-', at most 64", place="id")
        for scheme, value in draft.identifiers.items():
            if scheme not in SCHEMES:
                raise RegistrationRefused("identifier-scheme", f"known are {', '.join(SCHEMES)}", place="identifiers")
            if not SCHEMES[scheme].is_valid(value):
                raise RegistrationRefused("identifier-invalid", f"not a valid {scheme}", place=f"identifiers.{scheme}")
        if any(_POSTAL.fullmatch(each) is None for each in draft.postal):
            raise RegistrationRefused("postal-range", 'a postal code or a range "9000-9999"', place="postal")
        if draft.endpoint.kind is EndpointKind.PUSH or draft.endpoint.url is not None:
            _check_address(draft.endpoint, self.reach, place="endpoint")
        _check_further(draft, self.reach)
        sealing = draft.sealing_certificate
        return Party(
            id=PartyId(draft.id),
            name=draft.name,
            roles=draft.roles,
            identifiers={scheme: self.keys.key(scheme, value) for scheme, value in draft.identifiers.items()},
            masked={scheme: mask(scheme, value) for scheme, value in draft.identifiers.items()},
            signing_certificates=tuple(_certificate(pem, "signingCertificates") for pem in draft.signing_certificates),
            sealing_certificate=None if sealing is None else _sealing_certificate(sealing),
            endpoint=draft.endpoint,
            further_notice=draft.further_notice,
            mandates=tuple(draft.mandates),
            postal=tuple(draft.postal),
        )


def check_roles(party: Party, kinds: Sequence[FormKind]) -> None:
    """Refuse unknown roles, and a role that receives a kind together with one that may never receive it (Art. 84, 91
    §3)."""
    known: set[str] = {PRINT_STATION}
    for kind in kinds:
        receiving = {route.role for route in kind.routes}
        known |= receiving | kind.never | {signatory.role for signatory in kind.signatories}
        if party.roles & kind.never and party.roles & (receiving - kind.never):
            clash = ", ".join(sorted(party.roles & (kind.never | receiving)))
            raise RegistrationRefused("roles-clash", f"{clash} cannot be one party: {kind.id}", place="roles")
    if not party.roles or not party.roles <= known:
        raise RegistrationRefused("role-unknown", f"one or more of {', '.join(sorted(known))}", place="roles")


def check_certificates(party: Party, register: Register) -> None:
    """Refuse a certificate that another party has registered: it would open or sign in the other's name."""
    sealing = [party.sealing_certificate] if party.sealing_certificate is not None else []
    for certificate in (*party.signing_certificates, *sealing):
        holder = register.party_by_certificate(fingerprint(certificate))
        if holder is not None and holder.id != party.id:
            raise Conflict("certificate-of-another-party", "a certificate belongs to one party only")


def check_continuity(party: Party, register: Reading, kinds: Sequence[FormKind]) -> None:
    """Refuse a new record under an old id that would give one party's mail to another.

    An identifier says who a party is: one may be added, none changed. A role that may never receive a kind is not taken
    on while a copy of that kind waits.
    """
    before = register.party(party.id)
    if before is None:
        return
    for scheme, key in before.identifiers.items():
        if party.identifiers.get(scheme) != key:
            raise RegistrationRefused(
                "identifier-changed", "this would be somebody else; use another id", place=f"identifiers.{scheme}"
            )
    waiting = register.kinds_waiting(party.id)
    for kind in kinds:
        if kind.id in waiting and party.roles & kind.never:
            clash = ", ".join(sorted(party.roles & kind.never))
            raise RegistrationRefused("roles-clash", f"{clash} may not get the {kind.id} that waits", place="roles")


def looks_like(one: str, other: str) -> bool:
    """Whether somebody may take one id for the other: they differ in nothing but case, `.`, `_` and `-`, and digits
    that look like letters."""
    return _skeleton(one) == _skeleton(other)


def _skeleton(name: str) -> str:
    return name.lower().translate(_LOOKS_LIKE)


def is_of_a_party(name: str, view: Reading) -> bool:
    """Whether the gateway cannot go by that name because a party does, or, when it takes the name anew, by a similar
    one."""
    if name in view.own_names():
        return view.party(PartyId(name)) is not None
    return any(looks_like(party.id, name) for party in view.parties())


def token_hash(token: str) -> str:
    """What is kept of a token: it has 256 random bits, so a plain hash cannot be undone."""
    return hashlib.sha256(token.encode()).hexdigest()


def _certificate(pem: str, place: str) -> Certificate:
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError as error:
        raise RegistrationRefused("certificate-unreadable", "not an X.509 certificate in PEM", place=place) from error


def _sealing_certificate(pem: str) -> Certificate:
    """The certificate, tried out: one that nothing can be sealed for would stop every form to its holder."""
    certificate = _certificate(pem, "sealingCertificate")
    try:
        seal(b"", recipients=[certificate])
    except SealingFailed as error:
        raise RegistrationRefused("certificate-not-for-sealing", error.detail, place="sealingCertificate") from error
    return certificate


def _check_further(draft: PartyDraft, reach: Reach) -> None:
    """A second address is for organisations: at one for a person, somebody else would learn that something waits.

    A party is one by its number; the number of a physician, or none, tells of no organisation.
    """
    further = draft.further_notice
    if further is None:
        return
    holders = {SCHEMES[scheme].holder for scheme in draft.identifiers}
    if Holder.PERSON in holders or holders.isdisjoint((Holder.ORGANISATION, Holder.OFFICE)):
        raise RegistrationRefused(
            "further-notice-of-a-person", "only an organisation is told at a second address", place="furtherNotice"
        )
    _check_address(further, reach, place="furtherNotice")
    if further.url == draft.endpoint.url:
        raise RegistrationRefused(
            "endpoint-url", "the second address must be another than the first", place="furtherNotice.url"
        )


def _check_address(endpoint: Endpoint, reach: Reach, *, place: str) -> None:
    if endpoint.ca_certificate is not None:
        _certificate(endpoint.ca_certificate, f"{place}.caCertificate")
    url = endpoint.url or ""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.username is None and not parts.fragment
        (parts.hostname or "").encode("idna")  # as the resolver will
        usable = usable and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or _URL.fullmatch(url) is None:
        raise RegistrationRefused(
            "endpoint-url", "an http or https address without user or fragment", place=f"{place}.url"
        )
    if is_written_out(parts.hostname or "") and not reach.permits(parts.hostname or ""):
        raise RegistrationRefused(
            "endpoint-address", "neither a public address nor in push.allowed_networks", place=f"{place}.url"
        )
