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
from gateway.package import CERTIFICATE, REVOCATION, VALIDATION, Description
from signing import (
    Indication,
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


@dataclass(frozen=True, kw_only=True)
class Grounds:
    """Whom the examiner believes, and as of when.

    trust: anchors of signatories, service and recipients. timestamps: of time authorities, the same unless given.
    revocation: what must be known of certificates.
    at: as of when the newest proof is judged; aware.
    journal_keys, witness_keys: `vkey` texts of the journal and of witnesses whom the examiner knows; where no key of
        the journal is given, those count that the sealed description of the package names.
    service: whose packages count: number of an organisation, or fingerprint of the certificate that seals; None: of
        anybody whom the anchors make count, recipients and signatories among them. The verdict says who it is.
    reprint: prints a form in a language again, None if it cannot; a rendition that nobody signed is proven by that.
    """

    trust: TrustPolicy
    at: datetime
    journal_keys: tuple[str, ...] = ()
    witness_keys: tuple[str, ...] = ()
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
    """

    package: Package
    description: Description
    grounds: Grounds
    proven: Mapping[str, datetime] = field(default_factory=dict)

    @cached_property
    def by_digest(self) -> Mapping[bytes, str]:
        """SHA-256 of each file -> its name."""
        return {hashlib.sha256(content).digest(): name for name, content in self.package.files.items()}

    def kept_for(self, judged_at: datetime) -> ValidationData:
        """The certificates and the revocation data that count for a signature judged at a time.

        Certificates prove themselves. Revocation data counts for a past time only if it provably is as old: if the
        record of what was known at arrival names it, and that record has a time stamp of its own.
        """
        return self._kept_now if judged_at >= self.grounds.at else self._kept_at_arrival

    @cached_property
    def _kept_now(self) -> ValidationData:
        return self._kept(lambda _: True)

    @cached_property
    def _kept_at_arrival(self) -> ValidationData:
        return self._kept(lambda content: sha256(content) in self._known_at_arrival)

    def _kept(self, counts: Callable[[bytes], bool]) -> ValidationData:
        """All certificates, and the revocation data that counts."""
        found: dict[str, list[bytes]] = {"cer": [], "ocsp": [], "crl": []}
        for name, content in self.package.files.items():
            if CERTIFICATE.fullmatch(name) or (REVOCATION.fullmatch(name) and counts(content)):
                found[name.rpartition(".")[2]].append(content)
        return ValidationData(certificates=tuple(found["cer"]), ocsps=tuple(found["ocsp"]), crls=tuple(found["crl"]))

    @cached_property
    def _known_at_arrival(self) -> frozenset[str]:
        """Digests of what was kept when the form arrived, if it is proven since when."""
        if VALIDATION not in self.proven:
            return frozenset()
        try:
            kept = json.loads(self.package.files[VALIDATION])["kept"]
        except (ValueError, LookupError, TypeError, RecursionError):
            return frozenset()
        return frozenset(each for each in kept if isinstance(each, str)) if isinstance(kept, list) else frozenset()

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
