"""`sign` and `verify`: the signatures of a document, on this machine, without a gateway."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from gateway.cli.options import AsJson, KeyFile, Lang, Language, PasswordFile, load_key, load_trust, read_input
from gateway.cli.output import ExitCode, answering, err, out, print_json, write_bytes
from gateway.cli.packages import is_package, judge_package, print_verdict
from gateway.examination.telling import verdict_to_json
from gateway.examination.verdict import masked
from signing import (
    Indication,
    NotSignable,
    SubjectIdentity,
    VerificationFailed,
    VerifiedXml,
    fingerprint,
    sha256,
    sign_xml,
    verify_xml,
)


def sign(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Form; - for stdin.")],
    key: KeyFile,
    to: Annotated[
        Path | None, typer.Option("--out", help="Where to write; stdout if not given.", dir_okay=False)
    ] = None,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> None:
    """Sign a form (XAdES baseline B-B).

    Signing a signed form adds a signature.
    """
    if as_json and to is None:
        raise typer.BadParameter("with --json the signed form needs --out")
    raw = read_input(file)
    with answering(as_json=as_json):
        identity = load_key(key, password_file)
        try:
            signed = sign_xml(raw, identity=identity, at=datetime.now(UTC))
        except NotSignable as exc:
            raise NotSignable(exc.code, f"{file}: {exc.detail}") from exc
        if to is None:
            write_bytes(signed)
            return
        to.write_bytes(signed)
        if as_json:
            print_json({"file": str(to), "documentDigest": sha256(signed), "certificate": identity.fingerprint})
        else:
            err().print(Text(f"{to}  {sha256(signed)}"))


def verify(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Signed forms, evidence, receipts, evidence packages; - for stdin."),
    ],
    trust: Annotated[Path, typer.Option("--trust", help="Certificates to trust, PEM.", exists=True, dir_okay=False)],
    at: Annotated[datetime | None, typer.Option("--at", help="Instant to judge by, UTC; now if not given.")] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask nobody. This is always so; the option only says it.")
    ] = True,
    journal_key: Annotated[
        list[str] | None,
        typer.Option("--journal-key", help="Key (vkey) of the journal, if you know it otherwise than from a package."),
    ] = None,
    witness: Annotated[
        list[str] | None, typer.Option("--witness", help="Key (vkey) of a witness of the journal whom you know.")
    ] = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
) -> None:
    """Check every signature of documents.

    Offline: who signed, when, and what exactly is covered. Of an evidence package: the verdict for each link of the
    chain, and what is missing.
    """
    instant = at.replace(tzinfo=UTC) if at is not None else datetime.now(UTC)
    items: list[dict[str, object]] = []
    failed = False
    with answering(as_json=as_json):
        policy = load_trust(trust)
        for file in files:
            raw = read_input(file)
            if is_package(raw):
                verdict = judge_package(
                    raw, trust=policy, at=instant, journal_keys=journal_key or [], witness_keys=witness or []
                )
                failed = failed or verdict.indication is not Indication.TOTAL_PASSED
                items.append({"file": str(file), **verdict_to_json(verdict, lang)})
                if not as_json:
                    print_verdict(str(file), verdict, lang)
                continue
            try:
                verified = verify_xml(raw, trust=policy, at=instant)
            except VerificationFailed as exc:
                failed = True
                items.append({"file": str(file), **_failure(exc)})
                _print_failure(file, exc, quiet=as_json)
            else:
                items.append({"file": str(file), **_verification(verified)})
                _print_verified(file, verified, quiet=as_json)
        if as_json:
            print_json({"items": items})
    if failed:
        raise typer.Exit(ExitCode.NO)


def _print_verified(file: Path, verified: VerifiedXml, *, quiet: bool) -> None:
    if quiet:
        return
    out().print(Text.assemble(("TOTAL-PASSED", "green"), f" {file}"))
    out().print(Text(f"  covers    the content, {sha256(verified.content)}"))
    for signature in verified.signatures:
        out().print(Text(f"  signed by {_who(signature.subject)}"))
        out().print(Text(f"            {signature.signing_time.isoformat()} (claimed), {signature.algorithm}"))
        out().print(Text(f"            certificate {fingerprint(signature.certificate)}"))


def _print_failure(file: Path, failure: VerificationFailed, *, quiet: bool) -> None:
    if quiet:
        return
    out().print(Text.assemble((failure.indication, "red"), f" {file}"))
    out().print(Text(f"  {failure.subindication}, {failure.code}: {failure.detail}"))


def _verification(verified: VerifiedXml) -> dict[str, object]:
    return {
        "indication": Indication.TOTAL_PASSED,
        "contentDigest": sha256(verified.content),
        "signatures": [
            {
                "commonName": signature.subject.common_name,
                "serialNumber": masked(signature.subject.serial_number),
                "organizationIdentifier": signature.subject.organization_identifier,
                "claimedSigningTime": signature.signing_time.isoformat(),
                "algorithm": signature.algorithm,
                "certificate": fingerprint(signature.certificate),
            }
            for signature in verified.signatures
        ],
    }


def _failure(failure: VerificationFailed) -> dict[str, object]:
    return {
        "indication": failure.indication,
        "subindication": failure.subindication,
        "code": failure.code,
        "detail": failure.detail,
    }


def _who(subject: SubjectIdentity) -> str:
    numbers = (subject.organization_identifier, masked(subject.serial_number))
    return ", ".join(part for part in (subject.common_name, *numbers) if part)
