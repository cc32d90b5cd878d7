"""The witness by itself: it signs what extends what it signed, and nothing else, whatever comes."""

from __future__ import annotations

import base64
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.demo.processes import free_ports
from signing import (
    Checkpoint,
    MemoryNodes,
    NoteSigner,
    Tree,
    add_cosignatures,
    leaf_hash,
    new_note_key,
    note_signer_from_pem,
    parse_note_key,
    read_checkpoint,
    sign_checkpoint,
)
from tests.conftest import served
from tests.patience import http_client
from witness.app import Refused, Witness, create_app
from witness.connections import Connection
from witness.memory import Memory
from witness.requests import Malformed, parse_request

ORIGIN = "log.example/a"
AT = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def log() -> NoteSigner:
    return note_signer_from_pem(new_note_key(), name=ORIGIN)


@pytest.fixture(scope="module")
def cosigner() -> NoteSigner:
    return note_signer_from_pem(new_note_key(), name="witness.example/w1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "memory").mkdir()
    return tmp_path / "memory"


@pytest.fixture
def started(log: NoteSigner, cosigner: NoteSigner, folder: Path) -> Iterator[Callable[[], Witness]]:
    """Starts the witness over its folder, again and again."""
    memories: list[Memory] = []

    def start() -> Witness:
        while memories:
            memories.pop().close()
        memories.append(Memory(folder))
        return Witness(signer=cosigner, logs={ORIGIN: log.verifier}, memory=memories[0], clock=lambda: AT)

    yield start
    while memories:
        memories.pop().close()


@pytest.fixture
def witness(started: Callable[[], Witness]) -> Witness:
    return started()


def tree(size: int, word: str = "entry") -> Tree:
    grown = Tree(MemoryNodes())
    grown.append([leaf_hash(f"{word} {number}".encode()) for number in range(size)])
    return grown


def request(log: NoteSigner, old: int, size: int, *, of: Tree | None = None, proof: list[bytes] | None = None) -> bytes:
    grown = of or tree(size)
    note = sign_checkpoint(Checkpoint(origin=ORIGIN, size=size, root=grown.root(size)), signer=log)
    steps = grown.consistency_proof(old, size) if proof is None else proof
    lines = [f"old {old}", *(base64.b64encode(step).decode() for step in steps), "", ""]
    return "\n".join(lines).encode() + note


def status(witness: Witness, body: bytes) -> tuple[int, int | None]:
    with pytest.raises(Refused) as refused:
        witness.add_checkpoint(body)
    return refused.value.status, refused.value.size


def test_what_grows_is_signed_step_by_step(
    witness: Witness, started: Callable[[], Witness], log: NoteSigner, cosigner: NoteSigner
) -> None:
    last = 0
    for size in (1, 2, 3, 7, 7, 8, 100):
        body = request(log, last, size)
        note = parse_request(body).note
        signed = read_checkpoint(
            add_cosignatures(note, witness.add_checkpoint(body)),
            log=log.verifier,
            witnesses=[cosigner.cosigner],
            quorum=1,
        )
        assert signed.cosigned == {cosigner.name: AT}
        last = size
        witness = started()  # it remembers when it comes back
    assert status(witness, request(log, 7, 200)) == (409, 100)


def test_what_does_not_extend_is_never_signed(witness: Witness, log: NoteSigner) -> None:
    witness.add_checkpoint(request(log, 0, 10))
    another = tree(20, "other")
    zeros = [bytes(32)] * 4
    assert status(witness, request(log, 0, 5)) == (409, 10)  # shorter
    assert status(witness, request(log, 5, 8)) == (409, 10)
    assert status(witness, request(log, 10, 20, of=another)) == (422, None)  # another past
    assert status(witness, request(log, 10, 20, proof=zeros)) == (422, None)
    assert status(witness, request(log, 10, 20, proof=[])) == (422, None)
    assert status(witness, request(log, 10, 10, of=another)) == (409, 10)
    assert status(witness, request(log, 10, 10, proof=zeros)) == (422, None)
    assert status(witness, request(log, 0, 20, of=another)) == (409, 10)
    assert status(witness, request(log, 20, 10, proof=[])) == (400, None)
    witness.add_checkpoint(request(log, 10, 20))


def test_only_logs_that_it_knows_by_their_own_key(witness: Witness, log: NoteSigner) -> None:
    stranger = note_signer_from_pem(new_note_key(), name=ORIGIN)
    assert status(witness, request(stranger, 0, 1)) == (403, None)
    body = request(log, 0, 1)
    assert status(witness, body.replace(ORIGIN.encode(), b"log.example/b")) == (404, None)
    assert status(witness, body.replace(b"\n1\n", b"\n2\n")) == (403, None)
    both = (
        parse_request(body).note
        + sign_checkpoint(Checkpoint(origin=ORIGIN, size=1, root=tree(1).root()), signer=stranger).split(b"\n\n")[1]
    )
    assert witness.add_checkpoint(b"old 0\n\n" + both)  # lines of others are passed over


def test_a_first_proof_must_be_empty(witness: Witness, log: NoteSigner) -> None:
    assert status(witness, request(log, 0, 4, proof=[bytes(32)])) == (422, None)


MALFORMED = [
    b"",
    b"old 0\n",
    b"old 00\n\nx",
    b"old -1\n\nx",
    b"old\n\nx",
    b"new 0\n\nx",
    b"old 0\nAAAA\n\nx",
    b"old 0\n" + b"A" * 44 + b"\n\nx",
    b"old 0\n" + (base64.b64encode(bytes(32)) + b"\n") * 64 + b"\nx",
    b"old 0\r\n\r\nx",
    b"old 99999999999999999999\n\nx",
    b"old 0\n\n\xff\n",
]


@pytest.mark.parametrize("body", MALFORMED)
def test_what_is_no_request_is_refused(witness: Witness, body: bytes) -> None:
    assert status(witness, body)[0] in (400, 404)


@given(body=st.binary(max_size=400) | st.binary(max_size=200).map(lambda tail: b"old 3\n" + tail))
def test_whatever_comes_is_taken_apart_or_refused(body: bytes) -> None:
    with suppress(Malformed):
        assert parse_request(body).old >= 0


def test_of_many_at_once_one_is_signed(witness: Witness, log: NoteSigner) -> None:
    """Each extends the beginning, no two each other."""
    bodies = [request(log, 0, 3, of=tree(3, f"branch {number}")) for number in range(16)]

    def ask(body: bytes) -> tuple[int, int | None]:
        try:
            witness.add_checkpoint(body)
        except Refused as refused:
            return refused.status, refused.size
        return 200, None

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(ask, bodies)) == [(200, None), *[(409, 3)] * 15]


