"""`sign` and `verify`: the signatures of a document, on this machine, without a gateway."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from gateway.cli.options import AsJson, KeyFile, Lang, Language, PasswordFile, load_key, load_trusted, read_input
from gateway.cli.output import ExitCode, answering, err, out, print_json, usage_error, write_bytes
from gateway.cli.packages import is_package, judge_package, print_verdict
from gateway.cli.signatures import assessment_to_json, is_pdf, print_assessment, raised
from gateway.examination.telling import verdict_to_json
from signing import (
    Indication,
    Level,
    NotSignable,
    RevocationRule,
    TimestampTrust,
    ValidationPolicy,
    assess_pdf,
    assess_xml,
    build_report,
    sha256,
    sign_pdf,
    sign_xml,
)

Trust = Annotated[
    Path, typer.Option("--trust", help="Certificates to trust, PEM; or a trust folder with lists.", exists=True)
]


def sign(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Form, or its rendition as PDF; - for stdin.")],
    key: KeyFile,
    to: Annotated[
        Path | None, typer.Option("--out", help="Where to write; stdout if not given.", dir_okay=False)
    ] = None,
    level: Annotated[
        Level, typer.Option("--level", help="T: stamped; LT: with what judges it offline; LTA: stamped again.")
    ] = Level.B_B,
    timestamp: Annotated[
        list[str] | None, typer.Option("--timestamp", metavar="URL", help="Time authority (RFC 3161); more are spares.")
    ] = None,
    trust: Annotated[
        Path | None,
        typer.Option("--trust", help="For B-T and above: whom to trust, PEM or a trust folder.", exists=True),
    ] = None,
    allow_network: Annotated[
        list[str] | None, typer.Option("--allow-network", help="Network that is not public and may be asked in.")
    ] = None,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> None:
    """Sign a form (XAdES baseline B-B to B-LTA), or a PDF (PAdES).

    Signing a signed form adds a signature; a PDF is signed once.
    """
    if as_json and to is None:
        raise typer.BadParameter("with --json the signed form needs --out")
    if level is not Level.B_B and (trust is None or not timestamp):
        raise usage_error(f"--level {level.value} needs --timestamp and --trust")
    raw = read_input(file)
    with answering(as_json=as_json):
        identity = load_key(key, password_file)
        try:
            signed = (sign_pdf if is_pdf(raw) else sign_xml)(raw, identity=identity, at=datetime.now(UTC))
            if trust is not None and timestamp:
                trusted = load_trusted(trust)
                signed = raised(signed, level, trusted, urls=timestamp, networks=allow_network or [])
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
        typer.Argument(
            metavar="FILE...", help="Signed forms, PDF, evidence, receipts, evidence packages; - for stdin."
        ),
    ],
    trust: Trust,
    at: Annotated[datetime | None, typer.Option("--at", help="Instant to judge by, UTC; now if not given.")] = None,
    require_revocation: Annotated[
        bool, typer.Option("--require-revocation", help="No unless it is known that no certificate was revoked.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option("--report", help="Write a validation report (ETSI TS 119 102-2) of the one file.", dir_okay=False),
    ] = None,
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
    service: Annotated[
        str | None,
        typer.Option(
            "--service",
            metavar="WHO",
            help="Number of the organisation, or fingerprint of the certificate, that must have sealed a package; "
            "else anybody may have whom --trust makes count.",
        ),
    ] = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
) -> None:
    """Check every signature of documents.

    Offline: who signed, when, at what level, and what exactly is covered. Of an evidence package: the verdict for each
    link of the chain, and what is missing.
    """
    if report is not None and len(files) != 1:
        raise usage_error("--report is about one file")
    instant = at.replace(tzinfo=UTC) if at is not None else datetime.now(UTC)
    items: list[dict[str, object]] = []
    failed = False
    with answering(as_json=as_json):
        trusted = load_trusted(trust)
        policy = ValidationPolicy(
            signers=trusted.signers,
            timestamps=TimestampTrust(anchors=trusted.timestamps),
            revocation=RevocationRule(required=require_revocation),
        )
        for file in files:
            raw = read_input(file)
            if is_package(raw):
                verdict = judge_package(
                    raw,
                    policy=policy,
                    at=instant,
                    journal_keys=journal_key or [],
                    witness_keys=witness or [],
                    service=service,
                )
                failed = failed or verdict.indication is not Indication.TOTAL_PASSED
                items.append({"file": str(file), **verdict_to_json(verdict, lang)})
                if not as_json:
                    print_verdict(str(file), verdict, lang)
                continue
            assessment = (assess_pdf if is_pdf(raw) else assess_xml)(raw, policy=policy, validation_time=instant)
            failed = failed or assessment.indication is not Indication.TOTAL_PASSED
            items.append({"file": str(file), **assessment_to_json(assessment, trusted)})
            if report is not None:
                report.write_bytes(build_report(assessment))
            if not as_json:
                print_assessment(out(), str(file), assessment, trusted)
        if as_json:
            print_json({"items": items})
    if failed:
        raise typer.Exit(ExitCode.NO)
