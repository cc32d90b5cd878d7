"""Whether the statements tell one course of things, without a gap and without a contradiction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.examination.grounds import Material, fault, gap
from gateway.examination.statements import Stated
from gateway.examination.verdict import Link, LinkKind, Standing
from gateway.lifecycle import follow
from gateway.model import Event, SubmissionState
from gateway.package import DESCRIPTION, DescribedCopy

DECIDED = frozenset({Event.SUBMISSION_ACCEPTANCE, Event.SUBMISSION_REJECTION})


def examine_course(material: Material, stated: Sequence[Stated]) -> Iterator[Link]:
    """A link for the decision on the form where it is missing, and one for each copy; a package that states nothing
    proves nothing, whoever sealed it."""
    description = material.description
    if not stated:
        yield gap(LinkKind.STATEMENT, DESCRIPTION, "nothing-stated", needed=True)
    by_issuer = description.sender == description.issuer  # a notice of the counter itself is not handed in
    if description.whole and not by_issuer:
        rejected = description.state == SubmissionState.REJECTED
        wanted = Event.SUBMISSION_REJECTION if rejected else Event.SUBMISSION_ACCEPTANCE
        decisions = [each for each in stated if each.event in DECIDED]
        if not decisions:
            yield gap(LinkKind.STATEMENT, DESCRIPTION, "statement-of-decision", needed=True)
        for each in decisions:
            if each.event is not wanted:
                yield fault(LinkKind.STATEMENT, each.name, "does-not-follow", name=each.event)
    known = {copy.delivery_id for copy in description.copies}
    for each in stated:
        if each.statement.delivery_id is not None and each.statement.delivery_id not in known:
            yield fault(LinkKind.STATEMENT, each.name, "about-something-else")
    for copy in description.copies:
        yield _copy(copy, [each for each in stated if each.statement.delivery_id == copy.delivery_id])


def _copy(copy: DescribedCopy, own: Sequence[Stated]) -> Link:
    about = copy.delivery_id
    if any((each.statement.party, each.statement.role) not in ((None, None), (copy.party, copy.role)) for each in own):
        return fault(LinkKind.COURSE, about, "about-something-else")
    envelopes = [each.statement.envelope for each in own if each.statement.envelope is not None]
    if not any(each.event is Event.CONTENT_CONSIGNMENT for each in own) or not envelopes:
        return gap(LinkKind.COURSE, about, "not-in-package", needed=True, name=Event.CONTENT_CONSIGNMENT)
    reached, odd = follow(each.event for each in own)
    if odd is not None:
        return fault(LinkKind.COURSE, about, "does-not-follow", name=odd)
    if copy.state not in reached:
        return Link(
            kind=LinkKind.COURSE,
            standing=Standing.OPEN,
            about=about,
            code="state-not-shown",
            params={"name": copy.state},
        )
    return Link(
        kind=LinkKind.COURSE,
        standing=Standing.HOLDS,
        about=about,
        params={"name": copy.party, "state": copy.state},
    )
