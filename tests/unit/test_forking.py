"""Forked processes: what they have of their parent, what they do not have, and how they end."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import typer
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.cli.forking import Forked, fork
from gateway.model import new_id
from tests.cli.forking import ROOT


def draw() -> dict[str, Any]:
    """What nobody else may ever draw."""
    return {
        "id": new_id(),
        "random": random.random(),
        "system": os.urandom(16).hex(),
        "key": ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value,
        "sealing": AESGCM.generate_key(128).hex(),
    }


def tell() -> None:
    """Say who this is, what it has, and wait for the end of stdin."""
    files = {number: os.readlink(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")[:-1]}
    name = Path("/proc/self/comm").read_text().strip()
    own = os.getsid(0) == os.getpid()
    print(json.dumps({"drawn": draw(), "files": files, "name": name, "own session": own}), flush=True)
    os.read(0, 1)


def heard(process: Forked) -> Any:
    """Everything that it says until its first end of line."""
    said = b""
    while not said.endswith(b"\n"):
        said += os.read(process.said, 4096)
    return json.loads(said)


def leave() -> None:
    raise typer.Exit(3)


def break_off() -> None:
    raise LookupError("broken off")


def fork_some() -> None:
    """The parent, in a process of its own: one that runs tests has threads."""
    draw()  # generators that have begun in the parent
    kept, other = os.open(os.devnull, os.O_RDONLY), os.open(os.devnull, os.O_RDONLY)
    print("before", end="")
    children = [fork(tell, name=f"a-child-{number}", keep=(kept,)) for number in range(3)]
    found = {"kept": kept, "other": other, "told": [heard(child) for child in children]}
    assert children[0].poll() is None
    os.close(children[0].ends)  # it alone sees the end of its stdin
    first = children[0].wait()
    assert [child.poll() for child in children[1:]] == [None, None]
    found["codes"] = [first, *(fork(run, name="b").wait() for run in (leave, break_off))]
    print()
    print(json.dumps(found))


@pytest.fixture(scope="module")
def ran() -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from tests.unit.test_forking import fork_some; fork_some()"]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)


@pytest.fixture(scope="module")
def found(ran: subprocess.CompletedProcess[str]) -> Any:
    assert ran.returncode == 0, ran.stderr
    before, _, told = ran.stdout.partition("\n")
    assert before == "before", "what the parent had written goes out once"
    return json.loads(told)


def test_nothing_is_drawn_twice(found: Any) -> None:
    for what in draw():
        assert len({told["drawn"][what] for told in found["told"]}) == 3


def test_it_has_a_name_and_a_session_of_its_own(found: Any) -> None:
    assert [told["name"] for told in found["told"]] == ["a-child-0", "a-child-1", "a-child-2"]
    assert all(told["own session"] for told in found["told"])


def test_it_has_no_files_but_its_own_and_what_it_is_to_keep(found: Any) -> None:
    for told in found["told"]:
        assert {*told["files"]} == {"0", "1", "2", str(found["kept"])}
        assert told["files"]["0"].startswith("pipe:")


def test_it_ends_with_its_own_code_and_says_why(found: Any, ran: subprocess.CompletedProcess[str]) -> None:
    assert found["codes"] == [0, 3, 1]
    assert ran.stderr.count("LookupError: broken off") == 1


def test_a_process_with_threads_is_not_forked() -> None:
    over = threading.Event()
    other = threading.Thread(target=over.wait)
    other.start()
    try:
        with pytest.raises(AssertionError, match="several threads"):
            fork(tell, name="never")
    finally:
        over.set()
        other.join()
