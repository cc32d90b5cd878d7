"""An evidence package in words: what `verify` says of one. No network code is imported on this way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.text import Text

from gateway.cli.output import out
from gateway.cli.render import pages_of
from gateway.errors import EngineFault, Unreadable
from gateway.examination import Grounds, Standing, Verdict, examine
from gateway.examination.telling import verdict_to_lines
from signing import Indication, ValidationPolicy, parse_note_key

COLOURS = {Standing.HOLDS: "green", Standing.FAILS: "red", Standing.OPEN: "yellow", Standing.MISSING: "yellow"}


def judge_package(
    raw: bytes,
    *,
    policy: ValidationPolicy,
    at: datetime,
    journal_keys: Sequence[str],
    witness_keys: Sequence[str],
    checkpoints: Sequence[bytes],
    service: str | None,
) -> Verdict:
    """The verdict on a package. Raises KeyUnavailable for a key of a journal or witness that is none."""
    for key in (*journal_keys, *witness_keys):
        parse_note_key(key)
    grounds = Grounds(
        trust=policy.signers,
        timestamps=policy.timestamps,
        revocation=policy.revocation,
        at=at,
        journal_keys=tuple(journal_keys),
        witness_keys=tuple(witness_keys),
        checkpoints=tuple(checkpoints),
        service=service,
        reprint=_reprint,
    )
    return examine(raw, grounds=grounds)


def _reprint(form: bytes, language: str) -> bytes | None:
    """The form as PDF, as this program prints it; None if it does not."""
    try:
        return pages_of(form, language)
    except (Unreadable, EngineFault):
        return None


def print_verdict(name: str, verdict: Verdict, language: str) -> None:
    """All of a verdict, for people."""
    passed = verdict.indication is Indication.TOTAL_PASSED
    out().print(Text.assemble((verdict.indication, "green" if passed else "red"), f" {name}"))
    for line, standing in verdict_to_lines(verdict, language):
        out().print(Text(line, style=COLOURS[standing] if standing is not None else ""))
