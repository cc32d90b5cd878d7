"""The worker process: deliver what is due, watch over what is not delivered, keep the journal, again and again, and
stop cleanly.

The journal, asking after certificates and telling recipients have threads of their own: time authorities, witnesses,
issuers and doors may be slow, and no delivery waits for them. Nor does a recipient at one door for those at others.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

from gateway.assembly import Gateway, dispatching
from gateway.errors import StoreUnavailable
from gateway.slots import Slots
from signing import KeyUnavailable, TimestampUnavailable

log = logging.getLogger("sealpost.worker")

GATHER_S = 0.02  # between two looks for what is due, so that one finds several: each is a transaction
NOTICES_S = 1.0  # how often it is looked whether somebody is to be told
RINGERS, AT_DOORS = 8, 64  # who rings at once; who may wait at a door beside them, each with the store open
ASK_AGAIN_S = 30.0  # a witness or an authority that did not answer


class Stop:
    """Tells a worker to stop; and that it may have something to do, where it waits for that."""

    def __init__(self) -> None:
        self._woken = threading.Event()
        self._is_set = False

    def is_set(self) -> bool:
        """Whether it is to stop."""
        return self._is_set

    def set(self) -> None:
        """Let it stop."""
        self._is_set = True
        self._woken.set()

    def wake(self) -> None:
        """Let it look what there is to do."""
        self._woken.set()

    def looking(self) -> None:
        """It looks now: it need not be woken for what was there before."""
        self._woken.clear()

    def wait(self, seconds: float) -> None:
        """Return once it is woken or to stop, or after so many seconds."""
        if not self._is_set:
            self._woken.wait(seconds)


def run(gateway: Gateway, stop: Stop) -> None:
    """Deliver until `stop` is set; tries under way are finished first.

    What is due is looked for whenever a try has ended, since there is room for another then, and again and again.

    A store that is busy and a key that is not there are waited for; anything else ends the worker, whose leases then
    run out by themselves.
    """
    log.info("worker started")
    caught_up, next_look = False, time.monotonic()
    with (
        closing(gateway.notifying.bell),
        _beside(gateway, _keep_journal),
        _beside(gateway, _ask_again),
        _beside(gateway, _give_notices),
        dispatching(gateway, stop.wake) as dispatch,
    ):
        while not stop.is_set():
            stop.looking()
            try:
                if not caught_up:
                    gateway.publication.publish()
                    if gateway.hosting is not None:
                        gateway.hosting.rewrap()
                    dispatch.catch_up()
                    caught_up = True
                if time.monotonic() >= next_look:
                    next_look = time.monotonic() + gateway.config.watch_every_s
                    gateway.troubles.look()
                    gateway.watch.look()
                tried = dispatch.deliver_due()
            except (StoreUnavailable, KeyUnavailable) as error:
                log.warning("for now: %s", error.code)
                tried = 0
            if not tried:
                stop.wait(gateway.config.poll_s)
            time.sleep(GATHER_S)
    log.info("worker stopped")


@contextmanager
def _beside(gateway: Gateway, work: Callable[[Gateway, threading.Event], None]) -> Iterator[None]:
    """Do `work` in a thread of its own for as long as the context lasts."""
    done = threading.Event()
    beside = threading.Thread(target=work, args=(gateway, done), name=work.__name__, daemon=True)
    beside.start()
    try:
        yield
    finally:
        done.set()
        beside.join()


def _ask_again(gateway: Gateway, done: threading.Event) -> None:
    """Ask about certificates about which nobody answered when they were used."""
    _again_and_again("certificates", done, gateway.config.watch_every_s, lambda: gateway.inquiries.ask_due(done.is_set))


def _give_notices(gateway: Gateway, done: threading.Event) -> None:
    """Tell recipients what waits for them, as the watch finds it."""
    slots = Slots(RINGERS, waiting=AT_DOORS)

    def ring() -> None:
        try:
            gateway.notifying.give_wanted(done.is_set, slots.asking)
        except (StoreUnavailable, KeyUnavailable) as error:
            log.warning("notices: %s", error.code)
        except Exception:
            log.exception("notices: who was to be told is told later")
        finally:
            slots.give_back()

    with ThreadPoolExecutor(slots.threads, thread_name_prefix="bell") as ringers:
        while not done.wait(NOTICES_S):
            for _ in range(slots.take(RINGERS)):
                ringers.submit(ring)


def _keep_journal(gateway: Gateway, done: threading.Event) -> None:
    """Close batches, and have them stamped and cosigned."""
    journal = gateway.journal
    stamp_at = cosign_at = time.monotonic()

    def keep() -> None:
        nonlocal stamp_at, cosign_at
        journal.batches.close_due()
        if time.monotonic() >= cosign_at and not journal.witnessing.cosign_due():
            cosign_at = time.monotonic() + ASK_AGAIN_S
        if time.monotonic() >= stamp_at:
            try:
                journal.batches.stamp_due()
            except TimestampUnavailable as error:
                log.warning("journal: %s", error.detail)
                stamp_at = time.monotonic() + error.retry_after_s

    _again_and_again("journal", done, gateway.config.journal_every_s, keep)
    journal.close()


def _again_and_again(what: str, done: threading.Event, every_s: float, work: Callable[[], object]) -> None:
    """Do `work` every so often until `done` is set. Nobody would do it in place of this thread, so nothing ends it: a
    damaged journal, for one, is for the audit to name, and nobody waits longer for a form because of it.
    """
    while not done.wait(every_s):
        try:
            work()
        except StoreUnavailable as error:
            log.warning("%s: %s", what, error.code)
        except Exception:
            log.exception("%s: what waits is tried again", what)
            done.wait(ASK_AGAIN_S)
