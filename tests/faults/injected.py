"""Faults at a port's n-th call: the real port does the work, and here it is made to fail before or after it.

A `Crash` is the death of the process: nobody catches it. A fault is an error that the process survives.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric import ec

from gateway.errors import StoreUnavailable
from gateway.model import Delivery, Party
from gateway.ports import Outcome, Pending, Reading, Store, Transaction, Transport

T = TypeVar("T")


class Crash(BaseException):
    """The process is dead."""


class Broken(Exception):
    """An error that nobody foresaw."""


@dataclass
class Plan:
    """Which call fails: the `at`-th of `kind`. crash: the process dies of it. With neither, calls are only counted."""

    kind: str = ""
    at: int = 0
    crash: bool = True
    counts: Tally[str] = field(default_factory=Tally)

    def tick(self, kind: str, error: type[BaseException] = Broken) -> None:
        self.counts[kind] += 1
        if (kind, self.counts[kind]) == (self.kind, self.at):
            raise (Crash if self.crash else error)(f"{kind} {self.at}")

    def wraps(self) -> dict[str, Any]:
        """What `World.start` takes."""
        return {
            "wrap": lambda store: FailingStore(store, self),
            "transport": lambda transport: FailingTransport(transport, self),
            "identity": lambda identity: replace(identity, key=_FailingKey(identity.key, self)),
        }


@dataclass
class FailingStore:
    """Fails before a read, before a write, at a call within a transaction, and after a commit nobody heard of."""

    inner: Store
    plan: Plan

    def read(self, work: Callable[[Reading], T]) -> T:
        self.plan.tick("read", _Unavailable)
        return self.inner.read(work)

    def write(self, work: Callable[[Transaction], T]) -> T:
        self.plan.tick("write", _Unavailable)

        befell: list[Exception] = []

        def counted(unit: Transaction) -> T:
            if befell:  # work may run twice: then it comes no further than before
                raise befell[0]
            try:
                return work(_Counted(unit, self.plan))
            except Crash as crash:  # it may not kill the writer's thread: a dead process has none
                befell.append(_DiedInside())
                raise befell[0] from crash
            except Broken as error:
                befell.append(error)
                raise

        try:
            result = self.inner.write(counted)
        except _DiedInside:
            raise Crash from None
        self.plan.tick("committed")
        return result

    def queue(self, work: Callable[[Transaction], T]) -> Pending[T]:
        return Pending.of(self.write(work))

    def close(self) -> None:
        self.inner.close()


class _DiedInside(Exception):
    pass


class _Unavailable(StoreUnavailable):
    def __init__(self, detail: str) -> None:
        super().__init__("store-unavailable", detail)


class _Counted:
    """A transaction whose every call may be the one that fails."""

    def __init__(self, unit: Transaction, plan: Plan) -> None:
        self._unit, self._plan = unit, plan

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._unit, name)

        def counted(*args: Any, **kwargs: Any) -> Any:
            self._plan.tick("statement")
            return call(*args, **kwargs)

        return counted


@dataclass
class FailingTransport(Transport):
    """Fails before the copy goes, and after the recipient has taken it."""

    inner: Transport
    plan: Plan

    def send(self, delivery: Delivery, envelope: bytes, recipient: Party) -> Outcome:
        self.plan.tick("send")
        outcome = self.inner.send(delivery, envelope, recipient)
        self.plan.tick("sent")
        return outcome

    def close(self) -> None:
        self.inner.close()


class _FailingKey(ec.EllipticCurvePrivateKey):
    """A key in a token that may be gone at any signature."""

    def __init__(self, inner: ec.EllipticCurvePrivateKey, plan: Plan) -> None:
        self._inner, self._plan = inner, plan

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        self._plan.tick("signature")
        return self._inner.sign(data, signature_algorithm)

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._inner.public_key()

    @property
    def curve(self) -> ec.EllipticCurve:
        return self._inner.curve

    @property
    def key_size(self) -> int:
        return self._inner.key_size

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> bytes:
        return self._inner.exchange(algorithm, peer_public_key)

    def private_numbers(self) -> ec.EllipticCurvePrivateNumbers:
        return self._inner.private_numbers()

    def private_bytes(self, *about: Any) -> bytes:
        return self._inner.private_bytes(*about)

    def __copy__(self) -> _FailingKey:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> _FailingKey:
        return self
