"""The worker process: deliver what is due, watch over what is not delivered, keep the journal, again and again, and
stop cleanly.

The journal and asking after certificates have threads of their own: time authorities, witnesses and issuers may be
slow, and no delivery waits for them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gateway.assembly import Gateway, dispatching
from gateway.errors import StoreUnavailable
from signing import KeyUnavailable, TimestampUnavailable

log = logging.getLogger("sealpost.worker")

ASK_AGAIN_S = 30.0  # a witness or an authority that did not answer


def run(gateway: Gateway, stop: threading.Event) -> None:
    """Deliver until `stop` is set; tries under way are finished first.

    A store that is busy and a key that is not there are waited for; anything else ends the worker, whose leases then
    run out by themselves.
    """
    log.info("worker started")
    caught_up, next_look = False, time.monotonic()
    with _beside(gateway, _keep_journal), _beside(gateway, _ask_again), dispatching(gateway) as dispatch:
        while not stop.is_set():
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
        gateway.journal.close()


def _ask_again(gateway: Gateway, done: threading.Event) -> None:
    """Ask about certificates about which nobody answered when they were used."""
    while not done.wait(gateway.config.watch_every_s):
        try:
            gateway.inquiries.ask_due()
        except StoreUnavailable as error:
            log.warning("store: %s", error.code)


def _keep_journal(gateway: Gateway, done: threading.Event) -> None:
    """Close batches, and have them stamped and cosigned."""
    journal = gateway.journal
    stamp_at = cosign_at = time.monotonic()
    while not done.wait(gateway.config.journal_every_s):
        try:
            journal.batches.close_due()
            if time.monotonic() >= cosign_at and not journal.witnessing.cosign_due():
                cosign_at = time.monotonic() + ASK_AGAIN_S
            if time.monotonic() >= stamp_at:
                journal.batches.stamp_due()
        except StoreUnavailable as error:
            log.warning("store: %s", error.code)
        except TimestampUnavailable as error:
            log.warning("journal: %s", error.detail)
            stamp_at = time.monotonic() + error.retry_after_s
        except Exception:  # a damaged journal is for the audit to name: nobody waits longer for a form because of it
            log.exception("journal: what waits is tried again")
            done.wait(ASK_AGAIN_S)
