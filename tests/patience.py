"""Waiting for what threads, processes and servers do: for the thing itself, never for a time that should be enough."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import httpx2

from gateway.assembly import Gateway, dispatching

PATIENCE_S = 120.0  # no machine is so slow; only what never comes takes so long


def wait_until(so: Callable[[], object], *, every_s: float = 0.01) -> None:
    """Return once it is so."""
    deadline = time.monotonic() + PATIENCE_S
    while not so():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(every_s)


def deliver_until(gateway: Gateway, so: Callable[[], object]) -> None:
    """Let the dispatcher work until something is so."""
    with dispatching(gateway) as dispatch:

        def worked() -> object:
            dispatch.deliver_due()
            return so()

        wait_until(worked)


def http_client(url: str = "", headers: Mapping[str, str] | None = None) -> httpx2.Client:
    """A client of the server at `url` that knows no proxy, and waits longer than the five seconds of the library."""
    return httpx2.Client(base_url=url, headers=headers, trust_env=False, timeout=PATIENCE_S)
