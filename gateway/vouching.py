"""Whether signatures count now: verified with their time stamps, their certificates asked after.

Only a path that leads to one of our own anchors is asked about, so nobody else can make us knock anywhere. What was
said is kept: who doubts the acceptance, or the refusal, years later finds here why it was right. The signatory's own
certificate is kept as its digest alone, because a card's certificate names a person; it stands in the signed form.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial

from gateway.errors import SourceUnavailable
from gateway.forms.parsing import ParsedDocument
from gateway.lockstep import Stages
from gateway.model import (
    FORM,
    PASSED,
    UNKNOWN,
    RevocationPolicy,
    Unanswered,
    ValidationItem,
    ValidationRecord,
    instant_text,
)
from gateway.ports import Collected, RevocationSource
from gateway.trustfolder import qualification
from signing import (
    CLOCK_TOLERANCE,
    CertificateStatus,
    Identity,
    Indication,
    KnownData,
    Subindication,
    TrustedLists,
    ValidatedSignature,
    ValidationData,
    ValidationPolicy,
    VerificationFailed,
    VerifiedSignature,
    check_path,
    read_imprint,
    sha256,
    validate_xml,
    verify_digest_timestamp,
)

RETRY_AFTER_S = 60
Told = dict[str, object]
_JSON = json.JSONEncoder(separators=(",", ":"))


@dataclass(frozen=True, kw_only=True)
class Vouched:
    """What the signatures of a form prove; nothing where one of them failed.

    unknown: whether of some certificate nothing is known. record: what was asked and said, to be kept.
    """

    content: bytes = b""
    signatures: tuple[VerifiedSignature, ...] = ()
    failure: VerificationFailed | None = None
    unknown: bool = False
    record: ValidationRecord


Answers = Mapping[tuple[bytes, ...], Collected]
"""What was said of paths that were asked about for a document before it is validated."""


class Unasked(Exception):
    """Somebody has to be asked about a path first, which may take seconds. ask: does that."""

    def __init__(self, path: tuple[bytes, ...], ask: Callable[[], Collected]) -> None:
        super().__init__("somebody has to be asked first")
        self.path, self.ask = path, ask


@dataclass
class _Asked:
    """What the source said of each path, as it was asked while a document was validated. answers: see
    `Vouching.validate`."""

    source: RevocationSource
    answers: Answers | None
    said: dict[tuple[bytes, ...], Collected] = field(default_factory=dict)

    def collect(self, path: Sequence[bytes]) -> ValidationData:
        key = tuple(path)
        known = self.source.known(key)
        if known is None and self.answers is not None:
            if key not in self.answers:
                raise Unasked(key, partial(self.source.collect, key))
            known = self.answers[key]
        said = self.said[key] = known or self.source.collect(key)
        return said.data

    @property
    def is_unreachable(self) -> bool:
        return any(each.is_unreachable for each in self.said.values())


@dataclass(frozen=True, kw_only=True)
class Vouching:
    """Validates what is handed in. source: tells of revocations. policy: its rule for revocation requires nothing;
    what is required is decided here, where a source that is down and one that does not know are told apart. lists: by
    which the qualification of a signature is told; it decides nothing."""

    policy: ValidationPolicy
    source: RevocationSource
    revocation: RevocationPolicy = RevocationPolicy.PREFER
    lists: TrustedLists | None = None

    def validate(self, document: ParsedDocument, *, at: datetime, answers: Answers | None = None) -> Stages[Vouched]:
        """The signatures of a form that is handed in at this moment.

        answers: where nobody is to be waited for, what was said of paths just now; they serve also where the source
        does not remember them. Raises Unasked where such an answer is missing; SourceUnavailable where the policy
        requires what cannot be had now.
        """
        asked = _Asked(self.source, answers)
        collect = None if self.revocation is RevocationPolicy.OFF else asked.collect
        try:
            found = validate_xml(
                document.raw,
                root=document.root if document.is_whole else None,
                policy=self.policy,
                validation_time=at,
                collect=collect,
            )
        except VerificationFailed as failure:
            return Vouched(failure=failure, record=_record(at, asked.said, outcome=failure.code))
        yield
        unknown = collect is not None and any(
            status.source is None for each in found.signatures for status in each.statuses
        )
        if unknown and self.revocation is RevocationPolicy.REQUIRE:
            if asked.is_unreachable:
                raise SourceUnavailable(
                    "revocation-unavailable",
                    "whether a certificate was revoked cannot be asked at this moment; nothing was kept of the form",
                    retry_after_s=RETRY_AFTER_S,
                )
            unknown_to_all = VerificationFailed(
                Indication.INDETERMINATE,
                Subindication.TRY_LATER,
                UNKNOWN,
                "nobody says whether a certificate was revoked",
            )
            return Vouched(failure=unknown_to_all, record=_record(at, asked.said, outcome=unknown_to_all.code))
        return Vouched(
            content=found.content,
            signatures=tuple(each.signature for each in found.signatures),
            unknown=unknown,
            record=_record(
                at,
                asked.said,
                paths=[path for each in found.signatures for path in each.paths],
                signatures=[_signature(each, qualification(each, self.lists)) for each in found.signatures],
                unanswered=tuple(_unanswered(found.signatures)) if unknown else (),
            ),
        )

    def ask_about(
        self, path: Sequence[bytes], *, about: str, used_at: datetime, at: datetime
    ) -> ValidationRecord | None:
        """What is said at this moment of the certificates of a path that was good when it was used.

        None where there is nothing to ask: nobody is to be asked, or all of them say that they are never revoked.
        An outcome other than `PASSED` and `UNKNOWN`: one was revoked before `used_at`.
        """
        if self.revocation is RevocationPolicy.OFF or all(
            each.source == "never" for each in self._statuses(path, ValidationData(), used_at=used_at, at=at)
        ):
            return None
        said = self.source.collect(path)
        told = {tuple(path): said}
        try:
            statuses = self._statuses(path, said.data, used_at=used_at, at=at)
        except VerificationFailed as failure:
            return _record(at, told, about=about, outcome=failure.code)
        signature: Told = {
            "bestSignatureTime": instant_text(used_at),
            "path": [_digest(der) for der in path],
            "statuses": _told_statuses(statuses),
        }
        is_unknown = any(each.source is None for each in statuses)
        return _record(
            at,
            told,
            about=about,
            outcome=UNKNOWN if is_unknown else PASSED,
            signatures=[signature],
            unanswered=(Unanswered(about=about, path=tuple(path), used_at=used_at),) if is_unknown else (),
        )

    def ask_about_seal(self, seal: Identity, *, at: datetime) -> ValidationRecord | None:
        """What is said at this moment of a seal of ours; None as above, and where it leads to no anchor of ours."""
        try:
            path = self.policy.signers.path_of(seal, at=at)
        except VerificationFailed:
            return None
        return self.ask_about(path, about=seal_name(seal), used_at=at, at=at)

    def ask_about_authority(self, path: Sequence[bytes], *, at: datetime) -> ValidationRecord | None:
        """What is said at this moment of a time authority; None as above."""
        return self.ask_about(path, about=authority_name(path), used_at=at, at=at)

    def authority_of(self, token: bytes, *, at: datetime) -> tuple[bytes, ...] | None:
        """The path of whoever made a time stamp, whatever it stamps; None where it does not count any more."""
        try:
            digest_name, digest = read_imprint(token)
            stamp = verify_digest_timestamp(
                token, digest, digest_name=digest_name, trust=self.policy.timestamps, at=at + CLOCK_TOLERANCE
            )
        except VerificationFailed:
            return None
        return stamp.path.certificates

    def _statuses(
        self, path: Sequence[bytes], data: ValidationData, *, used_at: datetime, at: datetime
    ) -> tuple[CertificateStatus, ...]:
        return check_path(
            path,
            [KnownData(data=data, known_at=at)],
            at=used_at,
            rule=self.policy.revocation,
            algorithms=self.policy.signers.algorithms,
        )


def seal_name(seal: Identity) -> str:
    """What a validation record is about that speaks of a seal of ours."""
    return f"seal {seal.fingerprint}"


def authority_name(path: Sequence[bytes]) -> str:
    """What a validation record is about that speaks of a time authority."""
    return f"authority {sha256(path[0])}"


def known_by(record: ValidationRecord) -> KnownData:
    """What issuers said, as it was kept."""
    said: dict[str, list[bytes]] = {"certificate": [], "ocsp": [], "crl": []}
    for item in record.items:
        said[item.kind].append(item.raw)
    data = ValidationData(certificates=tuple(said["certificate"]), ocsps=tuple(said["ocsp"]), crls=tuple(said["crl"]))
    return KnownData(data=data, known_at=record.at)


def _record(
    at: datetime,
    said: Mapping[tuple[bytes, ...], Collected],
    *,
    about: str = FORM,
    outcome: str = PASSED,
    paths: Iterable[Sequence[bytes]] = (),
    signatures: Sequence[Told] = (),
    unanswered: tuple[Unanswered, ...] = (),
) -> ValidationRecord:
    """What was known, as it is kept: ids, digests and codes; the bytes that it names beside it. paths: whose issuers
    are kept besides those that were asked about."""
    issuers = dict.fromkeys(der for path in (*said, *paths) for der in path[1:])
    items = {(each := _item("certificate", der)).digest: each for der in issuers}
    for collected in said.values():
        items |= {(each := _item("crl", der)).digest: each for der in collected.data.crls}
        items |= {(each := _item.__wrapped__("ocsp", der)).digest: each for der in collected.data.ocsps}
    told = {
        "about": about,
        "at": instant_text(at),
        "outcome": outcome,
        "kept": sorted(items),
        "signatures": list(signatures),
    }
    return ValidationRecord(
        at=at,
        outcome=outcome,
        raw=_JSON.encode(told).encode(),
        items=tuple(items.values()),
        about=about,
        unanswered=unanswered,
    )


def _unanswered(signatures: Iterable[ValidatedSignature]) -> Iterator[Unanswered]:
    """The paths of the signatures of a form on which something is not known."""
    for each in signatures:
        unknown = {status.certificate for status in each.statuses if status.source is None}
        for path in each.paths:
            if not unknown.isdisjoint(path):
                yield Unanswered(about=FORM, path=tuple(path), used_at=each.best_signature_time)


def _signature(found: ValidatedSignature, qualification: str) -> Told:
    return {
        "bestSignatureTime": instant_text(found.best_signature_time),
        "level": found.level,
        "path": [_digest(der) for der in found.signature.path],
        "qualification": qualification,
        "statuses": _told_statuses(found.statuses),
    }


def _told_statuses(statuses: Iterable[CertificateStatus]) -> list[Told]:
    return [
        {
            "certificate": _digest(status.certificate),
            "reason": status.reason,
            "revokedAt": None if status.revoked_at is None else instant_text(status.revoked_at),
            "source": status.source,
            "thisUpdate": None if status.this_update is None else instant_text(status.this_update),
        }
        for status in statuses
    ]


@lru_cache(maxsize=32)
def _item(kind: str, der: bytes) -> ValidationItem:
    """Issuers and their lists come back, and a list has megabytes."""
    return ValidationItem(kind=kind, digest=sha256(der), raw=der)


@lru_cache(maxsize=4096)
def _digest(der: bytes) -> str:
    return sha256(der)
