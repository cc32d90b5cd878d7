"""`sealpost serve` as real processes, with everybody of the cast registered."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from gateway.demo.papers import draw_up
from gateway.demo.pki import toml_text
from gateway.demo.stage import Stage, set_stage
from tests.conftest import SIGNERS
from tests.patience import http_client

XML = {"Content-Type": "application/xml"}


@dataclass(kw_only=True)
class Serving:
    """A running `serve`. said: the object that it printed first."""

    stage: Stage
    handle: subprocess.Popen[bytes]
    said: dict[str, Any]
    clients: list[httpx2.Client] = field(default_factory=list)

    def http(self, party: str, **headers: str) -> httpx2.Client:
        """A client of its own connections, as a party (or "admin")."""
        file = self.stage.folder.admin_token if party == "admin" else self.stage.folder.token(party)
        token = file.read_text().strip()
        headers = {"Authorization": f"Bearer {token}", **headers}
        self.clients.append(http_client(self.stage.url, headers))
        return self.clients[-1]

    def form(self, kind: str, **changes: Any) -> bytes:
        """A fresh, valid form, signed by whom it must be."""
        return self.stage.sign(draw_up(kind, now=datetime.now(UTC), **changes).raw, by=SIGNERS[kind][0])

    def hand_in(self, kind: str) -> dict[str, Any]:
        """A fresh form, accepted."""
        answer = self.http(SIGNERS[kind][1], **XML).post("/v1/submissions", content=self.form(kind))
        assert answer.status_code == 201, answer.text
        view: dict[str, Any] = answer.json()
        return view

    def children(self, shown: str | None = None) -> set[int]:
        """The processes that it has now: all, or those that are shown so (INTAKE, WORKER)."""
        return {pid for pid in children_of(self.handle.pid) if shown is None or name_of(pid) == shown}


def children_of(pid: int) -> set[int]:
    """The processes that a process has started and that are still there."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return {int(child) for task in tasks for child in (task / "children").read_text().split()}


def name_of(pid: int) -> str:
    """What a process is shown as; nothing for one that is gone."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().rstrip("\n")
    except FileNotFoundError:
        return ""


def configure(folder: Path, **sections: Mapping[str, object]) -> Path:
    """The configuration in `folder`, with keys added or replaced; its file."""
    file = folder / "gateway.toml"
    settings = tomllib.loads(file.read_text(encoding="utf-8"))
    for name, entries in sections.items():
        settings[name] = {**settings.get(name, {}), **entries}
    file.write_text(toml_text(settings), encoding="utf-8")
    return file


@contextmanager
def serving(root: Path, **sections: Mapping[str, object]) -> Iterator[Serving]:
    """`serve` in a fresh folder `root`; sections: keys of the configuration."""
    with set_stage(root, pushed=()) as stage:
        config = configure(stage.folder.root, **sections)
        with (root / "serve.log").open("ab") as log:
            handle = start(config, log)
        try:
            said = first_object(handle)
            stage.register_parties()
            served = Serving(stage=stage, handle=handle, said=said)
            try:
                yield served
            finally:
                for client in served.clients:
                    client.close()
        finally:
            handle.terminate()
            handle.wait(60)
            if handle.stdout is not None:
                handle.stdout.close()


def start(config: Path, log: Any) -> subprocess.Popen[bytes]:
    """A `serve --json` of its own."""
    command = [sys.executable, "-m", "gateway.cli", "serve", "--json", "--config", str(config)]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)


def first_object(handle: subprocess.Popen[bytes]) -> dict[str, Any]:
    """The JSON object that a process prints first; waits for it."""
    assert handle.stdout is not None
    lines = []
    for line in handle.stdout:
        lines.append(line)
        if line.rstrip() == b"}":
            break
    found: dict[str, Any] = json.loads(b"".join(lines))
    return found


def port_of(running: Serving) -> int:
    """Where it listens, on loopback."""
    return int(running.stage.url.rpartition(":")[2])


def is_gone(pid: int) -> bool:
    """Whether there is no such process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