def test_what_cannot_be_remembered_is_not_signed(witness: Witness, log: NoteSigner, folder: Path) -> None:
    witness.add_checkpoint(request(log, 0, 2))
    (file,) = folder.glob("*.checkpoint")
    blocked = file.with_suffix(".new")
    blocked.mkdir()
    with pytest.raises(OSError, match="directory"):
        witness.add_checkpoint(request(log, 2, 3))
    blocked.rmdir()
    assert status(witness, request(log, 3, 4)) == (409, 2)
    file.write_bytes(file.read_bytes().replace(b"\n2\n", b"\n1\n"))
    assert status(witness, request(log, 1, 4)) == (500, None)


def test_two_witnesses_do_not_share_a_memory(witness: Witness, folder: Path) -> None:
    with pytest.raises(BlockingIOError):
        Memory(folder)


def test_a_witness_is_made_and_run_from_the_command_line(tmp_path: Path, log: NoteSigner) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "witness", *arguments], capture_output=True, text=True, timeout=60, check=False
        )

    place = tmp_path / "w1"
    made = run("new", str(place), "--name", "witness.example/w1")
    key = parse_note_key(made.stdout)
    assert (place / "witness.key").stat().st_mode & 0o077 == 0
    assert run("new", str(place), "--name", "witness.example/w1").returncode == 2
    settings = place / "witness.toml"
    (port,) = free_ports(1)
    text = settings.read_text().replace("8910", str(port)).replace("logs = []", f'logs = ["{log.verifier}"]')
    settings.write_text(text + "extra = 1\n")
    refused = run("run", str(settings))
    assert (refused.returncode, "extra" in refused.stderr) == (2, True)
    settings.write_text(text)
    serving = subprocess.Popen([sys.executable, "-m", "witness", "run", str(settings)])
    try:
        url = f"http://127.0.0.1:{port}/add-checkpoint"
        body = request(log, 0, 5)
        with http_client() as client:
            answer = _patiently(lambda: client.post(url, content=body))
            signed = add_cosignatures(parse_request(body).note, answer.content)
            read_checkpoint(signed, log=log.verifier, witnesses=[key], quorum=1)
            again = client.post(url, content=body)
            assert (again.status_code, again.text, again.headers["Content-Type"]) == (409, "5\n", "text/x.tlog.size")
            assert client.post(url, content=b"x" * 70_000).status_code == 413
            assert client.get(url).status_code == 405
    finally:
        serving.terminate()
        serving.wait(30)


