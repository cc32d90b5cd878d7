"""A time-stamping authority in this very process, for demonstrations: nobody outside vouches for its time."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.ports import Clock
from signing import NotFetched, TimestampAuthority

PLACE = "urn:sealpost:demonstration-time-stamp-authority"


@dataclass(frozen=True, kw_only=True)
class InProcessAuthority:
    """`signing.Fetch` that reaches nothing but the authority, at `PLACE`."""

    authority: TimestampAuthority
    clock: Clock

    def __call__(
        self, url: str, *, body: bytes | None = None, content_type: str | None = None, max_bytes: int
    ) -> bytes:
        """The authority's answer to a request. Raises NotFetched."""
        if url != PLACE or body is None:
            raise NotFetched("not-reachable", "only the authority in this process can be asked")
        return self.authority.answer(body, at=self.clock.now())
