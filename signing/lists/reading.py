"""What a trusted list says, out of its verified bytes: whose lists it points to, and who was supervised for what, when.

Only services that issue qualified certificates or qualified time stamps are read. What a list says in a way that is
not known here, and marks as critical, takes its period out of force: better nobody trusted than the wrong one.
Source: ETSI TS 119 612 v2.3.1, 5.3 to 5.6, annex D.
"""

import binascii
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from typing import Final

from lxml import etree

from signing.certificates import read_certificate
from signing.errors import VerificationFailed, refusal
from signing.lists.criteria import SIE, Criteria, UnknownCriterion, read_criteria
from signing.lists.verifying import MAX_LIST_BYTES
from signing.parsing import NotXml, parse

TSL: Final = "http://uri.etsi.org/02231/v2#"
LIST_OF_LISTS: Final = "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUlistofthelists"
MAX_PERIODS: Final = 64  # of one service

_STATUS: Final = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/"
# The last three are those of before 1 July 2016 (directive 1999/93): ETSI TS 119 615, 4.4.
IN_FORCE: Final = frozenset(
    f"{_STATUS}{name}" for name in ("granted", "undersupervision", "supervisionincessation", "accredited")
)
_INFO: Final = "http://uri.etsi.org/TrstSvc/TrustedList/SvcInfoExt/"
_FAR: Final = datetime.max.replace(tzinfo=UTC)

Element = etree._Element


