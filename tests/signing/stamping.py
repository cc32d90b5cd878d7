"""Time authorities for these tests, at any moment, by any unit."""

from datetime import datetime
from typing import Any

from signing import (
    Identity,
    TimestampAuthority,
    Timestamper,
    TimestampSource,
    TimestampTrust,
    TrustPolicy,
    issue,
    issue_authority,
)
from tests.signing.pki import AT

TIME_ROOT = issue_authority("Time Authority", at=AT, years=30)
UNIT = issue(TIME_ROOT, "Unit", use="stamp", at=AT, days=3650)
STRANGE_UNIT = issue(issue_authority("Time Authority", at=AT, years=30), "Unit", use="stamp", at=AT, days=3650)
TIME_TRUST = TimestampTrust(anchors=TrustPolicy((TIME_ROOT.certificate,)))


def stamper(at: datetime, *, unit: Identity = UNIT, trust: TimestampTrust | None = None) -> Timestamper:
    """A client of an authority whose clock says `at`."""

    def fetch(url: str, *, body: bytes | None = None, content_type: Any = None, max_bytes: int) -> bytes:
        return TimestampAuthority(identity=unit).answer(body or b"", at=at)

    return Timestamper(sources=(TimestampSource(url=""),), trust=trust or TIME_TRUST, fetch=fetch)
