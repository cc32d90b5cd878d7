"""What an examination of an evidence package comes to: one link of the chain after the other, each with its verdict.

A link says what was looked at, how it stands, who vouches for it, what exactly that covers, and when, and how it is
known when. The indications are those of ETSI EN 319 102-1. What is missing is a link of its own that names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.model import Event
from gateway.package import Description
from gateway.pseudonyms import masked
from signing import Indication, Subindication, SubjectIdentity, VerifiedSignature, fingerprint


class LinkKind(StrEnum):
    """What a link is about.

    package: the file can be read in one way only, and says what it is. seal: the service's signature over its list
    of files. file: one file that nothing vouches for. form: the signatures of the form. binding: the form is the
    one that the statements name. rendition: the form as a PDF. statement: one signed statement of the service.
    receipt: one signed receipt of a recipient. course: the statements on one copy fit together. journal: the
    journal holds a statement or receipt. growth: the states of the journal that are shown are states of one.
    witness: others saw that state of the journal. time: since when something provably exists. revocation: what is
    known of one certificate. post: the proof of the post behind a statement.
    """

    PACKAGE = "package"
    SEAL = "seal"
    FILE = "file"
    FORM = "form"
    BINDING = "binding"
    RENDITION = "rendition"
    STATEMENT = "statement"
    RECEIPT = "receipt"
    COURSE = "course"
    JOURNAL = "journal"
    GROWTH = "growth"
    WITNESS = "witness"
    TIME = "time"
    REVOCATION = "revocation"
    POST = "post"


class Standing(StrEnum):
    """How a link stands. open: it can neither be proven nor refuted with what is here. missing: it is not here."""

    HOLDS = "holds"
    FAILS = "fails"
    OPEN = "open"
    MISSING = "missing"


class TimeKind(StrEnum):
    """How a time is known. claimed: who signed says so. stated: the service says so. proven: by a time authority."""

    CLAIMED = "claimed"
    STATED = "stated"
    PROVEN = "proven"


@dataclass(frozen=True, kw_only=True)
class Who:
    """Who vouches for a link: a person, an organisation, a witness, a journal. fingerprint: of the certificate."""

    name: str
    number: str | None = None
    fingerprint: str | None = None

    @classmethod
    def of(cls, subject: SubjectIdentity, fingerprint: str) -> Who:
        """Whom a certificate names; a number that may be a national one shows its last two characters only."""
        number = subject.organization_identifier or masked(subject.serial_number or "") or None
        return cls(
            name=_printable(subject.common_name or number or fingerprint),
            number=number and _printable(number),
            fingerprint=fingerprint,
        )

    @classmethod
    def signing(cls, signature: VerifiedSignature) -> Who:
        """Who made a signature."""
        return cls.of(signature.subject, fingerprint(signature.certificate))

    def __str__(self) -> str:
        return self.name if self.number in (None, self.name) else f"{self.name} ({self.number})"


@dataclass(frozen=True, kw_only=True)
class Link:
    """One link of the chain.

    about: the file, or the id of what it is about. code: why it does not stand; None where it does.
    covers: file or name of a digest -> the digest, of what exactly `who` vouches for.
    needed: without it the whole is not proven. params: for the words.
    """

    kind: LinkKind
    standing: Standing
    about: str
    code: str | None = None
    subindication: Subindication | None = None
    who: Who | None = None
    at: datetime | None = None
    time: TimeKind | None = None
    covers: Mapping[str, str] = field(default_factory=dict)
    needed: bool = True
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def indication(self) -> Indication:
        """In the words of EN 319 102-1."""
        return INDICATIONS[self.standing]


INDICATIONS: Mapping[Standing, Indication] = {
    Standing.HOLDS: Indication.TOTAL_PASSED,
    Standing.OPEN: Indication.INDETERMINATE,
    Standing.MISSING: Indication.INDETERMINATE,
    Standing.FAILS: Indication.TOTAL_FAILED,
}


@dataclass(frozen=True, kw_only=True)
class Happening:
    """One thing that a statement whose signature holds says to have happened. proven_at: by when it was stated."""

    event: Event
    at: datetime
    evidence_id: str
    party: str | None = None
    role: str | None = None
    proven_at: datetime | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """All of it. validation_time: as of when it was judged. story: in the order in which it happened."""

    validation_time: datetime
    links: tuple[Link, ...]
    description: Description | None = None
    story: tuple[Happening, ...] = ()

    @property
    def indication(self) -> Indication:
        """TOTAL-FAILED if any link fails, else INDETERMINATE if one that is needed does not hold."""
        if any(link.standing is Standing.FAILS for link in self.links):
            return Indication.TOTAL_FAILED
        if any(link.needed and link.standing is not Standing.HOLDS for link in self.links):
            return Indication.INDETERMINATE
        return Indication.TOTAL_PASSED

    @property
    def missing(self) -> tuple[Link, ...]:
        """What is not in the package."""
        return tuple(link for link in self.links if link.standing is Standing.MISSING)


def _printable(text: str) -> str:
    """Whoever made a certificate chose this text: nothing in it may steer a terminal."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