class ServiceType(StrEnum):
    """The services that are read."""

    CERTIFICATES = "http://uri.etsi.org/TrstSvc/Svctype/CA/QC"
    TIMESTAMPS = "http://uri.etsi.org/TrstSvc/Svctype/TSA/QTST"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Certificates that fulfil `criteria` have `qualifiers` (the last part of their URI, e.g. `QCForESig`)."""

    qualifiers: frozenset[str]
    criteria: Criteria


@dataclass(frozen=True, kw_only=True)
class ServicePeriod:
    """How a service stood from `since` until before `until`.

    purposes: `ForeSignatures`, `ForeSeals`, `ForWebSiteAuthentication`; none means that the list does not say.
    """

    since: datetime
    until: datetime
    is_in_force: bool
    purposes: frozenset[str] = frozenset()
    rules: tuple[Rule, ...] = ()

    def covers(self, at: datetime) -> bool:
        """Whether it is about that moment."""
        return self.since <= at < self.until


@dataclass(frozen=True, kw_only=True)
class Service:
    """A supervised service. certificates: DER, by which it is known. periods: oldest first, without a gap."""

    type: ServiceType
    certificates: tuple[bytes, ...]
    periods: tuple[ServicePeriod, ...]


@dataclass(frozen=True, kw_only=True)
class ListInfo:
    """Which list this is. territory: ISO 3166, `EU` for the list of lists."""

    territory: str
    sequence: int
    is_list_of_lists: bool
    issued_at: datetime
    next_update: datetime | None


@dataclass(frozen=True, kw_only=True)
class TrustedList:
    """pointers: territory -> certificates (DER) that may sign its list; that of a list to itself among them."""

    info: ListInfo
    pointers: tuple[tuple[str, tuple[bytes, ...]], ...]
    services: tuple[Service, ...]


def read_list(content: bytes) -> TrustedList:
    """The list in verified bytes. Raises VerificationFailed (list-unreadable)."""
    try:
        root = parse(content, max_bytes=MAX_LIST_BYTES)
        info = _info(_one(root, "SchemeInformation"))
        pointers = _pointers(root) if info.is_list_of_lists else ()
        services = tuple(_services(root)) if not info.is_list_of_lists else ()
    except (NotXml, ValueError, VerificationFailed):
        raise refusal("list-unreadable", "not a trusted list as ETSI TS 119 612 lays it out") from None
    return TrustedList(info=info, pointers=pointers, services=services)


def _info(scheme: Element) -> ListInfo:
    next_update = scheme.findtext(f"{{{TSL}}}NextUpdate/{{{TSL}}}dateTime")
    return ListInfo(
        territory=_text(scheme, "SchemeTerritory"),
        sequence=int(_text(scheme, "TSLSequenceNumber")),
        is_list_of_lists=_text(scheme, "TSLType") == LIST_OF_LISTS,
        issued_at=_instant(_text(scheme, "ListIssueDateTime")),
        next_update=None if next_update is None else _instant(next_update),
    )


def _pointers(root: Element) -> tuple[tuple[str, tuple[bytes, ...]], ...]:
    found: dict[str, list[bytes]] = {}
    for pointer in root.iter(f"{{{TSL}}}OtherTSLPointer"):
        territories = {(each.text or "").strip() for each in pointer.iter(f"{{{TSL}}}SchemeTerritory")}
        if len(territories) == 1:
            found.setdefault(territories.pop(), []).extend(_certificates(pointer))
    return tuple((territory, tuple(dict.fromkeys(ders))) for territory, ders in found.items())


def _services(root: Element) -> Iterator[Service]:
    for element in root.iter(f"{{{TSL}}}TSPService"):
        now = _one(element, "ServiceInformation")
        kind = _text(now, "ServiceTypeIdentifier")
        if kind not in set(ServiceType):
            continue
        identity = now.find(f"{{{TSL}}}ServiceDigitalIdentity")
        certificates = () if identity is None else tuple(dict.fromkeys(_certificates(identity)))
        history = [
            each
            for each in element.iterfind(f"{{{TSL}}}ServiceHistory/{{{TSL}}}ServiceHistoryInstance")
            if _text(each, "ServiceTypeIdentifier") == kind
        ]
        if len(history) >= MAX_PERIODS:
            raise ValueError("too long a history")
        yield Service(type=ServiceType(kind), certificates=certificates, periods=_periods([now, *history]))


def _periods(stages: Sequence[Element]) -> tuple[ServicePeriod, ...]:
    """Each stage begins when its status did, and ends when the next one began."""
    begun = sorted(((_instant(_text(each, "StatusStartingTime")), place) for place, each in enumerate(stages)))
    ends = [*(later for (_, _), (later, _) in pairwise(begun)), _FAR]
    return tuple(_period(stages[place], since, until) for (since, place), until in zip(begun, ends, strict=True))


def _period(stage: Element, since: datetime, until: datetime) -> ServicePeriod:
    purposes, rules, is_known = set(), [], True
    for extension in stage.iterfind(f"{{{TSL}}}ServiceInformationExtensions/{{{TSL}}}Extension"):
        for content in extension:
            if content.tag == f"{{{TSL}}}AdditionalServiceInformation":
                uri = (content.findtext(f"{{{TSL}}}URI") or "").strip()
                if uri.startswith(_INFO):
                    purposes.add(uri.removeprefix(_INFO))
            elif content.tag == f"{{{SIE}}}Qualifications":
                try:
                    rules += [_rule(each) for each in content.iterfind(f"{{{SIE}}}QualificationElement")]
                except UnknownCriterion:
                    is_known = False  # whom it would make qualified, or not, cannot be told
            elif extension.get("Critical") in ("true", "1"):
                is_known = content.tag == f"{{{TSL}}}ExpiredCertsRevocationInfo" and is_known
    return ServicePeriod(
        since=since,
        until=until,
        is_in_force=_text(stage, "ServiceStatus") in IN_FORCE and is_known,
        purposes=frozenset(purposes),
        rules=tuple(rules),
    )


def _rule(element: Element) -> Rule:
    criteria = element.find(f"{{{SIE}}}CriteriaList")
    if criteria is None:
        raise UnknownCriterion
    uris = [each.get("uri") or "" for each in element.iter(f"{{{SIE}}}Qualifier")]
    return Rule(qualifiers=frozenset(uri.rpartition("/")[2] for uri in uris), criteria=read_criteria(criteria))


def _certificates(holder: Element) -> Iterable[bytes]:
    for each in holder.iter(f"{{{TSL}}}X509Certificate"):
        der = binascii.a2b_base64("".join((each.text or "").split()), strict_mode=True)
        try:
            read_certificate(der)
        except VerificationFailed:
            continue  # a key or form that is not known here: nobody below it could be judged anyway
        yield der


def _one(parent: Element, name: str) -> Element:
    found = parent.findall(f"{{{TSL}}}{name}")
    if len(found) != 1:
        raise ValueError(name)
    return found[0]


def _text(parent: Element, name: str) -> str:
    return (_one(parent, name).text or "").strip()


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text.strip())
    if found.tzinfo is None:
        raise ValueError("a date without its offset")
    return found.astimezone(UTC)
