"""Who is calling: a bearer token is bound to one party, or to the administrator; and how much a caller may send."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import Depends, Request

from gateway.api.negotiation import ranges
from gateway.assembly import Gateway
from gateway.errors import NotAuthenticated, NotPermitted, TooLarge, UnsupportedMedia
from gateway.forms.findings import DEFAULT_LANGUAGE, LANGUAGES
from gateway.model import Party
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


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticated("token-missing", "send Authorization: Bearer <token>")
    return token_hash(token.strip())


def caller(request: Request) -> Party:
    """The party whose token came with the request. Raises NotAuthenticated."""
    hashed = _token(request)
    party = _gateway(request).store.read(lambda view: view.party_by_token(hashed))
    if party is None:
        raise NotAuthenticated("token-unknown", "nobody has this token")
    return party


def administrator(request: Request) -> None:
    """Let only the administrator pass. Raises NotAuthenticated, NotPermitted."""
    hashed = _token(request)
    if hmac.compare_digest(hashed, _gateway(request).admin_token_hash):
        return
    if _gateway(request).store.read(lambda view: view.party_by_token(hashed)) is None:
        raise NotAuthenticated("token-unknown", "nobody has this token")
    raise NotPermitted("administrator-only", "this is for the administrator")


async def language(request: Request) -> str:
    """The caller's language by Accept-Language: the wanted one of ours with the highest weight."""
    wanted = [
        (-range_.quality, primary)
        for range_ in ranges(request.headers.getlist("Accept-Language"))
        if (primary := range_.name.partition("-")[0]) in LANGUAGES and range_.quality > 0
    ]
    return min(wanted, key=lambda pair: pair[0])[1] if wanted else DEFAULT_LANGUAGE


async def read_xml(request: Request, *, limit: int) -> bytes:
    """A body in XML as it came, at most `limit` bytes. Raises UnsupportedMedia, TooLarge."""
    if media_type_of(request) not in XML_TYPES:
        raise UnsupportedMedia("media-type", "send application/xml in UTF-8")
    return await read_body(request, limit=limit)


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
Language = Annotated[str, Depends(language)]
TheGateway = Annotated[Gateway, Depends(gateway_of)]
