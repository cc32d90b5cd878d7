"""Keeps child processes running: starts them, starts again those that die, and ends them together.

It opens no store and reads no form, so that hardly anything can end it. A child is forked from it and says on its
stdout, in JSON, that it is at work or why it cannot be; its stdin is a pipe that ends when this process does, even by
SIGKILL, and a child stops at that end: none is left behind.
"""

from __future__ import annotations

import json
import logging
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from gateway.cli.forking import Forked, fork
from gateway.errors import ConfigError, GatewayError, StoreUnavailable

log = logging.getLogger("sealpost.serve")

STOP_TIMEOUT_S = 35.0  # longer than one push may take
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 30.0
STEADY_S = 60.0
_MAX_SAID = 64 * 1024
_PAUSE_S = 0.01
_REFUSALS: dict[int, type[GatewayError]] = {2: ConfigError, 3: StoreUnavailable}  # by exit code (cli/output.py)


@dataclass(kw_only=True)
class Child:
    """One process to be kept running, shown as `name`. run: what it does. keep: descriptors that it inherits."""

    name: str
    run: Callable[[], None]
    keep: tuple[int, ...] = ()
    process: Forked | None = None
    said: bytearray = field(default_factory=bytearray)
    at_work: bool = False
    was_at_work: bool = False
    started: float = 0.0
    start_at: float = 0.0
    pause_s: float = FIRST_PAUSE_S

    @property
    def pid(self) -> int | None:
        """Its process, if it has one now."""
        return None if self.process is None else self.process.pid


class Supervisor:
    """Looks after `children`; closes `listening`, which they share, when they are to stop."""

    def __init__(self, children: Sequence[Child], *, listening: socket.socket) -> None:
        self._children = children
        self._listening = listening
        self._selector = selectors.DefaultSelector()

    def run(self, on_ready: Callable[[], None]) -> None:
        """Keep the children running until SIGTERM or SIGINT, then stop them; returns when all are gone.

        on_ready: called once, when all are at work. Raises what a child said that could not begin: ConfigError,
        StoreUnavailable, or GatewayError("process-failed"); the others are stopped before.
        """
        announced = False
        with self._selector, _signals() as signalled:
            self._selector.register(signalled, selectors.EVENT_READ)
            try:
                while True:
                    self._start_who_is_due()
                    for key, _ in self._selector.select(self._until_next_start()):
                        if key.data is None:
                            return
                        self._listen_to(key.data)
                    if not announced and all(child.at_work for child in self._children):
                        announced = True
                        on_ready()
            finally:
                self._stop()

    def _until_next_start(self) -> float | None:
        waiting = [child.start_at for child in self._children if child.process is None]
        return max(0.0, min(waiting) - time.monotonic()) if waiting else None

    def _start_who_is_due(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.process is None and child.start_at <= now:
                child.said.clear()
                child.started = now
                try:
                    child.process = fork(child.run, name=child.name, keep=child.keep)
                except OSError as error:  # no room for it now: the others go on
                    log.warning("%s cannot be started now: %s", child.name, error.strerror)
                    child.start_at = now + LONGEST_PAUSE_S / 10
                    continue
                self._selector.register(child.process.said, selectors.EVENT_READ, child)

    def _listen_to(self, child: Child) -> None:
        process = child.process
        if process is None:
            raise AssertionError("only a process that was started says anything")
        words = os.read(process.said, 4096)
        if not words:
            self._bury(child, process)
        elif not child.at_work and len(child.said) < _MAX_SAID:
            child.said += words
            child.at_work = child.was_at_work = "pid" in _said(child) or child.was_at_work

    def _bury(self, child: Child, process: Forked) -> None:
        """Its stdout has ended, so it is dead or dying: see how, and when to start it again."""
        self._selector.unregister(process.said)
        code = process.wait()
        process.close()
        child.process, child.at_work = None, False
        if not child.was_at_work and code > 0:
            raise _refusal(child, code)
        now = time.monotonic()
        if now - child.started > STEADY_S:
            child.pause_s = FIRST_PAUSE_S
        log.warning(
            "%s, process %d, ended with %d; starts again in %.1f s", child.name, process.pid, code, child.pause_s
        )
        child.start_at = now + child.pause_s
        child.pause_s = min(child.pause_s * 2, LONGEST_PAUSE_S)

    def _stop(self) -> None:
        """Nobody takes new connections; what is running is finished, as far as that is possible in time."""
        self._listening.close()
        running = [(child.name, child.process) for child in self._children if child.process is not None]
        for _, process in running:
            process.send(signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        for name, process in running:
            _wait(name, process, deadline)


def _wait(name: str, process: Forked, deadline: float) -> None:
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(_PAUSE_S)
    if process.code is None:
        log.warning("%s, process %d, did not stop in time and was ended", name, process.pid)
        process.send(signal.SIGKILL)
        process.wait()
    process.close()


def _said(child: Child) -> dict[str, Any]:
    """The JSON object that the child wrote; empty while it is not complete."""
    try:
        said = json.loads(child.said)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _refusal(child: Child, code: int) -> GatewayError:
    problem = _said(child)
    if code in _REFUSALS and "code" in problem:
        return _REFUSALS[code](str(problem["code"]), str(problem.get("detail", "")))
    return GatewayError("process-failed", f"{child.name} ended with {code} before it was at work; see what it logged")


@contextmanager
def _signals() -> Iterator[socket.socket]:
    """A socket that has something to read once SIGTERM or SIGINT has come."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for end in (ours, theirs):
            end.setblocking(False)
        before = {number: signal.signal(number, _only_noted) for number in (signal.SIGTERM, signal.SIGINT)}
        woken = signal.set_wakeup_fd(theirs.fileno())
        try:
            yield ours
        finally:
            signal.set_wakeup_fd(woken)
            for number, handler in before.items():
                signal.signal(number, handler)


def _only_noted(number: int, frame: FrameType | None) -> None:
    pass
