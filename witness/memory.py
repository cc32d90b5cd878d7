"""What a witness must never forget: the last checkpoint that it signed of each log.

One file for each log, replaced as a whole and synced before anything that rests on it leaves the house. Whoever loses
this folder must stop being a witness under this key: it could sign two journals that contradict each other.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from threading import Lock

from signing import Checkpoint, NoteKey, read_checkpoint

_EMPTY = sha256().digest()


class Memory:
    """The folder, held by this process alone."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError when the folder is not there, BlockingIOError when another witness has it."""
        self._folder = folder
        self._held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        self._turn = Lock()
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._held)
            raise

    @contextmanager
    def turn(self) -> Iterator[None]:
        """What is looked up, decided and remembered within the context is one step for everybody else."""
        with self._turn:
            yield

    def last(self, log: NoteKey) -> Checkpoint:
        """The last checkpoint that was signed; that of the empty tree for a log that is new.

        Raises VerificationFailed when what is remembered is not a checkpoint of this log any more: then nobody can say.
        """
        try:
            note = self._file(log).read_bytes()
        except FileNotFoundError:
            return Checkpoint(origin=log.name, size=0, root=_EMPTY)
        return read_checkpoint(note, log=log).checkpoint

    def remember(self, log: NoteKey, note: bytes) -> None:
        """Keep a signed checkpoint as the last one. Raises OSError; then the one before stays."""
        file = self._file(log)
        fresh = file.with_suffix(".new")
        with fresh.open("wb") as written:
            written.write(note)
            written.flush()
            os.fsync(written.fileno())
        fresh.replace(file)
        os.fsync(self._held)

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._held)

    def _file(self, log: NoteKey) -> Path:
        return self._folder / f"{sha256(log.name.encode()).hexdigest()}.checkpoint"
