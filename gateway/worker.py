"""The worker process: deliver what is due, watch over what is not delivered, keep the journal, again and again, and
stop cleanly.

The journal has a thread of its own: time authorities and witnesses may be slow, and no delivery waits for them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
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
    with _journal_kept(gateway), dispatching(gateway) as dispatch:
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
                    gateway.watch.look()
                tried = dispatch.deliver_due()
            except (StoreUnavailable, KeyUnavailable) as error:
                log.warning("for now: %s", error.code)
                tried = 0
            if not tried:
                stop.wait(gateway.config.poll_s)
    log.info("worker stopped")


@contextmanager
def _journal_kept(gateway: Gateway) -> Iterator[None]:
    """Close batches, and have them stamped and cosigned, for as long as the context lasts."""
    done = threading.Event()
    keeper = threading.Thread(target=_keep_journal, args=(gateway, done), name="journal", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
        gateway.journal.close()


def _keep_journal(gateway: Gateway, done: threading.Event) -> None:
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
