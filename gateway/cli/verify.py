"""`verify`: the signatures of documents and what a package proves, on this machine, without a gateway."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

import signing  # each name when it is used: who judges XML waits for nothing that reads a PDF
from gateway.cli.options import AsJson, Lang, Language, is_pdf, load_trusted, read_input
from gateway.cli.output import ExitCode, answering, out, print_json, said, usage_error
from gateway.cli.signatures import assessment_to_json, print_assessment, remarks_on
from signing import Indication, RevocationRule, TimestampTrust, ValidationPolicy

ZIP = b"PK\x03\x04"
Trust = Annotated[
    Path, typer.Option("--trust", help="Certificates to trust, PEM; or a trust folder with lists.", exists=True)
]


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
        typer.Option(
            "--report", help="Write a validation report (ETSI TS 119 102-2) of the one document.", dir_okay=False
        ),
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
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(
            "--checkpoint",
            help="A checkpoint that you kept, which must be of the same journal.",
            exists=True,
        ),
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
            if raw.startswith(ZIP):
                if report is not None:
                    raise usage_error(f"--report is about a signed document; {file} is a package: use --json")
                from gateway.cli.packages import judge_package, print_verdict  # here: few files are packages
                from gateway.examination.telling import verdict_to_json

                verdict = judge_package(
                    raw,
                    policy=policy,
                    at=instant,
                    journal_keys=journal_key or [],
                    witness_keys=witness or [],
                    checkpoints=[each.read_bytes() for each in checkpoint or ()],
                    service=service,
                )
                failed = failed or verdict.indication is not Indication.TOTAL_PASSED
                items.append({"file": str(file), **verdict_to_json(verdict, lang)})
                if not as_json:
                    print_verdict(str(file), verdict, lang)
                continue
            assess = signing.assess_pdf if is_pdf(raw) else signing.assess_xml
            assessment = assess(raw, policy=policy, validation_time=instant)
            failed = failed or assessment.indication is not Indication.TOTAL_PASSED
            items.append({"file": str(file), **assessment_to_json(assessment, trusted)})
            if report is not None:
                report.write_bytes(signing.build_report(assessment))
            if not as_json:
                print_assessment(out(), str(file), assessment, trusted)
        remarks = remarks_on(trusted.lists, at=instant)
        if as_json:
            print_json({"items": items, "remarks": remarks})
        else:
            for each in remarks:
                out().print(Text(f"{said('remark')}: {each['message']}", style="yellow"))
    if failed:
        raise typer.Exit(ExitCode.NO)
