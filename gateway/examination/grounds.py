"""What an examination goes by, and how a failed verification becomes a link."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from gateway.errors import Unreadable
from gateway.examination.verdict import Link, LinkKind, Standing, Who
from gateway.package import CERTIFICATE, LATER, REVOCATION, VALIDATION, Description
from signing import (
    Indication,
    KnownData,
    Package,
    RevocationRule,
    Subindication,
    TimestampTrust,
    TrustPolicy,
    ValidationData,
    ValidationPolicy,
    VerificationFailed,
    VerifiedSignature,
    fingerprint,
    sha256,
)

MAX_KEPT = 256
"""Certificates, and pieces of revocation data, that a package brings along: each signature may have to try them all."""


@dataclass(frozen=True, kw_only=True)
class Grounds:
    """Whom the examiner believes, and as of when.

    trust: anchors of signatories, service and recipients. timestamps: of time authorities, the same unless given.
    revocation: what must be known of certificates.
    at: as of when the newest proof is judged; aware.
    journal_keys, witness_keys: `vkey` texts of the journal and of witnesses whom the examiner knows; where no key of
        the journal is given, those count that the sealed description of the package names.
    checkpoints: of the journal, signed notes that the examiner kept from elsewhere.
    service: whose packages count: number of an organisation, or fingerprint of the certificate that seals; None: of
        anybody whom the anchors make count, recipients and signatories among them. The verdict says who it is.
    reprint: prints a form in a language again, None if it cannot; what the pages of a rendition show is proven by that.
    """

    trust: TrustPolicy
    at: datetime
    journal_keys: tuple[str, ...] = ()
    witness_keys: tuple[str, ...] = ()
    checkpoints: tuple[bytes, ...] = ()
    service: str | None = None
    reprint: Callable[[bytes, str], bytes | None] | None = None
    timestamps: TimestampTrust | None = None
    revocation: RevocationRule = field(default_factory=RevocationRule)

    @cached_property
    def policy(self) -> ValidationPolicy:
        """For signatures with time stamps."""
        return ValidationPolicy(signers=self.trust, timestamps=self.stamps, revocation=self.revocation)

    @cached_property
    def stamps(self) -> TimestampTrust:
        """Whose time stamps count."""
        return self.timestamps or TimestampTrust(anchors=self.trust)

    def is_service(self, signature: VerifiedSignature) -> bool:
        """Whether whoever signed may be the service."""
        known = (signature.subject.organization_identifier, fingerprint(signature.certificate))
        return self.service is None or self.service in known


@dataclass(frozen=True, kw_only=True)
class Material:
    """The package under examination.

    proven: file -> the time by which an evidence record proves it to have existed.
    sealed: files for which the issuer of the package vouches.
    usable: files in which certificates and revocation data are looked for: under any seal that leads to an anchor, also
        one that was revoked. What anybody may add is not used: each signature would have to try it.
    """

    package: Package
    description: Description
    grounds: Grounds
    proven: Mapping[str, datetime] = field(default_factory=dict)
    sealed: frozenset[str] = frozenset()
    usable: frozenset[str] = frozenset()

    @cached_property
    def by_digest(self) -> Mapping[bytes, str]:
        """SHA-256 and SHA-512 of each file -> its name."""
        files = self.package.files.items()
        return {made(content).digest(): name for name, content in files for made in (hashlib.sha256, hashlib.sha512)}

    @cached_property
    def kept(self) -> ValidationData:
        """The certificates and the revocation data of the package; they prove themselves."""
        found: dict[str, list[bytes]] = {"cer": [], "ocsp": [], "crl": []}
        for name in () if self.brings_too_much else self._brought:
            found[name.rpartition(".")[2]].append(self.package.files[name])
        return ValidationData(certificates=tuple(found["cer"]), ocsps=tuple(found["ocsp"]), crls=tuple(found["crl"]))

    @property
    def brings_too_much(self) -> bool:
        """Whether there is so much to judge certificates by that nothing of it is used."""
        return len(self._brought) > MAX_KEPT

    @cached_property
    def _brought(self) -> list[str]:
        is_one = (name for name in self.package.files if CERTIFICATE.fullmatch(name) or REVOCATION.fullmatch(name))
        return [name for name in is_one if name in self.usable]

    @cached_property
    def known(self) -> tuple[KnownData, ...]:
        """The same, and when it is known to have existed: now, and what a validation record names when that is proven
        to have existed. What an issuer said counts as long as its own certificate had not ended by then: who has the
        key of one that ended long ago could make an answer of any date."""
        records = (name for name in self.proven if name == VALIDATION or LATER.fullmatch(name))
        dated = [
            KnownData(data=self._named_by(name), known_at=self.judged_at(name))
            for name in records
            if name in self.usable
        ]
        return (KnownData(data=self.kept, known_at=self.grounds.at), *dated)

    def told(self, name: str, what: str) -> object:
        """What a validation record says under a name; None for one that cannot be read."""
        try:
            return json.loads(self.package.files[name])[what]
        except (ValueError, LookupError, TypeError, RecursionError):
            return None

    def _named_by(self, name: str) -> ValidationData:
        """The revocation data that a validation record names."""
        named = self.told(name, "kept")
        names = {each for each in named if isinstance(each, str)} if isinstance(named, list) else set()
        return ValidationData(
            ocsps=tuple(each for each in self.kept.ocsps if sha256(each) in names),
            crls=tuple(each for each in self.kept.crls if sha256(each) in names),
        )

    def judged_at(self, name: str) -> datetime:
        """As of when a signature in this file is judged: when it is proven to have existed, else now."""
        return min(self.proven.get(name, self.grounds.at), self.grounds.at)


def failure(kind: LinkKind, about: str, error: VerificationFailed | Unreadable, *, needed: bool = True) -> Link:
    """The link for what could not be verified."""
    if isinstance(error, VerificationFailed):
        standing = Standing.FAILS if error.indication is Indication.TOTAL_FAILED else Standing.OPEN
        return Link(
            kind=kind,
            standing=standing,
            about=about,
            code=error.code,
            subindication=error.subindication,
            needed=needed,
        )
    return Link(
        kind=kind,
        standing=Standing.FAILS,
        about=about,
        code=error.code,
        subindication=Subindication.FORMAT_FAILURE,
        needed=needed,
    )


def fault(kind: LinkKind, about: str, code: str, *, who: Who | None = None, **params: str) -> Link:
    """The link for what holds by itself and does not fit the rest."""
    return Link(kind=kind, standing=Standing.FAILS, about=about, code=code, who=who, params=params)


def gap(kind: LinkKind, about: str, code: str, *, needed: bool, **params: str) -> Link:
    """The link for what is not here."""
    return Link(kind=kind, standing=Standing.MISSING, about=about, code=code, needed=needed, params=params)
