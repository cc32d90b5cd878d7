"""RFC 3161 time stamps: asked for from authorities, given by an authority, verified without a network."""

from signing.timestamps.authority import TimestampAuthority
from signing.timestamps.requesting import Timestamper, TimestampSource
from signing.timestamps.token import TimeStamp, TimestampTrust, verify_digest_timestamp, verify_timestamp

__all__ = [
    "TimeStamp",
    "TimestampAuthority",
    "TimestampSource",
    "TimestampTrust",
    "Timestamper",
    "verify_digest_timestamp",
    "verify_timestamp",
]
