"""A disk between SQLite and the files: it records every write, truncation, deletion and sync, and fails when told to.

A VFS of our own around SQLite's, in the very engine that the gateway runs on: `sqlite3_vfs` and `sqlite3_io_methods`
are copied by ctypes and four of their methods replaced. (The engine's shared library exports its C interface.) While
`mounted`, it is the default of every connection that this process opens. Source: sqlite.org, "The SQLite OS Interface".
"""

from __future__ import annotations

import ctypes
import random
import threading
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pysqlite3._sqlite3 as engine

SQLITE_OK, SQLITE_IOERR, SQLITE_FULL, SQLITE_READONLY = 0, 10, 13, 8
SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC = SQLITE_IOERR | 3 << 8, SQLITE_IOERR | 4 << 8
SECTOR = 512

_P, _I, _I64, _S = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64, ctypes.c_char_p
_OPEN = ctypes.CFUNCTYPE(_I, _P, _P, _P, _I, _P)
_DELETE = ctypes.CFUNCTYPE(_I, _P, _S, _I)
_WRITE = ctypes.CFUNCTYPE(_I, _P, _P, _I, _I64)
_TRUNCATE = ctypes.CFUNCTYPE(_I, _P, _I64)
_SYNC = ctypes.CFUNCTYPE(_I, _P, _I)


class _Vfs(ctypes.Structure):
    _fields_ = [
        ("iVersion", _I),
        ("szOsFile", _I),
        ("mxPathname", _I),
        ("pNext", _P),
        ("zName", _S),
        ("pAppData", _P),
        ("xOpen", _P),
        ("xDelete", _P),
        *((f"other{n}", _P) for n in range(14)),
    ]


class _Methods(ctypes.Structure):
    _fields_ = [
        ("iVersion", _I),
        ("xClose", _P),
        ("xRead", _P),
        ("xWrite", _P),
        ("xTruncate", _P),
        ("xSync", _P),
        *((f"other{n}", _P) for n in range(13)),
    ]


class _File(ctypes.Structure):
    _fields_ = [("pMethods", ctypes.POINTER(_Methods))]


@dataclass(frozen=True)
class Written:
    """Bytes on their way to a file; None cuts the file off at `at`."""

    file: str
    at: int
    data: bytes | None


@dataclass(frozen=True)
class Synced:
    """All that was written to the file before is on the medium."""

    file: str


@dataclass(frozen=True)
class Deleted:
    """The file's name is gone."""

    file: str


@dataclass(frozen=True)
class Acknowledged:
    """What somebody was told at this moment: from here on it must never be lost."""

    what: str


Step = Written | Synced | Deleted | Acknowledged


@dataclass
class Disk:
    """What happened to the files of one folder, by their names. fails: asked before each write ("write"), truncation
    ("truncate") and sync ("sync") with the name of the file; SQLite gets the code it returns."""

    fails: Callable[[str, str], int] = lambda kind, file: SQLITE_OK
    steps: list[Step] = field(default_factory=list)
    counts: Tally[str] = field(default_factory=Tally)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def acknowledge(self, what: str) -> None:
        """Mark that `what` was told to somebody."""
        with self._lock:
            self.steps.append(Acknowledged(what))

    def refuses(self, kind: str, file: str) -> int:
        """The code with which the call fails, or SQLITE_OK."""
        with self._lock:
            self.counts[kind] += 1
            return self.fails(kind, file)

    def did(self, step: Step) -> None:
        with self._lock:
            self.steps.append(step)

    @contextmanager
    def mounted(self) -> Iterator[None]:
        """For every connection that is opened meanwhile. One disk at a time."""
        library = ctypes.CDLL(engine.__file__)
        library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
        plain = library.sqlite3_vfs_find(None)
        interposed = _Interposed(self, plain)
        library.sqlite3_vfs_register(ctypes.byref(interposed.vfs), 1)
        try:
            yield
        finally:
            library.sqlite3_vfs_register(plain, 1)
            library.sqlite3_vfs_unregister(ctypes.byref(interposed.vfs))
            _KEPT.append(interposed)  # a file that is closed later still calls into it


_KEPT: list[_Interposed] = []


