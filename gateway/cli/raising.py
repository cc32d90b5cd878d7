"""A signed document brought to a higher level, with the network that this takes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from gateway.addresses import Reach, network
from gateway.cli.options import is_pdf
from gateway.cli.output import usage_error
from gateway.transports.fetching import Fetching
from gateway.trustfolder import Trusted
from signing import (
    Level,
    Timestamper,
    TimestampSource,
    TimestampTrust,
    ValidationData,
    ValidationPolicy,
    collect_revocation,
    raise_pdf,
    raise_xml,
)


def raised(raw: bytes, level: Level, trusted: Trusted, *, urls: Sequence[str], networks: Sequence[str]) -> bytes:
    """A signed document at a higher level: the time authorities at `urls` and the issuers of certificates are asked.

    networks: those that are not public and may be asked in. Raises what `signing.raise_xml` and `raise_pdf` raise.
    """
    try:
        reach = Reach(allowed=tuple(network(each) for each in networks))
    except ValueError as exc:
        raise usage_error("--allow-network must be a network, such as 10.20.0.0/16") from exc
    stamps, now, fetch = TimestampTrust(anchors=trusted.timestamps), datetime.now(UTC), Fetching(reach)

    def collect(path: Sequence[bytes]) -> ValidationData:
        return collect_revocation(path, fetch=fetch, at=now, algorithms=trusted.signers.algorithms)

    try:
        return (raise_pdf if is_pdf(raw) else raise_xml)(
            raw,
            level=level,
            policy=ValidationPolicy(signers=trusted.signers, timestamps=stamps),
            timestamper=Timestamper(sources=tuple(TimestampSource(url=url) for url in urls), trust=stamps, fetch=fetch),
            collect=collect,
            at=now,
        )
    finally:
        fetch.close()
