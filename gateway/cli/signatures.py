"""Signatures for people and programs: what was found of each."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from gateway.cli.output import said, spoken
from gateway.pseudonyms import masked
from gateway.trustfolder import Trusted, qualification
from signing import (
    DocumentAssessment,
    Indication,
    SignatureAssessment,
    SubjectIdentity,
    ValidatedSignature,
    fingerprint,
    sha256,
)

if TYPE_CHECKING:
    from signing import TrustedLists

STALE = "newer trusted lists should have come ({territories}): whom they withdraw counts here still"


def print_assessment(console: Console, name: str, assessment: DocumentAssessment, trusted: Trusted) -> None:
    """What was found, in plain words: who signed, when, what is covered, what is known of it."""
    passed = assessment.indication is Indication.TOTAL_PASSED
    console.print(Text.assemble((assessment.indication, "green" if passed else "red"), f" {name}"))
    for content in dict.fromkeys(each.content for each in assessment.signatures if each.content is not None):
        console.print(Text(f"  {said('covers the content')}, {sha256(content)}"))
    for each in assessment.signatures:
        if each.passed is None:
            console.print(Text(f"  {each.subindication}, {each.code}: {_why(each)}"))
        else:
            _print_signature(console, each.passed, trusted)


def _why(failed: SignatureAssessment) -> str:
    """Why a signature does not count: as closely as that language has words for it."""
    if failed.subindication is None or spoken() == "en":
        return failed.detail or ""
    from gateway.examination.reasonwords import REASONS  # here: few signatures fail

    return REASONS[failed.subindication][spoken()]


def _print_signature(console: Console, passed: ValidatedSignature, trusted: Trusted) -> None:
    signature = passed.signature
    lines = [
        said(
            "{at} (claimed), {algorithm}, {level}",
            at=signature.signing_time.isoformat(),
            algorithm=signature.algorithm,
            level=passed.level,
        ),
        f"{said('certificate')} {fingerprint(signature.certificate)}",
    ]
    for each in passed.timestamps:
        at, who = each.stamped_at.isoformat(), each.authority.common_name
        lines.append(said("stamped at {at} by {who}", at=at, who=who))
    for each in passed.archive:
        at, who = each.stamped_at.isoformat(), each.authority.common_name
        lines.append(said("stamped for keeping at {at} by {who}", at=at, who=who))
    unknown = sum(status.source is None for status in passed.statuses)
    lines.append(
        said("revocation of {number} certificates unknown", number=unknown)
        if unknown
        else said("no certificate was revoked by then")
    )
    if trusted.lists is not None:
        lines.append(f"{said('qualification')} {qualification(passed, trusted.lists)}")
    console.print(Text(f"  {said('signed by {who}', who=_who(signature.subject))}"))
    for line in lines:
        console.print(Text(f"            {line}"))


def remarks_on(lists: TrustedLists | None, *, at: datetime) -> list[dict[str, object]]:
    """What is to be known of the lists by which signatures were judged."""
    stale = () if lists is None else lists.stale(at)
    message = said(STALE, territories=", ".join(stale))
    return [{"code": "trusted-list-stale", "territories": stale, "message": message}] if stale else []


def assessment_to_json(assessment: DocumentAssessment, trusted: Trusted) -> dict[str, object]:
    """What was found. The worst signature stands at the top; each that passed by itself under `signatures`."""
    worst = next(each for each in assessment.signatures if each.indication is assessment.indication)
    found: dict[str, object] = {"indication": worst.indication}
    if worst.passed is None:
        found |= {"subindication": worst.subindication, "code": worst.code, "detail": worst.detail}
    elif worst.content is not None:
        found |= {"contentDigest": sha256(worst.content)}
    return found | {"signatures": [_signature(each, trusted) for each in assessment.signatures]}


def _signature(found: SignatureAssessment, trusted: Trusted) -> dict[str, object]:
    if found.passed is None:
        return {
            "indication": found.indication,
            "subindication": found.subindication,
            "code": found.code,
            "detail": found.detail,
        }
    passed, signature = found.passed, found.passed.signature
    return {
        "indication": found.indication,
        "commonName": signature.subject.common_name,
        "serialNumber": masked(signature.subject.serial_number or "") or None,
        "organizationIdentifier": signature.subject.organization_identifier,
        "claimedSigningTime": signature.signing_time.isoformat(),
        "algorithm": signature.algorithm,
        "certificate": fingerprint(signature.certificate),
        "level": passed.level,
        "bestSignatureTime": passed.best_signature_time.isoformat(),
        "qualification": qualification(passed, trusted.lists),
        "timeStamps": [
            {
                "at": each.stamped_at.isoformat(),
                "authority": each.authority.common_name,
                "archive": each in passed.archive,
            }
            for each in (*passed.timestamps, *passed.archive)
        ],
        "revocation": [
            {
                "certificate": sha256(status.certificate),
                "source": status.source,
                "thisUpdate": None if status.this_update is None else status.this_update.isoformat(),
                "revokedAt": None if status.revoked_at is None else status.revoked_at.isoformat(),
                "reason": status.reason,
            }
            for status in passed.statuses
        ],
    }


def _who(subject: SubjectIdentity) -> str:
    numbers = (subject.organization_identifier, masked(subject.serial_number or ""))
    return ", ".join(part for part in (subject.common_name, *numbers) if part)