class _Interposed:
    """A copy of the plain VFS with its openings watched."""

    def __init__(self, disk: Disk, plain: ctypes._Pointer[_Vfs]) -> None:
        self._disk = disk
        self._files: dict[int, str] = {}
        self._methods: dict[int, _Methods] = {}
        self._open = _OPEN(plain.contents.xOpen)
        self._delete = _DELETE(plain.contents.xDelete)
        self._own = (_OPEN(self.open), _DELETE(self.delete), _WRITE(self.write), _TRUNCATE(self.cut), _SYNC(self.sync))
        self.vfs = _Vfs()
        ctypes.memmove(ctypes.byref(self.vfs), plain, ctypes.sizeof(_Vfs))
        self.vfs.zName = b"watched"
        self.vfs.pNext = None
        self.vfs.xOpen = ctypes.cast(self._own[0], _P)
        self.vfs.xDelete = ctypes.cast(self._own[1], _P)

    def open(self, vfs: int, name: int, file: int, flags: int, out: int) -> int:
        code = self._open(vfs, name, file, flags, out)
        if code == SQLITE_OK and name:
            opened = ctypes.cast(file, ctypes.POINTER(_File)).contents
            at = ctypes.addressof(opened.pMethods.contents)
            if at not in self._methods:
                self._methods[at] = self._watched(opened.pMethods.contents)
            self._files[file] = Path(ctypes.string_at(name).decode()).name
            opened.pMethods = ctypes.pointer(self._methods[at])
        return int(code)

    def _watched(self, plain: _Methods) -> _Methods:
        self._write, self._cut, self._sync = _WRITE(plain.xWrite), _TRUNCATE(plain.xTruncate), _SYNC(plain.xSync)
        watched = _Methods()
        ctypes.memmove(ctypes.byref(watched), ctypes.byref(plain), ctypes.sizeof(_Methods))
        for name, own in zip(("xWrite", "xTruncate", "xSync"), self._own[2:], strict=True):
            setattr(watched, name, ctypes.cast(own, _P))
        return watched

    def delete(self, vfs: int, name: bytes, sync: int) -> int:
        code = self._delete(vfs, name, sync)
        if code == SQLITE_OK:
            self._disk.did(Deleted(Path(name.decode()).name))
        return int(code)

    def write(self, file: int, data: int, size: int, at: int) -> int:
        name = self._files[file]
        code = self._disk.refuses("write", name) or int(self._write(file, data, size, at))
        if code == SQLITE_OK:
            self._disk.did(Written(name, at, ctypes.string_at(data, size)))
        return code

    def cut(self, file: int, size: int) -> int:
        name = self._files[file]
        code = self._disk.refuses("truncate", name) or int(self._cut(file, size))
        if code == SQLITE_OK:
            self._disk.did(Written(name, size, None))
        return code

    def sync(self, file: int, flags: int) -> int:
        name = self._files[file]
        code = self._disk.refuses("sync", name) or int(self._sync(file, flags))
        if code == SQLITE_OK:
            self._disk.did(Synced(name))
        return code


Choice = Callable[[Written], list[bool]]


def keep_all(written: Written) -> list[bool]:
    """The disk wrote everything before the power went, although nobody had asked for it."""
    return [True] * _sectors(written)


def lose_all(written: Written) -> list[bool]:
    """The disk wrote only what it had been asked to."""
    return [False] * _sectors(written)


def tear(chance: random.Random) -> Choice:
    """Some writes are there, some are not, some are there in part, sector by sector and in no order."""

    def choose(written: Written) -> list[bool]:
        mood = chance.random()
        if mood < 0.7:
            return [mood < 0.35] * _sectors(written)
        return [chance.random() < 0.5 for _ in range(_sectors(written))]

    return choose


def _sectors(written: Written) -> int:
    return 1 if written.data is None else -(-len(written.data) // SECTOR)


class Medium:
    """The files as they stand on the medium, step after step."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._durable = {name: bytearray(content) for name, content in files.items()}
        self._waiting: list[Written] = []
        self.acknowledged: list[str] = []

    def take(self, step: Step) -> None:
        """One more step that happened before the power went."""
        match step:
            case Written():
                self._waiting.append(step)
            case Synced(file=file):
                for written in self._waiting:
                    if written.file == file:
                        _apply(self._durable, written, keep_all(written))
                self._waiting = [written for written in self._waiting if written.file != file]
            case Deleted(file=file):
                self._durable.pop(file, None)
                self._waiting = [written for written in self._waiting if written.file != file]
            case Acknowledged(what=what):
                self.acknowledged.append(what)

    def after_cut(self, choice: Choice) -> dict[str, bytes]:
        """The files as the next start finds them. choice: what became of writes that no sync had confirmed."""
        files = {name: bytearray(content) for name, content in self._durable.items()}
        for written in self._waiting:
            _apply(files, written, choice(written))
        return {name: bytes(content) for name, content in files.items()}


def _apply(files: dict[str, bytearray], written: Written, kept: list[bool]) -> None:
    if not any(kept):
        return
    content = files.setdefault(written.file, bytearray())
    if written.data is None:
        del content[written.at :]
        return
    for number, is_kept in enumerate(kept):
        if is_kept:
            piece = written.data[number * SECTOR : (number + 1) * SECTOR]
            at = written.at + number * SECTOR
            content.extend(b"\0" * (at - len(content)))
            content[at : at + len(piece)] = piece
