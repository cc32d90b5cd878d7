"""The examination of an evidence package, offline: no network, no store, no clock.

The order of the steps; each gives links, and none is left out because another one failed:

1. the file: read in one way only, and it says what it is;
2. the journal and its time stamps: since when each statement and receipt provably exists; what is known of time
   authorities counts under any seal that leads to an anchor;
3. the seals: who sealed which files, judged now;
4. the statements, each judged when it is proven to have existed; all by the one who sealed;
5. the receipts that they rest on;
6. the form, if it is here, judged when the statements about it are proven to have existed, and its renditions;
7. the course of things: whether the statements follow from each other;
8. what is known of every certificate; files that nobody vouches for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace

from cryptography.x509 import load_der_x509_certificate

from gateway.errors import Unreadable
from gateway.examination.course import examine_course
from gateway.examination.derived import derive_description
from gateway.examination.form import examine_form, examine_renditions
from gateway.examination.grounds import Grounds, Material, failure, fault, gap
from gateway.examination.journal import examine_journal
from gateway.examination.statements import (
    Signed,
    examine_post,
    examine_receipts,
    examine_statements,
    is_same,
    tell_story,
)
from gateway.examination.verdict import Link, LinkKind, Standing, TimeKind, Verdict, Who
from gateway.model import FORM, PASSED, UNKNOWN
from gateway.package import BY_EXPORTER, DESCRIPTION, EVIDENCE, LATER, RECEIPT, is_known, read_description
from signing import (
    CertificateStatus,
    ContainerRejected,
    Covering,
    Package,
    Subindication,
    SubjectIdentity,
    VerificationFailed,
    VerifiedSignature,
    check_covered,
    check_path,
    fingerprint,
    read_package,
    subject_of,
    unchanged,
    verify_seal,
)


def examine(raw: bytes, *, grounds: Grounds) -> Verdict:
    """The verdict on a package. Raises nothing of what it finds."""
    # 1.
    try:
        package = read_package(raw)
        links = list(_missing(package))
        found = package.files.get(DESCRIPTION)
        description = derive_description(package, grounds) if found is None else read_description(found)
        if description is None:  # all the rest is judged by what it describes
            return Verdict(validation_time=grounds.at, links=tuple(links))
    except (ContainerRejected, Unreadable) as error:
        broken = Link(
            kind=LinkKind.PACKAGE,
            standing=Standing.FAILS,
            about=error.about if isinstance(error, ContainerRejected) else DESCRIPTION,
            code=error.code,
            params={"why": error.why} if isinstance(error, ContainerRejected) else {},
            subindication=Subindication.FORMAT_FAILURE,
        )
        return Verdict(validation_time=grounds.at, links=(broken,))
    if found is not None and not package.strays:
        links.append(Link(kind=LinkKind.PACKAGE, standing=Standing.HOLDS, about=DESCRIPTION))
    material = Material(package=package, description=description, grounds=grounds)
    # 2.
    material = replace(material, usable=_usable(material))
    journaled = examine_journal(material)
    material = replace(material, proven=journaled.proven)
    # 3.
    sealed = _examine_seals(material)
    material = replace(material, sealed=frozenset(sealed.files))
    signed = Signed(material)
    signed.remember((*sealed.statuses, *journaled.statuses))
    # 4.
    stated, about_statements = examine_statements(material, signed, sealed.issuer)
    # 5.
    acknowledged, about_receipts = examine_receipts(material, signed, stated)
    links += [*sealed.links, *about_statements, *about_receipts, *journaled.links]
    # 6.
    links += examine_form(material, signed, stated, acknowledged)
    links += examine_renditions(material, signed)
    # 7.
    links += examine_course(material, stated)
    links += examine_post(material, stated)
    # 8.
    links += _certificates(signed.statuses)
    links += _learnt_later(material)
    links += _strays(material)
    return Verdict(
        validation_time=grounds.at,
        links=tuple(links),
        description=None if found is None else description,
        story=tuple(tell_story(material, stated)),
    )


def _missing(package: Package) -> Iterator[Link]:
    """What is named in a package and is not here, and what is here and named nowhere."""
    for name in dict.fromkeys((*package.missing, *(() if DESCRIPTION in package.files else (DESCRIPTION,)))):
        yield gap(LinkKind.FILE, name, "not-in-package", needed=True, name=name)
    for name in package.strays:
        yield Link(kind=LinkKind.FILE, standing=Standing.OPEN, about=name, code="file-has-no-place")


@dataclass(kw_only=True)
class Sealed:
    """Who sealed a package, which files of it, what is known of that certificate, and a link for each seal."""

    issuer: SubjectIdentity | None = None
    files: set[str] = field(default_factory=set)
    statuses: list[CertificateStatus] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)


def _examine_seals(material: Material) -> Sealed:
    """A seal may end before what it covers does: everything that is proven to be older stands without it; that the list
    of files was complete is then no longer proven."""
    found, package = Sealed(), material.package
    if not package.seals:
        found.links.append(gap(LinkKind.SEAL, "META-INF", "not-sealed", needed=True))
    lasting = all(
        name in material.proven for name in package.files if EVIDENCE.fullmatch(name) or RECEIPT.fullmatch(name)
    )
    for seal in package.seals:
        try:
            signature, ended = _verify_seal(material, seal, found)
        except VerificationFailed as error:
            found.links.append(failure(LinkKind.SEAL, seal.name, error))
            continue
        who = Who.signing(signature)
        if not material.grounds.is_service(signature):
            found.links.append(fault(LinkKind.SEAL, seal.name, "by-another-issuer", who=who))
            continue
        found.issuer = found.issuer or signature.subject
        if is_same(signature.subject, found.issuer):
            found.files.update(unchanged(package, seal))
        try:
            check_covered(package, seal)
        except VerificationFailed as error:
            found.links.append(replace(failure(LinkKind.SEAL, seal.name, error), who=who))
            continue
        held = Link(
            kind=LinkKind.SEAL,
            standing=Standing.HOLDS,
            about=seal.name,
            who=who,
            at=signature.signing_time,
            time=TimeKind.CLAIMED,
            covers={name: f"{algorithm}:{digest.hex()}" for name, (algorithm, digest) in seal.digests.items()},
            params={"count": str(len(seal.digests))},
        )
        if ended is not None:
            code = "seal-outlived" if lasting else ended.code
            held = replace(
                held, standing=Standing.OPEN, code=code, subindication=ended.subindication, needed=not lasting
            )
        found.links.append(held)
    return found


def _usable(material: Material) -> frozenset[str]:
    """See Material."""
    files = set[str]()
    for seal in material.package.seals:
        with suppress(VerificationFailed):
            _signature_of(material, seal)
            files.update(unchanged(material.package, seal))
    return frozenset(files)


def _verify_seal(
    material: Material, seal: Covering, found: Sealed
) -> tuple[VerifiedSignature, VerificationFailed | None]:
    """The same; nobody may have revoked its certificate by then. Raises VerificationFailed."""
    signature, ended = _signature_of(material, seal)
    grounds = material.grounds
    at = grounds.at if ended is None else min(material.description.made_at, grounds.at)
    algorithms = grounds.trust.algorithms
    found.statuses += check_path(signature.path, material.known, at=at, rule=grounds.revocation, algorithms=algorithms)
    return signature, ended


def _signature_of(material: Material, seal: Covering) -> tuple[VerifiedSignature, VerificationFailed | None]:
    """The signature of a seal; and what ended since, if it only held when the package says that it was made. That much
    is asked of every seal: anybody can make a certificate that has ended. Raises VerificationFailed."""
    grounds = material.grounds
    try:
        return verify_seal(seal, trust=grounds.trust, at=grounds.at), None
    except VerificationFailed as error:
        if error.subindication is not Subindication.OUT_OF_BOUNDS_NO_POE:
            raise
        at = min(material.description.made_at, grounds.at)
        return verify_seal(seal, trust=grounds.trust, at=at), error


def _certificates(statuses: Iterable[CertificateStatus]) -> Iterator[Link]:
    """What is known of each certificate that was relied on, the anchors aside."""
    for status in statuses:
        certificate = load_der_x509_certificate(status.certificate)
        who = Who.of(subject_of(certificate), fingerprint(certificate))
        yield Link(
            kind=LinkKind.REVOCATION,
            standing=Standing.OPEN if status.source is None else Standing.HOLDS,
            about=who.fingerprint or "",
            code="revocation-not-known" if status.source is None else None,
            who=who,
            at=status.this_update,
            time=None if status.this_update is None else TimeKind.STATED,
            needed=False,
            params={"source": status.source or ""},
        )


def _learnt_later(material: Material) -> Iterator[Link]:
    """What the service learnt against the form after it took it in; the form may not be here to show it."""
    for name in filter(LATER.fullmatch, material.package.files):
        if material.told(name, "about") == FORM and material.told(name, "outcome") not in (PASSED, UNKNOWN):
            yield Link(kind=LinkKind.REVOCATION, standing=Standing.OPEN, about=name, code="found-revoked")


def _strays(material: Material) -> Iterator[Link]:
    """Files that have no place in a package, that nobody vouches for though somebody should, and that are too many."""
    package = material.package
    if material.brings_too_much:
        yield Link(kind=LinkKind.FILE, standing=Standing.OPEN, about="certificates", code="brings-too-much")
    for name in package.files:
        if not is_known(name):
            yield Link(kind=LinkKind.FILE, standing=Standing.OPEN, about=name, code="file-has-no-place")
    if package.seals:
        for name in package.uncovered:
            if is_known(name) and not any(each.fullmatch(name) for each in BY_EXPORTER):
                yield Link(kind=LinkKind.FILE, standing=Standing.OPEN, about=name, code="file-not-sealed")
