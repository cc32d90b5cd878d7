"""`serve` and `work`: the processes of a gateway.

`serve` answers HTTP and keeps one worker running beside it, a process of its own that is started again when it dies.
`work` is that worker; more of them may run, on this machine or another that reaches the same store.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from gateway.cli.options import AsJson
from gateway.cli.output import answering, print_json
from gateway.errors import ConfigError

# The engine is imported by the commands that run it: every other command would wait for it (0.7 of 1.5 s).

log = logging.getLogger("sealpost.serve")

STOP_TIMEOUT_S = 35.0  # longer than one push may take
LONGEST_PAUSE_S = 30.0
STEADY_S = 60.0

ConfigFile = Annotated[Path, typer.Option("--config", help="Configuration, TOML.", exists=True, dir_okay=False)]


def serve(
    config: ConfigFile,
    with_worker: Annotated[bool, typer.Option("--worker/--no-worker", help="Keep a worker running too.")] = True,
    as_json: AsJson = False,
) -> None:
    """Run the gateway.

    The API, and beside it a worker that delivers and is started again when it dies.
    """
    import uvicorn

    from gateway.api.app import create_app
    from gateway.assembly import build
    from gateway.config import load_config

    _log_to_stderr()
    with answering(as_json=as_json):
        gateway = build(load_config(config))
        listening = _listen(gateway.config.host, gateway.config.port)
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(gateway),
                log_config=None,
                access_log=False,
                server_header=False,
            )
        )
        if as_json:
            host, port = listening.getsockname()[:2]
            print_json({"url": f"http://{host}:{port}", "worker": with_worker, "store": str(gateway.config.store_path)})
        # uvicorn stops at a signal, then raises it again for us: that must not end the process before the worker's end.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _nothing_left_to_do)
        if with_worker:
            with _supervised([sys.executable, "-m", "gateway.cli", "work", "--config", str(config), "--with-parent"]):
                server.run(sockets=[listening])
        else:
            server.run(sockets=[listening])


def work(
    config: ConfigFile,
    with_parent: Annotated[
        bool, typer.Option("--with-parent", help="Stop when stdin ends, as it does when the parent dies.", hidden=True)
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run a worker alone.

    It delivers what is due until it is stopped; several may run.
    """
    from gateway import worker
    from gateway.assembly import build
    from gateway.config import load_config

    _log_to_stderr()
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    if with_parent:
        threading.Thread(target=_stop_at_end_of_stdin, args=(stop,), daemon=True).start()
    with answering(as_json=as_json):
        gateway = build(load_config(config))
        if as_json:
            print_json({"pid": os.getpid(), "store": str(gateway.config.store_path)})
        worker.run(gateway, stop)


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket, before anything else starts. Raises ConfigError naming the keys."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as exc:
        reason = (exc.strerror or "").partition(" (")[0]  # Python adds the address, which stands there already
        detail = f"server.host and server.port: {host}:{port}: {reason}; stop what listens there or change the keys"
        raise ConfigError("address-unusable", detail) from exc


@contextmanager
def _supervised(command: list[str]) -> Iterator[None]:
    """Keep `command` running for as long as the context lasts.

    It gets a pipe as stdin that ends when this process does, even by SIGKILL: no worker is left behind.
    """
    stop = threading.Event()
    supervisor = threading.Thread(target=_supervise, args=(command, stop), name="supervisor")
    supervisor.start()
    try:
        yield
    finally:
        stop.set()
        supervisor.join()


def _supervise(command: list[str], stop: threading.Event) -> None:
    pause_s = 1.0
    while not stop.is_set():
        started = time.monotonic()
        child = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 - ourselves
        while child.poll() is None and not stop.wait(0.2):
            pass
        if child.poll() is None:
            _end(child)
            return
        if time.monotonic() - started > STEADY_S:
            pause_s = 1.0
        log.warning("the worker ended with %s; started again in %.0f s", child.returncode, pause_s)
        stop.wait(pause_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        log.warning("the worker did not stop in time and was ended")
        child.kill()
        child.wait()


def _nothing_left_to_do(number: int, frame: FrameType | None) -> None:
    pass


def _stop_at_end_of_stdin(stop: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    stop.set()


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
