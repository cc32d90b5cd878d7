"""What the gateway remembers of forms, and which of them belong together.

Of an accepted form it keeps the few coded facts that its kind declares (`[[fact]]` in form.toml), sealed with its own
key, never the form. Forms are one case when they share a link: a keyed digest of the worker *and* of a case reference
or of the number of a document, its own or one that it refers to. So nobody comes near the case of another worker by
naming its numbers, and a form may refer to one that comes later.

Of an erased form only its kind, its days and its number are left. What its kind can say under a name it may have said:
nobody is refused a step of a procedure because the gateway forgot an earlier one, as it must.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from lxml import etree

from gateway.deadlines import Calendar
from gateway.forms.findings import Finding
from gateway.forms.kinds import FormKind, Keep
from gateway.forms.sources import COMMON_NAMESPACE
from gateway.model import Filed, FiledCopy, PartyId, SubmissionId, Term
from gateway.ports import Reading
from gateway.pseudonyms import RecordKeys

WORKER = "worker"  # the fact that says whose case it is
_FACTS = json.JSONEncoder()
_C = f"{{{COMMON_NAMESPACE}}}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """Coded facts of one form, by name. erased: the names of those that it may have had and that are gone."""

    values: Mapping[str, tuple[str, ...]]
    erased: frozenset[str] = frozenset()

    def all(self, name: str) -> tuple[str, ...]:
        """Everything the form says under that name."""
        return self.values.get(name, ())

    def one(self, name: str) -> str | None:
        """The first thing the form says under that name."""
        return next(iter(self.all(name)), None)

    def day(self, name: str) -> date | None:
        """The date under that name."""
        text = self.one(name)
        return None if text is None else date.fromisoformat(text)

    def holds(self, name: str) -> bool:
        """Whether a flag is set."""
        return self.one(name) == "true"

    def has(self, *names: str) -> bool:
        """Whether the form says something under each of these names, or may have until it was erased."""
        return all(self.all(name) or name in self.erased for name in names)

    def may_be(self, name: str, value: str) -> bool:
        """Whether the form says that under that name, or may have until it was erased."""
        return value in self.all(name) or name in self.erased


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """A document that a form names in its header, and where."""

    document_id: str
    digest: str
    path: str


@dataclass(frozen=True, kw_only=True)
class Filing:
    """A form that comes in, as the rules over the records see it.

    flags: what was found in it so far. received_on: the day of its receipt. issued_on: that of its issue, as
    the form says it.
    """

    kind: FormKind
    document_id: str
    issued_on: str
    received_on: date
    facts: Facts
    references: tuple[Reference, ...] = ()
    flags: tuple[Finding, ...] = ()

    @property
    def named(self) -> tuple[str, ...]:
        """The numbers of the documents that the form names."""
        return (
            *(reference.document_id for reference in self.references),
            *(value for fact in self.kind.facts if fact.keep is Keep.REFERENCE for value in self.facts.all(fact.name)),
        )

    def place(self, name: str) -> str | None:
        """Where the form states a fact."""
        return self.kind.fact_place(name)


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """A form of the case that was accepted before."""

    submission_id: SubmissionId
    kind: str
    document_id: str
    digest: str
    sender: PartyId
    accepted_at: datetime
    facts: Facts
    calendar: Calendar
    copies: tuple[FiledCopy, ...] = ()
    terms: tuple[Term, ...] = ()

    def dispatched_on(self, role: str) -> frozenset[date]:
        """The days on which the copy for a role was dispatched: laid ready here, and taken by the post."""
        mine = [copy for copy in self.copies if copy.role == role]
        here = {self.calendar.date_of(copy.consigned_at) for copy in mine}
        return frozenset(here.union(*(copy.posted_on for copy in mine)))

    def handed_over_on(self, role: str) -> frozenset[date]:
        """The days on which the copy for a role was handed over: by its holder's receipt, and by the post's slip."""
        mine = [copy for copy in self.copies if copy.role == role]
        here = {self.calendar.date_of(copy.handed_over_at) for copy in mine if copy.handed_over_at is not None}
        return frozenset(here.union(*(copy.delivered_on for copy in mine)))

    def may_have_come_on_paper(self, role: str, day: date) -> bool:
        """Whether a letter with the copy for a role may have been sent or handed over on a day, as far as the post has
        told yet."""
        mine = (copy for copy in self.copies if copy.role == role and copy.on_paper)
        return any(self.calendar.date_of(copy.consigned_at) <= day for copy in mine)

    def term(self, *ids: str) -> Term | None:
        """Its first term with one of these ids."""
        return next((term for term in self.terms if term.id in ids), None)


@dataclass(frozen=True, kw_only=True)
class Case:
    """The forms of one worker's case, oldest first; none where a form begins a new one."""

    forms: tuple[Earlier, ...] = ()

    def document(self, document_id: str | None) -> Earlier | None:
        """The form with that number, if it is of this case."""
        return next((form for form in self.forms if form.document_id == document_id), None)

    def with_facts(self, *names: str) -> tuple[Earlier, ...]:
        """The forms that say something under each of these names, or may have until they were erased."""
        return tuple(form for form in self.forms if form.facts.has(*names))


