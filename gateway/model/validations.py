"""What is known of the certificates behind signatures, and what is not known yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.model.ids import SubmissionId

FORM = "form"
"""What a validation record is about that speaks of the form itself."""
PASSED, UNKNOWN = "passed", "revocation-unknown"
"""Outcomes of a validation record; every other one is the code of a failure."""


class RevocationPolicy(StrEnum):
    """Whether the issuers of certificates are asked if these were revoked.

    off: nobody is asked. prefer: a form about which nobody answers is taken in, and that is said of it. require: it has
    to wait until somebody answers, and is refused when nobody could.
    """

    OFF = "off"
    PREFER = "prefer"
    REQUIRE = "require"


@dataclass(frozen=True, kw_only=True)
class ValidationItem:
    """An issuer's certificate, an OCSP answer or a list, in DER. kind: `certificate`, `ocsp`, `crl`."""

    kind: str
    digest: str
    raw: bytes


@dataclass(frozen=True, kw_only=True)
class Unanswered:
    """A path (DER, from the first certificate to the anchor) of which nobody could tell whether it was revoked.

    about: as in ValidationRecord. used_at: by when the signature is known to have been made.
    """

    about: str
    path: tuple[bytes, ...]
    used_at: datetime


@dataclass(frozen=True, kw_only=True)
class ValidationRecord:
    """What was known of the certificates behind signatures at a moment.

    about: `FORM`, `receipt sha256:…`, or of a certificate `seal sha256:…` or `authority sha256:…` (of time). id:
    of its own; None for what was known of a form when it was handed in, which has the id of the submission. outcome:
    `passed`, `revocation-unknown`, or the code of the failure. raw: JSON: `at`, `outcome`, `kept` (the digests of
    `items`), `signatures` (level, qualification, path, statuses). unanswered: what has to be asked again.
    """

    at: datetime
    outcome: str
    raw: bytes
    items: tuple[ValidationItem, ...]
    about: str = FORM
    id: str | None = None
    unanswered: tuple[Unanswered, ...] = ()

    @property
    def is_against(self) -> bool:
        """Whether it shows that a signature does not count."""
        return self.outcome not in (PASSED, UNKNOWN)


@dataclass(frozen=True, kw_only=True)
class Inquiry:
    """Something unanswered that is asked again. since: when it was asked first. tries: how often it was asked since."""

    number: int
    submission_id: SubmissionId
    unanswered: Unanswered
    since: datetime
    tries: int
