"""`intake`: submissions accepted a second through HTTP, against a bare FastAPI endpoint that only stores the bytes.

Accepted means all of it: parsed, valid, all rules, signature verified, routed, three copies sealed, acceptance signed,
durable. The load generator runs in this process on the same machine; both servers get the same load.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import uvicorn
from fastapi import FastAPI, Request

from benchmarks.result import Result, compared
from gateway.api.app import create_app
from gateway.assembly import build
from gateway.config import load_config
from gateway.demo.papers import draw_up
from gateway.demo.pki import DemoFolder, create_demo_folder
from gateway.demo.register import register_cast
from gateway.stores.engine import sqlite
from signing import load_identity, sign_xml

KIND, SIGNER, SENDER = "be/health-assessment", "doctor", "service"
FORMS = 600
CLIENTS = 16


def run() -> list[Result]:
    """Measure both servers with the same forms."""
    with tempfile.TemporaryDirectory() as place:
        folder = create_demo_folder(Path(place), at=datetime.now(UTC) - timedelta(days=1), port=0)
        gateway = build(load_config(folder.config))
        tokens = register_cast(gateway, folder)
        gateway.store.close()
        forms = _forms(folder)
        with _server(_serve_gateway, folder.config) as url:
            accepted = asyncio.run(_load(f"{url}/v1/submissions", forms, tokens[SENDER]))
        with _server(_serve_bare, Path(place) / "bare.sqlite3") as url:
            stored = asyncio.run(_load(f"{url}/", forms, "none"))
    against = "a bare FastAPI endpoint that only stores the bytes"
    return [compared("intake", accepted, "submissions/s", against=against, floor=stored)]


def _forms(folder: DemoFolder) -> list[bytes]:
    """Signed assessments that differ in their DocumentId."""
    identity = load_identity(folder.signing(SIGNER))
    now = datetime.now(UTC)
    cases = ({"f:Header/c:CaseReference": f"BENCH-{number}"} for number in range(FORMS))  # as many cases as forms
    return [sign_xml(draw_up(KIND, now=now, fill=case).raw, identity=identity, at=now) for case in cases]


async def _load(url: str, forms: Sequence[bytes], token: str) -> float:
    """Hand in all forms by CLIENTS clients at once; accepted a second."""
    waiting = iter(forms)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/xml"}

    async def client(session: aiohttp.ClientSession) -> None:
        for form in waiting:
            async with session.post(url, data=form, headers=headers) as response:
                body = await response.read()
                if response.status != 201:
                    raise RuntimeError(f"{response.status}: {body[:500]!r}")

    async with aiohttp.ClientSession() as session:
        started = time.perf_counter()
        await asyncio.gather(*(client(session) for _ in range(CLIENTS)))
        return len(forms) / (time.perf_counter() - started)


@contextmanager
def _server(serve: Callable[[Path, int], None], path: Path) -> Iterator[str]:
    """A server process on a free port, ready to answer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(path, port), daemon=True)
    process.start()
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.join()


def _serve_gateway(config: Path, port: int) -> None:
    uvicorn.run(create_app(build(load_config(config))), port=port, log_level="error")


def _serve_bare(path: Path, port: int) -> None:
    connection = sqlite.connect(str(path), isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE body (raw BLOB)")
    app = FastAPI()

    @app.post("/", status_code=201)
    async def store(request: Request) -> dict[str, str]:
        connection.execute("INSERT INTO body VALUES (?)", (await request.body(),))
        return {"state": "stored"}

    uvicorn.run(app, port=port, log_level="error")
