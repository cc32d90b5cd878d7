"""`submit` and `status`: hand in a form, and see where its copies are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from gateway.cli.options import AsJson, Lang, Language, Token, TokenFile, Url, client, read_input
from gateway.cli.output import (
    answering,
    err,
    headings,
    out,
    print_issues,
    print_json,
    print_table,
    role_shown,
    said,
    state_shown,
)
from gateway.cli.termwords import verdict_shown
from gateway.client import Client
from gateway.views import DeliveryView, EvidenceView, SubmissionView, TermView


def submit(
    file: Annotated[Path, typer.Argument(help="Signed form; - for stdin.")],
    url: Url,
    token: Token = None,
    token_file: TokenFile = None,
    idempotency_key: Annotated[
        str | None, typer.Option("--idempotency-key", help="Your own name for this submission, for safe repeats.")
    ] = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
) -> None:
    """Hand in a signed form.

    The same form again gives the first answer again.
    """
    raw_form = read_input(file)
    with answering(as_json=as_json), client(url, token, token_file, language=lang) as gateway:
        submitted = gateway.submit(raw_form, idempotency_key=idempotency_key)
        if as_json:
            print_json(submitted.view)
            return
        if submitted.is_repeat:
            err().print(Text(said("The counter had this form already; this is its first answer again.")))
        _print_submission(submitted.view, submitted.view["deliveries"])


def status(
    submission_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the submission.")],
    url: Url,
    token: Token = None,
    token_file: TokenFile = None,
    save: Annotated[
        Path | None, typer.Option("--save", help="Write all evidence and receipts to this folder.", file_okay=False)
    ] = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
) -> None:
    """Show where a submission stands.

    Its copies, its terms and its evidence.
    """
    with answering(as_json=as_json), client(url, token, token_file, language=lang) as gateway:
        view = gateway.submission(submission_id)
        deliveries = gateway.deliveries(submission_id)
        evidence = gateway.evidence_of(submission_id)
        if save is not None:
            _save(gateway, evidence, save)
        if as_json:
            print_json({**view, "deliveries": deliveries, "evidence": evidence})
            return
        _print_submission(view, deliveries)
        print_table(
            headings("evidence", "when", "delivery", "id"),
            [(item["event"], item["at"], item.get("deliveryId") or "", item["evidenceId"]) for item in evidence],
        )


def _save(gateway: Client, evidence: list[EvidenceView], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for item in evidence:
        name = f"{item['event']}-{item['evidenceId']}"
        (folder / f"{name}.xml").write_bytes(gateway.evidence(item["evidenceId"]))
        if item.get("receiptHref"):
            (folder / f"{name}.receipt.xml").write_bytes(gateway.receipt(item["evidenceId"]))


def _print_submission(view: SubmissionView, deliveries: list[DeliveryView]) -> None:
    console = out()
    decided_at = view.get("acceptedAt") or view.get("rejectedAt", "")
    console.print(
        Text.assemble((view["submissionId"], "bold"), f"  {view.get('kind', '')}  {view['state']}  {decided_at}")
    )
    console.print(Text(f"{said('document')} {view.get('documentId', '')}  {view['documentDigest']}"))
    print_table(
        headings("copy", "role", "party", "state", "carried by", "tries", "law", "delivery"),
        [
            (
                f"{delivery['copy']}/{delivery['of']}",
                role_shown(delivery["role"]),
                delivery["party"],
                state_shown(delivery["state"]),
                delivery["transport"],
                str(delivery["attempts"]),
                delivery["article"],
                delivery["deliveryId"],
            )
            for delivery in deliveries
        ],
    )
    for term in view["terms"]:
        console.print(Text(term_line(term)))
    for check in view.get("certificateChecks", []):
        asked = said("certificates of {what}, asked {at}", what=check["about"], at=check["at"])
        console.print(Text(f"{asked}: {check['outcome']}"))
    print_issues(console, view.get("warnings", []))


def term_line(term: TermView) -> str:
    """One legal term in one line, with both readings of "working day" where they differ."""
    last, other = term.get("lastDay"), term.get("lastDayOtherReading")
    told = f"{said('term')} {term['id']} ({term['article']}): {term['act']}"
    if not last:
        return f"{told}; {said('has not begun')}"
    days = last
    if other not in (None, last):
        days = said("{last} (Monday-Saturday), {other} (Monday-Friday)", last=last, other=other)
    verdict = f": {verdict_shown(term['verdict'])}" if term.get("verdict") else ""
    return f"{told}, {said('last day')} {days}{verdict}"
