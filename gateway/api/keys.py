"""The gateway's keys, for everybody: what is needed to verify what it signed, now and later."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from gateway.api.access import TheGateway
from gateway.api.wire import NoQuery
from gateway.model import instant_text
from gateway.publication import KnownKey

public = APIRouter()


@public.get("/v1/keys", operation_id="listKeys")
def index(gateway: TheGateway, _: Annotated[NoQuery, Query()]) -> dict[str, Any]:
    """Every key that the gateway uses, will use or once used, by purpose, the oldest first."""
    return {"items": [_view(known) for known in gateway.publication.known()]}


def _view(known: KnownKey) -> dict[str, Any]:
    key = known.key
    return {
        "purpose": key.purpose,
        "state": known.state,
        "fingerprint": key.fingerprint,
        "from": instant_text(key.since),
        **({} if known.until is None else {"until": instant_text(known.until)}),
        "publishedAt": instant_text(key.published_at),
        "material": key.material,
    }