@dataclass(frozen=True, kw_only=True)
class Cases:
    """Takes notes of forms and finds the case they belong to. names: of the facts of a form kind, by its id."""

    keys: RecordKeys = field(repr=False)
    names: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def filing(
        self, kind: FormKind, content: etree._Element, *, received_on: date, flags: Sequence[Finding] = ()
    ) -> Filing:
        """A verified Content as the rules over the records see it.

        Raises EngineFault when the data of the kind is wrong.
        """
        header = f"/f:{kind.root}/f:Content/f:Header"
        related = content.findall(f"{{*}}Header/{_C}RelatedDocument")
        return Filing(
            kind=kind,
            document_id=content.findtext(f"{{*}}Header/{_C}DocumentId", ""),
            issued_on=content.findtext(f"{{*}}Header/{_C}IssuedOn", ""),
            received_on=received_on,
            facts=facts_of(kind, content, self.keys),
            references=tuple(
                Reference(
                    document_id=node.findtext(f"{_C}DocumentId", ""),
                    digest=node.findtext(f"{_C}Digest", ""),
                    path=f"{header}/c:RelatedDocument" + (f"[{number}]" if len(related) > 1 else ""),
                )
                for number, node in enumerate(related, 1)
            ),
            flags=tuple(flags),
        )

    def links(self, filing: Filing, content: etree._Element, *, sender: PartyId) -> tuple[str, ...]:
        """The keyed links of a form, that of its own number first. Without a worker in it, only forms of one sender
        belong together."""
        whose = filing.facts.one(WORKER) or f"sender {sender}"
        reference = content.findtext(f"{{*}}Header/{_C}CaseReference")
        links = [self.keys.keyed(whose, "document", number) for number in (filing.document_id, *filing.named)]
        if reference:
            links.append(self.keys.keyed(whose, "case", reference))
        return tuple(dict.fromkeys(links))

    def case(self, filing: Filing, links: Sequence[str], view: Reading) -> Case:
        """The case of a form, to which its links lead, as it stands. links: as `links` gives them."""
        filed = view.filed_under(links, named=filing.named, own=links[0])
        return self.opened(filed, view, filing.kind.calendar)

    def opened(self, filed: Sequence[Filed], view: Reading, calendar: Calendar) -> Case:
        """Filed forms with their facts in clear, and their terms."""
        return Case(
            forms=tuple(
                Earlier(
                    submission_id=each.submission_id,
                    kind=each.kind,
                    document_id=each.document_id,
                    digest=each.digest,
                    sender=each.sender,
                    accepted_at=each.accepted_at,
                    facts=self._facts(each),
                    calendar=calendar,
                    copies=each.copies,
                    terms=tuple(view.terms_of(each.submission_id)),
                )
                for each in filed
            )
        )

    def sealed(self, filing: Filing, submission_id: SubmissionId) -> bytes:
        """The facts of a form as they are kept."""
        return self.keys.seal(_FACTS.encode(filing.facts.values).encode(), of=submission_id)

    def _facts(self, filed: Filed) -> Facts:
        if not filed.sealed_facts:  # it was erased: that it was there is all that is remembered
            return Facts(values={}, erased=self.names.get(filed.kind, frozenset()))
        kept = json.loads(self.keys.open(filed.sealed_facts, of=filed.submission_id))
        return Facts(values={name: tuple(values) for name, values in kept.items()})


def facts_of(kind: FormKind, content: etree._Element, keys: RecordKeys) -> Facts:
    """The facts that a Content states, identifiers keyed by the name of their fact."""
    values: dict[str, tuple[str, ...]] = {}
    for fact in kind.facts:
        found = fact.values(content)
        if fact.keep is Keep.KEYED:
            found = tuple(keys.keyed(fact.name, value) for value in found)
        if found:
            values[fact.name] = found
    return Facts(values=values)
