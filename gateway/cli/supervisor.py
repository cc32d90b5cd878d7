"""Keeps child processes running: starts them, starts again those that die, and ends them together.

It opens no store and reads no form, so that hardly anything can end it. A child says on its stdout, in JSON, that it
is at work or why it cannot be; its stdin is a pipe that ends when this process does, even by SIGKILL, and a child
stops at that end: none is left behind.
"""

from __future__ import annotations

import json
import logging
import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from gateway.errors import ConfigError, GatewayError, StoreUnavailable

log = logging.getLogger("sealpost.serve")

STOP_TIMEOUT_S = 35.0  # longer than one push may take
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 30.0
STEADY_S = 60.0
_MAX_SAID = 64 * 1024
_REFUSALS: dict[int, type[GatewayError]] = {2: ConfigError, 3: StoreUnavailable}  # by exit code (cli/output.py)


@dataclass(kw_only=True)
class Child:
    """One process to be kept running. descriptors: files that it inherits."""

    name: str
    command: Sequence[str]
    descriptors: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = None
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
                child.process = subprocess.Popen(  # noqa: S603 - ourselves
                    child.command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    pass_fds=child.descriptors,
                    start_new_session=True,  # Ctrl-C reaches us alone; we stop the others
                )
                self._selector.register(_stdout(child), selectors.EVENT_READ, child)

    def _listen_to(self, child: Child) -> None:
        words = os.read(_stdout(child), 4096)
        if not words:
            self._bury(child)
        elif not child.at_work and len(child.said) < _MAX_SAID:
            child.said += words
            child.at_work = child.was_at_work = "pid" in _said(child) or child.was_at_work

    def _bury(self, child: Child) -> None:
        """Its stdout has ended, so it is dead or dying: see how, and when to start it again."""
        process = child.process
        if process is None:
            raise AssertionError("only a process that was started has a stdout")
        self._selector.unregister(_stdout(child))
        code = process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
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
        running = [child for child in self._children if child.process is not None]
        for child in running:
            if child.process is not None:
                child.process.terminate()
        deadline = time.monotonic() + STOP_TIMEOUT_S
        for child in running:
            if child.process is not None:
                _wait(child.name, child.process, deadline)


def _wait(name: str, process: subprocess.Popen[bytes], deadline: float) -> None:
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        log.warning("%s, process %d, did not stop in time and was ended", name, process.pid)
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _stdout(child: Child) -> int:
    if child.process is None or child.process.stdout is None:
        raise AssertionError("only a process that was started has a stdout")
    return child.process.stdout.fileno()


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
