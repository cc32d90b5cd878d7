"""Looking up names with an end to it: `getaddrinfo` has none, and a name server that says nothing holds its caller for
as long as the system likes.

Each look-up runs in a thread of its own, whose end nobody must wait for, and only so many at once. Who asks for a name
that is being looked up already waits for that one, so that a name that hangs holds one thread, however many copies go
there.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout

from gateway.addresses import is_written_out

Resolve = Callable[[str, int], Sequence[str]]  # host and port -> addresses; raises OSError
MOST = 512  # look-ups under way at once: more than a worker has tries (32 and 256), since some outlive theirs


class NameUnanswered(OSError):
    """Nobody said in time where a name leads, or nobody could be asked: that says nothing about the name."""


def system_addresses(host: str, port: int) -> Sequence[str]:
    """The addresses of a host as this machine finds them, each once. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


class Names:
    """Looks names up. Safe to share between threads. most: look-ups under way at once."""

    def __init__(self, resolve: Resolve, *, most: int = MOST) -> None:
        self._resolve = resolve
        self._most = most
        self._under_way: dict[tuple[str, int], Future[Sequence[str]]] = {}
        self._lock = threading.Lock()

    def addresses(self, host: str, port: int, *, within_s: float) -> Sequence[str]:
        """The addresses of a host. Raises NameUnanswered; what the look-up raises: OSError, ValueError."""
        if is_written_out(host):
            return self._resolve(host, port)  # nobody is asked
        try:
            return self._look_up(host, port).result(within_s)
        except FutureTimeout:
            raise NameUnanswered("no answer in time") from None

    def _look_up(self, host: str, port: int) -> Future[Sequence[str]]:
        with self._lock:
            answer = self._under_way.get((host, port))
            if answer is not None:
                return answer
            if len(self._under_way) >= self._most:
                raise NameUnanswered("too many look-ups are under way")
            answer = self._under_way[host, port] = Future()
        threading.Thread(target=self._ask, args=(host, port, answer), name="look-up", daemon=True).start()
        return answer

    def _ask(self, host: str, port: int, answer: Future[Sequence[str]]) -> None:
        try:
            found = self._resolve(host, port)
        except (OSError, ValueError) as error:
            self._end(host, port, answer)
            answer.set_exception(error)
        else:
            self._end(host, port, answer)
            answer.set_result(found)
        finally:
            self._end(host, port, answer)

    def _end(self, host: str, port: int, answer: Future[Sequence[str]]) -> None:
        """From here on the name is looked up anew; before the answer is told, so that nobody gets an old one."""
        with self._lock:
            if self._under_way.get((host, port)) is answer:
                del self._under_way[host, port]
