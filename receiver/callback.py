"""Receipts that are posted afterwards: a push is answered with 202, and its receipt follows in a signed call.

The call is signed (RFC 9421) with the key that signs receipts, so no token is needed. A receipt is posted until the
gateway has taken it, also after a restart: what has no `receipt.taken` beside it is posted again. Too often does no
harm: the same receipt has the same answer.
"""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import httpx2

from gateway.call_signature import CALL
from gateway.keyring import Keyring
from gateway.push_signature import RequestSigner
from receiver.config import ReceiverConfig

logger = logging.getLogger("receiver")

PAUSES_S = (0.5, 2.0, 10.0, 60.0, 300.0)
TIMEOUT_S = 30.0
THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})  # never asked for through a proxy
CONTENT_TYPE = "application/xml"


class CallBack:
    """Posts receipts to the gateway at `url`, one after the other, in a thread of its own while it is entered."""

    def __init__(self, config: ReceiverConfig, url: str) -> None:
        self._store = config.store
        self._url = url
        self._is_elsewhere = urlsplit(url).hostname not in THIS_MACHINE
        self._signer = RequestSigner(Keyring.single(config.signing), CALL)
        self._waiting: list[tuple[float, int, str]] = []  # when, how often it was tried, delivery id
        self._listed: set[str] = set()
        self._changed = threading.Condition()
        self._is_over = False
        self._thread = threading.Thread(target=self._run, name="call-back")

    def __enter__(self) -> Self:
        for delivery_id in self._left_over():
            self.post(delivery_id)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._is_over = True
            self._changed.notify()
        self._thread.join()

    def post(self, delivery_id: str) -> None:
        """Have the receipt of a delivery posted; returns at once."""
        with self._changed:
            if delivery_id not in self._listed:
                self._listed.add(delivery_id)
                heapq.heappush(self._waiting, (time.monotonic(), 0, delivery_id))
                self._changed.notify()

    def _left_over(self) -> Iterable[str]:
        for receipt in self._store.glob("[!.]*/receipt.xml"):
            if not receipt.with_suffix(".taken").exists():
                yield receipt.parent.name

    def _run(self) -> None:
        with httpx2.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=self._is_elsewhere) as http:
            while (due := self._next()) is not None:
                tries, delivery_id = due
                is_taken = self._is_taken(http, delivery_id)
                with self._changed:
                    if is_taken:
                        self._listed.discard(delivery_id)
                    else:
                        pause_s = PAUSES_S[min(tries, len(PAUSES_S) - 1)]
                        heapq.heappush(self._waiting, (time.monotonic() + pause_s, tries + 1, delivery_id))

    def _next(self) -> tuple[int, str] | None:
        """The next that is due, once it is; None when it is over."""
        with self._changed:
            while not self._is_over:
                wait_s = self._waiting[0][0] - time.monotonic() if self._waiting else None
                if wait_s is not None and wait_s <= 0:
                    _, tries, delivery_id = heapq.heappop(self._waiting)
                    return tries, delivery_id
                self._changed.wait(wait_s)
        return None

    def _is_taken(self, http: httpx2.Client, delivery_id: str) -> bool:
        """Post one receipt; whether the gateway has taken it."""
        try:
            answer = self._call(http, self._store / delivery_id / "receipt.xml", delivery_id)
            if not answer.is_success:
                logger.warning("%s: the gateway answered %d to the receipt", delivery_id, answer.status_code)
                return False
            (self._store / delivery_id / "receipt.taken").touch()
        except (httpx2.RequestError, OSError) as exc:
            logger.warning("%s: the receipt is not with the gateway yet (%s)", delivery_id, type(exc).__name__)
            return False
        logger.info("%s: the gateway has the receipt", delivery_id)
        return True

    def _call(self, http: httpx2.Client, file: Path, delivery_id: str) -> httpx2.Response:
        url, raw = f"{self._url}/v1/mailbox/{delivery_id}/receipts", file.read_bytes()
        fields = {"Content-Type": CONTENT_TYPE}
        proof = self._signer.sign(method="POST", url=url, fields=fields, body=raw, at=datetime.now(UTC))
        return http.post(url, content=raw, headers=fields | proof)
