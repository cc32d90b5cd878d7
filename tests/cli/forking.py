"""Processes of the command line without their start: forked from one that has loaded everything and done nothing.

A command costs half a second or more before it does anything, which the tests would pay hundreds of times. What a
command loads by itself is the matter of test_commands.py, and the tutorial runs it as it is installed.
"""

from __future__ import annotations

import atexit
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120


def run_forked(arguments: Sequence[str], *, environment: Mapping[str, str], files: Sequence[int]) -> int:
    """Run `sealpost arguments` in a process of its own; its exit code. files: its stdin, stdout and stderr."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(PATIENCE_S)
        asking.connect(_address())
        socket.send_fds(asking, [b"!"], list(files))
        asking.sendall(json.dumps([list(arguments), dict(environment)]).encode())
        asking.shutdown(socket.SHUT_WR)
        return int(asking.makefile().read())


@cache
def _address() -> str:
    folder = tempfile.TemporaryDirectory()
    address = f"{folder.name}/commands"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen(64)
        loaded = subprocess.Popen(
            [sys.executable, "-m", __name__, str(listening.fileno())],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            pass_fds=[listening.fileno()],
        )

    def end() -> None:
        assert loaded.stdin is not None
        loaded.stdin.close()
        loaded.wait()
        folder.cleanup()

    atexit.register(end)
    return address


def _serve(listening: socket.socket) -> None:
    """Until stdin ends, as it does when the tests are over."""
    import gateway.cli
    import signing

    for each in pkgutil.iter_modules(gateway.cli.__path__, "gateway.cli."):
        if not each.name.endswith("__main__"):
            import_module(each.name)
    for name in ("gateway.client", "gateway.forms.catalogue", "gateway.rendition", "gateway.examination"):
        import_module(name)
    for name in signing.__all__:
        getattr(signing, name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait for a command
    while listening in select.select([listening, sys.stdin], [], [])[0]:
        asked, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            _answer(asked)
        asked.close()


def _answer(asked: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, files, _, _ = socket.recv_fds(asked, 1, 3)
    arguments, environment = json.loads(asked.makefile().read())
    pid = os.fork()
    if pid == 0:
        asked.close()
        _run(arguments, environment, files)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    asked.sendall(str(code).encode())
    os._exit(0)


def _run(arguments: list[str], environment: dict[str, str], files: list[int]) -> None:
    for number, file in enumerate(files):
        os.dup2(file, number)
    os.closerange(3, max(files) + 1)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115 - for as long as the process lives
        for number, mode in enumerate("rww")
    )
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.argv = ["sealpost", *arguments]
    code: object = 0
    try:
        from gateway.cli import main

        main()
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - whatever ends it is told, as Python tells it
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]  # as Python does at its end
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
