"""Whether the states of the journal that a package shows, and those that the examiner knows, are states of one journal.

A proof that the journal holds an entry says nothing of what it held before or after: a service could keep a journal for
each entry. Two states belong together if a consistency proof leads from one to the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.errors import Unreadable
from gateway.examination.grounds import Material, failure, fault
from gateway.examination.verdict import Link, LinkKind, Standing
from gateway.package import CONSISTENCY, read_consistency
from signing import Checkpoint, VerificationFailed, verify_consistency


def examine_growth(
    material: Material, shown: Mapping[int, Checkpoint], known: Mapping[int, Checkpoint]
) -> Iterator[Link]:
    """A link for all states together, and one for each proof that does not hold. One state alone needs none.

    shown, known: checkpoints of the journal by size, in the package and to the examiner; verified.
    """
    for size in shown.keys() & known.keys():
        if shown[size].root != known[size].root:
            yield fault(LinkKind.GROWTH, f"journal/{size}.checkpoint", "two-journals")
    states = {**known, **shown}
    groups = {size: {size} for size in states}
    for name, raw in material.package.files.items():
        matched = CONSISTENCY.fullmatch(name)
        if matched is None:
            continue
        old, new = (states.get(int(size)) for size in matched.groups())
        if old is None or new is None:
            continue  # of states that nobody showed: it proves nothing here
        try:
            verify_consistency(old.size, old.root, new.size, new.root, read_consistency(raw))
        except (VerificationFailed, Unreadable) as error:
            yield failure(LinkKind.GROWTH, name, error)
            continue
        joined = groups[old.size] | groups[new.size]
        groups |= dict.fromkeys(joined, joined)
    if len(states) > 1:
        is_one = groups[max(states)] == states.keys()
        yield Link(
            kind=LinkKind.GROWTH,
            standing=Standing.HOLDS if is_one else Standing.OPEN,
            about="journal",
            code=None if is_one else "states-not-connected",
            params={"sizes": ", ".join(map(str, sorted(states)))},
        )
