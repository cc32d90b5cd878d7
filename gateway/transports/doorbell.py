"""Ringing at the address of a party that runs no server of ours: one signed request that says nothing of what waits."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from gateway.model import Endpoint
from gateway.ports import Answered, Outcome
from gateway.push_signature import NOTICE, RequestSigner
from gateway.transports.answers import Answer
from gateway.transports.connections import Connections
from gateway.transports.names import Resolve, system_addresses
from gateway.transports.push import PushSettings, exchanged, outcome_of, tls_context
from gateway.version import VERSION

NOTICE_TYPE = "application/json"
TOTAL_S = 10.0


class Doorbell:
    """`Bell` over HTTP(S). name: that of the gateway, the one thing that a notice says beside its purpose."""

    def __init__(
        self, settings: PushSettings, *, name: str, total_s: float = TOTAL_S, resolve: Resolve = system_addresses
    ) -> None:
        self._signer = RequestSigner(settings.signer.keys, NOTICE)
        self._body = json.dumps({"event": "mailbox-not-empty", "gateway": name}).encode()
        self._total_s = total_s
        self._connections = Connections(
            reach=settings.reach, resolve=resolve, tls=lambda authority: tls_context(authority, settings.certificate)
        )

    def ring(self, place: Endpoint) -> Outcome:
        """Tell a party that its mailbox is not empty; heard with any 2xx."""
        url = place.url or ""
        fields = {"User-Agent": f"sealpost/{VERSION}", "Content-Type": NOTICE_TYPE, "Accept-Encoding": "identity"}
        answer = exchanged(
            self._connections,
            url,
            lambda: fields | self._signed(url, fields),
            self._body,
            authority=place.ca_certificate,
            total_s=self._total_s,
            wanted=lambda *_: 0,
        )
        if not isinstance(answer, Answer):
            return answer
        return Answered(raw_receipt=None) if 200 <= answer.status < 300 else outcome_of(answer)

    def _signed(self, url: str, fields: dict[str, str]) -> dict[str, str]:
        return self._signer.sign(method="POST", url=url, fields=fields, body=self._body, at=datetime.now(UTC))

    def close(self) -> None:
        """Close the connections that are kept."""
        self._connections.close()
