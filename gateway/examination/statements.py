"""Statements of the service and receipts of recipients: who signed, over what, and whether they are about this."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from gateway.errors import Unreadable
from gateway.examination.grounds import Material, failure, fault, gap
from gateway.examination.verdict import Happening, Link, LinkKind, Standing, TimeKind, Who
from gateway.lifecycle import LAID_READY
from gateway.model import PROVEN_BY_POST, Event
from gateway.package import EVIDENCE, POST, RECEIPT, SEALED_POST, Description
from gateway.receipt import Receipt, ReceiptOutcome, read_receipt
from gateway.statement import Statement, read_statement
from signing import (
    CertificateStatus,
    SubjectIdentity,
    ValidatedSignature,
    VerificationFailed,
    sha256,
    subject_of,
    validate_xml,
)

CLOCK_TOLERANCE = timedelta(minutes=5)  # between the service's clock and that of a time authority
EVENTS: Mapping[str, Event] = {event.uri: event for event in Event}
SHOWN_BY: Mapping[ReceiptOutcome, Event] = {
    ReceiptOutcome.ACCEPTED: Event.CONTENT_HANDOVER,
    ReceiptOutcome.REFUSED: Event.CONSIGNMENT_REJECTION,
    ReceiptOutcome.PROCESSED: Event.CONTENT_ACCESS_TRACKING,
}
BY_RECEIPT_ALONE = frozenset({Event.CONTENT_HANDOVER, Event.CONSIGNMENT_REJECTION})
"""What the service cannot state of itself. A copy in a mailbox that it keeps is opened there without a receipt."""


@dataclass(frozen=True, kw_only=True)
class Stated:
    """A statement that holds. name: of its file."""

    name: str
    event: Event
    statement: Statement


@dataclass(frozen=True, kw_only=True)
class Acknowledged:
    """A receipt that holds, and the statement that rests on it."""

    name: str
    receipt: Receipt
    stated: Stated


class Signed:
    """Verifies the small signed documents of a package, and remembers what is known of every certificate."""

    def __init__(self, material: Material) -> None:
        self._material = material
        self.statuses: dict[CertificateStatus, None] = {}

    def validate(self, name: str) -> ValidatedSignature:
        """The one signature of a file, judged when the file is proven to have existed. Raises VerificationFailed."""
        material = self._material
        validated = validate_xml(
            material.package.files[name],
            policy=material.grounds.policy,
            validation_time=material.judged_at(name),
            known=material.known,
        )
        self.remember(status for each in validated.signatures for status in each.statuses)
        return validated.signatures[0]

    def remember(self, statuses: Iterable[CertificateStatus]) -> None:
        """Note what is known of certificates."""
        self.statuses.update(dict.fromkeys(statuses))


def examine_statements(
    material: Material, signed: Signed, issuer: SubjectIdentity | None
) -> tuple[list[Stated], list[Link]]:
    """Every statement of the package, in the order in which they were made, and a link for each.

    issuer: whose statements they must be: who sealed the package; None: all by the same one.
    """
    held, links = [], list[Link]()
    for name in material.package.files:
        matched = EVIDENCE.fullmatch(name)
        if matched is None:
            continue
        try:
            signature = signed.validate(name).signature
            statement = read_statement(
                material.package.files[name], trust=material.grounds.trust, at=material.judged_at(name)
            )
        except (VerificationFailed, Unreadable) as error:
            links.append(failure(LinkKind.STATEMENT, name, error))
            continue
        issuer = issuer or signature.subject
        who = Who.signing(signature)
        event = EVENTS.get(statement.event)
        if not is_same(signature.subject, issuer):
            links.append(fault(LinkKind.STATEMENT, name, "by-another-issuer", who=who))
        elif not _is_of_this(statement, matched[1], material.description):
            links.append(fault(LinkKind.STATEMENT, name, "about-something-else", who=who))
        elif statement.at > material.judged_at(name) + CLOCK_TOLERANCE:
            links.append(fault(LinkKind.STATEMENT, name, "times-contradict", who=who))
        elif event is None:
            links.append(fault(LinkKind.STATEMENT, name, "event-unknown", who=who))
        else:
            held.append(Stated(name=name, event=event, statement=statement))
            links.append(_statement_link(name, event, statement, who))
    return sorted(held, key=lambda each: (each.statement.at, each.statement.evidence_id)), links


def _is_of_this(statement: Statement, evidence_id: str, description: Description) -> bool:
    """Whether a statement is the one that its file is named after, on this submission, of this sender.

    For what its issuer sent itself, which needs no acceptance, the statement of its consignment says so too. Else the
    issuer may have had another name when it made the statement: who it is, the certificates say.
    """
    laid_ready = EVENTS.get(statement.event) in LAID_READY
    if laid_ready and description.sender == description.issuer != statement.issued_by:
        return False
    own = (statement.evidence_id, statement.submission_id)
    return own == (evidence_id, description.submission_id) and statement.sender in (None, description.sender)


def is_same(one: SubjectIdentity, other: SubjectIdentity) -> bool:
    """Whether two certificates name the same organisation: a seal that followed another may bear another name."""
    number = one.organization_identifier
    return one == other or (number is not None and number == other.organization_identifier)


def _statement_link(name: str, event: Event, statement: Statement, who: Who) -> Link:
    covers = {
        "document (salted)": statement.document and statement.document.shown,
        "envelope (salted)": statement.envelope and statement.envelope.shown,
        "receipt": statement.receipt_digest,
    }
    return Link(
        kind=LinkKind.STATEMENT,
        standing=Standing.HOLDS,
        about=name,
        who=who,
        at=statement.at,
        time=TimeKind.STATED,
        covers={what: digest for what, digest in covers.items() if digest},
        params={"event": event, "name": statement.party or ""},
    )


def examine_receipts(
    material: Material, signed: Signed, stated: Sequence[Stated]
) -> tuple[list[Acknowledged], list[Link]]:
    """The receipt behind each statement that names one, and a link for each; and for those that nothing names."""
    files = {sha256(content): name for name, content in material.package.files.items() if RECEIPT.fullmatch(name)}
    held, links, named = [], list[Link](), set[str]()
    for each in stated:
        digest = each.statement.receipt_digest
        if digest is None:
            if each.event in BY_RECEIPT_ALONE:
                links.append(gap(LinkKind.RECEIPT, each.name, "without-receipt", needed=True))
            continue
        name = files.get(digest)
        if name is None:
            links.append(gap(LinkKind.RECEIPT, each.name, "not-in-package", needed=True, name=digest))
            continue
        named.add(name)
        found = _receipt(material, signed, name, each)
        links.append(found[0])
        if found[1] is not None:
            held.append(Acknowledged(name=name, receipt=found[1], stated=each))
    package = material.package
    everything = sum(EVIDENCE.fullmatch(name) is not None for name in (*package.files, *package.missing)) == len(stated)
    for name in files.values():
        if name not in named:  # by a statement that holds; if all hold, nothing ever named it
            standing = Standing.FAILS if everything else Standing.OPEN
            links.append(Link(kind=LinkKind.RECEIPT, standing=standing, about=name, code="nothing-names-it"))
    return held, links


def _receipt(material: Material, signed: Signed, name: str, stated: Stated) -> tuple[Link, Receipt | None]:
    try:
        signature = signed.validate(name).signature
        receipt = read_receipt(material.package.files[name], trust=material.grounds.trust, at=material.judged_at(name))
    except (VerificationFailed, Unreadable) as error:
        return failure(LinkKind.RECEIPT, name, error), None
    statement, who = stated.statement, Who.signing(signature)
    own = (receipt.delivery_id, receipt.submission_id, receipt.party)
    if own != (statement.delivery_id, statement.submission_id, statement.party):
        return fault(LinkKind.RECEIPT, name, "about-something-else", who=who), None
    if is_same(signature.subject, subject_of(statement.issuer)):  # by whichever of its certificates
        return _open(name, "signed-by-the-service", who), None
    if SHOWN_BY[receipt.outcome] is not stated.event:
        return fault(LinkKind.RECEIPT, name, "says-otherwise", who=who), None
    for shown, digest in (
        (statement.document, receipt.document_digest),
        (statement.envelope, receipt.envelope_digest),
    ):
        if shown is not None and not shown.is_of(digest):
            return fault(LinkKind.RECEIPT, name, "about-other-bytes", who=who), None
    link = Link(
        kind=LinkKind.RECEIPT,
        standing=Standing.HOLDS,
        about=name,
        who=who,
        at=receipt.received_at,
        time=TimeKind.CLAIMED,
        covers={"document": receipt.document_digest, "envelope": receipt.envelope_digest},
        params={"name": receipt.party, "outcome": receipt.outcome},
    )
    return link, receipt


def _open(name: str, code: str, who: Who) -> Link:
    return Link(kind=LinkKind.RECEIPT, standing=Standing.OPEN, about=name, code=code, who=who)


def tell_story(material: Material, stated: Sequence[Stated]) -> Iterator[Happening]:
    """What the statements that hold say to have happened."""
    for each in stated:
        yield Happening(
            event=each.event,
            at=each.statement.at,
            evidence_id=each.statement.evidence_id,
            party=each.statement.party,
            role=each.statement.role,
            proven_at=material.proven.get(each.name),
            reasons=each.statement.reasons,
        )


def examine_post(material: Material, stated: Sequence[Stated]) -> Iterator[Link]:
    """The proof of the post behind each statement that rests on one, and proofs that no statement names.

    The service keeps and gives it sealed for the sender and the print station; opened, it proves itself by its digest.
    """
    files = material.package.files
    resting = {each.statement.evidence_id: each for each in stated if each.event in PROVEN_BY_POST}
    opened = {name: found[1] for name in files if (found := POST.fullmatch(name)) is not None}
    for name, evidence_id in opened.items():
        digest = sha256(files[name])
        if evidence_id not in resting:
            yield Link(kind=LinkKind.POST, standing=Standing.OPEN, about=name, code="nothing-names-it", needed=False)
        elif resting[evidence_id].statement.proof_digest != digest:
            yield fault(LinkKind.POST, name, "about-other-bytes")
        else:
            yield Link(kind=LinkKind.POST, standing=Standing.HOLDS, about=name, covers={name: digest}, needed=False)
    sealed = {found[1] for name in files if (found := SEALED_POST.fullmatch(name)) is not None}
    closed = {found[1] for name in sealed if (found := POST.fullmatch(name)) is not None}
    for evidence_id, each in resting.items():
        if evidence_id in opened.values():
            continue
        if evidence_id in closed:
            yield Link(kind=LinkKind.POST, standing=Standing.OPEN, about=each.name, code="proof-sealed", needed=False)
        else:
            digest = each.statement.proof_digest or "?"
            yield gap(LinkKind.POST, each.name, "not-in-package", needed=False, name=digest)
