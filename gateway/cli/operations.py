"""`operations list | show | act | receipts | receipt | evidence | erase | alerts | journal | certificates | renew …`.

What needs a person, by the administrator's token.
"""

from __future__ import annotations

import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from gateway.cli.alertwords import ADVICE
from gateway.cli.options import AsJson, Token, TokenFile, Url, client
from gateway.cli.output import (
    answering,
    headings,
    out,
    print_json,
    print_table,
    role_shown,
    said,
    usage_error,
    write_bytes,
)
from gateway.erasure import ErasureReason
from gateway.model import DeliveryState
from gateway.oversight import IN_HAND, ActCode, ReasonCode
from gateway.views import OperationView

app = typer.Typer(help="See to deliveries that do not get on by themselves (operator).", no_args_is_help=True)


class Digest(StrEnum):
    """Digests by which the journal can be covered anew."""

    SHA384 = "sha384"
    SHA512 = "sha512"


DeliveryId = Annotated[str, typer.Argument(metavar="DELIVERY", help="Id of the delivery.")]
OutFile = Annotated[Path | None, typer.Option("--out", help="Where to write; stdout if not given.", dir_okay=False)]


@app.command("list")
def list_deliveries(
    url: Url,
    state: Annotated[DeliveryState | None, typer.Option("--state", help="Only those in this state.")] = None,
    token: Token = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """List deliveries that need a person.

    The next lawful moment first.
    """
    if state is not None and state not in IN_HAND:
        raise usage_error(f"nobody sees to what is {state}; known are {', '.join(IN_HAND)}")
    with answering(as_json=as_json), client(url, token, token_file) as gateway:
        found = list(gateway.operations(None if state is None else state.value))
        if as_json:
            print_json({"items": found})
            return
        print_table(
            headings("lawful until", "state", "role", "party", "problem", "possible", "delivery"),
            [
                (
                    item.get("lawfulUntil", ""),
                    item["state"],
                    role_shown(item["role"]),
                    item["party"],
                    item.get("lastProblem", ""),
                    " ".join(item["acts"]),
                    item["deliveryId"],
                )
                for item in found
            ],
        )


@app.command()
def show(
    delivery_id: DeliveryId, url: Url, token: Token = None, token_file: TokenFile = None, as_json: AsJson = False
) -> None:
    """Show a delivery.

    Its evidence, and what can be done about it.
    """
    with answering(as_json=as_json), client(url, token, token_file) as gateway:
        _print(gateway.operation(delivery_id), as_json=as_json)


@app.command()
def evidence(
    evidence_id: Annotated[str, typer.Argument(metavar="EVIDENCE", help="Id of the evidence.")],
    url: Url,
    to: OutFile = None,
    token: Token = None,
    token_file: TokenFile = None,
) -> None:
    """Fetch a piece of evidence.

    The signed XML, whoever it concerns.
    """
    with answering(as_json=False), client(url, token, token_file) as gateway:
        write_bytes(gateway.operation_evidence(evidence_id), to)


@app.command()
def receipts(url: Url, token: Token = None, token_file: TokenFile = None, as_json: AsJson = False) -> None:
    """List what came as a receipt and moved nothing.

    Of all deliveries, oldest first, with the code of what is wrong with it and who sent it.
    """
    with answering(as_json=as_json), client(url, token, token_file) as gateway:
        found = list(gateway.odd_receipts())
        if as_json:
            print_json({"items": found})
            return
        print_table(
            headings("received", "code", "sent by", "delivery", "receipt"),
            [
                (each["receivedAt"], each["outcome"], each.get("sentBy", ""), each["deliveryId"], each["receiptId"])
                for each in found
            ],
        )


@app.command()
def receipt(
    receipt_id: Annotated[str, typer.Argument(metavar="RECEIPT", help="Id of the receipt, as `show` tells it.")],
    url: Url,
    to: OutFile = None,
    token: Token = None,
    token_file: TokenFile = None,
) -> None:
    """Fetch what came as a receipt.

    Byte for byte. One that moved nothing may be anything, so it is not written to a terminal.
    """
    if to is None and sys.stdout.isatty():
        raise usage_error("give --out: what a stranger sent may command a terminal")
    with answering(as_json=False), client(url, token, token_file) as gateway:
        write_bytes(gateway.operation_receipt(receipt_id), to)


@app.command()
def act(
    delivery_id: DeliveryId,
    act: Annotated[ActCode, typer.Argument(metavar="ACT", help=f"What to do: {', '.join(ActCode)}.")],
    url: Url,
    reason: Annotated[ReasonCode, typer.Option("--reason", help="Why; it stands in the evidence.")],
    by: Annotated[str, typer.Option("--by", help="Your label as operator; it stands in the evidence. No name.")],
    token: Token = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Do something about a delivery.

    retry: push now. mailbox: push no more, it stays ready. paper: to the print station. paper-failed: print or letter
    are lost, or the address is wrong; then choose again. close: nothing more is done.
    """
    with answering(as_json=as_json), client(url, token, token_file) as gateway:
        _print(gateway.act(delivery_id, act.value, reason=reason.value, by=by), as_json=as_json)


@app.command()
def erasable(
    url: Url,
    before: Annotated[str, typer.Option("--before", metavar="DAY", help="Accepted before this day, as 2011-01-31.")],
    token: Token = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """List forms that can be erased.

    Accepted before a day, still kept, nothing of them under way; oldest first.
    """
    with answering(as_json=as_json), client(url, token, token_file) as gateway:
        found = list(gateway.erasable(before=before))
        if as_json:
            print_json({"items": found})
            return
        print_table(
            headings("accepted", "state", "kind", "submission"),
            [(item["acceptedAt"], item["state"], item["kind"], item["submissionId"]) for item in found],
        )


@app.command()
def erase(
    submission_id: Annotated[str, typer.Argument(metavar="SUBMISSION", help="Id of the submission.")],
    url: Url,
    reason: Annotated[ErasureReason, typer.Option("--reason", help="Why; it stands in the evidence.")],
    by: Annotated[str, typer.Option("--by", help="Your label as operator; it stands in the evidence. No name.")],
    token: Token = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Erase a form for ever.

    What makes it readable is destroyed; what proves its course stays, and can be proven as before. Nothing of it may be
    under way any more.
    """
    with answering(as_json=as_json), client(url, token, token_file) as gateway:
        proof = gateway.erase(submission_id, reason=reason.value, by=by)
        if as_json:
            print_json(proof)
            return
        out().print(Text(said("erased {at}; evidence {id}", at=proof["at"], id=proof["evidenceId"])))


@app.command()
def alerts(
    url: Url,
    closed_too: Annotated[bool, typer.Option("--all", help="Show also what is over.")] = False,
    token: Token = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Show what is wrong now."""
    with answering(as_json=as_json), client(url, token, token_file) as gateway:
        found = list(gateway.alerts(closed_too=closed_too))
        if as_json:
            print_json({"items": found})
            return
        print_table(
            headings("since", "ended", "alert", "about"),
            [(item["openedAt"], item.get("closedAt", ""), item["kind"], item["subject"]) for item in found],
        )
        for kind in sorted({item["kind"] for item in found if "closedAt" not in item} & ADVICE.keys()):
            out().print(Text(f"{kind}: {said(ADVICE[kind])}"))


@app.command()
def journal(url: Url, token: Token = None, token_file: TokenFile = None, as_json: AsJson = False) -> None:
    """Show how far the journal has come.

    What waits for a batch, a time stamp, a witness, and since when; when the first time stamp must be renewed.
    """
    with answering(as_json=as_json), client(url, token, token_file) as gateway:
        found = gateway.journal_backlog()
        if as_json:
            print_json(found)
            return
        told = [
            (said("entries"), found["entries"], ""),
            (said("wait for a batch"), found["open"], found.get("openSince", "")),
            (said("wait for a time stamp"), found["unstamped"], found.get("unstampedSince", "")),
            *((said("signed by {who}", who=each["witness"]), each["cosigned"], "") for each in found["witnesses"]),
        ]
        print_table(headings("journal", "entries", "since"), [(name, str(count), since) for name, count, since in told])
        if "stampsEndAt" in found:
            out().print(Text(said("time stamps must be renewed before {at}", at=found["stampsEndAt"])))


@app.command()
def certificates(url: Url, token: Token = None, token_file: TokenFile = None, as_json: AsJson = False) -> None:
    """Show about how many certificates an answer is waited for.

    They were used when nobody told whether they were revoked; a worker asks again. What was found is told by `status`,
    and by the alert `certificate-revoked`.
    """
    with answering(as_json=as_json), client(url, token, token_file) as gateway:
        found = gateway.inquiries()
        if as_json:
            print_json(found)
        else:
            told = said("{number} wait for an answer", number=found["waiting"])
            out().print(Text(f"{told}  {found.get('waitingSince', '')}".rstrip()))
            if found["resting"]:
                out().print(Text(said("nobody is asked: revocation.policy is off")))


@app.command()
def renew(
    url: Url,
    before: Annotated[datetime, typer.Option("--before", formats=["%Y-%m-%d"], help="The day, as YYYY-MM-DD.")],
    token: Token = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Renew time stamps of the journal.

    Those that end before the day get covered by a new one, so that what they prove stays provable.
    """
    with answering(as_json=as_json), client(url, token, token_file) as gateway:
        renewed = gateway.renew_stamps(before=before.date().isoformat())
        if as_json:
            print_json({"renewed": renewed})
        else:
            out().print(Text(said("{number} time stamps renewed", number=renewed)))


@app.command()
def rehash(
    url: Url,
    digest: Annotated[Digest, typer.Option("--digest", help="The stronger digest.")],
    token: Token = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Cover the journal anew with a stronger digest.

    Hash-tree renewal: before the digest of its hash trees is broken, everything they cover gets a time stamp over a
    tree with a stronger one. Trees of new entries begin with SHA-256: do it again from time to time.
    """
    with answering(as_json=as_json), client(url, token, token_file) as gateway:
        rehashed = gateway.rehash_stamps(digest=digest)
        if as_json:
            print_json({"rehashed": rehashed})
        else:
            out().print(Text(said("{number} time stamps taken up", number=rehashed)))


def _print(delivery: OperationView, *, as_json: bool) -> None:
    if as_json:
        print_json(delivery)
        return
    console = out()
    console.print(Text.assemble((delivery["deliveryId"], "bold"), f"  {delivery['kind']}  {delivery['state']}"))
    to = {"party": delivery["party"], "role": role_shown(delivery["role"]), "article": delivery["article"]}
    console.print(Text(said("to {party} as {role} ({article}), by {transport}", transport=delivery["transport"], **to)))
    sent = {"sender": delivery["sender"], "document": delivery["documentId"]}
    console.print(Text(said("from {sender}, document {document}", **sent)))
    for name, words in (
        ("lawfulUntil", said("lawful until")),
        ("paperBy", said("paper by")),
        ("dueAt", said("due")),
        ("nextLookAt", said("looked at again")),
        ("lastProblem", said("problem")),
    ):
        if name in delivery:
            console.print(Text(f"{words}: {delivery[name]}"))  # type: ignore[literal-required]
    console.print(Text(f"{said('possible')}: {', '.join(delivery['acts']) or said('nothing')}"))
    if tries := delivery.get("tries", []):
        print_table(headings("attempt", "when"), [(each["code"], each["at"]) for each in tries])
    print_table(
        headings("evidence", "when", "id"),
        [(item["event"], item["at"], item["evidenceId"]) for item in delivery.get("evidence", [])],
    )
    for receipt in delivery.get("receipts", []):
        sent_by = said("from {sender}", sender=receipt.get("sentBy", said("(not known)")))
        told = f"{said('receipt')} {receipt['receivedAt']}  {receipt['outcome']}  {sent_by}"
        console.print(Text(f"{told}  {receipt['digest']}  {receipt['receiptId']}"))