def _patiently(ask: Callable[[], httpx2.Response]) -> httpx2.Response:
    for _ in range(300):
        try:
            return ask()
        except httpx2.ConnectError:
            time.sleep(0.1)
    raise TimeoutError


def test_who_sends_nothing_holds_nobody_up(witness: Witness, log: NoteSigner) -> None:
    """A stranger needs no token to connect; a request that does not come is let go, and the log is served meanwhile."""
    with served(create_app(witness, body_s=0.5)) as url:
        port = int(url.rpartition(":")[2])
        head = b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 500\r\n\r\nold"
        with ExitStack() as stack:
            slow = [stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30)) for _ in range(64)]
            for each in slow:
                each.sendall(head)
            with http_client() as client:
                assert client.post(f"{url}/add-checkpoint", content=request(log, 0, 5)).status_code == 200
            assert {each.recv(64).split(b" ")[1] for each in slow} == {b"408"}


class Brief(Connection):
    """Connections of the witness that end sooner, and are fewer."""

    life_s = 1.0
    most = 8


@pytest.mark.parametrize(
    "sent", [b"", b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nX-Slow: ", b"GET / HTTP/1.1\r\n\r\n"]
)
def test_a_connection_has_an_end_whatever_comes_over_it(witness: Witness, sent: bytes) -> None:
    with served(create_app(witness), http=Brief) as url, ExitStack() as stack:
        address = ("127.0.0.1", int(url.rpartition(":")[2]))
        slow = stack.enter_context(socket.create_connection(address, timeout=30))
        slow.sendall(sent)
        assert _rest_of(slow)[:12] == (b"HTTP/1.1 404" if sent.endswith(b"\r\n\r\n") else b"")


def test_of_too_many_connections_the_eldest_makes_way_and_the_log_is_served(witness: Witness, log: NoteSigner) -> None:
    class Crowded(Brief):
        life_s = 600.0

    with served(create_app(witness), http=Crowded) as url, ExitStack() as stack:
        address = ("127.0.0.1", int(url.rpartition(":")[2]))
        held = [stack.enter_context(socket.create_connection(address, timeout=30)) for _ in range(Crowded.most + 3)]
        assert [_rest_of(each) for each in held[:3]] == [b""] * 3
        with httpx2.Client(trust_env=False) as client:
            assert client.post(f"{url}/add-checkpoint", content=request(log, 0, 5)).status_code == 200
        assert _rest_of(held[3]) == b""
        held[-1].sendall(b"GET / HTTP/1.1\r\nHost: w\r\n\r\n")
        assert held[-1].recv(12) == b"HTTP/1.1 404", "the younger ones stay"


def _rest_of(connection: socket.socket) -> bytes:
    """All that comes until the other side ends it, in one way or the other."""
    came = b""
    with suppress(ConnectionResetError):
        while chunk := connection.recv(4096):
            came += chunk
    return came


def test_replayed_forked_and_foreign_checkpoints_get_no_signature_over_the_network(
    witness: Witness, log: NoteSigner
) -> None:
    thief = note_signer_from_pem(new_note_key(), name=log.name)
    fork, bodies = tree(20, "other"), {}
    bodies["replayed"] = request(log, 0, 5)
    bodies["rolled back"] = request(log, 10, 8, proof=[])
    bodies["forked"] = request(log, 10, 20, of=fork)
    bodies["forked at the same size"] = request(log, 10, 10, of=fork)
    bodies["by another key under its name"] = request(thief, 10, 20)
    bodies["two requests in one"] = request(log, 10, 12) + request(log, 12, 14)
    with served(create_app(witness)) as url, http_client(url) as client:
        assert client.post("/add-checkpoint", content=request(log, 0, 10)).status_code == 200
        for name, body in bodies.items():
            answer = client.post("/add-checkpoint", content=body)
            assert answer.status_code in (400, 403, 409, 422), name
            assert "witness.example" not in answer.text, name
        assert client.post("/add-checkpoint", content=request(log, 10, 20)).status_code == 200, "nothing was remembered"


def test_its_readme_names_every_answer() -> None:
    text = (Path(__file__).parents[2] / "witness" / "README.md").read_text()
    told = set(re.findall(r"^\| (\d{3}) \|", text, re.MULTILINE))
    code = (Path(__file__).parents[2] / "witness" / "app.py").read_text()
    assert told == set(re.findall(r"(?:Refused\(|status_code=)(\d{3})", code)) - {"500"} | {"200", "403"}
