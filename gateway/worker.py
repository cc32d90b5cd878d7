"""The worker process: deliver what is due, watch over what is not delivered, again and again, and stop cleanly."""

from __future__ import annotations

import logging
import threading
import time

from gateway.assembly import Gateway, dispatching
from gateway.errors import StoreUnavailable

log = logging.getLogger("sealpost.worker")


def run(gateway: Gateway, stop: threading.Event) -> None:
    """Deliver until `stop` is set; tries under way are finished first.

    A store that is busy is waited for; anything else ends the worker, whose leases then run out by themselves.
    """
    log.info("worker started")
    caught_up, next_look = False, time.monotonic()
    with dispatching(gateway) as dispatch:
        while not stop.is_set():
            try:
                if not caught_up:
                    dispatch.catch_up()
                    caught_up = True
                if time.monotonic() >= next_look:
                    next_look = time.monotonic() + gateway.config.watch_every_s
                    gateway.watch.look()
                tried = dispatch.deliver_due()
            except StoreUnavailable as error:
                log.warning("store: %s", error.code)
                tried = 0
            if not tried:
                stop.wait(gateway.config.poll_s)
    log.info("worker stopped")
