"""Several processes accept on one socket, and each gets its share of the connections.

Whoever wakes first would take all that wait, and have them for long: clients keep their connections, so one core would
work and the others would not. So the processes count their connections in memory that all of them see, and who has more
than another lets that one go first, for a moment. A process that is stopped or dead costs no more than this moment.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import mmap
import socket
from asyncio import TimerHandle
from collections.abc import Callable
from dataclasses import dataclass, field

log = logging.getLogger("sealpost.intake")

GRACE_S = 0.005  # for a process that has fewer: its loop may have to wait for the interpreter's lock
PAUSE_S = 1.0  # when no further file can be opened
_FULL = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_BYTES = 4


class Shares:
    """The connections of each of several processes; to be made before they are forked."""

    def __init__(self, processes: int) -> None:
        self._counts = memoryview(mmap.mmap(-1, processes * _BYTES)).cast("I")

    def of(self, process: int) -> Share:
        """The share of one of them, from 0 on."""
        return Share(self._counts, process)


@dataclass(frozen=True)
class Share:
    """What one process has, beside what the others have."""

    _counts: memoryview[int]
    _process: int

    def tell(self, connections: int) -> None:
        """Let the others know how many it has."""
        self._counts[self._process] = connections

    @property
    def is_larger(self) -> bool:
        """Whether another process has fewer."""
        return self._counts[self._process] > min(self._counts)


@dataclass(eq=False, kw_only=True)
class Acceptor:
    """Accepts connections one at a time, in turns with the other processes; to be used on an event loop.

    protocol: makes the protocol of a connection. opened: how many there are; whoever closes one calls `tell`.
    """

    listening: socket.socket
    share: Share
    protocol: Callable[[], asyncio.Protocol]
    opened: Callable[[], int]
    _timer: TimerHandle | None = None
    _beginning: set[asyncio.Task[None]] = field(default_factory=set)

    def start(self) -> None:
        """Begin to accept."""
        self.listening.setblocking(False)
        self.tell()
        self._watch()

    def stop(self) -> None:
        """Accept nothing more."""
        self._rest()

    async def settle(self) -> None:
        """Wait until every connection that was accepted has begun: only then it can be asked to end."""
        if self._beginning:
            await asyncio.wait(self._beginning)

    def tell(self) -> None:
        """Let the other processes know how many connections there are."""
        self.share.tell(self.opened() + len(self._beginning))

    def _watch(self) -> None:
        asyncio.get_running_loop().add_reader(self.listening, self._on_connection)

    def _rest(self, seconds: float | None = None, then: Callable[[], None] | None = None) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self.listening)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None or then is None else loop.call_later(seconds, then)

    def _on_connection(self) -> None:
        if self.share.is_larger:
            self._rest(GRACE_S, self._take_one)
        else:
            self._accept()

    def _take_one(self) -> None:
        """The others had their time: one is for this process, whatever it has."""
        self._watch()
        self._accept()

    def _accept(self) -> None:
        try:
            connection, _ = self.listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # another process has it, or the client is gone
        except OSError as error:
            if error.errno not in _FULL:
                raise
            log.warning("no connection can be accepted now (%s)", errno.errorcode[error.errno])
            self._rest(PAUSE_S, self._watch)
            return
        task = asyncio.ensure_future(self._begin(connection))
        self._beginning.add(task)
        task.add_done_callback(self._begun)
        self.tell()

    async def _begin(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(self.protocol, connection)
        except OSError:  # the client is gone
            connection.close()

    def _begun(self, task: asyncio.Task[None]) -> None:
        self._beginning.discard(task)
        self.tell()
