"""A time-stamping authority in this process, for demonstrations and tests: a real RFC 3161 responder.

Its clock and its place in a network are the caller's. Never for a running service: nobody vouches for its time.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from signing import der
from signing.algorithms import DIGESTS
from signing.cms import UnknownAlgorithm, build_signed_data, read_digest_identifier
from signing.model import Identity
from signing.timestamps.token import TST_INFO

DEMONSTRATION_POLICY: Final = "2.999.3161"  # below the arc that stands for examples (X.660)

_GRANTED: Final = 0
_REJECTION: Final = 2
_BAD_ALGORITHM: Final = 0
_BAD_REQUEST: Final = 2
_BAD_FORMAT: Final = 5
_UNACCEPTED_POLICY: Final = 15
_UNACCEPTED_EXTENSION: Final = 16
_ACCURACY: Final = der.encode(der.SEQUENCE, der.integer(1))  # one second


class _Rejected(Exception):
    def __init__(self, failure: int) -> None:
        super().__init__(failure)
        self.failure = failure


@dataclass(frozen=True, kw_only=True)
class _Request:
    imprint: bytes  # MessageImprint in DER
    nonce: bytes  # INTEGER in DER, or nothing
    with_certificates: bool


@dataclass(frozen=True, kw_only=True)
class TimestampAuthority:
    """identity: a time-stamping unit. policy: object identifier under which it stamps."""

    identity: Identity
    policy: str = DEMONSTRATION_POLICY

    def answer(self, request: bytes, *, at: datetime) -> bytes:
        """The TimeStampResp to a TimeStampReq, both in DER; what cannot be stamped gets a rejection with its reason.

        Source: RFC 3161, 2.4.
        """
        try:
            asked = self._read(request)
        except _Rejected as exc:
            return _rejection(exc.failure)
        except UnknownAlgorithm:
            return _rejection(_BAD_ALGORITHM)
        except der.DerError:
            return _rejection(_BAD_FORMAT)
        info = der.encode(
            der.SEQUENCE,
            der.integer(1),
            der.oid(self.policy),
            asked.imprint,
            der.integer(secrets.randbits(64)),
            der.time(at),
            _ACCURACY,
            asked.nonce,
        )
        token = build_signed_data(
            info, content_type=TST_INFO, identity=self.identity, with_certificates=asked.with_certificates
        )
        return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.integer(_GRANTED)), token)

    def _read(self, raw: bytes) -> _Request:
        outer = der.Reader(raw)
        request = outer.enter(der.SEQUENCE)
        outer.finish()
        if request.take_integer() != 1:
            raise _Rejected(_BAD_REQUEST)
        imprint = request.take(der.SEQUENCE)
        inner = der.Reader(imprint)
        name = read_digest_identifier(inner)
        if len(inner.take(der.OCTET_STRING)) != DIGESTS[name]().digest_size:
            raise _Rejected(_BAD_FORMAT)
        inner.finish()
        if request.peek() == der.OBJECT_IDENTIFIER and request.take_oid() != self.policy:
            raise _Rejected(_UNACCEPTED_POLICY)
        nonce = request.take_whole(der.INTEGER) if request.peek() == der.INTEGER else b""
        wanted = request.optional(der.BOOLEAN) == b"\xff"
        if request.peek() == der.context(0):
            raise _Rejected(_UNACCEPTED_EXTENSION)
        request.finish()
        return _Request(imprint=der.encode(der.SEQUENCE, imprint), nonce=nonce, with_certificates=wanted)


def _rejection(failure: int) -> bytes:
    """PKIStatusInfo with one bit of PKIFailureInfo set; a named bit list ends with its last one (X.690, 11.2.2)."""
    octets = bytearray(failure // 8 + 1)
    octets[-1] = 0x80 >> failure % 8
    info = der.encode(der.BIT_STRING, bytes((7 - failure % 8,)), bytes(octets))
    return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.integer(_REJECTION), info))
