"""Whether the statements tell one course of things, without a gap and without a contradiction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.examination.grounds import Material, fault, gap
from gateway.examination.statements import Stated
from gateway.examination.verdict import Link, LinkKind, Standing
from gateway.lifecycle import LAID_READY, follow
from gateway.model import Event, SubmissionState
from gateway.package import DESCRIPTION, DescribedCopy, Description

DECIDED = frozenset({Event.SUBMISSION_ACCEPTANCE, Event.SUBMISSION_REJECTION})


def examine_course(material: Material, stated: Sequence[Stated]) -> Iterator[Link]:
    """A link for the decision on the form where it is missing, and one for each copy; a package that states nothing
    proves nothing, whoever sealed it."""
    description = material.description
    if not stated:
        yield gap(LinkKind.STATEMENT, DESCRIPTION, "nothing-stated", needed=True)
    if description.whole and not _is_own_notice(description, stated):
        rejected = description.state == SubmissionState.REJECTED
        wanted = Event.SUBMISSION_REJECTION if rejected else Event.SUBMISSION_ACCEPTANCE
        decisions = [each for each in stated if each.event in DECIDED]
        if not decisions:
            yield gap(LinkKind.STATEMENT, DESCRIPTION, "statement-of-decision", needed=True)
        for each in decisions:
            if each.event is not wanted:
                yield fault(LinkKind.STATEMENT, each.name, "does-not-follow", name=each.event)
            elif not rejected:
                yield from _all_copies(each, description.copies)
    known = {copy.delivery_id for copy in description.copies}
    for each in stated:
        if each.statement.delivery_id is not None and each.statement.delivery_id not in known:
            yield fault(LinkKind.STATEMENT, each.name, "about-something-else")
    for copy in description.copies:
        yield _copy(copy, [each for each in stated if each.statement.delivery_id == copy.delivery_id])


def _is_own_notice(description: Description, stated: Sequence[Stated]) -> bool:
    """Whether the counter itself drew up the form, so that nobody handed it in: it is the sender under the name that it
    had when it laid the copies ready. It may have another one since."""
    ready = [each.statement for each in stated if each.event in LAID_READY]
    return bool(ready) and all(each.issued_by == description.sender for each in ready)


def _all_copies(acceptance: Stated, described: Sequence[DescribedCopy]) -> Iterator[Link]:
    """What the acceptance says of the copies that there were, beside those that the package is about."""
    consigned = {each.delivery_id: each for each in acceptance.statement.consigned}
    if not consigned:
        yield Link(kind=LinkKind.COURSE, standing=Standing.OPEN, about=acceptance.name, code="copies-not-stated")
        return
    here = {each.delivery_id: (each.party, each.role, each.copy, each.of) for each in described}
    for delivery_id, each in consigned.items():
        if delivery_id not in here:
            which = f"{each.number}/{each.of} ({each.role})"
            yield gap(LinkKind.COURSE, delivery_id, "copy-left-out", needed=True, name=each.party, which=which)
        elif here[delivery_id] != (each.party, each.role, each.number, each.of):
            yield fault(LinkKind.COURSE, delivery_id, "about-something-else")
    for delivery_id in here.keys() - consigned.keys():
        yield fault(LinkKind.COURSE, delivery_id, "about-something-else")


def _copy(copy: DescribedCopy, own: Sequence[Stated]) -> Link:
    about, said = copy.delivery_id, [each.statement for each in own]
    if any((each.party, each.role) not in ((None, None), (copy.party, copy.role)) for each in said) or any(
        (each.copy, each.of) not in ((None, None), (copy.copy, copy.of)) for each in said
    ):
        return fault(LinkKind.COURSE, about, "about-something-else")
    is_bound = any(each.envelope is not None for each in said)
    if not is_bound or not any(each.event is Event.CONTENT_CONSIGNMENT for each in own):
        return gap(LinkKind.COURSE, about, "statement-of-consignment", needed=True)
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
