"""The lists that an installation has taken in, each as it came, with when that was; whom they make count, and when.

The first list of lists may be signed by the certificates that the Official Journal names, each later one by those that
the one before it names for its successor: whom it names no more was withdrawn. A national list may be signed by those
that the newest list of lists names for its territory.
An older list than the one that is there is never taken in. Each is judged as of when it came: its operator's
certificate expires, what it said stays.
Source: ETSI TS 119 612; ETSI TS 119 615, 4.1 to 4.3.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from cryptography import x509
from cryptography.x509 import Certificate

from signing.algorithms import ALGORITHMS, AlgorithmPolicy
from signing.errors import refusal
from signing.lists.qualifying import Qualification, qualify
from signing.lists.reading import ListInfo, Service, ServiceType, TrustedList, read_list
from signing.lists.verifying import verify_list
from signing.model import fingerprint, sha256
from signing.trust import DatedAnchor


@dataclass(frozen=True, kw_only=True)
class ListSnapshot:
    """A list that was taken in. digest: `sha256:<hex>` of it as it came. signer: fingerprint of who signed it."""

    digest: str
    added_at: datetime
    signer: str
    said: TrustedList

    @property
    def info(self) -> ListInfo:
        """Which list it is."""
        return self.said.info

    def is_stale(self, at: datetime) -> bool:
        """Whether a newer one should have come by then."""
        return self.info.next_update is None or self.info.next_update < at


@dataclass(frozen=True)
class TrustedLists:
    """scheme: certificates that may sign the list of lists from the start. snapshots: in the order of their coming."""

    scheme: tuple[Certificate, ...]
    snapshots: tuple[ListSnapshot, ...] = ()
    algorithms: AlgorithmPolicy = ALGORITHMS

    def admit(self, raw: bytes, *, at: datetime) -> "TrustedLists":
        """These and one more list, which came at that moment.

        Raises VerificationFailed: list-unreadable, list-by-a-stranger, list-older, and the codes of signatures.
        """
        claimed = read_list(raw).info  # only to know whose signature it needs; what counts is read from signed bytes
        content, signer = verify_list(raw, signers=self._signers(claimed), at=at, algorithms=self.algorithms)
        said = read_list(content)
        if (said.info.territory, said.info.is_list_of_lists) != (claimed.territory, claimed.is_list_of_lists):
            raise refusal("list-unreadable", "the signed list is another one than it looks like")
        before = self.newest(said.info.territory)
        if before is not None and said.info.sequence <= before.info.sequence:
            raise refusal("list-older", "a list of that number or a later one is there already")
        snapshot = ListSnapshot(digest=sha256(raw), added_at=at, signer=fingerprint(signer), said=said)
        return replace(self, snapshots=(*self.snapshots, snapshot))

    def newest(self, territory: str) -> ListSnapshot | None:
        """The newest list of a territory; `EU` for the list of lists."""
        return next((each for each in reversed(self.snapshots) if each.info.territory == territory), None)

    @cached_property
    def current(self) -> tuple[ListSnapshot, ...]:
        """The newest list of each territory. They hold the history of each service, so they judge the past too."""
        return tuple({each.info.territory: each for each in self.snapshots}.values())

    def stale(self, at: datetime) -> tuple[str, ...]:
        """The territories of which a newer list should have come by then: whom that one withdrew counts here still."""
        return tuple(sorted(each.info.territory for each in self.current if each.is_stale(at)))

    @cached_property
    def services(self) -> tuple[Service, ...]:
        """All that is listed now."""
        return tuple(service for snapshot in self.current for service in snapshot.said.services)

    def anchors(self, kind: ServiceType) -> tuple[DatedAnchor, ...]:
        """Whom the lists make count for this, each for as long as it was in force."""
        return tuple(
            DatedAnchor(certificate=certificate, since=period.since, until=period.until)
            for service in self.services
            if service.type is kind
            for certificate in map(x509.load_der_x509_certificate, service.certificates)
            for period in service.periods
            if period.is_in_force
        )

    def qualify(self, path: Iterable[bytes], *, at: datetime) -> Qualification:
        """What the lists say of a signature: see `qualifying.qualify`."""
        return qualify(tuple(path), self.services, at=at)

    def _signers(self, info: ListInfo) -> tuple[Certificate, ...]:
        newest = [each for each in self.current if each.info.is_list_of_lists]
        if info.is_list_of_lists and not newest:
            return self.scheme
        return tuple(
            certificate
            for each in newest
            for pointed, ders in each.said.pointers
            if pointed == info.territory
            for certificate in map(x509.load_der_x509_certificate, ders)
        )
