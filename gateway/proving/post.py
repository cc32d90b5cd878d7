"""What must be shown of the post: its acts as they are kept, and the proofs that evidence rests on."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.dossier import Copy
from gateway.flaws import Flaw
from gateway.lifecycle import REACHED
from gateway.model import DeliveryState, Event, Evidence, PostFact, Postmark
from gateway.paper import BY_POST
from gateway.proving.evidence import Said, place_of
from gateway.statement import Statement


def prove_post(copy: Copy, own: Said) -> Iterator[Flaw]:
    """What is kept of the post's acts is what evidence says, in an order that can be; who has it by post, has it."""
    delivery, place = copy.delivery, f"delivery {copy.delivery.id}"
    kept = {mark.evidence_id: mark for mark in copy.marks}
    told = {evidence.id: statement for evidence, statement in own if statement is not None and statement.posted_on}
    for evidence_id in sorted(kept.keys() ^ told.keys()):
        yield Flaw(code="postmark-differs", place=f"evidence {evidence_id}")
    if kept.keys() == told.keys() and [*kept] != [*told]:
        yield Flaw(code="postmark-differs", place=place, detail="order")
    posted_on = min((mark.on for mark in copy.marks if mark.fact is PostFact.DEPOSITED), default=None)
    for evidence_id, statement in told.items():
        mark = kept.get(evidence_id)
        if mark is not None and not _says(mark, statement):
            yield Flaw(code="postmark-differs", place=f"evidence {evidence_id}")
        elif mark is not None and posted_on is not None and mark.on < posted_on:
            yield Flaw(code="post-out-of-order", place=f"evidence {evidence_id}")
    has_it = any(_post_fact(statement) is PostFact.DELIVERED for statement in told.values())
    if has_it and delivery.state not in REACHED | {DeliveryState.DECLINED}:
        yield Flaw(code="evidence-without-state", place=place, detail=BY_POST)
    if delivery.state is DeliveryState.PAPER_DELIVERED and not has_it:
        yield Flaw(code="state-without-evidence", place=place, detail=BY_POST)


def prove_proof(evidence: Evidence, statement: Statement, digest: str | None) -> Iterator[Flaw]:
    """The proof of the post that evidence rests on is there, and the one that it names."""
    if digest is None:
        yield Flaw(code="proof-missing", place=place_of(evidence))
    elif digest != statement.proof_digest:
        yield Flaw(code="evidence-for-other-bytes", place=place_of(evidence), detail="proof of the post")


def _says(mark: Postmark, statement: Statement) -> bool:
    kept = (mark.fact, mark.on, mark.number, mark.digest)
    letter = mark.number if statement.letter is None else statement.letter
    return kept == (_post_fact(statement), statement.posted_on, letter, statement.proof_digest)


def _post_fact(statement: Statement) -> PostFact:
    if statement.event == Event.RELAY_TO_NON_ERDS.uri:
        return PostFact.DEPOSITED
    return PostFact.DELIVERED if BY_POST in statement.reasons else PostFact.RETURNED
