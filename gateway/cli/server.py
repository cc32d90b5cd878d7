"""`serve`, `intake` and `work`: the processes of a gateway.

`serve` listens, and keeps running beside it: intake processes that answer HTTP on its socket, and workers that deliver.
All share one store on one machine. `work` is a worker alone; more of them may run wherever the store can be reached.
"""

from __future__ import annotations

import errno
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from gateway.cli.options import AsJson, ConfigFile
from gateway.cli.output import answering, print_json
from gateway.cli.supervisor import Child, Supervisor
from gateway.config import Config, load_config
from gateway.errors import ConfigError

# The engine is imported by the commands that run it: every other command would wait for it (0.7 of 1.5 s).

log = logging.getLogger("sealpost.serve")

FINISH_S = 25  # for requests that run when the gateway stops; the supervisor waits a little longer
PATIENCE_S = 2.0  # with an address in use: the intake processes of a killed `serve` let go of theirs in a moment

WithParent = Annotated[
    bool, typer.Option("--with-parent", help="Stop when stdin ends, as it does when the parent dies.", hidden=True)
]


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
        intakes, workers = _children(settings, config, listening, with_worker=with_worker)

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

        Supervisor([*intakes, *workers], listening=listening).run(on_ready)


def _children(
    settings: Config, config: Path, listening: socket.socket, *, with_worker: bool
) -> tuple[list[Child], list[Child]]:
    """The intake processes and the workers that `serve` keeps running."""
    number = listening.fileno()
    ours = [sys.executable, "-m", "gateway.cli"]
    rest = ["--config", str(config), "--with-parent", "--json"]
    intakes = [
        Child(
            name=f"intake {n + 1}", command=[*ours, "intake", "--listening", str(number), *rest], descriptors=(number,)
        )
        for n in range(settings.processes or len(os.sched_getaffinity(0)))
    ]
    workers = [
        Child(name=f"worker {n + 1}", command=[*ours, "work", *rest])
        for n in range(settings.workers if with_worker else 0)
    ]
    return intakes, workers


def intake(
    config: ConfigFile,
    listening: Annotated[int, typer.Option("--listening", help="Descriptor of the inherited listening socket.")],
    with_parent: WithParent = False,
    as_json: AsJson = False,
) -> None:
    """Answer HTTP on a socket that was inherited; `serve` runs these."""
    import uvicorn

    from gateway.api.app import create_app
    from gateway.api.connections import Connection
    from gateway.assembly import build

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            _say_at_work(gateway.config, as_json=as_json)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            app.state.waiting.end()  # who waits for a mailbox would hold up the end
            await super().shutdown(sockets)

    _log_to_stderr()
    with answering(as_json=as_json):
        gateway = build(load_config(config))
        Connection.head_timeout_s = gateway.config.request_timeout_s
        app = create_app(gateway)
        server = Server(
            uvicorn.Config(
                app,
                http=Connection,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=FINISH_S,
            )
        )

        def stop() -> None:
            server.should_exit = True

        if with_parent:
            threading.Thread(target=_at_end_of_stdin, args=(stop,), daemon=True).start()
        # uvicorn stops at a signal, then raises it again for us: that must not look like a failure.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _nothing_left_to_do)
        server.run(sockets=[socket.socket(fileno=listening)])
        gateway.store.close()


def work(
    config: ConfigFile,
    with_parent: WithParent = False,
    as_json: AsJson = False,
) -> None:
    """Run a worker alone.

    It delivers what is due until it is stopped; several may run.
    """
    from gateway import worker
    from gateway.assembly import build

    _log_to_stderr()
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    if with_parent:
        threading.Thread(target=_at_end_of_stdin, args=(stop.set,), daemon=True).start()
    with answering(as_json=as_json):
        gateway = build(load_config(config))
        _say_at_work(gateway.config, as_json=as_json)
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
            return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
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
