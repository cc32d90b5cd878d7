"""Processes by fork: what was imported and compiled once is there in each of them from its beginning.

Forking copies memory as it is, with nothing in it but the thread that forks. So it is done only while there is no
other thread in this process, of Python or of a library: then no lock can be held by somebody who is not there any more.
Nor may there be an open store (SQLite's locks and handles are of one process) or a key in a token (PKCS #11 sessions
are, too); whoever forks opens none. Random numbers come from the kernel, or of generators that start anew in each
process: OpenSSL's, that of `random`, and that of the identifiers.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import NoReturn

import typer

_TASKS, _OPEN, _NAME = "/proc/self/task", "/proc/self/fd", "/proc/self/comm"
_STOPPING = (signal.SIGTERM, signal.SIGINT)
_FAILED = 1


@dataclass(kw_only=True)
class Forked:
    """A process that was forked. said: descriptor of what it writes to its stdout; its stdin ends with `ends`."""

    pid: int
    said: int
    ends: int
    code: int | None = None

    def poll(self) -> int | None:
        """How it ended: its exit code, or the signal below zero; None while it runs."""
        return self._reap(os.WNOHANG)

    def wait(self) -> int:
        """The same, once it has ended."""
        code = self._reap(0)
        if code is None:
            raise AssertionError("a process that was waited for has ended")
        return code

    def send(self, number: signal.Signals) -> None:
        """Send it a signal; it may have ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def close(self) -> None:
        """Close what is held of it."""
        os.close(self.said)
        os.close(self.ends)

    def _reap(self, options: int) -> int | None:
        if self.code is None:
            pid, status = os.waitpid(self.pid, options)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code


def fork(run: Callable[[], None], *, name: str, keep: Collection[int] = ()) -> Forked:
    """Run `run` in a process of its own that is shown as `name` (15 bytes), in a session of its own.

    Its stdin ends when this process does; what it writes to stdout comes here, stderr is shared. Of other files it has
    those of the descriptors in `keep`. It ends with 0, with the code of a typer.Exit, or with 1 for what it raised.
    Raises OSError when there is no room for another process.
    """
    if len(os.listdir(_TASKS)) != 1:
        raise AssertionError("a process with several threads is not forked")
    sys.stdout.flush()  # else what is written but not yet gone would go twice
    sys.stderr.flush()
    stdin, ends = os.pipe()
    said, stdout = os.pipe()
    # A signal that came between would be noted by the child, where its parent looks.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
    try:
        pid = os.fork()
        if pid == 0:
            _be(run, name=name, stdin=stdin, stdout=stdout, keep=keep)
    except OSError:  # no room for another process now
        for each in (ends, said):
            os.close(each)
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(stdin)
        os.close(stdout)
    return Forked(pid=pid, said=said, ends=ends)


def _be(run: Callable[[], None], *, name: str, stdin: int, stdout: int, keep: Collection[int]) -> NoReturn:
    """The child, from its first moment to its last; nothing of the parent's goes on in it."""
    code = _FAILED
    try:
        os.setsid()  # Ctrl-C reaches the parent alone; it stops the others
        os.dup2(stdin, 0)
        os.dup2(stdout, 1)
        for number in map(int, os.listdir(_OPEN)):
            if number > sys.stderr.fileno() and number not in keep:
                with contextlib.suppress(OSError):  # that of the list itself is gone
                    os.close(number)
        signal.set_wakeup_fd(-1)
        for each in _STOPPING:
            signal.signal(each, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
        with open(_NAME, "wb") as shown:
            shown.write(name.encode())
        run()
        code = 0
    except typer.Exit as end:
        code = end.exit_code
    except BaseException:  # noqa: BLE001 -- as the interpreter does for a program that it runs
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError):  # whoever listened may be gone
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
