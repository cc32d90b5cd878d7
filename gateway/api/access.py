"""Who is calling: a bearer token is bound to one party, or to the administrator; and how much a caller may send.

A receipt may be signed for instead: see `receipt_from`.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from gateway.api.load import desk_at
from gateway.api.negotiation import language_of
from gateway.assembly import Gateway
from gateway.call_signature import SignedCall, check_call, is_signed
from gateway.errors import NotAuthenticated, NotPermitted, TooLarge, UnsupportedMedia
from gateway.model import Party
from gateway.ports import Store
from gateway.receipts import MAX_RECEIPT_BYTES
from gateway.registration import token_hash

XML_TYPES = frozenset({"application/xml", "text/xml"})
JSON_TYPE = "application/json"


# What waits for nothing is `async`: anything else, FastAPI sends through a thread.


async def gateway_of(request: Request) -> Gateway:
    """The gateway that the app serves."""
    return _gateway(request)


def _gateway(request: Request) -> Gateway:
    gateway: Gateway = request.app.state.gateway
    return gateway


def token_of(request: Request) -> str:
    """The hash of the token that came with the request. Raises NotAuthenticated."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticated("token-missing", "send Authorization: Bearer <token>")
    return token_hash(token.strip())


async def caller(request: Request) -> Party:
    """The party whose token came with the request. Raises NotAuthenticated."""
    return await desk_at(request).look(partial(holder, _gateway(request).store, token_of(request)))


def holder(store: Store, token: str) -> Party:
    """The party that has a token, given its hash. Raises NotAuthenticated."""
    party = store.read(lambda view: view.party_by_token(token))
    if party is None:
        raise NotAuthenticated("token-unknown", "nobody has this token")
    return party


def administrator(request: Request) -> None:
    """Let only the administrator pass. Raises NotAuthenticated, NotPermitted."""
    gateway, token = _gateway(request), token_of(request)
    if hmac.compare_digest(token, gateway.admin_token_hash):
        return
    holder(gateway.store, token)
    raise NotPermitted("administrator-only", "this is for the administrator")


async def language(request: Request) -> str:
    """The caller's language by Accept-Language: the wanted one of ours with the highest weight."""
    return language_of(request.headers.getlist("Accept-Language"))


async def read_xml(request: Request, *, limit: int) -> bytes:
    """A body in XML as it came, at most `limit` bytes. Raises UnsupportedMedia, TooLarge."""
    if media_type_of(request) not in XML_TYPES:
        raise UnsupportedMedia("media-type", "send application/xml in UTF-8")
    return await read_body(request, limit=limit)


@dataclass(frozen=True, kw_only=True)
class ReceiptFrom:
    """A receipt as it came, and the party that hands it in."""

    party: Party
    raw: bytes


async def receipt_from(request: Request) -> ReceiptFrom:
    """The calling party by its token, by its signature over this call (RFC 9421), or by both when they say the same.

    Raises NotAuthenticated, before the body is read except where the body is not what was signed; UnsupportedMedia,
    TooLarge.
    """
    fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
    signed = await run_in_threadpool(_signed_call, request, fields) if is_signed(fields) else None
    by_token = None
    if "Authorization" in request.headers:
        by_token = await caller(request)
    party = signed.party if signed is not None else by_token
    if party is None:
        raise NotAuthenticated("token-missing", "send Authorization: Bearer <token>, or sign the call (RFC 9421)")
    if by_token is not None and by_token.id != party.id:
        raise NotAuthenticated("credentials-differ", "the token is not of the party that signed the call")
    raw = await read_xml(request, limit=MAX_RECEIPT_BYTES)
    if signed is not None:
        signed.check_body(raw)
    return ReceiptFrom(party=party, raw=raw)


def _signed_call(request: Request, fields: Sequence[tuple[str, str]]) -> SignedCall:
    gateway = _gateway(request)
    path = request.scope["raw_path"].decode("latin-1")
    return check_call(
        method=request.method,
        url=f"{request.url.scheme}://{request.headers.get('Host', '')}{path}",
        fields=fields,
        at=gateway.clock.now(),
        party_by_certificate=lambda name: gateway.store.read(lambda view: view.party_by_certificate(name)),
    )


async def read_draft(request: Request, *, limit: int) -> tuple[str, bytes]:
    """The media type and the bytes of a form in XML or as JSON view. Raises UnsupportedMedia, TooLarge."""
    media_type = media_type_of(request)
    if media_type != JSON_TYPE and media_type not in XML_TYPES:
        raise UnsupportedMedia("media-type", "send application/json or application/xml in UTF-8")
    return media_type, await read_body(request, limit=limit)


def media_type_of(request: Request) -> str:
    """The media type of the body, in lower case; empty if it is not said to be in UTF-8."""
    media_type, _, parameters = request.headers.get("Content-Type", "").partition(";")
    charset = parameters.lower().replace('"', "").replace(" ", "")
    return media_type.strip().lower() if charset in ("", "charset=utf-8") else ""


def announced_bytes(request: Request, *, limit: int) -> int:
    """How large the body may become: as announced, else `limit`. Raises TooLarge, before anything is read."""
    said = request.headers.get("Content-Length", "")
    size = int(said) if said.isdecimal() else limit
    if size > limit:
        raise TooLarge("body-too-large", f"at most {limit} bytes are read")
    return size


async def read_body(request: Request, *, limit: int) -> bytes:
    """The body as it came, at most `limit` bytes. Raises UnsupportedMedia, TooLarge."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMedia("content-encoding", "send the bytes as they are, not compressed")
    announced_bytes(request, limit=limit)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLarge("body-too-large", f"at most {limit} bytes are read")
    return bytes(body)


Caller = Annotated[Party, Depends(caller)]
HandedIn = Annotated[ReceiptFrom, Depends(receipt_from)]
Language = Annotated[str, Depends(language)]
TheGateway = Annotated[Gateway, Depends(gateway_of)]
