"""The demonstration's real processes: start them on free loopback ports, wait until they answer, stop them cleanly."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gateway.client import Client, ClientError

LOOPBACK = "127.0.0.1"
START_TIMEOUT_S = STOP_TIMEOUT_S = 60.0  # of a machine that has much else to do; who ends is noticed at once
_PAUSE_S = 0.05
_STOPPING = (signal.SIGINT, signal.SIGTERM)


class ProcessFailed(Exception):
    """A process of the demonstration did not come up, or is gone."""


@dataclass(frozen=True, kw_only=True)
class Process:
    """One running process, whose words go to a log file."""

    name: str
    log: Path
    handle: subprocess.Popen[bytes]

    def wait_until_up(self, url: str, *, timeout_s: float = START_TIMEOUT_S) -> None:
        """Return when `url`/health answers. Raises ProcessFailed."""
        deadline = time.monotonic() + timeout_s
        with Client(url, timeout_s=1.0) as client:
            while time.monotonic() < deadline:
                if self.handle.poll() is not None:
                    raise ProcessFailed(f"{self.name} ended with {self.handle.returncode}; see {self.log}")
                try:
                    client.health()
                except ClientError:
                    time.sleep(_PAUSE_S)
                else:
                    return
        raise ProcessFailed(f"{self.name} did not answer within {timeout_s:.0f} s; see {self.log}")


@dataclass(kw_only=True)
class Processes:
    """All processes of one demonstration. Leaving the `with` block stops them, last started first."""

    logs: Path
    running: list[Process] = field(default_factory=list)

    def __enter__(self) -> Processes:
        self.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self

    def __exit__(self, *failure: object) -> None:
        with _undisturbed():
            for process in reversed(self.running):
                process.handle.terminate()
            while self.running:
                self.stop(self.running[-1])

    def stop(self, process: Process) -> None:
        """Stop one process and wait until it is gone."""
        process.handle.terminate()
        try:
            process.handle.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.handle.kill()
            process.handle.wait()
        self.running.remove(process)

    def start(self, name: str, module: str, arguments: Sequence[str]) -> Process:
        """Run `python -m module arguments`; its output goes to `<logs>/<name>.log`."""
        log = self.logs / f"{name}.log"
        with log.open("ab") as output, _undisturbed():
            handle = subprocess.Popen(  # noqa: S603 - our own module, our own arguments
                [sys.executable, "-m", module, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
                start_new_session=True,  # Ctrl-C reaches us alone; we stop the others in order
            )
            process = Process(name=name, log=log, handle=handle)
            self.running.append(process)
        return process

    def check(self) -> None:
        """Raises ProcessFailed when one of them is gone."""
        for process in self.running:
            if process.handle.poll() is not None:
                raise ProcessFailed(f"{process.name} ended with {process.handle.returncode}; see {process.log}")


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold Ctrl-C and SIGTERM back until the end: no process may start unnoticed or be left behind."""
    held: list[int] = []
    previous = {number: signal.signal(number, lambda caught, _: held.append(caught)) for number in _STOPPING}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    for caught in held:
        signal.raise_signal(caught)


def free_ports(count: int) -> list[int]:
    """Free ports on loopback, which nobody else is given as long as this process lives.

    Until a server listens there, and whenever it does not, they answer nobody. A server may listen that is willing to
    use an address again (SO_REUSEADDR), as servers are.
    """
    ports = []
    for _ in range(count):
        holder = socket.socket()
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((LOOPBACK, 0))
        ports.append(int(holder.getsockname()[1]))
        holder.detach()  # nobody closes it
    return ports
