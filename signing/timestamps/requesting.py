"""Asking for time stamps: the first authority that gives one that counts, in the order in which they are configured.

What an authority gives is verified before it is used, so a wrong one is passed over like one that is down.
Source: RFC 3161, 2.4.1, 3.4.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from signing import der
from signing.algorithms import DIGESTS
from signing.cms import digest_identifier
from signing.errors import NotFetched, TimestampUnavailable, VerificationFailed, refusal
from signing.fetching import Fetch
from signing.timestamps.token import MAX_TOKEN_BYTES, TimeStamp, TimestampTrust, verify_digest_timestamp

REQUEST_TYPE: Final = "application/timestamp-query"
MAX_SKEW: Final = timedelta(minutes=5)
RETRY_AFTER_S: Final = 60

_GRANTED: Final = (0, 1)  # granted; granted with modifications, which verification would find


@dataclass(frozen=True, kw_only=True)
class TimestampSource:
    """One authority. policy: the one to ask for; None leaves it to the authority."""

    url: str
    policy: str | None = None


@dataclass(frozen=True, kw_only=True)
class Timestamper:
    """Gives time stamps that count. sources: in order of preference; each after the first is a spare."""

    sources: tuple[TimestampSource, ...]
    trust: TimestampTrust
    fetch: Fetch
    digest_name: str = "sha256"

    def stamp(self, data: bytes, *, at: datetime) -> TimeStamp:
        """A verified time stamp over `data`, of about now.

        at: now, by the caller's clock; an authority whose clock is five minutes off is passed over.
        Raises TimestampUnavailable.
        """
        return self.stamp_digest(DIGESTS[self.digest_name](data).digest(), digest_name=self.digest_name, at=at)

    def stamp_digest(self, digest: bytes, *, digest_name: str, at: datetime) -> TimeStamp:
        """The same over what has this digest, such as the root of a hash tree.

        Raises TimestampUnavailable.
        """
        failures = []
        for number, source in enumerate(self.sources, start=1):
            nonce = secrets.randbits(63) | 1
            try:
                answer = self.fetch(
                    source.url,
                    body=_request(digest, digest_name=digest_name, policy=source.policy, nonce=nonce),
                    content_type=REQUEST_TYPE,
                    max_bytes=MAX_TOKEN_BYTES,
                )
                return self._accept(answer, digest, digest_name, nonce=nonce, source=source, at=at)
            except (NotFetched, VerificationFailed) as exc:
                failures.append(f"{number}: {exc.code}")
            except der.DerError:
                failures.append(f"{number}: answer-refused")
        raise TimestampUnavailable(
            f"no authority gave a time stamp that counts ({', '.join(failures) or 'none is configured'})",
            retry_after_s=RETRY_AFTER_S,
        )

    def _accept(
        self, answer: bytes, digest: bytes, digest_name: str, *, nonce: int, source: TimestampSource, at: datetime
    ) -> TimeStamp:
        stamp = verify_digest_timestamp(
            _token(answer), digest, digest_name=digest_name, trust=self.trust, at=at + MAX_SKEW, nonce=nonce
        )
        if stamp.stamped_at < at - MAX_SKEW:
            raise refusal("timestamp-out-of-order", "a time stamp of long before it was asked for")
        if source.policy not in (None, stamp.policy):
            raise refusal("timestamp-policy-not-accepted", "a time stamp under another policy than was asked for")
        return stamp


def _request(digest: bytes, *, digest_name: str, policy: str | None, nonce: int) -> bytes:
    imprint = der.encode(der.SEQUENCE, digest_identifier(digest_name), der.encode(der.OCTET_STRING, digest))
    return der.encode(
        der.SEQUENCE,
        der.integer(1),
        imprint,
        b"" if policy is None else der.oid(policy),
        der.integer(nonce),
        der.TRUE,
    )


def _token(answer: bytes) -> bytes:
    """The token of a TimeStampResp. Raises DerError, also when the authority refuses."""
    outer = der.Reader(answer)
    response = outer.enter(der.SEQUENCE)
    outer.finish()
    status = response.enter(der.SEQUENCE).take_integer()
    if status not in _GRANTED:
        raise der.DerError("the authority refuses")
    token = response.take_whole(der.SEQUENCE)
    response.finish()
    return token
