"""`serve` and `work`: the processes of a gateway.

`serve` listens, and keeps running beside it: intake processes that answer HTTP on its socket, and workers that deliver.
All share one store on one machine. `work` is a worker alone; more of them may run wherever the store can be reached.
"""

from __future__ import annotations

import errno
import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import AsJson, ConfigFile
from gateway.cli.output import answering, print_json
from gateway.cli.supervisor import Child, Supervisor
from gateway.config import Config, load_config
from gateway.errors import ConfigError

if TYPE_CHECKING:
    from gateway.api.accepting import Share
    from gateway.forms.catalogue import Catalogue
    from gateway.stores.clock import StoreClock

# The engine is imported by the commands that run it: every other command would wait for it (0.7 of 1.5 s).

log = logging.getLogger("sealpost.serve")

# How long a thread keeps the interpreter while others wait for it (Python's own is 5 ms). The loop needs it five times
# for each request and the writer once for each statement of a commit: among threads that judge each would wait so long.
SWITCH_S = 0.0005
PATIENCE_S = 2.0  # with an address in use: the intake processes of a killed `serve` let go of theirs in a moment

BACKLOG = 2048  # connections that wait to be accepted
MOST_WORKERS = 2  # unless said otherwise: a third of a delivery is writing to the store, which one does at a time
INTAKE, WORKER = "sealpost-intake", "sealpost-worker"  # how the processes are shown


def serve(
    config: ConfigFile,
    with_worker: Annotated[bool, typer.Option("--worker/--no-worker", help="Keep workers running too.")] = True,
    as_json: AsJson = False,
) -> None:
    """Run the gateway.

    Intake processes answer HTTP and workers deliver; those that die are started again.
    """
    _log_to_stderr()
    with answering(as_json=as_json):
        settings = load_config(config)
        listening = _listen(settings.host, settings.port)
        intakes, workers = _children(settings, listening, with_worker=with_worker)

        def on_ready() -> None:
            host, port = listening.getsockname()[:2]
            url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
            log.info("at %s: %d intake processes, %d workers", url, len(intakes), len(workers))
            if as_json:
                print_json(
                    {
                        "url": url,
                        "worker": bool(workers),
                        "store": str(settings.store_path),
                        "pid": os.getpid(),
                        "intakes": [child.pid for child in intakes],
                        "workers": [child.pid for child in workers],
                    }
                )
                sys.stdout.flush()

        with closing(_clock(settings)):
            Supervisor([*intakes, *workers], listening=listening).run(on_ready)


def _clock(settings: Config) -> StoreClock:
    """The clock of the store, held for as long as `serve` runs: should all its processes die at once, those that follow
    go by it too, whatever the machine's clock was set to meanwhile."""
    from gateway.stores.clock import StoreClock

    settings.store_path.parent.mkdir(parents=True, exist_ok=True)
    return StoreClock(settings.store_path)


def _children(settings: Config, listening: socket.socket, *, with_worker: bool) -> tuple[list[Child], list[Child]]:
    """The intake processes and the workers that `serve` keeps running.

    All that they have in common is imported and compiled here, before they are forked.
    """
    from gateway import worker  # noqa: F401
    from gateway.api.accepting import Shares
    from gateway.api.server import Server  # noqa: F401
    from gateway.forms.catalogue import Catalogue

    catalogue = Catalogue.load(settings.schemas, code_lists=settings.code_lists)
    gc.freeze()  # no child looks through all of this for garbage
    cores = len(os.sched_getaffinity(0))
    processes = settings.processes or cores
    shares = Shares(processes)
    intakes = [
        Child(
            name=INTAKE,
            run=partial(_answer, settings, catalogue, listening, shares.of(number)),
            keep=(listening.fileno(),),
        )
        for number in range(processes)
    ]
    workers = [
        Child(name=WORKER, run=partial(_deliver, settings, catalogue))
        for _ in range((settings.workers or min(cores, MOST_WORKERS)) if with_worker else 0)
    ]
    return intakes, workers


def _answer(settings: Config, catalogue: Catalogue, listening: socket.socket, share: Share) -> None:
    """An intake process."""
    from gateway.api.server import Server
    from gateway.assembly import build

    sys.setswitchinterval(SWITCH_S)
    with answering(as_json=True):
        gateway = build(settings, catalogue=catalogue)
        server = Server(
            gateway, listening=listening, share=share, on_ready=partial(_say_at_work, settings, as_json=True)
        )

        def stop() -> None:
            server.should_exit = True

        threading.Thread(target=_at_end_of_stdin, args=(stop,), daemon=True).start()
        # uvicorn stops at a signal, then raises it again for us: that must not look like a failure.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _nothing_left_to_do)
        server.run()
        gateway.store.close()


def work(config: ConfigFile, as_json: AsJson = False) -> None:
    """Run a worker alone.

    It delivers what is due until it is stopped; several may run.
    """
    _log_to_stderr()
    with answering(as_json=as_json):
        _work(load_config(config), as_json=as_json)


def _deliver(settings: Config, catalogue: Catalogue) -> None:
    """A worker of `serve`."""
    with answering(as_json=True):
        _work(settings, catalogue, as_json=True, with_parent=True)


def _work(settings: Config, catalogue: Catalogue | None = None, *, as_json: bool, with_parent: bool = False) -> None:
    from gateway import worker
    from gateway.assembly import build

    sys.setswitchinterval(SWITCH_S)
    stop = worker.Stop()

    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    if with_parent:
        threading.Thread(target=_at_end_of_stdin, args=(stop.set,), daemon=True).start()
    gateway = build(settings, catalogue=catalogue)
    _say_at_work(settings, as_json=as_json)
    worker.run(gateway, stop)
    gateway.store.close()


def _say_at_work(settings: Config, *, as_json: bool) -> None:
    """Tell who started this process.

    Who is gone by now is not told, and the end of stdin ends this process in order: to fail here would break off what
    is being answered already.
    """
    if not as_json:
        return
    try:
        print_json({"pid": os.getpid(), "store": str(settings.store_path)})
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python tries again when it ends


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket, before anything else starts. Raises ConfigError naming the keys."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            return socket.create_server((host, port), family=family, backlog=BACKLOG)
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE and time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            reason = (exc.strerror or "").partition(" (")[0]  # Python adds the address, which stands there already
            detail = f"server.host and server.port: {host}:{port}: {reason}; stop what listens there or change the keys"
            raise ConfigError("address-unusable", detail) from exc


def _nothing_left_to_do(number: int, frame: FrameType | None) -> None:
    pass


def _at_end_of_stdin(stop: Callable[[], None]) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    stop()


def _log_to_stderr() -> None:
    form = "%(asctime)s %(process)d %(levelname)s %(name)s %(message)s"
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format=form)
