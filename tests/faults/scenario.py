"""What is lived through while something fails: short and whole, and the same in the end whatever failed.

A form is handed in twice, one server takes its copy, one refuses it with a signed receipt, one party collects; a form
with a fault is rejected; in the end the first one is erased. Whoever waits for an answer asks again, as careful
senders, recipients and operators do. The tests fail some calls of it, `python -m benchmarks every-call` each one.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from benchmarks.disk import SQLITE_OK, Disk
from gateway.erasure import ErasureReason
from gateway.errors import Conflict, StoreUnavailable
from gateway.flaws import Flaw
from gateway.idempotency import Accepted
from gateway.ports import Pending, Reading, Store, Transaction
from tests.faults.injected import Broken, Crash, Plan
from tests.faults.world import Running, World, everything_settled

T = TypeVar("T")
NewWorld = Callable[[], World]
KINDS = ("read", "write", "statement", "committed", "send", "sent", "signature")
"""The calls to ports that can fail."""


@dataclass(frozen=True, kw_only=True)
class Papers:
    """The same papers for every life. world: in which they were drawn up. form: its number and bytes."""

    world: World
    form: tuple[str, bytes]
    spoiled: bytes

    @classmethod
    def of(cls, world: World) -> Papers:
        form, other = world.form(), world.form()[1]
        return cls(world=world, form=form, spoiled=other.replace(b"<c:DocumentId>", b"<c:DocumentId>x", 1))


@dataclass(frozen=True, kw_only=True)
class Lived:
    """What came of a life with a fault in it, and of the next one that brought it to its end.

    facts: what is so in the end. answers: how many different ones the sender was given. died: whether the process died
    of the fault. ends: exit codes with which the store would have ended it. counts: of the first life's calls to the
    disk.
    """

    facts: dict[str, Any]
    flaws: list[Flaw]
    answers: int
    died: bool
    ends: list[int]
    counts: Tally[str]

    def is_like(self, undisturbed: dict[str, Any]) -> bool:
        """Whether nothing is wrong and everything as if nothing had failed."""
        return self.facts == undisturbed and not self.flaws and self.answers == 1


def lived(new_world: NewWorld, papers: Papers, plan: Plan) -> Lived:
    """A life in which a call to a port fails, and the next one."""
    world = _prepared(new_world, papers)
    running = world.start(**plan.wraps())
    died = _lives(world, running, papers)
    running.gateway.store.close()
    return _ended(world, papers, died=died, ends=[], counts=Tally())


def lived_on(new_world: NewWorld, papers: Papers, disk: Disk) -> Lived:
    """A life on a disk, and the next one on a sound disk."""
    world = _prepared(new_world, papers)
    with on(world, disk) as (running, ends):
        died = _lives(world, running, papers)
        counts = disk.counts.copy()  # without the calls that close the file, which are nobody's business any more
    return _ended(world, papers, died=died, ends=ends, counts=counts)


def _prepared(new_world: NewWorld, papers: Papers) -> World:
    world = new_world()
    world.clock.at = papers.world.clock.at
    world.refuses("inspectorate")
    return world


def _lives(world: World, running: Running, papers: Papers) -> bool:
    """Live until the end, or until the process dies; whether it did."""
    try:
        live(world, running, papers)
    except Crash:
        return True
    return False


def _ended(world: World, papers: Papers, *, died: bool, ends: list[int], counts: Tally[str]) -> Lived:
    world.clock.step(61)
    running = world.start()
    live(world, running, papers)
    flaws, facts = running.audit(), world.facts(running)
    running.gateway.store.close()
    answers = len(world.answers[papers.form[0]])
    return Lived(facts=facts, flaws=flaws, answers=answers, died=died, ends=ends, counts=counts)


def live(world: World, running: Running, papers: Papers) -> None:
    """The scenario, from wherever it stands: what has been done already is done again without harm."""
    document_id, raw = papers.form

    def reject() -> None:
        told = running.gateway.intake.accept(
            papers.spoiled, sender=running.party("service"), idempotency_key=None, language="en"
        )
        assert not isinstance(told, Accepted)

    def erase() -> None:
        store = running.gateway.store
        taken = store.read(lambda view: view.submission_by_document(document_id))
        assert taken is not None
        with suppress(Conflict):  # what it says when it was erased before
            running.gateway.erasure.erase(taken.id, reason=ErasureReason.RETENTION_ENDED, by="desk")
        assert not store.read(lambda view: view.is_kept(taken.id))

    patiently(lambda: world.hand_in(running, document_id, raw))
    patiently(lambda: world.hand_in(running, document_id, raw))
    patiently(reject)
    patiently(running.dispatch.catch_up)
    for _ in range(8):
        if patiently(lambda: everything_settled(running)):
            patiently(erase)
            return
        patiently(running.work)
        patiently(lambda: world.clients["dossier"].collect(running, running.party("dossier")))
    raise AssertionError("it never came to an end")


def patiently(act: Callable[[], Any]) -> Any:
    """Do it again when it failed, as everybody does who was told to."""
    for _ in range(2):
        with suppress(StoreUnavailable, Broken):
            return act()
    return act()


@dataclass
class Mortal:
    """A store whose process is dead once the engine said that it must end: whoever waited hears nothing."""

    inner: Store
    ends: list[int]

    def read(self, work: Callable[[Reading], T]) -> T:
        return self.inner.read(work)

    def write(self, work: Callable[[Transaction], T]) -> T:
        try:
            result = self.inner.write(work)
        except StoreUnavailable:
            if self.ends:
                raise Crash from None
            raise
        assert not self.ends, "somebody was told something by a process that had to end"
        return result

    def queue(self, work: Callable[[Transaction], T]) -> Pending[T]:
        return Pending.of(self.write(work))

    def close(self) -> None:
        self.inner.close()


@contextmanager
def on(world: World, disk: Disk, **options: Any) -> Iterator[tuple[Running, list[int]]]:
    """The world's gateway on that disk, and the exit codes with which its process would have ended."""
    ends: list[int] = []
    with disk.mounted():
        running = world.start(wrap=lambda store: Mortal(store, ends), on_fatal=ends.append, **options)
        try:
            yield running, ends
        finally:
            disk.fails = lambda kind, file: SQLITE_OK
            running.gateway.store.close()


def failing(kind: str, code: int, at: int) -> Disk:
    """A disk whose `at`-th call of a kind ("write", "truncate", "sync") fails once, with SQLite's `code`."""
    disk = Disk()
    disk.fails = lambda asked, _: code if asked == kind and disk.counts[kind] == at else SQLITE_OK
    return disk
