"""What a piece of evidence says, read back from its verified bytes. How it is written stands in `evidence.py`."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from cryptography.x509 import Certificate
from lxml import etree

from gateway.evidence import salted_digest
from gateway.exchange import EVIDENCE
from gateway.model import Term
from signing import TrustPolicy

StatedTerm = tuple[str, str, str, str | None, str | None]

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


@dataclass(frozen=True, kw_only=True)
class SaltedDigest:
    """A digest that evidence shows only as sha256(salt || digest)."""

    shown: str
    salt: bytes

    def is_of(self, digest: str) -> bool:
        """Whether it was made from `digest` (`sha256:<hex>`)."""
        return salted_digest(self.salt, digest) == self.shown


@dataclass(frozen=True, kw_only=True)
class StatedCopy:
    """A recipient's copy as an acceptance names it. number: which of the `of` copies that the law asks for."""

    delivery_id: str
    party: str
    role: str
    number: int
    of: int


@dataclass(frozen=True, kw_only=True)
class Statement:
    """The verified content of one piece of evidence. event: its URI. issuer: the certificate that signed it.

    terms: (id, day zero, last day, last day on the other reading, verdict) of the terms that ran already.
    posted_on, letter, proof_digest: of the proof of the post: the day that it states, the number of the letter (None
    where evidence of an earlier version says none), its bytes. issued_by: under which name
    it was issued. copy, of: of the copy that it is about. consigned: every copy, in an acceptance; evidence of version
    1.0 of the schema names none.
    """

    evidence_id: str
    event: str
    at: datetime
    submission_id: str
    delivery_id: str | None
    party: str | None
    role: str | None
    document: SaltedDigest | None
    envelope: SaltedDigest | None
    receipt_digest: str | None
    terms: tuple[StatedTerm, ...]
    issuer: Certificate
    posted_on: date | None = None
    letter: str | None = None
    proof_digest: str | None = None
    reasons: tuple[str, ...] = ()
    sender: str | None = None
    acting_for: str | None = None
    kind: str | None = None
    document_id: str | None = None
    route: str | None = None
    article: str | None = None
    issued_by: str
    copy: int | None = None
    of: int | None = None
    consigned: tuple[StatedCopy, ...] = ()


def read_statement(raw: bytes, *, trust: TrustPolicy, at: datetime) -> Statement:
    """The statement in `raw`. Raises signing.VerificationFailed, Unreadable("not-a-evidence")."""
    reader, signature = EVIDENCE.read(raw, trust=trust, at=at)
    content, name = reader.content, f"{{{reader.namespace}}}"

    def salted(child: str) -> SaltedDigest | None:
        found = content.find(name + child)
        if found is None:
            return None
        return SaltedDigest(shown=(found.text or "").strip(), salt=base64.b64decode(found.get("salt", "")))

    def term(node: etree._Element) -> StatedTerm:
        part = {etree.QName(child).localname: (child.text or "").strip() for child in node}
        return part["Id"], part["DayZero"], part["LastDay"], part.get("LastDayOtherReading"), part.get("Verdict")

    def number(node: etree._Element, child: str) -> int | None:
        text = node.findtext(name + child)
        return None if text is None else int(text)

    def consigned(node: etree._Element) -> StatedCopy:
        part = {etree.QName(child).localname: (child.text or "").strip() for child in node.iter(etree.Element)}
        return StatedCopy(
            delivery_id=part["DeliveryId"],
            party=part["Party"],
            role=part["Role"],
            number=int(part["Copy"]),
            of=int(part["Of"]),
        )

    posted_on = content.findtext(f"{name}Post/{name}On")
    proof_digest = content.findtext(f"{name}Post/{name}ProofDigest")
    return Statement(
        evidence_id=reader.text("EvidenceId"),
        event=reader.text("Event"),
        at=reader.instant("EventTime"),
        submission_id=reader.text("SubmissionId"),
        delivery_id=reader.optional("DeliveryId"),
        party=content.findtext(f"{name}Recipient/{name}Party"),
        role=content.findtext(f"{name}Recipient/{name}Role"),
        document=salted("DocumentDigest"),
        envelope=salted("EnvelopeDigest"),
        receipt_digest=reader.optional("ReceiptDigest"),
        terms=tuple(term(node) for node in content.iterchildren(f"{name}Term")),
        issuer=signature.certificate,
        posted_on=None if posted_on is None else date.fromisoformat(posted_on.strip()),
        letter=content.findtext(f"{name}Post/{name}Number"),
        proof_digest=None if proof_digest is None else proof_digest.strip(),
        reasons=tuple(node.text or "" for node in content.iterfind(f"{name}Reason/{name}Code")),
        sender=reader.optional("Sender"),
        acting_for=reader.optional("ActingFor"),
        kind=reader.optional("Kind"),
        document_id=reader.optional("DocumentId"),
        route=reader.optional("Route"),
        article=reader.optional("Article"),
        issued_by=reader.text("Issuer"),
        copy=number(content, "Copy"),
        of=number(content, "Of"),
        consigned=tuple(consigned(node) for node in content.iterchildren(f"{name}Consigned")),
    )


def claimed_document(raw: bytes) -> SaltedDigest | None:
    """The document that a piece of evidence names, as it says: nothing of it is verified. None if it names none."""
    found = next(_claimed(raw, "DocumentDigest"), None)
    if found is None:
        return None
    try:
        return SaltedDigest(shown=(found.text or "").strip(), salt=base64.b64decode(found.get("salt", "")))
    except ValueError:
        return None


def claimed_issuer(raw: bytes) -> str | None:
    """Under which name a piece of evidence was issued, as it says: nothing of it is verified. None if it says none."""
    told = next(_claimed(raw, "Issuer"), None)
    return None if told is None else (told.text or "").strip() or None


def claimed_reasons(raw: bytes) -> tuple[str, ...]:
    """The codes of the reasons that a piece of evidence gives, as it says: nothing of it is verified."""
    return tuple((node.text or "").strip() for node in _claimed(raw, "Reason", "Code"))


def claimed_time(raw: bytes) -> datetime | None:
    """When a piece of evidence says that it was made: nothing of it is verified. None if it does not say."""
    told = next(_claimed(raw, "EventTime"), None)
    try:
        at = datetime.fromisoformat("" if told is None else (told.text or "").strip())
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def _claimed(raw: bytes, *names: str) -> Iterator[etree._Element]:
    """The elements of that name in evidence of which nothing is verified, each name below the one before; none in what
    is no XML."""
    try:
        root = etree.fromstring(raw, _PARSER)
    except etree.XMLSyntaxError:
        return iter(())
    return root.iterfind(".//" + "/".join(f"{{{EVIDENCE.namespace}}}{name}" for name in names))


def stated(term: Term) -> StatedTerm:
    """A running term as evidence states it."""

    def day(at: date | None) -> str | None:
        return None if at is None else at.isoformat()

    return term.id, day(term.day_zero) or "", day(term.last_day) or "", day(term.last_day_other_reading), term.verdict
