"""Re-prove everything that is stored: states, evidence, bytes, receipts, terms, cases, queues, the journal.

An audit believes no row. It reads one submission after the other with all that belongs to it, each at one moment, and
keeps none: it runs beside a working gateway, over stores of any size. What a single submission must show stands in
`proving/`; here are the walk and what concerns the store as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from gateway.dossier import Dossier, dossier_of
from gateway.errors import StoreUnavailable
from gateway.flaws import Flaw
from gateway.journal import EntryKind
from gateway.journal_audit import JournalProver
from gateway.model import SubmissionId
from gateway.ports import Clock, LooseEnd, Reading, Store
from gateway.proving import Prover

PAGE = 50  # submissions read at one moment; a long look would hold up the log's checkpoints
UNREADABLE = (ValueError, KeyError, TypeError, OverflowError)  # what a row raises that the gateway never wrote
PLACES = {
    "term": "submission",
    "filing": "submission",
    "validation": "submission",
    "hosted": "party",
    "token": "party",
    "print": "delivery",
    "turn": "delivery",
    "inquiry": "submission",
    "envelope": "delivery",
    "attempt": "delivery",
    "lane": "party",
    "link": "case",
    "viewer": "case",
    "cases": "case",
    "further": "submission",
    "entry-without-token": "party",
}
"""What an id is of, by the first word of a code or by the whole of it, where it is not that word."""


@dataclass(kw_only=True)
class Tally:
    """How much was looked at."""

    submissions: int = 0
    deliveries: int = 0
    evidence: int = 0
    receipts: int = 0

    def count(self, dossier: Dossier) -> None:
        """Add what belongs to one submission."""
        self.submissions += 1
        self.deliveries += len(dossier.copies)
        self.evidence += len(dossier.evidence)
        self.receipts += sum(len(copy.receipts) for copy in dossier.copies)


@dataclass(frozen=True, kw_only=True)
class Audit:
    """The proof of a whole store. watched_s: how long the watch leaves a copy alone at most."""

    store: Store
    prover: Prover
    clock: Clock
    journal: JournalProver
    watched_s: float

    def run(self, tally: Tally | None = None) -> Iterator[Flaw]:
        """Every flaw, as it is found. tally: counts what was looked at."""
        tally = tally or Tally()
        try:
            for said in self.store.read(lambda view: view.damage()):
                yield Flaw(code="store-damaged", place="store", detail=said)
            yield from self._submissions(tally, self.store.read(lambda view: view.entered_later()))
            yield from self.journal.prove(self.store, clock=self.clock)
            yield from self.store.read(_keys)
            yield from self.store.read(_register)
            for end in self.store.read(lambda view: view.loose_ends(now=self.clock.now())):
                yield Flaw(code=end.code, place=_place(end))
        except StoreUnavailable as error:
            yield Flaw(code="store-unreadable", place="store", detail=error.code)

    def _submissions(self, tally: Tally, entered_later: int) -> Iterator[Flaw]:
        position = 0
        while True:
            after = position
            page = self.store.read(lambda view, after=after: _page(view, after))  # type: ignore[misc]
            if not page:
                return
            for position, submission_id, dossier in page:  # noqa: B007 -- the last one is where the next page begins
                if dossier is None:
                    yield Flaw(code="row-unreadable", place=f"submission {submission_id}")
                    continue
                tally.count(dossier)
                watched_by = self.clock.now() + timedelta(seconds=self.watched_s)
                try:
                    yield from self.prover.prove(dossier, watched_by=watched_by, entered_later=entered_later)
                except UNREADABLE:
                    yield Flaw(code="row-unreadable", place=f"submission {submission_id}")


def _keys(view: Reading) -> list[Flaw]:
    """Keys that were made known and are not in the journal; that what is there says the same, the journal proves."""
    try:
        known = [key.id for key in view.published_keys()]
    except UNREADABLE:
        return [Flaw(code="row-unreadable", place="published keys")]
    return [
        Flaw(code="key-without-entry", place=f"key {each}")
        for each in known
        if view.journal_entry(EntryKind.KEY, each) is None
    ]


def _register(view: Reading) -> list[Flaw]:
    """Parties that are found by what their record does not say, or not by what it says."""
    try:
        return [Flaw(code=end.code, place=f"party {end.id}") for end in view.differing_parties()]
    except UNREADABLE:
        return [Flaw(code="row-unreadable", place="the register of parties")]


def _page(view: Reading, after: int) -> list[tuple[int, SubmissionId, Dossier | None]]:
    return [(position, each, _read(view, each)) for position, each in view.submission_ids(after=after, limit=PAGE)]


def _read(view: Reading, submission_id: SubmissionId) -> Dossier | None:
    """All that belongs to a submission; None when one of its rows holds what the gateway never writes."""
    try:
        return dossier_of(view, submission_id)
    except UNREADABLE:
        return None


def _place(end: LooseEnd) -> str:
    kind = end.code.partition("-")[0]
    return f"{PLACES.get(end.code) or PLACES.get(kind, kind)} {end.id}"
