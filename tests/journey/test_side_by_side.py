"""Forms that wait at the same moment are judged side by side: each gets the answer that it would get alone."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from threading import Event

import anyio
import httpx2
import pytest

from gateway.api.judges import MOST_SIDE_BY_SIDE, MOST_SIDE_BY_SIDE_BYTES
from gateway.api.load import Desk
from gateway.errors import Conflict
from gateway.idempotency import Accepted
from gateway.intake import Decision, Rejected, StillRunning
from gateway.lockstep import Stages, alone, side_by_side
from gateway.ports import Pending
from tests.conftest import Counter

Http = Callable[[str | None], httpx2.Client]
ASSESSMENT, APPEAL = "be/health-assessment", "be/appeal"


def judged_side_by_side(counter: Counter, forms: Sequence[tuple[str, bytes]]) -> list[Decision | Conflict]:
    """What becomes of each, handed in by the party beside it."""
    told: list[Future[Pending[Decision]]] = [Future() for _ in forms]
    side_by_side((_judging(counter, sender, raw), each) for (sender, raw), each in zip(forms, told, strict=True))
    return [_outcome(each.result()) for each in told]


def _judging(counter: Counter, sender: str, raw: bytes) -> Stages[Pending[Decision]]:
    return counter.gateway.intake.judge(raw, sender=lambda: counter.party(sender), idempotency_key=None, language="en")


def _outcome(judged: Pending[Decision]) -> Decision | Conflict:
    try:
        return judged.result()
    except Conflict as refused:
        return refused


def said(decision: Decision | Conflict) -> object:
    """What a sender learns of it, without numbers and times of its own."""
    match decision:
        case Accepted():
            view = json.loads(decision.answer)
            return [(each["role"], each["copy"]) for each in view["deliveries"]], view.get("warnings")
        case Rejected():
            return sorted((finding.code, finding.rule, finding.path) for finding in decision.report.findings)
        case other:
            return type(other)


def forms_of_all_sorts(counter: Counter) -> Iterator[tuple[str, bytes]]:
    """Good ones of several kinds, and one for each step at which a form may be refused."""
    yield "service", counter.form(ASSESSMENT)
    yield "service", b"no form"
    yield "worker", counter.form(APPEAL)
    yield "service", counter.form(ASSESSMENT).replace(b"<c:DocumentId>", b"<c:DocumentId>x", 1)
    yield "service", counter.form(ASSESSMENT).replace(b"SignatureValue>", b"SignatureValue>AAAA", 1)
    yield "worker", counter.form(ASSESSMENT)
    yield "service", counter.form("be/occupational-disease-report")
    yield "inspectorate", counter.form(APPEAL)


def test_each_gets_the_answer_that_it_gets_alone(counter: Counter) -> None:
    singly = [
        said(counter.gateway.intake.accept(raw, sender=counter.party(sender), idempotency_key=None, language="en"))
        for sender, raw in forms_of_all_sorts(counter)
    ]
    assert len({str(each) for each in singly}) == len(singly), "each of them is another case"
    order = random.Random(7)
    for _ in range(3):
        forms = list(enumerate(forms_of_all_sorts(counter)))
        order.shuffle(forms)
        together = judged_side_by_side(counter, [form for _, form in forms])
        assert [said(each) for each in together] == [singly[number] for number, _ in forms]


def test_of_two_twins_side_by_side_one_is_judged(counter: Counter) -> None:
    form = counter.form(APPEAL)
    first, twin, other = judged_side_by_side(
        counter, [("worker", form), ("worker", form), ("worker", counter.form(APPEAL))]
    )
    assert isinstance(first, Accepted)
    assert isinstance(twin, StillRunning)
    assert isinstance(other, Accepted)
    again = counter.accept(form, sender="worker")
    assert isinstance(again, Accepted)
    assert again.repeated, "nothing is held any more"
    assert again.submission_id == first.submission_id


def test_of_two_forms_with_one_number_side_by_side_one_is_taken_in(counter: Counter) -> None:
    """Both are found in order; the transaction has the say."""
    form = counter.form(APPEAL)
    number = form.split(b"<c:DocumentId>")[1].split(b"<")[0].decode()
    other = counter.form(APPEAL, fill={"f:Header/c:DocumentId": number})
    taken, refused = judged_side_by_side(counter, [("worker", form), ("worker", other)])
    assert isinstance(taken, Accepted)
    assert isinstance(refused, Conflict)
    assert refused.code == "document-id-reused"


def test_a_crowd_at_the_door_is_answered_one_by_one(http: Http, counter: Counter) -> None:
    """Through HTTP, more than are judged at once; all at the same moment."""
    forms = [counter.form(APPEAL) for _ in range(MOST_SIDE_BY_SIDE + 8)]
    spoiled = set(range(3, len(forms), 7))
    bodies = [b"spoiled" if number in spoiled else form for number, form in enumerate(forms)]
    worker = http("worker")

    def hand_in(body: bytes) -> httpx2.Response:
        return worker.post("/v1/submissions", content=body, headers={"Content-Type": "application/xml"})

    with ThreadPoolExecutor(len(bodies)) as crowd:
        answers = list(crowd.map(hand_in, bodies))
    assert {number for number, answer in enumerate(answers) if answer.status_code != 201} == spoiled
    assert len({answer.json()["submissionId"] for answer in answers if answer.status_code == 201}) == len(forms) - len(
        spoiled
    )


def _work(name: str, seen: list[str], *, fails_at: int | None = None) -> Stages[str]:
    for stage in range(3):
        if stage == fails_at:
            raise LookupError(name)
        seen.append(f"{name}{stage}")
        yield
    return name


def test_a_stage_is_done_for_all_before_the_next_and_a_failure_is_of_one_alone() -> None:
    seen: list[str] = []
    told: list[Future[str]] = [Future(), Future(), Future()]
    works = (_work("a", seen), _work("b", seen, fails_at=1), _work("c", seen))
    side_by_side(zip(works, told, strict=True))
    assert seen == ["a0", "b0", "c0", "a1", "c1", "a2", "c2"]
    assert (told[0].result(), told[2].result()) == ("a", "c")
    with pytest.raises(LookupError, match="b"):
        told[1].result()


def test_alone_it_gives_back_its_result_or_raises() -> None:
    assert alone(_work("a", [])) == "a"
    with pytest.raises(LookupError):
        alone(_work("a", [], fails_at=2))


@pytest.mark.parametrize(
    ("size_bytes", "most"),
    [(1, MOST_SIDE_BY_SIDE), (MOST_SIDE_BY_SIDE_BYTES // 4, 4), (2 * MOST_SIDE_BY_SIDE_BYTES, 1)],
)
def test_what_is_held_at_once_has_a_bound(size_bytes: int, most: int) -> None:
    """Many small forms side by side, few large ones."""
    begun, together = Event(), list[int]()
    at_once: set[int] = set()

    def first() -> Stages[Pending[None]]:
        begun.wait()
        yield
        return Pending.of(None)

    def judging(number: int) -> Stages[Pending[None]]:
        at_once.add(number)
        yield
        together.append(len(at_once))
        yield
        at_once.discard(number)
        return Pending.of(None)

    async def crowd() -> None:
        desk = Desk()
        async with anyio.create_task_group() as group:
            group.start_soon(partial(desk.judge, first(), size_bytes=2 * MOST_SIDE_BY_SIDE_BYTES))
            await anyio.wait_all_tasks_blocked()
            for number in range(3 * most):
                group.start_soon(partial(desk.judge, judging(number), size_bytes=size_bytes))
            await anyio.wait_all_tasks_blocked()
            begun.set()
        desk.close()

    anyio.run(crowd)
    assert together == [most] * (3 * most)
